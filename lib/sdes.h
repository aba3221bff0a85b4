// SPDX-License-Identifier: BSD-3-Clause
// SDP security descriptions: the a=crypto attribute (RFC 4568, protocol.md 4.3, SRTP-5). The SDP
// code of both planes' control side uses it; whoever holds a struct sdes wipes it after use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define SDES_KEY_LEN 30 // master key 16 and master salt 14, both suites
// "999999999 AES_CM_128_HMAC_SHA1_80 inline:" + 40 and a NUL
#define SDES_TEXT_MAX 96

enum sdes_suite {
	SDES_AES_CM_128_HMAC_SHA1_80,
	SDES_AES_CM_128_HMAC_SHA1_32,
	SDES_SUITES,
};

struct sdes {
	uint32_t tag;
	enum sdes_suite suite;
	uint8_t key[SDES_KEY_LEN];
	uint64_t lifetime; // packets, 0: the suite's default, 2^48
	uint8_t mki_len;   // octets that stand before the tag in each packet; 0: none
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

// Parses what stands after "a=crypto:". Names are compared without case. Only with SDES_OK is *out
// filled in; otherwise it is wiped.
enum sdes_verdict sdes_parse(struct str value, struct sdes *out);

// Writes "TAG SUITE inline:KEY" and a NUL, without lifetime and MKI; `buf` holds SDES_TEXT_MAX and
// then a key. Returns the length.
size_t sdes_format(const struct sdes *s, char buf[SDES_TEXT_MAX]);

void sdes_wipe(struct sdes *s);
