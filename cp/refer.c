// SPDX-License-Identifier: BSD-3-Clause
// See cp/refer.h. Nothing is freed inside a callback: what is over is marked so, and freed by the
// next tick.
#include "cp/refer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "cp/conn.h"
#include "cp/debug.h"
#include "cp/fallback.h"
#include "cp/ime_state.h"
#include "cp/inspect.h"

#define S_NS       1000000000ull
#define REFERS_MAX 256u
#define TEXT_MAX   8192
#define INPUT_MAX  65536
#define ANSWER_S   32u // Timer F
#define NOTIFY_S   60u // of a subscription that was not wanted

struct refer {
	LIST_ENTRY(refer) all;
	struct refers *of;
	struct conn *conn;
	struct sip_frame frame;
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
	conn_free(r->conn);
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
		conn_send(r->conn, ime->out, n);
	if (m->method == SIP_NOTIFY && state != NULL &&
		str_has_caseprefix(state->value, STR_LIT("terminated")))
		r->until_ns = 0; // with the next tick, when the answer has left
}

static void read_message(struct refer *r, struct str bytes)
{
	const struct sip_msg *m = &r->of->ime->scratch->msg;
	bool tidied;

	if (inspect_read(r->of->ime, SIDE_INSIDE, bytes, &tidied) != SIP_OK || !is_ours(r, m))
		return;
	if (m->request)
		read_request(r, m);
	else
		read_response(r, m);
}

static void on_up(struct conn *c, void *arg)
{
	struct refer *r = arg;

	conn_send(c, r->text, r->n);
}

static void on_input(struct conn *c, void *arg)
{
	struct refer *r = arg;

	for (;;) {
		struct str in = conn_input(c);
		enum sip_reason why;
		size_t len = 0;

		switch (in.n > 0 ? sip_frame_next(&r->frame, in, &len, &why) : SIP_FRAME_MORE) {
		case SIP_FRAME_MORE:
			return;
		case SIP_FRAME_ERROR: // no answer will come
			conn_read(c, false);
			return;
		case SIP_FRAME_MESSAGE:
			read_message(r, (struct str){in.p, len});
			break;
		default:
			break;
		}
		conn_consume(c, len);
	}
}

static void on_closed(struct conn *c, enum counter_id why, const char *text, void *arg)
{
	struct refer *r = arg;

	r->over = true;
	answer(r, 503);
}

static void on_drained(struct conn *c, void *arg)
{
}

static const struct conn_events events = {
	.up = on_up, .input = on_input, .drained = on_drained, .closed = on_closed};

// ---- Sending -----------------------------------------------------------------------------------

int refer_send(struct refers *rs, uint64_t call, const struct endpoint *at, bool secure,
	struct request_refer_about about, const struct request_refer *what)
{
	const struct sip_limits limits = {INPUT_MAX / 2, INPUT_MAX / 2, .tolerant = true};
	struct refer *r;
	int err;

	if (rs->n == REFERS_MAX)
		return -ENOSPC;
	r = calloc(1, sizeof(*r) + TEXT_MAX);
	if (r == NULL)
		return -ENOMEM;
	*r = (struct refer){.of = rs, .call = call, .until_ns = ime_now(rs->ime) + ANSWER_S * S_NS};
	sip_frame_init(&r->frame, &limits);
	reply_tag(r->token);
	about.token = r->token;
	about.tls = secure;
	err = ucm_connect(rs->ime, at, secure, &events, r, &about.us, &r->conn);
	if (err == 0) {
		r->n = request_refer_about(&about, what, r->text, TEXT_MAX);
		err = r->n > 0 ? 0 : -EMSGSIZE;
	}
	if (err != 0) {
		conn_free(r->conn);
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
