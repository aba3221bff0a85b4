// SPDX-License-Identifier: BSD-3-Clause
#include "cp/mta.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "cp/alarm.h"
#include "cp/debug.h"
#include "cp/media_rate.h"
#include "cp/media_why.h"
#include "cp/mta_ports.h"
#include "cp/priv.h"
#include "dp/dp.h"
#include "lib/steer.h"

#define STREAMS_DEFAULT 8192
#define NONE            UINT32_MAX

// An alarm is over when one in so many is free again.
#define ALARM_FREE_SHARE 16

enum stream_state { STREAM_FREE, STREAM_HELD, STREAM_LIVE, STREAM_LEAVING };

struct stream {
	struct mta_stream s;
	uint64_t owner;       // 0: none, or no more
	uint32_t addr[SIDES]; // index in the pool
	uint32_t next_free;   // id, while it is free
	uint8_t state;        // enum stream_state
	bool known;           // a SET went out: the worker will answer the DEL with GONE
	bool unsent;          // waits for room in the ring
	TAILQ_ENTRY(stream) waiting;
	struct media_rate rate;
	struct dp_msg *msg; // what the worker has, or is to have; in locked memory. NULL: nothing
};

struct mta {
	const struct config_mta *pool;
	struct counters *counters;
	struct mta_ports *ports;
	unsigned int n_workers, next_worker;
	uint64_t now_ns;          // of the last tick
	bool no_ports, no_stream; // alarms that are on
	uint16_t no_ports_iface[SIDES];
	// Pages of the array are touched only as ids are used: those below `n_used` have been.
	struct stream *streams;
	uint32_t n_streams, n_used, first_free;
	uint32_t in_use, most_used, leaving, srtp, srtp_most;
	TAILQ_HEAD(, stream) unsent; // oldest first
};

// ---- Life ---------------------------------------------------------------------------------------

int mta_new(struct mta **out, const struct config *config, const struct config_ime *ime,
	struct counters *counters)
{
	struct mta *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return -ENOMEM;
	m->pool = &config->mtas[ime->mta];
	m->counters = counters;
	m->n_workers = config->n_workers;
	m->n_streams = config->media_streams_max != 0 ? config->media_streams_max : STREAMS_DEFAULT;
	m->first_free = NONE;
	TAILQ_INIT(&m->unsent);
	m->streams = calloc(m->n_streams, sizeof(*m->streams));
	m->ports = mta_ports_new(m->pool, m->n_workers);
	if (m->streams == NULL || m->ports == NULL) {
		mta_free(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

static void forget_msg(struct stream *st)
{
	OPENSSL_secure_clear_free(st->msg, sizeof(*st->msg));
	st->msg = NULL;
}

void mta_free(struct mta *m)
{
	if (m == NULL)
		return;
	for (uint32_t id = 0; id < m->n_used; id++)
		forget_msg(&m->streams[id]);
	mta_ports_free(m->ports);
	free(m->streams);
	free(m);
}

size_t mta_secure_size(size_t streams)
{
	return streams * priv_key_block(sizeof(struct dp_msg));
}

// ---- Streams ------------------------------------------------------------------------------------

static bool can_have_stream(const struct mta *m)
{
	return m->first_free != NONE || m->n_used < m->n_streams;
}

static struct stream *stream_take(struct mta *m)
{
	uint32_t id = m->first_free;
	struct stream *st;

	if (id != NONE)
		m->first_free = m->streams[id].next_free;
	else
		id = m->n_used++;
	st = &m->streams[id];
	*st = (struct stream){.s.id = id, .state = STREAM_HELD};
	if (++m->in_use > m->most_used)
		m->most_used = m->in_use;
	return st;
}

static void stream_finish(struct mta *m, struct stream *st)
{
	for (int s = 0; s < SIDES; s++)
		mta_ports_rest(m->ports, st->addr[s], st->s.local[s].port);
	st->state = STREAM_FREE;
	st->next_free = m->first_free;
	m->first_free = st->s.id;
}

// The stream of an id that is not free, or NULL.
static struct stream *stream_of(struct mta *m, uint32_t id)
{
	return id < m->n_used && m->streams[id].state != STREAM_FREE ? &m->streams[id] : NULL;
}

// ---- Ports --------------------------------------------------------------------------------------

static int no_ports(struct mta *m, const uint16_t iface[SIDES])
{
	m->no_ports = true;
	debug_error(MEDIA, "no media port is free", log_u64("streams", m->in_use),
		log_u64("resting", mta_ports_resting(m->ports)));
	memcpy(m->no_ports_iface, iface, sizeof(m->no_ports_iface));
	alarm_raise(ALARM_MEDIA_PORTS, m->now_ns,
		"no media port is free for a new call: %u streams have theirs, %u pairs rest after "
		"their calls",
		m->in_use + m->leaving, mta_ports_resting(m->ports));
	return -ENOSPC;
}

static int no_stream(struct mta *m)
{
	m->no_stream = true;
	debug_error(MEDIA, "no media stream is free", log_u64("streams", m->in_use),
		log_u64("leaving", m->leaving));
	alarm_raise(ALARM_MEDIA_STREAMS, m->now_ns,
		"as many media streams as there can be: %u of calls, %u just ending", m->in_use,
		m->leaving);
	return -ENOSPC;
}

int mta_alloc(struct mta *m, const uint16_t iface[SIDES], const struct mta_stream *beside,
	struct mta_stream *out)
{
	struct mta_pair pair[SIDES];
	struct stream *st;
	int err = -ENOSPC;

	if (!can_have_stream(m))
		return no_stream(m);
	for (unsigned int i = 0; i < m->n_workers && err == -ENOSPC; i++) {
		unsigned int w = m->next_worker;

		m->next_worker = (w + 1) % m->n_workers;
		err = mta_ports_take(m->ports, w, iface[0],
			beside != NULL ? &beside->local[0].ip : NULL, &pair[0]);
		if (err != 0)
			continue;
		err = mta_ports_take(m->ports, w, iface[1],
			beside != NULL ? &beside->local[1].ip : NULL, &pair[1]);
		if (err != 0)
			mta_ports_give(m->ports, pair[0].addr, pair[0].port);
	}
	if (err != 0)
		return err == -ENOSPC ? no_ports(m, iface) : err;
	st = stream_take(m);
	for (int s = 0; s < SIDES; s++) {
		st->addr[s] = pair[s].addr;
		st->s.iface[s] = iface[s];
		st->s.local[s] = (struct endpoint){pair[s].ip, pair[s].port};
	}
	*out = st->s;
	return 0;
}

void mta_own(struct mta *m, uint32_t id, uint64_t owner)
{
	m->streams[id].owner = owner;
}

uint64_t mta_owner(const struct mta *m, uint32_t id)
{
	return id < m->n_used ? m->streams[id].owner : 0;
}

int mta_local(const struct mta *m, uint16_t iface, struct ip_addr *out)
{
	for (size_t i = 0; i < m->pool->n_addrs; i++) {
		if (m->pool->addrs[i].iface == iface) {
			*out = m->pool->addrs[i].ip;
			return 0;
		}
	}
	return -ENOENT;
}

bool mta_is_ours(const struct mta *m, const struct ip_addr *ip)
{
	for (size_t i = 0; i < m->pool->n_addrs; i++) {
		if (ip_eq(&m->pool->addrs[i].ip, ip))
			return true;
	}
	return false;
}

// ---- Messages -----------------------------------------------------------------------------------

static int send_now(struct mta *m, struct stream *st, const struct dp_msg *msg)
{
	int err = dp_send(msg);

	if (err == 0)
		st->known = true;
	if (err == -ENOBUFS && !st->unsent) {
		TAILQ_INSERT_TAIL(&m->unsent, st, waiting);
		count(m->counters, CNT_MEDIA_RETRIED);
	} else if (err != -ENOBUFS && st->unsent) {
		TAILQ_REMOVE(&m->unsent, st, waiting);
	}
	st->unsent = err == -ENOBUFS;
	return err;
}

// Addresses and ciphers; never the keys beside them.
static void debug_set(const struct stream *st)
{
	const struct dp_msg_media *m = &st->msg->media;
	const struct dp_media_leg *out = &m->leg[SIDE_OUTSIDE], *in = &m->leg[SIDE_INSIDE];

	debug_event(MEDIA, "stream set", log_u64("stream", st->s.id), log_u64("call", st->owner),
		log_endpoint("outside", &st->s.local[SIDE_OUTSIDE]),
		log_endpoint("outside_remote", &out->remote),
		log_endpoint("inside", &st->s.local[SIDE_INSIDE]),
		log_endpoint("inside_remote", &in->remote),
		log_text("outside_srtp", media_suite_name(out->suite)),
		log_text("inside_srtp", media_suite_name(in->suite)),
		log_bool("passthrough", m->passthrough), log_bool("in", out->rx_allowed),
		log_bool("out", out->tx_allowed), log_bool("awaits", out->tx_awaits_rx));
}

int mta_set(struct mta *m, uint32_t id, const struct dp_msg *msg)
{
	struct stream *st = &m->streams[id];
	struct dp_msg *next = OPENSSL_secure_malloc(sizeof(*next)), *last = st->msg;
	int err;

	if (next == NULL)
		return -ENOMEM;
	// Copied as octets: the comparison below then never sees stray padding.
	memcpy(next, msg, sizeof(*next));
	next->version = DP_MSG_VERSION;
	next->type = DP_MSG_MEDIA_SET;
	next->media.stream = id;
	for (int s = 0; s < SIDES; s++) {
		next->media.leg[s].iface = st->s.iface[s];
		next->media.leg[s].local = st->s.local[s];
	}
	if (last != NULL && memcmp(next, last, sizeof(*next)) == 0) {
		OPENSSL_secure_clear_free(next, sizeof(*next));
		return 0;
	}
	err = send_now(m, st, next);
	if (err != 0 && err != -ENOBUFS) {
		OPENSSL_secure_clear_free(next, sizeof(*next));
		return err;
	}
	forget_msg(st);
	st->msg = next;
	st->state = STREAM_LIVE;
	debug_set(st);
	return 0;
}

void mta_look(struct mta *m, uint32_t id, struct dp_media_stats *out, uint64_t now_ns)
{
	*out = (struct dp_media_stats){0};
	if (dp_media_stats(id, out) == 0)
		media_rate_take(&m->streams[id].rate, out, now_ns);
}

void mta_describe(const struct mta *m, uint32_t id, struct call_stream_info *out)
{
	const struct dp_msg *msg = m->streams[id].msg;

	if (msg == NULL)
		return;
	for (int s = 0; s < SIDES; s++) {
		out->suite[s] = msg->media.leg[s].suite;
		out->awaits[s] = msg->media.leg[s].tx_awaits_rx;
		out->latch[s] = msg->media.leg[s].latch;
	}
	out->passthrough = msg->media.passthrough;
	memcpy(out->rate, m->streams[id].rate.rate, sizeof(out->rate));
}

static int send_end(struct mta *m, struct stream *st)
{
	const struct dp_msg msg = {
		.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_DEL, .media.stream = st->s.id};

	return send_now(m, st, &msg);
}

void mta_release(struct mta *m, uint32_t id)
{
	struct stream *st = &m->streams[id];

	m->in_use--;
	debug_event(MEDIA, "stream ends", log_u64("stream", st->s.id), log_u64("call", st->owner));
	st->owner = 0;
	forget_msg(st);
	if (st->known) {
		m->leaving++;
		st->state = STREAM_LEAVING;
		send_end(m, st);
		return;
	}
	if (st->unsent)
		TAILQ_REMOVE(&m->unsent, st, waiting);
	stream_finish(m, st);
}

void mta_gone(struct mta *m, uint32_t id)
{
	struct stream *st = stream_of(m, id);

	if (st == NULL || st->state != STREAM_LEAVING)
		return;
	m->leaving--;
	debug_event(MEDIA, "ports rest", log_u64("stream", st->s.id),
		log_endpoint("outside", &st->s.local[SIDE_OUTSIDE]),
		log_endpoint("inside", &st->s.local[SIDE_INSIDE]));
	stream_finish(m, st);
}

bool mta_retry(struct mta *m)
{
	struct stream *st;

	while ((st = TAILQ_FIRST(&m->unsent)) != NULL) {
		int err = st->state == STREAM_LEAVING ? send_end(m, st) : send_now(m, st, st->msg);

		if (err == -ENOBUFS)
			return true;
	}
	return false;
}

// ---- Clockwork and figures ----------------------------------------------------------------------

void mta_tick(struct mta *m, uint64_t now_ns)
{
	uint32_t free_streams = m->n_streams - m->in_use - m->leaving;

	m->now_ns = now_ns;
	mta_ports_tick(m->ports, now_ns);
	if (m->no_ports && mta_ports_enough(m->ports, m->no_ports_iface, ALARM_FREE_SHARE)) {
		m->no_ports = false;
		alarm_clear(ALARM_MEDIA_PORTS, now_ns);
	}
	if (m->no_stream && free_streams >= m->n_streams / ALARM_FREE_SHARE) {
		m->no_stream = false;
		alarm_clear(ALARM_MEDIA_STREAMS, now_ns);
	}
}

void mta_srtp(struct mta *m, int32_t more)
{
	m->srtp += (uint32_t)more;
	if (m->srtp > m->srtp_most)
		m->srtp_most = m->srtp;
}

struct mta_usage mta_usage(const struct mta *m)
{
	return (struct mta_usage){
		.streams = m->in_use,
		.streams_max = m->n_streams,
		.most_used = m->most_used,
		.leaving = m->leaving,
		.resting = mta_ports_resting(m->ports),
		.srtp = m->srtp,
		.srtp_most = m->srtp_most,
	};
}

void mta_usage_clear(struct mta *m)
{
	m->most_used = m->in_use;
	m->srtp_most = m->srtp;
}
