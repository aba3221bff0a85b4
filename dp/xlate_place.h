// SPDX-License-Identifier: BSD-3-Clause
// The ports and addresses that dynamic translations are made of: which are free, which one is next. Inside
// dp/xlate*.c, on the worker whose table it is.
#pragma once

#include "dp/xlate.h"

static inline unsigned int xlate_proto(uint8_t proto)
{
	return proto == PROTO_TCP ? XLATE_TCP : proto == PROTO_UDP ? XLATE_UDP : XLATE_ICMP;
}

// Finds what a mapping named x->key may have, into x->mapped and x->addr: an address to itself for PROTO_ANY,
// else a port. False: all are taken.
bool xlate_place_find(const struct worker *w, struct xlate *x, const struct nat_rule *r);

// The same and takes it, for `x` of the table.
bool xlate_place_take(struct worker *w, struct xlate *x, const struct nat_rule *r);

// It is somebody else's to have.
void xlate_place_release(struct xlate_table *t, const struct xlate *x);

// Whether somebody has this port of this worker's.
bool xlate_place_is_taken(
	const struct worker *w, uint16_t iface, uint8_t proto, const struct endpoint *mapped);
