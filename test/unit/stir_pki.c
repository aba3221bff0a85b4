// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/stir_pki.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define YEAR_S (365L * 86400)

static struct {
	X509 *cert;
	EVP_PKEY *key;
} ca, other_ca, signers[STIR_SIGNER_COUNT];

static const char *const names[] = {
#define X(name) #name,
	STIR_SIGNERS(X)
#undef X
};

static const char *const urls[] = {
#define X(name) STIR_URL(name),
	STIR_SIGNERS(X)
#undef X
};

static void extension(X509 *x, const char *name, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_nconf(NULL, &ctx, name, value);
	assert(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509 *make(EVP_PKEY *key, const char *cn, X509 *issuer, long from_s, long to_s)
{
	static long serial;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	time_t at = STIR_TIME;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_time_adj(X509_getm_notBefore(x), from_s, &at);
	X509_time_adj(X509_getm_notAfter(x), to_s, &at);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, issuer != NULL ? X509_get_subject_name(issuer) : name);
	return x;
}

static void authority(X509 **cert, EVP_PKEY **key, const char *cn)
{
	*key = EVP_EC_gen("P-256");
	*cert = make(*key, cn, NULL, -2 * YEAR_S, 20 * YEAR_S);
	extension(*cert, "basicConstraints", "critical,CA:TRUE");
	assert(X509_sign(*cert, *key, EVP_sha256()) > 0);
}

// The TNAuthList in DER, as RFC 8226 9 has it.
static const char *tn_auth(enum stir_signer s)
{
	switch (s) {
	case STIR_number:
		return "DER:30:0f:a2:0d:16:0b:31:32:31:32:35:35:35:30:31:39:39";
	case STIR_range:
		return "DER:30:14:a1:12:30:10:16:0b:31:32:31:32:35:35:35:30:31:30:30:02:01:64";
	default:
		return "DER:30:08:a0:06:16:04:31:32:33:34";
	}
}

static void sign_up(enum stir_signer s)
{
	X509 *by = s == STIR_stranger ? other_ca.cert : ca.cert;
	EVP_PKEY *by_key = s == STIR_stranger ? other_ca.key : ca.key;
	long to_s = s == STIR_expired ? -86400 : 10 * YEAR_S;

	signers[s].key = EVP_EC_gen(s == STIR_p384 ? "P-384" : "P-256");
	signers[s].cert = make(signers[s].key, names[s], by, -YEAR_S, to_s);
	if (s == STIR_agreement)
		extension(signers[s].cert, "keyUsage", "critical,keyAgreement");
	else
		extension(signers[s].cert, "keyUsage", "critical,digitalSignature");
	if (s != STIR_bare)
		extension(signers[s].cert, "1.3.6.1.5.5.7.1.26", tn_auth(s));
	assert(X509_sign(signers[s].cert, by_key, EVP_sha256()) > 0);
}

void stir_pki_make(void)
{
	if (ca.cert != NULL)
		return;
	authority(&ca.cert, &ca.key, "STI root");
	authority(&other_ca.cert, &other_ca.key, "Another STI root");
	for (int s = 0; s < STIR_SIGNER_COUNT; s++)
		sign_up((enum stir_signer)s);
}

X509 *stir_pki_cert(enum stir_signer s)
{
	return signers[s].cert;
}

EVP_PKEY *stir_pki_key(enum stir_signer s)
{
	return signers[s].key;
}

static void write_cert(X509 *cert, const char *dir, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
	f = fopen(path, "w");
	assert(f != NULL);
	PEM_write_X509(f, cert);
	fclose(f);
}

void stir_pki_write(const char *dir)
{
	char path[256];

	stir_pki_make();
	write_cert(ca.cert, dir, "stir");
	snprintf(path, sizeof(path), "%s/stir", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/stir/sti.example", dir);
	mkdir(path, 0755);
	for (int s = 0; s < STIR_SIGNER_COUNT; s++)
		if (s != STIR_unheld)
			write_cert(signers[s].cert, path, names[s]);
}

static size_t base64url(const void *p, size_t n, char *out)
{
	int len = EVP_EncodeBlock((unsigned char *)out, p, (int)n);

	while (len > 0 && out[len - 1] == '=')
		len--;
	out[len] = '\0';
	for (int i = 0; i < len; i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	return (size_t)len;
}

static void sign(EVP_PKEY *key, const char *text, size_t n, uint8_t raw[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const uint8_t *p;
	uint8_t der[160];
	size_t der_n = sizeof(der);
	ECDSA_SIG *sig;

	assert(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1);
	assert(EVP_DigestSign(ctx, der, &der_n, (const uint8_t *)text, n) == 1);
	EVP_MD_CTX_free(ctx);
	p = der;
	sig = d2i_ECDSA_SIG(NULL, &p, (long)der_n);
	memset(raw, 0, 64); // a signature of another curve does not fit
	if (EVP_PKEY_get_bits(key) == 256)
		assert(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) == 32 &&
			BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) == 32);
	ECDSA_SIG_free(sig);
}

const char *stir_token(
	enum stir_signer s, const char *header, const char *payload, char buf[STIR_TEXT_MAX])
{
	uint8_t raw[64];
	size_t n;

	stir_pki_make();
	n = base64url(header, strlen(header), buf);
	buf[n++] = '.';
	n += base64url(payload, strlen(payload), buf + n);
	sign(signers[s].key, buf, n, raw);
	buf[n++] = '.';
	base64url(raw, sizeof(raw), buf + n);
	return buf;
}

const char *stir_payload(
	const char *orig, const char *dest, uint64_t iat, char attest, char buf[STIR_TEXT_MAX])
{
	snprintf(buf, STIR_TEXT_MAX,
		"{\"attest\":\"%c\",\"dest\":{\"tn\":[\"%s\"]},\"iat\":%lu,\"orig\":{\"tn\":\"%s\"}"
		","
		"\"origid\":\"" STIR_ORIGID "\"}",
		attest, dest, (unsigned long)iat, orig);
	return buf;
}

const char *stir_identity(enum stir_signer s, const char *orig, const char *dest, uint64_t iat,
	char buf[STIR_TEXT_MAX])
{
	char header[256], payload[STIR_TEXT_MAX];
	size_t n;

	snprintf(header, sizeof(header),
		"{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"%s\"}",
		urls[s]);
	stir_token(s, header, stir_payload(orig, dest, iat, 'A', payload), buf);
	n = strlen(buf);
	snprintf(buf + n, STIR_TEXT_MAX - n, ";info=<%s>;alg=ES256;ppt=shaken", urls[s]);
	return buf;
}
