// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Makes and unmakes the tables of fragments; see dp/frag.h. Called by dp/dp.c and by tests.
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dp/frag.h"

// The ASA's (`fragment`): datagrams that wait per interface, their fragments, seconds.
#define SIZE_DEFAULT    200
#define CHAIN_DEFAULT   24
#define TIMEOUT_DEFAULT 5

// Datagrams that are whole, and on their way through rings.
#define UNDERWAY_PER_WORKER 64

static unsigned int or_default(uint16_t value, unsigned int otherwise)
{
	return value != 0 ? value : otherwise;
}

static unsigned int size_of(const struct dp_iface_options *i, unsigned int n_workers)
{
	return (or_default(i->fragments.size, SIZE_DEFAULT) + n_workers - 1) / n_workers;
}

static unsigned int chain_of(const struct dp_iface_options *i)
{
	return RTE_MIN(or_default(i->fragments.chain, CHAIN_DEFAULT), (unsigned int)FRAG_CHAIN_MAX);
}

// As many octets as fragments of the interface's MTU bring, if one buffer can hold them.
static unsigned int room_of(const struct dp_iface_options *i)
{
	const unsigned int mtu = or_default(i->mtu, RTE_ETHER_MTU);
	const unsigned int most = UINT16_MAX - RTE_PKTMBUF_HEADROOM - FRAG_HEAD - FRAG_TAIL;

	return RTE_MIN(chain_of(i) * (mtu - (unsigned int)sizeof(struct rte_ipv4_hdr)), most);
}

struct rte_mempool *frag_pool(
	const struct dp_iface_options *ifaces, unsigned int n_ifaces, unsigned int n_workers)
{
	unsigned int n = n_workers * UNDERWAY_PER_WORKER, room = 0;

	for (unsigned int i = 0; i < n_ifaces; i++) {
		n += n_workers * size_of(&ifaces[i], n_workers);
		room = RTE_MAX(room, room_of(&ifaces[i]));
	}
	room += RTE_PKTMBUF_HEADROOM + FRAG_HEAD + FRAG_TAIL;
	return rte_pktmbuf_pool_create(
		"datagrams", n, 0, sizeof(struct pkt), (uint16_t)room, SOCKET_ID_ANY);
}

struct frag_table *frag_new(const struct dp_iface_options *ifaces, unsigned int n_ifaces,
	unsigned int n_workers, struct rte_mempool *pool)
{
	struct frag_table *t = rte_zmalloc("frag", sizeof(*t), RTE_CACHE_LINE_SIZE);

	if (t == NULL)
		return NULL;
	t->source = rte_zmalloc("frag", n_ifaces * sizeof(*t->source), RTE_CACHE_LINE_SIZE);
	if (t->source == NULL) {
		frag_free(t);
		return NULL;
	}
	t->pool = pool;
	t->room = (uint32_t)rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM - FRAG_HEAD -
		FRAG_TAIL;
	for (unsigned int i = 0; i < n_ifaces; i++) {
		const unsigned int size = size_of(&ifaces[i], n_workers);

		t->limit[i] = (struct frag_limit){
			.size = (uint16_t)size,
			.share = (uint16_t)RTE_MAX(size / FRAG_SOURCE_SHARE, 1u),
			.chain = (uint16_t)chain_of(&ifaces[i]),
			.timeout_ns = or_default(ifaces[i].fragments.timeout_s, TIMEOUT_DEFAULT) *
				UINT64_C(1000000000),
		};
		TAILQ_INIT(&t->limit[i].queue);
		for (unsigned int k = 0; k < FRAG_SOURCES; k++)
			TAILQ_INIT(&t->source[i][k].queue);
		t->max += size;
	}
	t->entry = rte_zmalloc("frag", t->max * sizeof(*t->entry), RTE_CACHE_LINE_SIZE);
	t->free = rte_malloc("frag", t->max * sizeof(*t->free), RTE_CACHE_LINE_SIZE);
	if (t->entry == NULL || t->free == NULL) {
		frag_free(t);
		return NULL;
	}
	for (t->n_free = 0; t->n_free < t->max; t->n_free++)
		t->free[t->n_free] = t->max - 1 - t->n_free;
	return t;
}

void frag_free(struct frag_table *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; t->entry != NULL && i < t->max; i++)
		rte_pktmbuf_free(t->entry[i].m);
	rte_free(t->source);
	rte_free(t->entry);
	rte_free(t->free);
	rte_free(t);
}
