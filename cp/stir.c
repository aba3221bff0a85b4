// SPDX-License-Identifier: BSD-3-Clause
#include "cp/stir.h"

#include <stdio.h>

#include "cp/admit.h"
#include "cp/log.h"
#include "cp/verstat.h"

#define IDENTITIES_MAX 4u // headers that are looked at; further ones do not count

// ---- Who calls ----------------------------------------------------------------------------------

static const enum sip_header_id identities[] = {
	SIP_H_P_ASSERTED_IDENTITY, SIP_H_REMOTE_PARTY_ID, SIP_H_FROM};

// False when it reads like a number and is not the one found so far, or none in full.
static bool number_agrees(struct str elem, struct did *number)
{
	struct name_addr na;
	struct uri uri;
	struct did d;

	if (!name_addr_parse(elem, &na) || !uri_parse(na.uri, &uri))
		return false;
	if (!verstat_is_number(&uri))
		return true;
	if (!did_from_uri(uri.text, NULL, 0, &d))
		return false;
	if (number->n == 0)
		*number = d;
	return d.n == number->n && memcmp(d.digits, number->digits, d.n) == 0;
}

// Wherever a call manager could take the caller's number from, it must find the same one: what is
// shown to the called person is what was signed. A name, such as anonymous, is no number.
static void calling_number(const struct sip_msg *m, struct did *out)
{
	out->n = 0;
	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++) {
		struct sip_elem_iter it = {0};
		struct str elem;

		while (sip_elem_next(m, identities[i], &it, &elem))
			if (!number_agrees(elem, out)) {
				out->n = 0;
				return;
			}
	}
}

// ---- One Identity header ------------------------------------------------------------------------

struct check {
	struct pass *p;
	struct did called;
	uint64_t now_s;
};

// What a compact one says is what the request says (RFC 8225 7).
static enum passport_fault complete(const struct check *c, struct passport *passport)
{
	const struct sip_header *date = NULL, *h = c->p->m->headers;
	uint64_t iat;

	for (; h < c->p->m->headers + c->p->m->n_headers; h++) {
		if (!str_caseeq(h->name, STR_LIT("Date")))
			continue;
		if (date != NULL)
			return PASSPORT_DATE;
		date = h;
	}
	if (date == NULL || !passport_date(date->value, &iat))
		return PASSPORT_DATE;
	passport_complete(passport, &c->p->caller.number, &c->called, iat);
	return PASSPORT_NONE;
}

// Steps 2 to 5 of RFC 8224 6.2, what costs little first.
static enum passport_fault judge(const struct check *c, struct str value)
{
	struct ime *ime = c->p->ime;
	struct passport *passport = &ime->scratch->passport;
	enum passport_fault fault = passport_parse(value, passport);
	const struct stir_cert *cert;
	struct peer *peer;

	if (fault == PASSPORT_NONE && passport->compact)
		fault = complete(c, passport);
	if (fault == PASSPORT_NONE)
		fault = passport_match(passport, &c->p->caller.number, &c->called);
	if (fault != PASSPORT_NONE)
		return fault;
	cert = stir_certs_find(ime->stir_certs, passport->info);
	if (cert == NULL)
		return PASSPORT_NOT_HELD;
	if (!passport_fresh(passport, c->now_s, ime->cfg->stir.freshness_s))
		return PASSPORT_STALE;
	fault = stir_cert_judge(cert, passport->orig, passport->iat);
	if (fault != PASSPORT_NONE)
		return fault;
	peer = peers_get(ime->peers, &c->p->t->peer[SIDE_OUTSIDE].ip, c->p->now_ns);
	if (!bucket_take(&peer->signatures, &peers_signature_rate, c->p->now_ns))
		return PASSPORT_RATE;
	return passport_signature_ok(passport, cert->key) ? PASSPORT_NONE : PASSPORT_SIGNATURE;
}

// Of a URL only what is_url() of lib/passport.c has let pass, so that it may stand in a log.
static void explain(struct pass *p, enum passport_fault fault)
{
	struct scratch *s = p->ime->scratch;
	struct str url = s->passport.info;

	snprintf(s->stir_reason, sizeof(s->stir_reason), "%s%s%.*s", passport_fault_text(fault),
		url.n > 0 ? ", " : "", STR_FMT(url));
}

// Only if all are invalid is the caller not verified (RFC 8224 6.2.1).
static void check_all(struct pass *p)
{
	struct check c = {.p = p, .now_s = p->ime->env.wall_s()};
	const struct sip_header *h = NULL;
	struct call_caller *caller = &p->caller;

	admit_called_number(p, &c.called);
	caller->fault = PASSPORT_ABSENT;
	p->ime->scratch->passport.info = STR_LIT("");
	explain(p, caller->fault);
	for (size_t i = 0; i < IDENTITIES_MAX; i++) {
		const struct passport *passport = &p->ime->scratch->passport;
		enum passport_fault fault;

		h = sip_header_next(p->m, SIP_H_IDENTITY, h);
		if (h == NULL)
			return;
		fault = judge(&c, h->value);
		if (fault == PASSPORT_NONE || fault >= caller->fault) {
			caller->fault = fault;
			explain(p, fault);
		}
		if (fault == PASSPORT_NONE) {
			caller->attest = passport->attest;
			caller->media_keys = passport->media_keys;
			return;
		}
	}
}

// ---- The verdict --------------------------------------------------------------------------------

// By status: what a refusal and what a call that passes all the same counts.
static const struct {
	uint16_t status;
	enum counter_id refused, passed;
	const char *phrase; // NULL: the status' own
} verdicts[] = {
	{428, CNT_STIR_ABSENT, CNT_CALLERS_UNSIGNED, NULL},
	{436, CNT_STIR_INFO, CNT_CALLERS_NO_CERTIFICATE, NULL},
	{437, CNT_STIR_CREDENTIAL, CNT_CALLERS_BAD_CERTIFICATE, NULL},
	{438, CNT_STIR_INVALID, CNT_CALLERS_BAD_SIGNATURE, NULL},
	{403, CNT_STIR_STALE, CNT_CALLERS_STALE, "Stale Date"},
	{503, CNT_STIR_RATE, CNT_CALLERS_RATE, NULL},
};

static void log_caller(const struct pass *p)
{
	const struct call_caller *c = &p->caller;
	const struct endpoint *peer = &p->t->peer[SIDE_OUTSIDE];
	char number[DID_DIGITS_MAX + 2], attest[2] = {c->attest, '\0'};

	snprintf(number, sizeof(number), "+%.*s", (int)c->number.n, c->number.digits);
	log_event_from(CALLER_CHECKED, &peer->ip,
		log_text("caller", c->number.n > 0 ? number : NULL),
		log_bool("verified", c->fault == PASSPORT_NONE),
		log_text("attestation", c->attest != '\0' ? attest : NULL),
		log_text("reason", p->ime->scratch->stir_reason), log_endpoint("peer", peer),
		log_str("call_id", p->m->call_id));
}

enum counter_id stir_verify(struct pass *p, uint16_t *status)
{
	enum config_stir_verify how = p->ime->cfg->stir.verify;
	size_t i = 0;

	if (how == STIR_OFF)
		return CNT_NONE;
	p->caller.checked = true;
	calling_number(p->m, &p->caller.number);
	check_all(p);
	if (p->caller.fault == PASSPORT_NONE || how != STIR_ENFORCE)
		log_caller(p);
	if (p->caller.fault == PASSPORT_NONE) {
		count(&p->ime->counters, CNT_CALLERS_VERIFIED);
		return CNT_NONE;
	}
	while (verdicts[i].status != passport_fault_status(p->caller.fault))
		i++;
	if (how != STIR_ENFORCE) {
		count(&p->ime->counters, verdicts[i].passed);
		return CNT_NONE;
	}
	p->reason = p->ime->scratch->stir_reason;
	p->phrase = verdicts[i].phrase;
	*status = verdicts[i].status;
	return verdicts[i].refused;
}

// A number that could not be checked, because nobody signed it or its certificate is not here, has
// not failed a check.
static const char *verstat_of(const struct call_caller *caller)
{
	switch (passport_fault_status(caller->fault)) {
	case 0:
		return "TN-Validation-Passed";
	case 428:
	case 436:
	case 503:
		return "No-TN-Validation";
	default:
		return "TN-Validation-Failed";
	}
}

enum sip_reason stir_rewrite(const struct pass *p, struct sip_edit *e)
{
	const struct config_stir *cfg = &p->ime->cfg->stir;
	const struct sip_header *h = NULL;
	bool tag = p->caller.checked && cfg->verify == STIR_TAG;
	enum sip_reason r = SIP_OK;

	if (cfg->verify >= STIR_TAG)
		r = verstat_rewrite(p->m, tag ? verstat_of(&p->caller) : NULL, e);
	while (cfg->strip_outbound && p->from == SIDE_INSIDE &&
		(h = sip_header_next(p->m, SIP_H_IDENTITY, h)) != NULL)
		sip_edit_delete(e, h->line);
	// What our own call manager writes is its business.
	return p->from == SIDE_OUTSIDE ? r : SIP_OK;
}
