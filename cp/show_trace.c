// SPDX-License-Identifier: BSD-3-Clause
// `packet-tracer`; see show_ime.h. {"input": "outside", "protocol": "tcp", "source": "192.0.2.1",
// "source_port": 1025, "destination": "192.0.2.2", "destination_port": 443}; for "icmp" "type", "code" and
// "id" in place of the ports, for "rawip" "number"; for each "ttl", "size" and "df" as well; for "tcp"
// "flags": ["syn", "ack"].
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cp/mgmt.h"
#include "cp/show_ime.h"
#include "dp/dp.h"

#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
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
	[DP_TRACE_LIMITS] = {"CONN-SETTINGS", ""},
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

// In the letters of tcpdump's, as words.
static bool read_flags(const struct ask *ask, struct dp_trace_ask *a)
{
	static const char *const flags[] = {"fin", "syn", "rst", "psh", "ack", "urg"};
	const cJSON *list = member(ask, "flags"), *word;

	if (list == NULL)
		return true;
	cJSON_ArrayForEach (word, list) {
		size_t i = 0;

		while (i < COUNT(flags) &&
			(!cJSON_IsString(word) || strcmp(word->valuestring, flags[i]) != 0))
			i++;
		if (i == COUNT(flags)) {
			snprintf(ask->err, ask->err_size,
				"flags: found %.20s, expected fin, syn, rst, psh, ack or urg",
				cJSON_IsString(word) ? word->valuestring : "no word");
			return false;
		}
		a->tcp_flags |= (uint8_t)(1u << i);
	}
	return true;
}

static bool read_size(const struct ask *ask, struct dp_trace_ask *a)
{
	a->df = cJSON_IsTrue(member(ask, "df"));
	return member(ask, "size") == NULL || read_number(ask, "size", UINT16_MAX, &a->size);
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
			trace_iface_name(c, p->iface));
	else
		snprintf(buf, size, "next-hop %s is %02x:%02x:%02x:%02x:%02x:%02x on interface %s",
			ip_format(&p->to.ip, ip), p->mac[0], p->mac[1], p->mac[2], p->mac[3],
			p->mac[4], p->mac[5], trace_iface_name(c, p->iface));
}

static void say_spoofing(
	const struct config *c, const struct dp_trace_phase *p, char *buf, size_t size)
{
	if (p->iface != DP_TRACE_NO_IFACE)
		snprintf(buf, size, "the route to the source uses ifc %s",
			trace_iface_name(c, p->iface));
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

static void say_create(
	const struct dp_trace *t, const struct dp_trace_phase *p, char *buf, size_t size)
{
	if (!p->drop)
		snprintf(buf, size, "a session would be opened");
	else if (t->fate == DP_TRACE_RESET)
		snprintf(buf, size,
			"no session has it, and it is for callgate itself: its sender gets a "
			"reset");
	else if (t->why == DROP_NAT_PORTS)
		snprintf(buf, size,
			"another session has the addresses and ports that this one would have "
			"(callgate show conn)");
}

// `a` is what was asked, with the interface that the packet comes in by, in this phase.
static void say_found(const struct config *c, const struct dp_trace_ask *a,
	const struct dp_trace *t, const struct dp_trace_phase *p, char *buf, size_t size)
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
		say_create(t, p, buf, size);
		break;
	case DP_TRACE_ROUTE:
		if (!ip_is_none(&p->to.ip))
			snprintf(buf, size, "found next-hop %s using egress ifc %s",
				ip_format(&p->to.ip, ip), trace_iface_name(c, p->iface));
		else if (p->iface != DP_TRACE_NO_IFACE)
			snprintf(buf, size, "directly connected, egress ifc %s",
				trace_iface_name(c, p->iface));
		break;
	case DP_TRACE_ADJACENCY:
		say_adjacency(c, p, buf, size);
		break;
	case DP_TRACE_HAIRPIN:
		snprintf(buf, size,
			"the destination is behind us: it comes in again on interface %s, as from "
			"a "
			"host there",
			trace_iface_name(c, p->iface));
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

static void phase_add(cJSON *list, const struct show *s, const struct dp_trace_ask *a,
	const struct dp_trace *t, const struct dp_trace_phase *p)
{
	cJSON *j = cJSON_CreateObject(), *config;
	char found[TEXT_MAX];
	struct trace_said said;

	trace_config(s->config, a, t, p, &said);
	say_found(s->config, a, t, p, found, sizeof(found));
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
	cJSON_AddStringToObject(j, name, trace_iface_name(s->config, iface));
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
		[DP_TRACE_RESET] = "reset",
	};
	cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "phases");
	struct dp_trace_ask now = *a;

	for (unsigned int i = 0; i < t->n; i++) {
		phase_add(list, s, &now, t, &t->phase[i]);
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
	static const char *const known[] = {"input", "protocol", "source", "source_port",
		"destination", "destination_port", "type", "code", "id", "number", "ttl", "size",
		"df", "flags", NULL};
	struct dp_trace_ask a = {0};
	static struct dp_trace t;
	int e;

	if (!mgmt_knows(ask->args, known, ask->err, ask->err_size) || !read_ttl(ask, &a) ||
		!read_size(ask, &a) || !read_flags(ask, &a) || !read_iface(s, ask, &a.iface) ||
		!read_host(ask, "source", &a.flow.src.ip) ||
		!read_host(ask, "destination", &a.flow.dst.ip) || !read_protocol(ask, &a))
		return NULL;
	e = dp_trace(&a, &t);
	if (e == 0)
		return answer(s, &a, &t);
	if (e == -EMSGSIZE)
		snprintf(ask->err, ask->err_size,
			"size: found %u, expected no less than the headers (40 octets for tcp, 28 "
			"for udp and icmp, else 20), and no more than one datagram's fragments may "
			"have on the interface (its mtu times the chain of its fragment)",
			a.size);
	else
		snprintf(ask->err, ask->err_size, "%s",
			e == -ETIMEDOUT
				? "the worker that owns this flow is too busy to answer; ask again"
				: strerror(-e));
	return NULL;
}
