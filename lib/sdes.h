// SPDX-License-Identifier: BSD-3-Clause
// SDP security descriptions: the a=crypto attribute (RFC 4568, protocol.md 4.3, SRTP-5). The SDP
// code of both planes' control side uses it; whoever holds a struct sdes wipes it after use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define SDES_KEY_LEN 46 // room for master key and salt of every suite; what is not used is zero
// "999999999 AES_256_CM_HMAC_SHA1_80 inline:" + 64 and a NUL
#define SDES_TEXT_MAX 112

// RFC 4568, 7714 and 6188.
enum sdes_suite {
	SDES_AES_CM_128_HMAC_SHA1_80,
	SDES_AES_CM_128_HMAC_SHA1_32,
	SDES_AEAD_AES_128_GCM,
	SDES_AEAD_AES_256_GCM,
	SDES_AES_256_CM_HMAC_SHA1_80,
	SDES_SUITES,
};

struct sdes {
	uint32_t tag;
	enum sdes_suite suite;
	uint64_t lifetime; // packets, 0: the suite's default, 2^48
	uint8_t key[SDES_KEY_LEN];
	uint8_t mki_len; // octets that stand before the tag in each packet; 0: none
};

// Why a line does not count. X(name, text)
#define SDES_VERDICTS(X)                                                                           \
	X(OK, "usable")                                                                            \
	X(SYNTAX, "not the syntax of a=crypto")                                                    \
	X(SUITE, "unsupported crypto suite")                                                       \
	X(KEY, "key is not base64 of the suite's length")                                          \
	X(SEVERAL_KEYS, "more than one master key")                                                \
	X(LIFETIME, "lifetime is 0, not a number, or above 2^48")                                  \
	X(MKI, "MKI length is not 1 to 128, or the MKI does not fit it")                           \
	X(PARAM, "session parameter that is refused or unknown")

enum sdes_verdict {
#define X(name, text) SDES_##name,
	SDES_VERDICTS(X)
#undef X
};

const char *sdes_verdict_text(enum sdes_verdict v);
const char *sdes_suite_name(enum sdes_suite s);
bool sdes_suite_of(struct str name, enum sdes_suite *out); // compared without case
size_t sdes_key_len(enum sdes_suite s);                    // octets of master key and salt

// Parses what stands after "a=crypto:". Names are compared without case. Only with SDES_OK is *out
// filled in; otherwise it is wiped.
enum sdes_verdict sdes_parse(struct str value, struct sdes *out);

// Writes "TAG SUITE inline:KEY" and a NUL, without lifetime and MKI; `buf` holds SDES_TEXT_MAX and
// then a key. Returns the length.
size_t sdes_format(const struct sdes *s, char buf[SDES_TEXT_MAX]);

void sdes_wipe(struct sdes *s);
