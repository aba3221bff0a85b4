// SPDX-License-Identifier: BSD-3-Clause
// A connection passes through one step before its bufferevent exists: a connect that is under way
// becomes writable, or an accepted TLS connection shows a whole ClientHello, which is looked at where it
// is, in the kernel's buffer.
#include "cp/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cp/tls.h"

// Content types of TLS (RFC 8446 5.1); SIP begins with none of them.
#define TLS_ALERT_RECORD     0x15
#define TLS_HANDSHAKE_RECORD 0x16
// The head of a record and, in it, of a handshake message (RFC 8446 5.1, 4).
#define RECORD_HEAD    5
#define MESSAGE_HEAD   4
#define RECORD_MAX     16384
#define CLIENT_HELLO   1
#define LEGACY_VERSION 3 // the major one of every version

struct conn {
	struct conn_options o;
	struct event *first; // the step before the bufferevent
	struct event *deadline;
	struct bufferevent *bev;
	SSL *ssl; // owned by bev
	bool up, busy, finishing, reading, seen;
	int awaited;           // octets of the ClientHello that the kernel wakes us for
	unsigned int controls; // see CONN_CONTROL_MAX
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

	if (c->o.kind == CONN_TLS_SERVER && c->first != NULL)
		close_with(c, CNT_TLS_HELLO_TIMEOUT, "no whole ClientHello");
	else if (c->o.kind != CONN_TCP && (c->bev != NULL || !c->o.connecting))
		close_with(c, CNT_TLS_TIMEOUT, "timed out");
	else
		close_with(c, CNT_CONN_OPEN_FAILED, "timed out");
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
	if (c->controls > CONN_CONTROL_MAX)
		why = CNT_TLS_CONTROL_FLOOD;
	else if (c->ssl != NULL && !c->up)
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

// What a peer may ask of TLS itself once it is up: KeyUpdate, and renegotiation, which is refused with
// an alert. OpenSSL works through a whole receive buffer of them in one call, so that call must end.
static void on_control(
	int is_write, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
	struct conn *c = arg;
	bool asked = is_write == 0 ? type == SSL3_RT_HANDSHAKE : type == SSL3_RT_ALERT;

	if (!c->up || !asked || ++c->controls != CONN_CONTROL_MAX + 1)
		return;
	SSL_set0_rbio(ssl, BIO_new(BIO_s_null())); // the peer's octets end here
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
			SSL_set_msg_callback(c->ssl, on_control);
			SSL_set_msg_callback_arg(c->ssl, c);
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

static bool connected(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (!c->o.connecting)
		return true;
	getsockopt(c->o.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err != 0)
		close_with(c, CNT_CONN_OPEN_FAILED, evutil_socket_error_to_string(err));
	return err == 0;
}

static void on_first(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (!connected(c))
		return;
	event_free(c->first);
	c->first = NULL;
	if (start(c) != 0)
		close_with(c, CNT_CONN_OPEN_FAILED, "out of memory");
	else if (c->o.kind == CONN_TCP)
		set_up(c);
}

// How many octets the peer's first record has, of which `n` have come: at first as many as tell.
// -1: it is no ClientHello, or one in several records, which nobody sends.
static int hello_size(const uint8_t *p, size_t n)
{
	size_t record = n >= RECORD_HEAD ? (size_t)p[3] << 8 | p[4] : 0, message;

	if (n < RECORD_HEAD + MESSAGE_HEAD)
		return RECORD_HEAD + MESSAGE_HEAD;
	message = (size_t)p[6] << 16 | (size_t)p[7] << 8 | p[8];
	if (p[1] != LEGACY_VERSION || p[5] != CLIENT_HELLO || record > RECORD_MAX ||
		record < MESSAGE_HEAD + message)
		return -1;
	return (int)(RECORD_HEAD + record);
}

static void on_hello(evutil_socket_t fd, short what, void *arg)
{
	uint8_t head[RECORD_HEAD + MESSAGE_HEAD];
	ssize_t n = recv(fd, head, sizeof(head), MSG_PEEK);
	struct conn *c = arg;
	int size, have = 0;

	if (n <= 0) {
		close_with(c, CNT_NONE, "closed before the handshake");
		return;
	}
	if (head[0] != TLS_HANDSHAKE_RECORD) {
		close_with(c, CNT_TCP_ON_TLS, "no TLS where TLS is required");
		return;
	}
	size = hello_size(head, (size_t)n);
	if (size < 0) {
		close_with(c, CNT_TLS_HELLO, "no ClientHello in one record");
		return;
	}
	ioctl(fd, FIONREAD, &have);
	// Woken for fewer than asked for: it has closed, or the kernel is short of memory.
	if (have < size && c->awaited != size) {
		c->awaited = size;
		setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &size, sizeof(size));
		event_add(c->first, NULL);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &(int){1}, sizeof(int));
	event_free(c->first);
	c->first = NULL;
	event_add(c->deadline, &(struct timeval){.tv_sec = CONN_SETUP_S});
	c->o.events->hello(c, c->o.arg);
}

int conn_new(struct conn **out, const struct conn_options *o)
{
	bool hello = o->kind == CONN_TLS_SERVER;
	const struct timeval setup = {.tv_sec = o->setup_s != 0 ? o->setup_s
			: hello                                 ? CONN_HELLO_S
								: CONN_SETUP_S};
	const struct timeval at_once = {0};
	struct conn *c = calloc(1, sizeof(*c));
	bool plain_accepted = o->kind == CONN_TCP && !o->connecting;

	if (c == NULL) {
		close(o->fd);
		return -ENOMEM;
	}
	c->o = *o;
	if (o->tls != NULL)
		SSL_CTX_up_ref(o->tls); // a reload may let go of it before the handshake begins
	c->reading = true;
	c->deadline = evtimer_new(o->base, on_deadline, c);
	if (plain_accepted)
		c->first = evtimer_new(o->base, on_first, c);
	else
		c->first = event_new(
			o->base, o->fd, hello ? EV_READ : EV_WRITE, hello ? on_hello : on_first, c);
	if (c->deadline == NULL || c->first == NULL) {
		conn_free(c);
		return -ENOMEM;
	}
	event_add(c->deadline, &setup);
	event_add(c->first, plain_accepted ? &at_once : NULL);
	*out = c;
	return 0;
}

int conn_handshake(struct conn *c)
{
	event_add(c->deadline, &(struct timeval){.tv_sec = CONN_SETUP_S});
	return start(c);
}

void conn_set_owner(struct conn *c, const struct conn_events *events, void *arg)
{
	c->o.events = events;
	c->o.arg = arg;
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
	SSL_CTX_free(c->o.tls);
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

size_t conn_queued(const struct conn *c)
{
	return c->bev != NULL ? evbuffer_get_length(bufferevent_get_output(c->bev)) : 0;
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
