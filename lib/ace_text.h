// SPDX-License-Identifier: BSD-3-Clause
// One entry of an access list in the words of the manual. What an entry says of objects are their
// names: who knows the objects (config/access_list.c) puts them in their place.
#pragma once

#include "lib/ace_words.h"

enum ace_ref {
	ACE_LITERAL,
	ACE_OBJECT, // `name` is an object's
	ACE_GROUP,  // `name` is an object-group's
};

struct ace_address {
	enum ace_ref ref;
	struct str name;
	struct prefix prefix; // ACE_LITERAL
};

struct ace_ports {
	enum ace_ref ref; // never ACE_OBJECT
	struct str name;
	struct port_set set; // ACE_LITERAL
};

// What `log` alone means, and the longest interval, as on an ASA.
#define ACE_LOG_LEVEL          6
#define ACE_LOG_INTERVAL_S     300
#define ACE_LOG_INTERVAL_MAX_S 600

struct ace_text {
	struct str remark; // not empty: it is one, and nothing else is set
	bool permit;
	bool inactive;
	uint8_t log;       // enum ace_log
	uint8_t log_level; // of ACE_LOG_FLOWS: severity, and how long hits are gathered
	uint16_t log_interval_s;
	// The protocol, or a service with its ports: then `sport` and `dport` are any.
	enum ace_ref ref;
	struct str service;
	uint8_t proto; // ACE_LITERAL
	struct ace_address src, dst;
	struct ace_ports sport, dport; // of ICMP: type, or a group of types, and code
};

// What an object-group is, by its name. After an address, only that tells ports from the next
// address.
enum ace_group { ACE_GROUP_NONE, ACE_GROUP_PORTS, ACE_GROUP_OTHER };
struct ace_groups {
	enum ace_group (*kind)(const void *arg, struct str name);
	const void *arg;
};

// Without `access-list NAME`: "remark TEXT", or "[extended] permit|deny PROTOCOL SRC [PORTS] DST
// [PORTS] [inactive]". PROTOCOL is a name (ip, tcp, udp, icmp, ...), a number, `object NAME` or
// `object-group NAME`; SRC and DST are `any`, `any4`, `host A`, `A MASK`, `A/LENGTH`, `object NAME` or
// `object-group NAME`; PORTS is `eq P`, `neq P`, `lt P`, `gt P`, `range P Q` or `object-group NAME`,
// with numbers or the manual's names; behind the DST of icmp stands [TYPE [CODE]] (protocol.md 9.1,
// E11). `groups` may be NULL: no group is of ports. On failure returns false, leaves *out alone, and
// `err` says what was found and what was expected.
bool ace_text_parse(struct str text, const struct ace_groups *groups, struct ace_text *out,
	char *err, size_t err_size);

// A protocol with one range of ports on each side; one of the terms that a service stands for.
struct ace_service {
	uint8_t proto;
	struct port_range sport, dport;
};

// What an entry stands for, objects resolved: every service with every source with every
// destination.
struct ace_parts {
	const struct ace_service *services;
	const struct prefix *srcs, *dsts;
	size_t n_services, n_srcs, n_dsts;
};

// The terms of a service, at most 4; returns how many.
size_t service_terms(const struct service *s, struct ace_service out[static 4]);

// How many rules the parts make; SIZE_MAX when that is more than a size_t holds.
size_t ace_count(const struct ace_parts *p);
// Makes them, all with what `like` says otherwise.
void ace_expand(const struct ace_parts *p, const struct ace *like, struct ace *out);
