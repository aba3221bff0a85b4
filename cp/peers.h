// SPDX-License-Identifier: BSD-3-Clause
// What one source address may cost: embryonic connections (accepted, and nobody knows yet who it is)
// and TLS handshakes per second, its own and its share of everybody's; key derivations for tickets
// (TKT-16 c), and signatures of callers' numbers. Who has proved himself is remembered, and so is who has failed to. A bounded table:
// the stranger that was quiet longest makes room. Control thread.
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
	uint32_t embryonic;       // connections now
	struct bucket signatures; // of callers' numbers
	uint64_t seen_ns;
	uint64_t proven_ns,
		failed_ns; // its last handshake that was completed, that was not; 0: none
};

struct peers_limits {
	uint32_t client_embryonic_max;      // at once, of a source
	uint32_t rate, rate_burst;          // handshakes of all strangers
	uint32_t client_rate, client_burst; // of a source
};

struct peers *peers_new(const struct peers_limits *limits); // NULL: out of memory
void peers_free(struct peers *p);                           // accepts NULL

// The entry of an address, made if it is new. Good until the next call, and while it is embryonic.
struct peer *peers_get(struct peers *p, const struct ip_addr *ip, uint64_t now_ns);

// One more embryonic connection of this source. NULL: it has as many as it may. The entry must go
// to peers_embryonic_end(), once.
struct peer *peers_embryonic(struct peers *p, const struct ip_addr *ip, uint64_t now_ns);

enum peers_end {
	PEERS_PROVEN,
	PEERS_FAILED,
	PEERS_UNTRIED, // it was not its fault
};
void peers_embryonic_end(struct peer *peer, enum peers_end how, uint64_t now_ns);

enum peers_verdict {
	PEERS_OK,
	PEERS_WAIT,    // the budget of all strangers is used up for now
	PEERS_REFUSED, // the source's own is
};

// Whether a source may begin a handshake, and who pays. Who has proved himself in the last hour does
// not wait for strangers, and who has failed in the last minute gets what the others leave.
enum peers_verdict peers_handshake(struct peers *p, struct peer *peer, uint64_t now_ns);
// The same for one that was told to wait: only the budget of all.
bool peers_handshake_again(struct peers *p, const struct peer *peer, uint64_t now_ns);

bool peer_is_proven(const struct peer *peer, uint64_t now_ns);

// The rate of peer.ticket_misses.
extern const struct bucket_rate peers_ticket_rate;
// The rate of peer.signatures.
extern const struct bucket_rate peers_signature_rate;
