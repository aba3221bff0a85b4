// SPDX-License-Identifier: BSD-3-Clause
// The table of trunks: what may be in it, in which order it makes room, and what is done with all of
// them; see cp/trunks.h. One trunk is in cp/trunk.c.
#include "cp/trunks.h"

#include <event2/event.h>
#include <stdlib.h>

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

static struct trunk *find(const struct trunks *ts, uint64_t id)
{
	struct trunk *t;

	LIST_FOREACH (t, &ts->by_id[id % BUCKETS], by_id) {
		if (t->id == id)
			return t;
	}
	return NULL;
}

static void touch(struct trunk *t)
{
	struct trunks *ts = t->ime->trunks;

	t->active_ns = ime_now(ts->ime);
	TAILQ_REMOVE(&ts->lru, t, lru);
	TAILQ_INSERT_TAIL(&ts->lru, t, lru);
}

// A call may be quiet for hours, and its BYE still wants the connection.
static bool carries_call(const struct trunk *t)
{
	uint32_t calls = t->calls;

	for (const struct trunk *k = t->stand_ins; k != NULL; k = k->next_stand_in)
		calls += k->calls;
	return calls > 0;
}

static void close_both(struct trunk *t)
{
	leg_close(&t->leg[side_other(t->accepted)], true);
	leg_close(&t->leg[t->accepted], true);
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
			trunk_free(t);
	}
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
		trunk_free(TAILQ_FIRST(&ts->all));
	if (ts->reaper != NULL)
		event_free(ts->reaper);
	if (ts->judge != NULL)
		event_free(ts->judge);
	free(ts->class);
	free(ts);
}

bool trunks_add(struct trunks *ts, struct trunk *t)
{
	struct trunk_class_usage *usage = usage_of(t);

	if (ts->n >= ts->ime->config->tls_sessions_max + TRUNKS_SPARE)
		return false;
	t->id = ++ts->last_id;
	t->born_ns = t->active_ns = ime_now(ts->ime);
	TAILQ_INSERT_TAIL(&ts->all, t, all);
	TAILQ_INSERT_TAIL(&ts->lru, t, lru);
	LIST_INSERT_HEAD(&ts->by_id[t->id % BUCKETS], t, by_id);
	ts->n++;
	if (++usage->active > usage->most)
		usage->most = usage->active;
	return true;
}

void trunks_evict(struct trunks *ts)
{
	uint64_t now_ns = ime_now(ts->ime);
	struct trunk *t;

	for (unsigned int i = 0; i < SEARCH_MAX; i++) {
		t = TAILQ_FIRST(&ts->lru);
		if (t == NULL || now_ns - t->active_ns < IDLE_NS)
			return;
		if (t->of == NULL && !carries_call(t))
			break;
		touch(t); // a stand-in goes with the trunk that it stands in for
		t = NULL;
	}
	if (t == NULL)
		return;
	count(&ts->ime->counters, CNT_TRUNKS_EVICTED);
	log_event(TRUNK_EVICTED, log_endpoint("peer", &t->peer[t->accepted]),
		log_u64("trunk", t->id));
	touch(t); // until it is reaped it is not found again
	close_both(t);
}

void trunks_remove(struct trunks *ts, struct trunk *t)
{
	TAILQ_REMOVE(&ts->all, t, all);
	TAILQ_REMOVE(&ts->lru, t, lru);
	LIST_REMOVE(t, by_id);
	ts->n--;
	usage_of(t)->active--;
}

void trunks_reap_later(struct trunks *ts)
{
	event_active(ts->reaper, EV_TIMEOUT, 0);
}

struct trunk *trunks_next(const struct trunks *ts, const struct trunk *t)
{
	return t == NULL ? TAILQ_FIRST(&ts->all) : TAILQ_NEXT(t, all);
}

struct trunk *trunks_by_id(const struct trunks *ts, uint64_t id)
{
	struct trunk *t = find(ts, id);

	return t != NULL && !t->dead ? t : NULL;
}

struct trunk *trunks_like(const struct trunks *ts, const struct endpoint peer[SIDES])
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

void trunks_carry(struct trunks *ts, struct call *call, uint64_t id)
{
	struct trunk *from = find(ts, call->trunk), *to = find(ts, id);

	if (from != NULL)
		from->calls--;
	if (to != NULL)
		to->calls++;
	call->trunk = id;
}

void trunks_heard(struct trunk *t, size_t octets)
{
	usage_of(t)->bytes += octets;
	touch(t);
	if (t->of != NULL)
		touch(t->of);
}

// ---- TLS sessions -------------------------------------------------------------------------------

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
		trunks_evict(ts);
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

void trunks_tell_limit(const struct trunks *ts, const struct endpoint *peer, enum counter_id why)
{
	if (why == CNT_TLS_SESSIONS_FULL)
		log_event_from(TLS_SESSIONS_FULL, &peer->ip, log_endpoint("peer", peer),
			log_u64("max", ts->ime->config->tls_sessions_max));
	else
		log_event_from(CONN_LIMIT, &peer->ip, log_endpoint("peer", peer),
			log_text("counter", counter_name(why)));
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

bool trunks_reverse_room(struct trunk *t)
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

void trunks_reverse_here(struct trunk *t)
{
	struct trunk *k;

	TAILQ_FOREACH (k, &t->ime->trunks->all, all) {
		if (is_reverse(k, t))
			k->owed = false;
	}
}

// ---- All of them --------------------------------------------------------------------------------

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

struct trunk_class_usage trunk_class_usage(const struct trunks *trunks, size_t class)
{
	return trunks->class[class];
}
