// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// ICMP errors of our own; see dp/icmp.h. Called by the acl and route stages.
#include "dp/icmp.h"

#include <rte_icmp.h>

#include "dp/ip_hash.h"
#include "dp/nat.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/snapshot.h"

// RFC 1812 4.3.2.3: as much of the packet as fits a datagram of 576 octets.
#define ERROR_MAX 576
// RFC 1812 4.3.2.5: internetwork control.
#define TOS 0xc0
#define TTL 64

struct headers {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_icmp_hdr icmp;
} __attribute__((packed, aligned(2)));

#define QUOTED_MAX (ERROR_MAX - sizeof(struct rte_ipv4_hdr) - sizeof(struct rte_icmp_hdr))

// Linux's for all, and what traceroute and path MTU discovery of one host need.
struct icmp_rates icmp_rates(unsigned int n_workers)
{
	return (struct icmp_rates){
		.all = bucket_rate(1000 / n_workers, 50),
		.source = bucket_rate(20, 20),
	};
}

// The source first: one that is loud must not use up what the others share.
static bool may_send(struct worker *w, const struct ip_addr *to)
{
	struct icmp_state *s = w->icmp;
	struct bucket *source = &s->source[ip_hash(to, s->seed) % ICMP_SOURCES];

	if (bucket_take(source, &s->rate.source, w->now_ns) &&
		bucket_take(&s->all, &s->rate.all, w->now_ns))
		return true;
	count_add(w, COUNT_RATE_LIMITED_ICMP, 1);
	return false;
}

// Not what we sent, and never an error or a redirect. Fragments, and packets to or from what is no
// host, do not come this far.
static bool is_answered(const struct pkt *p)
{
	if (p->kind != PKT_FLOW || p->ours)
		return false;
	return p->flow.proto != PROTO_ICMP || p->icmp_type == RTE_IP_ICMP_ECHO_REQUEST ||
		p->icmp_type == RTE_IP_ICMP_ECHO_REPLY;
}

// The packet as its sender knows it.
static void untranslate(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const struct pkt_ends *came = &w->sess->slots[p->sess].key[p->dir].ends;
	const struct endpoint src = pkt_ends_src(came), dst = pkt_ends_dst(came);

	if (p->iface_out != PKT_NO_IFACE)
		nat_rewrite(m, &src, &dst);
}

static void headers_fill(
	struct headers *h, const struct worker *w, struct rte_mbuf *about, uint16_t quoted)
{
	const uint16_t in = pkt_of(about)->iface_in;

	// Back to the frame's sender, as it came: no route is needed.
	h->eth.dst_addr = pkt_eth(about)->src_addr;
	h->eth.src_addr = w->mac[in];
	h->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	h->ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = TOS,
		.total_length =
			rte_cpu_to_be_16((uint16_t)(sizeof(h->ip) + sizeof(h->icmp) + quoted)),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = TTL,
		.next_proto_id = PROTO_ICMP,
		.src_addr = ip_to_v4_be(&w->snap->ifaces[in].ip),
		.dst_addr = pkt_ipv4(about)->src_addr,
	};
	h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
}

void icmp_error(struct worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code, uint16_t mtu)
{
	const struct pkt *p = pkt_of(m);
	struct rte_mbuf *error;
	struct headers *h;
	uint16_t quoted;

	if (!is_answered(p) || !pkt_from_station(m))
		return;
	untranslate(w, m);
	if (!may_send(w, &p->flow.src.ip))
		return;
	error = rte_pktmbuf_alloc(w->pool);
	if (error == NULL)
		return;
	quoted = RTE_MIN((uint16_t)(rte_pktmbuf_data_len(m) - p->l3), (uint16_t)QUOTED_MAX);
	*pkt_of(error) =
		(struct pkt){.iface_in = p->iface_in, .iface_out = p->iface_in, .ours = true};
	h = (struct headers *)rte_pktmbuf_append(error, (uint16_t)(sizeof(*h) + quoted));
	memcpy(h + 1, pkt_ipv4(m), quoted);
	headers_fill(h, w, m, quoted);
	h->icmp = (struct rte_icmp_hdr){.icmp_type = type, .icmp_code = code};
	if (type == ICMP_UNREACHABLE && code == ICMP_FRAG_NEEDED)
		h->icmp.icmp_seq_nb = rte_cpu_to_be_16(mtu); // RFC 1191 4
	h->icmp.icmp_cksum = (uint16_t)~rte_raw_cksum(&h->icmp, sizeof(h->icmp) + quoted);
	count_add(w, COUNT_ICMP_SENT, 1);
	route_tx(w, error, p->iface_in);
}
