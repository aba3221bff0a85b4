// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The first half of the relay: which stream a packet belongs to and whether it may speak there, as
// far as that can be told without a key (RTP-1, RTP-4, RTP-5). Called by dp/media.c.
//
// What a burst needs from far memory is asked for in waves (port table, flows, contexts), each
// while the one before arrives. The hint is prefetch1: some processors drop prefetch0 when they
// are busy, which is when it counts.
#include <rte_prefetch.h>

#include "dp/media_pkt.h"
#include "lib/rtcp.h"

// ---- Which stream ------------------------------------------------------------------------------

static void find(struct worker *w, struct pkts *v, struct media_burst *b)
{
	const struct media_shared *sh = &w->media->shared;
	uint32_t where[PKTS_MAX];
	struct media_flow *f[PKTS_MAX];

	for (unsigned int i = 0; i < v->n; i++) {
		const struct pkt *p = pkt_of(v->m[i]);

		where[i] = media_place(p->media_id, p->flow.dst.port);
		rte_prefetch1(&sh->table[where[i]]);
	}
	for (unsigned int i = 0; i < v->n; i++) {
		uint32_t entry = __atomic_load_n(&sh->table[where[i]], __ATOMIC_RELAXED);

		// The entry 0 leads into the void before the first, which is there and empty.
		f[i] = (struct media_flow *)sh->streams - 1 + entry;
		rte_prefetch1(f[i]);
		rte_prefetch1(&f[i]->stats);
	}
	for (unsigned int i = 0; i < v->n; i++) {
		const struct pkt *p = pkt_of(v->m[i]);
		struct media_pkt *x = &b->p[b->n];

		if (unlikely(__atomic_load_n(&f[i]->where, __ATOMIC_RELAXED) != where[i])) {
			pkt_drop(w, v->m[i], DROP_MEDIA_NO_STREAM);
			continue;
		}
		if (f[i]->rx != NULL)
			rtpsec_prefetch(f[i]->rx);
		if (f[i]->tx != NULL)
			rtpsec_prefetch(f[i]->tx);
		x->m = v->m[i];
		x->f = f[i];
		x->data = pkt_payload(x->m);
		x->len = x->came = p->payload_len;
		x->rtcp_port = p->flow.dst.port & 1;
		b->n++;
	}
}

// ---- May it speak ------------------------------------------------------------------------------

static bool may_be_ssrc(const struct media_flow *f, uint32_t ssrc)
{
	return media_knows_ssrc(f, ssrc) || f->n_ssrcs < MEDIA_SSRCS;
}

// RTP-1. The remote of a leg that latches may be elsewhere by now: its tag will tell. RTCP that
// shares the port with RTP does not lead, it follows.
static bool may_come_from(const struct media_flow *f, uint64_t remote, uint64_t src, bool leads)
{
	return remote != 0 && (src == remote || ((f->flags & MEDIA_LATCH) != 0 && leads));
}

// Nothing else says that a plain packet is what was sent; SRTP has its tag.
static bool intact(const struct media_pkt *x)
{
	return x->f->rx != NULL || pkt_of(x->m)->l4_checked || pkt_l4_checksum_ok(x->m);
}

static enum dp_counter_id judge_rtcp(struct media_pkt *x)
{
	struct media_flow *f = x->f;

	x->kind = RTPSEC_RTCP;
	if (!(f->rx != NULL ? rtcp_head_ok : rtcp_ok)(x->data, x->len))
		return media_malformed(f);
	x->h.ssrc = rtcp_ssrc(x->data);
	return may_be_ssrc(f, x->h.ssrc) ? PASS : DROP_MEDIA_SSRCS;
}

// RTP-4: the port above a stream's is its RTCP port.
static enum dp_counter_id judge_rtcp_port(struct media_pkt *x)
{
	struct media_flow *f = x->f;

	if ((f->flags & MEDIA_RTCP) == 0 || f->rtcp_remote == 0)
		return media_no_rtcp(f);
	if (!may_come_from(f, f->rtcp_remote, x->src, true))
		return media_stranger(f);
	return intact(x) ? judge_rtcp(x) : DROP_L4_CHECKSUM;
}

static bool may_have_pt(const struct media_flow *f, uint8_t pt)
{
	if (likely((f->flags & MEDIA_PT_KNOWN) != 0 && f->last_pt == pt))
		return true;
	return f->pts[pt / 64] >> (pt % 64) & 1;
}

// RTP-5.
static enum dp_counter_id judge_rtp(struct media_pkt *x)
{
	struct media_flow *f = x->f;

	x->kind = RTPSEC_RTP;
	if (!rtp_parse(x->data, x->len, &x->h) ||
		(f->rx == NULL && !rtp_padding_ok(x->data, x->len, &x->h)))
		return media_malformed(f);
	if (unlikely(!may_have_pt(f, x->h.pt))) {
		media_add64(&f->rx_bad_pt, 1);
		return DROP_MEDIA_PT;
	}
	return may_be_ssrc(f, x->h.ssrc) ? PASS : DROP_MEDIA_SSRCS;
}

// What can be said without a key.
static enum dp_counter_id judge(struct media_pkt *x)
{
	const struct rte_ipv4_hdr *ip = pkt_ipv4(x->m);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	struct media_flow *f = x->f;
	bool rtcp = rtp_is_rtcp(x->data, x->len);

	x->src = ip->src_addr | (uint64_t)udp->src_port << 32;
	if (unlikely(x->rtcp_port))
		return judge_rtcp_port(x);
	if (unlikely(!may_come_from(f, f->remote, x->src, !rtcp)))
		return media_stranger(f);
	if (unlikely(!intact(x)))
		return DROP_L4_CHECKSUM;
	if (likely(!rtcp))
		return judge_rtp(x);
	if ((f->flags & MEDIA_RTCP) == 0 || (f->flags & MEDIA_MUX_IN) == 0)
		return media_no_rtcp(f);
	return judge_rtcp(x);
}

void media_judge_burst(struct worker *w, struct pkts *v, struct media_burst *b)
{
	uint32_t n;

	find(w, v, b);
	n = b->n;
	b->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct media_pkt *x = &b->p[i];
		struct rtpsec *rx = x->f->rx;

		if (likely(media_keep(w, b, x, judge(x))) && rx != NULL)
			media_job(&b->open, &b->p[b->n - 1], rx);
	}
}
