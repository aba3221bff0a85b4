// SPDX-License-Identifier: BSD-3-Clause
// What the daemon answers to packet-tracer: each phase by which line of the configuration, and what it
// refuses.
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "cp/show_ime.h"
#include "test/unit/show_facts.h"

static struct dp_trace_phase phase(enum dp_trace_type type, int list, int rule, uint16_t iface)
{
	return (struct dp_trace_phase){.type = type, .list = list, .rule = rule, .iface = iface};
}

static struct dp_trace_phase translated(
	enum dp_trace_type type, int rule, struct endpoint from, struct endpoint to)
{
	struct dp_trace_phase p = phase(type, -1, rule, DP_TRACE_NO_IFACE);

	p.from = from;
	p.to = to;
	return p;
}

static struct dp_trace_phase hop(enum dp_trace_type type, int rule, uint16_t iface, const char *ip)
{
	struct dp_trace_phase p = phase(type, -1, rule, iface);

	p.to = ep(ip, 0);
	memcpy(p.mac, "\2\0\0\0\1\2", sizeof(p.mac));
	return p;
}

// What the phases name: two entries of a list, three translations, a route.
static void rules(struct config *c)
{
	static struct ace aces[2];
	static struct config_entry entries[2] = {{.line = 57}, {.line = 58}};
	static struct config_acl acls[1] = {{.name = "OUTSIDE-IN", .aces = aces, .n = 2}};
	static struct nat_rule nat[3];
	static struct config_route routes[1];
	char err[160];

	*c = config;
	assert_true(ace_parse(
		STR_LIT("permit tcp any host 192.168.10.30 eq 5070"), &aces[0], err, sizeof(err)));
	assert_true(ace_parse(STR_LIT("deny udp any any"), &aces[1], err, sizeof(err)));
	aces[0].line = 57;
	aces[1].line = 58;
	nat[0] = (struct nat_rule){.line = 40,
		.real_if = 1,
		.mapped_if = 0,
		.real = {ip("192.168.10.30"), 128},
		.mapped = {ip("209.165.200.228"), 128}};
	nat[1] = (struct nat_rule){.line = 41,
		.kind = NAT_PAT,
		.real_if = 1,
		.mapped_if = NAT_IFACE_ANY,
		.real = {ip("192.168.10.0"), 120},
		.interface = true};
	nat[2] = nat[1];
	nat[2].pool = (struct nat_pool){ip("209.165.200.230"), ip("209.165.200.239")};
	routes[0] = (struct config_route){.line = 30, .iface = 0, .gateway = ip("209.165.200.254")};
	routes[0].dst = (struct prefix){ip("0.0.0.0"), 96};
	c->ifaces[0].line = 10;
	c->ifaces[1].line = 20;
	c->ifaces[1].subnet.ip = ip("192.168.10.0");
	acls[0].entries = entries;
	acls[0].n_entries = 2;
	c->acls = acls;
	c->n_acls = 1;
	c->nat = nat;
	c->n_nat = 3;
	c->routes = routes;
	c->n_routes = 1;
	inspects[0].acl = 1;
	inspects[1].acl = 0;
}

static void expect_trace(struct config *c, const char *args, const char *file)
{
	struct show with = show;
	char err[256] = "";
	cJSON *a = cJSON_Parse(args), *want = show_file(file);
	cJSON *got;

	with.config = c;
	with.path = "/etc/callgate/callgate.yaml";
	got = show_command(&with, "packet-tracer", a, err, sizeof(err));
	if (!cJSON_Compare(got, want, true))
		fail_msg("%s%s", err, cJSON_Print(got));
	cJSON_Delete(a);
	cJSON_Delete(want);
	cJSON_Delete(got);
}

#define TCP_IN                                                                                     \
	"{\"input\": \"outside\", \"protocol\": \"tcp\", \"source\": \"198.51.100.7\", "           \
	"\"source_port\": 1025, \"destination\": \"209.165.200.228\", \"destination_port\": 5070}"

static void test_trace(void **state)
{
	static struct config c;

	rules(&c);
	trace_error = 0;
	trace = (struct dp_trace){.fate = DP_TRACE_FORWARD,
		.iface_out = 1,
		.n = 11,
		.phase = {phase(DP_TRACE_PACKET, -1, -1, DP_TRACE_NO_IFACE),
			phase(DP_TRACE_FLOW, -1, -1, DP_TRACE_NO_IFACE),
			hop(DP_TRACE_SPOOFING, 2, 0, "209.165.200.254"),
			translated(DP_TRACE_UN_NAT, 0, ep("209.165.200.228", 5070),
				ep("192.168.10.30", 5070)),
			phase(DP_TRACE_ROUTE, -1, 1, 1), phase(DP_TRACE_ACCESS_LIST, 0, 0, 0),
			phase(DP_TRACE_INSPECT, 0, 0, 0),
			translated(DP_TRACE_NAT, 1, ep("192.168.10.5", 1025),
				ep("209.165.200.225", 20000)),
			translated(DP_TRACE_NAT, 2, ep("192.168.10.5", 1025),
				ep("209.165.200.230", 20000)),
			phase(DP_TRACE_CREATE, -1, -1, DP_TRACE_NO_IFACE),
			hop(DP_TRACE_ADJACENCY, -1, 1, "192.168.10.30")}};
	trace.phase[1].worker = 1;
	expect_trace(&c, TCP_IN, "packet-tracer");
	assert_int_equal(traced.iface, 0);
	assert_int_equal(traced.flow.proto, PROTO_TCP);
	assert_int_equal(traced.flow.src.port, 1025);
	assert_int_equal(traced.flow.dst.port, 5070);
	trace = (struct dp_trace){.fate = DP_TRACE_DROP,
		.why = DROP_ACL_DENY,
		.reason = "ACL_DENY",
		.help = "denied; read the lists",
		.iface_out = DP_TRACE_NO_IFACE,
		.session = true,
		.n = 8,
		.phase = {phase(DP_TRACE_FLOW, -1, -1, DP_TRACE_NO_IFACE),
			phase(DP_TRACE_MEDIA, -1, -1, DP_TRACE_NO_IFACE),
			hop(DP_TRACE_ROUTE, 2, 0, "209.165.200.254"),
			phase(DP_TRACE_ACCESS_LIST, -1, -1, 0),
			phase(DP_TRACE_ACCESS_LIST, 0, -1, 0), phase(DP_TRACE_RPF_CHECK, -1, 0, 0),
			phase(DP_TRACE_PUNT, -1, -1, DP_TRACE_NO_IFACE),
			hop(DP_TRACE_ADJACENCY, -1, 0, "209.165.200.254")}};
	trace.phase[0].session = true;
	for (unsigned int i = 4; i < 8; i++)
		trace.phase[i].drop = i != 6;
	expect_trace(&c,
		"{\"input\": \"inside\", \"protocol\": \"icmp\", \"source\": \"192.168.10.30\", "
		"\"type\": 8, \"code\": 1, \"id\": 9, \"destination\": \"198.51.100.7\"}",
		"packet-tracer-drop");
	assert_int_equal(traced.iface, 1);
	assert_int_equal(traced.icmp_type, 8);
	assert_int_equal(traced.icmp_code, 1);
	assert_int_equal(traced.flow.src.port, 9);
	assert_int_equal(traced.flow.dst.port, 9);
}

// Whose the port, or the address, is that nobody comes in by, and what to do.
static void test_unmapped(void **state)
{
	static const struct {
		const char *from;
		uint16_t port;
		uint8_t proto;
		int rule;
		bool taken;
		const char *said;
	} t[] = {
		{"192.150.49.1", 1024, PROTO_TCP, 0, true,
			"192.150.49.1/1024 is 10.1.1.15/1030's (rests for 30 s), and only answers "
			"of those "
			"that it has spoken to come in by it (callgate show conn port 1024); who "
			"must be "
			"reached at any time needs a static nat with a service"},
		{"192.150.49.1", 40000, PROTO_ICMP, 0, true,
			"192.150.49.1/40000 is 10.1.1.15/21505's (2 flows), and only answers"},
		{"192.150.49.1", 1024, PROTO_UDP, 0, true,
			"192.150.49.1/1024 is some host's, and only"},
		{"192.150.49.1", 1024, PROTO_UDP, 0, false,
			"192.150.49.1/1024 is free: a late answer"},
		{"192.150.49.9", 80, PROTO_TCP, 1, false,
			"no host has 192.150.49.9 now: one gets it"},
		{"192.150.49.9", 80, PROTO_TCP, 1, true,
			"10.1.1.16 has 192.150.49.9, but a class inspects what comes to it, and "
			"calls need "
			"a static nat"},
		{"192.150.49.9", 80, PROTO_TCP, 2, true,
			"10.1.1.16 has 192.150.49.9 for flows with 203.0.113.0/24 alone"},
		{"192.150.49.7", 80, PROTO_TCP, 3, false,
			"192.150.49.7/80 is mapped by a rule that is unidirectional: only flows "
			"that its host begins pass"},
		{"192.150.49.1", 80, PROTO_TCP, 9, true, ""},
	};
	static struct nat_rule nat[4] = {
		{.kind = NAT_PAT, .interface = true}, {.kind = NAT_DYNAMIC}};
	const struct config c = {.nat = nat, .n_nat = 4};

	nat[1].pool = (struct nat_pool){ip("192.150.49.9"), ip("192.150.49.12")};
	nat[2] = nat[1];
	nat[3].one_way = true;
	nat[2].dst_real = (struct prefix){ip("203.0.113.0"), 120};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct dp_trace_phase p = phase(DP_TRACE_UN_NAT, -1, t[i].rule, 1);
		char said[512] = "";

		p.from = ep(t[i].from, t[i].port);
		p.drop = true;
		p.session = t[i].taken;
		show_unmapped(&c, &p, t[i].proto, said, sizeof(said));
		if (strncmp(said, t[i].said, strlen(t[i].said)) != 0)
			fail_msg("%s", said);
	}
	assert_int_equal(xlate_asked.iface, 1);
	assert_int_equal(xlate_asked.mapped_port[1], 0); // an address is for every port
	assert_true(ip_eq(&xlate_asked.mapped.first, &nat[1].pool.first));
}

// To the firewall itself; a list that says nothing before the global one; a source that nobody asks a route for.
static void test_trace_own(void **state)
{
	static struct config c;

	rules(&c);
	trace_error = 0;
	trace = (struct dp_trace){.fate = DP_TRACE_TO_CONTROL,
		.iface_out = DP_TRACE_NO_IFACE,
		.n = 6,
		.phase = {phase(DP_TRACE_PACKET, -1, -1, DP_TRACE_NO_IFACE),
			phase(DP_TRACE_SPOOFING, -1, -1, DP_TRACE_NO_IFACE),
			phase(DP_TRACE_ACCESS_LIST, 0, -1, 0), phase(DP_TRACE_ACCESS_LIST, 0, 0, 0),
			phase(DP_TRACE_INSPECT, 0, 0, 0),
			phase(DP_TRACE_PUNT, -1, -1, DP_TRACE_NO_IFACE)}};
	expect_trace(&c, TCP_IN, "packet-tracer-own");
}

// A source that is refused before a route to it is asked for: by which line.
static void test_source(void **state)
{
	static const struct {
		const char *src;
		enum dp_counter_id why;
		const char *text;
		double line; // 0: nowhere
	} t[] = {
		{"169.254.1.1", DROP_IP_BOGON, "interface outside bogons strict", 10},
		{"192.168.10.1", DROP_IP_SPOOFED, "interface inside has this address", 20},
		{"209.165.200.228", DROP_IP_SPOOFED,
			"nat (inside,outside) source static 192.168.10.30 209.165.200.228", 40},
		{"198.51.100.9", DROP_IP_SPOOFED, NULL, 0}, // a media address: no line has it alone
	};
	static struct config c;

	rules(&c);
	trace_error = 0;
	c.ifaces[0].bogons = BOGONS_STRICT;
	c.ifaces[1].ip = ip("192.168.10.1");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct show with = show;
		char err[256] = "", args[256];
		cJSON *a, *got;
		const cJSON *said;

		with.config = &c;
		trace = (struct dp_trace){.fate = DP_TRACE_DROP,
			.why = t[i].why,
			.reason = "",
			.help = "",
			.iface_out = DP_TRACE_NO_IFACE,
			.n = 1,
			.phase = {phase(DP_TRACE_SPOOFING, -1, -1, DP_TRACE_NO_IFACE)}};
		trace.phase[0].drop = true;
		snprintf(args, sizeof(args),
			"{\"input\": \"outside\", \"protocol\": \"udp\", \"source\": \"%s\", "
			"\"source_port\": 1, \"destination\": \"1.2.3.4\", "
			"\"destination_port\": 2, \"ttl\": 9}",
			t[i].src);
		a = cJSON_Parse(args);
		got = show_command(&with, "packet-tracer", a, err, sizeof(err));
		assert_non_null(got);
		assert_int_equal(traced.ttl, 9);
		said = cJSON_GetObjectItem(
			cJSON_GetArrayItem(cJSON_GetObjectItem(got, "phases"), 0), "config");
		if (t[i].text == NULL) {
			assert_null(said);
		} else {
			assert_string_equal(
				cJSON_GetStringValue(cJSON_GetObjectItem(said, "text")), t[i].text);
			assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(said, "line")) ==
				t[i].line);
		}
		cJSON_Delete(a);
		cJSON_Delete(got);
	}
}

// What refuses a flow that lists permit: the line that has the limit, the rule, the address.
static void test_trace_limits(void **state)
{
	static const struct {
		enum dp_counter_id why; // DP_COUNTERS: none
		uint8_t type;
		int rule;
		const char *text;
		double line; // 0: nowhere
		const char *information;
	} t[] = {
		{DROP_CONN_LIMIT, DP_TRACE_LIMITS, 0,
			"class ime-in set-connection conn-max 7 embryonic-conn-max 3", 61, ""},
		{DP_COUNTERS, DP_TRACE_LIMITS, 1,
			"class class-default set-connection embryonic-conn-max 4096, the default",
			0, ""},
		{DROP_EMBRYONIC_FULL, DP_TRACE_LIMITS, -1, "sessions-max 65536, the default", 0,
			""},
		{DROP_SESSION_FULL, DP_TRACE_CREATE, -1, "sessions-max 65536, the default", 0, ""},
		{DROP_NAT_PORTS, DP_TRACE_CREATE, 0,
			"nat (inside,outside) source static 192.168.10.30 209.165.200.228", 40,
			"another session has the addresses and ports that this one would have "
			"(callgate "
			"show conn)"},
		{DROP_TCP_NOT_SYN, DP_TRACE_CREATE, -1, NULL, 0, ""},
		{DROP_MTU_EXCEEDED, DP_TRACE_ADJACENCY, -1, "interface inside mtu 1400", 20, ""},
		{DROP_PROTO_TO_SELF, DP_TRACE_PUNT, -1, "interface outside has this address", 10,
			""},
	};
	static struct config_conn_limits limits[1] = {
		{.class_name = "ime-in", .conn_max = 7, .embryonic_max = 3, .line = 61}};
	static struct config c;

	rules(&c);
	trace_error = 0;
	c.conn_limits = limits;
	c.n_conn_limits = 1;
	c.sessions_max = 65536;
	c.ifaces[1].mtu = 1400;
	c.ifaces[0].ip = ip("1.2.3.4");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct show with = show;
		char err[256] = "";
		cJSON *a = cJSON_Parse(
			"{\"input\": \"outside\", \"protocol\": \"tcp\", \"source\": "
			"\"198.51.100.7\", \"source_port\": 1, \"destination\": "
			"\"1.2.3.4\", \"destination_port\": 2, \"size\": 1400, \"df\": true, "
			"\"flags\": [\"syn\", \"ack\"]}");
		cJSON *got, *first, *said;

		with.config = &c;
		trace = (struct dp_trace){
			.fate = t[i].why != DP_COUNTERS ? DP_TRACE_DROP : DP_TRACE_FORWARD,
			.why = t[i].why,
			.reason = "",
			.help = "",
			.iface_out = DP_TRACE_NO_IFACE,
			.n = 1,
			.phase = {phase((enum dp_trace_type)t[i].type, -1, t[i].rule, 1)}};
		trace.phase[0].drop = t[i].why != DP_COUNTERS;
		got = show_command(&with, "packet-tracer", a, err, sizeof(err));
		assert_non_null(got);
		first = cJSON_GetArrayItem(cJSON_GetObjectItem(got, "phases"), 0);
		said = cJSON_GetObjectItem(first, "config");
		if (t[i].text == NULL)
			assert_null(said);
		else
			assert_string_equal(
				cJSON_GetStringValue(cJSON_GetObjectItem(said, "text")), t[i].text);
		assert_int_equal(cJSON_HasObjectItem(said, "line"), t[i].line != 0);
		if (t[i].line != 0)
			assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(said, "line")) ==
				t[i].line);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(first, "information")),
			t[i].information);
		cJSON_Delete(a);
		cJSON_Delete(got);
	}
	assert_int_equal(traced.tcp_flags, 0x12);
	assert_int_equal(traced.size, 1400);
	assert_true(traced.df);
}

// A segment for callgate itself that belongs to no connection is answered, and goes nowhere.
static void test_trace_reset(void **state)
{
	struct show with = show;
	static struct config c;
	char err[256] = "";
	cJSON *a = cJSON_Parse(TCP_IN), *got;

	rules(&c);
	trace_error = 0;
	with.config = &c;
	trace = (struct dp_trace){.fate = DP_TRACE_RESET,
		.iface_out = DP_TRACE_NO_IFACE,
		.n = 1,
		.phase = {phase(DP_TRACE_CREATE, -1, -1, DP_TRACE_NO_IFACE)}};
	trace.phase[0].drop = true;
	got = show_command(&with, "packet-tracer", a, err, sizeof(err));
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(got, "action")), "reset");
	assert_null(cJSON_GetObjectItem(got, "drop_reason"));
	cJSON_Delete(a);
	cJSON_Delete(got);
}

static void test_trace_refused(void **state)
{
#define FROM_TO "\"source\": \"198.51.100.7\", \"destination\": \"192.0.2.1\""
	static const struct {
		const char *args, *err;
		int error;
	} t[] = {
		{"{}", "input: found nothing of the kind", 0},
		{"{\"ttl\": 256}", "ttl: expected a number from 0 to 255", 0},
		{"{\"input\": \"dmz\"}", "input: found dmz, expected the name", 0},
		{"{\"input\": \"outside\", \"source\": \"x\"}", "source: found x", 0},
		{"{\"input\": \"outside\", \"source\": \"::1\"}", "an IPv4 address", 0},
		{"{\"input\": \"outside\", \"source\": \"1.2.3.4\"}", "destination: found", 0},
		{"{\"input\": \"outside\", " FROM_TO "}", "protocol: found nothing", 0},
		{"{\"input\": \"outside\", \"protocol\": \"gre\", " FROM_TO "}",
			"protocol: found gre, expected tcp, udp", 0},
		{"{\"input\": \"outside\", \"protocol\": \"udp\", " FROM_TO "}",
			"source_port: expected a number from 0 to 65535", 0},
		{"{\"input\": \"outside\", \"protocol\": \"udp\", \"source_port\": 70000, " FROM_TO
		 "}",
			"source_port: expected", 0},
		{"{\"input\": \"outside\", \"protocol\": \"icmp\", \"type\": 256, " FROM_TO "}",
			"type: expected a number from 0 to 255", 0},
		{"{\"input\": \"outside\", \"protocol\": \"icmp\", \"type\": 3, \"code\": "
		 "1, " FROM_TO "}",
			"trace that flow", 0},
		{"{\"input\": \"outside\", \"protocol\": \"rawip\", \"number\": 6, " FROM_TO "}",
			"found 6, expected tcp, udp or icmp by its name", 0},
		{"{\"flags\": [\"ece\"]}", "flags: found ece, expected fin, syn", 0},
		{"{\"flags\": [1]}", "flags: found no word, expected fin", 0},
		{"{\"size\": 65536}", "size: expected a number from 0 to 65535", 0},
		{"{\"toast\": 1}",
			"toast: this daemon (callgate " CALLGATE_VERSION ") does not know it", 0},
		{TCP_IN,
			"size: found 0, expected no less than the headers (40 octets for tcp, 28 "
			"for udp and icmp, else 20)",
			-EMSGSIZE},
		{TCP_IN, "too busy", -ETIMEDOUT},
		{TCP_IN, "buffer", -ENOBUFS},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *args = cJSON_Parse(t[i].args);
		char err[256] = "";

		assert_non_null(args);
		trace_error = t[i].error;
		assert_null(show_command(&show, "packet-tracer", args, err, sizeof(err)));
		if (strstr(err, t[i].err) == NULL)
			fail_msg("%s: %s", t[i].args, err);
		cJSON_Delete(args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_trace, facts),
		cmocka_unit_test_setup(test_unmapped, facts),
		cmocka_unit_test_setup(test_trace_own, facts),
		cmocka_unit_test_setup(test_source, facts),
		cmocka_unit_test_setup(test_trace_limits, facts),
		cmocka_unit_test_setup(test_trace_reset, facts),
		cmocka_unit_test_setup(test_trace_refused, facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
