// SPDX-License-Identifier: BSD-3-Clause
// The ring of samples: it grows with the call, then forgets the oldest.
#include "test/unit/test.h"

#include "cp/quality.h"

// The bursts of the samples count the seconds.
static void add(struct quality *h, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		const struct rma_counters q = {.bls_ms = i, .expected_frames = 50, .ptime_ms = 20};

		quality_add(h, NULL, &q, 0, 0);
	}
}

static void holds(const struct quality *h, unsigned int from, unsigned int to)
{
	assert_int_equal(quality_count(h), to - from);
	for (unsigned int i = from; i < to; i++)
		assert_int_equal(quality_at(h, i - from)->bls_ms, i);
}

static void test_order(void **state)
{
	static const unsigned int n[] = {0, 1, 63, 64, 65, 128, 129, 3599, 3600};
	struct quality h = {0};

	for (size_t i = 1; i < sizeof(n) / sizeof(n[0]); i++) {
		add(&h, n[i - 1], n[i]);
		holds(&h, 0, n[i]);
	}
	add(&h, 3600, 3601);
	holds(&h, 1, 3601);
	add(&h, 3601, 9000);
	holds(&h, 5400, 9000);
	quality_fini(&h);
	assert_int_equal(quality_count(&h), 0);
}

// What does not fit is as much as fits, and what was not measured is said to be so.
static void test_values(void **state)
{
	const struct rma_counters q = {.rblr_pct_x100 = 500,
		.avg_pdv_us = 20000000,
		.bls_ms = 100000,
		.expected_frames = 400,
		.lost_frames = 20,
		.bad_runs = 20,
		.ptime_ms = 20};
	const struct voice_codec *g711 = voice_codec_find(STR_LIT("PCMU"));
	const struct quality_sample *s;
	struct quality h = {0};

	quality_add(&h, g711, &q, 100000, 3);
	quality_add(&h, NULL, &q, 150, 1);
	quality_add(&h, g711, NULL, 0, 2);
	s = quality_at(&h, 0);
	assert_true(s->measured);
	assert_int_equal(s->rblr_pct_x100, 500);
	assert_int_equal(s->pdv_100us, 65535);
	assert_int_equal(s->bls_ms, 65535);
	assert_int_equal(s->delay_ms, 65535);
	assert_int_equal(s->state, 3);
	assert_in_range(s->mos_x100, 100, 450);
	assert_int_equal(quality_at(&h, 1)->mos_x100, 0); // the codec is not known
	assert_int_equal(quality_at(&h, 1)->delay_ms, 150);
	assert_false(quality_at(&h, 2)->measured);
	assert_int_equal(quality_at(&h, 2)->state, 2);
	quality_fini(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
