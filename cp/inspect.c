// SPDX-License-Identifier: BSD-3-Clause
// Messages come in here, and go by their kind to cp/inspect_request.c and cp/inspect_response.c; and
// what a lost connection or a forgotten transaction means for those that wait.
#include "cp/inspect.h"

#include <openssl/crypto.h>

#include "cp/call_end.h"
#include "cp/debug.h"
#include "cp/failover.h"
#include "cp/fallback.h"
#include "cp/ime_state.h"
#include "cp/inspect_state.h"
#include "cp/leg.h"
#include "cp/log.h"
#include "cp/media_why.h"
#include "cp/pass.h"
#include "cp/pass_policy.h"
#include "cp/rtp_offer.h"
#include "cp/teardown.h"

static void refuse_malformed(struct trunk *t, enum side from, const struct sip_msg *m)
{
	struct ime *ime = t->ime;
	char tag[REPLY_TAG_MAX];
	struct reply_head head;
	size_t n;

	if (!m->request || m->method == SIP_ACK || !reply_head_save(m, &head))
		return;
	reply_tag(tag);
	n = reply_write(&head, 400, 0, tag, ime->out, ime->out_size);
	reply_head_free(&head);
	if (n > 0 && trunk_send(t, from, ime->out, n) == 0)
		count(&ime->counters, CNT_REPLIES_SENT);
}

static void log_malformed(const struct trunk *t, enum side from, enum sip_reason why)
{
	log_event_from(SIP_REFUSED, &t->peer[from].ip,
		log_text("counter", counter_name(counter_sip(why))),
		log_text("detail", sip_reason_text(why)), log_endpoint("peer", &t->peer[from]),
		log_text("side", side_name(from)));
}

enum sip_reason inspect_read(struct ime *ime, enum side from, struct str bytes, bool *tidied)
{
	struct sip_msg *m = &ime->scratch->msg;
	enum sip_reason why = sip_parse(m, bytes);
	size_t n;

	if (why == SIP_OK)
		why = sip_check(m);
	*tidied = from == SIDE_INSIDE && sip_tidy_helps(why) &&
		sip_tidy(bytes, ime->tidied, ime->out_size, &n);
	if (*tidied) {
		why = sip_parse(m, (struct str){ime->tidied, n});
		if (why == SIP_OK)
			why = sip_check(m);
	}
	if (why == SIP_OK && m->request && m->via.branch.n == 0)
		why = SIP_BAD_VIA; // RFC 2543: no transaction can be told from another
	return why;
}

// Calls and transactions are known by the Call-ID of our side.
static void read_call_id(struct pass *p)
{
	struct ime *ime = p->ime;
	struct str shown = STR_LIT("");

	if (p->from == SIDE_OUTSIDE && ime->callid != NULL)
		shown = callid_show(ime->callid, p->m->call_id, ime->scratch->call_id);
	if (shown.n > 0)
		p->m->call_id = shown;
	p->call_id_hidden = p->from == SIDE_INSIDE || shown.n > 0;
}

static void refuse_unread(struct trunk *t, enum side from, enum sip_reason why)
{
	count(&t->ime->counters, counter_sip(why));
	log_malformed(t, from, why);
	refuse_malformed(t, from, &t->ime->scratch->msg);
	pass_policy_malformed(t);
}

// What inspect_read() has found good. False as of inspect_message().
static bool inspect_good(struct trunk *t, enum side from, struct str bytes, bool tidied)
{
	struct ime *ime = t->ime;
	struct sip_msg *m = &ime->scratch->msg;
	struct pass p = {.ime = ime, .t = t, .from = from, .m = m, .now_ns = ime_now(ime)};

	read_call_id(&p);
	if (from == SIDE_OUTSIDE)
		p.t = failover_route(t, m);
	else if (!m->request)
		p.again = rtp_offer_response(ime, m);
	if (!leg_ready(trunk_leg(p.t, side_other(from)), m->request))
		return false;
	if (tidied)
		count(&ime->counters, CNT_MESSAGES_TIDIED);
	pass_debug(&p, "SIP message received", from, bytes.n);
	if (m->request)
		inspect_request(&p);
	else
		inspect_response(&p);
	OPENSSL_cleanse(&ime->scratch->plan, sizeof(ime->scratch->plan));
	ime_retry_media(ime);
	return true;
}

bool inspect_message(struct trunk *t, enum side from, struct str bytes)
{
	struct ime *ime = t->ime;
	bool tidied, done = true;
	enum sip_reason why = inspect_read(ime, from, bytes, &tidied);
	size_t n = ime->scratch->msg.raw.n;

	if (why == SIP_OK)
		done = inspect_good(t, from, bytes, tidied);
	else
		refuse_unread(t, from, why);
	if (tidied)
		OPENSSL_cleanse(ime->tidied, n); // may hold keys
	return done;
}

void inspect_malformed(struct trunk *t, enum side from, struct str head, enum sip_reason why)
{
	struct sip_msg *m = &t->ime->scratch->msg;

	count(&t->ime->counters, counter_sip(why));
	if (head.n > 0 && sip_parse(m, head) == SIP_OK)
		refuse_malformed(t, from, m);
	pass_policy_malformed(t);
}

struct lost {
	struct trunk *t;
	enum side side;
	bool proven; // the connection had worked
};

// A peer that was restarted, or that tired of the connection, has not seen the request: a new
// connection may carry it (TLS-6). If it has, the branch is the same, and it knows.
static bool try_again(struct txn *x, const struct lost *lost)
{
	if (!lost->proven || lost->side == lost->t->accepted || x->from == lost->side ||
		x->ringing || x->resent || x->cancelled || x->method == SIP_CANCEL ||
		x->sent == NULL)
		return false;
	x->resent = true;
	return trunk_send_own(lost->t, lost->side, x->sent, x->sent_n) == 0;
}

static void lose(struct txn *x, void *arg)
{
	const struct lost *lost = arg;
	struct ime *ime = lost->t->ime;
	struct call *call;

	if (x->state != TXN_PENDING)
		return;
	if (try_again(x, lost)) {
		count(&ime->counters, CNT_REQUESTS_RESENT);
		debug_event(TIMERS, "request is tried again on a new connection",
			log_u64("trunk", x->trunk), log_u64("cseq", x->cseq));
		return;
	}
	call = call_by_id(ime->calls, x->call);
	if (x->initial && call != NULL && call->state != CALL_UP) {
		call_ends(call, CALL_END_LOST, lost->side);
		if (x->from == lost->side) { // nobody waits for the answer any more
			teardown_call(ime, call, 503);
			return;
		}
		call_end(ime, call);
	} else if (x->method == SIP_BYE && call != NULL) {
		call_end(ime, call);
	} else if (call != NULL) {
		inspect_rollback(call, x);
	}
	if (x->from == lost->side)
		txn_done(ime->txns, x, ime_now(ime));
	else
		pass_reply(ime, lost->t, x, 503);
}

void inspect_expired(struct txn *x, void *arg)
{
	struct ime *ime = arg;
	struct call *call = call_by_id(ime->calls, x->call);

	if (x->state == TXN_PENDING)
		debug_error(TIMERS, "request was never answered", log_u64("trunk", x->trunk),
			log_text("from", side_name(x->from)), log_u64("cseq", x->cseq),
			log_text("call_id", call != NULL ? call->call_id : NULL));
	if (x->state == TXN_PENDING && call != NULL)
		inspect_rollback(call, x);
	if (x->state == TXN_OWN && x->method == SIP_REFER && x->call != 0)
		fallback_answered_by(ime, x->call, 408);
}

void inspect_leg_lost(struct trunk *t, enum side side)
{
	struct lost lost = {t, side, t->leg[side].proven};

	txns_of_trunk(t->ime->txns, t->id, lose, &lost);
}
