// SPDX-License-Identifier: BSD-3-Clause
// The RTP and SRTP relay: finds the stream of a packet, opens, measures, seals and readdresses it
// (protocol.md 4.5). Called by dp/worker.c with whole bursts.
// Hot: runs on a worker.
//
// The order matters. Nothing about a stream changes before a packet is known to be from its
// remote and, for SRTP, authenticated; then packets are committed in order of arrival. A packet
// that may not go on because of a hold is opened all the same: else its rollover counter would
// fall behind, and the call would stay silent after the hold (RFC 3711 3.3.1).
//
// What a burst needs from far memory is asked for in waves (port table, flows, contexts), each
// while the one before arrives. The hint is prefetch1: some processors drop prefetch0 when they
// are busy, which is when it counts.
#include "dp/media.h"

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "dp/media_state.h"
#include "lib/rtcp.h"
#include "lib/rtp.h"

#define MEDIA_TTL 64
#define PORT_ONE  ((uint64_t)__builtin_bswap16(1) << 32) // to add to an even port

// One packet on its way through the stage.
struct media_pkt {
	struct rte_mbuf *m;
	struct media_flow *f;
	uint8_t *data;      // RTP or RTCP
	uint64_t src;       // media_peer() that sent it
	uint64_t from, to;  // media_peer()s of the packet that goes on
	uint16_t len, came; // octets at `data` now, and on arrival
	uint8_t kind;       // enum rtpsec_kind
	bool rtcp_port;     // it came to the odd port
	struct rtp_hdr h;   // RTCP: its SSRC alone
};

// The packets still in the stage.
struct media_burst {
	uint32_t n;
	struct media_pkt p[PKTS_MAX];
};

static void add64(uint64_t *p, uint64_t n)
{
	__atomic_store_n(p, *p + n, __ATOMIC_RELAXED);
}

static void add32(uint32_t *p, uint32_t n)
{
	__atomic_store_n(p, *p + n, __ATOMIC_RELAXED);
}

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

// Drops by name, or keeps: the two ends of a step that judges packet by packet.
static void keep_or_drop(struct worker *w, struct media_burst *b, uint32_t *kept,
	struct media_pkt *x, enum dp_counter_id reason)
{
	if (unlikely(reason != PASS)) {
		pkt_drop(w, x->m, reason);
		return;
	}
	if (unlikely(&b->p[*kept] != x))
		b->p[*kept] = *x;
	(*kept)++;
}

static bool knows_ssrc(const struct media_flow *f, uint32_t ssrc)
{
	if (likely(f->stats.started && f->stats.ssrc == ssrc))
		return true;
	for (unsigned int i = 0; i < f->n_ssrcs; i++)
		if (f->ssrcs[i] == ssrc)
			return true;
	return false;
}

static bool may_be_ssrc(const struct media_flow *f, uint32_t ssrc)
{
	return knows_ssrc(f, ssrc) || f->n_ssrcs < MEDIA_SSRCS;
}

static enum dp_counter_id malformed(struct media_flow *f)
{
	add64(&f->rx_malformed, 1);
	return DROP_MEDIA_MALFORMED;
}

static enum dp_counter_id no_rtcp(struct media_flow *f)
{
	add64(&f->rx_rtcp_dropped, 1);
	return DROP_MEDIA_RTCP;
}

// RTP-1. The remote of a leg that latches may be elsewhere by now: its tag will tell. RTCP that
// shares the port with RTP does not lead, it follows.
static bool may_come_from(const struct media_flow *f, uint64_t remote, uint64_t src, bool leads)
{
	return remote != 0 && (src == remote || ((f->flags & MEDIA_LATCH) != 0 && leads));
}

static enum dp_counter_id stranger(struct media_flow *f)
{
	add64(&f->rx_bad_source, 1);
	return DROP_MEDIA_SOURCE;
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
		return malformed(f);
	x->h.ssrc = rtcp_ssrc(x->data);
	return may_be_ssrc(f, x->h.ssrc) ? PASS : DROP_MEDIA_SSRCS;
}

// RTP-4: the port above a stream's is its RTCP port.
static enum dp_counter_id judge_rtcp_port(struct media_pkt *x)
{
	struct media_flow *f = x->f;

	if ((f->flags & MEDIA_RTCP) == 0 || f->rtcp_remote == 0)
		return no_rtcp(f);
	if (!may_come_from(f, f->rtcp_remote, x->src, true))
		return stranger(f);
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
		return malformed(f);
	if (unlikely(!may_have_pt(f, x->h.pt))) {
		add64(&f->rx_bad_pt, 1);
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
		return stranger(f);
	if (unlikely(!intact(x)))
		return DROP_L4_CHECKSUM;
	if (likely(!rtcp))
		return judge_rtp(x);
	if ((f->flags & MEDIA_RTCP) == 0 || (f->flags & MEDIA_MUX_IN) == 0)
		return no_rtcp(f);
	return judge_rtcp(x);
}

static void judge_burst(struct worker *w, struct media_burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++)
		keep_or_drop(w, b, &kept, &b->p[i], judge(&b->p[i]));
	b->n = kept;
}

// ---- Open --------------------------------------------------------------------------------------

// A stranger at a leg that latches, who has proved nothing.
static bool is_elsewhere(const struct media_pkt *x)
{
	return x->src != (x->rtcp_port ? x->f->rtcp_remote : x->f->remote);
}

static enum dp_counter_id forged(struct media_pkt *x)
{
	if (is_elsewhere(x))
		return stranger(x->f);
	add64(&x->f->rx_auth_failed, 1);
	return DROP_MEDIA_AUTH;
}

static enum dp_counter_id seen_before(struct media_flow *f, bool late)
{
	add64(late ? &f->rx_late : &f->rx_replayed, 1);
	return late ? DROP_MEDIA_LATE : DROP_MEDIA_REPLAY;
}

static bool is_well_formed(const struct media_pkt *x)
{
	if ((x->f->flags & MEDIA_PASS) != 0)
		return true; // nobody can look inside
	if (unlikely(x->kind == RTPSEC_RTCP))
		return rtcp_ok(x->data, x->len);
	return rtp_padding_ok(x->data, x->len, &x->h);
}

static enum dp_counter_id open_verdict(struct worker *w, struct media_pkt *x, uint8_t status)
{
	switch (status) {
	case RTPSEC_OK:
		return likely(is_well_formed(x)) ? PASS : malformed(x->f);
	case RTPSEC_REPLAYED:
	case RTPSEC_LATE:
		return seen_before(x->f, status == RTPSEC_LATE);
	case RTPSEC_MALFORMED:
		return malformed(x->f);
	case RTPSEC_SSRCS:
		return DROP_MEDIA_SSRCS;
	case RTPSEC_EXHAUSTED:
		media_key_ended(w, x->f, false);
		return DROP_MEDIA_KEY_USED_UP;
	}
	return forged(x);
}

static void open_burst(struct worker *w, struct media_burst *b)
{
	struct rtpsec_job jobs[PKTS_MAX];
	uint32_t n = 0, k = 0, kept = 0, opened = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct media_pkt *x = &b->p[i];

		if (x->f->rx != NULL)
			jobs[n++] = (struct rtpsec_job){.ctx = x->f->rx,
				.pkt = x->data,
				.len = x->len,
				.kind = x->kind,
				.verify_only = (x->f->flags & MEDIA_PASS) != 0};
	}
	if (n == 0)
		return;
	rtpsec_open(w->media->engine, jobs, n);
	for (uint32_t i = 0; i < b->n; i++) {
		struct media_pkt *x = &b->p[i];
		enum dp_counter_id reason = PASS;

		if (x->f->rx != NULL) {
			x->len = (uint16_t)jobs[k].len;
			opened += jobs[k].status == RTPSEC_OK && !jobs[k].verify_only;
			reason = open_verdict(w, x, jobs[k].status);
			k++;
		}
		keep_or_drop(w, b, &kept, x, reason);
	}
	b->n = kept;
	count_add(w, COUNT_MEDIA_OPENED, opened);
}

// ---- Commit and measure ------------------------------------------------------------------------

// Newer than all before from its source: what is late shows where the remote was, not where it is.
static bool is_newest(const struct media_pkt *x)
{
	const struct rtp_stats *s = &x->f->stats;

	return !s->started || s->ssrc != x->h.ssrc ||
		(int16_t)(x->h.seq - (uint16_t)s->max_seq) > 0;
}

// media-latch (RTP-1). Called for what is authentic alone.
static void latch(struct worker *w, struct media_pkt *x)
{
	struct media_flow *f = x->f, *back = media_other(f);

	if (x->rtcp_port) {
		f->rtcp_remote = back->rtcp_out_remote = x->src;
	} else if (is_newest(x)) {
		__atomic_store_n(&f->remote, x->src, __ATOMIC_RELAXED);
		back->out_remote = x->src;
		f->flags |= MEDIA_LATCHED;
		count_add(w, COUNT_MEDIA_LATCHED, 1);
	}
}

// tx_awaits_rx: the address is the key holder's, or he could not have sent this from there. Of
// RTCP's address that is known when RTCP came from it, or if it is RTP's with another port.
static void prove(struct media_pkt *x)
{
	struct media_flow *f = x->f, *back = media_other(f);

	if (x->rtcp_port) {
		f->flags |= MEDIA_RTCP_PROVEN;
		back->flags |= MEDIA_OUT_RTCP_PROVEN;
		return;
	}
	f->flags |= MEDIA_PROVEN;
	back->flags |= MEDIA_OUT_PROVEN;
	if ((uint32_t)f->rtcp_remote == (uint32_t)f->remote)
		back->flags |= MEDIA_OUT_RTCP_PROVEN;
}

// Who it is: the first change of the stream's state. A burst may bring several new sources at
// once, so their number is judged again here.
static enum dp_counter_id identify(struct worker *w, struct media_pkt *x)
{
	struct media_flow *f = x->f;

	if (unlikely(--f->key_in == 0))
		media_key_check(w, f);
	if (unlikely(!knows_ssrc(f, x->h.ssrc))) {
		if (f->n_ssrcs == MEDIA_SSRCS)
			return DROP_MEDIA_SSRCS;
		f->ssrcs[f->n_ssrcs++] = x->h.ssrc;
	}
	if (f->rx == NULL)
		return PASS;
	if (unlikely(is_elsewhere(x)))
		latch(w, x);
	if (unlikely((f->flags & (x->rtcp_port ? MEDIA_RTCP_PROVEN : MEDIA_PROVEN)) == 0) &&
		!is_elsewhere(x))
		prove(x);
	return PASS;
}

static void measure(const struct worker *w, struct media_pkt *x)
{
	struct media_flow *f = x->f;

	rtp_stats_add(&f->stats, &x->h, rtp_units(w->now_ns, f->clock_hz));
	__atomic_store_n(&f->last_rx_ns, w->now_ns, __ATOMIC_RELAXED);
	f->last_pt = x->h.pt;
	f->flags |= MEDIA_PT_KNOWN;
}

// Whether it may go to where it is to go, which may wait for a proof.
static enum dp_counter_id target(struct media_pkt *x, uint64_t to, uint16_t proof)
{
	struct media_flow *f = x->f;

	if (unlikely((f->flags & MEDIA_AWAITS) != 0 && (f->flags & proof) == 0)) {
		add32(&f->tx_waiting, 1);
		return DROP_MEDIA_WAITING;
	}
	x->from = f->out_local;
	x->to = to;
	return PASS;
}

// RTCP goes on during a hold (RFC 3264 8.4).
static enum dp_counter_id commit_rtcp(struct media_pkt *x)
{
	struct media_flow *f = x->f;
	bool mux = (f->flags & MEDIA_MUX_OUT) != 0;
	uint64_t to = mux ? f->out_remote : f->rtcp_out_remote;
	enum dp_counter_id bad;

	if (to == 0)
		return no_rtcp(f);
	bad = target(x, to, mux ? MEDIA_OUT_PROVEN : MEDIA_OUT_RTCP_PROVEN);
	if (!mux)
		x->from += PORT_ONE;
	if (bad == PASS)
		add32(&f->rx_rtcp, 1);
	return bad;
}

static enum dp_counter_id commit(struct worker *w, struct media_pkt *x)
{
	struct media_flow *f = x->f;
	enum dp_counter_id bad = identify(w, x);

	if (unlikely(bad != PASS))
		return bad;
	if (unlikely(x->kind == RTPSEC_RTCP))
		return commit_rtcp(x);
	measure(w, x);
	if (unlikely((f->flags & MEDIA_RX) == 0)) {
		add32(&f->rx_on_hold, 1);
		return DROP_MEDIA_DIRECTION;
	}
	add64(&f->rx_packets, 1);
	add64(&f->rx_octets, x->came);
	if (unlikely((f->flags & MEDIA_TX) == 0))
		return DROP_MEDIA_DIRECTION;
	return target(x, f->out_remote, MEDIA_OUT_PROVEN);
}

static void commit_burst(struct worker *w, struct media_burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++)
		keep_or_drop(w, b, &kept, &b->p[i], commit(w, &b->p[i]));
	b->n = kept;
}

// ---- Seal --------------------------------------------------------------------------------------

// The frame ends where the payload does; Ethernet padding and the SRTP tag go.
static void set_length(struct media_pkt *x, uint32_t len)
{
	x->len = (uint16_t)len;
	x->m->data_len = (uint16_t)(pkt_of(x->m)->payload + len);
	x->m->pkt_len = x->m->data_len;
}

static enum dp_counter_id seal_verdict(struct worker *w, struct media_pkt *x, uint8_t status)
{
	switch (status) {
	case RTPSEC_OK:
		return PASS;
	case RTPSEC_REPLAYED:
	case RTPSEC_LATE:
		return seen_before(x->f, status == RTPSEC_LATE);
	case RTPSEC_EXHAUSTED:
		media_key_ended(w, x->f, true);
		return DROP_MEDIA_KEY_USED_UP;
	case RTPSEC_SSRCS:
		return DROP_MEDIA_SSRCS;
	}
	return malformed(x->f);
}

static void make_room(struct worker *w, struct media_burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		struct media_pkt *x = &b->p[i];

		set_length(x, x->len);
		keep_or_drop(w, b, &kept, x,
			x->f->tx == NULL || rte_pktmbuf_tailroom(x->m) >= RTPSEC_TRAILER_MAX
				? PASS
				: DROP_MTU_EXCEEDED);
	}
	b->n = kept;
}

static void seal_burst(struct worker *w, struct media_burst *b)
{
	struct rtpsec_job jobs[PKTS_MAX];
	uint32_t n = 0, k = 0, kept = 0, sealed = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct media_pkt *x = &b->p[i];

		if (x->f->tx != NULL)
			jobs[n++] = (struct rtpsec_job){
				.ctx = x->f->tx, .pkt = x->data, .len = x->len, .kind = x->kind};
	}
	if (n == 0)
		return;
	rtpsec_seal(w->media->engine, jobs, n);
	for (uint32_t i = 0; i < b->n; i++) {
		struct media_pkt *x = &b->p[i];
		enum dp_counter_id reason = PASS;

		if (x->f->tx != NULL) {
			reason = seal_verdict(w, x, jobs[k].status);
			if (likely(reason == PASS))
				set_length(x, jobs[k].len);
			sealed += reason == PASS;
			k++;
		}
		keep_or_drop(w, b, &kept, x, reason);
	}
	b->n = kept;
	count_add(w, COUNT_MEDIA_SEALED, sealed);
}

// ---- Send --------------------------------------------------------------------------------------

// RFC 1071: the checksum of a sum of words in network order.
static uint16_t checksum(uint64_t sum)
{
	sum = (sum >> 32) + (sum & UINT32_MAX);
	sum = (sum >> 16) + (sum & UINT16_MAX);
	sum = (sum >> 16) + (sum & UINT16_MAX);
	sum = (sum >> 16) + (sum & UINT16_MAX);
	return (uint16_t)~sum;
}

// We are the sender of what leaves: our address and port, a fresh TTL. DSCP is the phones'.
// The sums are of the values, since to read back headers that were just written, in other sizes,
// stalls for longer than all of the rest takes.
static void write_headers(struct media_pkt *x)
{
	struct rte_ipv4_hdr *ip = pkt_ipv4(x->m);
	struct rte_udp_hdr *udp = pkt_udp(x->m);
	const rte_be32_t src = (rte_be32_t)x->from, dst = (rte_be32_t)x->to;
	const rte_be16_t sport = (rte_be16_t)(x->from >> 32), dport = (rte_be16_t)(x->to >> 32);
	const rte_be16_t udp_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + x->len));
	const rte_be16_t ip_len = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*udp) + x->len));
	const uint64_t addresses = (uint64_t)src + dst;
	const rte_be16_t first =
		rte_cpu_to_be_16((uint16_t)(ip->version_ihl << 8 | ip->type_of_service));
	uint16_t sum;

	ip->hdr_checksum = checksum(addresses + first + ip_len + ip->packet_id +
		ip->fragment_offset + rte_cpu_to_be_16(MEDIA_TTL << 8 | PROTO_UDP));
	ip->total_length = ip_len;
	ip->time_to_live = MEDIA_TTL;
	ip->src_addr = src;
	ip->dst_addr = dst;
	sum = checksum(addresses + rte_cpu_to_be_16(PROTO_UDP) + 2 * (uint32_t)udp_len + sport +
		dport + pkt_sum(x->data, x->len));
	udp->dgram_cksum = sum != 0 ? sum : UINT16_MAX; // 0 means none (RFC 768)
	udp->dgram_len = udp_len;
	udp->src_port = sport;
	udp->dst_port = dport;
}

static void readdress(struct media_pkt *x)
{
	struct media_flow *f = x->f;
	struct pkt *p = pkt_of(x->m);

	write_headers(x);
	p->flow.src = media_endpoint(x->from);
	p->flow.dst = media_endpoint(x->to);
	p->payload_len = x->len;
	p->iface_out = (uint16_t)(x->from >> 48);
	p->ours = true;
	if (unlikely(x->kind == RTPSEC_RTCP)) {
		add32(&f->tx_rtcp, 1);
		return;
	}
	add64(&f->tx_packets, 1);
	add64(&f->tx_octets, x->len);
}

void media_stage(struct worker *w, struct pkts *v)
{
	uint32_t rtcp = 0, passed = 0;
	struct media_burst b;

	b.n = 0;
	find(w, v, &b);
	judge_burst(w, &b);
	open_burst(w, &b);
	commit_burst(w, &b);
	make_room(w, &b);
	seal_burst(w, &b);
	v->n = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		readdress(&b.p[i]);
		rtcp += b.p[i].kind == RTPSEC_RTCP;
		passed += (b.p[i].f->flags & MEDIA_PASS) != 0;
		pkts_add(v, b.p[i].m);
	}
	count_add(w, COUNT_MEDIA_RELAYED, b.n);
	count_add(w, COUNT_MEDIA_RTCP_RELAYED, rtcp);
	count_add(w, COUNT_MEDIA_PASSTHROUGH, passed);
}
