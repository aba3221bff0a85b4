// SPDX-License-Identifier: BSD-3-Clause
// Objects and object-groups while a configuration is read: what access lists and translations are
// made of. Inside config/ only.
#pragma once

#include "config/node.h"
#include "lib/ace_text.h"

struct loader;

// A network object. A range has `first` and `last`, else they are none; a faulty object has neither
// these nor a prefix (len 0).
struct object_network {
	struct prefix prefix;
	struct ip_addr first, last;
};

// A service object; service.src.n is 0 when it was faulty. A source and a destination that are ports
// without a gap stand in port and dst_port too, the first of them, with how many more there are.
struct object_service {
	struct service service;
	uint16_t port, dst_port; // 0: any, unless object_service_is_pat() says no
	uint16_t more, dst_more;
};

// What a translation can take: TCP or UDP, source ports and destination ports without a gap, or any.
bool object_service_is_pat(const struct object_service *o);

// The subnets that an object stands for, at most PREFIX_RANGE_MAX; none when it is faulty.
size_t object_network_prefixes(
	const struct object_network *o, struct prefix out[static PREFIX_RANGE_MAX]);

// An object by its name in the text of `n`, or NULL: the fault has been told.
const struct object_network *object_network_find(
	struct loader *l, const struct node *n, struct str name);
const struct object_service *object_service_find(
	struct loader *l, const struct node *n, struct str name);

// ---- Groups ------------------------------------------------------------------------------------

enum group_kind {
	GROUP_NETWORK,
	GROUP_SERVICE,
	GROUP_PORTS, // a service group of one protocol, or of tcp-udp
	GROUP_PROTOCOL,
	GROUP_ICMP_TYPE,
	GROUP_KINDS,
};

// All members are there, those of nested groups included: `prefixes` of a network group, `services` of
// any other. The ports of GROUP_PORTS stand in dport.
struct object_group {
	const struct node *node;
	enum group_kind kind;
	enum { GROUP_UNREAD, GROUP_OPEN, GROUP_READ } state;
	unsigned int height; // groups in one another below, this one counted
	uint8_t proto[2];    // of GROUP_PORTS: both are the same, unless it is tcp-udp
	struct prefix *prefixes;
	struct ace_service *services;
	size_t n, room;
};

// Members of all groups, where nested groups count again; a bound on what a small file can make.
#define GROUP_MEMBERS_MAX 65536
// Groups in groups in groups.
#define GROUP_DEPTH_MAX 16

struct object_groups {
	struct object_group *list;
	size_t n;
	size_t members;
};

// A group by its name in the text of `n`, or NULL: the fault has been told, too when it is of none
// of the kinds (bits 1 << kind).
const struct object_group *object_group_find(
	struct loader *l, const struct node *n, struct str name, unsigned int kinds);

// Which groups are of ports, for ace_parse().
struct ace_groups object_groups_names(const struct object_groups *g);

void object_groups_free(struct object_groups *g);
