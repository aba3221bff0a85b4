// SPDX-License-Identifier: BSD-3-Clause
// REFERs outside a dialog (protocol.md 5.2): each on a connection of its own from our inside address
// to the call manager, so that nothing else waits for it. A subscription that it has made all the
// same is let run out (FB-6). Control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cp/request.h"

struct ime;
struct refers;

struct refers *refers_new(struct ime *ime); // NULL: out of memory
void refers_free(struct refers *rs);        // closes them all; accepts NULL

// Sends one to a call manager, for a call: `about` says all but `us`, `tls` and `token`.
// fallback_answered_by() follows, unless this returns -errno. -ENOSPC: too many are under way.
int refer_send(struct refers *rs, uint64_t call, const struct endpoint *at, bool secure,
	struct request_refer_about about, const struct request_refer *what);

// Those without an answer for Timer F of RFC 3261 are given up.
void refers_tick(struct refers *rs, uint64_t now_ns);
