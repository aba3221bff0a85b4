// SPDX-License-Identifier: BSD-3-Clause
// See lib/rma_parts.h. The window is a ring of slots of 100 ms (RMA-7). Of the sums each slot holds
// its part; of the extremes only those slots are kept whose own can still become that of the window.
#include <string.h>

#include "lib/rma_parts.h"

#define WINDOW_US (RMA_SLOTS * RMA_SLOT_US)
#define ITE_US    40000

// Extremes.

// The two closest become one: the greater, for as long as the lesser.
static void peaks_thin(struct rma_peaks *p)
{
	size_t at = 0;

	for (size_t i = 1; i + 1 < p->n; i++)
		if (p->value[i] - p->value[i + 1] < p->value[at] - p->value[at + 1])
			at = i;
	p->n--;
	memmove(p->slot + at, p->slot + at + 1, p->n - at);
	memmove(p->value + at + 1, p->value + at + 2, (p->n - at - 1) * sizeof(p->value[0]));
}

static void peaks_push(struct rma_peaks *p, int32_t value, uint8_t slot)
{
	uint32_t greater = 0;

	// All of them and without a branch, since where to stop would be a guess.
	for (uint32_t i = 0; i < RMA_PEAKS; i++)
		greater += (i < p->n) & (p->value[i] > value);
	p->n = (uint8_t)greater;
	if (p->n > 0 && p->slot[p->n - 1] == slot)
		return;
	if (p->n == RMA_PEAKS)
		peaks_thin(p);
	p->value[p->n] = value;
	p->slot[p->n++] = slot;
}

static void peaks_expire(struct rma_peaks *p, uint8_t slot)
{
	if (p->n == 0 || p->slot[0] != slot)
		return;
	p->n--;
	memmove(p->slot, p->slot + 1, p->n);
	memmove(p->value, p->value + 1, p->n * sizeof(p->value[0]));
}

void rma_forget_reference(struct rma *m)
{
	m->nearest.n = 0;
	m->slot_least_us = m->least_us = INT32_MAX;
}

// Slots.

static void enter_slot(struct rma *m)
{
	struct rma_slot *s;

	if (m->slot_least_us != INT32_MAX)
		peaks_push(&m->nearest, -m->slot_least_us, m->slot);
	m->slot = m->slot + 1 < RMA_SLOTS ? m->slot + 1 : 0;
	peaks_expire(&m->nearest, m->slot);
	if (m->longest_ms > 0) {
		peaks_expire(&m->longest, m->slot);
		m->longest_ms = m->longest.n > 0 ? (uint32_t)m->longest.value[0] : 0;
	}
	m->slot_least_us = INT32_MAX;
	m->least_us = m->nearest.n > 0 ? -m->nearest.value[0] : INT32_MAX;
	s = &m->slots[m->slot];
	m->expected -= s->expected;
	m->bad -= s->bad;
	m->ite -= s->ite;
	*s = (struct rma_slot){0};
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
	m->severe_7s = (uint8_t)__builtin_popcount(m->severe & 0x7f);
}

static uint32_t slot_left_us(const struct rma *m)
{
	return RMA_SLOT_US - m->second_us % RMA_SLOT_US;
}

// Over the end of a slot and, it may be, that of a second. Returns what of it is in the second that
// goes on.
static uint32_t cross(struct rma *m, const struct rma_table *t, bool bad, uint64_t us)
{
	uint64_t slots = 1 + (us - slot_left_us(m)) / RMA_SLOT_US;
	uint32_t left = RMA_SECOND_US - m->second_us;

	for (slots = slots < RMA_SLOTS ? slots : RMA_SLOTS; slots > 0; slots--)
		enter_slot(m);
	if (us < left)
		return (uint32_t)us;
	end_seconds(m, t, m->concealed_us + (bad ? left : 0), 1);
	us -= left;
	end_seconds(m, t, bad ? RMA_SECOND_US : 0, us / RMA_SECOND_US);
	m->concealed_us = m->second_us = 0;
	return us % RMA_SECOND_US;
}

static void pass(struct rma *m, const struct rma_table *t, bool bad, uint64_t us)
{
	uint32_t on = us < slot_left_us(m) ? (uint32_t)us : cross(m, t, bad, us);

	m->second_us += on;
	m->concealed_us += bad ? on : 0;
}

// How many of the next `most` frames begin in the slot of the last.
static uint32_t room(const struct rma *m, uint32_t most)
{
	uint32_t us = slot_left_us(m);

	return (uint64_t)(most - 1) * m->ptime_us < us ? most
						       : (us + m->ptime_us - 1) / m->ptime_us;
}

uint8_t rma_slot_room(const struct rma *m)
{
	return (uint8_t)room(m, RMA_SLOT_US);
}

// `k` frames that begin in the slot of the last.
static void expect(struct rma *m, const struct rma_table *t, bool bad, uint32_t k)
{
	m->slots[m->slot].expected += k;
	pass(m, t, bad, (uint64_t)k * m->ptime_us);
}

// Frames belong to the slot in which they begin. Of more than the window holds only the last count.
static void fill_slots(struct rma *m, const struct rma_table *t, bool bad, uint32_t n)
{
	if ((uint64_t)n * m->ptime_us > WINDOW_US + m->ptime_us) {
		uint32_t most = WINDOW_US / m->ptime_us + 1;

		pass(m, t, bad, (uint64_t)(n - most) * m->ptime_us);
		n = most;
	}
	while (n > 0) {
		uint32_t k = room(m, n);

		if (bad) {
			m->slots[m->slot].bad += k;
			m->bad += k;
		}
		m->expected += k;
		expect(m, t, bad, k);
		n -= k;
	}
}

// Settling.

static void grow_run(struct rma *m, uint64_t us)
{
	uint64_t run = m->run_us + us;
	bool event = m->run_us < ITE_US && run >= ITE_US;
	uint32_t ms;

	m->c.total_ite += event;
	m->slots[m->slot].ite += event;
	m->ite += event;
	m->run_us = run < UINT32_MAX ? (uint32_t)run : UINT32_MAX;
	ms = m->run_us / 1000;
	if (ms > m->c.max_bls_ms)
		m->c.max_bls_ms = ms;
	if (ms == 0)
		return;
	peaks_push(&m->longest, (int32_t)ms, m->slot);
	m->longest_ms = (uint32_t)m->longest.value[0];
}

static void settle_alike(struct rma *m, const struct rma_table *t, bool bad, uint32_t n)
{
	m->c.expected_frames += n;
	fill_slots(m, t, bad, n);
	if (bad)
		grow_run(m, (uint64_t)n * m->ptime_us);
	else
		m->run_us = 0;
}

void rma_settle(struct rma *m, const struct rma_table *t, bool bad, uint32_t n)
{
	if (bad)
		rma_bursts_grow(m, n);
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

void rma_settle_usual(struct rma *m, const struct rma_table *t, uint32_t n)
{
	m->c.expected_frames += n;
	expect(m, t, false, n);
	m->run_us = 0;
}

void rma_pass_silence(struct rma *m, const struct rma_table *t, uint64_t us)
{
	pass(m, t, false, us);
}
