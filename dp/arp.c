// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The ARP stage; see dp/arp.h. Called after parse by the worker that received the packet: ARP
// has no flow and therefore no owner.
#include "dp/arp.h"

#include <rte_arp.h>

#include "dp/punt.h"
#include "dp/route.h"
#include "dp/snapshot.h"

enum arp_fate { ARP_ANSWER, ARP_PUNT, ARP_SILENCE };

// Whether the address asked for is one that workers answer for on that interface.
static bool is_ours(const struct snapshot *s, const struct pkt *p)
{
	const struct ip_addr *asked = &p->flow.dst.ip;

	for (size_t i = 0; i < s->n_media; i++)
		if (s->media[i].iface == p->iface_in && ip_eq(&s->media[i].ip, asked))
			return true;
	return nat_answers_arp(s->nat, s->n_nat, p->iface_in, asked);
}

static enum arp_fate arp_judge(const struct snapshot *s, const struct pkt *p, bool request)
{
	const struct ip_addr *asked = &p->flow.dst.ip;

	// The kernel remembers whoever asks it. Who is not of the subnet, or has no address yet, is answered here, or a
	// single host could fill the kernel's table, which all interfaces share, with addresses that it makes up.
	if (ip_eq(asked, &s->ifaces[p->iface_in].ip)) {
		if (prefix_has(&s->ifaces[p->iface_in].subnet, &p->flow.src.ip))
			return ARP_PUNT;
		return request ? ARP_ANSWER : ARP_SILENCE;
	}
	// A gratuitous one asks for itself: a neighbour, or a gateway that took over, may have a new
	// MAC. The kernel knows whom it knew.
	if (ip_eq(asked, &p->flow.src.ip))
		return prefix_has(&s->ifaces[p->iface_in].subnet, asked) && !is_ours(s, p)
			? ARP_PUNT
			: ARP_SILENCE;
	return request && is_ours(s, p) ? ARP_ANSWER : ARP_SILENCE;
}

static void arp_answer(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, p->l3);
	struct rte_ether_hdr *eth = pkt_eth(m);
	rte_be32_t asked = arp->arp_data.arp_tip;

	arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = w->mac[p->iface_in];
	arp->arp_data.arp_sip = asked;
	eth->dst_addr = eth->src_addr;
	eth->src_addr = w->mac[p->iface_in];
	count_add(w, COUNT_ARP_ANSWERED, 1);
	route_tx(w, m, p->iface_in);
}

void arp_stage(struct worker *w, struct pkts *v)
{
	struct pkts punt;
	uint16_t n = 0;

	if (likely(!(v->kinds & PKTS_OF(PKT_ARP))))
		return;
	punt.n = 0; // all of it would be as dear as a packet
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		struct pkt *p = pkt_of(m);
		const struct rte_arp_hdr *arp;

		if (p->kind != PKT_ARP) {
			v->m[n++] = m;
			continue;
		}
		arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, p->l3);
		switch (arp_judge(
			w->snap, p, arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST))) {
		case ARP_ANSWER:
			arp_answer(w, m);
			break;
		case ARP_PUNT:
			pkts_add(&punt, m);
			break;
		case ARP_SILENCE:
			pkt_drop(w, m, DROP_ARP_FOREIGN);
			break;
		}
	}
	v->n = n;
	punt_stage(w, &punt);
}
