// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The first stage: validates L2 to L4 and refuses what no host would send, so that no later
// stage has to look at a length again. Called by the receive loop, and for frames of our TAPs.
#include "dp/parse.h"

#include <netinet/in.h>

#include <rte_arp.h>
#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/icmp.h"
#include "dp/ipopt.h"
#include "dp/snapshot.h"
#include "dp/vlan.h"

// An embedded header carries at least the first 8 octets of its transport (RFC 792).
#define INNER_L4_MIN 8

// Where the headers stand: no tags, and no options unless pkt.l4 says so.
#define L3 ((uint8_t)sizeof(struct rte_ether_hdr))
#define L4 ((uint8_t)(L3 + sizeof(struct rte_ipv4_hdr)))

#define IPV4_NO_OPTIONS 0x45 // version and header length
#define FRAGMENT_BITS   (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

// Not redirects, which would let a stranger steer a host, nor quenches (RFC 6633).
static bool icmp_is_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

// 0/8, loopback, multicast and everything above: no host has such an address (RFC 1122 3.2.1.3).
static bool is_no_host(rte_be32_t ip)
{
	uint8_t first = *(const uint8_t *)&ip;

	return first == 0 || first == 127 || first >= 224;
}

// The first part stands there from the start.
static void v4_set(struct ip_addr *to, rte_be32_t ip)
{
	memcpy(to->b + 12, &ip, sizeof(ip));
}

static enum dp_counter_id parse_tcp(const struct rte_tcp_hdr *tcp, struct pkt *p, uint16_t len)
{
	uint16_t header;
	uint8_t f;

	if (len < sizeof(*tcp))
		return DROP_L4_HEADER;
	header = (tcp->data_off >> 4) * 4;
	if (header < sizeof(*tcp) || header > len || tcp->src_port == 0 || tcp->dst_port == 0)
		return DROP_L4_HEADER;
	f = tcp->tcp_flags;
	if ((f & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG)) == 0)
		return DROP_TCP_FLAGS;
	if ((f & RTE_TCP_SYN_FLAG) && (f & (RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG)))
		return DROP_TCP_FLAGS;
	if ((f & RTE_TCP_FIN_FLAG) && (f & RTE_TCP_RST_FLAG))
		return DROP_TCP_FLAGS;
	p->tcp_flags = f;
	p->flow.src.port = rte_be_to_cpu_16(tcp->src_port);
	p->flow.dst.port = rte_be_to_cpu_16(tcp->dst_port);
	p->payload = (uint8_t)(p->l4 + header);
	p->payload_len = len - header;
	return PASS;
}

static __rte_always_inline enum dp_counter_id parse_udp(
	const struct rte_udp_hdr *udp, struct pkt *p, uint8_t l4, uint16_t len)
{
	// Octets between UDP's end and IP's end are a covert channel at best.
	if (len < sizeof(*udp) || udp->dgram_len != rte_cpu_to_be_16(len) || udp->dst_port == 0)
		return DROP_L4_HEADER;
	p->flow.src.port = rte_be_to_cpu_16(udp->src_port);
	p->flow.dst.port = rte_be_to_cpu_16(udp->dst_port);
	p->payload = (uint8_t)(l4 + sizeof(*udp));
	p->payload_len = len - sizeof(*udp);
	return PASS;
}

// The packet that an ICMP error is about. The flow becomes the embedded one turned round, so that
// steering and session lookup treat the error as one more packet of the direction that answers.
static enum dp_counter_id parse_embedded(struct rte_mbuf *m, struct pkt *p, uint16_t len)
{
	const struct rte_ipv4_hdr *ip;
	const struct rte_udp_hdr *ports;
	uint16_t header;

	p->inner_l3 = (uint8_t)(p->l4 + sizeof(struct rte_icmp_hdr));
	len -= sizeof(struct rte_icmp_hdr);
	if (len < sizeof(*ip))
		return DROP_L4_HEADER;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, p->inner_l3);
	header = (ip->version_ihl & 0xf) * 4;
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || len < header + INNER_L4_MIN)
		return DROP_L4_HEADER;
	// It comes back to whoever sent what it quotes (RFC 792), or somebody made it up.
	if (ip->src_addr != pkt_ipv4(m)->dst_addr)
		return DROP_L4_HEADER;
	if (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK))
		return DROP_ICMP_NO_SESSION; // no ports, so nobody knows whose it is
	p->inner_l4 = (uint8_t)(p->inner_l3 + header);
	p->inner_len = len - header;
	p->kind = PKT_ICMP_ERROR;
	p->flow.proto = ip->next_proto_id;
	v4_set(&p->flow.src.ip, ip->dst_addr);
	v4_set(&p->flow.dst.ip, ip->src_addr);
	ports = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, p->inner_l4);
	if (ip->next_proto_id == IPPROTO_TCP || ip->next_proto_id == IPPROTO_UDP) {
		p->flow.src.port = rte_be_to_cpu_16(ports->dst_port);
		p->flow.dst.port = rte_be_to_cpu_16(ports->src_port);
	} else if (ip->next_proto_id == IPPROTO_ICMP) {
		const struct rte_icmp_hdr *icmp = (const struct rte_icmp_hdr *)ports;

		p->flow.src.port = p->flow.dst.port = rte_be_to_cpu_16(icmp->icmp_ident);
	}
	return PASS;
}

static enum dp_counter_id parse_icmp(struct rte_mbuf *m, struct pkt *p, uint16_t len)
{
	const struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, p->l4);

	if (len < sizeof(*icmp))
		return DROP_L4_HEADER;
	p->icmp_type = icmp->icmp_type;
	p->payload = (uint8_t)(p->l4 + sizeof(*icmp));
	p->payload_len = len - sizeof(*icmp);
	if (icmp_is_error(icmp->icmp_type))
		return parse_embedded(m, p, len);
	if (icmp->icmp_type == RTE_IP_ICMP_ECHO_REQUEST ||
		icmp->icmp_type == RTE_IP_ICMP_ECHO_REPLY)
		p->flow.src.port = p->flow.dst.port = rte_be_to_cpu_16(icmp->icmp_ident);
	return PASS;
}

static __rte_noinline enum dp_counter_id parse_l4(struct rte_mbuf *m, struct pkt *p, uint16_t len)
{
	switch (p->flow.proto) {
	case IPPROTO_UDP:
		return parse_udp(
			rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, p->l4), p, p->l4, len);
	case IPPROTO_TCP:
		return parse_tcp(rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, p->l4), p, len);
	case IPPROTO_ICMP:
		return parse_icmp(m, p, len);
	}
	p->payload = p->l4;
	p->payload_len = len;
	return PASS;
}

// RFC 1071, of a header without options.
static bool ipv4_sum_ok(const struct rte_ipv4_hdr *ip)
{
	uint64_t a, b, sum;
	uint32_t c;

	memcpy(&a, ip, sizeof(a));
	memcpy(&b, (const uint8_t *)ip + 8, sizeof(b));
	memcpy(&c, (const uint8_t *)ip + 16, sizeof(c));
	sum = a + b;
	sum += sum < b; // the carry comes round
	sum = (sum & UINT32_MAX) + (sum >> 32) + c;
	// All ones, or a multiple: what is left after folding (a header is never all zeros).
	return sum % UINT16_MAX == 0;
}

// Inlined twice: `l4` is a constant where there are no options, which is nearly always.
static __rte_always_inline enum dp_counter_id parse_ipv4_at(
	struct rte_mbuf *m, struct pkt *p, const struct rte_ipv4_hdr *ip, const uint8_t l4)
{
	const uint16_t header = l4 - L3;
	uint16_t total = rte_be_to_cpu_16(ip->total_length);

	if (unlikely(total < header))
		return DROP_IP_HEADER;
	if (unlikely(total > rte_pktmbuf_data_len(m) - L3))
		return DROP_RX_SHORT;
	if (unlikely(l4 == L4 ? !ipv4_sum_ok(ip) : rte_raw_cksum(ip, header) != UINT16_MAX))
		return DROP_IP_CHECKSUM;
	if (unlikely(is_no_host(ip->src_addr)))
		return DROP_IP_SOURCE;
	if (unlikely(is_no_host(ip->dst_addr)))
		return DROP_IP_DESTINATION;
	// What Ethernet padded would else travel on, as data.
	m->data_len = (uint16_t)(L3 + total);
	m->pkt_len = m->data_len;
	v4_set(&p->flow.src.ip, ip->src_addr);
	v4_set(&p->flow.dst.ip, ip->dst_addr);
	p->flow.proto = ip->next_proto_id;
	if (unlikely(ip->fragment_offset & rte_cpu_to_be_16(FRAGMENT_BITS))) {
		p->kind = PKT_FRAGMENT;
		return PASS;
	}
	total -= header;
	if (likely(ip->next_proto_id == IPPROTO_UDP))
		return parse_udp(
			(const struct rte_udp_hdr *)((const uint8_t *)ip + header), p, l4, total);
	return parse_l4(m, p, total);
}

// Whatever does not begin like an IPv4 header without options.
static __rte_noinline enum dp_counter_id parse_options(
	struct rte_mbuf *m, struct pkt *p, const struct dp_ip_options *rules)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	const uint8_t header = rte_ipv4_hdr_len(ip);
	enum dp_counter_id bad;

	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip))
		return DROP_IP_HEADER;
	if (header > rte_pktmbuf_data_len(m) - L3)
		return DROP_RX_SHORT;
	bad = header > sizeof(*ip) ? ipopt_judge(m, L3, rules) : PASS;
	if (bad != PASS)
		return bad;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	p->l4 = L3 + rte_ipv4_hdr_len(ip);
	return parse_ipv4_at(m, p, ip, p->l4);
}

static inline enum dp_counter_id parse_ipv4(struct rte_mbuf *m, struct pkt *p,
	const struct rte_ipv4_hdr *ip, const struct dp_ip_options *rules)
{
	if (unlikely(rte_pktmbuf_data_len(m) < L4))
		return DROP_RX_SHORT;
	if (unlikely(ip->version_ihl != IPV4_NO_OPTIONS))
		return parse_options(m, p, rules);
	return parse_ipv4_at(m, p, ip, L4);
}

enum dp_counter_id parse_datagram(struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	p->kind = PKT_FLOW;
	p->l4_checked = false;
	return parse_l4(m, p, (uint16_t)(rte_pktmbuf_data_len(m) - p->l4));
}

static enum dp_counter_id parse_arp(struct rte_mbuf *m, struct pkt *p)
{
	const struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, L3);

	if (rte_pktmbuf_data_len(m) < L3 + sizeof(*arp) ||
		arp->arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
		arp->arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
		arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != 4)
		return DROP_ARP_INVALID;
	p->kind = PKT_ARP;
	v4_set(&p->flow.src.ip, arp->arp_data.arp_sip);
	v4_set(&p->flow.dst.ip, arp->arp_data.arp_tip);
	return PASS;
}

// In the first octets of a frame, read as a word: the bit that says multicast or broadcast.
#define GROUP_MAC 1

// What the packets of a burst have in common: metadata to begin with, and the MAC that they must be
// for, as the first octets of a frame. Without a MAC, any one of a single station.
struct burst {
	struct pkt p;
	uint64_t mac, mac_mask;
	const struct dp_ip_options *options;
};

static void burst_init(struct burst *b, const struct rte_ether_addr *mac, uint16_t iface,
	const struct dp_ip_options *options)
{
	const struct ip_addr v4 = ip_from_v4_be(0);

	*b = (struct burst){.p = {.flow = {.src.ip = v4, .dst.ip = v4},
				    .l4_checked = mac == NULL,
				    .l3 = L3,
				    .l4 = L4,
				    .iface_in = iface,
				    .iface_out = PKT_NO_IFACE},
		.options = options};
	if (mac == NULL) {
		b->mac_mask = GROUP_MAC;
		return;
	}
	memcpy(&b->mac, mac, sizeof(*mac));
	memset(&b->mac_mask, 0xff, sizeof(*mac));
}

static enum dp_counter_id parse_tagged(struct rte_mbuf *m, const struct burst *b);

// All but the L4 checksum.
static enum dp_counter_id parse_headers(struct rte_mbuf *m, const struct burst *b)
{
	const struct rte_ether_hdr *eth = pkt_eth(m);
	struct pkt *p = pkt_of(m);
	uint64_t start;

	*p = b->p;
	if (unlikely(m->nb_segs != 1 || rte_pktmbuf_data_len(m) < sizeof(*eth)))
		return DROP_RX_SHORT;
	// Some devices take the tag off and tell about it here alone.
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return parse_tagged(m, b);
	memcpy(&start, eth, sizeof(start));
	if (likely((start & b->mac_mask) == b->mac)) {
		if (likely(eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)))
			return parse_ipv4(m, p, (const struct rte_ipv4_hdr *)(eth + 1), b->options);
	} else if ((start & GROUP_MAC) == 0) {
		return DROP_L2_NOT_FOR_US;
	}
	switch (rte_be_to_cpu_16(eth->ether_type)) {
	case RTE_ETHER_TYPE_IPV4:
		// RFC 1122 3.3.6: a unicast datagram in a broadcast frame is an attack or a mistake.
		return DROP_IP_DESTINATION;
	case RTE_ETHER_TYPE_ARP:
		return parse_arp(m, p);
	case RTE_ETHER_TYPE_IPV6:
		return DROP_IPV6_UNSUPPORTED;
	}
	return vlan_is_tag(eth->ether_type) ? parse_tagged(m, b) : DROP_ETHERTYPE;
}

// On a port without tags; one that only says a priority (802.1Q 6.9.1, tag 0) is none.
static __rte_noinline enum dp_counter_id parse_tagged(struct rte_mbuf *m, const struct burst *b)
{
	uint16_t tag;
	enum dp_counter_id bad = vlan_read(m, &tag);

	if (bad != PASS)
		return bad;
	if (tag != 0)
		return DROP_VLAN_UNKNOWN;
	vlan_strip(m);
	return parse_headers(m, b);
}

enum dp_counter_id parse_frame(struct rte_mbuf *m, const struct rte_ether_addr *mac)
{
	const struct pkt *p = pkt_of(m);
	enum dp_counter_id bad;
	struct burst b;

	burst_init(&b, mac, PKT_NO_IFACE, NULL);
	bad = parse_headers(m, &b);
	if (bad == PASS && (p->kind == PKT_FLOW || p->kind == PKT_ICMP_ERROR) && !p->l4_checked &&
		!pkt_l4_checksum_ok(m))
		return DROP_L4_CHECKSUM;
	return bad;
}

// Whether the device has found the L4 checksum right. Drivers say so, too, of what it does not check.
static bool is_good(const struct rte_mbuf *m, const struct pkt *p)
{
	return p->kind == PKT_FLOW &&
		(p->flow.proto == IPPROTO_UDP || p->flow.proto == IPPROTO_TCP) &&
		(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

void parse_stage(struct worker *w, struct pkts *v, uint16_t iface)
{
	const bool judged = w->judges_l4[iface];
	uint16_t n = 0, kinds = PKTS_OF(PKT_FLOW);
	struct burst b;

	for (uint16_t i = 0; i < v->n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(v->m[i], void *));
	burst_init(&b, &w->mac[iface], iface, &w->snap->ip_options);
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		enum dp_counter_id bad = parse_headers(m, &b);

		if (unlikely(bad != PASS)) {
			pkt_drop(w, m, bad);
			continue;
		}
		if (judged)
			pkt_of(m)->l4_checked = is_good(m, pkt_of(m));
		if (unlikely(pkt_of(m)->kind != PKT_FLOW))
			kinds |= PKTS_OF(pkt_of(m)->kind);
		v->m[n++] = m;
	}
	v->n = n;
	v->kinds = kinds;
}
