// SPDX-License-Identifier: BSD-3-Clause
// The port pairs of a media-termination pool: which are free, by address and by the worker whose
// slice they are in (lib/steer.h), and which rest after a call. An address that stands on several
// interfaces (a global one) has its ports once. Taking and giving back cost the same however many
// there are. Used by cp/mta.c alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct mta_ports;

// A pair: RTP's even port, whose odd neighbour is RTCP's.
struct mta_pair {
	uint32_t addr; // for giving it back
	struct ip_addr ip;
	uint16_t port;
};

// NULL: out of memory. `pool` outlives it. An address costs memory from its first pair on.
struct mta_ports *mta_ports_new(const struct config_mta *pool, unsigned int n_workers);
void mta_ports_free(struct mta_ports *p); // accepts NULL

// A random free pair of that worker on the interface, from the address that has most of them; from
// `only`, unless that is NULL. -ENOSPC: none; -ENOENT: no such address there; -ENOMEM.
int mta_ports_take(struct mta_ports *p, unsigned int worker, uint16_t iface,
	const struct ip_addr *only, struct mta_pair *out);

// Gives a pair back that nobody has heard of.
void mta_ports_give(struct mta_ports *p, uint32_t addr, uint16_t port);

// Gives a pair back: it rests for port_guard_s, counted from the next tick.
void mta_ports_rest(struct mta_ports *p, uint32_t addr, uint16_t port);

// Once a second: what has rested enough is free again.
void mta_ports_tick(struct mta_ports *p, uint64_t now_ns);

uint32_t mta_ports_resting(const struct mta_ports *p); // pairs

// At least 1/share of the streams that could have ports on these interfaces still can.
bool mta_ports_enough(const struct mta_ports *p, const uint16_t iface[2], uint32_t share);
