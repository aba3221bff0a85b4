// SPDX-License-Identifier: BSD-3-Clause
// IP identifiers of datagrams whose source is an address that several hosts share (RFC 6864 5.3): two of them
// may have chosen the same one, and a receiver would put their fragments together. Of what may be cut,
// here or on the way, the identifier is therefore chosen anew. Others keep their own, among them all
// that are not longer than any link carries (RFC 791): tools that trace a path know their probes by it.
#pragma once

#include "dp/worker.h"

#define IPID_UNCUT 576

static inline bool ipid_matters(const struct pkt *p, const struct rte_ipv4_hdr *ip)
{
	if (p->fragment_size != 0)
		return true;
	return !(ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) &&
		rte_be_to_cpu_16(ip->total_length) > IPID_UNCUT;
}

// The next one from `src` to `dst`, which no other worker chooses too: each goes its own round, of 65536
// divided by the number of workers.
rte_be16_t ipid_next(struct worker *w, rte_be32_t src, rte_be32_t dst, uint8_t proto);

// Gives an IPv4 packet that has its final addresses a new one.
void ipid_renew(struct worker *w, struct rte_ipv4_hdr *ip);
