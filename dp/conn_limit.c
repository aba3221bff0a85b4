// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Limits of flows by host; see dp/conn_limit.h. dp/acl.c asks when a flow begins, dp/sess.c counts.
#include "dp/conn_limit.h"

#include <rte_jhash.h>

#include "dp/sess.h"
#include "dp/snapshot.h"

#define TELL_NS NS_PER_S

static const struct dp_conn_limits no_limits;

// Of the first class that the flow is in; addresses are real ones, as in access lists.
static const struct dp_conn_limits *limits_of(
	const struct snapshot *s, const struct flow *real, uint32_t *class)
{
	*class = 0;
	for (size_t i = 0; i < s->n_limits; i++) {
		const struct dp_limit_class *c = &s->limits[i];

		*class = (uint32_t)i;
		if (c->acl < 0 || acl_list_permits(s->acls[c->acl], real))
			return &c->max;
	}
	return &no_limits;
}

// A worker's part of what the box may have; 0 stays none.
static uint32_t share_of(const struct worker *w, uint32_t max)
{
	return max == 0 ? 0 : RTE_MAX(max / w->n_workers, 1u);
}

static bool is_full(const struct worker *w, uint32_t n, uint32_t max)
{
	return max != 0 && n >= share_of(w, max);
}

static uint16_t place_of(const struct worker *w, const struct ip_addr *ip, uint32_t class)
{
	return (uint16_t)rte_jhash(ip, sizeof(*ip), w->conn_limits->seed + class);
}

static struct flow real_of(const struct pkt *p, const struct acl_verdict *v)
{
	return (struct flow){.src = p->flow.src, .dst = v->reply.src, .proto = p->flow.proto};
}

enum dp_counter_id conn_limit_check(const struct worker *w, const struct pkt *p,
	const struct acl_verdict *v, struct conn_limit_places *at)
{
	const struct conn_limits *l = w->conn_limits;
	const struct flow real = real_of(p, v);
	const bool tcp = real.proto == PROTO_TCP;
	const struct conn_limit_count *client, *target;
	const struct dp_conn_limits *max;
	uint32_t class;

	*at = (struct conn_limit_places){.counts = false};
	if (!proto_has_ports(real.proto))
		return PASS;
	if (tcp && is_full(w, w->sess->half_open, w->snap->half_open_max))
		return DROP_EMBRYONIC_FULL;
	max = limits_of(w->snap, &real, &class);
	if (max->conns == 0 && max->client_conns == 0 &&
		(!tcp || (max->embryonic == 0 && max->client_embryonic == 0)))
		return PASS;
	*at = (struct conn_limit_places){.client = place_of(w, &real.src.ip, class),
		.target = place_of(w, &real.dst.ip, class),
		.counts = true};
	client = &l->client[at->client];
	target = &l->target[at->target];
	if (tcp && is_full(w, client->embryonic, max->client_embryonic))
		return DROP_EMBRYONIC_CLIENT;
	if (tcp && is_full(w, target->embryonic, max->embryonic))
		return DROP_EMBRYONIC_LIMIT;
	if (is_full(w, client->conns, max->client_conns))
		return DROP_CONN_CLIENT;
	return is_full(w, target->conns, max->conns) ? DROP_CONN_LIMIT : PASS;
}

void conn_limit_tell(
	struct worker *w, const struct pkt *p, const struct acl_verdict *v, enum dp_counter_id why)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_CONN_LIMIT};
	const struct flow real = real_of(p, v);
	const struct dp_conn_limits *max;
	uint32_t class;

	if (w->now_ns - w->conn_limits->told_ns < TELL_NS)
		return;
	max = limits_of(w->snap, &real, &class);
	m.limit = (struct dp_msg_limit){
		.iface = p->iface_in, .proto = real.proto, .client = real.src, .target = real.dst};
	switch (why) {
	case DROP_EMBRYONIC_CLIENT:
		m.limit.what = DP_LIMIT_CLIENT_EMBRYONIC;
		m.limit.max = max->client_embryonic;
		break;
	case DROP_EMBRYONIC_LIMIT:
		m.limit.what = DP_LIMIT_EMBRYONIC;
		m.limit.max = max->embryonic;
		break;
	case DROP_CONN_CLIENT:
		m.limit.what = DP_LIMIT_CLIENT_CONNS;
		m.limit.max = max->client_conns;
		break;
	case DROP_CONN_LIMIT:
		m.limit.what = DP_LIMIT_CONNS;
		m.limit.max = max->conns;
		break;
	case DROP_EMBRYONIC_FULL:
		m.limit.what = DP_LIMIT_ALL_EMBRYONIC;
		m.limit.max = w->snap->half_open_max;
		break;
	default:
		return;
	}
	if (worker_notify(w, &m))
		w->conn_limits->told_ns = w->now_ns;
}

void conn_limit_take(struct worker *w, const struct conn_limit_places *at, bool embryonic)
{
	struct conn_limits *l = w->conn_limits;

	l->client[at->client].conns++;
	l->target[at->target].conns++;
	l->client[at->client].embryonic += embryonic;
	l->target[at->target].embryonic += embryonic;
}

void conn_limit_up(struct worker *w, const struct conn_limit_places *at)
{
	w->conn_limits->client[at->client].embryonic--;
	w->conn_limits->target[at->target].embryonic--;
}

void conn_limit_put(struct worker *w, const struct conn_limit_places *at, bool embryonic)
{
	struct conn_limits *l = w->conn_limits;

	l->client[at->client].conns--;
	l->target[at->target].conns--;
	l->client[at->client].embryonic -= embryonic;
	l->target[at->target].embryonic -= embryonic;
}
