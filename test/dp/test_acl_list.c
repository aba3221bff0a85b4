// SPDX-License-Identifier: BSD-3-Clause
// Compiled access lists give the verdicts of lib/acl, entry by entry, on a million random packets.
#include "test/dp/harness.h"

#include <rte_eal.h>

#include "dp/acl.h"

#define ACES  60
#define FLOWS 40000
#define LISTS 25

// Few addresses, ports and protocols, so that rules overlap and flows hit them; but such as differ in any
// one octet or bit alone.
static uint32_t random_v4(uint32_t bits)
{
	return (rand() % 4 ? 0x0a000000u : 0x8a000000u) | ((uint32_t)rand() & bits);
}

static struct prefix random_prefix(void)
{
	static const uint8_t lens[] = {0, 96, 97, 104, 112, 120, 124, 127, 128};
	uint8_t len = lens[rand() % 9];
	struct prefix p = {.len = len};
	uint32_t v4;

	if (len == 0)
		return p;
	v4 = random_v4(0x00010307);
	if (len < 128)
		v4 &= len == 96 ? 0 : ~(UINT32_MAX >> (len - 96));
	p.ip = ip_from_v4_be(rte_cpu_to_be_32(v4));
	return p;
}

static uint16_t random_port(void)
{
	static const uint16_t high[] = {0, 0, 256, 0x8000, UINT16_MAX - 49};

	return (uint16_t)(high[rand() % 5] + rand() % 50);
}

static struct port_range random_ports(void)
{
	uint16_t lo = random_port(), width = (uint16_t)(rand() % 10);

	if (rand() % 3 == 0)
		return (struct port_range){0, UINT16_MAX};
	if (rand() % 8 == 0 || lo > UINT16_MAX - width)
		return (struct port_range){lo, UINT16_MAX};
	return (struct port_range){lo, (uint16_t)(lo + width)};
}

static uint8_t random_proto(void)
{
	static const uint8_t protos[] = {PROTO_TCP, PROTO_TCP, PROTO_UDP, PROTO_UDP, PROTO_ICMP, 50,
		51, 7, PROTO_ANY, PROTO_ANY};

	return protos[rand() % 10];
}

static struct ace random_ace(uint32_t id)
{
	return (struct ace){
		.id = id,
		.permit = rand() % 2,
		.proto = random_proto(),
		.src = random_prefix(),
		.dst = random_prefix(),
		.sport = random_ports(),
		.dport = random_ports(),
	};
}

static struct flow random_flow(void)
{
	struct flow f = {.proto = random_proto()};

	if (f.proto == PROTO_ANY)
		f.proto = 99;
	f.src.ip = ip_from_v4_be(rte_cpu_to_be_32(random_v4(0x0001030f)));
	f.dst.ip = ip_from_v4_be(rte_cpu_to_be_32(random_v4(0x0001030f)));
	f.src.port = random_port();
	f.dst.port = random_port();
	return f;
}

static void test_oracle(void **state)
{
	struct ace aces[ACES];
	unsigned int hits = 0;

	srand(7);
	for (unsigned int list = 0; list < LISTS; list++) {
		size_t n = 1 + (size_t)rand() % ACES;
		struct acl_list *l;

		for (size_t i = 0; i < n; i++)
			aces[i] = random_ace((uint32_t)i);
		l = acl_list_new(aces, n);
		assert_non_null(l);
		for (unsigned int i = 0; i < FLOWS; i++) {
			struct flow f = random_flow();

			int want = acl_match(aces, n, &f), got = acl_list_match(l, &f);

			if (got != want) // a million calls of cmocka take seconds
				fail_msg("entry %d, expected %d", got, want);
			if (i % 16 == 0)
				assert_int_equal(
					acl_list_permits(l, &f), want >= 0 && aces[want].permit);
			hits += want > 0;
		}
		acl_list_unref(l);
	}
	assert_true(hits > LISTS * FLOWS / 10); // or the rules above say nothing
}

static void test_empty(void **state)
{
	struct ace v6 = {.permit = true, .src = net("2001:db8::/32"), .sport = {0, 65535}};
	struct acl_list *none = acl_list_new(NULL, 0), *only_v6 = acl_list_new(&v6, 1);
	struct flow f = flow(PROTO_TCP, "10.0.0.1", 1, "10.0.0.2", 2);

	assert_false(acl_list_permits(none, &f));
	assert_false(acl_list_permits(only_v6, &f));
	acl_list_unref(none);
	acl_list_unref(only_v6);
}

static void test_is(void **state)
{
	struct ace aces[3];
	struct acl_list *l;

	srand(3);
	for (uint32_t i = 0; i < 3; i++)
		aces[i] = random_ace(i);
	l = acl_list_new(aces, 3);
	assert_true(acl_list_is(l, aces, 3));
	assert_false(acl_list_is(l, aces, 2));
	aces[1].dport.hi ^= 1;
	assert_false(acl_list_is(l, aces, 3));
	acl_list_unref(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_is),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
