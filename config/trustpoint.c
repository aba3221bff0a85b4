// SPDX-License-Identifier: BSD-3-Clause
// Reads the files of a trust-point; see config/trustpoint.h. No other file parses what they hold.
#include "config/trustpoint.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/files.h"
#include "lib/cert.h"

#define RSA_BITS_MIN 2048 // TLS-5

const char *trustpoint_file_name(enum trustpoint_file f)
{
	static const char *const names[] = {[TRUSTPOINT_CERTIFICATE] = "certificate",
		[TRUSTPOINT_KEY] = "key",
		[TRUSTPOINT_CA] = "ca",
		[TRUSTPOINT_CRL] = "crl"};

	return names[f];
}

struct reading {
	struct trustpoint *t;
	trustpoint_tell *tell;
	void *arg;
	bool faulty, no_memory;
};

__attribute__((format(printf, 3, 4))) static void fault(
	struct reading *r, enum trustpoint_file file, const char *fmt, ...)
{
	char why[TRUSTPOINT_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	r->faulty = true;
	r->tell(r->arg, file, why);
}

// A key under a passphrase is refused instead of asking the terminal for it.
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

// The text of a file behind a BIO; NULL when no file is named, or with its fault told.
static BIO *open_pem(
	struct reading *r, enum trustpoint_file file, const char *path, char **text, size_t *size)
{
	enum file_kind kind = file == TRUSTPOINT_KEY ? FILE_SECRET : FILE_PUBLIC;
	char why[FILE_WHY_MAX];
	BIO *bio;
	int err;

	*text = NULL;
	if (path[0] == '\0')
		return NULL;
	err = file_read(path, TRUSTPOINT_FILE_MAX, kind, text, size, why);
	if (err == -ENOMEM)
		r->no_memory = true;
	else if (err < 0)
		fault(r, file, "%s", why);
	if (err < 0)
		return NULL;
	ERR_clear_error();
	bio = BIO_new_mem_buf(*text, (int)*size);
	if (bio == NULL)
		r->no_memory = true;
	return bio;
}

// Whether reading stopped because nothing more was there.
static bool at_end(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static STACK_OF(X509) * read_certificates(struct reading *r, BIO *bio)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	X509 *x;

	while (all != NULL && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		if (sk_X509_push(all, x) == 0) {
			X509_free(x);
			r->no_memory = true;
		}
	}
	if (all == NULL)
		r->no_memory = true;
	return all;
}

static void read_certificate(struct reading *r, const char *path)
{
	char *text;
	size_t size;
	BIO *bio = open_pem(r, TRUSTPOINT_CERTIFICATE, path, &text, &size);

	if (bio != NULL) {
		r->t->chain = read_certificates(r, bio);
		r->t->cert = r->t->chain != NULL ? sk_X509_shift(r->t->chain) : NULL;
		if (r->t->cert == NULL)
			fault(r, TRUSTPOINT_CERTIFICATE,
				"found %s without a certificate, expected one in PEM", path);
		else if (!at_end())
			fault(r, TRUSTPOINT_CERTIFICATE,
				"found %s with a faulty certificate after %d good ones, expected "
				"certificates in PEM",
				path, 1 + sk_X509_num(r->t->chain));
	}
	BIO_free(bio);
	free(text);
}

static void read_key(struct reading *r, const char *path)
{
	char *text;
	size_t size = 0;
	BIO *bio = open_pem(r, TRUSTPOINT_KEY, path, &text, &size);

	if (bio != NULL) {
		r->t->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
		if (r->t->key == NULL)
			fault(r, TRUSTPOINT_KEY,
				"found %s without a usable private key, expected one in PEM "
				"without a passphrase",
				path);
	}
	BIO_free(bio);
	file_wipe(text, size);
}

// Every block of the file must be a certificate that parses.
static void read_ca(struct reading *r, const char *path)
{
	char *text;
	size_t size;
	BIO *bio = open_pem(r, TRUSTPOINT_CA, path, &text, &size);

	if (bio != NULL) {
		r->t->ca = read_certificates(r, bio);
		if (r->t->ca != NULL && (sk_X509_num(r->t->ca) == 0 || !at_end()))
			fault(r, TRUSTPOINT_CA,
				"found %s with %d certificates and then a faulty one or none, "
				"expected certificates in PEM",
				path, sk_X509_num(r->t->ca));
	}
	BIO_free(bio);
	free(text);
}

// In PEM, or the one CRL in DER that a CA's distribution point serves.
static void read_crls(struct reading *r, const char *path)
{
	char *text;
	size_t size;
	BIO *bio = open_pem(r, TRUSTPOINT_CRL, path, &text, &size);
	bool der = bio != NULL && text[0] == 0x30, whole = false;
	X509_CRL *crl = NULL;

	r->t->crls = bio != NULL ? sk_X509_CRL_new_null() : NULL;
	if (r->t->crls != NULL) {
		while ((crl = der ? d2i_X509_CRL_bio(bio, NULL)
				  : PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL &&
			sk_X509_CRL_push(r->t->crls, crl) != 0)
			;
		whole = der ? BIO_pending(bio) == 0 : at_end();
		if (crl != NULL)
			r->no_memory = true;
		else if (sk_X509_CRL_num(r->t->crls) == 0 || !whole)
			fault(r, TRUSTPOINT_CRL,
				"found %s with %d CRLs and then a faulty one or none, expected "
				"CRLs in PEM, or one in DER",
				path, sk_X509_CRL_num(r->t->crls));
	} else if (bio != NULL) {
		r->no_memory = true;
	}
	X509_CRL_free(crl);
	BIO_free(bio);
	free(text);
}

static void judge_identity(struct reading *r, const struct config_trustpoint *files)
{
	X509 *cert = r->t->cert;
	EVP_PKEY *public = X509_get0_pubkey(cert);

	if (public != NULL && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
		EVP_PKEY_get_bits(public) < RSA_BITS_MIN)
		fault(r, TRUSTPOINT_CERTIFICATE,
			"found an RSA key of %d bits, expected %u or more (TLS-5)",
			EVP_PKEY_get_bits(public), RSA_BITS_MIN);
	if (r->t->key != NULL && X509_check_private_key(cert, r->t->key) != 1)
		fault(r, TRUSTPOINT_KEY,
			"found the key of another certificate, expected the one of %s",
			files->certificate);
	if (files->self_enrolled && X509_self_signed(cert, 1) != 1) {
		struct cert_facts f;

		cert_facts(cert, &f);
		fault(r, TRUSTPOINT_CERTIFICATE,
			"found a certificate that %.120s signed, expected a self-signed one "
			"(enroll: self)",
			f.issuer);
	}
}

// Subject and key of the CA that a CRL says to be of, or NULL.
static X509 *issuer_of(const struct trustpoint *t, const X509_CRL *crl, bool *verified)
{
	X509 *named = NULL;

	*verified = false;
	for (int i = 0; i < sk_X509_num(t->ca) && !*verified; i++) {
		X509 *ca = sk_X509_value(t->ca, i);

		if (X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(crl)) != 0)
			continue;
		named = ca;
		*verified = X509_CRL_verify((X509_CRL *)crl, X509_get0_pubkey(ca)) == 1;
	}
	return named;
}

static void judge_crls(struct reading *r, const char *path)
{
	bool verified;

	for (int i = 0; i < sk_X509_CRL_num(r->t->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(r->t->crls, i);
		struct crl_facts f;

		if (issuer_of(r->t, crl, &verified) == NULL || verified)
			continue;
		crl_facts(crl, &f);
		fault(r, TRUSTPOINT_CRL,
			"found %s with a CRL of %.120s that this CA did not sign, expected its "
			"signature",
			path, f.issuer);
	}
}

int trustpoint_load(struct trustpoint *out, const struct config_trustpoint *files,
	trustpoint_tell *tell, void *arg)
{
	struct reading r = {.t = out, .tell = tell, .arg = arg};

	*out = (struct trustpoint){.crl_must = files->crl_must};
	read_certificate(&r, files->certificate);
	read_key(&r, files->key);
	if (out->cert != NULL)
		judge_identity(&r, files);
	read_ca(&r, files->ca);
	read_crls(&r, files->crl);
	judge_crls(&r, files->crl);
	ERR_clear_error();
	return r.no_memory ? -ENOMEM : r.faulty ? -EINVAL : 0;
}

void trustpoint_free(struct trustpoint *t)
{
	X509_free(t->cert);
	sk_X509_pop_free(t->chain, X509_free);
	EVP_PKEY_free(t->key);
	sk_X509_pop_free(t->ca, X509_free);
	sk_X509_CRL_pop_free(t->crls, X509_CRL_free);
	*t = (struct trustpoint){0};
}

void trustpoint_foreach(const struct trustpoint *t, trustpoint_visit *fn, void *arg)
{
	struct trustpoint_item item = {.kind = TRUSTPOINT_IDENTITY, .cert = t->cert};

	if (t->cert != NULL)
		fn(&item, arg);
	item.kind = TRUSTPOINT_INTERMEDIATE;
	for (int i = 0; i < sk_X509_num(t->chain); i++) {
		item.cert = sk_X509_value(t->chain, i);
		fn(&item, arg);
	}
	item.kind = TRUSTPOINT_ANCHOR;
	for (int i = 0; i < sk_X509_num(t->ca); i++) {
		item.cert = sk_X509_value(t->ca, i);
		fn(&item, arg);
	}
	item.kind = TRUSTPOINT_REVOCATIONS;
	item.cert = NULL;
	for (int i = 0; i < sk_X509_CRL_num(t->crls); i++) {
		item.crl = sk_X509_CRL_value(t->crls, i);
		issuer_of(t, item.crl, &item.has_issuer);
		fn(&item, arg);
	}
	ERR_clear_error();
}

bool trustpoint_use(const struct config *c, size_t trustpoint, bool as_anchor, size_t *at,
	char *text, size_t size)
{
	static const char *const roles[] = {"server", "client"};

	for (; *at < c->n_tls_proxies * TLS_ROLES; (*at)++) {
		const struct config_tls_proxy *p = &c->tls_proxies[*at / TLS_ROLES];
		enum tls_role role = (enum tls_role)(*at % TLS_ROLES);
		const struct config_tls_side *s = &p->side[role];

		if (s->trustpoint < 0 ||
			(as_anchor ? s->trustpoint : s->identity) != (int)trustpoint)
			continue;
		snprintf(text, size, "%s (%s, %s)", p->name, roles[role],
			role == p->outside ? "outside" : "inside");
		(*at)++;
		return true;
	}
	return false;
}

// What "crl none" lets pass: a CRL that is missing or out of date. What it lists stays revoked.
static int tolerate(int ok, X509_STORE_CTX *ctx)
{
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	default:
		return ok;
	}
}

X509_STORE *trustpoint_store(const struct trustpoint *t, bool pinned)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store != NULL;

	for (int i = 0; ok && i < sk_X509_num(t->ca); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(t->ca, i)) == 1;
	for (int i = 0; ok && i < sk_X509_CRL_num(t->crls); i++)
		ok = X509_STORE_add_crl(store, sk_X509_CRL_value(t->crls, i)) == 1;
	if (!ok) {
		X509_STORE_free(store);
		return NULL;
	}
	if (sk_X509_CRL_num(t->crls) > 0)
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	if (pinned)
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (!t->crl_must)
		X509_STORE_set_verify_cb(store, tolerate);
	return store;
}

int trustpoint_judge(X509_STORE *store, X509 *cert, STACK_OF(X509) * intermediates, bool server,
	STACK_OF(X509) * *chain, int *depth)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int result = X509_V_ERR_OUT_OF_MEM;

	if (chain != NULL)
		*chain = NULL;
	if (ctx != NULL && X509_STORE_CTX_init(ctx, store, cert, intermediates) == 1) {
		X509_STORE_CTX_set_default(ctx, server ? "ssl_server" : "ssl_client");
		X509_VERIFY_PARAM_set_auth_level(
			X509_STORE_CTX_get0_param(ctx), TRUSTPOINT_SECURITY_LEVEL);
		if (X509_verify_cert(ctx) == 1)
			result = X509_V_OK;
		else
			result = X509_STORE_CTX_get_error(ctx);
		if (chain != NULL) {
			*chain = X509_STORE_CTX_get1_chain(ctx);
			*depth = X509_STORE_CTX_get_error_depth(ctx);
		}
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return result;
}
