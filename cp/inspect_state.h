// SPDX-License-Identifier: BSD-3-Clause
// What cp/inspect.c and its two rooms, requests and responses, share; nobody else includes it.
// Control thread only.
#pragma once

#include "cp/pass.h"

#define RINGING_LIFE_S 600u // a pending INVITE outlives any timer of its call

// One message that passed sip_check() and whose way is ready: judged, and forwarded, answered or
// dropped, with exactly one counter when it goes no further.
void inspect_request(struct pass *p);
void inspect_response(struct pass *p);

// Whether a refused description is for want of something of ours: 503, not the status of a bad one.
bool inspect_is_our_fault(enum counter_id why);

// A request is over: takes back an offer that it made or brought about.
void inspect_rollback(struct call *call, const struct txn *x);
