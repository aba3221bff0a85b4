// SPDX-License-Identifier: BSD-3-Clause
// What the parts of lib/rma*.c are to each other: packets (rma.c) become frames (rma_frames.c), and
// those become sums of the last 8 s of media and of the whole stream (rma_window.c), on which a
// judgement stands (rma_judge.c).
#pragma once

#include "lib/rma.h"

// ---- Frames ------------------------------------------------------------------------------------

#define RMA_LAG_MAX 63 // what `seen` holds, without the newest

// The table may be another than before.
void rma_obey(struct rma *m, const struct rma_table *t);

void rma_set_ptime(struct rma *m, const struct rma_table *t, uint32_t us);

// The newest frame is `ahead` further on; of those between none has come. What a wide gap pushes
// out at once is lost.
void rma_append(struct rma *m, const struct rma_table *t, uint32_t ahead);

// The stream pauses, or another takes its place.
void rma_end_run(struct rma *m, const struct rma_table *t);

// Usual packets are only counted, as `pending`, while there is `room`. To be called when that is
// full; and before and after any packet that is not usual.
void rma_end_slot(struct rma *m, const struct rma_table *t);
void rma_catch_up(struct rma *m, const struct rma_table *t);
void rma_foresee(struct rma *m);

// ---- The window --------------------------------------------------------------------------------

#define RMA_SLOT_US   100000
#define RMA_SECOND_US 1000000

// The next `n` frames were all bad, or all good.
void rma_settle(struct rma *m, const struct rma_table *t, bool bad, uint32_t n);

// The same of usual ones, which `expected` counts already; no more than rma_slot_room().
void rma_settle_usual(struct rma *m, const struct rma_table *t, uint32_t n);

// Media in which nothing was sent.
void rma_pass_silence(struct rma *m, const struct rma_table *t, uint64_t us);

// How many of the next frames begin in the slot of the last: 1 to 100.
uint8_t rma_slot_room(const struct rma *m);

// The reference of RMA-2, `least_us`: a transit was measured, or all before stand for nothing.
static inline void rma_take_reference(struct rma *m, int32_t transit_us)
{
	// Without a branch: jitter makes the outcome a toss-up.
	m->slot_least_us = transit_us < m->slot_least_us ? transit_us : m->slot_least_us;
	m->least_us = transit_us < m->least_us ? transit_us : m->least_us;
}

void rma_forget_reference(struct rma *m);

// ---- Bursts ------------------------------------------------------------------------------------

// `n` frames after the expected ones are bad. They count as lost; those that came late are discarded.
void rma_bursts_grow(struct rma *m, uint32_t n);

static inline void rma_discard(struct rma *m, uint32_t n)
{
	m->c.lost_frames -= n;
	m->c.discarded_frames += n;
}

// As if the stream ended here.
void rma_bursts_read(const struct rma *m, struct rma_counters *out);
