// SPDX-License-Identifier: BSD-3-Clause
// The rules as workers see them: one immutable root, built by dp_apply(), published with one
// release store, read once per turn, reclaimed by QSBR without ever blocking a worker.
// Its parts are reference-counted and rebuilt only when their own input changes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_rcu_qsbr.h>

#include "dp/dp.h"
#include "dp/media_addr.h"

struct acl_list; // dp/acl.h

// A route, made for comparing: network and mask as two words of the 128-bit address each.
struct route {
	uint64_t net[2], mask[2];
	struct ip_addr gateway; // none: directly connected
	uint32_t place;         // in dp_rules.routes
	uint16_t iface;
	uint8_t len;
};

struct snapshot_parts; // dp/snapshot.c

struct snapshot {
	uint32_t gen; // never the same twice in a run; sessions carry it
	uint16_t n_ifaces;
	const struct dp_iface *ifaces;
	const struct nat_rule *nat;
	size_t n_nat;
	const struct nat_rule *pat; // the dynamic ones among them
	size_t n_pat;
	struct acl_list *const *acls;
	size_t n_acls;
	int acl_global; // or -1
	bool same_security;
	struct dp_ip_options ip_options;
	const struct route *routes; // longest prefix first
	size_t n_routes;
	const int *inspect;
	size_t n_inspect;
	const struct dp_media_addr *media;
	size_t n_media;
	const struct media_index *media_index;
	struct dp_timeouts timeouts;
	const struct dp_limit_class *limits;
	size_t n_limits;
	uint32_t half_open_max;
	struct dp_quality quality;
	// Of dp/snapshot.c alone.
	struct snapshot_parts *parts;
	struct snapshot *retired_next;
	uint64_t token;
};

// The pointer that workers read, and the quiescent-state variable they report to.
struct snapshot_root {
	const struct snapshot *current;
	struct rte_rcu_qsbr *qsbr;
};
extern struct snapshot_root snapshot_root;

static inline const struct snapshot *snapshot_read(void)
{
	return __atomic_load_n(&snapshot_root.current, __ATOMIC_ACQUIRE);
}

static inline bool snapshot_is_own(const struct snapshot *s, const struct ip_addr *ip)
{
	for (uint16_t i = 0; i < s->n_ifaces; i++)
		if (ip_eq(&s->ifaces[i].ip, ip))
			return true;
	return false;
}

static inline bool snapshot_is_media(const struct snapshot *s, const struct ip_addr *ip)
{
	for (size_t i = 0; i < s->n_media; i++)
		if (ip_eq(&s->media[i].ip, ip))
			return true;
	return false;
}

// Of the subnet of an interface; of old, zeros said so, too (RFC 1812 4.2.3.1).
static inline bool snapshot_is_broadcast(const struct snapshot *s, const struct ip_addr *ip)
{
	for (uint16_t i = 0; i < s->n_ifaces; i++) {
		const struct prefix *net = &s->ifaces[i].subnet;
		uint32_t all, host;

		if (net->len < 96 || net->len > 126 || !prefix_has(net, ip))
			continue;
		all = UINT32_MAX >> (net->len - 96);
		host = rte_be_to_cpu_32(ip_to_v4_be(ip)) & all;
		if (host == all || host == 0)
			return true;
	}
	return false;
}

// Whether a port of the interface's own address is the control plane's, whatever translations say.
static inline bool snapshot_is_own_port(const struct dp_iface *f, uint8_t proto, uint16_t port)
{
	return proto == PROTO_TCP && port >= f->own_lo && port <= f->own_hi;
}

// Whether an endpoint on `iface` is one that dynamic translations give out there.
static inline bool snapshot_is_pat(
	const struct snapshot *s, uint16_t iface, uint8_t proto, const struct endpoint *e)
{
	const struct dp_iface *f = &s->ifaces[iface];

	return s->n_pat > 0 && nat_is_pat(s->pat, s->n_pat, iface, &f->ip, proto, e) &&
		!(snapshot_is_own_port(f, proto, e->port) && ip_eq(&f->ip, &e->ip));
}

// Whether an address on `iface` is one that hosts get to themselves there.
static inline bool snapshot_is_pooled(
	const struct snapshot *s, uint16_t iface, const struct ip_addr *ip)
{
	return s->n_pat > 0 && nat_is_pooled(s->pat, s->n_pat, iface, ip);
}

// The rest is for the control thread. snapshot_open() makes room for `n_workers` readers and
// publishes rules that let nothing pass. Returns -errno.
int snapshot_open(unsigned int n_workers, unsigned int n_ifaces);
void snapshot_close(void); // after the workers have stopped

// Builds from `r` and publishes; see dp_apply().
int snapshot_apply(const struct dp_rules *r, unsigned int n_ifaces, char *err, size_t err_size);

// Frees what no worker reads any more; never waits. Returns how many roots still wait.
unsigned int snapshot_reclaim(void);
