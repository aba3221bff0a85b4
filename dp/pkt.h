// SPDX-License-Identifier: BSD-3-Clause
// A packet inside the data plane: an mbuf of one segment with its metadata in the private area
// behind it, and the vector of packets that every stage takes. Metadata travels with the packet
// from worker to worker, so it holds indices and copies, never a pointer into a snapshot.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "lib/flow.h"

// What is received at once, and what a vector holds.
#define PKTS_BURST 32
#define PKTS_MAX   64

enum pkt_kind {
	PKT_FLOW, // IPv4, TCP/UDP/ICMP or another protocol
	PKT_ARP,
	PKT_ICMP_ERROR, // `flow` is the embedded one, turned round: as the offender's answer would
			// be
	PKT_FRAGMENT,
	PKT_MEDIA, // UDP to one of our media ports: set by the steer stage
};

#define PKT_NO_IFACE UINT16_MAX

// What parse finds out and later stages add, in one cache line. Offsets count from the start of the
// frame; parse refuses what would lie further than they reach.
struct pkt {
	// As it was on the wire (but see PKT_ICMP_ERROR); ports in host order, ICMP echo's id in
	// both.
	struct flow flow;
	uint16_t
		iface_in; // behind the flow, as in a session's key: dp/sess.c looks it up from here
	uint8_t kind;     // enum pkt_kind
	uint8_t tcp_flags;
	uint8_t icmp_type;
	uint8_t dir; // of its session: 0 initiator's, 1 responder's
	// We are the sender (relayed media, resets): route leaves the TTL alone and may send it
	// back out of the interface it came in on.
	bool ours : 1;
	// UDP that came in one piece, by the wire, behind an IPv4 header without options.
	bool plain : 1;
	bool looped; // it came back in without having left (dp/hairpin.h)
	// The L4 checksum is right, or is not for us to judge. Else whom it matters to has to see to it: the
	// steer stage, of UDP the acl stage alone, and for PKT_MEDIA the relay, which needs none where a tag
	// covers the payload.
	bool l4_checked;
	uint8_t l3, l4;             // offset of the IPv4 and the transport header
	uint8_t inner_l3, inner_l4; // ICMP error: the embedded headers
	uint8_t payload;            // offset of the transport payload
	uint16_t payload_len;       // for UDP: what UDP's length says
	uint16_t inner_len;         // octets present from inner_l4
	uint16_t iface_out;         // PKT_NO_IFACE: not yet known
	// Of the largest fragment it came in, as a packet: no piece of it leaves larger. 0: it came in one.
	uint16_t fragment_size;
	union {
		uint32_t sess;   // index in the worker's table, once looked up
		uint32_t reason; // SESS_DROP: enum dp_counter_id
		// PKT_MEDIA: of its destination, in the port table (dp/media_addr.h); PKT_FRAGMENT:
		// the worker that owns it.
		uint32_t place;
	};
};

_Static_assert(
	sizeof(struct pkt) <= RTE_CACHE_LINE_MIN_SIZE, "one line for each packet's metadata");

// Where the headers of a plain packet stand.
#define PLAIN_L3      sizeof(struct rte_ether_hdr)
#define PLAIN_ENDS    (PLAIN_L3 + offsetof(struct rte_ipv4_hdr, src_addr)) // struct pkt_ends
#define PLAIN_PAYLOAD (PLAIN_L3 + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

// Both ends as a plain packet has them, from its source address on: one behind the other. ICMP's id is in both
// ports.
struct pkt_ends {
	rte_be32_t src_ip, dst_ip;
	rte_be16_t src_port, dst_port;
};

static inline struct endpoint pkt_ends_src(const struct pkt_ends *e)
{
	return (struct endpoint){ip_from_v4_be(e->src_ip), rte_be_to_cpu_16(e->src_port)};
}

static inline struct endpoint pkt_ends_dst(const struct pkt_ends *e)
{
	return (struct endpoint){ip_from_v4_be(e->dst_ip), rte_be_to_cpu_16(e->dst_port)};
}

static inline struct pkt_ends pkt_ends_of(const struct endpoint *src, const struct endpoint *dst)
{
	return (struct pkt_ends){ip_to_v4_be(&src->ip), ip_to_v4_be(&dst->ip),
		rte_cpu_to_be_16(src->port), rte_cpu_to_be_16(dst->port)};
}

// `kinds` says what may be in there, until the vector has gone through steer: so that nobody has to
// look for what did not come.
#define PKTS_OF(kind) (uint16_t)(1u << (kind))
#define PKTS_ANY      (uint16_t)(PKTS_PLAIN - 1u)
// All are plain UDP (pkt.plain), none for a media port: parse says so to the steer stage.
#define PKTS_PLAIN (uint16_t)(1u << 15)

struct pkts {
	uint16_t n;
	uint16_t kinds; // PKTS_OF each
	struct rte_mbuf *m[PKTS_MAX];
};

static inline struct pkt *pkt_of(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

static inline struct rte_mbuf *pkt_mbuf(struct pkt *p)
{
	return (struct rte_mbuf *)p - 1; // the private area follows it
}

static inline struct rte_ether_hdr *pkt_eth(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
}

// Whether the frame can be answered: the MAC it claims to come from is neither that of many nor zero, or the
// answer would go to all.
static inline bool pkt_from_station(struct rte_mbuf *m)
{
	return rte_is_valid_assigned_ether_addr(&pkt_eth(m)->src_addr);
}

static inline struct rte_ipv4_hdr *pkt_ipv4(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, pkt_of(m)->l3);
}

static inline struct rte_udp_hdr *pkt_udp(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, pkt_of(m)->l4);
}

static inline uint8_t *pkt_payload(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_of(m)->payload);
}

// The sum of `n` octets as words of the machine's order: what rte_raw_cksum() has, before the carries
// are folded in, and in a fraction of the time (RFC 1071 2, 4.1). `n` is below 2^30.
uint64_t pkt_sum(const void *data, size_t n);

// Whether the TCP, UDP or ICMP checksum of a parsed IPv4 packet is right, or there is none (RFC 768,
// other protocols). Reads the packet to its end.
bool pkt_l4_checksum_ok(struct rte_mbuf *m);

// The caller knows that there is room: no stage makes more packets than a burst brought.
static inline void pkts_add(struct pkts *v, struct rte_mbuf *m)
{
	v->m[v->n++] = m;
}
