// SPDX-License-Identifier: BSD-3-Clause
// What a certificate or a CRL says, in words for people, and how near its end is. Pure; used by the
// daemon (`show crypto ca certificates`, alarms) and by `callgate pki`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "lib/domain.h"

#define CERT_NAME_MAX   384
#define CERT_KEY_MAX    48
#define CERT_SERIAL_MAX 64
#define CERT_TIME_MAX   24

// Texts are printable ASCII, whatever the certificate holds; what is too long is cut.
struct cert_facts {
	char subject[CERT_NAME_MAX], issuer[CERT_NAME_MAX]; // RFC 2253: "CN=a.example,O=A"
	char serial[CERT_SERIAL_MAX];                       // hex
	char key[CERT_KEY_MAX];                             // "RSA", "ECDSA P-256"
	int bits;
	char sha256[3 * 32], sha1[3 * 20]; // "AB:CD:..."
	int64_t from_s, to_s;              // seconds since 1970 UTC
	struct domain_ids ids;             // what a peer takes its holder for (RFC 5922 7.1)
	bool self_signed;                  // by its names and ids; the signature is not verified
	bool ca;
};

void cert_facts(X509 *x, struct cert_facts *out);

struct crl_facts {
	char issuer[CERT_NAME_MAX];
	int64_t from_s, to_s; // thisUpdate and nextUpdate; to_s INT64_MAX: there is none
	unsigned int revoked;
};

void crl_facts(const X509_CRL *crl, struct crl_facts *out);

// "RSA" or "ECDSA P-256", without and with its strength. `buf` holds CERT_KEY_MAX.
const char *cert_key_kind(const EVP_PKEY *key, char *buf);
const char *cert_key_text(const EVP_PKEY *key, char *buf); // "RSA (2048 bits)"

// Upper-case hex with colons. `buf` holds 3 octets for each of the digest.
const char *cert_fingerprint(const X509 *x, const EVP_MD *md, char *buf);

// UTC: "2026-03-01T00:00:00Z"; "never" for INT64_MAX.
const char *cert_time_text(int64_t s, char buf[CERT_TIME_MAX]);

// How near the end of a validity is. A warning that would be on for half of it or longer is left
// out, so that certificates of a week and CRLs of a day do not cry wolf.
enum cert_phase {
	CERT_FINE,
	CERT_30_DAYS, // 30 days or less are left
	CERT_7_DAYS,
	CERT_1_DAY,
	CERT_OVER,
	CERT_NOT_YET,
	CERT_PHASES,
};
enum cert_phase cert_phase(int64_t from_s, int64_t to_s, int64_t now_s);
const char *cert_phase_text(enum cert_phase p); // "valid", "30 days or less left", "expired", ...

// Whole days until `to_s`, rounded down; negative when it is over.
int64_t cert_days_left(int64_t to_s, int64_t now_s);
