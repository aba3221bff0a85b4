// SPDX-License-Identifier: BSD-3-Clause
#include "cp/ucm_link.h"

#include <errno.h>

#include "cp/conn.h"
#include "cp/ime_state.h"

#define INPUT_MAX 65536 // of an answer

static void on_up(struct conn *c, void *arg)
{
	struct ucm_link *l = arg;

	l->events->up(l->arg);
}

static void on_input(struct conn *c, void *arg)
{
	struct ucm_link *l = arg;

	for (;;) {
		struct str in = conn_input(c);
		enum sip_reason why;
		size_t len = 0;

		switch (in.n > 0 ? sip_frame_next(&l->frame, in, &len, &why) : SIP_FRAME_MORE) {
		case SIP_FRAME_MORE:
			return;
		case SIP_FRAME_ERROR: // what was asked will find no answer
			conn_read(c, false);
			return;
		case SIP_FRAME_MESSAGE:
			l->events->message(l->arg, (struct str){in.p, len});
			break;
		default:
			break;
		}
		conn_consume(c, len);
	}
}

static void on_closed(struct conn *c, enum counter_id why, const char *text, void *arg)
{
	struct ucm_link *l = arg;

	l->events->closed(l->arg, text);
}

static void on_drained(struct conn *c, void *arg)
{
}

static const struct conn_events conn_events = {
	.up = on_up, .input = on_input, .drained = on_drained, .closed = on_closed};

// Toward call managers of secure trunks we are the client of the proxy for calls in.
static SSL_CTX *inside_tls(const struct ime *ime)
{
	const struct config *c = ime->config;

	for (size_t i = 0; i < c->n_inspects; i++) {
		int proxy = c->inspects[i].tls_proxy;

		if (c->tls_proxies[proxy].outside == TLS_SERVER &&
			pki_tls(ime->pki, TLS_CLIENT, (size_t)proxy) != NULL)
			return pki_tls(ime->pki, TLS_CLIENT, (size_t)proxy);
	}
	return NULL;
}

bool ucm_link_can_be_secure(const struct ime *ime)
{
	return inside_tls(ime) != NULL;
}

int ucm_link_open(struct ucm_link *l, struct ime *ime, const struct endpoint *at, bool secure,
	const struct ucm_link_events *events, void *arg)
{
	const struct sip_limits limits = {INPUT_MAX / 2, INPUT_MAX / 2, .tolerant = true};
	int iface = config_iface_toward(ime->config, &at->ip);
	struct conn_options o = {
		.base = ime->env.base,
		.connecting = true,
		.kind = secure ? CONN_TLS_CLIENT : CONN_TCP,
		.tls = secure ? inside_tls(ime) : NULL, // in force now
		.setup_s = ime->cfg->ping.timeout_s,
		.input_max = INPUT_MAX,
		.events = &conn_events,
		.arg = l,
	};

	*l = (struct ucm_link){.events = events, .arg = arg};
	if (iface < 0 || (secure && o.tls == NULL))
		return -EHOSTUNREACH;
	l->us.ip = ime->config->ifaces[iface].ip;
	if (ime->env.resolve != NULL)
		ime->env.resolve(ime->env.resolve_arg, (uint16_t)iface, &at->ip);
	o.fd = tsock_connect(&l->us, at);
	if (o.fd < 0)
		return o.fd;
	l->us.port = tsock_port(o.fd);
	sip_frame_init(&l->frame, &limits);
	return conn_new(&l->conn, &o);
}

void ucm_link_close(struct ucm_link *l)
{
	conn_free(l->conn);
	l->conn = NULL;
}

bool ucm_link_is_up(const struct ucm_link *l)
{
	return l->conn != NULL && conn_is_up(l->conn);
}

void ucm_link_send(struct ucm_link *l, const char *p, size_t n)
{
	conn_send(l->conn, p, n);
}
