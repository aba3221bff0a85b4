// SPDX-License-Identifier: BSD-3-Clause
// See model.h.
#include "tools/impair/model.h"

// SplitMix64 (Steele, Lea, Flood 2014): good from any seed, and the same on every machine.
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

// 0 to 1, without 1.
static double draw_share(uint64_t *state)
{
	return (double)(draw(state) >> 11) * 0x1p-53;
}

// The chain is in its bad state for the share to_bad / (to_bad + to_good) of all packets, and leaves
// it after 1 / to_good. Without a burst the next state does not depend on this one.
static void chain_set(struct model *m)
{
	double loss = m->dials.loss, burst = m->dials.burst;

	if (loss >= 1 || burst == 0) {
		m->to_bad = loss;
		m->to_good = 1 - loss;
	} else {
		m->to_good = 1 / burst;
		m->to_bad = loss / (burst * (1 - loss));
	}
}

void model_set(struct model *m, const struct dials *d, uint64_t seed)
{
	m->dials = *d;
	m->rng = seed;
	m->bad = false;
	chain_set(m);
}

struct model_fate model_next(struct model *m, uint64_t now_ns)
{
	const struct dials *d = &m->dials;
	// Always all four, so that the dials do not shift each other's numbers.
	double chain = draw_share(&m->rng), twice = draw_share(&m->rng);
	double late = draw_share(&m->rng), jitter = draw_share(&m->rng);
	struct model_fate f = {0};

	m->bad = m->bad ? chain >= m->to_good : chain < m->to_bad;
	if (m->bad) {
		f.lost = true;
		return f;
	}
	f.duplicate = twice < d->duplicate;
	f.reordered = late < d->reorder;
	f.due_ns =
		now_ns + d->delay_ns - d->jitter_ns + (uint64_t)(jitter * 2 * (double)d->jitter_ns);
	if (f.due_ns < m->last_due_ns)
		f.due_ns = m->last_due_ns;
	m->last_due_ns = f.due_ns;
	if (f.reordered)
		f.due_ns += d->reorder_by_ns;
	return f;
}
