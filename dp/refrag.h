// SPDX-License-Identifier: BSD-3-Clause
// A packet that leaves as fragments (RFC 791 3.2): one that came as fragments, or that is larger than
// the outgoing MTU and may be cut.
#pragma once

#include "dp/worker.h"

// Whether the packet can leave by an interface of that MTU: whole, or cut. Else its sender wants to
// know.
bool refrag_fits(struct rte_mbuf *m, uint16_t mtu);

// Queues the packet, a frame that is complete but for its length, in pieces that fit. Takes `m`.
// When buffers run out, what is missing is counted as NO_BUFFER.
void refrag_tx(struct worker *w, struct rte_mbuf *m, uint16_t iface);
