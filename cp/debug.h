// SPDX-License-Identifier: BSD-3-Clause
// `debug uc-ime`: what the proxy does, told as it happens, in the lines of the log (cp/log_line.h) to
// whoever asks over the management socket. Events of the log that belong to a topic are told too, and
// here without the log's limits. Never a key, a password or a ticket's octets (LOG-1). Where nobody
// asks, a line costs a look at one word. Control thread only.
#pragma once

#include <stdbool.h>

#include "cp/log.h"

enum debug_topic {
#define DEBUG_TOPIC(name, word, what) DEBUG_##name,
#include "cp/debug.def"
#undef DEBUG_TOPIC
	DEBUG_TOPICS,
};

enum debug_level { DEBUG_ERRORS, DEBUG_EVENTS, DEBUG_LEVELS };

const char *debug_topic_word(enum debug_topic t); // "signaling-trunk"

// debug_event(MEDIA, "stream set", log_u64("stream", id), ...): something went its usual way.
// debug_error(TIMERS, "no answer", ...): it did not. The fields are not made where nobody asks.
#define debug_event(topic, text, ...) debug_line(topic, DEBUG_EVENTS, text, __VA_ARGS__)
#define debug_error(topic, text, ...) debug_line(topic, DEBUG_ERRORS, text, __VA_ARGS__)

#define debug_line(topic, level, text, ...)                                                        \
	do {                                                                                       \
		if (debug_is_wanted(DEBUG_##topic, level))                                         \
			debug_write(DEBUG_##topic, level, text, LOG_FIELDS(__VA_ARGS__));          \
	} while (0)

// Which topics somebody reads, a bit each.
extern uint32_t debug_wanted[DEBUG_LEVELS];

static inline bool debug_is_wanted(enum debug_topic t, enum debug_level l)
{
	return (debug_wanted[l] >> t & 1) != 0;
}

void debug_write(enum debug_topic t, enum debug_level l, const char *text,
	const struct log_field *fields, size_t n);

// The log tells of an event; cp/log.c calls it whatever becomes of the event's line.
void debug_log(enum event_id id, const struct log_field *fields, size_t n);

// ---- Readers ------------------------------------------------------------------------------------

#define DEBUG_READERS_MAX 8

struct debug_reader;

struct debug_want {
	uint32_t topics[DEBUG_LEVELS]; // a bit each
	bool json;
	// Takes a line with its end, or has no room for it. From the first one that it has no room
	// for until debug_drained() it is given none.
	bool (*take)(void *arg, const char *line, size_t n);
	void *arg;
};

// NULL: there are as many readers as there may be, or out of memory.
struct debug_reader *debug_open(const struct debug_want *want);
void debug_close(struct debug_reader *r); // accepts NULL

// The reader has room again; it is told how many lines it has missed.
void debug_drained(struct debug_reader *r);
