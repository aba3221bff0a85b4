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

// A sum with half its carries folded in: what comes out of the lower half, whatever it is, goes round.
static inline uint16_t nat_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum << 32 | sum >> 32;
	half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

static inline void nat_sum_change(void *sum, uint64_t change)
{
	nat_put16(sum, (uint16_t)~nat_fold((uint16_t)~nat_get16(sum) + change));
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

static inline void nat_headers_set(
	struct rte_ipv4_hdr *ip, void *l4, uint16_t l4_len, const struct pkt_ends *there)
{
	const uint8_t proto = ip->next_proto_id;
	const rte_be32_t src_ip = there->dst_ip, dst_ip = there->src_ip;
	const rte_be16_t sport = there->dst_port, dport = there->src_port;
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

// What becomes of the ends of a packet that is answered from `there`: those turned round, as two words.
static inline uint64_t nat_ips_of(const struct pkt_ends *there)
{
	return (uint64_t)there->src_ip << 32 | there->dst_ip;
}

static inline uint32_t nat_ports_of(const struct pkt_ends *there)
{
	return (uint32_t)there->src_port << 16 | there->dst_port;
}

// The same for a whole packet of UDP or TCP, in a fraction of the time.
static inline void nat_ends_set(struct rte_mbuf *m, const struct pkt_ends *there)
{
	const struct pkt *p = pkt_of(m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + p->l3);
	uint8_t *l4 = frame + p->l4;
	const bool udp = p->flow.proto == IPPROTO_UDP;
	void *sum = l4 +
		(udp ? offsetof(struct rte_udp_hdr, dgram_cksum)
		     : offsetof(struct rte_tcp_hdr, cksum));
	const uint64_t ips = nat_ips_of(there);
	const uint32_t ports = nat_ports_of(there);
	uint64_t old_ips, change;
	uint32_t old_ports;

	memcpy(&old_ips, &ip->src_addr, sizeof(old_ips));
	memcpy(&old_ports, l4, sizeof(old_ports));
	change = ~old_ips + ips;
	change = nat_fold(change + (change < ips)); // the carry comes round
	nat_sum_change(&ip->hdr_checksum, change);
	memcpy(&ip->src_addr, &ips, sizeof(ips));
	memcpy(l4, &ports, sizeof(ports));
	if (unlikely(udp && nat_get16(sum) == 0)) // the sender made none (RFC 768)
		return;
	nat_sum_change(sum, change + nat_change32(old_ports, ports));
	if (udp && unlikely(nat_get16(sum) == 0))
		nat_put16(sum, 0xffff);
}

static inline void nat_ttl_decrement(struct rte_ipv4_hdr *ip)
{
	uint32_t sum = ip->hdr_checksum;

	// RFC 1141: the TTL is the high octet of its word. All ones, of which RFC 1624 warns, becomes 0.
	sum += rte_cpu_to_be_16(0x0100);
	ip->hdr_checksum = (uint16_t)(sum + ((sum + 1) >> 16));
	ip->time_to_live--;
}

// What becomes of a plain packet of UDP (dp/pkt.h) on its way through, TTL and all.
static inline void nat_plain_forward(struct rte_ipv4_hdr *ip, const struct pkt_ends *there)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	const uint64_t ips = nat_ips_of(there);
	const uint32_t ports = nat_ports_of(there);
	const uint16_t one_less = (uint16_t)~rte_cpu_to_be_16(0x0100); // of the TTL's word, added
	uint64_t old_ips, change;
	uint32_t old_ports;

	memcpy(&old_ips, &ip->src_addr, sizeof(old_ips));
	memcpy(&old_ports, udp, sizeof(old_ports));
	memcpy(&ip->src_addr, &ips, sizeof(ips));
	memcpy(udp, &ports, sizeof(ports));
	change = ~old_ips + ips;
	change = nat_fold(change + (change < ips)); // the carry comes round
	nat_sum_change(&ip->hdr_checksum, change + one_less);
	ip->time_to_live--;
	if (unlikely(udp->dgram_cksum == 0)) // the sender made none (RFC 768)
		return;
	nat_sum_change(&udp->dgram_cksum, change + nat_change32(old_ports, ports));
	if (unlikely(udp->dgram_cksum == 0))
		udp->dgram_cksum = UINT16_MAX;
}

static inline void nat_packet_set(struct rte_mbuf *m, const struct pkt_ends *there)
{
	const struct pkt *p = pkt_of(m);

	if (likely(p->flow.proto == IPPROTO_UDP || p->flow.proto == IPPROTO_TCP))
		nat_ends_set(m, there);
	else
		nat_headers_set(pkt_ipv4(m), rte_pktmbuf_mtod_offset(m, void *, p->l4),
			(uint16_t)(rte_pktmbuf_data_len(m) - p->l4), there);
}
