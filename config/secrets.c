// SPDX-License-Identifier: BSD-3-Clause
// The files that a configuration names: the ticket password, certificates and keys. Called by the
// readers in config/uc_ime.c and config/tls.c; judges everything at load, so that nothing of it
// fails in the middle of a call.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "config/files.h"
#include "config/schema.h"

#define PEM_MAX      (1024 * 1024)
#define PASSWORD_MIN 10
#define RSA_BITS_MIN 2048 // TLS-5

void secret_password(struct loader *l, const struct node *n, const char *path, char *out)
{
	char why[FILE_WHY_MAX], *text;
	size_t len, size;

	if (file_read(path, CONFIG_PASSWORD_MAX + 2, FILE_SECRET, &text, &size, why) < 0) {
		fault(l, n, "%s", why);
		return;
	}
	len = size;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len < PASSWORD_MIN || len > CONFIG_PASSWORD_MAX) {
		fault(l, n, "found a password of %zu characters, expected %u to %u", len,
			PASSWORD_MIN, CONFIG_PASSWORD_MAX);
		goto out;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e) {
			fault(l, n,
				"found a password with a blank or an unusual character, expected "
				"characters from ! to ~ (E1)");
			goto out;
		}
	memcpy(out, text, len);
	out[len] = '\0';
out:
	file_wipe(text, size);
}

// A key under a passphrase is refused instead of asking the terminal for it.
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

static void read_pem(struct loader *l, const struct node *n, const char *path, enum file_kind kind,
	char **text, size_t *size)
{
	char why[FILE_WHY_MAX];

	*text = NULL;
	*size = 0;
	if (n == NULL || path[0] == '\0')
		return;
	if (file_read(path, PEM_MAX, kind, text, size, why) < 0)
		fault(l, n, "%s", why);
}

static BIO *bio_over(struct loader *l, const char *text, size_t size)
{
	BIO *bio = BIO_new_mem_buf(text, (int)size);

	if (bio == NULL)
		l->no_memory = true;
	return bio;
}

static X509 *read_certificate(struct loader *l, const struct node *n, const char *path)
{
	X509 *cert = NULL;
	char *text;
	size_t size;
	BIO *bio;

	read_pem(l, n, path, FILE_PUBLIC, &text, &size);
	if (text == NULL)
		return NULL;
	bio = bio_over(l, text, size);
	if (bio != NULL)
		cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	if (cert == NULL)
		fault(l, n, "found %s without a certificate, expected one in PEM", path);
	BIO_free(bio);
	free(text);
	return cert;
}

static EVP_PKEY *read_key(struct loader *l, const struct node *n, const char *path)
{
	EVP_PKEY *key = NULL;
	char *text;
	size_t size;
	BIO *bio;

	read_pem(l, n, path, FILE_SECRET, &text, &size);
	if (text == NULL)
		return NULL;
	bio = bio_over(l, text, size);
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (key == NULL)
		fault(l, n,
			"found %s without a usable private key, expected one in PEM without a "
			"passphrase",
			path);
	BIO_free(bio);
	file_wipe(text, size);
	return key;
}

static void check_pair(struct loader *l, const struct node *cert_node, const struct node *key_node,
	X509 *cert, EVP_PKEY *key)
{
	EVP_PKEY *public = X509_get0_pubkey(cert);

	if (public != NULL && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
		EVP_PKEY_get_bits(public) < RSA_BITS_MIN)
		fault(l, cert_node, "found an RSA key of %d bits, expected %u or more (TLS-5)",
			EVP_PKEY_get_bits(public), RSA_BITS_MIN);
	if (key != NULL && X509_check_private_key(cert, key) != 1)
		fault(l, key_node, "found the key of another certificate, expected the one of %.*s",
			STR_FMT(cert_node->text));
}

// Every block of the file must be a certificate that parses.
void secret_ca(struct loader *l, const struct node *n, const char *path)
{
	unsigned int count = 0;
	char *text;
	size_t size;
	X509 *cert;
	BIO *bio;

	read_pem(l, n, path, FILE_PUBLIC, &text, &size);
	if (text == NULL)
		return;
	ERR_clear_error();
	bio = bio_over(l, text, size);
	while (bio != NULL && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		X509_free(cert);
		count++;
	}
	if (count == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		fault(l, n,
			"found %s with %u certificates and then a faulty one or none, expected "
			"certificates in PEM",
			path, count);
	BIO_free(bio);
	free(text);
}

void secret_trustpoint(struct loader *l, const struct node *n, const struct config_trustpoint *t)
{
	const struct node *cert_node = node_get(n, "certificate"), *key_node = node_get(n, "key");
	X509 *cert = read_certificate(l, cert_node, t->certificate);
	EVP_PKEY *key = read_key(l, key_node, t->key);

	if (cert != NULL)
		check_pair(l, cert_node, key_node, cert, key);
	secret_ca(l, node_get(n, "ca"), t->ca);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
}
