// SPDX-License-Identifier: BSD-3-Clause
// A second implementation of SRTP and SRTCP, written from RFC 3711, 6188 and 7714 on OpenSSL's EVP
// alone, that the engines behind dp/rtpsec.h are compared with. One source, one direction; slow
// and plain on purpose.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp/msg.h"

#define SRTP_ORACLE_WINDOW 128

// What was seen of a row of indices.
struct srtp_oracle_seen {
	bool started;
	uint64_t newest;                   // highest index so far
	uint64_t seen[SRTP_ORACLE_WINDOW]; // index + 1 of what was seen, in slot index % window
};

struct srtp_oracle_keys {
	uint8_t enc[32], auth[20], salt[14];
};

struct srtp_oracle {
	size_t key_len, salt_len, tag_len;
	bool aead;
	struct srtp_oracle_keys rtp, rtcp;
	struct srtp_oracle_seen rtp_seen, rtcp_seen;
	uint32_t rtcp_next; // index of the next report that is sealed
};

// The numbers of enum rtpsec_status.
enum srtp_oracle_verdict { ORACLE_OK, ORACLE_AUTH, ORACLE_REPLAYED, ORACLE_LATE };

// RFC 3711 4.3.1 with key derivation rate 0. `master` is 16 octets of key and 14 of salt.
void srtp_oracle_derive(const uint8_t master[30], uint8_t label, uint8_t *out, size_t n);
// Any key, and a salt of 14 octets.
void srtp_oracle_derive_long(const uint8_t *key, size_t key_len, const uint8_t salt[14],
	uint8_t label, uint8_t *out, size_t n);

// AES_CM_128 with a tag of 10 or 4 octets.
void srtp_oracle_init(struct srtp_oracle *o, const uint8_t master[30], size_t tag_len);
// `suite`: enum dp_srtp_suite; `master`: as in dp/msg.h.
void srtp_oracle_init_suite(
	struct srtp_oracle *o, uint8_t suite, const uint8_t master[DP_SRTP_KEY_LEN]);

// In place; *n grows by the tag, or by tag and index. The packet must have a whole header.
enum srtp_oracle_verdict srtp_oracle_seal(struct srtp_oracle *o, uint8_t *pkt, size_t *n);
void srtp_oracle_seal_rtcp(struct srtp_oracle *o, uint8_t *pkt, size_t *n);

// In place; *n shrinks by what sealing added, there is no MKI. On a refusal neither the packet nor
// the state changes.
enum srtp_oracle_verdict srtp_oracle_open(struct srtp_oracle *o, uint8_t *pkt, size_t *n);
enum srtp_oracle_verdict srtp_oracle_open_rtcp(struct srtp_oracle *o, uint8_t *pkt, size_t *n);
