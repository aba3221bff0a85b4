// SPDX-License-Identifier: BSD-3-Clause
// Cold: runs on the control thread.
// Numbers media-termination addresses for dp/snapshot.c, which tells workers about them, and
// dp/media_ctl.c, whose streams have their ports there; see dp/media_addr.h.
#include "dp/media_addr.h"

#include <errno.h>

#include <rte_common.h>

static uint64_t keys[MEDIA_ADDRS_MAX];
static int n_keys;

int media_addr_id(uint16_t iface, const struct ip_addr *ip)
{
	const uint64_t key = media_addr_key(iface, ip);

	for (int i = 0; i < n_keys; i++)
		if (keys[i] == key)
			return i;
	if (n_keys == MEDIA_ADDRS_MAX)
		return -ENOSPC;
	keys[n_keys] = key;
	return n_keys++;
}

static uint64_t slots_for(size_t n)
{
	uint64_t slots = 2;

	while (slots < 2 * n)
		slots *= 2;
	return slots;
}

size_t media_addr_index_size(size_t n)
{
	return sizeof(struct media_index) + slots_for(n) * sizeof(struct media_entry);
}

int media_addr_index(struct media_index *x, const struct dp_media_addr *a, size_t n)
{
	x->mask = slots_for(n) - 1;
	x->port_lo = UINT16_MAX;
	for (size_t i = 0; i < n; i++) {
		int id = media_addr_id(a[i].iface, &a[i].ip);
		uint64_t key = media_addr_key(a[i].iface, &a[i].ip);
		uint64_t at = media_addr_hash(key);

		if (id < 0)
			return id;
		while (x->at[at & x->mask].key != 0)
			at++;
		x->port_lo = RTE_MIN(x->port_lo, a[i].port_lo);
		x->port_hi = RTE_MAX(x->port_hi, a[i].port_hi);
		x->at[at & x->mask] =
			(struct media_entry){key, (uint16_t)id, a[i].port_lo, a[i].port_hi};
	}
	return 0;
}
