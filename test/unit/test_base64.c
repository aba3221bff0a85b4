// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <errno.h>

#include "lib/base64.h"

// RFC 4648 section 10, both ways.
static void test_rfc4648(void **state)
{
	static const char *const t[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	uint8_t out[8];
	char text[16];
	size_t n;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct str in = str_from(t[i][0]);

		assert_int_equal(base64_encode((const uint8_t *)in.p, in.n, text), strlen(t[i][1]));
		assert_string_equal(text, t[i][1]);
		assert_int_equal(base64_decode(str_from(text), out, sizeof(out), &n), 0);
		assert_true(str_eq(in, (struct str){(const char *)out, n}));
	}
}

static void test_tkt3_strict(void **state)
{
	static const struct {
		const char *in;
		int want;
	} t[] = {
		{"Zg", 0},                    // padding may be missing
		{"Zm8", 0}, {"Zg=", -EINVAL}, // but not half of it
		{"Zm9v=", -EINVAL}, {"Zm9v====", -EINVAL}, {"====", -EINVAL}, {"=", -EINVAL},
		{"Zg==Zg==", -EINVAL}, // `=` elsewhere
		{"Z", -EINVAL},        // length 1 mod 4
		{"A", -EINVAL}, {"Zm9vA", -EINVAL}, {"Zm9vY", -EINVAL},
		{"Zh==", -EINVAL}, // trailing bits
		{"Zm9=", -EINVAL}, {"Zm-v", -EINVAL}, {"Zm_v", -EINVAL}, {"Zm9v,Zm9v", -EINVAL},
		{"\"Zm9v\"", -EINVAL}, {"Zm9v\r\n", -EINVAL}, {" Zm9v", -EINVAL},
		{"Zm\xc3\xa9", -EINVAL}, {"Zm9vZm9vZm9v", -ENOSPC}, // 9 octets
	};
	uint8_t out[8];
	size_t n;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(base64_decode(str_from(t[i].in), out, sizeof(out), &n), t[i].want);
	assert_int_equal(base64_decode((struct str){"Zm9\0", 4}, out, sizeof(out), &n), -EINVAL);
}

// RFC 7515 appendix C.
static void test_url_encode(void **state)
{
	static const uint8_t octets[] = {3, 236, 255, 224, 193};
	char text[BASE64_SIZE(sizeof(octets))];

	assert_int_equal(base64url_encode(octets, sizeof(octets), text), 7);
	assert_string_equal(text, "A-z_4ME");
	assert_int_equal(base64url_encode(octets, 0, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(base64url_encode(octets, 3, text), 4);
	assert_string_equal(text, "A-z_");
}

// RFC 7515 2: the URL's alphabet, and no padding.
static void test_url(void **state)
{
	static const struct {
		const char *in;
		int want;
	} t[] = {
		{"-_-_", 0},
		{"Zg", 0},
		{"Zm8", 0},
		{"", 0},
		{"Zg==", -EINVAL},
		{"Zm8=", -EINVAL},
		{"Zm+v", -EINVAL},
		{"Zm/v", -EINVAL},
		{"Z", -EINVAL},
		{"Zh", -EINVAL},
		{"Zm9v.", -EINVAL},
		{"Zm9vZm9vZm9v", -ENOSPC},
	};
	uint8_t out[8];
	size_t n;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(
			base64url_decode(str_from(t[i].in), out, sizeof(out), &n), t[i].want);
	assert_int_equal(base64url_decode(STR_LIT("-_-_"), out, sizeof(out), &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(out, "\xfb\xff\xbf", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4648),
		cmocka_unit_test(test_tkt3_strict),
		cmocka_unit_test(test_url_encode),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
