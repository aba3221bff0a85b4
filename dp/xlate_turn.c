// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Ageing, clearing and showing dynamic translations, some per turn; see dp/xlate.h. Called by
// dp/worker.c each turn, and for the control thread's messages.
#include "dp/xlate.h"

#include "dp/sess.h"
#include "dp/snapshot.h"

// What a turn spends at most on ending mappings; sessions end no faster.
#define AGE_MAX 64

// Slots of a table that a turn looks at when translations are cleared.
#define CLEAR_SLOTS 256

static void xlate_age(struct worker *w, const struct xlate_rest *rest, uint32_t rest_s)
{
	struct xlate_table *t = w->xlate;

	for (unsigned int i = 0; i < AGE_MAX && rest->oldest != 0; i++) {
		struct xlate *x = &t->at[rest->oldest - 1];

		if (w->now_ns - x->rest_ns < (uint64_t)rest_s * NS_PER_S)
			return;
		xlate_end(t, x);
	}
}

static void clear_mappings(struct worker *w, struct xlate_clearing *c)
{
	struct xlate_table *t = w->xlate;

	for (unsigned int i = 0; i < CLEAR_SLOTS && c->cursor < t->used; i++, c->cursor++) {
		struct xlate *x = &t->at[c->cursor];

		if (x->live && x->refs == 0 && xlate_is_meant(w, c->cursor + 1, &c->filter))
			xlate_end(t, x);
	}
	if (c->cursor >= t->used)
		c->what = CLEAR_NOTHING;
}

void xlate_turn(struct worker *w)
{
	struct xlate_clearing *c = &w->xlate->clearing;

	for (unsigned int i = 0; i < XLATE_PROTOS; i++)
		xlate_age(w, &w->xlate->rest[i], w->snap->timeouts.pat_xlate_s);
	xlate_age(w, &w->xlate->rest[XLATE_WHOLE], w->snap->timeouts.xlate_s);
	if (likely(c->what == CLEAR_NOTHING))
		return;
	if (c->what == CLEAR_MAPPINGS) {
		clear_mappings(w, c);
	} else if (sess_end_translated(w, &c->filter, &c->cursor, CLEAR_SLOTS)) {
		c->what = CLEAR_MAPPINGS;
		c->cursor = 0;
	}
}

void xlate_msg(struct worker *w, const struct dp_msg *m)
{
	w->xlate->clearing =
		(struct xlate_clearing){.what = CLEAR_SESSIONS, .filter = m->xlate, .cursor = 0};
}

static void xlate_describe(const struct xlate *x, uint64_t now_ns, struct dp_xlate *out)
{
	*out = (struct dp_xlate){
		.proto = (uint8_t)x->key.proto,
		.real_if = x->key.real_if,
		.mapped_if = x->key.mapped_if,
		.real = x->key.real,
		.mapped = x->mapped,
		.sessions = x->refs,
		.idle_s = x->refs > 0 ? 0 : (uint32_t)((now_ns - x->rest_ns) / NS_PER_S),
	};
}

size_t xlate_export(struct worker *w, const struct nat_filter *f, uint32_t *cursor, uint32_t slots,
	struct dp_xlate *out, size_t max, bool *done)
{
	const struct xlate_table *t = w->xlate;
	size_t n = 0;

	for (; slots > 0 && *cursor < t->used && n < max; slots--, (*cursor)++)
		if (t->at[*cursor].live && xlate_is_meant(w, *cursor + 1, f))
			xlate_describe(&t->at[*cursor], w->now_ns, &out[n++]);
	*done = *cursor >= t->used || n == max;
	return n;
}
