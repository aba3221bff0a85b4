// SPDX-License-Identifier: BSD-3-Clause
// The two ways of pkt_sum(), for a loop over a burst that is there in two copies: the choice is made
// once, and nothing is called. Ones' complement sums are kept as plain ones of 32-bit words, and the
// carries folded in once, at the end (RFC 1071 2).
#pragma once

#include <immintrin.h>

#include "dp/pkt.h"

#define PKT_SUM_AVX512 "avx512bw"

static inline bool pkt_sum_has_avx512(void)
{
	return __builtin_cpu_supports(PKT_SUM_AVX512);
}

__attribute__((target(PKT_SUM_AVX512))) static inline __m512i pkt_sum_halves(__m512i sum, __m512i v)
{
	sum = _mm512_add_epi64(sum, _mm512_and_si512(v, _mm512_set1_epi64(UINT32_MAX)));
	return _mm512_add_epi64(sum, _mm512_srli_epi64(v, 32));
}

__attribute__((target(PKT_SUM_AVX512))) static inline uint64_t pkt_sum_avx512(
	const void *data, size_t n)
{
	const uint8_t *from = data;
	__m512i sum = _mm512_setzero_si512();

	for (; n >= sizeof(sum); n -= sizeof(sum), from += sizeof(sum)) {
		__m512i v = _mm512_loadu_si512(from);

		__asm__(""
			: "+v"(v)); // gcc would else read memory twice, across two lines each time
		sum = pkt_sum_halves(sum, v);
	}
	// Under a mask, so there is no rest to see to.
	sum = pkt_sum_halves(sum, _mm512_maskz_loadu_epi8((UINT64_C(1) << n) - 1, from));
	return (uint64_t)_mm512_reduce_add_epi64(sum);
}

// Without AVX-512.
uint64_t pkt_sum_any(const void *data, size_t n);

// pkt_sum(), or one of its two ways: a constant where a function is inlined that takes it.
typedef uint64_t pkt_sum_fn(const void *data, size_t n);

// pkt_l4_checksum_ok() of UDP of `len` octets.
static __rte_always_inline bool pkt_udp_checksum_ok(const struct rte_ipv4_hdr *ip,
	const struct rte_udp_hdr *udp, uint16_t len, pkt_sum_fn *sum_of)
{
	uint64_t sum;

	if (udp->dgram_cksum == 0)
		return true; // the sender made none (RFC 768)
	// All ones, or a multiple: what is left after folding.
	sum = (uint64_t)ip->src_addr + ip->dst_addr + rte_cpu_to_be_16(len) +
		rte_cpu_to_be_16(PROTO_UDP) + sum_of(udp, len);
	return sum % UINT16_MAX == 0;
}
