// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Explains what the stages of dp/worker.c would do with a packet; see dp/trace.h. The order is theirs.
#include "dp/trace.h"

#include <rte_tcp.h>

#include "dp/acl.h"
#include "dp/conn_limit.h"
#include "dp/handoff.h"
#include "dp/media.h"
#include "dp/nat.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/xlate.h"

struct dp_trace_phase *trace_phase(struct dp_trace *t, enum dp_trace_type type)
{
	// The last place is the last phase's: there are more of them than any packet has.
	struct dp_trace_phase *p = &t->phase[RTE_MIN(t->n, DP_TRACE_PHASES_MAX - 1u)];

	t->n = RTE_MIN(t->n + 1, (unsigned int)DP_TRACE_PHASES_MAX);
	*p = (struct dp_trace_phase){
		.type = (uint8_t)type, .rule = -1, .list = -1, .iface = DP_TRACE_NO_IFACE};
	return p;
}

void trace_drop(struct dp_trace *t, enum dp_trace_type type, enum dp_counter_id reason)
{
	// One that has told already how it was judged has come to this.
	if (t->n == 0 || t->phase[t->n - 1].type != type)
		trace_phase(t, type);
	t->phase[t->n - 1].drop = true;
	t->fate = DP_TRACE_DROP;
	t->why = reason;
	t->reason = counter_infos[reason].name;
	t->help = counter_infos[reason].help;
}

// ---- The way out --------------------------------------------------------------------------------

// Reads what route_stage() would do with the packet as it is now.
static void trace_hop(struct worker *w, struct rte_mbuf *m, struct dp_trace *t)
{
	struct neigh_key next = {.iface = DP_TRACE_NO_IFACE};
	uint32_t hop;
	enum dp_counter_id bad = route_peek(w, m, pkt_ipv4(m)->dst_addr, &hop, &next);
	struct dp_trace_phase *p = trace_phase(t, DP_TRACE_ADJACENCY);

	p->to.ip = next.ip;
	p->iface = (uint16_t)next.iface;
	t->iface_out = p->iface;
	if (bad != PASS)
		return trace_drop(t, DP_TRACE_ADJACENCY, bad);
	memcpy(p->mac, &w->neigh->at[hop].mac[0], sizeof(p->mac));
	t->fate = DP_TRACE_FORWARD;
}

// It comes back in there, where another worker may own it: who asked goes on from there.
static void trace_turn(struct rte_mbuf *m, const struct flow *reply, struct dp_trace *t)
{
	struct pkt *p = pkt_of(m);

	trace_phase(t, DP_TRACE_HAIRPIN)->iface = p->iface_out;
	nat_rewrite(m, &reply->dst, &reply->src);
	p->iface_in = p->iface_out;
	p->iface_out = PKT_NO_IFACE;
	p->looped = true;
}

static void trace_punt(struct dp_trace *t)
{
	trace_phase(t, DP_TRACE_PUNT);
	t->fate = DP_TRACE_TO_CONTROL;
}

static void trace_translated(struct dp_trace *t, enum dp_trace_type type, int rule,
	const struct endpoint *from, const struct endpoint *to)
{
	struct dp_trace_phase *p;

	if (rule < 0 && endpoint_eq(from, to))
		return;
	p = trace_phase(t, type);
	p->rule = rule;
	p->from = *from;
	p->to = *to;
}

// ---- A flow that is known -----------------------------------------------------------------------

// As the segment that this side sends next.
static void fit_numbers(struct rte_mbuf *m, const struct tcp_conn *c, unsigned int dir)
{
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, pkt_of(m)->l4);

	tcp->sent_seq = rte_cpu_to_be_32(c->side[dir].end);
	tcp->recv_ack = rte_cpu_to_be_32(c->side[!dir].end);
}

static void trace_session(struct worker *w, struct rte_mbuf *m, const struct sess *s,
	unsigned int dir, struct dp_trace *t)
{
	const struct sess_key *here = &s->key[dir], *there = &s->key[!dir];
	const struct flow in = {pkt_ends_src(&here->ends), pkt_ends_dst(&here->ends), here->proto};
	const struct flow reply = {
		pkt_ends_src(&there->ends), pkt_ends_dst(&there->ends), here->proto};
	struct pkt *p = pkt_of(m);
	enum dp_counter_id bad;

	t->session = t->phase[t->n - 1].session = true;
	if (s->punt)
		return trace_punt(t);
	if (s->is_tcp)
		fit_numbers(m, &s->tcp, dir);
	bad = sess_judge_peek(w, s, p, dir);
	if (bad != PASS)
		return trace_drop(t, DP_TRACE_FLOW, bad);
	p->iface_out = there->iface;
	trace_translated(t, DP_TRACE_UN_NAT, -1, &in.dst, &reply.src);
	trace_translated(t, DP_TRACE_NAT, -1, &in.src, &reply.dst);
	if (dir == 0 ? s->loops_out : s->loops_back)
		return trace_turn(m, &reply, t);
	nat_rewrite(m, &reply.dst, &reply.src);
	trace_hop(w, m, t);
}

// ---- A flow that is new -------------------------------------------------------------------------

static void trace_route(
	const struct snapshot *s, enum dp_trace_type type, int at, struct dp_trace *t)
{
	struct dp_trace_phase *p;

	if (at < 0)
		return;
	p = trace_phase(t, type);
	p->rule = (int32_t)s->routes[at].place;
	p->iface = s->routes[at].iface;
	p->to.ip = s->routes[at].gateway;
}

static void trace_entry(struct dp_trace *t, enum dp_trace_type type, int list, int entry)
{
	struct dp_trace_phase *p = trace_phase(t, type);

	p->list = list;
	p->rule = entry;
}

// Which phase is the one that refuses.
static enum dp_trace_type refuser(enum dp_counter_id reason)
{
	switch (reason) {
	case DROP_IP_SOURCE:
	case DROP_IP_SPOOFED:
	case DROP_IP_BOGON:
	case DROP_REVERSE_PATH:
		return DP_TRACE_SPOOFING;
	case DROP_PROTO_TO_SELF:
		return DP_TRACE_PUNT;
	case DROP_ACL_DENY:
	case DROP_ACL_OUT_DENY:
	case DROP_SECURITY_LEVEL:
	case DROP_SAME_SECURITY:
		return DP_TRACE_ACCESS_LIST;
	case DROP_ROUTE_NONE:
	case DROP_ROUTE_SAME_IFACE:
		return DP_TRACE_ROUTE;
	case DROP_NAT_RPF:
		return DP_TRACE_RPF_CHECK;
	case DROP_NAT_ONE_WAY:
	case DROP_NAT_UNMAPPED:
		return DP_TRACE_UN_NAT;
	case DROP_NAT_PROTOCOL:
	case DROP_NAT_IFACE:
		return DP_TRACE_NAT;
	case DROP_IP_DESTINATION:
	default:
		return DP_TRACE_PACKET;
	}
}

// Whose the destination is that nobody may come in by, and by which rule it is given out.
static void trace_unmapped(
	struct worker *w, uint16_t in, const struct flow *wire, int rule, struct dp_trace *t)
{
	const struct snapshot *s = w->snap;
	struct dp_trace_phase *p;

	for (size_t i = 0; i < s->n_nat && rule < 0; i++)
		if (nat_is_pat(&s->nat[i], 1, in, &s->ifaces[in].ip, wire->proto, &wire->dst) ||
			nat_is_pooled(&s->nat[i], 1, in, &wire->dst.ip))
			rule = (int)i;
	p = trace_phase(t, DP_TRACE_UN_NAT);
	p->rule = rule;
	p->iface = in;
	p->from = wire->dst;
	p->session = xlate_is_taken(w, in, wire->proto, &wire->dst);
}

// What acl_judge() has gone through, in its order.
static void trace_verdict(struct worker *w, uint16_t in, const struct flow *wire,
	const struct acl_verdict *v, struct dp_trace *t)
{
	const bool dropped = v->fate == ACL_DROP;

	if (v->route_back >= 0)
		trace_route(w->snap, DP_TRACE_SPOOFING, v->route_back, t);
	else
		trace_phase(t, DP_TRACE_SPOOFING);
	if (dropped && refuser(v->reason) == DP_TRACE_SPOOFING)
		return trace_drop(t, DP_TRACE_SPOOFING, v->reason);
	if (v->nat_destination >= 0)
		trace_translated(t, DP_TRACE_UN_NAT, v->nat_destination, &wire->dst, &v->reply.src);
	trace_route(w->snap, DP_TRACE_ROUTE, v->route, t);
	if (v->by_level) {
		trace_entry(t, DP_TRACE_ACCESS_LIST, -1, -1);
		if (v->route >= 0)
			t->phase[t->n - 1].iface = w->snap->routes[v->route].iface;
	}
	for (unsigned int i = 0; i < ACL_ROLES; i++)
		if (v->found[i].acl >= 0)
			trace_entry(t, DP_TRACE_ACCESS_LIST, v->found[i].acl, v->found[i].ace);
	if (v->inspect >= 0)
		trace_entry(t, DP_TRACE_INSPECT, v->inspect, v->inspect_ace);
	if (dropped) {
		if (v->reason == DROP_NAT_RPF)
			trace_entry(t, DP_TRACE_RPF_CHECK, -1, v->nat_back);
		if (v->reason == DROP_NAT_UNMAPPED)
			trace_unmapped(w, in, wire, v->nat_destination, t);
		if (v->reason == DROP_NAT_PROTOCOL)
			trace_entry(t, DP_TRACE_NAT, -1, v->nat_source);
		return trace_drop(t, refuser(v->reason), v->reason);
	}
	if (v->fate == ACL_FORWARD && !acl_is_dynamic(w->snap, v))
		trace_translated(t, DP_TRACE_NAT, v->nat_source, &wire->src, &v->reply.dst);
}

// The endpoint that a dynamic rule would give, into the verdict. False: it has none.
static bool trace_dynamic(
	struct worker *w, const struct pkt *p, struct acl_verdict *v, struct dp_trace *t)
{
	const struct nat_rule *r;
	struct endpoint mapped;

	if (!acl_is_dynamic(w->snap, v))
		return true;
	r = &w->snap->nat[v->nat_source];
	if (!xlate_peek(w, r, p->iface_in, v->iface_out, p->flow.proto, &p->flow.src, &mapped)) {
		trace_entry(t, DP_TRACE_NAT, -1, v->nat_source);
		trace_drop(t, DP_TRACE_NAT, xlate_refusal(r));
		return false;
	}
	acl_map(v, 0, &mapped);
	trace_translated(t, DP_TRACE_NAT, v->nat_source, &p->flow.src, &mapped);
	return true;
}

// A segment, or a message, of a flow that nobody remembers.
static void trace_late(
	struct worker *w, const struct pkt *p, const struct acl_verdict *v, struct dp_trace *t)
{
	trace_drop(t, DP_TRACE_CREATE,
		p->flow.proto == PROTO_TCP ? DROP_TCP_NOT_SYN : DROP_ICMP_NO_SESSION);
	if (!acl_resets(w, p, v))
		return;
	t->fate = DP_TRACE_RESET;
	t->reason = t->help = NULL;
}

// Whether limits leave room for the flow, and whose they are.
static bool trace_limits(
	struct worker *w, const struct pkt *p, struct acl_verdict *v, struct dp_trace *t)
{
	const enum dp_counter_id bad = conn_limit_check(w, p, v, &v->limit);

	if (v->limit.class != 0 || bad != PASS)
		trace_phase(t, DP_TRACE_LIMITS);
	for (size_t i = 0; i < w->snap->n_limits; i++)
		if (v->limit.class != 0 && w->snap->limits[i].id == v->limit.class)
			t->phase[t->n - 1].rule = (int32_t)i;
	if (bad != PASS)
		trace_drop(t, DP_TRACE_LIMITS, bad);
	return bad == PASS;
}

static void trace_create(
	struct worker *w, const struct pkt *p, const struct acl_verdict *v, struct dp_trace *t)
{
	struct dp_trace_phase *phase = trace_phase(t, DP_TRACE_CREATE);
	const enum dp_counter_id bad = sess_create_peek(w, p, v);

	if (bad == DROP_NAT_PORTS)
		phase->rule = v->nat_source >= 0 ? v->nat_source : v->nat_destination;
	if (bad != PASS)
		trace_drop(t, DP_TRACE_CREATE, bad);
}

static void trace_new(struct worker *w, struct rte_mbuf *m, struct dp_trace *t)
{
	struct pkt *p = pkt_of(m);
	const struct acl_query q = acl_query_of(w, m);
	const struct flow wire = p->flow;
	struct acl_verdict v;

	acl_judge(w->snap, p->iface_in, &q, &v);
	trace_verdict(w, p->iface_in, &wire, &v, t);
	if (v.fate == ACL_DROP)
		return;
	if (!acl_is_opener(p))
		return trace_late(w, p, &v, t);
	if (v.fate == ACL_PUNT)
		return trace_punt(t);
	if (!trace_limits(w, p, &v, t) || !trace_dynamic(w, p, &v, t))
		return;
	trace_create(w, p, &v, t);
	if (t->reason != NULL)
		return;
	p->iface_out = v.iface_out;
	if (v.loops)
		return trace_turn(m, &v.reply, t);
	nat_rewrite(m, &v.reply.dst, &v.reply.src);
	trace_hop(w, m, t);
}

void trace_run(struct worker *w, struct rte_mbuf *m, struct dp_trace *t)
{
	struct pkt *p = pkt_of(m);
	const struct sess *s;
	unsigned int dir = 0;
	enum dp_counter_id bad;

	if (handoff_mark_media(w->snap, p) >= 0) {
		trace_phase(t, DP_TRACE_MEDIA)->worker = (uint16_t)w->id;
		bad = media_peek(w, p);
		if (bad != PASS)
			return trace_drop(t, DP_TRACE_MEDIA, bad);
		t->fate = DP_TRACE_RELAY;
		return;
	}
	trace_phase(t, DP_TRACE_FLOW)->worker = (uint16_t)w->id;
	s = sess_peek(w, p, &dir);
	if (s != NULL)
		trace_session(w, m, s, dir, t);
	else
		trace_new(w, m, t);
}
