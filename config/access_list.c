// SPDX-License-Identifier: BSD-3-Clause
// Access lists, their objects put in place, and access-groups. Called from config/load.c.
#include <stdlib.h>

#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// The parts of one entry while they are put together. Of a group they are the group's own.
struct parts {
	struct ace_parts p;
	struct prefix src[PREFIX_RANGE_MAX], dst[PREFIX_RANGE_MAX];
	struct ace_service *services; // to be freed
	size_t room;
};

static bool add_service(struct loader *l, struct parts *to, const struct ace_service *s)
{
	if (to->p.n_services == to->room) {
		size_t room = to->room > 0 ? 2 * to->room : 16;
		struct ace_service *list = realloc(to->services, room * sizeof(*list));

		if (list == NULL) {
			l->no_memory = true;
			return false;
		}
		to->services = list;
		to->room = room;
		to->p.services = list;
	}
	to->services[to->p.n_services++] = *s;
	return true;
}

// The ports of one side for a protocol: literal, or those of a group.
static size_t ports_of(const struct ace_ports *x, const struct object_group *g, size_t i,
	uint8_t proto, struct port_range *out)
{
	if (g == NULL) {
		*out = x->set.range[i];
		return i < x->set.n;
	}
	*out = g->services[i].dport;
	return g->services[i].proto == proto;
}

static bool port_group(struct loader *l, const struct node *n, const struct ace_ports *x,
	uint8_t proto, const struct object_group **g)
{
	char found[FOUND_MAX];

	*g = NULL;
	if (x->ref == ACE_LITERAL)
		return true;
	*g = object_group_find(l, n, x->name, 1U << GROUP_PORTS);
	if (*g == NULL)
		return false;
	if ((*g)->proto[0] == proto || (*g)->proto[1] == proto)
		return true;
	fault(l, n, "found object-group %s of ports of another protocol, expected the entry's",
		found_text(x->name, found));
	return false;
}

// Every source port with every destination port.
static bool add_ports(struct loader *l, const struct node *n, const struct ace_text *t,
	uint8_t proto, struct parts *to)
{
	const struct object_group *src, *dst;
	struct ace_service s = {.proto = proto};
	size_t n_src, n_dst;

	if (!port_group(l, n, &t->sport, proto, &src) || !port_group(l, n, &t->dport, proto, &dst))
		return false;
	n_src = src != NULL ? src->n : t->sport.set.n;
	n_dst = dst != NULL ? dst->n : t->dport.set.n;
	for (size_t i = 0; i < n_src; i++) {
		if (!ports_of(&t->sport, src, i, proto, &s.sport))
			continue;
		for (size_t k = 0; k < n_dst; k++)
			if (ports_of(&t->dport, dst, k, proto, &s.dport) &&
				(to->p.n_services > CONFIG_ACES_MAX || !add_service(l, to, &s)))
				return false;
	}
	return true;
}

static bool is_any(const struct ace_ports *x)
{
	return x->ref == ACE_LITERAL && x->set.n == 1 && x->set.range[0].lo == 0 &&
		x->set.range[0].hi == UINT16_MAX;
}

// A group in the protocol's place: of protocols, which may be followed by ports, or of services.
static bool add_group(
	struct loader *l, const struct node *n, const struct ace_text *t, struct parts *to)
{
	const struct object_group *g =
		object_group_find(l, n, t->service, 1U << GROUP_PROTOCOL | 1U << GROUP_SERVICE);
	bool ports = !is_any(&t->sport) || !is_any(&t->dport);

	if (g == NULL)
		return false;
	if (!ports) {
		to->p.services = g->services;
		to->p.n_services = g->n;
		return true;
	}
	for (size_t i = 0; i < g->n; i++) {
		if (g->kind == GROUP_PROTOCOL && proto_has_ports(g->services[i].proto)) {
			if (!add_ports(l, n, t, g->services[i].proto, to))
				return false;
			continue;
		}
		fault(l, n,
			"found ports behind object-group %.*s, expected a group of tcp and udp "
			"alone",
			STR_FMT(t->service));
		return false;
	}
	return true;
}

static bool services_of(
	struct loader *l, const struct node *n, const struct ace_text *t, struct parts *to)
{
	const struct object_group *types = NULL;
	const struct object_service *o;
	struct ace_service terms[4];

	if (t->ref == ACE_GROUP)
		return add_group(l, n, t, to);
	if (t->ref == ACE_OBJECT) {
		o = object_service_find(l, n, t->service);
		if (o == NULL)
			return false;
		for (size_t i = 0, count = service_terms(&o->service, terms); i < count; i++)
			if (!add_service(l, to, &terms[i]))
				return false;
		return true;
	}
	if (t->proto != PROTO_ICMP || t->sport.ref == ACE_LITERAL)
		return add_ports(l, n, t, t->proto, to);
	types = object_group_find(l, n, t->sport.name, 1U << GROUP_ICMP_TYPE);
	if (types == NULL)
		return false;
	to->p.services = types->services;
	to->p.n_services = types->n;
	return true;
}

static bool addresses_of(struct loader *l, const struct node *n, const struct ace_address *x,
	struct prefix *room, const struct prefix **out, size_t *count)
{
	const struct object_network *o;
	const struct object_group *g;

	*out = room;
	switch (x->ref) {
	case ACE_LITERAL:
		room[0] = x->prefix;
		*count = 1;
		return true;
	case ACE_OBJECT:
		o = object_network_find(l, n, x->name);
		*count = o != NULL ? object_network_prefixes(o, room) : 0;
		return o != NULL;
	case ACE_GROUP:
		g = object_group_find(l, n, x->name, 1U << GROUP_NETWORK);
		*out = g != NULL ? g->prefixes : NULL;
		*count = g != NULL ? g->n : 0;
		return g != NULL;
	}
	return false;
}

// Room for so many rules, in powers of two.
static size_t room_for(size_t n)
{
	size_t room = n > 0 ? 16 : 0;

	while (room < n)
		room *= 2;
	return room;
}

static bool make_room(struct loader *l, struct config_acl *a, size_t more)
{
	size_t room = room_for(a->n + more);
	struct ace *aces = a->aces;

	if (room != room_for(a->n))
		aces = realloc(aces, room * sizeof(*aces));
	if (aces == NULL) {
		l->no_memory = true;
		return false;
	}
	a->aces = aces;
	return true;
}

// Appends what an entry stands for.
static void add_rules(struct loader *l, const struct node *n, const struct ace_parts *p,
	struct config_acl *a, const struct ace *like)
{
	size_t count = ace_count(p);

	if (count > CONFIG_ACES_MAX - l->n_aces) {
		fault(l, n,
			"found an entry that makes %zu rules with its objects, beside %zu before "
			"it, "
			"expected at most %u in all lists together",
			count, l->n_aces, CONFIG_ACES_MAX);
		return;
	}
	if (count == 0 || !make_room(l, a, count))
		return;
	ace_expand(p, like, a->aces + a->n);
	a->n += count;
	l->n_aces += count;
}

static void read_rule(struct loader *l, const struct node *n, const struct ace_text *t,
	struct config_acl *a, struct config_entry *e)
{
	struct ace like = {.line = e->line, .permit = t->permit, .log = t->log};
	struct parts to = {0};

	like.entry = (uint32_t)(e - a->entries);
	if (services_of(l, n, t, &to) &&
		addresses_of(l, n, &t->src, to.src, &to.p.srcs, &to.p.n_srcs) &&
		addresses_of(l, n, &t->dst, to.dst, &to.p.dsts, &to.p.n_dsts) && !t->inactive)
		add_rules(l, n, &to.p, a, &like);
	free(to.services);
}

// The user's words with one blank between them. NULL: no memory.
static char *words_text(struct str text)
{
	char *copy = malloc(text.n + 1), *to = copy;
	struct words w = {.rest = text};

	if (copy == NULL)
		return NULL;
	for (struct str word = words_next(&w); word.n > 0; word = words_next(&w)) {
		if (to > copy)
			*to++ = ' ';
		memcpy(to, word.p, word.n);
		to += word.n;
	}
	*to = '\0';
	return copy;
}

static void read_entry(
	struct loader *l, const struct node *n, struct config_acl *a, struct config_entry *e)
{
	const struct ace_groups groups = object_groups_names(&l->groups);
	struct ace_text t;
	char err[200];

	e->line = n->at.line;
	e->first = a->n;
	if (!want_scalar(l, n, "an entry such as permit tcp any host 192.168.10.30 eq 5070"))
		return;
	if (!ace_text_parse(n->text, &groups, &t, err, sizeof(err))) {
		fault(l, n, "%s", err);
		return;
	}
	e->text = words_text(n->text);
	if (e->text == NULL)
		l->no_memory = true;
	e->remark = t.remark.n > 0;
	e->inactive = t.inactive;
	e->log = t.log;
	e->log_level = t.log_level;
	e->log_interval_s = t.log_interval_s;
	e->objects = t.ref != ACE_LITERAL || t.src.ref != ACE_LITERAL || t.dst.ref != ACE_LITERAL ||
		t.sport.ref != ACE_LITERAL || t.dport.ref != ACE_LITERAL;
	if (!e->remark)
		read_rule(l, n, &t, a, e);
	e->n = a->n - e->first;
}

static void read_entries(struct loader *l, const struct node *n, struct config_acl *a)
{
	size_t i = 0;

	if (!want_list(l, n))
		return;
	if (n->n == 0)
		fault(l, n, "found an empty list, expected at least one entry");
	if (!read_array(l, n, sizeof(*a->entries), (void **)&a->entries, &a->n_entries))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++)
		read_entry(l, x, a, &a->entries[i]);
}

void read_access_lists(struct loader *l, const struct node *n, void *obj)
{
	struct config *c = obj;
	size_t i = 0;

	if (!want_map(l, n) || !read_array(l, n, sizeof(*c->acls), (void **)&c->acls, &c->n_acls))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		read_entry_name(l, x, c->acls[i].name, sizeof(c->acls[i].name));
		read_entries(l, x, &c->acls[i]);
	}
}

void access_lists_free(struct config *c)
{
	for (size_t i = 0; i < c->n_acls; i++) {
		for (size_t k = 0; k < c->acls[i].n_entries; k++)
			free(c->acls[i].entries[k].text);
		free(c->acls[i].entries);
		free(c->acls[i].aces);
	}
	free(c->acls);
}

enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_GLOBAL };

struct access_group {
	int acl, iface;
	uint8_t direction;
};

static void read_group_acl(struct loader *l, const struct node *n, void *obj)
{
	struct access_group *g = obj;

	g->acl = read_ref(l, n, node_get(l->root, "access-lists"), "the name of an access list");
}

static void read_group_iface(struct loader *l, const struct node *n, void *obj)
{
	struct access_group *g = obj;

	g->iface = read_iface(l, n);
}

// Where the list of a group goes; NULL when the group is faulty, which has been told.
static int *group_place(struct loader *l, const struct node *n, const struct access_group *g)
{
	const struct node *iface = node_get(n, "interface");

	if (g->direction == DIRECTION_GLOBAL) {
		if (iface == NULL)
			return &l->c->acl_global;
		fault(l, iface, "found an interface beside direction global, expected none");
		return NULL;
	}
	if (iface == NULL && n->kind == NODE_MAP)
		fault(l, n, "found no interface, expected one");
	if (g->iface < 0)
		return NULL;
	return g->direction == DIRECTION_IN ? &l->c->ifaces[g->iface].acl_in
					    : &l->c->ifaces[g->iface].acl_out;
}

static void read_group(struct loader *l, const struct node *n)
{
	static const char *const directions[] = {"in", "out", "global", NULL};
	static const struct field fields[] = {
		{"access-list", .kind = FIELD_READ, .required = true, .read = read_group_acl},
		{"direction", .kind = FIELD_ENUM, .required = true,
			FIELD_AT(struct access_group, direction), .names = directions},
		{"interface", .kind = FIELD_READ, .read = read_group_iface},
	};
	struct access_group g = {.acl = -1, .iface = -1};
	int *place;

	read_map(l, n, fields, COUNT(fields), &g);
	place = group_place(l, n, &g);
	if (g.acl < 0 || place == NULL)
		return;
	if (*place >= 0 && g.direction == DIRECTION_GLOBAL)
		fault(l, n, "found a second global list, expected one");
	else if (*place >= 0)
		fault(l, n, "found a second list %s for interface %s, expected one per direction",
			directions[g.direction], l->c->ifaces[g.iface].name);
	*place = g.acl;
}

void read_access_groups(struct loader *l, const struct node *n, void *obj)
{
	if (want_list(l, n))
		for (const struct node *x = n->children; x != NULL; x = x->next)
			read_group(l, x);
}

// The manual's words.
void read_same_security(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] = "permit inter-interface";
	struct config *c = obj;

	if (!want_scalar(l, n, expected))
		return;
	if (str_eq(n->text, str_from(expected)))
		c->same_security = true;
	else
		fault_expected(l, n, expected);
}
