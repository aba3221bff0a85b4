// SPDX-License-Identifier: BSD-3-Clause
// The table of alarms and its log lines; see alarm.h.
#include "cp/alarm.h"

#include <stdarg.h>
#include <stdio.h>

#include "cp/log.h"

#define S_NS 1000000000ull

static struct alarm table[ALARMS_N] = {
#define X(n, r) [ALARM_##n] = {.name = #n, .remedy = r},
	ALARMS(X)
#undef X
};

void alarm_raise(enum alarm_id id, uint64_t now_ns, const char *fmt, ...)
{
	struct alarm *a = &table[id];
	va_list ap;

	if (a->active) {
		a->count++;
		return;
	}
	a->active = true;
	a->raised_ns = now_ns;
	a->count = 1;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	log_event(ALARM, log_text("alarm", a->name), log_text("detail", a->text),
		log_text("remedy", a->remedy));
}

void alarm_clear(enum alarm_id id, uint64_t now_ns)
{
	struct alarm *a = &table[id];

	if (!a->active)
		return;
	a->active = false;
	a->cleared_ns = now_ns;
	log_event(ALARM_OVER, log_text("alarm", a->name),
		log_u64("lasted_s", (now_ns - a->raised_ns) / S_NS), log_u64("count", a->count));
}

const struct alarm *alarm_get(enum alarm_id id)
{
	return &table[id];
}

void alarms_reset(void)
{
	for (int i = 0; i < ALARMS_N; i++)
		table[i] = (struct alarm){.name = table[i].name, .remedy = table[i].remedy};
}
