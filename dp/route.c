// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The route stage; see dp/route.h. The last stage of every packet that is sent on.
#include "dp/route.h"

#include <rte_ethdev.h>
#include <rte_hash.h>
#include <rte_jhash.h>

#include "dp/capture.h"
#include "dp/hairpin.h"
#include "dp/icmp.h"
#include "dp/ipid.h"
#include "dp/nat.h"
#include "dp/nat_set.h"
#include "dp/refrag.h"
#include "dp/sess.h"
#include "dp/vlan.h"

// A next hop is asked for at most this often, all next hops of one urgency together at most so many a second
// and box: a scan of an empty subnet must not become a flood of questions.
#define ASK_AGAIN_NS 1000000000ull
#define ASK_RATE     100
#define ASK_BURST    50

static void words_of(const struct ip_addr *ip, uint64_t out[2])
{
	memcpy(out, ip->b, sizeof(ip->b));
}

const struct route *route_lookup(const struct snapshot *s, const struct ip_addr *dst)
{
	uint64_t d[2];

	words_of(dst, d);
	// Longest first, so the first that covers the address is the best.
	for (size_t i = 0; i < s->n_routes; i++) {
		const struct route *r = &s->routes[i];

		if ((d[0] & r->mask[0]) == r->net[0] && (d[1] & r->mask[1]) == r->net[1])
			return r;
	}
	return NULL;
}

bool route_make(struct route *out, const struct dp_route *in)
{
	struct ip_addr mask = {{0}};

	if (!ip_is_v4(&in->dst.ip) || in->dst.len < 96 || in->dst.len > 128)
		return false;
	if (!ip_is_none(&in->gateway) && !ip_is_v4(&in->gateway))
		return false;
	for (unsigned int bit = 0; bit < in->dst.len; bit++)
		mask.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	memset(out, 0, sizeof(*out));
	words_of(&mask, out->mask);
	words_of(&in->dst.ip, out->net);
	out->net[0] &= out->mask[0];
	out->net[1] &= out->mask[1];
	out->gateway = in->gateway;
	out->iface = in->iface;
	out->len = in->dst.len;
	return true;
}

// ---- Neighbours --------------------------------------------------------------------------------

static void hops_forget(struct neigh_table *t)
{
	memset(t->hop, 0, sizeof(t->hop));
}

bool neigh_is(const struct worker *w, const struct neigh_key *key, const struct rte_ether_addr *mac)
{
	const int32_t at = rte_hash_lookup(w->neigh->hash, key);

	return at >= 0 && rte_is_same_ether_addr(&w->neigh->at[at].mac[0], mac);
}

// Whether the next hop has been asked for, now or lately.
static bool neigh_ask(struct worker *w, const struct neigh_key *key, enum neigh_urgency urgency)
{
	const struct bucket_rate rate = bucket_rate(ASK_RATE / w->n_workers, ASK_BURST);
	struct neigh_table *t = w->neigh;
	struct neigh_asking *asking = &t->asking[urgency];
	struct neigh_asked *a = &asking->asked[rte_jhash(key, sizeof(*key), t->seed) % NEIGH_ASKED];
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_MISS};

	if (a->at_ns != 0 && w->now_ns - a->at_ns < ASK_AGAIN_NS &&
		memcmp(&a->key, key, sizeof(*key)) == 0)
		return true;
	if (!bucket_take(&asking->bucket, &rate, w->now_ns))
		return false;
	m.neigh.iface = (uint16_t)key->iface;
	m.neigh.ip = key->ip;
	m.neigh.urgent = urgency == NEIGH_URGENT;
	if (!worker_notify(w, &m))
		return false;
	*a = (struct neigh_asked){.key = *key, .at_ns = w->now_ns};
	count_add(w, COUNT_NEIGH_MISSES, 1);
	return true;
}

// ---- Packets -----------------------------------------------------------------------------------

static inline struct route_hop *hop_of(struct neigh_table *t, rte_be32_t dst)
{
	return &t->hop[dst * UINT64_C(0x9e3779b97f4a7c15) / (UINT64_MAX / ROUTE_HOPS + 1)];
}

// Whether a packet may go that way at all.
static inline enum dp_counter_id judge_way(const struct pkt *p, uint16_t iface)
{
	if (unlikely(p->iface_out != PKT_NO_IFACE && p->iface_out != iface))
		return DROP_ROUTE_NONE;
	if (unlikely(iface == p->iface_in && !p->ours))
		return DROP_ROUTE_SAME_IFACE;
	return PASS;
}

// Whether it may go on from here, to an interface to which it is `large` or not. Inlined, with what follows.
static __rte_always_inline enum dp_counter_id judge_packet(const struct worker *w,
	struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, uint16_t iface, bool large, bool ours)
{
	if (unlikely(ip->time_to_live <= IPV4_TTL_MIN && !ours))
		return DROP_IP_TTL;
	if (unlikely(large) && !refrag_fits(m, w->mtu[iface]))
		return DROP_MTU_EXCEEDED;
	return PASS;
}

static enum dp_counter_id judge(const struct worker *w, struct rte_mbuf *m, uint16_t iface)
{
	const struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	const enum dp_counter_id bad = judge_way(pkt_of(m), iface);

	return bad != PASS
		? bad
		: judge_packet(w, m, ip, iface, route_is_large(w, ip, iface), pkt_of(m)->ours);
}

enum dp_counter_id route_peek(const struct worker *w, struct rte_mbuf *m, rte_be32_t dst_be,
	uint32_t *out, struct neigh_key *next)
{
	const struct ip_addr dst = ip_from_v4_be(dst_be);
	const struct route *r = route_lookup(w->snap, &dst);
	enum dp_counter_id bad;
	int32_t at;

	if (r == NULL)
		return DROP_ROUTE_NONE;
	*next = (struct neigh_key){
		.ip = ip_is_none(&r->gateway) ? dst : r->gateway, .iface = r->iface};
	bad = judge(w, m, r->iface);
	if (bad != PASS)
		return bad;
	at = rte_hash_lookup(w->neigh->hash, next);
	if (at < 0)
		return DROP_NEIGH_UNRESOLVED;
	*out = (uint32_t)at;
	return PASS;
}

// Its sender wants to know of some reasons.
static void refuse(struct worker *w, struct rte_mbuf *m, enum dp_counter_id bad)
{
	const uint16_t out = pkt_of(m)->iface_out;

	if (bad == DROP_IP_TTL)
		icmp_error(w, m, ICMP_TIME_EXCEEDED, 0, 0);
	else if (bad == DROP_MTU_EXCEEDED && out != PKT_NO_IFACE)
		icmp_error(w, m, ICMP_UNREACHABLE, ICMP_FRAG_NEEDED, w->mtu[out]);
	pkt_drop(w, m, bad);
}

// Finds the way, if it is complete: so the answer to a question is seen at once. A packet that may not take
// it asks no question. False: the packet has been taken; it waits for the answer, or was refused.
static __rte_noinline bool hop_find(struct worker *w, struct rte_mbuf *m, rte_be32_t dst,
	enum neigh_urgency urgency, uint32_t *out)
{
	struct neigh_key next;
	const enum dp_counter_id bad = route_peek(w, m, dst, out, &next);

	if (bad == PASS)
		return true;
	if (bad == DROP_NEIGH_UNRESOLVED) {
		if (ip_to_v4_be(&next.ip) != dst) // a gateway
			urgency = NEIGH_URGENT;
		if (neigh_ask(w, &next, urgency) &&
			neigh_hold(&w->neigh->holding[urgency], m, &next, w->now_ns)) {
			w->neigh->held++;
			return false;
		}
	}
	refuse(w, m, bad);
	return false;
}

static void tx_send(struct worker *w, uint16_t iface)
{
	struct pkts *v = &w->tx[iface];
	uint16_t sent;

	if (unlikely(w->captures != 0))
		capture_out(w, v, iface);
	if (unlikely(w->by_tag[iface]))
		vlan_tag(w, v, iface);
	sent = rte_eth_tx_burst(w->port[iface], (uint16_t)w->id, v->m, v->n);
	if (unlikely(w->captures != 0))
		capture_sent(w, sent);
	count_add(w, COUNT_TX, sent);
	for (uint16_t i = sent; i < v->n; i++)
		pkt_drop(w, v->m[i], DROP_TX_FULL);
	v->n = 0;
}

// Queues the packet for that neighbour, where it may go, or says why not.
static __rte_always_inline enum dp_counter_id send_to(
	struct worker *w, struct rte_mbuf *m, const struct neigh *to, bool ours)
{
	struct pkt *p = pkt_of(m);
	struct rte_ether_hdr *eth = pkt_eth(m);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)((uint8_t *)eth + p->l3);
	const uint16_t iface = to->iface;
	const bool large = route_is_large(w, ip, iface);
	enum dp_counter_id bad = judge_packet(w, m, ip, iface, large, ours);

	if (unlikely(bad != PASS))
		return bad;
	if (likely(!ours))
		nat_ttl_decrement(ip);
	memcpy(eth, to->mac, sizeof(to->mac));
	if (unlikely(large || p->fragment_size != 0)) // it leaves in pieces
		refrag_tx(w, m, iface);
	else
		route_tx_add(w, m, iface);
	return PASS;
}

// PASS: nothing is left to do with the packet. So route_sess().
static enum dp_counter_id route_one(struct worker *w, struct rte_mbuf *m)
{
	const rte_be32_t dst = pkt_ipv4(m)->dst_addr;
	struct route_hop *hop = hop_of(w->neigh, dst);
	const struct neigh *to;
	enum dp_counter_id bad;

	if (unlikely(hop->dst != dst)) {
		// Media, which goes where calls say.
		if (!hop_find(w, m, dst, NEIGH_URGENT, &hop->neigh))
			return PASS;
		hop->dst = dst;
	}
	to = &w->neigh->at[hop->neigh];
	bad = judge_way(pkt_of(m), to->iface);
	return likely(bad == PASS) ? send_to(w, m, to, pkt_of(m)->ours) : bad;
}

// A session goes where it went before, and may, until the rules that it was judged by are no longer those of the
// moment (dp/sess.c forgets it then) or its neighbour has gone.
static inline enum dp_counter_id route_sess(
	struct worker *w, struct rte_mbuf *m, struct sess *s, unsigned int dir)
{
	uint32_t at;

	if (unlikely(s->hop_gen != w->neigh->gen))
		sess_hops_forget(s, w->neigh->gen);
	if (unlikely(s->hop[dir] == 0)) {
		if (!hop_find(w, m, pkt_ipv4(m)->dst_addr,
			    sess_has_sent(w->sess, s, 1) ? NEIGH_URGENT : NEIGH_ANY, &at))
			return PASS;
		s->hop[dir] = (uint16_t)(at + 1);
	}
	return send_to(w, m, &w->neigh->at[s->hop[dir] - 1], false);
}

// What has waited for the neighbour goes.
static void hold_send(struct worker *w, const struct neigh_key *key, const struct neigh *to)
{
	struct pkts v;

	v.n = 0;
	for (unsigned int u = 0; u < NEIGH_URGENCIES; u++)
		neigh_hold_take(&w->neigh->holding[u], key, &v);
	w->neigh->held -= v.n;
	for (uint16_t i = 0; i < v.n; i++) {
		const enum dp_counter_id bad = send_to(w, v.m[i], to, pkt_of(v.m[i])->ours);

		if (bad != PASS)
			refuse(w, v.m[i], bad);
	}
}

void neigh_hold_turn(struct worker *w)
{
	struct pkts v;

	v.n = 0;
	for (unsigned int u = 0; u < NEIGH_URGENCIES; u++)
		neigh_hold_expire(&w->neigh->holding[u], w->now_ns, &v);
	w->neigh->held -= v.n;
	for (uint16_t i = 0; i < v.n; i++)
		pkt_drop(w, v.m[i], DROP_NEIGH_UNRESOLVED);
}

void neigh_msg(struct worker *w, const struct dp_msg *m)
{
	struct neigh_table *t = w->neigh;
	struct neigh_key key = {.ip = m->neigh.ip, .iface = m->neigh.iface};
	int32_t at;

	if (m->type == DP_MSG_NEIGH_DEL) {
		if (rte_hash_del_key(t->hash, &key) < 0)
			return;
		hops_forget(t); // the next one to come may get its number
		t->gen++;
		return;
	}
	at = rte_hash_add_key(t->hash, &key);
	if (at < 0 || (uint32_t)at >= t->n) // full: it stays unresolved, which is counted
		return;
	t->at[at] = (struct neigh){.mac = {[1] = w->mac[key.iface]}, .iface = (uint16_t)key.iface};
	memcpy(&t->at[at].mac[0], m->neigh.mac, sizeof(t->at[at].mac[0]));
	if (t->held > 0)
		hold_send(w, &key, &t->at[at]);
}

void route_stage(struct worker *w, struct pkts *v)
{
	if (unlikely(w->neigh->hops_gen != w->snap->gen)) {
		hops_forget(w->neigh);
		w->neigh->hops_gen = w->snap->gen;
	}
	for (uint16_t i = 0; i < v->n; i++) {
		enum dp_counter_id bad = route_one(w, v->m[i]);

		if (unlikely(bad != PASS))
			refuse(w, v->m[i], bad);
	}
	v->n = 0;
}

// A router between an end and us speaks under its own static address where that end is translated, or under
// ours (RFC 5508 4.2.2): by the one that it has in there, path MTU discovery would fail wherever private
// sources are filtered.
static __rte_noinline void error_translate(
	const struct worker *w, struct rte_mbuf *m, const struct sess *s)
{
	const struct pkt *p = pkt_of(m);
	const struct sess_key *here = &s->key[p->dir], *there = &s->key[!p->dir];
	const struct endpoint src = pkt_ends_dst(&there->ends), dst = pkt_ends_src(&there->ends);
	struct flow f = {
		{ip_from_v4_be(pkt_ipv4(m)->src_addr), 0}, pkt_ends_dst(&here->ends), PROTO_ICMP};
	struct endpoint as = f.src;
	int rule;

	if (here->ends.src_ip != there->ends.dst_ip) {
		rule = nat_translate_flow(
			w->snap->nat, w->snap->n_nat, here->iface, there->iface, &f, -1, &as);
		if (rule < 0 || w->snap->nat[rule].kind != NAT_STATIC)
			as.ip = w->snap->ifaces[there->iface].ip;
	}
	nat_rewrite_error(m, &src, &dst, &as.ip);
}

void route_sess_stage(struct worker *w, struct pkts *v)
{
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		struct pkt *p = pkt_of(m);
		struct sess *s = &w->sess->slots[p->sess];
		enum dp_counter_id bad;

		if (s->translates && likely(p->kind != PKT_ICMP_ERROR))
			nat_packet_set(m, &s->key[!p->dir].ends);
		else if (s->translates)
			error_translate(w, m, s);
		if (unlikely(p->dir == 0 ? s->loops_out : s->loops_back)) {
			hairpin_take(w, m);
			continue;
		}
		if (s->dynamic && unlikely(ipid_matters(p, pkt_ipv4(m))) && s->xlate[p->dir] != 0)
			ipid_renew(w, pkt_ipv4(m));
		bad = route_sess(w, m, s, p->dir);
		if (unlikely(bad != PASS))
			refuse(w, m, bad);
	}
	v->n = 0;
}

void route_tx(struct worker *w, struct rte_mbuf *m, uint16_t iface)
{
	if (unlikely(w->tx[iface].n == PKTS_BURST))
		tx_send(w, iface);
	pkts_add(&w->tx[iface], m);
}

void route_flush_full(struct worker *w)
{
	for (uint16_t i = 0; i < w->n_ifaces; i++)
		if (w->tx[i].n == PKTS_BURST)
			tx_send(w, i);
}

void route_flush(struct worker *w)
{
	for (uint16_t i = 0; i < w->n_ifaces; i++)
		if (w->tx[i].n > 0)
			tx_send(w, i);
	if (w->dropped.n > 0)
		worker_free_dropped(w);
}
