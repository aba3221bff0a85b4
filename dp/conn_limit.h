// SPDX-License-Identifier: BSD-3-Clause
// How many flows a host may have at once, and how many that are half-open: to it, and from it; and how many
// TCP connections to it may begin in a second (`set connection`). Counted by each worker for its own,
// against its share of the limit.
//
// What counts is not a host but a place of a fixed table, found by a hash with a secret: nothing is
// allocated, and there is no table that strangers could fill. Two hosts of one place share its limit; one
// in 65536 does so with a host that is flooded. A session remembers its places, so that what it took is
// given back whatever the rules have become. An established packet looks at none of this.
#pragma once

#include "dp/acl.h"
#include "dp/worker.h"
#include "lib/bucket.h"

#define CONN_LIMIT_PLACES 65536

struct conn_limit_count {
	uint32_t conns, embryonic;
};

// Classes that a worker can count, half of which leaves short ways to each; then the new go uncounted.
#define CONN_LIMIT_CLASSES 1024

// What a class has, whatever rules are in force, and what its limits refused. The worker writes, the control
// thread reads.
struct conn_limit_class {
	uint32_t id; // 0: empty
	uint32_t conns, embryonic;
	uint64_t drops[DP_LIMITS_OF_CLASS]; // by enum dp_limit
};

// Made by dp/worker_ctl.c.
struct conn_limits {
	uint32_t seed;
	uint64_t told_ns; // when the control plane heard of a refusal
	struct conn_limit_count client[CONN_LIMIT_PLACES], target[CONN_LIMIT_PLACES];
	struct bucket begun[CONN_LIMIT_PLACES]; // TCP connections to a target
	struct conn_limit_class classes[CONN_LIMIT_CLASSES];
};

// The class of an id, or the empty one that it would take; NULL: none. Ids are hashes (config/ids.c).
static inline struct conn_limit_class *conn_limit_class_of(struct conn_limit_class *c, uint32_t id)
{
	for (uint32_t i = 0; i < 16; i++) {
		struct conn_limit_class *at = &c[(id + i) % CONN_LIMIT_CLASSES];
		uint32_t there = __atomic_load_n(&at->id, __ATOMIC_ACQUIRE);

		if (there == id || there == 0)
			return at;
	}
	return NULL;
}

// Whether the flow of a verdict ACL_FORWARD, not translated yet, may be opened beside the others that are
// there. PASS, and *places says where it is to be counted; or why not. Changes nothing.
enum dp_counter_id conn_limit_check(const struct worker *w, const struct pkt *p,
	const struct acl_verdict *v, struct conn_limit_places *places);

// Counts a flow that was refused so, and tells the control plane of it, once a second at most.
void conn_limit_refused(
	struct worker *w, const struct pkt *p, const struct acl_verdict *v, enum dp_counter_id why);

// Whether more than half of the half-open connections that the host may have are there; or of those that are there
// for all interfaces, and the one that it came in on has some of them.
bool conn_limit_is_crowded(
	const struct worker *w, uint16_t iface, const struct conn_limit_places *at);

// A session counts from now on, `embryonic` if it is TCP's; is no longer half-open; has ended.
void conn_limit_take(struct worker *w, const struct conn_limit_places *at, bool embryonic);
void conn_limit_up(struct worker *w, const struct conn_limit_places *at);
void conn_limit_put(struct worker *w, const struct conn_limit_places *at, bool embryonic);
