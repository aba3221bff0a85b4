// SPDX-License-Identifier: BSD-3-Clause
// The counters of RTP monitoring on patterns of arrival, and their judgement. test_rma_oracle.c
// compares them on random ones with a count that keeps everything.
#include "test/unit/rma_line.h"

// RMA-7's example to the digit. The packet at 0 is the last of probation.
static void test_rma7_ring_example(void **state)
{
	static const struct {
		uint32_t at_us, jitter_q4;
	} t[] = {{20000, 0}, {40300, 300}, {60100, 481}, {81000, 1351}, {100050, 2217}};
	struct rma_counters c;
	struct line l;

	line_open(&l, 100, 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		l.at_ns = START + 60 * MS + t[i].at_us * UINT64_C(1000);
		line_arrive(&l, l.seq, l.ts, 0, false);
		line_pass(&l, 1);
		assert_int_equal(l.m.jitter_q4, t[i].jitter_q4);
	}
	c = line_counters(&l);
	assert_int_equal(c.max_pdv_us, 950);
	assert_int_equal(c.min_pdv_us, 0);
	assert_int_equal(c.avg_pdv_us, 138);
	assert_int_equal(c.sum_all_packets, 5);
	assert_int_equal(c.ptime_ms, 20);
	assert_int_equal(c.payload_type, 0);
}

// RMA-2, RMA-3: which frames are bad, the last three being open. Over the wraps of both numbers.
static void test_rma3_patterns(void **state)
{
	static const struct {
		const char *pattern;
		uint32_t sum, bad, bls_ms, ites;
	} t[] = {
		{"....................", 20, 0, 0, 0}, {"...x................", 19, 1, 20, 0},
		{"...xx...............", 18, 2, 40, 1}, // RMA's ITE begins at 40 ms
		{"...x.xx.xxx.........", 14, 6, 60, 2}, {"...xxxxxxxxxxx......", 9, 11, 220, 1},
		{"...l................", 20, 1, 20, 0},
		{"...xl...............", 19, 2, 40, 1}, // a run is of lost and of late ones
		{"...s.qqq............", 20, 1, 20, 0}, // overtaken
		{"...sqqq.............", 20, 1, 20, 0}, // a queue on the way
		{"...d...dd...........", 20, 0, 0, 0},  // RMA-3
		{"...r................", 20, 0, 0, 0},  // RMA-3
		{"...xr...............", 19, 1, 20, 0},
		{".................xxx", 17, 0, 0, 0}, // nothing has come that would tell
		{"................xxx.", 17, 1, 20, 0}, {"xxx.................", 17, 3, 60, 1},
		{"....xxx.x...........", 16, 4, 60, 1}, // a shorter run in the same slot
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rma_counters c;
		struct line l;

		line_open(&l, 65530, UINT32_MAX - 1000);
		line_play(&l, t[i].pattern);
		c = line_counters(&l);
		assert_int_equal(c.sum_all_packets, t[i].sum);
		assert_int_equal(l.m.bad, t[i].bad);
		assert_int_equal(c.rblr_pct_x100, 10000 * t[i].bad / 50); // of a second
		assert_int_equal(l.m.expected, strcmp(t[i].pattern + 17, "xxx") == 0 ? 14 : 17);
		assert_int_equal(c.max_rblr_pct_x100, c.rblr_pct_x100);
		assert_int_equal(c.bls_ms, t[i].bls_ms);
		assert_int_equal(c.max_bls_ms, t[i].bls_ms);
		assert_int_equal(c.total_ite, t[i].ites);
		assert_int_equal(c.max_ite_8s, t[i].ites);
		assert_int_equal(c.seq_resets, 0);
	}
}

// RFC 7294 4.2: a second with 50 ms of concealment is not severe, with more it is.
static void test_seconds(void **state)
{
	static const struct {
		unsigned int lost;
		uint32_t scs_ms, concealed, severe;
	} t[] = {{0, 50, 0, 0}, {1, 50, 1, 0}, {2, 50, 1, 0}, {3, 50, 1, 1}, {3, 60, 1, 0},
		{50, 50, 1, 1}, {50, 1000, 1, 0}, {150, 50, 3, 3}, {175, 50, 4, 4}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rma_counters c;
		struct line l;

		line_open(&l, 0, 0);
		l.t.scs_ms = t[i].scs_ms;
		line_send(&l, SECOND);
		line_pass(&l, t[i].lost);
		line_send(&l, 6 * SECOND - t[i].lost + l.m.open);
		c = line_counters(&l);
		assert_int_equal(c.total_sec, 7);
		assert_int_equal(c.concealed_sec, t[i].concealed);
		assert_int_equal(c.severely_concealed_sec, t[i].severe);
		assert_int_equal(c.scs_8s, t[i].severe);
	}
}

// The windows forget after 8 s of media, Max_ and Total_ do not; one wide gap is one run.
static void test_windows(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	line_send(&l, SECOND);
	line_pass(&l, 10);
	line_send(&l, 8 * SECOND - 20);
	c = line_counters(&l);
	assert_int_equal(l.m.bad, 10);
	assert_int_equal(c.bls_ms, 200);
	assert_int_equal(c.ite_8s, 1);
	assert_int_equal(c.scs_8s, 1);
	line_send(&l, SECOND);
	c = line_counters(&l);
	assert_int_equal(c.rblr_pct_x100, 0);
	assert_int_equal(c.bls_ms, 0);
	assert_int_equal(c.ite_8s, 0);
	assert_int_equal(c.scs_8s, 0);
	assert_int_equal(c.total_ite, 1);
	assert_int_equal(c.max_bls_ms, 200);
	assert_int_equal(c.max_ite_8s, 1);
	assert_true(c.max_rblr_pct_x100 > 0);
	line_pass(&l, 2998); // the next is 2999 ahead: a minute, far more than the windows hold
	line_send(&l, 1 + l.m.open);
	c = line_counters(&l);
	assert_int_equal(c.max_bls_ms, 59960);
	assert_int_equal(c.total_ite, 2);
	assert_int_equal(c.scs_8s, 8);
	assert_true(c.rblr_pct_x100 > 9900);
	line_send(&l, 4 * SECOND);
	c = line_counters(&l);
	assert_in_range(c.rblr_pct_x100, 4900, 5100);
}

// Any one above its threshold is enough, at it is not; level 0 never.
static void test_levels(void **state)
{
	struct line l;

	for (unsigned int level = 0; level < RMA_LEVELS; level++) {
		const struct rma_level *at = &rma_table_default.level[level];
		static const size_t field[] = {offsetof(struct rma_level, rblr_pct_x100),
			offsetof(struct rma_level, bls_ms), offsetof(struct rma_level, ite_8s),
			offsetof(struct rma_level, pdv_avg_us), offsetof(struct rma_level, scs_8s)};

		for (size_t f = 0; f < sizeof(field) / sizeof(field[0]); f++) {
			for (uint32_t over = 0; over < 2; over++) {
				struct rma_level none = {
					UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
				struct rma_counters c;
				uint32_t value[5];

				line_open(&l, 0, 0);
				line_play(&l, "....xxxx...sqqqq...xx....xxx.....");
				c = line_counters(&l);
				value[0] = c.rblr_pct_x100;
				value[1] = c.bls_ms;
				value[2] = c.ite_8s;
				value[3] = c.avg_pdv_us;
				value[4] = c.scs_8s;
				memcpy((char *)&none + field[f], &(uint32_t){value[f] - over},
					sizeof(uint32_t));
				l.t.level[level] = none;
				assert_int_equal(rma_judge(&l.m, &l.t, level, l.at_ns),
					level > 0 && over == 1);
			}
		}
		line_open(&l, 0, 0); // and with the built-in rows
		for (unsigned int k = 0; k < 400; k += 10) {
			line_send(&l, 10 - 2);
			line_pass(&l, 2);
		}
		assert_int_equal(rma_judge(&l.m, &l.t, level, l.at_ns), level > 0);
		assert_true(level == 0 || at->rblr_pct_x100 <= 2000);
	}
}

// RMA-5: after media-stall the run grows until media comes again; on hold it does not.
static void test_rma5_stall(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	line_send(&l, SECOND);
	l.at_ns += 1979 * MS; // the last came 20 ms before
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	l.at_ns += MS;
	assert_true(rma_judge(&l.m, &l.t, 5, l.at_ns));
	l.at_ns += 1000 * MS;
	assert_true(rma_judge(&l.m, &l.t, 1, l.at_ns));
	c = line_counters(&l);
	assert_int_equal(c.bls_ms, 3000);
	assert_int_equal(c.max_bls_ms, 3000);
	l.ts += 149 * FRAME;
	line_send(&l, 1); // it was silence after all
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	line_pass(&l, 150); // and this was not: counted once
	assert_true(rma_judge(&l.m, &l.t, 5, l.at_ns));
	line_send(&l, 4);
	assert_int_equal(l.m.bad, 150);
	assert_int_equal(line_counters(&l).bls_ms, 3000);
	assert_int_equal(line_counters(&l).total_ite, 1);
	// Nothing at all ever came.
	rma_init(&l.m, 8000, EVENT_PT, l.at_ns);
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns + 1999 * MS));
	assert_true(rma_judge(&l.m, &l.t, 5, l.at_ns + 2000 * MS));
}

static void test_due(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	assert_false(rma_due(&l.m, START + 100 * MS - 1000, 100));
	assert_true(rma_due(&l.m, START + 100 * MS, 100));
	rma_judge(&l.m, &l.t, 3, START + 118 * MS);
	assert_false(rma_due(&l.m, START + 217 * MS, 100));
	rma_judge(&l.m, &l.t, 3, START + 218 * MS);
	rma_read(&l.m, &c);
	assert_int_equal(c.max_call_interval_ms, 118);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rma7_ring_example),
		cmocka_unit_test(test_rma3_patterns),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_rma5_stall),
		cmocka_unit_test(test_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
