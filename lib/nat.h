// SPDX-License-Identifier: BSD-3-Clause
// Translation rules, evaluated by both planes: workers translate flows with them, the control
// plane asks them which address a socket must be bound to and which hosts to swap in SIP.
// What a dynamic rule maps to is not the rule's to tell: workers choose it (dp/xlate.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flow.h"

// `any` in place of an interface.
#define NAT_IFACE_ANY UINT16_MAX

// The ports, and ICMP ids, that dynamic rules give out, up to 65535. Below them an address may be
// the firewall's own too: its listeners and its connections (cp/netns.c) have the other ports.
#define NAT_PAT_PORT_MIN 16384

// Addresses that a dynamic rule gives out, and the places in which they are, each without a gap.
#define NAT_POOL_MAX  256u
#define NAT_POOLS_MAX 8u

// The three parts of the ASA's table, in the order in which they are asked.
enum nat_section { NAT_MANUAL, NAT_AUTO, NAT_AFTER_AUTO };

enum nat_kind {
	NAT_STATIC, // whole addresses, or one port of one (static PAT)
	NAT_PAT,    // many real endpoints behind ports of a pool's addresses, or of the interface's
	// A real host has an address of the pool to itself, for all that it speaks, while it needs one.
	NAT_DYNAMIC,
};

// Addresses from first to last; `first` none: no addresses.
struct nat_pool {
	struct ip_addr first, last;
};

// nat (real_if,mapped_if) source static REAL MAPPED [service REALSVC MAPPEDSVC]
// Both prefixes have the same length; host bits are carried over. Or both are ranges of one size, whose
// addresses stand for one another in their order. With a protocol it is static PAT: the rule holds for
// that protocol and those ports alone. REAL MAPPED the same: identity.
//
// nat (real_if,mapped_if) source dynamic REAL {POOL | interface | pat-pool POOL} [interface]
// POOL may be an object-group: addresses in several places.
//
// Either with   destination static DST_MAPPED DST_REAL   (twice NAT): the rule is for flows between
// its real addresses and DST_REAL alone, which the real side knows as DST_MAPPED. REAL MAPPED the
// same, and DST_MAPPED DST_REAL too: these flows are exempt from the rules behind it. DST_MAPPED may be
// `interface`, of which services name one port: flows to that port of real_if's own address.
struct nat_rule {
	uint32_t id;                 // stable, the key of hit counts
	uint32_t line;               // of the configuration's file, 0: not known
	uint32_t part;               // among the rules that the groups of that line make, from 0
	uint16_t real_if, mapped_if; // interface indices, or NAT_IFACE_ANY
	struct prefix real, mapped;  // mapped: of a static rule
	uint8_t proto;               // PROTO_ANY: static NAT of whole addresses
	uint8_t kind;                // enum nat_kind
	uint8_t section;             // enum nat_section
	bool interface;     // of a dynamic rule: ports of mapped_if's address serve, after the pool
	bool dst_interface; // dst_mapped is the address of real_if
	bool one_way;       // unidirectional: no flow begins on its mapped side
	bool no_proxy_arp;
	uint16_t real_port, mapped_port; // of the source; 0: any, which stays
	uint16_t more_ports; // behind either, which stand for one another in their order
	struct prefix dst_mapped, dst_real;      // of one length; len 0: no twice NAT
	uint16_t dst_mapped_port, dst_real_port; // 0: any, which stays
	uint16_t dst_more_ports;
	struct nat_pool pool; // of a dynamic rule; of a static one of ranges, in place of `mapped`
	struct nat_pool real_range; // in place of `real`; `first` none: that is it
	struct nat_pool more_pools[NAT_POOLS_MAX -
		1]; // of a dynamic rule, behind `pool`; one that is none ends them
};

// The addresses of either side, whichever way they are told; `first` none: there are none. The mapped side is that of
// a static rule. IPv4.
struct nat_pool nat_real(const struct nat_rule *r);
struct nat_pool nat_mapped(const struct nat_rule *r);

// The same as text: 192.0.2.1, 192.0.2.0/24 or 192.0.2.1-192.0.2.9.
#define NAT_SIDE_TEXT_MAX (2 * IP_TEXT_MAX + 1)
const char *nat_real_format(const struct nat_rule *r, char buf[NAT_SIDE_TEXT_MAX]);
const char *nat_mapped_format(const struct nat_rule *r, char buf[NAT_SIDE_TEXT_MAX]);

// The i-th pool of a dynamic rule; NULL: there are no more.
const struct nat_pool *nat_given_pool(const struct nat_rule *r, size_t i);
// The addresses of all its pools, one pool after the other: UINT32_MAX at most.
uint32_t nat_given_size(const struct nat_rule *r);
struct ip_addr nat_given_at(const struct nat_rule *r, uint32_t i);
bool nat_given_has(const struct nat_rule *r, const struct ip_addr *ip);
bool nat_given_meets(const struct nat_rule *r, const struct nat_pool *p);
// 203.0.113.20-203.0.113.29, 203.0.113.35
#define NAT_GIVEN_TEXT_MAX (NAT_POOLS_MAX * (NAT_SIDE_TEXT_MAX + 2))
const char *nat_given_format(const struct nat_rule *r, char buf[NAT_GIVEN_TEXT_MAX]);

// Ports as text: 5070 or 5070-5080.
#define NAT_PORTS_TEXT_MAX 12
const char *nat_ports_format(uint16_t first, uint16_t more, char buf[NAT_PORTS_TEXT_MAX]);

// Whether a static rule's mapped side has the address.
bool nat_mapped_has(const struct nat_rule *r, const struct ip_addr *ip);

// Whether a static rule maps addresses to themselves.
bool nat_is_identity(const struct nat_rule *r);

// Puts rules in the order in which they are asked: by section; in NAT_AUTO static before dynamic,
// then those of few real addresses first, then the lower address. Else the order stays.
void nat_order(struct nat_rule *rules, size_t n);

// Undoes the translation of a destination for a packet that came in on interface `in`, by static
// rules. First rule wins. Returns the rule's index, or -1 and *dst untouched.
int nat_untranslate(
	const struct nat_rule *rules, size_t n, uint16_t in, uint8_t proto, struct endpoint *dst);

// The rule for a source of a packet that leaves on interface `out`; same returns. A static rule
// translates *src; for a dynamic one it stays as it is.
int nat_translate(const struct nat_rule *rules, size_t n, uint16_t in, uint16_t out, uint8_t proto,
	struct endpoint *src);

static inline bool nat_is_twice(const struct nat_rule *r)
{
	return r->dst_real.len > 0;
}

// The same of a flow that came in on interface `in`, both of whose ends are known, so that rules of
// twice NAT have a say: from their real side, and from their mapped side if they are static.
int nat_untranslate_flow(const struct nat_rule *rules, size_t n, uint16_t in,
	const struct flow *wire, struct endpoint *dst);

// The same by a dynamic translation that lives: the rule with this id has given wire->dst.ip to the host
// `real`, for all that it speaks. -1 also when that rule would not give it today.
int nat_untranslate_held(const struct nat_rule *rules, size_t n, uint16_t in,
	const struct flow *wire, uint32_t id, const struct ip_addr *real, struct endpoint *dst);

// `destination` is what nat_untranslate_flow() or nat_untranslate_held() has returned: a rule of twice NAT decides for both
// ends. -1 also when that one is not for flows from `in` to `out`.
int nat_translate_flow(const struct nat_rule *rules, size_t n, uint16_t in, uint16_t out,
	const struct flow *wire, int destination, struct endpoint *src);

// Whether a rule of twice NAT that is for the flow meets it from its real side.
bool nat_goes_out(const struct nat_rule *r, uint16_t in, const struct flow *wire);

// Whether a rule that nat_untranslate_flow() has returned may not begin the flow: it is unidirectional, and met
// from its mapped side.
bool nat_is_wrong_way(const struct nat_rule *r, uint16_t in, const struct flow *wire);

// Whether some rule stands for this address on this interface, as its mapped side does, and as the
// real side does for DST_MAPPED. A rule that maps addresses to themselves owns none: they are hosts. Nor
// does a dynamic one own the interface's address.
bool nat_owns_mapped(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip);

// The same of rules that are not no-proxy-arp: whose ARP requests the worker answers.
bool nat_answers_arp(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip);

// Whether some rule's real side covers this address on this interface.
bool nat_owns_real(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip);

// Whether PAT translates this protocol: only what has ports, or ids like ports.
bool nat_has_ports(uint8_t proto);

// Whether an endpoint on `iface`, whose own address is `own`, is one that PAT gives out.
bool nat_is_pat(const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *own,
	uint8_t proto, const struct endpoint *e);

// Whether an address on `iface` is one that hosts get to themselves (NAT_DYNAMIC).
bool nat_is_pooled(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip);

// Which translations a person asks for. All zero but `iface`: every one.
struct nat_filter {
	struct nat_pool real, mapped;          // first none: any
	uint16_t real_port[2], mapped_port[2]; // from, to; 0, 0: any
	uint16_t iface;                        // either side's, or NAT_IFACE_ANY
};

bool nat_filter_has(const struct nat_filter *f, uint16_t real_if, uint16_t mapped_if,
	const struct endpoint *real, const struct endpoint *mapped);

// The addresses of an IPv4 prefix; of another none.
struct nat_pool nat_pool_of(const struct prefix *p);

// How many addresses a pool has, UINT32_MAX at most. IPv4 only, as are the rest.
uint32_t nat_pool_size(const struct nat_pool *p);
struct ip_addr nat_pool_at(const struct nat_pool *p, uint32_t i);
bool nat_pool_has(const struct nat_pool *p, const struct ip_addr *ip);
bool nat_pools_meet(const struct nat_pool *a, const struct nat_pool *b);
