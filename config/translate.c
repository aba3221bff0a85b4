// SPDX-License-Identifier: BSD-3-Clause
// Translations, made of objects. Called from config/load.c.
#include "config/nat_line.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// ---- Addresses ---------------------------------------------------------------------------------

static void read_real(struct loader *l, const struct node *n, void *obj)
{
	nat_side_read_any(l, n, &((struct nat_line *)obj)->real);
}

// The interface's address is put in place when interfaces are known (check_addresses()).
static void read_mapped(struct loader *l, const struct node *n, void *obj)
{
	nat_side_read_mapped(l, n, &((struct nat_line *)obj)->mapped);
}

static void read_static(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_real},
		{"mapped", .kind = FIELD_READ, .required = true, .read = read_mapped},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_pool(struct loader *l, const struct node *n, void *obj)
{
	struct nat_side *s = &((struct nat_line *)obj)->mapped;

	if (n->kind == NODE_SCALAR && str_eq(n->text, STR_LIT("interface")))
		nat_side_read_mapped(l, n, s);
	else
		nat_side_read(l, n, s);
}

#define POOL_FIELDS(mapped)                                                                        \
	{mapped, .kind = FIELD_READ, .required = true, .read = read_pool},                         \
		{"pat-pool", .kind = FIELD_BOOL, FIELD_AT(struct nat_line, pat_pool)},             \
		{"interface", .kind = FIELD_BOOL, FIELD_AT(struct nat_line, backup)},              \
		{"round-robin", .kind = FIELD_REFUSED,                                             \
			.expected = "none: hosts are spread over the pool, each has one address"}, \
		{"extended", .kind = FIELD_REFUSED,                                                \
			.expected = "none, and more addresses in the pool: a port is one host's, " \
				    "wherever it speaks to (RFC 4787)"},                           \
		{"flat", .kind = FIELD_REFUSED,                                                    \
			.expected = "none: ports are always those from 16384 on"},                 \
	{                                                                                          \
		"block-allocation", .kind = FIELD_REFUSED,                                         \
				    .expected = "none: each port is given for itself"              \
	}

static void read_dynamic(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_real},
		POOL_FIELDS("mapped"),
	};

	((struct nat_line *)obj)->rule.kind = NAT_PAT; // or NAT_DYNAMIC: its pool tells
	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_source(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"static", .kind = FIELD_READ, .read = read_static},
		{"dynamic", .kind = FIELD_READ, .read = read_dynamic},
	};

	read_map(l, n, fields, COUNT(fields), obj);
	if (n->kind == NODE_MAP &&
		(node_get(n, "static") != NULL) == (node_get(n, "dynamic") != NULL))
		fault(l, n, "found %s, expected either static or dynamic",
			node_get(n, "static") != NULL ? "both static and dynamic"
						      : "neither static nor dynamic");
}

static void read_dst_mapped(struct loader *l, const struct node *n, void *obj)
{
	nat_side_read_mapped(l, n, &((struct nat_line *)obj)->dst_mapped);
}

static void read_dst_real(struct loader *l, const struct node *n, void *obj)
{
	nat_side_read_any(l, n, &((struct nat_line *)obj)->dst_real);
}

// In the order of the command: destination static MAPPED REAL.
static void read_destination_static(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"mapped", .kind = FIELD_READ, .required = true, .read = read_dst_mapped},
		{"real", .kind = FIELD_READ, .required = true, .read = read_dst_real},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_destination(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"static", .kind = FIELD_READ, .required = true, .read = read_destination_static},
	};

	((struct nat_line *)obj)->twice = true;
	read_map(l, n, fields, COUNT(fields), obj);
}

// The two services of a rule while it is read.
struct nat_services {
	const struct object_service *real, *mapped;
};

static void read_service_ref(
	struct loader *l, const struct node *n, const struct object_service **out)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "service");
	int i = read_ref(l, n, section, "the name of a service object");

	if (i < 0 || l->services == NULL || l->services[i].service.src.n == 0)
		return;
	if (!object_service_is_pat(&l->services[i]))
		fault_expected(
			l, n, "a service object with tcp or udp, source eq PORT or range LOW HIGH");
	else
		*out = &l->services[i];
}

static void read_real_service(struct loader *l, const struct node *n, void *obj)
{
	read_service_ref(l, n, &((struct nat_services *)obj)->real);
}

static void read_mapped_service(struct loader *l, const struct node *n, void *obj)
{
	read_service_ref(l, n, &((struct nat_services *)obj)->mapped);
}

// In the order of the command, real before mapped (protocol.md E6): of the source. The destination's
// port is the one that the real side asks for, then the one that is there.
static void read_nat_services(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_real_service},
		{"mapped", .kind = FIELD_READ, .required = true, .read = read_mapped_service},
	};
	struct nat_services s = {NULL, NULL};
	struct nat_rule *r = &((struct nat_line *)obj)->rule;

	read_map(l, n, fields, COUNT(fields), &s);
	if (s.real == NULL || s.mapped == NULL)
		return;
	if (s.real->service.proto != s.mapped->service.proto)
		fault(l, n, "found services of two protocols, expected one protocol");
	else if ((s.real->port == 0) != (s.mapped->port == 0) ||
		(s.real->dst_port == 0) != (s.mapped->dst_port == 0))
		fault(l, n, "found a port in one service alone, expected it in both");
	else if (s.real->more != s.mapped->more || s.real->dst_more != s.mapped->dst_more)
		fault(l, n, "found ranges of different length, expected as many ports in both");
	r->proto = s.real->service.proto;
	r->real_port = s.real->port;
	r->mapped_port = s.mapped->port;
	r->more_ports = s.real->more;
	r->dst_more_ports = s.real->dst_more;
	r->dst_mapped_port = s.real->dst_port;
	r->dst_real_port = s.mapped->dst_port;
}

// What a service is there for: the port of a source that is static, and of a destination.
static void check_services(struct loader *l, const struct nat_line *line)
{
	const struct node *at = node_get(line->node, "service");
	const struct nat_rule *r = &line->rule;

	if (at == NULL || r->proto == PROTO_ANY)
		return;
	if (r->kind != NAT_STATIC && (r->real_port != 0 || !line->twice))
		fault(l, at, "found a service of a dynamic rule, expected none");
	else if (r->dst_mapped_port != 0 && !line->twice)
		fault(l, at, "found a destination's port, expected destination: {static: ...} too");
	else if (r->real_port == 0 && r->dst_mapped_port == 0)
		fault(l, at, "found services without a port, expected source eq PORT");
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
	read_nat_iface(l, n, &((struct nat_line *)obj)->rule.real_if);
}

static void read_to(struct loader *l, const struct node *n, void *obj)
{
	read_nat_iface(l, n, &((struct nat_line *)obj)->rule.mapped_if);
}

static void read_after_auto(struct loader *l, const struct node *n, void *obj)
{
	static const struct field flag = {.kind = FIELD_BOOL, .size = sizeof(bool)};
	bool after = false;

	read_field(l, n, &flag, &after);
	if (after)
		((struct nat_line *)obj)->rule.section = NAT_AFTER_AUTO;
}

// A route says where a flow leaves, whatever the rule; and it must be by the rule's interface.
static void read_route_lookup(struct loader *l, const struct node *n, void *obj)
{
	static const struct field flag = {.kind = FIELD_BOOL, .size = sizeof(bool)};
	bool asked = true;

	read_field(l, n, &flag, &asked);
	if (!asked)
		fault_expected(l, n, "on, or no route-lookup: a route is always asked");
}

#define STATIC_FIELDS                                                                              \
	{"no-proxy-arp", .kind = FIELD_BOOL, FIELD_AT(struct nat_line, rule.no_proxy_arp)},        \
		{"route-lookup", .kind = FIELD_READ, .read = read_route_lookup},                   \
	{                                                                                          \
		"dns", .kind = FIELD_REFUSED,                                                      \
		       .expected = "none: answers of a DNS server pass as they are; give the "     \
				   "hosts inside a zone of their own"                              \
	}

// Words of a rule that must be static.
static void check_static_words(struct loader *l, const struct node *n)
{
	static const char *const words[] = {"unidirectional", "no-proxy-arp", "route-lookup"};

	for (size_t i = 0; i < COUNT(words); i++)
		if (node_get(n, words[i]) != NULL)
			fault(l, node_get(n, words[i]),
				"found %s of a dynamic rule, expected it of a static one",
				words[i]);
}

// ---- nat in an object: auto NAT -----------------------------------------------------------------

static void read_object_nat(
	struct loader *l, const struct node *n, const struct object_network *real)
{
	static const struct field static_fields[] = {
		{"from", .kind = FIELD_READ, .required = true, .read = read_from},
		{"to", .kind = FIELD_READ, .required = true, .read = read_to},
		{"static", .kind = FIELD_READ, .required = true, .read = read_mapped},
		{"service", .kind = FIELD_READ, .read = read_nat_services},
		STATIC_FIELDS,
		{"description", .kind = FIELD_NOTE},
	};
	static const struct field dynamic_fields[] = {
		{"from", .kind = FIELD_READ, .required = true, .read = read_from},
		{"to", .kind = FIELD_READ, .required = true, .read = read_to},
		POOL_FIELDS("dynamic"),
		{"description", .kind = FIELD_NOTE},
	};
	const bool fixed = node_get(n, "static") != NULL;
	struct nat_line line;

	if (!want_map(l, n))
		return;
	if (fixed == (node_get(n, "dynamic") != NULL)) {
		fault(l, n, "found %s, expected either static or dynamic",
			fixed ? "both static and dynamic" : "neither static nor dynamic");
		return;
	}
	nat_line_init(&line, n, NAT_AUTO);
	line.rule.kind = fixed ? NAT_STATIC : NAT_PAT;
	line.real.object = real;
	if (fixed)
		read_map(l, n, static_fields, COUNT(static_fields), &line);
	else
		read_map(l, n, dynamic_fields, COUNT(dynamic_fields), &line);
	check_services(l, &line);
	nat_line_add(l, &line);
}

// Of two objects that hold the same, the ASA asks the one whose name comes first.
static int name_order(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	const size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	const int order = memcmp(x->key.p, y->key.p, n);

	return order != 0 ? order : (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

void read_object_nats(struct loader *l)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "network"), **sorted;
	size_t n = 0;

	if (section == NULL || section->kind != NODE_MAP || l->networks == NULL)
		return;
	sorted = calloc(section->n + 1, sizeof(*sorted));
	if (sorted == NULL) {
		l->no_memory = true;
		return;
	}
	for (const struct node *x = section->children; x != NULL; x = x->next)
		sorted[n++] = x;
	qsort(sorted, n, sizeof(*sorted), name_order);
	for (size_t i = 0; i < n; i++) {
		const struct node *nat = node_get(sorted[i], "nat");
		int at = node_index(section, sorted[i]->key);

		if (nat != NULL && at >= 0)
			read_object_nat(l, nat, &l->networks[at]);
	}
	free(sorted);
}

void read_nat(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"from", .kind = FIELD_READ, .required = true, .read = read_from},
		{"to", .kind = FIELD_READ, .required = true, .read = read_to},
		{"source", .kind = FIELD_READ, .required = true, .read = read_source},
		{"service", .kind = FIELD_READ, .read = read_nat_services},
		{"after-auto", .kind = FIELD_READ, .read = read_after_auto},
		{"destination", .kind = FIELD_READ, .read = read_destination},
		STATIC_FIELDS,
		{"unidirectional", .kind = FIELD_BOOL, FIELD_AT(struct nat_line, rule.one_way)},
		{"net-to-net", .kind = FIELD_REFUSED,
			.expected = "none: it is for IPv6, which is not translated yet"},
		{"inactive", .kind = FIELD_BOOL, FIELD_AT(struct nat_line, inactive)},
		{"description", .kind = FIELD_NOTE},
	};
	struct nat_line line;

	if (!want_list(l, n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next) {
		nat_line_init(&line, x, NAT_MANUAL);
		read_map(l, x, fields, COUNT(fields), &line);
		if (line.rule.kind != NAT_STATIC)
			check_static_words(l, x);
		check_services(l, &line);
		nat_line_add(l, &line);
	}
}
