// SPDX-License-Identifier: BSD-3-Clause
// Translation rules; see lib/nat.h.
#include "lib/nat.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static uint32_t number_of(const struct ip_addr *ip)
{
	return ntohl(ip_to_v4_be(ip));
}

static bool iface_is(uint16_t rule_if, uint16_t iface)
{
	return rule_if == NAT_IFACE_ANY || rule_if == iface;
}

// A rule's port 0: any. `more` ports behind it are the rule's too.
static bool service_is(
	const struct nat_rule *r, uint16_t first, uint16_t more, uint8_t proto, uint16_t port)
{
	return r->proto == PROTO_ANY ||
		(r->proto == proto && (first == 0 || (uint16_t)(port - first) <= more));
}

static bool src_service_is(const struct nat_rule *r, uint16_t first, uint8_t proto, uint16_t port)
{
	return service_is(r, first, r->more_ports, proto, port);
}

static bool dst_service_is(const struct nat_rule *r, uint16_t first, uint8_t proto, uint16_t port)
{
	return service_is(r, first, r->dst_more_ports, proto, port);
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

// The port of `to` that stands for that of `from`. 0: it stays.
static void move_port(struct endpoint *e, uint16_t from, uint16_t to)
{
	if (to != 0)
		e->port = (uint16_t)(e->port - from + to);
}

static void move_to_dst(
	struct endpoint *e, const struct prefix *to, uint16_t from_port, uint16_t to_port)
{
	carry_over(&e->ip, to);
	move_port(e, from_port, to_port);
}

static bool is_of_ranges(const struct nat_rule *r)
{
	return !ip_is_none(&r->real_range.first);
}

static bool real_has(const struct nat_rule *r, const struct ip_addr *ip)
{
	return is_of_ranges(r) ? nat_pool_has(&r->real_range, ip) : prefix_has(&r->real, ip);
}

bool nat_mapped_has(const struct nat_rule *r, const struct ip_addr *ip)
{
	return is_of_ranges(r) ? nat_pool_has(&r->pool, ip) : prefix_has(&r->mapped, ip);
}

bool nat_is_identity(const struct nat_rule *r)
{
	return is_of_ranges(r) ? ip_eq(&r->real_range.first, &r->pool.first)
			       : ip_eq(&r->real.ip, &r->mapped.ip);
}

static void step_over(struct endpoint *e, const struct nat_pool *from, const struct nat_pool *to)
{
	e->ip = nat_pool_at(to, number_of(&e->ip) - number_of(&from->first));
}

static void move_to_real(const struct nat_rule *r, struct endpoint *e)
{
	if (is_of_ranges(r))
		step_over(e, &r->pool, &r->real_range);
	else
		carry_over(&e->ip, &r->real);
	move_port(e, r->mapped_port, r->real_port);
}

static void move_to_mapped(const struct nat_rule *r, struct endpoint *e)
{
	if (is_of_ranges(r))
		step_over(e, &r->real_range, &r->pool);
	else
		carry_over(&e->ip, &r->mapped);
	move_port(e, r->real_port, r->mapped_port);
}

bool nat_goes_out(const struct nat_rule *r, uint16_t in, const struct flow *wire)
{
	return nat_is_twice(r) && iface_is(r->real_if, in) && real_has(r, &wire->src.ip) &&
		prefix_has(&r->dst_mapped, &wire->dst.ip) &&
		src_service_is(r, r->real_port, wire->proto, wire->src.port) &&
		dst_service_is(r, r->dst_mapped_port, wire->proto, wire->dst.port);
}

// Of a rule of twice NAT, from its mapped side.
static bool is_from_dst(const struct nat_rule *r, const struct flow *wire)
{
	return !nat_is_twice(r) ||
		(prefix_has(&r->dst_real, &wire->src.ip) &&
			dst_service_is(r, r->dst_real_port, wire->proto, wire->src.port));
}

static bool comes_in(const struct nat_rule *r, uint16_t in, const struct flow *wire)
{
	return r->kind == NAT_STATIC && iface_is(r->mapped_if, in) &&
		nat_mapped_has(r, &wire->dst.ip) &&
		src_service_is(r, r->mapped_port, wire->proto, wire->dst.port) &&
		is_from_dst(r, wire);
}

bool nat_is_wrong_way(const struct nat_rule *r, uint16_t in, const struct flow *wire)
{
	return r->one_way && comes_in(r, in, wire);
}

int nat_untranslate_flow(const struct nat_rule *rules, size_t n, uint16_t in,
	const struct flow *wire, struct endpoint *dst)
{
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (comes_in(r, in, wire))
			move_to_real(r, dst);
		else if (nat_goes_out(r, in, wire))
			move_to_dst(dst, &r->dst_real, r->dst_mapped_port, r->dst_real_port);
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
			!nat_given_has(r, &wire->dst.ip) || !real_has(r, real) ||
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
			!real_has(r, &src->ip) ||
			!src_service_is(r, r->real_port, proto, src->port))
			continue;
		if (r->kind == NAT_STATIC)
			move_to_mapped(r, src);
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
		move_to_dst(src, &r->dst_mapped, r->dst_real_port, r->dst_mapped_port);
	} else if (!iface_is(r->mapped_if, out)) {
		return -1;
	} else if (r->kind == NAT_STATIC) {
		move_to_mapped(r, src);
	}
	return destination;
}

static bool stands_for(
	const struct prefix *mapped, const struct prefix *real, const struct ip_addr *ip)
{
	return !ip_eq(&real->ip, &mapped->ip) && prefix_has(mapped, ip);
}

static bool owns(const struct nat_rule *r, uint16_t iface, const struct ip_addr *ip)
{
	if (nat_is_twice(r) && iface_is(r->real_if, iface) &&
		stands_for(&r->dst_mapped, &r->dst_real, ip))
		return true;
	if (!iface_is(r->mapped_if, iface))
		return false;
	return r->kind == NAT_STATIC ? !nat_is_identity(r) && nat_mapped_has(r, ip)
				     : nat_given_has(r, ip);
}

bool nat_owns_mapped(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (owns(&rules[i], iface, ip))
			return true;
	return false;
}

bool nat_answers_arp(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (!rules[i].no_proxy_arp && owns(&rules[i], iface, ip))
			return true;
	return false;
}

bool nat_owns_real(const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (iface_is(rules[i].real_if, iface) && real_has(&rules[i], ip))
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
				(r->kind == NAT_PAT && nat_given_has(r, &e->ip))))
			return true;
	}
	return false;
}

bool nat_is_pooled(const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (rules[i].kind == NAT_DYNAMIC && iface_is(rules[i].mapped_if, iface) &&
			nat_given_has(&rules[i], ip))
			return true;
	return false;
}

// ---- Pools -------------------------------------------------------------------------------------

struct nat_pool nat_pool_of(const struct prefix *p)
{
	struct nat_pool pool = {p->ip, p->ip};

	if (p->len < 96 || !ip_is_v4(&p->ip))
		return (struct nat_pool){{{0}}, {{0}}};
	for (unsigned int bit = p->len; bit < 128; bit++)
		pool.last.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return pool;
}

bool nat_pools_meet(const struct nat_pool *a, const struct nat_pool *b)
{
	return nat_pool_has(a, &b->first) || nat_pool_has(b, &a->first);
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

// ---- Pools of a rule ---------------------------------------------------------------------------

const struct nat_pool *nat_given_pool(const struct nat_rule *r, size_t i)
{
	const struct nat_pool *p = i == 0 ? &r->pool : &r->more_pools[i - 1];

	return i < NAT_POOLS_MAX && !ip_is_none(&p->first) ? p : NULL;
}

uint32_t nat_given_size(const struct nat_rule *r)
{
	const struct nat_pool *p;
	uint64_t n = 0;

	for (size_t i = 0; (p = nat_given_pool(r, i)) != NULL; i++)
		n += nat_pool_size(p);
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

struct ip_addr nat_given_at(const struct nat_rule *r, uint32_t at)
{
	const struct nat_pool *p = &r->pool;

	for (size_t i = 1; at >= nat_pool_size(p); i++) {
		at -= nat_pool_size(p);
		p = nat_given_pool(r, i);
	}
	return nat_pool_at(p, at);
}

bool nat_given_has(const struct nat_rule *r, const struct ip_addr *ip)
{
	const struct nat_pool *p;

	for (size_t i = 0; (p = nat_given_pool(r, i)) != NULL; i++)
		if (nat_pool_has(p, ip))
			return true;
	return false;
}

bool nat_given_meets(const struct nat_rule *r, const struct nat_pool *other)
{
	const struct nat_pool *p;

	for (size_t i = 0; (p = nat_given_pool(r, i)) != NULL; i++)
		if (nat_pools_meet(p, other))
			return true;
	return false;
}

// ---- Sides -------------------------------------------------------------------------------------

struct nat_pool nat_real(const struct nat_rule *r)
{
	return is_of_ranges(r) ? r->real_range : nat_pool_of(&r->real);
}

struct nat_pool nat_mapped(const struct nat_rule *r)
{
	return is_of_ranges(r) ? r->pool : nat_pool_of(&r->mapped);
}

static const char *range_format(const struct nat_pool *p, char buf[NAT_SIDE_TEXT_MAX])
{
	size_t n = strlen(ip_format(&p->first, buf));

	if (ip_eq(&p->first, &p->last))
		return buf;
	buf[n] = '-';
	ip_format(&p->last, buf + n + 1);
	return buf;
}

const char *nat_real_format(const struct nat_rule *r, char buf[NAT_SIDE_TEXT_MAX])
{
	return is_of_ranges(r) ? range_format(&r->real_range, buf) : prefix_format(&r->real, buf);
}

const char *nat_mapped_format(const struct nat_rule *r, char buf[NAT_SIDE_TEXT_MAX])
{
	return is_of_ranges(r) ? range_format(&r->pool, buf) : prefix_format(&r->mapped, buf);
}

const char *nat_given_format(const struct nat_rule *r, char buf[NAT_GIVEN_TEXT_MAX])
{
	const struct nat_pool *p;
	char text[NAT_SIDE_TEXT_MAX];
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; (p = nat_given_pool(r, i)) != NULL; i++)
		n += (size_t)snprintf(buf + n, NAT_GIVEN_TEXT_MAX - n, "%s%s", i > 0 ? ", " : "",
			range_format(p, text));
	return buf;
}

const char *nat_ports_format(uint16_t first, uint16_t more, char buf[NAT_PORTS_TEXT_MAX])
{
	const unsigned int last = (unsigned int)first + more;

	if (more == 0)
		snprintf(buf, NAT_PORTS_TEXT_MAX, "%u", first);
	else
		snprintf(buf, NAT_PORTS_TEXT_MAX, "%u-%u", first, last & UINT16_MAX);
	return buf;
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
	const struct nat_pool x = nat_real(a), y = nat_real(b);

	if (a->section != b->section)
		return a->section < b->section;
	if (a->section != NAT_AUTO)
		return false;
	if ((a->kind == NAT_STATIC) != (b->kind == NAT_STATIC))
		return a->kind == NAT_STATIC;
	if (nat_pool_size(&x) != nat_pool_size(&y))
		return nat_pool_size(&x) < nat_pool_size(&y);
	return memcmp(x.first.b, y.first.b, sizeof(x.first.b)) < 0;
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
