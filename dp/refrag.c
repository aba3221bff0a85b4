// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Fragments on the way out; see dp/refrag.h. Called by the route stage.
#include "dp/refrag.h"

#include "dp/route.h"

// The largest piece, as a packet, that the packet can be cut to.
static uint16_t size_of(const struct pkt *p, uint16_t mtu)
{
	return p->fragment_size != 0 ? RTE_MIN(p->fragment_size, mtu) : mtu;
}

bool refrag_fits(struct rte_mbuf *m, uint16_t mtu)
{
	const struct pkt *p = pkt_of(m);
	const struct rte_ipv4_hdr *ip = pkt_ipv4(m);

	if (rte_be_to_cpu_16(ip->total_length) <= mtu)
		return true;
	// Fragments that must not be cut further may leave as they came.
	return !(ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) ||
		(p->fragment_size != 0 && p->fragment_size <= mtu);
}

// A frame with the headers of `m`, and `len` octets from `at` on of what is behind them. NULL: no
// buffer.
static struct rte_mbuf *piece_make(
	struct worker *w, struct rte_mbuf *m, uint16_t at, uint16_t len, bool more)
{
	const struct pkt *p = pkt_of(m);
	const uint16_t frame = p->l4 + len;
	struct rte_mbuf *piece = rte_pktmbuf_alloc(w->pool);
	struct rte_ipv4_hdr *ip;
	uint16_t bits = at / RTE_IPV4_HDR_OFFSET_UNITS;

	if (unlikely(piece == NULL || rte_pktmbuf_tailroom(piece) < frame)) {
		rte_pktmbuf_free(piece);
		return NULL;
	}
	*pkt_of(piece) = *p;
	memcpy(rte_pktmbuf_append(piece, frame), rte_pktmbuf_mtod(m, void *), p->l4);
	memcpy(rte_pktmbuf_mtod_offset(piece, void *, p->l4),
		rte_pktmbuf_mtod_offset(m, void *, p->l4 + at), len);
	ip = pkt_ipv4(piece);
	if (more)
		bits |= RTE_IPV4_HDR_MF_FLAG;
	ip->fragment_offset &= rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->fragment_offset |= rte_cpu_to_be_16(bits);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(frame - p->l3));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return piece;
}

void refrag_tx(struct worker *w, struct rte_mbuf *m, uint16_t iface)
{
	const struct pkt *p = pkt_of(m);
	const uint16_t octets = (uint16_t)(rte_pktmbuf_data_len(m) - p->l4);
	const uint16_t room = (uint16_t)(size_of(p, w->mtu[iface]) - (p->l4 - p->l3));
	const uint16_t step = room / RTE_IPV4_HDR_OFFSET_UNITS * RTE_IPV4_HDR_OFFSET_UNITS;

	for (uint16_t at = 0; at < octets;) {
		const bool more = octets - at > room;
		const uint16_t len = more ? step : (uint16_t)(octets - at);
		struct rte_mbuf *piece = piece_make(w, m, at, len, more);

		if (unlikely(piece == NULL)) {
			count_add(w, DROP_NO_BUFFER, 1);
			break;
		}
		count_add(w, COUNT_FRAGMENTS_SENT, 1);
		route_tx(w, piece, iface);
		at += len;
	}
	pkt_free(w, m, PASS);
}
