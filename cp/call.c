// SPDX-License-Identifier: BSD-3-Clause
#include "cp/call.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "cp/call_fork.h"
#include "cp/call_party.h"
#include "cp/call_state.h"
#include "cp/log_line.h"

#define BUCKETS 4096u

struct calls {
	TAILQ_HEAD(, call) all;
	struct call *bucket[BUCKETS], *by_id[BUCKETS];
	uint64_t seed, last_id, terminated;
	uint32_t n, most;
};

struct calls *calls_new(void)
{
	struct calls *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	TAILQ_INIT(&c->all);
	if (RAND_bytes((uint8_t *)&c->seed, sizeof(c->seed)) != 1) {
		free(c);
		return NULL;
	}
	return c;
}

void calls_free(struct calls *c)
{
	if (c == NULL)
		return;
	while (!TAILQ_EMPTY(&c->all))
		call_remove(c, TAILQ_FIRST(&c->all));
	free(c);
}

static size_t bucket_of(const struct calls *c, struct str call_id)
{
	uint64_t h = c->seed;

	for (size_t i = 0; i < call_id.n; i++) {
		h = (h ^ (uint8_t)call_id.p[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h % BUCKETS;
}

static bool is(const char *z, struct str s)
{
	return str_eq(str_from(z), s);
}

static void call_free(struct call *call)
{
	if (call->fallback.bad && call->domain != NULL)
		call->domain->bad--;
	domain_leave(call->domain);
	session_free(call->session);
	for (size_t i = 0; i < call->n_dialogs; i++) {
		free(call->dialogs[i].tag);
		session_fork_free(call->dialogs[i].apart);
		call_party_fini(&call->dialogs[i].party);
	}
	for (int s = 0; s < SIDES; s++)
		call_party_fini(&call->party[s]);
	quality_fini(&call->media.history);
	free(call->call_id);
	free(call->call_id_outside);
	free(call->caller_tag);
	free(call->identity);
	free(call->ticket);
	free(call->granted);
	free(call->fb_sensitivity);
	free(call->session_id);
	free(call->trunk_uri);
	free(call->from_uri);
	free(call->to_uri);
	free(call);
}

// Of what a call is never searched for, the log shows no more.
static char *log_copy(struct str s)
{
	return call_text((struct str){s.p, s.n < LOG_VALUE_MAX ? s.n : LOG_VALUE_MAX});
}

static bool fill(struct call *call, const struct sip_msg *m, const struct call_start *start)
{
	call->caller = start->caller;
	memcpy(call->iface, start->iface, sizeof(call->iface));
	memcpy(call->peer, start->peer, sizeof(call->peer));
	call->stood_in = start->stood_in;
	call->domain = start->domain;
	domain_join(call->domain);
	call->who = start->who;
	call->invite_cseq = m->cseq;
	call->started_ns = call->signal_ns = start->now_ns;
	call->call_id = call_text(m->call_id);
	call->caller_tag = call_text(m->from_tag);
	call->from_uri = log_copy(m->from.uri);
	call->to_uri = log_copy(m->to.uri);
	if (start->call_id_outside.n > 0)
		call->call_id_outside = call_text(start->call_id_outside);
	if (start->identity.n > 0)
		call->identity = call_text(start->identity);
	if (start->ticket.n > 0) {
		call->ticket = call_text(start->ticket);
		call->granted = call_text(start->granted);
	}
	call->session = session_new(start->env, call->iface, start->inside_secure);
	call->fallback.machine.level = start->env->cfg->fallback.default_level;
	return call->call_id != NULL && call->caller_tag != NULL && call->from_uri != NULL &&
		call->to_uri != NULL && call->session != NULL &&
		(start->call_id_outside.n == 0 || call->call_id_outside != NULL) &&
		(start->identity.n == 0 || call->identity != NULL) &&
		(start->ticket.n == 0 || (call->ticket != NULL && call->granted != NULL)) &&
		call_party_from_invite(&call->party[call->caller], m, &call->n_record_routes);
}

struct call *call_new(struct calls *c, const struct sip_msg *invite, const struct call_start *start)
{
	struct call *call, **head;

	if (calls_full(c))
		return NULL;
	call = calloc(1, sizeof(*call));
	if (call == NULL)
		return NULL;
	if (!fill(call, invite, start)) {
		call_free(call);
		return NULL;
	}
	call->id = ++c->last_id;
	session_own(call->session, call->id, call->call_id);
	head = &c->bucket[bucket_of(c, invite->call_id)];
	call->next = *head;
	*head = call;
	call->next_id = c->by_id[call->id % BUCKETS];
	c->by_id[call->id % BUCKETS] = call;
	TAILQ_INSERT_TAIL(&c->all, call, all);
	if (++c->n > c->most)
		c->most = c->n;
	return call;
}

void call_remove(struct calls *c, struct call *call)
{
	struct call **p = &c->bucket[bucket_of(c, str_from(call->call_id))];

	while (*p != call)
		p = &(*p)->next;
	*p = call->next;
	for (p = &c->by_id[call->id % BUCKETS]; *p != call;)
		p = &(*p)->next_id;
	*p = call->next_id;
	TAILQ_REMOVE(&c->all, call, all);
	c->n--;
	c->terminated++;
	call_free(call);
}

bool calls_full(const struct calls *c)
{
	return c->n >= CALLS_MAX;
}

struct call *call_by_id(const struct calls *c, uint64_t id)
{
	struct call *call = c->by_id[id % BUCKETS];

	while (call != NULL && call->id != id)
		call = call->next_id;
	return call;
}

struct call *call_find_initial(const struct calls *c, const struct sip_msg *m, enum side from)
{
	for (struct call *k = c->bucket[bucket_of(c, m->call_id)]; k != NULL; k = k->next) {
		if (k->caller == from && is(k->call_id, m->call_id) &&
			is(k->caller_tag, m->from_tag))
			return k;
	}
	return NULL;
}

static struct call_dialog *dialog_of(struct call *call, struct str callee_tag)
{
	for (size_t i = 0; i < call->n_dialogs; i++) {
		if (is(call->dialogs[i].tag, callee_tag))
			return &call->dialogs[i];
	}
	return NULL;
}

struct call *call_find_dialog(const struct calls *c, const struct sip_msg *m, enum side from)
{
	for (struct call *k = c->bucket[bucket_of(c, m->call_id)]; k != NULL; k = k->next) {
		struct str caller = k->caller == from ? m->from_tag : m->to_tag;
		struct str callee = k->caller == from ? m->to_tag : m->from_tag;

		if (is(k->call_id, m->call_id) && is(k->caller_tag, caller) &&
			dialog_of(k, callee) != NULL)
			return k;
	}
	return NULL;
}

struct call_dialog *call_dialog_of(struct call *call, enum side from, const struct sip_msg *m)
{
	bool asks = m->request == (from == call->caller);

	return dialog_of(call, asks ? m->to_tag : m->from_tag);
}

// With forks each callee is a party of its own.
static struct call_party *party_of(struct call *call, struct call_dialog *d, enum side side)
{
	return side != call->caller && d != NULL && d->party.address != NULL ? &d->party
									     : &call->party[side];
}

// With forks several dialogs may be up; the call is over with the last of them.
static void hang_up(struct call *call, enum side from, const struct sip_msg *m, uint64_t now_ns)
{
	struct call_dialog *d = call_dialog_of(call, from, m);
	bool others = false;

	d->up = false;
	call_fork_follow(call);
	call_fork_speak(call, d);
	for (size_t i = 0; i < call->n_dialogs; i++)
		others |= call->dialogs[i].up;
	if (!others && call->state != CALL_ENDING) {
		call->state = CALL_ENDING;
		call->ending_ns = now_ns;
		call_ends(call, CALL_END_BYE, from);
	}
}

void call_request(struct call *call, enum side from, const struct sip_msg *m, uint64_t now_ns)
{
	struct call_party *p = party_of(call, call_dialog_of(call, from, m), from);
	uint32_t cseq;

	call->signal_ns = now_ns;
	cseq = m->cseq + call_cseq_added(call, from, m->cseq);
	if (m->method != SIP_ACK && m->method != SIP_CANCEL && cseq > p->cseq)
		p->cseq = cseq;
	if (m->method == SIP_INVITE || m->method == SIP_UPDATE)
		call_party_target(p, m);
	if (m->method == SIP_BYE)
		hang_up(call, from, m, now_ns);
}

static bool add_dialog(struct call *call, struct str tag)
{
	struct call_dialog *d = &call->dialogs[call->n_dialogs];

	if (tag.n == 0 || dialog_of(call, tag) != NULL)
		return true;
	if (call->n_dialogs == CALL_DIALOGS_MAX)
		return false;
	*d = (struct call_dialog){.tag = call_text(tag)};
	call->n_dialogs += d->tag != NULL;
	return d->tag != NULL;
}

bool call_response(
	struct call *call, enum side from, const struct sip_msg *m, bool initial, uint64_t now_ns)
{
	struct call_party *p = &call->party[from];

	call->signal_ns = now_ns;
	if (m->method != SIP_INVITE)
		return true;
	if (m->status > 100 && m->status < 300 && initial && !add_dialog(call, m->to_tag))
		return false;
	if (m->status < 200 && initial && call->state <= CALL_RINGING) {
		call->state = CALL_RINGING;
		call->ringing_ns = now_ns;
	}
	if (m->status < 200 || m->status >= 300)
		return true;
	if (!initial) {
		call_party_target(party_of(call, call_dialog_of(call, from, m), from), m);
	} else if (call->state != CALL_ENDING) {
		struct call_dialog *d = dialog_of(call, m->to_tag);

		if (d != NULL)
			d->up = true;
		if (d != NULL && call_fork_other_is_up(call, m->to_tag))
			p = &d->party;
		call_party_from_answer(p, m, call->n_record_routes);
		if (call->answered_ns == 0)
			call->answered_ns = now_ns;
		call->state = CALL_UP;
	}
	return true;
}

bool call_dialog_toward(
	struct call *call, struct call_dialog *d, enum side to, struct request_dialog *out)
{
	const struct call_party *callee = party_of(call, d, to);
	struct call_party *speaker = party_of(call, d, side_other(to));
	const char *call_id = call->call_id;

	if (callee->address == NULL || callee->target == NULL || speaker->address == NULL)
		return false;
	// A party that sent no request yet may start anywhere (RFC 3261 12.2.1.1).
	speaker->cseq++;
	if (to == SIDE_OUTSIDE && call->call_id_outside != NULL)
		call_id = call->call_id_outside;
	*out = (struct request_dialog){
		.target = str_from(callee->target),
		.routes = str_from(callee->routes),
		.from = str_from(speaker->address),
		.to = str_from(callee->address),
		.call_id = str_from(call_id),
		.cseq = speaker->cseq,
	};
	return true;
}

uint32_t call_cseq_added(const struct call *call, enum side from, uint32_t cseq)
{
	const struct call_fallback *f = &call->fallback;
	uint32_t added = 0;

	if (from == SIDE_INSIDE)
		return 0;
	while (added < f->n_sent && f->after[added] < cseq)
		added++;
	return added;
}

bool call_cseq_is_ours(const struct call *call, uint32_t cseq)
{
	const struct call_fallback *f = &call->fallback;

	for (unsigned int i = 0; i < f->n_sent; i++)
		if (f->after[i] + i + 1 == cseq)
			return true;
	return false;
}

bool call_dialog_insert(struct call *call, struct request_dialog *out)
{
	struct call_fallback *f = &call->fallback;
	uint32_t highest = call->party[SIDE_OUTSIDE].cseq;

	if (f->n_sent == CALL_REFERS_MAX || !call_dialog_toward(call, NULL, SIDE_INSIDE, out))
		return false;
	f->after[f->n_sent] = highest - f->n_sent;
	f->n_sent++;
	f->referred = true;
	return true;
}

bool call_cseq_repeat(struct call *call, const struct sip_msg *response)
{
	struct call_fallback *f = &call->fallback;
	struct call_dialog *d = call_dialog_of(call, SIDE_INSIDE, response);
	struct call_party *remote = party_of(call, d, SIDE_OUTSIDE);
	uint32_t cseq = response->cseq;

	if (f->n_sent == CALL_REFERS_MAX || cseq == 0 ||
		remote->cseq != cseq + call_cseq_added(call, SIDE_OUTSIDE, cseq))
		return false;
	f->after[f->n_sent] = cseq - 1; // its ACK has the new number, too
	f->n_sent++;
	remote->cseq++;
	return true;
}

struct call *calls_first(const struct calls *c)
{
	return TAILQ_FIRST(&c->all);
}

struct call *calls_next(const struct call *call)
{
	return TAILQ_NEXT(call, all);
}

struct calls_usage calls_usage(const struct calls *c)
{
	return (struct calls_usage){c->n, c->most, c->terminated};
}

void calls_usage_clear(struct calls *c)
{
	c->most = c->n;
	c->terminated = 0;
}

void call_foreach(const struct calls *calls, call_visit_fn *fn, void *arg)
{
	const struct call *k;

	TAILQ_FOREACH (k, &calls->all, all) {
		struct call_info info = {
			.state = k->state,
			.outbound = k->caller == SIDE_INSIDE,
			.call_id = str_from(k->call_id),
			.inside = k->peer[SIDE_INSIDE],
			.outside = k->peer[SIDE_OUTSIDE],
			.fb_sensitivity = str_from(k->fb_sensitivity),
			.session_id = str_from(k->session_id),
			.trunk_uri = str_from(k->trunk_uri),
			.caller = k->who,
			.started_ns = k->started_ns,
			.answered_ns = k->answered_ns,
			.iface = {k->iface[SIDE_OUTSIDE], k->iface[SIDE_INSIDE]},
			.one_way = k->media.one_way,
			.silent = k->media.silent,
			.one_way_ns = k->media.one_way_ns,
			.level = (uint8_t)k->fallback.machine.level,
			.fallback_state = k->fallback.machine.state,
			.delay_ms = k->media.delay_ms,
			.history = &k->media.history,
		};

		info.n_streams = session_streams(k->session, info.streams);
		fn(&info, arg);
	}
}

const char *call_state_name(enum call_state s)
{
	static const char *const names[] = {"trying", "ringing", "up", "ending"};

	return names[s];
}
