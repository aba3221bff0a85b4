// SPDX-License-Identifier: BSD-3-Clause
// First packets that access lists want told: a worker hands them to the control plane over a ring of its
// own, so many a second at most, and counts what finds no room there. It never logs itself.
#pragma once

#include "dp/acl.h"
#include "dp/worker.h"
#include "lib/bucket.h"

// Made by dp/worker_ctl.c.
struct acl_log {
	struct rte_ring *ring; // of struct dp_acl_log; the other end is the control thread
	struct bucket bucket;
	struct bucket_rate rate;
};

// The box's rate, shared by `n_workers`.
struct bucket_rate acl_log_rate(unsigned int n_workers);

// Has the verdict told, as far as the entries that decided say so: what has `log`, and what was denied
// without `log disable`.
void acl_log_verdict(
	struct worker *w, uint16_t in, const struct acl_query *q, const struct acl_verdict *v);
