// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

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

// The 30 octets of RFC 4568 and as many of them again as a suite needs; lengths of RFC 4568 6.2,
// RFC 6188 and RFC 7714 14.
static const struct {
	const char *name, *key; // padded
	enum sdes_suite suite;
	size_t len;
} suites[] = {
	{"AES_CM_128_HMAC_SHA1_80", KEY, SDES_AES_CM_128_HMAC_SHA1_80, 30},
	{"AES_CM_128_HMAC_SHA1_32", KEY, SDES_AES_CM_128_HMAC_SHA1_32, 30},
	{"AEAD_AES_128_GCM", "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ==", SDES_AEAD_AES_128_GCM, 28},
	{"AEAD_AES_256_GCM", KEY "d0RmdmcmVCspeEc3QGY=", SDES_AEAD_AES_256_GCM, 44},
	{"AES_256_CM_HMAC_SHA1_80", KEY "d0RmdmcmVCspeEc3QGZiNQ==", SDES_AES_256_CM_HMAC_SHA1_80,
		46},
};

static enum sdes_verdict parse_key(const char *suite, const char *key, struct sdes *out)
{
	char line[256];

	snprintf(line, sizeof(line), "1 %s inline:%s", suite, key);
	return sdes_parse(str_from(line), out);
}

static void test_suites(void **state)
{
	uint8_t octets[60];

	unhex("774466766726542b29784737406662356a552c5261417d5c7c7030252a23", octets);
	memcpy(octets + 30, octets, 30);
	assert_int_equal(sizeof(suites) / sizeof(suites[0]), SDES_SUITES);
	for (size_t i = 0; i < SDES_SUITES; i++) {
		static const uint8_t zero[SDES_KEY_LEN];
		size_t len = suites[i].len, n = strlen(suites[i].key);
		char text[128], line[SDES_TEXT_MAX];
		enum sdes_suite suite;
		struct sdes s;

		assert_true(sdes_suite_of(str_from(suites[i].name), &suite));
		assert_int_equal(suite, suites[i].suite);
		assert_string_equal(sdes_suite_name(suite), suites[i].name);
		assert_int_equal(sdes_key_len(suite), len);
		assert_int_equal(parse_key(suites[i].name, suites[i].key, &s), SDES_OK);
		assert_int_equal(s.suite, suite);
		assert_memory_equal(s.key, octets, len);
		assert_memory_equal(s.key + len, zero, SDES_KEY_LEN - len);
		assert_int_equal(s.lifetime, 0);

		s.tag = 999999999; // the longest
		assert_true(sdes_format(&s, line) < SDES_TEXT_MAX);
		snprintf(text, sizeof(text), "999999999 %s inline:%s", suites[i].name,
			suites[i].key);
		assert_string_equal(line, text);

		// Padding may be left away, all of it or none, also before a lifetime and an MKI.
		snprintf(text, sizeof(text), "%.*s|2^31|7:2", (int)strcspn(suites[i].key, "="),
			suites[i].key);
		assert_int_equal(parse_key(suites[i].name, text, &s), SDES_OK);
		assert_memory_equal(s.key, octets, len);
		assert_int_equal(s.lifetime, 1ull << 31);
		assert_int_equal(s.mki_len, 2);
		snprintf(text, sizeof(text), "%s|2^31|7:2", suites[i].key);
		assert_int_equal(parse_key(suites[i].name, text, &s), SDES_OK);
		if (strcmp(suites[i].key + n - 2, "==") == 0) {
			snprintf(text, sizeof(text), "%.*s", (int)n - 1, suites[i].key);
			assert_int_equal(parse_key(suites[i].name, text, &s), SDES_KEY);
		}
		snprintf(text, sizeof(text), "%s=", suites[i].key);
		assert_int_equal(parse_key(suites[i].name, text, &s), SDES_KEY);

		// RFC 3711 9.2, RFC 6188, RFC 7714 11: one bound for all.
		snprintf(text, sizeof(text), "%s|2^48", suites[i].key);
		assert_int_equal(parse_key(suites[i].name, text, &s), SDES_OK);
		assert_int_equal(s.lifetime, 1ull << 48);
		snprintf(text, sizeof(text), "%s|2^49", suites[i].key);
		assert_int_equal(parse_key(suites[i].name, text, &s), SDES_LIFETIME);

		// SRTP-5: no suite takes the key of one with another length.
		for (size_t k = 0; k < SDES_SUITES; k++)
			assert_int_equal(parse_key(suites[i].name, suites[k].key, &s),
				suites[k].len == len ? SDES_OK : SDES_KEY);
	}
}

static void test_suite_names(void **state)
{
	static const char *const unknown[] = {"", "AES_CM_128_HMAC_SHA1", "AEAD_AES_128_GCM_8",
		"AEAD_AES_192_GCM", "AES_256_CM_HMAC_SHA1_32", "F8_128_HMAC_SHA1_80",
		"NULL_HMAC_SHA1_80"};
	enum sdes_suite suite = SDES_SUITES;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_false(sdes_suite_of(str_from(unknown[i]), &suite));
	assert_int_equal(suite, SDES_SUITES);
	assert_true(sdes_suite_of(STR_LIT("aead_Aes_256_gcm"), &suite));
	assert_int_equal(suite, SDES_AEAD_AES_256_GCM);
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
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_suite_names),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
