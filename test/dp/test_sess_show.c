// SPDX-License-Identifier: BSD-3-Clause
// Sessions as `show conn` and `clear conn` ask for them: the ASA's flags in every state of a connection,
// filters, and pieces.
#include "test/dp/harness.h"

#define SYN 0x02
#define ACK 0x10
#define FIN 0x11
#define RST 0x04

static uint8_t frame[FRAME_MAX];
static const struct dp_conn_filter any = {.all = false}, all = {.all = true};

// A segment of the connection, which passes.
static void segment(uint16_t in, const struct flow *f, uint8_t flags, uint32_t seq, uint32_t ack,
	size_t payload)
{
	struct rte_mbuf *m = buffer_of(frame, frame_tcp(frame, in, f, flags, seq, ack, payload));

	harness_in(in, &m, 1);
	assert_true(harness_out(in == INSIDE ? OUTSIDE : INSIDE, frame) > 0);
}

static const char *letters(const struct dp_conn *c)
{
	static char text[sizeof(DP_CONN_LETTERS)];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(DP_CONN_LETTERS) - 1; i++)
		if (c->flags & 1u << i)
			text[n++] = DP_CONN_LETTERS[i];
	text[n] = '\0';
	return text;
}

static const char *flags_now(void)
{
	static struct dp_conn c;

	assert_int_equal(harness_conns(&all, &c, 1), 1);
	return letters(&c);
}

// Letters of the ASA in each state, of connections from either side.
static void test_flags(void **state)
{
	const struct {
		uint16_t initiator;
		struct flow out, back; // as each side sends it
		const char *flags[9];
	} t[] = {
		{INSIDE, flow(PROTO_TCP, HOST_IN, 4000, FAR, 443),
			flow(PROTO_TCP, FAR, 443, MAPPED, 4000),
			{"saA", "A", "U", "UO", "UIO", "UfIO", "UfRIO", "UfFRIO", "UfFRrIO"}},
		{OUTSIDE, flow(PROTO_TCP, FAR, 4000, MAPPED, 5070),
			flow(PROTO_TCP, HOST_IN, 5070, FAR, 4000),
			{"SaAB", "aB", "UB", "UIB", "UIOB", "UFIOB", "UFrIOB", "UfFrIOB",
				"UfFRrIOB"}},
	};

	for (size_t i = 0; i < 2; i++) {
		const uint16_t a = t[i].initiator, b = !a;
		const struct flow *f = &t[i].out, *r = &t[i].back;
		const char *const *want = t[i].flags;

		segment(a, f, SYN, 1000, 0, 0);
		assert_string_equal(flags_now(), *want++);
		segment(b, r, SYN | ACK, 5000, 1001, 0);
		assert_string_equal(flags_now(), *want++);
		segment(a, f, ACK, 1001, 5001, 0);
		assert_string_equal(flags_now(), *want++);
		segment(a, f, ACK, 1001, 5001, 10);
		assert_string_equal(flags_now(), *want++);
		segment(b, r, ACK, 5001, 1011, 20);
		assert_string_equal(flags_now(), *want++);
		segment(a, f, FIN, 1011, 5021, 0);
		assert_string_equal(flags_now(), *want++);
		segment(b, r, ACK, 5021, 1012, 0);
		assert_string_equal(flags_now(), *want++);
		segment(b, r, FIN, 5021, 1012, 0);
		assert_string_equal(flags_now(), *want++);
		segment(a, f, ACK, 1012, 5022, 0);
		assert_string_equal(flags_now(), *want);
		harness_wait_s(6);
	}
}

// A FIN is no data, and of a connection that was reset nothing is left to tell.
static void test_flags_reset(void **state)
{
	struct flow f = flow(PROTO_TCP, HOST_IN, 4000, FAR, 443);
	struct flow r = flow(PROTO_TCP, FAR, 443, MAPPED, 4000);

	segment(INSIDE, &f, SYN, 1000, 0, 0);
	segment(OUTSIDE, &r, SYN | ACK, 5000, 1001, 0);
	segment(INSIDE, &f, ACK, 1001, 5001, 0);
	segment(INSIDE, &f, FIN, 1001, 5001, 0);
	assert_string_equal(flags_now(), "Uf");
	segment(OUTSIDE, &r, RST, 5001, 0, 0);
	assert_string_equal(flags_now(), "f");
}

static void open_several(void)
{
	const struct flow tcp = flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	const struct flow udp = flow(PROTO_UDP, HOST_IN, 4000, FAR, 53);
	const struct flow ping = flow(PROTO_ICMP, HOST_IN, 5070, FAR, 5070);
	const struct flow gre = flow(47, HOST_IN, 0, FAR, 0);

	harness_send(OUTSIDE, &tcp, SYN);
	harness_send(INSIDE, &udp, 0);
	harness_send(INSIDE, &ping, 0);
	harness_send(INSIDE, &gre, 0);
	while (harness_out(INSIDE, frame) > 0 || harness_out(OUTSIDE, frame) > 0)
		;
}

// A connection of our own with somebody outside, by the address that a flow of the control plane has.
static void open_own(const char *own, uint16_t port)
{
	struct flow f = flow(PROTO_TCP, FAR, 2000, own, port);
	struct rte_mbuf *m = buffer_of(frame, frame_make(frame, OUTSIDE, &f, SYN, 0));
	struct flow back = {f.dst, f.src, f.proto};

	rte_pktmbuf_free(m);
	m = buffer_of(frame, frame_make(frame, OUTSIDE, &back, SYN | ACK, 0));
	pkt_of(m)->flow = f;
	pkt_of(m)->kind = PKT_FLOW;
	pkt_of(m)->tcp_flags = SYN | ACK;
	pkt_of(m)->iface_in = OUTSIDE;
	assert_int_equal(sess_punt(h.w, pkt_of(m)), PASS);
	rte_pktmbuf_free(m);
}

static void test_filters(void **state)
{
	const struct ip_addr far = ip(FAR), in = ip(HOST_IN), mapped = ip(MAPPED), none = {{0}};
	const struct ip_addr first = ip("192.168.10.0"), last = ip("192.168.10.255");
	const struct {
		const char *what;
		struct dp_conn_filter f;
		size_t n;
	} t[] = {
		{"through the box", any, 5},
		{"to the box too", all, 6},
		{"foreign address", {.ip = {far, far}}, 5},
		{"real address", {.ip = {in, in}}, 4},
		{"mapped address", {.ip = {mapped, mapped}}, 5},
		{"a network", {.ip = {first, last}}, 4},
		{"port of either end", {.ip = {none, none}, .port = {5070, 5070}}, 1},
		{"port of the other end", {.port = {3000, 3000}}, 1},
		{"several ports", {.port = {50, 4000}}, 3},
		{"a protocol", {.proto = PROTO_UDP}, 1},
		{"any of them", {.proto = 47}, 1},
		{"half-open", {.flags = DP_CONN_EMBRYONIC}, 2},
		{"of the control plane", {.all = true, .flags = DP_CONN_CONTROL}, 2},
		{"from outside", {.all = true, .flags = DP_CONN_INBOUND}, 3},
		{"all of it", {.ip = {in, in}, .port = {5070, 5070}, .proto = PROTO_TCP}, 1},
		{"nothing", {.ip = {in, in}, .port = {5070, 5070}, .proto = PROTO_UDP}, 0},
	};
	struct dp_conn c[16];

	open_several();
	open_own(MAPPED, 5080);
	open_own(FW_OUT, 443);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (harness_conns(&t[i].f, c, 16) != t[i].n)
			fail_msg("%s: %zu, not %zu", t[i].what, harness_conns(&t[i].f, c, 16),
				t[i].n);
}

static void test_times(void **state)
{
	struct flow udp = flow(PROTO_UDP, HOST_IN, 4000, FAR, 53);
	struct dp_conn c;

	harness_send(INSIDE, &udp, 0);
	harness_wait_s(5);
	harness_send(INSIDE, &udp, 0);
	harness_wait_s(3);
	assert_int_equal(harness_conns(&any, &c, 1), 1);
	assert_in_range(c.idle_s, 2, 4);
	assert_in_range(c.uptime_s, 7, 9);
	assert_int_equal(c.timeout_s, snapshot_read()->timeouts.udp_s);
	while (harness_out(OUTSIDE, frame) > 0)
		;
}

// Counts have 64 bits, of which the lower halves are at hand; both ways, and whoever carries first.
static void test_counts(void **state)
{
	struct flow out = flow(PROTO_UDP, HOST_IN, 4000, FAR, 53);
	struct flow back = flow(PROTO_UDP, FAR, 53, MAPPED, 4000);
	const uint64_t over = UINT64_C(1) << 32;
	struct dp_conn before, c;
	struct sess *s;

	harness_send(INSIDE, &out, 0);
	harness_out(OUTSIDE, frame);
	harness_send(OUTSIDE, &back, 0);
	harness_out(INSIDE, frame);
	assert_int_equal(harness_conns(&any, &before, 1), 1);
	assert_int_equal(before.packets[0], 1);
	assert_int_equal(before.packets[1], 1);
	s = &h.w->sess->slots[0];
	s->packets[0] = s->bytes[1] = UINT32_MAX;
	harness_send(INSIDE, &out, 0);
	harness_out(OUTSIDE, frame);
	harness_send(OUTSIDE, &back, 0);
	harness_out(INSIDE, frame);
	assert_int_equal(harness_conns(&any, &c, 1), 1);
	assert_int_equal(c.packets[0], over);
	assert_int_equal(c.packets[1], 2);
	assert_int_equal(c.bytes[0], 2 * before.bytes[0]);
	assert_int_equal(c.bytes[1], over - 1 + before.bytes[1]);
	sess_end(h.w, s);
	harness_send(INSIDE, &out, 0); // in the same slot
	harness_out(OUTSIDE, frame);
	assert_int_equal(harness_conns(&any, &c, 1), 1);
	assert_int_equal(c.packets[0], 1);
	assert_int_equal(c.bytes[1], 0);
}

static void open_many(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct flow f = flow(PROTO_UDP, HOST_IN, (uint16_t)(1000 + i), FAR, 53);

		harness_send(INSIDE, &f, 0);
		harness_out(OUTSIDE, frame);
	}
}

// A piece of a walk looks at no more than it may and ends no more than it may; together they are whole.
static void test_pieces(void **state)
{
	static struct dp_conn c[256];
	struct worker_listing l = {
		.conns = any, .what = DP_CONNS_LIST, .out = c, .max = 256, .slots = 100};

	open_many(200);
	assert_false(sess_walk(h.w, &l, 64));
	assert_int_equal(l.cursor, 64);
	assert_true(sess_walk(h.w, &l, 64)); // its share of slots is used up
	assert_false(l.end);
	assert_int_equal(l.n, 100);
	l.max = 150;
	l.slots = 200;
	assert_true(sess_walk(h.w, &l, 200)); // no room for more
	assert_int_equal(l.n, 150);
	assert_false(l.end);
	l = (struct worker_listing){.conns = any,
		.what = DP_CONNS_LIST,
		.out = c,
		.max = 50,
		.slots = 100,
		.cursor = l.cursor};
	assert_true(sess_walk(h.w, &l, 100)); // goes on where that one ended
	assert_true(l.end);
	assert_int_equal(l.n, 50);
}

static void test_end(void **state)
{
	struct worker_listing l = {
		.conns = {.port = {1000, 1149}}, .what = DP_CONNS_END, .slots = 1000};
	struct flow gone = flow(PROTO_UDP, FAR, 53, MAPPED, 1000);
	unsigned int turns = 1;

	open_many(200);
	while (!sess_walk(h.w, &l, 256))
		turns++;
	assert_int_equal(turns, 3); // 64 a turn
	assert_true(l.end);
	assert_int_equal(l.n, 150);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 50);
	assert_int_equal(h.w->sess->most, 200);
	harness_drops(OUTSIDE, &gone, 0, DROP_ACL_DENY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup_large, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_flags),
		TEST(test_flags_reset),
		TEST(test_filters),
		TEST(test_times),
		TEST(test_counts),
		TEST(test_pieces),
		TEST(test_end),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
