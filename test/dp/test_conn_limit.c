// SPDX-License-Identifier: BSD-3-Clause
// Limits of flows by host, through all stages: `set connection` of a class, of one worker and of several;
// half-open connections are counted as they come, come up and go.
#include "test/dp/harness.h"

#include "dp/conn_limit.h"
#include "dp/dp_state.h"

#define SYN 0x02
#define ACK 0x10
#define RST 0x04

#define SERVED 0x1001u                       // ids
#define OTHERS (SERVED + CONN_LIMIT_CLASSES) // which begins to look at the same place

static uint8_t frame[FRAME_MAX];
static struct rules rules;
static struct dp_limit_class classes[2];

// Flows to HOST_IN are of the first class, the others of the second.
static void limits_apply(const struct dp_conn_limits *served, const struct dp_conn_limits *others)
{
	harness_rules(&rules);
	classes[0] = (struct dp_limit_class){.id = SERVED, .acl = 0, .max = *served};
	classes[1] = (struct dp_limit_class){.id = OTHERS, .acl = -1, .max = *others};
	rules.r.limits = classes;
	rules.r.n_limits = 2;
	harness_apply(&rules);
}

static bool passes(uint16_t in, const struct flow *f, uint8_t flags)
{
	harness_send(in, f, flags);
	return harness_out(!in, frame) > 0;
}

static struct flow from(const char *client, uint16_t port)
{
	return flow(PROTO_TCP, client, port, MAPPED, 5070);
}

static void comes_up(const char *client, uint16_t port)
{
	struct flow in = from(client, port);
	struct flow back = flow(PROTO_TCP, HOST_IN, 5070, client, port);

	assert_true(passes(INSIDE, &back, SYN | ACK));
	assert_true(passes(OUTSIDE, &in, ACK));
}

static const char *client_at(unsigned int i)
{
	static char text[IP_TEXT_MAX];

	snprintf(text, sizeof(text), "198.51.100.%u", 10 + i);
	return text;
}

// What the control plane heard of last.
static struct dp_msg_limit told(void)
{
	struct dp_msg m = {0};

	while (rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)) == 0)
		;
	assert_int_equal(m.type, DP_MSG_CONN_LIMIT);
	return m.limit;
}

// Half-open connections to a host beyond the limit are refused; those that come up make room, and so do
// those that time out or are refused by the host.
static void test_target(void **state)
{
	const struct dp_conn_limits max = {.embryonic = 3}, none = {0};
	struct flow f, back;

	limits_apply(&max, &none);
	for (unsigned int i = 0; i < 3; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
		assert_true(passes(OUTSIDE, &f, SYN)); // again: it counts once
	}
	f = from(client_at(3), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	assert_int_equal(told().what, DP_LIMIT_EMBRYONIC);
	comes_up(client_at(0), 1000);
	assert_true(passes(OUTSIDE, &f, SYN));
	f = from(client_at(4), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	back = flow(PROTO_TCP, HOST_IN, 5070, client_at(1), 1000);
	assert_true(passes(INSIDE, &back, RST | ACK)); // refused by the host
	assert_true(passes(OUTSIDE, &f, SYN));
	f = from(client_at(5), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	assert_int_equal(h.w->sess->half_open, 3);
	harness_wait_s(31);
	assert_int_equal(h.w->sess->half_open, 0);
	assert_true(passes(OUTSIDE, &f, SYN));
}

// One host's half-open connections, and nobody else's.
static void test_client(void **state)
{
	const struct dp_conn_limits max = {.client_embryonic = 2}, none = {0};
	struct dp_msg_limit t;
	struct flow f;

	limits_apply(&max, &none);
	for (uint16_t i = 0; i < 2; i++) {
		f = from(FAR, 1000 + i);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	f = from(FAR, 1002);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_CLIENT);
	t = told();
	assert_int_equal(t.what, DP_LIMIT_CLIENT_EMBRYONIC);
	assert_int_equal(t.max, 2);
	assert_int_equal(t.iface, OUTSIDE);
	assert_true(ip_is(&t.client.ip, FAR) && t.client.port == 1002);
	assert_true(ip_is(&t.target.ip, HOST_IN) && t.target.port == 5070);
	f = from(client_at(0), 1000);
	assert_true(passes(OUTSIDE, &f, SYN));
	f = flow(PROTO_TCP, HOST_IN, 1000, FAR, 80); // of the other class
	assert_true(passes(INSIDE, &f, SYN));
}

// conn-max and per-client-max hold whatever the state, and count UDP.
static void test_conns(void **state)
{
	const struct dp_conn_limits max = {.conns = 4, .client_conns = 2}, none = {0};
	struct flow f, udp = flow(PROTO_UDP, FAR, 9, MAPPED, 4000);

	limits_apply(&max, &none);
	f = from(FAR, 1000);
	assert_true(passes(OUTSIDE, &f, SYN));
	comes_up(FAR, 1000);
	assert_true(passes(OUTSIDE, &udp, 0));
	f = from(FAR, 1001);
	harness_drops(OUTSIDE, &f, SYN, DROP_CONN_CLIENT);
	for (unsigned int i = 0; i < 2; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
		comes_up(client_at(i), 1000);
	}
	f = from(client_at(2), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_CONN_LIMIT);
	assert_true(passes(OUTSIDE, &udp, 0)); // what is there goes on
	f = flow(PROTO_UDP, client_at(2), 9, MAPPED, 4000);
	harness_drops(OUTSIDE, &f, 0, DROP_CONN_LIMIT);
	harness_wait_s(200); // UDP has timed out
	assert_true(passes(OUTSIDE, &f, 0));
}

// Limits that are lowered or taken away while sessions live: what they took they give back.
static void test_new_rules(void **state)
{
	const struct dp_conn_limits wide = {.embryonic = 100, .client_conns = 100}, none = {0};
	const struct dp_conn_limits tight = {.embryonic = 1};
	struct flow f;

	limits_apply(&wide, &wide);
	for (unsigned int i = 0; i < 5; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	limits_apply(&tight, &none);
	f = from(client_at(7), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	limits_apply(&none, &none);
	assert_true(passes(OUTSIDE, &f, SYN)); // not counted
	harness_wait_s(40);
	for (unsigned int i = 0; i < CONN_LIMIT_PLACES; i++) {
		assert_int_equal(h.w->conn_limits->target[i].conns, 0);
		assert_int_equal(h.w->conn_limits->target[i].embryonic, 0);
		assert_int_equal(h.w->conn_limits->client[i].conns, 0);
		assert_int_equal(h.w->conn_limits->client[i].embryonic, 0);
	}
}

// No more than so many connections to a host may begin in a second, whatever becomes of them: as many at once,
// then one whenever its time has come. What is there, and other hosts, are not concerned.
static void test_rate(void **state)
{
	const struct dp_conn_limits max = {.embryonic_rate = 10}, none = {0};
	struct flow f, up = from(FAR, 1), back, other = flow(PROTO_TCP, HOST_IN, 1000, FAR, 80);
	struct flow udp = flow(PROTO_UDP, FAR, 9, MAPPED, 4000);
	struct dp_msg_limit t;

	limits_apply(&max, &none);
	assert_true(passes(OUTSIDE, &up, SYN));
	comes_up(FAR, 1);
	for (unsigned int i = 0; i < 9; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
		assert_true(passes(OUTSIDE, &f, SYN)); // again: it counts once
		back = flow(PROTO_TCP, HOST_IN, 5070, client_at(i), 1000);
		assert_true(passes(INSIDE, &back, RST | ACK)); // it takes its room along
	}
	f = from(client_at(9), 1000);
	for (unsigned int i = 0; i < 3; i++) // who is refused costs nothing
		harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_RATE);
	t = told();
	assert_int_equal(t.what, DP_LIMIT_EMBRYONIC_RATE);
	assert_int_equal(t.max, 10);
	assert_true(passes(OUTSIDE, &up, ACK));
	assert_true(passes(OUTSIDE, &udp, 0));
	assert_true(passes(INSIDE, &other, SYN)); // of the other class
	h.now_ns += 100000000;
	assert_true(passes(OUTSIDE, &f, SYN));
	f = from(client_at(10), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_RATE);
	harness_wait_s(20); // it saves up a second's, no more
	for (unsigned int i = 0; i < 10; i++) {
		f = from(client_at(i), 2000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	f = from(client_at(10), 2000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_RATE);
	limits_apply(&none, &none);
	assert_true(passes(OUTSIDE, &f, SYN));
}

// Each host has a rate of its own.
static void test_rate_by_host(void **state)
{
	const struct dp_conn_limits max = {.embryonic_rate = 1};
	struct flow f = flow(PROTO_TCP, HOST_IN, 1000, FAR, 80);

	limits_apply(&max, &max);
	assert_true(passes(INSIDE, &f, SYN));
	f.src.port = 1001;
	harness_drops(INSIDE, &f, SYN, DROP_EMBRYONIC_RATE);
	for (unsigned int i = 0; i < 20; i++) {
		f = flow(PROTO_TCP, HOST_IN, 2000, client_at(i), 80);
		assert_true(passes(INSIDE, &f, SYN));
	}
}

// No more than so many half-open connections in all, to whomever: there is room for flows of others. Each
// interface keeps a share: half of all, divided among them.
static void test_all(void **state)
{
	const struct dp_conn_limits none = {0};
	struct flow f, udp = flow(PROTO_UDP, HOST_IN, 9, FAR, 53);
	struct dp_msg_limit t;

	limits_apply(&none, &none);
	rules.r.half_open_max = 20;
	harness_apply(&rules);
	for (unsigned int i = 0; i < 15; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	f = from(client_at(15), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_FULL);
	t = told();
	assert_int_equal(t.what, DP_LIMIT_ALL_EMBRYONIC);
	assert_int_equal(t.max, 15);
	for (uint16_t i = 0; i < 5; i++) {
		f = flow(PROTO_TCP, HOST_IN, 1000 + i, FAR, 80);
		assert_true(passes(INSIDE, &f, SYN));
	}
	f = flow(PROTO_TCP, HOST_IN, 2000, FAR, 80);
	harness_drops(INSIDE, &f, SYN, DROP_EMBRYONIC_FULL);
	assert_int_equal(h.w->sess->half_open, 20);
	assert_true(passes(INSIDE, &udp, 0));
	f = flow(PROTO_TCP, FAR, 80, MAPPED, 1000);
	assert_true(passes(
		OUTSIDE, &f, SYN | ACK)); // one of inside comes up, and makes room there alone
	f = flow(PROTO_TCP, HOST_IN, 1000, FAR, 80);
	assert_true(passes(INSIDE, &f, ACK));
	f = from(client_at(15), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_FULL);
	f = flow(PROTO_TCP, HOST_IN, 2000, FAR, 80);
	assert_true(passes(INSIDE, &f, SYN));
}

// An interface that has half of all makes room in seconds, so that a few SYNs a second do not keep it shut; what
// came in on another has its time.
static void test_all_crowd(void **state)
{
	const struct dp_conn_limits none = {0};
	struct flow f = flow(PROTO_TCP, HOST_IN, 1000, FAR, 80);

	limits_apply(&none, &none);
	rules.r.half_open_max = 20;
	harness_apply(&rules);
	assert_true(passes(INSIDE, &f, SYN));
	for (unsigned int i = 0; i < 15; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	harness_wait_s(4);
	assert_int_equal(h.w->sess->half_open_in[OUTSIDE], 10);
	assert_int_equal(h.w->sess->half_open_in[INSIDE], 1);
	harness_wait_s(30);
	assert_int_equal(h.w->sess->half_open_in[OUTSIDE], 0);
	assert_int_equal(h.w->sess->half_open_in[INSIDE], 0);
}

// Two that are flooded at once have half each, and make room as well.
static void test_all_crowd_of_two(void **state)
{
	const struct dp_conn_limits none = {0};
	struct flow f;

	limits_apply(&none, &none);
	rules.r.half_open_max = 20;
	harness_apply(&rules);
	for (uint16_t i = 0; i < 10; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
		f = flow(PROTO_TCP, HOST_IN, 1000 + i, FAR, 80);
		assert_true(passes(INSIDE, &f, SYN));
	}
	harness_wait_s(4);
	assert_int_equal(h.w->sess->half_open, 15);
}

// A host that is flooded: what nobody completes makes room in seconds, so that a few SYNs a second do not
// keep others out. A host that is not keeps its half-open connections for the time that is set.
static void test_crowd(void **state)
{
	const struct dp_conn_limits max = {.embryonic = 8}, none = {0};
	struct flow f;

	limits_apply(&max, &none);
	for (unsigned int i = 0; i < 4; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	harness_wait_s(5);
	assert_int_equal(h.w->sess->half_open, 4);
	harness_wait_s(30);
	assert_int_equal(h.w->sess->half_open, 0);
	for (unsigned int i = 0; i < 8; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	f = from(client_at(8), 1000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	harness_wait_s(4);
	assert_int_equal(h.w->sess->half_open, 4);
	assert_true(passes(OUTSIDE, &f, SYN));
}

static void assert_class(
	uint32_t id, uint32_t conns, uint32_t embryonic, uint64_t by_conns, uint64_t by_embryonic)
{
	struct dp_limit_stats s;

	dp_limit_stats(id, &s);
	assert_int_equal(s.conns, conns);
	assert_int_equal(s.embryonic, embryonic);
	assert_int_equal(s.drops[DP_LIMIT_CONNS], by_conns);
	assert_int_equal(s.drops[DP_LIMIT_EMBRYONIC], by_embryonic);
	assert_int_equal(s.drops[DP_LIMIT_CLIENT_CONNS], 0);
	assert_int_equal(s.drops[DP_LIMIT_CLIENT_EMBRYONIC], 0);
}

// `show service-policy`: what each class has now, and which of its limits refused how many, whatever place in
// the policy the class has moved to.
static void test_classes(void **state)
{
	const struct dp_conn_limits max = {.conns = 3, .embryonic = 2}, others = {.embryonic = 100};
	struct flow f, out = flow(PROTO_TCP, HOST_IN, 1000, FAR, 80);

	dp_state.n_workers = 1;
	dp_state.worker[0] = h.w;
	limits_apply(&max, &others);
	assert_true(passes(INSIDE, &out, SYN));
	for (unsigned int i = 0; i < 3; i++) {
		f = from(client_at(i), 1000);
		assert_true(passes(OUTSIDE, &f, SYN));
		comes_up(client_at(i), 1000);
	}
	assert_class(SERVED, 3, 0, 0, 0);
	assert_class(OTHERS, 1, 1, 0, 0);
	f = from(client_at(3), 1000);
	for (unsigned int i = 0; i < 4; i++)
		harness_drops(OUTSIDE, &f, SYN, DROP_CONN_LIMIT);
	assert_class(SERVED, 3, 0, 4, 0);

	classes[1] = classes[0];
	classes[0] = (struct dp_limit_class){.id = 7, .acl = 1};
	harness_apply(&rules);
	assert_class(SERVED, 3, 0, 4, 0);
	assert_class(7, 0, 0, 0, 0);
	dp_limit_clear(SERVED);
	assert_class(SERVED, 3, 0, 0, 0);
	harness_drops(OUTSIDE, &f, SYN, DROP_CONN_LIMIT);
	assert_class(SERVED, 3, 0, 1, 0);
	harness_wait_s(4000);
	assert_class(SERVED, 0, 0, 1, 0);
	assert_class(OTHERS, 0, 0, 0, 0);

	for (unsigned int i = 0; i < 2; i++) {
		f = from(client_at(i), 2000);
		assert_true(passes(OUTSIDE, &f, SYN));
	}
	f = from(client_at(3), 2000);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	assert_class(SERVED, 2, 2, 1, 1);
	dp_state = (struct dp_state){0};
}

// More classes than there is room to count: their limits hold all the same.
static void test_uncounted(void **state)
{
	const struct dp_conn_limits max = {.embryonic = 1}, none = {0};
	struct flow f = from(FAR, 1);

	for (unsigned int i = 0; i < CONN_LIMIT_CLASSES; i++)
		h.w->conn_limits->classes[i].id = 1000000 + i;
	limits_apply(&max, &none);
	assert_true(passes(OUTSIDE, &f, SYN));
	f = from(FAR, 2);
	harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_LIMIT);
	harness_wait_s(40);
	assert_true(passes(OUTSIDE, &f, SYN));
	for (unsigned int i = 0; i < CONN_LIMIT_CLASSES; i++) {
		const struct conn_limit_class *c = &h.w->conn_limits->classes[i];

		assert_true(c->id == 1000000 + i && c->conns == 0 && c->embryonic == 0);
	}
}

// The control plane hears once a second, however many are refused.
static void test_told_once(void **state)
{
	const struct dp_conn_limits max = {.client_embryonic = 1}, none = {0};
	struct flow f = from(FAR, 1);
	struct dp_msg m;

	limits_apply(&max, &none);
	assert_true(passes(OUTSIDE, &f, SYN));
	for (uint16_t i = 2; i < 50; i++) {
		f = from(FAR, i);
		harness_drops(OUTSIDE, &f, SYN, DROP_EMBRYONIC_CLIENT);
	}
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_int_not_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
}

// A box's limit is each worker's share; what rounding leaves is one at least.
static void test_shares(void **state)
{
	const struct dp_conn_limits max = {.embryonic = 8}, none = {0};
	unsigned int passed = 0;

	harness_down();
	harness_up_many(4, 256);
	limits_apply(&max, &none);
	for (unsigned int i = 0; i < 40; i++) {
		struct flow f = from(client_at(i), 1000);

		passed += passes(OUTSIDE, &f, SYN);
	}
	assert_int_equal(passed, 2); // h.w takes them all here
	limits_apply(&(struct dp_conn_limits){.embryonic = 3}, &none);
	harness_wait_s(40);
	passed = 0;
	for (unsigned int i = 0; i < 10; i++) {
		struct flow f = from(client_at(i), 1000);

		passed += passes(OUTSIDE, &f, SYN);
	}
	assert_int_equal(passed, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup_large, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_target),
		TEST(test_client),
		TEST(test_conns),
		TEST(test_new_rules),
		TEST(test_rate),
		TEST(test_rate_by_host),
		TEST(test_all),
		TEST(test_all_crowd),
		TEST(test_all_crowd_of_two),
		TEST(test_crowd),
		TEST(test_classes),
		TEST(test_uncounted),
		TEST(test_told_once),
		TEST(test_shares),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
