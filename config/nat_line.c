// SPDX-License-Identifier: BSD-3-Clause
// What the names in a line of translation stand for, and the rules that it makes; see
// config/nat_line.h. Called by config/translate.c.
#include "config/nat_line.h"

#include <netinet/in.h>
#include <stdlib.h>

// ---- Names -------------------------------------------------------------------------------------

static bool is_word(const struct node *n, const char *word)
{
	return n->kind == NODE_SCALAR && str_eq(n->text, str_from(word));
}

static const struct object_group *group_find(const struct loader *l, struct str name)
{
	for (size_t i = 0; i < l->groups.n; i++)
		if (str_eq(l->groups.list[i].node->key, name))
			return &l->groups.list[i];
	return NULL;
}

static void tell_unknown(struct loader *l, const struct node *n, const struct node *objects)
{
	char found[FOUND_MAX], hint[SUGGESTION_MAX];
	struct suggestion s = {.word = n->text};

	if (objects != NULL && objects->kind == NODE_MAP)
		for (const struct node *c = objects->children; c != NULL; c = c->next)
			suggestion_offer(&s, c->key);
	for (size_t i = 0; i < l->groups.n; i++)
		if (l->groups.list[i].kind == GROUP_NETWORK)
			suggestion_offer(&s, l->groups.list[i].node->key);
	fault(l, n, "found %s, expected the name of a network object or object-group%s",
		found_node(n, found), suggestion_text(&s, hint));
}

void nat_side_read(struct loader *l, const struct node *n, struct nat_side *s)
{
	const struct node *objects = node_get(node_get(l->root, "objects"), "network");
	const struct object_group *group;
	int i;

	s->node = n;
	if (!want_scalar(l, n, "a name"))
		return;
	i = objects != NULL && l->networks != NULL ? node_index(objects, n->text) : -1;
	group = group_find(l, n->text);
	if (i >= 0 && group != NULL)
		fault_expected(l, n, "a name that not both an object and an object-group have");
	else if (i >= 0)
		s->object = &l->networks[i];
	else if (group == NULL)
		tell_unknown(l, n, objects);
	else if (group->kind != GROUP_NETWORK)
		object_group_find(l, n, n->text, 1U << GROUP_NETWORK); // tells what it is
	else
		s->group = group;
}

void nat_side_read_any(struct loader *l, const struct node *n, struct nat_side *s)
{
	s->node = n;
	if (is_word(n, "any"))
		s->any = true;
	else
		nat_side_read(l, n, s);
}

void nat_side_read_mapped(struct loader *l, const struct node *n, struct nat_side *s)
{
	s->node = n;
	if (is_word(n, "interface"))
		s->interface = true;
	else
		nat_side_read_any(l, n, s);
}

// ---- Addresses of a side -----------------------------------------------------------------------

// Where a reader of a side stands: at `first`, with `n` addresses before the next gap.
struct cursor {
	const struct nat_side *side;
	size_t next; // member
	uint32_t first;
	uint64_t n;
};

static uint32_t number_of(const struct ip_addr *ip)
{
	return ntohl(ip_to_v4_be(ip));
}

static struct ip_addr address_of(uint32_t number)
{
	return ip_from_v4_be(htonl(number));
}

// The i-th member; false: there is none, or it was faulty.
static bool member_at(const struct nat_side *s, size_t i, struct nat_pool *out)
{
	*out = (struct nat_pool){{{0}}, {{0}}};
	if (s->group != NULL && i < s->group->n)
		*out = nat_pool_of(&s->group->prefixes[i]);
	else if (s->any && i == 0)
		*out = (struct nat_pool){address_of(0), address_of(UINT32_MAX)};
	else if (s->object != NULL && i == 0 && !ip_is_none(&s->object->first))
		*out = (struct nat_pool){s->object->first, s->object->last};
	else if (s->object != NULL && i == 0 && s->object->prefix.len > 0)
		*out = nat_pool_of(&s->object->prefix);
	return !ip_is_none(&out->first);
}

// Members without a gap between them are read as one.
static bool cursor_fill(struct cursor *c)
{
	struct nat_pool p;

	if (c->n > 0)
		return true;
	for (; member_at(c->side, c->next, &p); c->next++) {
		const uint32_t first = number_of(&p.first);

		if (c->n > 0 && c->first + c->n != first)
			break;
		if (c->n == 0)
			c->first = first;
		c->n += (uint64_t)number_of(&p.last) - first + 1;
	}
	return c->n > 0;
}

static struct nat_pool cursor_take(struct cursor *c, uint64_t n)
{
	const struct nat_pool p = {address_of(c->first), address_of((uint32_t)(c->first + n - 1))};

	c->first += (uint32_t)n;
	c->n -= n;
	return p;
}

static uint64_t side_size(const struct nat_side *s)
{
	struct cursor c = {.side = s};
	uint64_t n = s->interface;

	for (; cursor_fill(&c); c.n = 0)
		n += c.n;
	return n;
}

// The largest subnet of at most `n` addresses that can begin where the bits say.
static uint64_t subnet_size(uint32_t first, uint64_t n)
{
	uint64_t size = UINT64_C(1) << 32;

	while (size > n || first % size != 0)
		size /= 2;
	return size;
}

// Two sides, read side by side. One that is the interface's address has nothing to read.
struct pairs {
	struct cursor a, b;
	bool subnets; // only such as are subnets of one size
};

static struct pairs pairs_of(const struct nat_side *a, const struct nat_side *b, bool subnets)
{
	return (struct pairs){{.side = a}, {.side = b}, subnets};
}

static bool pairs_next(struct pairs *p, struct nat_pool *a, struct nat_pool *b)
{
	uint64_t n;

	if (!cursor_fill(&p->a) || !cursor_fill(&p->b))
		return false;
	n = p->a.n < p->b.n ? p->a.n : p->b.n;
	if (p->subnets)
		n = subnet_size(p->a.first | p->b.first, n);
	*a = cursor_take(&p->a, n);
	*b = cursor_take(&p->b, n);
	return true;
}

// The same addresses as a subnet; len 0: they are none.
static struct prefix subnet_of(const struct nat_pool *p)
{
	const uint32_t first = number_of(&p->first);
	const uint64_t n = (uint64_t)number_of(&p->last) - first + 1;
	uint8_t len = 128;

	if (subnet_size(first, n) != n)
		return (struct prefix){{{0}}, 0};
	for (uint64_t size = 1; size < n; size *= 2)
		len--;
	return (struct prefix){p->first, len};
}

// ---- Sizes -------------------------------------------------------------------------------------

// The length of a side that is one subnet of IPv4, or -1.
static int length_of(const struct nat_side *s)
{
	if (s->any || s->interface)
		return s->any ? 0 : 32;
	return s->object != NULL && s->object->prefix.len >= 96 ? s->object->prefix.len - 96 : -1;
}

// Both sides have addresses, and as many. False: a fault has been told, now or when they were read.
static bool check_sizes(struct loader *l, const struct node *n, const char *of,
	const struct nat_side *a, const char *a_name, const struct nat_side *b, const char *b_name)
{
	const uint64_t n_a = side_size(a), n_b = side_size(b);

	if (n_a == 0 || n_b == 0)
		return false;
	if (n_a == n_b)
		return true;
	if (length_of(a) >= 0 && length_of(b) >= 0)
		fault(l, n, "found %sa %s /%d and a %s /%d, expected the same size", of, a_name,
			length_of(a), b_name, length_of(b));
	else
		fault(l, n, "found %s%ju %s and %ju %s addresses, expected as many of both", of,
			(uintmax_t)n_a, a_name, (uintmax_t)n_b, b_name);
	return false;
}

// The addresses of a pool: of an object, or of a group, in as many places. A pool that a fault has left without any is none.
static bool pools_of(struct loader *l, const struct nat_line *line, struct nat_rule *r)
{
	struct cursor c = {.side = &line->mapped};
	size_t n = 0;

	for (; !line->mapped.interface && cursor_fill(&c); n++) {
		const struct nat_pool run = cursor_take(&c, c.n);

		if (n < NAT_POOLS_MAX)
			*(n == 0 ? &r->pool : &r->more_pools[n - 1]) = run;
	}
	if (n > NAT_POOLS_MAX)
		fault(l, line->mapped.node,
			"found a pool of %zu ranges, expected %u at most: addresses that follow "
			"one "
			"another, in the group too, count as one range",
			n, NAT_POOLS_MAX);
	return line->mapped.interface || (n > 0 && n <= NAT_POOLS_MAX);
}

// ---- Rules -------------------------------------------------------------------------------------

void nat_line_init(struct nat_line *line, const struct node *n, enum nat_section section)
{
	memset(line, 0, sizeof(*line)); // padding too: rules are compared as memory
	line->node = n;
	line->rule.real_if = line->rule.mapped_if = NAT_IFACE_ANY;
	line->rule.section = section;
	line->rule.line = n->at.line;
}

// Room for more rules; false: no memory. What is there stays.
static bool rules_room(struct loader *l, size_t more)
{
	const size_t n = l->c->n_nat + more;
	struct nat_rule *rules = realloc(l->c->nat, n * sizeof(*rules));
	const struct node **nodes;

	if (rules != NULL)
		l->c->nat = rules;
	nodes = realloc(l->nat_nodes, n * sizeof(*nodes));
	if (nodes != NULL)
		l->nat_nodes = nodes;
	l->no_memory = l->no_memory || rules == NULL || nodes == NULL;
	return rules != NULL && nodes != NULL;
}

static void rule_add(struct loader *l, const struct nat_line *line, const struct nat_rule *r)
{
	struct nat_rule *new = &l->c->nat[l->c->n_nat];
	const bool first = l->c->n_nat == 0 || l->nat_nodes[l->c->n_nat - 1] != line->node;

	memcpy(new, r, sizeof(*new));
	new->part = first ? 0 : new[-1].part + 1;
	l->nat_nodes[l->c->n_nat++] = line->node;
}

// Calls `each` with a rule that has its source; once for each pair of both sides' addresses.
typedef void source_fn(struct loader *l, const struct nat_line *line, const struct nat_rule *r);

static void sources(struct loader *l, const struct nat_line *line, source_fn *each)
{
	const bool alone = line->rule.kind != NAT_STATIC || line->mapped.interface;
	struct pairs p = pairs_of(&line->real, alone ? &line->real : &line->mapped, false);
	struct nat_pool real, mapped;
	struct nat_rule r;

	while (pairs_next(&p, &real, &mapped)) {
		const struct prefix net = subnet_of(&real), to = subnet_of(&mapped);

		memcpy(&r, &line->rule, sizeof(r));
		if (net.len > 0 && to.len > 0) {
			r.real = net;
			if (!alone)
				r.mapped = to;
		} else {
			r.real_range = real;
			if (!alone)
				r.pool = mapped;
		}
		each(l, line, &r);
	}
}

static void destinations(struct loader *l, const struct nat_line *line, const struct nat_rule *r)
{
	const bool alone = line->dst_mapped.interface;
	struct pairs p =
		pairs_of(alone ? &line->dst_real : &line->dst_mapped, &line->dst_real, true);
	struct nat_pool mapped, real;
	struct nat_rule with;

	if (!line->twice)
		return rule_add(l, line, r);
	while (pairs_next(&p, &mapped, &real)) {
		memcpy(&with, r, sizeof(with));
		with.dst_real = subnet_of(&real);
		if (!alone)
			with.dst_mapped = subnet_of(&mapped);
		rule_add(l, line, &with);
	}
}

static size_t pairs_count(struct pairs p)
{
	struct nat_pool a, b;
	size_t n = 0;

	while (pairs_next(&p, &a, &b))
		n++;
	return n;
}

// How many rules the line makes.
static size_t rules_count(const struct nat_line *line)
{
	const bool fixed = line->rule.kind == NAT_STATIC && !line->mapped.interface;
	const struct nat_side *to =
		line->dst_mapped.interface ? &line->dst_real : &line->dst_mapped;

	return pairs_count(pairs_of(&line->real, fixed ? &line->mapped : &line->real, false)) *
		(line->twice ? pairs_count(pairs_of(to, &line->dst_real, true)) : 1);
}

static bool line_settle(struct loader *l, struct nat_line *line)
{
	struct nat_rule *r = &line->rule;

	if (line->twice &&
		!check_sizes(l, line->node, "a destination of ", &line->dst_mapped, "mapped",
			&line->dst_real, "real"))
		return false;
	r->dst_interface = line->dst_mapped.interface;
	r->interface = line->mapped.interface || line->backup;
	if (r->kind == NAT_STATIC)
		return check_sizes(l, line->node, "", &line->real, "real", &line->mapped, "mapped");
	if (!pools_of(l, line, r))
		return false;
	// As in the manual, one address is shared by ports; of several each host gets its own, unless
	// they are a pat-pool.
	r->kind = nat_given_size(r) > 1 && !line->pat_pool ? NAT_DYNAMIC : NAT_PAT;
	return side_size(&line->real) > 0;
}

void nat_line_add(struct loader *l, struct nat_line *line)
{
	size_t n;

	if (!line_settle(l, line) || line->inactive)
		return;
	n = rules_count(line);
	if (n > 1 && l->c->n_nat + n > NAT_RULES_MAX)
		fault(l, line->node,
			"found groups that make %zu rules, beside %zu before them, expected at "
			"most "
			"%u in all lines together: fewer addresses, in larger subnets",
			n, l->c->n_nat, NAT_RULES_MAX);
	else if (rules_room(l, n))
		sources(l, line, destinations);
}
