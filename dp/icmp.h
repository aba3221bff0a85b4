// SPDX-License-Identifier: BSD-3-Clause
// The ICMP errors that the firewall itself sends about packets that it forwards, as far as an engineer
// looks for them: time exceeded (traceroute), fragmentation needed (path MTU discovery), and no route.
// What an access list denies is silence, as on the ASA.
#pragma once

#include "dp/worker.h"
#include "lib/bucket.h"

#define ICMP_UNREACHABLE   3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER     12

#define ICMP_NET_UNREACHABLE 0
#define ICMP_FRAG_NEEDED     4

#define ICMP_SOURCES 256 // budgets of sources, by hash

struct icmp_rates {
	struct bucket_rate all, source;
};

// Made by dp/worker_ctl.c, with each worker's share of the rates.
struct icmp_state {
	struct icmp_rates rate;
	uint32_t seed;
	struct bucket all, source[ICMP_SOURCES];
};

// The budgets of a box, shared by `n_workers`.
struct icmp_rates icmp_rates(unsigned int n_workers);

// Tells the sender of `m` about it, unless an error must not be sent (RFC 1122 3.2.2, 1812 4.3.2.7) or
// there have been too many. `m` is as translation left it, with the frame's MACs as they came; a
// translation is undone in it. It stays the caller's, to drop. `mtu` counts for ICMP_FRAG_NEEDED.
void icmp_error(struct worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code, uint16_t mtu);
