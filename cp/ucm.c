// SPDX-License-Identifier: BSD-3-Clause
// One connection per call manager is kept for the questions; its end between two of them means
// nothing. See cp/ucm.h.
#include "cp/ucm.h"

#include <stdio.h>
#include <stdlib.h>

#include "cp/alarm.h"
#include "cp/debug.h"
#include "cp/ime_state.h"
#include "cp/inspect.h"
#include "cp/log.h"
#include "cp/ucm_link.h"

#define S_NS    1000000000ull
#define RETRY_S 1u // after a miss

struct ucm {
	struct ucms *all;
	const struct config_ucm *cfg;
	struct endpoint at;
	uint16_t iface;
	struct ucm_link link;
	bool asking;
	bool fresh;  // the connection was opened for this question
	bool spoken; // it has answered OPTIONS before
	unsigned int misses;
	enum ucm_state state;
	uint64_t asked_ns, next_ns, since_ns, heard_ns;
	uint32_t answer_ms, cseq;
	uint64_t refers;
	char token[REPLY_TAG_MAX]; // of the Call-ID
	char text[128];
};

struct ucms {
	struct ime *ime;
	size_t n;
	struct ucm one[];
};

// ---- Up and down -------------------------------------------------------------------------------

static void tell_alarms(struct ucms *us, const struct ucm *u, uint64_t now_ns)
{
	char at[ENDPOINT_TEXT_MAX];
	size_t down = 0;

	for (size_t i = 0; i < us->n; i++)
		down += us->one[i].state == UCM_DOWN;
	if (down == 0)
		alarm_clear(ALARM_UCM_DOWN, now_ns);
	else if (u->state == UCM_DOWN)
		alarm_raise(ALARM_UCM_DOWN, now_ns, "call manager %s: %s",
			endpoint_format(&u->at, ':', at), u->text);
	if (down < us->n)
		alarm_clear(ALARM_UCM_NONE, now_ns);
	else
		alarm_raise(ALARM_UCM_NONE, now_ns, "none of %zu call managers answers", us->n);
}

static void turn(struct ucm *u, enum ucm_state state, const char *text, uint64_t now_ns)
{
	snprintf(u->text, sizeof(u->text), "%s", text);
	if (u->state == state)
		return;
	u->state = state;
	u->since_ns = now_ns;
	if (state == UCM_DOWN)
		log_event(UCM_DOWN, log_endpoint("peer", &u->at), log_text("detail", text));
	else
		log_event(UCM_UP, log_endpoint("peer", &u->at), log_text("detail", text));
	tell_alarms(u->all, u, now_ns);
}

static void hang_up(struct ucm *u)
{
	ucm_link_close(&u->link);
}

static void alive(struct ucm *u, const char *text, uint64_t now_ns)
{
	u->asking = false;
	u->misses = 0;
	u->next_ns = now_ns + u->all->ime->cfg->ping.interval_s * S_NS;
	debug_event(TIMERS, "call manager answers", log_endpoint("ucm", &u->at),
		log_u64("after_ms", (now_ns - u->asked_ns) / 1000000),
		log_u64("again_s", u->all->ime->cfg->ping.interval_s));
	turn(u, UCM_UP, text, now_ns);
}

static void missed(struct ucm *u, const char *text, uint64_t now_ns)
{
	hang_up(u);
	u->asking = false;
	u->next_ns = now_ns + RETRY_S * S_NS;
	debug_error(TIMERS, "call manager missed", log_endpoint("ucm", &u->at),
		log_text("detail", text), log_u64("misses", u->misses + 1),
		log_u64("again_s", RETRY_S));
	if (++u->misses >= u->all->ime->cfg->ping.retries)
		turn(u, UCM_DOWN, text, now_ns);
}

// ---- The question ------------------------------------------------------------------------------

static void send_options(struct ucm *u)
{
	const char *transport = u->cfg->secure ? "TLS" : "TCP",
		   *param = u->cfg->secure ? "tls" : "tcp";
	const struct config_iface *iface = &u->all->ime->config->ifaces[u->iface];
	char us[IP_TEXT_MAX], at[ENDPOINT_TEXT_MAX], text[1024];
	int n;

	ip_format(&iface->ip, us);
	endpoint_format(&u->at, ':', at);
	// As call managers ping one another, with Max-Forwards 0: it goes no further.
	n = snprintf(text, sizeof(text),
		"OPTIONS sip:%s;transport=%s SIP/2.0\r\n"
		"Via: SIP/2.0/%s %s;branch=z9hG4bK%s%u\r\n"
		"From: <sip:%s>;tag=%s\r\nTo: <sip:%s>\r\nCall-ID: %s@%s\r\nCSeq: %u OPTIONS\r\n"
		"Contact: <sip:%s;transport=%s>\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n",
		at, param, transport, us, u->token, u->cseq, us, u->token, at, u->token, us,
		u->cseq, us, param);
	ucm_link_send(&u->link, text, (size_t)n);
}

static void on_up(void *arg)
{
	send_options(arg);
}

// What else it says on this connection is no answer.
static void on_message(void *arg, struct str bytes)
{
	struct ucm *u = arg;
	struct ime *ime = u->all->ime;
	struct sip_msg *m = &ime->scratch->msg;
	uint64_t now_ns = ime_now(ime);
	bool tidied;

	if (!u->asking || inspect_read(ime, SIDE_INSIDE, bytes, &tidied) != SIP_OK || m->request ||
		m->status < 200 || m->method != SIP_OPTIONS || m->cseq != u->cseq ||
		!str_has_prefix(m->call_id, str_from(u->token)))
		return;
	u->spoken = true;
	u->heard_ns = now_ns;
	u->answer_ms = (uint32_t)((now_ns - u->asked_ns) / 1000000);
	alive(u, "", now_ns);
}

// A call manager that takes the connection may have no ear for OPTIONS from us. Only one that has
// answered before is missed.
static void unanswered(struct ucm *u, const char *text, uint64_t now_ns)
{
	bool up = u->fresh && ucm_link_is_up(&u->link);

	hang_up(u);
	if (up && !u->spoken)
		alive(u, "takes connections, answers no OPTIONS: let its trunk to us do so",
			now_ns);
	else
		missed(u, text, now_ns);
}

static void ask(struct ucm *u, uint64_t now_ns);

static void on_closed(void *arg, const char *text)
{
	struct ucm *u = arg;

	if (!u->asking)
		hang_up(u); // tired of an idle connection
	else if (u->fresh)
		unanswered(u, text, ime_now(u->all->ime));
	else { // it has been restarted: on a new one
		hang_up(u);
		ask(u, ime_now(u->all->ime));
	}
}

static const struct ucm_link_events events = {
	.up = on_up, .message = on_message, .closed = on_closed};

static void ask(struct ucm *u, uint64_t now_ns)
{
	int err = 0;

	u->asking = true;
	u->asked_ns = now_ns;
	u->cseq++;
	u->fresh = u->link.conn == NULL;
	if (u->fresh)
		err = ucm_link_open(&u->link, u->all->ime, &u->at, u->cfg->secure, &events, u);
	else
		send_options(u);
	if (err < 0)
		missed(u, strerror(-err), now_ns);
}

void ucms_tick(struct ucms *us, uint64_t now_ns)
{
	uint64_t limit_ns = us->ime->cfg->ping.timeout_s * S_NS;

	for (size_t i = 0; i < us->n; i++) {
		struct ucm *u = &us->one[i];

		if (u->state == UCM_UNWATCHED)
			continue;
		if (u->asking && now_ns - u->asked_ns >= limit_ns)
			unanswered(u, "no answer to OPTIONS", now_ns);
		if (!u->asking && now_ns >= u->next_ns)
			ask(u, now_ns);
	}
}

// ---- The table ---------------------------------------------------------------------------------

struct ucms *ucms_new(struct ime *ime)
{
	const struct config_ime *cfg = ime->cfg;
	struct ucms *us = calloc(1, sizeof(*us) + cfg->n_ucms * sizeof(us->one[0]));

	if (us == NULL)
		return NULL;
	us->ime = ime;
	us->n = cfg->n_ucms;
	for (size_t i = 0; i < us->n; i++) {
		struct ucm *u = &us->one[i];
		int iface = config_iface_toward(ime->config, &cfg->ucms[i].ip);

		u->all = us;
		u->cfg = &cfg->ucms[i];
		u->at = (struct endpoint){.ip = u->cfg->ip, .port = u->cfg->port};
		u->iface = (uint16_t)(iface < 0 ? 0 : iface);
		u->since_ns = ime_now(ime);
		if (cfg->ping.interval_s > 0 && u->at.port != 0 && iface >= 0 &&
			(!u->cfg->secure || ucm_link_can_be_secure(ime)))
			u->state = UCM_UNKNOWN;
		reply_tag(u->token);
	}
	return us;
}

void ucms_free(struct ucms *us)
{
	if (us == NULL)
		return;
	for (size_t i = 0; i < us->n; i++)
		hang_up(&us->one[i]);
	free(us);
}

static struct ucm *find(const struct ucms *us, const struct ip_addr *ip)
{
	for (size_t i = 0; i < us->n; i++) {
		if (ip_eq(&us->one[i].at.ip, ip))
			return (struct ucm *)&us->one[i];
	}
	return NULL;
}

bool ucms_down(const struct ucms *us, const struct ip_addr *ip)
{
	const struct ucm *u = find(us, ip);

	return u != NULL && u->state == UCM_DOWN;
}

void ucms_suspect(struct ucms *us, const struct ip_addr *ip, uint64_t now_ns)
{
	struct ucm *u = find(us, ip);

	if (u != NULL && u->next_ns > now_ns)
		u->next_ns = now_ns;
}

void ucms_refer_sent(struct ucms *us, const struct ip_addr *ip)
{
	struct ucm *u = find(us, ip);

	if (u != NULL)
		u->refers++;
}

void ucms_refers_clear(struct ucms *us)
{
	for (size_t i = 0; i < us->n; i++)
		us->one[i].refers = 0;
}

void ucms_foreach(const struct ucms *us, ucm_visit_fn *fn, void *arg)
{
	for (size_t i = 0; i < us->n; i++) {
		const struct ucm *u = &us->one[i];

		fn(
			&(struct ucm_info){
				.at = u->at,
				.secure = u->cfg->secure,
				.state = u->state,
				.text = u->text,
				.since_ns = u->since_ns,
				.heard_ns = u->heard_ns,
				.answer_ms = u->answer_ms,
				.refers = u->refers,
			},
			arg);
	}
}

const char *ucm_state_name(enum ucm_state s)
{
	static const char *const names[] = {
		[UCM_UNWATCHED] = "not watched",
		[UCM_UNKNOWN] = "unknown",
		[UCM_UP] = "up",
		[UCM_DOWN] = "down",
	};

	return names[s];
}
