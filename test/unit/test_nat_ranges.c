// SPDX-License-Identifier: BSD-3-Clause
// Rules whose sides are ranges: addresses stand for one another in their order, and those beside are nobody's.
#include "test/unit/test.h"

#include "lib/nat.h"

enum { INSIDE, OUTSIDE };

static struct nat_pool range(const char *first, const char *last)
{
	return (struct nat_pool){ip(first), ip(last)};
}

static struct nat_rule rule(void)
{
	return (struct nat_rule){.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real_range = range("10.1.1.254", "10.1.2.3"),
		.pool = range("203.0.113.7", "203.0.113.12")};
}

static const struct row {
	const char *real, *mapped; // as it is when it is not translated, where it is not
	bool translated;
} rows[] = {
	{"10.1.1.254", "203.0.113.7", true},
	{"10.1.1.255", "203.0.113.8", true},
	{"10.1.2.0", "203.0.113.9", true}, // over the end of an octet
	{"10.1.2.3", "203.0.113.12", true},
	{"10.1.1.253", "203.0.113.6", false},
	{"10.1.2.4", "203.0.113.13", false},
};

static void test_there_and_back(void **state)
{
	const struct nat_rule r = rule();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ip_addr real = ip(rows[i].real), mapped = ip(rows[i].mapped);
		const int want = rows[i].translated ? 0 : -1;
		struct endpoint e = {real, 5000};

		assert_int_equal(nat_translate(&r, 1, INSIDE, OUTSIDE, PROTO_UDP, &e), want);
		assert_true(ip_eq(&e.ip, rows[i].translated ? &mapped : &real));
		assert_int_equal(e.port, 5000);
		e.ip = mapped;
		assert_int_equal(nat_untranslate(&r, 1, OUTSIDE, PROTO_UDP, &e), want);
		assert_true(ip_eq(&e.ip, rows[i].translated ? &real : &mapped));
		assert_int_equal(nat_owns_mapped(&r, 1, OUTSIDE, &mapped), rows[i].translated);
		assert_int_equal(nat_owns_real(&r, 1, INSIDE, &real), rows[i].translated);
	}
}

// With services only the ports are others'; with a destination only these flows are meant.
static void test_ports_and_destination(void **state)
{
	struct nat_rule r = rule();
	struct endpoint e = {ip("10.1.2.0"), 80};
	struct flow wire = {{ip("10.1.2.0"), 1025}, {ip("192.0.2.1"), 80}, PROTO_TCP};
	const struct ip_addr mapped = ip("203.0.113.9");

	r.proto = PROTO_TCP;
	r.real_port = 80;
	r.mapped_port = 8080;
	assert_int_equal(nat_translate(&r, 1, INSIDE, OUTSIDE, PROTO_TCP, &e), 0);
	assert_true(ip_eq(&e.ip, &mapped) && e.port == 8080);
	assert_int_equal(nat_untranslate(&r, 1, OUTSIDE, PROTO_UDP, &e), -1);
	assert_int_equal(nat_untranslate(&r, 1, OUTSIDE, PROTO_TCP, &e), 0);
	assert_int_equal(e.port, 80);
	r = rule();
	r.dst_mapped = r.dst_real = net("192.0.2.0/24");
	assert_int_equal(nat_untranslate_flow(&r, 1, INSIDE, &wire, &wire.dst), 0);
	assert_int_equal(nat_translate_flow(&r, 1, INSIDE, OUTSIDE, &wire, 0, &e), 0);
	wire.dst.ip = ip("192.0.3.1");
	assert_int_equal(nat_untranslate_flow(&r, 1, INSIDE, &wire, &wire.dst), -1);
}

// Ports stand for one another in their order, on both ends, each way.
static void test_port_ranges(void **state)
{
	static const struct {
		uint16_t real, mapped;
		bool translated;
	} t[] = {
		{5060, 6060, true},
		{5061, 6061, true},
		{5070, 6070, true},
		{5059, 6059, false},
		{5071, 6071, false},
		{0, 0, false},
		{65535, 65535, false},
	};
	struct nat_rule r = rule(), twice = rule();
	char text[NAT_PORTS_TEXT_MAX];

	r.proto = twice.proto = PROTO_UDP;
	r.real_port = 5060;
	r.mapped_port = 6060;
	r.more_ports = twice.dst_more_ports = 10;
	twice.dst_mapped = net("10.9.9.9");
	twice.dst_real = net("192.0.2.9");
	twice.dst_mapped_port = 5060;
	twice.dst_real_port = 6060;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const int want = t[i].translated ? 0 : -1;
		struct endpoint e = {ip("10.1.2.0"), t[i].real};
		struct flow out = {e, {ip("10.9.9.9"), t[i].real}, PROTO_UDP};
		struct flow in = {
			{ip("192.0.2.9"), t[i].mapped}, {ip("203.0.113.9"), 9}, PROTO_UDP};

		assert_int_equal(nat_translate(&r, 1, INSIDE, OUTSIDE, PROTO_UDP, &e), want);
		assert_int_equal(e.port, t[i].translated ? t[i].mapped : t[i].real);
		e = (struct endpoint){ip("203.0.113.9"), t[i].mapped};
		assert_int_equal(nat_untranslate(&r, 1, OUTSIDE, PROTO_UDP, &e), want);
		assert_int_equal(e.port, t[i].translated ? t[i].real : t[i].mapped);
		e = out.dst;
		assert_int_equal(nat_untranslate_flow(&twice, 1, INSIDE, &out, &e), want);
		assert_int_equal(e.port, t[i].translated ? t[i].mapped : t[i].real);
		e = in.dst;
		assert_int_equal(nat_untranslate_flow(&twice, 1, OUTSIDE, &in, &e), want);
		if (!t[i].translated)
			continue;
		e = in.src;
		assert_int_equal(nat_translate_flow(&twice, 1, OUTSIDE, INSIDE, &in, 0, &e), 0);
		assert_int_equal(e.port, t[i].real);
	}
	assert_string_equal(nat_ports_format(5060, 10, text), "5060-5070");
	assert_string_equal(nat_ports_format(65535, 0, text), "65535");
	assert_string_equal(nat_ports_format(10000, 55535, text), "10000-65535");
}

static void test_dynamic(void **state)
{
	struct nat_rule r = rule();
	struct endpoint e = {ip("10.1.2.3"), 5000}, beside = {ip("10.1.2.4"), 5000};

	r.kind = NAT_DYNAMIC;
	assert_int_equal(nat_translate(&r, 1, INSIDE, OUTSIDE, PROTO_UDP, &e), 0);
	assert_int_equal(nat_translate(&r, 1, INSIDE, OUTSIDE, PROTO_UDP, &beside), -1);
}

// A range that maps to itself is exempt, and answers for itself.
static void test_identity(void **state)
{
	struct nat_rule r = rule();
	const struct ip_addr host = ip("10.1.2.0");

	assert_false(nat_is_identity(&r));
	r.pool = r.real_range;
	assert_true(nat_is_identity(&r));
	assert_true(nat_mapped_has(&r, &host));
	assert_false(nat_owns_mapped(&r, 1, OUTSIDE, &host));
}

// Fewer addresses first, however they are told, then the lower one.
static void test_order(void **state)
{
	struct nat_rule r[4] = {rule(), rule(), rule(), rule()};
	static const uint32_t want[] = {3, 2, 0, 1};

	for (uint32_t i = 0; i < 4; i++) {
		r[i].id = i;
		r[i].section = NAT_AUTO;
	}
	r[1].real_range = (struct nat_pool){{{0}}, {{0}}};
	r[1].real = net("10.0.0.0/29"); // eight
	r[2].real_range = range("10.0.0.9", "10.0.0.14");
	r[3].real_range = range("10.9.0.9", "10.9.0.9");
	nat_order(r, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(r[i].id, want[i]);
}

static void test_text(void **state)
{
	char text[NAT_SIDE_TEXT_MAX];
	struct nat_rule r = rule();
	struct nat_pool p;

	assert_string_equal(nat_real_format(&r, text), "10.1.1.254-10.1.2.3");
	assert_string_equal(nat_mapped_format(&r, text), "203.0.113.7-203.0.113.12");
	p = nat_real(&r);
	assert_int_equal(nat_pool_size(&p), 6);
	r.real_range = r.pool = (struct nat_pool){{{0}}, {{0}}};
	r.real = net("10.1.0.0/16");
	r.mapped = net("203.0.113.7");
	assert_string_equal(nat_real_format(&r, text), "10.1.0.0/16");
	assert_string_equal(nat_mapped_format(&r, text), "203.0.113.7");
	p = nat_real(&r);
	assert_int_equal(nat_pool_size(&p), 65536);
}

static void test_pools(void **state)
{
	static const struct {
		const char *a, *b, *c, *d;
		bool meet;
	} t[] = {
		{"10.0.0.1", "10.0.0.3", "10.0.0.3", "10.0.0.5", true},
		{"10.0.0.1", "10.0.0.3", "10.0.0.4", "10.0.0.5", false},
		{"10.0.0.1", "10.0.0.9", "10.0.0.4", "10.0.0.5", true},
	};
	const struct nat_pool none = {{{0}}, {{0}}};
	const struct prefix v6 = net("2001:db8::/32"), any = net("0.0.0.0/0");
	struct nat_pool all = nat_pool_of(&any), of_v6 = nat_pool_of(&v6);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct nat_pool x = range(t[i].a, t[i].b), y = range(t[i].c, t[i].d);

		assert_int_equal(nat_pools_meet(&x, &y), t[i].meet);
		assert_int_equal(nat_pools_meet(&y, &x), t[i].meet);
		assert_true(nat_pools_meet(&all, &x));
		assert_false(nat_pools_meet(&none, &x));
		assert_false(nat_pools_meet(&of_v6, &x));
	}
	assert_int_equal(nat_pool_size(&all), UINT32_MAX);
	assert_true(ip_is_none(&of_v6.first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_ports_and_destination),
		cmocka_unit_test(test_port_ranges),
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
