// SPDX-License-Identifier: BSD-3-Clause
// See lib/rma.h. Bursts and gaps of RFC 3611 4.7.2, counted and not estimated from a chain as in its
// appendix A.2: a burst begins and ends with a bad frame and has no Gmin or more good ones in a row;
// a bad frame that is alone among so many good ones is part of a gap. The frames of which it is not
// known yet which of both they are lie from the first bad one to the last in `maybe_frames`.
#include "lib/rma_parts.h"

#define GMIN 16

static void close_burst(struct rma_counters *c, const struct rma *m)
{
	if (m->maybe_bad < 2)
		return;
	c->bursts++;
	c->burst_frames += m->maybe_frames;
	c->burst_bad_frames += m->maybe_bad;
}

// RMA-7: nothing here is done for a good frame but to count it.
void rma_bursts_grow(struct rma *m, uint32_t n)
{
	struct rma_counters *c = &m->c;
	uint32_t good = c->expected_frames - m->maybe_end;

	if (m->maybe_bad == 0 || good >= GMIN) {
		close_burst(c, m);
		m->maybe_frames = m->maybe_bad = 0;
		c->bad_runs++;
	} else {
		m->maybe_frames += good;
		c->bad_runs += good > 0;
	}
	m->maybe_frames += n;
	m->maybe_bad += n;
	m->maybe_end = c->expected_frames + n;
	c->lost_frames += n;
}

void rma_bursts_read(const struct rma *m, struct rma_counters *out)
{
	close_burst(out, m);
}

// A worker may count while the counters are read.
static uint32_t less(uint32_t of, uint32_t part)
{
	return part < of ? of - part : 0;
}

// Not on a worker, so without care for what a product overflows.
static uint32_t share(double part, double of, double times)
{
	double share = of > 0 ? part / of * times + 0.5 : 0;

	return share < UINT32_MAX ? (uint32_t)share : UINT32_MAX;
}

void rma_bursts(const struct rma_counters *c, struct rma_bursts *out)
{
	uint32_t bad = c->lost_frames + c->discarded_frames;
	uint32_t gap_frames = less(c->expected_frames, c->burst_frames);
	// Where the gaps are as many as the bursts, or one more, the RFC's own example divides by
	// the bursts.
	uint32_t gaps = c->bursts > 0 ? c->bursts : 1;
	double good = c->expected_frames > 0
		? (double)less(c->expected_frames, bad) / c->expected_frames
		: 1;

	out->loss_pct_x100 = share(c->lost_frames, c->expected_frames, 10000);
	out->discard_pct_x100 = share(c->discarded_frames, c->expected_frames, 10000);
	out->burst_ms = share(c->burst_frames, gaps, c->ptime_ms);
	out->gap_ms = share(gap_frames, gaps, c->ptime_ms);
	out->burst_density_pct_x100 = share(c->burst_bad_frames, c->burst_frames, 10000);
	out->gap_density_pct_x100 = share(less(bad, c->burst_bad_frames), gap_frames, 10000);
	// The mean run, against 1 / (1 - loss) of losses that know nothing of each other.
	out->burst_ratio_x100 = share(bad * good, c->bad_runs, 100);
	if (out->burst_ratio_x100 < 100)
		out->burst_ratio_x100 = 100;
}
