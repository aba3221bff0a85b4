// SPDX-License-Identifier: BSD-3-Clause
// The table of trunks, one per control plane. It owns every trunk from trunks_add() on, and frees what
// is marked from the loop alone. It knows them by id, by age and by their last message; it bounds them
// and their TLS sessions, and makes room by closing the trunk that has been idle longest and carries no
// call. No function fails but where it says how. Control thread only.
#pragma once

#include "cp/trunk_state.h"

#define TRUNKS_SPARE 1024u // trunks may be so many more than TLS sessions: those of call managers

struct trunks *trunks_new(struct ime *ime); // NULL: out of memory
void trunks_free(struct trunks *ts);        // accepts NULL

// Takes over a trunk that has a class, and gives it an id. False: no room, the caller keeps it.
bool trunks_add(struct trunks *ts, struct trunk *t);
// By trunk_free().
void trunks_remove(struct trunks *ts, struct trunk *t);
// Closes the trunk that has been idle longest and carries no call, if there is such a one. The room is
// there once the reaper has run.
void trunks_evict(struct trunks *ts);
// Something is marked as over: the loop frees it.
void trunks_reap_later(struct trunks *ts);

// Every trunk, oldest first: after `t`, the first one after NULL; NULL: that was the last.
struct trunk *trunks_next(const struct trunks *ts, const struct trunk *t);
// NULL: there is none, or it is over.
struct trunk *trunks_by_id(const struct trunks *ts, uint64_t id);
// Some trunk between the same two parties, or NULL.
struct trunk *trunks_like(const struct trunks *ts, const struct endpoint peer[SIDES]);

// A message of so many octets came on it.
void trunks_heard(struct trunk *t, size_t octets);
// A message of a call has gone over this trunk; 0: the call is over.
void trunks_carry(struct trunks *ts, struct call *call, uint64_t id);

// ---- TLS sessions ------------------------------------------------------------------------------

// Counts a leg as a TLS session, or says why it may not be one; when all are taken, room is made.
enum counter_id trunks_take_tls(struct trunks *ts, struct leg *l);
void trunks_leave_tls(struct trunks *ts, struct leg *l);
// The line of the log on a connection that was refused by one of these limits.
void trunks_tell_limit(const struct trunks *ts, const struct endpoint *peer, enum counter_id why);
// Whether an address has another TLS session outside that is up.
bool trunks_others_up(const struct trunks *ts, const struct leg *l);

// TLS-9: whether a call of this trunk could have the TLS sessions that the other direction takes
// when the called side speaks. If so they are kept free for it, until they are there or the trunk
// is quiet.
bool trunks_reverse_room(struct trunk *t);
// The outside leg of this trunk is up.
void trunks_reverse_here(struct trunk *t);

// ---- All of them -------------------------------------------------------------------------------

void trunks_tick(struct trunks *ts, uint64_t now_ns);
// Closes every trunk that carries no call; `kept`: how many do.
uint32_t trunks_close_idle(struct trunks *ts, uint32_t *kept);
// Has the peers of all live TLS connections judged by the trust-points now in force, some at a time.
// Returns how many there are.
unsigned int trunks_judge_again(struct trunks *ts);

struct trunks_usage {
	uint32_t trunks, tls, tls_most;
};
struct trunks_usage trunks_usage(const struct trunks *ts);
void trunks_usage_clear(struct trunks *ts);
