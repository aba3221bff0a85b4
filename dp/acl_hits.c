// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Places and sums of hit counts; see dp/acl_hits.h. Called by dp/acl_build.c, dp/worker_ctl.c and
// dp/dp_show.c.
#include "dp/acl_hits.h"

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>

#include "dp/dp.h"

static struct acl_hit *arrays[WORKERS_MAX];

// Ids to places; there while any rule is known.
static struct rte_hash *ids;

static struct {
	uint32_t refs;
	uint64_t before; // the sum when its rule came, or was cleared
} places[ACL_HITS_MAX + 1];

struct acl_hit *acl_hits_new(unsigned int worker)
{
	if (worker >= WORKERS_MAX)
		return NULL;
	arrays[worker] = rte_zmalloc(
		"acl_hits", (ACL_HITS_MAX + 1) * sizeof(struct acl_hit), RTE_CACHE_LINE_SIZE);
	return arrays[worker];
}

void acl_hits_free(unsigned int worker)
{
	if (worker >= WORKERS_MAX)
		return;
	rte_free(arrays[worker]);
	arrays[worker] = NULL;
}

static struct acl_hit sum_of(uint32_t place)
{
	struct acl_hit sum = {0, 0};

	for (unsigned int i = 0; i < WORKERS_MAX; i++) {
		uint64_t last_ns;

		if (arrays[i] == NULL)
			continue;
		sum.n += __atomic_load_n(&arrays[i][place].n, __ATOMIC_RELAXED);
		last_ns = __atomic_load_n(&arrays[i][place].last_ns, __ATOMIC_RELAXED);
		sum.last_ns = RTE_MAX(sum.last_ns, last_ns);
	}
	return sum;
}

static struct rte_hash *ids_new(void)
{
	const struct rte_hash_parameters p = {
		.name = "acl_hits",
		.entries = ACL_HITS_MAX,
		.key_len = sizeof(uint32_t),
		.hash_func = rte_jhash,
		.socket_id = SOCKET_ID_ANY,
		// Else some of the last ids find both their buckets full.
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	return rte_hash_create(&p);
}

uint32_t acl_hits_take(uint32_t id)
{
	int32_t place;

	if (ids == NULL)
		ids = ids_new();
	place = ids != NULL ? rte_hash_add_key(ids, &id) : -1;
	if (place < 0 || place >= ACL_HITS_MAX)
		return ACL_HITS_MAX;
	if (places[place].refs++ == 0)
		places[place].before = sum_of((uint32_t)place).n;
	return (uint32_t)place;
}

void acl_hits_put(uint32_t id, uint32_t place)
{
	if (place == ACL_HITS_MAX || --places[place].refs > 0)
		return;
	rte_hash_del_key(ids, &id);
	if (rte_hash_count(ids) > 0)
		return;
	rte_hash_free(ids);
	ids = NULL;
}

static int32_t place_of(uint32_t id)
{
	return ids != NULL ? rte_hash_lookup(ids, &id) : -1;
}

void acl_hits_read(uint32_t id, struct acl_hit *out)
{
	int32_t place = place_of(id);

	*out = (struct acl_hit){0, 0};
	if (place < 0)
		return;
	*out = sum_of((uint32_t)place);
	out->n -= places[place].before;
	if (out->n == 0)
		out->last_ns = 0; // of a rule that was here before, or before it was cleared
}

void acl_hits_clear(uint32_t id)
{
	int32_t place = place_of(id);

	if (place >= 0)
		places[place].before = sum_of((uint32_t)place).n;
}
