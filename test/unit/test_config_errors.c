// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdlib.h>

#include "config/errors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_sort(void **state)
{
	struct config_errors e;

	assert_int_equal(errors_init(&e), 0);
	errors_add(&e, (struct place){2, 5}, "d");
	errors_add(&e, (struct place){1, 9}, "a %d", 7);
	errors_add(&e, (struct place){2, 1}, "b");
	errors_add(&e, (struct place){2, 1}, "c"); // found after b, and stays so
	errors_sort(&e);
	assert_int_equal(e.n, 4);
	assert_string_equal(e.list[0].text, "a 7");
	assert_string_equal(e.list[1].text, "b");
	assert_string_equal(e.list[2].text, "c");
	assert_string_equal(e.list[3].text, "d");
	config_errors_free(&e);
	assert_null(e.list);
	assert_int_equal(e.n, 0);
}

static void test_bounds(void **state)
{
	char longer[400];
	struct config_errors e;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(errors_init(&e), 0);
	errors_add(&e, (struct place){9, 9}, "%s", longer);
	assert_int_equal(strlen(e.list[0].text), sizeof(e.list[0].text) - 1);
	for (unsigned int i = 0; i < 2 * ERRORS_MAX; i++)
		errors_add(&e, (struct place){1, 1}, "one");
	errors_sort(&e);
	assert_int_equal(e.n, ERRORS_MAX + 1);
	assert_int_equal(e.list[ERRORS_MAX - 1].line, 9);
	assert_string_equal(
		e.list[ERRORS_MAX].text, "found more than 200 faults, the rest is not shown");
	config_errors_free(&e);
}

static void test_found(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} t[] = {
		{{"", 0}, "nothing"},
		{{"1000", 4}, "1000"},
		{{"a\x1b[2J\x7f", 6}, "a?[2J?"},
		{{"123456789012345678901234567890123456789012345678901234567890", 60},
			"123456789012345678901234567890123456789012345678901234567890"},
		{{"1234567890123456789012345678901234567890123456789012345678901", 61},
			"123456789012345678901234567890123456789012345678901234567890..."},
	};
	char buf[FOUND_MAX];

	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(found_text(t[i].in, buf), t[i].out);
}

static void test_print(void **state)
{
	struct config_errors e;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(errors_init(&e), 0);
	errors_add(&e, (struct place){2, 14}, "epoch: found 0, expected 1");
	errors_add(&e, (struct place){3, 1}, "x");
	config_errors_print(f, "dir/a.yaml", &e);
	fclose(f);
	assert_string_equal(
		text, "dir/a.yaml:2:14: epoch: found 0, expected 1\ndir/a.yaml:3:1: x\n");
	free(text);
	config_errors_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
