// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Makes and unmakes a worker's table of dynamic translations; see dp/xlate.h. Called by
// dp/worker_ctl.c.
#include <stdio.h>
#include <sys/random.h>

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>

#include "dp/pool.h"
#include "dp/xlate.h"

// Of 65536 ports.
#define BLOCKS (1u << (16 - STEER_BLOCK_SHIFT))

// The blocks of ports that are this worker's.
static void blocks_deal(struct xlate_table *t, unsigned int worker, unsigned int n_workers)
{
	unsigned int n = 0;

	for (unsigned int b = NAT_PAT_PORT_MIN >> STEER_BLOCK_SHIFT; b < BLOCKS; b++) {
		if (steer_port_owner((uint16_t)(b << STEER_BLOCK_SHIFT), n_workers) != worker)
			continue;
		if (n++ == 0)
			t->first_block = b;
	}
	t->n_workers = n_workers;
	t->words = n << STEER_BLOCK_SHIFT >> 6;
}

static struct rte_hash *hash_new(unsigned int worker, uint32_t max, uint32_t seed)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters p = {
		.name = name,
		.entries = RTE_MAX(max, 8u),
		.key_len = sizeof(struct xlate_key),
		.hash_func = rte_jhash,
		.hash_func_init_val = seed,
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(name, sizeof(name), "xlate%u", worker);
	return rte_hash_create(&p);
}

// Of rte_hash: a key with its data, and places in two sets of buckets and their rings.
#define HASH_KEY_SIZE   48
#define HASH_PLACE_SIZE 24

size_t xlate_memory(uint32_t max)
{
	return max * (sizeof(struct xlate) + sizeof(uint32_t) + HASH_KEY_SIZE) +
		(size_t)rte_align32pow2(max) * HASH_PLACE_SIZE;
}

struct xlate_table *xlate_new(
	unsigned int worker, unsigned int n_workers, uint32_t max, uint32_t seed)
{
	struct xlate_table *t = rte_zmalloc("xlate", sizeof(*t), RTE_CACHE_LINE_SIZE);

	_Static_assert(sizeof(struct xlate_key) == 28, "a key without padding");
	if (t == NULL)
		return NULL;
	blocks_deal(t, worker, n_workers);
	t->max = t->n_free = max;
	t->hash = hash_new(worker, max, seed);
	t->at = rte_zmalloc("xlate", max * sizeof(*t->at), RTE_CACHE_LINE_SIZE);
	t->free = rte_malloc("xlate", max * sizeof(*t->free), RTE_CACHE_LINE_SIZE);
	t->ports = rte_zmalloc("xlate",
		(size_t)XLATE_ADDRS_MAX * XLATE_PROTOS * t->words * sizeof(*t->ports),
		RTE_CACHE_LINE_SIZE);
	if (t->hash == NULL || t->at == NULL || t->free == NULL || t->ports == NULL ||
		getrandom(t->secret, sizeof(t->secret), 0) != sizeof(t->secret)) {
		xlate_free(t);
		return NULL;
	}
	for (uint32_t i = 0; i < max; i++)
		t->free[i] = max - 1 - i;
	return t;
}

void xlate_free(struct xlate_table *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->used; i++) // other tables may be made in this program
		if (t->at[i].live && t->at[i].whole)
			pool_release(t->at[i].key.mapped_if, &t->at[i].mapped.ip);
	rte_hash_free(t->hash);
	rte_free(t->at);
	rte_free(t->free);
	rte_free(t->ports);
	rte_free(t);
}
