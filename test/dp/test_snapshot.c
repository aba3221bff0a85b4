// SPDX-License-Identifier: BSD-3-Clause
// Rules are built, checked, published and reclaimed: dp/snapshot.h.
#include "test/dp/harness.h"

#include "dp/route.h"

static void test_parts_are_shared(void **state)
{
	const struct snapshot *a, *b;
	const struct nat_rule *nat;
	const struct acl_list *acl0, *acl1;
	uint32_t gen;
	struct rules r;

	harness_rules(&r);
	harness_apply(&r);
	a = snapshot_root.current;
	nat = a->nat;
	acl0 = a->acls[0];
	acl1 = a->acls[1];
	gen = a->gen;
	r.incoming[0].dport.hi = 5099;
	harness_apply(&r);
	b = snapshot_root.current;
	assert_ptr_equal(b->nat, nat); // not its input that changed
	assert_ptr_equal(b->acls[1], acl1);
	assert_ptr_not_equal(b->acls[0], acl0);
	assert_true(b->gen > gen);
}

static void test_bad_rules_change_nothing(void **state)
{
	const struct snapshot *before = snapshot_root.current;
	char err[256];

	for (unsigned int i = 0; i < 13; i++) {
		struct rules r;

		harness_rules(&r);
		switch (i) {
		case 0:
			r.ifaces[OUTSIDE].acl_in = 2;
			break;
		case 1:
			r.inspect[0] = -1;
			break;
		case 2:
			r.nat[0].real_if = 2;
			break;
		case 3:
			r.nat[0].mapped = net("209.165.200.228/31");
			break;
		case 4:
			r.routes[0].iface = 2;
			break;
		case 5:
			r.routes[0].dst = net("2001:db8::/32");
			break;
		case 6:
			r.media[0].port_lo = 40000;
			break;
		case 7:
			r.media[1].iface = 9;
			break;
		case 8:
			r.ifaces[INSIDE].ip = ip("2001:db8::1");
			break;
		case 9:
			r.ifaces[INSIDE].acl_out = -2;
			break;
		case 10:
			r.r.acl_global = 2;
			break;
		case 11:
			r.nat[0].real_range = (struct nat_pool){ip(HOST_IN), ip("192.168.10.33")};
			r.nat[0].pool = (struct nat_pool){ip(MAPPED), ip(MAPPED)};
			break;
		case 12:
			r.nat[0].dst_real_port = 65000;
			r.nat[0].dst_more_ports = 536;
			break;
		}
		err[0] = '\0';
		assert_int_equal(snapshot_apply(&r.r, HARNESS_IFACES, err, sizeof(err)), -22);
		assert_true(strlen(err) > 10);
		assert_ptr_equal(snapshot_root.current, before);
	}
}

// What a worker may still read stays; once it has passed a quiet moment, or sleeps, it goes.
static void test_reclaim(void **state)
{
	struct rules r;

	harness_rules(&r);
	rte_rcu_qsbr_thread_online(snapshot_root.qsbr, 0);
	harness_apply(&r);
	harness_apply(&r);
	assert_int_equal(snapshot_reclaim(), 2);
	rte_rcu_qsbr_quiescent(snapshot_root.qsbr, 0);
	assert_int_equal(snapshot_reclaim(), 0);
	harness_apply(&r);
	assert_int_equal(snapshot_reclaim(), 1);
	rte_rcu_qsbr_thread_offline(snapshot_root.qsbr, 0);
	assert_int_equal(snapshot_reclaim(), 0);
	harness_apply(&r);
	assert_int_equal(snapshot_reclaim(), 0);
}

static void test_routes(void **state)
{
	const struct dp_route in[] = {
		{net("0.0.0.0/0"), ip("192.0.2.1"), 0},
		{net("10.0.0.0/8"), ip("192.0.2.2"), 0},
		{net("10.1.0.0/16"), {{0}}, 1},
		{net("10.1.2.3"), ip("192.0.2.3"), 1},
		{net("10.1.2.0/25"), ip("192.0.2.4"), 0},
	};
	const struct {
		const char *dst;
		int want;
	} cases[] = {
		{"9.255.255.255", 0},
		{"10.0.0.0", 1},
		{"10.2.255.255", 1},
		{"10.1.255.255", 2},
		{"10.1.2.3", 3},
		{"10.1.2.2", 4},
		{"10.1.2.127", 4},
		{"10.1.2.128", 2},
	};
	struct ip_addr nowhere = ip("9.0.0.1");
	struct rules r;

	harness_rules(&r);
	r.r.routes = in;
	r.r.n_routes = 5;
	harness_apply(&r);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_addr dst = ip(cases[i].dst);
		const struct route *got = route_lookup(snapshot_root.current, &dst);
		const struct dp_route *want = &in[cases[i].want];

		assert_non_null(got);
		assert_int_equal(got->len, want->dst.len);
		assert_int_equal(got->iface, want->iface);
		assert_true(ip_eq(&got->gateway, &want->gateway));
	}
	r.r.routes = in + 1;
	r.r.n_routes = 4;
	harness_apply(&r);
	assert_null(route_lookup(snapshot_root.current, &nowhere));
}

#define ADDRS 300

// Every address is found by interface and port, by a number of its own that no later set of rules
// changes, not even one in which the address is missing for a while.
static void test_media_addresses(void **state)
{
	static struct dp_media_addr a[ADDRS];
	static int id[ADDRS];
	const struct ip_addr one = ip("10.0.0.7"), none = ip("10.9.9.9");
	struct rules r;

	harness_rules(&r);
	for (unsigned int i = 0; i < ADDRS; i++)
		a[i] = (struct dp_media_addr){.iface = i % 2,
			.ip = ip_from_v4_be(rte_cpu_to_be_32(0x0a000000 + i / 2)),
			.port_lo = 16384,
			.port_hi = 32767};
	a[15].port_hi = 20000; // 10.0.0.7 of interface 1, in two ranges
	a[17] = (struct dp_media_addr){1, one, 30000, 30001};
	r.r.media = a;
	for (unsigned int round = 0; round < 3; round++) {
		r.r.n_media = round == 1 ? 10 : ADDRS;
		harness_apply(&r);
		for (unsigned int i = 0; i < r.r.n_media; i++) {
			const struct media_index *x = snapshot_root.current->media_index;
			int got = media_addr_find(x, a[i].iface, &a[i].ip, a[i].port_hi);

			assert_in_range(got, 0, MEDIA_ADDRS_MAX - 1);
			if (round == 0)
				id[i] = got;
			assert_int_equal(got, id[i]);
			assert_int_equal(media_addr_find(x, a[i].iface, &a[i].ip, 16383), -1);
			assert_int_equal(media_addr_find(x, 2, &a[i].ip, 16384), -1);
		}
	}
	assert_int_equal(id[15], id[17]);
	for (unsigned int i = 1; i < ADDRS; i++)
		assert_int_not_equal(id[i], id[0]);
	assert_int_equal(media_addr_find(snapshot_root.current->media_index, 1, &one, 25000), -1);
	assert_int_equal(media_addr_find(snapshot_root.current->media_index, 1, &none, 25000), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_parts_are_shared),
		TEST(test_bad_rules_change_nothing),
		TEST(test_reclaim),
		TEST(test_routes),
		TEST(test_media_addresses),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
