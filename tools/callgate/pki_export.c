// SPDX-License-Identifier: BSD-3-Clause
// callgate pki export: the manual's `crypto ca export`. A private key leaves only when it is asked for.
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/callgate/pki.h"

#define PASSPHRASE_MIN 8
#define PASSPHRASE_MAX 128

static bool passphrase_read(const char *path, char out[PASSPHRASE_MAX + 2])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		pki_failed("%s: cannot be read", path);
		return false;
	}
	n = read(fd, out, PASSPHRASE_MAX + 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		pki_failed("%s: group or others may use it; chmod 600 it", path);
	else if (strlen(out) < PASSPHRASE_MIN || strlen(out) > PASSPHRASE_MAX)
		pki_failed("%s: found a passphrase of %zu characters, expected %d to %d", path,
			strlen(out), PASSPHRASE_MIN, PASSPHRASE_MAX);
	else
		return true;
	return false;
}

static int pkcs12_write(const struct pki_args *a, const struct trustpoint *t)
{
	const char *path = a->v[PKI_OPT_PASSPHRASE_FILE];
	char passphrase[PASSPHRASE_MAX + 2] = "";
	BIO *bio = BIO_new(BIO_s_mem());
	int code = CLIENT_FAILED;
	PKCS12 *p = NULL;

	if (path == NULL)
		code = usage_error("--passphrase-file FILE is needed");
	else if (passphrase_read(path, passphrase))
		p = PKCS12_create(passphrase, a->tp.name, t->key, t->cert, t->chain, 0, 0, 0, 0, 0);
	if (p != NULL && i2d_PKCS12_bio(bio, p) == 1)
		code = pki_file_write(a->v[PKI_OPT_PKCS12], pki_text(bio).p, pki_text(bio).n, 0600,
			a->v[PKI_OPT_FORCE] != NULL);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	PKCS12_free(p);
	BIO_free(bio);
	return code;
}

static int text_print(const struct pki_args *a, BIO *bio)
{
	struct str text = pki_text(bio);
	cJSON *j;

	if (a->v[PKI_OPT_JSON] == NULL) {
		fwrite(text.p, 1, text.n, stdout);
		return CLIENT_OK;
	}
	BIO_write(bio, "", 1); // its end
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "pem", pki_text(bio).p);
	json_print(j);
	return CLIENT_OK;
}

static int pem_print(const struct pki_args *a, const struct trustpoint *t)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = true;
	int code;

	if (a->v[PKI_OPT_ANCHORS] != NULL)
		ok = pki_certs_print(bio, t->ca);
	else
		ok = PEM_write_bio_X509(bio, t->cert) == 1;
	if (ok && a->v[PKI_OPT_CHAIN] != NULL)
		ok = pki_certs_print(bio, t->chain);
	if (ok && a->v[PKI_OPT_PRIVATE_KEY] != NULL)
		ok = PEM_write_bio_PrivateKey(bio, t->key, NULL, NULL, 0, NULL, NULL) == 1;
	code = ok ? text_print(a, bio) : pki_failed("out of memory");
	OPENSSL_cleanse((char *)pki_text(bio).p, pki_text(bio).n);
	BIO_free(bio);
	return code;
}

static int export(const struct pki_args *a)
{
	bool with_key = a->v[PKI_OPT_PRIVATE_KEY] != NULL || a->v[PKI_OPT_PKCS12] != NULL;
	bool anchors = a->v[PKI_OPT_ANCHORS] != NULL;
	struct config_trustpoint files = a->tp;
	struct trustpoint t;
	int code;

	if (anchors && (with_key || a->v[PKI_OPT_CHAIN] != NULL))
		return usage_error("--anchors is without --chain, --private-key and --pkcs12");
	if (anchors ? files.ca[0] == '\0' : files.certificate[0] == '\0')
		return usage_error("the trust-point has no %s", anchors ? "ca" : "certificate");
	if (with_key && files.key[0] == '\0')
		return usage_error("the trust-point has no key; name a file: --key");
	// Only what is exported is read.
	if (anchors)
		files.certificate[0] = '\0';
	else
		files.ca[0] = '\0';
	if (!with_key)
		files.key[0] = '\0';
	files.crl[0] = '\0';
	if (!pki_load(&files, &t))
		code = CLIENT_FAILED;
	else
		code = a->v[PKI_OPT_PKCS12] != NULL ? pkcs12_write(a, &t) : pem_print(a, &t);
	trustpoint_free(&t);
	return code;
}

int pki_export_main(int argc, char **argv)
{
	return pki_run(PKI_EXPORT, export, argc, argv);
}
