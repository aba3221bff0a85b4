// SPDX-License-Identifier: BSD-3-Clause
// Files of `callgate pki`; see pki.h.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/trustpoint_json.h"
#include "tools/callgate/layout.h"
#include "tools/callgate/pki.h"

static char *read_all(FILE *f, size_t *n)
{
	char *text = malloc(TRUSTPOINT_FILE_MAX + 1);

	*n = text != NULL ? fread(text, 1, TRUSTPOINT_FILE_MAX + 1, f) : 0;
	if (ferror(f) || *n > TRUSTPOINT_FILE_MAX) {
		free(text);
		return NULL;
	}
	return text;
}

// Lines that are no PEM are passed over: a CA's mail, or the "quit" that ends a paste on an ASA.
static STACK_OF(X509) * parse(const char *text, size_t n)
{
	BIO *bio = BIO_new_mem_buf(text, (int)n);
	STACK_OF(X509) *all = sk_X509_new_null();
	bool der = n > 0 && text[0] == 0x30;
	X509 *x;

	while ((x = der ? d2i_X509_bio(bio, NULL) : PEM_read_bio_X509(bio, NULL, NULL, NULL)) !=
		NULL)
		sk_X509_push(all, x);
	BIO_free(bio);
	if (!der && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		pki_failed("found a faulty certificate after %d good ones", sk_X509_num(all));
		sk_X509_pop_free(all, X509_free);
		all = NULL;
	} else if (sk_X509_num(all) == 0) {
		pki_failed(
			"found no certificate, expected one in PEM (-----BEGIN CERTIFICATE-----) "
			"or DER");
		sk_X509_free(all);
		all = NULL;
	}
	ERR_clear_error();
	return all;
}

STACK_OF(X509) * pki_certs_read(const char *path)
{
	FILE *f = path != NULL ? fopen(path, "re") : stdin;
	STACK_OF(X509) *all = NULL;
	char *text;
	size_t n;

	if (f == NULL) {
		pki_failed("%s: %s", path, strerror(errno));
		return NULL;
	}
	if (path == NULL && isatty(STDIN_FILENO))
		fputs("Paste the certificate in PEM, and end with Ctrl-D on a line of its own.\n",
			stderr);
	text = read_all(f, &n);
	if (text == NULL)
		pki_failed("%s: cannot be read, or is longer than %d octets",
			path != NULL ? path : "standard input", TRUSTPOINT_FILE_MAX);
	else
		all = parse(text, n);
	if (f != stdin)
		fclose(f);
	free(text);
	return all;
}

bool pki_certs_print(BIO *bio, const STACK_OF(X509) * certs)
{
	bool ok = true;

	for (int i = 0; ok && i < sk_X509_num(certs); i++)
		ok = PEM_write_bio_X509(bio, sk_X509_value(certs, i)) == 1;
	return ok;
}

static int fill(int fd, const char *text, size_t n, mode_t mode)
{
	while (n > 0) {
		ssize_t put = write(fd, text, n);

		if (put < 0)
			return -errno;
		text += put;
		n -= (size_t)put;
	}
	return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int pki_file_write(const char *path, const char *text, size_t n, mode_t mode, bool force)
{
	char temporary[CONFIG_PATH_MAX + 8];
	int fd, err;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkstemp(temporary); // 0600
	if (fd < 0)
		return pki_failed("%s: %s", path, strerror(errno));
	err = fill(fd, text, n, mode);
	close(fd);
	if (err == 0 && force)
		err = rename(temporary, path) < 0 ? -errno : 0;
	else if (err == 0)
		err = link(temporary, path) < 0 ? -errno : 0;
	if (err != 0 || !force)
		unlink(temporary);
	if (err == -EEXIST)
		return pki_failed("%s: is there already; --force replaces it", path);
	return err == 0 ? CLIENT_OK : pki_failed("%s: %s", path, strerror(-err));
}

void pki_cert_show(const struct pki_args *a, X509 *x)
{
	cJSON *j = cert_json(x, (int64_t)time(NULL));

	if (a->v[PKI_OPT_JSON] != NULL) {
		json_print(j);
		return;
	}
	layout_certificate(stdout, j);
	cJSON_Delete(j);
}
