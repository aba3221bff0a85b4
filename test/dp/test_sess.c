// SPDX-License-Identifier: BSD-3-Clause
// Sessions through all stages of a worker: opened, translated, refused, aged, judged again.
#include "test/dp/harness.h"

#include <rte_icmp.h>

#include "dp/acl.h"

#define SYN 0x02
#define ACK 0x10
#define FIN 0x11
#define RST 0x04

static uint8_t frame[FRAME_MAX];

static uint32_t live(void)
{
	return h.w->sess->max - h.w->sess->n_free;
}

static struct flow turned(const struct flow *f)
{
	return (struct flow){f->dst, f->src, f->proto};
}

// Sends, and expects it to come out of `out` as `want`.
static void forwards(
	uint16_t in, const struct flow *f, uint8_t flags, uint16_t out, const struct flow *want)
{
	struct flow got;
	size_t len;

	harness_send(in, f, flags);
	len = harness_out(out, frame);
	assert_true(len > 0);
	got = frame_flow(frame, len);
	assert_flow(&got, want);
	assert_true(frame_sums_ok(frame, len));
	assert_int_equal(frame[14 + 8], 63); // TTL
	assert_int_equal(harness_out(out, frame), 0);
}

static void acknowledges(uint16_t in, const struct flow *f, uint32_t ack)
{
	struct rte_mbuf *m = buffer_of(frame, frame_tcp(frame, in, f, ACK, 1012, ack, 0));

	harness_in(in, &m, 1);
	assert_true(harness_out(in == INSIDE ? OUTSIDE : INSIDE, frame) > 0);
}

static const char *state_of(unsigned int i)
{
	static struct dp_conn c[8];
	size_t n = harness_conns(&(struct dp_conn_filter){.all = true}, c, 8);

	return i < n ? c[i].state : "none";
}

static void test_inbound(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	struct flow in_real = flow(PROTO_TCP, FAR, 3000, HOST_IN, 5070);
	struct flow out_real = turned(&in_real), out = turned(&in);

	forwards(OUTSIDE, &in, SYN, INSIDE, &in_real);
	assert_string_equal(state_of(0), "half-open");
	forwards(INSIDE, &out_real, SYN | ACK, OUTSIDE, &out);
	forwards(OUTSIDE, &in, ACK, INSIDE, &in_real);
	assert_string_equal(state_of(0), "up");
	assert_int_equal(live(), 1);
	forwards(INSIDE, &out_real, FIN, OUTSIDE, &out);
	assert_string_equal(state_of(0), "closing");
	forwards(OUTSIDE, &in, FIN, INSIDE, &in_real);
	acknowledges(INSIDE, &out_real, 1012);
	acknowledges(OUTSIDE, &in, 1012);
	harness_wait_s(6);
	assert_int_equal(live(), 0);
	assert_int_equal(counted(COUNT_SESSIONS_CLOSED), 1);
	assert_int_equal(counted(COUNT_SESSIONS_AGED), 0);
}

// A higher security level needs no list; source translated; a ping's id stays.
static void test_outbound(void **state)
{
	const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP, 47};

	for (unsigned int i = 0; i < 4; i++) {
		uint16_t there = protos[i] == PROTO_ICMP ? 999 : 53;
		struct flow out = flow(protos[i], HOST_IN, 999, FAR, there);
		struct flow mapped = flow(protos[i], MAPPED, 999, FAR, there);
		struct flow back = turned(&mapped), back_real = turned(&out);

		if (protos[i] == 47) { // no ports, but the payload looks like some
			out.src.port = out.dst.port = mapped.src.port = mapped.dst.port = 0;
			mapped.src.port = 0x108, mapped.dst.port = 0xf16;
			forwards(INSIDE, &out, 0, OUTSIDE, &mapped);
			continue;
		}
		forwards(INSIDE, &out, protos[i] == PROTO_TCP ? SYN : 0, OUTSIDE, &mapped);
		forwards(
			OUTSIDE, &back, protos[i] == PROTO_TCP ? SYN | ACK : 1, INSIDE, &back_real);
	}
	assert_int_equal(live(), 4);
}

static void test_refused(void **state)
{
	const struct {
		const char *what;
		uint16_t in;
		struct flow f;
		uint8_t flags;
		enum dp_counter_id reason;
	} cases[] = {
		{"no entry", OUTSIDE, flow(PROTO_TCP, FAR, 1, MAPPED, 6000), SYN, DROP_ACL_DENY},
		{"real address", OUTSIDE, flow(PROTO_TCP, FAR, 1, HOST_IN, 5070), SYN,
			DROP_NAT_RPF},
		{"no session", OUTSIDE, flow(PROTO_TCP, FAR, 1, MAPPED, 5070), ACK,
			DROP_TCP_NOT_SYN},
		{"SYN+ACK first", OUTSIDE, flow(PROTO_TCP, FAR, 1, MAPPED, 5070), SYN | ACK,
			DROP_TCP_NOT_SYN},
		{"echo reply first", OUTSIDE, flow(PROTO_ICMP, FAR, 1, MAPPED, 1), 1,
			DROP_ICMP_NO_SESSION},
		{"source is ours", OUTSIDE, flow(PROTO_TCP, FW_OUT, 1, MAPPED, 5070), SYN,
			DROP_IP_SPOOFED},
		{"source is mapped", OUTSIDE, flow(PROTO_TCP, MAPPED, 1, MAPPED, 5070), SYN,
			DROP_IP_SPOOFED},
		{"source is inside", OUTSIDE, flow(PROTO_TCP, HOST_IN, 1, MAPPED, 5070), SYN,
			DROP_REVERSE_PATH},
		{"source is media", OUTSIDE, flow(PROTO_TCP, "209.165.200.229", 1, MAPPED, 5070),
			SYN, DROP_IP_SPOOFED},
		{"UDP to us", OUTSIDE, flow(PROTO_UDP, FAR, 1, FW_OUT, 53), 0, DROP_PROTO_TO_SELF},
		{"far side", INSIDE, flow(PROTO_TCP, HOST_IN, 1, FW_OUT, 80), SYN,
			DROP_PROTO_TO_SELF},
		{"media address, no media", OUTSIDE, flow(PROTO_TCP, FAR, 1, "209.165.200.229", 80),
			SYN, DROP_PROTO_TO_SELF},
		{"media port, no call", OUTSIDE, flow(PROTO_UDP, FAR, 1, "209.165.200.229", 16384),
			0, DROP_MEDIA_NO_STREAM},
		{"subnet broadcast", INSIDE, flow(PROTO_UDP, HOST_IN, 1, "209.165.200.255", 9), 0,
			DROP_IP_DESTINATION},
		{"same interface", INSIDE, flow(PROTO_UDP, HOST_IN, 1, "192.168.10.77", 9), 0,
			DROP_ROUTE_SAME_IFACE},
		{"unknown neighbour", INSIDE, flow(PROTO_UDP, HOST_IN, 1, "209.165.200.240", 9), 0,
			DROP_NEIGH_UNRESOLVED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].what);
		harness_drops(cases[i].in, &cases[i].f, cases[i].flags, cases[i].reason);
	}
	assert_int_equal(live(), 1); // the one whose neighbour was not known yet
}

// In mid-flow as at its beginning.
static void test_ttl_and_mtu(void **state)
{
	struct flow f = flow(PROTO_UDP, HOST_IN, 1, FAR, 9);
	struct rte_ipv4_hdr *v4 = (void *)(frame + 14);
	struct rte_mbuf *m;

	for (unsigned int i = 1; i <= 3; i++) {
		size_t len = frame_make(frame, INSIDE, &f, 0, 10);

		v4->time_to_live = 1;
		v4->hdr_checksum = 0;
		v4->hdr_checksum = rte_ipv4_cksum(v4);
		m = buffer_of(frame, len);
		harness_in(INSIDE, &m, 1);
		assert_int_equal(counted(DROP_IP_TTL), i);
		m = buffer_of(frame, frame_make(frame, INSIDE, &f, 0, 1473));
		harness_in(INSIDE, &m, 1);
		assert_int_equal(counted(DROP_MTU_EXCEEDED), i);
		m = buffer_of(frame, frame_make(frame, INSIDE, &f, 0, 1472));
		harness_in(INSIDE, &m, 1);
		assert_int_equal(counted(COUNT_ICMP_SENT), 2 * i); // about the first two
		assert_int_equal(counted(COUNT_TX), 3 * i);
	}
}

// What leaves in pieces, and what follows it in the same burst, in mid-flow: in order.
static void test_order(void **state)
{
	struct flow f = flow(PROTO_UDP, HOST_IN, 1, FAR, 9);
	struct flow want = flow(PROTO_UDP, MAPPED, 1, FAR, 9);
	struct rte_ipv4_hdr *v4 = (void *)(frame + 14);
	struct rte_mbuf *m[2];
	size_t len;

	forwards(INSIDE, &f, 0, OUTSIDE, &want);
	len = frame_make(frame, INSIDE, &f, 0, 1473);
	v4->fragment_offset = 0; // may be cut
	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	m[0] = buffer_of(frame, len);
	m[1] = buffer_of(frame, frame_make(frame, INSIDE, &f, 0, 10));
	harness_in(INSIDE, m, 2);
	assert_int_equal(harness_out(OUTSIDE, frame), 14 + 1500);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	assert_true(v4->fragment_offset != 0);
	assert_int_equal(harness_out(OUTSIDE, frame), 14 + 28 + 10);
}

// Two packets of a new flow in one burst: one session, both forwarded.
static void test_same_burst(void **state)
{
	struct flow f = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);
	struct rte_mbuf *m[4];

	for (unsigned int i = 0; i < 4; i++)
		m[i] = buffer_of(frame, frame_make(frame, OUTSIDE, &f, 0, 10 + i));
	harness_in(OUTSIDE, m, 4);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
	for (size_t i = 0; i < 4; i++) // in order
		assert_int_equal(harness_out(INSIDE, frame), 14 + 20 + 8 + 10 + i);
}

// How often the control plane has been told that the table is full.
static unsigned int told_full(void)
{
	struct dp_msg m;
	unsigned int n = 0;

	while (rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)) == 0)
		n += m.type == DP_MSG_SESSION_FULL;
	return n;
}

// A full table refuses the new and keeps the old; each direction's key is found to the last.
static void test_full(void **state)
{
	uint32_t max = h.w->sess->max - h.w->sess->spare;

	for (uint16_t i = 0; i < max; i++) {
		struct flow f = flow(PROTO_UDP, FAR, (uint16_t)(1000 + i), MAPPED, 4000);
		struct flow real = flow(PROTO_UDP, FAR, (uint16_t)(1000 + i), HOST_IN, 4000);

		forwards(OUTSIDE, &f, 0, INSIDE, &real);
	}
	assert_int_equal(live(), max);
	assert_int_equal(told_full(), 0);
	for (unsigned int second = 0; second < 2; second++) {
		for (uint16_t i = 0; i < 10; i++) {
			struct flow f = flow(PROTO_UDP, FAR, (uint16_t)(9000 + i), MAPPED, 4000);

			harness_drops(OUTSIDE, &f, 0, DROP_SESSION_FULL);
		}
		assert_int_equal(told_full(), 1);
		h.now_ns += NS_PER_S;
	}
	for (uint16_t i = 0; i < max; i++) {
		struct flow back = flow(PROTO_UDP, HOST_IN, 4000, FAR, (uint16_t)(1000 + i));
		struct flow mapped = flow(PROTO_UDP, MAPPED, 4000, FAR, (uint16_t)(1000 + i));

		forwards(INSIDE, &back, 0, OUTSIDE, &mapped);
	}
	harness_wait_s(121);
	assert_int_equal(live(), 0);
	assert_int_equal(counted(COUNT_SESSIONS_AGED), max);
	// And all of it can be used again.
	for (uint16_t i = 0; i < max; i++) {
		struct flow f = flow(PROTO_UDP, FAR, (uint16_t)(2000 + i), MAPPED, 4000);
		struct flow real = flow(PROTO_UDP, FAR, (uint16_t)(2000 + i), HOST_IN, 4000);

		forwards(OUTSIDE, &f, 0, INSIDE, &real);
	}
	assert_int_equal(told_full(), 0); // there is room
}

// Flows that nobody answers make room soon once it gets scarce; others keep their time.
static void test_hurry(void **state)
{
	const uint32_t max = h.w->sess->max - h.w->sess->spare, most = max - max / 4;
	const struct flow back = flow(PROTO_UDP, HOST_IN, 4000, FAR, 1000);
	const struct flow mapped = flow(PROTO_UDP, MAPPED, 4000, FAR, 1000);

	for (uint16_t i = 0; i < most; i++) {
		struct flow f = flow(PROTO_UDP, FAR, (uint16_t)(1000 + i), MAPPED, 4000);
		struct flow real = flow(PROTO_UDP, FAR, (uint16_t)(1000 + i), HOST_IN, 4000);

		forwards(OUTSIDE, &f, 0, INSIDE, &real);
	}
	forwards(INSIDE, &back, 0, OUTSIDE, &mapped);
	harness_wait_s(10);
	assert_int_equal(live(), most);
	for (uint16_t i = 0; i < 2; i++) {
		struct flow f = flow(PROTO_TCP, FAR, (uint16_t)(1000 + i), MAPPED, 5070);

		harness_send(OUTSIDE, &f, SYN);
	}
	harness_wait_s(2);
	assert_true(live() <= most); // as many as are no crowd, and that which was answered
	assert_true(live() > most / 2);
	forwards(INSIDE, &back, 0, OUTSIDE, &mapped);
	assert_int_equal(counted(DROP_SESSION_FULL), 0);
}

static void test_timeouts(void **state)
{
	struct flow tcp = flow(PROTO_TCP, HOST_IN, 3000, FAR, 80);
	struct flow tcp_mapped = flow(PROTO_TCP, MAPPED, 3000, FAR, 80);
	struct flow back = turned(&tcp_mapped), back_real = turned(&tcp);
	struct flow icmp = flow(PROTO_ICMP, HOST_IN, 9, FAR, 9);

	harness_send(INSIDE, &icmp, 0);
	harness_send(INSIDE, &tcp, SYN);
	harness_wait_s(3);
	assert_int_equal(live(), 1); // icmp 2 s
	harness_wait_s(28);
	assert_int_equal(live(), 0); // half-open 30 s
	harness_send(INSIDE, &tcp, SYN);
	while (harness_out(OUTSIDE, frame) > 0)
		;
	forwards(OUTSIDE, &back, SYN | ACK, INSIDE, &back_real);
	forwards(INSIDE, &tcp, ACK, OUTSIDE, &tcp_mapped);
	harness_wait_s(3590);
	assert_int_equal(live(), 1);
	forwards(INSIDE, &tcp, FIN, OUTSIDE, &tcp_mapped);
	harness_wait_s(590);
	assert_int_equal(live(), 1); // one side closed: 600 s
	harness_wait_s(20);
	assert_int_equal(live(), 0);
}

// Both ends have closed, and the last word is missing; and what has no state, or no ports.
static void test_timeouts_of_others(void **state)
{
	const uint8_t protos[] = {PROTO_UDP, 47, 50};
	struct flow tcp = flow(PROTO_TCP, HOST_IN, 3000, FAR, 80);
	struct flow back = flow(PROTO_TCP, FAR, 80, MAPPED, 3000);

	harness_send(INSIDE, &tcp, SYN);
	harness_send(OUTSIDE, &back, SYN | ACK);
	harness_send(INSIDE, &tcp, ACK);
	harness_send(INSIDE, &tcp, FIN);
	harness_send(OUTSIDE, &back, FIN);
	harness_wait_s(28);
	assert_int_equal(live(), 1);
	harness_wait_s(3);
	assert_int_equal(live(), 0); // 30 s
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		const bool ports = protos[i] == PROTO_UDP;
		struct flow f = flow(protos[i], HOST_IN, ports ? 3000 : 0, FAR, ports ? 80 : 0);

		harness_send(INSIDE, &f, 0);
		harness_wait_s(118);
		assert_int_equal(live(), 1);
		harness_wait_s(3);
		assert_int_equal(live(), 0); // udp 120 s
	}
}

// A reset session is forgotten soon; a new SYN on its tuple begins anew at once.
static void test_reset_and_reuse(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	struct flow real = flow(PROTO_TCP, FAR, 3000, HOST_IN, 5070);

	forwards(OUTSIDE, &in, SYN, INSIDE, &real);
	forwards(OUTSIDE, &in, RST, INSIDE, &real);
	assert_string_equal(state_of(0), "closing");
	forwards(OUTSIDE, &in, SYN, INSIDE, &real);
	assert_string_equal(state_of(0), "half-open");
	assert_int_equal(live(), 1);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 2);
}

// True when a message of ICMP comes through, of whom a ping's session has the addresses and the id.
static bool pings(uint16_t in, const struct flow *f, uint8_t type)
{
	struct rte_icmp_hdr *icmp = (void *)(frame + 34);
	const size_t len = frame_make(frame, in, f, 0, 10);
	struct rte_mbuf *m;

	icmp->icmp_type = type;
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, len - 34);
	m = buffer_of(frame, len);
	harness_in(in, &m, 1);
	return harness_out(in == INSIDE ? OUTSIDE : INSIDE, frame) > 0;
}

// Who has been pinged answers; he sends no redirects with that, nor pings that no rule permits.
static void test_ping(void **state)
{
	const struct flow out = flow(PROTO_ICMP, HOST_IN, 0, FAR, 0);
	const struct flow back = flow(PROTO_ICMP, FAR, 0, MAPPED, 0);
	const uint8_t others[] = {4, 5, 9, 13, 14, 17};
	struct rules r;

	assert_true(pings(INSIDE, &out, 8));
	assert_true(pings(OUTSIDE, &back, 0));
	for (size_t i = 0; i < sizeof(others); i++) {
		assert_false(pings(OUTSIDE, &back, others[i]));
		assert_false(pings(INSIDE, &out, others[i]));
	}
	assert_int_equal(counted(DROP_ICMP_NO_SESSION), 2 * sizeof(others));
	assert_true(pings(OUTSIDE, &back, 8)); // permitted
	assert_true(pings(INSIDE, &out, 0));
	harness_rules(&r);
	r.acls[0].n = 3;
	harness_apply(&r);
	assert_false(pings(OUTSIDE, &back, 8));
	assert_true(pings(OUTSIDE, &back, 0));
}

static void test_icmp_error(void **state)
{
	struct flow out = flow(PROTO_UDP, HOST_IN, 4000, FAR, 9000);
	struct flow mapped = flow(PROTO_UDP, MAPPED, 4000, FAR, 9000), got;
	uint8_t quoted[FRAME_MAX];
	struct rte_mbuf *m;
	size_t len;

	len = frame_make(quoted, OUTSIDE, &mapped, 0, 10);
	m = buffer_of(frame, frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + 14, len - 14));
	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(counted(DROP_ICMP_NO_SESSION), 1);
	forwards(INSIDE, &out, 0, OUTSIDE, &mapped);
	len = frame_make(quoted, OUTSIDE, &mapped, 0, 10);
	m = buffer_of(frame, frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + 14, len - 14));
	harness_in(OUTSIDE, &m, 1);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_true(ip_eq(&got.dst.ip, &out.src.ip));
}

// New rules: a session that they permit stays, whatever its generation; another ends.
static void test_rejudged(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	struct flow real = flow(PROTO_TCP, FAR, 3000, HOST_IN, 5070), back = turned(&real);
	struct flow mapped = turned(&in);
	struct rules r;

	forwards(OUTSIDE, &in, SYN, INSIDE, &real);
	harness_rules(&r);
	r.incoming[2].permit = false; // another flow's
	harness_apply(&r);
	forwards(INSIDE, &back, SYN | ACK, OUTSIDE, &mapped);
	forwards(OUTSIDE, &in, ACK, INSIDE, &real);
	r.incoming[0].permit = false;
	harness_apply(&r);
	harness_drops(OUTSIDE, &in, ACK, DROP_ACL_DENY);
	assert_int_equal(live(), 0);
	harness_drops(INSIDE, &back, ACK, DROP_TCP_NOT_SYN);
}

// Its packets in one burst were looked up together: the first ends it, the others must not find
// what is no more.
static void test_rejudged_burst(void **state)
{
	struct flow in = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);
	struct flow real = flow(PROTO_UDP, FAR, 3000, HOST_IN, 4000);
	struct rte_mbuf *m[3];
	struct rules r;

	forwards(OUTSIDE, &in, 0, INSIDE, &real);
	harness_rules(&r);
	r.incoming[2].permit = false;
	harness_apply(&r);
	for (unsigned int i = 0; i < 3; i++)
		m[i] = buffer_of(frame, frame_make(frame, OUTSIDE, &in, 0, 10));
	harness_in(OUTSIDE, m, 3);
	assert_int_equal(counted(DROP_ACL_DENY), 3);
	assert_int_equal(h.w->sess->n_free, h.w->sess->max);
}

// The same from the responder's side, and for a translation that changes.
static void test_rejudged_nat(void **state)
{
	struct flow out = flow(PROTO_UDP, HOST_IN, 4000, FAR, 9000);
	struct flow mapped = flow(PROTO_UDP, MAPPED, 4000, FAR, 9000), back = turned(&mapped);
	struct flow mapped2 = flow(PROTO_UDP, "209.165.200.227", 4000, FAR, 9000);
	struct rules r;

	forwards(INSIDE, &out, 0, OUTSIDE, &mapped);
	harness_rules(&r);
	r.nat[0].mapped = net("209.165.200.227");
	harness_apply(&r);
	harness_drops(OUTSIDE, &back, 0, DROP_ACL_DENY);
	assert_int_equal(live(), 0);
	forwards(INSIDE, &out, 0, OUTSIDE, &mapped2);
}

// A flow that becomes inspected is no longer forwarded.
static void test_rejudged_inspect(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	struct flow real = flow(PROTO_TCP, FAR, 3000, HOST_IN, 5070);
	struct rules r;
	uint16_t iface;

	forwards(OUTSIDE, &in, SYN, INSIDE, &real);
	harness_rules(&r);
	r.inspected[0].dport = (struct port_range){5070, 5070};
	harness_apply(&r);
	harness_send(OUTSIDE, &in, SYN);
	assert_int_equal(harness_out(INSIDE, frame), 0);
	assert_true(harness_punted(frame, &iface) > 0);
	assert_int_equal(live(), 0);
}

// Two inside hosts behind one mapped address cannot have the same flow.
static void test_clash(void **state)
{
	struct flow a = flow(PROTO_UDP, HOST_IN, 4000, FAR, 9000);
	struct flow b = flow(PROTO_UDP, "192.168.10.31", 4000, FAR, 9000);
	struct flow mapped = flow(PROTO_UDP, MAPPED, 4000, FAR, 9000), back = turned(&mapped);
	struct flow back_a = turned(&a);
	struct rules r;

	harness_rules(&r);
	r.nat[1] = r.nat[0];
	r.nat[1].real = net("192.168.10.31");
	r.r.n_nat = 2;
	harness_apply(&r);
	forwards(INSIDE, &a, 0, OUTSIDE, &mapped);
	harness_drops(INSIDE, &b, 0, DROP_NAT_PORTS);
	forwards(OUTSIDE, &back, 0, INSIDE, &back_a); // the first is as it was
	assert_int_equal(live(), 1);
	assert_int_equal(h.w->sess->punts, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup_large, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inbound),
		TEST(test_outbound),
		TEST(test_refused),
		TEST(test_ttl_and_mtu),
		TEST(test_order),
		TEST(test_same_burst),
		TEST(test_full),
		TEST(test_hurry),
		TEST(test_timeouts),
		TEST(test_timeouts_of_others),
		TEST(test_reset_and_reuse),
		TEST(test_ping),
		TEST(test_icmp_error),
		TEST(test_rejudged),
		TEST(test_rejudged_burst),
		TEST(test_rejudged_nat),
		TEST(test_rejudged_inspect),
		TEST(test_clash),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
