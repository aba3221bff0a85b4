// SPDX-License-Identifier: BSD-3-Clause
// The table of mappings (protocol.md 6.3, MAP-2 to MAP-4).
#include "test/unit/test.h"

#include <stdlib.h>
#include <time.h>

#include "cp/mapping.h"

#define S_NS     1000000000ull
#define LIFETIME (600 * S_NS)

static struct mappings *ms;
static uint16_t port;

static struct endpoint remote(uint32_t n)
{
	return (struct endpoint){.ip = ip_from_v4_be(n * 2654435761u), .port = 5061};
}

static enum mapping_verdict take(uint32_t n, unsigned int client, uint64_t now_ns)
{
	struct endpoint e = remote(n);

	port = 0;
	return mapping_take(ms, &e, client, now_ns, &port);
}

static bool stands_for(uint16_t p, uint32_t n)
{
	struct endpoint e, want = remote(n);

	return mapping_find(ms, p, &e) && endpoint_eq(&e, &want) && mapping_port(ms, &want) == p;
}

static void table(uint16_t last_port, uint32_t quota, uint32_t remote_quota)
{
	const struct mapping_options o = {.first_port = 40000,
		.last_port = last_port,
		.quota = quota,
		.remote_quota = remote_quota,
		.lifetime_ns = LIFETIME};

	mappings_free(ms);
	assert_int_equal(mappings_new(&ms, &o), 0);
}

static int setup(void **state)
{
	ms = NULL;
	table(49999, 10000, 5000);
	return 0;
}

static int teardown(void **state)
{
	mappings_free(ms);
	return 0;
}

// MAP-2.
static void test_idempotent(void **state)
{
	uint16_t first;

	assert_int_equal(take(1, 0, 0), MAPPING_MADE);
	first = port;
	assert_int_equal(first, 40000);
	assert_int_equal(take(2, 0, 0), MAPPING_MADE);
	assert_int_equal(port, 40001);
	assert_int_equal(take(1, 0, 1), MAPPING_KEPT);
	assert_int_equal(port, first);
	assert_int_equal(take(1, 1, 1), MAPPING_KEPT); // another call manager
	assert_int_equal(port, first);
	assert_true(stands_for(40000, 1));
	assert_true(stands_for(40001, 2));
	assert_int_equal(mappings_usage(ms).in_use, 2);
	assert_int_equal(mappings_of(ms, 0), 2);
	assert_int_equal(mappings_of(ms, 1), 0);
}

// The port is part of who a remote is.
static void test_ports_differ(void **state)
{
	struct endpoint a = remote(1), b = a;
	uint16_t pa, pb;

	b.port = 5070;
	assert_int_equal(mapping_take(ms, &a, 0, 0, &pa), MAPPING_MADE);
	assert_int_equal(mapping_take(ms, &b, 0, 0, &pb), MAPPING_MADE);
	assert_int_not_equal(pa, pb);
	assert_int_equal(mapping_port(ms, &b), pb);
}

static void test_nothing(void **state)
{
	const struct endpoint e = remote(1);
	struct endpoint found;

	assert_false(mapping_find(ms, 40000, &found));
	assert_false(mapping_find(ms, 39999, &found));
	assert_false(mapping_find(ms, 50000, &found));
	assert_false(mapping_find(ms, 0, &found));
	assert_int_equal(mapping_port(ms, &e), 0);
	mapping_release(ms, &e, 0);
	assert_false(mapping_hold(ms, 40000));
	mapping_unhold(ms, 40000, 0);
	mapping_touch(ms, 1, 0);
	assert_int_equal(mapping_set_domain(ms, 40000, STR_LIT("b.example")), 0);
	assert_int_equal(mapping_domain(ms, 40000).n, 0);
	assert_int_equal(mappings_expire(ms, UINT64_MAX), 0);
}

// MAP-4: what refreshes it, and what keeps it.
static void test_lifetime(void **state)
{
	take(1, 0, 0);
	take(2, 0, 0);
	take(3, 0, 0);
	take(4, 0, 0);
	mapping_hold(ms, 40003);
	take(2, 0, 300 * S_NS);
	mapping_touch(ms, 40002, 301 * S_NS);
	assert_int_equal(mappings_expire(ms, LIFETIME - 1), 0);
	assert_int_equal(mappings_expire(ms, LIFETIME), 1);
	assert_false(stands_for(40000, 1));
	assert_int_equal(mappings_expire(ms, 300 * S_NS + LIFETIME), 1);
	assert_int_equal(mappings_expire(ms, 301 * S_NS + LIFETIME), 1);
	assert_int_equal(mappings_expire(ms, 100 * LIFETIME), 0); // held
	assert_true(stands_for(40003, 4));
	mapping_unhold(ms, 40003, 100 * LIFETIME); // its lifetime begins with the end of its use
	assert_int_equal(mappings_expire(ms, 101 * LIFETIME - 1), 0);
	assert_int_equal(mappings_expire(ms, 101 * LIFETIME), 1);
	assert_int_equal(mappings_usage(ms).in_use, 0);
	assert_int_equal(mappings_usage(ms).most_used, 4);
}

static void test_holds_count(void **state)
{
	take(1, 0, 0);
	assert_true(mapping_hold(ms, 40000));
	assert_true(mapping_hold(ms, 40000));
	mapping_unhold(ms, 40000, 0);
	assert_int_equal(mappings_expire(ms, 2 * LIFETIME), 0);
	mapping_unhold(ms, 40000, 0);
	mapping_unhold(ms, 40000, 2 * LIFETIME); // one too many: nothing
	assert_int_equal(mappings_expire(ms, 2 * LIFETIME), 1);
}

// A lifetime of 0: the others of a cluster go on with theirs.
static void test_release(void **state)
{
	const struct endpoint e = remote(1), f = remote(2);

	take(1, 0, 0);
	take(1, 1, 0);
	mapping_release(ms, &e, 0);
	assert_true(stands_for(40000, 1));
	mapping_release(ms, &e, 0);
	mapping_release(ms, &e, 2); // never asked for it
	assert_true(stands_for(40000, 1));
	mapping_release(ms, &e, 1);
	assert_false(stands_for(40000, 1));
	assert_int_equal(mappings_of(ms, 0), 0);
	take(2, 0, 0);
	mapping_hold(ms, port);
	mapping_release(ms, &f, 0); // a call uses it
	assert_true(stands_for(port, 2));
	mapping_unhold(ms, port, 0);
	assert_int_equal(mappings_expire(ms, LIFETIME), 1);
}

// A port that was given up is the last to be given out again: who still knows it meets nobody else.
static void test_ports_rest(void **state)
{
	const struct endpoint e = remote(1);

	table(40002, 10, 10);
	take(1, 0, 0);
	mapping_release(ms, &e, 0);
	take(2, 0, 0);
	assert_int_equal(port, 40001);
	take(3, 0, 0);
	assert_int_equal(port, 40002);
	take(4, 0, 0);
	assert_int_equal(port, 40000);
	assert_int_equal(take(5, 0, 0), MAPPING_PORTS_FULL);
	assert_int_equal(take(4, 0, 0), MAPPING_KEPT); // the table is full, what it has stays
	assert_true(stands_for(40001, 2));
	assert_int_equal(mappings_usage(ms).max, 3);
}

static void test_quota(void **state)
{
	table(40009, 2, 1);
	assert_int_equal(take(1, 0, 0), MAPPING_MADE);
	assert_int_equal(take(2, 0, 0), MAPPING_MADE);
	assert_int_equal(take(3, 0, 0), MAPPING_OVER_QUOTA);
	assert_int_equal(take(1, 0, 0), MAPPING_KEPT);
	assert_int_equal(take(3, 1, 0), MAPPING_MADE); // others do not notice
	assert_int_equal(take(3, 0, 0), MAPPING_KEPT);
	assert_int_equal(take(4, MAPPING_OF_REMOTE, 0), MAPPING_MADE);
	assert_int_equal(take(5, MAPPING_OF_REMOTE, 0), MAPPING_OVER_QUOTA);
	mappings_expire(ms, LIFETIME);
	assert_int_equal(take(5, 0, LIFETIME), MAPPING_MADE);
	assert_int_equal(mappings_of(ms, 0), 1);
	assert_int_equal(mappings_of(ms, MAPPING_OF_REMOTE), 0);
}

static void test_domain(void **state)
{
	char longer[MAPPING_DOMAIN_MAX + 1];

	take(1, 0, 0);
	assert_int_equal(mapping_domain(ms, 40000).n, 0);
	assert_int_equal(mapping_set_domain(ms, 40000, STR_LIT("b.example")), 0);
	assert_true(str_eq(mapping_domain(ms, 40000), STR_LIT("b.example")));
	assert_int_equal(mapping_set_domain(ms, 40000, STR_LIT("b.example")), 0);
	assert_int_equal(mapping_set_domain(ms, 40000, STR_LIT("c.example")), 0);
	assert_true(str_eq(mapping_domain(ms, 40000), STR_LIT("c.example")));
	memset(longer, 'a', sizeof(longer));
	assert_int_equal(mapping_set_domain(ms, 40000, (struct str){longer, sizeof(longer)}), 0);
	assert_int_equal(mapping_domain(ms, 40000).n, 0);
	mapping_set_domain(ms, 40000, STR_LIT("c.example"));
	mappings_expire(ms, LIFETIME); // and its memory with it
}

static void visit(const struct mapping_info *i, void *arg)
{
	struct mapping_info *out = arg;

	out[i->port - 40000] = *i;
}

static void test_foreach(void **state)
{
	struct mapping_info seen[3] = {{.port = 0}};

	take(1, 0, 0);
	take(2, 3, 0);
	mapping_hold(ms, 40001);
	mappings_foreach(ms, 100 * S_NS, visit, seen);
	assert_int_equal(seen[0].left_ns, 500 * S_NS);
	assert_int_equal(seen[1].left_ns, UINT64_MAX);
	assert_int_equal(seen[1].holds, 1);
	assert_int_equal(seen[1].client, 3);
	assert_int_equal(seen[2].port, 0);
}

static void test_all_ports(void **state)
{
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(take(i + 1, 0, 0), MAPPING_MADE);
	assert_int_equal(take(20000, 0, 0), MAPPING_OVER_QUOTA);
	assert_int_equal(take(20000, 1, 0), MAPPING_PORTS_FULL);
	for (uint32_t i = 0; i < 10000; i++)
		assert_true(stands_for((uint16_t)(40000 + i), i + 1));
	assert_int_equal(mappings_expire(ms, LIFETIME), 10000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(mapping_port(ms, &(struct endpoint){.port = 0}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idempotent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lifetime, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holds_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_release, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quota, setup, teardown),
		cmocka_unit_test_setup_teardown(test_domain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreach, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_ports, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
