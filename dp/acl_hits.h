// SPDX-License-Identifier: BSD-3-Clause
// How often each rule of the access lists has decided, and when last. A worker writes its own array
// alone; the control thread reads them all and never writes one (a reset is a baseline, as with
// counters). A rule has a place in the arrays for as long as any rules in force, or on their way out,
// know its id: so its count outlives a change of the lists.
#pragma once

#include <stdint.h>

// Places: those of the most rules that a configuration makes, of the ones in force and of the ones
// that take over. More rules than that share the last place, which nobody reads.
#define ACL_HITS_MAX 32768

struct acl_hit {
	uint64_t n;
	uint64_t last_ns; // of the worker's clock
};

// The worker's side.
static inline void acl_hit_count(struct acl_hit *hit, uint64_t now_ns)
{
	__atomic_store_n(&hit->n, hit->n + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&hit->last_ns, now_ns, __ATOMIC_RELAXED);
}

// The rest is for the control thread (dp/acl_hits.c). The array of a worker; NULL: no memory.
struct acl_hit *acl_hits_new(unsigned int worker);
void acl_hits_free(unsigned int worker);

// The place of a rule, for one more list that has it.
uint32_t acl_hits_take(uint32_t id);
void acl_hits_put(uint32_t id, uint32_t place);

// What all workers have counted since the rule is known, or since it was cleared. Of an id that no
// rule has, nothing.
void acl_hits_read(uint32_t id, struct acl_hit *out);
void acl_hits_clear(uint32_t id);
