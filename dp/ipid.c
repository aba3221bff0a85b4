// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// See dp/ipid.h. Called by the route stage.
#include "dp/ipid.h"

#include <rte_jhash.h>

#include "dp/nat_set.h"

// Counters are shared by paths, as in a host, so that their number is bounded; where one begins is its own
// secret (RFC 7739 5.3), and nobody learns from it by what path is found.
rte_be16_t ipid_next(struct worker *w, rte_be32_t src, rte_be32_t dst, uint8_t proto)
{
	const uint32_t path = rte_jhash_3words(src, dst, proto, w->ipid.seed);
	uint16_t *turn = &w->ipid.turn[path % IPID_TURNS];

	*turn = (uint16_t)(*turn + 1) % ((UINT16_MAX + 1) / w->n_workers);
	return rte_cpu_to_be_16((uint16_t)(*turn * w->n_workers + w->id));
}

void ipid_renew(struct worker *w, struct rte_ipv4_hdr *ip)
{
	const rte_be16_t id = ipid_next(w, ip->src_addr, ip->dst_addr, ip->next_proto_id);

	nat_sum_change(&ip->hdr_checksum, nat_change16(ip->packet_id, id));
	ip->packet_id = id;
}
