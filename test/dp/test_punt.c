// SPDX-License-Identifier: BSD-3-Clause
// The way to the control plane and back: punt, budgets, resets, ARP, neighbours.
#include "test/dp/harness.h"

#include <rte_arp.h>

#include "dp/parse.h"
#include "dp/punt.h"
#include "dp/route.h"

#define SYN 0x02
#define ACK 0x10
#define PSH 0x18
#define FIN 0x11
#define RST 0x04
#define S   1000000000ull

static uint8_t frame[FRAME_MAX];

static struct flow turned(const struct flow *f)
{
	return (struct flow){f->dst, f->src, f->proto};
}

// True when the packet was punted, as it was on the wire.
static bool punts(uint16_t in, const struct flow *f, uint8_t flags)
{
	uint8_t sent[FRAME_MAX];
	size_t len = frame_make(sent, in, f, flags, 10);
	struct rte_mbuf *m = buffer_of(sent, len);
	uint16_t iface = 99;
	size_t got;

	harness_in(in, &m, 1);
	got = harness_punted(frame, &iface);
	if (got == 0)
		return false;
	assert_int_equal(iface, in);
	assert_int_equal(got, len);
	assert_memory_equal(frame, sent, len);
	return true;
}

// A frame of the kernel leaves through the TAP of `iface`, as dp_punt_send() would queue it.
static void leaves(uint16_t iface, const struct flow *f, uint8_t flags)
{
	struct rte_mbuf *m = buffer_of(frame, frame_make(frame, iface, f, flags, 10));
	struct pkt *p = pkt_of(m);
	struct flow got;
	size_t len;

	assert_int_equal(parse_frame(m, NULL), PASS);
	p->flow = turned(&p->flow);
	p->iface_in = iface;
	assert_int_equal(rte_ring_sp_enqueue(h.w->punt_down, m), 0);
	worker_turn(h.w, h.now_ns);
	len = harness_out(iface, frame);
	assert_true(len > 0);
	got = frame_flow(frame, len);
	assert_flow(&got, f);
}

static void test_to_self(void **state)
{
	struct flow ping = flow(PROTO_ICMP, FAR, 7, FW_OUT, 7);
	struct flow tcp = flow(PROTO_TCP, FAR, 3000, FW_OUT, 443);
	struct flow udp = flow(PROTO_UDP, FAR, 3000, FW_OUT, 53);

	assert_true(punts(OUTSIDE, &ping, 0));
	assert_true(punts(OUTSIDE, &tcp, SYN));
	assert_false(punts(OUTSIDE, &udp, 0));
	assert_int_equal(counted(DROP_PROTO_TO_SELF), 1);
	assert_int_equal(h.w->sess->n_free, h.w->sess->max); // nothing is remembered of a SYN
}

// An accepted connection: SYN punted, the kernel's answer opens the session, the rest follows.
static void test_inspected(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, MAPPED, 5080), out = turned(&in);

	assert_true(punts(OUTSIDE, &in, SYN));
	leaves(OUTSIDE, &out, SYN | ACK);
	assert_int_equal(h.w->sess->punts, 1);
	assert_true(punts(OUTSIDE, &in, ACK));
	assert_true(punts(OUTSIDE, &in, PSH));
	leaves(OUTSIDE, &out, PSH);
	harness_wait_s(1700);
	assert_int_equal(h.w->sess->punts, 1); // punt timeout 1800 s
	leaves(OUTSIDE, &out, FIN);
	assert_true(punts(OUTSIDE, &in, FIN));
	harness_wait_s(6);
	assert_int_equal(h.w->sess->punts, 0);
	assert_int_equal(h.w->sess->n_free, h.w->sess->max);
}

// A connection of the control plane: no rule permits the answer, the session does.
static void test_from_us(void **state)
{
	struct flow out = flow(PROTO_TCP, MAPPED, 4444, FAR, 5061), in = turned(&out);
	struct rules r;
	struct dp_conn c;

	assert_false(punts(OUTSIDE, &in, SYN | ACK));
	leaves(OUTSIDE, &out, SYN);
	assert_true(punts(OUTSIDE, &in, SYN | ACK));
	leaves(OUTSIDE, &out, ACK);
	harness_rules(&r);
	r.acls[0].n = 0; // new rules that permit nothing do not end our own connections
	harness_apply(&r);
	assert_true(punts(OUTSIDE, &in, PSH));
	assert_int_equal(harness_conns(&(struct dp_conn_filter){.all = false}, &c, 1), 1);
	assert_true(c.punt);
	assert_true(endpoint_eq(&c.src, &out.src) && endpoint_eq(&c.dst, &out.dst));
	assert_string_equal(c.state, "up");
	assert_int_equal(c.packets[0], 2);
	assert_int_equal(c.packets[1], 2);
}

// A scan of a subnet whose hosts are not there keeps nobody from finding out where a gateway is, or a host
// that has answered.
static void test_neighbours_scanned(void **state)
{
	const struct flow out = flow(PROTO_UDP, HOST_IN, 4000, FAR, 53);
	const struct flow back = flow(PROTO_UDP, FAR, 53, MAPPED, 4000);
	const char *const hops[] = {HOST_OUT, HOST_IN};
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_DEL};
	unsigned int asked = 0;
	struct flow scan;
	struct rules r;

	harness_send(INSIDE, &out, 0);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	harness_send(OUTSIDE, &back, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	for (uint16_t i = 0; i < 2; i++) {
		m.neigh.iface = i;
		m.neigh.ip = ip(hops[i]);
		neigh_msg(h.w, &m);
	}
	harness_rules(&r);
	r.routes[1].dst = net("209.165.0.0/16");
	harness_apply(&r);
	for (uint8_t i = 0; i < 60; i++) {
		scan = flow(PROTO_UDP, HOST_IN, 4001, "209.165.7.1", 7);
		scan.dst.ip.b[15] = i;
		harness_drops(INSIDE, &scan, 0, DROP_NEIGH_UNRESOLVED);
		asked += rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)) == 0;
	}
	assert_true(asked < 60); // no more for now
	harness_drops(INSIDE, &out, 0, DROP_NEIGH_UNRESOLVED);
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_true(ip_is(&m.neigh.ip, HOST_OUT)); // the gateway
	harness_drops(OUTSIDE, &back, 0, DROP_NEIGH_UNRESOLVED);
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_true(ip_is(&m.neigh.ip, HOST_IN));
}

static unsigned int asked_by; // strangers

// A SYN that the kernel answers, and nobody hears; false: the answer finds no room.
static bool is_flooded(void)
{
	const unsigned int i = asked_by++;
	char text[IP_TEXT_MAX];
	uint64_t before = counted(DROP_PUNT_EMBRYONIC);
	struct rte_mbuf *m;
	struct flow out;

	snprintf(text, sizeof(text), "198.51.%u.%u", 100 + i / 250, 1 + i % 250);
	out = flow(PROTO_TCP, FW_OUT, 5061, text, 1024);
	m = buffer_of(frame, frame_make(frame, OUTSIDE, &out, SYN | ACK, 0));
	assert_int_equal(parse_frame(m, NULL), PASS);
	pkt_of(m)->flow = turned(&out);
	pkt_of(m)->iface_in = OUTSIDE;
	assert_int_equal(rte_ring_sp_enqueue(h.w->punt_down, m), 0);
	worker_turn(h.w, h.now_ns);
	while (harness_out(OUTSIDE, frame) > 0)
		;
	return counted(DROP_PUNT_EMBRYONIC) > before;
}

// A SYN flood to the firewall's own port: what waits for the strangers' last word is bounded and soon
// forgotten, and takes no room from flows that are forwarded, nor from connections that are up.
static void test_flood_of_syns(void **state)
{
	const uint32_t room = h.w->sess->max - h.w->sess->spare, spare = h.w->sess->spare;
	struct flow friend = flow(PROTO_TCP, FW_OUT, 5061, FAR, 4444), in = turned(&friend);
	struct flow f;

	leaves(OUTSIDE, &friend, SYN | ACK);
	assert_true(punts(OUTSIDE, &in, ACK));
	while (!is_flooded())
		assert_true(asked_by < 1000);
	assert_int_equal(h.w->sess->half_open_punts, spare / 4 * 3);
	assert_int_equal(h.w->sess->half_open, 0);
	for (uint16_t i = 0; i < room; i++) {
		f = flow(PROTO_UDP, HOST_IN, (uint16_t)(1000 + i), FAR, 53);
		harness_send(INSIDE, &f, 0);
		assert_true(harness_out(OUTSIDE, frame) > 0);
	}
	assert_true(punts(OUTSIDE, &in, PSH));
	f = flow(PROTO_TCP, MAPPED, 4445, FAR,
		5061); // a connection of our own, in a table that is full
	leaves(OUTSIDE, &f, SYN);
	harness_wait_s(4);
	assert_true(h.w->sess->half_open_punts <= spare / 4 + 1);
	assert_false(is_flooded());
	assert_true(punts(OUTSIDE, &in, PSH));
}

// An ICMP error about our own connection goes to the kernel too.
static void test_error_to_us(void **state)
{
	struct flow out = flow(PROTO_TCP, MAPPED, 4444, FAR, 5061);
	uint8_t quoted[FRAME_MAX];
	struct rte_mbuf *m;
	uint16_t iface;
	size_t len;

	leaves(OUTSIDE, &out, SYN);
	len = frame_make(quoted, OUTSIDE, &out, SYN, 0);
	m = buffer_of(frame, frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + 14, len - 14));
	harness_in(OUTSIDE, &m, 1);
	assert_true(harness_punted(frame, &iface) > 0);
}

// Answers of the kernel that nobody answers leave no session.
static void test_no_session_for(void **state)
{
	struct flow echo = flow(PROTO_ICMP, FW_OUT, 7, FAR, 7);
	struct flow tcp = flow(PROTO_TCP, FW_OUT, 443, FAR, 3000);

	leaves(OUTSIDE, &echo, 1);
	leaves(OUTSIDE, &tcp, RST | ACK);
	assert_int_equal(h.w->sess->n_free, h.w->sess->max);
}

// Design 2 (4): a segment of no session, for us or an inspected class, is reset; others are not.
static void test_reset(void **state)
{
	struct flow inspected = flow(PROTO_TCP, FAR, 3000, MAPPED, 5080);
	struct flow want = turned(&inspected), got;
	struct flow self = flow(PROTO_TCP, HOST_IN, 3000, FW_IN, 22);
	struct flow other = flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	struct flow answer = flow(PROTO_TCP, HOST_IN, 5080, FAR, 3000);
	struct flow no_answer = flow(PROTO_TCP, HOST_IN, 5070, FAR, 3000);
	size_t len;

	harness_send(OUTSIDE, &inspected, ACK);
	len = harness_out(OUTSIDE, frame);
	assert_int_equal(len, 54);
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
	assert_true(frame_sums_ok(frame, len));
	assert_int_equal(frame[34 + 13], RST);
	assert_int_equal(frame[34 + 6] << 8 | frame[34 + 7], 1001); // what it acknowledged
	harness_send(OUTSIDE, &inspected, SYN | ACK);
	assert_int_equal(harness_out(OUTSIDE, frame), 54);
	harness_send(OUTSIDE, &inspected, 0x01); // FIN alone: RST+ACK of all it held
	assert_int_equal(harness_out(OUTSIDE, frame), 54);
	assert_int_equal(frame[34 + 13], RST | ACK);
	assert_int_equal(frame[34 + 10] << 8 | frame[34 + 11], 1001 + 10 + 1);
	harness_send(INSIDE, &self, ACK);
	assert_int_equal(harness_out(INSIDE, frame), 54);
	harness_send(INSIDE, &answer, ACK); // the call manager's end of a call that came in
	assert_int_equal(harness_out(INSIDE, frame), 54);
	assert_int_equal(counted(COUNT_TCP_RST_SENT), 5);
	harness_send(OUTSIDE, &inspected, RST);
	harness_send(OUTSIDE, &other, ACK);
	harness_send(INSIDE, &no_answer, ACK);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
	assert_int_equal(harness_out(INSIDE, frame), 0);
	assert_int_equal(counted(DROP_TCP_NOT_SYN), 3);
	for (unsigned int i = 0; i < 500; i++)
		harness_send(OUTSIDE, &inspected, ACK);
	while (harness_out(OUTSIDE, frame) > 0)
		;
	assert_in_range(counted(COUNT_TCP_RST_SENT), 40, 60); // burst 50
	assert_true(counted(COUNT_RATE_LIMITED_RST) > 400);
}

static unsigned int syns_through(const char *from, unsigned int n)
{
	unsigned int passed = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct flow f = flow(PROTO_TCP, from, (uint16_t)(1000 + i), MAPPED, 5080);

		passed += punts(OUTSIDE, &f, SYN);
	}
	return passed;
}

// A flood of SYNs does not keep the answers to our own from coming back.
static void test_budget_of_answers(void **state)
{
	struct flow out = flow(PROTO_TCP, MAPPED, 4444, FAR, 5061), in = turned(&out);

	leaves(OUTSIDE, &out, SYN);
	assert_true(syns_through(FAR, 300) < 150);
	assert_true(punts(OUTSIDE, &in, SYN | ACK));
}

// One loud source uses up its own budget, not its neighbour's; a trusted one has its own.
static void test_budgets(void **state)
{
	const struct flow friend = flow(PROTO_TCP, FW_OUT, 5061, "198.51.100.9", 4444);
	const struct flow back = turned(&friend);
	struct dp_msg trust = {.version = DP_MSG_VERSION, .type = DP_MSG_TRUST_SET};
	char from[32];
	unsigned int passed = 0;

	assert_in_range(syns_through(FAR, 300), 90, 110); // burst 100
	assert_true(counted(DROP_PUNT_RATE) > 150);
	assert_int_equal(syns_through("198.51.100.8", 20), 20);
	for (unsigned int i = 0; i < 700; i++) { // many sources: the interface's budget, 500
		snprintf(from, sizeof(from), "198.18.%u.%u", i / 250, 1 + i % 250);
		passed += syns_through(from, 1);
	}
	assert_in_range(passed, 350, 500);
	assert_int_equal(syns_through("198.51.100.9", 1), 0);
	trust.trust.iface = OUTSIDE;
	trust.trust.ip = ip("198.51.100.9");
	punt_msg(h.w, &trust);
	assert_int_equal(syns_through("198.51.100.9", 300), 300);
	// A flood in its name takes its SYNs alone.
	leaves(OUTSIDE, &friend, SYN | ACK);
	assert_in_range(syns_through("198.51.100.9", 9000), 190, 210);
	assert_true(punts(OUTSIDE, &back, ACK));
	assert_true(punts(OUTSIDE, &back, PSH));
	trust.type = DP_MSG_TRUST_DEL; // it may come back within the hour
	punt_msg(h.w, &trust);
	h.now_ns += 3599 * S;
	assert_in_range(syns_through("198.51.100.9", 600), 490, 510);
	h.now_ns += 2 * S;                                            // budgets fill again
	assert_in_range(syns_through("198.51.100.9", 600), 110, 130); // 20 that come again
	h.now_ns += 4 * S;
	assert_int_equal(syns_through("198.51.100.9", 50), 50);
}

// A SYN that was refused passes when it is sent again, beside a flood that sends none twice; not at once, nor
// from who does so all the time.
static void test_syn_again(void **state)
{
	const struct flow f = flow(PROTO_TCP, "198.51.100.9", 4444, MAPPED, 5080);
	const struct {
		const char *what;
		uint64_t after_ms;
		bool passes;
	} cases[] = {
		{"anybody's first", 1000, false},
		{"too soon to mean it", 300, false},
		{"after a second", 1020, true},
		{"the same again", 400, false},
		{"the fourth", 4050, true},
		{"forgotten", 4700, false},
	};
	uint16_t port = 1;
	char from[IP_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].what);
		h.now_ns += cases[i].after_ms * 1000000;
		for (unsigned int j = 0; j < 9000; j++) {
			struct flow stranger = flow(PROTO_TCP, "0.0.0.0", port, MAPPED, 5080);

			snprintf(from, sizeof(from), "198.18.%u.%u", j / 250, 1 + j % 250);
			stranger.src.ip = ip(from);
			punts(OUTSIDE, &stranger, SYN);
		}
		port++; // none of them twice
		assert_int_equal(punts(OUTSIDE, &f, SYN), cases[i].passes);
	}
	syns_through("198.51.100.8", 300);
	h.now_ns += S;
	assert_in_range(syns_through("198.51.100.8", 300), 110, 130); // 20 of them for that
}

static void trust(enum dp_msg_type type, unsigned int i)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = type, .trust.iface = OUTSIDE};

	m.trust.ip = ip("198.19.0.0");
	m.trust.ip.b[14] = (uint8_t)(i / 256);
	m.trust.ip.b[15] = (uint8_t)i;
	punt_msg(h.w, &m);
}

static bool is_trusted(unsigned int i)
{
	char from[IP_TEXT_MAX];

	h.now_ns += 10 * S;
	snprintf(from, sizeof(from), "198.19.%u.%u", i / 256, i % 256);
	return syns_through(from, 150) == 150; // without a budget of its own, a source has 100
}

// As many as there can be: each is known while it is trusted and an hour longer, and nobody else is, whoever comes and
// goes. Who is there keeps his place.
static void test_many_trusted(void **state)
{
	const unsigned int n = PUNT_TRUST_MAX;

	for (unsigned int i = 0; i < n; i++)
		trust(DP_MSG_TRUST_SET, i);
	trust(DP_MSG_TRUST_SET, n);
	assert_false(is_trusted(n));
	for (unsigned int i = 1; i < n; i += 50)
		assert_true(is_trusted(i));
	for (unsigned int i = 0; i < n; i += 2) {
		h.now_ns += S;
		trust(DP_MSG_TRUST_DEL, i);
	}
	for (unsigned int i = n; i < n + n / 4; i++)
		trust(DP_MSG_TRUST_SET, i);
	for (unsigned int i = 1; i < n; i += 50) {
		assert_true(is_trusted(i));
		assert_int_equal(is_trusted(i - 1), i - 1 >= n / 2); // gone first
		assert_int_equal(is_trusted(n + i), i < n / 4);
	}
	trust(DP_MSG_TRUST_SET, n / 2);
	h.now_ns += PUNT_TRUST_NS;
	assert_true(is_trusted(n / 2));
	assert_false(is_trusted(n / 2 + 2));
	assert_true(is_trusted(n / 2 + 1));
}

static void test_ring_full(void **state)
{
	struct flow f = flow(PROTO_ICMP, FAR, 7, FW_OUT, 7);
	uint16_t iface;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 1100; i++) {
		// Buffers of the test are few: only the ring's own limit may show.
		if (rte_mempool_avail_count(h.pool) == 0)
			break;
		harness_send(OUTSIDE, &f, 0);
	}
	assert_int_equal(counted(COUNT_PUNTED) + counted(DROP_PUNT_FULL),
		rte_mempool_in_use_count(h.pool) + counted(DROP_PUNT_FULL));
	while (harness_punted(frame, &iface) > 0)
		n++;
	assert_int_equal(n, counted(COUNT_PUNTED));
}

static void test_arp(void **state)
{
	const struct {
		const char *what;
		uint16_t in;
		bool request;
		const char *sender, *target;
		bool answered, punted;
	} cases[] = {
		{"mapped", OUTSIDE, true, HOST_OUT, MAPPED, true, false},
		{"mapped, other side", INSIDE, true, HOST_IN, MAPPED, false, false},
		{"media outside", OUTSIDE, true, HOST_OUT, "209.165.200.229", true, false},
		{"media inside", INSIDE, true, HOST_IN, "192.168.10.3", true, false},
		{"media, other side", INSIDE, true, HOST_IN, "209.165.200.229", false, false},
		{"probe for mapped", OUTSIDE, true, "0.0.0.0", MAPPED, true, false},
		{"own", OUTSIDE, true, HOST_OUT, FW_OUT, false, true},
		{"reply to own", OUTSIDE, false, HOST_OUT, FW_OUT, false, true},
		{"own, of another subnet", OUTSIDE, true, FAR, FW_OUT, true, false},
		{"own, of no address yet", OUTSIDE, true, "0.0.0.0", FW_OUT, true, false},
		{"reply to own, of another subnet", OUTSIDE, false, FAR, FW_OUT, false, false},
		{"own, other side", INSIDE, true, HOST_IN, FW_OUT, false, false},
		{"foreign", OUTSIDE, true, HOST_OUT, "209.165.200.240", false, false},
		{"real address", OUTSIDE, true, HOST_OUT, HOST_IN, false, false},
		{"foreign reply", OUTSIDE, false, HOST_OUT, MAPPED, false, false},
		{"gratuitous", OUTSIDE, true, HOST_OUT, HOST_OUT, false, true},
		{"gratuitous reply", OUTSIDE, false, HOST_OUT, HOST_OUT, false, true},
		{"gratuitous mapped", OUTSIDE, true, MAPPED, MAPPED, false, false},
		{"gratuitous, other net", OUTSIDE, true, HOST_IN, HOST_IN, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = frame_arp(
			frame, cases[i].in, cases[i].request, cases[i].sender, cases[i].target);
		struct rte_mbuf *m = buffer_of(frame, len);
		const struct rte_arp_hdr *arp = (void *)(frame + 14);
		struct ip_addr target = ip(cases[i].target);
		uint64_t foreign = counted(DROP_ARP_FOREIGN);
		uint16_t iface;
		bool answered;

		print_message("%s\n", cases[i].what);
		harness_in(cases[i].in, &m, 1);
		answered = harness_out(cases[i].in, frame) > 0;
		assert_int_equal(answered, cases[i].answered);
		if (answered) {
			assert_int_equal(arp->arp_opcode, rte_cpu_to_be_16(2));
			assert_int_equal(arp->arp_data.arp_sip, ip_to_v4_be(&target));
			assert_memory_equal(&arp->arp_data.arp_sha, &h.w->mac[cases[i].in], 6);
		}
		assert_int_equal(harness_punted(frame, &iface) > 0, cases[i].punted);
		assert_int_equal(counted(DROP_ARP_FOREIGN) - foreign,
			!cases[i].answered && !cases[i].punted);
	}
}

// Of so many ARP packets at once, of hosts of the inside with the MAC that ends so, how many the control plane gets.
static unsigned int arps(unsigned int first, unsigned int hosts, unsigned int each, uint8_t mac)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < hosts * each; i++) {
		char sender[IP_TEXT_MAX];
		struct rte_mbuf *m;
		uint16_t iface;

		snprintf(sender, sizeof(sender), "192.168.10.%u", first + i % hosts);
		m = buffer_of(frame, frame_arp(frame, INSIDE, i % 2 == 0, sender, FW_IN));
		*rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 13) ^= mac; // the sender's, in ARP
		harness_in(INSIDE, &m, 1);
		got += harness_punted(frame, &iface) > 0;
	}
	return got;
}

// A host that makes up ARP, in its own name or in those of all its subnet, keeps nobody's from the control plane who is
// known already; and in its own name alone nobody's at all.
static void test_arp_flood(void **state)
{
	h.w->punt->seed = 1;                        // none of those that count meet in one place
	assert_int_equal(arps(99, 1, 1000, 0), 50); // a stranger
	assert_int_equal(arps(100, 1, 1, 0), 1);
	assert_int_equal(arps(40, 200, 10, 0), 149); // what is left of the interface's 200
	assert_int_equal(arps(240, 1, 1, 0), 0);
	assert_int_equal(arps(30, 1, 1, 1), 0); // HOST_IN, but not its MAC
	assert_int_equal(arps(30, 1, 1000, 0), 50);
	h.now_ns += 1000000000;
	assert_int_equal(
		arps(30, 1, 1000, 0), 50); // a known one does not use up the others' either
	assert_int_equal(arps(240, 1, 1, 0), 1);
}

// A next hop without a MAC is asked for once a second, not for every packet.
static void test_neighbour_miss(void **state)
{
	struct flow f = flow(PROTO_UDP, HOST_IN, 1, "209.165.200.240", 9);
	struct dp_msg m;

	for (unsigned int i = 0; i < 10; i++)
		harness_send(INSIDE, &f, 0);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 10 - NEIGH_HELD_EACH);
	harness_neigh_timeout();
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 10);
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_int_equal(m.type, DP_MSG_NEIGH_MISS);
	assert_int_equal(m.neigh.iface, OUTSIDE);
	assert_true(ip_is(&m.neigh.ip, "209.165.200.240"));
	assert_int_not_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	h.now_ns += S;
	harness_send(INSIDE, &f, 0);
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	// The answer comes down as a message.
	m.type = DP_MSG_NEIGH_SET;
	memset(m.neigh.mac, 6, 6);
	assert_int_equal(rte_ring_sp_enqueue_elem(h.w->msg_down, &m, sizeof(m)), 0);
	harness_send(INSIDE, &f, 0);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	assert_memory_equal(frame, m.neigh.mac, 6);
	assert_memory_equal(frame + 6, &h.w->mac[OUTSIDE], 6);
	assert_true(harness_out(OUTSIDE, frame) > 0); // that which has waited was the first
	m.type = DP_MSG_NEIGH_DEL;
	assert_int_equal(rte_ring_sp_enqueue_elem(h.w->msg_down, &m, sizeof(m)), 0);
	harness_send(INSIDE, &f, 0);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_to_self),
		TEST(test_inspected),
		TEST(test_from_us),
		TEST(test_error_to_us),
		TEST(test_no_session_for),
		TEST(test_reset),
		TEST(test_budget_of_answers),
		TEST(test_budgets),
		TEST(test_syn_again),
		TEST(test_many_trusted),
		TEST(test_ring_full),
		TEST(test_arp),
		TEST(test_arp_flood),
		TEST(test_neighbour_miss),
		TEST(test_neighbours_scanned),
		TEST(test_flood_of_syns),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
