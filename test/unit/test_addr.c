// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/addr.h"

static void test_ip_text(void **state)
{
	static const struct {
		const char *in, *out; // NULL: refused
	} t[] = {
		{"192.168.10.30", "192.168.10.30"},
		{"0.0.0.0", "0.0.0.0"},
		{"2001:DB8::1", "2001:db8::1"},
		{"::ffff:10.0.0.1", "10.0.0.1"},
		{"255.255.255.255", "255.255.255.255"},
		{"192.168.10.300", NULL},
		{"192.168.10.256", NULL},
		{"4294967297.1.1.1", NULL},
		{"1.2.3.04", NULL}, // octal to some
		{"1.2.3.00", NULL},
		{"1.2.3.4.", NULL},
		{"1.2.3.4.5", NULL},
		{"1.2..4", NULL},
		{".1.2.3", NULL},
		{"192.168.10", NULL},
		{"", NULL},
		{"1.2.3.4 ", NULL},
		{"[::1]", NULL},
	};
	char buf[IP_TEXT_MAX];
	struct ip_addr ip;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(ip_parse(str_from(t[i].in), &ip), t[i].out != NULL);
		if (t[i].out != NULL)
			assert_string_equal(ip_format(&ip, buf), t[i].out);
	}
	assert_false(ip_parse((struct str){"1.2.3.4\0", 8}, &ip));
}

static void test_prefix(void **state)
{
	static const char *const masks_wrong[] = {"10.0.0.0 255.0.255.0", "10.0.0.1 255.0.0.0",
		"10.0.0.0 0.0.0.255", "10.0.0.0 255", "10.0.0.0 ", " 10.0.0.0",
		"10.0.0.0 255.0.0.0 x", "2001:db8:: 255.0.0.0", "10.0.0.0/8 255.0.0.0",
		"10.0.0.0 ::"};
	struct ip_addr in, out, ip;
	struct prefix p, subnet;
	char buf[ENDPOINT_TEXT_MAX];

	ip_parse(STR_LIT("209.165.200.255"), &in);
	ip_parse(STR_LIT("209.165.201.0"), &out);
	assert_true(prefix_parse(STR_LIT("209.165.200.224/27"), &p));
	assert_true(prefix_has(&p, &in));
	assert_false(prefix_has(&p, &out));
	assert_string_equal(prefix_format(&p, buf), "209.165.200.224/27");
	assert_false(prefix_parse(STR_LIT("209.165.200.225/27"), &p)); // host bits
	assert_false(prefix_parse(STR_LIT("209.165.200.224/33"), &p));
	assert_false(prefix_parse(STR_LIT("209.165.200.224/"), &p));
	assert_true(prefix_parse(STR_LIT("0.0.0.0/0"), &p));
	assert_true(prefix_has(&p, &in));
	assert_true(prefix_parse(STR_LIT("0.0.0.0 0.0.0.0"), &p));
	assert_string_equal(prefix_format(&p, buf), "0.0.0.0/0");
	assert_true(prefix_parse(STR_LIT("209.165.200.224 255.255.255.224"), &p));
	assert_string_equal(prefix_format(&p, buf), "209.165.200.224/27");
	assert_true(prefix_parse_iface(STR_LIT("192.168.10.1  255.255.255.0"), &ip, &subnet));
	assert_string_equal(ip_format(&ip, buf), "192.168.10.1");
	assert_string_equal(prefix_format(&subnet, buf), "192.168.10.0/24");
	for (size_t i = 0; i < sizeof(masks_wrong) / sizeof(masks_wrong[0]); i++)
		assert_false(prefix_parse(str_from(masks_wrong[i]), &p));
	assert_true(prefix_parse(STR_LIT("0.0.0.0/0"), &p));
	assert_true(prefix_parse_iface(STR_LIT("192.168.10.1/24"), &ip, &subnet));
	assert_string_equal(ip_format(&ip, buf), "192.168.10.1");
	assert_string_equal(prefix_format(&subnet, buf), "192.168.10.0/24");
	ip_parse(STR_LIT("2001:db8::1"), &in);
	assert_false(prefix_has(&p, &in)); // 0.0.0.0/0 is every IPv4 address, and no other
}

// Each length looks at its own bits, all of them and no other.
static void test_prefix_lengths(void **state)
{
	for (unsigned int len = 0; len <= 128; len++) {
		struct prefix p = {.len = (uint8_t)len};
		struct ip_addr ip;

		for (unsigned int i = 0; i < len; i++)
			if (i % 3 != 1)
				p.ip.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
		for (unsigned int i = 0; i < 128; i++) {
			ip = p.ip;
			ip.b[i / 8] ^= (uint8_t)(0x80 >> i % 8);
			assert_int_equal(prefix_has(&p, &ip), i >= len);
		}
		assert_true(prefix_has(&p, &p.ip));
	}
}

static void test_endpoint_text(void **state)
{
	struct endpoint e = {.port = 5070};
	char buf[ENDPOINT_TEXT_MAX];

	ip_parse(STR_LIT("192.168.10.30"), &e.ip);
	assert_string_equal(endpoint_format(&e, ':', buf), "192.168.10.30:5070");
	assert_string_equal(endpoint_format(&e, '/', buf), "192.168.10.30/5070");
	ip_parse(STR_LIT("2001:db8::1"), &e.ip);
	assert_string_equal(endpoint_format(&e, ':', buf), "[2001:db8::1]:5070");
}

// The fewest subnets, which hold the first and the last address and no neighbour of theirs.
static void test_prefix_range(void **state)
{
	static const struct {
		const char *first, *last, *out;
	} t[] = {
		{"10.0.0.1", "10.0.0.1", "10.0.0.1 "},
		{"10.0.0.0", "10.0.0.255", "10.0.0.0/24 "},
		{"10.0.0.5", "10.0.0.8", "10.0.0.5 10.0.0.6/31 10.0.0.8 "},
		{"0.0.0.0", "255.255.255.255", "0.0.0.0/0 "},
		{"255.255.255.254", "255.255.255.255", "255.255.255.254/31 "},
		{"10.0.0.2", "10.0.0.1", ""},
	};
	struct prefix out[PREFIX_RANGE_MAX];
	char text[256], one[ENDPOINT_TEXT_MAX];
	struct ip_addr first, last;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n;

		first = ip(t[i].first);
		last = ip(t[i].last);
		n = prefix_range(&first, &last, out);
		text[0] = '\0';
		for (size_t k = 0; k < n; k++)
			strcat(strcat(text, prefix_format(&out[k], one)), " ");
		assert_string_equal(text, t[i].out);
	}
	first = ip("0.0.0.1");
	last = ip("255.255.255.254");
	assert_int_equal(prefix_range(&first, &last, out), PREFIX_RANGE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_text),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_lengths),
		cmocka_unit_test(test_endpoint_text),
		cmocka_unit_test(test_prefix_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
