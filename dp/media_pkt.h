// SPDX-License-Identifier: BSD-3-Clause
// A burst on its way through the relay: what dp/media_judge.c finds out about its packets and
// dp/media.c acts upon. Nobody else includes it.
#pragma once

#include <rte_branch_prediction.h>

#include "dp/media.h"
#include "dp/media_state.h"
#include "lib/rtp.h"

// One packet on its way through the stage.
struct media_pkt {
	struct rte_mbuf *m;
	struct media_flow *f;
	uint8_t *data;      // RTP or RTCP
	uint64_t src;       // media_peer() that sent it
	uint64_t from, to;  // media_peer()s of the packet that goes on
	uint16_t len, came; // octets at `data` now, and on arrival
	uint16_t says;      // media_says() of RTP in its place, or 0
	uint8_t kind;       // enum rtpsec_kind
	bool rtcp_port;     // it came to the odd port
	bool is_rtp;        // it is RTP, and `h` could be read
	bool usual;         // media_is_usual(): of `h` there are the numbers and the source
	struct rtp_hdr h;   // RTCP: its SSRC alone
};

// What RTP without padding says of itself, as its first octets have it where there is neither extension
// nor CSRC list; without the marker.
static inline uint16_t media_says(uint8_t pt)
{
	return (uint16_t)(RTP_FIRST_BARE | pt << 8);
}

// For the engine, in the order of the packets, of which some need it and some do not.
struct media_jobs {
	uint32_t n;
	struct rtpsec_job at[PKTS_MAX];
};

// The packets still in the stage.
struct media_burst {
	uint32_t n;
	struct media_pkt p[PKTS_MAX];
	struct media_jobs open, seal;
	uint32_t clock_hz, now_rtp; // the time in units of the RTP clock asked for last
	bool stirred;               // a packet was committed that is not a usual one
};

// The first half: finds the flow of each packet and drops, by name, what may not speak as far as
// that can be told without a key. No stream is changed but for its counters of what was refused.
// The rest is in b->p, and what is to be opened in b->open.
void media_judge_burst(struct worker *w, struct pkts *v, struct media_burst *b);

// All of `kind`, `is_rtp` and `h`.
void media_read_header(struct media_pkt *x);

// ---- Used in both halves -----------------------------------------------------------------------

static inline void media_add64(uint64_t *p, uint64_t n)
{
	__atomic_store_n(p, *p + n, __ATOMIC_RELAXED);
}

static inline void media_add32(uint32_t *p, uint32_t n)
{
	__atomic_store_n(p, *p + n, __ATOMIC_RELAXED);
}

// Drops by name, or keeps: the two ends of a step that judges packet by packet.
// What is kept moves up to *to, which goes on by one.
static inline bool media_keep(
	struct worker *w, struct media_pkt **to, struct media_pkt *x, enum dp_counter_id reason)
{
	if (unlikely(reason != PASS)) {
		pkt_drop(w, x->m, reason);
		return false;
	}
	if (unlikely(*to != x))
		**to = *x;
	++*to;
	return true;
}

// All that rtpsec_seal() reads.
static inline void media_job(struct rtpsec_job *j, const struct media_pkt *x, struct rtpsec *ctx)
{
	j->ctx = ctx;
	j->pkt = x->data;
	j->len = x->len;
	j->kind = x->kind;
}

// A packet in the middle of a call: what it says of itself is what the one before it said, which
// was judged at length and sent on.
static inline bool media_is_usual(const struct media_pkt *x)
{
	const struct media_flow *f = x->f;

	return (f->flags & MEDIA_STEADY) != 0 &&
		((x->src ^ f->remote) | (x->h.ssrc ^ f->stats.ssrc) |
			(uint32_t)(x->says ^ media_says(f->last_pt))) == 0;
}

// With a marker it does (RFC 5761 4), so media_says() alone would not tell one from the other.
static inline bool media_looks_like_rtcp(uint8_t pt)
{
	return pt >= 64 && pt <= 95;
}

static inline bool media_knows_ssrc(const struct media_flow *f, uint32_t ssrc)
{
	if (likely(f->stats.started && f->stats.ssrc == ssrc))
		return true;
	for (unsigned int i = 0; i < f->n_ssrcs; i++)
		if (f->ssrcs[i] == ssrc)
			return true;
	return false;
}

static inline enum dp_counter_id media_malformed(struct media_flow *f)
{
	media_add64(&f->rx_malformed, 1);
	return DROP_MEDIA_MALFORMED;
}

static inline enum dp_counter_id media_no_rtcp(struct media_flow *f)
{
	media_add32(&f->rx_rtcp_dropped, 1);
	return DROP_MEDIA_RTCP;
}

static inline enum dp_counter_id media_many_sources(struct media_flow *f)
{
	media_add32(&f->rx_many_sources, 1);
	return DROP_MEDIA_SSRCS;
}

static inline enum dp_counter_id media_stranger(struct media_flow *f)
{
	media_add64(&f->rx_bad_source, 1);
	return DROP_MEDIA_SOURCE;
}
