// SPDX-License-Identifier: BSD-3-Clause
// Access control entries, and the plain first-match evaluation of a list. Workers compile lists
// into rte_acl (dp/acl.c); the control plane uses this one, and the tests hold both together.
// lib/ace_text.h reads the manual's words.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flow.h"

struct port_range {
	uint16_t lo, hi; // inclusive
};

#define PORT_ANY ((struct port_range){0, 65535})

// What is told of flows that a rule decides: those that it denies, each flow with its hits (`log`), or
// nothing (`log disable`).
enum ace_log { ACE_LOG_DEFAULT, ACE_LOG_FLOWS, ACE_LOG_OFF };

// One rule of an access list: a configured entry makes one or, by its objects, several. Addresses are
// *real* ones, as in the manual.
struct ace {
	uint32_t id; // stable over reloads while its text stays: the key of hit counts
	bool permit;
	uint8_t proto;          // PROTO_ANY is the keyword `ip`
	struct prefix src, dst; // length 0 is any
	// For TCP and UDP the ports, for ICMP the type (sport) and the code (dport). Of other protocols
	// they are not judged.
	struct port_range sport, dport;
	uint32_t line;  // of the configuration file, where its entry stands; 0: not known
	uint32_t entry; // which configured entry of its list it comes from, counting from 0
	uint8_t log;    // enum ace_log
};

// Protocols whose entries judge sport and dport.
bool proto_has_ports(uint8_t proto); // TCP and UDP
bool ace_has_ports(const struct ace *a);

// The index of the first entry that matches, or -1. The ports of an ICMP flow are its type and its
// code here.
int acl_match(const struct ace *aces, size_t n, const struct flow *f);

// First match decides; no match is the implicit deny.
bool acl_permits(const struct ace *aces, size_t n, const struct flow *f);

// One entry in the manual's words (lib/ace_text.h has them) that makes one rule: no objects, no neq, no
// remark, not inactive. What the text does not say stays 0. On failure returns false, leaves *out alone,
// and `err` says what was found and what was expected.
bool ace_parse(struct str text, struct ace *out, char *err, size_t err_size);

#define ACE_TEXT_MAX 160

// The canonical text of an entry (ACE_TEXT_MAX octets hold any), which ace_parse() reads back to the
// same entry; returns the length as snprintf does.
int ace_format(const struct ace *a, char *buf, size_t size);
