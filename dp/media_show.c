// SPDX-License-Identifier: BSD-3-Clause
// dp_media_stats() and dp_media_quality() of dp/dp.h: read what a worker counts while it counts.
// Cold: runs on the control thread.
#include <errno.h>

#include "dp/media_ctl.h"
#include "dp/media_state.h"

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static void read_leg(struct dp_leg_stats *out, const struct media_flow *in, uint64_t negotiated)
{
	const struct media_flow *back = media_other(in);
	const uint32_t clock_hz = READ(in->clock_hz);
	const bool latched = (READ(in->flags) & MEDIA_LATCHED) != 0;

	*out = (struct dp_leg_stats){
		.rx_packets = READ(in->rx_packets),
		.rx_octets = READ(in->rx_octets),
		.tx_packets = READ(back->tx_packets),
		.tx_octets = READ(back->tx_octets),
		.rx_rtcp = READ(in->rx_rtcp),
		.tx_rtcp = READ(back->tx_rtcp),
		.rx_bad_source = READ(in->rx_bad_source),
		.rx_auth_failed = READ(in->rx_auth_failed),
		.rx_replayed = READ(in->rx_replayed),
		.rx_late = READ(in->rx_late),
		.rx_malformed = READ(in->rx_malformed),
		.rx_bad_pt = READ(in->rx_bad_pt),
		.rx_many_sources = READ(in->rx_many_sources),
		.rx_bad_checksum = READ(in->rx_bad_checksum),
		.rx_on_hold = READ(in->rx_on_hold),
		.rx_rtcp_dropped = READ(in->rx_rtcp_dropped),
		.tx_waiting = READ(back->tx_waiting),
		.rx_lost = READ(in->stats.lost),
		.last_rx_ns = READ(in->last_rx_ns),
		.last_pt = READ(in->last_pt),
		.remote = media_endpoint(latched ? READ(in->remote) : negotiated),
		.latched = latched,
	};
	if (clock_hz != 0)
		out->jitter_us =
			(uint32_t)((uint64_t)READ(in->stats.jitter_q4) * 1000000 / 16 / clock_hz);
}

// Torn when one comes in this very moment; the next look has it whole.
static void read_report(struct dp_leg_stats *out, const struct media_report *r)
{
	out->report_ns = READ(r->last_ns);
	out->round_trip_us = READ(r->round_trip_us);
	out->report = r->last;
}

int dp_media_stats(uint32_t stream, struct dp_media_stats *out)
{
	uint64_t negotiated[2];
	const struct media_stream *s = media_ctl_stream(stream, negotiated);
	const struct media_monitor *m;

	if (s == NULL)
		return -ENOENT;
	for (unsigned int i = 0; i < 2; i++)
		read_leg(&out->leg[i], &s->flow[i], negotiated[i]);
	m = media_ctl_monitor(stream);
	for (unsigned int i = 0; i < 2 && READ(m->started); i++)
		read_report(&out->leg[i], &m->report[i]);
	return 0;
}

int dp_media_quality(uint32_t stream, struct rma_counters *out)
{
	const struct media_monitor *m = media_ctl_monitor(stream);

	if (m == NULL || !READ(m->started))
		return -ENOENT;
	rma_read(&m->rma, out);
	return 0;
}
