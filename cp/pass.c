// SPDX-License-Identifier: BSD-3-Clause
#include "cp/pass.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/debug.h"
#include "cp/fallback.h"
#include "cp/log.h"
#include "cp/media_why.h"
#include "cp/offpath.h"
#include "cp/stir.h"
#include "cp/pass_policy.h"
#include "cp/policymap_check.h"
#include "cp/privacy.h"
#include "cp/rtp_offer.h"

// FB-8: in the numbers of its receiver.
static void renumber(const struct pass *p, struct sip_edit *e)
{
	const struct sip_header *rack = sip_header(p->m, SIP_H_RACK);
	struct str number, rest;
	char text[16];
	uint64_t cseq;

	if (p->cseq_added == 0 && (p->txn == NULL || p->txn->cseq_added == 0))
		return;
	str_split(sip_header(p->m, SIP_H_CSEQ)->value, ' ', &number);
	snprintf(text, sizeof(text), "%u", p->m->cseq + p->cseq_added);
	sip_edit_replace(e, number, str_from(text));
	if (!p->m->request || rack == NULL)
		return;
	rest = str_split(rack->value, ' ', &number); // RSeq, then the CSeq that it is about
	str_split(str_trim(rest), ' ', &number);
	if (!str_to_u64(number, UINT32_MAX, &cseq))
		return;
	snprintf(text, sizeof(text), "%u",
		(uint32_t)cseq + call_cseq_added(p->call, p->from, (uint32_t)cseq));
	sip_edit_replace(e, number, str_from(text));
}

// ip-address-privacy, for what leaves and for the answer to it.
static void hide_addresses(struct pass *p, const struct rewrite_ctx *ctx, struct sip_edit *e)
{
	const struct privacy_ctx privacy = {
		.config = p->ime->config,
		.outside_if = p->t->iface[SIDE_OUTSIDE],
		.nat = ctx,
		.domain = str_from(p->ime->own_domain),
	};
	struct txn *x = p->txn;

	if (!p->m->request && x != NULL && x->vias_hidden)
		privacy_vias_restore(p->m, (struct str){x->reply.p, x->reply.n}, e);
	if (p->from == SIDE_OUTSIDE || !pass_policy_config(p->t)->ip_address_privacy)
		return;
	privacy_headers(p->m, &privacy, e);
	if (p->m->request && privacy_vias_hide(p->m, e) && x != NULL)
		x->vias_hidden = true;
}

static void change_call_ids(const struct pass *p, struct sip_edit *e)
{
	const struct ime *ime = p->ime;
	bool own = p->m->request ? p->call_id_hidden : p->txn != NULL && p->txn->call_id_hidden;

	if (ime->callid != NULL && p->from == SIDE_OUTSIDE)
		callid_show_all(ime->callid, p->m, e);
	else if (ime->callid != NULL)
		callid_hide_all(ime->callid, ime->config, p->t->iface[SIDE_OUTSIDE], p->m, own, e);
}

static enum counter_id edit(struct pass *p, struct sip_edit *e)
{
	struct ime *ime = p->ime;
	struct rewrite_ctx ctx = {
		.dir = p->from == SIDE_OUTSIDE ? REWRITE_INWARD : REWRITE_OUTWARD,
		.nat = ime->config->nat,
		.n_nat = ime->config->n_nat,
		.inside_if = p->t->iface[SIDE_INSIDE],
		.outside_if = p->t->iface[SIDE_OUTSIDE],
		.inside_secure = p->t->inside_secure,
		.via = !p->m->request && p->txn != NULL ? &p->txn->via : NULL,
		.fb_map = ime->cfg->fallback.map,
	};
	struct rewrite_fallback fb = {0};
	struct offpath_pass off;
	enum sip_reason r;
	enum sdp_verdict v = SDP_OK;

	if (p->from == SIDE_OUTSIDE && p->m->request && p->t->of != NULL) {
		ctx.addressed = &p->t->of->peer[SIDE_INSIDE];
		ctx.taker = &p->t->peer[SIDE_INSIDE];
	}
	if (p->t->off_path)
		ctx.off_path = offpath_pass(&off, ime, p->t, p->call);
	r = rewrite_headers(p->m, &ctx, e, &fb);
	if (r == SIP_OK)
		r = stir_rewrite(p, e);
	if (r != SIP_OK)
		return counter_sip(r);
	// A response goes on: without a way back its sender will end the call.
	if (p->t->off_path && off.full && p->m->request)
		return CNT_MAPPING_NO_PORT;
	if (p->call != NULL)
		fallback_learn(p, &fb);
	renumber(p, e);
	rtp_offer_branch(p, e);
	if (p->planned)
		v = rewrite_sdp(&ime->scratch->sdp, &ime->scratch->plan.plan, e);
	policymap_mask(p->m, p->mask, e);
	change_call_ids(p, e);
	hide_addresses(p, &ctx, e);
	if (p->strip) {
		sip_edit_delete(e, p->m->body);
		sip_edit_delete(e, sip_header(p->m, SIP_H_CONTENT_TYPE)->line);
	}
	return v == SDP_OK ? CNT_NONE : counter_sdp(v);
}

static enum counter_id send_rendered(struct pass *p, size_t len)
{
	struct str out = {p->ime->out, len};

	if (p->m->request && p->txn != NULL && !txn_keep_sent(p->txn, out.p, out.n))
		return CNT_TRANSACTION_TABLE_FULL;
	return trunk_send(p->t, side_other(p->from), out.p, out.n) == 0 ? CNT_NONE : CNT_PEER_GONE;
}

void pass_debug(const struct pass *p, const char *text, enum side side, size_t octets)
{
	const struct sip_msg *m = p->m;

	// Of the URI neither password nor parameters: who is called is enough.
	debug_event(SIGNALING_TRUNK, text, log_text("side", side_name(side)),
		log_endpoint("peer", &p->t->peer[side]), log_u64("trunk", p->t->id),
		m->request ? log_str("request", m->method_name) : log_u64("response", m->status),
		m->request ? log_str("user", m->uri.user) : log_text("user", NULL),
		log_u64("cseq", m->cseq), log_str("call_id", m->call_id),
		log_str("branch", m->via.branch), log_u64("octets", octets));
}

enum counter_id pass_forward(struct pass *p)
{
	struct ime *ime = p->ime;
	struct sip_edit *e = &ime->scratch->edit;
	enum counter_id why;
	size_t len = 0;

	sip_edit_init(e, p->m);
	why = edit(p, e);
	if (why == CNT_NONE && sip_edit_render(e, ime->out, ime->out_size, &len) != 0)
		why = CNT_MESSAGE_TOO_BIG;
	sip_edit_fini(e);
	if (why == CNT_NONE)
		why = send_rendered(p, len);
	if (why == CNT_NONE)
		pass_debug(p, "SIP message sent on", side_other(p->from), len);
	OPENSSL_cleanse(ime->out, len); // may hold keys
	if (why == CNT_NONE) {
		count(&ime->counters,
			p->m->request ? CNT_REQUESTS_FORWARDED : CNT_RESPONSES_FORWARDED);
		if (p->call != NULL)
			trunks_carry(ime->trunks, p->call, p->t->id);
	}
	return why;
}

static enum event_id event_of(enum counter_id why)
{
	switch (why) {
	case CNT_TICKET_NONE:
		return EVT_TICKET_NONE;
	case CNT_TICKET_INTEGRITY:
	case CNT_TICKET_DECODE:
	case CNT_TICKET_EPOCH:
	case CNT_TICKET_DID:
	case CNT_TICKET_TIME:
	case CNT_TICKET_DOMAIN:
		return EVT_TICKET_INVALID;
	case CNT_TICKET_RATE:
		return EVT_TICKET_UNCHECKED;
	case CNT_TICKET_REVOKED:
	case CNT_DOMAIN_REVOKED:
	case CNT_DOMAIN_DENIED:
	case CNT_DOMAIN_NOT_ALLOWED:
		return EVT_CALLER_REFUSED;
	case CNT_NO_DIALOG:
		return EVT_NO_DIALOG;
	case CNT_ROUTE_DOMAIN:
		return EVT_ROUTE_INVALID;
	case CNT_RTP_OVER_IME:
		return EVT_NO_SRTP;
	case CNT_STIR_ABSENT:
	case CNT_STIR_INFO:
	case CNT_STIR_CREDENTIAL:
	case CNT_STIR_INVALID:
	case CNT_STIR_STALE:
	case CNT_STIR_RATE:
		return EVT_CALLER_UNVERIFIED;
	default:
		return EVT_SIP_REFUSED;
	}
}

// `status` is what it is answered with; 0: nothing.
static void log_refusal(const struct pass *p, enum counter_id why, uint16_t status)
{
	const struct endpoint *peer = &p->t->peer[p->from];
	char uuid[TICKET_UUID_TEXT_MAX];

	log_write(event_of(why), &peer->ip,
		LOG_FIELDS(log_text("reason", p->reason), log_text("counter", counter_name(why)),
			log_endpoint("peer", peer), log_text("side", side_name(p->from)),
			p->m->request ? log_str("request", p->m->method_name)
				      : log_u64("response", p->m->status),
			log_nonzero("answer", status), log_str("call_id", p->m->call_id),
			log_text("uuid",
				p->ticket != NULL ? ticket_uuid_text(p->ticket, uuid) : NULL)));
}

static uint32_t retry_after_s(const struct ime *ime)
{
	return ime->cfg->limits.retry_after_s;
}

// Without room to remember the request it is still answered.
static void reply_unremembered(struct pass *p, uint16_t status)
{
	char tag[REPLY_TAG_MAX];
	struct reply_head head;
	size_t n;

	if (!reply_head_save(p->m, &head))
		return;
	head.phrase = p->phrase;
	reply_tag(tag);
	n = reply_write(&head, status, retry_after_s(p->ime), tag, p->ime->out, p->ime->out_size);
	reply_head_free(&head);
	if (n > 0 && trunk_send(p->t, p->from, p->ime->out, n) == 0)
		count(&p->ime->counters, CNT_REPLIES_SENT);
}

struct txn *pass_remember(struct pass *p)
{
	const struct txn_origin origin = {
		.trunk = p->t->id, .from = p->from, .remote = &p->t->peer[SIDE_OUTSIDE].ip};

	return txn_add(p->ime->txns, &origin, p->m, p->now_ns);
}

static void answer_refused(struct pass *p, uint16_t status)
{
	if (p->txn == NULL && p->m->method == SIP_INVITE)
		p->txn = pass_remember(p);
	if (p->txn != NULL)
		p->txn->reply.phrase = p->phrase;
	if (p->txn == NULL && status != 0)
		reply_unremembered(p, status);
	else if (p->txn != NULL && status != 0)
		pass_reply(p->ime, p->t, p->txn, status);
	else if (p->txn != NULL)
		p->txn->state = TXN_SWALLOWED;
}

void pass_refuse(struct pass *p, enum counter_id why, uint16_t status)
{
	count(&p->ime->counters, why);
	log_refusal(p, why, status);
	if (p->m->method != SIP_ACK)
		answer_refused(p, status);
	pass_policy_state(p->t, why);
}

void pass_drop(struct pass *p, enum counter_id why)
{
	count(&p->ime->counters, why);
	log_refusal(p, why, 0);
	pass_policy_state(p->t, why);
}

uint16_t pass_status(const struct pass *p, uint16_t status)
{
	if (p->from == SIDE_OUTSIDE && p->ime->cfg->ticket_failure_action == FAILURE_DROP)
		return 0;
	return status;
}

void pass_reply(struct ime *ime, struct trunk *t, struct txn *x, uint16_t status)
{
	size_t n;

	x->state = TXN_REFUSED;
	x->expires_ns = ime_now(ime) + TXN_LIFE_S * 1000000000ull;
	reply_tag(x->to_tag);
	n = reply_write(&x->reply, status, retry_after_s(ime), x->to_tag, ime->out, ime->out_size);
	debug_event(SIGNALING_TRUNK, "answered here", log_text("side", side_name(x->from)),
		log_endpoint("peer", &t->peer[x->from]), log_u64("trunk", t->id),
		log_u64("answer", status), log_u64("cseq", x->cseq));
	if (n > 0 && trunk_send(t, x->from, ime->out, n) == 0)
		count(&ime->counters, CNT_REPLIES_SENT);
	else
		count(&ime->counters, CNT_PEER_GONE);
}
