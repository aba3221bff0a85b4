// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Translations that are rare; see dp/nat.h.
#include "dp/nat.h"

#include <rte_icmp.h>

#include "dp/nat_set.h"

// The most of a quoted transport header that a translation touches: up to TCP's checksum.
#define QUOTED_MAX 20

void nat_rewrite(struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst)
{
	struct pkt *p = pkt_of(m);

	const struct pkt_ends there = pkt_ends_of(dst, src);

	nat_packet_set(m, &there);
	p->flow.src = *src;
	p->flow.dst = *dst;
}

void nat_rewrite_error(struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst,
	const struct ip_addr *router)
{
	struct pkt *p = pkt_of(m);
	struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	const bool of_end = ip->src_addr == ip_to_v4_be(&p->flow.src.ip);
	const rte_be32_t sender = ip_to_v4_be(of_end ? &src->ip : router);
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, p->l4);
	struct rte_ipv4_hdr *quoted =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, p->inner_l3);
	void *quoted_l4 = rte_pktmbuf_mtod_offset(m, void *, p->inner_l4);
	size_t changed = p->inner_l4 - p->inner_l3 + RTE_MIN(p->inner_len, QUOTED_MAX);
	const struct pkt_ends as_sent = pkt_ends_of(src, dst);
	uint16_t before = rte_raw_cksum(quoted, changed);
	uint64_t change;

	nat_headers_set(quoted, quoted_l4, p->inner_len, &as_sent);
	nat_sum_change(&icmp->icmp_cksum, nat_change16(before, rte_raw_cksum(quoted, changed)));
	change = nat_change32(ip->dst_addr, ip_to_v4_be(&dst->ip)) +
		nat_change32(ip->src_addr, sender);
	ip->dst_addr = ip_to_v4_be(&dst->ip);
	ip->src_addr = sender;
	nat_sum_change(&ip->hdr_checksum, change);
}
