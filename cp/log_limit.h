// SPDX-License-Identifier: BSD-3-Clause
// How often the lines of an event may come, and how many did not. What strangers cause has a limit
// for each source too, so that the flood of one hides nobody else's line. Bounded memory, no clock,
// no allocation.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cp/events.h"
#include "lib/addr.h"
#include "lib/bucket.h"

#define LOG_SOURCES    1024 // that are told apart at once
#define LOG_TELL_AFTER (10 * 1000000000ull)

struct log_slot {
	struct bucket bucket;
	uint64_t suppressed; // and not told yet
	uint64_t since_ns;   // when the first of them was
};

struct log_source {
	struct log_slot slot;
	enum event_id event;
	struct ip_addr ip; // all zeros: free
	uint64_t seen_ns;
};

// All zeros is right.
struct log_limits {
	struct log_slot events[EVT_MAX];
	struct log_source sources[LOG_SOURCES];
	uint32_t waiting; // slots with `suppressed`
};

// Whether a line may be written now. `from` is its source, NULL: nobody's; only events of
// LIMIT_STRANGER look at it. When it may, *suppressed is how many like it (of that source) were
// not, and they count as told.
bool log_limit_take(struct log_limits *l, enum event_id id, const struct ip_addr *from,
	uint64_t now_ns, uint64_t *suppressed);

struct log_suppressed {
	enum event_id event;
	struct ip_addr from; // all zeros: of any
	uint64_t count;
};

// What was suppressed and no later line has told within LOG_TELL_AFTER; false when there is
// nothing (more).
bool log_limit_next(struct log_limits *l, uint64_t now_ns, struct log_suppressed *out);
