// SPDX-License-Identifier: BSD-3-Clause
// The RTP and SRTP relay: opens, measures, seals and readdresses what dp/media_judge.c has found to
// belong to a stream (protocol.md 4.5). Called by dp/worker.c with whole bursts.
// Hot: runs on a worker.
//
// The order matters. Nothing about a stream changes before a packet is known to be from its
// remote and, for SRTP, authenticated; then packets are committed in order of arrival. A packet
// that may not go on because of a hold is opened all the same: else its rollover counter would
// fall behind, and the call would stay silent after the hold (RFC 3711 3.3.1).
#include "dp/media.h"

#include "dp/media_pkt.h"
#include "dp/media_state.h"
#include "dp/pkt_sum.h"
#include "lib/rtcp.h"

#define MEDIA_TTL  64
#define MEDIA_PEER UINT64_C(0xffffffffffff)               // of ours: without the interface
#define PORT_ONE   ((uint64_t)__builtin_bswap16(1) << 32) // to add to an even port

// ---- Open --------------------------------------------------------------------------------------

// A stranger at a leg that latches, who has proved nothing.
static bool is_elsewhere(const struct media_pkt *x)
{
	return x->src != (x->rtcp_port ? x->f->rtcp_remote : x->f->remote);
}

static enum dp_counter_id forged(struct media_pkt *x)
{
	if (is_elsewhere(x))
		return media_stranger(x->f);
	media_add64(&x->f->rx_auth_failed, 1);
	return DROP_MEDIA_AUTH;
}

static enum dp_counter_id seen_before(struct media_flow *f, bool late)
{
	if (late)
		media_add32(&f->rx_late, 1);
	else
		media_add64(&f->rx_replayed, 1);
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
	if (likely(status == RTPSEC_OK))
		return likely(is_well_formed(x)) ? PASS : media_malformed(x->f);
	switch (status) {
	case RTPSEC_REPLAYED:
	case RTPSEC_LATE:
		return seen_before(x->f, status == RTPSEC_LATE);
	case RTPSEC_MALFORMED:
		return media_malformed(x->f);
	case RTPSEC_SSRCS:
		return media_many_sources(x->f);
	case RTPSEC_EXHAUSTED:
		media_key_ended(w, x->f, false);
		return DROP_MEDIA_KEY_USED_UP;
	}
	return forged(x);
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

	if (!media_knows_ssrc(f, x->h.ssrc)) {
		if (f->n_ssrcs == MEDIA_SSRCS)
			return media_many_sources(f);
		f->ssrcs[f->n_ssrcs++] = x->h.ssrc;
	}
	if (f->rx == NULL)
		return PASS;
	if (is_elsewhere(x))
		latch(w, x);
	if ((f->flags & (x->rtcp_port ? MEDIA_RTCP_PROVEN : MEDIA_PROVEN)) == 0 && !is_elsewhere(x))
		prove(x);
	return PASS;
}

// Nearly all calls have the same clock, and divisions are dear.
static uint32_t now_rtp(const struct worker *w, struct media_burst *b, uint32_t clock_hz)
{
	if (unlikely(b->clock_hz != clock_hz)) {
		b->clock_hz = clock_hz;
		b->now_rtp = rtp_units(w->now_ns, clock_hz);
	}
	return b->now_rtp;
}

// When, and how well, for whoever asks. Loss and jitter have been counted.
static inline void measure(struct worker *w, struct media_flow *f, const struct rtp_hdr *h)
{
	__atomic_store_n(&f->last_rx_ns, w->now_ns, __ATOMIC_RELAXED);
	if ((f->flags & MEDIA_MONITOR) != 0)
		media_quality_add(w, f, h);
}

static inline void send_to(struct media_pkt *x, const struct media_flow *f, uint64_t to)
{
	x->from = f->out_local;
	x->to = to;
}

// Whether it may go to where it is to go, which may wait for a proof.
static enum dp_counter_id target(struct media_pkt *x, uint64_t to, uint16_t proof)
{
	struct media_flow *f = x->f;

	if ((f->flags & MEDIA_AWAITS) != 0 && (f->flags & proof) == 0) {
		media_add32(&f->tx_waiting, 1);
		return DROP_MEDIA_WAITING;
	}
	send_to(x, f, to);
	return PASS;
}

// RTCP goes on during a hold (RFC 3264 8.4).
static enum dp_counter_id commit_rtcp(struct worker *w, struct media_pkt *x)
{
	struct media_flow *f = x->f;
	bool mux = (f->flags & MEDIA_MUX_OUT) != 0;
	uint64_t to = mux ? f->out_remote : f->rtcp_out_remote;
	enum dp_counter_id bad;

	if ((f->flags & MEDIA_PASS) == 0 &&
		((f->flags | media_other(f)->flags) & MEDIA_MONITOR) != 0)
		media_quality_rtcp(w, f, x->data, x->len);
	if (to == 0)
		return media_no_rtcp(f);
	bad = target(x, to, mux ? MEDIA_OUT_PROVEN : MEDIA_OUT_RTCP_PROVEN);
	if (!mux)
		x->from += PORT_ONE;
	if (bad == PASS)
		media_add32(&f->rx_rtcp, 1);
	return bad;
}

static inline void count_rx(struct media_flow *f, uint16_t octets)
{
	media_add64(&f->rx_packets, 1);
	media_add64(&f->rx_octets, octets);
}

static enum dp_counter_id commit_rtp(struct worker *w, struct media_burst *b, struct media_pkt *x)
{
	struct media_flow *f = x->f;
	enum dp_counter_id bad;

	rtp_stats_add(&f->stats, &x->h, now_rtp(w, b, f->clock_hz));
	measure(w, f, &x->h);
	f->last_pt = x->h.pt;
	if (unlikely(media_looks_like_rtcp(x->h.pt)))
		f->flags &= (uint16_t)~MEDIA_STEADY;
	if ((f->flags & MEDIA_RX) == 0) {
		media_add32(&f->rx_on_hold, 1);
		return DROP_MEDIA_DIRECTION;
	}
	count_rx(f, x->came);
	if ((f->flags & MEDIA_TX) == 0)
		return DROP_MEDIA_DIRECTION;
	bad = target(x, f->out_remote, MEDIA_OUT_PROVEN);
	if (bad == PASS && (f->rx == NULL || (f->flags & MEDIA_PROVEN) != 0) &&
		likely(!media_looks_like_rtcp(x->h.pt)))
		f->flags |= MEDIA_STEADY;
	return bad;
}

static inline void key_used(struct worker *w, struct media_flow *f)
{
	if (unlikely(--f->key_in == 0))
		media_key_check(w, f);
}

static __rte_noinline enum dp_counter_id commit_at_length(
	struct worker *w, struct media_burst *b, struct media_pkt *x, uint8_t status)
{
	enum dp_counter_id bad = PASS;

	if (x->usual)
		media_read_header(x);
	if (x->f->rx != NULL)
		bad = open_verdict(w, x, status);
	if (bad != PASS)
		return bad;
	key_used(w, x->f);
	b->stirred = true;
	bad = identify(w, x);
	if (bad != PASS)
		return bad;
	return x->kind == RTPSEC_RTCP ? commit_rtcp(w, x) : commit_rtp(w, b, x);
}

// It was; but a packet of the burst that came before it may have changed what that is.
static inline bool is_usual(const struct media_burst *b, const struct media_pkt *x)
{
	return likely(x->usual) && (likely(!b->stirred) || media_is_usual(x));
}

static inline void commit_usual(struct worker *w, struct media_burst *b, struct media_pkt *x)
{
	struct media_flow *f = x->f;

	key_used(w, f);
	rtp_stats_add_known(&f->stats, &x->h, now_rtp(w, b, f->clock_hz));
	if ((f->flags & MEDIA_MONITOR) != 0)
		media_read_header(x);
	measure(w, f, &x->h);
	count_rx(f, x->came);
	send_to(x, f, f->out_remote);
}

static inline enum dp_counter_id commit(
	struct worker *w, struct media_burst *b, struct media_pkt *x, uint8_t status)
{
	if (unlikely(status != RTPSEC_OK || !is_usual(b, x)))
		return commit_at_length(w, b, x, status);
	commit_usual(w, b, x);
	return PASS;
}

static bool has_room(const struct media_pkt *x)
{
	const uint8_t *end = (const uint8_t *)x->m->buf_addr + x->m->buf_len;

	return x->data + x->len + RTPSEC_TRAILER_MAX <= end;
}

static void commit_burst(struct worker *w, struct media_burst *b)
{
	const struct rtpsec_job *opened = b->open.at;
	const struct media_pkt *end = b->p + b->n;
	struct media_pkt *to = b->p;
	struct rtpsec_job *seal = b->seal.at;
	uint32_t as_it_came = 0; // or refused

	for (struct media_pkt *x = b->p; x < end; x++) {
		struct rtpsec *tx = x->f->tx;
		enum dp_counter_id bad;
		uint8_t status = RTPSEC_OK;

		if (x->f->rx != NULL) {
			x->len = (uint16_t)opened->len;
			status = opened->status;
			as_it_came += opened->verify_only | (status != RTPSEC_OK);
			opened++;
		}
		bad = commit(w, b, x, status);
		if (unlikely(bad == PASS && tx != NULL && !has_room(x)))
			bad = DROP_MTU_EXCEEDED;
		if (likely(media_keep(w, &to, x, bad)) && tx != NULL)
			media_job(seal++, to - 1, tx);
	}
	b->n = (uint32_t)(to - b->p);
	b->seal.n = (uint32_t)(seal - b->seal.at);
	count_add(w, COUNT_MEDIA_OPENED, b->open.n - as_it_came);
}

// ---- Seal and send -----------------------------------------------------------------------------

static enum dp_counter_id seal_verdict(struct worker *w, const struct media_pkt *x, uint8_t status)
{
	if (likely(status == RTPSEC_OK))
		return PASS;
	switch (status) {
	case RTPSEC_REPLAYED:
	case RTPSEC_LATE:
		return seen_before(x->f, status == RTPSEC_LATE);
	case RTPSEC_EXHAUSTED:
		media_key_ended(w, x->f, true);
		return DROP_MEDIA_KEY_USED_UP;
	case RTPSEC_SSRCS:
		return media_many_sources(x->f);
	}
	return media_malformed(x->f);
}

// RFC 1071: the checksum of a sum of words in network order, 1 to 65535. What could be 0 is all ones,
// the other form that 0 has in ones' complement: to UDP 0 means that there is none (RFC 768).
static uint16_t checksum(uint64_t sum)
{
	return (uint16_t)(UINT16_MAX - sum % UINT16_MAX);
}

static inline uint32_t be16(uint16_t v)
{
	return __builtin_bswap16(v);
}

// The last 16 octets of the headers, as they are put together of two media_peer()s: addresses, ports,
// and UDP's length and checksum, which `ends` has not.
static inline __m128i udp_ends(__m128i ends, uint32_t len_and_sum)
{
	const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 12, 13, -1, -1, -1, -1);

	return _mm_insert_epi32(_mm_shuffle_epi8(ends, order), (int)len_and_sum, 3);
}

// We are the sender of what leaves: our address and port, a fresh TTL. DSCP is the phones'.
// The headers are put together in registers and summed there: they are written in few, wide stores,
// and never read back, which would stall for longer than all of the rest takes.
static __rte_always_inline void write_headers(
	const struct media_pkt *x, uint16_t len, pkt_sum_fn *sum_of)
{
	uint8_t *const ip = x->data - sizeof(struct rte_udp_hdr) - sizeof(struct rte_ipv4_hdr);
	const uint16_t udp_len = (uint16_t)(sizeof(struct rte_udp_hdr) + len);
	const uint16_t ip_len = (uint16_t)(sizeof(struct rte_ipv4_hdr) + udp_len);
	const uint64_t from = x->from & MEDIA_PEER, to = x->to;
	const uint32_t len_be = be16(udp_len);
	uint32_t ttl = be16(MEDIA_TTL << 8 | PROTO_UDP), sum;
	uint64_t start; // version to fragment offset

	memcpy(&start, ip, sizeof(start));
	start = (start & ~UINT64_C(0xffff0000)) | be16(ip_len) << 16;
	sum = checksum((start & UINT32_MAX) + (start >> 32) + ttl + (uint32_t)from + (uint32_t)to);
	ttl |= sum << 16;
	// The length counts twice: in the pseudo header, too. A peer is three words of 16 bits.
	sum = checksum(from + to + be16(PROTO_UDP) + 2 * len_be + sum_of(x->data, len));
	memcpy(ip, &start, sizeof(start));
	memcpy(ip + 8, &ttl, sizeof(ttl));
	_mm_storeu_si128((__m128i *)(ip + 12),
		udp_ends(_mm_loadu_si128((const __m128i *)&x->from), len_be | sum << 16));
}

// The frame ends where the payload does; Ethernet padding and the SRTP tag go.
static __rte_always_inline void readdress(
	const struct media_pkt *x, uint16_t len, pkt_sum_fn *sum_of)
{
	struct rte_mbuf *m = x->m;
	struct pkt *p = pkt_of(m);
	const uint16_t frame_len = (uint16_t)(p->payload + len);

	m->data_len = frame_len;
	m->pkt_len = frame_len;
	p->payload_len = len;
	p->iface_out = (uint16_t)(x->from >> 48);
	p->ours = true;
	write_headers(x, len, sum_of);
}

static inline void count_tx(struct media_flow *f, uint16_t octets)
{
	media_add64(&f->tx_packets, 1);
	media_add64(&f->tx_octets, octets);
}

static __rte_always_inline void send_all(
	struct worker *w, struct media_burst *b, struct pkts *v, pkt_sum_fn *sum_of)
{
	const struct rtpsec_job *sealed = b->seal.at;
	const struct media_pkt *end = b->p + b->n;
	uint32_t rtcp = 0, passed = 0, refused = 0;
	struct rte_mbuf **to = v->m;

	for (const struct media_pkt *x = b->p; x < end; x++) {
		struct media_flow *f = x->f;
		uint16_t len = x->len;

		if (f->tx != NULL) {
			enum dp_counter_id bad = seal_verdict(w, x, sealed->status);

			len = (uint16_t)sealed++->len;
			if (unlikely(bad != PASS)) {
				pkt_drop(w, x->m, bad);
				refused++;
				continue;
			}
		}
		readdress(x, len, sum_of);
		*to++ = x->m;
		if (unlikely((f->flags & MEDIA_PASS) != 0))
			passed++;
		if (unlikely(x->kind == RTPSEC_RTCP)) {
			media_add32(&f->tx_rtcp, 1);
			rtcp++;
		} else {
			count_tx(f, len);
		}
	}
	v->n = (uint16_t)(to - v->m);
	count_add(w, COUNT_MEDIA_SEALED, b->seal.n - refused);
	count_add(w, COUNT_MEDIA_RELAYED, v->n);
	count_add(w, COUNT_MEDIA_RTCP_RELAYED, rtcp);
	count_add(w, COUNT_MEDIA_PASSTHROUGH, passed);
}

__attribute__((target(PKT_SUM_AVX512))) static void send_avx512(
	struct worker *w, struct media_burst *b, struct pkts *v)
{
	send_all(w, b, v, pkt_sum_avx512);
}

static void send_any(struct worker *w, struct media_burst *b, struct pkts *v)
{
	send_all(w, b, v, pkt_sum_any);
}

void media_stage(struct worker *w, struct pkts *v)
{
	struct media_burst b;

	if (v->n == 0)
		return;
	b.clock_hz = b.now_rtp = 0;
	b.stirred = false;
	media_judge_burst(w, v, &b);
	if (b.open.n > 0)
		rtpsec_open(w->media->engine, b.open.at, b.open.n);
	commit_burst(w, &b);
	if (b.seal.n > 0)
		rtpsec_seal(w->media->engine, b.seal.at, b.seal.n);
	(pkt_sum_has_avx512() ? send_avx512 : send_any)(w, &b, v);
}
