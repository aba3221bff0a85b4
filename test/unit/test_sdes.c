// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/sdes.h"

#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define S80 "AES_CM_128_HMAC_SHA1_80"

static void test_rfc4568(void **state)
{
	uint8_t key[SDES_KEY_LEN] = {0};
	struct sdes s;

	unhex("774466766726542b29784737406662356a552c5261417d5c7c7030252a23", key);
	assert_int_equal(sdes_parse(STR_LIT("1 " S80 " inline:" KEY "|2^20|1:4"), &s), SDES_OK);
	assert_int_equal(s.tag, 1);
	assert_int_equal(s.suite, SDES_AES_CM_128_HMAC_SHA1_80);
	assert_memory_equal(s.key, key, sizeof(key));
	assert_int_equal(s.lifetime, 1 << 20);
	assert_int_equal(s.mki_len, 4);
	sdes_wipe(&s);
	memset(key, 0, sizeof(key));
	assert_memory_equal(s.key, key, sizeof(key));
}

static void test_srtp5(void **state)
{
	static const struct {
		const char *in;
		enum sdes_verdict want;
	} t[] = {
		{"1 " S80 " inline:" KEY, SDES_OK},
		{"2 AES_CM_128_HMAC_SHA1_32 inline:" KEY, SDES_OK},
		{"2\taes_cm_128_hmac_sha1_32  INLINE:" KEY " ", SDES_OK},
		{"1 " S80 " inline:" KEY "|281474976710656", SDES_OK},
		{"1 " S80 " inline:" KEY "|2^48", SDES_OK},
		{"1 " S80 " inline:" KEY "|1:128", SDES_OK},
		{"1 " S80 " inline:" KEY "|2^20|255:1", SDES_OK},
		{"1 " S80 " inline:" KEY " WSH=64", SDES_OK},
		{"1 " S80 " inline:" KEY " -NEW=x WSH=128", SDES_OK},

		{"", SDES_SYNTAX},
		{"1", SDES_SYNTAX},
		{"1 " S80, SDES_SYNTAX},
		{"x " S80 " inline:" KEY, SDES_SYNTAX},
		{"1000000000 " S80 " inline:" KEY, SDES_SYNTAX},
		{"-1 " S80 " inline:" KEY, SDES_SYNTAX},
		{"1 " S80 " prompt:" KEY, SDES_SYNTAX},
		{"1 " S80 "inline:" KEY, SDES_SYNTAX},
		{"1 F8_128_HMAC_SHA1_80 inline:" KEY, SDES_SUITE},
		{"1 AEAD_AES_128_GCM inline:" KEY, SDES_KEY},
		{"1 " S80 "0 inline:" KEY, SDES_SUITE},
		{"1 " S80 " inline:", SDES_KEY},
		{"1 " S80 " inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo=", SDES_KEY}, // 29
		{"1 " S80 " inline:" KEY "AA==", SDES_KEY},                              // 31
		{"1 " S80 " inline:" KEY "*", SDES_KEY},
		{"1 " S80 " inline:" KEY "|1:4;inline:" KEY "|2:4", SDES_SEVERAL_KEYS},
		{"1 " S80 " inline:" KEY "|0", SDES_LIFETIME},
		{"1 " S80 " inline:" KEY "|", SDES_LIFETIME},
		{"1 " S80 " inline:" KEY "|2^49", SDES_LIFETIME},
		{"1 " S80 " inline:" KEY "|2^", SDES_LIFETIME},
		{"1 " S80 " inline:" KEY "|281474976710657", SDES_LIFETIME},
		{"1 " S80 " inline:" KEY "|1:0", SDES_MKI},
		{"1 " S80 " inline:" KEY "|1:129", SDES_MKI},
		{"1 " S80 " inline:" KEY "|256:1", SDES_MKI},
		{"1 " S80 " inline:" KEY "|:4", SDES_MKI},
		{"1 " S80 " inline:" KEY "|1:", SDES_MKI},
		{"1 " S80 " inline:" KEY "|2^20|", SDES_MKI},
		{"1 " S80 " inline:" KEY "|2^20|1:4|", SDES_MKI},
		{"1 " S80 " inline:" KEY "|1:4|2^20", SDES_MKI},
		{"1 " S80 " inline:" KEY " KDR=0", SDES_PARAM},
		{"1 " S80 " inline:" KEY " KDR=24", SDES_PARAM},
		{"1 " S80 " inline:" KEY " UNENCRYPTED_SRTP", SDES_PARAM},
		{"1 " S80 " inline:" KEY " UNENCRYPTED_SRTCP", SDES_PARAM},
		{"1 " S80 " inline:" KEY " unauthenticated_srtp", SDES_PARAM},
		{"1 " S80 " inline:" KEY " WSH=63", SDES_PARAM},
		{"1 " S80 " inline:" KEY " WSH=", SDES_PARAM},
		{"1 " S80 " inline:" KEY " NEW=x", SDES_PARAM},
		{"1 " S80 " inline:" KEY " -", SDES_PARAM},
		{"1 " S80 " inline:" KEY " WSH=64 NEW", SDES_PARAM},
	};
	static const uint8_t zero[SDES_KEY_LEN];
	struct sdes s;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (sdes_parse(str_from(t[i].in), &s) != t[i].want)
			fail_msg("%s", t[i].in);
		if (t[i].want != SDES_OK)
			assert_memory_equal(s.key, zero, sizeof(zero));
	}
}

static void test_format(void **state)
{
	static const char text[] = "12 AES_CM_128_HMAC_SHA1_32 inline:" KEY;
	struct sdes s = {.tag = 999999999};
	char buf[SDES_TEXT_MAX];

	assert_true(sdes_format(&s, buf) < sizeof(buf));
	assert_int_equal(
		sdes_parse(STR_LIT("12 AES_CM_128_HMAC_SHA1_32 inline:" KEY), &s), SDES_OK);
	assert_int_equal(sdes_format(&s, buf), strlen(text));
	assert_string_equal(buf, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4568),
		cmocka_unit_test(test_srtp5),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
