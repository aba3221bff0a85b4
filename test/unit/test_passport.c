// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/passport.h"
#include "test/unit/stir_pki.h"

#define H    STIR_HEADER(spc)
#define INFO ";info=<" STIR_URL(spc) ">"
#define GOOD                                                                                       \
	"{\"attest\":\"A\",\"dest\":{\"tn\":[\"" STIR_CALLED "\"]},\"iat\":1772323200,\"orig\":"   \
	"{\"tn\":\"" STIR_CALLER "\"},\"origid\":\"" STIR_ORIGID "\"}"
#define OTHER_HEAD(typ, alg, ppt, x5u)                                                             \
	"{\"alg\":\"" alg "\",\"ppt\":\"" ppt "\",\"typ\":\"" typ "\",\"x5u\":\"" x5u "\"}"

static struct passport p;

static enum passport_fault parse(const char *header, const char *payload, const char *params)
{
	static char text[STIR_TEXT_MAX];

	stir_token(STIR_spc, header, payload, text);
	strcat(text, params);
	return passport_parse(str_from(text), &p);
}

// ---- Known answers ------------------------------------------------------------------------------

#define RFC8225_KEY                                                                                \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH\n"                       \
	"78YTU8qLS8I5HLHSSmlATLcslQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==\n"                           \
	"-----END PUBLIC KEY-----\n"
#define RFC8225_HEADER                                                                             \
	"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9j"                         \
	"ZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"

// RFC 8225 appendix A. Its signature is of no key that it prints (with A.2's, that of the drafts
// verifies; see below), so the example shows parsing, and a refusal.
static void test_rfc8225_appendix_a(void **state)
{
	static const char text[] = RFC8225_HEADER
		".eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI"
		"6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19"
		".VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_GluIkb"
		"a7UWYRM47ZbNFdOJquE35cw;info=<https://cert.example.org/passport.cer>;alg=ES256";
	const struct did caller = {"12155551212", 11}, called = {"14085550123", 11};
	BIO *bio = BIO_new_mem_buf(RFC8225_KEY, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_NONE);
	assert_true(str_eq(p.info, STR_LIT("https://cert.example.org/passport.cer")));
	assert_int_equal(p.ppt.n, 0);
	assert_true(str_eq(p.orig, STR_LIT("12155551212")));
	assert_int_equal(p.n_dest, 0); // a URI
	assert_int_equal(p.iat, 1471375418);
	assert_int_equal(p.attest, '\0');
	assert_false(p.media_keys);
	assert_int_equal(passport_match(&p, &caller, &called), PASSPORT_DEST);
	assert_true(passport_key_ok(key));
	assert_false(passport_signature_ok(&p, key));
	EVP_PKEY_free(key);
	BIO_free(bio);
}

static void signature_verifies(EVP_PKEY *key, const char *signed_part, const char *signature)
{
	size_t n;

	memset(&p, 0, sizeof(p));
	p.signed_part = str_from(signed_part);
	assert_int_equal(
		base64url_decode(str_from(signature), p.signature, sizeof(p.signature), &n), 0);
	assert_int_equal(n, sizeof(p.signature));
	assert_true(passport_signature_ok(&p, key));
	p.signature[63] ^= 1;
	assert_false(passport_signature_ok(&p, key));
	p.signature[63] ^= 1;
	p.signed_part.n--;
	assert_false(passport_signature_ok(&p, key));
	assert_int_equal(ERR_peek_error(), 0); // TLS on the same thread would take it for its own
}

// draft-ietf-stir-passport, whose public key RFC 8225 A.2 still prints.
static void test_draft_passport(void **state)
{
	BIO *bio = BIO_new_mem_buf(RFC8225_KEY, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	signature_verifies(key,
		RFC8225_HEADER ".eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI"
			       "6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0",
		"rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojN"
		"CpTzO3QfPOlckGaS6hEck7w");
	EVP_PKEY_free(key);
	BIO_free(bio);
}

// RFC 7515 A.3: ES256 of a JSON web signature.
static void test_rfc7515_a3(void **state)
{
	static const char x509_key[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
		"6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
		"-----END PUBLIC KEY-----\n";
	BIO *bio = BIO_new_mem_buf(x509_key, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	assert_non_null(key);
	signature_verifies(key,
		"eyJhbGciOiJFUzI1NiJ9"
		".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
		"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
		"pmWQxfKTUJqPP3-Kg6NU1Q");
	EVP_PKEY_free(key);
	BIO_free(bio);
}

// RFC 8588 section 6, in the order of its section 8 and with iat as the number that RFC 8225 5.1.1
// wants.
static void test_rfc8588_section_6(void **state)
{
	const struct did caller = {"12155550121", 11}, called = {"12155550131", 11};

	assert_int_equal(
		parse("{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":"
		      "\"https://cert.example.org/passport.cer\"}",
			"{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155550131\"]},\"iat\":1443208345,"
			"\"orig\":{\"tn\":\"12155550121\"},"
			"\"origid\":\"123e4567-e89b-12d3-a456-426655440000\"}",
			";info=<https://cert.example.org/passport.cer>;alg=ES256;ppt=shaken"),
		PASSPORT_NONE);
	assert_true(str_eq(p.ppt, STR_LIT("shaken")));
	assert_int_equal(p.attest, 'A');
	assert_true(str_eq(p.origid, STR_LIT(STIR_ORIGID)));
	assert_int_equal(passport_match(&p, &caller, &called), PASSPORT_NONE);
	assert_true(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_number)));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_p384)));
}

// ---- Parsing ------------------------------------------------------------------------------------

static void test_parameters(void **state)
{
	static const struct {
		const char *params;
		enum passport_fault want;
	} t[] = {
		{INFO, PASSPORT_NONE},
		{INFO ";alg=ES256;ppt=shaken", PASSPORT_NONE},
		{INFO ";alg=\"ES256\";ppt=\"shaken\"", PASSPORT_NONE},
		{" ; PPT = shaken ;\r\n INFO = <" STIR_URL(spc) "> ; alg=ES256", PASSPORT_NONE},
		{";info=" STIR_URL(spc), PASSPORT_NONE},
		{INFO ";canon=\"a;b\";x", PASSPORT_NONE},
		{"", PASSPORT_SYNTAX},
		{";info=", PASSPORT_SYNTAX},
		{";info", PASSPORT_SYNTAX},
		{";info=<>", PASSPORT_SYNTAX},
		{INFO ";", PASSPORT_NONE},
		{INFO ";;x", PASSPORT_SYNTAX},
		{";info=<http://sti.example/spc.pem>", PASSPORT_SYNTAX},
		{";info=<https://sti.example/s pc.pem>", PASSPORT_SYNTAX},
		{INFO INFO, PASSPORT_SYNTAX},
		{INFO ";ppt=shaken;ppt=div", PASSPORT_SYNTAX},
		{INFO ";alg=ES256;alg=none", PASSPORT_SYNTAX},
		{INFO ";ppt=div", PASSPORT_PPT},
		{INFO ";ppt=rcd", PASSPORT_PPT},
		{INFO ";alg=RS256", PASSPORT_MISMATCH},
		{";info=<https://sti.example/other.pem>", PASSPORT_MISMATCH},
		{";info=<https://STI.example/spc.pem>", PASSPORT_MISMATCH},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		print_message("%s\n", t[i].params);
		assert_int_equal(parse(H, GOOD, t[i].params), t[i].want);
	}
}

static void test_header(void **state)
{
	static const struct {
		const char *header, *params;
		enum passport_fault want;
	} t[] = {
		// Any order, and a slash that some encoders escape.
		{"{ \"x5u\" : \"https:\\/\\/sti.example\\/spc.pem\", \"typ\":\"passport\",\n"
		 "\"alg\":\"ES256\",\"ppt\":\"shaken\" }",
			INFO, PASSPORT_NONE},
		{OTHER_HEAD("JWT", "ES256", "shaken", STIR_URL(spc)), INFO, PASSPORT_TYP},
		{"{\"alg\":\"ES256\",\"x5u\":\"" STIR_URL(spc) "\"}", INFO, PASSPORT_TYP},
		{OTHER_HEAD("passport", "none", "shaken", STIR_URL(spc)), INFO, PASSPORT_ALG},
		{OTHER_HEAD("passport", "RS256", "shaken", STIR_URL(spc)), INFO ";alg=RS256",
			PASSPORT_ALG},
		{OTHER_HEAD("passport", "es256", "shaken", STIR_URL(spc)), INFO, PASSPORT_ALG},
		{OTHER_HEAD("passport", "ES256", "div", STIR_URL(spc)), INFO, PASSPORT_PPT},
		{OTHER_HEAD("passport", "ES256", "", STIR_URL(spc)), INFO, PASSPORT_PPT},
		{OTHER_HEAD("passport", "ES256", "div", STIR_URL(spc)), INFO ";ppt=shaken",
			PASSPORT_MISMATCH},
		{"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(spc) "\"}",
			INFO ";ppt=shaken", PASSPORT_MISMATCH},
		{OTHER_HEAD("passport", "ES256", "shaken", STIR_URL(number)), INFO,
			PASSPORT_MISMATCH},
		{"{\"alg\":\"ES256\",\"typ\":\"passport\"}", INFO, PASSPORT_MISMATCH},
		{"{\"crit\":[\"b64\"],\"b64\":false,\"alg\":\"ES256\",\"ppt\":\"shaken\","
		 "\"typ\":\"passport\",\"x5u\":\"" STIR_URL(spc) "\"}",
			INFO, PASSPORT_CLAIM},
		{"{\"alg\":\"ES256\",\"alg\":\"none\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(
			 spc) "\"}",
			INFO, PASSPORT_JSON},
		{"[]", INFO, PASSPORT_JSON},
		{"x", INFO, PASSPORT_JSON},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		print_message("%s\n", t[i].header);
		assert_int_equal(parse(t[i].header, GOOD, t[i].params), t[i].want);
	}
}

#define SHAKEN    "\"attest\":\"B\",\"origid\":\"" STIR_ORIGID "\","
#define ORIG      "\"orig\":{\"tn\":\"1\"},"
#define DEST      "\"dest\":{\"tn\":[\"2\"]},"
#define IAT       "\"iat\":3"
#define CLAIMS(c) "{" c "}"

static void test_claims(void **state)
{
	static const struct {
		const char *payload;
		enum passport_fault want;
	} t[] = {
		{CLAIMS(SHAKEN ORIG DEST IAT), PASSPORT_NONE},
		{CLAIMS(SHAKEN ORIG DEST "\"rcd\":{\"nam\":\"x\"}," IAT), PASSPORT_NONE},
		{CLAIMS(SHAKEN "\"orig\":{\"uri\":\"sip:a@b\"}," DEST IAT), PASSPORT_NONE},
		{CLAIMS(SHAKEN ORIG "\"dest\":{\"uri\":[\"sip:a@b\"]}," IAT), PASSPORT_NONE},
		{CLAIMS(ORIG DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG "\"dest\":{\"tn\":[\"2\"]}"), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG DEST "\"iat\":\"3\""), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG DEST "\"iat\":3.5"), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG DEST "\"iat\":-3"), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG DEST "\"iat\":9223372036854775808"), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":\"1\",\"uri\":\"sip:a@b\"}," DEST IAT),
			PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":\"+1\"}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":\"1-2\"}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":\"1\\u0032\"}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":\"\"}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":\"1234567890123456\"}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":12125550199}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":{\"tn\":[\"1\"]}," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN "\"orig\":\"1\"," DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG "\"dest\":{\"tn\":\"2\"}," IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG "\"dest\":{\"tn\":[]}," IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG "\"dest\":{\"tn\":[\"2\",3]}," IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG "\"dest\":{}," IAT), PASSPORT_CLAIM},
		{CLAIMS("\"attest\":\"D\",\"origid\":\"" STIR_ORIGID "\"," ORIG DEST IAT),
			PASSPORT_CLAIM},
		{CLAIMS("\"attest\":\"A\",\"origid\":\"x\"," ORIG DEST IAT), PASSPORT_CLAIM},
		{CLAIMS("\"attest\":\"A\",\"origid\":\"123e4567+e89b-12d3-a456-426655440000\"," ORIG
				 DEST IAT),
			PASSPORT_CLAIM},
		{CLAIMS("\"attest\":\"A\"," ORIG DEST IAT), PASSPORT_CLAIM},
		{CLAIMS(SHAKEN ORIG DEST IAT "," IAT), PASSPORT_JSON},
		{"[]", PASSPORT_JSON},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		print_message("%s\n", t[i].payload);
		assert_int_equal(parse(H, t[i].payload, INFO), t[i].want);
	}
	// Without a ppt there is nothing to attest.
	assert_int_equal(
		parse("{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(spc) "\"}",
			CLAIMS(ORIG DEST IAT), INFO),
		PASSPORT_NONE);
}

static void test_encoding(void **state)
{
	static char text[STIR_TEXT_MAX + 128];
	char token[STIR_TEXT_MAX], *dot;
	size_t n;

	assert_int_equal(passport_parse(STR_LIT(""), &p), PASSPORT_SYNTAX);
	assert_int_equal(passport_parse(STR_LIT("a.b.c" INFO), &p), PASSPORT_ENCODING);
	stir_token(STIR_spc, H, GOOD, token);
	dot = strrchr(token, '.');
	snprintf(text, sizeof(text), "..%s.x" INFO, dot + 1);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_ENCODING);
	assert_int_equal(passport_parse(STR_LIT(".." INFO), &p), PASSPORT_ENCODING);
	snprintf(text, sizeof(text), "%.*s" INFO, (int)(dot - token), token);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_ENCODING);
	snprintf(text, sizeof(text), "%s=" INFO, token);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_ENCODING);
	snprintf(text, sizeof(text), "%sAA" INFO, token);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_ENCODING);
	snprintf(text, sizeof(text), "%s.x" INFO, token);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_ENCODING);
	snprintf(text, sizeof(text), "%.*s\r\n %s" INFO, 20, token, token + 20); // no folding in it
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_ENCODING);
	// At the limit and beyond.
	n = (size_t)snprintf(text, sizeof(text), "%s" INFO ";x=", token);
	memset(text + n, 'x', PASSPORT_VALUE_MAX + 1 - n);
	assert_int_equal(passport_parse((struct str){text, PASSPORT_VALUE_MAX}, &p), PASSPORT_NONE);
	assert_int_equal(
		passport_parse((struct str){text, PASSPORT_VALUE_MAX + 1}, &p), PASSPORT_TOO_LONG);
}

// ---- The compact form (RFC 8225 7) ---------------------------------------------------------------

// As RFC 8225 9 orders it, of a caller, a called number and a time.
#define COMPACT_HEADER "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(spc) "\"}"
#define COMPACT_PAYLOAD                                                                            \
	"{\"dest\":{\"tn\":[\"" STIR_CALLED                                                        \
	"\"]},\"iat\":1772323200,\"orig\":{\"tn\":\"" STIR_CALLER "\"}}"

static void test_compact(void **state)
{
	static const struct {
		const char *params;
		enum passport_fault want;
	} t[] = {
		{INFO, PASSPORT_NONE},
		{INFO ";alg=ES256", PASSPORT_NONE},
		{INFO ";alg=RS256", PASSPORT_ALG},
		{INFO ";ppt=shaken", PASSPORT_COMPACT}, // attest and origid are nowhere else
		{INFO ";ppt=div", PASSPORT_PPT},
		{"", PASSPORT_SYNTAX},
	};
	const struct did caller = {STIR_CALLER, 11}, called = {STIR_CALLED, 11};
	const struct did other = {"12125550198", 11}, nobody = {.n = 0};
	char token[STIR_TEXT_MAX], text[STIR_TEXT_MAX + 128];

	stir_token(STIR_spc, COMPACT_HEADER, COMPACT_PAYLOAD, token);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(text, sizeof(text), "..%s%s", strrchr(token, '.') + 1, t[i].params);
		assert_int_equal(passport_parse(str_from(text), &p), t[i].want);
	}
	snprintf(text, sizeof(text), "..%s" INFO, strrchr(token, '.') + 1);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_NONE);
	assert_true(p.compact);
	passport_complete(&p, &caller, &called, STIR_TIME);
	assert_true(str_eq(p.header, STR_LIT(COMPACT_HEADER)));
	assert_true(str_eq(p.payload, STR_LIT(COMPACT_PAYLOAD)));
	assert_int_equal(p.iat, STIR_TIME);
	assert_int_equal(passport_match(&p, &caller, &called), PASSPORT_NONE);
	assert_true(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_number)));
	passport_complete(&p, &other, &called, STIR_TIME);
	assert_true(str_eq(p.orig, STR_LIT("12125550198")));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	passport_complete(&p, &caller, &other, STIR_TIME);
	assert_true(str_eq(p.dest[0], STR_LIT("12125550198")));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	passport_complete(&p, &caller, &called, STIR_TIME + 1);
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	passport_complete(&p, &nobody, &called, STIR_TIME);
	assert_int_equal(passport_match(&p, &nobody, &called), PASSPORT_ORIG);
	passport_complete(&p, &caller, &nobody, STIR_TIME);
	assert_int_equal(passport_match(&p, &caller, &nobody), PASSPORT_DEST);
	// The full form has what it says with it.
	snprintf(text, sizeof(text), "%s" INFO, token);
	assert_int_equal(passport_parse(str_from(text), &p), PASSPORT_NONE);
	assert_false(p.compact);
}

static void test_date(void **state)
{
	static const struct {
		const char *text;
		int64_t want; // -1: refused
	} t[] = {
		{"Sun, 01 Mar 2026 00:00:00 GMT", STIR_TIME},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
		{"Mon, 01 Mar 2026 00:00:00 GMT", -1}, // it was a Sunday
		{"Mon, 30 Feb 2026 00:00:00 GMT", -1},
		{"Sun, 1 Mar 2026 00:00:00 GMT", -1},
		{"Sun, 01 mar 2026 00:00:00 GMT", -1},
		{"Sun, 01 Mar 2026 24:00:00 GMT", -1},
		{"Sun, 01 Mar 2026 00:00:00 UTC", -1},
		{"Sun, 01 Mar 2026 00:00:00 GMT ", -1},
		{"Sun, 01 Mar 2026  0:00:00 GMT", -1},
		{"Sun, 01 Mar 2026 +0:00:00 GMT", -1},
		{"Sun, 01 Mar 2026 00:00:00 GM", -1},
		{"Wed, 31 Dec 1969 23:59:59 GMT", -1},
		{"Sun  01 Mar 2026 00:00:00 GMT", -1},
		{"", -1},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint64_t got = 1;

		print_message("%s\n", t[i].text);
		assert_int_equal(passport_date(str_from(t[i].text), &got), t[i].want >= 0);
		if (t[i].want >= 0)
			assert_int_equal(got, t[i].want);
	}
	assert_false(
		passport_date((struct str){"Sun, 01 Mar 2026 00:00:00 GM\0", 29}, &(uint64_t){0}));
}

// ---- Comparison with the call -------------------------------------------------------------------

static void test_match(void **state)
{
	static const struct {
		const char *caller, *called;
		enum passport_fault want;
	} t[] = {
		{"12125550199", "14085550123", PASSPORT_NONE},
		{"12125550199", "14085550124", PASSPORT_NONE}, // the second of dest
		{"12125550199", "14085550125", PASSPORT_DEST},
		{"12125550199", "1408555012", PASSPORT_DEST},
		{"12125550199", "", PASSPORT_DEST},
		{"12125550198", "14085550123", PASSPORT_ORIG},
		{"1212555019", "14085550123", PASSPORT_ORIG},
		{"121255501990", "14085550123", PASSPORT_ORIG},
		{"", "14085550123", PASSPORT_ORIG},
	};

	assert_int_equal(parse(H,
				 "{\"attest\":\"C\",\"dest\":{\"tn\":[\"14085550123\","
				 "\"14085550124\"]},\"iat\":9,\"mky\":[],\"orig\":{\"tn\":"
				 "\"12125550199\"},\"origid\":\"" STIR_ORIGID "\"}",
				 INFO),
		PASSPORT_NONE);
	assert_int_equal(p.attest, 'C');
	assert_true(p.media_keys); // STIR-3
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct did caller = {.n = (uint8_t)strlen(t[i].caller)};
		struct did called = {.n = (uint8_t)strlen(t[i].called)};

		memcpy(caller.digits, t[i].caller, caller.n);
		memcpy(called.digits, t[i].called, called.n);
		assert_int_equal(passport_match(&p, &caller, &called), t[i].want);
	}
}

static void test_fresh(void **state)
{
	p.iat = 1000;
	assert_true(passport_fresh(&p, 1060, 60));
	assert_false(passport_fresh(&p, 1061, 60));
	assert_true(passport_fresh(&p, 940, 60)); // the signer's clock may be ahead
	assert_false(passport_fresh(&p, 939, 60));
	p.iat = UINT64_MAX >> 1;
	assert_false(passport_fresh(&p, 0, 60));
}

static void test_keys(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);

	stir_pki_make();
	assert_true(passport_key_ok(stir_pki_key(STIR_spc)));
	assert_false(passport_key_ok(stir_pki_key(STIR_p384)));
	assert_false(passport_key_ok(rsa));
	EVP_PKEY_free(rsa);
}

// CVE-2022-21449: r or s of 0 fits every key of a careless verifier.
static void test_null_signature(void **state)
{
	assert_int_equal(parse(H, GOOD, INFO), PASSPORT_NONE);
	assert_true(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	memset(p.signature, 0, sizeof(p.signature));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
	memset(p.signature, 0xff, sizeof(p.signature));
	assert_false(passport_signature_ok(&p, stir_pki_key(STIR_spc)));
}

static void test_fault_tables(void **state)
{
	for (int f = PASSPORT_ABSENT; f < PASSPORT_FAULT_COUNT; f++) {
		assert_true(strlen(passport_fault_text((enum passport_fault)f)) > 0);
		assert_in_range(passport_fault_status((enum passport_fault)f), 403, 503);
	}
	assert_int_equal(passport_fault_status(PASSPORT_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc8225_appendix_a),
		cmocka_unit_test(test_draft_passport),
		cmocka_unit_test(test_rfc7515_a3),
		cmocka_unit_test(test_rfc8588_section_6),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_null_signature),
		cmocka_unit_test(test_fault_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
