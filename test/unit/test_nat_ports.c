// SPDX-License-Identifier: BSD-3-Clause
// The alarm of a dynamic translation without ports: on with the first refusal, counted, over when
// nothing has been refused for a while.
#include "test/unit/test.h"

#include "cp/alarm.h"
#include "cp/nat_ports.h"

static uint64_t now = 1000;

static uint64_t clock_ns(void)
{
	return now;
}

static void test_alarm(void **state)
{
	static struct nat_rule rules[] = {{.id = 7, .line = 20}, {.id = 9, .line = 31}};
	struct config c = {.nat = rules, .n_nat = 2};
	struct event_base *base = event_base_new();
	struct nat_ports *n;
	const struct alarm *a = alarm_get(ALARM_NAT_PORTS);

	alarms_reset();
	assert_int_equal(nat_ports_new(&n, base, &c, clock_ns), 0);
	nat_ports_quiet(n);
	assert_false(a->active);
	nat_ports_refused(n, 9);
	assert_true(a->active);
	assert_non_null(strstr(a->text, "on line 31 "));
	nat_ports_refused(n, 7); // another one, meanwhile
	assert_int_equal(a->count, 2);
	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
	now = 2000;
	nat_ports_quiet(n);
	assert_false(a->active);
	assert_int_equal(a->cleared_ns, 2000);
	nat_ports_free(n);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_alarm)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
