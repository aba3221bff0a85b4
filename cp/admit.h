// SPDX-License-Identifier: BSD-3-Clause
// May this initial INVITE pass? The ticket of 2.7 for what comes from outside, the Route domain
// check of 2.11 (SIP-2) in both directions. Control thread only.
#pragma once

#include "cp/pass.h"

// The number that an INVITE from outside calls, as did-source says (2.9).
void admit_called_number(const struct pass *p, struct did *out);

// Steps 1 to 7 of 2.7, then whether this caller may call at all (cp/callers.h). CNT_NONE, or the
// counter of the first step that failed; of a step of 2.7 p->reason is then the word of LOG-1.
enum counter_id admit_ticket(struct pass *p);

// From inside: the learned route's domain against the remote server's certificate. From outside: a
// Route must name us.
enum counter_id admit_route(struct pass *p);
