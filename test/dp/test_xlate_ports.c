// SPDX-License-Identifier: BSD-3-Clause
// The choice of ports of dynamic translations, against a naive oracle, and what happens when they are used
// up. RFC 4787 REQ-1 to REQ-4.
#include "test/dp/xlate_steps.h"

#define HOSTS 6
#define PORTS 40
#define STEPS 60000

// Every pair of endpoint and protocol, and what the oracle knows of it.
static struct known {
	uint32_t xlate, refs;
	struct endpoint mapped;
} known[XLATE_PROTOS][HOSTS][PORTS];

static struct endpoint inside(unsigned int host, unsigned int port)
{
	struct endpoint e = {ip(OTHER), (uint16_t)(port % 2 ? 20000 + port : 1000 + port)};

	e.ip.b[15] = (uint8_t)(e.ip.b[15] + host);
	return e;
}

// That no two live ones share, by looking at all of them.
static void assert_alone(unsigned int proto, const struct known *k)
{
	for (unsigned int host = 0; host < HOSTS; host++)
		for (unsigned int port = 0; port < PORTS; port++) {
			const struct known *o = &known[proto][host][port];

			assert_true(o == k || o->refs == 0 || !endpoint_eq(&o->mapped, &k->mapped));
		}
}

static void oracle_take(unsigned int p, unsigned int host, unsigned int port)
{
	struct known *k = &known[p][host][port];
	struct endpoint real = inside(host, port);
	uint32_t x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, protos[p], &real);
	const struct endpoint *mapped;

	assert_int_not_equal(x, 0);
	mapped = &xlate_at(h.w, x)->mapped;
	assert_int_equal(xlate_at(h.w, x)->refs, k->refs + 1);
	if (k->refs > 0) {
		assert_int_equal(x, k->xlate);
		assert_true(endpoint_eq(mapped, &k->mapped));
	}
	*k = (struct known){x, k->refs + 1, *mapped};
	assert_true(nat_pool_has(&rules.nat[1].pool, &mapped->ip));
	assert_true(mapped->port >= NAT_PAT_PORT_MIN);
	assert_int_equal(steer_port_owner(mapped->port, h.n_workers), h.w->id);
	assert_int_equal(mapped->port % 2, real.port % 2);
	for (unsigned int i = 0; i < PORTS; i++) // paired
		for (unsigned int q = 0; q < XLATE_PROTOS; q++)
			assert_true(known[q][host][i].refs == 0 ||
				ip_eq(&known[q][host][i].mapped.ip, &mapped->ip));
	assert_alone(p, k);
}

static void test_oracle(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(11);
	for (size_t c = 0; c < RTE_DIM(counts); c++) {
		xlate_up(counts[c], 2048);
		rules.nat[1].interface = false;
		rules.nat[1].pool = xlate_pool(POOL, "209.165.200.243");
		harness_apply(&rules);
		h.w = h.all[counts[c] - 1];
		worker_turn(h.w, h.now_ns);
		memset(known, 0, sizeof(known));
		for (unsigned int i = 0; i < STEPS; i++) {
			unsigned int p = (unsigned int)rand() % XLATE_PROTOS;
			unsigned int host = (unsigned int)rand() % HOSTS;
			unsigned int port = (unsigned int)rand() % PORTS;
			struct known *k = &known[p][host][port];

			if (rand() % 2 == 0 && k->refs < 3) {
				oracle_take(p, host, port);
			} else if (k->refs > 0) {
				xlate_put(h.w, k->xlate);
				k->refs--;
			}
			if (i % 500 == 0)
				worker_turn(h.w, h.now_ns += NS_PER_S);
		}
		for (unsigned int p = 0; p < XLATE_PROTOS; p++)
			for (unsigned int host = 0; host < HOSTS; host++)
				for (unsigned int port = 0; port < PORTS; port++)
					while (known[p][host][port].refs > 0) {
						xlate_put(h.w, known[p][host][port].xlate);
						known[p][host][port].refs--;
					}
		harness_wait_s(31);
		assert_int_equal(mappings(), 0);
		for (unsigned int i = 0; i < h.w->xlate->n_addrs; i++)
			for (unsigned int p = 0; p < XLATE_PROTOS; p++)
				assert_int_equal(h.w->xlate->addr[i].free[p],
					(65536 - NAT_PAT_PORT_MIN) / counts[c]);
		harness_down();
	}
}

// All ports of one address: each once; then the new is refused and told, the old live, and what
// comes back can be used again.
static void test_used_up(void **state)
{
	const uint32_t all = 65536 - NAT_PAT_PORT_MIN;
	static bool taken[65536];
	struct endpoint real = {ip(OTHER), 1};
	struct flow f = outward(PROTO_UDP, THIRD, 1234, FAR);
	struct endpoint mapped, given;
	struct xlate_table *t;
	struct dp_msg m;
	uint32_t x = 0;

	harness_down();
	xlate_up(1, 65536 - NAT_PAT_PORT_MIN + 16);
	worker_turn(h.w, h.now_ns);
	for (uint32_t i = 0; i < all; i++) {
		real.ip.b[14] = (uint8_t)(i >> 14);
		real.port = (uint16_t)(i & 0x3fff);
		x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_UDP, &real);
		assert_int_not_equal(x, 0);
		assert_false(taken[xlate_at(h.w, x)->mapped.port]);
		taken[xlate_at(h.w, x)->mapped.port] = true;
	}
	harness_drops(INSIDE, &f, 0, DROP_NAT_PORTS);
	harness_drops(INSIDE, &f, 0, DROP_NAT_PORTS);
	// Nobody looks again before one has come back: not even one that is put there is found.
	t = h.w->xlate;
	t->ports[XLATE_UDP * t->words] ^= 1;
	t->addr[0].free[XLATE_UDP] = 1;
	harness_drops(INSIDE, &f, 0, DROP_NAT_PORTS);
	t->ports[XLATE_UDP * t->words] ^= 1;
	t->addr[0].free[XLATE_UDP] = 0;
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_int_equal(m.type, DP_MSG_NAT_PORTS);
	assert_int_equal(m.nat.rule, 2);
	assert_int_not_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	f.proto = PROTO_TCP; // has ports of its own
	goes_out(&f);
	f.proto = PROTO_UDP;
	xlate_put(h.w, x);
	harness_drops(INSIDE, &f, 0, DROP_NAT_PORTS); // it rests
	x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_UDP, &real);
	assert_int_not_equal(x, 0); // for whoever comes back
	xlate_put(h.w, x);
	real.port++;
	assert_false(xlate_peek(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_UDP, &real, &mapped));
	harness_wait_s(2);
	given = xlate_at(h.w, x)->mapped;
	assert_true(xlate_peek(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_UDP, &real, &mapped));
	assert_true(endpoint_eq(&mapped, &given));
	f = goes_out(&f);
	assert_true(endpoint_eq(&f.src, &given));
	f = outward(PROTO_UDP, THIRD, 1235, FAR);
	harness_drops(INSIDE, &f, 0, DROP_NAT_PORTS);
}

// Who tries door after door, and is refused at each, leaves mappings that rest: of no other protocol's, and
// there is a port for everybody.
static void test_scanner(void **state)
{
	const uint32_t all = 65536 - NAT_PAT_PORT_MIN;
	struct endpoint real = {ip(OTHER), 1}, kept = {ip(THIRD), 0};
	uint32_t x;

	harness_down();
	xlate_up(1, 2 * all);
	worker_turn(h.w, h.now_ns);
	for (unsigned int i = 0; i < 100; i++) { // the oldest, which nobody of TCP gets
		kept.port = (uint16_t)(20000 + i);
		x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_ICMP, &kept);
		xlate_put(h.w, x);
	}
	for (uint32_t i = 0; i < 3 * all; i++) {
		real.ip.b[14] = (uint8_t)(i >> 16);
		real.port = (uint16_t)i;
		x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_TCP, &real);
		assert_int_not_equal(x, 0);
		xlate_put(h.w, x);
		if (i % 8192 == 8191) // 8 192 a second
			worker_turn(h.w, h.now_ns += NS_PER_S);
	}
	assert_int_equal(h.w->xlate->addr[0].free[XLATE_TCP], 0);
	assert_int_equal(h.w->xlate->addr[0].free[XLATE_ICMP], all - 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle),
		cmocka_unit_test_setup_teardown(test_used_up, xlate_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_scanner, xlate_setup, harness_teardown),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
