// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The first stage: validates L2 to L4 and refuses what no host would send, so that no later
// stage has to look at a length again. Called by the receive loop, and for frames of our TAPs.
#include "dp/parse.h"

#include <netinet/in.h>
#include <tmmintrin.h>

#include <rte_arp.h>
#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/handoff.h"
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

static bool icmp_is_echo(uint8_t type)
{
	return type == RTE_IP_ICMP_ECHO_REQUEST || type == RTE_IP_ICMP_ECHO_REPLY;
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

static inline enum dp_counter_id tcp_judge(const struct rte_tcp_hdr *tcp, uint16_t len)
{
	uint16_t header;
	uint8_t f;

	if (unlikely(len < sizeof(*tcp)))
		return DROP_L4_HEADER;
	header = (tcp->data_off >> 4) * 4;
	if (unlikely(header < sizeof(*tcp) || header > len || tcp->src_port == 0 ||
		    tcp->dst_port == 0))
		return DROP_L4_HEADER;
	f = tcp->tcp_flags;
	if (unlikely((f &
			     (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG |
				     RTE_TCP_ACK_FLAG)) == 0))
		return DROP_TCP_FLAGS;
	if ((f & RTE_TCP_SYN_FLAG) && (f & (RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG)))
		return DROP_TCP_FLAGS;
	if ((f & RTE_TCP_FIN_FLAG) && (f & RTE_TCP_RST_FLAG))
		return DROP_TCP_FLAGS;
	return PASS;
}

// All of the metadata that is TCP's but the ports.
static inline void tcp_set(struct pkt *p, const struct rte_tcp_hdr *tcp, uint8_t l4, uint16_t len)
{
	const uint8_t header = (uint8_t)((tcp->data_off >> 4) * 4);

	p->tcp_flags = tcp->tcp_flags;
	p->payload = (uint8_t)(l4 + header);
	p->payload_len = len - header;
}

static inline enum dp_counter_id udp_judge(const struct rte_udp_hdr *udp, uint16_t len)
{
	// Octets between UDP's end and IP's end are a covert channel at best.
	if (unlikely(len < sizeof(*udp) || udp->dgram_len != rte_cpu_to_be_16(len) ||
		    udp->dst_port == 0))
		return DROP_L4_HEADER;
	return PASS;
}

static inline void udp_set(struct pkt *p, uint8_t l4, uint16_t len)
{
	p->payload = (uint8_t)(l4 + sizeof(struct rte_udp_hdr));
	p->payload_len = len - sizeof(struct rte_udp_hdr);
}

// TCP's stand where UDP's do.
static void ports_set(struct pkt *p, const struct rte_udp_hdr *ports)
{
	p->flow.src.port = rte_be_to_cpu_16(ports->src_port);
	p->flow.dst.port = rte_be_to_cpu_16(ports->dst_port);
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

		if (!icmp_is_echo(icmp->icmp_type))
			return DROP_ICMP_NO_SESSION; // what stands there is no id
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
	if (icmp_is_echo(icmp->icmp_type))
		p->flow.src.port = p->flow.dst.port = rte_be_to_cpu_16(icmp->icmp_ident);
	return PASS;
}

static enum dp_counter_id parse_l4(struct rte_mbuf *m, struct pkt *p, uint16_t len)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, p->l4);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)tcp;
	enum dp_counter_id bad = PASS;

	switch (p->flow.proto) {
	case IPPROTO_UDP:
		bad = udp_judge(udp, len);
		if (bad != PASS)
			break;
		ports_set(p, udp);
		udp_set(p, p->l4, len);
		break;
	case IPPROTO_TCP:
		bad = tcp_judge(tcp, len);
		if (bad != PASS)
			break;
		ports_set(p, udp);
		tcp_set(p, tcp, p->l4, len);
		break;
	case IPPROTO_ICMP:
		return parse_icmp(m, p, len);
	default:
		p->payload = p->l4;
		p->payload_len = len;
	}
	return bad;
}

// What Ethernet padded would else travel on, as data.
static inline void pad_cut(struct rte_mbuf *m, uint16_t total)
{
	m->data_len = (uint16_t)(L3 + total);
	m->pkt_len = m->data_len;
}

// Of which there are `header` octets.
static enum dp_counter_id parse_ipv4_of(struct rte_mbuf *m, struct pkt *p, uint8_t header)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	const uint16_t total = rte_be_to_cpu_16(ip->total_length);

	if (total < header)
		return DROP_IP_HEADER;
	if (total > rte_pktmbuf_data_len(m) - L3)
		return DROP_RX_SHORT;
	if (rte_raw_cksum(ip, header) != UINT16_MAX)
		return DROP_IP_CHECKSUM;
	if (is_no_host(ip->src_addr))
		return DROP_IP_SOURCE;
	if (is_no_host(ip->dst_addr))
		return DROP_IP_DESTINATION;
	pad_cut(m, total);
	p->l4 = L3 + header;
	v4_set(&p->flow.src.ip, ip->src_addr);
	v4_set(&p->flow.dst.ip, ip->dst_addr);
	p->flow.proto = ip->next_proto_id;
	if (ip->fragment_offset & rte_cpu_to_be_16(FRAGMENT_BITS)) {
		p->kind = PKT_FRAGMENT;
		return PASS;
	}
	p->plain = ip->next_proto_id == IPPROTO_UDP && header == sizeof(*ip);
	return parse_l4(m, p, total - header);
}

static enum dp_counter_id parse_ipv4(
	struct rte_mbuf *m, struct pkt *p, const struct dp_ip_options *rules)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	enum dp_counter_id bad = PASS;
	uint8_t header;

	if (rte_pktmbuf_data_len(m) < L4)
		return DROP_RX_SHORT;
	header = rte_ipv4_hdr_len(ip);
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip))
		return DROP_IP_HEADER;
	if (header > rte_pktmbuf_data_len(m) - L3)
		return DROP_RX_SHORT;
	if (header > sizeof(*ip))
		bad = ipopt_judge(m, L3, rules); // may take them out
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	return bad != PASS ? bad : parse_ipv4_of(m, p, rte_ipv4_hdr_len(ip));
}

enum dp_counter_id parse_datagram(struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	p->kind = PKT_FLOW;
	p->l4_checked = false;
	return parse_l4(m, p, (uint16_t)(rte_pktmbuf_data_len(m) - p->l4));
}

// Whether it asks or answers, and its sender may be one station (RFC 1812 3.3.2), or have no address yet.
static bool arp_is_believed(struct rte_mbuf *m, const struct rte_arp_hdr *arp)
{
	return (arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) ||
		       arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REPLY)) &&
		pkt_from_station(m) && rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha) &&
		(arp->arp_data.arp_sip == 0 || !is_no_host(arp->arp_data.arp_sip));
}

static enum dp_counter_id parse_arp(struct rte_mbuf *m, struct pkt *p)
{
	const struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, L3);

	if (rte_pktmbuf_data_len(m) < L3 + sizeof(*arp) ||
		arp->arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
		arp->arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
		arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != 4 ||
		!arp_is_believed(m, arp))
		return DROP_ARP_INVALID;
	p->kind = PKT_ARP;
	v4_set(&p->flow.src.ip, arp->arp_data.arp_sip);
	v4_set(&p->flow.dst.ip, arp->arp_data.arp_tip);
	return PASS;
}

// In the first octets of a frame, read as a word: the bit that says multicast or broadcast.
#define GROUP_MAC 1

// What the packets of a burst have in common, beside `blank`; and the MAC that they must be for, as the
// first octets of a frame. Without a MAC, any one of a single station.
struct burst {
	uint16_t iface;
	bool l4_checked;
	uint64_t mac, mac_mask;
	__m128i start; // the MAC, the type and the first octet of IPv4 without options
	const struct dp_ip_options *options;
};

// Octets of burst.start, a bit each: those between are the sender's MAC and IPv4's type of service.
#define START_BITS 0x703f

// Metadata to begin with.
#define BLANK                                                                                      \
	.flow = {.src.ip.b = {[10] = 0xff, [11] = 0xff}, .dst.ip.b = {[10] = 0xff, [11] = 0xff}},  \
	.l3 = L3, .l4 = L4, .iface_out = PKT_NO_IFACE
static const struct pkt blank = {BLANK};
static const struct pkt plain = {BLANK, .plain = true, .payload = L4 + sizeof(struct rte_udp_hdr)};

static inline struct burst burst_of(
	const struct rte_ether_addr *mac, uint16_t iface, const struct dp_ip_options *options)
{
	struct burst b = {.iface = iface,
		.l4_checked = mac == NULL,
		.mac_mask = GROUP_MAC,
		.options = options};
	uint32_t first;
	uint16_t last;

	if (mac == NULL)
		return b;
	// Put together here: a word that is read back in a piece stalls the worker.
	memcpy(&first, mac, sizeof(first));
	memcpy(&last, (const uint8_t *)mac + sizeof(first), sizeof(last));
	b.mac = first | (uint64_t)last << 32;
	b.mac_mask = UINT64_MAX >> 16;
	b.start = _mm_set_epi64x((int64_t)((uint64_t)IPV4_NO_OPTIONS << 48 |
					 (uint64_t)rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) << 32),
		(int64_t)b.mac);
	return b;
}

static enum dp_counter_id parse_tagged(struct rte_mbuf *m, const struct burst *b);

// All but the L4 checksum.
static __rte_noinline enum dp_counter_id parse_headers(struct rte_mbuf *m, const struct burst *b)
{
	const struct rte_ether_hdr *eth = pkt_eth(m);
	struct pkt *p = pkt_of(m);
	uint64_t start;

	*p = blank;
	p->iface_in = b->iface;
	p->l4_checked = b->l4_checked;
	if (unlikely(m->nb_segs != 1 || rte_pktmbuf_data_len(m) < sizeof(*eth)))
		return DROP_RX_SHORT;
	// Some devices take the tag off and tell about it here alone.
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return parse_tagged(m, b);
	memcpy(&start, eth, sizeof(start));
	if (likely((start & b->mac_mask) == b->mac)) {
		if (likely(eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)))
			return parse_ipv4(m, p, b->options);
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
	const struct burst b = burst_of(mac, PKT_NO_IFACE, NULL);
	const struct pkt *p = pkt_of(m);
	enum dp_counter_id bad = parse_headers(m, &b);

	if (bad == PASS && (p->kind == PKT_FLOW || p->kind == PKT_ICMP_ERROR) && !p->l4_checked &&
		!pkt_l4_checksum_ok(m))
		return DROP_L4_CHECKSUM;
	return bad;
}

// ---- The usual packet ------------------------------------------------------------------------------

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

// The same metadata, 16 octets at a time: the protocol and, ten octets on, the last of the ports are in
// one load.
static inline void metadata_set(struct pkt *p, const struct pkt *blank_one, const struct burst *b,
	const struct rte_ipv4_hdr *ip)
{
	_Static_assert(offsetof(struct pkt, flow.src.port) == 16 &&
			offsetof(struct pkt, flow.dst.port) == 34 &&
			offsetof(struct pkt, flow.proto) == 36 &&
			offsetof(struct pkt, iface_in) == 38 && sizeof(struct pkt) == 64,
		"four of 16");
	const __m128i src =
		_mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 3, 4, 5, 6);
	const __m128i ports =
		_mm_setr_epi8(12, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 7, 8);
	const __m128i rest =
		_mm_setr_epi8(9, 10, 14, 13, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
	const __m128i from = _mm_loadu_si128((const __m128i *)&ip->next_proto_id);
	const __m128i *with = (const __m128i *)blank_one;
	__m128i *to = (__m128i *)p;

	_mm_storeu_si128(to, _mm_or_si128(_mm_loadu_si128(with), _mm_shuffle_epi8(from, src)));
	_mm_storeu_si128(
		to + 1, _mm_or_si128(_mm_loadu_si128(with + 1), _mm_shuffle_epi8(from, ports)));
	_mm_storeu_si128(to + 2,
		_mm_insert_epi16(
			_mm_or_si128(_mm_loadu_si128(with + 2), _mm_shuffle_epi8(from, rest)),
			b->iface, 3));
	_mm_storeu_si128(to + 3, _mm_loadu_si128(with + 3));
}

// UDP or TCP for us, in one piece, without options or tags, and nothing wrong with its headers: what nearly
// every packet is. False: the long way finds out what it is; nothing has changed.
static inline bool parse_usual(struct rte_mbuf *m, const struct burst *b)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + L3);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)udp;
	struct pkt *p = pkt_of(m);
	uint16_t total, len;

	if (unlikely(m->nb_segs != 1 || rte_pktmbuf_data_len(m) < L4 + sizeof(*udp) ||
		    (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)))
		return false;
	if (unlikely((~_mm_movemask_epi8(
			      _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)frame), b->start)) &
			     START_BITS) != 0))
		return false;
	total = rte_be_to_cpu_16(ip->total_length);
	len = total - sizeof(*ip); // wraps where there is less, and is too much
	if (unlikely(len > rte_pktmbuf_data_len(m) - L4 || !ipv4_sum_ok(ip) ||
		    is_no_host(ip->src_addr) || is_no_host(ip->dst_addr) ||
		    (ip->fragment_offset & rte_cpu_to_be_16(FRAGMENT_BITS))))
		return false;
	if (likely(ip->next_proto_id == IPPROTO_UDP)) {
		if (unlikely(udp_judge(udp, len) != PASS))
			return false;
		metadata_set(p, &plain, b, ip);
		p->payload_len = len - sizeof(*udp);
	} else {
		if (unlikely(ip->next_proto_id != IPPROTO_TCP || tcp_judge(tcp, len) != PASS))
			return false;
		metadata_set(p, &blank, b, ip);
		tcp_set(p, tcp, L4, len);
	}
	pad_cut(m, total);
	return true;
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
	const struct media_index *media = w->snap->media_index;
	uint16_t n = 0, kinds = PKTS_OF(PKT_FLOW);
	bool all_plain = true;
	const struct burst b = burst_of(&w->mac[iface], iface, &w->snap->ip_options);

	for (uint16_t i = 0; i < v->n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(v->m[i], void *));
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		enum dp_counter_id bad;

		if (unlikely(!parse_usual(m, &b))) {
			bad = parse_headers(m, &b);
			if (unlikely(bad != PASS)) {
				pkt_drop(w, m, bad);
				continue;
			}
		}
		if (judged)
			pkt_of(m)->l4_checked = is_good(m, pkt_of(m));
		if (unlikely(!handoff_is_plain(media, pkt_of(m)))) {
			all_plain = false;
			kinds |= PKTS_OF(pkt_of(m)->kind);
		}
		v->m[n++] = m;
	}
	v->n = n;
	v->kinds = all_plain ? kinds | PKTS_PLAIN : kinds;
}
