// SPDX-License-Identifier: BSD-3-Clause
// What access lists want told. Of an entry with `log` each flow once when it begins, and then every
// interval with its hits (106100); of what is denied without, each packet that the log's limits let
// through (106023). So many flows are remembered at once; beyond that new ones are not told, and 106101
// says so. Control thread only.
#pragma once

#include "config/config.h"
#include "dp/dp.h"

#define ACL_LOG_FLOWS 4096 // the ASA's deny-flow-max, for permitted ones too

struct acl_log;

// `c` outlives it; its lists may become others (config_swap_rules()): what was remembered of the old ones
// is forgotten then. -ENOMEM.
int acl_log_new(struct acl_log **out, const struct config *c, uint64_t (*mono_ns)(void));
void acl_log_free(struct acl_log *l); // accepts NULL

void acl_log_take(struct acl_log *l, const struct dp_acl_log *r);

// Once a second: tells what an interval has gathered, and forgets flows that had no hit in one.
void acl_log_tick(struct acl_log *l);
