// SPDX-License-Identifier: BSD-3-Clause
#include "cp/rtp_offer.h"

#include "cp/debug.h"
#include "cp/inspect_state.h"
#include "cp/teardown.h"

bool rtp_offer_response(const struct ime *ime, struct sip_msg *m)
{
	struct str suffix = txns_suffix(ime->txns), *branch = &m->via.branch;

	if (branch->n <= suffix.n ||
		!str_eq((struct str){branch->p + branch->n - suffix.n, suffix.n}, suffix))
		return false;
	branch->n -= suffix.n;
	return true;
}

void rtp_offer_branch(const struct pass *p, struct sip_edit *e)
{
	struct str suffix = txns_suffix(p->ime->txns);
	const char *end = p->m->via.branch.p + p->m->via.branch.n;

	if (p->again && p->m->request)
		sip_edit_insert(e, end, suffix);
	else if (p->again)
		sip_edit_delete(e, (struct str){end, suffix.n});
}

// The request as it was forwarded; NULL: its body is not there any more.
static struct sip_msg *sent_whole(const struct pass *p)
{
	struct sip_msg *m = &p->ime->scratch->sent;
	const struct txn *x = p->txn;

	if (x->sent == NULL || sip_parse(m, (struct str){x->sent, x->sent_n}) != SIP_OK ||
		sip_check(m) != SIP_OK || sip_multipart(m) != SIP_OK)
		return NULL;
	return m;
}

// Writes it anew; false: too big, or out of memory.
static bool keep_edited(struct pass *p, struct sip_edit *e, size_t *len)
{
	struct ime *ime = p->ime;

	return sip_edit_render(e, ime->out, ime->out_size, len) == 0 &&
		txn_keep_sent(p->txn, ime->out, *len);
}

static bool may_offer(const struct pass *p)
{
	const struct txn *x = p->txn;

	return (x->method == SIP_INVITE || x->method == SIP_UPDATE) && x->offered &&
		x->from == SIDE_OUTSIDE && p->t->inside_secure && x->state == TXN_PENDING &&
		!x->ringing && !x->again;
}

bool rtp_offer_keep(struct pass *p)
{
	struct scratch *s = p->ime->scratch;
	const struct call *call;
	const struct sip_msg *m;
	size_t len;

	if (!may_offer(p))
		return p->txn->rtp;
	call = call_by_id(p->ime->calls, p->txn->call);
	m = sent_whole(p);
	if (call == NULL || !session_offers_srtp(call->session) || m == NULL || !m->is_sdp ||
		sdp_parse(&s->sdp, m->sdp) != SDP_OK ||
		!session_plan_rtp(call->session, &s->sdp, &s->plan))
		return false;
	sip_edit_init(&s->edit, m);
	p->txn->rtp = rewrite_sdp(&s->sdp, &s->plan.plan, &s->edit) == SDP_OK &&
		keep_edited(p, &s->edit, &len);
	sip_edit_fini(&s->edit);
	return p->txn->rtp;
}

static bool is_refusal(const struct pass *p)
{
	const struct call *call = p->call;

	if (p->m->status != 488 || !p->txn->rtp || p->txn->cancelled || call == NULL)
		return false;
	// A phone that has rung is known to the remote, which a refusal would not take back.
	if (p->txn->initial)
		return call->n_dialogs == 0;
	return call->state == CALL_UP ||
		(p->txn->method == SIP_UPDATE && call->state == CALL_RINGING);
}

// Within a dialog a CSeq is for one request.
static bool take_number(struct pass *p)
{
	if (p->txn->initial)
		return true;
	if (!call_cseq_repeat(p->call, p->m))
		return false;
	p->txn->cseq_added++;
	return true;
}

static void renumber(const struct pass *p, const struct sip_msg *m, struct sip_edit *e)
{
	char digits[STR_DECIMAL_MAX];
	struct str number;

	if (p->txn->initial)
		return;
	str_split(sip_header(m, SIP_H_CSEQ)->value, ' ', &number);
	sip_edit_replace(e, number, str_decimal(m->cseq + 1, digits));
}

static bool send_again(struct pass *p)
{
	struct sip_edit *e = &p->ime->scratch->edit;
	const struct sip_msg *m = sent_whole(p);
	bool kept;
	size_t len;

	if (m == NULL)
		return false;
	sip_edit_init(e, m);
	sip_edit_insert(e, m->via.branch.p + m->via.branch.n, txns_suffix(p->ime->txns));
	renumber(p, m, e);
	kept = keep_edited(p, e, &len);
	sip_edit_fini(e);
	return kept && trunk_send(p->t, SIDE_INSIDE, p->ime->out, len) == 0;
}

bool rtp_offer_send(struct pass *p)
{
	struct txn *x = p->txn;
	uint64_t life_s = x->method == SIP_INVITE ? RINGING_LIFE_S : TXN_LIFE_S;

	if (!is_refusal(p) || !take_number(p))
		return false;
	teardown_late(p); // the ACK of it
	if (!send_again(p))
		return false;
	x->again = true;
	x->rtp = x->ringing = false;
	x->expires_ns = p->now_ns + life_s * 1000000000ull;
	p->call->signal_ns = p->now_ns;
	session_offer_rtp(p->call->session);
	count(&p->ime->counters, CNT_CALLS_OFFERED_RTP);
	debug_event(SIGNALING_TRUNK, "call manager refused SRTP, is offered RTP",
		log_str("call_id", p->m->call_id), log_endpoint("ucm", &p->t->peer[SIDE_INSIDE]),
		log_u64("trunk", p->t->id));
	return true;
}
