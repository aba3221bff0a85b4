// SPDX-License-Identifier: BSD-3-Clause
// The table of the off-path mappings (protocol.md 6.3): which port of the listening interface's
// address stands for which remote call manager. cp/mapping_service.c makes them for call managers
// that ask, cp/offpath.c for the addresses in SIP that comes in (MAP-9); both ways are found in
// constant time. A table that is full refuses the new. Pure: no I/O, time is an argument. Control
// thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/str.h"

#define MAPPING_DOMAIN_MAX  255
#define MAPPING_CLIENTS_MAX 64 // call managers that are told apart

// Whom a mapping is for: the index of a call manager, or what remotes bring about by calling in.
#define MAPPING_OF_REMOTE MAPPING_CLIENTS_MAX

struct mappings;

struct mapping_options {
	uint16_t first_port, last_port;
	uint32_t quota;        // mappings that one call manager may have at once
	uint32_t remote_quota; // that remotes may bring about
	uint64_t lifetime_ns;  // of one that nothing uses (MAP-4)
};

// -ENOMEM.
int mappings_new(struct mappings **out, const struct mapping_options *o);
void mappings_free(struct mappings *ms); // accepts NULL

enum mapping_verdict { MAPPING_MADE, MAPPING_KEPT, MAPPING_OVER_QUOTA, MAPPING_PORTS_FULL };

// The port that stands for a remote endpoint, which is the same for as long as it is live (MAP-2); its
// lifetime begins anew. A port that was given up rests for as long as others are free.
enum mapping_verdict mapping_take(struct mappings *ms, const struct endpoint *remote,
	unsigned int client, uint64_t now_ns, uint16_t *port);

// A requested lifetime of 0: this client needs it no more. Once every client that asked for it has said
// so it ends at once, but where it is held: there with its lifetime.
void mapping_release(struct mappings *ms, const struct endpoint *remote, unsigned int client);

// The remote that a port stands for; false: none.
bool mapping_find(const struct mappings *ms, uint16_t port, struct endpoint *remote);
// The port that stands for a remote; 0: none.
uint16_t mapping_port(const struct mappings *ms, const struct endpoint *remote);

// MAP-4: a connection or a dialog uses it, and does not any more. False: the port stands for nothing,
// and there is nothing to give back.
bool mapping_hold(struct mappings *ms, uint16_t port);
void mapping_unhold(struct mappings *ms, uint16_t port, uint64_t now_ns);
// SIP traffic: its lifetime begins anew.
void mapping_touch(struct mappings *ms, uint16_t port, uint64_t now_ns);

// The domain of the learned route, which the remote's certificate must name (2.11); "": any. The last
// one that was given holds. -ENOMEM; one that is longer than MAPPING_DOMAIN_MAX is cut to nothing.
int mapping_set_domain(struct mappings *ms, uint16_t port, struct str domain);
struct str mapping_domain(const struct mappings *ms, uint16_t port);

// Ends what nobody has used for its lifetime; returns how many. Once a second.
unsigned int mappings_expire(struct mappings *ms, uint64_t now_ns);

struct mapping_info {
	struct endpoint remote;
	uint16_t port;
	unsigned int client; // whose quota it counts in
	uint32_t holds;
	uint64_t left_ns; // of its lifetime, UINT64_MAX: it is held
	struct str domain;
};
typedef void mapping_visit_fn(const struct mapping_info *info, void *arg);
// In the order of their ports.
void mappings_foreach(const struct mappings *ms, uint64_t now_ns, mapping_visit_fn *fn, void *arg);

struct mappings_usage {
	uint32_t in_use, most_used, max;
};
struct mappings_usage mappings_usage(const struct mappings *ms);
uint32_t mappings_of(const struct mappings *ms, unsigned int client);
