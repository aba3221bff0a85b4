// SPDX-License-Identifier: BSD-3-Clause
// Access control entries, and the plain first-match evaluation of a list. Workers compile lists
// into rte_acl (dp/acl.c); the control plane uses this one, and the tests hold both together.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flow.h"

struct port_range {
	uint16_t lo, hi; // inclusive; 0..65535 is any
};

// One line of an access list. Addresses are *real* ones, as in the manual.
struct ace {
	uint32_t id; // stable over reloads while the text of the line stays: the key of hit counts
	bool permit;
	uint8_t proto;                  // PROTO_ANY is the keyword `ip`
	struct prefix src, dst;         // length 0 is any
	struct port_range sport, dport; // only judged for TCP and UDP
	uint32_t line; // of the configuration file, where its entry stands; 0: not known
};

// The index of the first entry that matches, or -1.
int acl_match(const struct ace *aces, size_t n, const struct flow *f);

// First match decides; no match is the implicit deny.
bool acl_permits(const struct ace *aces, size_t n, const struct flow *f);

// One entry in the words of the manual, without `access-list NAME`: "[extended] permit|deny
// PROTOCOL SRC [PORTS] DST [PORTS]". PROTOCOL is a name (ip, tcp, udp, icmp, ...) or a number; SRC
// and DST are `any`, `any4`, `host A`, `A MASK` or `A/LENGTH`; PORTS is `eq P`, `range P Q`, `lt P`
// or `gt P`, with numbers or the manual's names (protocol.md 9.1, E11). The id stays 0. On failure
// returns false, leaves *out alone, and `err` says what was found and what was expected.
bool ace_parse(struct str text, struct ace *out, char *err, size_t err_size);

#define ACE_TEXT_MAX 160

// The canonical text of an entry (ACE_TEXT_MAX octets hold any), which ace_parse reads back to the
// same entry; returns the length as snprintf does.
int ace_format(const struct ace *a, char *buf, size_t size);
