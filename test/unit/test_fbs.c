// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/fbs.h"

#define L3 "level 3 rblr-pct-x100 900 bls-ms 800 ite-8s 7 pdv-avg-usec 90000 scs-8s 5"

static void test_good(void **state)
{
	struct rma_table t, want = rma_table_default;
	struct fbs_fault f;

	assert_true(fbs_parse(STR_LIT("# c\nversion 1\r\n\r\nscs-ms 50 # c\r\n"), &t, &f));
	assert_memory_equal(&t, &want, sizeof(t)); // FB-11: the built-in rows
	want.playout_depth_ms = 80;
	want.scs_ms = 40;
	want.media_stall_ms = 3000;
	want.level[3] = (struct rma_level){900, 800, 7, 90000, 5};
	assert_true(fbs_parse(STR_LIT("version 1\nplayout-depth-ms 80\n\tscs-ms  40\n"
				      "media-stall-ms 3000\n" L3),
		&t, &f));
	assert_memory_equal(&t, &want, sizeof(t));
}

// FB-11: refused with its place, and the table stays.
static void test_bad(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
	} rows[] = {
		{"", 1, 1},
		{"# only\n", 1, 1},
		{"scs-ms 50\n", 1, 1},
		{"version 2\n", 1, 9},
		{"version 1\nversion 1\n", 2, 1},
		{"version 1 1\n", 1, 11},
		{"version 1\n\nscs-sm 50\n", 3, 1},
		{"version 1\nscs-ms\n", 2, 7},
		{"version 1\nscs-ms 0\n", 2, 8},
		{"version 1\nscs-ms 1001\n", 2, 8},
		{"version 1\nscs-ms -1\n", 2, 8},
		{"version 1\nscs-ms 50\nscs-ms 50\n", 3, 1},
		{"version 1\nlevel 0\n", 2, 7},
		{"version 1\nlevel 6\n", 2, 7},
		{"version 1\nlevel 3 bls-ms 500\n", 2, 19},
		{"version 1\nlevel 3 bls-ms 19\n", 2, 16},
		{"version 1\nlevel 3 bls-ms 60001\n", 2, 16},
		{"version 1\nlevel 3 bls-ms 500 bls-ms 500\n", 2, 20},
		{"version 1\nlevel 3 rblr-pct-x100 10001\n", 2, 23},
		{"version 1\nlevel 3 ite-8s 81\n", 2, 16},
		{"version 1\nlevel 3 pdv-avg-usec 999\n", 2, 22},
		{"version 1\nlevel 3 scs-8s 9\n", 2, 16},
		{"version 1\n" L3 "\n" L3 "\n", 3, 6},
		{"version 1\n" L3 " x\n", 2, sizeof(L3) + 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rma_table t = {.scs_ms = 7}, was = t;
		struct fbs_fault f = {0};

		if (fbs_parse(str_from(rows[i].text), &t, &f) || f.line != rows[i].line ||
			f.column != rows[i].column)
			fail_msg("%s: %u:%u %s", rows[i].text, f.line, f.column, f.text);
		assert_memory_equal(&t, &was, sizeof(t));
	}
}

static void test_texts(void **state)
{
	static char big[FBS_SIZE_MAX + 1];
	struct rma_table t;
	struct fbs_fault f;

	assert_false(fbs_parse(STR_LIT("version 1\nscs-ms 9\x1b[0m\n"), &t, &f));
	assert_string_equal(f.text, "found \"9?[0m\", expected a number from 1 to 1000");
	memset(big, '\n', sizeof(big));
	memcpy(big, "version 1", 9);
	assert_true(fbs_parse((struct str){big, sizeof(big) - 1}, &t, &f));
	assert_false(fbs_parse((struct str){big, sizeof(big)}, &t, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
