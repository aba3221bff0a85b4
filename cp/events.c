// SPDX-License-Identifier: BSD-3-Clause
#include "cp/events.h"

static const struct event_info events[EVT_MAX] = {
#define EVENT(number, severity, limit, name, meaning, remedy)                                      \
	[EVT_##name] = {number, severity, LIMIT_##limit, #name, meaning, remedy},
#include "cp/events.def"
#undef EVENT
};

const struct event_info *event_info(enum event_id id)
{
	return &events[id];
}
