// SPDX-License-Identifier: BSD-3-Clause
// See cp/refer.h. Nothing is freed inside a callback: what is over is marked so, and freed by the
// next tick.
#include "cp/refer.h"

#include <errno.h>
#include <stdlib.h>

#include "cp/debug.h"
#include "cp/fallback.h"
#include "cp/ime_state.h"
#include "cp/inspect.h"
#include "cp/ucm_link.h"

#define S_NS       1000000000ull
#define REFERS_MAX 256u
#define TEXT_MAX   8192
#define ANSWER_S   32u // Timer F
#define NOTIFY_S   60u // of a subscription that was not wanted

struct refer {
	LIST_ENTRY(refer) all;
	struct refers *of;
	struct ucm_link link;
	uint64_t call, until_ns;
	bool answered, over;
	char token[REPLY_TAG_MAX];
	size_t n;
	char text[]; // until it is sent
};

struct refers {
	struct ime *ime;
	unsigned int n;
	LIST_HEAD(, refer) all;
};

struct refers *refers_new(struct ime *ime)
{
	struct refers *rs = calloc(1, sizeof(*rs));

	if (rs == NULL)
		return NULL;
	rs->ime = ime;
	LIST_INIT(&rs->all);
	return rs;
}

static void forget(struct refer *r)
{
	LIST_REMOVE(r, all);
	r->of->n--;
	ucm_link_close(&r->link);
	free(r);
}

void refers_free(struct refers *rs)
{
	if (rs == NULL)
		return;
	while (!LIST_EMPTY(&rs->all))
		forget(LIST_FIRST(&rs->all));
	free(rs);
}

// ---- What comes back ---------------------------------------------------------------------------

static void answer(struct refer *r, uint16_t status)
{
	if (r->answered)
		return;
	r->answered = true;
	fallback_answered_by(r->of->ime, r->call, status);
}

static bool is_ours(const struct refer *r, const struct sip_msg *m)
{
	return str_has_prefix(m->call_id, STR_LIT("fb-")) &&
		str_has_prefix(
			(struct str){m->call_id.p + 3, m->call_id.n - 3}, str_from(r->token));
}

static void read_response(struct refer *r, const struct sip_msg *m)
{
	const struct sip_header *sub = sip_header_named(m, STR_LIT("Refer-Sub"));
	bool subscribed;

	if (m->method != SIP_REFER || m->cseq != 1 || m->status < 200 || r->answered)
		return;
	// RFC 4488: who does not say otherwise has made one.
	subscribed = m->status < 300 && (sub == NULL || !str_caseeq(sub->value, STR_LIT("false")));
	r->over = !subscribed;
	r->until_ns = ime_now(r->of->ime) + NOTIFY_S * S_NS;
	answer(r, m->status);
}

static void read_request(struct refer *r, const struct sip_msg *m)
{
	const struct sip_header *state = sip_header_named(m, STR_LIT("Subscription-State"));
	struct ime *ime = r->of->ime;
	struct reply_head head;
	size_t n;

	if (m->method == SIP_ACK || !reply_head_save(m, &head))
		return;
	debug_event(NOTIFY, "request about a REFER", log_u64("call", r->call),
		log_str("request", m->method_name),
		log_str("state", state != NULL ? state->value : STR_LIT("")));
	n = reply_write(
		&head, m->method == SIP_NOTIFY ? 200 : 481, 0, r->token, ime->out, ime->out_size);
	reply_head_free(&head);
	if (n > 0)
		ucm_link_send(&r->link, ime->out, n);
	if (m->method == SIP_NOTIFY && state != NULL &&
		str_has_caseprefix(state->value, STR_LIT("terminated")))
		r->until_ns = 0; // with the next tick, when the answer has left
}

static void on_message(void *arg, struct str bytes)
{
	struct refer *r = arg;
	const struct sip_msg *m = &r->of->ime->scratch->msg;
	bool tidied;

	if (inspect_read(r->of->ime, SIDE_INSIDE, bytes, &tidied) != SIP_OK || !is_ours(r, m))
		return;
	if (m->request)
		read_request(r, m);
	else
		read_response(r, m);
}

static void on_up(void *arg)
{
	struct refer *r = arg;

	ucm_link_send(&r->link, r->text, r->n);
}

static void on_closed(void *arg, const char *text)
{
	struct refer *r = arg;

	r->over = true;
	answer(r, 503);
}

static const struct ucm_link_events events = {
	.up = on_up, .message = on_message, .closed = on_closed};

// ---- Sending -----------------------------------------------------------------------------------

int refer_send(struct refers *rs, uint64_t call, const struct endpoint *at, bool secure,
	struct request_refer_about about, const struct request_refer *what)
{
	struct refer *r;
	int err;

	if (rs->n == REFERS_MAX)
		return -ENOSPC;
	r = calloc(1, sizeof(*r) + TEXT_MAX);
	if (r == NULL)
		return -ENOMEM;
	*r = (struct refer){.of = rs, .call = call, .until_ns = ime_now(rs->ime) + ANSWER_S * S_NS};
	reply_tag(r->token);
	about.token = r->token;
	about.tls = secure;
	err = ucm_link_open(&r->link, rs->ime, at, secure, &events, r);
	if (err == 0) {
		about.us = r->link.us;
		r->n = request_refer_about(&about, what, r->text, TEXT_MAX);
		err = r->n > 0 ? 0 : -EMSGSIZE;
	}
	if (err != 0) {
		ucm_link_close(&r->link);
		free(r);
		return err;
	}
	debug_event(NOTIFY, "REFER on a connection of its own", log_u64("call", call),
		log_endpoint("ucm", at), log_bool("tls", secure), log_u64("octets", r->n));
	LIST_INSERT_HEAD(&rs->all, r, all);
	rs->n++;
	return 0;
}

void refers_tick(struct refers *rs, uint64_t now_ns)
{
	struct refer *r, *next;

	for (r = LIST_FIRST(&rs->all); r != NULL; r = next) {
		next = LIST_NEXT(r, all);
		if (!r->over && now_ns < r->until_ns)
			continue;
		answer(r, 408);
		forget(r);
	}
}
