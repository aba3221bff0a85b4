// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The punt stage; see dp/punt.h.
#include "dp/punt.h"

#include <rte_arp.h>
#include <rte_tcp.h>

#include "dp/ip_hash.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/snapshot.h"

// Budgets per box, in packets a second and saved up. A kernel does a SYN in 5 us and a segment in
// less, so that the sum of all budgets is below one core.
struct punt_rates punt_rates(unsigned int n_workers)
{
	return (struct punt_rates){
		.arp = bucket_rate(1000 / n_workers, 200),
		.source_arp = bucket_rate(100 / n_workers, 50),
		.iface = bucket_rate(40000 / n_workers, 4000),
		.iface_syn = bucket_rate(2000 / n_workers, 500),
		.source = bucket_rate(10000 / n_workers, 2000),
		.source_syn = bucket_rate(200 / n_workers, 100),
		.syn_again = bucket_rate(2000 / n_workers, 500),
		.source_syn_again = bucket_rate(20, 20), // of one flow: it is one worker's
		.trusted = bucket_rate(40000 / n_workers, 8000),
		.trusted_syn = bucket_rate(2000 / n_workers, 500),
		.reset = bucket_rate(200 / n_workers, 50),
	};
}

static uint32_t source_hash(const struct punt_state *s, const struct ip_addr *ip)
{
	return ip_hash(ip, s->seed);
}

// Bits that do not choose the place of a source that is not trusted.
static unsigned int trust_bit(uint32_t hash)
{
	return hash / PUNT_SOURCES % PUNT_TRUST_BITS;
}

static void trust_note(struct punt_state *s)
{
	memset(s->may_be_trusted, 0, sizeof(s->may_be_trusted));
	for (unsigned int i = 0; i < s->n_trusted; i++) {
		unsigned int bit = trust_bit(source_hash(s, &s->trusted[i].ip));

		s->may_be_trusted[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

static struct punt_trusted *trusted_find(
	struct punt_state *s, uint16_t iface, const struct ip_addr *ip, uint32_t hash)
{
	const unsigned int bit = trust_bit(hash);

	if ((s->may_be_trusted[bit / 64] >> bit % 64 & 1) == 0)
		return NULL;
	for (unsigned int i = 0; i < s->n_trusted; i++)
		if (s->trusted[i].iface == iface && ip_eq(&s->trusted[i].ip, ip))
			return &s->trusted[i];
	return NULL;
}

static bool is_trusted(const struct punt_trusted *t, uint64_t now_ns)
{
	return t != NULL && (t->gone_ns == 0 || now_ns - t->gone_ns < PUNT_TRUST_NS);
}

// Where a source that is trusted from now on can stand: who has been gone longest makes room. NULL: all are there.
static struct punt_trusted *trusted_place(struct punt_state *s)
{
	struct punt_trusted *t = NULL;

	if (s->n_trusted < PUNT_TRUST_MAX)
		return &s->trusted[s->n_trusted++];
	for (unsigned int i = 0; i < s->n_trusted; i++)
		if (s->trusted[i].gone_ns != 0 && (t == NULL || s->trusted[i].gone_ns < t->gone_ns))
			t = &s->trusted[i];
	return t;
}

void punt_msg(struct worker *w, const struct dp_msg *m)
{
	struct punt_state *s = w->punt;
	struct punt_trusted *t =
		trusted_find(s, m->trust.iface, &m->trust.ip, source_hash(s, &m->trust.ip));

	if (t == NULL && m->type == DP_MSG_TRUST_SET) {
		t = trusted_place(s);
		if (t != NULL)
			*t = (struct punt_trusted){.ip = m->trust.ip, .iface = m->trust.iface};
	}
	if (t != NULL)
		t->gone_ns = m->type == DP_MSG_TRUST_DEL ? w->now_ns : 0;
	trust_note(s);
}

// The budget of a source. Two sources that meet in one place share it, so that a flood gains
// nothing by changing its address; whoever matters more is trusted and has his own.
static struct punt_source *source_of(struct punt_state *s, uint32_t hash)
{
	return &s->source[hash % PUNT_SOURCES];
}

// ARP of a host that is known, by its MAC, has a budget that others cannot use up: were a gateway's answers lost
// among what a host of its subnet makes up, the kernel would take it for gone.
static bool police_arp(struct worker *w, struct pkt *p)
{
	const struct rte_arp_hdr *arp =
		rte_pktmbuf_mtod_offset(pkt_mbuf(p), const struct rte_arp_hdr *, p->l3);
	const struct neigh_key sender = {.ip = p->flow.src.ip, .iface = p->iface_in};
	struct punt_state *s = w->punt;
	struct punt_source *source = source_of(s, source_hash(s, &p->flow.src.ip));

	if (neigh_is(w, &sender, &arp->arp_data.arp_sha))
		return bucket_take(&source->arp_known, &s->rate.source_arp, w->now_ns);
	return bucket_take(&source->arp, &s->rate.source_arp, w->now_ns) &&
		bucket_take(&s->arp[p->iface_in], &s->rate.arp, w->now_ns);
}

// One that had no budget, and comes again.
static bool police_syn_again(struct worker *w, struct pkt *p, struct punt_source *source)
{
	struct punt_state *s = w->punt;

	return syn_again(w, s->again, p) &&
		bucket_take(&source->syn_again, &s->rate.source_syn_again, w->now_ns) &&
		bucket_take(&s->syn_again[p->iface_in], &s->rate.syn_again, w->now_ns);
}

static bool police_syn(
	struct worker *w, struct pkt *p, struct punt_trusted *trusted, struct punt_source *source)
{
	struct punt_state *s = w->punt;
	bool ok;

	// The source first: one that is loud must not use up what the others share.
	if (trusted != NULL)
		ok = bucket_take(&trusted->syn, &s->rate.trusted_syn, w->now_ns);
	else
		ok = bucket_take(&source->syn, &s->rate.source_syn, w->now_ns) &&
			bucket_take(&s->iface_syn[p->iface_in], &s->rate.iface_syn, w->now_ns);
	return ok || police_syn_again(w, p, source);
}

static bool police(struct worker *w, struct pkt *p)
{
	const uint64_t now = w->now_ns;
	struct punt_state *s = w->punt;
	struct punt_trusted *trusted;
	struct punt_source *source;
	uint32_t hash;

	if (p->kind == PKT_ARP)
		return police_arp(w, p);
	hash = source_hash(s, &p->flow.src.ip);
	source = source_of(s, hash);
	trusted = trusted_find(s, p->iface_in, &p->flow.src.ip, hash);
	if (!is_trusted(trusted, now))
		trusted = NULL;
	if ((p->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG)
		return police_syn(w, p, trusted, source);
	if (trusted != NULL)
		return bucket_take(&trusted->all, &s->rate.trusted, now);
	return bucket_take(&source->all, &s->rate.source, now) &&
		bucket_take(&s->iface[p->iface_in], &s->rate.iface, now);
}

void punt_stage(struct worker *w, struct pkts *v)
{
	unsigned int sent;
	uint16_t n = 0;

	for (uint16_t i = 0; i < v->n; i++) {
		if (police(w, pkt_of(v->m[i])))
			v->m[n++] = v->m[i];
		else
			pkt_drop(w, v->m[i], DROP_PUNT_RATE);
	}
	if (n > 0) {
		sent = rte_ring_sp_enqueue_burst(w->punt_up, (void **)v->m, n, NULL);
		count_add(w, COUNT_PUNTED, sent);
		for (unsigned int i = sent; i < n; i++)
			pkt_drop(w, v->m[i], DROP_PUNT_FULL);
	}
	v->n = 0;
}

// RFC 9293 3.10.7.1: the sequence number is what the segment acknowledges, or else 0 with an
// acknowledgement of all that the segment held.
static void reset_fill(struct rte_tcp_hdr *tcp, uint16_t payload_len)
{
	uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq);
	uint8_t f = tcp->tcp_flags;
	rte_be16_t port = tcp->src_port;

	tcp->src_port = tcp->dst_port;
	tcp->dst_port = port;
	if (f & RTE_TCP_ACK_FLAG) {
		tcp->sent_seq = tcp->recv_ack;
		tcp->recv_ack = 0;
		tcp->tcp_flags = RTE_TCP_RST_FLAG;
	} else {
		seq += payload_len + !!(f & RTE_TCP_FIN_FLAG) + !!(f & RTE_TCP_SYN_FLAG);
		tcp->sent_seq = 0;
		tcp->recv_ack = rte_cpu_to_be_32(seq);
		tcp->tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG;
	}
	tcp->data_off = (sizeof(*tcp) / 4) << 4;
	tcp->rx_win = 0;
	tcp->tcp_urp = 0;
	tcp->cksum = 0;
}

void punt_reset(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct rte_ether_hdr *eth = pkt_eth(m);
	struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, p->l4);
	rte_be32_t addr = ip->src_addr;

	if (!pkt_from_station(m))
		return pkt_drop(w, m, DROP_TCP_NOT_SYN);
	if (!bucket_take(&w->punt->reset, &w->punt->rate.reset, w->now_ns)) {
		count_add(w, COUNT_RATE_LIMITED_RST, 1);
		return pkt_drop(w, m, DROP_TCP_NOT_SYN);
	}
	reset_fill(tcp, p->payload_len);
	rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - p->l4 - sizeof(*tcp)));
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = addr;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(p->l4 - p->l3 + sizeof(*tcp)));
	ip->time_to_live = 64;
	ip->packet_id = 0;
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	// Back to the frame's sender, as it came: no route is needed.
	eth->dst_addr = eth->src_addr;
	eth->src_addr = w->mac[p->iface_in];
	count_add(w, COUNT_TCP_RST_SENT, 1);
	route_tx(w, m, p->iface_in);
}

unsigned int punt_down(struct worker *w)
{
	struct rte_mbuf *m[PKTS_BURST];
	unsigned int n = rte_ring_sc_dequeue_burst(w->punt_down, (void **)m, PKTS_BURST, NULL);

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkt_of(m[i]);
		enum dp_counter_id bad = p->kind == PKT_FLOW ? sess_punt(w, p) : PASS;

		if (bad != PASS) {
			pkt_drop(w, m[i], bad);
			continue;
		}
		count_add(w, COUNT_FROM_PUNT, 1);
		route_tx(w, m[i], p->iface_in);
	}
	return n;
}
