// SPDX-License-Identifier: BSD-3-Clause
// How often each translation rule has been used for a new flow. A worker counts under the rule's id,
// so that counts outlive new rules; the control thread reads and adds.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Ids that a worker can count, half of which leaves short ways to each; then the new go uncounted.
#define NAT_HITS_SLOTS 8192u

enum { NAT_TRANSLATED, NAT_UNTRANSLATED, NAT_HIT_KINDS };

struct nat_hit {
	uint32_t id; // 0: empty
	uint64_t n[NAT_HIT_KINDS];
};

// The slot of an id, or the empty one that it would take; NULL: none. A few steps, as a rule. Ids
// are hashes (config/ids.c).
static inline struct nat_hit *nat_hits_find(struct nat_hit *hits, uint32_t id)
{
	for (uint32_t i = 0; i < 16; i++) {
		struct nat_hit *hit = &hits[(id + i) % NAT_HITS_SLOTS];
		uint32_t there = __atomic_load_n(&hit->id, __ATOMIC_RELAXED);

		if (there == id || there == 0)
			return hit;
	}
	return NULL;
}

// The worker alone.
static inline void nat_hits_add(struct nat_hit *hits, uint32_t id, unsigned int kind)
{
	struct nat_hit *hit = nat_hits_find(hits, id);

	if (hit == NULL)
		return;
	__atomic_store_n(&hit->n[kind], hit->n[kind] + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&hit->id, id, __ATOMIC_RELEASE);
}
