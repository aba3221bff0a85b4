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

struct trunk_info {
	bool outbound;                   // the call manager opened it
	struct endpoint inside, outside; // the call manager's real address; the remote
	const char *class_name;
	bool up[SIDES];                       // connected, and the handshake is done
	const char *tls_version, *tls_cipher; // outside; "" before the handshake
	const char *peer_identity;            // first identity of the remote's certificate, or ""
	uint64_t messages[SIDES];             // received from this side
	uint64_t idle_ms;
};

typedef void trunk_visit_fn(const struct trunk_info *info, void *arg);
void trunk_foreach(const struct trunks *trunks, trunk_visit_fn *fn, void *arg);
