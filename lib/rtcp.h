// SPDX-License-Identifier: BSD-3-Clause
// The shape of RTCP packets (RFC 3550 6.4 and A.2, RFC 5506): what a relay can say about them
// without reading reports. Inline, because a worker asks.
#pragma once

#include "lib/rtp.h"

#define RTCP_HEADER_MIN 8 // common header and the sender's SSRC

// Whether the first packet's header is RTCP's; in SRTCP it is all that is clear. RFC 5761 4 says
// which packet types there can be. RFC 5506 lets any of them come first.
static inline bool rtcp_head_ok(const uint8_t *p, size_t n)
{
	return n >= RTCP_HEADER_MIN && p[0] >> 6 == 2 && rtp_is_rtcp(p, n);
}

// The sender's SSRC; only if rtcp_head_ok().
static inline uint32_t rtcp_ssrc(const uint8_t *p)
{
	return rtp_be32(p + 4);
}

// Whether plain `n` octets at `p` are whole RTCP packets, one behind the other, to the end: each
// with its version and type, and padding in the last alone.
static inline bool rtcp_ok(const uint8_t *p, size_t n)
{
	if (!rtcp_head_ok(p, n))
		return false;
	while (n > 0) {
		size_t len;

		if (n < 4 || p[0] >> 6 != 2 || !rtp_is_rtcp(p, n))
			return false;
		len = 4 * ((size_t)rtp_be16(p + 2) + 1);
		if (len > n)
			return false;
		if ((p[0] & 0x20) != 0 &&
			(len != n || p[n - 1] == 0 || p[n - 1] % 4 != 0 || p[n - 1] > len - 4))
			return false;
		p += len;
		n -= len;
	}
	return true;
}
