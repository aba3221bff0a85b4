// SPDX-License-Identifier: BSD-3-Clause
// The table of trunks, their birth and their end. What their connections do is in cp/leg.c.
#include "cp/trunk.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <unistd.h>

#include "cp/ime_state.h"
#include "cp/leg.h"
#include "cp/log.h"

#define JUDGE_AT_ONCE 16u // after a reload of the trust-points
#define JUDGE_US      1000
#define OWED_NS       (30ull * 1000000000) // quiet for so long, and without calls: nothing will come

struct trunks {
	TAILQ_HEAD(, trunk) all;
	struct ime *ime;
	struct event *reaper, *judge;
	uint64_t last_id;
	uint32_t n, tls_most;
};

// Its stand-ins have nothing to share any more; the reaper comes to them next.
static void orphan(struct trunk *t)
{
	for (struct trunk *k = t->stand_ins; k != NULL; k = k->next_stand_in) {
		k->of = NULL;
		k->dead = true;
	}
}

static void trunk_free(struct trunks *ts, struct trunk *t)
{
	orphan(t);
	for (int s = 0; s < SIDES; s++) {
		if (t->leg[s].backlog != NULL)
			evbuffer_free(t->leg[s].backlog);
		conn_free(t->leg[s].conn);
	}
	TAILQ_REMOVE(&ts->all, t, all);
	ts->n--;
	free(t);
}

static void reap(evutil_socket_t fd, short what, void *arg)
{
	struct trunks *ts = arg;
	struct trunk *t, *next;

	for (t = TAILQ_FIRST(&ts->all); t != NULL; t = next) {
		struct leg *accepted = &t->leg[t->accepted];
		struct leg *opened = &t->leg[side_other(t->accepted)];

		next = TAILQ_NEXT(t, all);
		leg_reap(accepted);
		if (t->dead) // what is still to be said to the other side drains
			leg_close(opened, true);
		leg_reap(opened);
		if (t->dead)
			trunk_free(ts, t);
	}
}

static void judge_some(evutil_socket_t fd, short what, void *arg);

struct trunks *trunks_new(struct ime *ime)
{
	struct trunks *ts = calloc(1, sizeof(*ts));

	if (ts == NULL)
		return NULL;
	TAILQ_INIT(&ts->all);
	ts->ime = ime;
	ts->reaper = evtimer_new(ime->env.base, reap, ts);
	ts->judge = evtimer_new(ime->env.base, judge_some, ts);
	if (ts->reaper == NULL || ts->judge == NULL) {
		trunks_free(ts);
		return NULL;
	}
	return ts;
}

void trunks_free(struct trunks *ts)
{
	if (ts == NULL)
		return;
	while (!TAILQ_EMPTY(&ts->all))
		trunk_free(ts, TAILQ_FIRST(&ts->all));
	if (ts->reaper != NULL)
		event_free(ts->reaper);
	if (ts->judge != NULL)
		event_free(ts->judge);
	free(ts);
}

void trunk_reap_later(struct trunk *t)
{
	event_active(t->ime->trunks->reaper, EV_TIMEOUT, 0);
}

// NULL: no room.
static struct trunk *trunk_new(struct trunks *ts, const struct trunk_open *o)
{
	struct trunk *t = ts->n < TRUNKS_MAX ? calloc(1, sizeof(*t)) : NULL;

	if (t == NULL) {
		count(&ts->ime->counters, CNT_CONN_TABLE_FULL);
		return NULL;
	}
	t->id = ++ts->last_id;
	t->ime = ts->ime;
	t->class = o->class;
	t->accepted = o->accepted;
	for (int s = 0; s < SIDES; s++) {
		t->iface[s] = o->iface[s];
		t->peer[s] = o->peer[s];
		leg_init(&t->leg[s], t, (enum side)s);
	}
	t->mapped = o->mapped;
	t->inside_secure = o->inside_secure;
	t->active_ns = ime_now(ts->ime);
	TAILQ_INSERT_TAIL(&ts->all, t, all);
	ts->n++;
	return t;
}

bool trunk_start(struct trunks *ts, int fd, const struct trunk_open *o)
{
	struct trunk *t = trunk_new(ts, o);

	if (t == NULL) {
		close(fd);
		return false;
	}
	if (!leg_accept(&t->leg[t->accepted], fd)) {
		trunk_free(ts, t);
		return false;
	}
	count(&ts->ime->counters, CNT_TRUNKS_ACCEPTED);
	if (trunks_usage(ts).tls > ts->tls_most)
		ts->tls_most = trunks_usage(ts).tls;
	return true;
}

struct trunk *trunk_stand_in(struct trunk *t, const struct endpoint *ucm)
{
	struct trunk_open o = {
		.class = t->class,
		.accepted = t->accepted,
		.iface = {t->iface[0], t->iface[1]},
		.peer = {[SIDE_OUTSIDE] = t->peer[SIDE_OUTSIDE], [SIDE_INSIDE] = *ucm},
		.mapped = t->mapped,
		.inside_secure = t->inside_secure,
	};
	struct trunk *k = t->stand_ins;

	while (k != NULL && !ip_eq(&k->peer[SIDE_INSIDE].ip, &ucm->ip))
		k = k->next_stand_in;
	if (k != NULL)
		return k;
	k = trunk_new(t->ime->trunks, &o);
	if (k == NULL)
		return NULL;
	k->of = t;
	k->remote_ids = t->remote_ids;
	k->next_stand_in = t->stand_ins;
	t->stand_ins = k;
	return k;
}

int trunk_send(struct trunk *t, enum side to, const void *p, size_t n)
{
	struct leg *l = trunk_leg(t, to);
	int err;

	if (l->state != LEG_UP)
		return -ENOTCONN;
	err = conn_send(l->conn, p, n);
	if (err != 0) {
		count(&t->ime->counters, CNT_CONN_OUTPUT_FULL);
		leg_close(l, false);
	}
	return err;
}

int trunk_send_own(struct trunk *t, enum side to, const void *p, size_t n)
{
	struct leg *l = trunk_leg(t, to);

	if (t->dead)
		return -ENOTCONN;
	if (l->state == LEG_UP)
		return trunk_send(t, to, p, n);
	if (to == t->accepted)
		return -ENOTCONN;
	leg_try(l);
	if (l->state != LEG_OPENING)
		return -ENOTCONN;
	if (l->backlog == NULL)
		l->backlog = evbuffer_new();
	if (l->backlog == NULL || evbuffer_add(l->backlog, p, n) != 0)
		return -ENOMEM;
	return 0;
}

void trunk_close_leg(struct trunk *t, enum side side)
{
	leg_close(trunk_leg(t, side), true);
}

struct trunk *trunk_by_id(const struct trunks *ts, uint64_t id)
{
	struct trunk *t;

	TAILQ_FOREACH (t, &ts->all, all) {
		if (t->id == id && !t->dead)
			return t;
	}
	return NULL;
}

struct trunk *trunk_like(const struct trunks *ts, const struct endpoint peer[SIDES])
{
	struct trunk *t;

	TAILQ_FOREACH (t, &ts->all, all) {
		if (!t->dead && ip_eq(&t->peer[SIDE_INSIDE].ip, &peer[SIDE_INSIDE].ip) &&
			ip_eq(&t->peer[SIDE_OUTSIDE].ip, &peer[SIDE_OUTSIDE].ip) &&
			trunk_leg(t, t->accepted)->state == LEG_UP)
			return t;
	}
	return NULL;
}

// A call may be quiet for hours, and its BYE still wants the connection.
static bool carries_call(const struct trunk *t)
{
	const struct call *call = calls_first(t->ime->calls);

	while (call != NULL && call->trunk != t->id)
		call = calls_next(call);
	for (const struct trunk *k = t->stand_ins; k != NULL && call == NULL;
		k = k->next_stand_in) {
		if (carries_call(k))
			return true;
	}
	return call != NULL;
}

unsigned int trunks_judge_again(struct trunks *ts)
{
	unsigned int n = 0;
	struct trunk *t;

	TAILQ_FOREACH (t, &ts->all, all) {
		for (int s = 0; s < SIDES; s++) {
			t->leg[s].unjudged = t->leg[s].tls && t->leg[s].state == LEG_UP;
			n += t->leg[s].unjudged;
		}
	}
	if (n > 0)
		event_active(ts->judge, EV_TIMEOUT, 0);
	return n;
}

// A chain takes a tenth of a millisecond: a thousand of them at once would hold up every call.
static void judge_some(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval soon = {.tv_usec = JUDGE_US};
	struct trunks *ts = arg;
	unsigned int n = 0;
	struct trunk *t;

	TAILQ_FOREACH (t, &ts->all, all) {
		for (int s = 0; s < SIDES && n < JUDGE_AT_ONCE; s++) {
			if (!t->leg[s].unjudged)
				continue;
			leg_judge_again(&t->leg[s]);
			n++;
		}
	}
	if (n == JUDGE_AT_ONCE)
		event_add(ts->judge, &soon);
}

bool trunk_is_retired(struct trunk *t)
{
	bool retired = false;

	for (int s = 0; s < SIDES; s++) {
		if (t->leg[s].unjudged)
			leg_judge_again(&t->leg[s]);
		retired |= t->leg[s].retired;
	}
	return retired;
}

static void close_retired(struct trunk *t)
{
	bool retired = t->leg[SIDE_OUTSIDE].retired || t->leg[SIDE_INSIDE].retired;

	if (!retired || carries_call(t))
		return;
	for (int s = 0; s < SIDES; s++)
		if (t->leg[s].retired)
			trunk_close_leg(t, (enum side)s);
}

void trunks_tick(struct trunks *ts, uint64_t now_ns)
{
	uint64_t idle_ns = ts->ime->config->timeouts.conn_s * 1000000000ull;
	struct trunk *t;

	if (trunks_usage(ts).tls > ts->tls_most)
		ts->tls_most = trunks_usage(ts).tls;
	TAILQ_FOREACH (t, &ts->all, all) {
		leg_tick(&t->leg[SIDE_OUTSIDE], now_ns);
		leg_tick(&t->leg[SIDE_INSIDE], now_ns);
		close_retired(t);
		if (t->owed && now_ns - t->active_ns >= OWED_NS && !carries_call(t))
			t->owed = false;
		if (now_ns - t->active_ns < idle_ns)
			continue;
		if (carries_call(t))
			t->active_ns = now_ns;
		else
			leg_close(&t->leg[t->of != NULL ? SIDE_INSIDE : t->accepted], true);
	}
}

static uint32_t tls_legs(const struct trunk *t)
{
	return 1u + t->inside_secure;
}

static bool is_reverse(const struct trunk *t, const struct trunk *of)
{
	return t->accepted != of->accepted &&
		ip_eq(&t->peer[SIDE_INSIDE].ip, &of->peer[SIDE_INSIDE].ip) &&
		ip_eq(&t->peer[SIDE_OUTSIDE].ip, &of->peer[SIDE_OUTSIDE].ip);
}

bool trunk_reverse_room(struct trunk *t)
{
	const struct trunks *ts = t->ime->trunks;
	uint32_t max = t->ime->config->tls_sessions_max, n = 0;
	struct trunk *k;

	if (ts->n * 4 <= max) // twice two legs each: no need to count
		return true;
	t->owed = true;
	TAILQ_FOREACH (k, &ts->all, all) {
		n += k->leg[SIDE_OUTSIDE].tls + k->leg[SIDE_INSIDE].tls;
		if (k->owed)
			n += tls_legs(k);
		if (is_reverse(k, t) && trunk_leg(k, SIDE_OUTSIDE)->state == LEG_UP) {
			t->owed = false;
			return true;
		}
	}
	if (n > max)
		t->owed = false;
	return t->owed;
}

void trunk_reverse_here(struct trunk *t)
{
	struct trunk *k;

	TAILQ_FOREACH (k, &t->ime->trunks->all, all) {
		if (is_reverse(k, t))
			k->owed = false;
	}
}

struct trunks_usage trunks_usage(const struct trunks *ts)
{
	struct trunks_usage u = {.trunks = ts->n, .tls_most = ts->tls_most};
	const struct trunk *t;

	TAILQ_FOREACH (t, &ts->all, all)
		u.tls += t->leg[SIDE_OUTSIDE].tls + t->leg[SIDE_INSIDE].tls;
	return u;
}

uint32_t trunks_tls_from(const struct trunks *ts, const struct ip_addr *peer)
{
	const struct trunk *t;
	uint32_t n = 0;

	TAILQ_FOREACH (t, &ts->all, all)
		n += t->leg[t->accepted].tls && ip_eq(&t->peer[t->accepted].ip, peer);
	return n;
}

void trunks_usage_clear(struct trunks *ts)
{
	ts->tls_most = trunks_usage(ts).tls;
}

void trunk_foreach(const struct trunks *trunks, trunk_visit_fn *fn, void *arg)
{
	uint64_t now_ns = ime_now(trunks->ime);
	char identity[DOMAIN_NAME_MAX + 1];
	struct trunk *t;

	TAILQ_FOREACH (t, &trunks->all, all) {
		const struct leg *outside = trunk_leg(t, SIDE_OUTSIDE);
		bool up = outside->state == LEG_UP;
		struct str id = {t->remote_ids.id[0].name, t->remote_ids.id[0].n};
		struct trunk_info info = {
			.outbound = t->accepted == SIDE_INSIDE,
			.inside = t->peer[SIDE_INSIDE],
			.outside = t->peer[SIDE_OUTSIDE],
			.class_name = t->class->class_name,
			.up = {up, trunk_leg(t, SIDE_INSIDE)->state == LEG_UP},
			.tls_version = up ? SSL_get_version(conn_ssl(outside->conn)) : "",
			.tls_cipher = up ? SSL_get_cipher_name(conn_ssl(outside->conn)) : "",
			.peer_identity = identity,
			.messages = {outside->messages, t->leg[SIDE_INSIDE].messages},
			.idle_ms = (now_ns - t->active_ns) / 1000000,
		};

		str_copy(t->remote_ids.n > 0 ? id : STR_LIT(""), identity, sizeof(identity));
		fn(&info, arg);
	}
}
