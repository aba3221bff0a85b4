// SPDX-License-Identifier: BSD-3-Clause
// Static translations; see lib/nat.h.
#include "lib/nat.h"

static bool iface_is(uint16_t rule_if, uint16_t iface)
{
	return rule_if == NAT_IFACE_ANY || rule_if == iface;
}

static bool service_is(const struct nat_rule *r, uint16_t rule_port, uint8_t proto, uint16_t port)
{
	return r->proto == PROTO_ANY || (r->proto == proto && rule_port == port);
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

int nat_untranslate(
	const struct nat_rule *rules, size_t n, uint16_t in, uint8_t proto, struct endpoint *dst)
{
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (!iface_is(r->mapped_if, in) || !prefix_has(&r->mapped, &dst->ip) ||
			!service_is(r, r->mapped_port, proto, dst->port))
			continue;
		carry_over(&dst->ip, &r->real);
		if (r->proto != PROTO_ANY)
			dst->port = r->real_port;
		return (int)i;
	}
	return -1;
}

int nat_translate(const struct nat_rule *rules, size_t n, uint16_t in, uint16_t out, uint8_t proto,
	struct endpoint *src)
{
	for (size_t i = 0; i < n; i++) {
		const struct nat_rule *r = &rules[i];

		if (!iface_is(r->real_if, in) || !iface_is(r->mapped_if, out) ||
			!prefix_has(&r->real, &src->ip) ||
			!service_is(r, r->real_port, proto, src->port))
			continue;
		carry_over(&src->ip, &r->mapped);
		if (r->proto != PROTO_ANY)
			src->port = r->mapped_port;
		return (int)i;
	}
	return -1;
}

bool nat_owns_mapped(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (iface_is(rules[i].mapped_if, iface) && prefix_has(&rules[i].mapped, ip) &&
			!ip_eq(&rules[i].real.ip, &rules[i].mapped.ip))
			return true;
	return false;
}
