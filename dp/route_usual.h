// SPDX-License-Identifier: BSD-3-Clause
// What nearly every packet is: plain UDP of a session that stands, on its way to where the last one went. All
// that is to be done to it, at once; inline, for the loop of the session stage. Whatever is unusual about a
// packet or its session goes through route_sess_stage().
#pragma once

#include "dp/ipid.h"
#include "dp/nat_set.h"
#include "dp/route.h"
#include "dp/sess.h"

// What a session has to look like at the moment. Put together here: a word that is written in pieces and read
// whole stalls the worker.
static inline uint64_t route_usual(const struct worker *w)
{
	_Static_assert(offsetof(struct sess, gen) == offsetof(struct sess, standing) &&
			offsetof(struct sess, hop_gen) == offsetof(struct sess, standing) + 4 &&
			offsetof(struct sess, state) == offsetof(struct sess, standing) + 6,
		"in this order");
	return w->snap->gen | (uint64_t)w->neigh->gen << 32 | (uint64_t)SESS_UP << 48;
}

static inline bool route_is_usual(
	const struct pkt *p, const struct sess *s, unsigned int dir, uint64_t usual)
{
	const struct sess either = {.translates = true, .dynamic = true};

	return p->plain && (s->standing & ~either.standing) == usual && s->hop[dir] != 0;
}

// Translates and sends a usual packet. False: its length or its TTL is unusual; nothing has changed.
static inline bool route_usual_send(
	struct worker *w, struct rte_mbuf *m, const struct sess *s, unsigned int dir)
{
	const struct neigh *to = &w->neigh->at[s->hop[dir] - 1];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + PLAIN_L3);

	if (unlikely(ip->time_to_live <= IPV4_TTL_MIN || route_is_large(w, ip, to->iface) ||
		    (s->dynamic && ipid_matters(pkt_of(m), ip))))
		return false;
	if (s->translates)
		nat_plain_forward(ip, &s->key[!dir].ends);
	else
		nat_ttl_decrement(ip);
	memcpy(frame, to->mac, sizeof(to->mac));
	route_tx_add(w, m, to->iface);
	return true;
}
