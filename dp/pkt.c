// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Internet checksums over whole packets; see dp/pkt.h. Called by the steer stage and by the relay.
#include <netinet/in.h>

#include "dp/pkt_sum.h"

// Two words at once; the compiler knows instructions for it.
typedef uint64_t lanes __attribute__((vector_size(16)));

static lanes lanes_load(const uint8_t *from)
{
	lanes v;

	memcpy(&v, from, sizeof(v));
	return v;
}

// Less than 16 octets. An odd one is the first of a word whose second is zero.
static uint64_t sum_rest(const uint8_t *from, size_t n)
{
	uint64_t sum = 0, w8 = 0;
	uint32_t w4 = 0;
	uint16_t w2 = 0, w1 = 0;

	if (n & 8) {
		memcpy(&w8, from, 8);
		sum += (w8 & UINT32_MAX) + (w8 >> 32);
		from += 8;
	}
	if (n & 4) {
		memcpy(&w4, from, 4);
		sum += w4;
		from += 4;
	}
	if (n & 2) {
		memcpy(&w2, from, 2);
		sum += w2;
		from += 2;
	}
	if (n & 1) {
		memcpy(&w1, from, 1);
		sum += w1;
	}
	return sum;
}

uint64_t pkt_sum_any(const void *data, size_t n)
{
	const uint8_t *from = data;
	lanes low = {0, 0}, high = {0, 0};

	for (; n >= sizeof(lanes); n -= sizeof(lanes), from += sizeof(lanes)) {
		const lanes a = lanes_load(from);

		low += a & UINT32_MAX;
		high += a >> 32;
	}
	low += high;
	return low[0] + low[1] + sum_rest(from, n);
}

uint64_t pkt_sum(const void *data, size_t n)
{
	return __builtin_cpu_supports("avx512bw") ? pkt_sum_avx512(data, n) : pkt_sum_any(data, n);
}

bool pkt_l4_checksum_ok(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	const struct rte_udp_hdr *l4 = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, p->l4);
	const uint16_t len = (uint16_t)(p->payload + p->payload_len - p->l4);
	const uint8_t proto = ip->next_proto_id;
	uint64_t sum = 0;

	if (proto == IPPROTO_UDP)
		return pkt_udp_checksum_ok(ip, l4, len, pkt_sum);
	if (proto != IPPROTO_TCP && proto != IPPROTO_ICMP)
		return true;
	if (proto == IPPROTO_TCP) // the pseudo header
		sum = (uint64_t)ip->src_addr + ip->dst_addr + rte_cpu_to_be_16(len) +
			rte_cpu_to_be_16(proto);
	// All ones, or a multiple: what is left after folding.
	sum += pkt_sum(l4, len);
	return sum != 0 && sum % UINT16_MAX == 0;
}
