// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/revoked.h"

#define UUID "8f4f2c1e-6d1b-4a37-9c55-0123456789ab"

static void test_names(void **state)
{
	static const struct {
		const char *what, *name; // NULL: it is none
		bool ticket;
	} t[] = {
		{UUID, UUID, true},
		{"8F4F2C1E-6D1B-4A37-9C55-0123456789AB", UUID, true},
		{"B.Example", "b.example", false},
		{"b.example.", "b.example", false},
		{".B.example", ".b.example", false},
		{"8f4f2c1e-6d1b-4a37-9c55-0123456789ag", "8f4f2c1e-6d1b-4a37-9c55-0123456789ag",
			false}, // no hex, but a name
		{"localhost", "localhost", false},
		{"", NULL, false},
		{".", NULL, false},
		{"..b.example", NULL, false},
		{"*.b.example", NULL, false},
		{"b example", NULL, false},
		{"b_.example", NULL, false},
		{"+14085550123", NULL, false},
	};
	char name[REVOKED_NAME_MAX];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(revoked_name(str_from(t[i].what), name), t[i].name != NULL);
		if (t[i].name == NULL)
			continue;
		assert_string_equal(name, t[i].name);
		assert_int_equal(revoked_is_ticket(name), t[i].ticket);
	}
}

static void test_table(void **state)
{
	struct revoked *r = revoked_new();

	assert_false(revoked_has_ticket(r, UUID));
	assert_int_equal(revoked_add(r, UUID, 1), 0);
	assert_int_equal(revoked_add(r, "b.example", 2), 0);
	assert_int_equal(revoked_add(r, ".c.example", 3), 0);
	assert_int_equal(revoked_add(r, "b.example", 4), -EEXIST);
	assert_int_equal(revoked_count(r), 3);
	assert_true(revoked_has_ticket(r, UUID));
	assert_false(revoked_has_ticket(r, "8f4f2c1e-6d1b-4a37-9c55-0123456789ac"));
	assert_true(revoked_has_domain(r, STR_LIT("B.EXAMPLE.")));
	assert_false(revoked_has_domain(r, STR_LIT("a.b.example")));
	assert_false(revoked_has_domain(r, STR_LIT("c.example")));
	assert_true(revoked_has_domain(r, STR_LIT("a.c.example")));
	assert_true(revoked_has_domain(r, STR_LIT("x.a.C.example")));
	assert_false(revoked_has_domain(r, STR_LIT("ac.example")));
	assert_int_equal(revoked_remove(r, "b.example"), 0);
	assert_int_equal(revoked_remove(r, "b.example"), -ENOENT);
	assert_false(revoked_has_domain(r, STR_LIT("b.example")));
	assert_int_equal(revoked_remove(r, ".c.example"), 0); // the last one
	assert_int_equal(revoked_add(r, "d.example", 5), 0);
	assert_int_equal(revoked_count(r), 2);
	revoked_free(r);
	revoked_free(NULL);
}

// Full: the new one is refused, the old ones stay.
static void test_full(void **state)
{
	struct revoked *r = revoked_new(), *again = revoked_new();
	char name[REVOKED_NAME_MAX], *text;
	unsigned int line;
	size_t n;

	for (int i = 0; i < REVOKED_MAX; i++) { // of the longest names
		memset(name, 'a', DOMAIN_NAME_MAX + 1);
		for (int k = 0; k <= DOMAIN_NAME_MAX; k += 60)
			name[k] = '.';
		snprintf(name + DOMAIN_NAME_MAX - 6, 8, "x%06d", i);
		assert_int_equal(revoked_add(r, name, INT64_MAX), 0);
	}
	assert_int_equal(revoked_add(r, "b.example", 1), -ENOSPC);
	assert_int_equal(revoked_remove(r, name), 0);
	assert_int_equal(revoked_add(r, "b.example", 1), 0);
	text = revoked_print(r, &n);
	assert_true(n < REVOKED_TEXT_MAX);
	assert_int_equal(revoked_parse(again, (struct str){text, n}, &line), 0);
	assert_int_equal(revoked_count(again), REVOKED_MAX);
	assert_true(revoked_has_domain(again, STR_LIT("b.example")));
	free(text);
	revoked_free(r);
	revoked_free(again);
}

static void note(const char *name, uint64_t unix_s, void *arg)
{
	sprintf((char *)arg + strlen(arg), "%s at %u, ", name, (unsigned int)unix_s);
}

static void test_text(void **state)
{
	static const struct {
		const char *text, *rows;
		unsigned int fault; // line of it
	} t[] = {
		{"", "", 0},
		{"# nothing\n", "", 0},
		{UUID " 7\nb.example 8\n", UUID " at 7, b.example at 8, ", 0},
		{"\n\nb.example 8", "b.example at 8, ", 0},
		{"b.example\n", NULL, 1},
		{"b.example 8\n*.example 9\n", NULL, 2},
		{"b.example 8\nb.example 9\n", NULL, 2},
		{"b.example 8 \n", NULL, 1},
		{"b.example -1\n", NULL, 1},
		{" b.example 1\n", NULL, 1},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct revoked *r = revoked_new();
		char rows[256] = "";
		unsigned int line;
		int e = revoked_parse(r, str_from(t[i].text), &line);

		assert_int_equal(e, t[i].fault != 0 ? -EINVAL : 0);
		if (e != 0)
			assert_int_equal(line, t[i].fault);
		revoked_foreach(r, note, rows);
		if (e == 0)
			assert_string_equal(rows, t[i].rows);
		revoked_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
