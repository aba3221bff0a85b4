// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/pki.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S 86400

struct issuer {
	X509 *cert;
	EVP_PKEY *key;
};

// What pki_renew() and pki_crl() sign with: of the last pki_make().
static struct issuer main_ca, other_ca;

static FILE *create(const char *dir, const char *name, const char *suffix)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	f = fopen(path, "w");
	assert(f != NULL);
	assert(chmod(path, 0600) == 0);
	return f;
}

static void extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
	assert(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509 *make(EVP_PKEY *key, const char *cn, const struct issuer *by, long from_s, long to_s)
{
	static long serial;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x), from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), to_s);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, by != NULL ? X509_get_subject_name(by->cert) : name);
	return x;
}

static struct issuer make_ca(const char *dir, const char *file, const char *cn)
{
	struct issuer ca = {.key = EVP_EC_gen("P-256")};
	FILE *f = create(dir, file, ".pem");

	ca.cert = make(ca.key, cn, NULL, -2 * DAY_S, 365 * DAY_S);
	extension(ca.cert, ca.cert, NID_basic_constraints, "critical,CA:TRUE");
	extension(ca.cert, ca.cert, NID_subject_key_identifier, "hash");
	assert(X509_sign(ca.cert, ca.key, EVP_sha256()) > 0);
	PEM_write_X509(f, ca.cert);
	fclose(f);
	return ca;
}

static void make_leaf_with(EVP_PKEY *key, const char *dir, const struct issuer *ca,
	const char *file, const char *domain, long to_s, const char *usage)
{
	X509 *x = make(key, domain, ca, -2 * DAY_S, to_s);
	char san[128];
	FILE *f;

	snprintf(san, sizeof(san), "URI:sip:%s", domain);
	extension(x, ca != NULL ? ca->cert : x, NID_subject_alt_name, san);
	extension(x, ca != NULL ? ca->cert : x, NID_ext_key_usage, usage);
	assert(X509_sign(x, ca != NULL ? ca->key : key, EVP_sha256()) > 0);
	f = create(dir, file, ".crt");
	PEM_write_X509(f, x);
	fclose(f);
	f = create(dir, file, ".key");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void make_leaf(const char *dir, const struct issuer *ca, const char *file,
	const char *domain, long to_s, const char *usage)
{
	make_leaf_with(EVP_EC_gen("P-256"), dir, ca, file, domain, to_s, usage);
}

// NAME.crt: a leaf and `n` CAs between it and `ca`; with `ballast` octets more in the first of them.
static void make_chain(
	const char *dir, const struct issuer *ca, const char *file, int n, size_t ballast)
{
	static const char *const names[] = {"", "1", "2", "3", "4", "5"};
	struct issuer by[6] = {*ca};
	char *comment = malloc(ballast + 1), path[512];
	FILE *f;

	assert(comment != NULL && n < 6);
	memset(comment, 'x', ballast);
	comment[ballast] = '\0';
	for (int i = 1; i <= n; i++) {
		by[i].key = EVP_EC_gen("P-256");
		by[i].cert = make(by[i].key, names[i], &by[i - 1], -2 * DAY_S, 30 * DAY_S);
		extension(by[i].cert, by[i - 1].cert, NID_basic_constraints, "critical,CA:TRUE");
		if (i == 1 && ballast > 0)
			extension(by[i].cert, ca->cert, NID_netscape_comment, comment);
		assert(X509_sign(by[i].cert, by[i - 1].key, EVP_sha256()) > 0);
	}
	make_leaf(dir, &by[n], file, "enterprise-b.example", 30 * DAY_S, "serverAuth,clientAuth");
	snprintf(path, sizeof(path), "%s/%s.crt", dir, file);
	f = fopen(path, "a");
	for (int i = n; i > 0; i--) {
		PEM_write_X509(f, by[i].cert);
		X509_free(by[i].cert);
		EVP_PKEY_free(by[i].key);
	}
	fclose(f);
	free(comment);
}

// Such a key takes a while to make: one for all.
static EVP_PKEY *rsa(unsigned int bits, EVP_PKEY **once)
{
	if (*once == NULL)
		*once = EVP_RSA_gen(bits);
	EVP_PKEY_up_ref(*once);
	return *once;
}

static void issuer_free(struct issuer *i)
{
	X509_free(i->cert);
	EVP_PKEY_free(i->key);
	*i = (struct issuer){0};
}

void pki_renew(const char *dir, const char *name, const char *domain, long to_s)
{
	make_leaf(dir, &main_ca, name, domain, to_s, "serverAuth,clientAuth");
}

static X509_REVOKED *revocation(const char *dir, const char *name)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -60);
	char path[512];
	X509 *x;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.crt", dir, name);
	f = fopen(path, "r");
	assert(f != NULL);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert(X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(x)) == 1);
	assert(X509_REVOKED_set_revocationDate(r, when) == 1);
	ASN1_TIME_free(when);
	X509_free(x);
	return r;
}

void pki_crl(const char *dir, const char *file, const char *revoked, bool of_other, long from_s,
	long to_s)
{
	const struct issuer *by = of_other ? &other_ca : &main_ca;
	ASN1_TIME *from = X509_gmtime_adj(NULL, from_s), *to = X509_gmtime_adj(NULL, to_s);
	X509_CRL *crl = X509_CRL_new();
	FILE *f = create(dir, file, "");

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	X509_CRL_set1_lastUpdate(crl, from);
	X509_CRL_set1_nextUpdate(crl, to);
	if (revoked != NULL)
		X509_CRL_add0_revoked(crl, revocation(dir, revoked));
	X509_CRL_sort(crl);
	assert(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0);
	PEM_write_X509_CRL(f, crl);
	fclose(f);
	X509_CRL_free(crl);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

void pki_make(const char *dir)
{
	static const char both[] = "serverAuth,clientAuth";
	static EVP_PKEY *weak, *strong;
	struct issuer inside = make_ca(dir, "inside-ca", "CA of a house");

	issuer_free(&main_ca);
	issuer_free(&other_ca);
	main_ca = make_ca(dir, "ca", "Test CA");
	other_ca = make_ca(dir, "other-ca", "Another CA");
	make_leaf(dir, &main_ca, "a", "enterprise-a.example", 30 * DAY_S, both);
	make_leaf(dir, &main_ca, "b", "enterprise-b.example", 30 * DAY_S, both);
	make_leaf(dir, &main_ca, "c", "enterprise-c.example", 30 * DAY_S, both);
	make_leaf(dir, &other_ca, "stranger", "enterprise-b.example", 30 * DAY_S, both);
	make_leaf(dir, &main_ca, "expired", "enterprise-b.example", -DAY_S, both);
	make_leaf(dir, &main_ca, "server-only", "enterprise-b.example", 30 * DAY_S, "serverAuth");
	make_leaf_with(rsa(1024, &weak), dir, &main_ca, "rsa-1024", "enterprise-b.example",
		30 * DAY_S, both);
	make_leaf_with(
		rsa(2048, &strong), dir, &main_ca, "rsa", "enterprise-a.example", 30 * DAY_S, both);
	make_chain(dir, &main_ca, "chain-3", 3, 0);
	make_chain(dir, &main_ca, "chain-4", 4, 0);
	make_chain(dir, &main_ca, "chain-fat", 1, 40000);
	make_leaf(dir, &inside, "asa", "callgate.enterprise-a.example", 30 * DAY_S, both);
	make_leaf(dir, &inside, "ucm", "ucm.enterprise-a.example", 30 * DAY_S, both);
	make_leaf(dir, &inside, "ucm-2", "ucm.enterprise-a.example", 30 * DAY_S, both);
	make_leaf(dir, NULL, "self", "callgate.enterprise-a.example", 30 * DAY_S, both);
	issuer_free(&inside);
	pki_crl(dir, "crl.pem", NULL, false, -DAY_S, DAY_S);
}
