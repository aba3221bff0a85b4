// SPDX-License-Identifier: BSD-3-Clause
// A context's memory, its sources and their replay windows. Only for dp/rtpsec*.c.
//
// One context of AES_CM_128 is six cache lines, of which RTP touches the first five:
//
//	head        source 0, lifetime, salt, HMAC's two states        96 octets
//	keys        AES's key schedule (GCM: and the powers of H)     176 (240, 1008)
//	tail        source 1, SRTCP's keys and source 0               107 (123)
//
// Further sources are rare. They lie in a block of their own for every context, in memory that
// costs nothing until it is used.
#pragma once

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp/rtpsec_engine.h"

typedef unsigned __int128 rtpsec_u128;

#define RTPSEC_SALT        14
#define RTPSEC_CM_RTCP_TAG 10

struct rtpsec_source {
	uint64_t newest;    // highest index: ROC and sequence number
	uint64_t window[2]; // bit k: newest - k was seen
	uint32_t ssrc;
	bool used;
};

struct rtpsec_rtcp_source {
	uint64_t window[2];
	uint32_t ssrc;
	uint32_t next; // highest index + 1; 0: not used
};

struct rtpsec {
	struct rtpsec_source source;
	uint64_t left; // packets until the key is used up
	uint8_t salt[RTPSEC_SALT];
	uint8_t suite, mki_len;
	uint8_t pads[RTPSEC_PADS];
	// keys, tail
};

struct rtpsec_tail {
	struct rtpsec_source source;
	struct rtpsec_rtcp_source rtcp;
	uint8_t rtcp_auth[RTPSEC_SHA1_KEY];
	uint8_t rtcp_salt[RTPSEC_SALT];
	bool more; // its block of further sources was touched
	uint8_t rtcp_key[];
};

// Where keys and tail are, and the size of all.
#define RTPSEC_CM_KEYS_AT     sizeof(struct rtpsec)
#define RTPSEC_CM_128_TAIL_AT (RTPSEC_CM_KEYS_AT + RTPSEC_CM_128_KEYS)
#define RTPSEC_CM_256_TAIL_AT (RTPSEC_CM_KEYS_AT + RTPSEC_CM_256_KEYS)
#define RTPSEC_GCM_KEYS_AT    128
#define RTPSEC_GCM_TAIL_AT    (RTPSEC_GCM_KEYS_AT + RTPSEC_GCM_KEYS)
#define RTPSEC_CM_128_SIZE    384
#define RTPSEC_CM_256_SIZE    512
#define RTPSEC_GCM_SIZE       1280
_Static_assert(RTPSEC_CM_KEYS_AT == 96, "AES keys need a 16-octet boundary");
_Static_assert(RTPSEC_CM_128_TAIL_AT + sizeof(struct rtpsec_tail) + 16 <= RTPSEC_CM_128_SIZE &&
		RTPSEC_CM_256_TAIL_AT + sizeof(struct rtpsec_tail) + 32 <= RTPSEC_CM_256_SIZE &&
		RTPSEC_GCM_TAIL_AT + sizeof(struct rtpsec_tail) + 32 <= RTPSEC_GCM_SIZE,
	"a context holds its tail");

struct rtpsec_more {
	struct rtpsec_source source[RTPSEC_SSRCS_MAX - 2];
	struct rtpsec_rtcp_source rtcp[RTPSEC_SSRCS_MAX - 1];
};

// Contexts of one size, and their further sources.
struct rtpsec_arena {
	uint8_t *base;
	struct rtpsec_more *more;
	size_t size;   // of a context
	uint32_t max;  // contexts
	uint32_t high; // so many were ever in use
	void *free;    // a list through those that were given back
};

struct rtpsec_suite {
	enum rtpsec_cipher cipher;
	uint8_t key_len, salt_len, tag_len, rtcp_tag_len;
	bool aead;
	uint16_t keys, tail; // offsets in a context
	struct rtpsec_arena *arena;
};
extern const struct rtpsec_suite rtpsec_suites[DP_SRTP_SUITES];
extern struct rtpsec_arena rtpsec_arena_cm_128, rtpsec_arena_cm_256, rtpsec_arena_gcm;

// A packet on its way through rtpsec.c.
struct rtpsec_pending {
	struct rtpsec_op op; // first: lists of these are lists of ops
	const struct rtpsec_suite *suite;
	uint64_t index; // that was calculated with
	uint32_t ssrc, len;
	uint16_t seq;
	uint8_t behind[4]; // what stood where the ROC is put
	uint8_t tag[10];   // the counter mode's, as it came
	bool calculated;   // with `index`
	bool genuine;
	bool changed; // the payload is no longer what came
};

struct rtpsec_engine {
	const struct rtpsec_kernels *kernels;
	void *state;
	struct rtpsec_pending pending[RTPSEC_BURST + 1]; // the last: for one packet alone
	struct rtpsec_op *hmac[RTPSEC_BURST], *crypt[RTPSEC_CIPHERS][RTPSEC_BURST];
	size_t mapped;                                          // octets of this and `state`
	uint8_t keys[1024] __attribute__((aligned(64)));        // of SRTCP, for one packet
	uint8_t pads[RTPSEC_PADS] __attribute__((aligned(16))); // likewise
	uint8_t away[UINT16_MAX + 1]; // plain text that nobody asked for (verify_only)
};

static inline const uint8_t *rtpsec_keys(const struct rtpsec *c, const struct rtpsec_suite *s)
{
	return (const uint8_t *)c + s->keys;
}

static inline struct rtpsec_tail *rtpsec_tail(struct rtpsec *c, const struct rtpsec_suite *s)
{
	return (struct rtpsec_tail *)((uint8_t *)c + s->tail);
}

static inline struct rtpsec_more *rtpsec_more(const struct rtpsec *c, const struct rtpsec_suite *s)
{
	return &s->arena->more[(size_t)((const uint8_t *)c - s->arena->base) / s->arena->size];
}

static inline void rtpsec_put_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	__builtin_memcpy(p, &v, 4);
}

// RFC 3711 3.3.2 for an index that is `behind` the newest (negative: ahead).
static inline enum rtpsec_status rtpsec_judge(const uint64_t window[2], int64_t behind)
{
	if (behind < 0)
		return RTPSEC_OK;
	if (behind >= RTPSEC_WINDOW)
		return RTPSEC_LATE;
	return (window[behind / 64] >> (behind % 64) & 1) != 0 ? RTPSEC_REPLAYED : RTPSEC_OK;
}

// Marks it as seen; if it is ahead, it is the newest from now on.
static inline void rtpsec_mark(uint64_t window[2], int64_t behind)
{
	rtpsec_u128 w = (rtpsec_u128)window[1] << 64 | window[0];

	if (behind >= 0)
		w |= (rtpsec_u128)1 << behind;
	else
		w = (behind > -RTPSEC_WINDOW ? w << -behind : 0) | 1;
	window[0] = (uint64_t)w;
	window[1] = (uint64_t)(w >> 64);
}

// The IVs of RFC 3711 4.1.1 and RFC 7714 8.1 and 9.1. `index`: ROC and sequence number, or
// SRTCP's index.
static inline void rtpsec_iv(const struct rtpsec_suite *s, const uint8_t salt[RTPSEC_SALT],
	uint32_t ssrc, uint64_t index, uint8_t iv[16])
{
	uint64_t hi, lo;
	uint32_t third;
	uint16_t last;

	__builtin_memcpy(&hi, salt, 8);
	__builtin_memcpy(&third, salt + 8, 4);
	__builtin_memcpy(&last, salt + 12, 2);
	lo = (uint64_t)last << 32 | third;
	if (s->aead) { // octets 2 to 5, and 6 to 11
		hi ^= __builtin_bswap64((uint64_t)ssrc << 16 | index >> 32);
		lo ^= __builtin_bswap32((uint32_t)index);
	} else { // octets 4 to 7, and 8 to 13
		hi ^= __builtin_bswap64(ssrc);
		lo ^= __builtin_bswap64(index << 16);
	}
	__builtin_memcpy(iv, &hi, 8);
	__builtin_memcpy(iv + 8, &lo, 8);
}

// SRTCP, one packet at a time (dp/rtpsec_rtcp.c). Worker.
enum rtpsec_status rtpsec_rtcp_open(struct rtpsec_engine *e, struct rtpsec_job *j);
enum rtpsec_status rtpsec_rtcp_seal(struct rtpsec_engine *e, struct rtpsec_job *j);
// Packets left to the source that has used most of its indices.
uint64_t rtpsec_rtcp_left(const struct rtpsec *c);

// Locked memory that no core dump and no child gets (dp/rtpsec_mem.c). Control thread.
// -EPERM: so much may not be locked (RLIMIT_MEMLOCK); -ENOMEM.
int rtpsec_map(void **out, size_t octets);
void rtpsec_unmap(void *p, size_t octets); // wipes nothing
int rtpsec_arenas_init(uint32_t contexts_max);
void rtpsec_arenas_fini(void); // wipes
// Zeroed; NULL: all are in use.
struct rtpsec *rtpsec_arena_take(const struct rtpsec_suite *s);
void rtpsec_arena_give(struct rtpsec *c); // wipes
