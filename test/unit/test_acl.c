// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include "lib/acl.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct ace ace(const char *text)
{
	char err[160] = "";
	struct ace a;

	if (!ace_parse(str_from(text), &a, err, sizeof(err)))
		fail_msg("%s: %s", text, err);
	return a;
}

static struct flow flow(
	uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct flow f = {.proto = proto, .src.port = sport, .dst.port = dport};

	assert_true(ip_parse(str_from(src), &f.src.ip));
	assert_true(ip_parse(str_from(dst), &f.dst.ip));
	return f;
}

// Each text becomes its canonical form, and the canonical form becomes itself.
static void test_format(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{"extended permit tcp any host 192.168.10.30 eq 5070",
			"extended permit tcp any host 192.168.10.30 eq 5070"},
		{"permit tcp any host 192.168.10.30 range 5000 6000", // protocol.md E11
			"extended permit tcp any host 192.168.10.30 range 5000 6000"},
		{"DENY IP any4 any", "extended deny ip any4 any"},
		{" permit\tudp  10.0.0.0 255.0.0.0 eq domain host 1.2.3.4 gt 1023 ",
			"extended permit udp 10.0.0.0 255.0.0.0 eq 53 host 1.2.3.4 range 1024 "
			"65535"},
		{"permit tcp 10.1.0.0/16 lt 1024 10.2.3.4/32 eq sip",
			"extended permit tcp 10.1.0.0 255.255.0.0 range 0 1023 host 10.2.3.4 eq "
			"5060"},
		{"permit tcp any eq ssh any eq https", "extended permit tcp any eq 22 any eq 443"},
		{"permit tcp any any eq www", "extended permit tcp any any eq 80"},
		{"permit icmp any any", "extended permit icmp any any"},
		{"permit 50 any any", "extended permit esp any any"},
		{"permit 0 any any", "extended permit ip any any"},
		{"permit 254 any any", "extended permit 254 any any"},
		{"permit ip 10.1.1.1 255.255.255.255 0.0.0.0 0.0.0.0",
			"extended permit ip host 10.1.1.1 any4"},
		{"permit tcp any range 0 65535 any lt 1", "extended permit tcp any any eq 0"},
		{"permit ip 128.0.0.0/1 any", "extended permit ip 128.0.0.0 128.0.0.0 any"},
	};
	char buf[ACE_TEXT_MAX];

	for (size_t i = 0; i < COUNT(t); i++) {
		struct ace a = ace(t[i].in);

		assert_int_equal(ace_format(&a, buf, sizeof(buf)), strlen(t[i].out));
		assert_string_equal(buf, t[i].out);
		a = ace(t[i].out);
		ace_format(&a, buf, sizeof(buf));
		assert_string_equal(buf, t[i].out);
	}
}

static void test_format_longest(void **state)
{
	struct ace a = ace("extended permit sctp 192.168.110.128 255.255.255.128 "
			   "192.168.110.128 255.255.255.128");
	char buf[ACE_TEXT_MAX];

	a.proto = PROTO_TCP;
	a.sport = a.dport = (struct port_range){10000, 20000};
	memset(a.src.ip.b, 0xff, 16); // an IPv6 prefix has the longest text
	memset(a.dst.ip.b, 0xff, 16);
	assert_true(ace_format(&a, buf, sizeof(buf)) < ACE_TEXT_MAX);
	assert_true(ace_format(&a, buf, 10) > 10);
	assert_int_equal(strlen(buf), 9);
}

static void test_refused(void **state)
{
	static const struct {
		const char *in, *err;
	} t[] = {
		{"", "found the end of the entry, expected permit or deny"},
		{"extended", "found the end of the entry, expected permit or deny"},
		{"allow tcp any any", "found allow, expected permit or deny"},
		{"permit",
			"found the end of the entry, expected a protocol: ip, tcp, udp, icmp or a "
			"number up to 255"},
		{"permit tcpp any any",
			"found tcpp, expected a protocol: ip, tcp, udp, icmp or a "
			"number up to 255"},
		{"permit 256 any any",
			"found 256, expected a protocol: ip, tcp, udp, icmp or a "
			"number up to 255"},
		{"permit object-group X any any",
			"found object-group, expected a protocol (objects "
			"in an entry are not supported yet)"},
		{"permit tcp any",
			"found the end of the entry, expected any, any4, host A, A MASK or "
			"A/LENGTH"},
		{"permit tcp any object ucm",
			"found object, expected any, host A, A MASK or A/LENGTH "
			"(objects in an entry are not supported yet)"},
		{"permit tcp any any6", "found any6, expected IPv4 (IPv6 is not supported yet)"},
		{"permit tcp any host 2001:db8::1",
			"found 2001:db8::1, expected an IPv4 address (IPv6 is not supported yet)"},
		{"permit tcp any 2001:db8::/32",
			"found 2001:db8::/32, expected IPv4 (IPv6 is not supported yet)"},
		{"permit tcp any host", "found the end of the entry, expected an IPv4 address"},
		{"permit tcp any host 1.2.3", "found 1.2.3, expected an IPv4 address"},
		{"permit ip 10.0.0.0 any", "found any, expected a mask such as 255.255.255.0"},
		{"permit ip 10.0.0.0 255.0.255.0 any",
			"found 255.0.255.0, expected a mask whose ones "
			"stand together, such as 255.255.255.0"},
		{"permit ip 10.0.0.1 255.0.0.0 any",
			"found 255.0.0.0, expected a mask that covers "
			"every bit of the address before it"},
		{"permit ip 10.0.0.1/8 any",
			"found 10.0.0.1/8, expected a subnet such as "
			"192.168.10.0/24, host bits 0"},
		{"permit tcp any any eq",
			"found the end of the entry, expected a port: 0 to 65535 or "
			"a name such as sip"},
		{"permit tcp any any eq 65536",
			"found 65536, expected a port: 0 to 65535 or a name such as sip"},
		{"permit tcp any any eq sipp",
			"found sipp, expected a port: 0 to 65535 or a name such as sip"},
		{"permit tcp any any lt 0",
			"found lt 0, expected a port from 1 on: nothing is below 0"},
		{"permit tcp any any gt 65535",
			"found gt 65535, expected a port up to 65534: nothing is above 65535"},
		{"permit tcp any any range 6000 5000",
			"found a range that ends below its start, expected range LOW HIGH"},
		{"permit icmp any any eq 8",
			"found eq, expected no ports: only tcp and udp have them"},
		{"permit icmp any any echo",
			"found echo, expected the end of the entry (ICMP types are not supported "
			"yet)"},
		{"permit tcp any any log", "found log, expected the end of the entry"},
		{"permit tcp any any \x1b[2J\xff", "found ?[2J?, expected the end of the entry"},
	};
	struct ace untouched = {.id = 7}, a = untouched;
	char err[160];

	for (size_t i = 0; i < COUNT(t); i++) {
		assert_false(ace_parse(str_from(t[i].in), &a, err, sizeof(err)));
		assert_string_equal(err, t[i].err);
		assert_memory_equal(&a, &untouched, sizeof(a));
	}
	assert_false(ace_parse((struct str){NULL, 0}, &a, err, sizeof(err)));
	assert_false(
		ace_parse(STR_LIT("permit tcp any any eq nothing"), &a, err, 4)); // cut, not over
	assert_string_equal(err, "fou");
}

static void test_match(void **state)
{
	struct ace list[] = {
		ace("deny tcp 10.0.0.0 255.0.0.0 any eq 5070"),
		ace("permit tcp any host 192.168.10.30 eq 5070"),
		ace("permit udp any range 100 200 any4"),
		ace("permit icmp any any"),
		ace("deny ip host 1.1.1.1 any"),
		ace("permit 50 any any"),
	};
	const struct {
		struct flow f;
		int match;
		bool permits;
	} t[] = {
		{flow(PROTO_TCP, "203.0.113.1", 40000, "192.168.10.30", 5070), 1, true},
		{flow(PROTO_TCP, "10.9.9.9", 40000, "192.168.10.30", 5070), 0, false},
		{flow(PROTO_TCP, "203.0.113.1", 40000, "192.168.10.30", 5071), -1, false},
		{flow(PROTO_TCP, "203.0.113.1", 40000, "192.168.10.31", 5070), -1, false},
		{flow(PROTO_UDP, "203.0.113.1", 100, "192.168.10.31", 1), 2, true},
		{flow(PROTO_UDP, "203.0.113.1", 200, "192.168.10.31", 1), 2, true},
		{flow(PROTO_UDP, "203.0.113.1", 99, "192.168.10.31", 1), -1, false},
		{flow(PROTO_UDP, "203.0.113.1", 201, "192.168.10.31", 1), -1, false},
		{flow(PROTO_UDP, "2001:db8::1", 150, "2001:db8::2", 1), -1, false}, // any4
		{flow(PROTO_ICMP, "2001:db8::1", 8, "2001:db8::2", 8), 3, true},    // any
		{flow(PROTO_UDP, "1.1.1.1", 1, "192.168.10.31", 1), 4, false},
		{flow(50, "9.9.9.9", 0, "192.168.10.31", 0), 5, true},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		assert_int_equal(acl_match(list, COUNT(list), &t[i].f), t[i].match);
		assert_int_equal(acl_permits(list, COUNT(list), &t[i].f), t[i].permits);
	}
	assert_int_equal(acl_match(list, 0, &t[0].f), -1);
	assert_false(acl_permits(list, 0, &t[0].f)); // the implicit deny
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_longest),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
