// SPDX-License-Identifier: BSD-3-Clause
#include "cp/peers.h"

#include <stdlib.h>

// A call manager behind one address opens a handful of connections; a lab of many behind one NAT
// some dozens.
#define PEERS_MAX        1024u
#define PEERS_WAYS       8u  // places an address may take; the quietest of them makes room
#define HANDSHAKES_MAX   32u // at once
#define HANDSHAKE_RATE   20u // per second
#define HANDSHAKE_BURST  60u
#define TICKET_MISS_RATE 50u // TKT-16 c
#define TICKET_MISS_MAX  100u
#define SIGNATURE_RATE   200u // 70 us each: not two hundredths of the control thread
#define SIGNATURE_MAX    400u

const struct bucket_rate peers_ticket_rate = {
	.interval_ns = 1000000000ull / TICKET_MISS_RATE,
	.burst_ns = 1000000000ull / TICKET_MISS_RATE * TICKET_MISS_MAX,
};
const struct bucket_rate peers_signature_rate = {
	.interval_ns = 1000000000ull / SIGNATURE_RATE,
	.burst_ns = 1000000000ull / SIGNATURE_RATE * SIGNATURE_MAX,
};
static const struct bucket_rate handshake_rate = {
	.interval_ns = 1000000000ull / HANDSHAKE_RATE,
	.burst_ns = 1000000000ull / HANDSHAKE_RATE * HANDSHAKE_BURST,
};

struct peers {
	struct peer table[PEERS_MAX];
};

struct peers *peers_new(void)
{
	return calloc(1, sizeof(struct peers));
}

void peers_free(struct peers *p)
{
	free(p);
}

static size_t set_of(const struct ip_addr *ip)
{
	uint32_t h = 2166136261u; // FNV-1a: the ways bound what a chosen address can do

	for (size_t i = 0; i < sizeof(ip->b); i++)
		h = (h ^ ip->b[i]) * 16777619u;
	return h % (PEERS_MAX / PEERS_WAYS) * PEERS_WAYS;
}

struct peer *peers_get(struct peers *p, const struct ip_addr *ip, uint64_t now_ns)
{
	struct peer *set = &p->table[set_of(ip)], *victim = NULL;

	for (size_t i = 0; i < PEERS_WAYS; i++) {
		if (ip_eq(&set[i].ip, ip)) {
			set[i].seen_ns = now_ns;
			return &set[i];
		}
	}
	for (size_t i = 0; i < PEERS_WAYS; i++) {
		if (set[i].in_handshake == 0 &&
			(victim == NULL || set[i].seen_ns < victim->seen_ns))
			victim = &set[i];
	}
	if (victim == NULL)
		victim = &set[0];
	*victim = (struct peer){.ip = *ip, .seen_ns = now_ns};
	return victim;
}

bool peers_handshake_start(struct peers *p, const struct ip_addr *ip, uint64_t now_ns)
{
	struct peer *peer = peers_get(p, ip, now_ns);

	if (peer->in_handshake >= HANDSHAKES_MAX ||
		!bucket_take(&peer->handshakes, &handshake_rate, now_ns))
		return false;
	peer->in_handshake++;
	return true;
}

void peers_handshake_done(struct peers *p, const struct ip_addr *ip, uint64_t now_ns)
{
	struct peer *peer = peers_get(p, ip, now_ns);

	if (peer->in_handshake > 0)
		peer->in_handshake--;
}
