// SPDX-License-Identifier: BSD-3-Clause
// What one source address may cost: TLS handshakes at once and per second, key derivations for
// tickets (TKT-16 c), and signatures of callers' numbers. A bounded table; the source that was quiet longest makes room. Control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/bucket.h"

struct peers;

struct peer {
	struct ip_addr ip;
	struct bucket handshakes;
	struct bucket ticket_misses;
	struct bucket signatures; // of callers' numbers
	uint32_t in_handshake;    // now
	uint64_t seen_ns;
};

struct peers *peers_new(void);    // NULL: out of memory
void peers_free(struct peers *p); // accepts NULL

// The entry of an address, made if it is new. Good until the next call.
struct peer *peers_get(struct peers *p, const struct ip_addr *ip, uint64_t now_ns);

// Takes a handshake from the source's budget; true must be followed by peers_handshake_done().
bool peers_handshake_start(struct peers *p, const struct ip_addr *ip, uint64_t now_ns);
void peers_handshake_done(struct peers *p, const struct ip_addr *ip, uint64_t now_ns);

// The rate of peer.ticket_misses.
extern const struct bucket_rate peers_ticket_rate;
// The rate of peer.signatures.
extern const struct bucket_rate peers_signature_rate;
