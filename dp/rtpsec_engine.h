// SPDX-License-Identifier: BSD-3-Clause
// The seam between SRTP (dp/rtpsec.c, dp/rtpsec_rtcp.c) and what calculates for it: AES in counter
// mode, AES-GCM and HMAC-SHA1 over a burst of packets, with keys in one format for all engines.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp/rtpsec.h"

// Packets in one call of a kernel at most.
#define RTPSEC_BURST 64

enum rtpsec_cipher {
	RTPSEC_CM_128,
	RTPSEC_CM_256,
	RTPSEC_GCM_128,
	RTPSEC_GCM_256,
	RTPSEC_CIPHERS,
};

// Octets of expanded keys. AES's key schedule begins with the key itself; an engine that expands
// in its own memory reads only that.
#define RTPSEC_CM_128_KEYS 176
#define RTPSEC_CM_256_KEYS 240
#define RTPSEC_GCM_KEYS    1008
// HMAC-SHA1's two states after the key's block, five words each in the processor's order.
#define RTPSEC_PADS     40
#define RTPSEC_SHA1_KEY 20
#define RTPSEC_SHA1_LEN 20
#define RTPSEC_GCM_TAG  16

// What is to be calculated for one packet. A kernel reads only what is its own.
struct rtpsec_op {
	const uint8_t *keys; // expanded; 16-octet aligned, 64 for GCM
	const uint8_t *in;   // what is encrypted or decrypted
	uint8_t *out;        // == in, or elsewhere
	uint32_t len;        // of both; not 0 for the counter mode
	uint32_t aad_len;
	const uint8_t *aad;    // GCM: authenticated, not encrypted
	const uint8_t *pads;   // HMAC
	const uint8_t *hashed; // HMAC; not shorter than 16 octets
	uint32_t hashed_len;
	uint8_t iv[16]; // GCM: the first 12
	uint8_t mac
		[RTPSEC_SHA1_LEN]; // written, but by gcm() that decrypts: there the tag that came
	bool genuine;              // written by gcm() that decrypts: that tag is right
};

// `state` is an engine's own memory: one thread at a time, no heap, no lock, no system call.
struct rtpsec_kernels {
	// Control thread. Octets of state; and its first content, at a 64-octet boundary, zeroed.
	// -ENOTSUP: not on this processor; -EIO: the library failed its self-test; -ENOMEM.
	size_t (*state_size)(void);
	int (*init)(void *state, enum rtpsec_tier tier);
	void (*fini)(void *state);

	// Any thread.
	void (*expand)(void *state, enum rtpsec_cipher cipher, const uint8_t *key, uint8_t *keys);
	void (*pads)(void *state, const uint8_t key[RTPSEC_SHA1_KEY], uint8_t pads[RTPSEC_PADS]);
	void (*hmac)(void *state, struct rtpsec_op *const ops[], size_t n);
	void (*ctr)(
		void *state, enum rtpsec_cipher cipher, struct rtpsec_op *const ops[], size_t n);
	void (*gcm)(void *state, enum rtpsec_cipher cipher, bool encrypt,
		struct rtpsec_op *const ops[], size_t n);
};

extern const struct rtpsec_kernels rtpsec_imb, rtpsec_openssl;
