// SPDX-License-Identifier: BSD-3-Clause
// The counters of dp/counters.def, one array per worker. A worker writes only its
// own array; the control thread reads all of them and never writes one (a reset is a baseline).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "dp/dp.h"

// What a check returns that found no reason to drop.
#define PASS DP_COUNTERS

struct counters {
	uint64_t n[DP_COUNTERS];
} __rte_cache_aligned;

// Name and help of one counter; `drop` for a drop reason.
struct counter_info {
	const char *name, *help;
	bool drop;
};
extern const struct counter_info counter_infos[DP_COUNTERS];

// The writer's side: one writer per array, so the increment needs no lock prefix.
static inline void counter_add(struct counters *c, enum dp_counter_id id, uint64_t n)
{
	__atomic_store_n(&c->n[id], c->n[id] + n, __ATOMIC_RELAXED);
}

// The reader's side.
static inline uint64_t counter_get(const struct counters *c, enum dp_counter_id id)
{
	return __atomic_load_n(&c->n[id], __ATOMIC_RELAXED);
}
