// SPDX-License-Identifier: BSD-3-Clause
// IP addresses, prefixes and endpoints. IPv4 is held as an IPv4-mapped IPv6 address
// (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so that one compare and one hash serve both families and
// nothing assumes four octets.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/str.h"

// Longest text form with its NUL: IPv6 45, endpoint "[v6]:65535" 53.
#define IP_TEXT_MAX       46
#define ENDPOINT_TEXT_MAX 56

// Network byte order. All zeros means "none".
struct ip_addr {
	uint8_t b[16];
};

// The port is in host byte order; 0 means "any" or "none".
struct endpoint {
	struct ip_addr ip;
	uint16_t port;
};

// `len` counts bits of the 128-bit form: a host is 128, an IPv4 /24 is 96 + 24.
struct prefix {
	struct ip_addr ip;
	uint8_t len;
};

static inline bool ip_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool ip_is_none(const struct ip_addr *a)
{
	static const struct ip_addr none;

	return ip_eq(a, &none);
}

static inline bool ip_is_v4(const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

// `be` is the address as it stands in a packet.
static inline struct ip_addr ip_from_v4_be(uint32_t be)
{
	// All at once: what is written in pieces and read whole stalls a worker.
	static const uint8_t mapped[4] = {0, 0, 0xff, 0xff};
	uint32_t words[4] = {[3] = be};
	struct ip_addr a;

	memcpy(&words[2], mapped, sizeof(mapped));
	memcpy(a.b, words, sizeof(a.b));
	return a;
}

// Only for an address that ip_is_v4().
static inline uint32_t ip_to_v4_be(const struct ip_addr *a)
{
	uint32_t be;

	memcpy(&be, a->b + 12, 4);
	return be;
}

static inline bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_eq(&a->ip, &b->ip);
}

// Dotted quad or IPv6 text without brackets; the whole slice must be the address.
bool ip_parse(struct str s, struct ip_addr *out);

// The length of a dotted mask; false: its ones do not stand together, or it is not of IPv4.
bool mask_length(const struct ip_addr *mask, uint8_t *len);

// "192.168.10.0/24", "192.168.10.0 255.255.255.0", "2001:db8::/32"; without a length it is a host. Host bits
// must be 0.
bool prefix_parse(struct str s, struct prefix *out);

// As prefix_parse, but keeps the host bits in *ip: the address of an interface with its subnet.
bool prefix_parse_iface(struct str s, struct ip_addr *ip, struct prefix *subnet);

// The fewest subnets that hold exactly the IPv4 addresses from `first` to `last`, in order; returns how
// many.
#define PREFIX_RANGE_MAX 62
size_t prefix_range(const struct ip_addr *first, const struct ip_addr *last,
	struct prefix out[static PREFIX_RANGE_MAX]);

bool prefix_has(const struct prefix *p, const struct ip_addr *ip);

// Write the text form and return `buf` (which must hold IP_TEXT_MAX or ENDPOINT_TEXT_MAX octets).
const char *ip_format(const struct ip_addr *a, char *buf);
const char *prefix_format(const struct prefix *p, char *buf);
// `sep` is ':' for SIP, '/' for the layouts of the manual's `show`; IPv6 stands in brackets.
const char *endpoint_format(const struct endpoint *e, char sep, char *buf);
