// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Where a dynamic translation gets its port, or its address; see dp/xlate_place.h. Called by dp/xlate.c
// when one is made or ended.
#include "dp/xlate_place.h"

#include "dp/pool.h"
#include "dp/snapshot.h"

#define BLOCK_PORTS (1u << STEER_BLOCK_SHIFT)
#define EVEN_PORTS  UINT64_C(0x5555555555555555)

static uint64_t mix(const struct xlate_table *t, uint64_t n)
{
	__uint128_t x = (__uint128_t)(n ^ t->secret[0]) * (t->secret[1] | 1);
	uint64_t y = (uint64_t)x ^ (uint64_t)(x >> 64);

	x = (__uint128_t)(y ^ t->secret[1]) * (t->secret[0] | 1);
	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

// A stranger must not guess the next port from the last ones (RFC 6056).
static uint64_t draw(struct xlate_table *t)
{
	return mix(t, ++t->drawn);
}

// ---- Ports of an address -----------------------------------------------------------------------

static uint64_t *words_of(const struct xlate_table *t, unsigned int addr, unsigned int proto)
{
	return t->ports + (size_t)(addr * XLATE_PROTOS + proto) * t->words;
}

// The number of a port among this worker's.
static uint32_t number_of(const struct xlate_table *t, uint16_t port)
{
	return ((unsigned int)(port >> STEER_BLOCK_SHIFT) - t->first_block) / t->n_workers *
		BLOCK_PORTS +
		port % BLOCK_PORTS;
}

static uint16_t port_of(const struct xlate_table *t, uint32_t number)
{
	return (uint16_t)((t->first_block + number / BLOCK_PORTS * t->n_workers) * BLOCK_PORTS +
		number % BLOCK_PORTS);
}

static bool is_mine(const struct worker *w, uint16_t port)
{
	return port >= NAT_PAT_PORT_MIN && steer_port_owner(port, w->n_workers) == w->id;
}

static void port_mark(
	struct xlate_table *t, unsigned int addr, unsigned int proto, uint16_t port, bool taken)
{
	uint32_t n = number_of(t, port);
	uint64_t *word = &words_of(t, addr, proto)[n / 64], bit = 1ull << n % 64;

	*word = taken ? *word | bit : *word & ~bit;
	t->addr[addr].free[proto] += taken ? -1u : 1u;
	t->given_back += !taken;
}

static bool port_is_free(
	const struct xlate_table *t, unsigned int addr, unsigned int proto, uint16_t port)
{
	uint32_t n = number_of(t, port);

	return !(words_of(t, addr, proto)[n / 64] & 1ull << n % 64);
}

// What dynamic rules must not give out of an address.
struct reserved {
	uint16_t lo, hi; // 0: nothing
};

static struct reserved reserved_of(
	const struct worker *w, uint16_t iface, const struct ip_addr *ip, unsigned int proto)
{
	const struct dp_iface *f = &w->snap->ifaces[iface];

	if (proto != XLATE_TCP || !ip_eq(&f->ip, ip))
		return (struct reserved){0, 0};
	return (struct reserved){f->own_lo, f->own_hi};
}

static bool is_reserved(const struct reserved *r, uint16_t port)
{
	return port >= r->lo && port <= r->hi;
}

// The reserved ones of the 64 ports from `port` on.
static uint64_t reserved_bits(const struct reserved *r, uint16_t port)
{
	uint64_t bits = 0;

	if (r->hi < port || r->lo > port + 63)
		return 0;
	for (unsigned int i = 0; i < 64; i++)
		bits |= (uint64_t)is_reserved(r, (uint16_t)(port + i)) << i;
	return bits;
}

// A free port among those of `mask`, from a random place on; 0: none.
static uint16_t port_search(struct xlate_table *t, unsigned int addr, unsigned int proto,
	const struct reserved * not, uint64_t mask)
{
	const uint64_t *words = words_of(t, addr, proto), random = draw(t);
	const unsigned int turn = random % 64;
	const uint32_t start = (uint32_t)((random >> 32) * t->words >> 32);

	for (uint32_t i = 0; i < t->words; i++) {
		uint32_t at = start + i < t->words ? start + i : start + i - t->words;
		uint64_t open = ~words[at] & mask & ~reserved_bits(not, port_of(t, at * 64));

		if (open == 0)
			continue;
		open = open >> turn | open << (64 - turn) % 64;
		return port_of(t, at * 64 + ((unsigned int)__builtin_ctzll(open) + turn) % 64);
	}
	return 0;
}

// 0: none is left.
static uint16_t port_choose(const struct worker *w, unsigned int addr, unsigned int proto,
	const struct reserved * not, uint16_t real)
{
	struct xlate_table *t = w->xlate;
	const uint64_t parity = real % 2 == 0 ? EVEN_PORTS : ~EVEN_PORTS;
	uint16_t port;

	if (t->addr[addr].free[proto] == 0)
		return 0;
	if (is_mine(w, real) && port_is_free(t, addr, proto, real) && !is_reserved(not, real))
		return real;
	port = port_search(t, addr, proto, not, parity);
	return port != 0 ? port : port_search(t, addr, proto, not, ~parity);
}

// ---- Addresses ---------------------------------------------------------------------------------

static uint64_t addr_key(uint16_t iface, const struct ip_addr *ip)
{
	return (uint64_t)iface << 32 | ip_to_v4_be(ip);
}

// The place of an address, given now if it has none; -1: all places are in use.
static int addr_place(struct xlate_table *t, uint16_t iface, const struct ip_addr *ip)
{
	const uint64_t key = addr_key(iface, ip);
	int unused = -1;

	for (unsigned int i = 0; i < t->n_addrs; i++) {
		if (t->addr[i].key == key)
			return (int)i;
		if (t->addr[i].mappings == 0)
			unused = (int)i;
	}
	if (t->n_addrs < XLATE_ADDRS_MAX)
		unused = (int)t->n_addrs++;
	if (unused < 0)
		return -1;
	t->addr[unused] = (struct xlate_addr){.key = key};
	for (unsigned int p = 0; p < XLATE_PROTOS; p++)
		t->addr[unused].free[p] = t->words * 64;
	return unused;
}

// Finds address and port of a new mapping.
static bool place_at(
	const struct worker *w, struct xlate *x, const struct ip_addr *ip, unsigned int proto)
{
	const struct reserved not = reserved_of(w, x->key.mapped_if, ip, proto);
	int addr = addr_place(w->xlate, x->key.mapped_if, ip);
	uint16_t port;

	if (addr < 0)
		return false;
	port = port_choose(w, (unsigned int)addr, proto, &not, x->key.real.port);
	if (port == 0)
		return false;
	x->mapped = (struct endpoint){*ip, port};
	x->addr = (uint16_t)addr;
	return true;
}

// A host begins with the same address of the pool each time, a stranger does not know which; not by a number
// that is drawn for a port.
static uint32_t pool_start(const struct xlate_table *t, const struct ip_addr *host, uint32_t size)
{
	return size > 0 ? (uint32_t)(mix(t, (uint64_t)ip_to_v4_be(host) << 32) % size) : 0;
}

static bool port_find(const struct worker *w, struct xlate *x, const struct nat_rule *r)
{
	const uint32_t size = r->kind == NAT_PAT ? nat_given_size(r) : 0;
	const unsigned int proto = xlate_proto((uint8_t)x->key.proto);
	uint32_t at = pool_start(w->xlate, &x->key.real.ip, size);

	for (uint32_t i = 0; i < size; i++) {
		struct ip_addr ip = nat_given_at(r, at);

		if (place_at(w, x, &ip, proto))
			return true;
		at = at + 1 < size ? at + 1 : 0;
	}
	return r->interface && place_at(w, x, &w->snap->ifaces[x->key.mapped_if].ip, proto);
}

// Finds an address of the pool that no host has; with `claim` it is taken, by the table's `x`.
static bool address_find(
	const struct worker *w, struct xlate *x, const struct nat_rule *r, bool claim)
{
	const uint16_t iface = x->key.mapped_if;
	const uint32_t size = nat_given_size(r);
	uint32_t at = pool_start(w->xlate, &x->key.real.ip, size);

	for (uint32_t i = 0; i < size; i++) {
		x->mapped = (struct endpoint){nat_given_at(r, at), 0};
		if (claim ? pool_claim(
				    iface, &x->mapped.ip, w->id, (uint32_t)(x - w->xlate->at) + 1)
			  : pool_owner(iface, &x->mapped.ip) < 0)
			return true;
		at = at + 1 < size ? at + 1 : 0;
	}
	return false;
}

// ---- For mappings ------------------------------------------------------------------------------

bool xlate_place_find(const struct worker *w, struct xlate *x, const struct nat_rule *r)
{
	return x->key.proto == PROTO_ANY ? address_find(w, x, r, false) : port_find(w, x, r);
}

bool xlate_place_take(struct worker *w, struct xlate *x, const struct nat_rule *r)
{
	const unsigned int proto = xlate_proto((uint8_t)x->key.proto);
	struct xlate_table *t = w->xlate;
	const struct xlate_used_up now = {t->given_back, r->id, w->snap->gen, x->key.mapped_if};
	struct xlate_used_up *was = &t->used_up[proto][r->id % XLATE_USED_UP];

	if (x->whole)
		return address_find(w, x, r, true);
	if (was->given_back == now.given_back && was->rule == now.rule && was->gen == now.gen &&
		was->mapped_if == now.mapped_if)
		return false;
	if (!port_find(w, x, r)) {
		*was = now;
		return false;
	}
	port_mark(t, x->addr, proto, x->mapped.port, true);
	t->addr[x->addr].mappings++;
	return true;
}

void xlate_place_release(struct xlate_table *t, const struct xlate *x)
{
	if (x->whole) {
		pool_release(x->key.mapped_if, &x->mapped.ip);
		return;
	}
	port_mark(t, x->addr, xlate_proto((uint8_t)x->key.proto), x->mapped.port, false);
	t->addr[x->addr].mappings--;
}

bool xlate_place_is_taken(
	const struct worker *w, uint16_t iface, uint8_t proto, const struct endpoint *mapped)
{
	const struct xlate_table *t = w->xlate;
	const uint64_t key = addr_key(iface, &mapped->ip);

	for (unsigned int i = 0; i < t->n_addrs && is_mine(w, mapped->port); i++)
		if (t->addr[i].key == key)
			return !port_is_free(t, i, xlate_proto(proto), mapped->port);
	return false;
}
