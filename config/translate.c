// SPDX-License-Identifier: BSD-3-Clause
// Objects and the static translations made of them. Called from config/load.c.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_object_host(struct loader *l, const struct node *n, void *obj)
{
	struct object_network *o = obj;

	if (read_host(l, n, &o->prefix.ip))
		o->prefix.len = 128;
}

static void read_object_subnet(struct loader *l, const struct node *n, void *obj)
{
	struct object_network *o = obj;
	struct prefix p;

	if (!want_scalar(l, n, "a subnet such as 192.168.10.0/24"))
		return;
	if (!prefix_parse(n->text, &p))
		fault_expected(l, n, "a subnet such as 192.168.10.0/24, host bits 0");
	else if (!ip_is_v4(&p.ip))
		fault_expected(l, n, "an IPv4 subnet: IPv6 is not supported yet");
	else
		o->prefix = p;
}

static void read_network(struct loader *l, const struct node *n, struct object_network *o)
{
	static const struct field fields[] = {
		{"host", .kind = FIELD_READ, .read = read_object_host},
		{"subnet", .kind = FIELD_READ, .read = read_object_subnet},
		{"description", .kind = FIELD_NOTE},
		{"range", .kind = FIELD_REFUSED, .expected = "host or subnet"},
		{"fqdn", .kind = FIELD_REFUSED, .expected = "host or subnet"},
		{"nat", .kind = FIELD_REFUSED, .expected = "a static rule under the key nat"},
	};
	char name[CONFIG_NAME_MAX];

	read_entry_name(l, n, name, sizeof(name));
	read_map(l, n, fields, COUNT(fields), o);
	if (n->kind == NODE_MAP && (node_get(n, "host") != NULL) == (node_get(n, "subnet") != NULL))
		fault(l, n, "found %s, expected either host or subnet",
			node_get(n, "host") != NULL ? "both host and subnet"
						    : "neither host nor subnet");
}

// The manual's words: `tcp source eq 5070`.
static void read_service_text(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] = "tcp or udp, then source eq PORT";
	struct object_service *o = obj;
	struct str rest, proto, source, eq;
	uint64_t port;

	if (!want_scalar(l, n, expected))
		return;
	rest = str_split(n->text, ' ', &proto);
	rest = str_split(rest, ' ', &source);
	rest = str_split(rest, ' ', &eq);
	if ((!str_eq(proto, STR_LIT("tcp")) && !str_eq(proto, STR_LIT("udp"))) ||
		!str_eq(source, STR_LIT("source")) || !str_eq(eq, STR_LIT("eq")) ||
		!str_to_u64(rest, 65535, &port) || port == 0) {
		fault_expected(l, n, expected);
		return;
	}
	o->proto = str_eq(proto, STR_LIT("tcp")) ? PROTO_TCP : PROTO_UDP;
	o->port = (uint16_t)port;
}

static void read_service(struct loader *l, const struct node *n, struct object_service *o)
{
	static const struct field fields[] = {
		{"service", .kind = FIELD_READ, .required = true, .read = read_service_text},
		{"description", .kind = FIELD_NOTE},
	};
	char name[CONFIG_NAME_MAX];

	read_entry_name(l, n, name, sizeof(name));
	read_map(l, n, fields, COUNT(fields), o);
}

static void read_networks(struct loader *l, const struct node *n, void *obj)
{
	size_t count, i = 0;

	if (!want_map(l, n) ||
		!read_array(l, n, sizeof(*l->networks), (void **)&l->networks, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++)
		read_network(l, x, &l->networks[i]);
}

static void read_services(struct loader *l, const struct node *n, void *obj)
{
	size_t count, i = 0;

	if (!want_map(l, n) ||
		!read_array(l, n, sizeof(*l->services), (void **)&l->services, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++)
		read_service(l, x, &l->services[i]);
}

void read_objects(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"network", .kind = FIELD_READ, .read = read_networks},
		{"service", .kind = FIELD_READ, .read = read_services},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_network_ref(struct loader *l, const struct node *n, struct prefix *out)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "network");
	int i = read_ref(l, n, section, "the name of a network object");

	if (i >= 0 && l->networks != NULL)
		*out = l->networks[i].prefix;
}

static void read_real(struct loader *l, const struct node *n, void *obj)
{
	read_network_ref(l, n, &((struct nat_rule *)obj)->real);
}

static void read_mapped(struct loader *l, const struct node *n, void *obj)
{
	read_network_ref(l, n, &((struct nat_rule *)obj)->mapped);
}

static void read_static(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_real},
		{"mapped", .kind = FIELD_READ, .required = true, .read = read_mapped},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_source(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"static", .kind = FIELD_READ, .required = true, .read = read_static},
		{"dynamic", .kind = FIELD_REFUSED, .expected = "static"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// The two services of a rule while it is read.
struct nat_services {
	struct object_service real, mapped;
};

static void read_service_ref(struct loader *l, const struct node *n, struct object_service *out)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "service");
	int i = read_ref(l, n, section, "the name of a service object");

	if (i >= 0 && l->services != NULL)
		*out = l->services[i];
}

static void read_real_service(struct loader *l, const struct node *n, void *obj)
{
	read_service_ref(l, n, &((struct nat_services *)obj)->real);
}

static void read_mapped_service(struct loader *l, const struct node *n, void *obj)
{
	read_service_ref(l, n, &((struct nat_services *)obj)->mapped);
}

// In the order of the command, real before mapped (protocol.md E6).
static void read_nat_services(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_real_service},
		{"mapped", .kind = FIELD_READ, .required = true, .read = read_mapped_service},
	};
	struct nat_services s = {0};
	struct nat_rule *r = obj;

	read_map(l, n, fields, COUNT(fields), &s);
	if (s.real.proto == 0 || s.mapped.proto == 0)
		return;
	if (s.real.proto != s.mapped.proto)
		fault(l, n, "found services of two protocols, expected one protocol");
	r->proto = s.real.proto;
	r->real_port = s.real.port;
	r->mapped_port = s.mapped.port;
}

static void read_nat_iface(struct loader *l, const struct node *n, uint16_t *out)
{
	int i;

	if (n->kind == NODE_SCALAR && str_eq(n->text, STR_LIT("any")))
		return;
	i = read_iface(l, n);
	if (i >= 0)
		*out = (uint16_t)i;
}

static void read_from(struct loader *l, const struct node *n, void *obj)
{
	read_nat_iface(l, n, &((struct nat_rule *)obj)->real_if);
}

static void read_to(struct loader *l, const struct node *n, void *obj)
{
	read_nat_iface(l, n, &((struct nat_rule *)obj)->mapped_if);
}

void read_nat(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"from", .kind = FIELD_READ, .required = true, .read = read_from},
		{"to", .kind = FIELD_READ, .required = true, .read = read_to},
		{"source", .kind = FIELD_READ, .required = true, .read = read_source},
		{"service", .kind = FIELD_READ, .read = read_nat_services},
		{"destination", .kind = FIELD_REFUSED, .expected = "source alone"},
		{"description", .kind = FIELD_NOTE},
	};
	struct config *c = obj;
	size_t i = 0;

	if (!want_list(l, n) || !read_array(l, n, sizeof(*c->nat), (void **)&c->nat, &c->n_nat))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		c->nat[i].real_if = c->nat[i].mapped_if = NAT_IFACE_ANY;
		read_map(l, x, fields, COUNT(fields), &c->nat[i]);
	}
}
