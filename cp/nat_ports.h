// SPDX-License-Identifier: BSD-3-Clause
// The alarm that a dynamic translation has no ports left: workers tell of refused flows at most once
// a second, and it is over when none has been refused for a while. Control thread only.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "config/config.h"

struct nat_ports;

// `c` must outlive it. -ENOMEM.
int nat_ports_new(struct nat_ports **out, struct event_base *base, const struct config *c,
	uint64_t (*mono_ns)(void));
void nat_ports_free(struct nat_ports *n); // accepts NULL

// A flow was refused: no port is left under the rule of this id (DP_MSG_NAT_PORTS).
void nat_ports_refused(struct nat_ports *n, uint32_t rule);

// No flow has been refused for a while; called by the timer. For tests.
void nat_ports_quiet(struct nat_ports *n);
