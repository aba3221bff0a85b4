// SPDX-License-Identifier: BSD-3-Clause
// What the daemon answers of its flows and translations: filters, and tables that come in pieces.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "test/unit/show_facts.h"

#define IPS_EXPECTED      "expected an address, FIRST-LAST, NETWORK/LENGTH or NETWORK netmask MASK"
#define PROTOCOL_EXPECTED "expected tcp, udp, icmp, gre, ... or a number from 1 to 255"
#define PORTS_EXPECTED    "expected a port (0 to 65535 or a name such as sip), or FIRST-LAST"

// Ranges as they are told, and found by an address in them.
static void test_ranges(void **state)
{
	static struct nat_rule rule = {.real_if = 1, .mapped_if = 0, .section = NAT_MANUAL};
	struct config c = config;
	struct show with = show;
	char err[256];
	cJSON *args = cJSON_Parse("{\"type\": \"static\", \"local\": \"192.168.10.34\"}"), *got, *j;

	rule.real_range = (struct nat_pool){ip("192.168.10.33"), ip("192.168.10.36")};
	rule.pool = (struct nat_pool){ip("209.165.200.241"), ip("209.165.200.244")};
	rule.proto = PROTO_UDP;
	rule.real_port = 5060;
	rule.mapped_port = 6060;
	rule.more_ports = 10;
	c.nat = &rule;
	c.n_nat = 1;
	with.config = &c;
	got = show_command(&with, "show xlate", args, err, sizeof(err));
	j = cJSON_GetArrayItem(cJSON_GetObjectItem(got, "xlates"), 0);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(j, "flags")), "srT");
	j = cJSON_GetObjectItem(cJSON_GetObjectItem(j, "mapped"), "ip");
	assert_string_equal(cJSON_GetStringValue(j), "209.165.200.241-209.165.200.244");
	cJSON_Delete(got);
	cJSON_Delete(args);
	args = cJSON_Parse("{\"type\": \"static\", \"local\": \"192.168.10.37\"}");
	got = show_command(&with, "show xlate", args, err, sizeof(err));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(got, "xlates")), 0);
	cJSON_Delete(got);
	cJSON_Delete(args);
	got = show_command(&with, "show nat", NULL, err, sizeof(err));
	j = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetArrayItem(got, 0), "source"), "origin");
	assert_string_equal(cJSON_GetStringValue(j), "192.168.10.33-192.168.10.36");
	j = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetArrayItem(got, 0), "service"), "translated");
	assert_string_equal(cJSON_GetStringValue(j), "udp source range 6060 6070");
	cJSON_Delete(got);
	args = cJSON_Parse("{\"type\": \"static\", \"gport\": \"6070\"}");
	got = show_command(&with, "show xlate", args, err, sizeof(err));
	j = cJSON_GetArrayItem(cJSON_GetObjectItem(got, "xlates"), 0);
	j = cJSON_GetObjectItem(cJSON_GetObjectItem(j, "mapped"), "last_port");
	assert_int_equal(j->valueint, 6070);
	cJSON_Delete(got);
	cJSON_Delete(args);
	args = cJSON_Parse("{\"type\": \"static\", \"gport\": \"6071\"}");
	got = show_command(&with, "show xlate", args, err, sizeof(err));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(got, "xlates")), 0);
	cJSON_Delete(got);
	cJSON_Delete(args);
}

// A line with groups is one entry, with the hits of all its rules; each address is told once.
static void test_groups(void **state)
{
	static const char *const lans[] = {"10.1.0.0/24", "10.2.0.0/16"};
	static const char *const peers[] = {"192.0.2.1", "198.51.100.0/24"};
	static struct nat_rule rules[6];
	cJSON *got, *want = show_file("nat-groups");
	struct config c = config;
	struct show with = show;
	char err[256];

	for (uint32_t i = 0; i < 4; i++) {
		struct nat_rule *r = &rules[i];

		*r = (struct nat_rule){.id = 1 + i, .line = 7, .part = i, .real_if = 1};
		assert_true(prefix_parse(str_from(lans[i / 2]), &r->real));
		assert_true(prefix_parse(str_from(peers[i % 2]), &r->dst_real));
		r->mapped = r->real;
		r->dst_mapped = r->dst_real;
	}
	for (uint32_t i = 4; i < 6; i++) { // behind it on the same line of the file
		struct nat_rule *r = &rules[i];

		*r = (struct nat_rule){.id = 1 + i,
			.line = 7,
			.part = i - 4,
			.real_if = 1,
			.kind = NAT_PAT,
			.interface = true};
		assert_true(prefix_parse(str_from(lans[i - 4]), &r->real));
	}
	c.nat = rules;
	c.n_nat = 6;
	with.config = &c;
	got = show_command(&with, "show nat", NULL, err, sizeof(err));
	if (!cJSON_Compare(got, want, true))
		fail_msg("%s", cJSON_Print(got));
	cJSON_Delete(got);
	cJSON_Delete(want);
}

// The lines that have an address on any side, or an interface.
static void test_nat_filters(void **state)
{
	static const struct {
		const char *args, *lines; // of the file, or why not
	} t[] = {
		{"{}", "21 22 23 24 25"},
		{"{\"address\": \"192.168.10.30\"}", "21 25"}, // 25 is of any host
		{"{\"address\": \"209.165.200.228\"}", "21 25"},
		{"{\"address\": \"198.51.100.7\"}", "22 25"},
		{"{\"address\": \"192.168.10.192 255.255.255.192\"}", "22 25"},
		{"{\"address\": \"192.150.49.4\"}", "24 25"},
		{"{\"interface\": \"inside\"}", "21 22 23 24 25"},
		{"{\"interface\": \"dmz\"}", "25"},
		{"{\"interface\": \"outsied\"}",
			"interface: found outsied, expected the name of an interface"},
		{"{\"address\": \"10.2\"}", "address: found 10.2, " IPS_EXPECTED},
	};

	struct config c = config;
	struct show with = show;

	strcpy(c.ifaces[c.n_ifaces++].name, "dmz");
	with.config = &c;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *args = cJSON_Parse(t[i].args), *got, *j;
		char err[256] = "", lines[256] = "";

		got = show_command(&with, "show nat", args, err, sizeof(err));
		cJSON_ArrayForEach (j, got)
			snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s%d",
				lines[0] != '\0' ? " " : "",
				cJSON_GetObjectItem(j, "line")->valueint);
		assert_string_equal(got != NULL ? lines : err, t[i].lines);
		cJSON_Delete(got);
		cJSON_Delete(args);
	}
}

// The filters reach the workers as they were asked, and choose among the static ones here.
static void test_xlate_filters(void **state)
{
	static const struct {
		const char *args;
		const char *error; // NULL: it is understood
		int count;         // the stand-in's three, and the static ones that it means
	} t[] = {
		{"{}", NULL, 6},
		{"{\"local\": \"192.168.10.31\"}", NULL, 4},
		{"{\"local\": \"192.168.10.30-192.168.10.31\"}", NULL, 5},
		{"{\"local\": \"10.2.0.77\"}", NULL, 4},
		{"{\"global\": \"209.165.200.228\"}", NULL, 4},
		{"{\"gport\": \"5570\", \"global\": \"209.165.200.230\"}", NULL, 4},
		{"{\"gport\": \"5571-5580\", \"global\": \"209.165.200.230\"}", NULL, 3},
		{"{\"interface\": \"inside\"}", NULL, 6},
		{"{\"type\": \"dynamic\"}", NULL, 3},
		{"{\"type\": \"static\"}", NULL, 3},
		{"{\"type\": \"portmap\"}", NULL, 3},
		{"{\"type\": \"odd\"}",
			"type: found odd, expected static, dynamic, portmap, identity or twice-nat",
			0},
		{"{\"interface\": \"insight\"}",
			"interface: found insight, expected the name of an interface", 0},
		{"{\"local\": \"10.1.1.0 255.255.255.0\"}", NULL, 3},
		{"{\"local\": \"10.1\"}", "local: found 10.1, " IPS_EXPECTED, 0},
		{"{\"lport\": \"70000\"}", "lport: found 70000, " PORTS_EXPECTED, 0},
	};
	const struct ip_addr last = ip("10.1.1.20");
	char err[256];
	cJSON *args;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *got;

		args = cJSON_Parse(t[i].args);
		got = show_command(&show, "show xlate", args, err, sizeof(err));

		if (t[i].error != NULL) {
			assert_null(got);
			assert_string_equal(err, t[i].error);
		} else {
			assert_int_equal(
				cJSON_GetArraySize(cJSON_GetObjectItem(got, "xlates")), t[i].count);
		}
		cJSON_Delete(got);
		cJSON_Delete(args);
	}
	args = cJSON_Parse("{\"local\": \"10.1.1.15-10.1.1.20\", \"gport\": \"1024\", "
			   "\"interface\": \"outside\"}");

	cJSON_Delete(show_command(&show, "show xlate", args, err, sizeof(err)));
	assert_true(ip_eq(&xlate_asked.real.last, &last));
	assert_int_equal(xlate_asked.mapped_port[1], 1024);
	assert_int_equal(xlate_asked.iface, 0);
	cJSON_Delete(show_command(&show, "clear xlate", args, err, sizeof(err)));
	assert_int_equal(xlate_cleared.type, DP_MSG_XLATE_CLEAR);
	assert_memory_equal(&xlate_cleared.xlate, &xlate_asked, sizeof(xlate_asked));
	cJSON_Delete(args);
}

// Filters reach the workers as they were asked, and faults are told.
static void test_conn_filters(void **state)
{
	static const struct {
		const char *args, *error;
		const char *first, *last; // NULL: any address
		struct dp_conn_filter want;
	} t[] = {
		{.args = "{}"},
		{.args = "{\"all\": true}", .want = {.all = true}},
		{"{\"address\": \"10.1.1.15\"}", NULL, "10.1.1.15", "10.1.1.15", {.all = false}},
		{"{\"address\": \"10.1.1.15-10.1.2.3\"}", NULL, "10.1.1.15", "10.1.2.3",
			{.all = false}},
		{"{\"address\": \"10.1.64.0/18\"}", NULL, "10.1.64.0", "10.1.127.255",
			{.all = false}},
		{"{\"address\": \"10.1.64.0 255.255.192.0\"}", NULL, "10.1.64.0", "10.1.127.255",
			{.all = false}},
		{"{\"address\": \"10.1.1.15 255.255.255.255\"}", NULL, "10.1.1.15", "10.1.1.15",
			{.all = false}},
		{.args = "{\"address\": \"10.1.64.0 255.0.255.0\"}",
			.error = "address: found 10.1.64.0 255.0.255.0, " IPS_EXPECTED},
		{.args = "{\"address\": \"10.1.64.0 255.255.192.0 x\"}",
			.error = "address: found 10.1.64.0 255.255.192.0 x, " IPS_EXPECTED},
		{.args = "{\"port\": \"5060\"}", .want = {.port = {5060, 5060}}},
		{.args = "{\"port\": \"5060-5070\", \"protocol\": \"TCP\"}",
			.want = {.port = {5060, 5070}, .proto = PROTO_TCP}},
		{.args = "{\"protocol\": \"47\"}", .want = {.proto = 47}},
		{.args = "{\"state\": \"up,data_in\"}",
			.want = {.flags = DP_CONN_UP | DP_CONN_DATA_IN}},
		{.args = "{\"address\": \"10.1.1.15/24\"}",
			.error = "address: found 10.1.1.15/24, " IPS_EXPECTED},
		{.args = "{\"address\": 7}", .error = "address: found , " IPS_EXPECTED},
		{.args = "{\"port\": \"https\"}", .want = {.port = {443, 443}}},
		{.args = "{\"port\": \"FTP-data\"}", .want = {.port = {20, 20}}},
		{.args = "{\"port\": \"ftp-data-ftp\"}", .want = {.port = {20, 21}}},
		{.args = "{\"port\": \"netbios-ns-139\"}", .want = {.port = {137, 139}}},
		{.args = "{\"port\": \"70000\"}", .error = "port: found 70000, " PORTS_EXPECTED},
		{.args = "{\"port\": \"htps\"}", .error = "port: found htps, " PORTS_EXPECTED},
		{.args = "{\"port\": \"-\"}", .error = "port: found -, " PORTS_EXPECTED},
		{.args = "{\"port\": \"80-\"}", .error = "port: found 80-, " PORTS_EXPECTED},
		{.args = "{\"port\": \"80-htps\"}",
			.error = "port: found 80-htps, " PORTS_EXPECTED},
		{.args = "{\"protocol\": \"gre\"}", .want = {.proto = 47}},
		{.args = "{\"protocol\": \"0\"}", .error = "protocol: found 0, " PROTOCOL_EXPECTED},
		{.args = "{\"protocol\": \"ip\"}",
			.error = "protocol: found ip, " PROTOCOL_EXPECTED},
		{.args = "{\"state\": \"up,down\"}",
			.error = "state: found up,down, expected up, tcp_embryonic, conn_inbound, "
				 "data_in, data_out, finin, finout or sip, or several with "
				 "commas"},
	};
	static const char *const commands[] = {"show conn", "clear conn"};
	char err[256];

	for (size_t i = 0; i < 2 * sizeof(t) / sizeof(t[0]); i++) {
		cJSON *args = cJSON_Parse(t[i / 2].args);
		cJSON *got = show_command(&show, commands[i % 2], args, err, sizeof(err));
		struct dp_conn_filter want = t[i / 2].want;

		assert_int_equal(got == NULL, t[i / 2].error != NULL);
		if (t[i / 2].first != NULL)
			want.ip = (struct nat_pool){ip(t[i / 2].first), ip(t[i / 2].last)};
		if (got == NULL)
			assert_string_equal(err, t[i / 2].error);
		else
			assert_memory_equal(&conns_asked, &want, sizeof(want));
		cJSON_Delete(got);
		cJSON_Delete(args);
	}
}

// An answer is a piece: it says where the next one begins, and a walk that gets nowhere is an error.
static void test_conn_pieces(void **state)
{
	cJSON *args = cJSON_Parse("{\"cursor\": 4294967301}"), *got;
	char err[256];

	conns_next = (1ull << 32) + 70000;
	got = show_command(&show, "show conn", args, err, sizeof(err));
	assert_int_equal(conns_from, (1ull << 32) + 5);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(got, "continued")));
	assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(got, "next")) == conns_next);
	cJSON_Delete(got);
	cJSON_Delete(args);
	args = cJSON_Parse("{\"cursor\": 1e300}");
	cJSON_Delete(show_command(&show, "clear conn", args, err, sizeof(err)));
	assert_int_equal(conns_from, 0);
	cJSON_Delete(args);
	conns_found = 0;
	conns_next = 0;
	for (int i = 0; i < 2; i++) {
		assert_null(show_command(
			&show, i > 0 ? "clear conn" : "show conn", NULL, err, sizeof(err)));
		assert_string_equal(err, "a worker is too busy to answer; try again");
	}
}

// One interface, or all of them.
static void test_verify(void **state)
{
	static const struct {
		const char *command, *args;
		unsigned int cleared; // a bit for each
		int listed;           // -1: refused
	} t[] = {
		{"show ip verify statistics", "{}", 0, 2},
		{"show ip verify statistics", "{\"interface\": \"inside\"}", 0, 1},
		{"show ip verify statistics", "{\"interface\": \"dmz\"}", 0, -1},
		{"clear ip verify statistics", "{\"interface\": \"inside\"}", 2, 0},
		{"clear ip verify statistics", "{\"interface\": \"dmz\"}", 0, -1},
		{"clear ip verify statistics", "{}", 3, 0},
	};
	char err[256];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *args = cJSON_Parse(t[i].args), *got;

		rpf_cleared = 0;
		got = show_command(&show, t[i].command, args, err, sizeof(err));
		assert_int_equal(rpf_cleared, t[i].cleared);
		if (t[i].listed >= 0)
			assert_int_equal(cJSON_GetArraySize(got), t[i].listed);
		else
			assert_string_equal(err,
				"interface: found dmz, expected the name of an interface (callgate "
				"show interface)");
		cJSON_Delete(got);
		cJSON_Delete(args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ranges, facts),
		cmocka_unit_test_setup(test_groups, facts),
		cmocka_unit_test_setup(test_nat_filters, facts),
		cmocka_unit_test_setup(test_xlate_filters, facts),
		cmocka_unit_test_setup(test_conn_filters, facts),
		cmocka_unit_test_setup(test_conn_pieces, facts),
		cmocka_unit_test_setup(test_verify, facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
