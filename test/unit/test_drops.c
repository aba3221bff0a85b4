// SPDX-License-Identifier: BSD-3-Clause
// What is dropped, by name: counts, rates and times, from counters that a test sets.
#include "test/unit/test.h"

#include "cp/drops.h"
#include "cp/ime.h"
#include "dp/dp.h"

#define S_NS  1000000000ull
#define START (5000 * S_NS)

enum { DENY, TTL, RX, PACKETS };

static struct dp_counter packets[PACKETS] = {{"ACL_DENY", "denied", true, 0},
	{"IP_TTL", "ran out", true, 0}, {"RX", "received", false, 0}};
static struct ime_counter messages[2] = {{IME_STAT, "TICKET_EPOCH", "epoch", "another epoch", 0},
	{IME_EVENT, "CALLS", NULL, "calls", 0}};

size_t dp_counters(struct dp_counter *out, size_t max)
{
	memcpy(out, packets, sizeof(packets));
	return PACKETS;
}

size_t ime_counters(const struct ime *ime, struct ime_counter *out, size_t max)
{
	memcpy(out, messages, sizeof(messages));
	return 2;
}

static struct drops *d;
static struct drop drops[DROPS_MAX];
static uint64_t now_ns, since_ns;

static int up(void **state)
{
	now_ns = START;
	for (int i = 0; i < PACKETS; i++)
		packets[i].value = 1000; // of before
	messages[0].value = messages[1].value = 1000;
	return drops_new(&d, NULL, now_ns);
}

static int down(void **state)
{
	drops_free(d);
	d = NULL;
	return 0;
}

static int up_with_ime(void **state)
{
	static int proxy;

	up(state);
	down(state);
	return drops_new(&d, (const struct ime *)&proxy, now_ns); // only handed through
}

// So many seconds, in each of which so many are dropped.
static void seconds(unsigned int n, uint64_t denied)
{
	for (unsigned int i = 0; i < n; i++) {
		packets[DENY].value += denied;
		now_ns += S_NS;
		drops_tick(d, now_ns);
	}
}

static const struct drop *look(const char *name)
{
	size_t n = drops_look(d, now_ns, drops, &since_ns);

	for (size_t i = 0; i < n; i++)
		if (strcmp(drops[i].name, name) == 0)
			return &drops[i];
	fail_msg("no %s", name);
	return NULL;
}

static void expect(const char *name, uint64_t count, double rate, double rate_minute)
{
	const struct drop *x = look(name);

	assert_int_equal(x->count, count);
	assert_float_equal(x->rate, rate, 0.001);
	assert_float_equal(x->rate_minute, rate_minute, 0.001);
}

static void expect_first(const char *name)
{
	drops_look(d, now_ns, drops, &since_ns);
	assert_string_equal(drops[0].name, name);
}

static void test_counts(void **state)
{
	assert_int_equal(drops_look(d, now_ns, drops, &since_ns), 2); // RX is no drop
	expect("ACL_DENY", 0, 0, 0);
	assert_int_equal(drops[0].last_ns, 0);
	packets[DENY].value += 3;
	expect("ACL_DENY", 3, 3000, 3000); // at once: within a millisecond
	assert_int_equal(look("ACL_DENY")->last_ns, START);
	assert_string_equal(drops[0].help, "denied");
	assert_string_equal(drops[0].group, "data plane");
}

static void test_rates(void **state)
{
	seconds(10, 20);
	expect("ACL_DENY", 200, 20, 20); // the minute is 10 s old
	assert_int_equal(since_ns, START);
	seconds(10, 0);
	expect("ACL_DENY", 200, 0, 10);
	assert_int_equal(since_ns, START + 10 * S_NS);
	assert_int_equal(look("ACL_DENY")->last_ns, START + 10 * S_NS);
	seconds(39, 0);
	expect("ACL_DENY", 200, 0, 200.0 / 59);
	seconds(5, 0);
	expect("ACL_DENY", 200, 0, 100.0 / 60); // half of them are over a minute old
	seconds(60, 0);
	expect("ACL_DENY", 200, 0, 0);
	seconds(600, 7);
	expect("ACL_DENY", 4400, 7, 7.0 * 59 / 60); // the second that has just begun is empty
}

static void test_order(void **state)
{
	packets[TTL].value += 5;
	seconds(1, 0);
	packets[DENY].value += 3;
	now_ns += S_NS / 2;
	expect_first("IP_TTL"); // more of them
	seconds(61, 0);
	expect_first("ACL_DENY"); // later
	drops_clear(d, now_ns);
	expect_first("ACL_DENY"); // by name
}

static void test_clear(void **state)
{
	seconds(3, 10);
	drops_clear(d, now_ns);
	expect("ACL_DENY", 0, 0, 0);
	assert_int_equal(look("ACL_DENY")->last_ns, 0);
	seconds(2, 10);
	expect("ACL_DENY", 20, 10, 10);
	packets[DENY].value = 4; // clear counters: it began at 0
	expect("ACL_DENY", 24, 4000, 12);
}

static void test_proxy(void **state)
{
	messages[0].value++;
	messages[1].value++;
	assert_int_equal(drops_look(d, now_ns, drops, &since_ns), 3); // and no mere event
	assert_string_equal(drops[0].name, "TICKET_EPOCH");
	assert_string_equal(drops[0].group, "uc-ime");
	assert_int_equal(drops[0].count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts, up, down),
		cmocka_unit_test_setup_teardown(test_rates, up, down),
		cmocka_unit_test_setup_teardown(test_order, up, down),
		cmocka_unit_test_setup_teardown(test_clear, up, down),
		cmocka_unit_test_setup_teardown(test_proxy, up_with_ime, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
