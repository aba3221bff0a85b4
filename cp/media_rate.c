// SPDX-License-Identifier: BSD-3-Clause
// Called by cp/mta.c and cp/media_why.c.
#include "cp/media_rate.h"

#define S_NS 1000000000ull

void media_kinds(const struct dp_leg_stats *s, uint64_t out[MEDIA_KINDS])
{
	out[MEDIA_RX] = s->rx_packets;
	out[MEDIA_TX] = s->tx_packets;
	out[MEDIA_BAD_SOURCE] = s->rx_bad_source;
	out[MEDIA_AUTH_FAILED] = s->rx_auth_failed;
	out[MEDIA_REPLAYED] = s->rx_replayed + s->rx_late;
	out[MEDIA_MALFORMED] = s->rx_malformed;
	out[MEDIA_BAD_PT] = s->rx_bad_pt;
	out[MEDIA_MANY_SOURCES] = s->rx_many_sources;
	out[MEDIA_BAD_CHECKSUM] = s->rx_bad_checksum;
	out[MEDIA_WAITING] = s->tx_waiting;
}

void media_rate_take(struct media_rate *r, const struct dp_media_stats *stats, uint64_t now_ns)
{
	uint64_t passed_ns = now_ns - r->at_ns, n[MEDIA_KINDS];
	bool first = r->at_ns == 0;

	if (!first && passed_ns < S_NS / 2)
		return;
	for (int side = 0; side < SIDES; side++) {
		media_kinds(&stats->leg[side], n);
		for (int k = 0; k < MEDIA_KINDS; k++) {
			uint32_t more = (uint32_t)n[k] - r->last[side][k];

			r->last[side][k] = (uint32_t)n[k];
			if (!first)
				r->rate[side][k] =
					(uint32_t)((more * S_NS + passed_ns / 2) / passed_ns);
		}
	}
	r->at_ns = now_ns;
}
