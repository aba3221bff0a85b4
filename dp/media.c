// SPDX-License-Identifier: BSD-3-Clause
// The RTP and SRTP relay: finds the stream of a packet, opens, measures, seals and readdresses it
// (protocol.md 4.5). Called by dp/worker.c with whole bursts.
// Hot: runs on a worker.
//
// The order matters. Nothing about a stream changes before a packet is known to be from its
// remote and, for SRTP, authenticated; then packets are committed in order of arrival. A packet
// that may not go on because of a hold is opened all the same: else its rollover counter would
// fall behind, and the call would stay silent after the hold (RFC 3711 3.3.1).
#include "dp/media.h"

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "dp/media_state.h"
#include "lib/rtp.h"

#define MEDIA_TTL 64

// One packet on its way through the stage. `leg` is the one it came in on.
struct media_pkt {
	struct rte_mbuf *m;
	struct media_stream *s;
	uint8_t *rtp;
	uint32_t len;
	uint32_t leg;
	struct rtp_hdr h;
};

// The packets still in the stage.
struct media_burst {
	uint32_t n;
	struct media_pkt p[PKTS_MAX];
};

static void show_add(uint64_t *p, uint64_t n)
{
	__atomic_store_n(p, *p + n, __ATOMIC_RELAXED);
}

static const struct media_slot_leg *leg_in(const struct media_pkt *x)
{
	return &x->s->slot->leg[x->leg];
}

static const struct media_slot_leg *leg_out(const struct media_pkt *x)
{
	return &x->s->slot->leg[x->leg ^ 1];
}

static struct media_show *show_in(struct media_pkt *x)
{
	return &x->s->leg[x->leg].show;
}

// ---- Which stream ------------------------------------------------------------------------------

static bool lookup(const struct worker *w, struct media_pkt *x, struct endpoint local)
{
	struct media_shared *sh = w->media->shared;
	uint16_t entry =
		__atomic_load_n(&sh->table[pkt_of(x->m)->iface_in][local.port], __ATOMIC_RELAXED);

	if (entry == 0)
		return false;
	x->s = &sh->streams[(entry - 1) / 2];
	x->leg = (entry - 1) % 2;
	return x->s->slot != NULL && endpoint_eq(&leg_in(x)->local, &local);
}

// RTP-4: the port above a stream's is its RTCP port.
static enum dp_counter_id no_stream(const struct worker *w, struct media_pkt *x)
{
	struct endpoint local = pkt_of(x->m)->flow.dst;

	if (local.port % 2 == 0)
		return DROP_MEDIA_NO_STREAM;
	local.port--;
	if (!lookup(w, x, local))
		return DROP_MEDIA_NO_STREAM;
	show_add(&show_in(x)->rx_rtcp, 1);
	return DROP_MEDIA_RTCP;
}

static void find(struct worker *w, struct pkts *v, struct media_burst *b)
{
	for (unsigned int i = 0; i < v->n; i++) {
		const struct pkt *p = pkt_of(v->m[i]);
		struct media_pkt *x = &b->p[b->n];

		x->m = v->m[i];
		if (unlikely(!lookup(w, x, p->flow.dst))) {
			pkt_drop(w, x->m, no_stream(w, x));
			continue;
		}
		rte_prefetch0(&x->s->leg[x->leg]);
		x->rtp = pkt_payload(x->m);
		x->len = p->payload_len;
		b->n++;
	}
}

// ---- May it speak ------------------------------------------------------------------------------

static bool knows_ssrc(const struct media_leg *l, uint32_t ssrc)
{
	for (unsigned int i = 0; i < l->n_ssrcs; i++)
		if (l->ssrc[i] == ssrc)
			return true;
	return false;
}

// RTP-1, RTP-4, RTP-5: what can be said without a key. DP_COUNTERS: nothing against it.
static enum dp_counter_id judge(struct media_pkt *x)
{
	const struct media_slot_leg *in = leg_in(x);
	const struct media_leg *state = &x->s->leg[x->leg];

	if (in->remote.port == 0 || !endpoint_eq(&pkt_of(x->m)->flow.src, &in->remote)) {
		show_add(&show_in(x)->rx_bad_source, 1);
		return DROP_MEDIA_SOURCE;
	}
	// Nothing else says that plain RTP is what was sent; SRTP has its tag.
	if (in->rx == NULL && !pkt_of(x->m)->l4_checked && !pkt_l4_checksum_ok(x->m))
		return DROP_L4_CHECKSUM;
	if (rtp_is_rtcp(x->rtp, x->len)) {
		show_add(&show_in(x)->rx_rtcp, 1);
		return DROP_MEDIA_RTCP;
	}
	if (!rtp_parse(x->rtp, x->len, &x->h) ||
		(in->rx == NULL && !rtp_padding_ok(x->rtp, x->len, &x->h))) {
		show_add(&show_in(x)->rx_malformed, 1);
		return DROP_MEDIA_MALFORMED;
	}
	if ((x->s->slot->pts[x->h.pt / 64] >> (x->h.pt % 64) & 1) == 0)
		return DROP_MEDIA_PT;
	if (state->n_ssrcs == MEDIA_SSRCS && !knows_ssrc(state, x->h.ssrc))
		return DROP_MEDIA_SSRCS;
	return DP_COUNTERS;
}

// Drops by name, or keeps: the two ends of a step that judges packet by packet.
static void keep_or_drop(struct worker *w, struct media_burst *b, uint32_t *kept,
	struct media_pkt *x, enum dp_counter_id reason)
{
	if (unlikely(reason != DP_COUNTERS)) {
		pkt_drop(w, x->m, reason);
		return;
	}
	if (&b->p[*kept] != x)
		b->p[*kept] = *x;
	(*kept)++;
}

static void judge_burst(struct worker *w, struct media_burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++)
		keep_or_drop(w, b, &kept, &b->p[i], judge(&b->p[i]));
	b->n = kept;
}

// ---- Open and measure --------------------------------------------------------------------------

static enum dp_counter_id open_verdict(struct media_pkt *x, enum rtpsec_status status)
{
	switch (status) {
	case RTPSEC_OK:
		break;
	case RTPSEC_REPLAYED:
	case RTPSEC_LATE:
		show_add(&show_in(x)->rx_replayed, 1);
		return DROP_MEDIA_REPLAY;
	case RTPSEC_MALFORMED:
		show_add(&show_in(x)->rx_malformed, 1);
		return DROP_MEDIA_MALFORMED;
	case RTPSEC_SSRCS:
	case RTPSEC_EXHAUSTED:
		return DROP_MEDIA_SSRCS;
	default:
		show_add(&show_in(x)->rx_auth_failed, 1);
		return DROP_MEDIA_AUTH;
	}
	if (!rtp_padding_ok(x->rtp, x->len, &x->h)) {
		show_add(&show_in(x)->rx_malformed, 1);
		return DROP_MEDIA_MALFORMED;
	}
	return DP_COUNTERS;
}

static void open_burst(struct worker *w, struct media_burst *b)
{
	struct rtpsec_job jobs[PKTS_MAX];
	uint32_t n = 0, k = 0, kept = 0;

	for (uint32_t i = 0; i < b->n; i++)
		if (leg_in(&b->p[i])->rx != NULL)
			jobs[n++] = (struct rtpsec_job){.ctx = leg_in(&b->p[i])->rx,
				.pkt = b->p[i].rtp,
				.len = b->p[i].len};
	if (n == 0)
		return;
	rtpsec_open(NULL, jobs, n);
	for (uint32_t i = 0; i < b->n; i++) {
		struct media_pkt *x = &b->p[i];
		enum dp_counter_id reason = DP_COUNTERS;

		if (leg_in(x)->rx != NULL) {
			x->len = jobs[k].len;
			reason = open_verdict(x, jobs[k].status);
			count_add(w, COUNT_MEDIA_OPENED, jobs[k].status == RTPSEC_OK);
			k++;
		}
		keep_or_drop(w, b, &kept, x, reason);
	}
	b->n = kept;
}

// The first change of the stream's state. A burst may bring several new sources at once, so their
// number is checked again here.
static enum dp_counter_id commit(const struct worker *w, struct media_pkt *x)
{
	struct media_leg *l = &x->s->leg[x->leg];

	if (!knows_ssrc(l, x->h.ssrc)) {
		if (l->n_ssrcs == MEDIA_SSRCS)
			return DROP_MEDIA_SSRCS;
		l->ssrc[l->n_ssrcs++] = x->h.ssrc;
	}
	rtp_stats_add(&l->stats, &x->h, rtp_units(w->now_ns, x->s->slot->clock_hz));
	__atomic_store_n(&l->show.rx_lost, rtp_stats_lost(&l->stats), __ATOMIC_RELAXED);
	__atomic_store_n(&l->show.jitter_q4, l->stats.jitter_q4, __ATOMIC_RELAXED);
	__atomic_store_n(&l->show.last_rx_ns, w->now_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&l->show.last_pt, x->h.pt, __ATOMIC_RELAXED);
	if (!leg_in(x)->rx_allowed)
		return DROP_MEDIA_DIRECTION;
	show_add(&l->show.rx_packets, 1);
	return leg_out(x)->may_send ? DP_COUNTERS : DROP_MEDIA_DIRECTION;
}

static void commit_burst(struct worker *w, struct media_burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++)
		keep_or_drop(w, b, &kept, &b->p[i], commit(w, &b->p[i]));
	b->n = kept;
}

// ---- Seal and send -----------------------------------------------------------------------------

// The frame ends where the payload does; Ethernet padding and the SRTP tag go.
static void set_length(struct media_pkt *x, uint32_t len)
{
	x->len = len;
	x->m->data_len = (uint16_t)(pkt_of(x->m)->payload + len);
	x->m->pkt_len = x->m->data_len;
}

static enum dp_counter_id seal_verdict(enum rtpsec_status status)
{
	if (likely(status == RTPSEC_OK))
		return DP_COUNTERS;
	return status == RTPSEC_REPLAYED ? DROP_MEDIA_REPLAY : DROP_MEDIA_SEAL;
}

static void make_room(struct worker *w, struct media_burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		struct media_pkt *x = &b->p[i];

		set_length(x, x->len);
		keep_or_drop(w, b, &kept, x,
			leg_out(x)->tx == NULL || rte_pktmbuf_tailroom(x->m) >= RTPSEC_TRAILER_MAX
				? DP_COUNTERS
				: DROP_MTU_EXCEEDED);
	}
	b->n = kept;
}

static void seal_burst(struct worker *w, struct media_burst *b)
{
	struct rtpsec_job jobs[PKTS_MAX];
	uint32_t n = 0, k = 0, kept = 0;

	for (uint32_t i = 0; i < b->n; i++)
		if (leg_out(&b->p[i])->tx != NULL)
			jobs[n++] = (struct rtpsec_job){.ctx = leg_out(&b->p[i])->tx,
				.pkt = b->p[i].rtp,
				.len = b->p[i].len};
	if (n == 0)
		return;
	rtpsec_seal(NULL, jobs, n);
	for (uint32_t i = 0; i < b->n; i++) {
		struct media_pkt *x = &b->p[i];
		enum dp_counter_id reason = DP_COUNTERS;

		if (leg_out(x)->tx != NULL) {
			reason = seal_verdict(jobs[k].status);
			if (reason == DP_COUNTERS) {
				set_length(x, jobs[k].len);
				count_add(w, COUNT_MEDIA_SEALED, 1);
			}
			k++;
		}
		keep_or_drop(w, b, &kept, x, reason);
	}
	b->n = kept;
}

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
static void write_headers(struct media_pkt *x, const struct media_slot_leg *out)
{
	struct rte_ipv4_hdr *ip = pkt_ipv4(x->m);
	struct rte_udp_hdr *udp = pkt_udp(x->m);
	const rte_be32_t src = ip_to_v4_be(&out->local.ip), dst = ip_to_v4_be(&out->remote.ip);
	const rte_be16_t sport = rte_cpu_to_be_16(out->local.port);
	const rte_be16_t dport = rte_cpu_to_be_16(out->remote.port);
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
		dport + rte_raw_cksum(x->rtp, x->len));
	udp->dgram_cksum = sum != 0 ? sum : UINT16_MAX; // 0 means none (RFC 768)
	udp->dgram_len = udp_len;
	udp->src_port = sport;
	udp->dst_port = dport;
}

static void readdress(struct media_pkt *x)
{
	const struct media_slot_leg *out = leg_out(x);
	struct pkt *p = pkt_of(x->m);

	write_headers(x, out);
	p->flow.src = out->local;
	p->flow.dst = out->remote;
	p->payload_len = (uint16_t)x->len;
	p->ours = true;
	show_add(&x->s->leg[x->leg ^ 1].show.tx_packets, 1);
}

void media_stage(struct worker *w, struct pkts *v)
{
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
		pkts_add(v, b.p[i].m);
	}
	count_add(w, COUNT_MEDIA_RELAYED, b.n);
}

// ---- Messages ----------------------------------------------------------------------------------

static void use_slot(struct media_stream *s, const struct media_slot *slot)
{
	s->slot = slot;
	for (unsigned int i = 0; i < 2; i++)
		if (slot->leg[i].fresh)
			s->leg[i].n_ssrcs = 0;
}

void media_msg(struct worker *w, const struct dp_msg *m)
{
	struct media_worker *mw = w->media;
	struct media_stream *s = &mw->shared->streams[m->media.stream];

	if (m->type == DP_MSG_MEDIA_SET)
		use_slot(s, &mw->shared->slots[m->media.slot]);
	else
		s->slot = NULL;
	// From here on the control thread may take back what this message replaced.
	__atomic_store_n(&mw->handled, mw->handled + 1, __ATOMIC_RELEASE);
	if (m->type == DP_MSG_MEDIA_DEL) {
		mw->gone[mw->n_gone++] = m->media.stream;
		media_turn(w);
	}
}

void media_turn(struct worker *w)
{
	struct media_worker *mw = w->media;
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_GONE};

	while (unlikely(mw->n_gone > 0)) {
		m.media.stream = mw->gone[mw->n_gone - 1];
		if (!worker_notify(w, &m))
			return;
		mw->n_gone--;
	}
}
