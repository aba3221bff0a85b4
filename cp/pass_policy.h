// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a message by the word of the inspection policy map of its class (protocol.md 12):
// before its ticket is looked at, after it has been parsed. Control thread only.
#pragma once

#include "cp/pass.h"
#include "cp/policymap.h"

// The map of the trunk's class.
const struct config_sip_map *pass_policy_config(const struct trunk *t);

// Judges it, logs what the map wants logged and marks what it wants masked. NULL: it may go on.
// Else the rule that refuses it, for the caller to refuse it by: rule->counter,
// pass_policy_status(), and, once that is done, pass_policy_end().
const struct policy_rule *pass_policy(struct pass *p);

// What the sender of a refused request hears; 0: nothing.
uint16_t pass_policy_status(const struct pass *p, const struct policy_rule *rule);

// drop-connection and reset: both sides of the trunk.
void pass_policy_end(struct trunk *t, const struct policy_rule *rule);

// A message was refused for `why`, which was counted: what strict-header-validation and
// state-checking say of that.
void pass_policy_malformed(struct trunk *t);
void pass_policy_state(struct trunk *t, enum counter_id why);
