// SPDX-License-Identifier: BSD-3-Clause
// SYNs that there was no budget for, to be known when they come again. Whoever means to connect sends his SYN again
// after a second, then two, then four (RFC 6298 2 and 5.5); who makes up his sources would have to remember them. So
// what comes again has a budget of its own, and a stranger gets through beside a flood.
#pragma once

#include <rte_common.h>

#include "dp/worker.h"

// Of a box, shared by its workers; each one's mark in the place of the one before: beside 100 000 a second four of five
// are found after a second.
#define SYN_AGAIN_PLACES (1u << 19)

// Made by dp/worker_ctl.c.
struct syn_again {
	uint32_t mask;   // of places
	uint32_t mark[]; // of the flow and its sequence number; the last octet: when
};

static inline uint32_t syn_again_places(unsigned int n_workers)
{
	return rte_align32prevpow2(SYN_AGAIN_PLACES / n_workers);
}

// Whether this SYN was here before, half a second to four and a half ago, and not since; it is from now on. For a SYN
// without a budget alone.
bool syn_again(const struct worker *w, struct syn_again *a, struct pkt *p);
