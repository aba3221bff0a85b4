// SPDX-License-Identifier: BSD-3-Clause
#include "cp/leg.h"

#include <errno.h>
#include <event2/buffer.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include "cp/debug.h"
#include "cp/ime_state.h"
#include "cp/inspect.h"
#include "cp/log.h"
#include "cp/media_why.h"
#include "cp/tls.h"
#include "dp/dp.h"

// A leg that has failed is not tried again for as long as the attempt took, within these bounds: a
// refused connection costs nothing, and the next call after a restart must succeed (TLS-6); one
// that timed out has held up others.
#define RETRY_MIN_NS (100ull * 1000000)
#define RETRY_MAX_NS (2ull * 1000000000)
#define UNFINISHED_S 10u  // a message may take so long to arrive
#define FIRST_S      120u // and the first one, or a keep-alive (RFC 5626 4.4.1), to begin

static struct leg *other_leg(const struct leg *l)
{
	return trunk_leg(l->trunk, side_other(l->side));
}

static void resume_others(const struct leg *l)
{
	leg_resume(other_leg(l));
	if (l->side != l->trunk->accepted)
		return;
	for (struct trunk *k = l->trunk->stand_ins; k != NULL; k = k->next_stand_in)
		leg_resume(&k->leg[side_other(l->side)]);
}

static void failed(struct leg *l)
{
	struct ime *ime = l->trunk->ime;
	uint64_t now_ns = ime_now(ime), took_ns = now_ns - l->opened_ns;

	if (took_ns < RETRY_MIN_NS)
		took_ns = RETRY_MIN_NS;
	l->retry_ns = now_ns + (took_ns < RETRY_MAX_NS ? took_ns : RETRY_MAX_NS);
	debug_error(TIMERS, "connection is not tried again for a while",
		log_text("side", side_name(l->side)),
		log_endpoint("peer", &l->trunk->peer[l->side]), log_u64("trunk", l->trunk->id),
		log_u64("wait_ms", (l->retry_ns - now_ns) / 1000000));
	if (l->side == SIDE_INSIDE)
		ucms_suspect(ime->ucms, &l->trunk->peer[SIDE_INSIDE].ip, now_ns);
}

static void restart_framing(struct leg *l)
{
	const struct config *c = l->trunk->ime->config;
	struct sip_limits limits = {
		c->sip_header_max, c->sip_body_max, .tolerant = l->side == SIDE_INSIDE};

	sip_frame_init(&l->frame, &limits);
}

void leg_init(struct leg *l, struct trunk *t, enum side side)
{
	l->trunk = t;
	l->side = side;
	STAILQ_INIT(&l->waiting);
	restart_framing(l);
}

// A source with a live TLS session has a punt budget of its own (design.md section 2, point 1); a
// call manager has one in any case.
static void trust(struct leg *l, bool on)
{
	const struct trunk *t = l->trunk;
	struct dp_msg msg = {
		.version = DP_MSG_VERSION, .type = on ? DP_MSG_TRUST_SET : DP_MSG_TRUST_DEL};

	if (l->side == SIDE_INSIDE || on == l->trusted)
		return;
	l->trusted = on;
	if (!on && trunks_others_up(t->ime->trunks, l))
		return;
	msg.trust.iface = t->iface[SIDE_OUTSIDE];
	msg.trust.ip = t->peer[SIDE_OUTSIDE].ip;
	dp_send(&msg); // a full ring costs a budget, nothing else
}

static bool same_ids(const struct domain_ids *a, const struct domain_ids *b)
{
	for (unsigned int i = 0; i < a->n; i++) {
		if (!domain_ids_has(b, (struct str){a->id[i].name, a->id[i].n}))
			return false;
	}
	return true;
}

// What waits was judged for whoever was there before (SIP-2): it is not for somebody else.
static bool take_ids(struct leg *l, struct conn *c)
{
	struct trunk *t = l->trunk;
	struct domain_ids before = t->remote_ids;

	if (l->side == SIDE_INSIDE)
		return true; // a call manager is known by its address and its CA
	tls_peer_ids(conn_ssl(c), &t->remote_ids);
	if (l->backlog == NULL || same_ids(&before, &t->remote_ids))
		return true;
	count(&t->ime->counters, CNT_ROUTE_DOMAIN);
	failed(l);
	leg_close(l, false);
	return false;
}

static enum tls_role tls_role_of(const struct leg *l)
{
	return l->side == l->trunk->accepted ? TLS_SERVER : TLS_CLIENT;
}

void leg_judge_again(struct leg *l)
{
	struct trunk *t = l->trunk;
	int why;

	l->unjudged = false;
	if (!l->tls || l->state != LEG_UP)
		return;
	why = pki_judge_again(
		t->ime->pki, tls_role_of(l), (size_t)t->class->tls_proxy, conn_ssl(l->conn));
	l->retired = why != X509_V_OK;
	if (!l->retired)
		return;
	count(&t->ime->counters, CNT_PEERS_RETIRED);
	log_event(PEER_RETIRED, log_endpoint("peer", &t->peer[l->side]), log_u64("trunk", t->id),
		log_text("detail", X509_verify_cert_error_string(why)));
}

// A reload during the handshake: the peer was judged by what is no longer in force.
static bool is_overtaken(const struct leg *l)
{
	const struct trunk *t = l->trunk;

	return SSL_get_SSL_CTX(conn_ssl(l->conn)) !=
		pki_tls(t->ime->pki, tls_role_of(l), (size_t)t->class->tls_proxy);
}

// The name that stands for the remote's certificate; empty toward a call manager.
static struct str peer_name(const struct leg *l)
{
	const struct domain_ids *ids = &l->trunk->remote_ids;

	if (l->side == SIDE_INSIDE || ids->n == 0)
		return STR_LIT("");
	return (struct str){ids->id[0].name, ids->id[0].n};
}

static void on_up(struct conn *c, void *arg)
{
	struct leg *l = arg;
	struct trunk *t = l->trunk;

	if (l->state == LEG_CLOSING)
		return;
	l->state = LEG_UP;
	l->retry_ns = 0;
	if (!l->tls) // of TLS the log tells more
		debug_event(SIGNALING_TRUNK, "TCP connection up",
			log_endpoint("peer", &t->peer[l->side]),
			log_text("side", side_name(l->side)), log_u64("trunk", t->id));
	if (l->tls) {
		if (!take_ids(l, c))
			return;
		if (is_overtaken(l))
			leg_judge_again(l);
		count(&t->ime->counters, CNT_TLS_HANDSHAKES);
		trust(l, true);
		if (l->side == SIDE_OUTSIDE)
			trunks_reverse_here(t);
		log_event_from(TLS_UP, &t->peer[l->side].ip,
			log_endpoint("peer", &t->peer[l->side]),
			log_text("side", side_name(l->side)), log_u64("trunk", t->id),
			log_str("identity", peer_name(l)),
			log_text("version", SSL_get_version(conn_ssl(c))),
			log_text("cipher", SSL_get_cipher_name(conn_ssl(c))));
	}
	if (l->backlog != NULL) {
		size_t n = evbuffer_get_length(l->backlog);

		conn_send(c, evbuffer_pullup(l->backlog, -1), n);
		evbuffer_free(l->backlog);
		l->backlog = NULL;
	}
	resume_others(l);
}

static void tell_failed(const struct leg *l, enum counter_id why, const char *detail)
{
	const struct endpoint *peer = &l->trunk->peer[l->side];

	log_event_from(CONN_FAILED, &peer->ip, log_endpoint("peer", peer),
		log_text("side", side_name(l->side)), log_u64("trunk", l->trunk->id),
		log_text("counter", counter_name(why)), log_text("detail", detail));
}

static void on_closed(struct conn *c, enum counter_id why, const char *text, void *arg)
{
	struct leg *l = arg;
	struct trunk *t = l->trunk;
	bool was_up = l->state == LEG_UP;

	if (l->state == LEG_CLOSING)
		return;
	if (why == CNT_TCP_ON_TLS && l->side == SIDE_INSIDE)
		why = CNT_TCP_ON_SECURE;
	if (why == CNT_TLS_ON_TCP || why == CNT_TCP_ON_SECURE)
		text = counter_help(why); // what to do about it
	if (why != CNT_NONE) {
		count(&t->ime->counters, why);
		tell_failed(l, why, text);
	} else if (was_up && l->side == SIDE_INSIDE && l->side != t->accepted && !l->proven) {
		log_event(UCM_CLOSED, log_endpoint("peer", &t->peer[l->side]),
			log_u64("trunk", t->id));
	}
	if (!was_up && l->side != t->accepted)
		failed(l);
	leg_close(l, false);
}

static void framing_lost(struct leg *l, struct str head, enum sip_reason why)
{
	struct trunk *t = l->trunk;

	log_event_from(NOT_SIP, &t->peer[l->side].ip, log_endpoint("peer", &t->peer[l->side]),
		log_text("side", side_name(l->side)), log_u64("trunk", t->id),
		log_text("detail", sip_reason_text(why)));
	inspect_malformed(t, l->side, head, why);
	leg_close(l, true);
}

// ---- Messages that wait --------------------------------------------------------------------------

struct leg_waiting {
	STAILQ_ENTRY(leg_waiting) next;
	size_t n;
	char octets[];
};

static void forget(struct leg_waiting *w)
{
	OPENSSL_cleanse(w->octets, w->n); // may hold keys
	free(w);
}

void leg_forget_waiting(struct leg *l)
{
	struct leg_waiting *w;

	while ((w = STAILQ_FIRST(&l->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->waiting, next);
		forget(w);
	}
	l->waiting_bytes = 0;
}

// Where a remote reaches several call managers over one connection, one that is slow to take its own
// connection holds up its own calls only. False: too much waits already.
static bool set_aside(struct leg *l, struct str msg)
{
	struct trunk *t = l->trunk;
	struct leg_waiting *w;

	if (t->ime->cfg->n_ucms < 2 || l->side != SIDE_OUTSIDE || l->side != t->accepted ||
		l->waiting_bytes + msg.n > ime_input_max(t->ime))
		return false;
	w = malloc(sizeof(*w) + msg.n);
	if (w == NULL)
		return false;
	w->n = msg.n;
	memcpy(w->octets, msg.p, msg.n);
	STAILQ_INSERT_TAIL(&l->waiting, w, next);
	l->waiting_bytes += msg.n;
	return true;
}

static void passed(struct leg *l, size_t octets)
{
	l->messages++;
	l->bytes += octets;
	l->proven = true;
	trunks_heard(l->trunk, octets);
}

// Each is judged anew, in its order: by now its way may be another one. Those of one leg stay in order,
// for it takes all of them or none.
static void judge_waiting(struct leg *l)
{
	STAILQ_HEAD(, leg_waiting) still = STAILQ_HEAD_INITIALIZER(still);
	struct leg_waiting *w;

	while (l->state == LEG_UP && !l->trunk->dead && (w = STAILQ_FIRST(&l->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->waiting, next);
		if (!inspect_message(l->trunk, l->side, (struct str){w->octets, w->n})) {
			STAILQ_INSERT_TAIL(&still, w, next);
			continue;
		}
		passed(l, w->n);
		l->waiting_bytes -= w->n;
		forget(w);
	}
	STAILQ_CONCAT(&still, &l->waiting);
	STAILQ_CONCAT(&l->waiting, &still);
}

static bool process_one(struct leg *l)
{
	struct str in = conn_input(l->conn);
	enum sip_reason why;
	size_t len = 0;

	if (in.n == 0) {
		l->partial_ns = 0;
		return false;
	}
	if (conn_busy(l->conn)) { // who does not take answers asks no more questions
		conn_read(l->conn, false);
		l->partial_ns = 0;
		return false;
	}
	switch (sip_frame_next(&l->frame, in, &len, &why)) {
	case SIP_FRAME_MORE:
		if (l->partial_ns == 0)
			l->partial_ns = ime_now(l->trunk->ime);
		return false;
	case SIP_FRAME_KEEPALIVE:
		conn_consume(l->conn, len);
		l->first_by_ns = 0;
		count(&l->trunk->ime->counters, CNT_KEEPALIVES);
		trunk_send(l->trunk, l->side, "\r\n", 2);
		return true;
	case SIP_FRAME_SKIP:
		conn_consume(l->conn, len);
		return true;
	case SIP_FRAME_ERROR:
		framing_lost(l, (struct str){in.p, len}, why);
		return false;
	case SIP_FRAME_MESSAGE:
		break;
	}
	l->partial_ns = l->first_by_ns = 0;
	if (inspect_message(l->trunk, l->side, (struct str){in.p, len})) {
		passed(l, len);
	} else if (!set_aside(l, (struct str){in.p, len})) {
		conn_read(l->conn, false);
		restart_framing(l); // the message is found again when the leg goes on
		return false;
	}
	conn_consume(l->conn, len);
	return true;
}

static void on_input(struct conn *c, void *arg)
{
	struct leg *l = arg;

	judge_waiting(l);
	while (l->state == LEG_UP && !l->trunk->dead) {
		if (!process_one(l))
			break;
	}
}

void leg_resume(struct leg *l)
{
	if (l->state != LEG_UP || l->trunk->dead)
		return;
	conn_read(l->conn, true);
	on_input(l->conn, l);
}

static void on_drained(struct conn *c, void *arg)
{
	resume_others(arg);
	leg_resume(arg);
}

static const struct conn_events events = {
	.up = on_up, .input = on_input, .drained = on_drained, .closed = on_closed};

static struct conn_options options(struct leg *l, int fd)
{
	struct ime *ime = l->trunk->ime;

	return (struct conn_options){
		.base = ime->env.base,
		.fd = fd,
		.input_max = ime_input_max(ime),
		.events = &events,
		.arg = l,
	};
}

static bool speaks_tls(const struct leg *l)
{
	return l->side == SIDE_OUTSIDE || l->trunk->inside_secure;
}

bool leg_accept(struct leg *l, int fd)
{
	struct conn_options o = options(l, fd);

	l->state = LEG_OPENING;
	return conn_new(&l->conn, &o) == 0;
}

void leg_adopt(struct leg *l, struct conn *conn)
{
	l->conn = conn;
	l->state = LEG_OPENING;
	l->first_by_ns = ime_now(l->trunk->ime) + FIRST_S * 1000000000ull;
	conn_set_owner(conn, &events, l);
	on_up(conn, l);
}

static void open_failed(struct leg *l, enum counter_id why)
{
	if (why == CNT_CONN_OPEN_FAILED)
		tell_failed(l, why, counter_help(why));
	else
		trunks_tell_limit(l->trunk->ime->trunks, &l->trunk->peer[l->side], why);
	count(&l->trunk->ime->counters, why);
	failed(l);
	l->state = LEG_FAILED;
	trunks_leave_tls(l->trunk->ime->trunks, l);
}

static void leg_open(struct leg *l)
{
	struct trunk *t = l->trunk;
	const struct endpoint own = {.ip = t->ime->config->ifaces[t->iface[l->side]].ip};
	const struct endpoint *src = l->side == SIDE_OUTSIDE ? &t->mapped : &t->peer[SIDE_OUTSIDE];
	enum counter_id why = speaks_tls(l) ? trunks_take_tls(t->ime->trunks, l) : CNT_NONE;
	struct conn_options o;
	int fd;

	if (l->side == SIDE_INSIDE && t->off_path) // answers to the true one would go elsewhere
		src = &own;
	l->opened_ns = ime_now(t->ime);
	if (why != CNT_NONE) {
		open_failed(l, why);
		return;
	}
	if (t->ime->env.resolve != NULL)
		t->ime->env.resolve(
			t->ime->env.resolve_arg, t->iface[l->side], &t->peer[l->side].ip);
	fd = tsock_connect(src, &t->peer[l->side]);
	if (fd < 0) {
		open_failed(l, CNT_CONN_OPEN_FAILED);
		return;
	}
	o = options(l, fd);
	o.connecting = true;
	if (l->side == SIDE_INSIDE) // near, and the caller waits
		o.setup_s = t->ime->cfg->ping.timeout_s;
	if (speaks_tls(l)) {
		o.kind = CONN_TLS_CLIENT;
		o.tls = pki_tls(t->ime->pki, TLS_CLIENT, (size_t)t->class->tls_proxy);
	}
	restart_framing(l);
	l->proven = false;
	if (conn_new(&l->conn, &o) != 0) {
		open_failed(l, CNT_CONN_OPEN_FAILED);
		return;
	}
	l->state = LEG_OPENING;
	count(&t->ime->counters, CNT_TRUNKS_OPENED);
	debug_event(SIGNALING_TRUNK, "connection is being opened",
		log_text("side", side_name(l->side)), log_endpoint("peer", &t->peer[l->side]),
		log_endpoint("from", src), log_u64("trunk", t->id), log_bool("tls", speaks_tls(l)));
}

void leg_try(struct leg *l)
{
	struct ime *ime = l->trunk->ime;

	if (l->state != LEG_NONE && l->state != LEG_FAILED)
		return;
	if (l->side == SIDE_INSIDE && ucms_down(ime->ucms, &l->trunk->peer[SIDE_INSIDE].ip))
		l->state = LEG_FAILED;
	else if (l->state == LEG_NONE || ime_now(ime) >= l->retry_ns)
		leg_open(l);
}

bool leg_ready(struct leg *l, bool request)
{
	// Nobody waits for a response on a connection that is new.
	if (request && l->side != l->trunk->accepted)
		leg_try(l);
	return l->state != LEG_OPENING && l->state != LEG_CLOSING &&
		(l->conn == NULL || !conn_busy(l->conn));
}

void leg_close(struct leg *l, bool finish)
{
	if (l->conn == NULL || l->state == LEG_CLOSING)
		return;
	l->state = LEG_CLOSING;
	l->finish = finish;
	trunks_leave_tls(l->trunk->ime->trunks, l);
	trunks_reap_later(l->trunk->ime->trunks);
}

void leg_reap(struct leg *l)
{
	struct trunk *t = l->trunk;

	if (l->state != LEG_CLOSING)
		return;
	debug_event(SIGNALING_TRUNK, "connection closed", log_text("side", side_name(l->side)),
		log_endpoint("peer", &t->peer[l->side]), log_u64("trunk", t->id),
		log_u64("messages", l->messages), log_u64("octets", l->bytes));
	trust(l, false);
	l->retired = l->unjudged = false;
	if (l->reset)
		conn_reset(l->conn);
	else if (l->finish)
		conn_finish(l->conn);
	else
		conn_free(l->conn);
	l->conn = NULL;
	l->finish = false;
	leg_forget_waiting(l);
	l->partial_ns = l->first_by_ns = 0;
	if (l->backlog != NULL)
		evbuffer_free(l->backlog);
	l->backlog = NULL;
	l->state = l->retry_ns != 0 ? LEG_FAILED : LEG_NONE;
	inspect_leg_lost(t, l->side);
	if (l->side != t->accepted) {
		leg_resume(other_leg(l));
		return;
	}
	for (struct trunk *k = t->stand_ins; k != NULL; k = k->next_stand_in)
		inspect_leg_lost(k, l->side);
	t->dead = true;
}

void leg_tick(struct leg *l, uint64_t now_ns)
{
	enum counter_id why = CNT_NONE;

	if (l->state != LEG_UP)
		return;
	if (l->partial_ns != 0 && now_ns - l->partial_ns >= UNFINISHED_S * 1000000000ull)
		why = CNT_CONN_INPUT_TIMEOUT;
	else if (l->first_by_ns != 0 && now_ns >= l->first_by_ns)
		why = CNT_TLS_SILENT;
	if (why == CNT_NONE)
		return;
	count(&l->trunk->ime->counters, why);
	debug_error(TIMERS, "connection is closed: nothing came in time",
		log_text("side", side_name(l->side)),
		log_endpoint("peer", &l->trunk->peer[l->side]), log_u64("trunk", l->trunk->id),
		log_text("counter", counter_name(why)));
	leg_close(l, false);
}
