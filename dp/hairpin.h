// SPDX-License-Identifier: BSD-3-Clause
// Hairpins (RFC 4787 REQ-9): a host behind us speaks to the address that another one, or itself, has
// outside. Its packet is translated as if it left, and comes back in on that interface as from a host
// out there: the same rules, lists and sessions judge it, and the other host sees the first one's outer
// address. Each pass has a session of its own, and its own owner.
#pragma once

#include "dp/worker.h"

// Takes a translated packet whose session says so. At most one more pass each.
void hairpin_take(struct worker *w, struct rte_mbuf *m);

// Brings them back in, through steering and all stages.
void hairpin_turn(struct worker *w);
