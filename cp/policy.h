// SPDX-License-Identifier: BSD-3-Clause
// Turns the configuration into what the data plane takes: its start options, and its rules as
// plain data (design.md section 1). Control thread only.
#pragma once

#include <stddef.h>

#include "config/config.h"
#include "dp/dp.h"

// Start options. Strings point into `c`. Returns -EINVAL with the reason in `err` when something
// does not fit the data plane's limits.
int policy_options(const struct config *c, struct dp_options *out, char *err, size_t err_size);

struct policy;

// Rules of a configuration; what they point to lives in the policy and in `c`. Returns -errno.
int policy_new(struct policy **out, const struct config *c);
void policy_free(struct policy *p); // accepts NULL
// Lists and translations stand where the configuration has them. Of the routes, those of its interfaces
// come first, then its routes.
const struct dp_rules *policy_rules(const struct policy *p);

// Puts the rules of a configuration into force. Returns -errno with the reason in `err`; then the old ones
// stay.
int policy_apply(const struct config *c, char *err, size_t err_size);

// A line of the log for each thing that is no fault, and a person should know.
void policy_log_warnings(const struct config *c);

// Reads the .fbs file of a running configuration again and puts its thresholds in force for all calls
// (FB-11). Returns -errno with the reason in `err`; then the old ones stay.
int policy_reload_quality(struct config *c, char *err, size_t err_size);

// Gives the configured call managers punt budgets of their own, so that a flood which pretends to
// come from others cannot lock them out (design.md section 2, point 1). After dp_start().
void policy_trust(const struct config *c);
