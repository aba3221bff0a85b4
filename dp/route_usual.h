// SPDX-License-Identifier: BSD-3-Clause
// What nearly every packet is: plain UDP of a session that stands, on its way to where the last one went. All
// that is to be done to it, at once; inline, for the loop of the session stage. Whatever is unusual about a
// packet or its session goes through route_sess_stage().
#pragma once

#include "dp/ipid.h"
#include "dp/nat_set.h"
#include "dp/route.h"
#include "dp/sess.h"

// Where its headers stand.
#define PLAIN_L3      sizeof(struct rte_ether_hdr)
#define PLAIN_PAYLOAD (PLAIN_L3 + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

// What a session has to look like at the moment.
static inline uint64_t route_usual(const struct worker *w)
{
	return (struct sess){.gen = w->snap->gen, .hop_gen = w->neigh->gen, .state = SESS_UP}
		.standing;
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
	const struct sess_key *there = &s->key[!dir];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + PLAIN_L3);

	if (unlikely(ip->time_to_live <= IPV4_TTL_MIN || route_is_large(w, ip, to->iface) ||
		    (s->dynamic && ipid_matters(pkt_of(m), ip))))
		return false;
	if (s->translates)
		nat_plain_forward(ip, &there->dst, &there->src);
	else
		nat_ttl_decrement(ip);
	memcpy(frame, to->mac, sizeof(to->mac));
	route_tx_add(w, m, to->iface);
	return true;
}
