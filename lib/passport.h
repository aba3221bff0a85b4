// SPDX-License-Identifier: BSD-3-Clause
// A PASSporT as a SIP Identity header carries it (RFC 8224, 8225, 8588; protocol.md section 13):
// parsing, comparison with the call, and its ES256 signature. The signature counts over the octets
// that were received. Only of the compact form (RFC 8225 7) they are written anew, from what the
// request says; one with a ppt says more than that, and who sent it is told to send the full form (RFC 8224
// 6.2.2). Which certificate belongs to the URL is the caller's business. Pure, any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "lib/did.h"
#include "lib/str.h"

#define PASSPORT_VALUE_MAX  4096 // octets of an Identity header's value
#define PASSPORT_JSON_MAX   2048 // octets of its header, and of its payload
#define PASSPORT_INFO_MAX   512  // octets of the certificate's URL
#define PASSPORT_SIG_SIZE   64   // octets: r and s
#define PASSPORT_SIGNED_MAX 1024 // octets that a compact one stands for
#define PASSPORT_DESTS_MAX  16   // called numbers that are looked at

// Why a caller is not verified, with the status of RFC 8224 6.2.2. Where a request has several
// Identity headers and none is valid, the last of this list that applies speaks for all.
// X(name, status, text)
#define PASSPORT_FAULTS(X)                                                                         \
	X(NONE, 0, "verified")                                                                     \
	X(ABSENT, 428, "no Identity header")                                                       \
	X(PPT, 428, "ppt is another than shaken")                                                  \
	X(NOT_HELD, 436, "its certificate is not in the directory")                                \
	X(ALG, 437, "alg is another than ES256")                                                   \
	X(UNTRUSTED, 437, "its certificate does not chain to an anchor")                           \
	X(KEY, 437, "its certificate's key is none of P-256, or not for signatures")               \
	X(EXPIRED, 437, "its certificate was not valid at iat")                                    \
	X(AUTHORITY, 437, "its certificate has no authority for the calling number")               \
	X(TOO_LONG, 438, "Identity header longer than 4096 octets")                                \
	X(SYNTAX, 438, "not TOKEN;info=<https://...>, each parameter once")                        \
	X(COMPACT, 438, "compact form with a ppt; expected the full form")                         \
	X(DATE, 438, "compact form, and no Date header to take iat from, or two")                  \
	X(ENCODING, 438, "not three parts in strict base64url")                                    \
	X(JSON, 438, "header or payload is no strict JSON object, or too long")                    \
	X(TYP, 438, "typ is another than passport")                                                \
	X(MISMATCH, 438, "x5u, alg or ppt differ between Identity header and token")               \
	X(CLAIM, 438, "orig, dest, iat, attest or origid is missing or malformed")                 \
	X(ORIG, 438, "orig is not the number of From and P-Asserted-Identity")                     \
	X(DEST, 438, "dest is not the called number")                                              \
	X(SIGNATURE, 438, "signature does not verify")                                             \
	X(STALE, 403, "iat is too far from now")                                                   \
	X(RATE, 503, "too many signatures from one peer; not looked at")

enum passport_fault {
#define X(name, status, text) PASSPORT_##name,
	PASSPORT_FAULTS(X)
#undef X
		PASSPORT_FAULT_COUNT,
};

const char *passport_fault_text(enum passport_fault f);
uint16_t passport_fault_status(enum passport_fault f);

// The slices point into the header's value or into the struct's own buffers: do not copy it.
struct passport {
	bool compact;    // its claims are those of passport_complete()
	struct str info; // the certificate's URL; printable ASCII
	struct str ppt;  // "shaken", or empty
	struct str signed_part;
	struct str header, payload; // JSON
	uint8_t signature[PASSPORT_SIG_SIZE];
	struct str orig; // a telephone number; empty: a URI
	struct str dest[PASSPORT_DESTS_MAX];
	size_t n_dest;
	uint64_t iat;      // seconds since 1970
	char attest;       // 'A', 'B', 'C'; '\0': none
	struct str origid; // UUID, or empty
	bool media_keys; // mky: rewriting the SDP breaks it for whoever verifies behind us (STIR-3)
	char header_text[PASSPORT_JSON_MAX], payload_text[PASSPORT_JSON_MAX];
	char signed_text[PASSPORT_SIGNED_MAX]; // of the compact form
};

// From the value of an Identity header. PASSPORT_NONE, or PPT, ALG or one of TOO_LONG to CLAIM; what
// was found until then is there for inspection. Nothing in it is authentic yet.
enum passport_fault passport_parse(struct str value, struct passport *p);

// The claims of a compact one, from the request that it came in: its caller, the called number, and
// its time, seconds since 1970. `p`, the numbers and the text that was signed live together.
void passport_complete(
	struct passport *p, const struct did *caller, const struct did *called, uint64_t iat);

// A Date header's value (RFC 3261 20.17): "Sun, 01 Mar 2026 09:26:53 GMT", as strictly as what is
// signed must be. Seconds since 1970.
bool passport_date(struct str value, uint64_t *seconds);

// PASSPORT_NONE, ORIG or DEST: digit by digit, without '+'. Empty numbers match nothing.
enum passport_fault passport_match(
	const struct passport *p, const struct did *caller, const struct did *called);

// Whether iat is at most so far from now, in either direction.
bool passport_fresh(const struct passport *p, uint64_t now_s, uint32_t freshness_s);

// Whether the key can make ES256 signatures at all.
bool passport_key_ok(const EVP_PKEY *key);

// Whether it made this one. About 70 us.
bool passport_signature_ok(const struct passport *p, EVP_PKEY *key);
