// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// What of the session table is too rare or too long to be inline; see dp/sess_table.h.
#include "dp/sess_table.h"

// So that, of seven places, four are taken on the average at most.
#define KEYS_PER_BUCKET 4

uint32_t sess_table_buckets(uint32_t max)
{
	return rte_align32pow2(RTE_MAX(2 * max / KEYS_PER_BUCKET, 1u));
}

uint32_t sess_table_find(const struct sess_table *t, struct sess_key k, uint64_t hash)
{
	for (uint32_t at = sess_home(t, hash);; at = (at + 1) & t->bucket_mask) {
		const struct sess_bucket *b = &t->buckets[at];

		for (unsigned int m = sess_bucket_match(b, sess_tag(hash)); m != 0; m &= m - 1) {
			uint32_t ref = b->ref[__builtin_ctz(m)];

			if (ref != 0 &&
				sess_key_eq(k, t->slots[sess_ref_slot(ref)].key[sess_ref_dir(ref)]))
				return ref;
		}
		if (b->passed == 0)
			return 0;
	}
}

static int place_of(const struct sess_bucket *b, uint32_t ref)
{
	for (int i = 0; i < SESS_BUCKET_KEYS; i++)
		if (b->ref[i] == ref)
			return i;
	return -1;
}

void sess_table_add(struct sess_table *t, uint64_t hash, uint32_t ref)
{
	for (uint32_t at = sess_home(t, hash);; at = (at + 1) & t->bucket_mask) {
		struct sess_bucket *b = &t->buckets[at];
		int i = place_of(b, 0);

		if (i >= 0) {
			b->tag[i] = sess_tag(hash);
			b->ref[i] = ref;
			return;
		}
		b->passed++;
	}
}

void sess_table_del(struct sess_table *t, uint64_t hash, uint32_t ref)
{
	for (uint32_t at = sess_home(t, hash);; at = (at + 1) & t->bucket_mask) {
		struct sess_bucket *b = &t->buckets[at];
		int i = place_of(b, ref);

		if (i >= 0) {
			b->ref[i] = 0;
			return;
		}
		b->passed--;
	}
}
