// SPDX-License-Identifier: BSD-3-Clause
// Dynamic translations that give a host an address of a pool to itself: packets through all stages of
// a worker, and of several.
#include "test/dp/xlate_steps.h"

#include "dp/pool.h"

#define POOL_LAST "209.165.200.241" // two addresses
#define GRE       47

static uint8_t frame[FRAME_MAX];

static void pool_rules(const char *last, bool interface)
{
	rules.nat[1] = xlate_rule(INSIDE, OUTSIDE, "192.168.10.0/24");
	rules.nat[1].kind = NAT_DYNAMIC;
	rules.nat[1].interface = interface;
	rules.nat[1].pool = xlate_pool(POOL, last);
	harness_apply(&rules);
}

static int pool_setup(void **state)
{
	xlate_up(1, 64);
	pool_rules(POOL_LAST, false);
	return 0;
}

static struct flow of_host(unsigned int host, uint8_t proto, uint16_t port)
{
	char src[IP_TEXT_MAX];

	snprintf(src, sizeof(src), "192.168.10.%u", host);
	neighbour(INSIDE, src);
	return outward(proto, src, port, FAR);
}

// Whatever the host speaks, ports stay as they are, be they low or another worker's.
static void test_one_address(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 80, FAR), left = goes_out(&f);
	const struct ip_addr first = left.src.ip;
	struct flow gre = flow(GRE, OTHER, 0, FAR, 0);

	left = goes_out(&gre);
	assert_true(ip_eq(&left.src.ip, &first));
	gre = flow(GRE, FAR, 0, POOL, 0);
	gre.dst.ip = first;
	harness_send(OUTSIDE, &gre, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	left = frame_flow(frame, FRAME_MAX);
	assert_true(ip_is(&left.dst.ip, OTHER));
	assert_true(nat_pool_has(&rules.nat[1].pool, &first));
	for (size_t i = 0; i < RTE_DIM(protos); i++)
		for (uint16_t port = 1; port < 50000; port += 9999) {
			f = outward(protos[i], OTHER, port, FAR);
			left = goes_out(&f);
			assert_true(ip_eq(&left.src.ip, &first));
			assert_int_equal(left.src.port, port);
			comes_back(&left, &f);
		}
	assert_int_equal(mappings(), 1);
	f = outward(PROTO_UDP, THIRD, 80, FAR);
	left = goes_out(&f);
	assert_false(ip_eq(&left.src.ip, &first));
	assert_int_equal(mappings(), 2);
}

// An address is reached by nobody while no host has it, and then as far as the access list lets.
static void test_strangers(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 80, FAR), stranger, left;

	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		stranger = flow(protos[i], FAR, 7, POOL, 7);
		harness_drops(
			OUTSIDE, &stranger, protos[i] == PROTO_TCP ? SYN : 0, DROP_NAT_UNMAPPED);
		stranger.dst = ep(POOL_LAST, 7);
		harness_drops(
			OUTSIDE, &stranger, protos[i] == PROTO_TCP ? SYN : 0, DROP_NAT_UNMAPPED);
	}
	left = goes_out(&f);
	stranger = (struct flow){ep(FAR, 9), left.src, PROTO_UDP};
	harness_drops(OUTSIDE, &stranger, 0, DROP_ACL_DENY);
}

// The new is refused by name and told of; the old lives. A host's address rests for timeout xlate.
static void test_used_up(void **state)
{
	struct flow a = of_host(40, PROTO_UDP, 80), b = of_host(41, PROTO_UDP, 80);
	struct flow c = of_host(40, PROTO_UDP, 81), left_a = goes_out(&a), left_b = goes_out(&b);
	struct flow refused = of_host(42, PROTO_UDP, 80), left;
	struct dp_msg m;

	harness_drops(INSIDE, &refused, 0, DROP_NAT_POOL);
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_int_equal(m.type, DP_MSG_NAT_PORTS);
	assert_int_equal(m.nat.rule, 2);
	comes_back(&left_a, &a);
	comes_back(&left_b, &b);
	left = goes_out(&c);
	assert_true(ip_eq(&left.src.ip, &left_a.src.ip));
	harness_wait_s(122); // the sessions are over
	assert_int_equal(mappings(), 2);
	harness_drops(INSIDE, &refused, 0, DROP_NAT_POOL);
	harness_wait_s(10700);
	left = goes_out(&a);
	assert_true(ip_eq(&left.src.ip, &left_a.src.ip));
	harness_wait_s(200);
	assert_int_equal(mappings(), 1);
	left = goes_out(&refused);
	assert_true(ip_eq(&left.src.ip, &left_b.src.ip));
}

// Then the interface's ports, for what has ports; such an endpoint keeps its port when addresses are
// free again, others of the host do not.
static void test_interface(void **state)
{
	struct flow a = of_host(40, PROTO_UDP, 80), b = of_host(41, PROTO_UDP, 80);
	struct flow c = of_host(42, PROTO_UDP, 20000), d = of_host(42, PROTO_UDP, 20001);
	struct flow gre = flow(GRE, "192.168.10.42", 0, FAR, 0), far2 = c, left, left_c;
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_XLATE_CLEAR};

	pool_rules(POOL_LAST, true);
	goes_out(&a);
	goes_out(&b);
	left_c = goes_out(&c);
	assert_true(ip_is(&left_c.src.ip, FW_OUT));
	comes_back(&left_c, &c);
	harness_drops(INSIDE, &gre, 0, DROP_NAT_POOL);
	harness_wait_s(100);
	goes_out(&c);
	harness_wait_s(30);
	m.xlate = (struct nat_filter){
		.real = xlate_pool("192.168.10.40", "192.168.10.41"), .iface = NAT_IFACE_ANY};
	xlate_msg(h.w, &m);
	harness_wait_s(0);
	assert_int_equal(mappings(), 1);
	far2.dst = ep("198.51.100.8", 53);
	left = goes_out(&far2);
	assert_true(endpoint_eq(&left.src, &left_c.src));
	left = goes_out(&d);
	assert_true(nat_pool_has(&rules.nat[1].pool, &left.src.ip));
	assert_int_equal(left.src.port, 20001);
	left = goes_out(&gre);
	assert_true(nat_pool_has(&rules.nat[1].pool, &left.src.ip));
}

// A pool in two places, each one address: both are given, and each leads back.
static void test_places(void **state)
{
	struct flow f[3], left[3];
	unsigned int seen = 0;

	rules.nat[1].pool = xlate_pool(POOL, POOL);
	rules.nat[1].more_pools[0] = xlate_pool("209.165.200.245", "209.165.200.245");
	harness_apply(&rules);
	for (unsigned int i = 0; i < 3; i++)
		f[i] = of_host(40 + i, PROTO_UDP, 80);
	for (unsigned int i = 0; i < 2; i++) {
		left[i] = goes_out(&f[i]);
		assert_true(nat_given_has(&rules.nat[1], &left[i].src.ip));
		comes_back(&left[i], &f[i]);
	}
	assert_false(ip_eq(&left[0].src.ip, &left[1].src.ip));
	harness_drops(INSIDE, &f[2], 0, DROP_NAT_POOL);
	rules.nat[1].kind = NAT_PAT; // by ports: hosts are spread over both
	harness_apply(&rules);
	for (uint16_t i = 0; i < 40; i++) {
		f[0] = of_host(100 + i, PROTO_UDP, 20000);
		left[i % 2] = goes_out(&f[0]);
		comes_back(&left[i % 2], &f[0]);
		seen |= ip_is(&left[i % 2].src.ip, POOL) ? 1 : 2;
	}
	assert_int_equal(seen, 3);
}

// Hosts in a row are spread over the addresses of a pat-pool, whatever the secret that chance gave: with this
// one, one product of it and the address led 209 of them to one address.
static void test_spread(void **state)
{
	const uint64_t secret[2] = {UINT64_C(0x587a9050c0e779fe), UINT64_C(0xcfc794ad6f0e43ea)};
	const unsigned int hosts = 220;
	unsigned int n[11] = {0};
	char src[IP_TEXT_MAX];

	xlate_up(1, 1024);
	rules.nat[1].pool = xlate_pool(POOL, "209.165.200.250");
	harness_apply(&rules);
	memcpy(h.w->xlate->secret, secret, sizeof(secret));
	for (unsigned int i = 0; i < hosts; i++) {
		struct flow f, left;

		snprintf(src, sizeof(src), "192.168.10.%u", 20 + i);
		f = outward(PROTO_UDP, src, 20000, FAR);
		left = goes_out(&f);
		for (unsigned int k = 0; k < RTE_DIM(n); k++) {
			const struct ip_addr ip = nat_pool_at(&rules.nat[1].pool, k);

			n[k] += ip_eq(&ip, &left.src.ip);
		}
	}
	for (unsigned int k = 0; k < RTE_DIM(n); k++)
		assert_in_range(n[k], 1, 3 * hosts / RTE_DIM(n));
	harness_down();
}

static uint64_t dropped(void)
{
	return counted(DROP_NAT_UNMAPPED) + counted(DROP_ACL_DENY);
}

// A pool that is smaller, or a pat-pool now, ends what stands on an address of it, and gives it back.
static void test_new_rules(void **state)
{
	struct flow a = of_host(40, PROTO_UDP, 80), b = of_host(41, PROTO_UDP, 80), left;
	struct flow back;
	uint64_t before;

	goes_out(&a);
	left = goes_out(&b);
	rules.nat[1].kind = NAT_PAT;
	harness_apply(&rules);
	back = (struct flow){left.dst, left.src, PROTO_UDP};
	before = dropped();
	harness_send(OUTSIDE, &back, 0);
	assert_int_equal(dropped(), before + 1);
	left = goes_out(&b);
	assert_true(left.src.port >= NAT_PAT_PORT_MIN);
	pool_rules(POOL, false);
	a = of_host(44, PROTO_UDP, 80);
	harness_wait_s(121);
	harness_wait_s(10801);
	left = goes_out(&a);
	assert_true(ip_is(&left.src.ip, POOL));
}

static void test_listed(void **state)
{
	struct flow f = of_host(40, PROTO_TCP, 80), left = goes_out(&f);
	const struct nat_filter all = {.iface = NAT_IFACE_ANY};
	struct dp_xlate x[4];
	uint32_t cursor = 0;
	bool done;

	assert_int_equal(xlate_export(h.w, &all, &cursor, 64, x, 4, &done), 1);
	assert_int_equal(x[0].proto, PROTO_ANY);
	assert_int_equal(x[0].sessions, 1);
	assert_true(ip_is(&x[0].real.ip, OTHER) && ip_eq(&x[0].mapped.ip, &left.src.ip));
}

// One host has an address, whoever asks; a table that is made anew finds all free.
static void test_claims(void **state)
{
	struct ip_addr a = ip(POOL), b = ip(POOL_LAST);

	assert_int_equal(pool_owner(OUTSIDE, &a), -1);
	assert_true(pool_claim(OUTSIDE, &a, 0, 7));
	assert_false(pool_claim(OUTSIDE, &a, 0, 7));
	assert_false(pool_claim(OUTSIDE, &a, 3, 7));
	assert_true(pool_claim(INSIDE, &a, 3, 7)); // another interface's
	assert_true(pool_claim(OUTSIDE, &b, WORKERS_MAX - 1, 7));
	assert_int_equal(pool_owner(OUTSIDE, &a), 0);
	assert_int_equal(pool_owner(INSIDE, &a), 3);
	assert_int_equal(pool_owner(OUTSIDE, &b), WORKERS_MAX - 1);
	pool_release(OUTSIDE, &a);
	assert_int_equal(pool_owner(OUTSIDE, &a), -1);
	assert_true(pool_claim(OUTSIDE, &a, 2, 7));
	pool_release(OUTSIDE, &a);
	pool_release(OUTSIDE, &b);
	pool_release(INSIDE, &a);
}

static struct ip_addr claimed(uint32_t i)
{
	return ip_from_v4_be(rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + i));
}

// Pools that many reloads have replaced leave their addresses behind: what comes later finds a place all the same,
// and who is there is known. It is the last test, for what it takes keeps its place.
static void test_claims_many(void **state)
{
	const uint32_t n = POOL_CLAIMS_MAX / 2;
	const uint32_t reloads = n / NAT_POOL_MAX;

	assert_true(reloads >= 100);
	for (uint32_t i = 0; i < n; i++) {
		const struct ip_addr a = claimed(i);

		assert_true(pool_claim(OUTSIDE, &a, i % 4, i + 1));
		assert_int_equal(pool_owner(OUTSIDE, &a), i % 4);
		assert_int_equal(pool_translation(OUTSIDE, &a, i % 4), i + 1);
		if (i >= NAT_POOL_MAX) {
			const struct ip_addr old = claimed(i - NAT_POOL_MAX);

			pool_release(OUTSIDE, &old);
			assert_int_equal(pool_owner(OUTSIDE, &old), -1);
		}
	}
	for (uint32_t i = n - NAT_POOL_MAX; i < n; i++) {
		const struct ip_addr a = claimed(i);

		assert_false(pool_claim(OUTSIDE, &a, 3, 1));
		pool_release(OUTSIDE, &a);
	}
}

// With any number of workers every address of the pool is some host's before one is refused, and
// answers find the host's worker, wherever they come in.
static void test_workers(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(11);
	for (size_t c = 0; c < RTE_DIM(counts); c++) {
		uint64_t refused = 0;

		xlate_up(counts[c], 1024);
		pool_rules("209.165.200.247", false); // eight
		for (unsigned int i = 0; i < 9 * 20; i++) {
			struct flow f = of_host(40 + i % 9, protos[i % 3], (uint16_t)(1000 + i));
			struct flow left, got, want = {f.dst, f.src, f.proto}, back;

			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(INSIDE, &f, f.proto == PROTO_TCP ? SYN : 0);
			if (i % 9 == 8) { // the ninth host
				assert_false(harness_out_of_all(OUTSIDE, &left));
				continue;
			}
			assert_true(harness_out_of_all(OUTSIDE, &left));
			assert_int_equal(left.src.port, f.src.port);
			back = (struct flow){left.dst, left.src, left.proto};
			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(OUTSIDE, &back, f.proto == PROTO_TCP ? SYN | ACK : 1);
			assert_true(harness_out_of_all(INSIDE, &got));
			assert_flow(&got, &want);
		}
		for (unsigned int i = 0; i < h.n_workers; i++)
			refused += counter_get(h.all[i]->count, DROP_NAT_POOL);
		assert_int_equal(refused, 20);
		harness_down();
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pool_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_address),
		TEST(test_strangers),
		TEST(test_used_up),
		TEST(test_interface),
		TEST(test_places),
		TEST(test_new_rules),
		TEST(test_listed),
		TEST(test_claims),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_claims_many),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
