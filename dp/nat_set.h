// SPDX-License-Identifier: BSD-3-Clause
// New addresses and ports in a packet, with its checksums; inline, for the loop that every established
// packet goes through (dp/route.c).
#pragma once

#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/pkt.h"

static inline uint16_t nat_get16(const void *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline void nat_put16(void *at, uint16_t v)
{
	memcpy(at, &v, sizeof(v));
}

// What a change of words adds to a checksum's complement (RFC 1624, equation 3). Words and sum are
// as they stand in the packet: ones' complement arithmetic does not mind the byte order (RFC 1071
// 2). Changes are summed before any is made: a sum that is read back after each stalls the worker.
static inline uint64_t nat_change32(uint32_t old, uint32_t new)
{
	return (uint64_t)(uint32_t)~old + new;
}

static inline uint64_t nat_change16(uint16_t old, uint16_t new)
{
	return (uint16_t)~old + (uint64_t) new;
}

static inline void nat_sum_change(void *sum, uint64_t change)
{
	uint64_t s = (uint16_t)~nat_get16(sum) + change;

	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	nat_put16(sum, (uint16_t)~s);
}

// The checksum that covers the addresses, or NULL: none of this protocol, none made by the
// sender, or not among the `len` octets that there are.
static inline void *nat_l4_sum_of(void *l4, uint8_t proto, uint16_t len)
{
	struct rte_udp_hdr *udp = l4;
	struct rte_tcp_hdr *tcp = l4;

	if (proto == IPPROTO_TCP && len >= sizeof(*tcp))
		return &tcp->cksum;
	if (proto == IPPROTO_UDP && len >= sizeof(*udp) && udp->dgram_cksum != 0)
		return &udp->dgram_cksum;
	return NULL;
}

static inline void nat_headers_set(struct rte_ipv4_hdr *ip, void *l4, uint16_t l4_len,
	const struct endpoint *src, const struct endpoint *dst)
{
	const uint8_t proto = ip->next_proto_id;
	const rte_be32_t src_ip = ip_to_v4_be(&src->ip), dst_ip = ip_to_v4_be(&dst->ip);
	const rte_be16_t sport = rte_cpu_to_be_16(src->port), dport = rte_cpu_to_be_16(dst->port);
	uint64_t change = nat_change32(ip->src_addr, src_ip) + nat_change32(ip->dst_addr, dst_ip);
	void *sum = nat_l4_sum_of(l4, proto, l4_len);
	struct rte_udp_hdr *ports = l4; // TCP's stand at the same place
	struct rte_icmp_hdr *icmp = l4;

	nat_sum_change(&ip->hdr_checksum, change);
	ip->src_addr = src_ip;
	ip->dst_addr = dst_ip;
	if (proto == IPPROTO_ICMP) {
		nat_sum_change(&icmp->icmp_cksum, nat_change16(icmp->icmp_ident, sport));
		icmp->icmp_ident = sport;
	} else if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		change +=
			nat_change16(ports->src_port, sport) + nat_change16(ports->dst_port, dport);
		ports->src_port = sport;
		ports->dst_port = dport;
		if (sum != NULL)
			nat_sum_change(sum, change);
	}
	// A computed 0 is sent as all ones, for 0 says that there is none (RFC 768).
	if (proto == IPPROTO_UDP && sum != NULL && nat_get16(sum) == 0)
		nat_put16(sum, 0xffff);
}

static inline void nat_packet_set(
	struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst)
{
	const struct pkt *p = pkt_of(m);
	void *l4 = rte_pktmbuf_mtod_offset(m, void *, p->l4);

	nat_headers_set(pkt_ipv4(m), l4, (uint16_t)(rte_pktmbuf_data_len(m) - p->l4), src, dst);
}
