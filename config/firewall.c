// SPDX-License-Identifier: BSD-3-Clause
// Interfaces and routes. Called from config/load.c.
#include "config/schema.h"

#include "lib/frag.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// What the data plane and its device arguments hold.
#define IFACE_NAME_MAX 31
#define DEVICE_MAX     127

static void read_address(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] =
		"an address with its subnet such as 192.168.10.1/24 or 192.168.10.1 255.255.255.0";
	struct config_iface *i = obj;
	struct prefix subnet;
	struct ip_addr ip;

	if (!want_scalar(l, n, expected))
		return;
	if (ip_parse(n->text, &ip) || !prefix_parse_iface(n->text, &ip, &subnet)) {
		fault_expected(l, n, expected);
	} else if (!ip_is_v4(&ip)) {
		fault_expected(l, n, "an IPv4 address: IPv6 is not supported yet");
	} else if (subnet.len < 96 + 8 || subnet.len > 96 + 31) { // RFC 3021: two hosts
		fault_expected(l, n, "a subnet from /8 to /31");
	} else {
		i->ip = ip;
		i->subnet = subnet;
	}
}

// The text goes to the EAL: a PCI address, or a driver with arguments.
static void read_device(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] =
		"a PCI address or a driver such as net_af_packet0,iface=eth0";
	struct config_iface *i = obj;

	if (!want_scalar(l, n, expected))
		return;
	for (size_t k = 0; k < n->text.n; k++) {
		char c = n->text.p[k];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("_-.,:=/@", c) != NULL)
			continue;
		fault_expected(l, n, expected);
		return;
	}
	if (n->text.n < 4 || n->text.p[0] == '-' || !str_copy(n->text, i->device, DEVICE_MAX + 1))
		fault_expected(l, n, expected);
}

static void read_fragment(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"size", .kind = FIELD_UINT, FIELD_AT(struct config_iface, fragment.size), .min = 1,
			.max = 30000, .expected = "datagrams"},
		{"chain", .kind = FIELD_UINT, FIELD_AT(struct config_iface, fragment.chain),
			.min = 1, .max = FRAG_CHAIN_MAX, .expected = "fragments"},
		{"timeout", .kind = FIELD_UINT, FIELD_AT(struct config_iface, fragment.timeout_s),
			.min = 1, .max = 30, .expected = "seconds"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

void read_interfaces(struct loader *l, const struct node *n, void *obj)
{
	static const char *const bogons[] = {"off", "on", "strict", NULL};
	static const struct field fields[] = {
		{"device", .kind = FIELD_READ, .required = true, .read = read_device},
		{"address", .kind = FIELD_READ, .required = true, .read = read_address},
		{"security-level", .kind = FIELD_UINT, .required = true,
			FIELD_AT(struct config_iface, security_level), .max = 100,
			.expected = "a level"},
		{"mtu", .kind = FIELD_UINT, FIELD_AT(struct config_iface, mtu), .min = 576,
			.max = 9198, .expected = "octets"},
		{"vlan", .kind = FIELD_UINT, FIELD_AT(struct config_iface, vlan), .min = 1,
			.max = 4094, .expected = "a VLAN"},
		{"fragment", .kind = FIELD_READ, .read = read_fragment},
		{"verify-reverse-path", .kind = FIELD_BOOL,
			FIELD_AT(struct config_iface, verify_reverse_path)},
		{"bogons", .kind = FIELD_ENUM, FIELD_AT(struct config_iface, bogons),
			.names = bogons},
		{"description", .kind = FIELD_NOTE},
	};
	struct config *c = obj;

	if (!want_map(l, n))
		return;
	if (n->n == 0 || n->n > CONFIG_IFACES_MAX) {
		fault(l, n, "found %zu interfaces, expected 1 to %u", n->n, CONFIG_IFACES_MAX);
		return;
	}
	for (const struct node *x = n->children; x != NULL; x = x->next) {
		struct config_iface *i = &c->ifaces[c->n_ifaces++];

		*i = (struct config_iface){.mtu = 1500,
			.fragment = {200, 24, 5},
			.verify_reverse_path = true,
			.bogons = BOGONS_ON,
			.acl_in = -1,
			.acl_out = -1,
			.line = x->key_at.line};
		read_entry_name(l, x, i->name, IFACE_NAME_MAX + 1);
		if (str_eq(x->key, STR_LIT("any")) || str_eq(x->key, STR_LIT("global")))
			errors_add(l->errs, x->key_at,
				"found the name %.*s, expected one that means nothing else",
				STR_FMT(x->key));
		read_map(l, x, fields, COUNT(fields), i);
	}
}

void read_ip_options(struct loader *l, const struct node *n, void *obj)
{
	static const char *const actions[] = {"allow", "clear", "drop", NULL};
	static const struct field fields[] = {
		{"eool", .kind = FIELD_ENUM, FIELD_AT(struct config, ip_options.eool),
			.names = actions},
		{"nop", .kind = FIELD_ENUM, FIELD_AT(struct config, ip_options.nop),
			.names = actions},
		{"router-alert", .kind = FIELD_ENUM,
			FIELD_AT(struct config, ip_options.router_alert), .names = actions},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_route_iface(struct loader *l, const struct node *n, void *obj)
{
	struct config_route *r = obj;
	int i = read_iface(l, n);

	r->iface = i >= 0 ? (uint16_t)i : UINT16_MAX;
}

static void read_destination(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] =
		"a subnet such as 10.0.0.0/8 or 10.0.0.0 255.0.0.0, host bits 0";
	struct config_route *r = obj;

	if (!want_scalar(l, n, expected))
		return;
	if (!prefix_parse(n->text, &r->dst))
		fault_expected(l, n, expected);
	else if (!ip_is_v4(&r->dst.ip))
		fault_expected(l, n, "an IPv4 subnet: IPv6 is not supported yet");
}

void read_routes(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"interface", .kind = FIELD_READ, .required = true, .read = read_route_iface},
		{"destination", .kind = FIELD_READ, .required = true, .read = read_destination},
		{"gateway", .kind = FIELD_HOST, .required = true,
			FIELD_AT(struct config_route, gateway)},
	};
	struct config *c = obj;
	size_t i = 0;

	if (!want_list(l, n) ||
		!read_array(l, n, sizeof(*c->routes), (void **)&c->routes, &c->n_routes))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		c->routes[i].iface = UINT16_MAX;
		c->routes[i].line = x->at.line;
		read_map(l, x, fields, COUNT(fields), &c->routes[i]);
	}
}
