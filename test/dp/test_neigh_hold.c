// SPDX-License-Identifier: BSD-3-Clause
// Packets that wait for the MAC of their next hop: dp/neigh_hold.h.
#include "test/dp/harness.h"

#include "dp/route.h"

#define NEW_HOST "209.165.200.240"

static uint8_t frame[FRAME_MAX];

static void neigh(enum dp_msg_type type, const char *address)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = type};

	m.neigh.iface = OUTSIDE;
	m.neigh.ip = ip(address);
	m.neigh.mac[5] = 7;
	neigh_msg(h.w, &m);
	route_flush(h.w);
}

static void sends(const char *dst, uint16_t port)
{
	const struct flow f = flow(PROTO_UDP, HOST_IN, port, dst, 9);

	harness_send(INSIDE, &f, 0);
}

// What leaves next is that of `port`, as if it had never waited.
static void comes_out(const char *dst, uint16_t port)
{
	const struct flow want = flow(PROTO_UDP, MAPPED, port, dst, 9);
	const size_t len = harness_out(OUTSIDE, frame);
	struct flow got;

	assert_true(len > 0);
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
	assert_int_equal(frame[5], 7);
	assert_int_equal(frame[14 + 8], 63); // TTL
	assert_true(frame_sums_ok(frame, len));
}

static void test_first_arrives(void **state)
{
	for (uint16_t port = 1; port <= NEIGH_HELD_EACH + 1; port++)
		sends(NEW_HOST, port);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 1); // of one hop no more wait
	neigh(DP_MSG_NEIGH_SET, "209.165.200.241");
	assert_int_equal(harness_out(OUTSIDE, frame), 0); // another's
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	for (uint16_t port = 1; port <= NEIGH_HELD_EACH; port++)
		comes_out(NEW_HOST, port);
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	assert_int_equal(harness_out(OUTSIDE, frame), 0); // once
	assert_int_equal(h.w->neigh->held, 0);
	sends(NEW_HOST, 1);
	comes_out(NEW_HOST, 1);
}

static void test_too_long(void **state)
{
	sends(NEW_HOST, 1);
	h.now_ns += NEIGH_HOLD_NS / 2;
	sends(NEW_HOST, 2);
	worker_turn(h.w, h.now_ns += NEIGH_HOLD_NS / 2 - 1);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 0);
	worker_turn(h.w, h.now_ns += 1);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 1);
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	comes_out(NEW_HOST, 2);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
}

// A scan of a subnet takes all places that it can, and none of a gateway's.
static void test_scan(void **state)
{
	char text[IP_TEXT_MAX];
	struct rules r;

	harness_rules(&r);
	r.routes[1].dst = net("209.165.0.0/16");
	harness_apply(&r);
	for (unsigned int i = 1; i <= 60; i++) {
		snprintf(text, sizeof(text), "209.165.7.%u", i);
		sends(text, 1);
	}
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 60 - NEIGH_HELD);
	assert_int_equal(rte_mempool_in_use_count(h.pool), NEIGH_HELD);
	neigh(DP_MSG_NEIGH_DEL, HOST_OUT);
	sends(FAR, 2);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 60 - NEIGH_HELD);
	neigh(DP_MSG_NEIGH_SET, HOST_OUT);
	comes_out(FAR, 2);
	worker_turn(h.w, h.now_ns += NEIGH_HOLD_NS);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 60);
	sends(NEW_HOST, 3); // there are places again
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	comes_out(NEW_HOST, 3);
}

// Those of other hops keep their places and their order.
static void test_two_hops(void **state)
{
	sends(NEW_HOST, 1);
	sends("209.165.200.241", 2);
	sends(NEW_HOST, 3);
	sends("209.165.200.241", 4);
	neigh(DP_MSG_NEIGH_SET, "209.165.200.241");
	comes_out("209.165.200.241", 2);
	comes_out("209.165.200.241", 4);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	comes_out(NEW_HOST, 1);
	comes_out(NEW_HOST, 3);
	assert_int_equal(h.w->neigh->held, 0);
}

// What was let in by the rules of its time goes by them; the next is judged by those of its own, though the
// session that both are of has ended.
static void test_rules_change(void **state)
{
	struct rules r;

	sends(NEW_HOST, 1);
	harness_rules(&r);
	r.r.n_nat = 0;
	harness_apply(&r);
	for (unsigned int i = 0; i < 100; i++) // each session is looked at
		worker_turn(h.w, h.now_ns);
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	comes_out(NEW_HOST, 1);
	sends(NEW_HOST, 1);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	assert_int_equal(frame_flow(frame, FRAME_MAX).src.ip.b[15], ip(HOST_IN).b[15]);
}

// A neighbour that goes while somebody waits for it leaves nothing behind.
static void test_neighbour_goes(void **state)
{
	neigh(DP_MSG_NEIGH_SET, NEW_HOST);
	neigh(DP_MSG_NEIGH_DEL, NEW_HOST);
	sends(NEW_HOST, 1);
	neigh(DP_MSG_NEIGH_DEL, NEW_HOST);
	assert_int_equal(h.w->neigh->held, 1);
	worker_turn(h.w, h.now_ns += NEIGH_HOLD_NS);
	assert_int_equal(h.w->neigh->held, 0);
	assert_int_equal(counted(DROP_NEIGH_UNRESOLVED), 1);
	assert_int_equal(rte_mempool_in_use_count(h.pool), 0);
}

// The teardown misses no buffer.
static void test_worker_ends(void **state)
{
	sends(NEW_HOST, 1);
	assert_int_equal(h.w->neigh->held, 1);
	assert_int_equal(rte_mempool_in_use_count(h.pool), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_first_arrives, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_too_long, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_scan, harness_setup_large, harness_teardown),
		cmocka_unit_test_setup_teardown(test_two_hops, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_rules_change, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_neighbour_goes, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_worker_ends, harness_setup, harness_teardown),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
