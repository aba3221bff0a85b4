// SPDX-License-Identifier: BSD-3-Clause
// STIR-1: where verstat goes, and where it is found when somebody else wrote it.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/verstat.h"

#define TO "To: <sip:+14085550123@a.example>\r\n"

static struct sip_msg m;
static struct sip_edit e;
static char in[4096], out[8192];

static enum sip_reason run(const char *headers, const char *value)
{
	enum sip_reason r;
	size_t n = 0;

	snprintf(in, sizeof(in),
		"INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bKx\r\n%s"
		"Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n",
		headers);
	assert_int_equal(sip_parse(&m, str_from(in)), SIP_OK);
	sip_edit_init(&e, &m);
	r = verstat_rewrite(&m, value, &e);
	assert_int_equal(sip_edit_render(&e, out, sizeof(out) - 1, &n), 0);
	out[n] = '\0';
	return r;
}

static void expect(const char *headers, const char *value, const char *want)
{
	char text[4096];

	assert_int_equal(run(headers, value), SIP_OK);
	snprintf(text, sizeof(text), "branch=z9hG4bKx\r\n%sCall-ID: 1\r\n", want);
	if (strstr(out, text) == NULL)
		fail_msg("no %s in %s", want, out);
}

static void test_put(void **state)
{
	static const char *const t[][2] = {
		{"From: \"A\" <sip:+12125550199@b.example>;tag=1\r\n",
			"From: \"A\" <sip:+12125550199;verstat=V@b.example>;tag=1\r\n"},
		{"f:<sips:+12125550199;isub=1@b.example;user=phone>;tag=1\r\n",
			"f:<sips:+12125550199;isub=1;verstat=V@b.example;user=phone>;tag=1\r\n"},
		{"From: <sip:+1212:pw@b.example>;tag=1\r\n",
			"From: <sip:+1212;verstat=V:pw@b.example>;tag=1\r\n"},
		{"From: <tel:+12125550199;isub=1>;tag=1\r\n",
			"From: <tel:+12125550199;verstat=V;isub=1>;tag=1\r\n"},
		// Without brackets it would become a parameter of the header.
		{"From: sip:+12125550199@b.example;tag=1\r\n",
			"From: <sip:+12125550199;verstat=V@b.example>;tag=1\r\n"},
		{"From: tel:+12125550199;tag=1\r\n",
			"From: <tel:+12125550199;verstat=V>;tag=1\r\n"},
		{"From: <sip:anonymous@anonymous.invalid>;tag=1\r\n",
			"From: <sip:anonymous@anonymous.invalid>;tag=1\r\n"},
		{"From: <sip:b.example>;tag=1\r\n", "From: <sip:b.example>;tag=1\r\n"},
		{"P-Asserted-Identity: <sip:+1@b>, <tel:+1>\r\n",
			"P-Asserted-Identity: <sip:+1;verstat=V@b>, <tel:+1;verstat=V>\r\n"},
		{"P-Asserted-Identity: <urn:service:sos>\r\n",
			"P-Asserted-Identity: <urn:service:sos>\r\n"},
		{"Remote-Party-ID: <sip:+1@b>\r\n", "Remote-Party-ID: <sip:+1@b>\r\n"},
		{TO, TO},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		expect(t[i][0], "V", t[i][1]);
}

// Whoever wrote it, and however.
static void test_strip(void **state)
{
	static const char *const t[][2] = {
		{"From: <sip:+1;verstat=TN-Validation-Passed@b>;tag=1\r\n",
			"From: <sip:+1@b>;tag=1\r\n"},
		{"From: "
		 "<sip:+1;a=b;VerStat=x;c;verstat@b;verstat=y;user=phone>;verstat=z;tag=1\r\n",
			"From: <sip:+1;a=b;c@b;user=phone>;tag=1\r\n"},
		{"From: <sip:+1;;verstat=x;=;verstat=y@b>;tag=1\r\n",
			"From: <sip:+1;;=@b>;tag=1\r\n"},
		{"From: <sip:+1;%76er%53tat=x@b;%56erstat=y>;tag=1\r\n",
			"From: <sip:+1@b>;tag=1\r\n"},
		{"From: <tel:+1;verstat=x;isub=2>;tag=1\r\n", "From: <tel:+1;isub=2>;tag=1\r\n"},
		{"From: sip:+1@b;verstat=x;tag=1\r\n", "From: sip:+1@b;tag=1\r\n"},
		{"P-Asserted-Identity: \"x,<y>\" <sip:+1;verstat=x@b>,\r\n <tel:+1;verstat=x>\r\n",
			"P-Asserted-Identity: \"x,<y>\" <sip:+1@b>,\r\n <tel:+1>\r\n"},
		{"Remote-Party-ID: <sip:+1;verstat=x@b>;party=calling\r\n",
			"Remote-Party-ID: <sip:+1@b>;party=calling\r\n"},
		{"t: <sip:+1;verstat=x@b>\r\n", "t: <sip:+1@b>\r\n"},
		{"From: <sip:+1;verstatx=1;xverstat=2;verstat-3=4@b>;tag=1\r\n",
			"From: <sip:+1;verstatx=1;xverstat=2;verstat-3=4@b>;tag=1\r\n"},
		{"From: <sip:alice;verstat=x@b>;tag=1\r\n", "From: <sip:alice@b>;tag=1\r\n"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		expect(t[i][0], NULL, t[i][1]);
}

static void test_replace(void **state)
{
	expect("From: <sip:+1;verstat=TN-Validation-Passed@b;verstat=x>;tag=1\r\n",
		"TN-Validation-Failed", "From: <sip:+1;verstat=TN-Validation-Failed@b>;tag=1\r\n");
	expect("From: sip:+1@b;verstat=x;tag=1\r\n", "V", "From: <sip:+1;verstat=V@b>;tag=1\r\n");
}

static void test_unreadable(void **state)
{
	static const char *const t[] = {
		"P-Asserted-Identity: <sip:+1;verstat=x@b\r\n",
		"P-Asserted-Identity: sip:+1;verstat=x@b\r\n",
		"P-Asserted-Identity: <sip:+1@b;;verstat=x>\r\n",
		"Remote-Party-ID: <sip:+1 ;verstat=x@b>\r\n",
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(run(t[i], "V"), SIP_BAD_ADDRESS);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *uri;
		bool want;
	} t[] = {
		{"sip:+12125550199@b", true},
		{"sip:12125550199@b", true},
		{"tel:+1", true},
		{"tel:alice", true},
		{"sip:%2B1@b", true},
		{"sip:(212)5550199@b", true},
		{"sip:*69@b", true},
		{"sip:.1@b", true},
		{"sip:alice@b", false},
		{"sip:Anonymous@b", false},
		{"sip:_x@b", false},
		{"sip:b", false},
		{"http://1", false},
	};
	struct uri u;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_true(uri_parse(str_from(t[i].uri), &u));
		assert_int_equal(verstat_is_number(&u), t[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_strip),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
