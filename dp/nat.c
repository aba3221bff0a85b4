// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The nat stage; see dp/nat.h. Called for packets whose session is known.
#include "dp/nat.h"

#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/sess.h"

// The most of a quoted transport header that a translation touches: up to TCP's checksum.
#define QUOTED_MAX 20

static uint16_t get16(const void *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void put16(void *at, uint16_t v)
{
	memcpy(at, &v, sizeof(v));
}

// What a change of words adds to a checksum's complement (RFC 1624, equation 3). Words and sum are
// as they stand in the packet: ones' complement arithmetic does not mind the byte order (RFC 1071
// 2). Changes are summed before any is made: a sum that is read back after each stalls the worker.
static uint64_t change32(uint32_t old, uint32_t new)
{
	return (uint64_t)(uint32_t)~old + new;
}

static uint64_t change16(uint16_t old, uint16_t new)
{
	return (uint16_t)~old + (uint64_t) new;
}

static void sum_change(void *sum, uint64_t change)
{
	uint64_t s = (uint16_t)~get16(sum) + change;

	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	put16(sum, (uint16_t)~s);
}

// The checksum that covers the addresses, or NULL: none of this protocol, none made by the
// sender, or not among the `len` octets that there are.
static void *l4_sum_of(void *l4, uint8_t proto, uint16_t len)
{
	struct rte_udp_hdr *udp = l4;
	struct rte_tcp_hdr *tcp = l4;

	if (proto == IPPROTO_TCP && len >= sizeof(*tcp))
		return &tcp->cksum;
	if (proto == IPPROTO_UDP && len >= sizeof(*udp) && udp->dgram_cksum != 0)
		return &udp->dgram_cksum;
	return NULL;
}

static void headers_set(struct rte_ipv4_hdr *ip, void *l4, uint16_t l4_len,
	const struct endpoint *src, const struct endpoint *dst)
{
	const uint8_t proto = ip->next_proto_id;
	const rte_be32_t src_ip = ip_to_v4_be(&src->ip), dst_ip = ip_to_v4_be(&dst->ip);
	const rte_be16_t sport = rte_cpu_to_be_16(src->port), dport = rte_cpu_to_be_16(dst->port);
	uint64_t change = change32(ip->src_addr, src_ip) + change32(ip->dst_addr, dst_ip);
	void *sum = l4_sum_of(l4, proto, l4_len);
	struct rte_udp_hdr *ports = l4; // TCP's stand at the same place
	struct rte_icmp_hdr *icmp = l4;

	sum_change(&ip->hdr_checksum, change);
	ip->src_addr = src_ip;
	ip->dst_addr = dst_ip;
	if (proto == IPPROTO_ICMP) {
		sum_change(&icmp->icmp_cksum, change16(icmp->icmp_ident, sport));
		icmp->icmp_ident = sport;
	} else if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		change += change16(ports->src_port, sport) + change16(ports->dst_port, dport);
		ports->src_port = sport;
		ports->dst_port = dport;
		if (sum != NULL)
			sum_change(sum, change);
	}
	// A computed 0 is sent as all ones, for 0 says that there is none (RFC 768).
	if (proto == IPPROTO_UDP && sum != NULL && get16(sum) == 0)
		put16(sum, 0xffff);
}

void nat_rewrite(struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst)
{
	struct pkt *p = pkt_of(m);
	void *l4 = rte_pktmbuf_mtod_offset(m, void *, p->l4);

	headers_set(pkt_ipv4(m), l4, (uint16_t)(rte_pktmbuf_data_len(m) - p->l4), src, dst);
	p->flow.src = *src;
	p->flow.dst = *dst;
}

void nat_rewrite_error(struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst)
{
	struct pkt *p = pkt_of(m);
	struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, p->l4);
	struct rte_ipv4_hdr *quoted =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, p->inner_l3);
	void *quoted_l4 = rte_pktmbuf_mtod_offset(m, void *, p->inner_l4);
	size_t changed = p->inner_l4 - p->inner_l3 + RTE_MIN(p->inner_len, QUOTED_MAX);
	uint16_t before = rte_raw_cksum(quoted, changed);
	uint64_t change;

	headers_set(quoted, quoted_l4, p->inner_len, dst, src);
	sum_change(&icmp->icmp_cksum, change16(before, rte_raw_cksum(quoted, changed)));
	change = change32(ip->dst_addr, ip_to_v4_be(&dst->ip));
	ip->dst_addr = ip_to_v4_be(&dst->ip);
	if (ip->src_addr == ip_to_v4_be(&p->flow.src.ip)) {
		change += change32(ip->src_addr, ip_to_v4_be(&src->ip));
		ip->src_addr = ip_to_v4_be(&src->ip);
	}
	sum_change(&ip->hdr_checksum, change);
}

void nat_stage(struct worker *w, struct pkts *v)
{
	for (uint16_t i = 0; i < v->n; i++) {
		struct pkt *p = pkt_of(v->m[i]);
		const struct sess *s = &w->sess->slots[p->sess];
		const struct sess_key *here = &s->key[p->dir], *there = &s->key[!p->dir];

		if (endpoint_eq(&here->src, &there->dst) && endpoint_eq(&here->dst, &there->src))
			continue; // nothing to translate
		if (p->kind == PKT_ICMP_ERROR)
			nat_rewrite_error(v->m[i], &there->dst, &there->src);
		else
			nat_rewrite(v->m[i], &there->dst, &there->src);
	}
}
