// SPDX-License-Identifier: BSD-3-Clause
// A second implementation of SRTP, written from RFC 3711 on OpenSSL's EVP alone, that the engines
// behind dp/rtpsec.h are compared with. One source, one direction; slow and plain on purpose.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SRTP_ORACLE_WINDOW 128

struct srtp_oracle {
	uint8_t enc[16], auth[20], salt[14]; // session keys
	size_t tag_len;
	bool started;
	uint64_t newest;                   // highest index so far
	uint64_t seen[SRTP_ORACLE_WINDOW]; // index + 1 of what was seen, in slot index % window
};

enum srtp_oracle_verdict { ORACLE_OK, ORACLE_AUTH, ORACLE_REPLAYED };

// RFC 3711 4.3.1 with key derivation rate 0. `master` is 16 octets of key and 14 of salt.
void srtp_oracle_derive(const uint8_t master[30], uint8_t label, uint8_t *out, size_t n);

// `tag_len`: 10 or 4.
void srtp_oracle_init(struct srtp_oracle *o, const uint8_t master[30], size_t tag_len);

// In place; *n grows by the tag. The packet must have a whole header.
enum srtp_oracle_verdict srtp_oracle_seal(struct srtp_oracle *o, uint8_t *pkt, size_t *n);

// In place; *n shrinks by the tag. On a refusal neither the packet nor the state changes.
enum srtp_oracle_verdict srtp_oracle_open(struct srtp_oracle *o, uint8_t *pkt, size_t *n);
