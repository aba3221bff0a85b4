// SPDX-License-Identifier: BSD-3-Clause
#include "cp/peers.h"

#include <openssl/rand.h>
#include <stdlib.h>

#define PEERS_MAX        16384u
#define PEERS_WAYS       8u // places an address may take
#define PROVEN_NS        (3600ull * 1000000000)
#define FAILED_NS        (60ull * 1000000000)
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

struct peers {
	uint32_t client_embryonic_max;
	struct bucket_rate rate, client_rate;
	struct bucket strangers;
	uint32_t seed; // so that nobody can choose his neighbours
	struct peer table[PEERS_MAX];
};

struct peers *peers_new(const struct peers_limits *limits)
{
	struct peers *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (RAND_bytes((unsigned char *)&p->seed, sizeof(p->seed)) != 1) {
		free(p);
		return NULL;
	}
	p->client_embryonic_max = limits->client_embryonic_max;
	p->rate = bucket_rate(limits->rate, limits->rate_burst);
	p->client_rate = bucket_rate(limits->client_rate, limits->client_burst);
	return p;
}

void peers_free(struct peers *p)
{
	free(p);
}

static size_t set_of(const struct peers *p, const struct ip_addr *ip)
{
	uint32_t h = 2166136261u ^ p->seed; // FNV-1a

	for (size_t i = 0; i < sizeof(ip->b); i++)
		h = (h ^ ip->b[i]) * 16777619u;
	h ^= h >> 15;
	return h % (PEERS_MAX / PEERS_WAYS) * PEERS_WAYS;
}

bool peer_is_proven(const struct peer *peer, uint64_t now_ns)
{
	return peer->proven_ns != 0 && now_ns - peer->proven_ns < PROVEN_NS;
}

// Whom a newcomer may push out rather than the other: a stranger, then whoever was quiet longer.
static bool goes_first(const struct peer *a, const struct peer *b, uint64_t now_ns)
{
	bool proven = peer_is_proven(a, now_ns);

	if (proven != peer_is_proven(b, now_ns))
		return !proven;
	return a->seen_ns < b->seen_ns;
}

struct peer *peers_get(struct peers *p, const struct ip_addr *ip, uint64_t now_ns)
{
	struct peer *set = &p->table[set_of(p, ip)], *victim = NULL;

	for (size_t i = 0; i < PEERS_WAYS; i++) {
		if (ip_eq(&set[i].ip, ip)) {
			set[i].seen_ns = now_ns;
			return &set[i];
		}
	}
	for (size_t i = 0; i < PEERS_WAYS; i++) {
		if (set[i].embryonic == 0 &&
			(victim == NULL || goes_first(&set[i], victim, now_ns)))
			victim = &set[i];
	}
	if (victim == NULL)
		return &set[0]; // all of them are busy, and two sources share a budget
	*victim = (struct peer){.ip = *ip, .seen_ns = now_ns};
	return victim;
}

struct peer *peers_embryonic(struct peers *p, const struct ip_addr *ip, uint64_t now_ns)
{
	struct peer *peer = peers_get(p, ip, now_ns);

	if (peer->embryonic >= p->client_embryonic_max)
		return NULL;
	peer->embryonic++;
	return peer;
}

void peers_embryonic_end(struct peer *peer, enum peers_end how, uint64_t now_ns)
{
	peer->embryonic--;
	if (how == PEERS_PROVEN)
		peer->proven_ns = now_ns;
	else if (how == PEERS_FAILED)
		peer->failed_ns = now_ns;
}

// Half of what may be saved up is for those who have not failed yet.
static bool half_empty(const struct peers *p, uint64_t now_ns)
{
	return p->strangers.full_at_ns > now_ns + p->rate.burst_ns / 2;
}

bool peers_handshake_again(struct peers *p, const struct peer *peer, uint64_t now_ns)
{
	bool failed = peer->failed_ns != 0 && now_ns - peer->failed_ns < FAILED_NS;

	if (peer_is_proven(peer, now_ns))
		return true;
	if (failed && half_empty(p, now_ns))
		return false;
	return bucket_take(&p->strangers, &p->rate, now_ns);
}

enum peers_verdict peers_handshake(struct peers *p, struct peer *peer, uint64_t now_ns)
{
	if (!bucket_take(&peer->handshakes, &p->client_rate, now_ns))
		return PEERS_REFUSED;
	return peers_handshake_again(p, peer, now_ns) ? PEERS_OK : PEERS_WAIT;
}
