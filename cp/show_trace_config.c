// SPDX-License-Identifier: BSD-3-Clause
// By which line of the configuration a phase of packet-tracer decided. Called by show_trace.c.
#include <stdio.h>
#include <string.h>

#include "config/node.h"
#include "cp/show_ime.h"
#include "dp/dp.h"

const char *trace_iface_name(const struct config *c, uint16_t iface)
{
	return iface < c->n_ifaces ? c->ifaces[iface].name : "any";
}

static void say_entry(
	const struct config *c, const struct dp_trace_phase *p, struct trace_said *out)
{
	const struct config_acl *l =
		p->list >= 0 && (size_t)p->list < c->n_acls ? &c->acls[p->list] : NULL;
	char entry[ACE_TEXT_MAX];

	if (l == NULL) {
		snprintf(out->text, sizeof(out->text),
			"no access-list on the interface: security levels decide");
	} else if (p->rule < 0 || (size_t)p->rule >= l->n) {
		// Behind its last line.
		out->line = l->n_entries > 0 ? l->entries[l->n_entries - 1].line : 0;
		snprintf(out->text, sizeof(out->text), "access-list %s: no entry matches, %s",
			l->name, p->drop ? "its implicit deny" : "so the global list is asked");
	} else {
		out->line = l->aces[p->rule].line;
		ace_format(&l->aces[p->rule], entry, sizeof(entry));
		snprintf(out->text, sizeof(out->text), "access-list %s %s", l->name, entry);
	}
}

static void say_rule(const struct config *c, size_t rule, struct trace_said *out)
{
	const struct nat_rule *r = &c->nat[rule];
	char text[CONFIG_NAT_TEXT_MAX];

	out->line = r->line;
	snprintf(out->text, sizeof(out->text), "nat (%s,%s) %s", trace_iface_name(c, r->real_if),
		trace_iface_name(c, r->mapped_if), config_nat_text(r, text));
}

static void say_nat(const struct config *c, const struct dp_trace_phase *p, struct trace_said *out)
{
	if (p->rule >= 0 && (size_t)p->rule < c->n_nat)
		say_rule(c, (size_t)p->rule, out);
}

// Half of the table is what half-open connections may have.
static void say_sessions_max(const struct config *c, struct trace_said *out)
{
	const struct node *n = node_get(c->root, "sessions-max");

	out->line = n != NULL ? n->key_at.line : 0;
	snprintf(out->text, sizeof(out->text), "sessions-max %u%s", c->sessions_max,
		n != NULL ? "" : ", the default");
}

static void say_limits(
	const struct config *c, const struct dp_trace_phase *p, struct trace_said *out)
{
	const struct config_conn_limits *x;
	size_t n;

	if (p->rule < 0)
		return say_sessions_max(c, out);
	x = (size_t)p->rule < c->n_conn_limits ? &c->conn_limits[p->rule] : &c->conn_limits_default;
	out->line = x->line;
	n = (size_t)snprintf(
		out->text, sizeof(out->text), "class %s set-connection", x->class_name);
	const struct {
		const char *name;
		uint32_t max;
	} limits[] = {{"conn-max", x->conn_max}, {"embryonic-conn-max", x->embryonic_max},
		{"per-client-max", x->client_max},
		{"per-client-embryonic-max", x->client_embryonic_max},
		{"embryonic-conn-rate", x->embryonic_rate}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].max != 0)
			n += (size_t)snprintf(out->text + n, sizeof(out->text) - n, " %s %u",
				limits[i].name, limits[i].max);
	if (x->line == 0)
		snprintf(out->text + n, sizeof(out->text) - n, ", the default");
}

static void say_route(
	const struct config *c, const struct dp_trace_phase *p, struct trace_said *out)
{
	char dst[ENDPOINT_TEXT_MAX], gateway[IP_TEXT_MAX];
	const size_t at = (size_t)p->rule;

	if (p->rule < 0 || at >= c->n_ifaces + c->n_routes)
		return;
	if (at < c->n_ifaces) {
		out->line = c->ifaces[at].line;
		snprintf(out->text, sizeof(out->text), "interface %s, directly connected: %s",
			c->ifaces[at].name, prefix_format(&c->ifaces[at].subnet, dst));
	} else {
		const struct config_route *r = &c->routes[at - c->n_ifaces];

		out->line = r->line;
		snprintf(out->text, sizeof(out->text), "route %s %s %s",
			trace_iface_name(c, r->iface), prefix_format(&r->dst, dst),
			ip_format(&r->gateway, gateway));
	}
}

static void say_mtu(const struct config_iface *i, struct trace_said *out)
{
	out->line = i->line;
	snprintf(out->text, sizeof(out->text), "interface %s mtu %u", i->name, i->mtu);
}

// Whether the address is one of ours.
static bool say_own(const struct config *c, const struct ip_addr *ip, struct trace_said *out)
{
	for (size_t i = 0; i < c->n_ifaces; i++)
		if (ip_eq(&c->ifaces[i].ip, ip)) {
			out->line = c->ifaces[i].line;
			snprintf(out->text, sizeof(out->text), "interface %s has this address",
				c->ifaces[i].name);
			return true;
		}
	return false;
}

static void say_media(const struct config *c, const struct dp_trace_ask *a, struct trace_said *out)
{
	const struct node *list = node_get(c->root, "media-termination"), *n;

	for (size_t i = 0; i < c->n_mtas; i++)
		for (size_t j = 0; j < c->mtas[i].n_addrs; j++) {
			const struct config_mta *mta = &c->mtas[i];

			if (!ip_eq(&mta->addrs[j].ip, &a->flow.dst.ip))
				continue;
			n = node_get(list, mta->name);
			out->line = n != NULL ? n->key_at.line : 0;
			snprintf(out->text, sizeof(out->text),
				"media-termination %s, ports %u to %u", mta->name,
				mta->rtp_min_port, mta->rtp_max_port);
		}
}

// Who else has a source that no route was asked for, or why nobody has.
static void say_source(const struct config *c, const struct dp_trace_ask *a, enum dp_counter_id why,
	struct trace_said *out)
{
	static const char *const bogons[] = {
		[BOGONS_OFF] = "off", [BOGONS_ON] = "on", [BOGONS_STRICT] = "strict"};
	const struct ip_addr *src = &a->flow.src.ip;

	if (why == DROP_IP_BOGON) {
		out->line = c->ifaces[a->iface].line;
		snprintf(out->text, sizeof(out->text), "interface %s bogons %s",
			c->ifaces[a->iface].name, bogons[c->ifaces[a->iface].bogons]);
		return;
	}
	if (say_own(c, src, out))
		return;
	for (size_t i = 0; i < c->n_nat; i++)
		if (nat_owns_mapped(&c->nat[i], 1, a->iface, src))
			return say_rule(c, i, out);
}

void trace_config(const struct config *c, const struct dp_trace_ask *a, const struct dp_trace *t,
	const struct dp_trace_phase *p, struct trace_said *out)
{
	*out = (struct trace_said){0};
	switch (p->type) {
	case DP_TRACE_ACCESS_LIST:
	case DP_TRACE_INSPECT:
		say_entry(c, p, out);
		break;
	case DP_TRACE_UN_NAT:
	case DP_TRACE_NAT:
	case DP_TRACE_RPF_CHECK:
		say_nat(c, p, out);
		break;
	case DP_TRACE_SPOOFING:
		if (p->drop && p->rule < 0)
			say_source(c, a, t->why, out);
		else
			say_route(c, p, out);
		break;
	case DP_TRACE_ROUTE:
		say_route(c, p, out);
		break;
	case DP_TRACE_LIMITS:
		say_limits(c, p, out);
		break;
	case DP_TRACE_CREATE:
		if (p->drop && t->why == DROP_SESSION_FULL)
			say_sessions_max(c, out);
		else
			say_nat(c, p, out);
		break;
	case DP_TRACE_MEDIA:
		say_media(c, a, out);
		break;
	case DP_TRACE_PUNT:
		say_own(c, &a->flow.dst.ip, out);
		break;
	case DP_TRACE_ADJACENCY:
		if (p->drop && t->why == DROP_MTU_EXCEEDED && p->iface < c->n_ifaces)
			say_mtu(&c->ifaces[p->iface], out);
		break;
	}
}
