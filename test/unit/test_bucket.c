// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/bucket.h"

#define MS 1000000ull

static unsigned int take_many(
	struct bucket *b, const struct bucket_rate *r, uint64_t now_ns, unsigned int tries)
{
	unsigned int got = 0;

	while (tries-- > 0) {
		const bool has = bucket_has(b, r, now_ns);

		assert_int_equal(bucket_take(b, r, now_ns), has);
		got += has;
	}
	return got;
}

static void test_rate(void **state)
{
	struct bucket_rate r = bucket_rate(50, 100);
	struct bucket b = {0};
	uint64_t t = 123456789;

	assert_int_equal(take_many(&b, &r, t, 1000), 100); // starts full
	assert_int_equal(take_many(&b, &r, t + 19 * MS, 10), 0);
	assert_int_equal(take_many(&b, &r, t + 20 * MS, 10), 1);
	assert_int_equal(take_many(&b, &r, t + 1020 * MS, 1000), 50);
	assert_int_equal(take_many(&b, &r, t + 3600000 * MS, 1000), 100); // no more than the burst
}

static void test_edges(void **state)
{
	static const struct {
		uint32_t rate, burst, tries, want;
	} t[] = {
		{0, 100, 5, 0}, {10, 0, 5, 0}, {1, 1, 5, 1}, {1000000, 64, 1000, 64},
		{2000000000, 1, 1000, 1000}, // above 10^9: no limit
		{1, UINT32_MAX, 1000, 1000}, // 136 years fit
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct bucket_rate r = bucket_rate(t[i].rate, t[i].burst);
		struct bucket b = {0};

		assert_int_equal(take_many(&b, &r, 0, t[i].tries), t[i].want);
	}
}

static void test_clock_back(void **state)
{
	struct bucket_rate r = bucket_rate(10, 2);
	struct bucket b = {0};

	assert_int_equal(take_many(&b, &r, 1000 * MS, 5), 2);
	assert_int_equal(take_many(&b, &r, 500 * MS, 5), 0);
	assert_int_equal(take_many(&b, &r, 1100 * MS, 5), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_clock_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
