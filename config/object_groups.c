// SPDX-License-Identifier: BSD-3-Clause
// Object-groups: lists of objects, of literals and of other groups. Called from config/load.c;
// config/access_list.c takes them.
#include <stdlib.h>

#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const kind_names[GROUP_KINDS] = {
	[GROUP_NETWORK] = "network",
	[GROUP_SERVICE] = "service",
	[GROUP_PORTS] = "service (of ports)",
	[GROUP_PROTOCOL] = "protocol",
	[GROUP_ICMP_TYPE] = "icmp-type",
};

// ---- Members -----------------------------------------------------------------------------------

// Room for `more` members; false with the fault told.
static bool make_room(struct loader *l, const struct node *n, struct object_group *g, size_t more)
{
	size_t room = g->room > 0 ? g->room : 16;
	size_t size = g->kind == GROUP_NETWORK ? sizeof(*g->prefixes) : sizeof(*g->services);
	void *list = g->kind == GROUP_NETWORK ? (void *)g->prefixes : (void *)g->services;

	if (more > GROUP_MEMBERS_MAX - l->groups.members) {
		fault(l, n,
			"found %zu members beside %zu before them, expected at most %u in all "
			"groups "
			"together, where a group in a group counts again",
			more, l->groups.members, GROUP_MEMBERS_MAX);
		return false;
	}
	while (room < g->n + more)
		room *= 2;
	if (room > g->room) {
		list = realloc(list, room * size);
		if (list == NULL) {
			l->no_memory = true;
			return false;
		}
		g->room = room;
		if (g->kind == GROUP_NETWORK)
			g->prefixes = list;
		else
			g->services = list;
	}
	l->groups.members += more;
	return true;
}

static void add_prefixes(struct loader *l, const struct node *n, struct object_group *g,
	const struct prefix *list, size_t count)
{
	if (count == 0 || !make_room(l, n, g, count))
		return;
	memcpy(g->prefixes + g->n, list, count * sizeof(*list));
	g->n += count;
}

static void add_services(struct loader *l, const struct node *n, struct object_group *g,
	const struct ace_service *list, size_t count)
{
	if (count == 0 || !make_room(l, n, g, count))
		return;
	memcpy(g->services + g->n, list, count * sizeof(*list));
	g->n += count;
}

static void add_service(
	struct loader *l, const struct node *n, struct object_group *g, const struct service *s)
{
	struct ace_service terms[4];

	add_services(l, n, g, terms, service_terms(s, terms));
}

static void read_network_member(
	struct loader *l, const struct node *n, struct object_group *g, struct words *w)
{
	static const char expected[] = "any4, host A, A MASK, A/LENGTH or object NAME";
	struct prefix list[PREFIX_RANGE_MAX];
	const struct object_network *o;
	struct str name;

	if (words_take(w, "object")) {
		name = words_next(w);
		o = object_network_find(l, n, name);
		if (o != NULL)
			add_prefixes(l, n, g, list, object_network_prefixes(o, list));
	} else if (words_address(w, expected, &list[0])) {
		add_prefixes(l, n, g, list, 1);
	}
}

static void read_service_member(
	struct loader *l, const struct node *n, struct object_group *g, struct words *w)
{
	const struct object_service *o;
	struct service s;

	if (words_take(w, "object")) {
		o = object_service_find(l, n, words_next(w));
		if (o != NULL)
			add_service(l, n, g, &o->service);
	} else if (words_service(w, &s)) {
		add_service(l, n, g, &s);
	}
}

static void read_port_member(
	struct loader *l, const struct node *n, struct object_group *g, struct words *w)
{
	struct service s = {.src = PORT_SET_ANY};

	if (!words_ports(w, &s.dst))
		return;
	s.proto = g->proto[0];
	add_service(l, n, g, &s);
	s.proto = g->proto[1];
	if (s.proto != g->proto[0])
		add_service(l, n, g, &s);
}

static void read_protocol_member(
	struct loader *l, const struct node *n, struct object_group *g, struct words *w)
{
	struct service s = {.src = PORT_SET_ANY, .dst = PORT_SET_ANY};

	if (words_protocol(w, &s.proto))
		add_service(l, n, g, &s);
}

static void read_icmp_member(
	struct loader *l, const struct node *n, struct object_group *g, struct words *w)
{
	struct service s = {PROTO_ICMP, PORT_SET_ANY, PORT_SET_ANY};
	struct str word = words_peek(w);

	if (!words_icmp(w, &s))
		return;
	if (s.src.range[0].lo != s.src.range[0].hi)
		words_fail(w, word, "an ICMP type: echo, echo-reply, ... or a number up to 255");
	else
		add_service(l, n, g, &s);
}

static const struct {
	const char *word, *expected;
	void (*read)(
		struct loader *l, const struct node *n, struct object_group *g, struct words *w);
} members[GROUP_KINDS] = {
	[GROUP_NETWORK] = {"network-object", "network-object or group-object", read_network_member},
	[GROUP_SERVICE] = {"service-object", "service-object or group-object", read_service_member},
	[GROUP_PORTS] = {"port-object", "port-object or group-object", read_port_member},
	[GROUP_PROTOCOL] = {"protocol-object", "protocol-object or group-object",
		read_protocol_member},
	[GROUP_ICMP_TYPE] = {"icmp-object", "icmp-object or group-object", read_icmp_member},
};

// ---- Groups in groups --------------------------------------------------------------------------

static void group_read(struct loader *l, struct object_group *g, unsigned int depth);

static struct object_group *group_of(struct loader *l, struct str name)
{
	for (size_t i = 0; i < l->groups.n; i++)
		if (str_eq(l->groups.list[i].node->key, name))
			return &l->groups.list[i];
	return NULL;
}

static bool takes(const struct object_group *g, const struct object_group *other)
{
	return g->kind == other->kind &&
		(g->kind != GROUP_PORTS || memcmp(g->proto, other->proto, sizeof(g->proto)) == 0);
}

// Reads a group for another; false: too many would be in one another, in whichever order they stand.
static bool nest(
	struct loader *l, struct object_group *g, struct object_group *other, unsigned int depth)
{
	if (depth == GROUP_DEPTH_MAX)
		return false;
	group_read(l, other, depth + 1);
	if (other->height >= GROUP_DEPTH_MAX)
		return false;
	if (g->height <= other->height)
		g->height = other->height + 1;
	return true;
}

static void read_nested(struct loader *l, const struct node *n, struct object_group *g,
	struct words *w, unsigned int depth)
{
	struct str name = words_next(w);
	struct object_group *other = group_of(l, name);
	char found[FOUND_MAX];

	if (other == NULL) {
		object_group_find(l, n, name, 1U << g->kind);
	} else if (!takes(g, other)) {
		fault(l, n, "found group %s of another kind or protocol, expected one of the same",
			found_text(name, found));
	} else if (other->state == GROUP_OPEN) {
		fault(l, n, "found group %s, which this one is part of, expected no circle",
			found_text(name, found));
	} else if (!nest(l, g, other, depth)) {
		fault(l, n, "found more than %u groups in one another, expected fewer",
			GROUP_DEPTH_MAX);
	} else if (g->kind == GROUP_NETWORK) {
		add_prefixes(l, n, g, other->prefixes, other->n);
	} else {
		add_services(l, n, g, other->services, other->n);
	}
}

static void read_member(
	struct loader *l, const struct node *n, struct object_group *g, unsigned int depth)
{
	char err[200] = "";
	struct words w = {n->text, err, sizeof(err)};

	if (!want_scalar(l, n, members[g->kind].expected))
		return;
	if (words_take(&w, "group-object"))
		read_nested(l, n, g, &w, depth);
	else if (words_take(&w, members[g->kind].word))
		members[g->kind].read(l, n, g, &w);
	else
		words_fail(&w, words_peek(&w), members[g->kind].expected);
	if (err[0] == '\0')
		words_end(&w);
	if (err[0] != '\0')
		fault(l, n, "%s", err);
}

static void group_read(struct loader *l, struct object_group *g, unsigned int depth)
{
	const struct node *list = node_get(g->node, "members");

	if (g->state != GROUP_UNREAD)
		return;
	g->state = GROUP_OPEN;
	g->height = 1;
	if (list != NULL && want_list(l, list)) {
		if (list->n == 0)
			fault(l, list, "found an empty list, expected at least one member");
		for (const struct node *x = list->children; x != NULL; x = x->next)
			read_member(l, x, g, depth);
	}
	g->state = GROUP_READ;
}

// ---- The section -------------------------------------------------------------------------------

// Read when the kinds of all groups are known.
static void pass_over(struct loader *l, const struct node *n, void *obj)
{
}

static void read_group_protocol(struct loader *l, const struct node *n, void *obj)
{
	static const char *const names[] = {"tcp", "udp", "tcp-udp", NULL};
	static const uint8_t protos[][2] = {
		{PROTO_TCP, PROTO_TCP}, {PROTO_UDP, PROTO_UDP}, {PROTO_TCP, PROTO_UDP}};
	static const struct field protocol = {.kind = FIELD_ENUM, .size = 1, .names = names};
	struct object_group *g = obj;
	uint8_t v = 0;

	read_field(l, n, &protocol, &v);
	g->kind = GROUP_PORTS;
	memcpy(g->proto, protos[v], sizeof(g->proto));
}

static void add_group(struct loader *l, const struct node *n, enum group_kind kind)
{
	static const struct field fields[] = {
		{"members", .kind = FIELD_READ, .required = true, .read = pass_over},
		{"description", .kind = FIELD_NOTE},
		{"protocol", .kind = FIELD_READ, .read = read_group_protocol},
	};
	const struct object_group *other = group_of(l, n->key);
	struct object_group *g = &l->groups.list[l->groups.n];
	char name[CONFIG_NAME_MAX];

	read_entry_name(l, n, name, sizeof(name));
	if (other != NULL) {
		errors_add(l->errs, n->key_at,
			"found a second group %s, expected each name once among all kinds of "
			"groups "
			"(first on line %u)",
			name, other->node->key_at.line);
		return;
	}
	*g = (struct object_group){.node = n, .kind = kind};
	l->groups.n++;
	read_map(l, n, fields, COUNT(fields) - (kind != GROUP_SERVICE), g);
}

static void add_groups(struct loader *l, const struct node *n, enum group_kind kind)
{
	if (want_map(l, n))
		for (const struct node *x = n->children; x != NULL; x = x->next)
			add_group(l, x, kind);
}

static void read_network_groups(struct loader *l, const struct node *n, void *obj)
{
	add_groups(l, n, GROUP_NETWORK);
}

static void read_service_groups(struct loader *l, const struct node *n, void *obj)
{
	add_groups(l, n, GROUP_SERVICE);
}

static void read_protocol_groups(struct loader *l, const struct node *n, void *obj)
{
	add_groups(l, n, GROUP_PROTOCOL);
}

static void read_icmp_groups(struct loader *l, const struct node *n, void *obj)
{
	add_groups(l, n, GROUP_ICMP_TYPE);
}

void read_object_groups(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"network", .kind = FIELD_READ, .read = read_network_groups},
		{"service", .kind = FIELD_READ, .read = read_service_groups},
		{"protocol", .kind = FIELD_READ, .read = read_protocol_groups},
		{"icmp-type", .kind = FIELD_READ, .read = read_icmp_groups},
	};
	size_t count = 0;

	if (!want_map(l, n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next)
		count += x->n;
	l->groups.list = calloc(count + 1, sizeof(*l->groups.list));
	if (l->groups.list == NULL) {
		l->no_memory = true;
		return;
	}
	read_map(l, n, fields, COUNT(fields), obj);
	for (size_t i = 0; i < l->groups.n; i++)
		group_read(l, &l->groups.list[i], 1);
}

// "network or service (of ports)"
static void kinds_text(unsigned int kinds, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < GROUP_KINDS && used < size; i++)
		if (kinds & 1U << i)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
				used > 0 ? " or " : "", kind_names[i]);
}

const struct object_group *object_group_find(
	struct loader *l, const struct node *n, struct str name, unsigned int kinds)
{
	const struct object_group *g = group_of(l, name);
	char found[FOUND_MAX], hint[SUGGESTION_MAX] = "", wanted[80];
	struct suggestion s = {.word = name};

	if (g != NULL && (kinds & 1U << g->kind))
		return g;
	kinds_text(kinds, wanted, sizeof(wanted));
	if (g == NULL) {
		for (size_t i = 0; i < l->groups.n; i++)
			if (kinds & 1U << l->groups.list[i].kind)
				suggestion_offer(&s, l->groups.list[i].node->key);
		suggestion_text(&s, hint);
	}
	fault(l, n, "found object-group %s%s%s, expected one of kind %s%s", found_text(name, found),
		g != NULL ? " of kind " : "", g != NULL ? kind_names[g->kind] : "", wanted, hint);
	return NULL;
}

static enum ace_group kind_of(const void *arg, struct str name)
{
	const struct object_groups *g = arg;

	for (size_t i = 0; i < g->n; i++)
		if (str_eq(g->list[i].node->key, name))
			return g->list[i].kind == GROUP_PORTS ? ACE_GROUP_PORTS : ACE_GROUP_OTHER;
	return ACE_GROUP_NONE;
}

struct ace_groups object_groups_names(const struct object_groups *g)
{
	return (struct ace_groups){kind_of, g};
}

void object_groups_free(struct object_groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->list[i].prefixes);
		free(g->list[i].services);
	}
	free(g->list);
}
