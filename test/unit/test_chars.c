// SPDX-License-Identifier: BSD-3-Clause
// The classes of octets, each against the definition that its users go by.
#include "test/unit/test.h"

#include "lib/chars.h"

static bool among(int c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_alnum(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_ctl(int c)
{
	return c < 0x20 || c == 0x7f;
}

// Every octet of every class.
static void test_classes(void **state)
{
	for (int c = 0; c < 256; c++) {
		const struct {
			unsigned int class;
			bool in;
		} want[] = {
			{CHAR_LWS, among(c, " \t\r\n")},
			{CHAR_TOKEN, is_alnum(c) || among(c, "-.!%*_+`'~")},
			{CHAR_HOST, is_alnum(c) || among(c, "-._")},
			{CHAR_SCHEME, is_alnum(c) || among(c, "+-.")},
			{CHAR_NOT_PLAIN, is_ctl(c) || c == ' ' || c > 0x7f || among(c, "<>\"\\%")},
			{CHAR_NAME_END, among(c, ";=,\"<>?@ \t\r\n")},
			{CHAR_VALUE_END, among(c, ";,\"<>? \t\r\n")},
			{CHAR_HOST_END, among(c, ";?")},
			{CHAR_SPEC_END, among(c, ",;> \t\r\n")},
			{CHAR_NOT_DISPLAY,
				(is_ctl(c) && !among(c, " \t\r\n")) || among(c, "\":;,=>?@\\")},
			{CHAR_LIST, among(c, "\",<>")},
			{CHAR_LINE, among(c, "\r\n") || c == '\0'},
		};

		for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
			if (char_is((char)c, want[i].class) != want[i].in)
				fail_msg("octet 0x%02x, class %u", c, want[i].class);
	}
}

static void test_slices(void **state)
{
	const struct str s = STR_LIT("abc;d");

	assert_int_equal(chars_before(s, CHAR_HOST_END), 3);
	assert_int_equal(chars_before((struct str){s.p, 3}, CHAR_HOST_END), 3);
	assert_int_equal(chars_before((struct str){NULL, 0}, CHAR_HOST_END), 0);
	assert_true(chars_all((struct str){s.p, 3}, CHAR_HOST));
	assert_false(chars_all(s, CHAR_HOST));
	assert_true(chars_all((struct str){NULL, 0}, CHAR_HOST));
}

// What looks at 16 octets at a time finds what the table finds: every octet, at every place of slices
// of every length around 16 and 32, of which the last octet is the last that may be read.
static void test_vectors_find_what_the_table_does(void **state)
{
	static const unsigned int spans[] = {CHAR_TOKEN, CHAR_HOST, CHAR_SCHEME};

	for (size_t n = 1; n <= 34; n++) {
		char *p = malloc(n);
		struct str s = {p, n};

		assert_non_null(p);
		for (unsigned int i = 0; i < n * 256; i++) {
			size_t at = i / 256;
			char c = (char)(i % 256);

			memset(p, 'a', n);
			p[at] = c;
			assert_int_equal(chars_line(s), char_is(c, CHAR_LINE) ? at : n);
			assert_int_equal(chars_plain(s), char_is(c, CHAR_NOT_PLAIN) ? at : n);
			assert_int_equal(chars_hostport(s), char_is(c, CHAR_HOST_END) ? at : n);
			for (size_t k = 0; k < 3; k++)
				assert_int_equal(
					chars_span(s, spans[k]), char_is(c, spans[k]) ? n : at);
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_vectors_find_what_the_table_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
