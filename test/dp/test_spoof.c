// SPDX-License-Identifier: BSD-3-Clause
// Sources that somebody made up: dp/spoof.h, by workers with real packets.
#include "test/dp/harness.h"

#include "dp/dp_state.h"
#include "dp/spoof.h"

#define SYN 2
#define L3  14

static struct rules rules;

static int up(void **state)
{
	harness_up(64);
	harness_rules(&rules);
	return 0;
}

static int down(void **state)
{
	harness_down();
	return 0;
}

static enum dp_counter_id judge(uint16_t in, const char *src)
{
	const struct ip_addr from = ip(src);
	int route;

	return spoof_judge(snapshot_root.current, in, &from, &route);
}

// By bogons off, on and strict; the default route leads outside.
static const struct {
	uint16_t in;
	const char *src;
	enum dp_counter_id reason[3];
} sources[] = {
	{OUTSIDE, FAR, {PASS, PASS, DROP_IP_BOGON}}, // a documentation network
	{OUTSIDE, "8.8.8.8", {PASS, PASS, PASS}},
	{OUTSIDE, HOST_OUT, {PASS, PASS, PASS}},
	// Ours, on whichever side.
	{OUTSIDE, FW_OUT, {DROP_IP_SPOOFED, DROP_IP_SPOOFED, DROP_IP_SPOOFED}},
	{OUTSIDE, FW_IN, {DROP_IP_SPOOFED, DROP_IP_SPOOFED, DROP_IP_SPOOFED}},
	{INSIDE, FW_OUT, {DROP_IP_SPOOFED, DROP_IP_SPOOFED, DROP_IP_SPOOFED}},
	{OUTSIDE, MAPPED, {DROP_IP_SPOOFED, DROP_IP_SPOOFED, DROP_IP_SPOOFED}},
	{OUTSIDE, "209.165.200.229", {DROP_IP_SPOOFED, DROP_IP_SPOOFED, DROP_IP_SPOOFED}},
	// The broadcast addresses of both subnets, on both sides.
	{OUTSIDE, "209.165.200.255", {DROP_IP_SOURCE, DROP_IP_SOURCE, DROP_IP_SOURCE}},
	{INSIDE, "209.165.200.255", {DROP_IP_SOURCE, DROP_IP_SOURCE, DROP_IP_SOURCE}},
	{INSIDE, "192.168.10.255", {DROP_IP_SOURCE, DROP_IP_SOURCE, DROP_IP_SOURCE}},
	{OUTSIDE, "192.168.10.255", {DROP_IP_SOURCE, DROP_IP_SOURCE, DROP_IP_SOURCE}},
	// Behind another interface.
	{OUTSIDE, HOST_IN, {DROP_REVERSE_PATH, DROP_REVERSE_PATH, DROP_IP_BOGON}},
	{INSIDE, FAR, {DROP_REVERSE_PATH, DROP_REVERSE_PATH, DROP_IP_BOGON}},
	{INSIDE, HOST_OUT, {DROP_REVERSE_PATH, DROP_REVERSE_PATH, DROP_REVERSE_PATH}},
	// The edges of what is nobody's.
	{OUTSIDE, "169.253.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "169.254.0.0", {PASS, DROP_IP_BOGON, DROP_IP_BOGON}},
	{OUTSIDE, "169.254.255.255", {PASS, DROP_IP_BOGON, DROP_IP_BOGON}},
	{OUTSIDE, "169.255.0.0", {PASS, PASS, PASS}},
	{OUTSIDE, "191.255.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "192.0.0.0", {PASS, DROP_IP_BOGON, DROP_IP_BOGON}},
	{OUTSIDE, "192.0.0.255", {PASS, DROP_IP_BOGON, DROP_IP_BOGON}},
	{OUTSIDE, "192.0.1.0", {PASS, PASS, PASS}},
	{OUTSIDE, "9.255.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "10.0.0.0", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "10.255.255.255", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "11.0.0.0", {PASS, PASS, PASS}},
	{OUTSIDE, "100.63.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "100.64.0.0", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "100.127.255.255", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "100.128.0.0", {PASS, PASS, PASS}},
	{OUTSIDE, "172.15.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "172.16.0.0", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "172.31.255.255", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "172.32.0.0", {PASS, PASS, PASS}},
	{OUTSIDE, "192.0.2.9", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "192.167.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "192.168.0.0", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "192.169.0.0", {PASS, PASS, PASS}},
	{OUTSIDE, "198.17.255.255", {PASS, PASS, PASS}},
	{OUTSIDE, "198.19.255.255", {PASS, PASS, DROP_IP_BOGON}},
	{OUTSIDE, "198.20.0.0", {PASS, PASS, PASS}},
	{OUTSIDE, "203.0.113.1", {PASS, PASS, DROP_IP_BOGON}},
	// The interface's own subnet is private, and right.
	{INSIDE, HOST_IN, {PASS, PASS, PASS}},
};

static void test_sources(void **state)
{
	for (uint8_t bogons = DP_BOGONS_OFF; bogons <= DP_BOGONS_STRICT; bogons++) {
		rules.ifaces[OUTSIDE].bogons = rules.ifaces[INSIDE].bogons = bogons;
		harness_apply(&rules);
		for (size_t i = 0; i < RTE_DIM(sources); i++) {
			enum dp_counter_id got = judge(sources[i].in, sources[i].src);

			if (got != sources[i].reason[bogons])
				fail_msg("%s, bogons %u: %d", sources[i].src, bogons, got);
		}
	}
}

// Whatever the interface is told to believe, these are nobody's: parse refuses them.
static void test_no_host(void **state)
{
	static const char *const never[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255",
		"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"};

	for (uint16_t in = 0; in < HARNESS_IFACES; in++) {
		rules.ifaces[in].bogons = DP_BOGONS_OFF;
		rules.ifaces[in].verify_reverse_path = false;
	}
	harness_apply(&rules);
	for (size_t i = 0; i < RTE_DIM(never); i++) {
		const struct flow in = flow(PROTO_UDP, never[i], 7000, MAPPED, 4000);
		const struct flow out = flow(PROTO_UDP, never[i], 7000, FAR, 4000);

		harness_drops(OUTSIDE, &in, 0, DROP_IP_SOURCE);
		harness_drops(INSIDE, &out, 0, DROP_IP_SOURCE);
	}
}

// RFC 3021: neither address of a /31 is the network's, or for all.
static void test_point_to_point(void **state)
{
	rules.ifaces[OUTSIDE].subnet = net("209.165.200.254/31");
	harness_apply(&rules);
	assert_int_equal(judge(OUTSIDE, "209.165.200.255"), PASS);
}

// The longest prefix that covers the source decides; off, nobody asks.
static void test_reverse_path(void **state)
{
	struct dp_route routes[4];

	memcpy(routes, rules.routes, sizeof(rules.routes));
	routes[3] = (struct dp_route){net("198.51.100.0/28"), ip(HOST_IN), INSIDE};
	rules.r.routes = routes;
	rules.r.n_routes = 4;
	harness_apply(&rules);
	assert_int_equal(judge(INSIDE, FAR), PASS);
	assert_int_equal(judge(OUTSIDE, FAR), DROP_REVERSE_PATH);
	assert_int_equal(judge(OUTSIDE, "198.51.100.16"), PASS);
	assert_int_equal(judge(INSIDE, "198.51.100.16"), DROP_REVERSE_PATH);
	rules.ifaces[INSIDE].verify_reverse_path = false;
	harness_apply(&rules);
	assert_int_equal(judge(INSIDE, "198.51.100.16"), PASS);
	assert_int_equal(judge(OUTSIDE, FAR), DROP_REVERSE_PATH);
	// Without a default route nobody knows where the source is.
	rules.r.routes = &routes[1];
	rules.r.n_routes = 3;
	harness_apply(&rules);
	assert_int_equal(judge(OUTSIDE, "198.51.100.16"), DROP_REVERSE_PATH);
	assert_int_equal(judge(OUTSIDE, HOST_OUT), PASS);
}

// A host whose address a rule leaves as it is, wherever it goes.
static void test_identity(void **state)
{
	rules.nat[0].mapped = rules.nat[0].real;
	rules.nat[0].mapped_if = NAT_IFACE_ANY;
	harness_apply(&rules);
	assert_int_equal(judge(INSIDE, HOST_IN), PASS);
	assert_int_equal(judge(OUTSIDE, HOST_IN), DROP_REVERSE_PATH);
}

static void test_packets(void **state)
{
	const struct flow lie = flow(PROTO_UDP, FAR, 7000, "209.165.200.240", 53);
	const struct flow link = flow(PROTO_UDP, "169.254.9.9", 7000, MAPPED, 4000);
	const struct flow good = flow(PROTO_UDP, FAR, 7000, MAPPED, 4000);
	uint8_t frame[FRAME_MAX];

	harness_drops(INSIDE, &lie, 0, DROP_REVERSE_PATH);
	harness_drops(OUTSIDE, &link, 0, DROP_IP_BOGON);
	harness_send(OUTSIDE, &good, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
}

// Established flows pay nothing, because their sessions know the interface: what comes by another one
// is none of theirs, and is judged.
static void test_session(void **state)
{
	const struct flow in = flow(PROTO_TCP, FAR, 7000, MAPPED, 5070);
	const struct sess *s = h.w->sess->slots;
	uint8_t frame[FRAME_MAX];
	struct sess before;

	harness_send(OUTSIDE, &in, SYN);
	assert_true(harness_out(INSIDE, frame) > 0);
	before = *s;
	harness_drops(INSIDE, &in, SYN, DROP_REVERSE_PATH);
	assert_memory_equal(s, &before, sizeof(before));
	// The source moves behind another interface: its session ends.
	rules.routes[0].iface = INSIDE;
	rules.routes[0].gateway = ip(HOST_IN);
	harness_apply(&rules);
	harness_drops(OUTSIDE, &in, SYN, DROP_REVERSE_PATH);
	assert_int_equal(h.w->sess->n_free, h.w->sess->max);
}

// Errors belong to a session, and anybody could have made them.
static void error_from(uint16_t in, const char *from, const char *to, const uint8_t *quoted)
{
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m = buffer_of(frame, frame_error(frame, in, from, to, quoted, 28));

	harness_in(in, &m, 1);
}

static void test_errors(void **state)
{
	const struct flow out = flow(PROTO_UDP, HOST_IN, 7000, FAR, 53);
	static const struct {
		const char *from;
		enum dp_counter_id reason;
	} t[] = {
		{"169.254.1.1", DROP_IP_BOGON},
		{FW_OUT, DROP_IP_SPOOFED},
		{HOST_IN, DROP_REVERSE_PATH},
		{"209.165.200.255", DROP_IP_SOURCE},
	};
	uint8_t sent[FRAME_MAX], frame[FRAME_MAX];

	harness_send(INSIDE, &out, 0);
	assert_true(harness_out(OUTSIDE, sent) > 0);
	for (size_t i = 0; i < RTE_DIM(t); i++) {
		error_from(OUTSIDE, t[i].from, MAPPED, sent + L3);
		assert_int_equal(counted(t[i].reason), 1);
		assert_int_equal(harness_out(INSIDE, frame), 0);
	}
	error_from(OUTSIDE, "203.0.113.77", MAPPED, sent + L3); // a router on the way
	assert_true(harness_out(INSIDE, frame) > 0);
}

// What the control plane has heard of; `last` is the last of it.
static unsigned int told(struct dp_msg_spoof *last)
{
	unsigned int n = 0;
	struct dp_msg m;

	while (rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)) == 0) {
		if (m.type != DP_MSG_SPOOF)
			continue;
		*last = m.spoof;
		n++;
	}
	return n;
}

// `show ip verify statistics`: packets that fail the check, flows' and errors', by interface, and no others.
// Of each interface and kind one is told a second.
static void test_counted(void **state)
{
	const struct flow out = flow(PROTO_UDP, HOST_IN, 7000, FAR, 53);
	const struct flow in = flow(PROTO_TCP, HOST_IN, 7000, MAPPED, 5070);
	const struct flow lie = flow(PROTO_UDP, FAR, 7000, "209.165.200.240", 53);
	uint8_t sent[FRAME_MAX];
	struct dp_msg_spoof last;

	dp_state.n_workers = 1;
	dp_state.worker[0] = h.w;
	harness_send(INSIDE, &out, 0);
	assert_true(harness_out(OUTSIDE, sent) > 0);
	error_from(OUTSIDE, "169.254.1.1", MAPPED, sent + L3); // IP_BOGON
	assert_int_equal(told(&last), 0);
	for (unsigned int i = 0; i < 3; i++)
		error_from(OUTSIDE, FW_OUT, MAPPED, sent + L3); // IP_SPOOFED
	assert_int_equal(dp_rpf_drops(OUTSIDE), 0);
	assert_int_equal(told(&last), 1);
	assert_int_equal(last.what, DP_SPOOF_OWN);
	assert_true(ip_is(&last.src, FW_OUT));

	for (unsigned int i = 0; i < 3; i++)
		harness_drops(OUTSIDE, &in, SYN, DROP_REVERSE_PATH);
	error_from(OUTSIDE, HOST_IN, MAPPED, sent + L3);
	assert_int_equal(dp_rpf_drops(OUTSIDE), 4);
	assert_int_equal(dp_rpf_drops(INSIDE), 0);
	assert_int_equal(told(&last), 1); // the other kind does not hide it
	assert_int_equal(last.what, DP_SPOOF_REVERSE_PATH);
	assert_int_equal(last.iface, OUTSIDE);
	assert_int_equal(last.proto, PROTO_TCP);
	assert_true(ip_is(&last.src, HOST_IN) && ip_is(&last.dst, MAPPED));
	harness_drops(INSIDE, &lie, 0, DROP_REVERSE_PATH);
	assert_int_equal(told(&last), 1); // another interface
	assert_int_equal(last.iface, INSIDE);
	harness_wait_s(1);
	error_from(OUTSIDE, HOST_IN, MAPPED, sent + L3);
	assert_int_equal(told(&last), 1);
	assert_int_equal(last.proto, PROTO_ICMP);

	dp_rpf_drops_clear(OUTSIDE);
	assert_int_equal(dp_rpf_drops(OUTSIDE), 0);
	assert_int_equal(dp_rpf_drops(INSIDE), 1);
	assert_int_equal(dp_rpf_drops(DP_IFACES_MAX), 0);
	dp_state = (struct dp_state){0};
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sources),
		TEST(test_no_host),
		TEST(test_point_to_point),
		TEST(test_reverse_path),
		TEST(test_identity),
		TEST(test_packets),
		TEST(test_session),
		TEST(test_errors),
		TEST(test_counted),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
