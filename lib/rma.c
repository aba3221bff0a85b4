// SPDX-License-Identifier: BSD-3-Clause
// See lib/rma.h. Frames are settled in order, a playout depth behind the newest, when nothing that
// still comes can be in time: only then is a run of losses final. A frame that came in time is
// good, all others are bad.
#include <string.h>

#include "lib/rma.h"

#define SLOT_US      100000
#define SECOND_US    1000000
#define WINDOW_US    (RMA_SLOTS * SLOT_US)
#define ITE_US       40000
#define MAX_DROPOUT  3000
#define MAX_MISORDER 128
#define PROBATION    4
#define LAG_MAX      63 // what `seen` holds, without the newest
// A leap of timestamps against arrivals that no network makes: the sender's clock began anew.
#define RESTART_US  10000000
#define TRANSIT_MAX 1000000000
// A frame as long as this one is speech; further apart are the updates of comfort noise.
#define PTIME_MIN_US 1000
#define PTIME_MAX_US 200000
// Updates of comfort noise come at a steady pace too, but not for long.
#define PTIME_AGAIN 16

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int64_t units_to_us(const struct rma *m, int64_t units)
{
	return (int64_t)((__int128)units * m->us_per_unit_q32 >> 32);
}

static void set_lag(struct rma *m, const struct rma_table *t)
{
	uint32_t lag = (t->playout_depth_ms * 1000 + m->ptime_us - 1) / m->ptime_us;

	m->lag = (uint8_t)(lag == 0 ? 1 : least(lag, LAG_MAX));
}

// The windows: 8 s of media.

static void find_reference(struct rma *m)
{
	m->least_us = INT32_MAX;
	for (size_t i = 0; i < RMA_SLOTS; i++)
		if (m->slot_least_us[i] < m->least_us)
			m->least_us = m->slot_least_us[i];
}

static void forget_reference(struct rma *m)
{
	for (size_t i = 0; i < RMA_SLOTS; i++)
		m->slot_least_us[i] = INT32_MAX;
	m->least_us = INT32_MAX;
}

// True when the reference was in the slot that it overwrites.
static bool enter_slot(struct rma *m)
{
	size_t i = m->slot = (uint8_t)((m->slot + 1) % RMA_SLOTS);
	bool held_reference =
		m->slot_least_us[i] == m->least_us && m->slot_least_us[i] != INT32_MAX;

	m->expected -= m->slot_expected[i];
	m->bad -= m->slot_bad[i];
	m->ite -= m->slot_ite[i];
	m->slot_expected[i] = m->slot_bad[i] = m->slot_ite[i] = 0;
	m->slot_bls_ms[i] = 0;
	m->slot_least_us[i] = INT32_MAX;
	return held_reference;
}

static void move_slots(struct rma *m, uint64_t us)
{
	uint64_t n = (m->media_us % SLOT_US + us) / SLOT_US;
	bool lost_reference = false;

	m->media_us += us;
	for (n = n < RMA_SLOTS ? n : RMA_SLOTS; n > 0; n--)
		lost_reference |= enter_slot(m);
	if (lost_reference)
		find_reference(m);
}

// Seconds of media (RFC 7294 4.2). `n` of them have ended, each with as much concealment.
static void end_seconds(struct rma *m, const struct rma_table *t, uint32_t concealed_us, uint64_t n)
{
	bool severe = concealed_us > t->scs_ms * 1000;

	m->c.total_sec += (uint32_t)n;
	m->c.concealed_sec += concealed_us > 0 ? (uint32_t)n : 0;
	m->c.severely_concealed_sec += severe ? (uint32_t)n : 0;
	for (n = n < 8 ? n : 8; n > 0; n--)
		m->severe = (uint8_t)(m->severe << 1 | severe);
}

static void pass_seconds(struct rma *m, const struct rma_table *t, bool bad, uint64_t us)
{
	uint64_t left = SECOND_US - m->media_us % SECOND_US;

	if (us >= left) {
		end_seconds(m, t, m->concealed_us + (bad ? (uint32_t)left : 0), 1);
		us -= left;
		end_seconds(m, t, bad ? SECOND_US : 0, us / SECOND_US);
		us %= SECOND_US;
		m->concealed_us = 0;
	}
	m->concealed_us += bad ? (uint32_t)us : 0;
}

// Settling.

static void grow_run(struct rma *m, uint64_t us)
{
	uint64_t run = m->run_us + us;
	bool event = m->run_us < ITE_US && run >= ITE_US;
	uint32_t ms;

	m->c.total_ite += event;
	m->slot_ite[m->slot] += event;
	m->ite += event;
	m->run_us = run < UINT32_MAX ? (uint32_t)run : UINT32_MAX;
	ms = m->run_us / 1000;
	if (ms > m->c.max_bls_ms)
		m->c.max_bls_ms = ms;
	ms = least(ms, UINT16_MAX);
	if (ms > m->slot_bls_ms[m->slot])
		m->slot_bls_ms[m->slot] = (uint16_t)ms;
}

// Frames belong to the slot in which they start. Of more than the window holds only the last count.
static void fill_slots(struct rma *m, bool bad, uint32_t n)
{
	uint32_t most = WINDOW_US / m->ptime_us + 1;

	if (n > most) {
		move_slots(m, (uint64_t)(n - most) * m->ptime_us);
		n = most;
	}
	while (n > 0) {
		uint32_t room = SLOT_US - (uint32_t)(m->media_us % SLOT_US);
		uint32_t k = n == 1 ? 1 : least(n, (room + m->ptime_us - 1) / m->ptime_us);

		m->slot_expected[m->slot] += (uint8_t)k;
		m->expected += k;
		if (bad) {
			m->slot_bad[m->slot] += (uint8_t)k;
			m->bad += k;
		}
		move_slots(m, (uint64_t)k * m->ptime_us);
		n -= k;
	}
}

static void settle_alike(struct rma *m, const struct rma_table *t, bool bad, uint32_t n)
{
	uint64_t us = (uint64_t)n * m->ptime_us;

	pass_seconds(m, t, bad, us);
	fill_slots(m, bad, n);
	if (bad)
		grow_run(m, us);
	else
		m->run_us = 0;
}

static void settle(struct rma *m, const struct rma_table *t, bool bad, uint32_t n)
{
	if (bad && m->run_us < ITE_US) {
		// An event belongs to the slot in which it becomes one, however long it grows.
		uint32_t to_event = (ITE_US - m->run_us + m->ptime_us - 1) / m->ptime_us;

		if (to_event < n) {
			settle_alike(m, t, true, to_event);
			n -= to_event;
		}
	}
	settle_alike(m, t, bad, n);
}

// The `n` oldest of the open frames.
static void settle_open(struct rma *m, const struct rma_table *t, uint32_t n)
{
	while (n > 0) {
		uint64_t bits = m->on_time << (64 - m->open);
		bool good = bits >> 63;
		uint64_t other = good ? ~bits : bits;
		uint32_t run = other == 0 ? 64 : (uint32_t)__builtin_clzll(other);

		run = least(run, n);
		settle(m, t, !good, run);
		m->open -= (uint8_t)run;
		n -= run;
	}
}

// The newest frame is `ahead` further on; of those between none has come. What a wide gap pushes
// out at once is lost.
static void append(struct rma *m, const struct rma_table *t, uint32_t ahead)
{
	uint32_t frames = m->open + ahead;
	uint32_t due = frames > m->lag ? frames - m->lag : 0;
	uint32_t open_due = least(due, m->open);

	settle_open(m, t, open_due);
	if (due > open_due)
		settle(m, t, true, due - open_due);
	m->open = (uint8_t)(frames - due);
	m->seen = ahead < 64 ? m->seen << ahead : 0;
	m->on_time = ahead < 64 ? m->on_time << ahead : 0;
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

static void take_reference(struct rma *m, int32_t transit_us)
{
	if (transit_us < m->slot_least_us[m->slot])
		m->slot_least_us[m->slot] = transit_us;
	if (transit_us < m->least_us)
		m->least_us = transit_us;
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
	forget_reference(m);
}

static bool in_time(const struct rma *m, const struct rma_table *t, int32_t transit_us)
{
	return m->least_us == INT32_MAX ||
		transit_us - (int64_t)m->least_us <= (int64_t)t->playout_depth_ms * 1000;
}

static void learn_ptime(struct rma *m, const struct rma_table *t, int64_t us)
{
	if (us < PTIME_MIN_US || us > PTIME_MAX_US || us == m->ptime_us) {
		m->ptime_again = 0;
		return;
	}
	if (us != m->next_ptime_us)
		m->ptime_again = 0;
	m->next_ptime_us = (uint32_t)us;
	if (++m->ptime_again == PTIME_AGAIN) {
		m->ptime_us = (uint32_t)us;
		m->ptime_again = 0;
		set_lag(m, t);
	}
}

// Packets.

// What the timestamp leaps beyond the frames is silence, and never loss (RMA-4).
static void pass_silence(struct rma *m, const struct rma_table *t, int64_t leap_us, uint32_t frames)
{
	int64_t silence_us = leap_us - (int64_t)frames * m->ptime_us;

	if (silence_us < m->ptime_us)
		return;
	pass_seconds(m, t, false, (uint64_t)silence_us);
	move_slots(m, (uint64_t)silence_us);
}

// The timestamp of a telephone-event stands still (RMA-6).
static void add_event(struct rma *m, const struct rma_table *t, uint32_t ahead)
{
	append(m, t, ahead);
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

	append(m, t, ahead);
	m->ts = h->ts;
	m->ts_ext += leap;
	m->frames_from_ts = 0;
	if (find_transit(m, m->ts_ext, now_us, &transit_us)) {
		pass_silence(m, t, leap_us, frames);
		if (frames == 1)
			learn_ptime(m, t, leap_us);
		measure_pdv(m, transit_us);
	} else {
		start_clock(m, now_us);
		transit_us = 0;
	}
	// A playout buffer aligns itself anew where speech begins, and some senders' timestamps
	// stand still in silence.
	if (h->marker && ahead == 1 && !in_time(m, t, transit_us))
		forget_reference(m);
	take_reference(m, transit_us);
	m->seen |= 1;
	m->on_time |= in_time(m, t, transit_us);
}

// `behind` the newest, and not seen yet.
static void add_reordered(struct rma *m, const struct rma_table *t, const struct rtp_hdr *h,
	uint32_t behind, uint64_t now_us)
{
	int32_t transit_us;

	m->seen |= UINT64_C(1) << behind;
	if (h->pt == m->event_pt) {
		m->on_time |= UINT64_C(1) << behind;
		return;
	}
	if (!find_transit(m, m->ts_ext + (int32_t)(h->ts - m->ts), now_us, &transit_us))
		return;
	measure_pdv(m, transit_us);
	take_reference(m, transit_us);
	m->on_time |= (uint64_t)in_time(m, t, transit_us) << behind;
}

static void end_run(struct rma *m, const struct rma_table *t)
{
	settle_open(m, t, m->open);
	m->run_us = 0;
	m->started = false;
}

// The last packet of probation is the ground on which the next is counted.
static void start_run(
	struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_us)
{
	if (m->started) {
		end_run(m, t);
		m->c.seq_resets++;
	}
	m->started = true;
	m->ssrc = h->ssrc;
	m->seq = h->seq;
	m->ts = h->ts;
	m->frames_from_ts = 0;
	m->seen = m->on_time = 1;
	start_clock(m, now_us);
	m->clocked = h->pt != m->event_pt;
	if (m->clocked)
		take_reference(m, 0);
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
	if (us >= PTIME_MIN_US && us <= PTIME_MAX_US)
		m->ptime_us = (uint32_t)us;
	m->ptime_again = 0;
	set_lag(m, t);
}

void rma_add(struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_ns)
{
	uint64_t now_us = now_ns / 1000;
	uint16_t ahead = (uint16_t)(h->seq - m->seq), behind = (uint16_t)-ahead;

	if (m->held)
		return;
	m->arrival_us = now_us;
	if (!m->started || h->ssrc != m->ssrc || (ahead >= MAX_DROPOUT && behind > MAX_MISORDER)) {
		probe(m, t, h, now_us);
		return;
	}
	// A copy, or so old that it is settled and nobody knows whether it is one (RMA-3).
	if (ahead >= MAX_DROPOUT || ahead == 0)
		if (behind > LAG_MAX || (m->seen >> behind & 1) != 0)
			return;
	m->c.sum_all_packets++;
	m->c.payload_type = h->pt;
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

void rma_init(struct rma *m, uint32_t clock_hz, uint8_t event_pt, uint64_t now_ns)
{
	memset(m, 0, sizeof(*m));
	// Rounded up, so that 960 units of 48 kHz are 20000 us and not 19999.
	m->us_per_unit_q32 = ((UINT64_C(1000000) << 32) + clock_hz - 1) / clock_hz;
	m->arrival_us = m->judged_us = now_ns / 1000;
	m->ptime_us = 20000;
	m->lag = 1;
	m->event_pt = event_pt;
	m->c.min_pdv_us = UINT32_MAX;
	forget_reference(m);
}

void rma_hold(struct rma *m, const struct rma_table *t)
{
	end_run(m, t);
	m->probed = 0;
	m->held = true;
}

void rma_resume(struct rma *m, uint64_t now_ns)
{
	m->held = false;
	m->arrival_us = m->judged_us = now_ns / 1000;
}

// Judgement.

static void raise(uint32_t *max, uint32_t value)
{
	if (value > *max)
		*max = value;
}

static uint32_t longest_run_ms(const struct rma *m)
{
	uint16_t max = 0;

	for (size_t i = 0; i < RMA_SLOTS; i++)
		max = m->slot_bls_ms[i] > max ? m->slot_bls_ms[i] : max;
	return max;
}

// A stream that stalls loses, as far as anybody can tell; what it lost is settled when it comes
// back and its sequence numbers say so.
static uint32_t stall_ms(const struct rma *m, const struct rma_table *t, uint64_t now_us)
{
	uint64_t ms = (now_us - m->arrival_us) / 1000;

	return ms < t->media_stall_ms ? 0 : ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

bool rma_judge(struct rma *m, const struct rma_table *t, unsigned int level, uint64_t now_ns)
{
	const struct rma_level *l = &t->level[level];
	uint64_t now_us = now_ns / 1000, since_us = now_us - m->judged_us;
	struct rma_counters *c = &m->c;

	if (m->held) {
		m->judged_us = now_us;
		c->bad = false;
		return false;
	}
	raise(&c->max_call_interval_ms, (uint32_t)(since_us / 1000));
	m->judged_us = now_us;
	set_lag(m, t); // the table may be another than before
	c->rblr_pct_x100 = m->expected == 0 ? 0 : 10000 * m->bad / m->expected;
	c->ite_8s = m->ite;
	c->bls_ms = longest_run_ms(m);
	raise(&c->bls_ms, stall_ms(m, t, now_us));
	c->scs_8s = (uint32_t)__builtin_popcount(m->severe & 0x7f) +
		(m->concealed_us > t->scs_ms * 1000);
	raise(&c->max_rblr_pct_x100, c->rblr_pct_x100);
	raise(&c->max_ite_8s, c->ite_8s);
	raise(&c->max_bls_ms, c->bls_ms);
	c->bad = level != 0 &&
		(c->rblr_pct_x100 > l->rblr_pct_x100 || c->bls_ms > l->bls_ms ||
			c->ite_8s > l->ite_8s || m->jitter_q4 >> 4 > l->pdv_avg_us ||
			c->scs_8s > l->scs_8s);
	c->judged_us += since_us;
	c->bad_us += c->bad ? since_us : 0;
	return c->bad;
}

void rma_read(const struct rma *m, struct rma_counters *out)
{
	*out = m->c;
	out->avg_pdv_us = m->jitter_q4 >> 4;
	if (out->min_pdv_us == UINT32_MAX)
		out->min_pdv_us = 0;
	out->ptime_ms = (uint8_t)(m->ptime_us / 1000);
}
