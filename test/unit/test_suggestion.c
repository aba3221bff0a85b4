// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/suggestion.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_suggestion(void **state)
{
	static const struct {
		const char *word, *candidates[3], *text;
	} t[] = {
		{"hugepage", {"hostname", "hugepages"}, "; did you mean hugepages?"},
		{"remote-to-local-ent", {"local_to_remote-ent", "remote_to_local-ent"},
			"; did you mean remote_to_local-ent?"}, // E4
		{"Local-Ent", {"remote-ent", "local-ent"}, "; did you mean local-ent?"},
		{"ina", {"inb", "in"}, "; did you mean inb?"}, // the first of equals
		{"colour", {"nat", "hostname"}, ""},
		{"abc", {"xyz"}, ""},
		{"", {"a"}, ""},
		{"a", {""}, ""},
		{"12345678901234567890123456789012345678901234567890123456789012345", {"1"}, ""},
		{"1", {"12345678901234567890123456789012345678901234567890123456789012345"}, ""},
	};
	char buf[SUGGESTION_MAX];

	for (size_t i = 0; i < COUNT(t); i++) {
		struct suggestion s = {.word = str_from(t[i].word)};

		for (size_t k = 0; k < 3 && t[i].candidates[k] != NULL; k++)
			suggestion_offer(&s, str_from(t[i].candidates[k]));
		assert_string_equal(suggestion_text(&s, buf), t[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_suggestion)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
