// SPDX-License-Identifier: BSD-3-Clause
// Transparent listeners and connections (cp/tsock.h).
#include "cp/tsock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cp/log.h"

#define BACKLOG 1024
// After so many new connections a listener pauses, so that a flood of them takes turns with the calls.
// It is more than the workers let through (dp/punt.c), so that none waits in the backlog for long; what
// costs is the handshake, and that has budgets of its own (cp/peers.h).
#define ACCEPT_BURST 64
#define PAUSE_MS     20
// Silence of a dead peer: noticed after 15 + 3 * 5 s idle, or 30 s with data unacknowledged. So the
// next call most likely finds it noticed (TLS-6).
#define KEEPALIVE_IDLE_S     15
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_PROBES     3
#define USER_TIMEOUT_MS      30000

struct tsock_listener {
	int fd;
	uint16_t iface;
	struct event *ready; // a connection waits
	struct event *pause; // ends a pause
	unsigned int budget; // connections until the next one
	tsock_accept_fn *fn;
	void *arg;
};

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

// What every connection gets.
static int set_options(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
		{IPPROTO_TCP, TCP_NODELAY, 1},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && err == 0; i++)
		err = set_int(fd, options[i].level, options[i].option, options[i].value);
	return err;
}

static struct endpoint endpoint_from(const struct sockaddr_in *sa)
{
	return (struct endpoint){
		.ip = ip_from_v4_be(sa->sin_addr.s_addr), .port = ntohs(sa->sin_port)};
}

static struct sockaddr_in sockaddr_from(const struct endpoint *e)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(e->port)};

	sa.sin_addr.s_addr = ip_to_v4_be(&e->ip);
	return sa;
}

// A new TCP socket that may use addresses nobody owns, bound to `local`.
static int socket_bound(const struct sockaddr_in *local)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int err;

	if (fd < 0)
		return -errno;
	err = set_int(fd, SOL_IP, IP_TRANSPARENT, 1);
	if (err == 0)
		err = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0)
		err = set_options(fd); // accepted connections inherit them
	// Without it a port is taken from all peers of this address at once.
	if (err == 0 && local->sin_port == 0)
		err = set_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (err == 0 && bind(fd, (const struct sockaddr *)local, sizeof(*local)) < 0)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

// Accepts one connection. 0: went on, or this one was lost; else -errno of the listener.
static int accept_one(struct tsock_listener *l)
{
	struct sockaddr_in peer, dst;
	socklen_t len = sizeof(peer);
	struct endpoint p, d;
	int fd;

	fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR || errno == EPROTO ? 0 : -errno;
	len = sizeof(dst);
	if (getsockname(fd, (struct sockaddr *)&dst, &len) < 0) {
		close(fd);
		return 0;
	}
	p = endpoint_from(&peer);
	d = endpoint_from(&dst);
	l->fn(fd, l->iface, &p, &d, l->arg);
	return 0;
}

// The burst is over, or descriptors or memory are used up: a ready event left on would spin.
static void pause_accept(struct tsock_listener *l)
{
	const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};

	event_del(l->ready);
	event_add(l->pause, &pause);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct tsock_listener *l = arg;

	while (l->budget > 0) {
		int err = accept_one(l);

		if (err == -EAGAIN)
			return;
		if (err < 0) {
			log_event(ACCEPT_FAILED, log_text("error", strerror(-err)));
			break;
		}
		l->budget--;
	}
	pause_accept(l);
}

static void on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	struct tsock_listener *l = arg;

	l->budget = ACCEPT_BURST;
	event_add(l->ready, NULL);
}

int tsock_listen(struct tsock_listener **out, struct event_base *base, uint16_t iface,
	tsock_accept_fn *fn, void *arg)
{
	const struct sockaddr_in local = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(TSOCK_PORT_BASE + iface)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct tsock_listener *l = calloc(1, sizeof(*l));
	int err = -ENOMEM;

	*out = NULL;
	if (l == NULL)
		return -ENOMEM;
	*l = (struct tsock_listener){.iface = iface, .fn = fn, .arg = arg};
	l->budget = ACCEPT_BURST;
	l->fd = socket_bound(&local);
	if (l->fd < 0) {
		err = l->fd;
		goto out;
	}
	if (listen(l->fd, BACKLOG) < 0) {
		err = -errno;
		goto out;
	}
	l->ready = event_new(base, l->fd, EV_READ | EV_PERSIST, on_ready, l);
	l->pause = evtimer_new(base, on_pause_end, l);
	if (l->ready == NULL || l->pause == NULL || event_add(l->ready, NULL) < 0)
		goto out;
	*out = l;
	return 0;
out:
	tsock_listener_close(l);
	return err;
}

void tsock_listener_close(struct tsock_listener *l)
{
	if (l == NULL)
		return;
	if (l->pause != NULL)
		event_free(l->pause);
	if (l->ready != NULL)
		event_free(l->ready);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

// One attempt from exactly `src` (port 0: any).
static int connect_from(const struct endpoint *src, const struct endpoint *dst)
{
	const struct sockaddr_in local = sockaddr_from(src), peer = sockaddr_from(dst);
	int fd = socket_bound(&local);
	int err;

	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&peer, sizeof(peer)) < 0 && errno != EINPROGRESS) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int tsock_connect(const struct endpoint *src, const struct endpoint *dst)
{
	const struct endpoint any_port = {.ip = src->ip};
	int fd;

	if (!ip_is_v4(&src->ip) || !ip_is_v4(&dst->ip))
		return -EAFNOSUPPORT;
	fd = connect_from(src, dst);
	// The port is bound by another, or this very pair of endpoints is in use.
	if ((fd == -EADDRINUSE || fd == -EADDRNOTAVAIL) && src->port != 0)
		fd = connect_from(&any_port, dst);
	return fd;
}

uint16_t tsock_port(int fd)
{
	struct sockaddr_in a = {0};
	socklen_t n = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &n) == 0 ? ntohs(a.sin_port) : 0;
}
