// SPDX-License-Identifier: BSD-3-Clause
// Transparent TCP sockets in the control plane's private network namespace (design.md section 2,
// points 3 and 4): listeners that accept for addresses nobody owns, and connections that leave
// from them. Control thread only, after netns_enter().
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "lib/addr.h"

// The listener of interface i is bound to this port + i of 127.0.0.1, where only the packet rules
// of the namespace (cp/nft.c) lead.
#define TSOCK_PORT_BASE 15060

struct tsock_listener;

// A connection was accepted on `iface`. `dst` is the original destination as it was on the wire.
// The callee owns `fd` (non-blocking, close-on-exec, no delay, keepalive and TCP_USER_TIMEOUT set).
typedef void tsock_accept_fn(
	int fd, uint16_t iface, const struct endpoint *peer, const struct endpoint *dst, void *arg);

// Listens for every inspected connection that arrives on one interface. Returns -errno.
int tsock_listen(struct tsock_listener **out, struct event_base *base, uint16_t iface,
	tsock_accept_fn *fn, void *arg);
void tsock_listener_close(struct tsock_listener *l); // accepts NULL

// Starts a non-blocking connect to `dst` from address `src`: its port first when it is not 0, any
// port of that address when it is taken. Returns the descriptor or -errno; success or failure of
// the connect itself shows as writability, as usual.
int tsock_connect(const struct endpoint *src, const struct endpoint *dst);

// The port that a connection of ours leaves from; 0: not known.
uint16_t tsock_port(int fd);
