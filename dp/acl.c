// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The first packet of a flow: what the rules say, in the order of design 2 (3). Called for
// packets that hit no session, and by dp/sess.c to judge a session again after new rules.
#include "dp/acl.h"

#include <rte_acl.h>
#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/acl_build.h"
#include "dp/acl_hits.h"
#include "dp/acl_log.h"
#include "dp/conn_limit.h"
#include "dp/icmp.h"
#include "dp/nat_hits.h"
#include "dp/punt.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/spoof.h"
#include "dp/xlate.h"

int acl_list_match(const struct acl_list *l, const struct flow *f)
{
	struct acl_key key = {.proto = f->proto};
	const uint8_t *data = (const uint8_t *)&key;
	uint32_t index = 0;

	if (l->ctx == NULL || !ip_is_v4(&f->src.ip) || !ip_is_v4(&f->dst.ip))
		return -1;
	key.src = ip_to_v4_be(&f->src.ip);
	key.dst = ip_to_v4_be(&f->dst.ip);
	key.sport = rte_cpu_to_be_16(f->src.port);
	key.dport = rte_cpu_to_be_16(f->dst.port);
	if (rte_acl_classify(l->ctx, &data, &index, 1, 1) != 0)
		return -1;
	return (int)index - 1;
}

bool acl_list_permits(const struct acl_list *l, const struct flow *f)
{
	int i = acl_list_match(l, f);

	return i >= 0 && l->aces[i].permit;
}

static bool is_inspected(const struct snapshot *s, const struct flow *real, struct acl_verdict *v)
{
	if (real->proto != PROTO_TCP)
		return false;
	for (size_t i = 0; i < s->n_inspect; i++) {
		const struct acl_list *l = s->acls[s->inspect[i]];

		v->inspect = s->inspect[i];
		v->inspect_ace = acl_list_match(l, real);
		if (v->inspect_ace >= 0 && l->aces[v->inspect_ace].permit)
			return true;
	}
	v->inspect = v->inspect_ace = -1;
	return false;
}

// Whether the flow answers one that is inspected. After a restart nobody remembers who asked.
static bool answers_inspected(const struct snapshot *s, uint16_t in, const struct flow *wire)
{
	struct flow asked = {.src = wire->dst, .dst = wire->src, .proto = wire->proto};
	struct acl_verdict unused;

	nat_untranslate_flow(s->nat, s->n_nat, in, wire, &asked.src);
	return is_inspected(s, &asked, &unused);
}

static void verdict_drop(struct acl_verdict *v, enum dp_counter_id reason)
{
	v->fate = ACL_DROP;
	v->reason = reason;
}

// The flow as lists judge it: ICMP has its type and its code where others have ports.
static struct flow listed(const struct acl_query *q, const struct flow *real)
{
	struct flow f = *real;

	if (f.proto == PROTO_ICMP) {
		f.src.port = q->icmp_type;
		f.dst.port = q->icmp_code;
	}
	return f;
}

// What a list says; of none, and where none of its entries matches, nothing.
enum opinion { OPINION_NONE, OPINION_PERMIT, OPINION_DENY };

static enum opinion ask(
	const struct snapshot *s, int acl, const struct flow *flow, struct acl_found *found)
{
	if (acl < 0)
		return OPINION_NONE;
	found->acl = acl;
	found->ace = acl_list_match(s->acls[acl], flow);
	if (found->ace < 0)
		return OPINION_NONE;
	return s->acls[acl]->aces[found->ace].permit ? OPINION_PERMIT : OPINION_DENY;
}

// The list of the interface, the global list, the implicit deny behind either. Without both, a flow
// may go to a lower security level.
static enum dp_counter_id judge_in(const struct snapshot *s, uint16_t in, const struct flow *flow,
	const struct route *to, struct acl_verdict *v)
{
	const struct dp_iface *from = &s->ifaces[in];
	enum opinion o = ask(s, from->acl_in, flow, &v->found[ACL_IN]);

	if (o == OPINION_NONE)
		o = ask(s, s->acl_global, flow, &v->found[ACL_GLOBAL]);
	if (o != OPINION_NONE)
		return o == OPINION_PERMIT ? PASS : DROP_ACL_DENY;
	if (from->acl_in >= 0 || s->acl_global >= 0)
		return DROP_ACL_DENY;
	v->by_level = true;
	if (to == NULL || s->ifaces[to->iface].security_level <= from->security_level)
		return PASS;
	return DROP_SECURITY_LEVEL;
}

// Interfaces of one level are apart, whatever the lists say, as on the ASA: there a list does not stand in
// for same-security-traffic permit inter-interface. That a flow would leave where it came in is told later.
static enum dp_counter_id judge_out(const struct snapshot *s, uint16_t in, const struct flow *flow,
	const struct route *to, struct acl_found *found)
{
	const struct dp_iface *out = &s->ifaces[to->iface];

	if (to->iface != in && out->security_level == s->ifaces[in].security_level &&
		!s->same_security)
		return DROP_SAME_SECURITY;
	if (out->acl_out >= 0 && ask(s, out->acl_out, flow, found) != OPINION_PERMIT)
		return DROP_ACL_OUT_DENY;
	return PASS;
}

static bool is_dynamic(const struct snapshot *s, int rule)
{
	return rule >= 0 && s->nat[rule].kind != NAT_STATIC;
}

bool acl_is_dynamic(const struct snapshot *s, const struct acl_verdict *v)
{
	const bool both = v->held && v->nat_source == v->nat_destination; // of twice NAT

	return is_dynamic(s, v->nat_source) && !both;
}

// Whether a destination stands on that interface for a host behind us.
static bool is_ours_on(const struct snapshot *s, uint16_t iface, const struct flow *wire)
{
	return nat_owns_mapped(s->nat, s->n_nat, iface, &wire->dst.ip) ||
		snapshot_is_pat(s, iface, wire->proto, &wire->dst);
}

static bool is_twice(const struct snapshot *s, int rule)
{
	return rule >= 0 && nat_is_twice(&s->nat[rule]);
}

// Whether the reply comes out as the address that was asked: else the sender will not know it. A rule
// of twice NAT is both ways' rule.
static bool comes_back(
	const struct snapshot *s, uint16_t in, const struct flow *wire, struct acl_verdict *v)
{
	struct endpoint asker = v->reply.dst, back = v->reply.src;
	int destination;

	if (is_twice(s, v->nat_destination)) {
		v->nat_back = v->nat_destination;
		return true;
	}
	destination = nat_untranslate_flow(s->nat, s->n_nat, v->iface_out, &v->reply, &asker);
	v->nat_back = nat_translate_flow(
		s->nat, s->n_nat, v->iface_out, in, &v->reply, destination, &back);
	if (v->held)
		return v->nat_back == v->nat_destination;
	return endpoint_eq(&back, &wire->dst) && !is_dynamic(s, v->nat_back);
}

static void judge_forward(
	const struct snapshot *s, uint16_t in, const struct acl_query *q, struct acl_verdict *v)
{
	const struct flow *wire = &q->flow;
	struct flow *reply = &v->reply; // its source is the real destination already

	if (v->iface_out == in)
		return verdict_drop(v, DROP_ROUTE_SAME_IFACE);
	reply->dst = wire->src;
	v->nat_source = nat_translate_flow(
		s->nat, s->n_nat, in, v->iface_out, wire, v->nat_destination, &reply->dst);
	if (is_twice(s, v->nat_destination) && v->nat_source < 0)
		return verdict_drop(v, DROP_NAT_IFACE);
	if (!comes_back(s, in, wire, v) || (v->held && v->iface_out != q->held->key.real_if))
		return verdict_drop(v, DROP_NAT_RPF);
	if (v->nat_source >= 0 && s->nat[v->nat_source].kind == NAT_PAT &&
		!nat_has_ports(wire->proto))
		return verdict_drop(v, DROP_NAT_PROTOCOL);
	v->loops = is_ours_on(s, v->iface_out, wire);
	// It comes back as from a host out there, or not at all; and once.
	if (v->loops &&
		(q->looped ||
			(endpoint_eq(&reply->dst, &wire->src) && !is_dynamic(s, v->nat_source))))
		return verdict_drop(v, DROP_ROUTE_SAME_IFACE);
	v->fate = ACL_FORWARD;
}

void acl_map(struct acl_verdict *v, uint32_t xlate, const struct endpoint *mapped)
{
	v->xlate[0] = xlate;
	v->reply.dst = *mapped;
	if (v->reply.proto == PROTO_ICMP) // the id stands in both
		v->reply.src.port = mapped->port;
}

// A packet for a port that only sessions know, and none did, or for an address that no host has. Pings to
// an address of our own have ids of all kinds, and are answered.
static bool is_unmapped(const struct snapshot *s, uint16_t in, const struct flow *wire)
{
	return snapshot_is_pooled(s, in, &wire->dst.ip) ||
		(snapshot_is_pat(s, in, wire->proto, &wire->dst) &&
			(wire->proto != PROTO_ICMP || !snapshot_is_own(s, &wire->dst.ip)));
}

// An address of our own on another interface, by a port that stands for a host behind us: the way
// there is out and in again (RFC 4787 REQ-9).
static bool is_hairpin(const struct snapshot *s, uint16_t in, const struct flow *wire)
{
	struct endpoint unused = wire->dst;

	for (uint16_t i = 0; i < s->n_ifaces; i++) {
		// As it may come in there.
		const struct flow outer = {
			{s->ifaces[i].ip, wire->src.port}, wire->dst, wire->proto};

		if (i != in && ip_eq(&s->ifaces[i].ip, &wire->dst.ip))
			return wire->proto != PROTO_ICMP &&
				(snapshot_is_pat(s, i, wire->proto, &wire->dst) ||
					nat_untranslate_flow(
						s->nat, s->n_nat, i, &outer, &unused) >= 0);
	}
	return false;
}

// What ends here without a list being asked. An address of our own serves a host behind us where a static
// rule says so of its port.
static bool judge_own(const struct snapshot *s, uint16_t in, const struct flow *wire,
	const struct endpoint *real, struct acl_verdict *v)
{
	const bool served = wire->proto == PROTO_TCP || wire->proto == PROTO_ICMP;

	if (!endpoint_eq(real, &wire->dst) && !snapshot_is_media(s, &wire->dst.ip))
		return false;
	if (!v->held && is_unmapped(s, in, wire)) {
		verdict_drop(v, DROP_NAT_UNMAPPED);
		return true;
	}
	if ((!snapshot_is_own(s, &wire->dst.ip) || is_hairpin(s, in, wire)) &&
		!snapshot_is_media(s, &wire->dst.ip))
		return false;
	if (served && ip_eq(&s->ifaces[in].ip, &wire->dst.ip))
		v->fate = ACL_PUNT;
	else
		verdict_drop(v, DROP_PROTO_TO_SELF);
	return true;
}

void acl_judge(
	const struct snapshot *s, uint16_t in, const struct acl_query *q, struct acl_verdict *out)
{
	const struct flow *wire = &q->flow;
	struct flow real = *wire, flow;
	enum dp_counter_id bad;
	const struct route *to;

	*out = (struct acl_verdict){.iface_out = PKT_NO_IFACE,
		.nat_destination = -1,
		.nat_source = -1,
		.nat_back = -1,
		.route_back = -1,
		.route = -1,
		.found = {{-1, -1}, {-1, -1}, {-1, -1}},
		.inspect = -1,
		.inspect_ace = -1};
	bad = q->looped ? PASS : spoof_judge(s, in, &wire->src.ip, &out->route_back);
	if (bad != PASS)
		return verdict_drop(out, bad);
	out->nat_destination = nat_untranslate_flow(s->nat, s->n_nat, in, wire, &real.dst);
	if (out->nat_destination < 0 && q->held != NULL) {
		out->nat_destination = nat_untranslate_held(s->nat, s->n_nat, in, wire,
			q->held->key.rule, &q->held->key.real.ip, &real.dst);
		out->held = out->nat_destination >= 0;
	}
	out->reply = (struct flow){.src = real.dst, .proto = wire->proto};
	if (out->nat_destination >= 0 && nat_is_wrong_way(&s->nat[out->nat_destination], in, wire))
		return verdict_drop(out, DROP_NAT_ONE_WAY);
	if (judge_own(s, in, wire, &real.dst, out))
		return;
	if (snapshot_is_broadcast(s, &real.dst.ip))
		return verdict_drop(out, DROP_IP_DESTINATION);
	to = route_lookup(s, &real.dst.ip);
	if (to != NULL)
		out->route = (int)(to - s->routes);
	flow = listed(q, &real);
	bad = judge_in(s, in, &flow, to, out);
	if (bad == PASS && to != NULL)
		bad = judge_out(s, in, &flow, to, &out->found[ACL_OUT]);
	if (bad != PASS)
		return verdict_drop(out, bad);
	if (is_inspected(s, &real, out)) {
		if (out->held) // the control plane serves addresses that stay
			return verdict_drop(out, DROP_NAT_UNMAPPED);
		out->fate = ACL_PUNT;
		return;
	}
	if (to == NULL)
		return verdict_drop(out, DROP_ROUTE_NONE);
	out->iface_out = to->iface;
	judge_forward(s, in, q, out);
}

bool acl_is_opener(const struct pkt *p)
{
	if (p->flow.proto == PROTO_ICMP)
		return p->icmp_type == RTE_IP_ICMP_ECHO_REQUEST;
	if (p->flow.proto == PROTO_TCP)
		return (p->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG;
	return true;
}

bool acl_resets(const struct worker *w, const struct pkt *p, const struct acl_verdict *v)
{
	return p->flow.proto == PROTO_TCP && !(p->tcp_flags & RTE_TCP_RST_FLAG) &&
		(v->fate == ACL_PUNT || answers_inspected(w->snap, p->iface_in, &p->flow));
}

// A packet of a flow that nobody remembers.
static void refuse_late(struct worker *w, struct rte_mbuf *m, const struct acl_verdict *v)
{
	const struct pkt *p = pkt_of(m);

	if (p->flow.proto != PROTO_TCP)
		pkt_drop(w, m, DROP_ICMP_NO_SESSION);
	else if (acl_resets(w, p, v))
		punt_reset(w, m);
	else
		pkt_drop(w, m, DROP_TCP_NOT_SYN);
}

// Takes the endpoint that a dynamic rule gives, and keeps the destination's. False: the reason is in the verdict.
static bool acl_translate(
	struct worker *w, const struct pkt *p, const struct xlate *held, struct acl_verdict *v)
{
	struct endpoint mapped;
	uint32_t xlate;

	if (v->held) // first: room for another is made of those that nobody uses
		v->xlate[1] = xlate_hold(w, held);
	if (!acl_is_dynamic(w->snap, v))
		return true;
	xlate = xlate_take(w, &w->snap->nat[v->nat_source], p->iface_in, v->iface_out,
		p->flow.proto, &p->flow.src);
	if (xlate == 0) {
		v->reason = xlate_refusal(&w->snap->nat[v->nat_source]);
		return false;
	}
	mapped = xlate_mapped(w, xlate, &p->flow.src);
	acl_map(v, xlate, &mapped);
	return true;
}

// Opens the session of a flow that may pass, with what it needs. PASS, or the reason not to.
static enum dp_counter_id acl_open(
	struct worker *w, struct pkt *p, const struct acl_query *q, struct acl_verdict *v)
{
	v->reason = conn_limit_check(w, p, v, &v->limit);
	if (unlikely(v->reason != PASS)) {
		conn_limit_refused(w, p, v, v->reason);
		return v->reason;
	}
	if (acl_translate(w, p, q->held, v) && sess_create(w, p, v) == PASS)
		return PASS;
	for (unsigned int i = 0; i < RTE_DIM(v->xlate); i++)
		if (v->xlate[i] != 0)
			xlate_put(w, v->xlate[i]);
	return v->reason;
}

static void count_rules(struct worker *w, const struct pkt *p, const struct acl_verdict *v)
{
	const struct nat_rule *nat = w->snap->nat;

	if (is_twice(w->snap, v->nat_destination)) {
		nat_hits_add(w->nat_hits, nat[v->nat_destination].id,
			nat_goes_out(&nat[v->nat_destination], p->iface_in, &p->flow)
				? NAT_TRANSLATED
				: NAT_UNTRANSLATED);
		return;
	}
	if (v->nat_destination >= 0)
		nat_hits_add(w->nat_hits, nat[v->nat_destination].id, NAT_UNTRANSLATED);
	if (v->nat_source >= 0)
		nat_hits_add(w->nat_hits, nat[v->nat_source].id, NAT_TRANSLATED);
}

struct acl_query acl_query_of(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	struct acl_query q = {.flow = p->flow,
		.looped = p->looped,
		.held = xlate_of_address(w, p->iface_in, &p->flow.dst.ip)};

	if (p->flow.proto == PROTO_ICMP) {
		q.icmp_type = p->icmp_type;
		q.icmp_code = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, p->l4)->icmp_code;
	}
	return q;
}

// Every rule that decided counts the flow.
static void count_hits(struct worker *w, const struct acl_verdict *v)
{
	for (unsigned int i = 0; i < ACL_ROLES; i++) {
		const struct acl_found *f = &v->found[i];

		if (f->ace >= 0)
			acl_hit_count(&w->hits[w->snap->acls[f->acl]->place[f->ace]], w->now_ns);
	}
}

static void decided(struct worker *w, const struct pkt *p, const struct acl_query *q,
	const struct acl_verdict *v)
{
	count_hits(w, v);
	acl_log_verdict(w, p->iface_in, q, v);
}

// The first packet of a flow, or one that should not come first. True: it goes on.
static bool acl_fresh(struct worker *w, struct rte_mbuf *m, struct pkts *punt)
{
	struct pkt *p = pkt_of(m);
	const struct acl_query q = acl_query_of(w, m);
	struct acl_verdict verdict;

	if (p->kind == PKT_ICMP_ERROR) { // its flow is not its own: rules have no say
		pkt_drop(w, m, DROP_ICMP_NO_SESSION);
		return false;
	}
	if (unlikely(!p->l4_checked && !pkt_l4_checksum_ok(m))) { // UDP's: steering leaves it to us
		pkt_drop(w, m, DROP_L4_CHECKSUM);
		return false;
	}
	acl_judge(w->snap, p->iface_in, &q, &verdict);
	if (verdict.fate == ACL_DROP ||
		acl_is_opener(p)) // a straggler is no flow that was permitted
		decided(w, p, &q, &verdict);
	if (verdict.fate == ACL_DROP) {
		if (verdict.reason == DROP_ROUTE_NONE)
			icmp_error(w, m, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
		spoof_drop(w, m, verdict.reason);
		return false;
	}
	if (!acl_is_opener(p)) {
		refuse_late(w, m, &verdict);
		return false;
	}
	if (verdict.fate == ACL_FORWARD && acl_open(w, p, &q, &verdict) != PASS) {
		pkt_drop(w, m, verdict.reason);
		return false;
	}
	count_rules(w, p, &verdict);
	if (verdict.fate == ACL_PUNT)
		pkts_add(punt, m);
	return verdict.fate == ACL_FORWARD;
}

void acl_stage(struct worker *w, struct pkts *v, struct pkts *punt)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];

		// An earlier packet of this very burst may have opened the session.
		switch (i == 0 ? SESS_MISS : sess_find(w, pkt_of(m))) {
		case SESS_FORWARD:
			v->m[n++] = m;
			break;
		case SESS_PUNT:
			pkts_add(punt, m);
			break;
		case SESS_DROP:
			pkt_drop(w, m, pkt_of(m)->reason);
			break;
		case SESS_MISS:
			if (acl_fresh(w, m, punt))
				v->m[n++] = m;
			break;
		}
	}
	v->n = n;
}
