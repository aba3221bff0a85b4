// SPDX-License-Identifier: BSD-3-Clause
// Translation of packets: addresses, ports, ICMP ids, and every checksum that covers them
// (RFC 1624, equation 3); for ICMP errors the quoted headers too (RFC 5508 4).
#pragma once

#include "dp/worker.h"

// Gives an IPv4 packet of kind PKT_FLOW a new source and destination; p->flow follows.
void nat_rewrite(struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst);

// The same for an ICMP error about a flow whose answering direction is p->flow: in the quoted
// packet `src` and `dst` trade places. The outer source becomes `src` if the flow's own end sent it, else
// `router`.
void nat_rewrite_error(struct rte_mbuf *m, const struct endpoint *src, const struct endpoint *dst,
	const struct ip_addr *router);
