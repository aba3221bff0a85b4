// SPDX-License-Identifier: BSD-3-Clause
// Interfaces, routes and translations against one another. Called at the end of config/load.c;
// what has been found faulty before is passed over.
#include "config/check.h"

static const struct node *entry(const struct loader *l, const char *section, size_t i)
{
	return node_at(node_get(l->root, section), i);
}

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	return a->len > 0 && b->len > 0 && (prefix_has(a, &b->ip) || prefix_has(b, &a->ip));
}

bool address_is_edge(const struct prefix *subnet, const struct ip_addr *ip)
{
	bool zeros = true, ones = true;

	for (unsigned int bit = subnet->len; bit < 128; bit++) {
		bool one = (ip->b[bit / 8] & (0x80U >> bit % 8)) != 0;

		zeros = zeros && !one;
		ones = ones && one;
	}
	return subnet->len < 127 && (zeros || ones);
}

static bool iface_meets(uint16_t a, uint16_t b)
{
	return a == NAT_IFACE_ANY || b == NAT_IFACE_ANY || a == b;
}

static bool stands_for(
	const struct prefix *mapped, const struct prefix *real, const struct ip_addr *ip)
{
	return mapped->len > 0 && prefix_has(mapped, ip) && !ip_eq(&mapped->ip, &real->ip);
}

// Whether an address on an interface is one that a rule stands in for: what a static rule was told to map
// to, what a pool has, and DST_MAPPED on the real side. The interface's own port is no such address.
static bool nat_maps_to(const struct nat_rule *r, uint16_t iface, const struct ip_addr *ip)
{
	const struct nat_pool mapped = nat_mapped(r);

	if (nat_is_twice(r) && !r->dst_interface && iface_meets(r->real_if, iface) &&
		stands_for(&r->dst_mapped, &r->dst_real, ip))
		return true;
	if (!iface_meets(r->mapped_if, iface))
		return false;
	if (r->kind != NAT_STATIC)
		return nat_given_has(r, ip);
	return !r->interface && nat_pool_has(&mapped, ip) && !nat_is_identity(r);
}

bool address_in_use(const struct loader *l, uint16_t iface, const struct ip_addr *ip, char *use)
{
	const struct config *c = l->c;

	for (size_t i = 0; i < c->n_ifaces; i++)
		if (ip_eq(&c->ifaces[i].ip, ip)) {
			snprintf(use, ADDRESS_USE_MAX, "the address of interface %s",
				c->ifaces[i].name);
			return true;
		}
	for (size_t i = 0; i < c->n_routes; i++)
		if (ip_eq(&c->routes[i].gateway, ip)) {
			snprintf(use, ADDRESS_USE_MAX, "the gateway of the route on line %u",
				entry(l, "routes", i)->at.line);
			return true;
		}
	for (size_t i = 0; i < c->n_nat; i++)
		if (nat_maps_to(&c->nat[i], iface, ip)) {
			snprintf(use, ADDRESS_USE_MAX, "mapped by the nat on line %u",
				c->nat[i].line);
			return true;
		}
	return false;
}

// Two interfaces that share a port are told apart by their tags; what stands before the first comma
// names it.
static bool same_device(const char *a, const char *b)
{
	struct str x, y;

	str_split(str_from(a), ',', &x);
	str_split(str_from(b), ',', &y);
	return x.n > 0 && str_eq(x, y);
}

static void check_shared(struct loader *l, const struct config_iface *a,
	const struct config_iface *b, const struct node *n)
{
	if (strcmp(a->device, b->device) != 0)
		fault(l, node_get(n, "device"),
			"found the device of interface %s with other arguments, expected another "
			"device, or the same arguments and a vlan",
			b->name);
	else if (a->vlan == b->vlan && a->vlan == 0)
		fault(l, node_get(n, "device"),
			"found the device of interface %s, expected another, or a vlan", b->name);
	else if (a->vlan == b->vlan)
		fault(l, node_get(n, "vlan"),
			"found the vlan of interface %s on the same device, expected another",
			b->name);
}

static void check_iface(struct loader *l, size_t i)
{
	const struct config_iface *a = &l->c->ifaces[i];
	const struct node *n = entry(l, "interfaces", i);

	if (a->subnet.len > 0 && address_is_edge(&a->subnet, &a->ip))
		fault_expected(l, node_get(n, "address"), "the address of a host in the subnet");
	for (size_t k = 0; k < i; k++) {
		const struct config_iface *b = &l->c->ifaces[k];

		if (overlap(&a->subnet, &b->subnet))
			fault(l, node_get(n, "address"),
				"found a subnet that overlaps that of interface %s, expected "
				"another",
				b->name);
		if (same_device(a->device, b->device))
			check_shared(l, a, b, n);
	}
}

static void check_route(struct loader *l, size_t i, const struct node *n)
{
	const struct config_route *r = &l->c->routes[i];
	const struct config_iface *f = r->iface < l->c->n_ifaces ? &l->c->ifaces[r->iface] : NULL;
	char expected[ENDPOINT_TEXT_MAX + 48], subnet[ENDPOINT_TEXT_MAX];

	if (f != NULL && f->subnet.len > 0 && !ip_is_none(&r->gateway) &&
		(!prefix_has(&f->subnet, &r->gateway) || ip_eq(&f->ip, &r->gateway) ||
			address_is_edge(&f->subnet, &r->gateway))) {
		snprintf(expected, sizeof(expected), "another host of the interface's subnet %s",
			prefix_format(&f->subnet, subnet));
		fault_expected(l, node_get(n, "gateway"), expected);
	}
	for (size_t k = 0; k < i && r->dst.len > 0; k++) {
		const struct config_route *other = &l->c->routes[k];

		if (other->dst.len != r->dst.len || !ip_eq(&other->dst.ip, &r->dst.ip))
			continue;
		fault(l, node_get(n, "destination"),
			"found a second route there, expected one (first on line %u)",
			entry(l, "routes", k)->at.line);
		return;
	}
}

static bool service_meets(
	const struct nat_rule *a, uint16_t a_port, const struct nat_rule *b, uint16_t b_port)
{
	return a->proto == PROTO_ANY || b->proto == PROTO_ANY ||
		(a->proto == b->proto && a_port <= b_port + b->more_ports &&
			b_port <= a_port + a->more_ports);
}

// Two rules of which a packet of an outside host could mean either, or, in one section, one of an
// inside host. A dynamic rule is for what no static one before it takes, and one of twice NAT for a few
// destinations: there the order says what is meant.
static bool nat_overlap(const struct nat_rule *a, const struct nat_rule *b)
{
	const struct nat_pool a_real = nat_real(a), b_real = nat_real(b);
	const struct nat_pool a_mapped = nat_mapped(a), b_mapped = nat_mapped(b);

	if (!iface_meets(a->mapped_if, b->mapped_if) || a->kind != NAT_STATIC ||
		b->kind != NAT_STATIC || nat_is_twice(a) || nat_is_twice(b))
		return false;
	if (nat_pools_meet(&a_mapped, &b_mapped) &&
		service_meets(a, a->mapped_port, b, b->mapped_port))
		return true;
	return a->section == b->section && a->section != NAT_AUTO &&
		iface_meets(a->real_if, b->real_if) && nat_pools_meet(&a_real, &b_real) &&
		service_meets(a, a->real_port, b, b->real_port);
}

// An address that hosts share by ports is no host's alone.
static bool pools_differ(const struct nat_rule *a, const struct nat_rule *b)
{
	const struct nat_pool *p;

	if (a->kind == NAT_STATIC || b->kind == NAT_STATIC || a->kind == b->kind ||
		!iface_meets(a->mapped_if, b->mapped_if))
		return false;
	for (size_t i = 0; (p = nat_given_pool(a, i)) != NULL; i++)
		if (nat_given_meets(b, p))
			return true;
	return false;
}

// Whether a dynamic rule may give out a port of an interface's own address, or one below it.
static bool gives_port(const struct nat_rule *dynamic, uint16_t iface, unsigned int port)
{
	return dynamic->kind != NAT_STATIC && dynamic->interface && dynamic->mapped_if == iface &&
		port >= NAT_PAT_PORT_MIN;
}

// A pool's addresses are nobody else's, nor is an interface's port that it gives out.
static bool pool_overlap(const struct nat_rule *dynamic, const struct nat_rule *fixed)
{
	const struct nat_pool mapped = nat_mapped(fixed);

	if (fixed->dst_interface &&
		gives_port(dynamic, fixed->real_if, fixed->dst_mapped_port + fixed->dst_more_ports))
		return true;
	if (fixed->kind == NAT_STATIC && fixed->interface)
		return gives_port(
			dynamic, fixed->mapped_if, fixed->mapped_port + fixed->more_ports);
	return dynamic->kind != NAT_STATIC && fixed->kind == NAT_STATIC &&
		iface_meets(dynamic->mapped_if, fixed->mapped_if) &&
		nat_given_meets(dynamic, &mapped);
}

static void check_dynamic(struct loader *l, const struct nat_rule *r, const struct node *n)
{
	if (r->interface && r->mapped_if == NAT_IFACE_ANY)
		fault(l, n,
			"found the address of any interface, expected the name of one under to");
	if (nat_given_size(r) > NAT_POOL_MAX)
		fault(l, n, "found a pool of %u addresses, expected %u at most", nat_given_size(r),
			NAT_POOL_MAX);
}

// Ports of an interface's own address that serve a host behind us: what comes from there is led to `real`.
struct served {
	uint16_t iface, port, more;
	uint8_t proto;
	struct endpoint real;
};

// Whether a class that is inspected takes what comes from that interface for one of the real ports.
static bool class_takes(
	const struct config *c, const struct config_inspect *class, const struct served *s)
{
	const struct config_acl *list = &c->acls[class->acl];

	for (size_t i = 0; i < list->n; i++) {
		const struct ace *a = &list->aces[i];

		if (a->permit && (a->proto == PROTO_ANY || a->proto == PROTO_TCP) &&
			prefix_has(&a->dst, &s->real.ip) && a->dport.lo <= s->real.port + s->more &&
			a->dport.hi >= s->real.port &&
			(a->src.len == 0 || config_iface_toward(c, &a->src.ip) == s->iface))
			return true;
	}
	return false;
}

static bool has_port(const struct served *s, unsigned int first, unsigned int last)
{
	return first <= s->port + (unsigned int)s->more && last >= s->port;
}

// The control plane serves SIP to addresses that are mapped, and has ports of its own on the interface's.
static void check_served(struct loader *l, const struct served *s, const struct node *n)
{
	const struct config *c = l->c;

	for (size_t i = 0; i < c->n_imes && s->proto == PROTO_TCP; i++) {
		const struct config_mapping *m = &c->imes[i].mapping;

		if (m->on && m->listening_iface == s->iface &&
			(has_port(s, m->listening_port, m->listening_port) ||
				has_port(s, m->first_port, m->last_port)))
			fault(l, n,
				"found port %u of interface %s, which the mapping-service of "
				"uc-ime %s has, expected another",
				s->port, c->ifaces[s->iface].name, c->imes[i].name);
	}

	for (size_t i = 0; i < c->n_inspects && s->proto == PROTO_TCP; i++)
		if (c->inspects[i].acl >= 0 && class_takes(c, &c->inspects[i], s))
			fault(l, n,
				"found port %u of interface %s for what the class %s inspects, "
				"expected a mapped address that is no interface's",
				s->port, c->ifaces[s->iface].name, c->inspects[i].class_name);
}

// The interface's own address in place of `interface`; `key` is what names that interface.
static void settle_served(struct loader *l, const struct served *s, const char *key,
	const struct node *n, struct prefix *out)
{
	if (s->iface == NAT_IFACE_ANY) {
		fault(l, n, "found the address of any interface, expected the name of one under %s",
			key);
		return;
	}
	if (s->port == 0)
		fault(l, n,
			"found all of an interface's address, expected a service: the firewall "
			"itself needs the other ports");
	if (l->c->ifaces[s->iface].subnet.len > 0)
		*out = (struct prefix){l->c->ifaces[s->iface].ip, 128};
	check_served(l, s, n);
}

// static interface: a port of the interface's own address.
static void settle_interface(struct loader *l, struct nat_rule *r, const struct node *n)
{
	const struct served s = {r->mapped_if, r->mapped_port, r->more_ports, r->proto,
		{nat_real(r).first, r->real_port}};

	settle_served(l, &s, "to", n, &r->mapped);
}

// destination static interface: the same on the side that the flow comes from.
static void settle_destination(struct loader *l, struct nat_rule *r, const struct node *n)
{
	const struct served s = {r->real_if, r->dst_mapped_port, r->dst_more_ports, r->proto,
		{r->dst_real.ip, r->dst_real_port}};

	settle_served(l, &s, "from", n, &r->dst_mapped);
}

static void tell_overlap(
	struct loader *l, const struct node *n, const struct nat_rule *other, bool one_line)
{
	if (one_line)
		fault(l, n,
			"found a group with an address twice, expected each address once; without "
			"a destination the order of its members would say what it is for");
	else
		fault(l, n,
			"found a rule that overlaps the one on line %u, expected each address once",
			other->line);
}

static void check_nat(struct loader *l, size_t i, const struct node *n)
{
	struct nat_rule *r = &l->c->nat[i];

	if (r->kind == NAT_STATIC && r->interface)
		settle_interface(l, r, n);
	if (nat_is_twice(r) && r->dst_interface)
		settle_destination(l, r, n);
	if (r->kind != NAT_STATIC)
		check_dynamic(l, r, n);
	if (r->real_if == r->mapped_if && r->real_if != NAT_IFACE_ANY)
		fault(l, n, "found one interface on both sides, expected two");
	for (size_t k = 0; k < l->c->n_ifaces; k++)
		if (nat_maps_to(r, (uint16_t)k, &l->c->ifaces[k].ip))
			fault(l, n,
				"found a mapped address that is the one of interface %s, "
				"expected another",
				l->c->ifaces[k].name);
	for (size_t k = 0; k < i; k++) {
		const struct nat_rule *other = &l->c->nat[k];

		if (nat_overlap(r, other) || pool_overlap(r, other) || pool_overlap(other, r) ||
			pools_differ(r, other)) {
			tell_overlap(l, n, other, l->nat_nodes[k] == n);
			return;
		}
	}
}

void check_addresses(struct loader *l)
{
	const struct node *n = node_at(node_get(l->root, "routes"), 0);
	bool told = false; // of the line that the rule is of

	for (size_t i = 0; i < l->c->n_ifaces; i++)
		check_iface(l, i);
	for (size_t i = 0; i < l->c->n_routes; i++, n = n->next)
		check_route(l, i, n);
	for (size_t i = 0; i < l->c->n_nat; i++) {
		const size_t before = l->errs->n;

		told = told && l->c->nat[i].part > 0;
		if (!told)
			check_nat(l, i, l->nat_nodes[i]);
		told = told || l->errs->n > before;
	}
}
