// SPDX-License-Identifier: BSD-3-Clause
// See lib/rtp_stats.h. There is no probation (MIN_SEQUENTIAL): a packet gets here only after the
// source check and, for SRTP, its authentication.
#include "lib/rtp_stats.h"

#define SEQ_MOD     65536u
#define MAX_DROPOUT 3000
// What a replay window lets pass is late, no new run; so not RFC 3550's 100.
#define MAX_MISORDER 128

static void start_run(struct rtp_stats *s, uint16_t seq)
{
	s->base_seq = seq - s->lost;
	s->max_seq = seq;
	s->strayed = false;
	s->received = 0;
}

// False: far from the run so far; it counts once its successor comes.
static bool follow(struct rtp_stats *s, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - s->max_seq);

	if (ahead < MAX_DROPOUT) {
		s->max_seq += ahead;
	} else if (ahead <= SEQ_MOD - MAX_MISORDER) {
		if (!s->strayed || seq != s->bad_seq) {
			s->bad_seq = (uint16_t)(seq + 1);
			s->strayed = true;
			return false;
		}
		start_run(s, seq); // the sender has restarted
	}
	return true;
}

void rtp_stats_add(struct rtp_stats *s, const struct rtp_hdr *h, uint32_t arrival_rtp)
{
	uint32_t transit = arrival_rtp - h->ts;
	int32_t lost;

	if (!s->started || h->ssrc != s->ssrc) {
		start_run(s, h->seq);
		s->started = true;
		s->ssrc = h->ssrc;
		s->transit = transit;
	} else if (!follow(s, h->seq)) {
		return;
	}
	s->received++;
	lost = (int32_t)(s->max_seq - s->base_seq + 1 - s->received);
	s->lost = lost > 0 ? (uint32_t)lost : 0;
	rtp_stats_jitter(s, transit);
}
