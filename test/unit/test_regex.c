// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/regex.h"

static struct hs_scratch *scratch;

static bool found(const char *pattern, struct str subject)
{
	char why[REGEX_WHY_MAX];
	struct regex_set *set;
	uint64_t bits[2] = {0};

	assert_int_equal(regex_check(pattern, why), 0);
	assert_int_equal(regex_set_new(&set, &pattern, &(unsigned int){70}, 1, why), 0);
	assert_int_equal(regex_scratch_fit(&scratch, set), 0);
	assert_true(regex_set_search(set, scratch, subject, bits));
	regex_set_free(set);
	assert_int_equal(bits[0], 0);
	assert_int_equal(bits[1] & ~(1ull << 6), 0);
	return bits[1] != 0;
}

static void test_search(void **state)
{
	static const struct {
		const char *pattern;
		struct str subject;
		bool found;
	} t[] = {
		{"900", {"sip:+1900", 9}, true}, // anywhere
		{"^900", {"sip:+1900", 9}, false},
		{"900$", {"sip:+1900", 9}, true},
		{"900$", {"sip:+1900@", 10}, false},
		{"SIP", {"sip", 3}, false}, // as written
		{"(?i)SIP", {"sip", 3}, true},
		{"a.c", {"a\0c", 3}, true}, // octets
		{"a\\x00c", {"a\0c", 3}, true},
		{"^\\+(1|44)[0-9]{3,5}$", {"+44123", 6}, true},
		{"^\\+(1|44)[0-9]{3,5}$", {"+4412", 5}, false},
		{".*", {NULL, 0}, true}, // nothing is a match too
		{"^$", {NULL, 0}, true},
		{"^$", {"a", 1}, false},
		{"a", {NULL, 0}, false},
		{"\xff+", {"\xff\xff", 2}, true},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (found(t[i].pattern, t[i].subject) != t[i].found)
			fail_msg("%s", t[i].pattern);
}

static void test_refused(void **state)
{
	static char long_text[REGEX_PATTERN_MAX + 2];
	static const struct {
		const char *pattern, *why;
	} t[] = {
		{"abc(", "index 3"},
		{"[z-a]", "Range out of order"},
		{"a\\", "end of input"},
		{"*", ""},
		{"(a)\\1", "Back-references"},
		{"(?=a)b", "Zero-width"},
		{"(?>a)b", ""},
		{"a{5000}", "no match has less than 5000 octets; at most 4096 may be asked for"},
		{"((a{99}b){99}c){99}", "too large"},
		{long_text, "it has more than 255 octets"},
	};
	char why[REGEX_WHY_MAX];

	memset(long_text, 'a', REGEX_PATTERN_MAX + 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		why[0] = '\0';
		if (regex_check(t[i].pattern, why) != -EINVAL || why[0] == '\0' ||
			strstr(why, t[i].why) == NULL)
			fail_msg("%.40s: %s", t[i].pattern, why);
	}
	long_text[REGEX_PATTERN_MAX] = '\0';
	assert_int_equal(regex_check(long_text, why), 0);
}

#define MANY 1000

static char patterns[MANY][32];

static bool search(const struct regex_set *set, const char *subject, uint64_t bits[MANY / 64 + 1])
{
	memset(bits, 0, (MANY / 64 + 1) * sizeof(bits[0]));
	return regex_set_search(set, scratch, str_from(subject), bits);
}

// A thousand at once: each by its own bit, and bits that several share.
static void test_many(void **state)
{
	static const char *list[MANY];
	static unsigned int own[MANY], shared[MANY];
	char why[REGEX_WHY_MAX], subject[64];
	uint64_t bits[MANY / 64 + 1];
	struct regex_set *set, *groups;

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(patterns[i], sizeof(patterns[i]), "^sip:\\+1%04u[0-9]*@", i);
		list[i] = patterns[i];
		own[i] = i;
		shared[i] = i % 3;
	}
	assert_int_equal(regex_set_new(&set, list, own, MANY, why), 0);
	assert_int_equal(regex_set_new(&groups, list, shared, MANY, why), 0);
	assert_int_equal(regex_scratch_fit(&scratch, set), 0);
	assert_int_equal(regex_scratch_fit(&scratch, groups), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(subject, sizeof(subject), "sip:+1%04u77@enterprise.example", i);
		assert_true(search(set, subject, bits));
		for (unsigned int w = 0; w <= MANY / 64; w++)
			assert_int_equal(bits[w], w == i / 64 ? 1ull << (i % 64) : 0);
		assert_true(search(groups, subject, bits));
		assert_int_equal(bits[0], 1u << (i % 3));
	}
	assert_true(search(set, "tel:+10001", bits));
	for (unsigned int w = 0; w <= MANY / 64; w++)
		assert_int_equal(bits[w], 0);
	regex_set_free(set);
	regex_set_free(groups);
}

static void test_scratch(void **state)
{
	const char *list[] = {"a.*b.*c", "(x|y){3,9}z"};
	char why[REGEX_WHY_MAX];
	struct regex_set *set;
	uint64_t bits[1] = {0};

	assert_true(regex_supported());
	assert_int_equal(regex_set_new(&set, list, (unsigned int[]){0, 1}, 2, why), 0);
	assert_false(regex_set_search(set, NULL, STR_LIT("abc"), bits)); // said, not guessed
	regex_set_free(set);
	regex_set_free(NULL);
	regex_scratch_free(NULL);
}

static int teardown(void **state)
{
	regex_scratch_free(scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
