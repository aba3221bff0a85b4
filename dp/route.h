// SPDX-License-Identifier: BSD-3-Clause
// Where a packet goes: longest prefix match in the snapshot, the next hop's MAC from the worker's
// own table, the L2 header.
#pragma once

#include "dp/neigh_hold.h"
#include "dp/snapshot.h"
#include "dp/worker.h"
#include "lib/bucket.h"

// Neighbours that a worker knows at once, and unknown ones that it remembers having asked for.
#define NEIGH_MAX   4096
#define NEIGH_ASKED 256
// So that a session can note the number of one in 16 bits, and 0 for none.
#define NEIGH_NUMBERS_MAX (UINT16_MAX - 1u)
#define IPV4_TTL_MIN      1
// Destinations whose way is known without a look-up, to packets without a session.
#define ROUTE_HOPS 1024

// The best route, or NULL. Pure.
const struct route *route_lookup(const struct snapshot *s, const struct ip_addr *dst);

// Fills a route; false when it is not IPv4 (IPv6 is not routed yet). Pure.
bool route_make(struct route *out, const struct dp_route *in);

// A next hop that was asked for lately, so that it is not asked for at every packet.
struct neigh_asked {
	struct neigh_key key;
	uint64_t at_ns;
};

// Questions of one urgency: what a stranger can bring about, by a scan of a subnet, must not keep those from
// being asked that calls, gateways and flows which were answered depend on.
enum neigh_urgency { NEIGH_ANY, NEIGH_URGENT, NEIGH_URGENCIES };

_Static_assert(NEIGH_URGENCIES *NEIGH_HELD <= PKTS_MAX, "all that wait fit into one vector");

struct neigh_asking {
	struct bucket bucket; // all of them together
	struct neigh_asked asked[NEIGH_ASKED];
};

// A neighbour that is known: all that a frame to it needs.
struct neigh {
	struct rte_ether_addr mac[2]; // its own and ours, as they stand in the frame
	uint16_t iface;
} __attribute__((aligned(16)));

// What the routes of the moment say about one destination: the neighbour's number.
struct route_hop {
	rte_be32_t dst; // IPv4; 0: nothing yet
	uint32_t neigh;
};

// Made by dp/worker_ctl.c. The position of a key in the hash is the neighbour's number.
struct neigh_table {
	struct rte_hash *hash;
	struct neigh *at;
	uint32_t n; // how many positions there are, NEIGH_NUMBERS_MAX at most
	uint32_t seed;
	uint16_t gen;  // goes on when a number may come to mean another neighbour
	uint16_t held; // packets that wait in `holding`
	struct neigh_asking asking[NEIGH_URGENCIES];
	struct neigh_holding holding[NEIGH_URGENCIES];
	uint32_t hops_gen;                // of the rules that `hop` follows
	struct route_hop hop[ROUTE_HOPS]; // forgotten when rules change, or a neighbour goes
};

// The way that a packet to `dst` would take from here, or the reason why it would not: what
// route_stage() does, but nothing is remembered and nobody asked. `next` is the next hop, if there is a
// route; *out its number. Changes nothing.
enum dp_counter_id route_peek(const struct worker *w, struct rte_mbuf *m, rte_be32_t dst,
	uint32_t *out, struct neigh_key *next);

// Whether that neighbour is known, by that MAC.
bool neigh_is(
	const struct worker *w, const struct neigh_key *key, const struct rte_ether_addr *mac);

// NEIGH_SET, after which what has waited for the neighbour is sent, and NEIGH_DEL.
void neigh_msg(struct worker *w, const struct dp_msg *m);

// Once a turn: what has waited too long for its next hop's MAC is dropped as NEIGH_UNRESOLVED.
void neigh_hold_turn(struct worker *w);
static inline void neigh_turn(struct worker *w)
{
	if (unlikely(w->neigh->held > 0))
		neigh_hold_turn(w);
}

// Sends every packet to the interface and MAC of its next hop: TTL, MTU, L2 header. Nothing is
// left in `v`.
void route_stage(struct worker *w, struct pkts *v);
// The same for packets that hit a forward session, which remembers where they go: translates them first
// (p->flow stays as they came in) and takes aside those that turn round. One stage, so that the lines of a
// packet and of its session are visited once.
void route_sess_stage(struct worker *w, struct pkts *v);

// Queues a frame that is complete for an interface; it leaves at the end of the turn.
void route_tx(struct worker *w, struct rte_mbuf *m, uint16_t iface);
static inline void route_tx_add(struct worker *w, struct rte_mbuf *m, uint16_t iface)
{
	struct pkts *v = &w->tx[iface];

	if (likely(v->n < PKTS_BURST))
		pkts_add(v, m);
	else
		route_tx(w, m, iface);
}

// Whether the packet is larger than what goes to that interface in one piece.
static inline bool route_is_large(
	const struct worker *w, const struct rte_ipv4_hdr *ip, uint16_t iface)
{
	return rte_be_to_cpu_16(ip->total_length) > w->mtu[iface];
}
// Sends what is a whole burst already: the buffers that come back are still in the first level when the next
// burst is received into them.
void route_flush_full(struct worker *w);
// The end of the turn: whatever the device does not take is dropped as TX_FULL.
void route_flush(struct worker *w);
