// SPDX-License-Identifier: BSD-3-Clause
// Addresses, prefixes and endpoints; see lib/addr.h.
#include "lib/addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>

// Four numbers without leading zeros. The hosts of every message are asked for one, mostly in vain.
static bool v4_parse(struct str s, struct ip_addr *out)
{
	uint8_t b[4];
	uint32_t v4;
	size_t i = 0;

	for (size_t k = 0; k < 4; k++) {
		size_t first = i;
		unsigned int v = 0, d;

		for (; i < s.n && (d = (unsigned char)s.p[i] - '0') <= 9 && v <= 255; i++)
			v = v * 10 + d;
		if (i == first || v > 255 || (s.p[first] == '0' && i > first + 1))
			return false;
		b[k] = (uint8_t)v;
		if (k < 3 && (i == s.n || s.p[i++] != '.'))
			return false;
	}
	if (i < s.n)
		return false;
	memcpy(&v4, b, sizeof(v4));
	*out = ip_from_v4_be(v4);
	return true;
}

bool ip_parse(struct str s, struct ip_addr *out)
{
	char z[IP_TEXT_MAX];

	if (v4_parse(s, out))
		return true;
	return str_before(s, ':') < s.n && str_copy(s, z, sizeof(z)) && strlen(z) == s.n &&
		inet_pton(AF_INET6, z, out->b) == 1;
}

static void mask_host_bits(struct ip_addr *ip, unsigned int len)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int keep = len > i * 8 ? len - i * 8 : 0;

		if (keep < 8)
			ip->b[i] &= (uint8_t)(0xff00 >> keep);
	}
}

// The complement of a mask whose ones come first, plus one, is a power of two.
bool mask_length(const struct ip_addr *mask, uint8_t *len)
{
	uint32_t zeros;

	if (!ip_is_v4(mask))
		return false;
	zeros = ~ntohl(ip_to_v4_be(mask));
	if ((zeros & (zeros + 1)) != 0)
		return false;
	*len = (uint8_t)(128 - __builtin_popcount(zeros));
	return true;
}

static bool parse_masked(struct str s, struct ip_addr *ip, struct prefix *subnet)
{
	struct str addr, mask = str_trim(str_split(s, ' ', &addr));
	struct ip_addr bits;

	if (!ip_parse(addr, ip) || !ip_is_v4(ip) || !ip_parse(mask, &bits) ||
		!mask_length(&bits, &subnet->len))
		return false;
	subnet->ip = *ip;
	mask_host_bits(&subnet->ip, subnet->len);
	return true;
}

bool prefix_parse_iface(struct str s, struct ip_addr *ip, struct prefix *subnet)
{
	struct str addr, len = str_split(s, '/', &addr);
	unsigned int base;
	uint64_t bits;

	if (str_before(s, ' ') < s.n)
		return parse_masked(s, ip, subnet);
	if (!ip_parse(addr, ip))
		return false;
	base = ip_is_v4(ip) ? 96 : 0;
	if (addr.n == s.n)
		bits = 128 - base;
	else if (!str_to_u64(len, 128 - base, &bits))
		return false;
	subnet->ip = *ip;
	subnet->len = (uint8_t)(base + bits);
	mask_host_bits(&subnet->ip, subnet->len);
	return true;
}

bool prefix_parse(struct str s, struct prefix *out)
{
	struct ip_addr ip;

	return prefix_parse_iface(s, &ip, out) && ip_eq(&ip, &out->ip);
}

size_t prefix_range(const struct ip_addr *first, const struct ip_addr *last,
	struct prefix out[static PREFIX_RANGE_MAX])
{
	uint64_t at = ntohl(ip_to_v4_be(first)), end = (uint64_t)ntohl(ip_to_v4_be(last)) + 1;
	size_t n = 0;

	while (at < end) {
		unsigned int bits = at == 0 ? 32 : (unsigned int)__builtin_ctzll(at);

		while (at + (1ull << bits) > end)
			bits--;
		out[n++] =
			(struct prefix){ip_from_v4_be(htonl((uint32_t)at)), (uint8_t)(128 - bits)};
		at += 1ull << bits;
	}
	return n;
}

bool prefix_has(const struct prefix *p, const struct ip_addr *ip)
{
	uint64_t a[2], b[2];

	memcpy(a, p->ip.b, sizeof(a));
	memcpy(b, ip->b, sizeof(b));
	if (p->len < 64)
		return p->len == 0 || be64toh(a[0] ^ b[0]) >> (64 - p->len) == 0;
	return a[0] == b[0] && (p->len == 64 || be64toh(a[1] ^ b[1]) >> (128 - p->len) == 0);
}

// An octet in decimal; returns where the next goes.
static char *put_octet(char *at, unsigned int v)
{
	if (v >= 100)
		*at++ = (char)('0' + v / 100);
	if (v >= 10)
		*at++ = (char)('0' + v / 10 % 10);
	*at++ = (char)('0' + v % 10);
	return at;
}

// Dotted quads are written into every message that is edited; inet_ntop would print them by snprintf.
const char *ip_format(const struct ip_addr *a, char *buf)
{
	char *at = buf;

	if (!ip_is_v4(a)) {
		inet_ntop(AF_INET6, a->b, buf, IP_TEXT_MAX);
		return buf;
	}
	for (size_t i = 12; i < 16; i++) {
		at = put_octet(at, a->b[i]);
		*at++ = i < 15 ? '.' : '\0';
	}
	return buf;
}

const char *prefix_format(const struct prefix *p, char *buf)
{
	unsigned int base = ip_is_v4(&p->ip) ? 96 : 0;

	ip_format(&p->ip, buf);
	if (p->len < 128)
		snprintf(buf + strlen(buf), 5, "/%u", (p->len - base) & 0xffU);
	return buf;
}

const char *endpoint_format(const struct endpoint *e, char sep, char *buf)
{
	bool v4 = ip_is_v4(&e->ip);
	char *at, digits[STR_DECIMAL_MAX];
	struct str port;

	ip_format(&e->ip, v4 ? buf : buf + 1);
	if (!v4)
		buf[0] = '[';
	at = buf + strlen(buf);
	if (!v4)
		*at++ = ']';
	*at++ = sep;
	port = str_decimal(e->port, digits);
	memcpy(at, port.p, port.n);
	at[port.n] = '\0';
	return buf;
}
