// SPDX-License-Identifier: BSD-3-Clause
// Names and help texts of the proxy's counters, generated from the lists.
#include "cp/counters.h"

static const struct {
	const char *name, *text, *help;
} table[CNT_MAX] = {
#define STAT(n, t, h) [CNT_##n] = {#n, t, h},
#define REFUSAL(n, h) [CNT_##n] = {#n, NULL, h},
#define EVENT(n, h)   [CNT_##n] = {#n, NULL, h},
#include "cp/counters.def"
#undef STAT
#undef REFUSAL
#undef EVENT
};

const char *counter_name(enum counter_id id)
{
	return table[id].name;
}

const char *counter_help(enum counter_id id)
{
	return table[id].help;
}

const char *counter_text(enum counter_id id)
{
	return table[id].text;
}
