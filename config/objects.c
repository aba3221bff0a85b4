// SPDX-License-Identifier: BSD-3-Clause
// Network and service objects. Called from config/load.c; config/translate.c and
// config/access_list.c take them.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_object_host(struct loader *l, const struct node *n, void *obj)
{
	struct object_network *o = obj;

	if (read_host(l, n, &o->prefix.ip))
		o->prefix.len = 128;
}

// The manual's words, `192.168.10.0 255.255.255.0`, or a length in place of the mask.
static void read_object_subnet(struct loader *l, const struct node *n, void *obj)
{
	struct object_network *o = obj;
	char err[160];
	struct words w = {n->text, err, sizeof(err)};
	struct prefix p;

	if (!want_scalar(l, n, "a subnet such as 192.168.10.0 255.255.255.0"))
		return;
	if (!words_subnet(&w, &p) || !words_end(&w))
		fault(l, n, "%s", err);
	else
		o->prefix = p;
}

// The manual's words: `192.168.10.5 192.168.10.9`.
static void read_object_range(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] = "the first and the last IPv4 address";
	struct object_network *o = obj;
	struct ip_addr first, last;
	struct str head, rest;

	if (!want_scalar(l, n, expected))
		return;
	rest = str_trim(str_split(n->text, ' ', &head));
	if (!ip_parse(head, &first) || !ip_parse(rest, &last) || !ip_is_v4(&first) ||
		!ip_is_v4(&last) || ip_is_none(&first)) {
		fault_expected(l, n, expected);
	} else if (memcmp(first.b, last.b, sizeof(first.b)) > 0) {
		fault_expected(l, n, "a last address that is not below the first");
	} else {
		o->first = first;
		o->last = last;
	}
}

// Read by read_object_nats(), when every object and group is known.
static void read_later(struct loader *l, const struct node *n, void *obj)
{
}

static void read_network(struct loader *l, const struct node *n, struct object_network *o)
{
	static const struct field fields[] = {
		{"host", .kind = FIELD_READ, .read = read_object_host},
		{"subnet", .kind = FIELD_READ, .read = read_object_subnet},
		{"range", .kind = FIELD_READ, .read = read_object_range},
		{"description", .kind = FIELD_NOTE},
		{"fqdn", .kind = FIELD_REFUSED, .expected = "host, subnet or range"},
		{"nat", .kind = FIELD_READ, .read = read_later},
	};
	char name[CONFIG_NAME_MAX];
	size_t kinds;

	read_entry_name(l, n, name, sizeof(name));
	read_map(l, n, fields, COUNT(fields), o);
	if (n->kind != NODE_MAP)
		return;
	kinds = (node_get(n, "host") != NULL) + (node_get(n, "subnet") != NULL) +
		(node_get(n, "range") != NULL);
	if (kinds != 1)
		fault(l, n, "found %s, expected one of host, subnet and range",
			kinds == 0 ? "none of host, subnet and range"
				   : "several of host, subnet and range");
}

size_t object_network_prefixes(
	const struct object_network *o, struct prefix out[static PREFIX_RANGE_MAX])
{
	if (!ip_is_none(&o->first))
		return prefix_range(&o->first, &o->last, out);
	out[0] = o->prefix;
	return o->prefix.len > 0;
}

// The first of ports without a gap, or 0.
static uint16_t first_port(const struct port_set *p, uint16_t *more)
{
	*more = p->n == 1 && p->range[0].lo > 0 ? p->range[0].hi - p->range[0].lo : 0;
	return p->n == 1 ? p->range[0].lo : 0;
}

static bool is_any_port(const struct port_set *p)
{
	return p->n == 1 && p->range[0].lo == 0 && p->range[0].hi == UINT16_MAX;
}

bool object_service_is_pat(const struct object_service *o)
{
	const struct service *s = &o->service;

	return proto_has_ports(s->proto) && (o->port != 0 || is_any_port(&s->src)) &&
		(o->dst_port != 0 || is_any_port(&s->dst)) && (o->port != 0 || o->dst_port != 0);
}

// The manual's words: `tcp source eq 5070`.
static void read_service_text(struct loader *l, const struct node *n, void *obj)
{
	struct object_service *o = obj;
	char err[160];
	struct words w = {n->text, err, sizeof(err)};
	struct service s;

	if (!want_scalar(l, n, "a service such as tcp destination eq 5070"))
		return;
	if (!words_service(&w, &s) || !words_end(&w)) {
		fault(l, n, "%s", err);
		return;
	}
	o->service = s;
	o->port = first_port(&s.src, &o->more);
	o->dst_port = first_port(&s.dst, &o->dst_more);
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

// Names inside a text have no node of their own: the index of one, or -1 with the fault told.
static int find(struct loader *l, const struct node *n, const char *kind, struct str name)
{
	const struct node *section = node_get(node_get(l->root, "objects"), kind);
	char found[FOUND_MAX], hint[SUGGESTION_MAX];
	struct suggestion s = {.word = name};
	int i = node_index(section, name);

	if (i >= 0)
		return i;
	if (section != NULL && section->kind == NODE_MAP)
		for (const struct node *c = section->children; c != NULL; c = c->next)
			suggestion_offer(&s, c->key);
	fault(l, n, "found object %s, expected the name of a %s object%s", found_text(name, found),
		kind, suggestion_text(&s, hint));
	return -1;
}

const struct object_network *object_network_find(
	struct loader *l, const struct node *n, struct str name)
{
	int i = find(l, n, "network", name);

	return i >= 0 && l->networks != NULL ? &l->networks[i] : NULL;
}

const struct object_service *object_service_find(
	struct loader *l, const struct node *n, struct str name)
{
	int i = find(l, n, "service", name);

	return i >= 0 && l->services != NULL ? &l->services[i] : NULL;
}
