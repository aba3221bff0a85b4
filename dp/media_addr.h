// SPDX-License-Identifier: BSD-3-Clause
// The media-termination addresses: a small dense number for each pair of interface and address,
// by which the relay finds its ports, and the index through which workers find the number.
//
// A number is given once and never to another pair: so it means the same in every snapshot, in a
// packet that travels between workers, and for a stream that outlives its address's configuration.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dp/dp.h"

// Pairs in the life of the process; the port tables that their number indexes are reserved, not
// touched.
#define MEDIA_ADDRS_MAX 4096
// RTP ports are even.
#define MEDIA_PORT_PAIRS 32768u
#define MEDIA_PLACES     (MEDIA_ADDRS_MAX * MEDIA_PORT_PAIRS)

struct media_entry {
	uint64_t key; // 0: empty
	uint16_t id, port_lo, port_hi;
};

// Open addressing, at most half full. Pairs with several ranges of ports have several entries.
struct media_index {
	uint64_t mask;
	uint16_t port_lo, port_hi; // of all; most packets of others are for none of these
	struct media_entry at[];
};

// IPv4 only; never 0, since no address is.
static inline uint64_t media_addr_key(uint16_t iface, const struct ip_addr *ip)
{
	return (uint64_t)iface << 32 | ip_to_v4_be(ip);
}

static inline uint64_t media_addr_hash(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

// The number of the address of `iface` that takes media on `port`, or -1. Any thread.
static inline int media_addr_find(
	const struct media_index *x, uint16_t iface, const struct ip_addr *ip, uint16_t port)
{
	const uint64_t key = media_addr_key(iface, ip);

	if (port < x->port_lo || port > x->port_hi)
		return -1;
	for (uint64_t i = media_addr_hash(key);; i++) {
		const struct media_entry *e = &x->at[i & x->mask];

		if (e->key == 0)
			return -1;
		if (e->key == key && port >= e->port_lo && port <= e->port_hi)
			return e->id;
	}
}

// The index in the port table of an even port, or of the odd one behind it. 0 is nobody's.
static inline uint32_t media_place(unsigned int addr_id, uint16_t port)
{
	return addr_id * MEDIA_PORT_PAIRS + port / 2;
}

// The number of a pair, given now if it has none yet. -ENOSPC: MEDIA_ADDRS_MAX are in use; only a
// restart helps. Control thread only.
int media_addr_id(uint16_t iface, const struct ip_addr *ip);

// Octets of an index for `n` addresses; media_addr_index() fills in such a zeroed piece of memory,
// or returns -ENOSPC. The addresses are IPv4. Control thread only.
size_t media_addr_index_size(size_t n);
int media_addr_index(struct media_index *x, const struct dp_media_addr *a, size_t n);
