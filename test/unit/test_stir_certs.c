// SPDX-License-Identifier: BSD-3-Clause
// STIR-2, offline: the folder of certificates, and what each may sign for.
#include "test/unit/test.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp/log.h"
#include "cp/stir_certs.h"
#include "test/unit/stir_pki.h"

static char dir[64], err[256];
static struct stir_certs *certs;

static const char *path(const char *name)
{
	static char text[2][256];
	static int turn;

	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%s/%s", dir, name);
	return text[turn];
}

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	log_set_severity(2);
	snprintf(dir, sizeof(dir), "/tmp/callgate-stir-XXXXXX");
	assert_non_null(mkdtemp(dir));
	stir_pki_write(dir);
	certs = NULL;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	stir_certs_free(certs);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void load(size_t count)
{
	assert_int_equal(
		stir_certs_load(&certs, path("stir"), path("stir.pem"), err, sizeof(err)), 0);
	assert_int_equal(stir_certs_count(certs), count);
	assert_int_equal(ERR_peek_error(), 0); // TLS on the same thread would take it for its own
}

#define HELD (STIR_SIGNER_COUNT - 1)

static void test_judged(void **state)
{
	static const struct {
		const char *url, *number;
		uint64_t at_s;
		enum passport_fault want;
	} t[] = {
		{STIR_URL(spc), "4930123456", STIR_TIME, PASSPORT_NONE},
		{STIR_URL(number), STIR_CALLER, STIR_TIME, PASSPORT_NONE},
		{STIR_URL(number), "12125550198", STIR_TIME, PASSPORT_AUTHORITY},
		{STIR_URL(range), "12125550150", STIR_TIME, PASSPORT_NONE},
		{STIR_URL(range), "12125550200", STIR_TIME, PASSPORT_AUTHORITY},
		{STIR_URL(bare), STIR_CALLER, STIR_TIME, PASSPORT_AUTHORITY},
		{STIR_URL(stranger), STIR_CALLER, STIR_TIME, PASSPORT_UNTRUSTED},
		{STIR_URL(expired), STIR_CALLER, STIR_TIME - 86400, PASSPORT_NONE},
		{STIR_URL(expired), STIR_CALLER, STIR_TIME - 86399, PASSPORT_EXPIRED},
		{STIR_URL(spc), STIR_CALLER, STIR_TIME - 365 * 86400 - 1, PASSPORT_EXPIRED},
		{STIR_URL(spc), STIR_CALLER, STIR_TIME - 365 * 86400, PASSPORT_NONE},
		{STIR_URL(spc), STIR_CALLER, UINT64_MAX, PASSPORT_EXPIRED},
		{STIR_URL(p384), STIR_CALLER, STIR_TIME, PASSPORT_KEY},
		{STIR_URL(agreement), STIR_CALLER, STIR_TIME, PASSPORT_KEY},
	};

	load(HELD);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct stir_cert *c = stir_certs_find(certs, str_from(t[i].url));

		print_message("%s\n", t[i].url);
		assert_non_null(c);
		assert_int_equal(stir_cert_judge(c, str_from(t[i].number), t[i].at_s), t[i].want);
	}
}

// A URL is compared, never followed.
static void test_stir2_never_followed(void **state)
{
	static const char *const t[] = {STIR_URL(unheld), "https://sti.example/",
		"https://sti.example", "https://sti.example/spc.pe", "https://sti.example/spc.pem/",
		"https://sti.example//spc.pem", "https://sti.example/./spc.pem",
		"https://sti.example/x/../spc.pem", "https://STI.example/spc.pem",
		"http://sti.example/spc.pem", "https://../stir.pem", "https:///etc/passwd", ""};

	load(HELD);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_null(stir_certs_find(certs, str_from(t[i])));
}

static void test_shapes_of_files(void **state)
{
	FILE *f;
	char pem[8192];
	size_t n;

	mkdir(path("stir/b.example:8443"), 0755);
	mkdir(path("stir/b.example:8443/deep"), 0755);
	f = fopen(path("stir/b.example:8443/deep/der?v=1"), "w");
	i2d_X509_fp(f, stir_pki_cert(STIR_unheld));
	fclose(f);
	// The text that some tools put before a certificate.
	f = fopen(path("stir/sti.example/spc.pem"), "r");
	n = (size_t)snprintf(pem, sizeof(pem), "subject=CN = spc\n\n");
	pem[n + fread(pem + n, 1, sizeof(pem) - n - 1, f)] = '\0';
	fclose(f);
	write_text("stir/b.example:8443/text", pem);
	assert_int_equal(symlink("text", path("stir/b.example:8443/link")), 0);
	// What is none is left out.
	write_text("stir/b.example:8443/empty", "");
	write_text("stir/b.example:8443/index.html", "<html>404</html>\n");
	write_text("stir/b.example:8443/.hidden", pem);
	write_text("stir/b.example:8443/broken",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
	write_text("stir/b.example:8443/locked",
		"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-256-CBC,00000000000000000000000000000000\n\nMIIB\n"
		"-----END CERTIFICATE-----\n");
	assert_int_equal(mkfifo(path("stir/b.example:8443/fifo"), 0600), 0);
	assert_int_equal(symlink("..", path("stir/b.example:8443/loop")), 0);
	f = fopen(path("stir/b.example:8443/long"), "w");
	fputs(pem, f);
	assert_int_equal(ftruncate(fileno(f), STIR_CERT_FILE_MAX + 1), 0);
	fclose(f);
	load(HELD + 3);
	assert_non_null(stir_certs_find(certs, STR_LIT("https://b.example:8443/deep/der?v=1")));
	assert_non_null(stir_certs_find(certs, STR_LIT("https://b.example:8443/text")));
	assert_non_null(stir_certs_find(certs, STR_LIT("https://b.example:8443/link")));
	assert_null(stir_certs_find(certs, STR_LIT("https://b.example:8443/.hidden")));
}

static void test_empty_folder(void **state)
{
	mkdir(path("none"), 0755);
	assert_int_equal(
		stir_certs_load(&certs, path("none"), path("stir.pem"), err, sizeof(err)), 0);
	assert_int_equal(stir_certs_count(certs), 0);
	assert_null(stir_certs_find(certs, STR_LIT(STIR_URL(spc))));
}

static void test_faults(void **state)
{
	assert_int_equal(
		stir_certs_load(&certs, path("nowhere"), path("stir.pem"), err, sizeof(err)),
		-ENOENT);
	assert_non_null(strstr(err, "/nowhere: No such file or directory"));
	assert_int_equal(
		stir_certs_load(&certs, path("stir.pem"), path("stir.pem"), err, sizeof(err)),
		-ENOTDIR);
	assert_int_equal(
		stir_certs_load(&certs, path("stir"), path("nowhere"), err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "/nowhere: no certificates in PEM"));
	write_text("junk", "junk");
	assert_int_equal(
		stir_certs_load(&certs, path("stir"), path("junk"), err, sizeof(err)), -EINVAL);
	assert_null(certs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(judged),
		TEST(stir2_never_followed),
		TEST(shapes_of_files),
		TEST(empty_folder),
		TEST(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
