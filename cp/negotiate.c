// SPDX-License-Identifier: BSD-3-Clause
#include "cp/negotiate.h"

#include "cp/call_fork.h"

enum counter_id negotiate_body(struct pass *p)
{
	static const struct str editable[] = {
		{"multipart/mixed", 15}, {"multipart/related", 17}, {"multipart/alternative", 21}};
	enum sip_reason why;

	if (p->m->body.n == 0 || !sip_content_is(p->m, STR_LIT("multipart/*")))
		return CNT_NONE;
	if (p->ime->cfg->parity_strict)
		return CNT_MULTIPART;
	why = sip_multipart(p->m);
	if (why != SIP_OK)
		return counter_sip(why);
	for (size_t i = 0; i < sizeof(editable) / sizeof(editable[0]); i++)
		if (sip_content_is(p->m, editable[i]))
			return CNT_NONE;
	return p->m->is_sdp ? CNT_MULTIPART : CNT_NONE; // signed, for example
}

static enum counter_id read_sdp(struct pass *p)
{
	struct sdp *sdp = &p->ime->scratch->sdp;
	enum sdp_verdict v = sdp_parse(sdp, p->m->sdp);

	if (v == SDP_OK)
		v = sdp_check_secure(sdp,
			p->from == SIDE_OUTSIDE ? REWRITE_INWARD : REWRITE_OUTWARD,
			session_inside_secure(p->call->session), !p->ime->cfg->parity_strict);
	return v == SDP_OK ? CNT_NONE : counter_sdp(v);
}

// The request that the description at hand belongs to.
static struct session_request request_of(const struct pass *p)
{
	if (p->m->request)
		return (struct session_request){p->from, p->m->cseq};
	return (struct session_request){p->txn->from, p->txn->cseq};
}

static enum counter_id take_offer(struct pass *p)
{
	struct scratch *s = p->ime->scratch;
	enum counter_id why = read_sdp(p);

	if (why == CNT_NONE)
		why = session_offer(p->call->session, p->from, request_of(p), &s->sdp, &s->plan);
	p->planned = why == CNT_NONE;
	return why;
}

// `apart`: where an answer goes that is not to take effect yet, or NULL.
static enum counter_id take_answer(struct pass *p, struct session_fork **apart)
{
	struct session *session = p->call->session;
	struct scratch *s = p->ime->scratch;
	enum counter_id why = read_sdp(p);

	if (why == CNT_NONE && apart != NULL)
		why = session_answer_apart(session, p->from, &s->sdp, &s->plan, apart);
	else if (why == CNT_NONE)
		why = session_answer(session, p->from, &s->sdp, &s->plan);
	p->planned = why == CNT_NONE;
	return why;
}

// See session_confirm(): what the remote says inside a dialog, it says after our side's answer;
// what it answers, it answers for itself.
static void confirm(struct pass *p)
{
	bool proof = p->m->request ? p->m->to_tag.n > 0 : p->m->status > 100 && p->m->status < 300;

	if (p->call != NULL && p->from == SIDE_OUTSIDE && proof)
		session_confirm(p->call->session);
}

// Offers that cross cannot both be answered (RFC 3261 14.2, RFC 3311 5.2).
static enum counter_id offer_in_request(struct pass *p)
{
	const struct session *session = p->call->session;
	enum counter_id why;

	if (session_pending(session, SIDE_OUTSIDE) || session_pending(session, SIDE_INSIDE))
		return CNT_OFFER_CROSSED;
	why = take_offer(p);
	if (why == CNT_NONE)
		p->txn->offered = true;
	return why;
}

static enum counter_id request(struct pass *p)
{
	if (!p->m->is_sdp)
		return CNT_NONE;
	if (p->call == NULL) {
		p->strip = true;
		return CNT_NONE;
	}
	switch (p->m->method) {
	case SIP_ACK: // each copy of the 2xx is acknowledged, with the same answer
		return take_answer(p, NULL);
	case SIP_PRACK:
		if (session_pending(p->call->session, side_other(p->from)))
			return take_answer(p, NULL);
		return offer_in_request(p);
	case SIP_INVITE:
	case SIP_UPDATE:
		return offer_in_request(p);
	default:
		return CNT_SDP_UNEXPECTED;
	}
}

enum counter_id negotiate_request(struct pass *p)
{
	enum counter_id why;

	confirm(p);
	why = request(p);
	if (why != CNT_NONE || p->call == NULL || p->m->method != SIP_ACK)
		return why;
	// An offer that its own ACK leaves without an answer will have none.
	if (!p->m->is_sdp && !session_answered(p->call->session))
		session_rollback(p->call->session, request_of(p));
	session_settle(p->call->session);
	return CNT_NONE;
}

// To the INVITE that made the call several phones may answer, each for itself.
static enum counter_id answer_in_response(struct pass *p)
{
	// Answered before, in a reliable response, and another offer was made since (RFC 6337 2.2):
	// whoever gets the answer once more has nothing to do with it.
	if (!session_offer_is_of(p->call->session, request_of(p))) {
		p->strip = true;
		return CNT_NONE;
	}
	return take_answer(p, p->txn->initial ? call_fork_apart(p->call, p->m->to_tag) : NULL);
}

static enum counter_id offer_in_response(struct pass *p)
{
	if (p->m->method != SIP_INVITE)
		return CNT_SDP_UNEXPECTED;
	// A second phone's offer cannot wait for its answer beside the first one's.
	if (p->txn->initial && call_fork_other_is_up(p->call, p->m->to_tag))
		return CNT_OFFER_CROSSED;
	return take_offer(p);
}

enum counter_id negotiate_response(struct pass *p)
{
	enum sip_method method = p->m->method;
	bool carries = method == SIP_INVITE || method == SIP_UPDATE || method == SIP_PRACK;
	enum counter_id why = negotiate_body(p);

	confirm(p);
	if (!p->m->is_sdp && why == CNT_NONE) {
		if (p->call != NULL && p->txn->initial)
			call_fork_follow(p->call);
		return CNT_NONE;
	}
	// What a refusal or OPTIONS tells of capabilities would show addresses of the other side.
	if (p->call == NULL || !carries || p->m->status >= 300) {
		p->strip = true;
		return CNT_NONE;
	}
	if (why != CNT_NONE)
		return why;
	return p->txn->offered ? answer_in_response(p) : offer_in_response(p);
}
