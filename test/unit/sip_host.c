// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/sip_host.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TURN_US 2000
#define TURNS   2500 // five seconds
#define IDLE    15

static void turn(struct event_base *base)
{
	const struct timeval t = {.tv_usec = TURN_US};

	event_base_loopexit(base, &t);
	event_base_dispatch(base);
}

void host_idle(struct event_base *base)
{
	for (int i = 0; i < IDLE; i++)
		turn(base);
}

void host_wait(struct event_base *base, const bool *flag, const char *what)
{
	for (int i = 0; i < TURNS && !*flag; i++)
		turn(base);
	if (!*flag)
		fail_msg("never came: %s", what);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct sip_host *h = arg;

	if ((what & BEV_EVENT_CONNECTED) != 0)
		h->up = true;
	else
		h->closed = true;
	if ((what & BEV_EVENT_ERROR) != 0)
		h->reset = EVUTIL_SOCKET_ERROR() == ECONNRESET;
}

static void watch(struct sip_host *h)
{
	bufferevent_setcb(h->bev, NULL, NULL, on_event, h);
	bufferevent_enable(h->bev, EV_READ | EV_WRITE);
}

void host_tcp(struct sip_host *h, struct event_base *base, int fd)
{
	*h = (struct sip_host){.base = base, .up = true};
	h->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	watch(h);
}

void host_tls(struct sip_host *h, struct event_base *base, int fd, bool server, const char *dir,
	const char *name, const char *ca)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	char path[512];

	*h = (struct sip_host){.base = base};
	SSL_CTX_set_security_level(ctx, 0); // what is weak is refused by the other side
	snprintf(path, sizeof(path), "%s/%s", dir, ca);
	assert_int_equal(SSL_CTX_load_verify_file(ctx, path), 1);
	if (name != NULL) {
		snprintf(path, sizeof(path), "%s/%s.crt", dir, name);
		assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, path), 1);
		snprintf(path, sizeof(path), "%s/%s.key", dir, name);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM), 1);
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	h->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	h->bev = bufferevent_openssl_socket_new(base, fd, h->ssl,
		server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
		BEV_OPT_CLOSE_ON_FREE);
	watch(h);
}

void host_close(struct sip_host *h)
{
	if (h->bev != NULL)
		bufferevent_free(h->bev);
	h->bev = NULL;
	h->up = false;
}

static void on_doomed(struct bufferevent *bev, void *arg)
{
	host_close(arg);
}

void host_close_on_next(struct sip_host *h)
{
	bufferevent_setcb(h->bev, on_doomed, NULL, on_event, h);
}

void host_send_raw(struct sip_host *h, const char *p, size_t n)
{
	assert_non_null(h->bev);
	bufferevent_write(h->bev, p, n);
}

// \n becomes CRLF.
static size_t crlf(const char *in, char *out, size_t size)
{
	size_t n = 0;

	for (; *in != '\0'; in++) {
		assert_true(n + 2 < size);
		if (*in == '\n')
			out[n++] = '\r';
		out[n++] = *in;
	}
	return n;
}

void host_send(struct sip_host *h, const char *head, const char *body)
{
	static char buf[65536];
	static char text[32768];
	size_t body_n = crlf(body, text, sizeof(text)), n = crlf(head, buf, sizeof(buf));

	n += (size_t)snprintf(buf + n, sizeof(buf) - n, "Content-Length: %zu\r\n\r\n", body_n);
	memcpy(buf + n, text, body_n);
	host_send_raw(h, buf, n + body_n);
}

static bool take_message(struct sip_host *h)
{
	struct evbuffer *in = bufferevent_get_input(h->bev);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	const char *length;
	size_t head, n;

	if (end.pos < 0)
		return false;
	head = (size_t)end.pos + 4;
	assert_true(head < sizeof(h->msg));
	evbuffer_copyout(in, h->msg, head);
	h->msg[head] = '\0';
	length = strcasestr(h->msg, "\r\nContent-Length:");
	assert_non_null(length);
	n = head + strtoul(strchr(length, ':') + 1, NULL, 10);
	if (evbuffer_get_length(in) < n)
		return false;
	assert_true(n < sizeof(h->msg));
	evbuffer_remove(in, h->msg, n);
	h->msg[n] = '\0';
	h->body = (struct str){h->msg + head, n - head};
	return true;
}

const char *host_expect(struct sip_host *h, const char *start)
{
	for (int i = 0; i < TURNS; i++) {
		if (h->bev != NULL && take_message(h)) {
			if (strncmp(h->msg, start, strlen(start)) != 0)
				fail_msg("expected %s, got %s", start, h->msg);
			return h->msg;
		}
		turn(h->base);
	}
	fail_msg("never came: %s", start);
	return NULL;
}

void host_expect_raw(struct sip_host *h, const char *octets)
{
	struct evbuffer *in = bufferevent_get_input(h->bev);
	size_t n = strlen(octets);
	char got[64];

	for (int i = 0; i < TURNS && evbuffer_get_length(in) < n; i++)
		turn(h->base);
	assert_int_equal(evbuffer_remove(in, got, n), n);
	assert_memory_equal(got, octets, n);
}

void host_expect_silence(struct sip_host *h)
{
	host_idle(h->base);
	if (h->bev != NULL && evbuffer_get_length(bufferevent_get_input(h->bev)) > 0) {
		take_message(h);
		fail_msg("expected silence, got %s", h->msg);
	}
}

void host_expect_closed(struct sip_host *h)
{
	host_wait(h->base, &h->closed, "the end of the connection");
}

void host_wait_up(struct sip_host *h)
{
	host_wait(h->base, &h->up, "the connection");
}

const char *host_header(struct sip_host *h, const char *name)
{
	static char value[1024];
	char key[64];
	const char *p, *end;

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	p = strstr(h->msg, key);
	if (p == NULL)
		fail_msg("no %s in %s", name, h->msg);
	p += strlen(key);
	end = strstr(p, "\r\n");
	assert_true((size_t)(end - p) < sizeof(value));
	memcpy(value, p, (size_t)(end - p));
	value[end - p] = '\0';
	return value;
}
