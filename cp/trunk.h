// SPDX-License-Identifier: BSD-3-Clause
// A trunk pairs the connection that a peer opened with the one that the proxy opens to carry its
// messages on: TLS outside, TCP or (a secure trunk) TLS inside. Several calls share a trunk. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cp/call.h"
#include "lib/addr.h"

struct trunks;

// ---- What `show tls-proxy session` reads -------------------------------------------------------

struct trunk_leg_info {
	const char *state;            // "SSLOK", "TCPOK", "OPENING", "FAILED", "NONE", "CLOSING"
	const char *version, *cipher; // "" unless SSLOK
	uint64_t messages, bytes;     // received
	size_t queued;                // octets that wait to be sent
};

struct trunk_info {
	uint64_t id;
	bool outbound;                   // the call manager opened it
	struct endpoint inside, outside; // the call manager's real address; the remote
	const char *class_name, *tls_proxy;
	struct trunk_leg_info leg[SIDES];
	const char *peer_identity; // first identity of the remote's certificate, or ""
	const char *peer_expires;  // of that certificate, "2027-03-01T00:00:00Z", or ""
	uint64_t age_ms, idle_ms;
};

typedef void trunk_visit_fn(const struct trunk_info *info, void *arg);
void trunk_foreach(const struct trunks *trunks, trunk_visit_fn *fn, void *arg);

// What an inspection class (an index in config.inspects) has in trunks.
struct trunk_class_usage {
	uint32_t active, most;
	uint64_t bytes; // received, ever
};
struct trunk_class_usage trunk_class_usage(const struct trunks *trunks, size_t class);
