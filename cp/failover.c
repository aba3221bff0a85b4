// SPDX-License-Identifier: BSD-3-Clause
#include "cp/failover.h"

#include "cp/debug.h"
#include "cp/ime_state.h"
#include "cp/leg.h"
#include "lib/nat.h"

static bool is_mapped(const struct trunk *t, struct endpoint real)
{
	const struct config *c = t->ime->config;

	return nat_translate(c->nat, c->n_nat, t->iface[SIDE_INSIDE], t->iface[SIDE_OUTSIDE],
		       PROTO_TCP, &real) >= 0;
}

// Whether the call manager can take the calls of this trunk, and where. The remote must reach it as
// it reaches the addressed one: what follows in the dialog is sent to its own mapped address.
static bool can_stand_in(const struct trunk *t, const struct config_ucm *u, struct endpoint *at)
{
	*at = (struct endpoint){
		.ip = u->ip, .port = u->port != 0 ? u->port : t->peer[SIDE_INSIDE].port};
	return u->secure == t->inside_secure && !ip_eq(&u->ip, &t->peer[SIDE_INSIDE].ip) &&
		is_mapped(t, *at) == is_mapped(t, t->peer[SIDE_INSIDE]);
}

// It takes a new call, or it will be known in a moment.
static bool may_take(struct trunk *t)
{
	struct leg *l = &t->leg[SIDE_INSIDE];

	if (ucms_down(t->ime->ucms, &t->peer[SIDE_INSIDE].ip))
		return false;
	leg_try(l);
	return l->state != LEG_FAILED;
}

static size_t index_of(const struct config_ime *c, const struct ip_addr *ip)
{
	size_t i = 0;

	while (i < c->n_ucms && !ip_eq(&c->ucms[i].ip, ip))
		i++;
	return i;
}

static struct trunk *route_new_call(struct trunk *t)
{
	const struct config_ime *c = t->ime->cfg;
	size_t addressed = index_of(c, &t->peer[SIDE_INSIDE].ip);

	if (may_take(t))
		return t;
	for (size_t k = 1; k < c->n_ucms; k++) {
		const struct config_ucm *u = &c->ucms[(addressed + k) % c->n_ucms];
		struct trunk *other;
		struct endpoint at;

		if (!can_stand_in(t, u, &at) || ucms_down(t->ime->ucms, &u->ip))
			continue;
		other = trunk_stand_in(t, &at);
		if (other == NULL || !may_take(other))
			continue;
		debug_event(SIGNALING_TRUNK, "call goes to another call manager",
			log_endpoint("addressed", &t->peer[SIDE_INSIDE]), log_endpoint("ucm", &at));
		return other;
	}
	return t;
}

// Where the call manager is that has taken the call for another one.
static struct trunk *route_dialog(struct trunk *t, const struct sip_msg *m)
{
	const struct call *call = call_find_dialog(t->ime->calls, m, SIDE_OUTSIDE);
	const struct config_ime *c = t->ime->cfg;
	struct trunk *other = NULL;
	struct endpoint at;
	size_t i;

	if (call == NULL || !call->stood_in)
		return t;
	i = index_of(c, &call->peer[SIDE_INSIDE].ip);
	if (i < c->n_ucms && can_stand_in(t, &c->ucms[i], &at))
		other = trunk_stand_in(t, &at);
	return other != NULL ? other : t;
}

// The trunk of the transaction that the message belongs to, or NULL.
static struct trunk *route_transaction(struct trunk *t, const struct sip_msg *m)
{
	enum side from = m->request ? SIDE_OUTSIDE : SIDE_INSIDE;
	enum sip_method method = m->request ? SIP_INVITE : m->method;

	for (struct trunk *k = t->stand_ins; k != NULL; k = k->next_stand_in) {
		if (txn_find(t->ime->txns, k->id, from, m->via.branch, method) != NULL)
			return k;
	}
	return NULL;
}

struct trunk *failover_route(struct trunk *t, const struct sip_msg *m)
{
	bool of_transaction = !m->request || m->method == SIP_ACK || m->method == SIP_CANCEL;
	struct trunk *k = NULL;

	if (t->ime->cfg->n_ucms < 2 || t->accepted != SIDE_OUTSIDE)
		return t;
	if (of_transaction)
		k = route_transaction(t, m);
	if (k != NULL || !m->request)
		return k != NULL ? k : t;
	if (m->to_tag.n > 0)
		return route_dialog(t, m);
	return m->method == SIP_INVITE ? route_new_call(t) : t;
}

bool failover_reaches(const struct trunk *t)
{
	return t->leg[SIDE_INSIDE].state == LEG_UP &&
		!ucms_down(t->ime->ucms, &t->peer[SIDE_INSIDE].ip);
}
