// SPDX-License-Identifier: BSD-3-Clause
// A network for tests of the proxy without a private namespace: tsock_listen() and tsock_connect()
// over loopback TCP, where every address is what the test says it is. Two proxies may stand side by
// side, and hosts beside them.
#pragma once

#include <event2/event.h>

#include "cp/tsock.h"

// Listeners made from now on belong to this proxy (0, 1, ...).
void fake_net_proxy(unsigned int proxy);

// Addresses of this prefix lie behind (or at) this interface of this proxy, for connections that
// proxies open; the first match wins.
void fake_net_route(const char *prefix, unsigned int proxy, uint16_t iface);

// A host that accepts at an address; `fn` gets a non-blocking descriptor.
typedef void fake_net_host_fn(int fd, const struct endpoint *peer, void *arg);
void fake_net_host(const char *ip, uint16_t port, fake_net_host_fn *fn, void *arg);
// A host that says nothing to a SYN.
void fake_net_host_silent(const char *ip, uint16_t port);
// It no longer accepts.
void fake_net_host_down(const char *ip, uint16_t port);

// A host connects through this interface of this proxy. Returns its descriptor.
int fake_net_connect(unsigned int proxy, uint16_t iface, const char *src_ip, uint16_t src_port,
	const char *dst_ip, uint16_t dst_port);

// What tsock_port() says of every connection.
#define FAKE_NET_PORT 40000

// Source of the last tsock_connect().
extern struct endpoint fake_net_last_source;

void fake_net_reset(void);
