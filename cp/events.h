// SPDX-License-Identifier: BSD-3-Clause
// The events that the log tells, as cp/events.def declares them.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum event_id {
#define EVENT(number, severity, limit, name, meaning, remedy) EVT_##name,
#include "cp/events.def"
#undef EVENT
	EVT_MAX,
};

// Who can cause how many of its lines; the figures are in cp/log_limit.c.
enum event_limit {
	LIMIT_OWN,      // we and the machine
	LIMIT_STRANGER, // anybody: each source has a limit of its own
	LIMIT_CALL,     // calls, which have paid
};

struct event_info {
	uint32_t number;
	uint8_t severity; // as syslog's: 0 emergency to 7 debugging
	enum event_limit limit;
	const char *name;    // "TICKET_INVALID"
	const char *meaning; // half a sentence: the text of its lines
	const char *remedy;
};

const struct event_info *event_info(enum event_id id);
