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
	log_warning("alarm %s: %s; what to do: %s", a->name, a->text, a->remedy);
}

void alarm_clear(enum alarm_id id, uint64_t now_ns)
{
	struct alarm *a = &table[id];

	if (!a->active)
		return;
	a->active = false;
	a->cleared_ns = now_ns;
	log_warning("alarm %s is over after %llu s; it happened %llu times", a->name,
		(unsigned long long)((now_ns - a->raised_ns) / S_NS), (unsigned long long)a->count);
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
