// SPDX-License-Identifier: BSD-3-Clause
// A few packets wait for the MAC of their next hop while it is asked for, so that the first packet to each
// arrives (RFC 1122 2.3.2.2). They are judged and translated already: rules that change meanwhile judge the next.
// Part of a worker's struct neigh_table; dp/route.c says who waits.
#pragma once

#include "dp/worker.h"

// Neighbours by address and interface.
struct neigh_key {
	struct ip_addr ip;
	uint32_t iface;
};

// Of one urgency, so that what a stranger can bring about, by a scan of a subnet, takes no place from what
// calls and gateways need; and of one next hop.
#define NEIGH_HELD      32
#define NEIGH_HELD_EACH 2
#define NEIGH_HOLD_NS   NS_PER_S

struct neigh_held {
	struct neigh_key key;
	struct rte_mbuf *m;
	uint64_t at_ns;
};

// In order of arrival.
struct neigh_holding {
	unsigned int n;
	struct neigh_held at[NEIGH_HELD];
};

// Keeps the packet; false: there is no place for it.
bool neigh_hold(
	struct neigh_holding *q, struct rte_mbuf *m, const struct neigh_key *key, uint64_t now_ns);

// Both move packets to `out`, which has room for NEIGH_HELD more, in order of arrival: those that wait for `key`,
// and those that have waited too long.
void neigh_hold_take(struct neigh_holding *q, const struct neigh_key *key, struct pkts *out);
void neigh_hold_expire(struct neigh_holding *q, uint64_t now_ns, struct pkts *out);
