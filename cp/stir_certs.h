// SPDX-License-Identifier: BSD-3-Clause
// The certificates of those who sign callers' numbers, read from a folder beforehand (STIR-2:
// nothing is ever fetched, so a URL in a message is only compared, never followed). The folder is
// a mirror of the web: the file of https://HOST/PATH is HOST/PATH in it. A file holds the signer's
// certificate and those between it and an anchor, in PEM, or one certificate in DER. Everything
// that does not depend on the call or the time is judged once, here. Control thread only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "lib/passport.h"
#include "lib/str.h"

#define STIR_CERTS_MAX     16384u      // further files are left out, with a warning
#define STIR_CERT_FILE_MAX (64u << 10) // octets

struct stir_cert {
	char *url;
	enum passport_fault fault; // PASSPORT_NONE, or UNTRUSTED or KEY
	EVP_PKEY *key;
	int64_t from_s, to_s; // when all of its chain is valid, inclusive; seconds since 1970
	uint8_t *auth;        // its TNAuthList
	size_t auth_n;
};

struct stir_certs;

// Reads the whole folder. A file that is no certificate is left out with a warning in the log; so
// only anchors or a folder that cannot be read fail: -errno, with the reason in `err`.
int stir_certs_load(
	struct stir_certs **out, const char *dir, const char *anchors, char *err, size_t err_size);
void stir_certs_free(struct stir_certs *c); // accepts NULL

size_t stir_certs_count(const struct stir_certs *c);

// NULL: there is none of that URL.
const struct stir_cert *stir_certs_find(const struct stir_certs *c, struct str url);

// Whether it may sign for a number (without '+') at a time: PASSPORT_NONE, UNTRUSTED, KEY, EXPIRED
// or AUTHORITY.
enum passport_fault stir_cert_judge(const struct stir_cert *c, struct str number, uint64_t at_s);
