// SPDX-License-Identifier: BSD-3-Clause
// The fixed part, CSRC list and extension of an RTP packet (RFC 3550 5.1): the sanity checks of
// RTP-5 and the fields that a relay looks at. Inline, because a worker asks for every packet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_MIN 12

// Host byte order.
struct rtp_hdr {
	uint32_t ts, ssrc;
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

// Reads the header of the `n` octets at `p`; false when they cannot be an RTP packet: another
// version, or a CSRC list or extension that does not fit. The padding is not looked at, since it
// is encrypted in SRTP; ask rtp_padding_ok() once the packet is plain.
static inline bool rtp_parse(const uint8_t *p, size_t n, struct rtp_hdr *h)
{
	size_t len;

	if (n < RTP_HEADER_MIN || n > UINT16_MAX || p[0] >> 6 != 2)
		return false;
	len = RTP_HEADER_MIN + 4 * (size_t)(p[0] & 0x0f);
	if ((p[0] & 0x10) != 0) {
		if (n < len + 4)
			return false;
		len += 4 + 4 * (size_t)rtp_be16(p + len + 2);
	}
	if (n < len)
		return false;
	h->ts = rtp_be32(p + 4);
	h->ssrc = rtp_be32(p + 8);
	h->seq = rtp_be16(p + 2);
	h->len = (uint16_t)len;
	h->pt = p[1] & 0x7f;
	h->marker = p[1] >> 7;
	h->padded = (p[0] & 0x20) != 0;
	return true;
}

// Whether the padding that the header announces fits behind it. `p` is plain, and `h` was read
// from it.
static inline bool rtp_padding_ok(const uint8_t *p, size_t n, const struct rtp_hdr *h)
{
	return !h->padded || (n > h->len && p[n - 1] != 0 && p[n - 1] <= n - h->len);
}
