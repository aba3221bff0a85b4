// SPDX-License-Identifier: BSD-3-Clause
// RTP monitoring. The input is the clock and then a row of steps of ten octets each: what comes, how
// far its numbers are from those before, and when. After each the sums are those of their slots.
#include <stdlib.h>

#include "lib/rma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_peaks(const struct rma_peaks *p)
{
	check(p->n <= RMA_PEAKS);
	for (size_t i = 0; i < p->n; i++) {
		check(p->slot[i] < RMA_SLOTS);
		check(i == 0 || (p->value[i] < p->value[i - 1] && p->slot[i] != p->slot[i - 1]));
	}
}

static void check_sums(const struct rma *m)
{
	uint32_t expected = m->pending, bad = 0, ite = 0;
	int32_t least_us = m->slot_least_us;

	for (size_t i = 0; i < RMA_SLOTS; i++) {
		check(m->slots[i].bad <= m->slots[i].expected);
		expected += m->slots[i].expected;
		bad += m->slots[i].bad;
		ite += m->slots[i].ite;
	}
	check(expected == m->expected && bad == m->bad && ite == m->ite);
	check_peaks(&m->nearest);
	check_peaks(&m->longest);
	if (m->nearest.n > 0 && -m->nearest.value[0] < least_us)
		least_us = -m->nearest.value[0];
	check(least_us == m->least_us);
	check(m->longest_ms == (m->longest.n > 0 ? (uint32_t)m->longest.value[0] : 0));
	check(m->open < 64 && m->lag >= 1 && m->lag < 64); // a new table may shrink the lag alone
	check(m->ptime_us >= 1000 && m->ptime_us <= 200000);
	check(m->concealed_us <= m->second_us && m->second_us < 1000000 && m->slot < RMA_SLOTS);
	check(m->room <= 100 && (m->pending < m->room || m->pending == 0));
}

static void check_counters(const struct rma *m)
{
	struct rma_counters c;

	rma_read(m, &c);
	check(c.rblr_pct_x100 <= 10000 && c.rblr_pct_x100 <= c.max_rblr_pct_x100);
	check(c.severely_concealed_sec <= c.concealed_sec && c.concealed_sec <= c.total_sec);
	check(c.bls_ms <= c.max_bls_ms && c.ite_8s <= c.max_ite_8s && c.scs_8s <= 8);
	check(c.min_pdv_us <= c.max_pdv_us && c.avg_pdv_us <= c.max_pdv_us);
}

static void check_bursts(const struct rma *m)
{
	struct rma_counters c;
	uint64_t bad;

	rma_read(m, &c);
	bad = (uint64_t)c.lost_frames + c.discarded_frames;
	check(bad <= c.expected_frames && c.bad_runs <= bad);
	check(c.burst_bad_frames <= bad && c.burst_frames >= c.burst_bad_frames);
	check(c.burst_frames <= c.expected_frames && c.burst_bad_frames / 2 >= c.bursts);
}

static void step(struct rma *m, struct rma_table *t, const uint8_t *p, uint64_t *now_ns)
{
	struct rtp_hdr h = {
		.ssrc = p[0] & 1,
		.marker = p[0] >> 1 & 1,
		.pt = p[0] >> 2 & 1,
		.seq = (uint16_t)(m->seq + rtp_be16(p + 1)),
		.ts = m->ts + rtp_be32(p + 3),
	};

	*now_ns += (uint64_t)rtp_be16(p + 7) * 100000;
	switch (p[0] >> 3) {
	case 0:
		rma_hold(m, t);
		break;
	case 1:
		rma_resume(m, *now_ns);
		break;
	case 2:
		t->playout_depth_ms = 1 + p[1] * 4u;
		t->scs_ms = 1 + p[2] * 4u;
		break;
	case 3: // four of its kind
		for (unsigned int i = 0; i < 4; i++, h.seq++, h.ts += p[9])
			rma_add(m, t, &h, *now_ns);
		break;
	default:
		rma_add(m, t, &h, *now_ns);
	}
	rma_judge(m, t, p[9] % RMA_LEVELS, *now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rma_table t = rma_table_default;
	uint64_t now_ns = 0;
	struct rma m;

	if (size < 4)
		return 0;
	rma_init(&m, 1 + rtp_be32(data) % 192000, 1, now_ns);
	for (size_t i = 4; i + 10 <= size; i += 10) {
		step(&m, &t, data + i, &now_ns);
		check_sums(&m);
		check_counters(&m);
		check_bursts(&m);
	}
	return 0;
}
