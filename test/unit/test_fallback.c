// SPDX-License-Identifier: BSD-3-Clause
// The state machine of protocol.md 5.4 in virtual time: ticks of 100 ms, a hold-down of 20 s.
#include "test/unit/test.h"

#include "lib/fallback.h"

#define TICK_NS     100000000ull
#define HOLD        200u // ticks
#define MAX_PHASES  6
#define START_TICKS 50u

static const struct fallback_policy policy = {.hold_down_ns = HOLD * TICK_NS, .retries = 3};

struct phase {
	unsigned int ticks;  // 0: no more
	unsigned int bad_of; // of each ten ticks the last so many are bad
};

enum answer { SILENCE, ACCEPTS, REFUSES };

struct row {
	const char *name;
	unsigned int level;
	enum answer answer;
	struct phase phases[MAX_PHASES];
	unsigned int want_sent;
	enum fallback_state want;
	unsigned int first_at; // tick of the first REFER, 0: any
};

static void run(void **state)
{
	const struct row *r = *state;
	struct fallback f = {.level = r->level};
	struct fallback_quality q = {0};
	unsigned int n = START_TICKS, first = 0, sent = 0;

	for (const struct phase *p = r->phases; p < r->phases + MAX_PHASES; p++) {
		for (unsigned int i = 0; i < p->ticks; i++, n++) {
			bool was = q.bad;

			q.judged_us += TICK_NS / 1000;
			q.bad = i % 10 >= 10 - p->bad_of;
			q.bad_us += q.bad ? TICK_NS / 1000 : 0;
			// As the owner does: only on a change, and when due.
			if (q.bad == was && n * TICK_NS < fallback_due_ns(&f, &policy))
				continue;
			if (!fallback_step(&f, &policy, &q, n * TICK_NS))
				continue;
			fallback_sent(&f, n * TICK_NS);
			assert_int_equal(f.state, FALLBACK_REFERRED);
			if (sent++ == 0)
				first = n - START_TICKS;
			if (r->answer != SILENCE)
				fallback_answered(&f, r->answer == ACCEPTS, n * TICK_NS);
		}
	}
	assert_int_equal(sent, r->want_sent);
	assert_int_equal(f.sent, sent);
	assert_int_equal(f.state, r->want);
	if (r->first_at != 0)
		assert_int_equal(first, r->first_at);
}

static const struct row rows[] = {
	{"a good call", 3, ACCEPTS, {{2000, 0}}, 0, FALLBACK_GOOD, 0},
	{"FB-4: level 0 never fires", 0, ACCEPTS, {{2000, 10}}, 0, FALLBACK_GOOD, 0},
	{"a bad tick starts the hold-down", 3, ACCEPTS, {{1, 10}}, 0, FALLBACK_HOLD_DOWN, 0},
	{"bad all the time: at expiry", 3, ACCEPTS, {{HOLD + 1, 10}}, 1, FALLBACK_ACCEPTED, HOLD},
	{"not before expiry", 3, ACCEPTS, {{HOLD, 10}}, 0, FALLBACK_HOLD_DOWN, 0},
	{"half of the ticks and the last", 3, ACCEPTS, {{5, 0}, {1, 10}, {HOLD, 5}}, 1,
		FALLBACK_ACCEPTED, 5 + HOLD},
	{"fewer than half, the last bad", 3, ACCEPTS, {{1, 10}, {HOLD, 4}}, 0, FALLBACK_GOOD, 0},
	{"most bad, the last good: waits", 3, ACCEPTS, {{HOLD - 5, 10}, {10, 0}}, 0,
		FALLBACK_HOLD_DOWN, 0},
	{"for a bad one", 3, ACCEPTS, {{HOLD - 5, 10}, {10, 0}, {1, 10}}, 1, FALLBACK_ACCEPTED,
		HOLD + 5},
	{"or half of the time good", 3, ACCEPTS, {{HOLD - 5, 10}, {HOLD / 2 + 1, 0}}, 0,
		FALLBACK_GOOD, 0},
	{"good for half the hold-down", 3, ACCEPTS, {{50, 10}, {HOLD / 2 + 1, 0}}, 0, FALLBACK_GOOD,
		0},
	{"not yet good for half", 3, ACCEPTS, {{50, 10}, {HOLD / 2, 0}}, 0, FALLBACK_HOLD_DOWN, 0},
	{"good for half, then bad: a new hold-down", 3, ACCEPTS, {{50, 10}, {110, 0}, {HOLD, 10}},
		0, FALLBACK_HOLD_DOWN, 0},
	{"FB-9: silence is waited for", 3, SILENCE, {{3000, 10}}, 1, FALLBACK_REFERRED, HOLD},
	{"FB-9: at most refer-retries", 3, REFUSES, {{6000, 10}}, 4, FALLBACK_FAILED, HOLD},
	{"FB-9: one hold-down after a failure", 3, REFUSES, {{2 * HOLD + 1, 10}}, 1,
		FALLBACK_HOLD_DOWN, HOLD},
	{"FB-9: a failure, then good", 3, REFUSES, {{HOLD + 1, 10}, {2 * HOLD, 0}}, 1,
		FALLBACK_GOOD, HOLD},
	{"FB-9: a failure, then good, has half a hold-down to show it", 3, REFUSES,
		{{HOLD + 1, 10}, {HOLD + 50, 0}}, 1, FALLBACK_HOLD_DOWN, HOLD},
	{"accepted and kept: again after a hold-down", 3, ACCEPTS, {{2 * HOLD + 1, 10}}, 2,
		FALLBACK_ACCEPTED, HOLD},
	{"accepted, then good: once", 3, ACCEPTS, {{HOLD + 1, 10}, {2000, 0}}, 1, FALLBACK_ACCEPTED,
		HOLD},
	{"accepted and kept for ever: bounded", 3, ACCEPTS, {{6000, 10}}, 4, FALLBACK_ACCEPTED,
		HOLD},
};

// A stream that a re-INVITE replaces counts from 0.
static void test_new_stream(void **state)
{
	struct fallback f = {.level = 3};
	struct fallback_quality old = {.judged_us = 900, .bad_us = 900, .bad = true};
	struct fallback_quality new = {.judged_us = 100, .bad_us = 40, .bad = true};

	assert_false(fallback_step(&f, &policy, &old, TICK_NS));
	assert_false(fallback_step(&f, &policy, &new, (1 + HOLD) * TICK_NS));
	assert_int_equal(f.state, FALLBACK_GOOD);
}

// Who may not send yet is told again, while the call is bad.
static void test_waits(void **state)
{
	struct fallback f = {.level = 3};
	struct fallback_quality q = {.judged_us = 10, .bad_us = 10, .bad = true};

	assert_false(fallback_step(&f, &policy, &q, TICK_NS));
	q.judged_us = q.bad_us = 20;
	assert_true(fallback_step(&f, &policy, &q, (1 + HOLD) * TICK_NS));
	assert_true(fallback_step(&f, &policy, &q, (2 + HOLD) * TICK_NS));
	assert_int_equal(f.sent, 0);
	q.bad = false;
	assert_false(fallback_step(&f, &policy, &q, (3 + HOLD) * TICK_NS));
	assert_false(fallback_step(&f, &policy, &q, (3 + HOLD + HOLD / 2) * TICK_NS));
	assert_int_equal(f.state, FALLBACK_GOOD);
}

// On hold nothing is measured, and nothing is decided.
static void test_no_ticks(void **state)
{
	struct fallback f = {.level = 3};
	struct fallback_quality q = {.judged_us = 10, .bad_us = 10, .bad = true};

	assert_false(fallback_step(&f, &policy, &q, TICK_NS));
	assert_false(fallback_step(&f, &policy, &q, (1 + HOLD) * TICK_NS));
	assert_int_equal(f.state, FALLBACK_GOOD);
}

static void test_stray_answer(void **state)
{
	struct fallback f = {.level = 3};

	fallback_answered(&f, true, TICK_NS);
	assert_int_equal(f.state, FALLBACK_GOOD);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0]) + 4] = {
		cmocka_unit_test(test_new_stream),
		cmocka_unit_test(test_no_ticks),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_stray_answer),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[4 + i] = row_case(rows[i].name, run, &rows[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
