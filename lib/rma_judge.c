// SPDX-License-Identifier: BSD-3-Clause
// See lib/rma.h. What the sums and extremes of the window mean to a call.
#include "lib/rma_parts.h"

static void raise(uint32_t *max, uint32_t value)
{
	if (value > *max)
		*max = value;
}

// A stream that stalls loses, as far as anybody can tell; what it lost is settled when it comes
// back and its sequence numbers say so.
static uint32_t stall_ms(const struct rma *m, const struct rma_table *t, uint64_t now_us)
{
	uint64_t us = now_us - m->arrival_us, ms;

	if (us < t->media_stall_ms * UINT64_C(1000))
		return 0;
	ms = us / 1000;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

// Of a second at least: one lost frame among the first ten of a call is no line with 10 % of loss.
static uint32_t rblr_pct_x100(const struct rma *m)
{
	uint32_t second = RMA_SECOND_US / m->ptime_us;

	return 10000 * m->bad / (m->expected > second ? m->expected : second);
}

bool rma_judge(struct rma *m, const struct rma_table *t, unsigned int level, uint64_t now_ns)
{
	const struct rma_level *l = &t->level[level];
	uint64_t since_us = now_ns / 1000 - m->judged_ns / 1000;
	struct rma_counters *c = &m->c;

	m->judged_ns = now_ns;
	if (m->held) {
		c->bad = false;
		return false;
	}
	raise(&c->max_call_interval_ms, (uint32_t)(since_us / 1000));
	rma_obey(m, t);
	c->rblr_pct_x100 = m->bad == 0 ? 0 : rblr_pct_x100(m);
	c->ite_8s = m->ite;
	c->bls_ms = m->longest_ms;
	raise(&c->bls_ms, stall_ms(m, t, now_ns / 1000));
	c->scs_8s = m->severe_7s + (m->concealed_us > t->scs_ms * 1000);
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
	out->expected_frames += m->pending;
	rma_bursts_read(m, out);
	out->payload_type = m->pt;
	out->avg_pdv_us = m->jitter_q4 >> 4;
	if (out->min_pdv_us == UINT32_MAX)
		out->min_pdv_us = 0;
	out->ptime_ms = (uint8_t)(m->ptime_us / 1000);
}
