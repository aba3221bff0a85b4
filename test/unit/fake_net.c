// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/fake_net.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX 32

struct tsock_listener {
	unsigned int proxy;
	uint16_t iface;
	tsock_accept_fn *fn;
	void *arg;
};

static struct tsock_listener *listeners[MAX];
static struct {
	struct prefix prefix;
	unsigned int proxy;
	uint16_t iface;
} routes[MAX];
static struct {
	struct endpoint at;
	fake_net_host_fn *fn;
	void *arg;
} hosts[MAX];
static size_t n_routes;
static unsigned int proxy_now;

struct endpoint fake_net_last_source;

void fake_net_reset(void)
{
	n_routes = 0;
	memset(hosts, 0, sizeof(hosts));
}

void fake_net_proxy(unsigned int proxy)
{
	proxy_now = proxy;
}

void fake_net_route(const char *prefix, unsigned int proxy, uint16_t iface)
{
	assert(prefix_parse(str_from(prefix), &routes[n_routes].prefix));
	routes[n_routes].proxy = proxy;
	routes[n_routes].iface = iface;
	n_routes++;
}

void fake_net_host(const char *ip, uint16_t port, fake_net_host_fn *fn, void *arg)
{
	for (size_t i = 0; i < MAX; i++) {
		if (hosts[i].fn != NULL)
			continue;
		hosts[i].at = ep(ip, port);
		hosts[i].fn = fn;
		hosts[i].arg = arg;
		return;
	}
	abort();
}

void fake_net_host_down(const char *ip, uint16_t port)
{
	struct endpoint at = ep(ip, port);

	for (size_t i = 0; i < MAX; i++) {
		if (endpoint_eq(&hosts[i].at, &at))
			hosts[i].fn = NULL;
	}
}

// Two ends of a TCP connection over loopback.
static void tcp_pair(int fd[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert(l >= 0 && bind(l, (struct sockaddr *)&a, len) == 0 && listen(l, 1) == 0);
	assert(getsockname(l, (struct sockaddr *)&a, &len) == 0);
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(connect(fd[0], (struct sockaddr *)&a, len) == 0);
	fd[1] = accept(l, NULL, NULL);
	assert(fd[1] >= 0);
	close(l);
	for (int i = 0; i < 2; i++)
		evutil_make_socket_nonblocking(fd[i]);
}

// Never accepts: its queue is full.
static int silent[2] = {-1, -1};

static void silence(int fd, const struct endpoint *peer, void *arg)
{
}

static int connect_unanswered(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd;

	if (silent[0] < 0) {
		silent[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert(bind(silent[0], (struct sockaddr *)&a, len) == 0);
		assert(listen(silent[0], 0) == 0);
		assert(getsockname(silent[0], (struct sockaddr *)&a, &len) == 0);
		silent[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert(connect(silent[1], (struct sockaddr *)&a, len) == 0);
	}
	assert(getsockname(silent[0], (struct sockaddr *)&a, &len) == 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert(connect(fd, (struct sockaddr *)&a, len) < 0 && errno == EINPROGRESS);
	return fd;
}

void fake_net_host_silent(const char *ip, uint16_t port)
{
	fake_net_host(ip, port, silence, NULL);
}

int fake_net_connect(unsigned int proxy, uint16_t iface, const char *src_ip, uint16_t src_port,
	const char *dst_ip, uint16_t dst_port)
{
	struct endpoint src = ep(src_ip, src_port);
	struct endpoint dst = ep(dst_ip, dst_port);
	int fd[2];

	tcp_pair(fd);
	for (size_t i = 0; i < MAX; i++) {
		struct tsock_listener *l = listeners[i];

		if (l != NULL && l->proxy == proxy && l->iface == iface) {
			l->fn(fd[1], iface, &src, &dst, l->arg);
			return fd[0];
		}
	}
	abort();
}

int tsock_listen(struct tsock_listener **out, struct event_base *base, uint16_t iface,
	tsock_accept_fn *fn, void *arg)
{
	struct tsock_listener *l = malloc(sizeof(*l));

	*l = (struct tsock_listener){proxy_now, iface, fn, arg};
	for (size_t i = 0; i < MAX; i++) {
		if (listeners[i] == NULL) {
			listeners[i] = *out = l;
			return 0;
		}
	}
	abort();
}

void tsock_listener_close(struct tsock_listener *l)
{
	for (size_t i = 0; i < MAX; i++) {
		if (listeners[i] == l)
			listeners[i] = NULL;
	}
	free(l);
}

static struct tsock_listener *listener_toward(const struct ip_addr *ip)
{
	for (size_t i = 0; i < n_routes; i++) {
		if (!prefix_has(&routes[i].prefix, ip))
			continue;
		for (size_t k = 0; k < MAX; k++) {
			if (listeners[k] != NULL && listeners[k]->proxy == routes[i].proxy &&
				listeners[k]->iface == routes[i].iface)
				return listeners[k];
		}
	}
	return NULL;
}

int tsock_connect(const struct endpoint *src, const struct endpoint *dst)
{
	struct tsock_listener *l;
	int fd[2];

	fake_net_last_source = *src;
	for (size_t i = 0; i < MAX; i++) {
		if (hosts[i].fn == silence && endpoint_eq(&hosts[i].at, dst))
			return connect_unanswered();
		if (hosts[i].fn != NULL && endpoint_eq(&hosts[i].at, dst)) {
			tcp_pair(fd);
			hosts[i].fn(fd[1], src, hosts[i].arg);
			return fd[0];
		}
	}
	l = listener_toward(&dst->ip);
	if (l == NULL)
		return -ECONNREFUSED;
	tcp_pair(fd);
	l->fn(fd[1], l->iface, src, dst, l->arg);
	return fd[0];
}

uint16_t tsock_port(int fd)
{
	return FAKE_NET_PORT;
}
