// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Internet checksums over whole packets; see dp/pkt.h. Called by the steer stage and by the relay.
#include "dp/pkt.h"

#include <netinet/in.h>

bool pkt_l4_checksum_ok(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	const struct rte_udp_hdr *l4 = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, p->l4);
	uint32_t sum = 0;

	switch (ip->next_proto_id) {
	case IPPROTO_UDP:
		if (l4->dgram_cksum == 0)
			return true; // the sender made none (RFC 768)
		sum = rte_ipv4_phdr_cksum(ip, 0);
		break;
	case IPPROTO_TCP:
		sum = rte_ipv4_phdr_cksum(ip, 0);
		break;
	case IPPROTO_ICMP:
		break;
	default:
		return true;
	}
	sum += rte_raw_cksum(l4, p->payload + p->payload_len - p->l4);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}
