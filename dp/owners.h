// SPDX-License-Identifier: BSD-3-Clause
// The owners of flows that a worker has steered lately (dp/handoff.h), so that an established packet asks no
// rule of translation, however many there are. Found by the hash that finds sessions; sets of eight
// places in a line. What other rules said never matches, for their number is in every place's tag. The
// worker's thread alone.
#pragma once

#include <rte_common.h>
#include <rte_prefetch.h>

#define OWNERS_PLACES 8u
// A place: the rest is of the tag. Owners are 0 to 254.
#define OWNERS_OWNER UINT64_C(0xff)

struct owners_set {
	uint64_t at[OWNERS_PLACES]; // tag | owner + 1; 0: nothing yet
} __rte_cache_aligned;

struct owners {
	uint32_t mask;
	uint32_t turn; // whose place is taken next
	struct owners_set set[];
};

static inline uint64_t owners_tag(uint64_t hash, uint32_t gen)
{
	return (hash ^ gen * UINT64_C(0x9e3779b97f4a7c15)) & ~OWNERS_OWNER;
}

static inline void owners_prefetch(const struct owners *o, uint64_t hash)
{
	rte_prefetch1(&o->set[hash & o->mask]);
}

// The owner, or -1: not known.
static inline int owners_find(const struct owners *o, uint64_t hash, uint32_t gen)
{
	const struct owners_set *s = &o->set[hash & o->mask];
	const uint64_t tag = owners_tag(hash, gen);

	for (unsigned int i = 0; i < OWNERS_PLACES; i++)
		if ((s->at[i] ^ tag) <= OWNERS_OWNER)
			return (int)(s->at[i] & OWNERS_OWNER) - 1;
	return -1;
}

static inline void owners_add(struct owners *o, uint64_t hash, uint32_t gen, unsigned int owner)
{
	o->set[hash & o->mask].at[o->turn++ % OWNERS_PLACES] = owners_tag(hash, gen) | (owner + 1);
}

// Octets of one that is good for the flows of so many sessions.
static inline size_t owners_size(uint32_t sessions)
{
	const size_t sets = rte_align32pow2(RTE_MAX(2 * sessions / OWNERS_PLACES, 1u));

	return sizeof(struct owners) + sets * sizeof(struct owners_set);
}
