// SPDX-License-Identifier: BSD-3-Clause
// The state of one worker and what its stages share. Everything here belongs to the worker's
// thread alone, except where it says otherwise; nothing here locks, allocates, logs or makes a
// system call while traffic runs (naps excepted).
//
// A stage is `void x_stage(struct worker *w, struct pkts *v)`: when it returns, `v` holds the
// packets that go on to the next stage, in order of arrival. The others it has given to
// pkt_drop(), or to another end (punt, handoff, transmit). A stage cannot fail.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "dp/counters.h"
#include "dp/dp.h"
#include "dp/msg.h"
#include "dp/pkt.h"

struct capture_ring; // dp/capture.h
struct conn_limits;  // dp/conn_limit.h
struct acl_hit;      // dp/acl_hits.h
struct acl_log;      // dp/acl_log.h
struct frag_table;   // dp/frag.h
struct icmp_state;   // dp/icmp.h
struct media_worker; // dp/media.c
struct nat_hit;      // dp/nat_hits.h
struct neigh_table;  // dp/route.c
struct owners;       // dp/owners.h
struct punt_state;   // dp/punt.c
struct sess_table;   // dp/sess.c
struct snapshot;     // dp/snapshot.h
struct xlate_table;  // dp/xlate.h

// A receive queue that this worker polls.
struct worker_rxq {
	uint16_t iface, queue;
	bool by_tag; // `iface` is one of several on the port (dp/vlan.h)
};

// Of an interface that shares its port; the device counts for all of them together.
struct vlan_count {
	uint64_t packets, bytes;
};

// Of an interface: packets that failed the reverse path check, and when the control plane heard of which
// kind of source that was made up (enum dp_spoof).
struct spoof_count {
	uint64_t rpf_drops, told_ns[DP_SPOOF_KINDS];
};

// Of dp/ipid.h: counters by path.
#define IPID_TURNS 1024
struct ipid_state {
	uint32_t seed;
	uint16_t turn[IPID_TURNS];
};

// What decides ownership beside the rules; the seed is random per start.
struct handoff_key {
	uint32_t seed;
	unsigned int n_workers;
};

// A request to walk over the sessions, or for a copy of the dynamic translations, answered a piece per
// turn, or for the way of a packet. `state` passes it to and fro: whoever finds LISTING_IDLE or LISTING_DONE
// there is the control thread, and owns the rest.
enum listing_state { LISTING_IDLE, LISTING_ASKED, LISTING_BUSY, LISTING_DONE };

struct worker_listing {
	int state; // enum listing_state
	uint32_t cursor;
	size_t max, n;
	struct dp_xlate *xlates;  // NULL: it is about sessions
	struct nat_filter filter; // of translations
	struct dp_conn_filter conns;
	enum dp_conns_do what;
	struct dp_conn *out; // of DP_CONNS_LIST
	uint32_t slots;      // how many more may be looked at
	bool end;            // of the table
};

struct worker_trace {
	int state; // enum listing_state
	struct rte_mbuf *m;
	struct dp_trace *out;
};

struct worker {
	unsigned int id, n_workers;
	struct handoff_key steer;
	struct owners *owners;       // where there are several workers
	uint64_t now_ns;             // CLOCK_MONOTONIC, read once per turn
	const struct snapshot *snap; // the rules, read once per turn; not to be kept beyond it
	struct counters *count;
	struct acl_hit *hits; // by the place of a rule
	struct acl_log *acl_log;
	struct rte_mempool *pool;
	struct frag_table *frag;
	struct sess_table *sess;
	struct xlate_table *xlate;
	struct nat_hit *nat_hits; // dp/nat_hits.h
	struct conn_limits *conn_limits;
	struct neigh_table *neigh;
	struct punt_state *punt;
	struct icmp_state *icmp;
	struct media_worker *media;

	unsigned int n_ifaces, n_rxq;
	struct worker_rxq rxq[DP_IFACES_MAX * WORKERS_MAX];
	uint16_t port[DP_IFACES_MAX]; // ethdev of an interface
	uint16_t mtu[DP_IFACES_MAX];
	uint16_t vlan[DP_IFACES_MAX]; // tag, 0: none
	bool by_tag[DP_IFACES_MAX];
	struct pkts vlan_in[DP_IFACES_MAX]; // of a burst, by its tags
	struct vlan_count vlan_rx[DP_IFACES_MAX], vlan_tx[DP_IFACES_MAX];
	struct rte_ether_addr mac[DP_IFACES_MAX];
	bool judges_l4[DP_IFACES_MAX]; // the device; see struct eal_port
	struct ipid_state ipid;
	struct pkts tx[DP_IFACES_MAX];    // leave at the end of the turn
	struct pkts handoff[WORKERS_MAX]; // of the steer stage
	struct pkts hairpin;              // come in again
	struct pkts dropped;              // freed together
	uint16_t dropped_why[PKTS_MAX];   // enum dp_counter_id of each
	// Those that run, a bit each; their rings are lent by the control thread.
	uint32_t captures;
	struct capture_ring *capture[DP_CAPTURES_MAX];

	struct rte_ring *msg_down,
		*msg_up; // struct dp_msg each; the other end is the control thread
	struct rte_ring *punt_down, *punt_up;                                // mbufs
	struct rte_ring *handoff_in[WORKERS_MAX], *handoff_out[WORKERS_MAX]; // by the other worker

	// Between turns.
	bool poll_adaptive;
	unsigned int idle_turns;
	uint64_t nap_ns;
	int (*thread_start)(void);
	int running; // written by the worker: 1, or what thread_start() failed with
	int stop;    // written by the control thread
	struct worker_listing listing;
	struct worker_trace trace;

	struct spoof_count spoof[DP_IFACES_MAX];
} __rte_cache_aligned;

static inline void count_add(struct worker *w, enum dp_counter_id id, uint64_t n)
{
	counter_add(w->count, id, n);
}

void capture_dropped(struct worker *w); // dp/capture.h

// Frees what was dropped.
static inline void worker_free_dropped(struct worker *w)
{
	if (unlikely(w->captures != 0))
		capture_dropped(w);
	rte_pktmbuf_free_bulk(w->dropped.m, w->dropped.n);
	w->dropped.n = 0;
}

// Lets go of a buffer, for a reason to drop or, PASS, because its packet goes on otherwise. Buffers
// are freed together, later in the turn.
static inline void pkt_free(struct worker *w, struct rte_mbuf *m, enum dp_counter_id reason)
{
	if (unlikely(w->dropped.n == PKTS_MAX))
		worker_free_dropped(w);
	w->dropped_why[w->dropped.n] = (uint16_t)reason;
	w->dropped.m[w->dropped.n++] = m;
}

// The end of a packet that goes nowhere: counts one named reason and lets go of it.
static inline void pkt_drop(struct worker *w, struct rte_mbuf *m, enum dp_counter_id reason)
{
	counter_add(w->count, reason, 1);
	pkt_free(w, m, reason);
}

// The loop of a worker, for rte_eal_remote_launch(); returns when worker.stop is set.
int worker_main(void *worker);

// One turn of it; returns how many packets and messages there were. For tests and benches, which
// call it in the worker's place.
unsigned int worker_turn(struct worker *w, uint64_t now_ns);

// A message to the control thread. False: the ring is full; try again in a later turn.
bool worker_notify(struct worker *w, const struct dp_msg *m);
// The same of what happens often and is told at most once a second: *told_ns is when it was, 0 never.
void worker_notify_seldom(struct worker *w, const struct dp_msg *m, uint64_t *told_ns);

// Takes one vector of parsed packets that this worker owns, as handoff_stage() or handoff_recv()
// left it, through all stages to its ends.
void worker_process(struct worker *w, struct pkts *v);
