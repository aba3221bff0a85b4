// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/sip_vectors.h"

#include "lib/uri.h"

static void test_uri_good(void **state)
{
	static const struct {
		const char *text;
		enum uri_scheme scheme;
		const char *user, *host;
		uint16_t port;
		const char *params, *headers;
	} table[] = {
		{"sip:a@b", URI_SIP, "a", "b", 0, "", ""},
		{"sip:b", URI_SIP, "", "b", 0, "", ""},
		{"SIPS:+14085550123@209.165.200.228:5070;transport=tls", URI_SIPS, "+14085550123",
			"209.165.200.228", 5070, ";transport=tls", ""},
		{"sip:a:secret@b.example:65535?Subject=x&y=z", URI_SIP, "a", "b.example", 65535, "",
			"Subject=x&y=z"},
		{"sip:+1;phone-context=x?y@b;lr;maddr=1.2.3.4?h=1", URI_SIP, "+1;phone-context=x?y",
			"b", 0, ";lr;maddr=1.2.3.4", "h=1"},
		{"sip:%2B1408@[2001:db8::1]:5060", URI_SIP, "%2B1408", "[2001:db8::1]", 5060, "",
			""},
		{"tel:+1(408)555.0123;ext=5", URI_TEL, "+1(408)555.0123", "", 0, ";ext=5", ""},
		{"A:b", URI_OTHER, "", "", 0, "", ""},
		{"urn:service:sos", URI_OTHER, "", "", 0, "", ""},
		{"mailto:a@b@c", URI_OTHER, "", "", 0, "", ""},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct uri u;

		if (!uri_parse(str_from(table[i].text), &u))
			fail_msg("refused: %s", table[i].text);
		assert_int_equal(u.scheme, table[i].scheme);
		assert_str(u.text, table[i].text);
		assert_str(u.user, table[i].user);
		assert_str(u.host, table[i].host);
		assert_int_equal(u.port, table[i].port);
		assert_str(u.params, table[i].params);
		assert_str(u.headers, table[i].headers);
	}
}

static void test_uri_bad(void **state)
{
	static const char *const table[] = {
		"",
		"sip",
		":a",
		"sip:",
		"sip:@b",
		"sip:a@",
		"sip:a@b@c", // which host?
		"sip:a@b;x=@c",
		"sip:a b@c",
		"sip:a@b c",
		"sip:a@b\r\n",
		"<sip:a@b>",
		"sip:a@b:",
		"sip:a@b:0",
		"sip:a@b:65536",
		"sip:a@b:5o60",
		"sip:a@b:5060:1",
		"sip:a@b,c",
		"sip:a@[::1",
		"sip:a@[1.2.3.4]",
		"sip:a@[::1]x",
		"sip:a@b;",
		"sip:a@b;;lr",
		"sip:a@b;x=\"y\"",
		"sip:a\\@b",
		"sip:a@b\x7f",
		"sip:a@b\xc3\xa9",
		"sip:a%@b", // an escape that is none
		"sip:a%4@b",
		"sip:a%4g@b",
		"sip:a%00@b", // a NUL
		"sip:a@b;x=%",
		"sip:a@b;maddr=1.2.3.4;lr;Maddr=1.2.3.4", // to which?
		"sip:a@b;transport=tls;transport",
		"tel:+1%",
		"tel:",
		"tel:;x=y",
		"1ip:a@b",
		"s p:a@b",
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct uri u;

		if (uri_parse(str_from(table[i]), &u))
			fail_msg("taken: %s", table[i]);
	}
	assert_false(uri_parse((struct str){"sip:a@b\0c", 9}, &(struct uri){0}));
}

// Where a request goes.
static void test_route_params(void **state)
{
	struct uri u;

	assert_true(
		uri_parse(STR_LIT("sip:a@b;x=maddr;MADDR=1.2.3.4;lr;transport=tls?maddr=c"), &u));
	assert_str(u.maddr.value, "1.2.3.4");
	assert_str(u.maddr.whole, ";MADDR=1.2.3.4");
	assert_str(u.transport.value, "tls");
	assert_true(uri_parse(STR_LIT("sip:a;maddr=b@b;transport"), &u));
	assert_int_equal(u.maddr.name.n, 0);
	assert_str(u.transport.name, "transport");
	assert_int_equal(u.transport.value.n, 0);
}

static void test_password(void **state)
{
	struct uri u;

	assert_true(uri_parse(STR_LIT("sip:a:b:c@d"), &u));
	assert_str(u.user, "a");
	assert_str(u.password, "b:c");
	assert_str(u.host, "d");
}

static void test_host_length(void **state)
{
	char text[300] = "sip:";
	struct uri u;

	memset(text + 4, 'a', sizeof(text) - 4);
	assert_true(uri_parse((struct str){text, 4 + 255}, &u));
	assert_false(uri_parse((struct str){text, 4 + 256}, &u));
}

static void test_host_ip(void **state)
{
	struct ip_addr ip;

	assert_true(uri_host_ip(STR_LIT("192.0.2.1"), &ip) && ip_is_v4(&ip));
	assert_true(uri_host_ip(STR_LIT("[2001:db8::1]"), &ip) && !ip_is_v4(&ip));
	assert_true(uri_host_ip(STR_LIT("2001:db8::1"), &ip));
	assert_false(uri_host_ip(STR_LIT("b.example"), &ip));
	assert_false(uri_host_ip(STR_LIT("192.0.2.010"), &ip)); // octal to some
	assert_false(uri_host_ip(STR_LIT("["), &ip));
	assert_false(uri_host_ip(STR_LIT(""), &ip));
}

static void test_params(void **state)
{
	struct str rest = STR_LIT(" ;lr ; Tag = \"a;b\\\"c\";x=1");
	struct uri_param p;

	assert_true(uri_param_next(&rest, &p));
	assert_str(p.name, "lr");
	assert_str(p.value, "");
	assert_str(p.whole, ";lr");
	assert_true(uri_param_next(&rest, &p));
	assert_str(p.name, "Tag");
	assert_str(p.value, "\"a;b\\\"c\"");
	assert_str(p.whole, "; Tag = \"a;b\\\"c\"");
	assert_true(uri_param_next(&rest, &p));
	assert_str(p.whole, ";x=1");
	assert_false(uri_param_next(&rest, &p));
	assert_int_equal(rest.n, 0);

	assert_true(uri_param_find(STR_LIT(";a=1;TAG=2;tag=3"), STR_LIT("tag"), &p));
	assert_str(p.value, "2");
	assert_false(uri_param_find(STR_LIT(";a=1"), STR_LIT("tag"), NULL));

	// What is no parameter stops the walk and stays.
	static const char *const bad[] = {"a=1", ";", ";=1", ";a=", ";a=\"b", ";a,b", ";a<b>"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rest = str_from(bad[i]);
		while (uri_param_next(&rest, &p))
			;
		assert_true(rest.n > 0);
	}
}

static void test_list(void **state)
{
	static const char *const want[] = {
		"\"A, B\" <sip:a,b@c>;x=\"1,2\"", "<sip:d>", "e", "\"unended, <f>"};
	struct str rest = STR_LIT("\"A, B\" <sip:a,b@c>;x=\"1,2\" ,\r\n <sip:d>,, e , "
				  "\"unended, <f>");
	struct str elem;

	for (size_t i = 0; i < 4; i++) {
		assert_true(uri_list_next(&rest, &elem));
		assert_str(elem, want[i]);
	}
	assert_false(uri_list_next(&rest, &elem));
}

static void test_name_addr(void **state)
{
	static const struct {
		const char *text, *display, *uri, *params;
		bool bracketed;
	} table[] = {
		{"<sip:a@b;x>;tag=1", "", "sip:a@b;x", ";tag=1", true},
		{"\"Ann \\\"<x>\\\"\" <sip:a@b>", "\"Ann \\\"<x>\\\"\"", "sip:a@b", "", true},
		{"Ann Lee\r\n <sip:a@b>\r\n ;tag=1", "Ann Lee", "sip:a@b", ";tag=1", true},
		{"sip:a@b;tag=1", "", "sip:a@b", ";tag=1", false},
		{"sip:a@b", "", "sip:a@b", "", false},
	};
	static const char *const bad[] = {
		"p:a@b>",
		"sip:a@b> ;tag=1",
		"",
		"<>",
		"<sip:a@b",
		"\"Ann <sip:a@b>",
		"\"Ann\" x <sip:a@b>",
		"a;b <sip:a@b>",
		"Via: <sip:a@b>", // whose scheme?
		"a@b <sip:a@b>",
		"a\\ <sip:a@b>",
		"a\x01 <sip:a@b>",
		"<sip:a@b> junk",
		"<sip:a@b>;tag=",
		"<sip:a@b><sip:c@d>",
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct name_addr na;

		if (!name_addr_parse(str_from(table[i].text), &na))
			fail_msg("refused: %s", table[i].text);
		assert_str(na.display, table[i].display);
		assert_str(na.uri, table[i].uri);
		assert_str(na.params, table[i].params);
		assert_int_equal(na.bracketed, table[i].bracketed);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (name_addr_parse(str_from(bad[i]), &(struct name_addr){0}))
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uri_good),
		cmocka_unit_test(test_uri_bad),
		cmocka_unit_test(test_route_params),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_host_length),
		cmocka_unit_test(test_host_ip),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_name_addr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
