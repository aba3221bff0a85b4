// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/str.h"

static void test_caseeq(void **state)
{
	assert_true(str_caseeq(STR_LIT("Call-ID"), STR_LIT("call-id")));
	assert_false(str_caseeq(STR_LIT("Call-ID"), STR_LIT("call-i")));
	assert_false(str_caseeq(STR_LIT("a["), STR_LIT("a{"))); // differ by the case bit only
	assert_false(str_caseeq(STR_LIT("["), STR_LIT("{")));
	assert_true(str_caseeq(STR_LIT(""), STR_LIT("")));
}

// Whatever the length, every octet counts.
static void test_caseeq_lengths(void **state)
{
	static const char text[] = "x-Cisco-UC-IME-Ticket: 0123456789";
	char other[sizeof(text)];

	for (size_t n = 1; n < sizeof(text); n++) {
		for (size_t at = 0; at < n; at++) {
			const struct str a = {text, n}, b = {other, n};

			memcpy(other, text, n);
			assert_true(str_caseeq(a, b));
			other[at] ^= 0x20;
			assert_int_equal(str_caseeq(a, b), (text[at] | 0x20) >= 'a');
			other[at] = text[at] ^ 1;
			assert_false(str_caseeq(a, b));
		}
	}
}

static void test_trim(void **state)
{
	assert_true(str_eq(str_trim(STR_LIT(" \ta b\r\n")), STR_LIT("a b")));
	assert_int_equal(str_trim(STR_LIT(" \t ")).n, 0);
}

static void test_split(void **state)
{
	struct str head, tail = str_split(STR_LIT("a:b:c"), ':', &head);

	assert_true(str_eq(head, STR_LIT("a")));
	assert_true(str_eq(tail, STR_LIT("b:c")));
	tail = str_split(STR_LIT("abc"), ':', &head);
	assert_true(str_eq(head, STR_LIT("abc")));
	assert_int_equal(tail.n, 0);
}

static void test_to_u64(void **state)
{
	uint64_t v;

	assert_true(str_to_u64(STR_LIT("65535"), 65535, &v));
	assert_int_equal(v, 65535);
	assert_false(str_to_u64(STR_LIT("65536"), 65535, &v));
	assert_false(str_to_u64(STR_LIT("18446744073709551616"), UINT64_MAX, &v));
	assert_true(str_to_u64(STR_LIT("18446744073709551615"), UINT64_MAX, &v));
	assert_false(str_to_u64(STR_LIT("184467440737095516150"), UINT64_MAX, &v));
	assert_true(str_to_u64(STR_LIT("000018446744073709551615"), UINT64_MAX, &v));
	assert_int_equal(v, UINT64_MAX);
	assert_false(str_to_u64(STR_LIT("6"), 5, &v));
	assert_true(str_to_u64(STR_LIT("005"), 5, &v));
	assert_false(str_to_u64(STR_LIT(""), 9, &v));
	assert_false(str_to_u64(STR_LIT("+1"), 9, &v));
	assert_false(str_to_u64(STR_LIT("1 "), 9, &v));
}

static void test_decimal(void **state)
{
	char buf[STR_DECIMAL_MAX];

	assert_true(str_eq(str_decimal(0, buf), STR_LIT("0")));
	assert_true(str_eq(str_decimal(10, buf), STR_LIT("10")));
	assert_true(str_eq(str_decimal(UINT64_MAX, buf), STR_LIT("18446744073709551615")));
}

static void test_copy(void **state)
{
	char buf[4];

	assert_true(str_copy(STR_LIT("abc"), buf, sizeof(buf)));
	assert_string_equal(buf, "abc");
	assert_false(str_copy(STR_LIT("abcd"), buf, sizeof(buf)));
	assert_string_equal(buf, "");
}

// Slices shorter and longer than what is looked at in one step.
static void test_before(void **state)
{
	char text[40];

	for (size_t n = 0; n <= sizeof(text); n++) {
		for (size_t at = 0; at <= n; at++) {
			memset(text, 'a', sizeof(text));
			memset(text + at, ':', sizeof(text) - at); // beyond the slice, too
			assert_int_equal(str_before((struct str){text, n}, ':'), at);
		}
	}
	assert_int_equal(str_before((struct str){NULL, 0}, ':'), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_caseeq),
		cmocka_unit_test(test_caseeq_lengths),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_to_u64),
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
