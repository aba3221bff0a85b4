// SPDX-License-Identifier: BSD-3-Clause
// RTP and RTCP headers, and the statistics of RTP. The input is a row of packets, each behind an octet with its
// length; every packet is parsed in a block of exactly its size, so that a read past it is seen.
#include <stdlib.h>
#include <string.h>

#include "lib/rtcp.h"
#include "lib/rtp_stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static bool packet(const uint8_t *data, size_t n, struct rtp_stats *stats)
{
	uint8_t *p = malloc(n != 0 ? n : 1);
	struct rtp_hdr h;
	bool ok;

	check(p != NULL);
	if (n != 0)
		memcpy(p, data, n);
	ok = rtp_parse(p, n, &h);
	if (ok) {
		check(h.len >= RTP_HEADER_MIN && h.len <= n && h.pt < 128);
		if (rtp_padding_ok(p, n, &h) && h.padded)
			check(p[n - 1] > 0 && h.len + p[n - 1] <= (int)n);
		rtp_stats_add(stats, &h, h.ts ^ h.seq);
	}
	if (rtcp_ok(p, n))
		check(rtcp_head_ok(p, n) && n % 4 == 0);
	free(p);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtp_stats stats = {0};
	uint64_t packets = 0;

	while (size > 0) {
		size_t n = data[0] < size ? data[0] : size - 1;

		packets += packet(data + 1, n, &stats);
		data += 1 + n;
		size -= 1 + n;
		check(stats.lost <= 3000 * packets); // a longer gap is a new run
	}
	return 0;
}
