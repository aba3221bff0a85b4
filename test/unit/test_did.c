// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/did.h"

// protocol.md 2.9: the table, then what its rules forbid. NULL: no number in it.
static void test_from_uri(void **state)
{
	static const struct {
		const char *uri, *number;
	} t[] = {
		{"sip:+14085550123@209.165.200.228:5070", "+14085550123"},
		{"sip:+1-408-555-0123@x;user=phone", "+14085550123"},
		{"sip:%2B14085550123@x", "+14085550123"},
		{"tel:+1(408)555.0123", "+14085550123"},
		{"sip:4085550123@x", NULL},
		{"tel:5550123;phone-context=+1408", "+14085550123"},
		{"sip:+14085550124@x", "+14085550124"},
		{"sip:+140855501234@x", "+140855501234"},

		{"SIPS:+14085550123@x", "+14085550123"},
		{"TEL:+14085550123", "+14085550123"},
		{"sip:+1%20408%20555%200123@x", "+14085550123"},
		{"sip:5550123;phone-context=%2B1408@x;user=phone", "+14085550123"},
		{"sip:5550123;PHONE-CONTEXT=+1-408@x", "+14085550123"},
		{"sip:+14085550123;isub=1@x", "+14085550123"},
		{"sip:+14085550123:secret@x", "+14085550123"},
		{"sip:+14085550123;phone-context=a.example@x", "+14085550123"},
		{"sip:+123456789012345@x", "+123456789012345"},
		{"sip:+1234567890123456@x", NULL}, // 16 digits
		{"sip:+1@x", "+1"},
		{"sip:+@x", NULL},
		{"sip:@x", NULL},
		{"sip:+14085550123", NULL}, // that is a host
		{"sip:14085550123", NULL},
		{"sip:+1408555012*@x", NULL},
		{"sip:+1408555012%23@x", NULL},
		{"sip:+1408555012a@x", NULL},
		{"sip:1+4085550123@x", NULL},
		{"sip:++14085550123@x", NULL},
		{"sip:+14085550123%00@x", NULL},
		{"sip:+14085550123%3Bx@x", NULL}, // an encoded ';' is no separator
		{"sip:+1408555012%3@x", NULL},
		{"sip:+1408555012%3G@x", NULL},
		{"sip:+1408555012%", NULL},
		{"tel:5550123;phone-context=a.example", NULL},
		{"tel:5550123;phone-context=+1408;phone-context=+1409", NULL},
		{"tel:+5550123;phone-context=+1408", NULL},
		{"tel:+5550123;phone-context=+x", NULL},
		{"tel:;phone-context=+14085550123", "+14085550123"},
		{"http://+14085550123@x", NULL},
		{"+14085550123", NULL},
		{"", NULL},
	};
	struct did d;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (did_from_uri(str_from(t[i].uri), NULL, 0, &d) != (t[i].number != NULL))
			fail_msg("%s", t[i].uri);
		if (t[i].number != NULL)
			assert_true(did_eq(&d, str_from(t[i].number)));
		else
			assert_int_equal(d.n, 0);
	}
}

// Step 3: the first rule that fits makes a full number, or there is none.
static void test_normalise(void **state)
{
	static const struct did_rule rules[] = {
		{.strip = "011"},
		{.strip = "00", .add = ""},
		{.add = "1408", .length = 7},
		{.strip = "1", .add = "1", .length = 11},
		{.strip = "99", .add = "490000000000"},
	};
	static const struct {
		const char *uri, *number;
	} t[] = {
		{"sip:01149891234567@x", "+49891234567"},
		{"sip:0049891234567@x", "+49891234567"},
		{"sip:555-0123@x", "+14085550123"},
		{"sip:14085550123@x", "+14085550123"},
		{"tel:1(408)555.0123", "+14085550123"},
		{"sip:4085550123@x", NULL}, // no rule has 10 digits
		{"sip:011123456789012345@x", "+123456789012345"},
		{"sip:0111234567890123456@x", NULL}, // 16 digits are left
		{"sip:011@x", NULL},                 // nothing is left
		{"sip:991234@x", NULL},              // 16 digits
		{"sip:99123@x", "+490000000000123"},
		{"sip:+5550123@x", "+5550123"}, // written in full
		{"sip:5550123;phone-context=+1650@x", "+16505550123"},
		{"sip:5550123;phone-context=b.example@x", NULL}, // not our plan
		{"sip:555012*@x", NULL},
		{"sip:@x", NULL},
	};
	struct did d;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (did_from_uri(str_from(t[i].uri), rules, sizeof(rules) / sizeof(rules[0]), &d) !=
			(t[i].number != NULL))
			fail_msg("%s", t[i].uri);
		if (t[i].number != NULL && !did_eq(&d, str_from(t[i].number)))
			fail_msg("%s: %.*s", t[i].uri, d.n, d.digits);
		assert_int_equal(d.n > 0, t[i].number != NULL);
	}
}

static void test_eq(void **state)
{
	struct did d;

	did_from_uri(STR_LIT("sip:+14085550123@x"), NULL, 0, &d);
	assert_true(did_eq(&d, STR_LIT("+14085550123")));
	assert_false(did_eq(&d, STR_LIT("+14085550124")));
	assert_false(did_eq(&d, STR_LIT("+140855501234")));
	assert_false(did_eq(&d, STR_LIT("+1408555012"))); // no prefix match
	assert_false(did_eq(&d, STR_LIT("14085550123")));
	assert_false(did_eq(&d, STR_LIT("")));
	d.n = 0;
	assert_false(did_eq(&d, STR_LIT("+")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_uri),
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_eq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
