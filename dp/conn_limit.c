// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Limits of flows by host; see dp/conn_limit.h. dp/acl.c asks when a flow begins, dp/sess.c counts.
#include "dp/conn_limit.h"

#include "dp/ip_hash.h"
#include "dp/sess.h"
#include "dp/snapshot.h"

static const struct dp_limit_class no_class = {.acl = -1};

// The first class that the flow is in; addresses are real ones, as in access lists.
static const struct dp_limit_class *class_of(const struct snapshot *s, const struct flow *real)
{
	for (size_t i = 0; i < s->n_limits; i++) {
		const struct dp_limit_class *c = &s->limits[i];

		if (c->acl < 0 || acl_list_permits(s->acls[c->acl], real))
			return c;
	}
	return &no_class;
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
	return (uint16_t)ip_hash(ip, w->conn_limits->seed + class);
}

// As many at once as in a second: clients come in bursts.
static struct bucket_rate rate_of(const struct worker *w, const struct dp_conn_limits *max)
{
	const uint32_t a_second = share_of(w, max->embryonic_rate);

	return bucket_rate(a_second, a_second);
}

// What each interface keeps for its own half-open connections, of those that a worker may have. The rest,
// half of them, is for whoever comes first: a flood from one side leaves the others theirs.
static uint32_t own_of(const struct worker *w, uint32_t max)
{
	return max / 2 / w->n_ifaces;
}

// How many there are of those that are no interface's own.
static uint32_t beyond_own(const struct worker *w, uint32_t own)
{
	const uint32_t *in = w->sess->half_open_in;
	uint32_t beyond = 0;

	for (unsigned int i = 0; i < w->n_ifaces; i++)
		beyond += in[i] > own ? in[i] - own : 0;
	return beyond;
}

static bool half_open_is_full(const struct worker *w, uint16_t iface)
{
	const uint32_t max = share_of(w, w->snap->half_open_max), own = own_of(w, max);

	return max != 0 && w->sess->half_open_in[iface] >= own &&
		beyond_own(w, own) >= max - own * w->n_ifaces;
}

static bool half_open_is_crowded(const struct worker *w, uint16_t iface)
{
	const uint32_t max = share_of(w, w->snap->half_open_max), own = own_of(w, max);

	return max != 0 && w->sess->half_open_in[iface] > own &&
		beyond_own(w, own) > (max - own * w->n_ifaces) / 2;
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
	const struct dp_limit_class *class;
	const struct dp_conn_limits *max;
	struct bucket_rate rate;

	*at = (struct conn_limit_places){.class = 0};
	if (!proto_has_ports(real.proto))
		return PASS;
	if (tcp && half_open_is_full(w, p->iface_in))
		return DROP_EMBRYONIC_FULL;
	class = class_of(w->snap, &real);
	max = &class->max;
	if (max->conns == 0 && max->client_conns == 0 &&
		(!tcp || (max->embryonic | max->client_embryonic | max->embryonic_rate) == 0))
		return PASS;
	*at = (struct conn_limit_places){.class = class->id,
		.client = place_of(w, &real.src.ip, class->id),
		.target = place_of(w, &real.dst.ip, class->id)};
	client = &l->client[at->client];
	target = &l->target[at->target];
	if (tcp && is_full(w, client->embryonic, max->client_embryonic))
		return DROP_EMBRYONIC_CLIENT;
	if (tcp && is_full(w, target->embryonic, max->embryonic))
		return DROP_EMBRYONIC_LIMIT;
	if (is_full(w, client->conns, max->client_conns))
		return DROP_CONN_CLIENT;
	if (is_full(w, target->conns, max->conns))
		return DROP_CONN_LIMIT;
	rate = rate_of(w, max);
	if (tcp && max->embryonic_rate != 0 && !bucket_has(&l->begun[at->target], &rate, w->now_ns))
		return DROP_EMBRYONIC_RATE;
	return PASS;
}

// What a class permits by the rules of now; nothing is limited where it is no more.
static const struct dp_conn_limits *max_by_id(const struct worker *w, uint32_t id)
{
	for (size_t i = 0; id != 0 && i < w->snap->n_limits; i++)
		if (w->snap->limits[i].id == id)
			return &w->snap->limits[i].max;
	return &no_class.max;
}

bool conn_limit_is_crowded(
	const struct worker *w, uint16_t iface, const struct conn_limit_places *at)
{
	const uint32_t max = max_by_id(w, at->class)->embryonic;

	return half_open_is_crowded(w, iface) ||
		(max != 0 && w->conn_limits->target[at->target].embryonic > share_of(w, max) / 2);
}

static const struct refusal {
	enum dp_counter_id why;
	enum dp_limit what;
} refusals[] = {
	{DROP_CONN_LIMIT, DP_LIMIT_CONNS},
	{DROP_EMBRYONIC_LIMIT, DP_LIMIT_EMBRYONIC},
	{DROP_CONN_CLIENT, DP_LIMIT_CLIENT_CONNS},
	{DROP_EMBRYONIC_CLIENT, DP_LIMIT_CLIENT_EMBRYONIC},
	{DROP_EMBRYONIC_RATE, DP_LIMIT_EMBRYONIC_RATE},
	{DROP_EMBRYONIC_FULL, DP_LIMIT_ALL_EMBRYONIC},
};

static uint32_t max_of(const struct worker *w, const struct dp_conn_limits *max, enum dp_limit what)
{
	switch (what) {
	case DP_LIMIT_CONNS:
		return max->conns;
	case DP_LIMIT_EMBRYONIC:
		return max->embryonic;
	case DP_LIMIT_CLIENT_CONNS:
		return max->client_conns;
	case DP_LIMIT_CLIENT_EMBRYONIC:
		return max->client_embryonic;
	case DP_LIMIT_EMBRYONIC_RATE:
		return max->embryonic_rate;
	case DP_LIMIT_ALL_EMBRYONIC:
		break;
	}
	// What the other interfaces keep is none of its.
	return w->snap->half_open_max - own_of(w, w->snap->half_open_max) * (w->n_ifaces - 1);
}

// The class that a flow of ours counts in; NULL: it goes uncounted.
static struct conn_limit_class *counted_in(struct worker *w, uint32_t id)
{
	struct conn_limit_class *c = conn_limit_class_of(w->conn_limits->classes, id);

	if (c != NULL && id != 0)
		__atomic_store_n(&c->id, id, __ATOMIC_RELEASE);
	return id != 0 ? c : NULL;
}

void conn_limit_refused(
	struct worker *w, const struct pkt *p, const struct acl_verdict *v, enum dp_counter_id why)
{
	const struct flow real = real_of(p, v);
	const struct dp_limit_class *class = class_of(w->snap, &real);
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_CONN_LIMIT};
	struct conn_limit_class *c = counted_in(w, class->id);
	const struct refusal *r = refusals;

	while (r->why != why)
		r++;
	if (c != NULL && r->what < DP_LIMITS_OF_CLASS)
		__atomic_store_n(&c->drops[r->what], c->drops[r->what] + 1, __ATOMIC_RELAXED);
	m.limit = (struct dp_msg_limit){.what = (uint8_t)r->what,
		.proto = real.proto,
		.iface = p->iface_in,
		.client = real.src,
		.target = real.dst,
		.max = max_of(w, &class->max, r->what)};
	worker_notify_seldom(w, &m, &w->conn_limits->told_ns);
}

static void add(uint32_t *n, int more)
{
	__atomic_store_n(n, *n + (uint32_t)more, __ATOMIC_RELAXED);
}

// So many more of its flows, and of those that are half-open.
static void count_more(
	struct worker *w, const struct conn_limit_places *at, int conns, int embryonic)
{
	struct conn_limit_count *client = &w->conn_limits->client[at->client];
	struct conn_limit_count *target = &w->conn_limits->target[at->target];
	struct conn_limit_class *class = counted_in(w, at->class);

	add(&client->conns, conns);
	add(&client->embryonic, embryonic);
	add(&target->conns, conns);
	add(&target->embryonic, embryonic);
	if (class != NULL) {
		add(&class->conns, conns);
		add(&class->embryonic, embryonic);
	}
}

void conn_limit_take(struct worker *w, const struct conn_limit_places *at, bool embryonic)
{
	const struct dp_conn_limits *max = max_by_id(w, at->class);
	const struct bucket_rate rate = rate_of(w, max);

	count_more(w, at, 1, embryonic);
	if (embryonic && max->embryonic_rate != 0)
		bucket_take(&w->conn_limits->begun[at->target], &rate, w->now_ns);
}

void conn_limit_up(struct worker *w, const struct conn_limit_places *at)
{
	count_more(w, at, 0, -1);
}

void conn_limit_put(struct worker *w, const struct conn_limit_places *at, bool embryonic)
{
	count_more(w, at, -1, -embryonic);
}
