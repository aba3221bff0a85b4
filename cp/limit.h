// SPDX-License-Identifier: BSD-3-Clause
// May one more call begin? Asked of an initial INVITE whose ticket and route are good, before
// anything is made for it: whoever cannot be served hears 503 at once and uses the PSTN, and no
// phone has rung (protocol.md 1.3, TLS-9). Control thread only.
#pragma once

#include "cp/pass.h"

// CNT_NONE, or the limit that is reached.
enum counter_id limit_call(struct pass *p);

// The same once its media lines are known; those of `p->call` count already.
enum counter_id limit_media(const struct pass *p);

// The domain that the call is with, or NULL.
struct domain *limit_domain(const struct pass *p);
