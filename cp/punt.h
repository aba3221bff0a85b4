// SPDX-License-Identifier: BSD-3-Clause
// The control thread's half of the punt path (design.md section 2, point 2): moves frames between
// the workers' rings and the TAPs, and hands out the workers' messages. Workers make no system
// calls, so nothing wakes the control thread: a timer looks at the rings. Control thread only.
#pragma once

#include <event2/event.h>
#include <stdint.h>

struct dp_msg;
struct exhausted;
struct netlink;
struct stack;
struct punt;

// Starts moving; `stack` and `nl` must outlive it. Returns -errno.
int punt_new(struct punt **out, struct event_base *base, struct stack *stack, struct netlink *nl);
void punt_free(struct punt *p); // accepts NULL

// Who hears of flows refused for want of a port or a session: DP_MSG_NAT_PORTS, DP_MSG_SESSION_FULL.
void punt_on_exhausted(struct punt *p, struct exhausted *x);

// Has what workers tell of flows logged: DP_MSG_CONN_LIMIT, DP_MSG_SPOOF, and what access lists want told. Both outlive
// it.
struct acl_log;
struct config;
void punt_on_flows(struct punt *p, const struct config *c, struct acl_log *l);

// Who hears what workers tell of media: DP_MSG_MEDIA_GONE and DP_MSG_MEDIA_KEY.
typedef void punt_media_fn(const struct dp_msg *m, void *arg);
void punt_on_media(struct punt *p, punt_media_fn *fn, void *arg);
