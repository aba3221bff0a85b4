// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Taking and holding dynamic translations; see dp/xlate.h. Called by dp/acl.c for the first packet of a
// flow and by dp/sess.c when a session ends: an established flow never comes here. Which port it will be is
// dp/xlate_place.c's to say; ageing, clearing and showing are in dp/xlate_turn.c.
#include "dp/xlate.h"

#include <rte_hash.h>

#include "dp/pool.h"
#include "dp/sess.h"
#include "dp/snapshot.h"
#include "dp/xlate_place.h"

// Who scans makes mappings by the thousand that nobody uses. When no port is left, one that has rested this
// long is the next one's: late packets of its flows are no answers to anybody else.
#define YIELD_NS 2000000000ull

// How many of those that rest are looked at for one.
#define YIELD_LOOK 32

static struct xlate_rest *rest_of(struct xlate_table *t, const struct xlate *x)
{
	return &t->rest[x->whole ? XLATE_WHOLE : xlate_proto((uint8_t)x->key.proto)];
}

static void rest_begin(struct xlate_table *t, uint32_t xlate, uint64_t now_ns)
{
	struct xlate *x = &t->at[xlate - 1];
	struct xlate_rest *rest = rest_of(t, x);

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
	struct xlate_rest *rest = rest_of(t, x);

	if (x->prev != 0)
		t->at[x->prev - 1].next = x->next;
	else
		rest->oldest = x->next;
	if (x->next != 0)
		t->at[x->next - 1].prev = x->prev;
	else
		rest->newest = x->prev;
}

void xlate_end(struct xlate_table *t, struct xlate *x)
{
	rest_end(t, x);
	if (x->named)
		rte_hash_del_key(t->hash, &x->key);
	xlate_place_release(t, x);
	x->live = false;
	t->free[t->n_free++] = (uint32_t)(x - t->at);
	__atomic_store_n(&t->n_live, t->n_live - 1, __ATOMIC_RELAXED);
}

static void tell_ports(struct worker *w, const struct nat_rule *r)
{
	const struct dp_msg m = {
		.version = DP_MSG_VERSION, .type = DP_MSG_NAT_PORTS, .nat = {.rule = r->id}};

	worker_notify_seldom(w, &m, &w->xlate->told_ns);
}

// The port that has rested longest; an address if no port rests; NULL: nothing does.
static struct xlate *oldest(const struct xlate_table *t)
{
	const uint32_t whole = t->rest[XLATE_WHOLE].oldest;
	struct xlate *found = NULL;

	for (unsigned int i = 0; i < XLATE_PROTOS; i++) {
		const uint32_t at = t->rest[i].oldest;

		if (at != 0 && (found == NULL || t->at[at - 1].rest_ns < found->rest_ns))
			found = &t->at[at - 1];
	}
	return found == NULL && whole != 0 ? &t->at[whole - 1] : found;
}

// Room for one more: those in use are fewer than sessions can be.
static bool slot_find(struct xlate_table *t)
{
	struct xlate *x = t->n_free == 0 ? oldest(t) : NULL;

	if (x != NULL)
		xlate_end(t, x);
	return t->n_free > 0;
}

static uint32_t make_once(struct worker *w, const struct xlate_key *key, const struct nat_rule *r)
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
	if (!xlate_place_take(w, x, r))
		return 0;
	if (rte_hash_add_key_data(t->hash, key, (void *)(uintptr_t)slot) != 0) {
		xlate_place_release(t, x);
		return 0;
	}
	x->live = true;
	t->n_free--;
	t->used = RTE_MAX(t->used, slot + 1);
	__atomic_store_n(&t->n_live, t->n_live + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->most, RTE_MAX(t->most, t->n_live), __ATOMIC_RELAXED);
	return slot + 1;
}

// Whether a rule gives out the port or address that a mapping has.
static bool is_given(const struct worker *w, const struct nat_rule *r, const struct xlate *x)
{
	if (nat_given_has(r, &x->mapped.ip))
		return x->whole == (r->kind == NAT_DYNAMIC);
	return r->interface && !x->whole &&
		ip_eq(&w->snap->ifaces[x->key.mapped_if].ip, &x->mapped.ip);
}

// The mapping of those that rest whose port may be had for this name; NULL: none.
static struct xlate *yielder(
	const struct worker *w, const struct xlate_key *key, const struct nat_rule *r)
{
	const struct xlate_table *t = w->xlate;
	uint32_t at = t->rest[xlate_proto((uint8_t)key->proto)].oldest;

	for (unsigned int i = 0; i < YIELD_LOOK && at != 0 && key->proto != PROTO_ANY; i++) {
		struct xlate *x = &t->at[at - 1];

		if (w->now_ns - x->rest_ns < YIELD_NS)
			return NULL;
		if (x->key.mapped_if == key->mapped_if && is_given(w, r, x))
			return x;
		at = x->next;
	}
	return NULL;
}

static uint32_t xlate_make(struct worker *w, const struct xlate_key *key, const struct nat_rule *r)
{
	uint32_t xlate = make_once(w, key, r);
	struct xlate *rests = xlate == 0 ? yielder(w, key, r) : NULL;

	if (rests == NULL)
		return xlate;
	xlate_end(w->xlate, rests);
	return make_once(w, key, r);
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
	return xlate_of_address(w, iface, &mapped->ip) != NULL ||
		xlate_place_is_taken(w, iface, proto, mapped);
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
	return t->n_free == 0 && oldest(t) == NULL;
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

// The port that xlate_make() would find, as like as not.
static bool peek_port(const struct worker *w, struct xlate *new, const struct nat_rule *r)
{
	const struct xlate *rests;

	if (xlate_place_find(w, new, r))
		return true;
	rests = yielder(w, &new->key, r);
	if (rests != NULL)
		new->mapped = rests->mapped;
	return rests != NULL;
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
		if (!xlate_place_find(w, &new, r)) {
			new.key = *key;
			if (!ports || !peek_port(w, &new, r))
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
	if (is_full(w->xlate) || !peek_port(w, &new, r))
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

	return x->key.rule == r->id && is_given(w, r, x);
}

bool xlate_is_meant(const struct worker *w, uint32_t xlate, const struct nat_filter *f)
{
	const struct xlate *x = xlate_at(w, xlate);

	return nat_filter_has(f, x->key.real_if, x->key.mapped_if, &x->key.real, &x->mapped);
}
