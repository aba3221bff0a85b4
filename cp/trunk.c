// SPDX-License-Identifier: BSD-3-Clause
// One trunk: its birth, what is sent on it, and its end. What its connections do is in cp/leg.c, the
// table that it stands in is cp/trunks.c.
#include "cp/trunks.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <unistd.h>

#include "cp/ime_state.h"
#include "cp/leg.h"

// Its stand-ins have nothing to share any more; the reaper comes to them next.
static void orphan(struct trunk *t)
{
	for (struct trunk *k = t->stand_ins; k != NULL; k = k->next_stand_in) {
		k->of = NULL;
		k->dead = true;
	}
}

void trunk_free(struct trunk *t)
{
	struct ime *ime = t->ime;

	orphan(t);
	for (int s = 0; s < SIDES; s++) {
		if (t->leg[s].backlog != NULL)
			evbuffer_free(t->leg[s].backlog);
		leg_forget_waiting(&t->leg[s]);
		conn_free(t->leg[s].conn);
	}
	trunks_remove(ime->trunks, t);
	if (t->mapping != 0)
		mapping_unhold(ime->mappings, t->mapping, ime_now(ime));
	free(t);
}

// NULL: no room.
static struct trunk *trunk_new(struct ime *ime, const struct trunk_open *o)
{
	struct trunk *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->ime = ime;
	t->class = o->class;
	if (!trunks_add(ime->trunks, t)) {
		free(t);
		return NULL;
	}
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
	if (o->mapping != 0 && mapping_hold(ime->mappings, o->mapping))
		t->mapping = o->mapping;
	return t;
}

static bool refuse(struct ime *ime, const struct trunk_open *o, enum counter_id why)
{
	count(&ime->counters, why);
	trunks_tell_limit(ime->trunks, &o->peer[o->accepted], why);
	if (o->conn != NULL)
		conn_free(o->conn);
	else
		close(o->fd);
	return false;
}

bool trunk_start(struct ime *ime, const struct trunk_open *o)
{
	struct trunk *t = trunk_new(ime, o);
	struct leg *accepted = t != NULL ? &t->leg[o->accepted] : NULL;
	enum counter_id why = CNT_NONE;

	if (t == NULL) {
		trunks_evict(ime->trunks); // for the next one
		return refuse(ime, o, CNT_CONN_TABLE_FULL);
	}
	if (o->conn != NULL)
		why = trunks_take_tls(ime->trunks, accepted);
	if (why != CNT_NONE) {
		trunk_free(t);
		return refuse(ime, o, why);
	}
	count(&ime->counters, CNT_TRUNKS_ACCEPTED);
	if (o->conn != NULL) {
		leg_adopt(accepted, o->conn);
		return true;
	}
	if (leg_accept(accepted, o->fd))
		return true;
	trunk_free(t);
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
	k = trunk_new(t->ime, &o);
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
