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
#include "dp/pkt_sum.h"
#include "lib/rtcp.h"

// ---- Which stream ------------------------------------------------------------------------------

void media_read_header(struct media_pkt *x)
{
	x->kind = RTPSEC_RTCP;
	x->is_rtp = false;
	if (x->rtcp_port || rtp_is_rtcp(x->data, x->came))
		return;
	x->kind = RTPSEC_RTP;
	x->is_rtp = rtp_parse(x->data, x->came, &x->h);
}

// Of what begins otherwise than nearly all do.
static __rte_noinline uint16_t says_at_length(struct media_pkt *x)
{
	media_read_header(x);
	return x->is_rtp && !x->h.padded ? media_says(x->h.pt) : 0;
}

// What the packet says of itself, its flow not yet being near. There are no IP options.
static inline void read_packet(struct media_pkt *x, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const uint16_t len = p->payload_len;
	const uint8_t *data = pkt_payload(m);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)data - 1;
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)udp - 1;

	x->m = m;
	x->data = pkt_payload(m);
	x->len = x->came = len;
	x->src = ip->src_addr | (uint64_t)udp->src_port << 32;
	x->rtcp_port = p->flow.dst.port & 1;
	x->says = 0;
	if (unlikely(x->rtcp_port || len < RTP_HEADER_MIN)) {
		x->h.ssrc = 0;
		return;
	}
	x->h.ssrc = rtp_be32(data + 8);
	x->h.ts = rtp_be32(data + 4);
	x->h.seq = rtp_be16(data + 2);
	memcpy(&x->says, data, sizeof(x->says));
	x->says &= 0x7fff;
	if (unlikely(data[0] != RTP_FIRST_BARE))
		x->says = says_at_length(x);
}

static void find(const struct media_shared *sh, const struct pkts *v, struct media_burst *b)
{
	// The entry 0 leads into the void before the first, which is there and empty.
	struct media_flow *const before = (struct media_flow *)sh->streams - 1;
	const uint32_t *const table = sh->table;
	const unsigned int n = v->n;

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch1(&table[pkt_of(v->m[i])->place]);
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = v->m[i];
		const uint32_t *at = &table[pkt_of(m)->place];
		struct media_flow *f = before + __atomic_load_n(at, __ATOMIC_RELAXED);

		rte_prefetch1(f);
		rte_prefetch1(&f->stats);
		b->p[i].f = f;
		read_packet(&b->p[i], m);
	}
}

static bool is_there(const struct media_pkt *x)
{
	return __atomic_load_n(&x->f->where, __ATOMIC_RELAXED) == pkt_of(x->m)->place;
}

static void prefetch_monitor(const struct media_shared *sh, const struct media_flow *f)
{
	const struct media_monitor *m = media_monitor_of(sh, f);

	rte_prefetch1(m);
	rte_prefetch1((const uint8_t *)m + 64);
}

static void prefetch_contexts(const struct media_shared *sh, const struct media_flow *f)
{
	if ((f->flags & MEDIA_MONITOR) != 0)
		prefetch_monitor(sh, f);
	if (f->rx != NULL)
		rtpsec_prefetch(f->rx);
	if (f->tx != NULL)
		rtpsec_prefetch(f->tx);
}

// ---- May it speak ------------------------------------------------------------------------------

static enum dp_counter_id judge_ssrc(struct media_flow *f, uint32_t ssrc)
{
	return media_knows_ssrc(f, ssrc) || f->n_ssrcs < MEDIA_SSRCS ? PASS : media_many_sources(f);
}

// RTP-1. The remote of a leg that latches may be elsewhere by now: its tag will tell. RTCP that
// shares the port with RTP does not lead, it follows.
static bool may_come_from(const struct media_flow *f, uint64_t remote, uint64_t src, bool leads)
{
	return remote != 0 && (src == remote || ((f->flags & MEDIA_LATCH) != 0 && leads));
}

// Nothing else says that a plain packet is what was sent; SRTP has its tag.
static __rte_always_inline bool intact_by(const struct media_pkt *x, pkt_sum_fn *sum_of)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)x->data - 1;

	return x->f->rx != NULL || pkt_of(x->m)->l4_checked ||
		pkt_udp_checksum_ok((const struct rte_ipv4_hdr *)udp - 1, udp,
			(uint16_t)(sizeof(*udp) + x->len), sum_of);
}

static enum dp_counter_id judge_checksum(struct media_pkt *x)
{
	if (intact_by(x, pkt_sum))
		return PASS;
	media_add32(&x->f->rx_bad_checksum, 1);
	return DROP_L4_CHECKSUM;
}

static enum dp_counter_id judge_rtcp(struct media_pkt *x)
{
	struct media_flow *f = x->f;

	if (!(f->rx != NULL ? rtcp_head_ok : rtcp_ok)(x->data, x->len))
		return media_malformed(f);
	x->h.ssrc = rtcp_ssrc(x->data);
	return judge_ssrc(f, x->h.ssrc);
}

// RTP-4: the port above a stream's is its RTCP port.
static enum dp_counter_id judge_rtcp_port(struct media_pkt *x)
{
	struct media_flow *f = x->f;
	enum dp_counter_id bad;

	if ((f->flags & MEDIA_RTCP) == 0 || f->rtcp_remote == 0)
		return media_no_rtcp(f);
	if (!may_come_from(f, f->rtcp_remote, x->src, true))
		return media_stranger(f);
	bad = judge_checksum(x);
	return bad == PASS ? judge_rtcp(x) : bad;
}

static bool may_have_pt(const struct media_flow *f, uint8_t pt)
{
	return f->pts[pt / 64] >> (pt % 64) & 1;
}

// RTP-5.
static enum dp_counter_id judge_rtp(struct media_pkt *x)
{
	struct media_flow *f = x->f;

	if (!x->is_rtp || (f->rx == NULL && !rtp_padding_ok(x->data, x->len, &x->h)))
		return media_malformed(f);
	if (!may_have_pt(f, x->h.pt)) {
		media_add64(&f->rx_bad_pt, 1);
		return DROP_MEDIA_PT;
	}
	return judge_ssrc(f, x->h.ssrc);
}

// What can be said without a key.
static __rte_noinline enum dp_counter_id judge(struct media_pkt *x)
{
	struct media_flow *f = x->f;
	enum dp_counter_id bad;
	bool rtcp;

	media_read_header(x);
	rtcp = x->kind == RTPSEC_RTCP;
	if (x->rtcp_port)
		return judge_rtcp_port(x);
	if (!may_come_from(f, f->remote, x->src, !rtcp))
		return media_stranger(f);
	bad = judge_checksum(x);
	if (bad != PASS)
		return bad;
	if (!rtcp)
		return judge_rtp(x);
	if ((f->flags & MEDIA_RTCP) == 0 || (f->flags & MEDIA_MUX_IN) == 0)
		return media_no_rtcp(f);
	return judge_rtcp(x);
}

static __rte_always_inline void judge_all(
	struct worker *w, unsigned int n, struct media_burst *b, pkt_sum_fn *sum_of)
{
	const struct media_shared *sh = &w->media->shared;
	const struct media_pkt *end = b->p + n;
	struct media_pkt *to = b->p;
	struct rtpsec_job *open = b->open.at;

	for (struct media_pkt *x = b->p; x < end; x++) {
		const struct media_flow *f = x->f;
		struct rtpsec *rx = f->rx;
		enum dp_counter_id bad = PASS;

		if (unlikely(!is_there(x))) {
			pkt_drop(w, x->m, DROP_MEDIA_NO_STREAM);
			continue;
		}
		prefetch_contexts(sh, f);
		x->usual = likely(media_is_usual(x)) && likely(intact_by(x, sum_of));
		if (likely(x->usual))
			x->kind = RTPSEC_RTP;
		else
			bad = judge(x);
		if (unlikely(!media_keep(w, &to, x, bad)))
			continue;
		if (rx != NULL) {
			open->verify_only = (f->flags & MEDIA_PASS) != 0;
			media_job(open++, to - 1, rx);
		}
	}
	b->n = (uint32_t)(to - b->p);
	b->open.n = (uint32_t)(open - b->open.at);
}

__attribute__((target(PKT_SUM_AVX512))) static void judge_avx512(
	struct worker *w, unsigned int n, struct media_burst *b)
{
	judge_all(w, n, b, pkt_sum_avx512);
}

static void judge_any(struct worker *w, unsigned int n, struct media_burst *b)
{
	judge_all(w, n, b, pkt_sum_any);
}

void media_judge_burst(struct worker *w, struct pkts *v, struct media_burst *b)
{
	find(&w->media->shared, v, b);
	(pkt_sum_has_avx512() ? judge_avx512 : judge_any)(w, v->n, b);
}

enum dp_counter_id media_peek(const struct worker *w, const struct pkt *p)
{
	const struct media_shared *sh = &w->media->shared;
	const uint32_t at = __atomic_load_n(&sh->table[p->place], __ATOMIC_RELAXED);
	const struct media_flow *f = (const struct media_flow *)sh->streams - 1 + at;
	const uint64_t src = media_peer(&p->flow.src);
	const bool rtcp_port = p->flow.dst.port & 1;

	if (__atomic_load_n(&f->where, __ATOMIC_RELAXED) != p->place)
		return DROP_MEDIA_NO_STREAM;
	if (rtcp_port && ((f->flags & MEDIA_RTCP) == 0 || f->rtcp_remote == 0))
		return DROP_MEDIA_RTCP;
	return may_come_from(f, rtcp_port ? f->rtcp_remote : f->remote, src, true)
		? PASS
		: DROP_MEDIA_SOURCE;
}
