// SPDX-License-Identifier: BSD-3-Clause
// `show route`, `show arp` and `clear arp`: where packets go, and who is there.
#include <endian.h>
#include <stdio.h>

#include "cp/netlink.h"
#include "cp/show_ime.h"

#define V4_BITS 96 // of a prefix, before its IPv4 address

// ---- Routes -------------------------------------------------------------------------------------

// One of the table: `gateway` is NULL where the subnet itself is.
struct route {
	uint16_t iface;
	uint32_t line;
	const struct prefix *dst;
	const struct ip_addr *gateway;
};

// The connected come first, as the workers number them (dp_rules.routes).
static bool route_at(const struct config *c, size_t i, struct route *out)
{
	if (i < c->n_ifaces)
		*out = (struct route){.iface = (uint16_t)i,
			.line = c->ifaces[i].line,
			.dst = &c->ifaces[i].subnet};
	else if (i < c->n_ifaces + c->n_routes)
		*out = (struct route){.iface = c->routes[i - c->n_ifaces].iface,
			.line = c->routes[i - c->n_ifaces].line,
			.dst = &c->routes[i - c->n_ifaces].dst,
			.gateway = &c->routes[i - c->n_ifaces].gateway};
	else
		return false;
	return true;
}

static void add_route(cJSON *list, const struct show *s, const struct route *r)
{
	const unsigned int len = r->dst->len - V4_BITS;
	const struct ip_addr mask = ip_from_v4_be(htobe32(len == 0 ? 0 : UINT32_MAX << (32 - len)));
	cJSON *j = cJSON_CreateObject();
	char text[IP_TEXT_MAX];

	cJSON_AddBoolToObject(j, "connected", r->gateway == NULL);
	cJSON_AddStringToObject(j, "network", ip_format(&r->dst->ip, text));
	cJSON_AddStringToObject(j, "netmask", ip_format(&mask, text));
	cJSON_AddStringToObject(j, "interface", s->config->ifaces[r->iface].name);
	if (r->gateway != NULL) {
		cJSON_AddStringToObject(j, "gateway", ip_format(r->gateway, text));
		cJSON_AddBoolToObject(
			j, "resolved", netlink_resolved(s->netlink, r->iface, r->gateway));
	}
	show_u64(j, "file_line", r->line);
	cJSON_AddItemToArray(list, j);
}

// The one with the longest prefix.
static bool route_to(const struct config *c, const struct ip_addr *ip, struct route *best)
{
	struct route r;
	bool found = false;

	for (size_t i = 0; route_at(c, i, &r); i++)
		if (prefix_has(r.dst, ip) && (!found || r.dst->len > best->dst->len)) {
			*best = r;
			found = true;
		}
	return found;
}

cJSON *show_route(const struct show *s, const struct ask *ask)
{
	const cJSON *address = cJSON_GetObjectItemCaseSensitive(ask->args, "address");
	struct ip_addr ip;
	struct route r;
	cJSON *list;

	if (address != NULL &&
		(!cJSON_IsString(address) || !ip_parse(str_from(address->valuestring), &ip) ||
			!ip_is_v4(&ip))) {
		snprintf(ask->err, ask->err_size, "address: found %.60s, expected an IPv4 address",
			cJSON_IsString(address) ? address->valuestring : "nothing of the kind");
		return NULL;
	}
	list = cJSON_CreateArray();
	if (address == NULL)
		for (size_t i = 0; route_at(s->config, i, &r); i++)
			add_route(list, s, &r);
	else if (route_to(s->config, &ip, &r))
		add_route(list, s, &r);
	return list;
}

// ---- Neighbours ---------------------------------------------------------------------------------

cJSON *show_arp(const struct show *s, const struct ask *ask)
{
	static struct netlink_neigh neighs[NETLINK_NEIGHS_MAX];
	const size_t n = netlink_neighs(s->netlink, neighs);
	cJSON *list = cJSON_CreateArray();
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "interface", s->config->ifaces[neighs[i].iface].name);
		cJSON_AddStringToObject(j, "ip", ip_format(&neighs[i].ip, text));
		if (neighs[i].known) {
			show_mac(j, "mac", neighs[i].mac);
			show_u64(j, "age_s", neighs[i].age_s);
		}
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

cJSON *show_arp_clear(const struct show *s, const struct ask *ask)
{
	netlink_clear(s->netlink);
	return cJSON_CreateTrue();
}
