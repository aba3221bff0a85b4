// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Dynamic translations; see dp/xlate.h. Called by dp/acl.c for the first packet of a flow and by
// dp/sess.c when a session ends: an established flow never comes here.
#include "dp/xlate.h"

#include <rte_cycles.h>
#include <rte_hash.h>

#include "dp/pool.h"
#include "dp/sess.h"
#include "dp/snapshot.h"

// What a turn spends at most on ending mappings; sessions end no faster.
#define AGE_MAX 64

// Slots of a table that a turn looks at when translations are cleared.
#define CLEAR_SLOTS 256

// How often the control plane is told that ports are used up.
#define TELL_NS 1000000000ull

#define BLOCK_PORTS (1u << STEER_BLOCK_SHIFT)
#define BLOCK_WORDS (BLOCK_PORTS / 64)
#define EVEN_PORTS  UINT64_C(0x5555555555555555)

// A stranger must not guess the next port from the last ones (RFC 6056).
static uint64_t draw(struct xlate_table *t)
{
	__uint128_t x = (__uint128_t)(++t->drawn ^ t->secret[0]) * (t->secret[1] | 1);
	uint64_t y = (uint64_t)x ^ (uint64_t)(x >> 64);

	x = (__uint128_t)(y ^ t->secret[1]) * (t->secret[0] | 1);
	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

static unsigned int proto_index(uint8_t proto)
{
	return proto == PROTO_TCP ? XLATE_TCP : proto == PROTO_UDP ? XLATE_UDP : XLATE_ICMP;
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

// A host begins with the same address of the pool each time, a stranger does not know which.
static uint32_t pool_start(const struct xlate_table *t, const struct ip_addr *host, uint32_t size)
{
	const __uint128_t mixed =
		(__uint128_t)(ip_to_v4_be(host) ^ t->secret[1]) * (t->secret[0] | 1);

	return size > 0 ? (uint32_t)((uint64_t)(mixed >> 32) % size) : 0;
}

static bool place_find(const struct worker *w, struct xlate *x, const struct nat_rule *r)
{
	const uint32_t size = r->kind == NAT_PAT ? nat_pool_size(&r->pool) : 0;
	const unsigned int proto = proto_index((uint8_t)x->key.proto);
	uint32_t at = pool_start(w->xlate, &x->key.real.ip, size);

	for (uint32_t i = 0; i < size; i++) {
		struct ip_addr ip = nat_pool_at(&r->pool, at);

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
	const uint32_t size = nat_pool_size(&r->pool);
	uint32_t at = pool_start(w->xlate, &x->key.real.ip, size);

	for (uint32_t i = 0; i < size; i++) {
		x->mapped = (struct endpoint){nat_pool_at(&r->pool, at), 0};
		if (claim ? pool_claim(
				    iface, &x->mapped.ip, w->id, (uint32_t)(x - w->xlate->at) + 1)
			  : pool_owner(iface, &x->mapped.ip) < 0)
			return true;
		at = at + 1 < size ? at + 1 : 0;
	}
	return false;
}

// ---- Mappings ----------------------------------------------------------------------------------

static void rest_begin(struct xlate_table *t, uint32_t xlate, uint64_t now_ns)
{
	struct xlate *x = &t->at[xlate - 1];
	struct xlate_rest *rest = &t->rest[x->whole];

	x->rest_ns = now_ns;
	x->prev = rest->newest;
	x->next = 0;
	if (rest->newest != 0)
		t->at[rest->newest - 1].next = xlate;
	else
		rest->oldest = xlate;
	rest->newest = xlate;
}

static void rest_end(struct xlate_table *t, struct xlate *x)
{
	struct xlate_rest *rest = &t->rest[x->whole];

	if (x->prev != 0)
		t->at[x->prev - 1].next = x->next;
	else
		rest->oldest = x->next;
	if (x->next != 0)
		t->at[x->next - 1].prev = x->prev;
	else
		rest->newest = x->prev;
}

// Its port, or its address, is somebody else's to have.
static void place_release(struct xlate_table *t, const struct xlate *x)
{
	if (x->whole) {
		pool_release(x->key.mapped_if, &x->mapped.ip);
		return;
	}
	port_mark(t, x->addr, proto_index((uint8_t)x->key.proto), x->mapped.port, false);
	t->addr[x->addr].mappings--;
}

// Of one that rests.
static void xlate_end(struct xlate_table *t, struct xlate *x)
{
	rest_end(t, x);
	if (x->named)
		rte_hash_del_key(t->hash, &x->key);
	place_release(t, x);
	x->live = false;
	t->free[t->n_free++] = (uint32_t)(x - t->at);
	__atomic_store_n(&t->n_live, t->n_live - 1, __ATOMIC_RELAXED);
}

static void tell_ports(struct worker *w, const struct nat_rule *r)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NAT_PORTS};

	struct xlate_table *t = w->xlate;

	if (t->told_ns != 0 && w->now_ns - t->told_ns < TELL_NS)
		return;
	m.nat.rule = r->id;
	if (worker_notify(w, &m))
		t->told_ns = w->now_ns;
}

// Room for one more: those in use are fewer than sessions can be.
static bool slot_find(struct xlate_table *t)
{
	for (unsigned int i = 0; i < 2 && t->n_free == 0; i++)
		if (t->rest[i].oldest != 0)
			xlate_end(t, &t->at[t->rest[i].oldest - 1]);
	return t->n_free > 0;
}

static bool place_take(struct worker *w, struct xlate *x, const struct nat_rule *r)
{
	struct xlate_table *t = w->xlate;

	if (x->whole)
		return address_find(w, x, r, true);
	if (!place_find(w, x, r))
		return false;
	port_mark(t, x->addr, proto_index((uint8_t)x->key.proto), x->mapped.port, true);
	t->addr[x->addr].mappings++;
	return true;
}

static uint32_t xlate_make(struct worker *w, const struct xlate_key *key, const struct nat_rule *r)
{
	struct xlate_table *t = w->xlate;
	struct xlate *x;
	uint32_t slot;

	if (!slot_find(t))
		return 0;
	slot = t->free[t->n_free - 1];
	x = &t->at[slot];
	*x = (struct xlate){
		.key = *key, .refs = 1, .named = true, .whole = key->proto == PROTO_ANY};
	if (!place_take(w, x, r))
		return 0;
	if (rte_hash_add_key_data(t->hash, key, (void *)(uintptr_t)slot) != 0) {
		place_release(t, x);
		return 0;
	}
	x->live = true;
	t->n_free--;
	t->used = RTE_MAX(t->used, slot + 1);
	__atomic_store_n(&t->n_live, t->n_live + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->most, RTE_MAX(t->most, t->n_live), __ATOMIC_RELAXED);
	return slot + 1;
}

uint32_t xlate_hold(struct worker *w, const struct xlate *x)
{
	const uint32_t slot = (uint32_t)(x - w->xlate->at);

	if (w->xlate->at[slot].refs++ == 0)
		rest_end(w->xlate, &w->xlate->at[slot]);
	return slot + 1;
}

// The mapping of this name, which one more session uses; 0: there is none.
static uint32_t xlate_again(struct worker *w, const struct xlate_key *key, const struct nat_rule *r)
{
	struct xlate_table *t = w->xlate;
	struct xlate *x;
	void *slot;

	if (rte_hash_lookup_data(t->hash, key, &slot) < 0)
		return 0;
	x = &t->at[(uintptr_t)slot];
	if (unlikely(!xlate_holds(w, (uint32_t)(uintptr_t)slot + 1, r))) {
		// Its address is the rule's no more. Sessions that still use it end with their next
		// packet.
		rte_hash_del_key(t->hash, key);
		x->named = false;
		if (x->refs == 0)
			xlate_end(t, x);
		return 0;
	}
	return xlate_hold(w, x);
}

const struct xlate *xlate_of_address(
	const struct worker *w, uint16_t iface, const struct ip_addr *ip)
{
	uint32_t xlate;

	if (!snapshot_is_pooled(w->snap, iface, ip))
		return NULL;
	xlate = pool_translation(iface, ip, w->id);
	return xlate != 0 && w->xlate->at[xlate - 1].named ? &w->xlate->at[xlate - 1] : NULL;
}

bool xlate_is_taken(
	const struct worker *w, uint16_t iface, uint8_t proto, const struct endpoint *mapped)
{
	const struct xlate_table *t = w->xlate;
	const uint64_t key = addr_key(iface, &mapped->ip);

	if (xlate_of_address(w, iface, &mapped->ip) != NULL)
		return true;
	for (unsigned int i = 0; i < t->n_addrs && is_mine(w, mapped->port); i++)
		if (t->addr[i].key == key)
			return !port_is_free(t, i, proto_index(proto), mapped->port);
	return false;
}

static struct xlate_key host_key(const struct xlate_key *k)
{
	struct xlate_key host = *k;

	host.real.port = 0;
	host.proto = PROTO_ANY;
	return host;
}

// An endpoint that has a port goes on with it; else its host's address, else a port.
static uint32_t take_dynamic(
	struct worker *w, const struct xlate_key *key, const struct nat_rule *r)
{
	const struct xlate_key host = host_key(key);
	const bool ports = r->interface && nat_has_ports((uint8_t)key->proto);
	uint32_t xlate = ports ? xlate_again(w, key, r) : 0;

	if (xlate == 0)
		xlate = xlate_again(w, &host, r);
	if (xlate == 0)
		xlate = xlate_make(w, &host, r);
	if (xlate == 0 && ports)
		xlate = xlate_make(w, key, r);
	return xlate;
}

uint32_t xlate_take(struct worker *w, const struct nat_rule *r, uint16_t in, uint16_t out,
	uint8_t proto, const struct endpoint *real)
{
	const struct xlate_key key = {*real, proto, r->id, in, out};
	uint32_t xlate;

	if (r->kind == NAT_DYNAMIC) {
		xlate = take_dynamic(w, &key, r);
	} else {
		xlate = xlate_again(w, &key, r);
		if (xlate == 0)
			xlate = xlate_make(w, &key, r);
	}
	if (xlate == 0)
		tell_ports(w, r);
	return xlate;
}

// Whether slot_find() would find none.
static bool is_full(const struct xlate_table *t)
{
	return t->n_free == 0 && t->rest[0].oldest == 0 && t->rest[1].oldest == 0;
}

// What xlate_again() would find.
static bool peek_again(const struct worker *w, const struct xlate_key *key,
	const struct nat_rule *r, struct endpoint *mapped)
{
	void *slot;

	if (rte_hash_lookup_data(w->xlate->hash, key, &slot) < 0 ||
		!xlate_holds(w, (uint32_t)(uintptr_t)slot + 1, r))
		return false;
	*mapped = w->xlate->at[(uintptr_t)slot].mapped;
	return true;
}

static bool peek_dynamic(const struct worker *w, const struct xlate_key *key,
	const struct nat_rule *r, struct endpoint *mapped)
{
	struct xlate new = {.key = host_key(key)};
	const bool ports = r->interface && nat_has_ports((uint8_t)key->proto);

	if (ports && peek_again(w, key, r, mapped))
		return true;
	if (!peek_again(w, &new.key, r, mapped)) {
		if (is_full(w->xlate))
			return false;
		if (!address_find(w, &new, r, false)) {
			new.key = *key;
			if (!ports || !place_find(w, &new, r))
				return false;
		}
		*mapped = new.mapped;
	}
	if (mapped->port == 0)
		mapped->port = key->real.port;
	return true;
}

bool xlate_peek(const struct worker *w, const struct nat_rule *r, uint16_t in, uint16_t out,
	uint8_t proto, const struct endpoint *real, struct endpoint *mapped)
{
	struct xlate new = {.key = {*real, proto, r->id, in, out}};

	if (r->kind == NAT_DYNAMIC)
		return peek_dynamic(w, &new.key, r, mapped);
	if (peek_again(w, &new.key, r, mapped))
		return true;
	if (is_full(w->xlate) || !place_find(w, &new, r))
		return false;
	*mapped = new.mapped;
	return true;
}

void xlate_put(struct worker *w, uint32_t xlate)
{
	if (--w->xlate->at[xlate - 1].refs == 0)
		rest_begin(w->xlate, xlate, w->now_ns);
}

const struct xlate *xlate_at(const struct worker *w, uint32_t xlate)
{
	return &w->xlate->at[xlate - 1];
}

struct endpoint xlate_mapped(const struct worker *w, uint32_t xlate, const struct endpoint *real)
{
	const struct xlate *x = xlate_at(w, xlate);

	return (struct endpoint){x->mapped.ip, x->whole ? real->port : x->mapped.port};
}

bool xlate_holds(const struct worker *w, uint32_t xlate, const struct nat_rule *r)
{
	const struct xlate *x = xlate_at(w, xlate);

	if (x->key.rule != r->id)
		return false;
	if (nat_pool_has(&r->pool, &x->mapped.ip))
		return x->whole == (r->kind == NAT_DYNAMIC);
	return r->interface && !x->whole &&
		ip_eq(&w->snap->ifaces[x->key.mapped_if].ip, &x->mapped.ip);
}

bool xlate_is_meant(const struct worker *w, uint32_t xlate, const struct nat_filter *f)
{
	const struct xlate *x = xlate_at(w, xlate);

	return nat_filter_has(f, x->key.real_if, x->key.mapped_if, &x->key.real, &x->mapped);
}

static void xlate_age(struct worker *w, const struct xlate_rest *rest, uint32_t rest_s)
{
	struct xlate_table *t = w->xlate;

	for (unsigned int i = 0; i < AGE_MAX && rest->oldest != 0; i++) {
		struct xlate *x = &t->at[rest->oldest - 1];

		if (w->now_ns - x->rest_ns < (uint64_t)rest_s * NS_PER_S)
			return;
		xlate_end(t, x);
	}
}

static void clear_mappings(struct worker *w, struct xlate_clearing *c)
{
	struct xlate_table *t = w->xlate;

	for (unsigned int i = 0; i < CLEAR_SLOTS && c->cursor < t->used; i++, c->cursor++) {
		struct xlate *x = &t->at[c->cursor];

		if (x->live && x->refs == 0 && xlate_is_meant(w, c->cursor + 1, &c->filter))
			xlate_end(t, x);
	}
	if (c->cursor >= t->used)
		c->what = CLEAR_NOTHING;
}

void xlate_turn(struct worker *w)
{
	struct xlate_clearing *c = &w->xlate->clearing;

	xlate_age(w, &w->xlate->rest[0], w->snap->timeouts.pat_xlate_s);
	xlate_age(w, &w->xlate->rest[1], w->snap->timeouts.xlate_s);
	if (likely(c->what == CLEAR_NOTHING))
		return;
	if (c->what == CLEAR_MAPPINGS) {
		clear_mappings(w, c);
	} else if (sess_end_translated(w, &c->filter, &c->cursor, CLEAR_SLOTS)) {
		c->what = CLEAR_MAPPINGS;
		c->cursor = 0;
	}
}

void xlate_msg(struct worker *w, const struct dp_msg *m)
{
	w->xlate->clearing =
		(struct xlate_clearing){.what = CLEAR_SESSIONS, .filter = m->xlate, .cursor = 0};
}

static void xlate_describe(const struct xlate *x, uint64_t now_ns, struct dp_xlate *out)
{
	*out = (struct dp_xlate){
		.proto = (uint8_t)x->key.proto,
		.real_if = x->key.real_if,
		.mapped_if = x->key.mapped_if,
		.real = x->key.real,
		.mapped = x->mapped,
		.sessions = x->refs,
		.idle_s = x->refs > 0 ? 0 : (uint32_t)((now_ns - x->rest_ns) / NS_PER_S),
	};
}

size_t xlate_export(struct worker *w, const struct nat_filter *f, uint32_t *cursor, uint32_t slots,
	struct dp_xlate *out, size_t max, bool *done)
{
	const struct xlate_table *t = w->xlate;
	size_t n = 0;

	for (; slots > 0 && *cursor < t->used && n < max; slots--, (*cursor)++)
		if (t->at[*cursor].live && xlate_is_meant(w, *cursor + 1, f))
			xlate_describe(&t->at[*cursor], w->now_ns, &out[n++]);
	*done = *cursor >= t->used || n == max;
	return n;
}
