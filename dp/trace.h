// SPDX-License-Identifier: BSD-3-Clause
// A packet that only asks: which way it would go through the stages of a worker and why, by their own
// code and the rules of the moment. It goes nowhere and leaves nothing behind.
#pragma once

#include "dp/worker.h"

// Adds the phases of a parsed packet that this worker owns; `m` is changed on the way. When the last one
// is DP_TRACE_HAIRPIN it is ready to be asked about again, of the worker that owns it then. Worker only.
void trace_run(struct worker *w, struct rte_mbuf *m, struct dp_trace *t);

// What every phase begins as: nothing decided.
struct dp_trace_phase *trace_phase(struct dp_trace *t, enum dp_trace_type type);
// The phase that ends it: the packet is dropped.
void trace_drop(struct dp_trace *t, enum dp_trace_type type, enum dp_counter_id reason);
