// SPDX-License-Identifier: BSD-3-Clause
#include "cp/stir_certs.h"

#include <errno.h>
#include <fts.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cp/log.h"
#include "lib/tn_auth.h"

#define DEPTH_MAX 16

struct stir_certs {
	X509_STORE *anchors;
	struct stir_cert *list; // by URL
	size_t n, room;
};

// ---- One file -----------------------------------------------------------------------------------

// What is encrypted is refused instead of asking the terminal for a passphrase.
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

// The chain of a file, the signer first; NULL: there is none.
static STACK_OF(X509) * chain_read(const char *path)
{
	BIO *bio = BIO_new_file(path, "rb");
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *x;

	while (bio != NULL && chain != NULL &&
		(x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
		sk_X509_push(chain, x);
	if (bio != NULL && chain != NULL && sk_X509_num(chain) == 0 && BIO_reset(bio) == 0 &&
		(x = d2i_X509_bio(bio, NULL)) != NULL)
		sk_X509_push(chain, x);
	BIO_free(bio);
	ERR_clear_error();
	if (sk_X509_num(chain) > 0)
		return chain;
	sk_X509_free(chain);
	return NULL;
}

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void narrow(struct stir_cert *c, const X509 *x)
{
	int64_t from_s = seconds(X509_get0_notBefore(x)), to_s = seconds(X509_get0_notAfter(x));

	c->from_s = from_s > c->from_s ? from_s : c->from_s;
	c->to_s = to_s < c->to_s ? to_s : c->to_s;
}

// The path to an anchor, whatever the time; the time's limits go to *c. Returns OpenSSL's reason.
static int chain_verify(X509_STORE *anchors, STACK_OF(X509) * chain, struct stir_cert *c)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) * path;
	int why = X509_V_ERR_OUT_OF_MEM;

	c->from_s = INT64_MIN;
	c->to_s = INT64_MAX;
	if (ctx != NULL && X509_STORE_CTX_init(ctx, anchors, sk_X509_value(chain, 0), chain) == 1) {
		// An authority below the root, or the very certificate, may be the anchor.
		X509_STORE_CTX_set_flags(
			ctx, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
		if (X509_verify_cert(ctx) == 1)
			why = X509_V_OK;
		else
			why = X509_STORE_CTX_get_error(ctx);
		path = X509_STORE_CTX_get0_chain(ctx);
		for (int i = 0; why == X509_V_OK && i < sk_X509_num(path); i++)
			narrow(c, sk_X509_value(path, i));
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return why;
}

static bool may_sign(X509 *x)
{
	return (X509_get_key_usage(x) & X509v3_KU_DIGITAL_SIGNATURE) !=
		0; // all, where it says none
}

static bool cert_fill(
	struct stir_certs *all, struct stir_cert *c, const char *url, STACK_OF(X509) * chain)
{
	X509 *x = sk_X509_value(chain, 0);
	struct str auth = tn_auth_of(x);
	int why = chain_verify(all->anchors, chain, c);

	c->url = strdup(url);
	c->auth = malloc(auth.n + 1);
	c->key = X509_get_pubkey(x);
	if (c->url == NULL || c->auth == NULL)
		return false;
	memcpy(c->auth, auth.p, auth.n);
	c->auth_n = auth.n;
	if (why != X509_V_OK)
		c->fault = PASSPORT_UNTRUSTED;
	else if (c->key == NULL || !passport_key_ok(c->key) || !may_sign(x))
		c->fault = PASSPORT_KEY;
	if (c->fault != PASSPORT_NONE)
		log_event(STIR_CERTIFICATE, log_text("url", url),
			log_text("reason", passport_fault_text(c->fault)),
			log_text("detail",
				why != X509_V_OK ? X509_verify_cert_error_string(why) : NULL));
	return true;
}

static void cert_fini(struct stir_cert *c)
{
	free(c->url);
	free(c->auth);
	EVP_PKEY_free(c->key);
}

// ---- The folder ---------------------------------------------------------------------------------

static void left_out(const char *path, const char *why)
{
	log_event(STIR_CERTIFICATE, log_text("file", path), log_text("reason", why));
}

static bool make_room(struct stir_certs *c)
{
	size_t room = c->room > 0 ? 2 * c->room : 64;
	struct stir_cert *more;

	if (c->n < c->room)
		return true;
	more = realloc(c->list, room * sizeof(*more));
	if (more == NULL)
		return false;
	c->list = more;
	c->room = room;
	return true;
}

static int add(struct stir_certs *c, const char *path, const char *below)
{
	STACK_OF(X509) * chain;
	char url[PASSPORT_INFO_MAX + 1];
	int n = snprintf(url, sizeof(url), "https://%s", below), err = 0;

	if (n < 0 || (size_t)n >= sizeof(url)) {
		left_out(path, "its URL is too long");
		return 0;
	}
	chain = chain_read(path);
	if (chain == NULL) {
		left_out(path, "no certificate");
		return 0;
	}
	if (!make_room(c)) {
		err = -ENOMEM;
	} else {
		c->list[c->n] = (struct stir_cert){.fault = PASSPORT_NONE};
		if (!cert_fill(c, &c->list[c->n++], url, chain))
			err = -ENOMEM;
	}
	sk_X509_pop_free(chain, X509_free);
	return err;
}

static int visit(struct stir_certs *c, FTS *fts, FTSENT *e, size_t root_n)
{
	switch (e->fts_info) {
	case FTS_D:
		if (e->fts_level > DEPTH_MAX || (e->fts_level > 0 && e->fts_name[0] == '.'))
			fts_set(fts, e, FTS_SKIP);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		if (e->fts_level == 0)
			return -(e->fts_errno != 0 ? e->fts_errno : EIO);
		left_out(e->fts_path, strerror(e->fts_errno));
		return 0;
	case FTS_F:
		if (e->fts_level == 0)
			return -ENOTDIR;
		if (e->fts_name[0] == '.')
			return 0;
		if (e->fts_statp->st_size > STIR_CERT_FILE_MAX) {
			left_out(e->fts_path, "too long");
			return 0;
		}
		if (c->n == STIR_CERTS_MAX) {
			left_out(e->fts_path, "too many files");
			return 0;
		}
		return add(c, e->fts_path, e->fts_path + root_n);
	default:
		return 0;
	}
}

static int walk(struct stir_certs *c, const char *dir)
{
	size_t n = strlen(dir);
	char *root = strdup(dir), *roots[] = {root, NULL};
	FTS *fts = NULL;
	FTSENT *e;
	int err = 0;

	while (n > 1 && root != NULL && root[n - 1] == '/')
		root[--n] = '\0';
	if (root != NULL)
		fts = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	if (fts == NULL)
		err = -errno;
	while (err == 0 && (errno = 0, e = fts_read(fts)) != NULL)
		err = visit(c, fts, e, n + 1);
	if (err == 0 && errno != 0)
		err = -errno;
	if (fts != NULL)
		fts_close(fts);
	free(root);
	return err;
}

static int by_url(const void *a, const void *b)
{
	return strcmp(((const struct stir_cert *)a)->url, ((const struct stir_cert *)b)->url);
}

int stir_certs_load(
	struct stir_certs **out, const char *dir, const char *anchors, char *err, size_t err_size)
{
	struct stir_certs *c = calloc(1, sizeof(*c));
	int e = -ENOMEM;

	if (c != NULL)
		c->anchors = X509_STORE_new();
	if (c == NULL || c->anchors == NULL) {
		snprintf(err, err_size, "stir: out of memory");
		goto out;
	}
	e = -EINVAL;
	if (X509_STORE_load_file(c->anchors, anchors) != 1) {
		ERR_clear_error();
		snprintf(err, err_size, "stir: anchors %s: no certificates in PEM", anchors);
		goto out;
	}
	e = walk(c, dir);
	if (e != 0) {
		snprintf(err, err_size, "stir: certificates %s: %s", dir, strerror(-e));
		goto out;
	}
	if (c->n > 0)
		qsort(c->list, c->n, sizeof(*c->list), by_url);
	*out = c;
	return 0;
out:
	stir_certs_free(c);
	return e;
}

void stir_certs_free(struct stir_certs *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		cert_fini(&c->list[i]);
	free(c->list);
	X509_STORE_free(c->anchors);
	free(c);
}

size_t stir_certs_count(const struct stir_certs *c)
{
	return c->n;
}

const struct stir_cert *stir_certs_find(const struct stir_certs *c, struct str url)
{
	char text[PASSPORT_INFO_MAX + 1];
	const struct stir_cert key = {.url = text};

	if (c->n == 0 || !str_copy(url, text, sizeof(text)))
		return NULL;
	return bsearch(&key, c->list, c->n, sizeof(*c->list), by_url);
}

enum passport_fault stir_cert_judge(const struct stir_cert *c, struct str number, uint64_t at_s)
{
	struct str auth = {(const char *)c->auth, c->auth_n};

	if (c->fault != PASSPORT_NONE)
		return c->fault;
	if (at_s > INT64_MAX || (int64_t)at_s < c->from_s || (int64_t)at_s > c->to_s)
		return PASSPORT_EXPIRED;
	return tn_auth_covers(auth, number) ? PASSPORT_NONE : PASSPORT_AUTHORITY;
}
