// SPDX-License-Identifier: BSD-3-Clause
// Which call manager a message from outside goes to. The remote addresses one of them; when that
// one does not answer, a new call goes to the next of the configured order that has the same
// trunk-security-mode. A call stays with the call manager that has taken it. Control thread only.
#pragma once

#include "cp/trunk_state.h"
#include "lib/sip.h"

// The trunk that carries this message, which came in on `t`: `t` itself or a stand-in of it. A leg
// that has to be opened for a new call is opening when this returns.
struct trunk *failover_route(struct trunk *t, const struct sip_msg *m);

// Whether the call manager of the trunk can be spoken to.
bool failover_reaches(const struct trunk *t);
