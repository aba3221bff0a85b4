// SPDX-License-Identifier: BSD-3-Clause
#include "cp/mta.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "dp/dp.h"
#include "lib/steer.h"

enum stream_state { STREAM_HELD, STREAM_LIVE, STREAM_LEAVING };

#define STREAMS 8192

struct stream {
	struct mta_stream s;
	enum stream_state state;
	bool known;        // a SET went out: the worker will answer the DEL with GONE
	bool unsent;       // `msg` (or the DEL, when leaving) waits for room in the ring
	struct dp_msg msg; // what the worker has, or is to have
};

struct mta {
	const struct config *config;
	const struct config_mta *pool;
	struct counters *counters;
	struct stream *streams[STREAMS];
	uint32_t in_use, most_used, not_free, unsent, next_id;
	// One bit per port and address of the pool: taken, or in quarantine.
	uint8_t *taken;
};

#define PORTS 65536u

static uint8_t *taken_octet(struct mta *m, size_t addr, uint16_t port)
{
	return &m->taken[addr * (PORTS / 8) + port / 8];
}

static bool is_taken(struct mta *m, size_t addr, uint16_t port)
{
	return (*taken_octet(m, addr, port) >> (port % 8) & 1) != 0;
}

static void set_taken(struct mta *m, size_t addr, uint16_t port, bool taken)
{
	uint8_t bit = (uint8_t)(1u << (port % 8));

	if (taken)
		*taken_octet(m, addr, port) |= bit;
	else
		*taken_octet(m, addr, port) &= (uint8_t)~bit;
}

int mta_new(struct mta **out, const struct config *config, const struct config_ime *ime,
	struct counters *counters)
{
	struct mta *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return -ENOMEM;
	m->config = config;
	m->pool = &config->mtas[ime->mta];
	m->counters = counters;
	m->taken = calloc(m->pool->n_addrs, PORTS / 8);
	if (m->taken == NULL) {
		free(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

static void stream_free(struct mta *m, uint32_t id)
{
	struct stream *st = m->streams[id];

	m->streams[id] = NULL;
	OPENSSL_cleanse(st, sizeof(*st));
	free(st);
}

void mta_free(struct mta *m)
{
	if (m == NULL)
		return;
	for (uint32_t id = 0; id < STREAMS; id++) {
		if (m->streams[id] != NULL)
			stream_free(m, id);
	}
	free(m->taken);
	free(m);
}

// The pool's address on an interface, or -ENOENT.
static int addr_of(const struct mta *m, uint16_t iface)
{
	for (size_t i = 0; i < m->pool->n_addrs; i++) {
		if (m->pool->addrs[i].iface == iface)
			return (int)i;
	}
	return -ENOENT;
}

// A free even port of the range from a random start; with `worker` >= 0 only of its slice.
static int find_port(struct mta *m, size_t addr, int worker)
{
	uint32_t lo = (m->pool->rtp_min_port + 1u) / 2, hi = m->pool->rtp_max_port / 2u;
	uint32_t n, start;

	if (hi < lo || RAND_bytes((uint8_t *)&start, sizeof(start)) != 1)
		return -ENOSPC;
	n = hi - lo + 1;
	for (uint32_t i = 0; i < n; i++) {
		uint16_t port = (uint16_t)((lo + (start % n + i) % n) * 2);

		if (is_taken(m, addr, port))
			continue;
		if (worker < 0 ||
			steer_port_owner(port, m->config->n_workers) == (unsigned int)worker)
			return port;
	}
	return -ENOSPC;
}

static int find_id(struct mta *m)
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		uint32_t id = (m->next_id + i) % STREAMS;

		if (m->streams[id] == NULL)
			return (int)id;
	}
	return -ENOSPC;
}

// Two ports of one worker. When the worker of the first choice has no port left inside, the others
// have their turn.
static int find_ports(struct mta *m, const int addr[SIDES], int port[SIDES])
{
	port[0] = find_port(m, (size_t)addr[0], -1);
	if (port[0] < 0)
		return -ENOSPC;
	for (unsigned int i = 0; i < m->config->n_workers; i++) {
		unsigned int w = (steer_port_owner((uint16_t)port[0], m->config->n_workers) + i) %
			m->config->n_workers;

		if (i > 0)
			port[0] = find_port(m, (size_t)addr[0], (int)w);
		port[1] = find_port(m, (size_t)addr[1], (int)w);
		if (port[0] >= 0 && port[1] >= 0)
			return 0;
	}
	return -ENOSPC;
}

int mta_alloc(struct mta *m, const uint16_t iface[SIDES], struct mta_stream *out)
{
	int addr[SIDES], port[SIDES], id = find_id(m);
	struct stream *st;

	for (int s = 0; s < SIDES; s++) {
		addr[s] = addr_of(m, iface[s]);
		if (addr[s] < 0)
			return -ENOENT;
	}
	if (id < 0 || find_ports(m, addr, port) != 0)
		return -ENOSPC;
	st = calloc(1, sizeof(*st));
	if (st == NULL)
		return -ENOSPC;
	st->s.id = (uint32_t)id;
	for (int s = 0; s < SIDES; s++) {
		st->s.iface[s] = iface[s];
		st->s.local[s].ip = m->pool->addrs[addr[s]].ip;
		st->s.local[s].port = (uint16_t)port[s];
		set_taken(m, (size_t)addr[s], (uint16_t)port[s], true);
	}
	m->streams[id] = st;
	m->next_id = (uint32_t)id + 1;
	if (++m->in_use > m->most_used)
		m->most_used = m->in_use;
	m->not_free++;
	*out = st->s;
	return 0;
}

static int send_now(struct mta *m, struct stream *st, const struct dp_msg *msg)
{
	int err = dp_send(msg);

	if (err == 0)
		st->known = true;
	if (err == -ENOBUFS && !st->unsent) {
		st->unsent = true;
		m->unsent++;
		count(m->counters, CNT_MEDIA_RETRIED);
	} else if (err != -ENOBUFS && st->unsent) {
		st->unsent = false;
		m->unsent--;
	}
	return err;
}

int mta_local(const struct mta *m, uint16_t iface, struct ip_addr *out)
{
	int i = addr_of(m, iface);

	if (i < 0)
		return i;
	*out = m->pool->addrs[i].ip;
	return 0;
}

int mta_set(struct mta *m, uint32_t id, const struct dp_msg *msg)
{
	struct stream *st = m->streams[id];
	struct dp_msg next;
	int err;

	// Copied as octets: the comparison below then never sees stray padding.
	memcpy(&next, msg, sizeof(next));
	next.version = DP_MSG_VERSION;
	next.type = DP_MSG_MEDIA_SET;
	next.media.stream = id;
	for (int s = 0; s < SIDES; s++) {
		next.media.leg[s].iface = st->s.iface[s];
		next.media.leg[s].local = st->s.local[s];
	}
	if (st->state == STREAM_LIVE && memcmp(&next, &st->msg, sizeof(next)) == 0) {
		OPENSSL_cleanse(&next, sizeof(next));
		return 0;
	}
	err = send_now(m, st, &next);
	if (err == 0 || err == -ENOBUFS) {
		memcpy(&st->msg, &next, sizeof(next));
		st->state = STREAM_LIVE;
		err = 0;
	}
	OPENSSL_cleanse(&next, sizeof(next));
	return err;
}

static void free_ports(struct mta *m, uint32_t id)
{
	const struct mta_stream *s = &m->streams[id]->s;

	for (int side = 0; side < SIDES; side++)
		set_taken(m, (size_t)addr_of(m, s->iface[side]), s->local[side].port, false);
	if (m->streams[id]->unsent)
		m->unsent--;
	m->not_free--;
	stream_free(m, id);
}

void mta_release(struct mta *m, uint32_t id)
{
	struct stream *st = m->streams[id];

	m->in_use--;
	if (!st->known) {
		free_ports(m, id);
		return;
	}
	OPENSSL_cleanse(&st->msg, sizeof(st->msg));
	st->state = STREAM_LEAVING;
	st->msg.version = DP_MSG_VERSION;
	st->msg.type = DP_MSG_MEDIA_DEL;
	st->msg.media.stream = id;
	send_now(m, st, &st->msg);
}

void mta_gone(struct mta *m, uint32_t id)
{
	if (id < STREAMS && m->streams[id] != NULL && m->streams[id]->state == STREAM_LEAVING)
		free_ports(m, id);
}

bool mta_retry(struct mta *m)
{
	for (uint32_t id = 0; id < STREAMS && m->unsent > 0; id++) {
		struct stream *st = m->streams[id];

		if (st != NULL && st->unsent && send_now(m, st, &st->msg) == -ENOBUFS)
			break;
	}
	return m->unsent > 0;
}

uint32_t mta_in_use(const struct mta *m)
{
	return m->in_use;
}

uint32_t mta_not_free(const struct mta *m)
{
	return m->not_free;
}

uint32_t mta_most_used(const struct mta *m)
{
	return m->most_used;
}

void mta_usage_clear(struct mta *m)
{
	m->most_used = m->in_use;
}
