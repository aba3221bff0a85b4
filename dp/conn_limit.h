// SPDX-License-Identifier: BSD-3-Clause
// How many flows a host may have at once, and how many that are half-open: to it, and from it
// (`set connection`). Counted by each worker for its own, against its share of the limit.
//
// What counts is not a host but a place of a fixed table, found by a hash with a secret: nothing is
// allocated, and there is no table that strangers could fill. Two hosts of one place share its limit; one
// in 65536 does so with a host that is flooded. A session remembers its places, so that what it took is
// given back whatever the rules have become. An established packet looks at none of this.
#pragma once

#include "dp/acl.h"
#include "dp/worker.h"

#define CONN_LIMIT_PLACES 65536

struct conn_limit_count {
	uint32_t conns, embryonic;
};

// Made by dp/worker_ctl.c.
struct conn_limits {
	uint32_t seed;
	uint64_t told_ns; // when the control plane heard of a refusal
	struct conn_limit_count client[CONN_LIMIT_PLACES], target[CONN_LIMIT_PLACES];
};

// Whether the flow of a verdict ACL_FORWARD, not translated yet, may be opened beside the others that are
// there. PASS, and *places says where it is to be counted; or why not. Changes nothing.
enum dp_counter_id conn_limit_check(const struct worker *w, const struct pkt *p,
	const struct acl_verdict *v, struct conn_limit_places *places);

// Tells the control plane of a flow that was refused so, once a second at most.
void conn_limit_tell(
	struct worker *w, const struct pkt *p, const struct acl_verdict *v, enum dp_counter_id why);

// A session counts from now on; is no longer half-open; has ended.
void conn_limit_take(struct worker *w, const struct conn_limit_places *at, bool embryonic);
void conn_limit_up(struct worker *w, const struct conn_limit_places *at);
void conn_limit_put(struct worker *w, const struct conn_limit_places *at, bool embryonic);
