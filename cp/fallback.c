// SPDX-License-Identifier: BSD-3-Clause
#include "cp/fallback.h"

#include <stdio.h>

#include "cp/alarm.h"
#include "cp/call_party.h"
#include "cp/debug.h"
#include "cp/log.h"
#include "cp/own_request.h"
#include "cp/refer.h"

#define S_NS 1000000000ull

// What a judgement goes by, as every line of the log and of debug says it.
#define QUALITY_FIELDS(q)                                                                          \
	log_u64("rblr", (q)->rblr_pct_x100), log_u64("ite", (q)->ite_8s),                          \
		log_u64("bls_ms", (q)->bls_ms), log_u64("pdv_us", (q)->avg_pdv_us),                \
		log_u64("scs", (q)->scs_8s)

// ---- What messages say -------------------------------------------------------------------------

static void learn_inside(struct pass *p, const struct rewrite_fallback *fb)
{
	struct call *call = p->call;
	char level[] = {(char)('0' + fb->level), '\0'};

	if (fb->has_level && call->fb_sensitivity == NULL) {
		call->fb_sensitivity = call_text(str_from(level));
		call->fallback.machine.level = fb->level;
		session_sensitivity(call->session, fb->level);
	}
	if (fb->session.n > 0 && call->session_id == NULL)
		call->session_id = call_text(fb->session);
	if (fb->trunk.n > 0 && call->trunk_uri == NULL)
		call->trunk_uri = call_text(fb->trunk);
	if (sip_has_option(p->m, SIP_H_SUPPORTED, STR_LIT("tdialog")))
		call->fallback.tdialog = true;
}

// FB-7. The last word counts: a remote may be somewhere else by now.
static void learn_number(struct call *call, struct str number)
{
	char uri[64];
	struct did did;
	int n = snprintf(uri, sizeof(uri), "tel:%.*s", STR_FMT(number));

	if (n > 0 && (size_t)n < sizeof(uri) &&
		did_from_uri((struct str){uri, (size_t)n}, NULL, 0, &did))
		call->fallback.did = did;
}

void fallback_learn(struct pass *p, const struct rewrite_fallback *fb)
{
	if (p->from == SIDE_INSIDE)
		learn_inside(p, fb);
	else if (fb->did.n > 0)
		learn_number(p->call, fb->did);
	if (p->from == SIDE_OUTSIDE && p->m->request && p->m->method == SIP_REFER)
		p->call->fallback.remote_refer = true;
}

bool fallback_is_ours(const struct pass *p)
{
	const struct call_fallback *f = &p->call->fallback;
	const struct sip_header *event = sip_header(p->m, SIP_H_EVENT);
	struct str name, params;
	struct uri_param id;
	uint64_t cseq;

	if (p->from != SIDE_INSIDE || p->m->method != SIP_NOTIFY || !f->referred || event == NULL)
		return false;
	str_split(event->value, ';', &name);
	if (!str_caseeq(str_trim(name), STR_LIT("refer")))
		return false;
	params = (struct str){event->value.p + name.n, event->value.n - name.n};
	if (!uri_param_find(params, STR_LIT("id"), &id))
		return !f->remote_refer;
	return str_to_u64(id.value, UINT32_MAX, &cseq) &&
		call_cseq_is_ours(p->call, (uint32_t)cseq);
}

// ---- The REFER ---------------------------------------------------------------------------------

// The number of the other side: what it said, else who it is in this call.
static bool number_of(const struct call *call, struct did *out)
{
	const char *uri = call->caller == SIDE_OUTSIDE ? call->from_uri : call->to_uri;

	if (call->fallback.did.n > 0) {
		*out = call->fallback.did;
		return true;
	}
	return did_from_uri(str_from(uri), NULL, 0, out);
}

static struct request_refer what_of(const struct call *call, const struct did *number)
{
	return (struct request_refer){
		.number = number,
		.level = call->fallback.machine.level,
		.session = str_from(call->session_id != NULL ? call->session_id : call->call_id),
		.why = &call->media.quality,
	};
}

// FB-5: where a trunk's URI leads, if that is a call manager of ours. NULL: it is not.
static const struct config_ucm *ucm_of(const struct ime *ime, struct str trunk, struct endpoint *at)
{
	struct uri u;

	if (!uri_parse(trunk, &u) || (u.scheme != URI_SIP && u.scheme != URI_SIPS) ||
		!uri_host_ip(u.maddr.name.n > 0 ? u.maddr.value : u.host, &at->ip))
		return NULL;
	for (size_t i = 0; i < ime->cfg->n_ucms; i++) {
		const struct config_ucm *ucm = &ime->cfg->ucms[i];

		if (!ip_eq(&ucm->ip, &at->ip))
			continue;
		at->port = u.port != 0 ? u.port : ucm->port;
		if (at->port == 0)
			at->port = ucm->secure ? 5061 : 5060;
		return ucm;
	}
	return NULL;
}

static const char *tag_of(const struct call *call, enum side side)
{
	if (side == call->caller)
		return call->caller_tag;
	for (size_t i = 0; i < call->n_dialogs; i++)
		if (call->dialogs[i].up)
			return call->dialogs[i].tag;
	return NULL;
}

// FB-3.
static const char *trunk_of(const struct call *call)
{
	return call->trunk_uri != NULL ? call->trunk_uri : call->party[SIDE_INSIDE].target;
}

static enum counter_id send_out_of_dialog(
	struct ime *ime, struct call *call, const struct request_refer *what)
{
	struct str trunk = str_from(trunk_of(call));
	const char *local = tag_of(call, SIDE_INSIDE), *remote = tag_of(call, SIDE_OUTSIDE);
	struct endpoint at;
	const struct config_ucm *ucm = ucm_of(ime, trunk, &at);
	struct request_refer_about about = {
		.target = trunk,
		.call_id = str_from(call->call_id),
		.local_tag = str_from(local),
		.remote_tag = str_from(remote),
		.must_know = call->fallback.tdialog,
	};

	if (ucm == NULL || local == NULL || remote == NULL)
		return CNT_FALLBACK_TRUNK;
	if (refer_send(ime->refers, call->id, &at, ucm->secure, about, what) != 0)
		return CNT_FALLBACK_UNSENT;
	ucms_refer_sent(ime->ucms, &at.ip);
	return CNT_NONE;
}

static enum counter_id send_in_dialog(
	struct ime *ime, struct call *call, const struct request_refer *what)
{
	if (!own_refer(ime, call, what))
		return CNT_FALLBACK_UNSENT;
	ucms_refer_sent(ime->ucms, &call->peer[SIDE_INSIDE].ip);
	return CNT_NONE;
}

// 5.2. `auto`: in our own name where the call manager has said that it understands, or how to reach
// it; else in the remote's.
static bool goes_in_dialog(const struct ime *ime, const struct call *call)
{
	const struct call_fallback *f = &call->fallback;

	switch (ime->cfg->fallback.refer_mode) {
	case REFER_OUT_OF_DIALOG:
		return false;
	case REFER_IN_DIALOG:
		return true;
	case REFER_AUTO:
		break;
	}
	return f->in_dialog || (!f->tdialog && call->trunk_uri == NULL);
}

static void tell_failed(struct ime *ime, const struct call *call, enum counter_id why)
{
	count(&ime->counters, why);
	log_event(FALLBACK_FAILED, log_text("call_id", call->call_id),
		log_text("counter", counter_name(why)), log_text("trunk", trunk_of(call)));
}

static void refer(struct ime *ime, struct call *call, bool in_dialog)
{
	struct did number;
	struct request_refer what = what_of(call, &number);
	const struct rma_counters *q = &call->media.quality;
	enum counter_id why = CNT_FALLBACK_NO_NUMBER;

	if (number_of(call, &number))
		why = in_dialog ? send_in_dialog(ime, call, &what)
				: send_out_of_dialog(ime, call, &what);
	if (why != CNT_NONE) {
		tell_failed(ime, call, why);
		fallback_answered(&call->fallback.machine, false, ime_now(ime));
		return;
	}
	count(&ime->counters, CNT_FALLBACK_SENT);
	log_event(FALLBACK_SENT, log_text("call_id", call->call_id),
		log_text("session_id", call->session_id),
		log_endpoint("ucm", &call->peer[SIDE_INSIDE]),
		log_text("shape", in_dialog ? "in-dialog" : "out-of-dialog"),
		log_str("did", (struct str){number.digits, number.n}), log_u64("level", what.level),
		QUALITY_FIELDS(q));
}

// FB-9. A call manager that does not know what we ask about is asked once in the call itself.
static bool wants_in_dialog(const struct ime *ime, const struct call *call, uint16_t status)
{
	return ime->cfg->fallback.refer_mode == REFER_AUTO && !call->fallback.in_dialog &&
		(status == 403 || status == 420 || status == 481);
}

void fallback_answered_by(struct ime *ime, uint64_t id, uint16_t status)
{
	struct call *call = call_by_id(ime->calls, id);
	bool accepted = status / 100 == 2;

	count(&ime->counters, accepted ? CNT_FALLBACK_ACCEPTED : CNT_FALLBACK_REFUSED);
	if (call == NULL) {
		log_event(FALLBACK_ANSWERED, log_u64("status", status));
		return; // it has ended meanwhile
	}
	log_event(FALLBACK_ANSWERED, log_text("call_id", call->call_id), log_u64("status", status),
		log_endpoint("ucm", &call->peer[SIDE_INSIDE]));
	if (call->fallback.machine.state == FALLBACK_REFERRED && call->state == CALL_UP &&
		wants_in_dialog(ime, call, status)) {
		call->fallback.in_dialog = true;
		refer(ime, call, true);
		return;
	}
	fallback_answered(&call->fallback.machine, accepted, ime_now(ime));
}

// ---- When --------------------------------------------------------------------------------------

static void note_bad(struct call *call, bool bad)
{
	struct call_fallback *f = &call->fallback;

	if (bad == f->bad)
		return;
	f->bad = bad;
	if (call->domain != NULL)
		call->domain->bad += bad ? 1 : -1u;
}

// Whether one more REFER may be sent now: of its domain, and of all.
static bool may_refer(struct ime *ime, struct call *call, uint64_t now_ns)
{
	const struct config_fallback *c = &ime->cfg->fallback;
	struct bucket_rate of_domain = bucket_rate(c->domain_rate, c->domain_rate);
	struct bucket_rate of_all = bucket_rate(c->rate, c->rate);

	return (call->domain == NULL || c->domain_rate == 0 ||
		       bucket_take(&call->domain->refers, &of_domain, now_ns)) &&
		(c->rate == 0 || bucket_take(&ime->refers_rate, &of_all, now_ns));
}

static void tell_look(const struct call *call, enum fallback_state was)
{
	const struct rma_counters *q = &call->media.quality;
	enum fallback_state is = call->fallback.machine.state;

	debug_event(RMA, "quality of a call", log_text("call_id", call->call_id),
		log_bool("bad", q->bad), log_u64("judged_us", q->judged_us),
		log_u64("bad_us", q->bad_us), QUALITY_FIELDS(q));
	if (was != is)
		debug_event(TIMERS, "fallback goes on", log_text("call_id", call->call_id),
			log_u64("failover_state", is), log_u64("was", was));
	if (was == FALLBACK_GOOD && is == FALLBACK_HOLD_DOWN)
		log_event(QUALITY_BAD, log_text("call_id", call->call_id),
			log_u64("level", call->fallback.machine.level), QUALITY_FIELDS(q));
	else if (was == FALLBACK_HOLD_DOWN && is == FALLBACK_GOOD)
		log_event(QUALITY_GOOD, log_text("call_id", call->call_id));
}

static void refer_when_due(struct ime *ime, struct call *call, uint64_t now_ns)
{
	struct call_fallback *f = &call->fallback;

	if (!may_refer(ime, call, now_ns)) {
		if (!f->limited)
			count(&ime->counters, CNT_FALLBACK_LIMITED);
		debug_error(NOTIFY, "REFER waits for its turn", log_text("call_id", call->call_id));
		f->limited = true;
		return;
	}
	f->limited = false;
	fallback_sent(&f->machine, now_ns);
	refer(ime, call, goes_in_dialog(ime, call));
}

void fallback_look(struct ime *ime, struct call *call, uint64_t now_ns)
{
	const struct config_fallback *c = &ime->cfg->fallback;
	const struct fallback_policy policy = {
		.hold_down_ns = c->hold_down_s * S_NS, .retries = c->refer_retries};
	const struct rma_counters *m = &call->media.quality;
	const struct fallback_quality q = {
		.judged_us = m->judged_us, .bad_us = m->bad_us, .bad = m->bad};
	enum fallback_state was = call->fallback.machine.state;
	bool due;

	if (call->state == CALL_UP)
		quality_add(&call->media.history, call->media.codec,
			call->media.monitored ? m : NULL, call->media.delay_ms, (uint8_t)was);
	if (call->state != CALL_UP || !call->media.monitored) {
		note_bad(call, false);
		return;
	}
	due = fallback_step(&call->fallback.machine, &policy, &q, now_ns);
	note_bad(call,
		call->fallback.machine.state != FALLBACK_GOOD &&
			call->fallback.machine.state != FALLBACK_ACCEPTED);
	tell_look(call, was);
	if (due)
		refer_when_due(ime, call, now_ns);
}

struct worst {
	uint32_t bad;
	const struct domain *domain;
};

static void find_worst(const struct domain *d, void *arg)
{
	struct worst *w = arg;

	if (d->bad > w->bad)
		*w = (struct worst){d->bad, d};
}

void fallback_tick(struct ime *ime, uint64_t now_ns)
{
	uint32_t limit = ime->cfg->fallback.alarm_calls;
	struct worst w = {0};

	if (limit == 0)
		return;
	domains_foreach(ime->domains, find_worst, &w);
	if (w.bad >= limit && !ime->quality_alarm)
		alarm_raise(ALARM_QUALITY, now_ns, "%u of %u calls with %s are bad", w.bad,
			w.domain->calls, w.domain->name);
	else if (w.bad < limit && ime->quality_alarm)
		alarm_clear(ALARM_QUALITY, now_ns);
	ime->quality_alarm = w.bad >= limit;
}
