// SPDX-License-Identifier: BSD-3-Clause
// 106100, 106101 and 106023: flows of entries with log, once and then by interval; a table that is full
// keeps what it has; and what is denied without log.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "cp/acl_log.h"
#include "cp/log.h"
#include "test/unit/log_capture.h"

#define S_NS 1000000000ull

static struct config_entry entries[] = {
	{.line = 20, .log = ACE_LOG_FLOWS, .log_level = 6, .log_interval_s = 300},
	{.line = 21, .log = ACE_LOG_FLOWS, .log_level = 4, .log_interval_s = 10},
	{.line = 22},
};
static struct config_acl acls[] = {{.name = "incoming", .entries = entries, .n_entries = 3}};
static struct config config = {.ifaces = {{.name = "outside"}, {.name = "inside"}},
	.n_ifaces = 2,
	.acls = acls,
	.n_acls = 1};
static struct acl_log *l;
static uint64_t now;

static uint64_t clock_ns(void)
{
	return now;
}

static struct dp_acl_log record(int entry, bool permit, const char *src, uint16_t port)
{
	return (struct dp_acl_log){.list = 0,
		.entry = entry,
		.iface_in = 0,
		.iface_out = 1,
		.permit = permit,
		.flows = entry >= 0 && entry < 2,
		.flow = {ep(src, port), ep("192.168.10.30", 443), PROTO_TCP}};
}

static const char *taken(const struct dp_acl_log *r)
{
	log_capture();
	acl_log_take(l, r);
	return log_captured();
}

static const char *ticked_s(uint64_t s)
{
	now += s * S_NS;
	log_capture_ns += s * S_NS;
	log_capture();
	acl_log_tick(l);
	return log_captured();
}

static int setup(void **state)
{
	now = 1000 * S_NS;
	config.acls = acls;
	assert_int_equal(acl_log_new(&l, &config, clock_ns), 0);
	log_capture_open(6, false);
	return 0;
}

static int teardown(void **state)
{
	acl_log_free(l);
	return 0;
}

static void test_flow(void **state)
{
	struct dp_acl_log r = record(0, true, "198.51.100.7", 4000);

	log_line_with(taken(&r), "%UCIME-6-106100: ",
		"access_list=incoming action=permitted protocol=tcp interface=outside "
		"source=198.51.100.7:4000 to_interface=inside destination=192.168.10.30:443 "
		"hit_cnt=1 hit=first line=20");
	for (int i = 0; i < 5; i++)
		assert_string_equal(taken(&r), "");
	assert_string_equal(ticked_s(299), "");
	log_line_with(ticked_s(1), "%UCIME-6-106100: ", "hit_cnt=5 interval_s=300 line=20");
	assert_string_equal(ticked_s(300), ""); // no hit: it is forgotten
	log_line_with(taken(&r), "106100", "hit=first");
}

// The level and the interval of the entry; another port is another flow.
static void test_level(void **state)
{
	struct dp_acl_log r = record(1, false, "198.51.100.7", 4000);
	struct dp_acl_log other = record(1, false, "198.51.100.7", 4001);
	const char *lines;

	log_line_with(taken(&r), "%UCIME-4-106100: ", "action=denied");
	log_line_with(taken(&other), "%UCIME-4-106100: ", "source=198.51.100.7:4001");
	taken(&r);
	lines = ticked_s(10);
	log_line_with(lines, "source=198.51.100.7:4000", "hit_cnt=1 interval_s=10");
	assert_null(strstr(lines, "198.51.100.7:4001"));
	log_set_severity(3);
	assert_string_equal(taken(&(struct dp_acl_log){.list = 0, .entry = 1, .flows = true}), "");
	log_set_severity(6);
}

static void test_icmp(void **state)
{
	struct dp_acl_log r = record(0, true, "198.51.100.7", 0);

	r.flow.proto = PROTO_ICMP;
	r.icmp_type = 8;
	log_line_with(taken(&r), "protocol=icmp", "icmp_type=8 hit_cnt=1");
	r.flow.proto = 47;
	r.iface_out = UINT16_MAX; // nobody knows where it would leave
	log_line_with(taken(&r), "protocol=47", "destination=192.168.10.30:443");
}

// So many flows; then no new one, which is told once in five minutes, and the old ones go on.
static void test_full(void **state)
{
	struct dp_acl_log r = record(1, false, "198.51.100.7", 1);
	const char *lines;

	for (unsigned int i = 0; i < ACL_LOG_FLOWS; i++) {
		r.flow.src.port = (uint16_t)i;
		taken(&r);
	}
	r.flow.src.port = ACL_LOG_FLOWS;
	log_line_with(taken(&r), "%UCIME-1-106101: ", "flows=4096");
	r.flow.src.port++;
	assert_string_equal(taken(&r), "");
	r.flow.src.port = 9;
	r.flow.src.ip = ip("198.51.100.7");
	assert_string_equal(taken(&r), ""); // an old one: a hit
	lines = ticked_s(10);
	log_line_with(lines, "source=198.51.100.7:9", "hit_cnt=1");
	r.flow.src.port = ACL_LOG_FLOWS + 1; // there is room again
	log_capture_ns += 3600 * S_NS;
	log_line_with(taken(&r), "106100", "hit=first");
}

// Other lists are in force: what was remembered of the old ones is not told as theirs.
static void test_reloaded(void **state)
{
	static struct config_entry fresh[] = {{.line = 30}};
	static struct config_acl lists[] = {{.name = "new", .entries = fresh, .n_entries = 1}};
	struct dp_acl_log r = record(1, true, "198.51.100.7", 4000);

	taken(&r);
	taken(&r);
	config.acls = lists;
	assert_string_equal(ticked_s(10), "");
	assert_string_equal(taken(&r), ""); // from before: there is no such entry
	r.list = 7;
	assert_string_equal(taken(&r), "");
	config.acls = acls;
	assert_string_equal(ticked_s(10), "");
}

static void test_denied(void **state)
{
	struct dp_acl_log r = record(2, false, "198.51.100.8", 4000);

	log_line_with(taken(&r), "%UCIME-4-106023: denied by an access list",
		"protocol=tcp interface=outside source=198.51.100.8:4000 to_interface=inside "
		"destination=192.168.10.30:443 access_list=incoming line=22");
	r = record(-1, false, "198.51.100.9", 4000);
	log_line_with(taken(&r), "106023", "access_list=incoming entry=\"implicit deny\"");
	for (int i = 0; i < 1000; i++)
		taken(&r);
	assert_true(log_counted(EVT_ACL_DENIED).suppressed > 900); // one source floods
	r = record(-1, false, "198.51.100.10", 4000);
	log_line_with(taken(&r), "106023", "source=198.51.100.10:4000");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_flow),
		TEST(test_level),
		TEST(test_icmp),
		TEST(test_full),
		TEST(test_reloaded),
		TEST(test_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
