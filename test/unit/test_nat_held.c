// SPDX-License-Identifier: BSD-3-Clause
// A dynamic translation undone: nat_untranslate_held() of lib/nat.h, and what it makes of the other end.
#include "test/unit/test.h"

#include "lib/nat.h"

enum { INSIDE, OUTSIDE, DMZ };

// The first is for everything inside, the second for what speaks to 192.0.2.0/24 as 10.9.9.0/24; the last shares
// addresses by ports.
static void rules_make(struct nat_rule r[3])
{
	r[0] = (struct nat_rule){.id = 10,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("10.1.0.0/16"),
		.kind = NAT_DYNAMIC,
		.pool = {ip("203.0.113.10"), ip("203.0.113.12")}};
	r[1] = r[0];
	r[1].id = 11;
	r[1].pool = (struct nat_pool){ip("203.0.113.20"), ip("203.0.113.20")};
	r[1].dst_mapped = net("10.9.9.0/24");
	r[1].dst_real = net("192.0.2.0/24");
	r[2] = r[0];
	r[2].id = 12;
	r[2].kind = NAT_PAT;
}

static const struct row {
	uint32_t id;
	uint16_t in;
	const char *src, *dst, *real;
	int rule;
} rows[] = {
	{10, OUTSIDE, "192.0.2.1", "203.0.113.10", "10.1.2.3", 0},
	{10, OUTSIDE, "198.51.100.1", "203.0.113.12", "10.1.2.3", 0},
	{10, DMZ, "192.0.2.1", "203.0.113.10", "10.1.2.3", -1},
	{10, OUTSIDE, "192.0.2.1", "203.0.113.13", "10.1.2.3", -1}, // the pool's no more
	{10, OUTSIDE, "192.0.2.1", "203.0.113.10", "10.2.2.3",
		-1}, // the host is the rule's no more
	{13, OUTSIDE, "192.0.2.1", "203.0.113.10", "10.1.2.3", -1}, // there is no such rule now
	{11, OUTSIDE, "192.0.2.1", "203.0.113.20", "10.1.2.3", 1},
	{11, OUTSIDE, "198.51.100.1", "203.0.113.20", "10.1.2.3", -1}, // whom it was not given for
	{12, OUTSIDE, "192.0.2.1", "203.0.113.10", "10.1.2.3",
		-1}, // an address is nobody's by ports
};

static void test_held(void **state)
{
	struct nat_rule r[3];

	rules_make(r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *x = &rows[i];
		const struct flow wire = {{ip(x->src), 1025}, {ip(x->dst), 80}, PROTO_TCP};
		const struct ip_addr real = ip(x->real);
		struct endpoint dst = wire.dst, want = {x->rule >= 0 ? real : wire.dst.ip, 80};

		assert_int_equal(
			nat_untranslate_held(r, 3, x->in, &wire, x->id, &real, &dst), x->rule);
		assert_true(endpoint_eq(&dst, &want));
	}
}

// Twice NAT decides for both ends, and for its interfaces alone.
static void test_other_end(void **state)
{
	const struct flow wire = {{ip("192.0.2.7"), 1025}, {ip("203.0.113.20"), 80}, PROTO_TCP};
	const struct ip_addr as_known = ip("10.9.9.7");
	struct endpoint src = wire.src;
	struct nat_rule r[3];

	rules_make(r);
	assert_int_equal(nat_translate_flow(r, 3, OUTSIDE, INSIDE, &wire, 1, &src), 1);
	assert_true(ip_eq(&src.ip, &as_known));
	assert_int_equal(nat_translate_flow(r, 3, OUTSIDE, DMZ, &wire, 1, &src), -1);
	src = wire.src;
	assert_int_equal(nat_translate_flow(r, 3, OUTSIDE, INSIDE, &wire, 0, &src), -1);
	assert_true(endpoint_eq(&src, &wire.src));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_other_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
