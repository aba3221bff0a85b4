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

// Replaces a 16-bit word that the checksum at `sum` covers. Words and sum are as they stand in the
// packet: ones' complement arithmetic does not mind the byte order (RFC 1071 2).
static void sum_replace(void *sum, uint16_t old, uint16_t new)
{
	uint32_t s = (uint32_t)(uint16_t)~get16(sum) + (uint16_t)~old + new;

	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	put16(sum, (uint16_t)~s);
}

static void word_set(void *field, uint16_t new, void *sum)
{
	if (sum != NULL)
		sum_replace(sum, get16(field), new);
	put16(field, new);
}

// Changes an address of an IPv4 header; `l4_sum`, if any, covers a pseudo header with it.
static void address_set(
	struct rte_ipv4_hdr *ip, size_t offset, const struct ip_addr *to, void *l4_sum)
{
	uint8_t *field = (uint8_t *)ip + offset;

	for (unsigned int i = 0; i < 4; i += 2) {
		uint16_t old = get16(field + i), new = get16(to->b + 12 + i);

		word_set(field + i, new, &ip->hdr_checksum);
		if (l4_sum != NULL)
			sum_replace(l4_sum, old, new);
	}
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
	uint8_t proto = ip->next_proto_id;
	void *sum = l4_sum_of(l4, proto, l4_len);
	struct rte_udp_hdr *ports = l4; // TCP's stand at the same place

	address_set(ip, offsetof(struct rte_ipv4_hdr, src_addr), &src->ip, sum);
	address_set(ip, offsetof(struct rte_ipv4_hdr, dst_addr), &dst->ip, sum);
	if (proto == IPPROTO_ICMP) {
		struct rte_icmp_hdr *icmp = l4;

		word_set(&icmp->icmp_ident, rte_cpu_to_be_16(src->port), &icmp->icmp_cksum);
	} else if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		word_set(&ports->src_port, rte_cpu_to_be_16(src->port), sum);
		word_set(&ports->dst_port, rte_cpu_to_be_16(dst->port), sum);
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

	headers_set(quoted, quoted_l4, p->inner_len, dst, src);
	sum_replace(&icmp->icmp_cksum, before, rte_raw_cksum(quoted, changed));
	if (ip->src_addr == ip_to_v4_be(&p->flow.src.ip))
		address_set(ip, offsetof(struct rte_ipv4_hdr, src_addr), &src->ip, NULL);
	address_set(ip, offsetof(struct rte_ipv4_hdr, dst_addr), &dst->ip, NULL);
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
