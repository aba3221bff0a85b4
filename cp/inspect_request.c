// SPDX-License-Identifier: BSD-3-Clause
// Requests by their method and dialog. What a ticket, a description or a call makes of them is in
// cp/admit.c, cp/negotiate.c and cp/call.c.
#include "cp/inspect_state.h"

#include "cp/admit.h"
#include "cp/call_end.h"
#include "cp/fallback.h"
#include "cp/ime_state.h"
#include "cp/leg.h"
#include "cp/limit.h"
#include "cp/negotiate.h"
#include "cp/offpath.h"
#include "cp/pass_policy.h"
#include "cp/stir.h"
#include "cp/teardown.h"

// For want of ports, or of anything else that is ours, the caller is to try another way at once,
// whatever becomes of those with bad tickets.
bool inspect_is_our_fault(enum counter_id why)
{
	return why == CNT_MEDIA_PORTS_FULL || why == CNT_MEDIA_REFUSED || why == CNT_LIMIT_SRTP ||
		why == CNT_MAPPING_NO_PORT;
}

static bool remember(struct pass *p)
{
	p->txn = pass_remember(p);
	if (p->txn == NULL) {
		pass_refuse(p, CNT_TRANSACTION_TABLE_FULL, 503);
		return false;
	}
	if (p->m->method == SIP_INVITE)
		p->txn->expires_ns = p->now_ns + RINGING_LIFE_S * 1000000000ull;
	if (p->call != NULL)
		txn_join(p->ime->txns, p->txn, p->call->id);
	p->txn->cseq_added = p->cseq_added;
	p->txn->again = p->again;
	p->txn->call_id_hidden = p->call_id_hidden;
	p->txn->initial = p->m->method == SIP_INVITE && p->m->to_tag.n == 0;
	return true;
}

static void forward_request(struct pass *p)
{
	enum counter_id why = pass_forward(p);

	if (why != CNT_NONE)
		pass_refuse(p, why,
			why == CNT_PEER_GONE || inspect_is_our_fault(why) ? 503
									  : pass_status(p, 400));
}

static bool start_call(struct pass *p)
{
	const struct ticket *ticket = &p->ime->scratch->ticket;
	char uuid[TICKET_UUID_TEXT_MAX], call_id[CALLID_MAX];
	struct call_start start = {
		.caller = p->from,
		.identity = trunk_identity(p->t),
		.domain = limit_domain(p),
		.stood_in = p->t->of != NULL,
		.who = p->caller,
		.inside_secure = p->t->inside_secure,
		.env = &p->ime->session_env,
		.now_ns = p->now_ns,
	};

	for (int s = 0; s < SIDES; s++) {
		start.iface[s] = p->t->iface[s];
		start.peer[s] = p->t->peer[s];
	}
	if (p->from == SIDE_INSIDE && p->ime->callid != NULL)
		start.call_id_outside = callid_hide(p->ime->callid, p->ime->config,
			p->t->iface[SIDE_OUTSIDE], p->m->call_id, call_id);
	if (p->from == SIDE_OUTSIDE) { // it has just been admitted with this ticket
		start.ticket = str_from(ticket_uuid_text(ticket, uuid));
		start.granted = ticket->field[TICKET_GRANTED_DOMAIN];
	}
	p->call = call_new(p->ime->calls, p->m, &start);
	if (p->call != NULL)
		trunks_carry(p->ime->trunks, p->call, p->t->id);
	if (p->call != NULL && p->ticket != NULL)
		ticket_uuid_text(p->ticket, p->call->ticket_uuid);
	if (p->call != NULL && pass_policy_config(p->t)->enforce_payloadtype)
		session_enforce_payloadtype(p->call->session);
	return p->call != NULL;
}

// A call that never was one: its refusal has been told.
static void undo_call(struct pass *p)
{
	offpath_call_over(p->ime, p->call);
	trunks_carry(p->ime->trunks, p->call, 0);
	call_remove(p->ime->calls, p->call);
	p->call = NULL;
	if (p->txn != NULL)
		txn_join(p->ime->txns, p->txn, 0);
}

// What an initial INVITE must satisfy before anything is made for it: 2.7 in its order, then what
// there is room for (TLS-9), of which a stranger learns nothing. Signatures are for those who have a
// ticket: others shall cost no more than that.
static enum counter_id admit(struct pass *p, uint16_t *status)
{
	enum counter_id why = CNT_NONE;

	*status = pass_status(p, 403);
	if (trunk_is_retired(p->t)) {
		*status = p->from == SIDE_INSIDE ? 503 : *status;
		return CNT_PEER_RETIRED;
	}
	if (p->from == SIDE_OUTSIDE)
		why = admit_ticket(p);
	if (why == CNT_NONE && p->from == SIDE_OUTSIDE)
		why = stir_verify(p, status);
	if (why == CNT_NONE && p->from == SIDE_INSIDE) {
		why = admit_route(p);
		if (why != CNT_NONE) { // RFC 5922 7.3: this connection leads to somebody else
			*status = p->ime->cfg->ticket_failure_action == FAILURE_DROP ? 0 : 403;
			trunk_close_leg(p->t, SIDE_OUTSIDE);
		}
	}
	if (why == CNT_NONE) {
		why = limit_call(p);
		*status = 503;
	}
	return why;
}

static uint16_t description_status(const struct pass *p, enum counter_id why)
{
	if (why == CNT_OFFER_CROSSED)
		return 491;
	return inspect_is_our_fault(why) ? 503 : pass_status(p, 488);
}

static void initial_invite(struct pass *p)
{
	struct call *old = call_find_initial(p->ime->calls, p->m, p->from);
	uint16_t status;
	enum counter_id why;

	if (old != NULL) {
		pass_refuse(p, CNT_REQUEST_DUPLICATE, 482);
		return;
	}
	why = admit(p, &status);
	if (why != CNT_NONE) {
		pass_refuse(p, why, status);
		return;
	}
	if (!start_call(p)) {
		pass_refuse(p, CNT_CALL_TABLE_FULL, 503);
		return;
	}
	if (!remember(p)) {
		undo_call(p);
		return;
	}
	why = negotiate_request(p);
	if (why == CNT_NONE)
		why = limit_media(p);
	status = description_status(p, why);
	if (why == CNT_NONE && p->from == SIDE_OUTSIDE) {
		why = admit_route(p);
		status = pass_status(p, 403);
	}
	if (why == CNT_NONE) {
		why = pass_forward(p);
		status = why == CNT_PEER_GONE || inspect_is_our_fault(why) ? 503 : 400;
	}
	if (why != CNT_NONE) {
		pass_refuse(p, why, status);
		undo_call(p);
		return;
	}
	count(&p->ime->counters, CNT_CALLS_STARTED);
	if (p->call->stood_in)
		count(&p->ime->counters, CNT_CALLS_STOOD_IN);
}

// Whether an in-dialog request comes from the remote that the call is with, or goes to it: what
// answers at its address now may be somebody else. And the keys of a secure call are not for a
// call manager without TLS.
static bool same_peer(const struct pass *p)
{
	const struct call *call = p->call;

	if (p->t->inside_secure != session_inside_secure(call->session))
		return false;
	if (p->from == SIDE_INSIDE && trunk_leg(p->t, SIDE_OUTSIDE)->state != LEG_UP)
		return true; // it goes nowhere
	if (call->identity == NULL)
		return ip_eq(&call->peer[SIDE_OUTSIDE].ip, &p->t->peer[SIDE_OUTSIDE].ip);
	return domain_ids_has(&p->t->remote_ids, str_from(call->identity));
}

static bool find_dialog(struct pass *p)
{
	bool answer = p->from == SIDE_INSIDE || p->m->method == SIP_INVITE;

	p->call = call_find_dialog(p->ime->calls, p->m, p->from);
	// After a BYE nothing is negotiated: whoever forgot the dialog could take it for a new call.
	if (p->call != NULL && p->call->state == CALL_ENDING &&
		(p->m->method == SIP_INVITE || p->m->method == SIP_UPDATE))
		p->call = NULL;
	// Nobody outside has heard of the Call-ID as it is here.
	if (p->call != NULL && p->from == SIDE_OUTSIDE && p->call->call_id_outside != NULL &&
		!p->call_id_hidden)
		p->call = NULL;
	if (p->call == NULL) {
		pass_refuse(p, p->m->method == SIP_ACK ? CNT_ACK_UNKNOWN : CNT_DIALOG_UNKNOWN,
			answer ? 481 : 0);
		return false;
	}
	if (!same_peer(p)) {
		p->call = NULL;
		pass_refuse(p, CNT_DIALOG_PEER, answer ? 481 : 0);
		return false;
	}
	if (p->from == SIDE_INSIDE)
		p->call_id_hidden = p->call->caller == SIDE_INSIDE;
	return true;
}

static void in_dialog(struct pass *p)
{
	enum counter_id why;

	if (!find_dialog(p))
		return;
	p->cseq_added = call_cseq_added(p->call, p->from, p->m->cseq);
	if (!remember(p))
		return;
	if (fallback_is_ours(p)) {
		pass_reply(p->ime, p->t, p->txn, 200);
		return;
	}
	why = negotiate_request(p);
	if (why != CNT_NONE) {
		pass_refuse(p, why, description_status(p, why));
		return;
	}
	call_request(p->call, p->from, p->m, p->now_ns);
	forward_request(p);
}

// The INVITE that an ACK or CANCEL is about; NULL: none.
static struct txn *invite_of(const struct pass *p)
{
	struct txn *x = txn_find(p->ime->txns, p->t->id, p->from, p->m->via.branch, SIP_INVITE);

	return x != NULL && txn_is_of(x, p->m) ? x : NULL;
}

// `body` is what negotiate_body() says.
static void ack(struct pass *p, enum counter_id body)
{
	struct txn *invite = invite_of(p);
	enum counter_id why;

	if (invite != NULL && invite->state == TXN_PENDING) {
		pass_drop(p, CNT_ACK_UNKNOWN);
		return;
	}
	if (invite != NULL && invite->state != TXN_DONE) {
		count(&p->ime->counters, CNT_SWALLOWED);
		return;
	}
	if (invite == NULL) { // of a 2xx: a transaction of its own
		if (!find_dialog(p))
			return;
		why = body != CNT_NONE ? body : negotiate_request(p);
		if (why != CNT_NONE) { // the answer of a delayed offer
			pass_refuse(p, why, 0);
			call_ends(p->call, CALL_END_DESCRIPTION, p->from);
			teardown_call(p->ime, p->call, inspect_is_our_fault(why) ? 503 : 488);
			return;
		}
		call_request(p->call, p->from, p->m, p->now_ns);
		p->cseq_added = call_cseq_added(p->call, p->from, p->m->cseq);
	} else {
		p->cseq_added = invite->cseq_added;
		p->again = invite->again;
		p->call_id_hidden = invite->call_id_hidden;
		p->strip |= p->m->body.n > 0;
	}
	why = pass_forward(p);
	if (why != CNT_NONE)
		pass_drop(p, why);
}

static void cancel(struct pass *p)
{
	struct txn *invite = invite_of(p);

	if (invite == NULL) {
		pass_refuse(p, CNT_CANCEL_UNKNOWN, p->from == SIDE_INSIDE ? 481 : 0);
		return;
	}
	if (invite->state != TXN_DONE && invite->state != TXN_PENDING) {
		count(&p->ime->counters, CNT_SWALLOWED);
		return;
	}
	invite->cancelled = true;
	p->cseq_added = invite->cseq_added;
	p->again = invite->again;
	p->call_id_hidden = invite->call_id_hidden;
	p->strip |= p->m->body.n > 0;
	if (remember(p))
		forward_request(p);
}

// SIP-1: what the configuration admits from outside is judged like a call but for the ticket.
static enum counter_id admit_alone(struct pass *p, uint16_t *status)
{
	*status = 0;
	if (p->from == SIDE_INSIDE)
		return CNT_NONE;
	if (p->m->method == SIP_UNKNOWN || (p->ime->cfg->outside_methods & 1u << p->m->method) == 0)
		return CNT_NO_DIALOG;
	*status = pass_status(p, 403);
	return admit_route(p);
}

// A call manager's ping: it names nobody, and asks whether the other end of its trunk is there. The
// far firewall would not let it in (2.8), so a trunk that works would pass for dead.
static bool is_ping(const struct pass *p)
{
	return p->from == SIDE_INSIDE && p->m->method == SIP_OPTIONS &&
		(p->m->uri.scheme == URI_SIP || p->m->uri.scheme == URI_SIPS) &&
		p->m->uri.user.n == 0;
}

static void ping(struct pass *p)
{
	if (trunk_leg(p->t, SIDE_OUTSIDE)->state !=
		LEG_UP) { // it was tried before the message came here
		pass_refuse(p, CNT_PEER_GONE, 503);
	} else if (remember(p)) {
		count(&p->ime->counters, CNT_PINGS_ANSWERED);
		pass_reply(p->ime, p->t, p->txn, 200);
	}
}

static void no_dialog(struct pass *p)
{
	uint16_t status;
	enum counter_id why;

	if (is_ping(p)) {
		ping(p);
		return;
	}
	why = admit_alone(p, &status);
	if (why != CNT_NONE) {
		pass_refuse(p, why, status);
		return;
	}
	if (!remember(p))
		return;
	p->strip |= p->m->is_sdp;
	forward_request(p);
}

// The ACK or CANCEL of an INVITE that went no further.
static bool is_swallowed(const struct pass *p)
{
	const struct txn *invite =
		p->m->method == SIP_ACK || p->m->method == SIP_CANCEL ? invite_of(p) : NULL;

	return invite != NULL && invite->state != TXN_DONE && invite->state != TXN_PENDING;
}

// Section 12 comes before the ticket.
static bool policy_refuses(struct pass *p)
{
	const struct policy_rule *rule = is_swallowed(p) ? NULL : pass_policy(p);

	if (rule == NULL)
		return false;
	pass_refuse(p, rule->counter, pass_policy_status(p, rule));
	pass_policy_end(p->t, rule);
	return true;
}

void inspect_request(struct pass *p)
{
	const bool is_ack = p->m->method == SIP_ACK;
	// First of all, so that the policy knows of a description in a part of the body.
	const enum counter_id body = negotiate_body(p);

	if (!is_ack &&
		txn_find(p->ime->txns, p->t->id, p->from, p->m->via.branch, p->m->method) != NULL) {
		pass_drop(p, CNT_REQUEST_DUPLICATE);
	} else if (policy_refuses(p)) {
		return;
	} else if (is_ack) {
		ack(p, body);
	} else if (body != CNT_NONE) {
		pass_refuse(p, body, pass_status(p, body == CNT_MULTIPART ? 415 : 400));
	} else if (p->m->method == SIP_CANCEL) {
		cancel(p);
	} else if (p->m->to_tag.n > 0) {
		in_dialog(p);
	} else if (p->m->method == SIP_INVITE) {
		initial_invite(p);
	} else {
		no_dialog(p);
	}
}
