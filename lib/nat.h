// SPDX-License-Identifier: BSD-3-Clause
// Static translations, evaluated by both planes: workers translate flows with them, the control
// plane asks them which address a socket must be bound to and which hosts to swap in SIP.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flow.h"

// `any` in place of an interface.
#define NAT_IFACE_ANY UINT16_MAX

// nat (real_if,mapped_if) source static REAL MAPPED [service REALSVC MAPPEDSVC]
// Both prefixes have the same length; host bits are carried over. With a protocol it is static
// PAT: the rule holds for that protocol and port alone.
struct nat_rule {
	uint32_t id;                 // stable, the key of hit counts
	uint16_t real_if, mapped_if; // interface indices, or NAT_IFACE_ANY
	struct prefix real, mapped;
	uint8_t proto; // PROTO_ANY: static NAT of whole addresses
	uint16_t real_port, mapped_port;
};

// Undoes the translation of a destination for a packet that came in on interface `in`.
// First rule wins. Returns the rule's index, or -1 and *dst untouched.
int nat_untranslate(
	const struct nat_rule *rules, size_t n, uint16_t in, uint8_t proto, struct endpoint *dst);

// Translates a source for a packet that leaves on interface `out`; same returns.
int nat_translate(const struct nat_rule *rules, size_t n, uint16_t in, uint16_t out, uint8_t proto,
	struct endpoint *src);

// Whether some rule's mapped side covers this address on this interface: whose ARP requests the
// worker answers. A rule that maps addresses to themselves owns none: the hosts answer.
bool nat_owns_mapped(
	const struct nat_rule *rules, size_t n, uint16_t iface, const struct ip_addr *ip);
