// SPDX-License-Identifier: BSD-3-Clause
// First-match evaluation of access lists; see lib/acl.h. The control plane evaluates with it, and
// the tests hold the compiled lists of the workers against it.
#include "lib/acl.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/ace_names.h"

bool proto_has_ports(uint8_t proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP;
}

bool ace_has_ports(const struct ace *a)
{
	return proto_has_ports(a->proto) || a->proto == PROTO_ICMP;
}

static bool range_has(const struct port_range *r, uint16_t port)
{
	return port >= r->lo && port <= r->hi;
}

static bool ace_match(const struct ace *a, const struct flow *f)
{
	if (a->proto != PROTO_ANY && a->proto != f->proto)
		return false;
	if (!prefix_has(&a->src, &f->src.ip) || !prefix_has(&a->dst, &f->dst.ip))
		return false;
	return !ace_has_ports(a) ||
		(range_has(&a->sport, f->src.port) && range_has(&a->dport, f->dst.port));
}

int acl_match(const struct ace *aces, size_t n, const struct flow *f)
{
	for (size_t i = 0; i < n; i++)
		if (ace_match(&aces[i], f))
			return (int)i;
	return -1;
}

bool acl_permits(const struct ace *aces, size_t n, const struct flow *f)
{
	int i = acl_match(aces, n, f);

	return i >= 0 && aces[i].permit;
}

static void format_prefix(const struct prefix *x, char *buf, size_t size)
{
	char ip[IP_TEXT_MAX], mask[IP_TEXT_MAX];
	struct ip_addr m;

	if (x->len == 0) {
		snprintf(buf, size, "any");
	} else if (x->len == 96 && ip_is_v4(&x->ip)) {
		snprintf(buf, size, "any4");
	} else if (x->len == 128) {
		snprintf(buf, size, "host %s", ip_format(&x->ip, ip));
	} else if (ip_is_v4(&x->ip)) {
		m = ip_from_v4_be(htonl(UINT32_MAX << (128 - x->len)));
		snprintf(buf, size, "%s %s", ip_format(&x->ip, ip), ip_format(&m, mask));
	} else {
		snprintf(buf, size, "%s/%u", ip_format(&x->ip, ip), x->len);
	}
}

static void format_ports(const struct port_range *r, char *buf, size_t size)
{
	if (r->lo == 0 && r->hi == 65535)
		buf[0] = '\0';
	else if (r->lo == r->hi)
		snprintf(buf, size, " eq %u", r->lo);
	else
		snprintf(buf, size, " range %u %u", r->lo, r->hi);
}

// Type and code stand behind the destination.
static void format_icmp(const struct ace *a, char *buf, size_t size)
{
	const char *name = ace_name_of(&ace_icmp_types, a->sport.lo);
	int n = 0;

	buf[0] = '\0';
	if (a->sport.lo != a->sport.hi)
		return;
	if (name != NULL)
		n = snprintf(buf, size, " %s", name);
	else
		n = snprintf(buf, size, " %u", a->sport.lo);
	if (a->dport.lo == a->dport.hi && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " %u", a->dport.lo);
}

int ace_format(const struct ace *a, char *buf, size_t size)
{
	char src[2 * IP_TEXT_MAX], dst[2 * IP_TEXT_MAX], sport[32] = "", dport[32] = "";
	const char *proto = ace_name_of(&ace_protocols, a->proto);
	char number[4];

	if (proto == NULL) {
		snprintf(number, sizeof(number), "%u", a->proto);
		proto = number;
	}
	format_prefix(&a->src, src, sizeof(src));
	format_prefix(&a->dst, dst, sizeof(dst));
	if (a->proto == PROTO_ICMP) {
		format_icmp(a, dport, sizeof(dport));
	} else if (ace_has_ports(a)) {
		format_ports(&a->sport, sport, sizeof(sport));
		format_ports(&a->dport, dport, sizeof(dport));
	}
	return snprintf(buf, size, "extended %s %s %s%s %s%s", a->permit ? "permit" : "deny", proto,
		src, sport, dst, dport);
}
