// SPDX-License-Identifier: BSD-3-Clause
// What is found out about frames, and of whom sums are asked: dp/parse.h. Frames that lie: test_bad_input.c.
#include "test/dp/harness.h"

#include "dp/parse.h"

#define ETH 14
#define L4  34

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
		frame_sums_set(frame, len);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
