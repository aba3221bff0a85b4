// SPDX-License-Identifier: BSD-3-Clause
// See cp/flow_log.h. Called by cp/punt.c.
#include "cp/flow_log.h"

#include "cp/log.h"

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return "tcp";
	case PROTO_UDP:
		return "udp";
	case PROTO_ICMP:
		return "icmp";
	default:
		return "ip";
	}
}

void flow_log_limit(const struct config *c, const struct dp_msg_limit *m)
{
	static const enum event_id events[] = {[DP_LIMIT_CONNS] = EVT_HOST_CONNS,
		[DP_LIMIT_EMBRYONIC] = EVT_HOST_EMBRYONIC,
		[DP_LIMIT_CLIENT_CONNS] = EVT_CLIENT_CONNS,
		[DP_LIMIT_CLIENT_EMBRYONIC] = EVT_CLIENT_EMBRYONIC,
		[DP_LIMIT_EMBRYONIC_RATE] = EVT_HOST_EMBRYONIC_RATE,
		[DP_LIMIT_ALL_EMBRYONIC] = EVT_HALF_OPEN_FULL};

	if (m->what >= sizeof(events) / sizeof(events[0]) || m->iface >= c->n_ifaces)
		return;
	log_write(events[m->what], &m->client.ip,
		LOG_FIELDS(log_u64("limit", m->max), log_text("protocol", proto_name(m->proto)),
			log_text("interface", c->ifaces[m->iface].name),
			log_endpoint("source", &m->client),
			log_endpoint("destination", &m->target)));
}

void flow_log_spoof(const struct config *c, const struct dp_msg_spoof *m)
{
	static const enum event_id events[DP_SPOOF_KINDS] = {
		[DP_SPOOF_REVERSE_PATH] = EVT_REVERSE_PATH, [DP_SPOOF_OWN] = EVT_IP_SPOOF};

	if (m->what >= DP_SPOOF_KINDS || m->iface >= c->n_ifaces)
		return;
	log_write(events[m->what], &m->src,
		LOG_FIELDS(log_text("protocol", proto_name(m->proto)), log_ip("source", &m->src),
			log_ip("destination", &m->dst),
			log_text("interface", c->ifaces[m->iface].name)));
}
