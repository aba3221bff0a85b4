// SPDX-License-Identifier: BSD-3-Clause
// `packet-tracer`; see show_ime.h. {"input": "outside", "protocol": "tcp", "source": "192.0.2.1",
// "source_port": 1025, "destination": "192.0.2.2", "destination_port": 443}; for "icmp" "type", "code" and
// "id" in place of the ports, for "rawip" "number"; for each "ttl" as well.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cp/show_ime.h"
#include "dp/dp.h"

#define TEXT_MAX     512
#define ICMP_UNREACH 3
#define ICMP_TIME    11
#define ICMP_PARAM   12

// As the ASA calls them, where it has them.
static const struct {
	const char *type, *subtype;
} names[DP_TRACE_TYPES] = {
	[DP_TRACE_PACKET] = {"PACKET-CHECK", ""},
	[DP_TRACE_FLOW] = {"FLOW-LOOKUP", ""},
	[DP_TRACE_MEDIA] = {"MEDIA", "rtp"},
	[DP_TRACE_SPOOFING] = {"ANTI-SPOOFING", ""},
	[DP_TRACE_UN_NAT] = {"UN-NAT", ""},
	[DP_TRACE_ROUTE] = {"ROUTE-LOOKUP", "Resolve Egress Interface"},
	[DP_TRACE_ACCESS_LIST] = {"ACCESS-LIST", ""},
	[DP_TRACE_INSPECT] = {"INSPECT", "inspect-sip"},
	[DP_TRACE_RPF_CHECK] = {"NAT", "rpf-check"},
	[DP_TRACE_NAT] = {"NAT", ""},
	[DP_TRACE_CREATE] = {"FLOW-CREATION", ""},
	[DP_TRACE_ADJACENCY] = {"ADJACENCY-LOOKUP", "Resolve Nexthop"},
	[DP_TRACE_PUNT] = {"CONTROL-PLANE", ""},
	[DP_TRACE_HAIRPIN] = {"HAIRPIN", ""},
};

// ---- What is asked ------------------------------------------------------------------------------

static const cJSON *member(const struct ask *ask, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(ask->args, name);
}

static bool refuse(const struct ask *ask, const char *name, const char *expected)
{
	const char *found = cJSON_GetStringValue(member(ask, name));

	snprintf(ask->err, ask->err_size, "%s: found %.60s, expected %s", name,
		found != NULL ? found : "nothing of the kind", expected);
	return false;
}

static bool read_iface(const struct show *s, const struct ask *ask, uint16_t *out)
{
	const char *name = cJSON_GetStringValue(member(ask, "input"));

	for (uint16_t i = 0; name != NULL && i < s->config->n_ifaces; i++)
		if (strcmp(s->config->ifaces[i].name, name) == 0) {
			*out = i;
			return true;
		}
	return refuse(ask, "input", "the name of an interface (callgate show interface)");
}

static bool read_host(const struct ask *ask, const char *name, struct ip_addr *out)
{
	const char *text = cJSON_GetStringValue(member(ask, name));

	if (text != NULL && ip_parse(str_from(text), out) && ip_is_v4(out))
		return true;
	return refuse(ask, name, "an IPv4 address");
}

static bool read_number(const struct ask *ask, const char *name, unsigned int max, uint16_t *out)
{
	const cJSON *j = member(ask, name);

	if (!cJSON_IsNumber(j) || !(j->valuedouble >= 0 && j->valuedouble <= max)) {
		snprintf(ask->err, ask->err_size, "%s: expected a number from 0 to %u", name, max);
		return false;
	}
	*out = (uint16_t)j->valuedouble;
	return true;
}

static bool read_ttl(const struct ask *ask, struct dp_trace_ask *a)
{
	uint16_t ttl = 0;

	if (member(ask, "ttl") != NULL && !read_number(ask, "ttl", UINT8_MAX, &ttl))
		return false;
	a->ttl = (uint8_t)ttl;
	return true;
}

static bool read_icmp(const struct ask *ask, struct dp_trace_ask *a)
{
	uint16_t type, code, id = 0;

	a->flow.proto = PROTO_ICMP;
	if (!read_number(ask, "type", UINT8_MAX, &type) ||
		!read_number(ask, "code", UINT8_MAX, &code) ||
		(member(ask, "id") != NULL && !read_number(ask, "id", UINT16_MAX, &id)))
		return false;
	if (type == ICMP_UNREACH || type == ICMP_TIME || type == ICMP_PARAM) {
		snprintf(ask->err, ask->err_size,
			"type: found %u, an error, which belongs to the flow of the packet that it "
			"quotes: trace that flow",
			type);
		return false;
	}
	a->icmp_type = (uint8_t)type;
	a->icmp_code = (uint8_t)code;
	a->flow.src.port = a->flow.dst.port = id;
	return true;
}

static bool read_protocol(const struct ask *ask, struct dp_trace_ask *a)
{
	const char *word = cJSON_GetStringValue(member(ask, "protocol"));
	uint16_t number;

	if (word != NULL && strcmp(word, "icmp") == 0)
		return read_icmp(ask, a);
	if (word != NULL && strcmp(word, "rawip") == 0) {
		if (!read_number(ask, "number", UINT8_MAX, &number))
			return false;
		a->flow.proto = (uint8_t)number;
		if (number != PROTO_TCP && number != PROTO_UDP && number != PROTO_ICMP)
			return true;
		snprintf(ask->err, ask->err_size,
			"number: found %u, expected tcp, udp or icmp by its name", number);
		return false;
	}
	if (word == NULL || (strcmp(word, "tcp") != 0 && strcmp(word, "udp") != 0))
		return refuse(ask, "protocol", "tcp, udp, icmp or rawip");
	a->flow.proto = word[0] == 't' ? PROTO_TCP : PROTO_UDP;
	return read_number(ask, "source_port", UINT16_MAX, &a->flow.src.port) &&
		read_number(ask, "destination_port", UINT16_MAX, &a->flow.dst.port);
}

// ---- By what a phase decided --------------------------------------------------------------------

// The place of a line and its words.
struct said {
	uint32_t line; // 0: nowhere
	char text[TEXT_MAX];
};

static const char *iface_name(const struct config *c, uint16_t iface)
{
	return iface < c->n_ifaces ? c->ifaces[iface].name : "any";
}

static void say_entry(const struct config *c, const struct dp_trace_phase *p, struct said *out)
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

static void say_rule(const struct config *c, size_t rule, struct said *out)
{
	const struct nat_rule *r = &c->nat[rule];
	char text[CONFIG_NAT_TEXT_MAX];

	out->line = r->line;
	snprintf(out->text, sizeof(out->text), "nat (%s,%s) %s", iface_name(c, r->real_if),
		iface_name(c, r->mapped_if), config_nat_text(r, text));
}

static void say_nat(const struct config *c, const struct dp_trace_phase *p, struct said *out)
{
	if (p->rule >= 0 && (size_t)p->rule < c->n_nat)
		say_rule(c, (size_t)p->rule, out);
}

static void say_route(const struct config *c, const struct dp_trace_phase *p, struct said *out)
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
		snprintf(out->text, sizeof(out->text), "route %s %s %s", iface_name(c, r->iface),
			prefix_format(&r->dst, dst), ip_format(&r->gateway, gateway));
	}
}

// Who else has a source that no route was asked for, or why nobody has.
static void say_source(
	const struct config *c, const struct dp_trace_ask *a, const char *reason, struct said *out)
{
	static const char *const bogons[] = {
		[BOGONS_OFF] = "off", [BOGONS_ON] = "on", [BOGONS_STRICT] = "strict"};
	const struct ip_addr *src = &a->flow.src.ip;

	if (strcmp(reason, "IP_BOGON") == 0) {
		out->line = c->ifaces[a->iface].line;
		snprintf(out->text, sizeof(out->text), "interface %s bogons %s",
			c->ifaces[a->iface].name, bogons[c->ifaces[a->iface].bogons]);
		return;
	}
	for (size_t i = 0; i < c->n_ifaces; i++)
		if (ip_eq(&c->ifaces[i].ip, src)) {
			out->line = c->ifaces[i].line;
			snprintf(out->text, sizeof(out->text), "interface %s has this address",
				c->ifaces[i].name);
			return;
		}
	for (size_t i = 0; i < c->n_nat; i++)
		if (nat_owns_mapped(&c->nat[i], 1, a->iface, src))
			return say_rule(c, i, out);
}

static void say_config(const struct config *c, const struct dp_trace_ask *a, const char *reason,
	const struct dp_trace_phase *p, struct said *out)
{
	*out = (struct said){0};
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
			say_source(c, a, reason, out);
		else
			say_route(c, p, out);
		break;
	case DP_TRACE_ROUTE:
		say_route(c, p, out);
		break;
	}
}

// ---- What a phase found out ---------------------------------------------------------------------

static void say_translated(const struct dp_trace_phase *p, const char *verb, char *buf, size_t size)
{
	char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];

	if (!ip_is_none(&p->to.ip))
		snprintf(buf, size, "%s %s to %s", verb, endpoint_format(&p->from, '/', from),
			endpoint_format(&p->to, '/', to));
}

static void say_adjacency(
	const struct config *c, const struct dp_trace_phase *p, char *buf, size_t size)
{
	char ip[IP_TEXT_MAX];

	if (ip_is_none(&p->to.ip))
		return;
	if (p->drop)
		snprintf(buf, size, "next-hop %s on interface %s", ip_format(&p->to.ip, ip),
			iface_name(c, p->iface));
	else
		snprintf(buf, size, "next-hop %s is %02x:%02x:%02x:%02x:%02x:%02x on interface %s",
			ip_format(&p->to.ip, ip), p->mac[0], p->mac[1], p->mac[2], p->mac[3],
			p->mac[4], p->mac[5], iface_name(c, p->iface));
}

static void say_spoofing(
	const struct config *c, const struct dp_trace_phase *p, char *buf, size_t size)
{
	if (p->iface != DP_TRACE_NO_IFACE)
		snprintf(buf, size, "the route to the source uses ifc %s", iface_name(c, p->iface));
	else if (!p->drop)
		snprintf(buf, size,
			"verify-reverse-path is off: no route to the source is asked for");
}

static void say_levels(
	const struct config *c, uint16_t in, const struct dp_trace_phase *p, char *buf, size_t size)
{
	if (p->list < 0 && p->iface < c->n_ifaces && in < c->n_ifaces)
		snprintf(buf, size, "from %s, security-level %u, to %s, security-level %u",
			c->ifaces[in].name, c->ifaces[in].security_level, c->ifaces[p->iface].name,
			c->ifaces[p->iface].security_level);
}

static void say_inspect(
	const struct config *c, const struct dp_trace_phase *p, char *buf, size_t size)
{
	for (size_t i = 0; i < c->n_inspects; i++)
		if (c->inspects[i].acl == p->list) {
			snprintf(buf, size, "class-map %s", c->inspects[i].class_name);
			return;
		}
}

// `a` is what was asked, with the interface that the packet comes in by, in this phase.
static void say_found(const struct config *c, const struct dp_trace_ask *a,
	const struct dp_trace_phase *p, char *buf, size_t size)
{
	char ip[IP_TEXT_MAX];

	buf[0] = '\0';
	switch (p->type) {
	case DP_TRACE_FLOW:
		snprintf(buf, size, "%s; worker %u owns the flow",
			p->session ? "a session has it: access lists are not asked again"
				   : "no session has it: this packet is a flow's first",
			p->worker);
		break;
	case DP_TRACE_MEDIA:
		snprintf(buf, size,
			"a media port: what a call's remote sends there is relayed "
			"(callgate show media); worker %u owns it",
			p->worker);
		break;
	case DP_TRACE_UN_NAT:
		if (p->drop)
			show_unmapped(c, p, a->flow.proto, buf, size);
		else
			say_translated(p, "untranslate", buf, size);
		break;
	case DP_TRACE_NAT:
		say_translated(p, "translate", buf, size);
		break;
	case DP_TRACE_SPOOFING:
		say_spoofing(c, p, buf, size);
		break;
	case DP_TRACE_ACCESS_LIST:
		say_levels(c, a->iface, p, buf, size);
		break;
	case DP_TRACE_INSPECT:
		say_inspect(c, p, buf, size);
		break;
	case DP_TRACE_CREATE:
		if (!p->drop)
			snprintf(buf, size, "a session would be opened");
		break;
	case DP_TRACE_ROUTE:
		if (!ip_is_none(&p->to.ip))
			snprintf(buf, size, "found next-hop %s using egress ifc %s",
				ip_format(&p->to.ip, ip), iface_name(c, p->iface));
		else if (p->iface != DP_TRACE_NO_IFACE)
			snprintf(buf, size, "directly connected, egress ifc %s",
				iface_name(c, p->iface));
		break;
	case DP_TRACE_ADJACENCY:
		say_adjacency(c, p, buf, size);
		break;
	case DP_TRACE_HAIRPIN:
		snprintf(buf, size,
			"the destination is behind us: it comes in again on interface %s, as from "
			"a "
			"host there",
			iface_name(c, p->iface));
		break;
	case DP_TRACE_PUNT:
		if (!p->drop)
			snprintf(buf, size,
				"callgate takes it itself, within the budgets of "
				"interface and source, if it serves that port");
		break;
	}
}

// ---- The answer ---------------------------------------------------------------------------------

// `reason`: of a phase that drops.
static void phase_add(cJSON *list, const struct show *s, const struct dp_trace_ask *a,
	const char *reason, const struct dp_trace_phase *p)
{
	cJSON *j = cJSON_CreateObject(), *config;
	char found[TEXT_MAX];
	struct said said;

	say_config(s->config, a, reason, p, &said);
	say_found(s->config, a, p, found, sizeof(found));
	cJSON_AddStringToObject(j, "type", names[p->type].type);
	cJSON_AddStringToObject(j, "subtype", names[p->type].subtype);
	cJSON_AddStringToObject(j, "result", p->drop ? "DROP" : "ALLOW");
	if (said.text[0] != '\0') {
		config = cJSON_AddObjectToObject(j, "config");
		if (said.line != 0) {
			cJSON_AddStringToObject(config, "file", s->path);
			cJSON_AddNumberToObject(config, "line", said.line);
		}
		cJSON_AddStringToObject(config, "text", said.text);
	}
	cJSON_AddStringToObject(j, "information", found);
	cJSON_AddItemToArray(list, j);
}

static void iface_add(cJSON *j, const struct show *s, const char *which, uint16_t iface)
{
	struct dp_iface_stats st = {0};
	char name[32];

	if (iface == DP_TRACE_NO_IFACE)
		return;
	dp_iface_stats(iface, &st);
	snprintf(name, sizeof(name), "%s_interface", which);
	cJSON_AddStringToObject(j, name, iface_name(s->config, iface));
	snprintf(name, sizeof(name), "%s_status", which);
	cJSON_AddStringToObject(j, name, st.link_up ? "up" : "down");
}

static cJSON *answer(const struct show *s, const struct dp_trace_ask *a, const struct dp_trace *t)
{
	static const char *const actions[] = {
		[DP_TRACE_DROP] = "drop",
		[DP_TRACE_FORWARD] = "allow",
		[DP_TRACE_TO_CONTROL] = "allow",
		[DP_TRACE_RELAY] = "allow",
	};
	cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "phases");
	struct dp_trace_ask now = *a;

	for (unsigned int i = 0; i < t->n; i++) {
		phase_add(list, s, &now, t->reason, &t->phase[i]);
		if (t->phase[i].type == DP_TRACE_HAIRPIN)
			now.iface = t->phase[i].iface;
	}
	iface_add(j, s, "input", a->iface);
	iface_add(j, s, "output", t->iface_out);
	if (t->fate == DP_TRACE_TO_CONTROL) { // the ASA's name for itself
		cJSON_AddStringToObject(j, "output_interface", "NP Identity Ifc");
		cJSON_AddStringToObject(j, "output_status", "up");
	}
	cJSON_AddStringToObject(j, "action", actions[t->fate]);
	if (t->fate == DP_TRACE_DROP) {
		cJSON_AddStringToObject(j, "drop_reason", t->reason);
		cJSON_AddStringToObject(j, "help", t->help);
	}
	return j;
}

cJSON *show_trace(const struct show *s, const struct ask *ask)
{
	struct dp_trace_ask a = {0};
	static struct dp_trace t;
	int e;

	if (!read_ttl(ask, &a) || !read_iface(s, ask, &a.iface) ||
		!read_host(ask, "source", &a.flow.src.ip) ||
		!read_host(ask, "destination", &a.flow.dst.ip) || !read_protocol(ask, &a))
		return NULL;
	e = dp_trace(&a, &t);
	if (e == 0)
		return answer(s, &a, &t);
	snprintf(ask->err, ask->err_size, "%s",
		e == -ETIMEDOUT ? "the worker that owns this flow is too busy to answer; ask again"
				: strerror(-e));
	return NULL;
}
