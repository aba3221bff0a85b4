// SPDX-License-Identifier: BSD-3-Clause
// See lib/rma_parts.h. Frames are settled in order, a playout depth behind the newest, when nothing
// that still comes can be in time: only then is a run of losses final. A frame that came in time is
// good, all others are bad.
#include "lib/rma_parts.h"

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

// As many frames as reach over the playout depth.
static void set_lag(struct rma *m, const struct rma_table *t)
{
	uint32_t depth_us = t->playout_depth_ms * 1000, lag;

	if (m->lag * m->ptime_us - depth_us < m->ptime_us)
		return;
	lag = (depth_us + m->ptime_us - 1) / m->ptime_us;
	m->lag = (uint8_t)(lag == 0 ? 1 : least(lag, RMA_LAG_MAX));
}

void rma_set_ptime(struct rma *m, const struct rma_table *t, uint32_t us)
{
	m->ptime_us = us;
	m->ptime_again = 0;
	m->step = 0;
	set_lag(m, t);
}

// Frames as good as those before them have taken their places.
static void settle_pending(struct rma *m, const struct rma_table *t)
{
	uint32_t n = m->pending;

	m->pending = 0;
	m->seen = n < 64 ? ~(~m->seen << n) : UINT64_MAX;
	m->on_time = n < 64 ? ~(~m->on_time << n) : UINT64_MAX;
	rma_settle_usual(m, t, n);
}

// Whether the next packet may be a usual one: it pushes a good frame out of those that are open,
// and changes nothing that is not in add_usual().
static bool is_steady(const struct rma *m)
{
	uint64_t open = (UINT64_C(1) << m->open) - 1;

	return m->started && m->clocked && m->step != 0 && m->pt != m->event_pt &&
		m->open == m->lag && (~m->on_time & open) == 0 && m->frames_from_ts == 0 &&
		m->ptime_again == 0;
}

void rma_catch_up(struct rma *m, const struct rma_table *t)
{
	if (m->pending > 0)
		settle_pending(m, t);
	m->room = 0;
}

void rma_foresee(struct rma *m)
{
	m->room = is_steady(m) ? rma_slot_room(m) : 0;
}

// The `n` oldest of the open frames.
static void settle_open(struct rma *m, const struct rma_table *t, uint32_t n)
{
	while (n > 0) {
		uint64_t bits = m->on_time << (64 - m->open);
		uint64_t seen = m->seen << (64 - m->open);
		bool good = bits >> 63;
		uint64_t other = good ? ~bits : bits;
		uint32_t run = other == 0 ? 64 : (uint32_t)__builtin_clzll(other);

		run = least(run, n);
		rma_settle(m, t, !good, run);
		if (!good)
			rma_discard(m, (uint32_t)__builtin_popcountll(seen >> (64 - run)));
		m->open -= (uint8_t)run;
		n -= run;
	}
}

void rma_append(struct rma *m, const struct rma_table *t, uint32_t ahead)
{
	uint32_t frames = m->open + ahead;
	uint32_t due = frames > m->lag ? frames - m->lag : 0;
	uint32_t open_due = least(due, m->open);

	settle_open(m, t, open_due);
	if (due > open_due)
		rma_settle(m, t, true, due - open_due);
	m->open = (uint8_t)(frames - due);
	m->seen = ahead < 64 ? m->seen << ahead : 0;
	m->on_time = ahead < 64 ? m->on_time << ahead : 0;
}

void rma_end_slot(struct rma *m, const struct rma_table *t)
{
	settle_pending(m, t);
	m->room = rma_slot_room(m);
}

void rma_end_run(struct rma *m, const struct rma_table *t)
{
	settle_open(m, t, m->open);
	m->run_us = 0;
	m->started = false;
}

void rma_obey(struct rma *m, const struct rma_table *t)
{
	uint8_t lag = m->lag;

	set_lag(m, t);
	if (m->lag == lag)
		return;
	rma_catch_up(m, t);
	rma_foresee(m);
}
