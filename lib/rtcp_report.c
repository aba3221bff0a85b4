// SPDX-License-Identifier: BSD-3-Clause
#include "lib/rtcp_report.h"

#include "lib/rtcp.h"

enum { PT_SR = 200, PT_RR = 201, PT_XR = 207 };

#define HEAD        8  // common header and SSRC
#define SENDER_INFO 20 // of an SR
#define BLOCK       24
#define XR_VOIP     7
#define XR_VOIP_LEN 36

static int32_t be24_signed(const uint8_t *p)
{
	int32_t v = (int32_t)p[0] << 16 | p[1] << 8 | p[2];

	return v < 0x800000 ? v : v - 0x1000000;
}

static void read_block(const uint8_t *b, struct rtcp_report *out)
{
	out->heard = true;
	out->fraction_lost = b[4];
	out->lost = be24_signed(b + 5);
	out->jitter = rtp_be32(b + 12);
	out->lsr = rtp_be32(b + 16);
	out->dlsr = rtp_be32(b + 20);
}

static void read_blocks(const uint8_t *p, size_t n, size_t at, struct rtcp_report *out)
{
	if ((p[0] & 0x1f) > 0 && n >= at + BLOCK)
		read_block(p + at, out);
}

static void read_sr(const uint8_t *p, size_t n, struct rtcp_report *out)
{
	if (n < HEAD + SENDER_INFO)
		return;
	out->sent = true;
	out->sr_mid = rtp_be32(p + HEAD + 2); // 16 bits of each half
	read_blocks(p, n, HEAD + SENDER_INFO, out);
}

static void read_metrics(const uint8_t *b, struct rtcp_report *out)
{
	out->metrics = true;
	out->loss_rate = b[8];
	out->discard_rate = b[9];
	out->r_factor = b[24];
	out->mos_lq_x10 = b[26];
	out->mos_cq_x10 = b[27];
}

static void read_xr(const uint8_t *p, size_t n, struct rtcp_report *out)
{
	for (size_t at = HEAD; n >= at + 4;) {
		size_t len = 4 * ((size_t)rtp_be16(p + at + 2) + 1);

		if (len > n - at)
			return;
		if (p[at] == XR_VOIP && len >= XR_VOIP_LEN)
			read_metrics(p + at, out);
		at += len;
	}
}

void rtcp_report_read(const uint8_t *p, size_t n, struct rtcp_report *out)
{
	*out = (struct rtcp_report){0};
	while (n >= 4) {
		size_t len = 4 * ((size_t)rtp_be16(p + 2) + 1);

		if (p[1] == PT_SR)
			read_sr(p, len, out);
		else if (p[1] == PT_RR)
			read_blocks(p, len, HEAD, out);
		else if (p[1] == PT_XR)
			read_xr(p, len, out);
		p += len;
		n -= len;
	}
}

uint32_t rtcp_round_trip_us(const struct rtcp_report *r, uint64_t since_ns)
{
	uint64_t kept_ns = (uint64_t)r->dlsr * 1000000000 / 65536;
	uint64_t us = since_ns > kept_ns ? (since_ns - kept_ns) / 1000 : 0;

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}
