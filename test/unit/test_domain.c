// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "lib/domain.h"

// A certificate with these CNs (joined by '|', "" for none) and subjectAltName (OpenSSL syntax).
static X509 *make_cert(const char *cns, const char *san)
{
	X509_NAME *name = X509_NAME_new();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *c = X509_new();
	struct str cn, rest = str_from(cns);

	assert_true(c != NULL && key != NULL && name != NULL);
	while (rest.n > 0) {
		rest = str_split(rest, '|', &cn);
		assert_int_equal(1,
			X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
				(const unsigned char *)cn.p, (int)cn.n, -1, 0));
	}
	X509_set_version(c, X509_VERSION_3);
	X509_set_subject_name(c, name);
	X509_set_issuer_name(c, name);
	X509_gmtime_adj(X509_getm_notBefore(c), 0);
	X509_gmtime_adj(X509_getm_notAfter(c), 3600);
	X509_set_pubkey(c, key);
	if (san != NULL) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);

		assert_non_null(e);
		X509_add_ext(c, e, -1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(c, key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	EVP_PKEY_free(key);
	return c;
}

static void test_identities(void **state)
{
	static const struct {
		const char *cn, *san, *granted;
		bool pass;
	} t[] = {
		// protocol.md 2.10
		{"", "URI:sip:enterprise-b.example", "Enterprise-B.EXAMPLE", true},
		{"", "URI:sip:enterprise-b.example,DNS:x.example", "x.example", false},
		{"", "DNS:enterprise-b.example", "enterprise-b.example.", true},
		{"", "DNS:*.example", "enterprise-b.example", false},
		{"enterprise-b.example", NULL, "enterprise-b.example", true},
		{"enterprise-b.example", "DNS:other.example", "enterprise-b.example", false},
		{"", "URI:sip:bob@enterprise-b.example", "enterprise-b.example", false},
		// its rules
		{"", "DNS:*.example", "*.example", true},
		{"", "URI:sip:b.example:secret@evil.example", "b.example", false},
		{"", "URI:sips:b.example", "b.example", false},
		{"", "URI:sips:b.example,DNS:b.example", "b.example", true},
		{"", "URI:SIP:b.example", "b.example", true},
		{"", "URI:sip:b.example;transport=tls", "b.example", true},
		{"", "URI:sip:b.example:5061", "b.example", true},
		{"", "URI:https://b.example", "b.example", false},
		{"", "URI:sip:192.0.2.1", "192.0.2.1", false},
		{"", "URI:sip:b.example,URI:sip:c.example", "c.example", true},
		{"", "DNS:foo.example.com", "example.com", false},
		{"", "DNS:example.com", "foo.example.com", false},
		{"b.example", "email:bob@b.example", "b.example",
			false}, // a subjectAltName is there
		{"b.example", "URI:sip:bob@b.example", "b.example", false},
		{"old.example|new.example", NULL, "new.example", true}, // the most specific CN
		{"old.example|new.example", NULL, "old.example", false},
		{"Bob's call manager", NULL, "Bob's call manager", false},
		{"", NULL, "b.example", false},
	};
	struct domain_ids ids;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		X509 *c = make_cert(t[i].cn, t[i].san);

		domain_ids_from_cert(&ids, c);
		if (domain_ids_has(&ids, str_from(t[i].granted)) != t[i].pass)
			fail_msg("CN %s SAN %s granted %s", t[i].cn, t[i].san, t[i].granted);
		X509_free(c);
	}
	assert_false(domain_ids_has(NULL, STR_LIT("b.example"))); // TKT-23
}

// A CA may sign a name with a NUL in it; it must not shorten to the part before.
static void test_nul_in_cn(void **state)
{
	X509 *c = make_cert("", NULL);
	struct domain_ids ids;
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
		(const unsigned char *)"b.example\0.evil.example", 23, -1, 0);
	X509_set_subject_name(c, name);
	domain_ids_from_cert(&ids, c);
	assert_int_equal(ids.n, 0);
	X509_NAME_free(name);
	X509_free(c);
}

// A subjectAltName that cannot be read is one all the same: no way back to the CN.
static void test_broken_san(void **state)
{
	X509 *c = make_cert("b.example", NULL);
	ASN1_OCTET_STRING *junk = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;
	struct domain_ids ids;

	ASN1_OCTET_STRING_set(junk, (const unsigned char *)"\x30\x7f", 2);
	e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, junk);
	X509_add_ext(c, e, -1);
	domain_ids_from_cert(&ids, c);
	assert_int_equal(ids.n, 0);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(junk);
	X509_free(c);
}

static void test_bounded(void **state)
{
	char san[512] = "";
	struct domain_ids ids;
	X509 *c;

	for (unsigned int i = 0; i < DOMAIN_IDS_MAX + 2; i++)
		snprintf(san + strlen(san), sizeof(san) - strlen(san), "%sDNS:h%u.example",
			i > 0 ? "," : "", i);
	c = make_cert("", san);
	domain_ids_from_cert(&ids, c);
	assert_int_equal(ids.n, DOMAIN_IDS_MAX);
	assert_true(domain_ids_has(&ids, STR_LIT("h7.example")));
	assert_false(domain_ids_has(&ids, STR_LIT("h8.example")));
	X509_free(c);
}

static void test_valid(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} t[] = {
		{"enterprise-b.example", true},
		{"a", true},
		{"a.example.", true},
		{"xn--bcher-kva.example", true},
		{"0.example", true},
		{"", false},
		{".", false},
		{"a..example", false},
		{".example", false},
		{"a.example..", false},
		{"-a.example", false},
		{"a-.example", false},
		{"a_b.example", false},
		{"*.example", false},
		{"a example", false},
		{"b\xc3\xbc.example", false},
	};
	char name[260];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(domain_valid(str_from(t[i].name)), t[i].want);
	assert_false(domain_valid((struct str){"a\0b", 3}));
	memset(name, 'a', sizeof(name));
	assert_true(domain_valid((struct str){name, 63}));
	assert_false(domain_valid((struct str){name, 64}));
	for (size_t i = 50; i < sizeof(name); i += 51)
		name[i] = '.';
	assert_true(domain_valid((struct str){name, 253}));
	assert_false(domain_valid((struct str){name, 254}));
}

static void test_eq(void **state)
{
	assert_true(domain_eq(STR_LIT("A.example"), STR_LIT("a.EXAMPLE.")));
	assert_false(domain_eq(STR_LIT("a.example"), STR_LIT("b.example")));
	assert_false(domain_eq(STR_LIT("a.example"), STR_LIT("a.example2")));
	assert_false(domain_eq(STR_LIT(""), STR_LIT("")));
	assert_false(domain_eq(STR_LIT("."), STR_LIT(".")));
}

static void test_entries(void **state)
{
	static const struct {
		const char *entry, *name;
		bool matches;
	} t[] = {
		{"b.example", "B.Example.", true},
		{"b.example.", "b.example", true},
		{"b.example", "a.b.example", false},
		{".b.example", "a.b.example", true},
		{".B.example", "x.a.b.EXAMPLE.", true},
		{".b.example", "b.example", false},
		{".b.example", "ab.example", false},
		{".example", "b.example", true},
		{"*.example", "b.example", false},
		{"", "", false},
		{".", "b.", false},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (domain_matches(str_from(t[i].entry), str_from(t[i].name)) != t[i].matches)
			fail_msg("%s, %s", t[i].entry, t[i].name);
	assert_true(domain_entry_valid(STR_LIT("b.example")));
	assert_true(domain_entry_valid(STR_LIT(".b.example")));
	assert_false(domain_entry_valid(STR_LIT("..b.example")));
	assert_false(domain_entry_valid(STR_LIT("*.b.example")));
	assert_false(domain_entry_valid(STR_LIT(".")));
	assert_false(domain_entry_valid(STR_LIT("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_nul_in_cn),
		cmocka_unit_test(test_broken_san),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_eq),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
