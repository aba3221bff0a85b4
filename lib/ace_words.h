// SPDX-License-Identifier: BSD-3-Clause
// The words of access lists and objects, one after the other: addresses, protocols, ports, services
// in the manual's language. Nothing is allocated; slices point into the text.
#pragma once

#include "lib/acl.h"
#include "lib/str.h"

// What is left of a text, and where a fault is told: "found X, expected Y".
struct words {
	struct str rest;
	char *err;
	size_t err_size;
};

// Words are parted by blanks; an empty word is the end of the text.
struct str words_peek(const struct words *w);
struct str words_next(struct words *w);
// Passes over the next word if it is this one, in any case of letters.
bool words_take(struct words *w, const char *word);
// Tells the fault; always false. An empty `found` is the end of the text.
bool words_fail(struct words *w, struct str found, const char *expected);
// False, and the fault told, unless this is the end.
bool words_end(struct words *w);

// The readers below return false with the fault told.

// any, any4, host A, A MASK or A/LENGTH; IPv4. `expected` is told when it is none of them.
bool words_address(struct words *w, const char *expected, struct prefix *out);
// A MASK or A/LENGTH alone.
bool words_subnet(struct words *w, struct prefix *out);
// The address of a host, alone.
bool words_host(struct words *w, struct ip_addr *out);

// A protocol by name or number.
bool words_protocol(struct words *w, uint8_t *out);

// What `eq`, `lt`, `gt`, `range` or `neq` says; only neq makes two ranges.
struct port_set {
	struct port_range range[2];
	uint8_t n;
};
#define PORT_SET_ANY ((struct port_set){{{0, 65535}, {0, 0}}, 1})

// Whether the next word begins ports.
bool words_at_ports(const struct words *w);
bool words_ports(struct words *w, struct port_set *out);

// A protocol with its ports. For ICMP, type and code: see struct ace.
struct service {
	uint8_t proto;
	struct port_set src, dst;
};

// [TYPE [CODE]] of ICMP, by name or number; without them any.
bool words_icmp(struct words *w, struct service *out);

// PROTOCOL, then [source PORTS] [destination PORTS] for TCP and UDP, or [TYPE [CODE]] for ICMP.
bool words_service(struct words *w, struct service *out);
