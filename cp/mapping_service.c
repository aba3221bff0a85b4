// SPDX-License-Identifier: BSD-3-Clause
#include "cp/mapping_service.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "cp/debug.h"
#include "cp/ime_state.h"
#include "cp/log.h"
#include "cp/offpath.h"
#include "cp/priv.h"
#include "lib/mapping_msg.h"

// What is read ahead of a client: some hundred requests, which take a millisecond. A message is never
// longer than MAPPING_MSG_MAX, so that one that does not end (MAP-5) is no case of its own.
#define INPUT_MAX 16384

struct session {
	TAILQ_ENTRY(session) all;
	struct mapping_service *service;
	struct conn *conn;
	struct endpoint peer;
	unsigned int client; // index of its call manager
	uint64_t heard_ns;   // the last message that counts
	uint64_t requests, sent, failed;
	// Where in what was ever queued for it each response ends that has not left, oldest first.
	uint64_t queued, end[MAPPING_PENDING_MAX];
	bool end_fails[MAPPING_PENDING_MAX];
	unsigned int first, pending;
};

struct mapping_service {
	struct ime *ime;
	const struct config_mapping *cfg;
	TAILQ_HEAD(, session) sessions; // oldest first
	uint32_t *n_of;                 // sessions of each call manager
	char *key;                      // "": none
};

size_t mapping_service_secure_size(void)
{
	return priv_key_block(CONFIG_PASSWORD_MAX + 1);
}

int mapping_service_new(struct mapping_service **out, struct ime *ime)
{
	struct mapping_service *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return -ENOMEM;
	s->ime = ime;
	s->cfg = &ime->cfg->mapping;
	TAILQ_INIT(&s->sessions);
	s->n_of = calloc(ime->cfg->n_ucms, sizeof(*s->n_of));
	s->key = OPENSSL_secure_zalloc(CONFIG_PASSWORD_MAX + 1);
	if (s->n_of == NULL || s->key == NULL) {
		mapping_service_free(s);
		return -ENOMEM;
	}
	memcpy(s->key, s->cfg->key, sizeof(s->cfg->key));
	*out = s;
	return 0;
}

static void session_end(struct session *s)
{
	struct mapping_service *service = s->service;

	TAILQ_REMOVE(&service->sessions, s, all);
	service->n_of[s->client]--;
	debug_event(MAPPING_SERVICE, "session closed", log_endpoint("client", &s->peer),
		log_u64("requests", s->requests), log_u64("failed", s->failed));
	conn_free(s->conn);
	free(s);
}

void mapping_service_free(struct mapping_service *s)
{
	if (s == NULL)
		return;
	mapping_sessions_close(s);
	free(s->n_of);
	OPENSSL_secure_clear_free(s->key, CONFIG_PASSWORD_MAX + 1);
	free(s);
}

// ---- One request ---------------------------------------------------------------------------------

struct request {
	struct session *s;
	struct mapping_msg m;
	const char *reason; // why it failed
	enum counter_id why;
	uint16_t port;
};

static enum counter_id counter_of(enum mapping_error e)
{
	switch (e) {
	case MAPPING_UNAUTHORIZED:
		return CNT_MAPPING_UNAUTHORIZED;
	case MAPPING_FORBIDDEN:
		return CNT_MAPPING_FORBIDDEN;
	case MAPPING_UNKNOWN_ATTRIBUTE:
		return CNT_MAPPING_UNKNOWN_ATTRIBUTE;
	case MAPPING_FAMILY:
		return CNT_MAPPING_FAMILY;
	case MAPPING_TRANSPORT:
		return CNT_MAPPING_TRANSPORT;
	case MAPPING_QUOTA:
		return CNT_MAPPING_QUOTA;
	case MAPPING_NO_PORT:
		return CNT_MAPPING_NO_PORT;
	case MAPPING_INTERNAL:
		return CNT_MAPPING_INTERNAL;
	default:
		return CNT_MAPPING_BAD_REQUEST;
	}
}

static enum mapping_error bad(struct request *r, enum mapping_error e, const char *reason)
{
	r->reason = reason;
	return e;
}

// What does not depend on who asks, beside the key.
static enum mapping_error judge_message(
	struct request *r, const uint8_t *p, enum mapping_error read)
{
	const struct mapping_service *service = r->s->service;
	const struct str key = str_from(service->key);
	const struct mapping_msg *m = &r->m;

	if (read == MAPPING_BAD_REQUEST)
		return bad(r, read, "malformed");
	if (key.n > 0 && !mapping_msg_signed(p, m, key))
		return bad(r, MAPPING_UNAUTHORIZED,
			m->has_integrity ? "signed with another key" : "not signed");
	r->s->heard_ns = ime_now(service->ime);
	if (m->method != service->cfg->method)
		return bad(r, MAPPING_BAD_REQUEST, "another method");
	if (read == MAPPING_UNKNOWN_ATTRIBUTE)
		return bad(r, read, "unknown attribute that must be understood");
	if (read != MAPPING_OK)
		return bad(r, read, "unknown address family");
	if (ip_is_none(&m->remote.ip) || m->remote.port == 0)
		return bad(r, MAPPING_BAD_REQUEST, "no remote address and port");
	if (!ip_is_v4(&m->remote.ip))
		return bad(r, MAPPING_FAMILY, "IPv6");
	if (m->transport != 0 && m->transport != PROTO_TCP)
		return bad(r, MAPPING_TRANSPORT, "transport other than TCP");
	if (m->domain.n > 0 && !domain_valid(m->domain))
		return bad(r, MAPPING_BAD_REQUEST, "domain is no name");
	return MAPPING_OK;
}

// What stands for the remote.
static struct endpoint mapped(const struct request *r)
{
	return (struct endpoint){.ip = offpath_address(r->s->service->ime), .port = r->port};
}

static void tell_made(const struct request *r)
{
	const struct session *s = r->s;
	const struct endpoint at = mapped(r);

	count(&s->service->ime->counters, CNT_MAPPINGS_MADE);
	log_event(MAPPING_CREATED, log_endpoint("remote", &r->m.remote),
		log_endpoint("mapped", &at), log_ip("ucm", &s->peer.ip),
		r->m.domain.n > 0 ? log_str("domain", r->m.domain) : log_text("domain", NULL));
}

static enum mapping_error take(struct request *r, struct mapping_msg *answer)
{
	struct mapping_service *service = r->s->service;
	struct ime *ime = service->ime;

	switch (mapping_take(ime->mappings, &r->m.remote, r->s->client, ime_now(ime), &r->port)) {
	case MAPPING_OVER_QUOTA:
		return bad(r, MAPPING_QUOTA, "quota of the call manager is used up");
	case MAPPING_PORTS_FULL:
		return bad(r, MAPPING_NO_PORT, "every port of port-range is in use");
	case MAPPING_MADE:
		tell_made(r);
		break;
	case MAPPING_KEPT:
		break;
	}
	if (r->m.domain.n > 0 && mapping_set_domain(ime->mappings, r->port, r->m.domain) != 0)
		return bad(r, MAPPING_INTERNAL, "out of memory");
	answer->mapped = mapped(r);
	answer->lifetime_s = service->cfg->lifetime_s;
	return MAPPING_OK;
}

static enum mapping_error serve(
	struct request *r, const uint8_t *p, enum mapping_error read, struct mapping_msg *answer)
{
	struct ime *ime = r->s->service->ime;
	enum mapping_error e = judge_message(r, p, read);

	if (e != MAPPING_OK)
		return e;
	answer->has_lifetime = true;
	if (r->m.has_lifetime && r->m.lifetime_s == 0) {
		r->port = mapping_port(ime->mappings, &r->m.remote);
		answer->mapped = mapped(r);
		mapping_release(ime->mappings, &r->m.remote, r->s->client);
		return MAPPING_OK;
	}
	e = offpath_judge_remote(ime, &r->s->peer.ip, &r->m.remote, &r->reason);
	return e == MAPPING_OK ? take(r, answer) : e;
}

static void tell_failed(const struct request *r, enum mapping_error e)
{
	const struct session *s = r->s;

	count(&s->service->ime->counters, r->why);
	log_event_from(MAPPING_FAILED, &s->peer.ip, log_text("reason", r->reason),
		log_endpoint("remote", &r->m.remote), log_ip("ucm", &s->peer.ip),
		log_u64("answer", e), log_text("counter", counter_name(r->why)));
}

// ---- Responses -----------------------------------------------------------------------------------

// MAP-5: forgets the responses that have left.
static void settle(struct session *s)
{
	const uint64_t left = s->queued - conn_queued(s->conn);

	while (s->pending > 0 && s->end[s->first] <= left) {
		if (s->end_fails[s->first])
			s->failed++;
		else
			s->sent++;
		s->first = (s->first + 1) % MAPPING_PENDING_MAX;
		s->pending--;
	}
}

// False: the session has ended.
static bool respond(struct session *s, const struct mapping_msg *answer, bool is_pending)
{
	const bool fails = answer->class == MAPPING_ERROR;
	const struct str key =
		answer->code == MAPPING_UNAUTHORIZED ? STR_LIT("") : str_from(s->service->key);
	uint8_t buf[MAPPING_MSG_MAX];
	size_t n = mapping_msg_write(answer, key, buf, sizeof(buf));

	if (conn_send(s->conn, buf, n) != 0) {
		count(&s->service->ime->counters, CNT_CONN_OUTPUT_FULL);
		session_end(s);
		return false;
	}
	s->queued += n;
	if (is_pending) {
		const unsigned int i = (s->first + s->pending++) % MAPPING_PENDING_MAX;

		s->end[i] = s->queued;
		s->end_fails[i] = fails;
	} else {
		s->failed++;
	}
	return true;
}

// False: the session has ended.
static bool answer_request(struct request *r, const uint8_t *p, enum mapping_error read)
{
	struct session *s = r->s;
	struct mapping_msg answer = {.class = MAPPING_SUCCESS, .method = r->m.method};
	enum mapping_error e;
	bool is_pending;

	memcpy(answer.transaction, r->m.transaction, sizeof(answer.transaction));
	s->requests++;
	settle(s);
	is_pending = s->pending < MAPPING_PENDING_MAX;
	if (is_pending)
		e = serve(r, p, read, &answer);
	else
		e = bad(r, MAPPING_QUOTA, "too many requests at once");
	if (e != MAPPING_OK) {
		r->why = is_pending ? counter_of(e) : CNT_MAPPING_PENDING;
		tell_failed(r, e);
		answer.class = MAPPING_ERROR;
		answer.has_lifetime = false;
		answer.code = e;
		answer.reason = str_from(mapping_error_phrase(e));
		if (e == MAPPING_UNKNOWN_ATTRIBUTE) {
			memcpy(answer.unknown, r->m.unknown, sizeof(answer.unknown));
			answer.n_unknown = r->m.n_unknown;
		}
	}
	debug_event(MAPPING_SERVICE, "request answered", log_endpoint("client", &s->peer),
		log_endpoint("remote", &r->m.remote), log_u64("port", r->port),
		log_u64("error", e));
	return respond(s, &answer, is_pending);
}

// Any other class than a request's gets no answer (RFC 8489 6.3); an indication keeps alive.
static void hear(
	struct session *s, const struct mapping_msg *m, const uint8_t *p, enum mapping_error read)
{
	const struct str key = str_from(s->service->key);

	if (m->class == MAPPING_INDICATION && read == MAPPING_OK &&
		m->method == s->service->cfg->method &&
		(key.n == 0 || mapping_msg_signed(p, m, key)))
		s->heard_ns = ime_now(s->service->ime);
	else
		count(&s->service->ime->counters, CNT_MAPPING_STRAY);
}

// ---- Sessions ------------------------------------------------------------------------------------

// False: no whole message is there, or the session has ended.
static bool process_one(struct session *s)
{
	struct ime *ime = s->service->ime;
	struct str in = conn_input(s->conn);
	const uint8_t *p = (const uint8_t *)in.p;
	int n = mapping_msg_frame(p, in.n);
	struct request r = {.s = s};
	enum mapping_error read;

	if (n < 0) { // MAP-8
		count(&ime->counters, CNT_MAPPING_FRAMING);
		log_event_from(MAPPING_FAILED, &s->peer.ip,
			log_text("reason", "no STUN message, connection closed"),
			log_ip("ucm", &s->peer.ip),
			log_text("counter", counter_name(CNT_MAPPING_FRAMING)));
		session_end(s);
		return false;
	}
	if (n == 0)
		return false;
	if (conn_busy(s->conn)) { // who does not take answers asks no more questions
		conn_read(s->conn, false);
		return false;
	}
	read = mapping_msg_read(p, (size_t)n, &r.m);
	if (r.m.class != MAPPING_REQUEST)
		hear(s, &r.m, p, read);
	else if (!answer_request(&r, p, read))
		return false;
	conn_consume(s->conn, (size_t)n);
	return true;
}

static void on_input(struct conn *c, void *arg)
{
	while (process_one(arg)) {}
}

static void on_drained(struct conn *c, void *arg)
{
	conn_read(c, true);
	on_input(c, arg);
}

static void on_up(struct conn *c, void *arg)
{
}

static void on_closed(struct conn *c, enum counter_id why, const char *text, void *arg)
{
	struct session *s = arg;

	if (why == CNT_TLS_ON_TCP) // by its first octet
		count(&s->service->ime->counters, CNT_MAPPING_FRAMING);
	session_end(s);
}

static const struct conn_events events = {
	.up = on_up, .input = on_input, .drained = on_drained, .closed = on_closed};

static void refuse(struct ime *ime, int fd, const struct endpoint *peer, enum counter_id why)
{
	count(&ime->counters, why);
	log_event_from(MAPPING_FAILED, &peer->ip, log_text("reason", counter_help(why)),
		log_endpoint("client", peer), log_text("counter", counter_name(why)));
	close(fd);
}

void mapping_service_accept(struct mapping_service *service, int fd, const struct endpoint *peer)
{
	struct ime *ime = service->ime;
	struct conn_options o = {.base = ime->env.base,
		.fd = fd,
		.kind = CONN_TCP,
		.input_max = INPUT_MAX,
		.events = &events};
	struct session *s;
	int client = offpath_client(ime, &peer->ip);

	if (client < 0) {
		refuse(ime, fd, peer, CNT_MAPPING_NOT_UCM);
		return;
	}
	s = service->n_of[client] < MAPPING_SESSIONS_MAX ? calloc(1, sizeof(*s)) : NULL;
	if (s == NULL) {
		refuse(ime, fd, peer, CNT_MAPPING_SESSIONS_FULL);
		return;
	}
	*s = (struct session){.service = service,
		.peer = *peer,
		.client = (unsigned int)client,
		.heard_ns = ime_now(ime)};
	o.arg = s;
	if (conn_new(&s->conn, &o) != 0) {
		free(s);
		return;
	}
	service->n_of[client]++;
	TAILQ_INSERT_TAIL(&service->sessions, s, all);
	debug_event(MAPPING_SERVICE, "session opened", log_endpoint("client", peer));
}

static void close_idle(struct mapping_service *service, uint64_t now_ns)
{
	const uint64_t idle_ns = service->cfg->idle_s * 1000000000ull;
	struct session *s, *next;

	for (s = TAILQ_FIRST(&service->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, all);
		if (now_ns - s->heard_ns < idle_ns)
			continue;
		count(&service->ime->counters, CNT_MAPPING_SESSIONS_IDLE);
		session_end(s);
	}
}

void mapping_service_tick(struct mapping_service *service, uint64_t now_ns)
{
	const unsigned int over = mappings_expire(service->ime->mappings, now_ns);

	service->ime->counters.v[CNT_MAPPINGS_EXPIRED] += over;
	if (over > 0)
		debug_event(MAPPING_SERVICE, "mappings expired", log_u64("mappings", over));
	close_idle(service, now_ns);
}

void mapping_sessions_foreach(
	const struct mapping_service *service, mapping_session_fn *fn, void *arg)
{
	const uint64_t now_ns = ime_now(service->ime);
	struct session *s;

	TAILQ_FOREACH (s, &service->sessions, all) {
		settle(s);
		fn(&(struct mapping_session_info){.client = s->peer,
			   .requests = s->requests,
			   .sent = s->sent,
			   .failed = s->failed,
			   .pending = s->pending,
			   .idle_s = (now_ns - s->heard_ns) / 1000000000ull},
			arg);
	}
}

void mapping_sessions_clear(struct mapping_service *service)
{
	struct session *s;

	TAILQ_FOREACH (s, &service->sessions, all) {
		settle(s);
		s->requests = s->pending;
		s->sent = s->failed = 0;
	}
}

unsigned int mapping_sessions_close(struct mapping_service *service)
{
	struct session *s;
	unsigned int n = 0;

	while ((s = TAILQ_FIRST(&service->sessions)) != NULL) {
		session_end(s);
		n++;
	}
	return n;
}
