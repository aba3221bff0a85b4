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
			{CHAR_ALNUM, is_alnum(c)},
			{CHAR_TOKEN, is_alnum(c) || among(c, "-.!%*_+`'~")},
			{CHAR_HOST, is_alnum(c) || among(c, "-._")},
			{CHAR_SCHEME, is_alnum(c) || among(c, "+-.")},
			{CHAR_NOT_URI, is_ctl(c) || c == ' ' || c > 0x7f || among(c, "<>\"\\")},
			{CHAR_NAME_END, among(c, ";=,\"<>?@ \t\r\n")},
			{CHAR_VALUE_END, among(c, ";,\"<>? \t\r\n")},
			{CHAR_HOST_END, among(c, ";?")},
			{CHAR_SPEC_END, among(c, ",;> \t\r\n")},
			{CHAR_NOT_DISPLAY,
				(is_ctl(c) && !among(c, " \t\r\n")) || among(c, "\":;,=>?@\\")},
			{CHAR_LIST, among(c, "\",<>")},
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
	assert_true(chars_all((struct str){s.p, 3}, CHAR_ALNUM));
	assert_false(chars_all(s, CHAR_ALNUM));
	assert_true(chars_all((struct str){NULL, 0}, CHAR_ALNUM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
