// SPDX-License-Identifier: BSD-3-Clause
// The alarms that new flows are refused because all of something is in use: the ports of a dynamic
// translation, or the session table. Workers tell of refused flows at most once a second, and it is over
// when none has been refused for a while. Control thread only.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "config/config.h"
#include "cp/alarm.h"
#include "dp/msg.h"

struct exhausted;

// `c` must outlive it. -ENOMEM.
int exhausted_new(struct exhausted **out, struct event_base *base, const struct config *c,
	uint64_t (*mono_ns)(void));
void exhausted_free(struct exhausted *x); // accepts NULL

// A flow was refused: DP_MSG_NAT_PORTS or DP_MSG_SESSION_FULL.
void exhausted_refused(struct exhausted *x, const struct dp_msg *m);

// Nothing has been refused for this reason for a while; called by its timer. For tests.
void exhausted_quiet(struct exhausted *x, enum alarm_id alarm);
