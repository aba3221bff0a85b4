// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// See dp/pool.h. Called by dp/xlate.c and dp/handoff.c.
#include "dp/pool.h"

#include <stddef.h>

// An address is at one of so many places. A packet for an address that is not there must not cost a walk
// through a full table, nor a first packet such a walk for each address of its pool.
#define PROBES 256u

// An address in the upper bits, its worker + 1 in the lower eight. An address that has been there
// once stays, so that all workers find it at one place; 0: no address.
static uint64_t claims[POOL_CLAIMS_MAX];
// Written and read by the worker that has the address.
static uint32_t translations[POOL_CLAIMS_MAX];

static uint64_t claim_of(uint16_t iface, const struct ip_addr *ip)
{
	return ((uint64_t)iface + 1) << 40 | (uint64_t)ip_to_v4_be(ip) << 8;
}

// The place of an address; NULL: it has none, or, if it is to have one, there is no room.
static uint64_t *place_of(uint64_t address, bool make)
{
	const uint64_t start = address * UINT64_C(0x9e3779b97f4a7c15) >> 40;

	for (uint32_t i = 0; i < PROBES; i++) {
		uint64_t *at = &claims[(start + i) % POOL_CLAIMS_MAX];
		uint64_t there = __atomic_load_n(at, __ATOMIC_RELAXED);

		if (there == 0 && !make)
			return NULL;
		if (there == 0 &&
			__atomic_compare_exchange_n(
				at, &there, address, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return at;
		if ((there & ~UINT64_C(0xff)) == address)
			return at;
	}
	return NULL;
}

bool pool_claim(uint16_t iface, const struct ip_addr *ip, unsigned int worker, uint32_t translation)
{
	uint64_t address = claim_of(iface, ip), *at = place_of(address, true);

	if (at == NULL ||
		!__atomic_compare_exchange_n(at, &address, address | (worker + 1), false,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return false;
	translations[at - claims] = translation;
	return true;
}

void pool_release(uint16_t iface, const struct ip_addr *ip)
{
	const uint64_t address = claim_of(iface, ip);

	__atomic_store_n(place_of(address, true), address, __ATOMIC_RELAXED);
}

uint32_t pool_translation(uint16_t iface, const struct ip_addr *ip, unsigned int worker)
{
	const uint64_t *at = place_of(claim_of(iface, ip), false);

	return at != NULL && (__atomic_load_n(at, __ATOMIC_RELAXED) & 0xff) == worker + 1
		? translations[at - claims]
		: 0;
}

int pool_owner(uint16_t iface, const struct ip_addr *ip)
{
	const uint64_t *at = place_of(claim_of(iface, ip), false);

	return at != NULL ? (int)(__atomic_load_n(at, __ATOMIC_RELAXED) & 0xff) - 1 : -1;
}
