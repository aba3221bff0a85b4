// SPDX-License-Identifier: BSD-3-Clause
// A STIR trust domain for tests: an authority, certificates with TNAuthLists, and PASSporTs signed
// by libcrypto, which shares no code with lib/passport.c.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

// Of provider code 1234; of the one number +12125550199; of +12125550100 to +12125550199; without a
// TNAuthList; of an authority that is no anchor; over yesterday; with a key that is not for ES256;
// with a key that is not for signatures; valid, but in no file.
#define STIR_SIGNERS(X)                                                                            \
	X(spc) X(number) X(range) X(bare) X(stranger) X(expired) X(p384) X(agreement) X(unheld)

enum stir_signer {
#define X(name) STIR_##name,
	STIR_SIGNERS(X)
#undef X
		STIR_SIGNER_COUNT,
};

#define STIR_URL(name) "https://sti.example/" #name ".pem"
#define STIR_TEXT_MAX  8192
#define STIR_TIME      1772323200u // 2026-03-01T00:00:00Z
#define STIR_ORIGID    "123e4567-e89b-12d3-a456-426655440000"
#define STIR_CALLER    "12125550199"
#define STIR_CALLED    "14085550123"
#define STIR_HEADER(name)                                                                          \
	"{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(name) "\"}"

// Makes them once per process; valid around STIR_TIME and the time of the test.
void stir_pki_make(void);
X509 *stir_pki_cert(enum stir_signer s);
EVP_PKEY *stir_pki_key(enum stir_signer s);
// DIR/stir.pem, the anchor, and DIR/stir/sti.example/NAME.pem.
void stir_pki_write(const char *dir);

// "{"attest":...}" of a call at that time.
const char *stir_payload(
	const char *orig, const char *dest, uint64_t iat, char attest, char buf[STIR_TEXT_MAX]);

// HEADER.PAYLOAD.SIGNATURE of two JSON texts.
const char *stir_token(
	enum stir_signer s, const char *header, const char *payload, char buf[STIR_TEXT_MAX]);

// The value of a good Identity header.
const char *stir_identity(enum stir_signer s, const char *orig, const char *dest, uint64_t iat,
	char buf[STIR_TEXT_MAX]);
