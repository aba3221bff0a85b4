// SPDX-License-Identifier: BSD-3-Clause
// The dynamic translations of one worker: which endpoint outside stands for which one inside.
//
// A mapping is endpoint-independent (RFC 4787 REQ-1): all flows of one inside endpoint share it,
// wherever they go. What may come in through it is another matter: the session table lets only the
// addresses and ports answer that were spoken to, as on the ASA. All inside endpoints of one host
// get one address of a pool (REQ-2, paired) as long as that has ports; a port is kept if it is
// free and this worker's, else its parity is (REQ-3, REQ-4). TCP, UDP and ICMP ids are apart.
//
// Under a rule of kind NAT_DYNAMIC a mapping is of a host, which has an address of the pool to itself,
// for any protocol, and keeps its ports. When all are taken and the rule has the interface's address
// too, a new flow gets a port of that; its endpoint goes on with it as long as it lasts.
//
// Such an address is the host's in both directions: for as long as the mapping lives, whoever the access
// list permits may begin a flow to it, as on the ASA. A port is not: only answers come in by it.
//
// A mapping lives while a session uses it, and rests afterwards (dp_timeouts.pat_xlate_s, or xlate_s
// for an address), so that whoever comes back finds it and no stranger gets it at once. Only when no port is
// left, one that has rested for two seconds is another's: a host that scans uses up nobody's. An address
// that rests stays its host's even when others are refused for want of one, because the outside knows the host by it.
// So whoever inside makes up addresses of his subnet uses up a small pool for xlate_s, as on the ASA. That a
// mapping was answered could not tell the true from the made-up: servers answer to both. Ports come
// from this worker's slices (lib/steer.h) alone, addresses from all (dp/pool.h), so that answers
// arrive where the mapping is.
#pragma once

#include "dp/worker.h"

// Addresses that can have mappings at once.
#define XLATE_ADDRS_MAX NAT_POOL_MAX

enum { XLATE_TCP, XLATE_UDP, XLATE_ICMP, XLATE_PROTOS };
enum { XLATE_WHOLE = XLATE_PROTOS, XLATE_RESTS };

// What names a mapping. No padding.
struct xlate_key {
	struct endpoint real; // ICMP: the id in place of the port; a host's address: port 0
	uint16_t proto;       // a host's address: PROTO_ANY
	uint32_t rule;        // nat_rule.id
	uint16_t real_if, mapped_if;
};

struct xlate {
	struct xlate_key key;
	struct endpoint mapped; // port 0: the address is the host's
	bool whole;             // that
	uint16_t addr;          // of a port: index in xlate_table.addr
	bool live;              // else the slot is free
	bool named;             // its key leads to it; else the rules gave the key another one
	uint32_t refs;          // sessions
	uint32_t prev, next;    // of those that rest: index + 1, 0: the end
	uint64_t rest_ns;       // since when no session uses it
};

// A search for a port that found none: until one is given back nobody need look again, of which there may be
// as many a second as an inside host can send packets.
struct xlate_used_up {
	uint64_t given_back; // of the table, at that time
	uint32_t rule, gen;  // of the snapshot; 0: nothing yet
	uint16_t mapped_if;
};
#define XLATE_USED_UP 8 // rules of one protocol that are remembered, by their id

struct xlate_addr {
	uint64_t key; // interface and IPv4 address
	uint32_t mappings;
	uint32_t free[XLATE_PROTOS]; // ports
};

// Made by dp/xlate_ctl.c.
struct xlate_table {
	struct rte_hash *hash; // xlate_key to index
	struct xlate *at;
	uint32_t *free; // stack
	uint32_t max, n_free;
	uint32_t used;         // slots below have been in use
	uint32_t n_live, most; // now, and ever at once; the control thread reads them
	struct xlate_rest {
		uint32_t oldest, newest; // ends of the list of those that rest: index + 1
	} rest[XLATE_RESTS];             // ports by protocol, addresses
	struct xlate_addr addr[XLATE_ADDRS_MAX];
	unsigned int n_addrs;
	// For each address and protocol a bit per port of this worker, set: taken. Its blocks are
	// first_block, first_block + n_workers, ...
	uint64_t *ports;
	uint32_t words;      // of each
	uint64_t given_back; // ports, ever
	struct xlate_used_up used_up[XLATE_PROTOS][XLATE_USED_UP];
	unsigned int first_block, n_workers;
	uint64_t secret[2], drawn; // of random numbers
	uint64_t told_ns;          // when the control plane heard that ports are used up
	// What is being cleared, a piece per turn: the sessions first, then the mappings.
	struct xlate_clearing {
		enum { CLEAR_NOTHING, CLEAR_SESSIONS, CLEAR_MAPPINGS } what;
		struct nat_filter filter;
		uint32_t cursor;
	} clearing;
};

// The mapping of an inside endpoint under a dynamic rule, for a flow that came in on `in` and leaves
// on `out`; made if there is none. One more session uses it. Returns index + 1; 0: no port or address
// is left (xlate_refusal()), which the control plane is told.
uint32_t xlate_take(struct worker *w, const struct nat_rule *r, uint16_t in, uint16_t out,
	uint8_t proto, const struct endpoint *real);

// The endpoint that xlate_take() would give now; a port that chance chooses will be another. False: none
// is left. No mapping is made.
bool xlate_peek(const struct worker *w, const struct nat_rule *r, uint16_t in, uint16_t out,
	uint8_t proto, const struct endpoint *real, struct endpoint *mapped);

// The mapping that has this address on this interface for a host; NULL: none of this worker's has.
const struct xlate *xlate_of_address(
	const struct worker *w, uint16_t iface, const struct ip_addr *ip);

// Whether some host has the endpoint, or its address, by a mapping of this worker's.
bool xlate_is_taken(
	const struct worker *w, uint16_t iface, uint8_t proto, const struct endpoint *mapped);

// One more session uses it. Returns index + 1.
uint32_t xlate_hold(struct worker *w, const struct xlate *x);

// One session less uses it.
void xlate_put(struct worker *w, uint32_t xlate);

// What xlate_take() or xlate_hold() gave. Not 0.
const struct xlate *xlate_at(const struct worker *w, uint32_t xlate);

// The endpoint that stands for `real` by what xlate_take() gave for it. Not 0.
struct endpoint xlate_mapped(const struct worker *w, uint32_t xlate, const struct endpoint *real);

// Why a rule has nothing to give.
static inline enum dp_counter_id xlate_refusal(const struct nat_rule *r)
{
	return r->kind == NAT_DYNAMIC ? DROP_NAT_POOL : DROP_NAT_PORTS;
}

// Whether the rules of today would have given this mapping: `r` is the rule that they name now.
bool xlate_holds(const struct worker *w, uint32_t xlate, const struct nat_rule *r);

// Whether a filter of xlate_msg() or xlate_export() means this mapping.
bool xlate_is_meant(const struct worker *w, uint32_t xlate, const struct nat_filter *f);

// Ends one that rests.
void xlate_end(struct xlate_table *t, struct xlate *x);

// Ends those that have rested, and those that are to be cleared; some per turn.
void xlate_turn(struct worker *w);

// DP_MSG_XLATE_CLEAR
void xlate_msg(struct worker *w, const struct dp_msg *m);

// As sess_export(), of the mappings that `f` means.
size_t xlate_export(struct worker *w, const struct nat_filter *f, uint32_t *cursor, uint32_t slots,
	struct dp_xlate *out, size_t max, bool *done);

// Control thread: `max` mappings at most. NULL: no memory.
struct xlate_table *xlate_new(
	unsigned int worker, unsigned int n_workers, uint32_t max, uint32_t seed);
// Octets that they take, about.
size_t xlate_memory(uint32_t max);
void xlate_free(struct xlate_table *t);
