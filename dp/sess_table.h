// SPDX-License-Identifier: BSD-3-Clause
// Where a worker's sessions are found: buckets of one cache line that hold a tag and a reference of
// each key, beside the records that hold the keys themselves. A look-up reads one line and, where it
// finds something, the record that the caller is after anyway; both can be asked for ahead, for all
// packets of a burst (bench: `tools/bench firewall`). For dp/sess.c; the worker's thread alone.
#pragma once

#include <emmintrin.h>

#include <rte_prefetch.h>

#include "dp/sess.h"

#define SESS_BUCKET_KEYS 7

// A key lives in its own bucket or, when that was full, in the next one that was not. `passed` counts
// the keys that went on from here, so a search knows where to end, and nothing needs a tombstone.
struct sess_bucket {
	uint32_t tag[SESS_BUCKET_KEYS];
	uint32_t passed;
	uint32_t ref[SESS_BUCKET_KEYS]; // slot * 2 + direction + 1; 0: free
	uint32_t unused;
} __rte_cache_aligned;

_Static_assert(sizeof(struct sess_bucket) == RTE_CACHE_LINE_MIN_SIZE, "one line");

static inline uint32_t sess_ref(uint32_t slot, unsigned int dir)
{
	return (slot << 1 | dir) + 1;
}

static inline uint32_t sess_ref_slot(uint32_t ref)
{
	return (ref - 1) >> 1;
}

static inline unsigned int sess_ref_dir(uint32_t ref)
{
	return (ref - 1) & 1;
}

// Two words, each plus a secret one, multiplied and folded (after NH, RFC 4418 5.2.4, with words of 64 bits): a
// stranger cannot make tuples collide, at a tenth of the cost of rte_jhash.
static inline uint64_t sess_key_hash(const struct sess_table *t, struct sess_key k)
{
	__uint128_t x = (__uint128_t)(k.word[0] + t->secret[0]) * (k.word[1] + t->secret[1]);

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

static inline bool sess_key_eq(struct sess_key a, struct sess_key b)
{
	return ((a.word[0] ^ b.word[0]) | (a.word[1] ^ b.word[1])) == 0;
}

static inline struct sess_key sess_key_make(const struct flow *f, uint16_t iface)
{
	return (struct sess_key){
		.ends = pkt_ends_of(&f->src, &f->dst), .proto = f->proto, .iface = iface};
}

// Of what came in just now.
static inline struct sess_key sess_pkt_key(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	struct sess_key k;
	uint32_t ports;

	if (unlikely(!p->plain))
		return sess_key_make(&p->flow, p->iface_in);
	memcpy(&k.word[0], rte_pktmbuf_mtod_offset(m, uint8_t *, PLAIN_ENDS), 8);
	memcpy(&ports, rte_pktmbuf_mtod_offset(m, uint8_t *, PLAIN_ENDS + 8), 4);
	k.word[1] = (uint64_t)p->iface_in << 48 | (uint64_t)PROTO_UDP << 32 | ports;
	return k;
}

// The tag is made of bits that do not choose the bucket, in any table of a size that there can be.
static inline uint32_t sess_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static inline uint32_t sess_home(const struct sess_table *t, uint64_t hash)
{
	return (uint32_t)hash & t->bucket_mask;
}

// rte_prefetch0() is dropped by some processors when much is under way; this one is not.
static inline void sess_table_prefetch(const struct sess_table *t, uint64_t hash)
{
	rte_prefetch1(&t->buckets[sess_home(t, hash)]);
}

// A bit for each place of the bucket that has this tag, some of which may be free.
static inline unsigned int sess_bucket_match(const struct sess_bucket *b, uint32_t tag)
{
	const __m128i want = _mm_set1_epi32((int)tag);
	const __m128i *tags = (const __m128i *)b->tag;
	__m128i lo = _mm_cmpeq_epi32(_mm_load_si128(tags), want);
	__m128i hi = _mm_cmpeq_epi32(_mm_load_si128(tags + 1), want);
	int eight =
		_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(lo, hi), _mm_setzero_si128()));

	return (unsigned int)eight & ((1u << SESS_BUCKET_KEYS) - 1);
}

// The first reference with the tag of this hash: almost certainly the one, but the key in the record
// decides. 0: none, and no key of this hash is there.
static inline uint32_t sess_table_guess(const struct sess_table *t, uint64_t hash)
{
	for (uint32_t at = sess_home(t, hash);; at = (at + 1) & t->bucket_mask) {
		const struct sess_bucket *b = &t->buckets[at];

		for (unsigned int m = sess_bucket_match(b, sess_tag(hash)); m != 0; m &= m - 1) {
			uint32_t ref = b->ref[__builtin_ctz(m)];

			if (likely(ref != 0))
				return ref;
		}
		if (likely(b->passed == 0))
			return 0;
	}
}

// The reference of a key, or 0.
uint32_t sess_table_find(const struct sess_table *t, struct sess_key k, uint64_t hash);

// Adds a key that is not there. There is always room for two keys of each slot.
void sess_table_add(struct sess_table *t, uint64_t hash, uint32_t ref);

// Takes out the key that was added with just these.
void sess_table_del(struct sess_table *t, uint64_t hash, uint32_t ref);

// Cold, control thread. How many buckets a table for `max` sessions has; a power of two.
uint32_t sess_table_buckets(uint32_t max);
