// SPDX-License-Identifier: BSD-3-Clause
// What the daemon answers of its routes, neighbours and timeouts.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/node.h"
#include "test/unit/show_facts.h"

static void expect(const struct show *s, const char *command, const char *args, const char *file)
{
	cJSON *a = cJSON_Parse(args), *want = show_file(file), *got;
	char err[256] = "";

	got = show_command((void *)(uintptr_t)s, command, a, err, sizeof(err));
	if (got == NULL)
		fail_msg("%s: %s", command, err);
	if (!cJSON_Compare(got, want, true))
		fail_msg("%s: %s", command, cJSON_Print(got));
	cJSON_Delete(a);
	cJSON_Delete(want);
	cJSON_Delete(got);
}

static void test_route(void **state)
{
	static const struct {
		const char *args, *interface; // NULL: no route
		double line;
	} t[] = {
		{"{\"address\": \"192.168.10.77\"}", "inside", 12}, // connected
		{"{\"address\": \"10.1.1.1\"}", "inside", 18},      // longer than the default
		{"{\"address\": \"192.168.11.1\"}", "outside", 17},
		{"{\"address\": \"192.168.11.1\"}", NULL, 0}, // without a default
	};
	struct config c = config;
	struct show with = show;

	unresolved = ip("192.168.10.77");
	expect(&show, "show route", "{}", "route");
	with.config = &c;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *args = cJSON_Parse(t[i].args), *got;
		char err[256];

		if (t[i].interface == NULL)
			c.n_routes = 0;
		got = show_command(&with, "show route", args, err, sizeof(err));
		assert_int_equal(cJSON_GetArraySize(got), t[i].interface != NULL);
		if (t[i].interface != NULL) {
			const cJSON *r = cJSON_GetArrayItem(got, 0);

			assert_string_equal(
				cJSON_GetStringValue(cJSON_GetObjectItem(r, "interface")),
				t[i].interface);
			assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(r, "file_line")) ==
				t[i].line);
		}
		cJSON_Delete(got);
		cJSON_Delete(args);
	}
}

static void test_route_refused(void **state)
{
	static const char *const t[][2] = {
		{"{\"address\": \"10.1.1\"}", "address: found 10.1.1, expected an IPv4 address"},
		{"{\"address\": \"2001:db8::1\"}",
			"address: found 2001:db8::1, expected an IPv4 address"},
		{"{\"address\": 7}",
			"address: found nothing of the kind, expected an IPv4 address"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *args = cJSON_Parse(t[i][0]);
		char err[256];

		assert_null(show_command(&show, "show route", args, err, sizeof(err)));
		assert_string_equal(err, t[i][1]);
		cJSON_Delete(args);
	}
}

static void test_arp(void **state)
{
	char err[256];
	cJSON *got;

	expect(&show, "show arp", "{}", "arp");
	neighs_cleared = 0;
	got = show_command(&show, "clear arp", NULL, err, sizeof(err));
	assert_true(cJSON_IsTrue(got));
	assert_int_equal(neighs_cleared, 1);
	cJSON_Delete(got);
}

// The lines of those that are set, by either spelling.
static void test_timeout(void **state)
{
	struct config_errors errs = {.n = 0};
	struct config c = config;
	struct show with = show;

	assert_int_equal(node_parse(STR_LIT("hostname: x\n"
					    "timeouts:\n"
					    "  conn: 2:00:00\n"
					    "  half-open: 0:00:20\n"),
				 &c.root, &errs),
		0);
	c.timeouts = (struct config_timeouts){.conn_s = 7200,
		.half_open_s = 20,
		.half_closed_s = 600,
		.udp_s = 120,
		.icmp_s = 2,
		.xlate_s = 10800,
		.pat_xlate_s = 30,
		.sip_s = 1800,
		.sip_media_s = 120,
		.sip_invite_s = 180,
		.sip_disconnect_s = 120,
		.sip_provisional_media_s = 120,
		.one_way_s = 10};
	with.config = &c;
	expect(&with, "show timeout", "{}", "timeout");
	expect(&with, "show running-config timeout", "{}", "timeout");
	node_free(c.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_route, facts),
		cmocka_unit_test_setup(test_route_refused, facts),
		cmocka_unit_test_setup(test_arp, facts),
		cmocka_unit_test_setup(test_timeout, facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
