// SPDX-License-Identifier: BSD-3-Clause
// Certificates in words, compared with what OpenSSL's own client prints, and how near their end is.
#include "test/unit/test.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/cert.h"
#include "test/unit/pki.h"

#define DAY      86400
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char dir[] = "/tmp/callgate-cert-XXXXXX";

static const struct {
	const char *what;
	int64_t life_s, left_s;
	enum cert_phase phase;
} phases[] = {
	{"a year", 365 * DAY, 31 * DAY, CERT_FINE},
	{"a year", 365 * DAY, 30 * DAY + 1, CERT_FINE},
	{"a year", 365 * DAY, 30 * DAY, CERT_30_DAYS},
	{"a year", 365 * DAY, 7 * DAY + 1, CERT_30_DAYS},
	{"a year", 365 * DAY, 7 * DAY, CERT_7_DAYS},
	{"a year", 365 * DAY, DAY + 1, CERT_7_DAYS},
	{"a year", 365 * DAY, DAY, CERT_1_DAY},
	{"a year", 365 * DAY, 0, CERT_1_DAY},
	{"a year", 365 * DAY, -1, CERT_OVER},
	{"a year", 365 * DAY, 365 * DAY, CERT_FINE},
	{"a year", 365 * DAY, 365 * DAY + 1, CERT_NOT_YET},
	// No warning for half of a life.
	{"60 days", 60 * DAY, 30 * DAY, CERT_FINE},
	{"60 days", 60 * DAY, 7 * DAY, CERT_7_DAYS},
	{"61 days", 61 * DAY, 30 * DAY, CERT_30_DAYS},
	{"a week", 7 * DAY, 5 * DAY, CERT_FINE},
	{"a week", 7 * DAY, DAY, CERT_1_DAY},
	{"a day", DAY, 60, CERT_FINE},
	{"a day", DAY, -1, CERT_OVER},
};

static void test_phases(void **state)
{
	int64_t now = 1772323200;

	for (size_t i = 0; i < COUNT(phases); i++) {
		int64_t to = now + phases[i].left_s;

		if (cert_phase(to - phases[i].life_s, to, now) != phases[i].phase)
			fail_msg("%s, %ld s left", phases[i].what, (long)phases[i].left_s);
	}
	assert_int_equal(cert_phase(-1000, INT64_MAX, now), CERT_FINE); // a CRL without an end
	for (int p = 0; p < CERT_PHASES; p++)
		assert_true(cert_phase_text((enum cert_phase)p)[0] != '\0');
	assert_int_equal(cert_days_left(now + DAY, now), 1);
	assert_int_equal(cert_days_left(now + DAY - 1, now), 0);
	assert_int_equal(cert_days_left(now - 1, now), -1);
	assert_int_equal(cert_days_left(now - DAY, now), -1);
	assert_int_equal(cert_days_left(now - DAY - 1, now), -2);
}

static void test_times(void **state)
{
	char buf[CERT_TIME_MAX];

	assert_string_equal(cert_time_text(1772323200, buf), "2026-03-01T00:00:00Z");
	assert_string_equal(cert_time_text(0, buf), "1970-01-01T00:00:00Z");
	assert_string_equal(cert_time_text(253402300799, buf), "9999-12-31T23:59:59Z");
	assert_string_equal(cert_time_text(INT64_MAX, buf), "never");
}

static X509 *load(const char *name)
{
	char path[128];
	FILE *f;
	X509 *x;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(x);
	return x;
}

// One line of `openssl x509 -noout ARGS`, without the "name=" before it.
static const char *openssl(const char *name, const char *args)
{
	static char line[1024];
	char command[256];
	FILE *f;

	snprintf(command, sizeof(command), "openssl x509 -in %s/%s -noout %s", dir, name, args);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(pclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	return strchr(line, '=') + 1;
}

static void test_facts(void **state)
{
	X509 *x = load("a.crt"), *ca = load("ca.pem");
	char buf[CERT_TIME_MAX], text[CERT_KEY_MAX];
	struct cert_facts f;

	cert_facts(x, &f);
	assert_string_equal(f.subject, openssl("a.crt", "-subject -nameopt RFC2253"));
	assert_string_equal(f.issuer, openssl("a.crt", "-issuer -nameopt RFC2253"));
	assert_string_equal(f.serial, openssl("a.crt", "-serial"));
	assert_string_equal(f.sha256, openssl("a.crt", "-fingerprint -sha256"));
	assert_string_equal(f.sha1, openssl("a.crt", "-fingerprint -sha1"));
	cert_time_text(f.to_s, buf);
	buf[10] = ' ';
	assert_string_equal(buf, openssl("a.crt", "-enddate -dateopt iso_8601"));
	assert_string_equal(f.key, "ECDSA P-256");
	assert_int_equal(f.bits, 256);
	assert_string_equal(cert_key_text(X509_get0_pubkey(x), text), "ECDSA P-256 (256 bits)");
	assert_int_equal(f.ids.n, 1);
	assert_true(domain_ids_has(&f.ids, STR_LIT("enterprise-a.example")));
	assert_false(f.self_signed);
	assert_false(f.ca);
	cert_facts(ca, &f);
	assert_string_equal(f.subject, "CN=Test CA");
	assert_true(f.self_signed);
	assert_true(f.ca);
	X509_free(x);
	X509_free(ca);
}

static void test_crl(void **state)
{
	struct crl_facts f;
	char path[128];
	X509_CRL *crl;
	FILE *file;

	pki_crl(dir, "two.crl", "b", false, -100, 200);
	snprintf(path, sizeof(path), "%s/two.crl", dir);
	file = fopen(path, "r");
	crl = PEM_read_X509_CRL(file, NULL, NULL, NULL);
	fclose(file);
	crl_facts(crl, &f);
	assert_string_equal(f.issuer, "CN=Test CA");
	assert_int_equal(f.to_s - f.from_s, 300);
	assert_int_equal(f.revoked, 1);
	X509_CRL_free(crl);
}

// Whatever a certificate's names hold ends on a terminal.
static void test_hostile_names(void **state)
{
	static const unsigned char name[] = "a\x1b[2J\nb\xc3\xa4,O=x";
	X509 *x = X509_new();
	struct cert_facts f;

	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, name, -1, -1, 0);
	cert_facts(x, &f); // no key, no time, no issuer
	assert_string_equal(f.subject, "CN=a\\1B[2J\\0Ab\\C3\\A4\\,O=x");
	assert_string_equal(f.issuer, "");
	assert_string_equal(f.key, "unknown");
	X509_free(x);
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(dir));
	pki_make(dir);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_crl),
		cmocka_unit_test(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
