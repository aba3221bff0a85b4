// SPDX-License-Identifier: BSD-3-Clause
// Calls that the Internet fails: watches what the workers measure, and when a call has been bad for
// the hold-down time asks its call manager by REFER to carry it on over the PSTN (protocol.md 5.1,
// 5.2, 5.4). When many calls go bad at once their REFERs come one after the other, and an alarm says
// whose they are. Control thread only.
#pragma once

#include "cp/pass.h"

// Once a second for each call, after call_media_look(). May send a REFER.
void fallback_look(struct ime *ime, struct call *call, uint64_t now_ns);

// Once a second, after all calls: the alarm.
void fallback_tick(struct ime *ime, uint64_t now_ns);

// A message of a call is on its way: what it says of fallback.
void fallback_learn(struct pass *p, const struct rewrite_fallback *fb);

// The final status of a REFER of ours; 408: none came, 503: it could not be sent.
void fallback_answered_by(struct ime *ime, uint64_t call, uint16_t status);

// FB-8: whether a request of the call manager is about a REFER of ours in the remote's name, so that
// the remote has no part in it.
bool fallback_is_ours(const struct pass *p);
