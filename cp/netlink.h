// SPDX-License-Identifier: BSD-3-Clause
// Next hops: mirrors the neighbour table of the private namespace to the workers, and makes the
// kernel ask for the neighbours that workers or calls need (design.md section 2, point 5). The
// kernel does all ARP; workers only hold the answers. Control thread only.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct netlink;

// Subscribes to neighbour events and reads the present table. `ifindex[i]` is the TAP of
// interface i of `c`; both are copied as far as they are needed. Call after stack_open().
// Returns -errno.
int netlink_new(struct netlink **out, struct event_base *base, const struct config *c,
	const unsigned int *ifindex);
void netlink_free(struct netlink *nl); // accepts NULL

// The routes of `c` are those in force from now on. -ENOMEM: the old ones stay.
int netlink_set_routes(struct netlink *nl, const struct config *c);

// A worker lacks the MAC of this next hop (DP_MSG_NEIGH_MISS). Answers from the table, or asks the
// kernel; the answer follows as DP_MSG_NEIGH_SET when the neighbour speaks. Addresses outside the
// interface's subnet are ignored; questions beyond a budget per second are not asked, of which those that
// are not urgent have half.
void netlink_miss(struct netlink *nl, uint16_t iface, const struct ip_addr *ip, bool urgent);

// Resolves the next hop towards `ip` (itself, or the gateway of the longest configured route) ahead
// of the first packet, such as a media address at call set-up. Asynchronous, as above.
// -ENETUNREACH: no configured route leads there through `iface`.
int netlink_resolve(struct netlink *nl, uint16_t iface, const struct ip_addr *ip);

// The MAC of the next hop towards `ip` is known.
bool netlink_resolved(struct netlink *nl, uint16_t iface, const struct ip_addr *ip);

// Neighbours of all interfaces that are kept at once.
#define NETLINK_NEIGHS_MAX 4096

struct netlink_neigh {
	uint16_t iface;
	struct ip_addr ip;
	bool known; // else it has been asked for and has not answered
	uint8_t mac[6];
	uint32_t age_s; // since it answered last
};

// By interface and address; returns how many there are.
size_t netlink_neighs(
	const struct netlink *nl, struct netlink_neigh out[static NETLINK_NEIGHS_MAX]);

// Has the kernel forget every neighbour, and thereby the workers: who is needed is asked for by the next packet.
// Returns how many there were.
size_t netlink_clear(struct netlink *nl);
