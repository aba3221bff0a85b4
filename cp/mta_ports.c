// SPDX-License-Identifier: BSD-3-Clause
#include "cp/mta_ports.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/steer.h"

#define S_NS 1000000000ull

struct resting {
	uint32_t until_s; // CLOCK_MONOTONIC
	uint16_t port;
};

// One address. Its arrays are there once it has been used.
struct address {
	struct ip_addr ip;
	uint16_t *free[WORKERS_MAX]; // even ports, in no order; the first n_free of each
	uint32_t n_free[WORKERS_MAX];
	// A ring, oldest first: [head, dated) know when their time is up, [dated, tail) came since
	// the last tick. The positions count on; modulo `n_pairs` they are indices.
	struct resting *rest;
	uint64_t head, dated, tail;
};

struct mta_ports {
	const struct config_mta *pool;
	unsigned int n_workers;
	uint32_t n_pairs, n_pairs_of[WORKERS_MAX]; // of one address, and of these each worker's
	uint32_t resting;
	uint32_t *of;              // the address of each entry of the pool
	struct address *addresses; // without repeats
	uint32_t n_addresses;
};

// ---- Life ---------------------------------------------------------------------------------------

// Even ports whose neighbour is in the range too. A `port` of 32 bits: the last one ends at 65536.
static uint32_t first_port(const struct config_mta *c)
{
	return (c->rtp_min_port + 1u) & ~1u;
}

static bool is_pair(const struct config_mta *c, uint32_t port)
{
	return port + 1 <= c->rtp_max_port;
}

static uint32_t address_of(struct mta_ports *p, const struct ip_addr *ip)
{
	for (uint32_t i = 0; i < p->n_addresses; i++) {
		if (ip_eq(&p->addresses[i].ip, ip))
			return i;
	}
	p->addresses[p->n_addresses].ip = *ip;
	memcpy(p->addresses[p->n_addresses].n_free, p->n_pairs_of, sizeof(p->n_pairs_of));
	return p->n_addresses++;
}

struct mta_ports *mta_ports_new(const struct config_mta *pool, unsigned int n_workers)
{
	struct mta_ports *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->pool = pool;
	p->n_workers = n_workers;
	p->of = calloc(pool->n_addrs + 1, sizeof(*p->of));
	p->addresses = calloc(pool->n_addrs + 1, sizeof(*p->addresses));
	if (p->of == NULL || p->addresses == NULL) {
		mta_ports_free(p);
		return NULL;
	}
	for (uint32_t port = first_port(pool); is_pair(pool, port); port += 2) {
		p->n_pairs_of[steer_port_owner((uint16_t)port, n_workers)]++;
		p->n_pairs++;
	}
	for (size_t i = 0; i < pool->n_addrs; i++)
		p->of[i] = address_of(p, &pool->addrs[i].ip);
	return p;
}

void mta_ports_free(struct mta_ports *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; i < p->n_addresses; i++) {
		free(p->addresses[i].free[0]);
		free(p->addresses[i].rest);
	}
	free(p->addresses);
	free(p->of);
	free(p);
}

// Lists every pair of an address, before the first of them is taken.
static int open_address(struct mta_ports *p, struct address *a)
{
	uint32_t n[WORKERS_MAX] = {0};
	uint16_t *at = calloc(p->n_pairs, sizeof(*at));
	struct resting *rest = calloc(p->n_pairs, sizeof(*rest));

	if (at == NULL || rest == NULL) {
		free(at);
		free(rest);
		return -ENOMEM;
	}
	a->rest = rest;
	for (unsigned int w = 0; w < p->n_workers; w++) {
		a->free[w] = at;
		at += p->n_pairs_of[w];
	}
	for (uint32_t port = first_port(p->pool); is_pair(p->pool, port); port += 2) {
		unsigned int w = steer_port_owner((uint16_t)port, p->n_workers);

		a->free[w][n[w]++] = (uint16_t)port;
	}
	return 0;
}

// ---- Taking and giving back ---------------------------------------------------------------------

int mta_ports_take(struct mta_ports *p, unsigned int worker, uint16_t iface,
	const struct ip_addr *only, struct mta_pair *out)
{
	struct address *best = NULL;
	uint32_t random, *n;
	uint16_t *port;

	for (size_t i = 0; i < p->pool->n_addrs; i++) {
		struct address *a = &p->addresses[p->of[i]];

		if (p->pool->addrs[i].iface != iface || (only != NULL && !ip_eq(only, &a->ip)))
			continue;
		if (best == NULL || a->n_free[worker] > best->n_free[worker])
			best = a;
	}
	if (best == NULL)
		return -ENOENT;
	n = &best->n_free[worker];
	// By chance: who cannot see a call shall not guess its ports.
	if (*n == 0 || RAND_bytes((uint8_t *)&random, sizeof(random)) != 1)
		return -ENOSPC;
	if (best->rest == NULL && open_address(p, best) != 0)
		return -ENOMEM;
	port = &best->free[worker][random % *n];
	*out = (struct mta_pair){(uint32_t)(best - p->addresses), best->ip, *port};
	*port = best->free[worker][--*n];
	return 0;
}

void mta_ports_give(struct mta_ports *p, uint32_t addr, uint16_t port)
{
	struct address *a = &p->addresses[addr];
	unsigned int w = steer_port_owner(port, p->n_workers);

	a->free[w][a->n_free[w]++] = port;
}

void mta_ports_rest(struct mta_ports *p, uint32_t addr, uint16_t port)
{
	struct address *a = &p->addresses[addr];

	if (p->pool->port_guard_s == 0) {
		mta_ports_give(p, addr, port);
		return;
	}
	a->rest[a->tail++ % p->n_pairs].port = port;
	p->resting++;
}

static void tick(struct mta_ports *p, struct address *a, uint32_t now_s)
{
	// Whole seconds, rounded up: never shorter than asked.
	while (a->dated != a->tail)
		a->rest[a->dated++ % p->n_pairs].until_s = now_s + p->pool->port_guard_s + 1;
	while (a->head != a->dated && a->rest[a->head % p->n_pairs].until_s <= now_s) {
		mta_ports_give(
			p, (uint32_t)(a - p->addresses), a->rest[a->head++ % p->n_pairs].port);
		p->resting--;
	}
}

void mta_ports_tick(struct mta_ports *p, uint64_t now_ns)
{
	for (uint32_t i = 0; i < p->n_addresses && p->resting > 0; i++)
		tick(p, &p->addresses[i], (uint32_t)(now_ns / S_NS));
}

// ---- Figures ------------------------------------------------------------------------------------

uint32_t mta_ports_resting(const struct mta_ports *p)
{
	return p->resting;
}

// Pairs of a worker on an interface that are free, and all that there are.
static uint32_t count_free(const struct mta_ports *p, uint16_t iface, unsigned int w, uint32_t *all)
{
	uint32_t n = 0;

	for (size_t i = 0; i < p->pool->n_addrs; i++) {
		if (p->pool->addrs[i].iface != iface)
			continue;
		n += p->addresses[p->of[i]].n_free[w];
		*all += p->n_pairs_of[w];
	}
	return n;
}

bool mta_ports_enough(const struct mta_ports *p, const uint16_t iface[2], uint32_t share)
{
	uint64_t available = 0, all = 0;

	// A stream's two pairs are in one worker's slice.
	for (unsigned int w = 0; w < p->n_workers; w++) {
		uint32_t all0 = 0, all1 = 0;
		uint32_t n0 = count_free(p, iface[0], w, &all0);
		uint32_t n1 = count_free(p, iface[1], w, &all1);

		available += n0 < n1 ? n0 : n1;
		all += all0 < all1 ? all0 : all1;
	}
	return available > 0 && available >= all / share;
}
