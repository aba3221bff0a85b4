// SPDX-License-Identifier: BSD-3-Clause
// Who may call with a valid ticket: the configuration's lists, and what an operator has revoked,
// which works at once and outlives a restart. Control thread only.
#pragma once

#include "config/config.h"
#include "cp/counters.h"
#include "lib/revoked.h"

struct callers;

// Reads what was revoked before; a list that cannot be read is no empty list, so that is a failure:
// -errno, and `err` says why. `cfg` outlives it. Before privileges are shed.
int callers_new(struct callers **out, const struct config_ime *cfg, const char *state_folder,
	char *err, size_t err_size);
void callers_free(struct callers *c); // what was revoked is saved; accepts NULL

// A ticket that has passed every step of 2.7: its id, and its granted domain, which is an identity
// of the peer. CNT_NONE, or the counter of the refusal: revoked ticket, revoked domain, denied, not
// allowed, in this order.
enum counter_id callers_judge(const struct callers *c, const char *uuid_text, struct str granted);

// `name` as revoked_name() made it. 0 or -errno as revoked_add() and revoked_remove().
int callers_revoke(struct callers *c, const char *name, uint64_t now_s);
int callers_unrevoke(struct callers *c, const char *name);

const struct revoked *callers_revoked(const struct callers *c);
// 0: all is on the disk; -EINPROGRESS: not yet; else why the last try failed. It is tried again.
int callers_saved(const struct callers *c);

// Once a second: a failed save is tried again, and is an alarm meanwhile.
void callers_tick(struct callers *c, uint64_t now_ns);
