// SPDX-License-Identifier: BSD-3-Clause
// See lib/rma.h. Packets, one by one: which frame each is, and whether it came in time. Nearly all are
// the next in their row and in time, as those before them were. Such a usual packet costs two cache
// lines; what it means is left for lib/rma_frames.c to do at the end of a slot, or when something
// else happens.
#include <string.h>

#include "lib/rma_parts.h"

#define MAX_DROPOUT  3000
#define MAX_MISORDER 128
#define PROBATION    4
// A leap of timestamps against arrivals that no network makes: the sender's clock began anew.
#define RESTART_US  10000000
#define TRANSIT_MAX 1000000000
#define MOVED_MIN   32 // frames
// A frame as long as this one is speech; further apart are the updates of comfort noise.
#define PTIME_MIN_US 1000
#define PTIME_MAX_US 200000
// Updates of comfort noise come at a steady pace too, but not for long.
#define PTIME_AGAIN 16

static int64_t units_to_us(const struct rma *m, int64_t units)
{
	return (int64_t)((__int128)units * m->us_per_unit_q32 >> 32);
}

// Time.

static void measure_pdv(struct rma *m, int32_t transit_us)
{
	int32_t change = transit_us - m->transit_us;
	uint32_t d = (uint32_t)(change < 0 ? -change : change);

	m->transit_us = transit_us;
	m->jitter_q4 += d - ((m->jitter_q4 + 8) >> 4);
	if (d > m->c.max_pdv_us)
		m->c.max_pdv_us = d;
	if (d < m->c.min_pdv_us)
		m->c.min_pdv_us = d;
}

// False when no network can have made this transit of that of the packet before, or there is none.
static bool find_transit(const struct rma *m, int64_t ts_ext, uint64_t now_us, int32_t *transit_us)
{
	int64_t transit = (int64_t)(now_us - m->origin_us) - units_to_us(m, ts_ext);
	int64_t change = transit - m->transit_us;

	if (!m->clocked || change > RESTART_US || change < -RESTART_US || transit > TRANSIT_MAX ||
		transit < -TRANSIT_MAX)
		return false;
	*transit_us = (int32_t)transit;
	return true;
}

// Timestamps begin anew with this packet.
static void start_clock(struct rma *m, uint64_t now_us)
{
	m->origin_us = now_us;
	m->ts_ext = 0;
	m->transit_us = 0;
	m->clocked = true;
	rma_forget_reference(m);
}

static bool in_time(const struct rma *m, const struct rma_table *t, int32_t transit_us)
{
	return m->least_us == INT32_MAX ||
		transit_us - (int64_t)m->least_us <= (int64_t)t->playout_depth_ms * 1000;
}

// The way has become longer, as by another route: of the 63 frames before many have come, and none in
// time. A phone's playout has moved there by now; RMA-2 alone would hold all late for 8 s.
static bool has_moved(const struct rma *m)
{
	return m->on_time == 0 && __builtin_popcountll(m->seen) >= MOVED_MIN;
}

// `leap` in units of the clock and in us.
static void learn_ptime(struct rma *m, const struct rma_table *t, int32_t leap, int64_t leap_us)
{
	if (leap_us == m->ptime_us)
		m->step = (uint32_t)leap;
	if (leap_us < PTIME_MIN_US || leap_us > PTIME_MAX_US || leap_us == m->ptime_us) {
		m->ptime_again = 0;
		return;
	}
	if (leap_us != m->next_ptime_us)
		m->ptime_again = 0;
	m->next_ptime_us = (uint32_t)leap_us;
	if (++m->ptime_again < PTIME_AGAIN)
		return;
	rma_set_ptime(m, t, (uint32_t)leap_us);
	m->step = (uint32_t)leap;
}

// Packets.

// What the timestamp leaps beyond the frames is silence, and never loss (RMA-4).
static void pass_silence(struct rma *m, const struct rma_table *t, int64_t leap_us, uint32_t frames)
{
	int64_t silence_us = leap_us - (int64_t)frames * m->ptime_us;

	if (silence_us < m->ptime_us)
		return;
	rma_pass_silence(m, t, (uint64_t)silence_us);
}

// The timestamp of a telephone-event stands still (RMA-6).
static void add_event(struct rma *m, const struct rma_table *t, uint32_t ahead)
{
	rma_append(m, t, ahead);
	m->frames_from_ts += ahead;
	m->seen |= 1;
	m->on_time |= 1;
}

static void add_newest(struct rma *m, const struct rma_table *t, const struct rtp_hdr *h,
	uint32_t ahead, uint64_t now_us)
{
	int32_t leap = (int32_t)(h->ts - m->ts), transit_us = 0;
	int64_t leap_us = units_to_us(m, leap);
	uint32_t frames = m->frames_from_ts + ahead;

	rma_append(m, t, ahead);
	m->ts = h->ts;
	m->ts_ext += leap;
	m->frames_from_ts = 0;
	if (find_transit(m, m->ts_ext, now_us, &transit_us)) {
		pass_silence(m, t, leap_us, frames);
		if (frames == 1)
			learn_ptime(m, t, leap, leap_us);
		measure_pdv(m, transit_us);
	} else {
		start_clock(m, now_us);
		transit_us = 0;
	}
	// A playout buffer aligns itself anew where speech begins, and some senders' timestamps
	// stand still in silence.
	if (!in_time(m, t, transit_us) && ((h->marker && ahead == 1) || has_moved(m)))
		rma_forget_reference(m);
	rma_take_reference(m, transit_us);
	m->seen |= 1;
	m->on_time |= in_time(m, t, transit_us);
}

// `behind` the newest, and not seen yet.
static void add_reordered(struct rma *m, const struct rma_table *t, const struct rtp_hdr *h,
	uint32_t behind, uint64_t now_us)
{
	int32_t transit_us;

	m->seen |= UINT64_C(1) << behind;
	if (behind >= m->open)
		rma_discard(m, 1);
	if (h->pt == m->event_pt) {
		m->on_time |= UINT64_C(1) << behind;
		return;
	}
	if (!find_transit(m, m->ts_ext + (int32_t)(h->ts - m->ts), now_us, &transit_us))
		return;
	measure_pdv(m, transit_us);
	rma_take_reference(m, transit_us);
	m->on_time |= (uint64_t)in_time(m, t, transit_us) << behind;
}

// The last packet of probation is the ground on which the next is counted.
static void start_run(
	struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_us)
{
	if (m->started) {
		rma_end_run(m, t);
		m->c.seq_resets++;
	}
	m->started = true;
	m->ssrc = h->ssrc;
	m->seq = h->seq;
	m->ts = h->ts;
	m->frames_from_ts = 0;
	m->seen = UINT64_MAX; // what was before is not counted, whenever it comes
	m->on_time = 1;
	start_clock(m, now_us);
	m->clocked = h->pt != m->event_pt;
	if (m->clocked)
		rma_take_reference(m, 0);
}

// RMA-1, for the first packets and for those of another source or far from the run so far.
static void probe(
	struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_us)
{
	bool next = m->probed > 0 && h->ssrc == m->probe_ssrc && h->seq == m->probe_seq;
	int64_t us = units_to_us(m, (int32_t)(h->ts - m->probe_ts));

	m->probed = next ? m->probed + 1 : 1;
	m->probe_ssrc = h->ssrc;
	m->probe_seq = (uint16_t)(h->seq + 1);
	m->probe_ts = h->ts;
	if (m->probed < PROBATION)
		return;
	m->probed = 0;
	start_run(m, t, h, now_us);
	rma_set_ptime(m, t, us >= PTIME_MIN_US && us <= PTIME_MAX_US ? (uint32_t)us : m->ptime_us);
}

static bool add_usual(
	struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_us)
{
	int64_t ts_ext = m->ts_ext + m->step;
	int32_t transit_us;

	if (m->room == 0 || h->seq != (uint16_t)(m->seq + 1) || h->ssrc != m->ssrc ||
		h->ts - m->ts != m->step || h->pt != m->pt ||
		!find_transit(m, ts_ext, now_us, &transit_us) || !in_time(m, t, transit_us))
		return false;
	m->arrival_us = now_us;
	m->seq = h->seq;
	m->ts = h->ts;
	m->ts_ext = ts_ext;
	m->c.sum_all_packets++;
	m->expected++;
	measure_pdv(m, transit_us);
	if (++m->pending == m->room)
		rma_end_slot(m, t);
	rma_take_reference(m, transit_us);
	return true;
}

static void count(
	struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_us)
{
	uint16_t ahead = (uint16_t)(h->seq - m->seq), behind = (uint16_t)-ahead;

	m->arrival_us = now_us;
	if (!m->started || h->ssrc != m->ssrc || (ahead >= MAX_DROPOUT && behind > MAX_MISORDER)) {
		probe(m, t, h, now_us);
		return;
	}
	// A copy, or so old that it is settled and nobody knows whether it is one (RMA-3).
	if (ahead >= MAX_DROPOUT || ahead == 0)
		if (behind > RMA_LAG_MAX || (m->seen >> behind & 1) != 0)
			return;
	m->c.sum_all_packets++;
	m->pt = h->pt;
	if (ahead >= MAX_DROPOUT) {
		add_reordered(m, t, h, behind, now_us);
		return;
	}
	m->seq = h->seq;
	if (h->pt == m->event_pt)
		add_event(m, t, ahead);
	else
		add_newest(m, t, h, ahead, now_us);
}

static __attribute__((noinline)) void add_other(
	struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_us)
{
	if (m->held)
		return;
	rma_catch_up(m, t);
	count(m, t, h, now_us);
	rma_foresee(m);
}

void rma_add(struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_ns)
{
	uint64_t now_us = now_ns / 1000;

	if (!add_usual(m, t, h, now_us))
		add_other(m, t, h, now_us);
}

void rma_init(struct rma *m, uint32_t clock_hz, uint8_t event_pt, uint64_t now_ns)
{
	memset(m, 0, sizeof(*m));
	// Rounded up, so that 960 units of 48 kHz are 20000 us and not 19999.
	m->us_per_unit_q32 = ((UINT64_C(1000000) << 32) + clock_hz - 1) / clock_hz;
	m->arrival_us = now_ns / 1000;
	m->judged_ns = now_ns;
	m->ptime_us = 20000;
	m->lag = 1;
	m->event_pt = event_pt;
	m->c.min_pdv_us = UINT32_MAX;
	rma_forget_reference(m);
}

void rma_hold(struct rma *m, const struct rma_table *t)
{
	rma_catch_up(m, t);
	rma_end_run(m, t);
	m->probed = 0;
	m->held = true;
}

void rma_resume(struct rma *m, uint64_t now_ns)
{
	m->held = false;
	m->arrival_us = now_ns / 1000;
	m->judged_ns = now_ns;
}
