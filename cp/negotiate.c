// SPDX-License-Identifier: BSD-3-Clause
#include "cp/negotiate.h"

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

static enum counter_id negotiate(struct pass *p, bool offer)
{
	struct scratch *s = p->ime->scratch;
	enum counter_id why = read_sdp(p);

	if (why != CNT_NONE)
		return why;
	why = offer ? session_offer(p->call->session, p->from, &s->sdp, &s->plan)
		    : session_answer(p->call->session, p->from, &s->sdp, &s->plan);
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

static enum counter_id request(struct pass *p)
{
	enum counter_id why;

	if (!p->m->is_sdp)
		return CNT_NONE;
	if (p->call == NULL) {
		p->strip = true;
		return CNT_NONE;
	}
	switch (p->m->method) {
	case SIP_ACK: // each copy of the 2xx is acknowledged, with the same answer
		return negotiate(p, false);
	case SIP_PRACK:
		if (session_pending(p->call->session, side_other(p->from)))
			return negotiate(p, false);
		break;
	case SIP_INVITE:
	case SIP_UPDATE:
		break;
	default:
		return CNT_SDP_UNEXPECTED;
	}
	why = negotiate(p, true);
	if (why == CNT_NONE)
		p->txn->offered = true;
	return why;
}

enum counter_id negotiate_request(struct pass *p)
{
	enum counter_id why;

	confirm(p);
	why = request(p);
	if (why == CNT_NONE && p->call != NULL && p->m->method == SIP_ACK)
		session_settle(p->call->session);
	return why;
}

enum counter_id negotiate_response(struct pass *p)
{
	enum sip_method method = p->m->method;
	bool carries = method == SIP_INVITE || method == SIP_UPDATE || method == SIP_PRACK;
	enum counter_id why = negotiate_body(p);

	confirm(p);
	if (!p->m->is_sdp && why == CNT_NONE)
		return CNT_NONE;
	// What a refusal or OPTIONS tells of capabilities would show addresses of the other side.
	if (p->call == NULL || !carries || p->m->status >= 300) {
		p->strip = true;
		return CNT_NONE;
	}
	if (why != CNT_NONE)
		return why;
	if (p->txn->offered)
		return negotiate(p, false);
	return method == SIP_INVITE ? negotiate(p, true) : CNT_SDP_UNEXPECTED;
}
