// SPDX-License-Identifier: BSD-3-Clause
#include "cp/teardown.h"

#include "cp/call_end.h"
#include "cp/call_fork.h"
#include "cp/call_media.h"
#include "cp/call_party.h"
#include "cp/debug.h"
#include "cp/fallback.h"
#include "cp/log.h"
#include "cp/media_why.h"
#include "cp/own_request.h"

static void bye(struct ime *ime, struct call *call, struct call_dialog *dialog, enum side to)
{
	struct trunk *t = own_trunk(ime, call);
	struct request_dialog d;

	if (t != NULL && call_dialog_toward(call, dialog, to, &d))
		own_bye(ime, t, to, &d);
	else
		count(&ime->counters, CNT_PEER_GONE);
}

// Both parties of each dialog that is up, but for the one party that has been told: its side.
static void bye_all(
	struct ime *ime, struct call *call, const struct call_dialog *told, enum side side)
{
	for (size_t i = 0; i < call->n_dialogs; i++) {
		struct call_dialog *d = &call->dialogs[i];

		for (int to = 0; to < SIDES && d->up; to++)
			if (d != told || to != (int)side)
				bye(ime, call, d, (enum side)to);
	}
}

// The INVITE of a transaction as it was forwarded. It has lost its body, which Content-Length
// still speaks of.
static struct sip_msg *sent_invite(struct ime *ime, const struct txn *x)
{
	struct sip_msg *m = &ime->scratch->sent;
	enum sip_reason r;

	if (x->sent == NULL || sip_parse(m, (struct str){x->sent, x->sent_n}) != SIP_OK)
		return NULL;
	r = sip_check(m);
	return r == SIP_OK || r == SIP_BAD_CONTENT_LENGTH ? m : NULL;
}

static void send_cancel(struct ime *ime, struct trunk *t, struct txn *x)
{
	const struct sip_msg *invite = sent_invite(ime, x);
	enum side to = side_other(x->from);

	if (invite == NULL)
		return;
	txn_add_own(ime->txns, t->id, to, (struct str){x->branch, x->branch_n}, SIP_CANCEL,
		ime_now(ime));
	own_send(ime, t, to, request_cancel(invite, ime->out, ime->out_size));
}

static void give_up_invite(struct ime *ime, struct trunk *t, struct txn *x, uint16_t status)
{
	x->give_up = true;
	// Before a provisional response a CANCEL may overtake its INVITE (RFC 3261 9.1):
	// teardown_late() sends it when one comes.
	if (x->ringing)
		send_cancel(ime, t, x);
	pass_reply(ime, t, x, status);
}

void teardown_call(struct ime *ime, struct call *call, uint16_t status)
{
	struct txn *x = txn_of_call(ime->txns, call->id);
	struct trunk *t = x != NULL ? trunks_by_id(ime->trunks, x->trunk) : NULL;

	if (x != NULL && t != NULL)
		give_up_invite(ime, t, x, status);
	if (call->state == CALL_UP || call->answered_ns != 0)
		bye_all(ime, call, NULL, SIDE_OUTSIDE);
	call_end(ime, call);
}

// The dialog that a 2xx has made, as its sender knows it.
static bool dialog_of_answer(struct pass *p, const struct sip_msg *invite, struct call_party *party,
	struct request_dialog *d)
{
	struct sip_elem_iter it = {0};
	struct str elem;
	size_t beyond = 0;

	// Record-Routes that the INVITE had when it left are beyond us.
	while (sip_elem_next(invite, SIP_H_RECORD_ROUTE, &it, &elem))
		beyond++;
	call_party_from_answer(party, p->m, beyond);
	if (party->target == NULL || party->address == NULL || party->routes == NULL)
		return false;
	*d = (struct request_dialog){
		.target = str_from(party->target),
		.routes = str_from(party->routes),
		.from = sip_header(invite, SIP_H_FROM)->value,
		.to = str_from(party->address),
		.call_id = sip_header(invite, SIP_H_CALL_ID)->value,
		.cseq = p->m->cseq,
	};
	return true;
}

// Of an established call the dialog is known; the answer to a re-INVITE does not name its routes.
static bool dialog_toward_answerer(struct pass *p, const struct sip_msg *invite,
	struct call_party *party, struct request_dialog *d)
{
	if (invite == NULL)
		return false;
	if (p->txn->initial || p->call == NULL)
		return dialog_of_answer(p, invite, party, d);
	if (!call_dialog_toward(p->call, call_dialog_of(p->call, p->from, p->m), p->from, d))
		return false;
	d->cseq = p->m->cseq + p->txn->cseq_added;
	return true;
}

static void ack_and_bye(struct pass *p)
{
	struct call_party party = {0};
	struct request_dialog d;
	char tag[REPLY_TAG_MAX];
	struct request_via via;

	reply_tag(tag);
	via = own_via(p->t, p->from, tag);
	if (dialog_toward_answerer(p, sent_invite(p->ime, p->txn), &party, &d)) {
		own_send(p->ime, p->t, p->from,
			request_ack_answer(&d, &via, p->ime->out, p->ime->out_size));
		d.cseq++;
		own_bye(p->ime, p->t, p->from, &d);
	}
	call_party_fini(&party);
}

void teardown_answer(struct pass *p, uint16_t status)
{
	p->txn->give_up = true;
	ack_and_bye(p);
	pass_reply(p->ime, p->t, p->txn, status);
	// Whoever knew the call before; the answerer has its BYE already.
	if (!p->txn->initial)
		bye_all(p->ime, p->call, call_dialog_of(p->call, p->from, p->m), p->from);
	call_end(p->ime, p->call);
	p->call = NULL;
}

// Each costs a transaction; a phone forks to some others, not to hundreds.
static void end_answerer(struct pass *p)
{
	if (p->txn->late == CALL_DIALOGS_MAX) {
		pass_drop(p, CNT_DIALOGS_FULL);
		return;
	}
	p->txn->late++;
	ack_and_bye(p);
}

void teardown_fork(struct pass *p)
{
	end_answerer(p);
	call_fork_drop(p->call, p->m->to_tag);
}

void teardown_late(struct pass *p)
{
	struct txn *x = p->txn;
	const struct sip_msg *invite;

	if (x->method != SIP_INVITE)
		return;
	if (p->m->status < 200) {
		if (!x->ringing)
			send_cancel(p->ime, p->t, x);
		x->ringing = true;
		return;
	}
	if (p->m->status < 300) {
		end_answerer(p);
		return;
	}
	invite = sent_invite(p->ime, x);
	if (invite != NULL)
		own_send(p->ime, p->t, p->from,
			request_ack_refusal(invite, p->m, p->ime->out, p->ime->out_size));
}

void teardown_key(struct ime *ime, const struct dp_msg_key *key)
{
	struct call *call = call_by_id(ime->calls, mta_owner(ime->mta, key->stream));
	const char *side = side_name((enum side)key->leg);

	if (call == NULL)
		return; // it ended meanwhile
	if (!key->used_up) {
		session_key_low(call->session, key);
		count(&ime->counters, CNT_SRTP_KEY_LOW);
		log_event(KEY_LOW, log_text("call_id", call->call_id), log_text("side", side),
			log_text("key", key->tx ? "sent" : "received"));
		return;
	}
	count(&ime->counters, CNT_CALLS_KEY_USED_UP);
	log_event(KEY_USED_UP, log_text("call_id", call->call_id), log_text("side", side),
		log_text("key", key->tx ? "sent" : "received"));
	call_ends(call, CALL_END_KEY_USED_UP, (enum side)key->leg);
	teardown_call(ime, call, 500);
}

void teardown_expired(struct ime *ime, uint64_t now_ns)
{
	static const struct {
		enum counter_id counter;
		enum call_end end;
	} why[] = {
		[CALL_HALF_OPEN] = {CNT_CALLS_HALF_OPEN, CALL_END_NO_RESPONSE},
		[CALL_UNANSWERED] = {CNT_CALLS_UNANSWERED, CALL_END_UNANSWERED},
		[CALL_IDLE] = {CNT_CALLS_IDLE, CALL_END_IDLE},
		[CALL_MEDIA_IDLE] = {CNT_CALLS_MEDIA_IDLE, CALL_END_MEDIA_IDLE},
		[CALL_DISCONNECT] = {CNT_CALLS_DISCONNECT, CALL_END_BYE_UNANSWERED},
	};
	struct call *call, *next;

	for (call = calls_first(ime->calls); call != NULL; call = next) {
		enum call_expiry e;

		next = calls_next(call);
		call_media_look(call, ime->mta, &ime->config->timeouts,
			ime->cfg->fallback.table.playout_depth_ms, &ime->counters, now_ns);
		fallback_look(ime, call, now_ns);
		e = call_expired(call, &ime->config->timeouts, now_ns);
		if (e == CALL_LIVES)
			continue;
		count(&ime->counters, why[e].counter);
		debug_error(TIMERS, "time of a call is up", log_text("call_id", call->call_id),
			log_text("state", call_state_name(call->state)),
			log_text("counter", counter_name(why[e].counter)));
		call->end = why[e].end;
		if (e == CALL_DISCONNECT)
			call_end(ime, call);
		else
			teardown_call(ime, call, 408);
	}
}
