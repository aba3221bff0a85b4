// SPDX-License-Identifier: BSD-3-Clause
// See drops.h. Ticked by main.c, shown by show_drops.c.
#include "cp/drops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cp/ime.h"
#include "dp/dp.h"

#define COUNTERS_MAX 512
#define SECONDS      60
#define S_NS         1000000000ull

struct reason {
	const char *group, *name, *help;
	uint64_t seen;   // what its counter said last
	uint64_t count;  // since the clear
	uint64_t looked; // `count` at the last look
	uint64_t last_ns;
	uint64_t minute; // sum of the next
	uint32_t second[SECONDS];
};

struct drops {
	const struct ime *ime;
	uint64_t looked_ns, cleared_ns;
	unsigned int now; // which second is being filled
	size_t n;
	struct reason reason[DROPS_MAX];
};

// The i-th reason goes by its place: the lists of counters never change while the daemon runs.
static void take(struct drops *d, size_t i, const char *group, const char *name, const char *help,
	uint64_t value, uint64_t now_ns)
{
	struct reason *r = &d->reason[i];
	// A counter that was cleared begins at 0.
	uint64_t more = value >= r->seen ? value - r->seen : value;

	r->group = group;
	r->name = name;
	r->help = help;
	r->seen = value;
	if (more == 0)
		return;
	r->count += more;
	r->minute += more;
	r->second[d->now] += (uint32_t)more;
	r->last_ns = now_ns;
}

static void gather(struct drops *d, uint64_t now_ns)
{
	static struct dp_counter packets[COUNTERS_MAX];
	static struct ime_counter messages[COUNTERS_MAX];
	size_t n = dp_counters(packets, COUNTERS_MAX), at = 0;

	for (size_t i = 0; i < n && i < COUNTERS_MAX && at < DROPS_MAX; i++)
		if (packets[i].drop)
			take(d, at++, "data plane", packets[i].name, packets[i].help,
				packets[i].value, now_ns);
	n = d->ime != NULL ? ime_counters(d->ime, messages, COUNTERS_MAX) : 0;
	for (size_t i = 0; i < n && i < COUNTERS_MAX && at < DROPS_MAX; i++)
		if (messages[i].kind != IME_EVENT)
			take(d, at++, "uc-ime", messages[i].name, messages[i].help,
				messages[i].value, now_ns);
	d->n = at;
}

int drops_new(struct drops **out, const struct ime *ime, uint64_t now_ns)
{
	struct drops *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->ime = ime;
	drops_clear(d, now_ns);
	*out = d;
	return 0;
}

void drops_free(struct drops *d)
{
	free(d);
}

void drops_tick(struct drops *d, uint64_t now_ns)
{
	gather(d, now_ns);
	d->now = (d->now + 1) % SECONDS;
	for (size_t i = 0; i < d->n; i++) {
		struct reason *r = &d->reason[i];

		r->minute -= r->second[d->now];
		r->second[d->now] = 0;
	}
}

// No time at all counts as a millisecond.
static double per_second(uint64_t n, uint64_t ns)
{
	return (double)n * S_NS / (double)(ns > S_NS / 1000 ? ns : S_NS / 1000);
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

// By their names in the end, so that there is one order.
static int order(const void *a, const void *b)
{
	const struct drop *x = a, *y = b;
	int by = x->rate_minute < y->rate_minute ? 1 : x->rate_minute > y->rate_minute ? -1 : 0;

	if (by == 0)
		by = compare(x->last_ns, y->last_ns);
	if (by == 0)
		by = compare(x->count, y->count);
	return by != 0 ? by : strcmp(x->name, y->name);
}

size_t drops_look(struct drops *d, uint64_t now_ns, struct drop out[DROPS_MAX], uint64_t *since_ns)
{
	uint64_t window_ns = now_ns - d->cleared_ns;

	if (window_ns > SECONDS * S_NS)
		window_ns = SECONDS * S_NS;
	gather(d, now_ns);
	for (size_t i = 0; i < d->n; i++) {
		struct reason *r = &d->reason[i];

		out[i] = (struct drop){
			.group = r->group,
			.name = r->name,
			.help = r->help,
			.count = r->count,
			.rate = per_second(r->count - r->looked, now_ns - d->looked_ns),
			.rate_minute = per_second(r->minute, window_ns),
			.last_ns = r->last_ns,
		};
		r->looked = r->count;
	}
	*since_ns = d->looked_ns;
	d->looked_ns = now_ns;
	qsort(out, d->n, sizeof(*out), order);
	return d->n;
}

void drops_clear(struct drops *d, uint64_t now_ns)
{
	gather(d, now_ns);
	for (size_t i = 0; i < d->n; i++)
		d->reason[i] = (struct reason){.seen = d->reason[i].seen};
	d->looked_ns = d->cleared_ns = now_ns;
}
