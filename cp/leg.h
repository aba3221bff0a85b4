// SPDX-License-Identifier: BSD-3-Clause
// One connection of a trunk: opening it, framing what it receives, holding it back while the other
// leg opens or is slow, and what its end means. Used by cp/trunk.c and cp/trunks.c.
#pragma once

#include "cp/trunk_state.h"

void leg_init(struct leg *l, struct trunk *t, enum side side);
// Takes over an accepted TCP connection; `fd` is owned in any case. False: out of memory.
bool leg_accept(struct leg *l, int fd);
// Takes over an accepted TLS connection that is up.
void leg_adopt(struct leg *l, struct conn *conn);
// Starts to open a leg that is not open, unless it has failed a moment ago or its call manager is
// known to be down: then its state is LEG_FAILED.
void leg_try(struct leg *l);
// Whether a message can be passed to it now; if not, leg_resume() is called for its sender later.
// For a request the leg is opened.
bool leg_ready(struct leg *l, bool request);
// Reads on after the other leg changed.
void leg_resume(struct leg *l);
// Forgets the messages that wait; their sender is gone.
void leg_forget_waiting(struct leg *l);
// Marks it as over; leg_reap() frees the connection later.
void leg_close(struct leg *l, bool finish);
void leg_reap(struct leg *l);
// Closes a leg that leaves a message unfinished for too long, or does not begin one.
void leg_tick(struct leg *l, uint64_t now_ns);

// After a reload of the trust-points: a leg whose peer would not be let in now is retired.
void leg_judge_again(struct leg *l);
