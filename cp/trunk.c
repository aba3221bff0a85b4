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

// A trunk that was quiet for so long waits for no answer any more (timer F), and may be closed.
#define IDLE_NS (32ull * 1000000000)
// Trunks with calls that are passed over in the search for one that may be closed.
#define SEARCH_MAX    64u
#define OWED_NS       (30ull * 1000000000) // quiet for so long, and without calls: nothing will come
#define JUDGE_AT_ONCE 16u                  // after a reload of the trust-points
#define JUDGE_US      1000

#define BUCKETS 4096u // of ids, which are consecutive

struct trunks {
	TAILQ_HEAD(, trunk) all; // oldest first
	TAILQ_HEAD(, trunk) lru; // idle longest first
	LIST_HEAD(, trunk) by_id[BUCKETS];
	struct ime *ime;
	struct event *reaper, *judge;
	uint64_t last_id;
	uint32_t n, tls, tls_most;
	struct trunk_class_usage *class; // by index in config.inspects
};

static struct trunk_class_usage *usage_of(const struct trunk *t)
{
	const struct ime *ime = t->ime;

	return &ime->trunks->class[t->class - ime->config->inspects];
}

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
		leg_forget_waiting(&t->leg[s]);
		conn_free(t->leg[s].conn);
	}
	TAILQ_REMOVE(&ts->all, t, all);
	TAILQ_REMOVE(&ts->lru, t, lru);
	LIST_REMOVE(t, by_id);
	ts->n--;
	usage_of(t)->active--;
	if (t->mapping != 0)
		mapping_unhold(ts->ime->mappings, t->mapping, ime_now(ts->ime));
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
	TAILQ_INIT(&ts->lru);
	ts->ime = ime;
	ts->reaper = evtimer_new(ime->env.base, reap, ts);
	ts->judge = evtimer_new(ime->env.base, judge_some, ts);
	ts->class = calloc(ime->config->n_inspects + 1, sizeof(*ts->class));
	if (ts->reaper == NULL || ts->judge == NULL || ts->class == NULL) {
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
	free(ts->class);
	free(ts);
}

void trunk_reap_later(struct trunk *t)
{
	event_active(t->ime->trunks->reaper, EV_TIMEOUT, 0);
}

static void touch(struct trunk *t)
{
	struct trunks *ts = t->ime->trunks;

	t->active_ns = ime_now(ts->ime);
	TAILQ_REMOVE(&ts->lru, t, lru);
	TAILQ_INSERT_TAIL(&ts->lru, t, lru);
}

void trunk_heard(struct trunk *t, size_t octets)
{
	usage_of(t)->bytes += octets;
	touch(t);
	if (t->of != NULL)
		touch(t->of);
}

// A call may be quiet for hours, and its BYE still wants the connection.
static bool carries_call(const struct trunk *t)
{
	uint32_t calls = t->calls;

	for (const struct trunk *k = t->stand_ins; k != NULL; k = k->next_stand_in)
		calls += k->calls;
	return calls > 0;
}

static struct trunk *find(const struct trunks *ts, uint64_t id)
{
	struct trunk *t;

	LIST_FOREACH (t, &ts->by_id[id % BUCKETS], by_id) {
		if (t->id == id)
			return t;
	}
	return NULL;
}

void trunks_carry(struct trunks *ts, struct call *call, uint64_t id)
{
	struct trunk *from = find(ts, call->trunk), *to = find(ts, id);

	if (from != NULL)
		from->calls--;
	if (to != NULL)
		to->calls++;
	call->trunk = id;
}

static void close_both(struct trunk *t)
{
	leg_close(&t->leg[side_other(t->accepted)], true);
	leg_close(&t->leg[t->accepted], true);
}

// Closes the trunk that has been idle longest and carries no call. False: there is none.
static bool evict(struct trunks *ts)
{
	uint64_t now_ns = ime_now(ts->ime);
	struct trunk *t;

	for (unsigned int i = 0; i < SEARCH_MAX; i++) {
		t = TAILQ_FIRST(&ts->lru);
		if (t == NULL || now_ns - t->active_ns < IDLE_NS)
			return false;
		if (t->of == NULL && !carries_call(t))
			break;
		touch(t); // a stand-in goes with the trunk that it stands in for
		t = NULL;
	}
	if (t == NULL)
		return false;
	count(&ts->ime->counters, CNT_TRUNKS_EVICTED);
	log_event(TRUNK_EVICTED, log_endpoint("peer", &t->peer[t->accepted]),
		log_u64("trunk", t->id));
	touch(t); // until it is reaped it is not found again
	close_both(t);
	return true;
}

// TLS sessions that this peer has opened.
static uint32_t tls_from(const struct trunks *ts, const struct ip_addr *peer)
{
	const struct trunk *t;
	uint32_t n = 0;

	TAILQ_FOREACH (t, &ts->all, all)
		n += t->leg[t->accepted].tls && ip_eq(&t->peer[t->accepted].ip, peer);
	return n;
}

enum counter_id trunks_take_tls(struct trunks *ts, struct leg *l)
{
	struct trunk *t = l->trunk;
	uint32_t max = ts->ime->config->tls_sessions_max;

	// Certificates are no promise to share.
	if (l->side == t->accepted && tls_from(ts, &t->peer[l->side].ip) >= (max + 1) / 2)
		return CNT_TLS_SOURCE_FULL;
	if (ts->tls >= max)
		evict(ts);
	if (ts->tls >= max)
		return CNT_TLS_SESSIONS_FULL;
	l->tls = true;
	ts->tls++;
	if (ts->tls > ts->tls_most)
		ts->tls_most = ts->tls;
	return CNT_NONE;
}

void trunks_leave_tls(struct trunks *ts, struct leg *l)
{
	ts->tls -= l->tls;
	l->tls = false;
}

bool trunks_others_up(const struct trunks *ts, const struct leg *l)
{
	const struct ip_addr *ip = &l->trunk->peer[SIDE_OUTSIDE].ip;
	const struct trunk *t;

	TAILQ_FOREACH (t, &ts->all, all) {
		if (t->leg[SIDE_OUTSIDE].trusted && ip_eq(&t->peer[SIDE_OUTSIDE].ip, ip))
			return true;
	}
	return false;
}

// NULL: no room.
static struct trunk *trunk_new(struct trunks *ts, const struct trunk_open *o)
{
	uint32_t max = ts->ime->config->tls_sessions_max + TRUNKS_SPARE;
	struct trunk *t = ts->n < max ? calloc(1, sizeof(*t)) : NULL;
	struct trunk_class_usage *usage;

	if (t == NULL)
		return NULL;
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
	t->off_path = o->off_path;
	// It may have ended while the handshake took its time.
	if (o->mapping != 0 && mapping_hold(ts->ime->mappings, o->mapping))
		t->mapping = o->mapping;
	t->born_ns = t->active_ns = ime_now(ts->ime);
	TAILQ_INSERT_TAIL(&ts->all, t, all);
	TAILQ_INSERT_TAIL(&ts->lru, t, lru);
	LIST_INSERT_HEAD(&ts->by_id[t->id % BUCKETS], t, by_id);
	ts->n++;
	usage = usage_of(t);
	if (++usage->active > usage->most)
		usage->most = usage->active;
	return t;
}

void trunks_tell_limit(const struct trunks *ts, const struct endpoint *peer, enum counter_id why)
{
	if (why == CNT_TLS_SESSIONS_FULL)
		log_event_from(TLS_SESSIONS_FULL, &peer->ip, log_endpoint("peer", peer),
			log_u64("max", ts->ime->config->tls_sessions_max));
	else
		log_event_from(CONN_LIMIT, &peer->ip, log_endpoint("peer", peer),
			log_text("counter", counter_name(why)));
}

static bool refuse(struct trunks *ts, const struct trunk_open *o, enum counter_id why)
{
	count(&ts->ime->counters, why);
	trunks_tell_limit(ts, &o->peer[o->accepted], why);
	if (o->conn != NULL)
		conn_free(o->conn);
	else
		close(o->fd);
	return false;
}

bool trunk_start(struct trunks *ts, const struct trunk_open *o)
{
	struct trunk *t = trunk_new(ts, o);
	struct leg *accepted = t != NULL ? &t->leg[o->accepted] : NULL;
	enum counter_id why = CNT_NONE;

	if (t == NULL) {
		evict(ts); // for the next one
		return refuse(ts, o, CNT_CONN_TABLE_FULL);
	}
	if (o->conn != NULL)
		why = trunks_take_tls(ts, accepted);
	if (why != CNT_NONE) {
		trunk_free(ts, t);
		return refuse(ts, o, why);
	}
	count(&ts->ime->counters, CNT_TRUNKS_ACCEPTED);
	if (o->conn != NULL) {
		leg_adopt(accepted, o->conn);
		return true;
	}
	if (leg_accept(accepted, o->fd))
		return true;
	trunk_free(ts, t);
	return false;
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
		.off_path = t->off_path,
	};
	struct trunk *k = t->stand_ins;

	while (k != NULL && !ip_eq(&k->peer[SIDE_INSIDE].ip, &ucm->ip))
		k = k->next_stand_in;
	if (k != NULL)
		return k;
	k = trunk_new(t->ime->trunks, &o);
	if (k == NULL) {
		count(&t->ime->counters, CNT_CONN_TABLE_FULL);
		return NULL;
	}
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

static void legs_reset(struct trunk *t)
{
	t->leg[SIDE_OUTSIDE].reset = t->leg[SIDE_INSIDE].reset = true;
}

void trunk_reset(struct trunk *t)
{
	struct trunk *whole = t->of != NULL ? t->of : t;

	legs_reset(whole);
	for (struct trunk *k = whole->stand_ins; k != NULL; k = k->next_stand_in)
		legs_reset(k);
	leg_close(&whole->leg[whole->accepted], false);
}

struct trunk *trunk_by_id(const struct trunks *ts, uint64_t id)
{
	struct trunk *t = find(ts, id);

	return t != NULL && !t->dead ? t : NULL;
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
		struct leg *l = trunk_leg(t, (enum side)s);

		if (l->unjudged)
			leg_judge_again(l);
		retired |= l->retired;
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

	TAILQ_FOREACH (t, &ts->all, all) {
		leg_tick(&t->leg[SIDE_OUTSIDE], now_ns);
		leg_tick(&t->leg[SIDE_INSIDE], now_ns);
		close_retired(t);
		if (t->owed && now_ns - t->active_ns >= OWED_NS && !carries_call(t))
			t->owed = false;
		if (now_ns - t->active_ns < idle_ns)
			continue;
		if (carries_call(t))
			touch(t);
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
	return (struct trunks_usage){.trunks = ts->n, .tls = ts->tls, .tls_most = ts->tls_most};
}

void trunks_usage_clear(struct trunks *ts)
{
	ts->tls_most = ts->tls;
	for (size_t i = 0; i < ts->ime->config->n_inspects; i++)
		ts->class[i].most = ts->class[i].active;
}

uint32_t trunks_close_idle(struct trunks *ts, uint32_t *kept)
{
	uint32_t closed = 0;
	struct trunk *t;

	*kept = 0;
	TAILQ_FOREACH (t, &ts->all, all) {
		if (t->of != NULL)
			continue;
		if (carries_call(t)) {
			(*kept)++;
			continue;
		}
		close_both(t);
		closed++;
	}
	return closed;
}

struct trunk_class_usage trunk_class_usage(const struct trunks *trunks, size_t class)
{
	return trunks->class[class];
}

struct trunk *trunk_next(const struct trunks *ts, const struct trunk *t)
{
	return t == NULL ? TAILQ_FIRST(&ts->all) : TAILQ_NEXT(t, all);
}
