// SPDX-License-Identifier: BSD-3-Clause
// Frames that pass and frames that end in a named drop: dp/parse.h.
#include "test/dp/harness.h"

#include "dp/parse.h"

#define ETH 14
#define L4  34

// The stage knows the usual packet at a glance: it must say of every frame what the long way says.
static void assert_stage_agrees(const uint8_t *frame, size_t len)
{
	struct rte_mbuf *m = buffer_of(frame, len);
	struct pkts v = {.n = 1, .m = {buffer_of(frame, len)}};
	const enum dp_counter_id bad = parse_frame(m, &h.w->mac[OUTSIDE]);
	const bool goes_on = bad == PASS || bad == DROP_L4_CHECKSUM; // which steering looks at
	const uint64_t before = goes_on ? 0 : counted(bad);

	parse_stage(h.w, &v, OUTSIDE);
	assert_int_equal(v.n, goes_on);
	if (goes_on) {
		pkt_of(m)->iface_in = OUTSIDE;
		assert_memory_equal(pkt_of(v.m[0]), pkt_of(m), sizeof(struct pkt));
		assert_int_equal(v.m[0]->data_len, m->data_len);
		assert_int_equal(v.m[0]->pkt_len, m->pkt_len);
		rte_pktmbuf_free(v.m[0]);
	} else {
		assert_int_equal(counted(bad), before + 1);
		worker_turn(h.w, h.now_ns); // the buffer is freed at its end
	}
	rte_pktmbuf_free(m);
}

// A good frame, then one octet changed (and the checksums made right again, or not).
struct bad {
	const char *what;
	enum dp_counter_id reason;
	uint8_t proto, flags;
	int at; // offset of the octet that changes
	uint8_t value;
	bool fix_ip, fix_l4;
	size_t cut; // length of the frame, 0: all of it
};

static const struct bad bads[] = {
	{"good TCP", PASS, PROTO_TCP, 2, 0, 2, false, false, 0},
	{"good UDP", PASS, PROTO_UDP, 0, 0, 2, false, false, 0},
	{"good ICMP", PASS, PROTO_ICMP, 0, 0, 2, false, false, 0},
	{"good other", PASS, 50, 0, 0, 2, false, false, 0},
	{"cut in Ethernet", DROP_RX_SHORT, PROTO_TCP, 2, 0, 2, false, false, 13},
	{"cut in IP", DROP_RX_SHORT, PROTO_TCP, 2, 0, 2, false, false, 33},
	{"cut in payload", DROP_RX_SHORT, PROTO_TCP, 2, 0, 2, false, false, 60},
	{"other MAC", DROP_L2_NOT_FOR_US, PROTO_TCP, 2, 5, 9, false, false, 0},
	{"broadcast MAC", DROP_IP_DESTINATION, PROTO_TCP, 2, 0, 3, false, false, 0},
	{"VLAN tag", DROP_VLAN_UNKNOWN, PROTO_TCP, 2, 12, 0x81, false, false, 0},
	{"802.1ad tag", DROP_ETHERTYPE, PROTO_TCP, 2, 12, 0x88, false, false, 0},
	{"IP version 5", DROP_IP_HEADER, PROTO_TCP, 2, ETH, 0x55, true, false, 0},
	{"IP header of 16", DROP_IP_HEADER, PROTO_TCP, 2, ETH, 0x44, true, false, 0},
	{"IP options", DROP_IP_OPTIONS, PROTO_TCP, 2, ETH, 0x46, true, false, 0},
	{"total length 10", DROP_IP_HEADER, PROTO_TCP, 2, ETH + 3, 10, true, false, 0},
	{"total length too long", DROP_RX_SHORT, PROTO_TCP, 2, ETH + 3, 200, true, false, 0},
	{"IP checksum", DROP_IP_CHECKSUM, PROTO_TCP, 2, ETH + 8, 63, false, false, 0},
	{"source multicast", DROP_IP_SOURCE, PROTO_TCP, 2, ETH + 12, 224, true, true, 0},
	{"source loopback", DROP_IP_SOURCE, PROTO_TCP, 2, ETH + 12, 127, true, true, 0},
	{"source zero", DROP_IP_SOURCE, PROTO_TCP, 2, ETH + 12, 0, true, true, 0},
	{"source 255", DROP_IP_SOURCE, PROTO_TCP, 2, ETH + 12, 255, true, true, 0},
	{"destination multicast", DROP_IP_DESTINATION, PROTO_TCP, 2, ETH + 16, 239, true, true, 0},
	{"destination loopback", DROP_IP_DESTINATION, PROTO_TCP, 2, ETH + 16, 127, true, true, 0},
	{"TCP header of 16", DROP_L4_HEADER, PROTO_TCP, 2, L4 + 12, 0x40, false, true, 0},
	{"TCP header past the end", DROP_L4_HEADER, PROTO_TCP, 2, L4 + 12, 0xf0, false, true, 0},
	{"TCP checksum", DROP_L4_CHECKSUM, PROTO_TCP, 2, L4 + 22, 0xee, false, false, 0},
	{"SYN+FIN", DROP_TCP_FLAGS, PROTO_TCP, 3, 0, 2, false, false, 0},
	{"SYN+RST", DROP_TCP_FLAGS, PROTO_TCP, 6, 0, 2, false, false, 0},
	{"no flags", DROP_TCP_FLAGS, PROTO_TCP, 0, 0, 2, false, false, 0},
	{"FIN+RST", DROP_TCP_FLAGS, PROTO_TCP, 0x15, 0, 2, false, false, 0},
	{"only URG+PSH", DROP_TCP_FLAGS, PROTO_TCP, 0x28, 0, 2, false, false, 0},
	{"SYN+ACK", PASS, PROTO_TCP, 0x12, 0, 2, false, false, 0},
	{"RST", PASS, PROTO_TCP, 4, 0, 2, false, false, 0},
	{"UDP length short", DROP_L4_HEADER, PROTO_UDP, 0, L4 + 5, 9, false, true, 0},
	{"UDP length long", DROP_L4_HEADER, PROTO_UDP, 0, L4 + 5, 99, false, false, 0},
	{"UDP checksum", DROP_L4_CHECKSUM, PROTO_UDP, 0, L4 + 12, 0xee, false, false, 0},
	{"ICMP checksum", DROP_L4_CHECKSUM, PROTO_ICMP, 0, L4 + 12, 0xee, false, false, 0},
	{"ICMP error too short", DROP_L4_HEADER, PROTO_ICMP, 0, L4, 3, false, true, 0},
};

static void ip_sum_fix(uint8_t *frame)
{
	struct rte_ipv4_hdr *v4 = (void *)(frame + ETH);

	v4->hdr_checksum = 0;
	v4->hdr_checksum = (uint16_t)~rte_raw_cksum(v4, sizeof(*v4));
}

static void l4_sum_fix(uint8_t *frame, size_t len, uint8_t proto)
{
	static const size_t offset[256] = {[PROTO_TCP] = 16, [PROTO_UDP] = 6, [PROTO_ICMP] = 2};
	struct rte_ipv4_hdr *v4 = (void *)(frame + ETH);
	uint8_t *sum = frame + L4 + offset[proto];
	uint32_t s;

	memset(sum, 0, 2);
	s = rte_raw_cksum(frame + L4, len - L4);
	if (proto != PROTO_ICMP)
		s += rte_ipv4_phdr_cksum(v4, 0);
	s = (uint16_t) ~((s & 0xffff) + (s >> 16));
	memcpy(sum, &s, 2);
}

static void test_table(void **state)
{
	worker_turn(h.w, h.now_ns); // it has rules from now on
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct bad *b = &bads[i];
		const struct flow f = flow(b->proto, HOST_OUT, 3000, MAPPED, 4000);
		uint8_t frame[FRAME_MAX];
		size_t len = frame_make(frame, OUTSIDE, &f, b->flags, 10);
		struct rte_mbuf *m;
		enum dp_counter_id got;

		frame[b->at] = b->value;
		if (b->fix_l4)
			l4_sum_fix(frame, len, b->proto);
		if (b->fix_ip)
			ip_sum_fix(frame);
		m = buffer_of(frame, b->cut != 0 ? b->cut : len);
		assert_stage_agrees(frame, rte_pktmbuf_data_len(m));
		got = parse_frame(m, &h.w->mac[OUTSIDE]);
		if (got != b->reason)
			fail_msg("%s: %s", b->what,
				got == PASS ? "passed" : counter_infos[got].name);
		rte_pktmbuf_free(m);
	}
}

static void test_metadata(void **state)
{
	const struct flow f = flow(PROTO_TCP, HOST_OUT, 3000, MAPPED, 5070);
	uint8_t frame[FRAME_MAX] = {0};
	size_t len = frame_make(frame, OUTSIDE, &f, 0x12, 10);
	struct rte_mbuf *m = buffer_of(frame, len + 6); // Ethernet padding
	struct pkt *p = pkt_of(m);

	assert_int_equal(parse_frame(m, &h.w->mac[OUTSIDE]), PASS);
	assert_flow(&p->flow, &f);
	assert_int_equal(p->kind, PKT_FLOW);
	assert_int_equal(p->tcp_flags, 0x12);
	assert_int_equal(p->l3, 14);
	assert_int_equal(p->l4, 34);
	assert_int_equal(p->payload, 54);
	assert_int_equal(p->payload_len, 10);
	assert_int_equal(rte_pktmbuf_data_len(m), len); // the padding is gone
	rte_pktmbuf_free(m);
}

// The flow of an ICMP error is the quoted one turned round.
static void test_icmp_error(void **state)
{
	const struct flow sent = flow(PROTO_UDP, MAPPED, 4000, FAR, 9000);
	const struct flow want = flow(PROTO_UDP, FAR, 9000, MAPPED, 4000);
	uint8_t quoted[FRAME_MAX], frame[FRAME_MAX];
	size_t len = frame_make(quoted, OUTSIDE, &sent, 0, 40);
	struct rte_mbuf *other;

	// 28: IP header and 8 octets, the least there must be; 27 is too little.
	const size_t lens[] = {len - ETH, 28, 27};

	for (unsigned int i = 0; i < 3; i++) {
		size_t n = frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + ETH, lens[i]);
		struct rte_mbuf *m = buffer_of(frame, n);
		enum dp_counter_id got = parse_frame(m, &h.w->mac[OUTSIDE]);

		assert_int_equal(got, i == 2 ? DROP_L4_HEADER : PASS);
		if (got == PASS) {
			assert_int_equal(pkt_of(m)->kind, PKT_ICMP_ERROR);
			assert_flow(&pkt_of(m)->flow, &want);
		}
		rte_pktmbuf_free(m);
	}
	// Sent to somebody else than the sender of what it quotes.
	len = frame_error(frame, OUTSIDE, HOST_OUT, FW_OUT, quoted + ETH, len - ETH);
	other = buffer_of(frame, len);
	assert_int_equal(parse_frame(other, &h.w->mac[OUTSIDE]), DROP_L4_HEADER);
	rte_pktmbuf_free(other);
}

// The same frame with IPv4 options put in; returns its length.
static size_t options_put(uint8_t *frame, size_t len, const uint8_t *options, size_t n)
{
	struct rte_ipv4_hdr *v4 = (void *)(frame + ETH);

	memmove(frame + L4 + n, frame + L4, len - L4);
	memcpy(frame + L4, options, n);
	v4->version_ihl = (uint8_t)(0x45 + n / 4);
	v4->total_length = rte_cpu_to_be_16((uint16_t)(len - ETH + n));
	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	return len + n;
}

// The ASA's defaults: router alert, NOP and the end pass, whatever stands behind them goes.
static void test_options(void **state)
{
	static const struct {
		const char *what;
		uint8_t n, octets[12];
		enum dp_counter_id want;
	} t[] = {
		{"router alert", 4, {148, 4, 0, 0}, PASS},
		{"NOPs", 4, {1, 1, 1, 1}, PASS},
		{"the end", 4, {0, 0, 0, 0}, PASS},
		{"NOPs, router alert, the end", 8, {1, 1, 148, 4, 0, 0, 0, 0}, PASS},
		{"loose source route", 8, {131, 7, 4, 198, 51, 100, 1, 0}, DROP_IP_OPTIONS},
		{"strict source route", 8, {137, 7, 4, 198, 51, 100, 1, 0}, DROP_IP_OPTIONS},
		{"record route", 8, {7, 7, 4, 0, 0, 0, 0, 0}, DROP_IP_OPTIONS},
		{"timestamp", 8, {68, 8, 5, 0, 0, 0, 0, 0}, DROP_IP_OPTIONS},
		{"a source route behind a NOP", 8, {1, 131, 7, 4, 198, 51, 100, 1},
			DROP_IP_OPTIONS},
		{"router alert of 8", 8, {148, 8, 0, 0, 0, 0, 0, 0}, DROP_IP_OPTIONS},
		{"router alert of 0", 4, {148, 0, 0, 0}, DROP_IP_OPTIONS},
		{"router alert past the header", 4, {1, 1, 148, 4}, DROP_IP_OPTIONS},
		{"unknown", 4, {30, 4, 0, 0}, DROP_IP_OPTIONS},
	};
	static const uint8_t protos[] = {PROTO_UDP, PROTO_TCP, PROTO_ICMP};

	for (size_t i = 0; i < RTE_DIM(t) * RTE_DIM(protos); i++) {
		const size_t k = i / RTE_DIM(protos);
		const uint8_t proto = protos[i % RTE_DIM(protos)];
		const struct flow f = flow(proto, HOST_OUT, 3000, MAPPED, 4000);
		uint8_t frame[FRAME_MAX];
		size_t len = frame_make(frame, OUTSIDE, &f, 2, 10);
		struct rte_mbuf *m;
		enum dp_counter_id got;

		len = options_put(frame, len, t[k].octets, t[k].n);
		m = buffer_of(frame, len);
		got = parse_frame(m, &h.w->mac[OUTSIDE]);
		if (got != t[k].want)
			fail_msg("%s: %s", t[k].what,
				got == PASS ? "passed" : counter_infos[got].name);
		if (got == PASS) {
			assert_int_equal(pkt_of(m)->l4, L4 + t[k].n);
			assert_int_equal(
				pkt_of(m)->flow.dst.port, proto == PROTO_ICMP ? 3000 : 4000);
			assert_int_equal(pkt_of(m)->payload + pkt_of(m)->payload_len, len);
		}
		rte_pktmbuf_free(m);
	}
}

// A packet with options is translated like any other; the relay of media does not take it.
static void test_options_pass(void **state)
{
	static const uint8_t alert[] = {148, 4, 0, 0};
	const struct flow f = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);
	const struct flow media = flow(PROTO_UDP, HOST_OUT, 3000, "209.165.200.229", 16390);
	uint8_t frame[FRAME_MAX];
	size_t len = options_put(frame, frame_make(frame, OUTSIDE, &f, 0, 10), alert, 4);
	struct rte_mbuf *m = buffer_of(frame, len);
	const struct ip_addr real = ip(HOST_IN);
	const rte_be32_t dst = ip_to_v4_be(&real);

	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(harness_out(INSIDE, frame), len);
	assert_memory_equal(frame + ETH + 16, &dst, sizeof(dst));
	assert_memory_equal(frame + L4, alert, 4);
	assert_int_equal(rte_raw_cksum(frame + ETH, 24), 0xffff);
	m = buffer_of(frame, len);
	memcpy(rte_pktmbuf_mtod(m, void *), &h.w->mac[OUTSIDE], 6);
	assert_int_equal(parse_frame(m, &h.w->mac[OUTSIDE]), PASS); // the UDP checksum, too
	rte_pktmbuf_free(m);

	len = options_put(frame, frame_make(frame, OUTSIDE, &media, 0, 10), alert, 4);
	m = buffer_of(frame, len);
	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(counted(DROP_PROTO_TO_SELF), 1);
}

// What the operator says of each: what is cleared is gone, the rest stays in order, filled up to words.
static void test_options_rules(void **state)
{
	enum { A = DP_OPTION_ALLOW, C = DP_OPTION_CLEAR, D = DP_OPTION_DROP };
	static const struct {
		struct dp_ip_options rules;
		uint8_t n, octets[12], n_left, left[12];
		enum dp_counter_id want;
	} t[] = {
		{{A, A, A}, 8, {1, 148, 4, 0, 0, 1, 0, 9}, 8, {1, 148, 4, 0, 0, 1, 0, 9}, PASS},
		{{A, A, C}, 4, {148, 4, 0, 0}, 0, {0}, PASS},
		{{A, C, A}, 8, {1, 1, 148, 4, 0, 0, 1, 1}, 4, {148, 4, 0, 0}, PASS},
		{{C, A, A}, 8, {148, 4, 0, 0, 0, 9, 9, 9}, 4, {148, 4, 0, 0}, PASS},
		{{A, C, A}, 8, {1, 148, 4, 0, 0, 1, 1, 0}, 8, {148, 4, 0, 0, 0, 0, 0, 0}, PASS},
		{{C, C, C}, 12, {1, 148, 4, 0, 0, 1, 148, 4, 0, 0, 0, 7}, 0, {0}, PASS},
		{{A, A, C}, 4, {1, 1, 1, 0}, 4, {1, 1, 1, 0}, PASS}, // none there
		{{A, A, D}, 4, {148, 4, 0, 0}, 0, {0}, DROP_IP_OPTIONS},
		{{A, D, A}, 8, {148, 4, 0, 0, 1, 1, 1, 1}, 0, {0}, DROP_IP_OPTIONS},
		{{D, A, A}, 4, {1, 1, 1, 0}, 0, {0}, DROP_IP_OPTIONS},
		{{D, D, A}, 4, {148, 4, 0, 0}, 4, {148, 4, 0, 0}, PASS},
		{{C, C, C}, 8, {1, 131, 7, 4, 198, 51, 100, 1}, 0, {0}, DROP_IP_OPTIONS},
	};
	const struct flow f = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);
	uint8_t frame[FRAME_MAX];
	struct rules rules;
	struct rte_mbuf *m;

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		size_t len = frame_make(frame, OUTSIDE, &f, 0, 10);
		const uint64_t before = counted(DROP_IP_OPTIONS);

		harness_rules(&rules);
		rules.r.ip_options = t[i].rules;
		harness_apply(&rules);
		m = buffer_of(frame, options_put(frame, len, t[i].octets, t[i].n));
		harness_in(OUTSIDE, &m, 1);
		assert_int_equal(counted(DROP_IP_OPTIONS) - before, t[i].want != PASS);
		if (t[i].want != PASS)
			continue;
		assert_int_equal(harness_out(INSIDE, frame), len + t[i].n_left);
		assert_int_equal(frame[ETH], 0x45 + t[i].n_left / 4);
		assert_memory_equal(frame + L4, t[i].left, t[i].n_left);
		assert_int_equal(rte_raw_cksum(frame + ETH, 20u + t[i].n_left), 0xffff);
		m = buffer_of(frame, len + t[i].n_left);
		memcpy(rte_pktmbuf_mtod(m, void *), &h.w->mac[OUTSIDE], 6);
		assert_int_equal(parse_frame(m, &h.w->mac[OUTSIDE]), PASS); // every length and sum
		rte_pktmbuf_free(m);
	}
	// A wrong checksum does not become right.
	m = buffer_of(
		frame, options_put(frame, frame_make(frame, OUTSIDE, &f, 0, 10), t[1].octets, 4));
	rules.r.ip_options = t[1].rules;
	harness_apply(&rules);
	rte_pktmbuf_mtod(m, uint8_t *)[ETH + 10] ^= 1;
	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(counted(DROP_IP_CHECKSUM), 1);
}

// Whichever bit says so; test_frag.c has what becomes of them.
static void test_fragment(void **state)
{
	const uint8_t bits[][2] = {{0x20, 0}, {0, 1}, {0x20, 185}};
	const struct flow f = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);

	for (unsigned int i = 0; i < 3; i++) {
		uint8_t frame[FRAME_MAX];
		size_t len = frame_make(frame, OUTSIDE, &f, 0, 8);
		struct rte_mbuf *m;

		frame[ETH + 4] = (uint8_t)i; // each of another datagram
		memcpy(frame + ETH + 6, bits[i], 2);
		ip_sum_fix(frame);
		m = buffer_of(frame, len);
		harness_in(OUTSIDE, &m, 1);
		assert_int_equal(counted(COUNT_FRAGMENTS), i + 1);
	}
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 0);
}

// Sends a packet with an octet of its payload changed; true when it was dropped for its checksum.
static bool is_judged(const struct flow *f, uint64_t ol_flags)
{
	uint64_t before = counted(DROP_L4_CHECKSUM);
	uint8_t frame[FRAME_MAX];
	size_t len = frame_make(frame, OUTSIDE, f, 0, 10);
	struct rte_mbuf *m;

	frame[len - 1] ^= 1;
	m = buffer_of(frame, len);
	m->ol_flags |= ol_flags;
	harness_in(OUTSIDE, &m, 1);
	while (harness_out(INSIDE, frame) > 0)
		;
	return counted(DROP_L4_CHECKSUM) == before + 1;
}

// Only a device that can be believed is believed, and only when it says good.
static void test_device_judges(void **state)
{
	const struct flow udp = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);
	const struct flow new_udp = flow(PROTO_UDP, HOST_OUT, 3001, MAPPED, 4000);
	const struct flow icmp = flow(PROTO_ICMP, HOST_OUT, 3000, MAPPED, 3000);

	for (unsigned int i = 0; i < 2; i++) {
		h.w->judges_l4[OUTSIDE] = i == 1;
		assert_int_equal(is_judged(&udp, RTE_MBUF_F_RX_L4_CKSUM_GOOD), i == 0);
		assert_true(is_judged(&new_udp, RTE_MBUF_F_RX_L4_CKSUM_BAD));
		assert_true(is_judged(&new_udp, RTE_MBUF_F_RX_L4_CKSUM_NONE));
		assert_true(is_judged(&new_udp, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN));
		assert_true(is_judged(&icmp, RTE_MBUF_F_RX_L4_CKSUM_GOOD));
	}
}

// Sends one with its last octet damaged or not. Returns the length of what came out, in `frame`.
static size_t send_damaged(const struct flow *f, uint8_t flags, bool damaged, uint8_t *frame)
{
	size_t len = frame_make(frame, OUTSIDE, f, flags, 10);
	struct rte_mbuf *m;

	frame[len - 1] ^= damaged;
	m = buffer_of(frame, len);
	harness_in(OUTSIDE, &m, 1);
	return harness_out(INSIDE, frame);
}

// UDP of a flow that is known travels on as damaged as it came; of one that is not, it opens none. TCP is
// judged in either case.
static void test_damaged(void **state)
{
	const struct flow udp = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);
	const struct flow tcp = flow(PROTO_TCP, HOST_OUT, 3000, MAPPED, 5070);
	uint8_t frame[FRAME_MAX];
	size_t len;

	assert_int_equal(send_damaged(&udp, 0, true, frame), 0);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 0);
	for (unsigned int damaged = 0; damaged < 2; damaged++) {
		len = send_damaged(&udp, 0, damaged, frame);
		assert_int_equal(len, ETH + 28 + 10);
		assert_int_equal(frame_sums_ok(frame, len), !damaged);
		frame[len - 1] ^= damaged; // undone, every sum is right
		assert_true(frame_sums_ok(frame, len));
	}
	assert_true(send_damaged(&tcp, RTE_TCP_SYN_FLAG, false, frame) > 0);
	assert_int_equal(send_damaged(&tcp, RTE_TCP_SYN_FLAG, true, frame), 0);
	assert_int_equal(counted(DROP_L4_CHECKSUM), 2);
}

// A device that found UDP's checksum right has not looked at the one of an error that quotes UDP;
// and an error about media is no media.
static void test_icmp_error_judged(void **state)
{
	static const char *const quoted_ip[] = {MAPPED, "209.165.200.229"};

	h.w->judges_l4[OUTSIDE] = true;
	for (unsigned int i = 0; i < 4; i++) {
		const char *to = quoted_ip[i % 2];
		const struct flow sent = flow(PROTO_UDP, to, 16384, FAR, 9000);
		uint8_t quoted[FRAME_MAX], frame[FRAME_MAX];
		size_t len = frame_make(quoted, OUTSIDE, &sent, 0, 40);
		struct rte_mbuf *m;

		len = frame_error(frame, OUTSIDE, HOST_OUT, to, quoted + ETH, len - ETH);
		frame[len - 1] ^= i < 2;
		m = buffer_of(frame, len);
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		harness_in(OUTSIDE, &m, 1);
		assert_int_equal(counted(DROP_L4_CHECKSUM), i < 2 ? i + 1 : 2);
		assert_int_equal(counted(DROP_ICMP_NO_SESSION), i < 2 ? 0 : i - 1);
	}
}

// Whether a media packet's checksum matters is the relay's to say.
static void test_media_unjudged(void **state)
{
	const struct flow f = flow(PROTO_UDP, HOST_OUT, 3000, "209.165.200.229", 16384);

	assert_false(is_judged(&f, 0));
	assert_int_equal(counted(DROP_MEDIA_NO_STREAM), 1);
}

// Packets of every kind in one burst: each goes its way, and flows leave in the order they came.
static void test_mixed(void **state)
{
	const struct flow flows[] = {flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000),
		flow(PROTO_UDP, HOST_OUT, 3001, "209.165.200.229", 16384),
		flow(PROTO_UDP, HOST_OUT, 3002, MAPPED, 4000)};
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m[6];
	size_t len;

	for (unsigned int i = 0; i < 3; i++)
		m[2 * i] = buffer_of(frame, frame_make(frame, OUTSIDE, &flows[i], 0, 10));
	m[1] = buffer_of(frame, frame_arp(frame, OUTSIDE, true, HOST_OUT, MAPPED));
	m[3] = buffer_of(frame, frame_arp(frame, OUTSIDE, true, HOST_OUT, FAR));
	len = frame_make(frame, OUTSIDE, &flows[0], 0, 10);
	frame[ETH + 6] = 0x20;
	ip_sum_fix(frame);
	m[5] = buffer_of(frame, len);
	harness_in(OUTSIDE, m, 6);
	assert_int_equal(counted(COUNT_ARP_ANSWERED), 1);
	assert_int_equal(counted(DROP_ARP_FOREIGN), 1);
	assert_int_equal(counted(DROP_IP_FRAGMENT), 1); // of 18 octets, and more to come
	assert_int_equal(counted(DROP_MEDIA_NO_STREAM), 1);
	for (unsigned int i = 0; i < 3; i += 2) {
		len = harness_out(INSIDE, frame);
		assert_int_equal(frame_flow(frame, len).src.port, flows[i].src.port);
	}
	assert_int_equal(harness_out(INSIDE, frame), 0);
}

static void test_arp(void **state)
{
	const int at[] = {0, ETH, ETH + 2, ETH + 4, ETH + 5};

	for (unsigned int i = 0; i < 5; i++) {
		uint8_t frame[FRAME_MAX];
		size_t len = frame_arp(frame, OUTSIDE, true, HOST_OUT, FW_OUT);
		struct rte_mbuf *m;

		if (i > 0)
			frame[at[i]] ^= 0x5a;
		m = buffer_of(frame, len);
		assert_int_equal(
			parse_frame(m, &h.w->mac[OUTSIDE]), i == 0 ? PASS : DROP_ARP_INVALID);
		rte_pktmbuf_free(m);
	}
}

// Nothing that a stranger sends may make the parser read past the frame or the worker lose a
// buffer: random octets after a valid start, at every length.
static void test_hostile(void **state)
{
	const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};

	srand(1);
	worker_turn(h.w, h.now_ns);
	for (unsigned int i = 0; i < 30000; i++) {
		const struct flow f = flow(protos[i % 3], FAR, 3000, MAPPED, 5070);
		uint8_t frame[FRAME_MAX];
		size_t len = frame_make(frame, OUTSIDE, &f, 2, 40);
		unsigned int changes = (unsigned int)rand() % 4;
		struct rte_mbuf *m;

		while (changes-- > 0)
			frame[ETH + (size_t)rand() % (len - ETH)] = (uint8_t)rand();
		if (rand() % 2 == 0)
			ip_sum_fix(frame);
		if (rand() % 2 == 0)
			l4_sum_fix(frame, len, protos[i % 3]);
		if (rand() % 8 == 0)
			len = (size_t)rand() % len;
		assert_stage_agrees(frame, len);
		h.now_ns += 1000000;
		m = buffer_of(frame, len);
		harness_in(OUTSIDE, &m, 1);
		while (harness_out(INSIDE, frame) > 0 || harness_out(OUTSIDE, frame) > 0)
			;
	}
	assert_true(counted(COUNT_TX) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_metadata, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_icmp_error, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_icmp_error_judged, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_options, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_options_rules, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_options_pass, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_fragment, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_device_judges, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_media_unjudged, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_mixed, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_arp, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_hostile, harness_setup, harness_teardown),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
