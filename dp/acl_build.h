// SPDX-License-Identifier: BSD-3-Clause
// The inside of a compiled access list, shared by its two halves: dp/acl_build.c compiles,
// dp/acl.c matches.
#pragma once

#include "dp/acl.h"

struct rte_acl_ctx;

struct acl_list {
	unsigned int refs;
	size_t n;
	struct ace *aces;
	uint32_t *place;         // of the hit counts of each (dp/acl_hits.h); NULL: none taken
	struct rte_acl_ctx *ctx; // NULL: no entry can match
};

// What rte_acl reads, in network byte order.
struct acl_key {
	uint8_t proto;
	uint32_t src, dst;
	uint16_t sport, dport;
};
