// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <arpa/inet.h>

#include "cp/log_limit.h"

#define S_NS 1000000000ull

static struct log_limits limits;
static uint64_t now_ns, told;

static int fresh(void **state)
{
	limits = (struct log_limits){0};
	now_ns = 1000 * S_NS;
	return 0;
}

static struct ip_addr host(uint32_t i)
{
	return ip_from_v4_be(htonl(0xc6336400u + i));
}

// How many of `n` lines may be written now; `told` is what the last of them tells.
static unsigned int take(enum event_id id, const struct ip_addr *from, unsigned int n)
{
	unsigned int written = 0;

	told = 0;
	for (unsigned int i = 0; i < n; i++)
		written += log_limit_take(&limits, id, from, now_ns, &told);
	return written;
}

static void test_of_our_own(void **state)
{
	struct log_suppressed s;

	assert_int_equal(take(EVT_TAP_WRITE, NULL, 35), 20);
	now_ns += S_NS / 10;
	assert_int_equal(take(EVT_TAP_WRITE, NULL, 1), 1);
	assert_int_equal(told, 15);
	assert_int_equal(take(EVT_TAP_READ, NULL, 1), 1); // another event's budget
	now_ns += 60 * S_NS;
	assert_false(log_limit_next(&limits, now_ns, &s)); // all of it is told
}

// The flood of one source hides nobody else's line, and each is told its own number.
static void test_sources(void **state)
{
	struct ip_addr a = host(1), b = host(2);

	assert_int_equal(take(EVT_TICKET_NONE, &a, 1000), 10);
	assert_int_equal(take(EVT_TICKET_NONE, &b, 1), 1);
	assert_int_equal(told, 0);
	assert_int_equal(take(EVT_TICKET_INVALID, &a, 1), 1); // of another event
	now_ns += S_NS;
	assert_int_equal(take(EVT_TICKET_NONE, &a, 1), 1);
	assert_int_equal(told, 990);
	assert_int_equal(take(EVT_TICKET_NONE, &b, 1), 1);
	assert_int_equal(told, 0);
}

// Many sources at once have a limit too.
static void test_all_sources(void **state)
{
	unsigned int written = 0;
	struct log_suppressed s;

	for (uint32_t i = 0; i < 200; i++) {
		struct ip_addr ip = host(i);

		written += take(EVT_TICKET_NONE, &ip, 1);
	}
	assert_int_equal(written, 100);
	now_ns += 10 * S_NS;
	assert_true(log_limit_next(&limits, now_ns, &s));
	assert_int_equal(s.event, EVT_TICKET_NONE);
	assert_true(ip_is_none(&s.from));
	assert_int_equal(s.count, 100);
	assert_false(log_limit_next(&limits, now_ns, &s));
}

// It is told even when the event never comes again, once, and not too soon.
static void test_told_later(void **state)
{
	struct ip_addr a = host(1);
	struct log_suppressed s;

	assert_int_equal(take(EVT_TICKET_NONE, &a, 12), 10);
	assert_int_equal(take(EVT_TAP_READ, NULL, 21), 20);
	now_ns += LOG_TELL_AFTER - 1;
	assert_false(log_limit_next(&limits, now_ns, &s));
	now_ns++;
	assert_true(log_limit_next(&limits, now_ns, &s));
	assert_int_equal(s.event, EVT_TAP_READ);
	assert_int_equal(s.count, 1);
	assert_true(log_limit_next(&limits, now_ns, &s));
	assert_int_equal(s.event, EVT_TICKET_NONE);
	assert_true(ip_eq(&s.from, &a));
	assert_int_equal(s.count, 2);
	assert_false(log_limit_next(&limits, now_ns, &s));
	assert_int_equal(take(EVT_TICKET_NONE, &a, 1), 1);
	assert_int_equal(told, 0);
}

// More sources than the table holds: what one that had to make room did is not lost, and every
// line is either written or told.
static void test_crowd(void **state)
{
	uint64_t sent = 0, written = 0, n = 0;
	struct log_suppressed s;

	for (uint32_t i = 0; i < 3 * LOG_SOURCES; i++) {
		struct ip_addr ip = host(i);

		now_ns += S_NS / 100;
		for (int j = 0; j < 15; j++, sent++) {
			told = 0;
			written += log_limit_take(&limits, EVT_TICKET_NONE, &ip, now_ns, &told);
			n += told;
		}
	}
	now_ns += LOG_TELL_AFTER;
	while (log_limit_next(&limits, now_ns, &s))
		n += s.count;
	assert_int_equal(written + n, sent);
	assert_int_equal(limits.waiting, 0);
	assert_true(written > 0 && n > 0);
}

// A call's line is not held back by anything that a machine can do.
static void test_calls(void **state)
{
	assert_int_equal(take(EVT_CALL_ENDED, NULL, 4000), 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_of_our_own, fresh),
		cmocka_unit_test_setup(test_sources, fresh),
		cmocka_unit_test_setup(test_all_sources, fresh),
		cmocka_unit_test_setup(test_told_later, fresh),
		cmocka_unit_test_setup(test_crowd, fresh),
		cmocka_unit_test_setup(test_calls, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
