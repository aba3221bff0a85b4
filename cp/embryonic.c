// SPDX-License-Identifier: BSD-3-Clause
#include "cp/embryonic.h"

#include <stdlib.h>
#include <unistd.h>

#include "cp/conn.h"
#include "cp/ime_state.h"
#include "cp/log.h"

#define TURN_US 10000 // those who wait are looked at so often

// In the order in which they make room for newer ones.
enum phase { HELLO, WAITING, HANDSHAKE, PHASES };

struct embryo {
	TAILQ_ENTRY(embryo) place;
	struct embryonic *em;
	enum phase phase;
	struct conn *conn;
	struct peer *peer;
	struct trunk_open open;
};

TAILQ_HEAD(embryos, embryo);

struct embryonic {
	struct ime *ime;
	struct event *turn;
	struct embryos all[PHASES]; // oldest first
	uint32_t n[PHASES], most;
};

static uint32_t total(const struct embryonic *em)
{
	return em->n[HELLO] + em->n[WAITING] + em->n[HANDSHAKE];
}

static void move(struct embryo *e, enum phase to)
{
	struct embryonic *em = e->em;

	TAILQ_REMOVE(&em->all[e->phase], e, place);
	em->n[e->phase]--;
	e->phase = to;
	TAILQ_INSERT_TAIL(&em->all[to], e, place);
	em->n[to]++;
}

// Forgets it; its connection is the caller's.
static void end(struct embryo *e, enum peers_end how)
{
	struct embryonic *em = e->em;

	TAILQ_REMOVE(&em->all[e->phase], e, place);
	em->n[e->phase]--;
	peers_embryonic_end(e->peer, how, ime_now(em->ime));
	free(e);
}

static const struct endpoint *source_of(const struct trunk_open *o)
{
	return &o->peer[o->accepted];
}

static void tell(
	struct ime *ime, const struct trunk_open *o, enum counter_id why, const char *detail)
{
	const struct endpoint *peer = source_of(o);

	count(&ime->counters, why);
	log_event_from(CONN_FAILED, &peer->ip, log_endpoint("peer", peer),
		log_text("side", o->accepted == SIDE_INSIDE ? "inside" : "outside"),
		log_text("counter", counter_name(why)), log_text("detail", detail));
}

static void tell_limit(struct ime *ime, const struct trunk_open *o, enum counter_id why)
{
	const struct endpoint *peer = source_of(o);

	count(&ime->counters, why);
	log_event_from(CONN_LIMIT, &peer->ip, log_endpoint("peer", peer),
		log_text("counter", counter_name(why)));
}

static void fail(struct embryo *e, enum counter_id why, const char *text)
{
	struct conn *conn = e->conn;

	if (why == CNT_TLS_TIMEOUT && e->phase == WAITING)
		why = CNT_TLS_BUSY;
	if (why == CNT_TCP_ON_TLS) {
		why = e->open.accepted == SIDE_INSIDE ? CNT_TCP_ON_SECURE : CNT_TCP_ON_TLS;
		text = counter_help(why); // what to do about it
	}
	if (why != CNT_NONE)
		tell(e->em->ime, &e->open, why, text);
	end(e, e->phase == WAITING ? PEERS_UNTRIED : PEERS_FAILED);
	conn_free(conn);
}

static void begin(struct embryo *e)
{
	move(e, HANDSHAKE);
	if (conn_handshake(e->conn) != 0)
		fail(e, CNT_TLS_FAILED, "out of memory");
}

static void look_again(struct embryonic *em)
{
	const struct timeval soon = {.tv_usec = TURN_US};

	if (em->n[WAITING] > 0 && !event_pending(em->turn, EV_TIMEOUT, NULL))
		event_add(em->turn, &soon);
}

// The newest first: under a flood it is the one whose peer still waits, too.
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct embryonic *em = arg;
	struct embryo *e = TAILQ_LAST(&em->all[WAITING], embryos), *older;

	for (; e != NULL; e = older) {
		older = TAILQ_PREV(e, embryos, place);
		if (peers_handshake_again(em->ime->peers, e->peer, ime_now(em->ime)))
			begin(e);
	}
	look_again(em);
}

static void on_hello(struct conn *c, void *arg)
{
	struct embryo *e = arg;
	struct ime *ime = e->em->ime;

	switch (peers_handshake(ime->peers, e->peer, ime_now(ime))) {
	case PEERS_OK:
		begin(e);
		break;
	case PEERS_WAIT:
		move(e, WAITING);
		look_again(e->em);
		break;
	case PEERS_REFUSED:
		fail(e, CNT_TLS_RATE, "too many handshakes from this source");
		break;
	}
}

static void on_up(struct conn *c, void *arg)
{
	struct embryo *e = arg;
	struct trunk_open open = e->open;
	struct ime *ime = e->em->ime;

	open.conn = c;
	end(e, PEERS_PROVEN);
	trunk_start(ime, &open);
}

static void on_closed(struct conn *c, enum counter_id why, const char *text, void *arg)
{
	fail(arg, why, text);
}

static const struct conn_events events = {.hello = on_hello, .up = on_up, .closed = on_closed};

// The oldest stranger of the earliest phase; NULL: nobody may be closed for another one.
static struct embryo *oldest_stranger(struct embryonic *em)
{
	uint64_t now_ns = ime_now(em->ime);
	struct embryo *e;

	for (int phase = 0; phase < PHASES; phase++) {
		TAILQ_FOREACH (e, &em->all[phase], place) {
			if (!peer_is_proven(e->peer, now_ns))
				return e;
		}
	}
	return NULL;
}

static enum counter_id admit(struct embryonic *em, const struct trunk_open *o, struct peer **peer)
{
	struct ime *ime = em->ime;
	struct embryo *oldest = NULL;

	*peer = peers_embryonic(ime->peers, &source_of(o)->ip, ime_now(ime));
	if (*peer == NULL)
		return CNT_TLS_SOURCE_EMBRYONIC;
	if (o->accepted == SIDE_INSIDE)
		(*peer)->proven_ns = ime_now(ime); // a call manager is known by its address
	if (total(em) < ime->config->embryonic_max)
		return CNT_NONE;
	oldest = oldest_stranger(em);
	if (oldest == NULL) {
		peers_embryonic_end(*peer, PEERS_UNTRIED, ime_now(ime));
		return CNT_TLS_EMBRYONIC_FULL;
	}
	fail(oldest, CNT_TLS_EMBRYONIC_EVICTED, "makes room for a newer one");
	return CNT_NONE;
}

void embryonic_start(struct embryonic *em, int fd, const struct trunk_open *o)
{
	struct ime *ime = em->ime;
	struct conn_options options = {
		.base = ime->env.base,
		.fd = fd,
		.kind = CONN_TLS_SERVER,
		.tls = pki_tls(ime->pki, TLS_SERVER, (size_t)o->class->tls_proxy),
		.input_max = ime_input_max(ime),
		.events = &events,
	};
	struct peer *peer;
	enum counter_id why = admit(em, o, &peer);
	struct embryo *e;

	if (why != CNT_NONE) {
		tell_limit(ime, o, why);
		close(fd);
		return;
	}
	e = calloc(1, sizeof(*e));
	options.arg = e;
	if (e == NULL || conn_new(&e->conn, &options) != 0) {
		if (e == NULL)
			close(fd);
		free(e);
		peers_embryonic_end(peer, PEERS_UNTRIED, ime_now(ime));
		tell(ime, o, CNT_TLS_FAILED, "out of memory");
		return;
	}
	e->em = em;
	e->peer = peer;
	e->open = *o;
	TAILQ_INSERT_TAIL(&em->all[HELLO], e, place);
	em->n[HELLO]++;
	if (total(em) > em->most)
		em->most = total(em);
}

struct embryonic *embryonic_new(struct ime *ime)
{
	struct embryonic *em = calloc(1, sizeof(*em));

	if (em == NULL)
		return NULL;
	em->ime = ime;
	for (int phase = 0; phase < PHASES; phase++)
		TAILQ_INIT(&em->all[phase]);
	em->turn = evtimer_new(ime->env.base, on_turn, em);
	if (em->turn == NULL) {
		free(em);
		return NULL;
	}
	return em;
}

void embryonic_free(struct embryonic *em)
{
	struct embryo *e;

	if (em == NULL)
		return;
	for (int phase = 0; phase < PHASES; phase++) {
		while ((e = TAILQ_FIRST(&em->all[phase])) != NULL) {
			struct conn *conn = e->conn;

			end(e, PEERS_UNTRIED);
			conn_free(conn);
		}
	}
	event_free(em->turn);
	free(em);
}

struct embryonic_usage embryonic_usage(const struct embryonic *em)
{
	return (struct embryonic_usage){.hello = em->n[HELLO],
		.waiting = em->n[WAITING],
		.handshake = em->n[HANDSHAKE],
		.most = em->most};
}

void embryonic_usage_clear(struct embryonic *em)
{
	em->most = total(em);
}
