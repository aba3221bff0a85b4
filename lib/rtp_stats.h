// SPDX-License-Identifier: BSD-3-Clause
// Loss and jitter of what one party sends, from RTP headers alone (RFC 3550 A.1, A.3, A.8).
// One object per leg, half a cache line; a change of source starts the count of sequence numbers
// anew, and the loss so far is kept.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/rtp.h"

// All zeros is the state before the first packet. Numbers are modulo 2^32, and so are their
// differences: a count that wraps goes on.
struct rtp_stats {
	uint32_t ssrc;
	uint32_t max_seq; // newest sequence number, extended by its wraps
	uint32_t
		base_seq; // max_seq - base_seq + 1 are expected, with what was lost before this run
	uint32_t received;  // in this run
	uint32_t transit;   // of the packet before, in RTP units
	uint32_t jitter_q4; // RTP units, times 16
	uint32_t lost;      // in all; late packets reduce it, copies never make it negative
	uint16_t bad_seq;   // where a new run would go on, if `strayed`
	bool strayed;
	bool started;
};

// Counts one accepted packet. `arrival_rtp` is the time of arrival in units of the RTP clock, with
// any origin.
void rtp_stats_add(struct rtp_stats *s, const struct rtp_hdr *h, uint32_t arrival_rtp);

// RFC 3550 A.8. `transit`: of a packet of the run.
static inline void rtp_stats_jitter(struct rtp_stats *s, uint32_t transit)
{
	int32_t d = (int32_t)(transit - s->transit);

	s->transit = transit;
	s->jitter_q4 += (uint32_t)(d < 0 ? -(int64_t)d : d) - ((s->jitter_q4 + 8) >> 4);
}

// The same as rtp_stats_add(), of a packet whose source is the one before: as a rule it is the next,
// of which nothing is lost or late.
static inline void rtp_stats_add_known(
	struct rtp_stats *s, const struct rtp_hdr *h, uint32_t arrival_rtp)
{
	if (h->seq != (uint16_t)(s->max_seq + 1)) {
		rtp_stats_add(s, h, arrival_rtp);
		return;
	}
	s->max_seq++;
	s->received++;
	rtp_stats_jitter(s, arrival_rtp - h->ts);
}

// A time in units of the RTP clock, modulo 2^32, for any uptime.
static inline uint32_t rtp_units(uint64_t now_ns, uint32_t clock_hz)
{
	return (uint32_t)(now_ns / 1000000000 * clock_hz +
		now_ns % 1000000000 * clock_hz / 1000000000);
}
