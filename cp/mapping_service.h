// SPDX-License-Identifier: BSD-3-Clause
// The off-path mapping service (protocol.md section 6): call managers connect over TCP to a port of the
// listening interface and ask, in STUN messages (lib/mapping_msg.h), for an inside address that stands
// for a remote call manager. Requests are answered in their order, and at once. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define MAPPING_SESSIONS_MAX 64 // connections of one call manager
#define MAPPING_PENDING_MAX  64 // MAP-5: requests of a connection whose answer has not left

struct ime;
struct mapping_service;

// -ENOMEM.
int mapping_service_new(struct mapping_service **out, struct ime *ime);
void mapping_service_free(struct mapping_service *s); // accepts NULL

// Octets of locked memory for the key.
size_t mapping_service_secure_size(void);

// Takes over an accepted connection, which is owned in any case. MAP-1: of a call manager it becomes a
// session, any other is closed without a word.
void mapping_service_accept(struct mapping_service *s, int fd, const struct endpoint *peer);

// MAP-6: closes what has been idle for too long; MAP-4: ends the mappings whose time is up. Once a
// second.
void mapping_service_tick(struct mapping_service *s, uint64_t now_ns);

// MAP-7: requests = sent + failed + pending.
struct mapping_session_info {
	struct endpoint client;
	uint64_t requests; // all that were well framed
	uint64_t sent;     // success responses
	uint64_t failed;   // error responses
	uint64_t pending;  // whose response has not left yet
	uint64_t idle_s;
};
typedef void mapping_session_fn(const struct mapping_session_info *info, void *arg);
// Oldest first.
void mapping_sessions_foreach(const struct mapping_service *s, mapping_session_fn *fn, void *arg);

// `clear uc-ime mapping-service-sessions statistics`: every session counts anew.
void mapping_sessions_clear(struct mapping_service *s);
// `clear uc-ime mapping-service-sessions`: closes them, how many; mappings stay (MAP-4).
unsigned int mapping_sessions_close(struct mapping_service *s);
