// SPDX-License-Identifier: BSD-3-Clause
// The way of a packet follows the rules and neighbours of the moment, however often it was taken
// before: dp/route.h.
#include "test/dp/harness.h"

#include "dp/parse.h"
#include "dp/route.h"

static void neigh(uint8_t type, const char *address, uint8_t mac)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = type};

	m.neigh.iface = INSIDE;
	m.neigh.ip = ip(address);
	m.neigh.mac[5] = mac;
	neigh_msg(h.w, &m);
}

// Routes one packet from the outside to `dst` inside. The last octet of the MAC that it leaves with,
// or -1 when it was dropped for `reason`.
static int way(const char *dst, enum dp_counter_id reason)
{
	const struct flow f = flow(PROTO_UDP, FAR, 1000, dst, 2000);
	uint64_t before = reason != PASS ? counted(reason) : 0;
	uint8_t frame[FRAME_MAX];
	struct pkts v = {.n = 1};

	v.m[0] = buffer_of(frame, frame_make(frame, OUTSIDE, &f, 0, 10));
	assert_int_equal(parse_frame(v.m[0], NULL), PASS);
	pkt_of(v.m[0])->iface_in = OUTSIDE;
	worker_turn(h.w, h.now_ns);
	route_stage(h.w, &v);
	route_flush(h.w);
	if (harness_out(INSIDE, frame) == 0) {
		harness_neigh_timeout();
		assert_int_not_equal(reason, PASS);
		assert_int_equal(counted(reason), before + 1);
		return -1;
	}
	assert_true(rte_is_same_ether_addr((void *)(frame + 6), &h.w->mac[INSIDE]));
	assert_int_equal(frame[14 + 8], 63); // TTL
	assert_true(frame_sums_ok(frame, sizeof(struct rte_ether_hdr) + 28 + 10));
	return frame[5];
}

static void test_neighbour(void **state)
{
	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 7);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(way("192.168.10.77", PASS), 7);
	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 8);
	assert_int_equal(way("192.168.10.77", PASS), 8);
	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 8);
	assert_int_equal(way("192.168.10.77", PASS), 8);
	neigh(DP_MSG_NEIGH_DEL, "192.168.10.77", 0);
	assert_int_equal(way("192.168.10.77", DROP_NEIGH_UNRESOLVED), -1);
	assert_int_equal(way("192.168.10.77", DROP_NEIGH_UNRESOLVED), -1);
	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 9);
	assert_int_equal(way("192.168.10.77", PASS), 9);
}

// More destinations than the worker remembers: those that share a place in its memory do not
// share a MAC.
static void test_many(void **state)
{
	char text[IP_TEXT_MAX];

	for (unsigned int lap = 0; lap < 3; lap++) {
		for (unsigned int i = 2; i < 255; i++) {
			snprintf(text, sizeof(text), "192.168.10.%u", i);
			if (lap == 0)
				neigh(DP_MSG_NEIGH_SET, text, (uint8_t)i);
			assert_int_equal(way(text, PASS), (int)i);
		}
	}
}

static void test_rules(void **state)
{
	struct rules r;

	harness_rules(&r);
	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 7);
	neigh(DP_MSG_NEIGH_SET, "192.168.10.78", 8);
	r.routes[0] = (struct dp_route){net("10.0.0.0/8"), ip("192.168.10.77"), INSIDE};
	harness_apply(&r);
	assert_int_equal(way("10.1.2.3", PASS), 7);
	r.routes[0].gateway = ip("192.168.10.78");
	harness_apply(&r);
	assert_int_equal(way("10.1.2.3", PASS), 8);
	r.routes[0].dst = net("11.0.0.0/8");
	harness_apply(&r);
	assert_int_equal(way("10.1.2.3", DROP_ROUTE_NONE), -1);
	r.routes[0] = (struct dp_route){net("10.0.0.0/8"), ip(HOST_OUT), OUTSIDE};
	harness_apply(&r);
	assert_int_equal(way("10.1.2.3", DROP_ROUTE_SAME_IFACE), -1);
}

// What is judged packet by packet is judged for a known way, too.
static void test_judged_each_time(void **state)
{
	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 7);
	assert_int_equal(way("192.168.10.77", PASS), 7);
	h.w->mtu[INSIDE] = 37; // one less than it has
	assert_int_equal(way("192.168.10.77", DROP_MTU_EXCEEDED), -1);
	h.w->mtu[INSIDE] = 38;
	assert_int_equal(way("192.168.10.77", PASS), 7);
}

// What has to leave by one interface does not leave by another.
static void test_iface_out(void **state)
{
	const struct flow f = flow(PROTO_UDP, FAR, 1000, "192.168.10.77", 2000);
	uint8_t frame[FRAME_MAX];

	neigh(DP_MSG_NEIGH_SET, "192.168.10.77", 7);
	for (unsigned int i = 0; i < 3; i++) {
		struct pkts v = {.n = 1};

		v.m[0] = buffer_of(frame, frame_make(frame, OUTSIDE, &f, 0, 10));
		assert_int_equal(parse_frame(v.m[0], NULL), PASS);
		pkt_of(v.m[0])->iface_in = OUTSIDE;
		pkt_of(v.m[0])->iface_out = i == 1 ? OUTSIDE : INSIDE;
		worker_turn(h.w, h.now_ns);
		route_stage(h.w, &v);
		route_flush(h.w);
		assert_int_equal(harness_out(INSIDE, frame) > 0, i != 1);
		assert_int_equal(counted(DROP_ROUTE_NONE), i != 0);
	}
}

// A packet of one session from the inside to FAR: the MAC that it leaves with outside, or -1.
static int sess_way(void)
{
	const struct flow f = flow(PROTO_UDP, HOST_IN, 1000, FAR, 2000);
	uint8_t frame[FRAME_MAX];

	harness_send(INSIDE, &f, 0);
	harness_neigh_timeout();
	return harness_out(OUTSIDE, frame) > 0 ? frame[5] : -1;
}

static void gateway_msg(uint8_t type, const char *gateway, uint8_t mac)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = type};

	m.neigh.iface = OUTSIDE;
	m.neigh.ip = ip(gateway);
	m.neigh.mac[5] = mac;
	neigh_msg(h.w, &m);
}

#define GATEWAY_2 "209.165.200.250"

// What a session remembers of its way follows neighbours and routes, too.
static void test_session(void **state)
{
	struct rules r;

	gateway_msg(DP_MSG_NEIGH_SET, HOST_OUT, 7);
	assert_int_equal(sess_way(), 7);
	gateway_msg(DP_MSG_NEIGH_SET, HOST_OUT, 8);
	assert_int_equal(sess_way(), 8);
	// Nobody knows whose the number of the one that went will be.
	gateway_msg(DP_MSG_NEIGH_DEL, HOST_OUT, 0);
	gateway_msg(DP_MSG_NEIGH_SET, GATEWAY_2, 9);
	assert_int_equal(sess_way(), -1);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 1);
	gateway_msg(DP_MSG_NEIGH_SET, HOST_OUT, 7);
	assert_int_equal(sess_way(), 7);
	harness_rules(&r);
	for (size_t i = 0; i < r.r.n_routes; i++)
		if (ip_is(&r.routes[i].gateway, HOST_OUT))
			r.routes[i].gateway = ip(GATEWAY_2);
	harness_apply(&r);
	assert_int_equal(sess_way(), 9);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
}

// The number that says whether the way still holds comes round after 65536 neighbours that went, but not
// while a session sleeps: the ager looks at all of them every second.
static void test_session_sleeps(void **state)
{
	gateway_msg(DP_MSG_NEIGH_SET, HOST_OUT, 7);
	assert_int_equal(sess_way(), 7);
	gateway_msg(DP_MSG_NEIGH_DEL, HOST_OUT, 0);
	gateway_msg(DP_MSG_NEIGH_SET, GATEWAY_2, 9);
	harness_wait_s(2);
	for (unsigned int i = 1; i < 65536; i++) {
		gateway_msg(DP_MSG_NEIGH_SET, FAR, 1);
		gateway_msg(DP_MSG_NEIGH_DEL, FAR, 1);
	}
	assert_int_equal(sess_way(), -1);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_neighbour, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_many, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_rules, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_judged_each_time, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_session, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_session_sleeps, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_iface_out, harness_setup, harness_teardown),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
