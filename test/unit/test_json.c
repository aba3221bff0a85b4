// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include "lib/json.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		enum json_kind kind;
		const char *inside;
	} t[] = {
		{"{}", JSON_OBJECT, ""},
		{" { \"a\" : 1 , \"b\" : [ ] } ", JSON_OBJECT, " \"a\" : 1 , \"b\" : [ ] "},
		{"[1,2]", JSON_ARRAY, "1,2"},
		{"\"a\\\"\\\\\\/\\b\\u00e9\xc3\xa9\"", JSON_STRING,
			"a\\\"\\\\\\/\\b\\u00e9\xc3\xa9"},
		{"0", JSON_NUMBER, "0"},
		{"-10.50e+3", JSON_NUMBER, "-10.50e+3"},
		{"true", JSON_WORD, "true"},
		{"null", JSON_WORD, "null"},
		{"[[[[[[[[]]]]]]]]", JSON_ARRAY, "[[[[[[[]]]]]]]"},
	};
	struct json v;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_true(json_parse(str_from(t[i].text), &v));
		assert_int_equal(v.kind, t[i].kind);
		assert_true(str_eq(v.text, str_from(t[i].inside)));
	}
}

static void test_refused(void **state)
{
	static const char *const t[] = {
		"", " ", "{", "}", "{}{}", "{} x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
		"{,\"a\":1}", "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}",
		"{\"a\":1,\"a\":2}",                 // which one?
		"{\"x\":{\"a\":1,\"b\":0,\"a\":2}}", // nor further in
		"{\"\\u0061\":1}",                   // is this an a?
		"{\"a\":1,\"\\u0061\":2}", "[1,]", "[1 2]", "[", "\"a", "\"\\\"", "\"\\x\"",
		"\"\\u00g0\"", "\"\\u00\"", "\"a\nb\"", "01", "-", "+1", "1.", ".5", "1e", "0x10",
		"NaN", "True", "nul", "// comment\n{}", "\xef\xbb\xbf{}",
		"[[[[[[[[[]]]]]]]]]", // nine
	};
	struct json v;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (json_parse(str_from(t[i]), &v))
			fail_msg("%s was accepted", t[i]);
	assert_false(json_parse((struct str){"{}\0", 3}, &v));
	assert_false(json_parse((struct str){"\"a\0\"", 4}, &v));
}

static void test_members_max(void **state)
{
	char text[1024];
	struct json v;
	size_t n;

	for (int members = JSON_MEMBERS_MAX; members <= JSON_MEMBERS_MAX + 1; members++) {
		n = (size_t)snprintf(text, sizeof(text), "{");
		for (int i = 0; i < members; i++)
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "%s\"m%d\":%d", i > 0 ? "," : "", i, i);
		snprintf(text + n, sizeof(text) - n, "}");
		assert_int_equal(json_parse(str_from(text), &v), members == JSON_MEMBERS_MAX);
	}
}

static void test_walks(void **state)
{
	struct json v, m;
	struct str rest, name;

	assert_true(json_parse(STR_LIT("{\"a\":\"x\", \"b\":[\"p\" , 2], \"c\":{\"a\":3}}"), &v));
	assert_true(json_member(&v, STR_LIT("a"), &m));
	assert_true(json_is(&m, STR_LIT("x")));
	assert_false(json_member(&v, STR_LIT("A"), &m));
	assert_false(json_member_of(&v, STR_LIT("a"), JSON_NUMBER, &m));
	assert_true(json_member_of(&v, STR_LIT("b"), JSON_ARRAY, &m));
	rest = m.text;
	assert_true(json_elem_next(&rest, &m) && json_is(&m, STR_LIT("p")));
	assert_true(json_elem_next(&rest, &m) && m.kind == JSON_NUMBER);
	assert_true(str_eq(m.text, STR_LIT("2")));
	assert_false(json_elem_next(&rest, &m));
	assert_true(json_member_of(&v, STR_LIT("c"), JSON_OBJECT, &m));
	rest = m.text;
	assert_true(json_member_next(&rest, &name, &m));
	assert_true(str_eq(name, STR_LIT("a")) && str_eq(m.text, STR_LIT("3")));
	assert_false(json_member_next(&rest, &name, &m));
	assert_true(json_parse(STR_LIT("[]"), &v));
	assert_false(json_member(&v, STR_LIT("a"), &m));
}

static void test_is(void **state)
{
	static const struct {
		const char *json, *text;
		bool want;
	} t[] = {
		{"\"a/b\"", "a/b", true},
		{"\"a\\/b\"", "a/b", true},
		{"\"\"", "", true},
		{"\"a\"", "ab", false},
		{"\"ab\"", "a", false},
		{"\"A\"", "a", false},
		{"\"\\u0061\"", "a", false},
		{"1", "1", false},
		{"\"a\\\\\"", "a\\", false},
	};
	struct json v;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_true(json_parse(str_from(t[i].json), &v));
		assert_int_equal(json_is(&v, str_from(t[i].text)), t[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_members_max),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
