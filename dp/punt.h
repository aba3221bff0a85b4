// SPDX-License-Identifier: BSD-3-Clause
// The exception path: what goes to the control plane, policed, and what comes from it.
#pragma once

#include "dp/syn_again.h"
#include "dp/worker.h"
#include "lib/bucket.h"

#define PUNT_TRUST_MAX  256
#define PUNT_TRUST_NS   (3600 * 1000000000ull) // that a source keeps its budget for once it has gone
#define PUNT_TRUST_BITS 8192
#define PUNT_SOURCES    1024 // budgets of sources, by hash

// What one source may cost the control plane.
struct punt_source {
	struct bucket all, syn, syn_again, arp, arp_known;
};

struct punt_trusted {
	struct ip_addr ip;
	uint16_t iface;
	struct bucket all,
		syn;      // whoever takes its name can send a SYN, but not what is of a session
	uint64_t gone_ns; // when it was trusted last; 0: it is now
};

struct punt_rates {
	struct bucket_rate arp, source_arp, iface, iface_syn, source, source_syn, syn_again,
		source_syn_again, trusted, trusted_syn, reset;
};

// Made by dp/worker_ctl.c, with each worker's share of the rates.
struct punt_state {
	struct punt_rates rate;
	uint32_t seed;
	struct bucket arp[DP_IFACES_MAX], iface[DP_IFACES_MAX], iface_syn[DP_IFACES_MAX],
		syn_again[DP_IFACES_MAX];
	struct bucket reset;
	unsigned int n_trusted;
	struct punt_trusted trusted[PUNT_TRUST_MAX];
	// A bit for the hash of each: nearly all that flood are told from them without a search.
	uint64_t may_be_trusted[PUNT_TRUST_BITS / 64];
	struct punt_source source[PUNT_SOURCES];
	struct syn_again *again;
};

// The budgets of a box, shared by `n_workers`.
struct punt_rates punt_rates(unsigned int n_workers);

// TRUST_SET and TRUST_DEL: a source with a budget of its own, which it keeps for an hour, so that it can come back
// while a flood lasts; unless the place is needed.
void punt_msg(struct worker *w, const struct dp_msg *m);

// Enqueues for the control plane what the budgets of interface and source allow. Frames are
// as they were on the wire. Nothing is left in `v`.
void punt_stage(struct worker *w, struct pkts *v);

// Turns a TCP segment into the reset that answers it, and sends it back, at a limited rate; else
// it is dropped as TCP_NOT_SYN.
void punt_reset(struct worker *w, struct rte_mbuf *m);

// Sends what the control plane left on the ring. Returns how many.
unsigned int punt_down(struct worker *w);
