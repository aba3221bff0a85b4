// SPDX-License-Identifier: BSD-3-Clause
// The alarms of a dynamic translation without ports and of a full session table: on with the first
// refusal, counted, over when nothing has been refused for a while, each by itself.
#include "test/unit/test.h"

#include "cp/alarm.h"
#include "cp/exhausted.h"

static uint64_t now;

static uint64_t clock_ns(void)
{
	return now;
}

static struct nat_rule rules[] = {{.id = 7, .line = 20}, {.id = 9, .line = 31}};
static const struct config config = {.nat = rules, .n_nat = 2, .sessions_max = 4096};
static struct event_base *base;
static struct exhausted *x;

static int up(void **state)
{
	now = 1000;
	alarms_reset();
	base = event_base_new();
	return exhausted_new(&x, base, &config, clock_ns);
}

static int down(void **state)
{
	exhausted_free(x);
	event_base_free(base);
	return 0;
}

static void refused(enum dp_msg_type type, uint32_t rule)
{
	const struct dp_msg m = {.version = DP_MSG_VERSION, .type = type, .nat = {.rule = rule}};

	exhausted_refused(x, &m);
}

static int timers(void)
{
	return event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
}

static void test_nat(void **state)
{
	const struct alarm *a = alarm_get(ALARM_NAT_PORTS);

	exhausted_quiet(x, ALARM_NAT_PORTS);
	assert_false(a->active);
	refused(DP_MSG_NAT_PORTS, 9);
	assert_true(a->active);
	assert_non_null(strstr(a->text, "on line 31 "));
	refused(DP_MSG_NAT_PORTS, 7); // another one, meanwhile
	assert_int_equal(a->count, 2);
	assert_int_equal(timers(), 1);
	now = 2000;
	exhausted_quiet(x, ALARM_NAT_PORTS);
	assert_false(a->active);
	assert_int_equal(a->cleared_ns, 2000);
}

static void test_sessions(void **state)
{
	const struct alarm *a = alarm_get(ALARM_SESSION_FULL);

	refused(DP_MSG_SESSION_FULL, 0);
	assert_true(a->active);
	assert_non_null(strstr(a->text, "(sessions-max 4096), "));
	refused(DP_MSG_SESSION_FULL, 0);
	assert_int_equal(a->count, 2);
	assert_int_equal(timers(), 1);
	now = 2000;
	exhausted_quiet(x, ALARM_SESSION_FULL);
	assert_false(a->active);
	assert_int_equal(a->cleared_ns, 2000);
	refused(DP_MSG_SESSION_FULL, 0); // full once more
	assert_true(a->active);
	assert_int_equal(a->raised_ns, 2000);
	assert_int_equal(a->count, 1);
}

// One does not end the other.
static void test_both(void **state)
{
	refused(DP_MSG_SESSION_FULL, 0);
	assert_false(alarm_get(ALARM_NAT_PORTS)->active);
	refused(DP_MSG_NAT_PORTS, 9);
	assert_int_equal(timers(), 2);
	exhausted_quiet(x, ALARM_NAT_PORTS);
	assert_true(alarm_get(ALARM_SESSION_FULL)->active);
	assert_false(alarm_get(ALARM_NAT_PORTS)->active);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nat, up, down),
		cmocka_unit_test_setup_teardown(test_sessions, up, down),
		cmocka_unit_test_setup_teardown(test_both, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
