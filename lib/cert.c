// SPDX-License-Identifier: BSD-3-Clause
// Certificates and CRLs in words; see lib/cert.h.
#include "lib/cert.h"

#include <stdio.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#define DAY_S 86400

// RFC 2253 escapes whatever is not printable ASCII.
static void name_text(const X509_NAME *name, char *buf, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_read(bio, buf, (int)size - 1);
	buf[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static void serial_text(const X509 *x, char *buf, size_t size)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = bn != NULL ? BN_bn2hex(bn) : NULL;

	snprintf(buf, size, "%s", hex != NULL ? hex : "");
	OPENSSL_free(hex);
	BN_free(bn);
}

// INT64_MAX for a time that is not there, or cannot be read.
static int64_t time_s(const ASN1_TIME *t)
{
	struct tm tm;

	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return INT64_MAX;
	return timegm(&tm);
}

const char *cert_key_kind(const EVP_PKEY *key, char *buf)
{
	char group[24] = "";

	if (key == NULL) {
		snprintf(buf, CERT_KEY_MAX, "unknown");
	} else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
		EVP_PKEY_get_utf8_string_param(
			key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
		snprintf(buf, CERT_KEY_MAX, "ECDSA %s",
			strcmp(group, "prime256v1") == 0          ? "P-256"
				: strcmp(group, "secp384r1") == 0 ? "P-384"
								  : group);
	} else {
		snprintf(buf, CERT_KEY_MAX, "%s", EVP_PKEY_get0_type_name(key));
	}
	return buf;
}

const char *cert_key_text(const EVP_PKEY *key, char *buf)
{
	char kind[CERT_KEY_MAX];

	cert_key_kind(key, kind);
	snprintf(buf, CERT_KEY_MAX, "%.30s (%d bits)", kind,
		key != NULL ? EVP_PKEY_get_bits(key) : 0);
	return buf;
}

const char *cert_fingerprint(const X509 *x, const EVP_MD *md, char *buf)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	buf[0] = '\0';
	if (X509_digest(x, md, digest, &n) != 1)
		return buf;
	for (unsigned int i = 0; i < n; i++)
		sprintf(buf + 3 * i, "%02X%s", digest[i], i + 1 < n ? ":" : "");
	return buf;
}

void cert_facts(X509 *x, struct cert_facts *out)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);

	name_text(X509_get_subject_name(x), out->subject, sizeof(out->subject));
	name_text(X509_get_issuer_name(x), out->issuer, sizeof(out->issuer));
	serial_text(x, out->serial, sizeof(out->serial));
	cert_key_kind(key, out->key);
	out->bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
	cert_fingerprint(x, EVP_sha256(), out->sha256);
	cert_fingerprint(x, EVP_sha1(), out->sha1);
	out->from_s = time_s(X509_get0_notBefore(x));
	out->to_s = time_s(X509_get0_notAfter(x));
	domain_ids_from_cert(&out->ids, x);
	out->self_signed = X509_self_signed(x, 0) == 1;
	out->ca = X509_check_ca(x) > 0;
}

void crl_facts(const X509_CRL *crl, struct crl_facts *out)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED((X509_CRL *)crl);

	name_text(X509_CRL_get_issuer(crl), out->issuer, sizeof(out->issuer));
	out->from_s = time_s(X509_CRL_get0_lastUpdate(crl));
	out->to_s = time_s(X509_CRL_get0_nextUpdate(crl));
	out->revoked = revoked != NULL ? (unsigned int)sk_X509_REVOKED_num(revoked) : 0;
}

const char *cert_time_text(int64_t s, char buf[CERT_TIME_MAX])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (s == INT64_MAX || gmtime_r(&t, &tm) == NULL ||
		strftime(buf, CERT_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, CERT_TIME_MAX, "never");
	return buf;
}

enum cert_phase cert_phase(int64_t from_s, int64_t to_s, int64_t now_s)
{
	static const struct {
		enum cert_phase phase;
		int64_t s;
	} warnings[] = {{CERT_1_DAY, DAY_S}, {CERT_7_DAYS, 7 * DAY_S}, {CERT_30_DAYS, 30 * DAY_S}};

	if (now_s < from_s)
		return CERT_NOT_YET;
	if (now_s > to_s)
		return CERT_OVER;
	if (to_s == INT64_MAX)
		return CERT_FINE;
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
		if (to_s - now_s <= warnings[i].s && to_s - from_s > 2 * warnings[i].s)
			return warnings[i].phase;
	return CERT_FINE;
}

const char *cert_phase_text(enum cert_phase p)
{
	static const char *const texts[CERT_PHASES] = {
		[CERT_FINE] = "valid",
		[CERT_30_DAYS] = "30 days or less left",
		[CERT_7_DAYS] = "7 days or less left",
		[CERT_1_DAY] = "1 day or less left",
		[CERT_OVER] = "expired",
		[CERT_NOT_YET] = "not valid yet",
	};

	return texts[p];
}

int64_t cert_days_left(int64_t to_s, int64_t now_s)
{
	int64_t left = to_s - now_s;

	return left >= 0 ? left / DAY_S : -((-left + DAY_S - 1) / DAY_S);
}
