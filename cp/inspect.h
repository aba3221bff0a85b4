// SPDX-License-Identifier: BSD-3-Clause
// One SIP message in, one verdict, one counter (protocol.md 2.7, 2.8, 3, 4). Called by cp/leg.c;
// what is let through goes out on the trunk's other leg, what the proxy answers itself goes back.
// Control thread only.
#pragma once

#include "cp/transaction.h"
#include "cp/trunk_state.h"
#include "lib/sip.h"

// A framed message that came on one leg. False: it must wait for the leg that it goes to, and comes
// again; nothing has happened yet.
bool inspect_message(struct trunk *t, enum side from, struct str bytes);

// The message as everybody reads it from here on, in ime->scratch->msg: strict, whoever wrote it;
// *tidied: what came was not, but could be mended (lib/sip.h), as it may be from inside.
enum sip_reason inspect_read(struct ime *ime, enum side from, struct str bytes, bool *tidied);

// The stream of a leg cannot be followed any further; `head` is the header section, where there is
// one: a request is answered with 400.
void inspect_malformed(struct trunk *t, enum side from, struct str head, enum sip_reason why);

// A transaction is about to be forgotten; the visitor of txns_expire(), with the proxy.
void inspect_expired(struct txn *x, void *arg);

// A leg has closed: what waited for an answer from it is answered with 503, calls that were being
// set up over it end.
void inspect_leg_lost(struct trunk *t, enum side side);
