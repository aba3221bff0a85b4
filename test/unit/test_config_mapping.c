// SPDX-License-Identifier: BSD-3-Clause
// The off-path mapping service in the configuration (protocol.md 6.3, 9.1): its keys, and what the rest
// must have for it.
#include "test/unit/config_edit.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// The outside may be spoken to as ports of the inside address.
#define NAT_LINE                                                                                   \
	"  - {from: outside, to: inside, source: {dynamic: {real: any, mapped: interface}}}\n"
#define WITH_NAT                                                                                   \
	{                                                                                          \
		"access-lists:\n", NAT_LINE "access-lists:\n"                                      \
	}
#define SERVICE "listening-interface: inside, uc-ime-interface: outside"
#define WITH(keys)                                                                                 \
	{                                                                                          \
		"    did-source: request-uri", "    mapping-service: {" keys "}"                   \
	}

static const struct edited mapping[] = {
	{"no interface", {WITH_NAT, WITH("uc-ime-interface: outside")},
		"59:22: mapping-service: found no listening-interface, expected one"},
	{"no interface", {WITH_NAT, WITH("listening-interface: inside")},
		"59:22: mapping-service: found no uc-ime-interface, expected one"},
	{"interface", {WITH_NAT, WITH("listening-interface: insid, uc-ime-interface: outside")},
		"59:44: listening-interface: found insid, expected the name of an interface; did "
		"you mean inside?"},
	{"port", {WITH_NAT, WITH(SERVICE ", listening-port: 1023")},
		"59:95: listening-port: found 1023, expected a port from 1024 to 65535"},
	{"range", {WITH_NAT, WITH(SERVICE ", port-range: 50000-40000")},
		"59:91: port-range: found 50000-40000, expected two ports from 1024 to 65535, such "
		"as 40000-49999"},
	{"range", {WITH_NAT, WITH(SERVICE ", port-range: 80-100")},
		"59:91: port-range: found 80-100, expected two ports from 1024 to 65535, such as "
		"40000-49999"},
	{"range and port", {WITH_NAT, WITH(SERVICE ", port-range: 8000-9000")},
		"59:91: port-range: found ports 8000 to 9000 and the listening-port 8060 among "
		"them, expected it outside"},
	{"quota", {WITH_NAT, WITH(SERVICE ", quota: 0")},
		"59:86: quota: found 0, expected mappings of a call manager, from 1 to 65535"},
	{"lifetime", {WITH_NAT, WITH(SERVICE ", lifetime: 600")},
		"59:89: lifetime: found 600, expected H:MM:SS from 0:00:05 to 24:00:00"},
	{"idle", {WITH_NAT, WITH(SERVICE ", idle: 0:00:01")},
		"59:85: idle: found 0:00:01, expected H:MM:SS from 0:00:05 to 24:00:00"},
	{"method", {WITH_NAT, WITH(SERVICE ", method: 240")},
		"59:87: method: found 240, expected a STUN method from 0x001 to 0xfff"},
	{"method", {WITH_NAT, WITH(SERVICE ", method: 0x1000")},
		"59:87: method: found 0x1000, expected a STUN method from 0x001 to 0xfff"},
	{"unknown", {WITH_NAT, WITH(SERVICE ", quotas: 1")},
		"59:79: found the unknown key quotas, expected a known key; did you mean quota?"},
	{"CLI-3",
		{WITH_NAT,
			{"    did-source: request-uri",
				"    mapping-service: [{" SERVICE "}, {" SERVICE "}]"}},
		"59:22: mapping-service: found a list, expected one mapping service (CLI-3)"},
	{"one interface", {WITH_NAT, WITH("listening-interface: inside, uc-ime-interface: inside")},
		"59:70: uc-ime-interface: found the listening-interface, expected the one toward "
		"the remote call managers"},
	{"UCMs elsewhere",
		{{"access-lists:\n",
			 "  - {from: outside, to: dmz, source: {dynamic: {real: any, mapped: "
			 "interface}}}\naccess-lists:\n"},
			WITH("listening-interface: dmz, uc-ime-interface: outside")},
		"59:44: listening-interface: found dmz, expected inside, on which the call manager "
		"192.168.20.30 is"},
	{"not trusted", {WITH_NAT, WITH(SERVICE), {"security-level: 0", "security-level: 100"}},
		"59:44: listening-interface: found inside, whose security-level is not above that "
		"of outside, expected a trusted interface"},
	{"a port that nat has",
		{WITH_NAT, WITH(SERVICE ", listening-port: 5570"),
			{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
			 "pat-mapped}}",
				"from: dmz, to: inside, source: {static: {real: pat-real, mapped: "
				"interface}}"}},
		"26:5: nat: found port 5570 of interface inside, which the mapping-service of "
		"uc-ime ime has, expected another\n"
		"26:5: nat: found port 5570 of interface inside for what the class out inspects, "
		"expected a mapped address that is no interface's"},
	{"no nat", {WITH(SERVICE)},
		"58:22: mapping-service: found no nat (outside,inside) dynamic interface, expected "
		"under nat: {from: outside, to: inside, source: {dynamic: {real: any, mapped: "
		"interface}}}"},
	{"no route",
		{WITH_NAT, WITH(SERVICE),
			{"  - {interface: outside, destination: 0.0.0.0/0, gateway: "
			 "203.0.113.254}\n",
				""}},
		"58:70: uc-ime-interface: found no route over outside, expected under routes: "
		"{interface: outside, destination: 0.0.0.0/0, gateway: ADDRESS}"},
};

static struct config *load(const char *keys)
{
	char text[2 * sizeof(config_right)], line[512], faults[4096];
	struct config_errors errs = {0};
	struct config *c;

	strcpy(text, config_right);
	snprintf(line, sizeof(line), "    mapping-service: {" SERVICE "%s}", keys);
	edit(text, sizeof(text), "access-lists:\n", NAT_LINE "access-lists:\n");
	edit(text, sizeof(text), "    did-source: request-uri", line);
	if (config_parse(str_from(text), "", false, &c, &errs) == 0)
		return c;
	faults_text(&errs, faults, sizeof(faults));
	fail_msg("%s", faults);
	return NULL;
}

// 6.3 and 6.1: what is there when nothing is said.
static void test_defaults(void **state)
{
	struct config *c = load("");
	const struct config_mapping *m = &c->imes[0].mapping;

	assert_true(m->on);
	assert_string_equal(c->ifaces[m->listening_iface].name, "inside");
	assert_string_equal(c->ifaces[m->ime_iface].name, "outside");
	assert_int_equal(m->listening_port, 8060);
	assert_int_equal(m->first_port, 40000);
	assert_int_equal(m->last_port, 49999);
	assert_int_equal(m->method, 0x0f0);
	assert_int_equal(m->quota, 10000);
	assert_int_equal(m->lifetime_s, 600);
	assert_int_equal(m->idle_s, 1800);
	assert_string_equal(m->key, "");
	config_free(c);
}

static void test_all(void **state)
{
	struct config *c = load(", listening-port: 1024, port-range: 16384-16385, quota: 5, "
				"lifetime: 0:00:05, idle: 1:00:00, key: x.key, method: 0xFfF");
	const struct config_mapping *m = &c->imes[0].mapping;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_int_equal(m->listening_port, 1024);
	assert_int_equal(m->first_port, 16384);
	assert_int_equal(m->last_port, 16385);
	assert_int_equal(m->method, 0xfff);
	assert_int_equal(m->quota, 5);
	assert_int_equal(m->lifetime_s, 5);
	assert_int_equal(m->idle_s, 3600);
	assert_string_equal(m->key_file, "x.key");
	config_summary(f, c);
	fclose(f);
	assert_non_null(strstr(text,
		"  mapping-service listening-interface inside listening-port 1024 uc-ime-interface "
		"outside\n"
		"    ports 16384 to 16385, quota 5, lifetime 5 s, idle 3600 s, key *****\n"));
	free(text);
	config_free(c);
}

static void test_off(void **state)
{
	struct config *c = config_with(NULL, NULL);

	assert_false(c->imes[0].mapping.on);
	config_free(c);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(mapping) + 4] = {cmocka_unit_test(edited_nothing),
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_all),
		cmocka_unit_test(test_off)};

	for (size_t i = 0; i < COUNT(mapping); i++)
		tests[i + 4] = row_case(mapping[i].rule, edited_row, &mapping[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
