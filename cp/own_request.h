// SPDX-License-Identifier: BSD-3-Clause
// Sending requests of the proxy's own in the dialogs of others. Control thread only.
#pragma once

#include "cp/ime_state.h"
#include "cp/request.h"

// The trunk that carries a call, or one like it; NULL: there is none any more.
struct trunk *own_trunk(struct ime *ime, const struct call *call);

struct request_via own_via(const struct trunk *t, enum side to, const char *tag);

// Sends `n` octets of ime->out; 0 is a request that could not be built. False: it cannot be sent.
// Either is counted.
bool own_send(struct ime *ime, struct trunk *t, enum side to, size_t n);

void own_bye(struct ime *ime, struct trunk *t, enum side to, const struct request_dialog *d);

// A REFER to the call manager in the remote's name (FB-8). False: it cannot be sent, which is counted.
// fallback_answered_by() follows.
bool own_refer(struct ime *ime, struct call *call, const struct request_refer *what);
