// SPDX-License-Identifier: BSD-3-Clause
// What the tests of packet-tracer share: workers that turn while one is asked for the way of a packet.
#pragma once

#include "test/dp/harness.h"

extern struct rules rules; // in force from trace_up_with() on
extern struct dp_trace t;  // what was answered last

void trace_up_with(unsigned int n_workers, uint32_t sessions);
int trace_up(void **state); // one worker, 8 sessions
int trace_down(void **state);

int trace_ask(const struct dp_trace_ask *a);
