// SPDX-License-Identifier: BSD-3-Clause
// A connection passes through one step before its bufferevent exists: a connect that is under way
// becomes writable, or an accepted TLS connection shows its first octet (TLS-2). All of it is
// under one deadline.
#include "cp/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cp/tls.h"

// Content types of TLS (RFC 8446 5.1); SIP begins with none of them.
#define TLS_ALERT_RECORD     0x15
#define TLS_HANDSHAKE_RECORD 0x16

struct conn {
	struct conn_options o;
	struct event *first; // the step before the bufferevent
	struct event *deadline;
	struct bufferevent *bev;
	SSL *ssl; // owned by bev
	bool up, busy, finishing, reading, seen;
};

static void close_with(struct conn *c, enum counter_id why, const char *text)
{
	if (c->finishing)
		conn_free(c);
	else
		c->o.events->closed(c, why, text, c->o.arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	bool tls = c->o.kind != CONN_TCP && (c->bev != NULL || !c->o.connecting);

	close_with(c, tls ? CNT_TLS_TIMEOUT : CNT_CONN_OPEN_FAILED, "timed out");
}

static void set_up(struct conn *c)
{
	c->up = true;
	event_del(c->deadline);
	c->o.events->up(c, c->o.arg);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (c->finishing) {
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
		return;
	}
	if (!c->seen && c->o.kind == CONN_TCP) {
		uint8_t first = (uint8_t)conn_input(c).p[0];

		c->seen = true;
		// A TLS server answers our SIP with an alert.
		if (first == TLS_HANDSHAKE_RECORD || first == TLS_ALERT_RECORD) {
			close_with(c, CNT_TLS_ON_TCP, "TLS where TCP is configured");
			return;
		}
	}
	c->o.events->input(c, c->o.arg);
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (c->finishing) {
		conn_free(c);
		return;
	}
	if (c->busy) {
		c->busy = false;
		c->o.events->drained(c, c->o.arg);
	}
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;
	char text[160] = "closed";
	enum counter_id why = CNT_NONE;

	if ((what & BEV_EVENT_CONNECTED) != 0) { // the handshake is done
		set_up(c);
		return;
	}
	if (c->ssl != NULL && !c->up)
		why = tls_failure(c->ssl, bufferevent_get_openssl_error(bev), text, sizeof(text));
	else if (c->ssl != NULL && (what & BEV_EVENT_ERROR) != 0)
		why = tls_failure(c->ssl, bufferevent_get_openssl_error(bev), text, sizeof(text));
	else if ((what & BEV_EVENT_ERROR) != 0)
		snprintf(text, sizeof(text), "%s",
			evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	// A TLS 1.3 server judges our certificate after we are up; its alert is no orderly end. An
	// error that TLS has no words for is a reset connection.
	if (c->up && why == CNT_TLS_FAILED)
		why = CNT_NONE;
	close_with(c, why, text);
}

static int start(struct conn *c)
{
	if (c->o.kind == CONN_TCP) {
		c->bev = bufferevent_socket_new(c->o.base, c->o.fd, BEV_OPT_CLOSE_ON_FREE);
	} else {
		c->ssl = SSL_new(c->o.tls);
		if (c->ssl == NULL)
			return -ENOMEM;
		c->bev = bufferevent_openssl_socket_new(c->o.base, c->o.fd, c->ssl,
			c->o.kind == CONN_TLS_SERVER ? BUFFEREVENT_SSL_ACCEPTING
						     : BUFFEREVENT_SSL_CONNECTING,
			BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
		if (c->bev == NULL) {
			SSL_free(c->ssl);
			c->ssl = NULL;
		} else {
			bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
		}
	}
	if (c->bev == NULL)
		return -ENOMEM;
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, c->o.input_max);
	bufferevent_setwatermark(c->bev, EV_WRITE, CONN_OUTPUT_BUSY / 4, 0);
	bufferevent_enable(c->bev, EV_WRITE | (c->reading ? EV_READ : 0));
	return 0;
}

static bool first_step_ok(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);
	uint8_t octet;
	ssize_t n;

	if (c->o.connecting) {
		getsockopt(c->o.fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err != 0)
			close_with(c, CNT_CONN_OPEN_FAILED, evutil_socket_error_to_string(err));
		return err == 0;
	}
	if (c->o.kind == CONN_TCP)
		return true;
	n = recv(c->o.fd, &octet, 1, MSG_PEEK);
	if (n == 1 && octet == TLS_HANDSHAKE_RECORD)
		return true;
	if (n == 1)
		close_with(c, CNT_TCP_ON_TLS, "no TLS where TLS is required");
	else
		close_with(c, CNT_NONE, "closed before the handshake");
	return false;
}

static void on_first(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (!first_step_ok(c))
		return;
	event_free(c->first);
	c->first = NULL;
	if (start(c) != 0)
		close_with(c, CNT_CONN_OPEN_FAILED, "out of memory");
	else if (c->o.kind == CONN_TCP)
		set_up(c);
}

int conn_new(struct conn **out, const struct conn_options *o)
{
	const struct timeval setup = {.tv_sec = o->setup_s != 0 ? o->setup_s : CONN_SETUP_S};
	const struct timeval at_once = {0};
	struct conn *c = calloc(1, sizeof(*c));
	bool plain_accepted = o->kind == CONN_TCP && !o->connecting;

	if (c == NULL) {
		close(o->fd);
		return -ENOMEM;
	}
	c->o = *o;
	c->reading = true;
	c->deadline = evtimer_new(o->base, on_deadline, c);
	if (plain_accepted)
		c->first = evtimer_new(o->base, on_first, c);
	else
		c->first =
			event_new(o->base, o->fd, o->connecting ? EV_WRITE : EV_READ, on_first, c);
	if (c->deadline == NULL || c->first == NULL) {
		conn_free(c);
		return -ENOMEM;
	}
	event_add(c->deadline, &setup);
	event_add(c->first, plain_accepted ? &at_once : NULL);
	*out = c;
	return 0;
}

void conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	if (c->first != NULL)
		event_free(c->first);
	if (c->deadline != NULL)
		event_free(c->deadline);
	if (c->ssl != NULL && c->up)
		SSL_shutdown(c->ssl);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	else
		close(c->o.fd);
	free(c);
}

void conn_reset(struct conn *c)
{
	static const struct linger at_once = {.l_onoff = 1};

	setsockopt(c->o.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	c->up = false;
	conn_free(c);
}

void conn_finish(struct conn *c)
{
	const struct timeval wait = {.tv_sec = CONN_FINISH_S};

	if (c == NULL)
		return;
	if (!c->up || evbuffer_get_length(bufferevent_get_output(c->bev)) == 0) {
		conn_free(c);
		return;
	}
	c->finishing = true;
	bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
	event_add(c->deadline, &wait);
}

bool conn_is_up(const struct conn *c)
{
	return c != NULL && c->up;
}

bool conn_busy(const struct conn *c)
{
	return c->busy;
}

const SSL *conn_ssl(const struct conn *c)
{
	return c->ssl;
}

struct str conn_input(struct conn *c)
{
	struct evbuffer *in;
	size_t n;

	if (c->bev == NULL)
		return (struct str){NULL, 0};
	in = bufferevent_get_input(c->bev);
	n = evbuffer_get_length(in);
	return (struct str){(const char *)evbuffer_pullup(in, -1), n};
}

void conn_consume(struct conn *c, size_t n)
{
	evbuffer_drain(bufferevent_get_input(c->bev), n);
}

void conn_read(struct conn *c, bool on)
{
	c->reading = on;
	if (c->bev == NULL)
		return;
	if (on)
		bufferevent_enable(c->bev, EV_READ);
	else
		bufferevent_disable(c->bev, EV_READ);
}

int conn_send(struct conn *c, const void *p, size_t n)
{
	size_t queued;

	if (bufferevent_write(c->bev, p, n) != 0)
		return -ENOMEM;
	queued = evbuffer_get_length(bufferevent_get_output(c->bev));
	if (queued > CONN_OUTPUT_MAX)
		return -ENOBUFS;
	if (queued > CONN_OUTPUT_BUSY)
		c->busy = true;
	return 0;
}
