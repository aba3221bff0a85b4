// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include "lib/ace_text.h"

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
		{"deny icmp any any ECHO", "extended deny icmp any any echo"},
		{"permit icmp any host 10.0.0.1 3 4",
			"extended permit icmp any host 10.0.0.1 unreachable 4"},
		{"permit icmp any any 200", "extended permit icmp any any 200"},
		{"permit tcp any any eq imap4", "extended permit tcp any any eq 143"},
		{"permit udp any any neq 0", "extended permit udp any any range 1 65535"},
		{"permit tcp any neq 65535 any", "extended permit tcp any range 0 65534 any"},
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

// Groups whose names begin with "port" are of ports.
static enum ace_group kind_of(const void *arg, struct str name)
{
	return str_has_prefix(name, STR_LIT("port")) ? ACE_GROUP_PORTS : ACE_GROUP_OTHER;
}

static struct ace_text parsed(const char *text)
{
	const struct ace_groups groups = {kind_of, NULL};
	char err[160] = "";
	struct ace_text t;

	if (!ace_text_parse(str_from(text), &groups, &t, err, sizeof(err)))
		fail_msg("%s: %s", text, err);
	return t;
}

// Only what a group is tells whether it stands for ports or for the next address.
static void test_references(void **state)
{
	struct ace_text t = parsed("permit tcp object-group nets object-group ports-a "
				   "object ucm object-group ports-b");

	assert_int_equal(t.src.ref, ACE_GROUP);
	assert_true(str_eq(t.src.name, STR_LIT("nets")));
	assert_int_equal(t.sport.ref, ACE_GROUP);
	assert_true(str_eq(t.sport.name, STR_LIT("ports-a")));
	assert_int_equal(t.dst.ref, ACE_OBJECT);
	assert_true(str_eq(t.dst.name, STR_LIT("ucm")));
	assert_int_equal(t.dport.ref, ACE_GROUP);
	assert_true(str_eq(t.dport.name, STR_LIT("ports-b")));
	t = parsed("deny object-group web any object-group nets inactive");
	assert_int_equal(t.ref, ACE_GROUP);
	assert_true(str_eq(t.service, STR_LIT("web")));
	assert_int_equal(t.dst.ref, ACE_GROUP);
	assert_int_equal(t.dport.ref, ACE_LITERAL);
	assert_true(t.inactive);
	assert_false(t.permit);
	t = parsed("permit icmp any any object-group types");
	assert_int_equal(t.sport.ref, ACE_GROUP);
	t = parsed(" REMARK  the call managers' ports ");
	assert_true(str_eq(t.remark, STR_LIT("the call managers' ports")));
}

// log, in the manual's words.
static void test_log(void **state)
{
	static const struct {
		const char *in;
		uint8_t log, level;
		uint16_t interval_s;
	} t[] = {
		{"permit tcp any any eq 80", ACE_LOG_DEFAULT, 0, 0},
		{"permit tcp any any eq 80 log", ACE_LOG_FLOWS, 6, 300},
		{"permit ip any any LOG 0", ACE_LOG_FLOWS, 0, 300},
		{"permit ip any any log debugging", ACE_LOG_FLOWS, 7, 300},
		{"deny icmp any any echo log warnings interval 600 inactive", ACE_LOG_FLOWS, 4,
			600},
		{"deny ip any any log interval 1", ACE_LOG_FLOWS, 6, 1},
		{"deny ip any any log disable", ACE_LOG_OFF, 0, 0},
		{"deny ip any any log default", ACE_LOG_DEFAULT, 0, 0},
		{"permit tcp any object-group nets log 5", ACE_LOG_FLOWS, 5, 300},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct ace_text a = parsed(t[i].in);

		assert_int_equal(a.log, t[i].log);
		assert_int_equal(a.log_level, t[i].level);
		assert_int_equal(a.log_interval_s, t[i].interval_s);
		assert_int_equal(a.inactive, strstr(t[i].in, "inactive") != NULL);
	}
}

// Every service with every source with every destination, in this order.
static void test_expand(void **state)
{
	struct ace_service services[4];
	struct prefix nets[2] = {{.len = 128}, {.len = 120}}, any[1] = {{.len = 0}};
	struct ace_parts p = {services, nets, any, 0, 2, 1};
	struct ace like = {.permit = true, .line = 7, .entry = 2}, a[8];
	struct ace_text t = parsed("permit tcp any neq 100 any neq 200");
	struct service s = {t.proto, t.sport.set, t.dport.set};

	p.n_services = service_terms(&s, services);
	assert_int_equal(ace_count(&p), 8);
	ace_expand(&p, &like, a);
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(a[i].sport.lo, i < 4 ? 0 : 101);
		assert_int_equal(a[i].sport.hi, i < 4 ? 99 : 65535);
		assert_int_equal(a[i].dport.lo, i % 4 < 2 ? 0 : 201);
		assert_int_equal(a[i].dport.hi, i % 4 < 2 ? 199 : 65535);
		assert_int_equal(a[i].src.len, i % 2 == 0 ? 128 : 120);
		assert_int_equal(a[i].proto, PROTO_TCP);
		assert_true(a[i].permit && a[i].line == 7 && a[i].entry == 2);
	}
	p.n_srcs = SIZE_MAX / 2;
	p.n_dsts = 3;
	assert_true(ace_count(&p) == SIZE_MAX);
	p.n_dsts = 0;
	assert_int_equal(ace_count(&p), 0);
}

// In the words of a service object: `tcp source eq 5070 destination range 1 9`.
static void test_service(void **state)
{
	static const struct {
		const char *in;
		uint8_t proto;
		struct port_range src, dst;
	} t[] = {
		{"tcp", PROTO_TCP, {0, 65535}, {0, 65535}},
		{"tcp source eq 5070", PROTO_TCP, {5070, 5070}, {0, 65535}},
		{"udp destination gt 1023", PROTO_UDP, {0, 65535}, {1024, 65535}},
		{"tcp source lt 9 destination range sip 5070", PROTO_TCP, {0, 8}, {5060, 5070}},
		{"icmp", PROTO_ICMP, {0, 65535}, {0, 65535}},
		{"icmp unreachable 4", PROTO_ICMP, {3, 3}, {4, 4}},
		{"esp", 50, {0, 65535}, {0, 65535}},
	};
	static const char *const bad[][2] = {
		{"",
			"found the end of the entry, expected a protocol: ip, tcp, udp, icmp or a "
			"number "
			"up to 255"},
		{"tcp eq 5070", "found eq, expected the end of the entry"},
		{"tcp source 5070", "found 5070, expected eq, neq, lt, gt or range"},
		{"tcp destination eq 1 source eq 2", "found source, expected the end of the entry"},
		{"esp source eq 1", "found source, expected the end of the entry"},
	};
	char err[160];

	for (size_t i = 0; i < COUNT(t); i++) {
		struct words w = {str_from(t[i].in), err, sizeof(err)};
		struct service s;

		assert_true(words_service(&w, &s) && words_end(&w));
		assert_int_equal(s.proto, t[i].proto);
		assert_int_equal(s.src.n, 1);
		assert_memory_equal(&s.src.range[0], &t[i].src, sizeof(t[i].src));
		assert_memory_equal(&s.dst.range[0], &t[i].dst, sizeof(t[i].dst));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct words w = {str_from(bad[i][0]), err, sizeof(err)};
		struct service s;

		assert_false(words_service(&w, &s) && words_end(&w));
		assert_string_equal(err, bad[i][1]);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *in, *err;
	} t[] = {
		{"", "found the end of the entry, expected permit, deny or remark"},
		{"extended", "found the end of the entry, expected permit, deny or remark"},
		{"allow tcp any any", "found allow, expected permit, deny or remark"},
		{"permit",
			"found the end of the entry, expected a protocol: ip, tcp, udp, icmp or a "
			"number up to 255"},
		{"permit tcpp any any",
			"found tcpp, expected a protocol: ip, tcp, udp, icmp or a "
			"number up to 255"},
		{"permit 256 any any",
			"found 256, expected a protocol: ip, tcp, udp, icmp or a "
			"number up to 255"},
		{"remark", "found the end of the entry, expected the text of the remark"},
		{"remark  ", "found the end of the entry, expected the text of the remark"},
		{"permit object-group", "found the end of the entry, expected a name"},
		{"permit tcp object", "found the end of the entry, expected a name"},
		{"permit object web any any eq 80",
			"found eq, expected no ports: the service object has its own"},
		{"permit 50 any any object-group ports",
			"found object-group, expected no ports: only tcp and udp have them"},
		{"permit tcp any object-group nets object-group other",
			"found object-group, expected the end of the entry"},
		{"permit tcp any",
			"found the end of the entry, expected any, any4, host A, A MASK, A/LENGTH, "
			"object NAME or object-group NAME"},
		{"permit tcp any interface inside",
			"found interface, expected any, any4, host A, A MASK, A/LENGTH, object "
			"NAME or object-group NAME"},
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
		{"permit icmp any any ecko", "found ecko, expected the end of the entry"},
		{"permit icmp any any 256",
			"found 256, expected an ICMP type: echo, echo-reply, unreachable, ... or a "
			"number up to 255"},
		{"permit icmp any any echo 256",
			"found 256, expected an ICMP code: a number up to 255"},
		{"permit icmp any any 8 0 0", "found 0, expected the end of the entry"},
		{"permit ip any any inactive inactive",
			"found inactive, expected the end of the entry"},
		{"permit tcp any any log 8", "found 8, expected a level from 0 to 7"},
		{"permit tcp any any log loud", "found loud, expected the end of the entry"},
		{"permit tcp any any log 3 interval 0", "found 0, expected seconds from 1 to 600"},
		{"permit tcp any any log interval 601",
			"found 601, expected seconds from 1 to 600"},
		{"permit tcp any any log interval",
			"found the end of the entry, expected seconds from 1 to 600"},
		{"permit tcp any any eq 80 log time-range office inactive",
			"found time-range, expected no time range, which callgate does not "
			"support: "
			"inactive in its place, while it is not to hold, and config reload"},
		{"permit tcp any any log disable 3", "found 3, expected the end of the entry"},
		{"permit tcp any any log inactive log", "found log, expected the end of the entry"},
		{"permit tcp any any \x1b[2J\xff", "found ?[2J?, expected the end of the entry"},
	};
	const struct ace_groups groups = {kind_of, NULL};
	struct ace_text untouched = {.proto = 7}, a = untouched;
	char err[160];

	for (size_t i = 0; i < COUNT(t); i++) {
		assert_false(ace_text_parse(str_from(t[i].in), &groups, &a, err, sizeof(err)));
		assert_string_equal(err, t[i].err);
		assert_memory_equal(&a, &untouched, sizeof(a));
	}
	assert_false(ace_text_parse((struct str){NULL, 0}, NULL, &a, err, sizeof(err)));
	assert_false(ace_text_parse(
		STR_LIT("permit tcp any any eq nothing"), NULL, &a, err, 4)); // cut, not over
	assert_string_equal(err, "fou");
}

// What makes none, or more than one.
static void test_not_one_rule(void **state)
{
	static const char *const t[][2] = {
		{"remark x", "found a remark, expected permit or deny"},
		{"permit ip any any inactive",
			"found inactive, expected an entry that is in force"},
		{"permit tcp any object x",
			"found x, expected no name of an object: there are none here"},
		{"permit object x any any",
			"found x, expected no name of an object: there are none here"},
		{"permit tcp any any neq 80", "found neq, expected eq, range, lt or gt"},
		{"permit tcp",
			"found the end of the entry, expected any, any4, host A, A MASK, "
			"A/LENGTH, object NAME or object-group NAME"},
	};
	struct ace untouched = {.id = 7}, a = untouched;
	char err[160];

	for (size_t i = 0; i < COUNT(t); i++) {
		assert_false(ace_parse(str_from(t[i][0]), &a, err, sizeof(err)));
		assert_string_equal(err, t[i][1]);
		assert_memory_equal(&a, &untouched, sizeof(a));
	}
}

static void test_match(void **state)
{
	struct ace list[] = {
		ace("deny tcp 10.0.0.0 255.0.0.0 any eq 5070"),
		ace("permit tcp any host 192.168.10.30 eq 5070"),
		ace("permit udp any range 100 200 any4"),
		ace("permit icmp 9.0.0.0 255.0.0.0 any"),
		ace("deny ip host 1.1.1.1 any"),
		ace("permit 50 any any"),
		ace("deny icmp host 1.1.1.2 any echo"),
		ace("permit icmp host 1.1.1.2 any 3 4"),
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
		{flow(PROTO_ICMP, "9.1.1.1", 8, "2001:db8::2", 0), 3, true},
		{flow(PROTO_ICMP, "1.1.1.2", 8, "192.168.10.31", 0), 6, false}, // type and code
		{flow(PROTO_ICMP, "1.1.1.2", 3, "192.168.10.31", 4), 7, true},
		{flow(PROTO_ICMP, "1.1.1.2", 3, "192.168.10.31", 1), -1, false},
		{flow(50, "2001:db8::1", 0, "2001:db8::2", 0), 5, true}, // any is any
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
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_one_rule),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
