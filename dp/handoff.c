// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The steer stage; see dp/handoff.h. Called after fragments and before sessions.
#include "dp/handoff.h"

#include "dp/owners.h"
#include "dp/pool.h"
#include "dp/route.h"
#include "dp/sess_table.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t x = (__uint128_t)a * b;

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

static uint64_t hash_end(uint64_t secret, const struct endpoint *e)
{
	uint64_t words[2];

	memcpy(words, e->ip.b, sizeof(words));
	return mix((words[0] ^ secret) + e->port, words[1] ^ secret * GOLDEN);
}

// Keyed: a stranger does not choose his worker. The two ends are added, so that it does not matter
// which is which.
static uint32_t hash_symmetric(uint32_t seed, const struct flow *f, const struct endpoint *dst)
{
	const uint64_t secret = (seed + 1ull) * GOLDEN;
	const uint64_t ends = hash_end(secret, &f->src) + hash_end(secret, dst);

	return (uint32_t)mix(ends + f->proto, secret | 1);
}

// Of one address, for flows that a dynamic translation has bound to a worker's ports.
static uint32_t hash_host(uint32_t seed, const struct ip_addr *ip)
{
	const struct endpoint host = {.ip = *ip};
	const uint64_t secret = (seed + 1ull) * GOLDEN;

	return (uint32_t)mix(hash_end(secret, &host), secret | 1);
}

static unsigned int share_of(uint32_t hash, unsigned int n_workers)
{
	return (unsigned int)(((uint64_t)hash * n_workers) >> 32);
}

// Whether a flow that came in on `in` for `dst`, a real address that the rule `destination` has found, leaves
// with a source of a dynamic translation.
static bool is_dynamic(const struct snapshot *s, uint16_t in, const struct flow *f, int destination,
	const struct ip_addr *dst)
{
	struct endpoint src = f->src;
	const struct route *to;
	int rule;

	// Most flows are ruled out by this alone, among them all that come from outside.
	if (!nat_owns_real(s->pat, s->n_pat, in, &src.ip))
		return false;
	to = route_lookup(s, dst);
	if (to == NULL)
		return false;
	rule = nat_translate_flow(s->nat, s->n_nat, in, to->iface, f, destination, &src);
	return rule >= 0 && s->nat[rule].kind != NAT_STATIC;
}

// Number of the media address that the flow is for (dp/media_addr.h), or -1.
static inline int media_find(const struct snapshot *s, uint16_t in, const struct flow *f)
{
	if (f->proto != PROTO_UDP)
		return -1;
	return media_addr_find(s->media_index, in, &f->dst.ip, f->dst.port);
}

bool handoff_is_media(const struct snapshot *s, uint16_t in, const struct flow *f)
{
	return media_find(s, in, f) >= 0;
}

// Of what is not media.
static __rte_noinline unsigned int owner_of_flow(
	const struct handoff_key *k, const struct snapshot *s, uint16_t in, const struct flow *f)
{
	struct endpoint dst = f->dst;
	int holder, rule;

	if (snapshot_is_pat(s, in, f->proto, &f->dst))
		return steer_port_owner(f->dst.port, k->n_workers);
	holder = snapshot_is_pooled(s, in, &dst.ip) ? pool_owner(in, &dst.ip) : -1;
	if (holder >= 0)
		return (unsigned int)holder;
	rule = nat_untranslate_flow(s->nat, s->n_nat, in, f, &dst);
	if (is_dynamic(s, in, f, rule, &dst.ip))
		return share_of(hash_host(k->seed, &f->src.ip), k->n_workers);
	return share_of(hash_symmetric(k->seed, f, &dst), k->n_workers);
}

// `media` is what media_find() says.
static inline unsigned int owner_of(const struct handoff_key *k, const struct snapshot *s,
	uint16_t in, const struct flow *f, int media)
{
	if (k->n_workers == 1)
		return 0;
	return media >= 0 ? steer_port_owner(f->dst.port, k->n_workers)
			  : owner_of_flow(k, s, in, f);
}

unsigned int handoff_owner(
	const struct handoff_key *k, const struct snapshot *s, uint16_t in, const struct flow *f)
{
	return owner_of(k, s, in, f, media_find(s, in, f));
}

static void handoff_send(struct worker *w, unsigned int to, struct pkts *v)
{
	unsigned int sent =
		rte_ring_sp_enqueue_burst(w->handoff_out[to], (void **)v->m, v->n, NULL);

	count_add(w, COUNT_HANDOFF, sent);
	for (unsigned int i = sent; i < v->n; i++)
		pkt_drop(w, v->m[i], DROP_HANDOFF_FULL);
}

// An error about media goes where the stream is, and no further.
static inline int mark_media(const struct snapshot *s, struct pkt *p)
{
	int media = media_find(s, p->iface_in, &p->flow);

	// The relay knows where headers stand: one with options goes no further than the rules.
	if (media >= 0 && p->kind == PKT_FLOW && p->l4 - p->l3 == sizeof(struct rte_ipv4_hdr)) {
		p->kind = PKT_MEDIA;
		p->place = media_place((unsigned int)media, p->flow.dst.port);
	}
	return media;
}

int handoff_mark_media(const struct snapshot *s, struct pkt *p)
{
	return mark_media(s, p);
}

// By the rules; remembered, unless it depends on more than these.
static __rte_noinline unsigned int owner_learn(
	const struct worker *w, const struct pkt *p, uint64_t hash)
{
	const struct snapshot *s = w->snap;
	unsigned int owner = owner_of(&w->steer, s, p->iface_in, &p->flow, -1);

	if (!snapshot_is_pooled(s, p->iface_in, &p->flow.dst.ip))
		owners_add(w->owners, hash, s->gen, owner);
	return owner;
}

// Who owns a packet that came in; marks it if it is media. A hash for each, where there are several workers.
static inline unsigned int steer(const struct worker *w, struct pkt *p, const uint64_t *hash)
{
	int media, owner;

	if (unlikely(p->kind == PKT_FRAGMENT))
		return p->place;
	media = mark_media(w->snap, p);
	if (w->n_workers == 1)
		return 0;
	if (media >= 0)
		return steer_port_owner(p->flow.dst.port, w->n_workers);
	owner = owners_find(w->owners, *hash, w->snap->gen);
	return likely(owner >= 0) ? (unsigned int)owner : owner_learn(w, p, *hash);
}

// A damaged segment of TCP, or an error, must not move what sessions know of their flows. Of UDP a session
// keeps nothing that damage could change: its checksum travels on as wrong as it came (RFC 1624), for the
// receiver to judge, unless a session is to be opened (dp/acl.c).
static inline bool is_judged_here(const struct pkt *p)
{
	return !p->l4_checked && p->kind != PKT_MEDIA &&
		!(p->kind == PKT_FLOW && p->flow.proto == PROTO_UDP);
}

void handoff_stage(struct worker *w, struct pkts *v)
{
	const bool one = w->n_workers == 1;
	struct pkts *out = w->handoff;
	uint16_t n = 0, kinds = 0;
	uint64_t hash[PKTS_MAX];

	if (one && likely(v->kinds & PKTS_PLAIN)) {
		v->kinds = PKTS_OF(PKT_FLOW);
		return;
	}
	for (uint16_t i = 0; i < v->n && !one; i++) {
		hash[i] = sess_key_hash(w->sess, sess_pkt_key(v->m[i]));
		owners_prefetch(w->owners, hash[i]);
	}
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		struct pkt *p = pkt_of(m);
		unsigned int owner;

		if (one && handoff_is_plain(w->snap->media_index, p)) {
			kinds |= PKTS_OF(PKT_FLOW);
			v->m[n++] = m;
			continue;
		}
		owner = steer(w, p, &hash[i]);
		if (is_judged_here(p)) {
			p->l4_checked = pkt_l4_checksum_ok(m);
			if (unlikely(!p->l4_checked)) {
				pkt_drop(w, m, DROP_L4_CHECKSUM);
				continue;
			}
		}
		kinds |= PKTS_OF(p->kind);
		if (owner == w->id)
			v->m[n++] = m;
		else
			pkts_add(&out[owner], m);
	}
	v->n = n;
	v->kinds = kinds;
	for (unsigned int to = 0; to < w->n_workers; to++) {
		if (out[to].n > 0)
			handoff_send(w, to, &out[to]);
		out[to].n = 0;
	}
}

void handoff_recv(struct worker *w, unsigned int from, struct pkts *v)
{
	v->n = (uint16_t)rte_ring_sc_dequeue_burst(
		w->handoff_in[from], (void **)v->m, PKTS_BURST, NULL);
	v->kinds = PKTS_ANY;
}
