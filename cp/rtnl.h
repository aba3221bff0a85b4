// SPDX-License-Identifier: BSD-3-Clause
// The few rtnetlink requests that callgate makes in its namespace. Each waits for the kernel's
// answer, which comes at once. IPv4 only: other addresses give -EAFNOSUPPORT. Every function
// returns 0 or -errno. Control thread only, after netns_enter().
#pragma once

#include <stdint.h>

#include "lib/addr.h"

struct rtnl;

int rtnl_open(struct rtnl **out);
void rtnl_close(struct rtnl *r); // accepts NULL

int rtnl_link_up(struct rtnl *r, unsigned int ifindex);
int rtnl_link_set(struct rtnl *r, unsigned int ifindex, const uint8_t mac[6], uint32_t mtu);

// The kernel adds the connected route of `subnet` by itself.
int rtnl_addr_add(struct rtnl *r, unsigned int ifindex, const struct ip_addr *ip,
	const struct prefix *subnet);
// Takes the place of another route to `dst`.
int rtnl_route_set(struct rtnl *r, unsigned int ifindex, const struct prefix *dst,
	const struct ip_addr *gateway);
int rtnl_route_del(struct rtnl *r, unsigned int ifindex, const struct prefix *dst,
	const struct ip_addr *gateway);

// "Everything is local" in a table of its own, and the rule that sends what arrives on an
// interface there.
int rtnl_local_table(struct rtnl *r, uint32_t table);
int rtnl_rule_iif(struct rtnl *r, const char *ifname, uint32_t table);

// Tells the kernel that a neighbour is in use: it asks for an unknown one and verifies a stale one.
int rtnl_neigh_use(struct rtnl *r, unsigned int ifindex, const struct ip_addr *ip);

// Has the kernel forget one.
int rtnl_neigh_del(struct rtnl *r, unsigned int ifindex, const struct ip_addr *ip);
