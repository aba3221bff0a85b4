// SPDX-License-Identifier: BSD-3-Clause
// The place of an address in the small tables that count by host.
#pragma once

#include <rte_jhash.h>

#include "lib/addr.h"

// `ip` may stand anywhere in memory: the hash itself reads words.
static inline uint32_t ip_hash(const struct ip_addr *ip, uint32_t seed)
{
	const struct ip_addr key __rte_aligned(sizeof(uint32_t)) = *ip;

	return rte_jhash(&key, sizeof(key), seed);
}
