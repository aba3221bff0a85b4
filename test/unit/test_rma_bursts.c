// SPDX-License-Identifier: BSD-3-Clause
// Bursts and gaps as RFC 3611 4.7 defines them, on packets that come, are lost or come too late.
#include <stdlib.h>

#include "test/unit/test.h"

#include "lib/rma.h"

#define FRAME_US 10000
#define FRAME    80
#define LATE_US  65000 // behind a playout depth of 60 ms
#define GMIN     16
#define FRAMES   4000
#define LAG      6

struct arrival {
	int64_t at_us;
	int frame;
};

static int by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	return x->at_us != y->at_us ? (x->at_us > y->at_us) - (x->at_us < y->at_us)
				    : x->frame - y->frame;
}

static void add(struct rma *m, int frame, int64_t at_us)
{
	const struct rtp_hdr h = {
		.ssrc = 1, .seq = (uint16_t)(frame + 65500), .ts = (uint32_t)(frame * FRAME)};

	rma_add(m, &rma_table_default, &h, (uint64_t)(at_us + 1000000) * 1000);
}

// Behind probation, '1' in time, '0' lost, 'X' late and so discarded; and then the good frames that
// let all of these be settled.
static struct rma_counters play(const char *pattern)
{
	static struct arrival a[FRAMES + LAG];
	int n = 0, frames = (int)strlen(pattern);
	struct rma_counters c;
	struct rma m;

	rma_init(&m, 8000, RMA_NO_EVENT, 0);
	for (int i = -4; i < 0; i++)
		add(&m, i, i * FRAME_US);
	for (int i = 0; i < frames + LAG; i++) {
		int64_t late_us = i < frames && pattern[i] == 'X' ? LATE_US : 0;

		if (i < frames && pattern[i] == '0')
			continue;
		a[n].at_us = (int64_t)i * FRAME_US + late_us;
		a[n++].frame = i;
	}
	qsort(a, (size_t)n, sizeof(*a), by_time);
	for (int i = 0; i < n; i++)
		add(&m, a[i].frame, a[i].at_us);
	rma_judge(&m, &rma_table_default, 0, (uint64_t)(a[n - 1].at_us + 1000000) * 1000);
	rma_read(&m, &c);
	assert_int_equal(c.expected_frames, frames);
	assert_int_equal(c.ptime_ms, 10);
	return c;
}

// The RFC's own, with the symbol that its print lacks: one burst of 12 packets, 120 ms, density 0.33;
// gaps of 520 ms, density 0.04; loss rate 5 %, discard rate 5 %.
static void test_rfc_example(void **state)
{
	const struct rma_counters c =
		play("11110111111111111111111X111X1011110111111111111111111X1111111111");
	struct rma_bursts b;

	assert_int_equal(c.expected_frames, 64);
	assert_int_equal(c.lost_frames, 3);
	assert_int_equal(c.discarded_frames, 3);
	assert_int_equal(c.bursts, 1);
	assert_int_equal(c.burst_frames, 12);
	assert_int_equal(c.burst_bad_frames, 4);
	rma_bursts(&c, &b);
	assert_int_equal(b.burst_ms, 120);
	assert_int_equal(b.burst_density_pct_x100, 3333);
	assert_int_equal(b.gap_ms, 520);
	assert_int_equal(b.gap_density_pct_x100, 385);
	assert_int_equal(b.loss_pct_x100, 469);
	assert_int_equal(b.discard_pct_x100, 469);
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern;
		uint32_t lost, discarded, runs, bursts, frames, bad;
	} t[] = {
		{"1111111111", 0, 0, 0, 0, 0, 0},
		{"1110111111", 1, 0, 1, 0, 0, 0}, // alone
		{"111X111111", 0, 1, 1, 0, 0, 0},
		{"0111111111", 1, 0, 1, 0, 0, 0},
		{"1110011111", 2, 0, 1, 1, 2, 2},
		{"11100XX111", 2, 2, 1, 1, 4, 4},
		{"1110101111", 2, 0, 2, 1, 3, 2},
		{"1110100000", 6, 0, 2, 1, 7, 6},
		{"10111111111111111011111111", 2, 0, 2, 1, 17, 2}, // 15 good ones do not part them
		{"101111111111111111011111111", 2, 0, 2, 0, 0, 0}, // 16 do
		{"100111111111111111100111111", 4, 0, 2, 2, 4, 4},
		{"10011111111111111110111111", 3, 0, 2, 1, 2, 2},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct rma_counters c = play(t[i].pattern);

		assert_int_equal(c.lost_frames, t[i].lost);
		assert_int_equal(c.discarded_frames, t[i].discarded);
		assert_int_equal(c.bad_runs, t[i].runs);
		assert_int_equal(c.bursts, t[i].bursts);
		assert_int_equal(c.burst_frames, t[i].frames);
		assert_int_equal(c.burst_bad_frames, t[i].bad);
	}
}

// G.107's BurstR: the mean run of losses against that of random ones.
static void test_burst_ratio(void **state)
{
	static const struct {
		uint32_t expected, lost, runs, ratio;
	} t[] = {{0, 0, 0, 100}, {1000, 0, 0, 100}, {1000, 100, 90, 100}, {1000, 100, 45, 200},
		{1000, 100, 10, 900}, {1000, 100, 100, 100}, {1000, 1000, 1, 100},
		{100000000, 50000000, 97656, 25600}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct rma_counters c = {.expected_frames = t[i].expected,
			.lost_frames = t[i].lost,
			.bad_runs = t[i].runs,
			.ptime_ms = 20};
		struct rma_bursts b;

		rma_bursts(&c, &b);
		assert_int_equal(b.burst_ratio_x100, t[i].ratio);
		assert_int_equal(b.burst_ms, 0);
		assert_int_equal(b.gap_ms, (uint32_t)(t[i].expected * UINT64_C(20)));
	}
}

// Against the definition, read letter by letter.
static void test_random_patterns(void **state)
{
	static char pattern[FRAMES + 1];

	for (unsigned int seed = 0; seed < 40; seed++) {
		uint32_t bursts = 0, frames = 0, bad = 0, lost = 0, late = 0, runs = 0;
		unsigned int dice = seed, n = FRAMES / 2 + seed * 50;
		struct rma_counters c;

		for (unsigned int i = 0; i < n; i++) {
			dice = dice * 1664525 + 1013904223;
			pattern[i] =
				"1X0"[(dice >> 16) % 1000 < 20 + seed * 5 ? 1 + (dice >> 13) % 2
									  : 0];
			lost += pattern[i] == '0';
			late += pattern[i] == 'X';
			runs += pattern[i] != '1' && (i == 0 || pattern[i - 1] == '1');
		}
		pattern[n] = '\0';
		for (unsigned int i = 0; i < n; i++) {
			unsigned int last = i, in = 1;

			if (pattern[i] == '1')
				continue;
			for (unsigned int k = i + 1; k < n && k - last <= GMIN; k++)
				if (pattern[k] != '1') {
					last = k;
					in++;
				}
			if (in > 1) {
				bursts++;
				bad += in;
				frames += last - i + 1;
			}
			i = last;
		}
		c = play(pattern);
		assert_int_equal(c.lost_frames, lost);
		assert_int_equal(c.discarded_frames, late);
		assert_int_equal(c.bad_runs, runs);
		assert_int_equal(c.bursts, bursts);
		assert_int_equal(c.burst_frames, frames);
		assert_int_equal(c.burst_bad_frames, bad);
		assert_true(bursts > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_example),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_burst_ratio),
		cmocka_unit_test(test_random_patterns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
