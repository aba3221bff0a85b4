// SPDX-License-Identifier: BSD-3-Clause
// The log of the control plane: one line per event of cp/events.def on standard error, as text or
// JSON (cp/log_line.h), within the event's limits (cp/log_limit.h). Never a key, a password or a
// ticket (LOG-1, CLI-2). Control thread only; a worker counts.
#pragma once

#include "cp/events.h"
#include "cp/log_line.h"

struct log_options {
	struct log_style style;    // the host's name is copied
	uint8_t severity_max;      // less grave events are not told; 0: none
	uint64_t (*mono_ns)(void); // CLOCK_MONOTONIC
	int64_t (*wall_ns)(void);  // since 1970 UTC
};

// From the start it tells severity 6 and graver as text, with clocks of its own. Clocks that are
// NULL stay as they are.
void log_open(const struct log_options *o);
void log_set_severity(uint8_t max);

// log_event(TICKET_NONE, log_endpoint("peer", &e), ...): a line of an event of our own.
// log_event_from(TICKET_NONE, &ip, ...): of one that the host at `ip` caused.
// A line that may not come now is counted; a later one, or log_tick(), says how many. A line that
// its reader has no room for is lost, and told: nothing here waits.
#define log_event(name, ...)          log_write(EVT_##name, NULL, LOG_FIELDS(__VA_ARGS__))
#define log_event_from(name, ip, ...) log_write(EVT_##name, ip, LOG_FIELDS(__VA_ARGS__))

#define LOG_FIELDS(...)                                                                            \
	(const struct log_field[]){__VA_ARGS__},                                                   \
		sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)

// At most LOG_FIELDS_MAX fields.
#define LOG_FIELDS_MAX 64
void log_write(
	enum event_id id, const struct ip_addr *from, const struct log_field *fields, size_t n);

// The same with another severity than the event's own, which a line of the configuration asks for.
void log_write_as(enum event_id id, uint8_t severity, const struct ip_addr *from,
	const struct log_field *fields, size_t n);

// What `show logging` tells of an event, since the start.
struct log_count {
	uint64_t written, suppressed;
};
struct log_count log_counted(enum event_id id);
uint64_t log_lost(void); // lines that nobody took
const struct log_options *log_opened(void);

// Once a second: tells what was suppressed some time ago and no line has told since.
void log_tick(void);
