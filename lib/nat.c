// SPDX-License-Identifier: BSD-3-Clause
// Translation rules; see lib/nat.h.
#include "lib/nat.h"

#include <netinet/in.h>

static bool iface_is(uint16_t rule_if, uint16_t iface)
{
	return rule_if == NAT_IFACE_ANY || rule_if == iface;
}

// A rule's port 0: any.
static bool service_is(const struct nat_rule *r, uint16_t rule_port, uint8_t proto, uint16_t port)
{
	return r->proto == PROTO_ANY ||
		(r->proto == proto && (rule_port == 0 || rule_port == port));
}

// The network of `to` with the host bits of `ip`.
static void carry_over(struct ip_addr *ip, const struct prefix *to)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int net = to->len > i * 8 ? to->len - i * 8 : 0;
		uint8_t host_mask = net >= 8 ? 0 : (uint8_t)(0xff >> net);

		ip->b[i] = (uint8_t)(to->ip.b[i] | (ip->b[i] & host_mask));
	}
}

static void move_to(struct endpoint *e, const struct prefix *to, uint16_t port)
{
	carry_over(&e->ip, to);
	if (port != 0)
		e->port = port;
}

bool nat_goes_out(const struct nat_rule *r, uint16_t in, const struct flow *wire)
{
	return nat_is_twice(r) && iface_is(r->real_if, in) && prefix_has(&r->real, &wire->src.ip) &&
		prefix_has(&r->dst_mapped, &wire->dst.ip) &&
		service_is(r, r->real_port, wire->proto, wire->src.port) &&
		service_is(r, r->dst_mapped_port, wire->proto, wire->dst.port);
}

// Of a rule of twice NAT, from its mapped side.
static bool is_from_dst(const struct nat_rule *r, const struct flow *wire)
{
	return !nat_is_twice(r) ||
		(prefix_has(&r->dst_real, &wire->src.ip) &&
			service_is(r, r->dst_real_port, wire->proto, wire->src.port));
}

static bool comes_in(const struct nat_rule *r, uint16_t in, const struct flow *wire)
{
	return r->kind == NAT_STATIC && iface_is(r->mapped_if, in) &&
		prefix_has(&r->mapped, &wire->dst.ip) &&
		service_is(r, r->mapped_port, wire->proto, wire->dst.port) && is_from_dst(r, wire);
}

int nat_untranslate_flow(const struct nat_rule *rules, size_t n, uint16_t in,
	const struct flow *wire, struct endpoint *dst)
{
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (comes_in(r, in, wire))
			move_to(dst, &r->real, r->real_port);
		else if (nat_goes_out(r, in, wire))
			move_to(dst, &r->dst_real, r->dst_real_port);
		else
			continue;
		return (int)i;
	}
	return -1;
}

int nat_untranslate_held(const struct nat_rule *rules, size_t n, uint16_t in,
	const struct flow *wire, uint32_t id, const struct ip_addr *real, struct endpoint *dst)
{
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (r->id != id)
			continue;
		if (r->kind != NAT_DYNAMIC || !iface_is(r->mapped_if, in) ||
			!nat_pool_has(&r->pool, &wire->dst.ip) || !prefix_has(&r->real, real) ||
			!is_from_dst(r, wire))
			return -1;
		dst->ip = *real;
		return (int)i;
	}
	return -1;
}

int nat_untranslate(
	const struct nat_rule *rules, size_t n, uint16_t in, uint8_t proto, struct endpoint *dst)
{
	const struct flow wire = {.src = {.port = 0}, .dst = *dst, .proto = proto};

	return nat_untranslate_flow(rules, n, in, &wire, dst);
}

int nat_translate(const struct nat_rule *rules, size_t n, uint16_t in, uint16_t out, uint8_t proto,
	struct endpoint *src)
{
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (nat_is_twice(r) || !iface_is(r->real_if, in) || !iface_is(r->mapped_if, out) ||
			!prefix_has(&r->real, &src->ip) ||
			!service_is(r, r->real_port, proto, src->port))
			continue;
		if (r->kind == NAT_STATIC)
			move_to(src, &r->mapped, r->mapped_port);
		return (int)i;
	}
	return -1;
}

int nat_translate_flow(const struct nat_rule *rules, size_t n, uint16_t in, uint16_t out,
	const struct flow *wire, int destination, struct endpoint *src)
{
	const struct nat_rule *r = destination >= 0 ? &rules[destination] : NULL;

	if (r == NULL || !nat_is_twice(r))
		return nat_translate(rules, n, in, out, wire->proto, src);
	// Asked first, as by nat_untranslate_flow(); of a dynamic rule, nat_untranslate_held() has.
	if (comes_in(r, in, wire) || !nat_goes_out(r, in, wire)) {
		if (!iface_is(r->real_if, out))
			return -1;
		move_to(src, &r->dst_mapped, r->dst_mapped_port);
	} else if (!iface_is(r->mapped_if, out)) {
		return -1;
	} else if (r->kind == NAT_STATIC) {
		move_to(src, &r->mapped, r->mapped_port);
	}
	return destination;
}

static bool stands_for(
	const struct prefix *mapped, const struct prefix *real, const struct ip_addr *ip)
{
	return prefix_has(mapped, ip) && !ip_eq(&real->ip, &mapped->ip);
}

static bool owns(const struct nat_rule *r, uint16_t iface, const struct ip_addr *ip)
{
	if (nat_is_twice(r) && iface_is(r->real_if, iface) &&
		stands_for(&r->dst_mapped, &r->dst_real, ip))
		return true;
	if (!iface_is(r->mapped_if, iface))
		return false;
	return r->kind == NAT_STATIC ? stands_for(&r->mapped, &r->real, ip)
				     : nat_pool_has(&r->pool, ip);
}

bool nat_owns_mapped(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (owns(&rules[i], iface, ip))
			return true;
	return false;
}

bool nat_owns_real(const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (iface_is(rules[i].real_if, iface) && prefix_has(&rules[i].real, ip))
			return true;
	return false;
}

bool nat_has_ports(uint8_t proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_ICMP;
}

bool nat_is_pat(const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *own,
	uint8_t proto, const struct endpoint *e)
{
	if (e->port < NAT_PAT_PORT_MIN || !nat_has_ports(proto))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (r->kind != NAT_STATIC && iface_is(r->mapped_if, iface) &&
			((r->interface && ip_eq(own, &e->ip)) ||
				(r->kind == NAT_PAT && nat_pool_has(&r->pool, &e->ip))))
			return true;
	}
	return false;
}

bool nat_is_pooled(const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (rules[i].kind == NAT_DYNAMIC && iface_is(rules[i].mapped_if, iface) &&
			nat_pool_has(&rules[i].pool, ip))
			return true;
	return false;
}

// ---- Pools -------------------------------------------------------------------------------------

static uint32_t number_of(const struct ip_addr *ip)
{
	return ntohl(ip_to_v4_be(ip));
}

uint32_t nat_pool_size(const struct nat_pool *p)
{
	uint32_t last = number_of(&p->last) - number_of(&p->first);

	return ip_is_none(&p->first) ? 0 : last + (last != UINT32_MAX);
}

struct ip_addr nat_pool_at(const struct nat_pool *p, uint32_t i)
{
	return ip_from_v4_be(htonl(number_of(&p->first) + i));
}

bool nat_pool_has(const struct nat_pool *p, const struct ip_addr *ip)
{
	return ip_is_v4(&p->first) && ip_is_v4(ip) && number_of(ip) >= number_of(&p->first) &&
		number_of(ip) <= number_of(&p->last);
}

// ---- Filter ------------------------------------------------------------------------------------

static bool side_has(const struct nat_pool *ips, const uint16_t ports[2], const struct endpoint *e)
{
	return (ip_is_none(&ips->first) || nat_pool_has(ips, &e->ip)) &&
		((ports[0] == 0 && ports[1] == 0) || (e->port >= ports[0] && e->port <= ports[1]));
}

bool nat_filter_has(const struct nat_filter *f, uint16_t real_if, uint16_t mapped_if,
	const struct endpoint *real, const struct endpoint *mapped)
{
	return (iface_is(f->iface, real_if) || iface_is(f->iface, mapped_if)) &&
		side_has(&f->real, f->real_port, real) &&
		side_has(&f->mapped, f->mapped_port, mapped);
}

// ---- Order -------------------------------------------------------------------------------------

// Whether `a` must be asked before `b`, wherever they stand.
static bool precedes(const struct nat_rule *a, const struct nat_rule *b)
{
	if (a->section != b->section)
		return a->section < b->section;
	if (a->section != NAT_AUTO)
		return false;
	if ((a->kind == NAT_STATIC) != (b->kind == NAT_STATIC))
		return a->kind == NAT_STATIC;
	if (a->real.len != b->real.len)
		return a->real.len > b->real.len;
	return memcmp(a->real.ip.b, b->real.ip.b, sizeof(a->real.ip.b)) < 0;
}

// By insertion: it keeps the order of equals, and needs no memory.
void nat_order(struct nat_rule *rules, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct nat_rule r = rules[i];
		size_t k = i;

		for (; k > 0 && precedes(&r, &rules[k - 1]); k--)
			rules[k] = rules[k - 1];
		rules[k] = r;
	}
}
