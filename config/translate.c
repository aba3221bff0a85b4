// SPDX-License-Identifier: BSD-3-Clause
// Translations, made of objects. Called from config/load.c.
#include "config/schema.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_network_ref(struct loader *l, const struct node *n, struct prefix *out)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "network");
	int i = read_ref(l, n, section, "the name of a network object");

	if (i < 0 || l->networks == NULL)
		return;
	if (!ip_is_none(&l->networks[i].first))
		fault_expected(l, n, "a network object with a host or a subnet");
	*out = l->networks[i].prefix;
}

// The addresses of an object, be it a host, a subnet or a range.
static void read_pool_ref(struct loader *l, const struct node *n, struct nat_pool *out)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "network");
	int i = read_ref(l, n, section, "the name of a network object");

	if (i < 0 || l->networks == NULL)
		return;
	if (!ip_is_none(&l->networks[i].first))
		*out = (struct nat_pool){l->networks[i].first, l->networks[i].last};
	else if (l->networks[i].prefix.len > 0)
		*out = nat_pool_of(&l->networks[i].prefix);
}

static bool is_word(const struct node *n, const char *word)
{
	return n->kind == NODE_SCALAR && str_eq(n->text, str_from(word));
}

static void read_any_or_ref(struct loader *l, const struct node *n, struct prefix *out)
{
	if (is_word(n, "any"))
		*out = (struct prefix){ip_from_v4_be(0), 96};
	else
		read_network_ref(l, n, out);
}

// An object of any kind: a host or a subnet is a prefix, a range is a range.
static void read_side(
	struct loader *l, const struct node *n, struct prefix *prefix, struct nat_pool *range)
{
	const struct node *section = node_get(node_get(l->root, "objects"), "network");
	const int i = n->kind == NODE_SCALAR && section != NULL && l->networks != NULL
		? node_index(section, n->text)
		: -1;

	if (i >= 0 && !is_word(n, "any") && !ip_is_none(&l->networks[i].first))
		read_pool_ref(l, n, range);
	else
		read_any_or_ref(l, n, prefix);
}

static void read_real(struct loader *l, const struct node *n, void *obj)
{
	struct nat_rule *r = obj;

	read_side(l, n, &r->real, &r->real_range);
}

// The interface's address is put in place when interfaces are known (check_addresses()).
static void read_mapped(struct loader *l, const struct node *n, void *obj)
{
	struct nat_rule *r = obj;

	if (is_word(n, "interface"))
		r->interface = true;
	else
		read_side(l, n, &r->mapped, &r->pool);
}

// Where one side is a range the other is one, too.
static void ranges_fill(struct nat_rule *r)
{
	if (ip_is_none(&r->real_range.first) && ip_is_none(&r->pool.first))
		return;
	if (ip_is_none(&r->real_range.first))
		r->real_range = nat_pool_of(&r->real);
	if (ip_is_none(&r->pool.first))
		r->pool = nat_pool_of(&r->mapped);
	r->real.len = r->mapped.len = 0;
	r->real.ip = r->mapped.ip = (struct ip_addr){{0}};
}

static void read_static(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_real},
		{"mapped", .kind = FIELD_READ, .required = true, .read = read_mapped},
	};

	read_map(l, n, fields, COUNT(fields), obj);
	ranges_fill(obj);
}

// What stands beside the real addresses of a dynamic rule, while it is read.
struct nat_dynamic {
	struct prefix real;               // len 0: none, or faulty
	struct nat_pool real_range, pool; // first none: the same
	bool pat_pool, interface;
};

static void read_dynamic_real(struct loader *l, const struct node *n, void *obj)
{
	struct nat_dynamic *d = obj;

	read_side(l, n, &d->real, &d->real_range);
}

static void read_dynamic_mapped(struct loader *l, const struct node *n, void *obj)
{
	struct nat_dynamic *d = obj;

	if (is_word(n, "interface"))
		d->interface = true;
	else
		read_pool_ref(l, n, &d->pool);
}

#define DYNAMIC_FIELDS(mapped)                                                                     \
	{mapped, .kind = FIELD_READ, .required = true, .read = read_dynamic_mapped},               \
		{"pat-pool", .kind = FIELD_BOOL, FIELD_AT(struct nat_dynamic, pat_pool)},          \
	{                                                                                          \
		"interface", .kind = FIELD_BOOL, FIELD_AT(struct nat_dynamic, interface)           \
	}

// As in the manual, one address is shared by ports; of several each host gets its own, unless they
// are a pat-pool.
static void dynamic_fill(const struct nat_dynamic *d, struct nat_rule *r)
{
	r->kind = nat_pool_size(&d->pool) > 1 && !d->pat_pool ? NAT_DYNAMIC : NAT_PAT;
	r->real = d->real;
	r->real_range = d->real_range;
	r->interface = d->interface;
	r->pool = d->pool;
}

static void read_dynamic(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"real", .kind = FIELD_READ, .required = true, .read = read_dynamic_real},
		DYNAMIC_FIELDS("mapped"),
	};
	struct nat_dynamic d = {.interface = false};

	read_map(l, n, fields, COUNT(fields), &d);
	dynamic_fill(&d, obj);
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

// As read_mapped().
static void read_dst_mapped(struct loader *l, const struct node *n, void *obj)
{
	struct nat_rule *r = obj;

	if (is_word(n, "interface"))
		r->dst_interface = true;
	else
		read_any_or_ref(l, n, &r->dst_mapped);
}

static void read_dst_real(struct loader *l, const struct node *n, void *obj)
{
	read_any_or_ref(l, n, &((struct nat_rule *)obj)->dst_real);
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
		fault_expected(l, n, "a service object with tcp or udp, source eq PORT");
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
	struct nat_rule *r = obj;

	read_map(l, n, fields, COUNT(fields), &s);
	if (s.real == NULL || s.mapped == NULL)
		return;
	if (s.real->service.proto != s.mapped->service.proto)
		fault(l, n, "found services of two protocols, expected one protocol");
	else if ((s.real->port == 0) != (s.mapped->port == 0) ||
		(s.real->dst_port == 0) != (s.mapped->dst_port == 0))
		fault(l, n, "found a port in one service alone, expected it in both");
	r->proto = s.real->service.proto;
	r->real_port = s.real->port;
	r->mapped_port = s.mapped->port;
	r->dst_mapped_port = s.real->dst_port;
	r->dst_real_port = s.mapped->dst_port;
}

// What a service is there for: the port of a source that is static, and of a destination.
static void check_services(struct loader *l, const struct node *n, const struct nat_rule *r)
{
	const struct node *at = node_get(n, "service");

	if (at == NULL || r->proto == PROTO_ANY)
		return;
	if (r->kind != NAT_STATIC && (r->real_port != 0 || !nat_is_twice(r)))
		fault(l, at, "found a service of a dynamic rule, expected none");
	else if (r->dst_mapped_port != 0 && !nat_is_twice(r))
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
	read_nat_iface(l, n, &((struct nat_rule *)obj)->real_if);
}

static void read_to(struct loader *l, const struct node *n, void *obj)
{
	read_nat_iface(l, n, &((struct nat_rule *)obj)->mapped_if);
}

static void read_after_auto(struct loader *l, const struct node *n, void *obj)
{
	static const struct field flag = {.kind = FIELD_BOOL, .size = sizeof(bool)};
	bool after = false;

	read_field(l, n, &flag, &after);
	if (after)
		((struct nat_rule *)obj)->section = NAT_AFTER_AUTO;
}

// Room for more rules; NULL: no memory. What is there stays.
static struct nat_rule *rules_add(struct loader *l, size_t more)
{
	const size_t n = l->c->n_nat + more;
	struct nat_rule *rules = realloc(l->c->nat, n * sizeof(*rules));
	const struct node **nodes;

	if (rules != NULL)
		l->c->nat = rules;
	nodes = realloc(l->nat_nodes, n * sizeof(*nodes));
	if (nodes != NULL)
		l->nat_nodes = nodes;
	if (rules == NULL || nodes == NULL) {
		l->no_memory = true;
		return NULL;
	}
	return rules + l->c->n_nat;
}

static struct nat_rule *rule_begin(struct loader *l, const struct node *n, enum nat_section section)
{
	struct nat_rule *r = &l->c->nat[l->c->n_nat];

	memset(r, 0, sizeof(*r)); // its padding too: rules are compared as memory
	r->real_if = r->mapped_if = NAT_IFACE_ANY;
	r->section = section;
	r->line = n->at.line;
	l->nat_nodes[l->c->n_nat++] = n;
	return r;
}

// ---- nat in an object: auto NAT -----------------------------------------------------------------

struct nat_auto {
	struct nat_dynamic dynamic; // first, for DYNAMIC_FIELDS
	struct nat_rule *rule;
};

static void read_auto_from(struct loader *l, const struct node *n, void *obj)
{
	read_from(l, n, ((struct nat_auto *)obj)->rule);
}

static void read_auto_to(struct loader *l, const struct node *n, void *obj)
{
	read_to(l, n, ((struct nat_auto *)obj)->rule);
}

static void read_auto_static(struct loader *l, const struct node *n, void *obj)
{
	read_mapped(l, n, ((struct nat_auto *)obj)->rule);
}

static void read_auto_service(struct loader *l, const struct node *n, void *obj)
{
	read_nat_services(l, n, ((struct nat_auto *)obj)->rule);
}

static void read_object_nat(
	struct loader *l, const struct node *n, const struct object_network *real)
{
	static const struct field static_fields[] = {
		{"from", .kind = FIELD_READ, .required = true, .read = read_auto_from},
		{"to", .kind = FIELD_READ, .required = true, .read = read_auto_to},
		{"static", .kind = FIELD_READ, .required = true, .read = read_auto_static},
		{"service", .kind = FIELD_READ, .read = read_auto_service},
		{"description", .kind = FIELD_NOTE},
	};
	static const struct field dynamic_fields[] = {
		{"from", .kind = FIELD_READ, .required = true, .read = read_auto_from},
		{"to", .kind = FIELD_READ, .required = true, .read = read_auto_to},
		DYNAMIC_FIELDS("dynamic"),
		{"description", .kind = FIELD_NOTE},
	};
	struct nat_auto a = {
		.dynamic = {.real = real->prefix, .real_range = {real->first, real->last}}};

	if (!want_map(l, n) || rules_add(l, 1) == NULL)
		return;
	if ((node_get(n, "static") != NULL) == (node_get(n, "dynamic") != NULL)) {
		fault(l, n, "found %s, expected either static or dynamic",
			node_get(n, "static") != NULL ? "both static and dynamic"
						      : "neither static nor dynamic");
		return;
	}
	a.rule = rule_begin(l, n, NAT_AUTO);
	a.rule->real = a.dynamic.real;
	a.rule->real_range = a.dynamic.real_range;
	if (node_get(n, "static") != NULL) {
		read_map(l, n, static_fields, COUNT(static_fields), &a);
		ranges_fill(a.rule);
		check_services(l, n, a.rule);
	} else {
		read_map(l, n, dynamic_fields, COUNT(dynamic_fields), &a);
		dynamic_fill(&a.dynamic, a.rule);
	}
}

// Of two objects that hold the same, the ASA asks the one whose name comes first.
static int name_order(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	const size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	const int order = memcmp(x->key.p, y->key.p, n);

	return order != 0 ? order : (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

void read_object_nats(struct loader *l, const struct node *objects)
{
	const struct node *section = node_get(objects, "network"), **sorted;
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
		{"description", .kind = FIELD_NOTE},
	};

	if (!want_list(l, n) || n->n == 0 || rules_add(l, n->n) == NULL)
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next) {
		struct nat_rule *r = rule_begin(l, x, NAT_MANUAL);

		read_map(l, x, fields, COUNT(fields), r);
		check_services(l, x, r);
	}
}
