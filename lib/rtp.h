// SPDX-License-Identifier: BSD-3-Clause
// The fixed part, CSRC list and extension of an RTP packet (RFC 3550 5.1): the sanity checks of
// RTP-5 and the fields that a relay looks at. Inline, because a worker asks for every packet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_MIN 12
#define RTP_VERSION    2
// The first octet of nearly all packets: the version, no padding, extension or CSRC list.
#define RTP_FIRST_BARE (RTP_VERSION << 6)

// Host byte order.
struct rtp_hdr {
	uint32_t ssrc, ts; // as they stand in a packet, turned round: they are read at once
	uint16_t seq;
	uint16_t len; // octets before the payload: header, CSRC list and extension
	uint8_t pt;
	bool marker;
	bool padded; // the last octet of the plain packet counts the padding
};

static inline uint16_t rtp_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t rtp_be32(const uint8_t *p)
{
	return (uint32_t)rtp_be16(p) << 16 | rtp_be16(p + 2);
}

// RTCP on an RTP port: the second octet is 192..223 (RFC 5761 4, RTP-4).
static inline bool rtp_is_rtcp(const uint8_t *p, size_t n)
{
	return n >= 2 && p[1] >= 192 && p[1] <= 223;
}

// With CSRC list and extension, of a packet that begins with the word `first`; more than `n` when it
// cannot be RTP. For rtp_parse().
static inline size_t rtp_header_len(const uint8_t *p, size_t n, uint32_t first)
{
	size_t len = RTP_HEADER_MIN + 4 * (size_t)(first >> 24 & 0x0f);

	if (first >> 30 != RTP_VERSION)
		return SIZE_MAX;
	if ((first >> 28 & 1) != 0) {
		if (n < len + 4)
			return SIZE_MAX;
		len += 4 + 4 * (size_t)rtp_be16(p + len + 2);
	}
	return len;
}

// Reads the header of the `n` octets at `p`; false when they cannot be an RTP packet: another
// version, or a CSRC list or extension that does not fit. The padding is not looked at, since it
// is encrypted in SRTP; ask rtp_padding_ok() once the packet is plain.
static inline bool rtp_parse(const uint8_t *p, size_t n, struct rtp_hdr *h)
{
	size_t len = RTP_HEADER_MIN;
	uint32_t first;

	if (n < RTP_HEADER_MIN || n > UINT16_MAX)
		return false;
	first = rtp_be32(p);
	if (first >> 24 != RTP_FIRST_BARE) {
		len = rtp_header_len(p, n, first);
		if (n < len)
			return false;
	}
	*h = (struct rtp_hdr){.ssrc = rtp_be32(p + 8),
		.ts = rtp_be32(p + 4),
		.seq = (uint16_t)first,
		.len = (uint16_t)len,
		.pt = first >> 16 & 0x7f,
		.marker = first >> 23 & 1,
		.padded = first >> 29 & 1};
	return true;
}

// Whether the padding that the header announces fits behind it. `p` is plain, and `h` was read
// from it.
static inline bool rtp_padding_ok(const uint8_t *p, size_t n, const struct rtp_hdr *h)
{
	return !h->padded || (n > h->len && p[n - 1] != 0 && p[n - 1] <= n - h->len);
}
