// SPDX-License-Identifier: BSD-3-Clause
// See lib/rtp_stats.h. There is no probation (MIN_SEQUENTIAL): a packet gets here only after the
// source check and, for SRTP, its authentication.
#include "lib/rtp_stats.h"

#define SEQ_MOD      65536u
#define MAX_DROPOUT  3000
#define MAX_MISORDER 100

static void start_run(struct rtp_stats *s, uint16_t seq)
{
	s->lost_before = rtp_stats_lost(s);
	s->base_seq = seq;
	s->max_seq = seq;
	s->bad_seq = SEQ_MOD + 1;
	s->cycles = 0;
	s->received = 0;
}

// False: far from the run so far; it counts once its successor comes.
static bool follow(struct rtp_stats *s, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - s->max_seq);

	if (ahead < MAX_DROPOUT) {
		if (seq < s->max_seq)
			s->cycles += SEQ_MOD;
		s->max_seq = seq;
	} else if (ahead <= SEQ_MOD - MAX_MISORDER) {
		if (seq != s->bad_seq) {
			s->bad_seq = (seq + 1u) % SEQ_MOD;
			return false;
		}
		start_run(s, seq); // the sender has restarted
	}
	return true;
}

static void measure_jitter(struct rtp_stats *s, uint32_t transit)
{
	int32_t d = (int32_t)(transit - s->transit);

	s->transit = transit;
	s->jitter_q4 += (uint32_t)(d < 0 ? -(int64_t)d : d) - ((s->jitter_q4 + 8) >> 4);
}

void rtp_stats_add(struct rtp_stats *s, const struct rtp_hdr *h, uint32_t arrival_rtp)
{
	uint32_t transit = arrival_rtp - h->ts;

	if (!s->started || h->ssrc != s->ssrc) {
		start_run(s, h->seq);
		s->started = true;
		s->ssrc = h->ssrc;
		s->transit = transit;
	} else if (!follow(s, h->seq)) {
		return;
	}
	s->received++;
	measure_jitter(s, transit);
}

uint64_t rtp_stats_lost(const struct rtp_stats *s)
{
	uint32_t expected = s->cycles + s->max_seq - s->base_seq + 1;

	if (!s->started || expected <= s->received)
		return s->lost_before;
	return s->lost_before + (expected - s->received);
}
