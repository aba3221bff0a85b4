// SPDX-License-Identifier: BSD-3-Clause
// Responses by the state of their transaction, and what becomes of it and of its call.
#include "cp/inspect_state.h"

#include "cp/call_end.h"
#include "cp/call_fork.h"
#include "cp/fallback.h"
#include "cp/ime_state.h"
#include "cp/log.h"
#include "cp/negotiate.h"
#include "cp/pass_policy.h"
#include "cp/rtp_offer.h"
#include "cp/teardown.h"

static void end_call(struct pass *p)
{
	call_end(p->ime, p->call);
	p->call = NULL;
	if (p->txn != NULL)
		txn_join(p->ime->txns, p->txn, 0);
}

void inspect_rollback(struct call *call, const struct txn *x)
{
	session_rollback(call->session, (struct session_request){x->from, x->cseq});
}

static void count_answer(struct pass *p, bool was_up)
{
	if (!was_up && p->call->state == CALL_UP) {
		count(&p->ime->counters, CNT_CALLS_ANSWERED);
		log_event(CALL_ANSWERED, log_text("call_id", p->call->call_id),
			log_u64("setup_ms", (p->now_ns - p->call->started_ns) / 1000000),
			log_endpoint("outside", &p->call->peer[SIDE_OUTSIDE]),
			log_endpoint("inside", &p->call->peer[SIDE_INSIDE]));
	}
}

// A response has passed: what became of its transaction and call.
static void responded(struct pass *p)
{
	struct txn *x = p->txn;
	uint16_t status = p->m->status;

	if (status < 200) {
		x->ringing = true;
		if (x->method == SIP_INVITE)
			x->expires_ns = p->now_ns + RINGING_LIFE_S * 1000000000ull;
		if (p->call != NULL && p->planned)
			p->call->early_media = true;
		return;
	}
	txn_done(p->ime->txns, x, p->now_ns);
	if (p->call == NULL)
		return;
	if (x->method == SIP_BYE && p->call->state == CALL_ENDING && status != 401 &&
		status != 407) {
		count(&p->ime->counters, CNT_CALLS_ENDED);
		end_call(p);
	} else if (x->initial && status >= 300 && p->call->state != CALL_UP) {
		count(&p->ime->counters, CNT_CALLS_FAILED);
		call_ends(p->call, x->cancelled ? CALL_END_CANCEL : CALL_END_REFUSED,
			x->cancelled ? x->from : p->from);
		p->call->end_status = status;
		end_call(p);
	} else if (status >= 300 ||
		(x->method != SIP_INVITE && !session_answered(p->call->session))) {
		inspect_rollback(p->call, x); // after a 2xx to an INVITE its ACK may still answer
	}
}

static void refuse_description(struct pass *p, enum counter_id why)
{
	uint16_t status = inspect_is_our_fault(why) ? 503 : 488;

	pass_drop(p, why);
	if (p->m->status < 200)
		return; // the final answer may still be a good one
	if (p->txn->initial && call_fork_other_is_up(p->call, p->m->to_tag)) {
		teardown_fork(p);
		return;
	}
	call_ends(p->call, CALL_END_DESCRIPTION, p->from);
	if (p->m->method == SIP_INVITE)
		teardown_answer(p, status);
	else
		teardown_call(p->ime, p->call, status);
}

// The answer to an INVITE goes no further: its sender is told so, and whoever waits for it.
static void give_up_answer(struct pass *p)
{
	if (p->m->status < 300) {
		teardown_answer(p, 403);
		return;
	}
	teardown_late(p); // the ACK of it
	pass_reply(p->ime, p->t, p->txn, 403);
	if (p->txn->initial && p->call->state != CALL_UP)
		end_call(p);
	else if (p->txn->offered)
		inspect_rollback(p->call, p->txn);
}

static bool policy_refuses_response(struct pass *p)
{
	const struct policy_rule *rule = pass_policy(p);

	if (rule == NULL)
		return false;
	pass_drop(p, rule->counter);
	if (p->call != NULL && p->m->method == SIP_INVITE && p->m->status >= 200)
		give_up_answer(p);
	pass_policy_end(p->t, rule);
	return true;
}

static void response_pending(struct pass *p)
{
	bool was_up;
	enum counter_id why;

	p->call = call_by_id(p->ime->calls, p->txn->call);
	if (policy_refuses_response(p) || rtp_offer_send(p))
		return;
	was_up = p->call != NULL && p->call->state == CALL_UP;
	if (p->call != NULL && !call_response(p->call, p->from, p->m, p->txn->initial, p->now_ns)) {
		pass_drop(p, CNT_DIALOGS_FULL);
		return;
	}
	if (p->call != NULL && p->call->state == CALL_UP)
		session_talk(p->call->session);
	why = negotiate_response(p);
	if (why != CNT_NONE) {
		refuse_description(p, why);
		return;
	}
	if (p->call != NULL)
		count_answer(p, was_up);
	why = pass_forward(p);
	if (why != CNT_NONE)
		pass_drop(p, why);
	responded(p);
}

static void own_answered(struct pass *p)
{
	uint64_t call = p->txn->call;

	if (p->txn->method != SIP_REFER || p->m->status < 200 || call == 0)
		return;
	txn_join(p->ime->txns, p->txn, 0); // once
	fallback_answered_by(p->ime, call, p->m->status);
}

// A trunk ends with its accepted connection. The phone that was ringing may have answered before our
// CANCEL came: its 2xx is repeated until it has an ACK (RFC 3261 13.3.1.4), over a new connection of
// its call manager, which is asked for nothing that it did not bring. No stranger's word counts here.
static struct txn *find_request(const struct pass *p)
{
	enum side asker = side_other(p->from);
	struct txn *x = txn_find(p->ime->txns, p->t->id, asker, p->m->via.branch, p->m->method);

	if (x == NULL && p->from == SIDE_INSIDE && p->m->method == SIP_INVITE)
		x = txn_find_given_up(p->ime->txns, asker, p->m->via.branch);
	return x;
}

void inspect_response(struct pass *p)
{
	bool late_fork;

	p->txn = find_request(p);
	if (p->txn != NULL)
		p->m->cseq -= p->txn->cseq_added; // as it was asked
	if (p->txn == NULL ||
		(p->txn->state != TXN_OWN &&
			(!txn_is_of(p->txn, p->m) || p->txn->again != p->again))) {
		pass_drop(p, CNT_RESPONSE_UNKNOWN);
		return;
	}
	if (!rtp_offer_keep(p))
		txn_heard(p->txn);
	switch (p->txn->state) {
	case TXN_PENDING:
		response_pending(p);
		break;
	case TXN_DONE: // another fork's 2xx
		late_fork =
			p->m->method == SIP_INVITE && p->m->status / 100 == 2 && p->txn->initial;
		if (late_fork && call_by_id(p->ime->calls, p->txn->call) != NULL)
			response_pending(p);
		else
			pass_drop(p, CNT_RESPONSE_UNKNOWN);
		break;
	case TXN_REFUSED:
	case TXN_SWALLOWED:
		if (p->txn->give_up)
			teardown_late(p);
		break;
	case TXN_OWN:
		own_answered(p);
		break;
	}
}
