// SPDX-License-Identifier: BSD-3-Clause
// Moves punted frames between the workers' rings and the TAPs. Called by the event loop.
#include "cp/punt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cp/acl_log.h"
#include "cp/exhausted.h"
#include "cp/flow_log.h"
#include "cp/log.h"
#include "cp/netlink.h"
#include "cp/stack.h"
#include "cp/tap.h"
#include "dp/dp.h"

// How often the rings are looked at: at once again while a turn did not empty them, quickly for
// a while after traffic, seldom when nothing comes.
#define TICK_BUSY_US   500
#define TICK_IDLE_US   2000
#define BUSY_FOR_TICKS 1000
// Work per turn, so that TLS and timers get theirs.
#define FRAMES_PER_TURN   128
#define MESSAGES_PER_TURN 256
#define ACL_LOGS_PER_TURN 32

// A TAP's readability, per interface.
struct port {
	struct punt *punt;
	struct event *ready;
	struct tap *tap;
	uint16_t iface;
};

struct punt {
	struct event *tick;
	struct netlink *nl;
	unsigned int busy_ticks; // until the slow pace
	punt_media_fn *media;
	void *media_arg;
	struct exhausted *exhausted;
	const struct config *flows;
	struct acl_log *acl_log;
	size_t n_ports;
	struct port ports[DP_IFACES_MAX];
};

static void on_message(struct punt *p, const struct dp_msg *m)
{
	switch (m->type) {
	case DP_MSG_NEIGH_MISS:
		netlink_miss(p->nl, m->neigh.iface, &m->neigh.ip, m->neigh.urgent);
		break;
	case DP_MSG_MEDIA_GONE:
	case DP_MSG_MEDIA_KEY:
		if (p->media != NULL)
			p->media(m, p->media_arg);
		break;
	case DP_MSG_NAT_PORTS:
	case DP_MSG_SESSION_FULL:
		if (p->exhausted != NULL)
			exhausted_refused(p->exhausted, m);
		break;
	case DP_MSG_CONN_LIMIT:
		if (p->flows != NULL)
			flow_log_limit(p->flows, &m->limit);
		break;
	case DP_MSG_SPOOF:
		if (p->flows != NULL)
			flow_log_spoof(p->flows, &m->spoof);
		break;
	default:
		log_event(WORKER_MESSAGE, log_u64("type", m->type));
	}
}

static unsigned int move_messages(struct punt *p)
{
	struct dp_msg m;
	unsigned int n = 0;

	while (n < MESSAGES_PER_TURN && dp_recv(&m) > 0) {
		on_message(p, &m);
		n++;
	}
	return n;
}

static void move_acl_logs(struct punt *p)
{
	struct dp_acl_log r;

	for (int i = 0; i < ACL_LOGS_PER_TURN && p->acl_log != NULL && dp_acl_log_recv(&r) > 0; i++)
		acl_log_take(p->acl_log, &r);
}

// Wire to kernel.
static unsigned int move_frames(struct punt *p)
{
	static uint8_t frame[DP_FRAME_MAX]; // the event loop is one thread
	unsigned int n = 0;
	uint16_t iface;
	size_t len;
	int err;

	while (n < FRAMES_PER_TURN) {
		len = dp_punt_recv(frame, sizeof(frame), &iface);
		if (len == 0)
			break;
		n++;
		if (iface >= p->n_ports)
			continue;
		err = tap_write(p->ports[iface].tap, frame, len);
		if (err < 0)
			log_event(TAP_WRITE, log_text("device", tap_name(p->ports[iface].tap)),
				log_u64("octets", len), log_text("error", strerror(-err)));
	}
	return n;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct punt *p = arg;
	unsigned int messages = move_messages(p), frames = move_frames(p);
	struct timeval next = {.tv_usec = TICK_IDLE_US};

	move_acl_logs(p);
	if (messages + frames > 0)
		p->busy_ticks = BUSY_FOR_TICKS;
	else if (p->busy_ticks > 0)
		p->busy_ticks--;
	if (messages == MESSAGES_PER_TURN || frames == FRAMES_PER_TURN)
		next.tv_usec = 0;
	else if (p->busy_ticks > 0)
		next.tv_usec = TICK_BUSY_US;
	event_add(p->tick, &next);
}

// Kernel to wire. A frame that the ring does not take is lost as on any wire; dp counts it.
static void on_frame(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t frame[DP_FRAME_MAX]; // the event loop is one thread
	struct port *port = arg;

	port->punt->busy_ticks = BUSY_FOR_TICKS; // an answer may follow
	for (int i = 0; i < FRAMES_PER_TURN; i++) {
		ssize_t n = tap_read(port->tap, frame, sizeof(frame));

		if (n == 0)
			return;
		if (n < 0) {
			log_event(TAP_READ, log_text("device", tap_name(port->tap)),
				log_text("error", strerror((int)-n)));
			return;
		}
		dp_punt_send(port->iface, frame, (size_t)n);
	}
}

static int add_port(struct punt *p, struct event_base *base, struct tap *tap)
{
	struct port *port = &p->ports[p->n_ports];

	*port = (struct port){.punt = p, .tap = tap, .iface = (uint16_t)p->n_ports};
	port->ready = event_new(base, tap_fd(tap), EV_READ | EV_PERSIST, on_frame, port);
	if (port->ready == NULL)
		return -ENOMEM;
	p->n_ports++;
	return event_add(port->ready, NULL) < 0 ? -ENOMEM : 0;
}

int punt_new(struct punt **out, struct event_base *base, struct stack *stack, struct netlink *nl)
{
	const struct timeval first = {.tv_usec = TICK_BUSY_US};
	struct punt *p = calloc(1, sizeof(*p));
	int err = p == NULL ? -ENOMEM : 0;

	*out = NULL;
	for (size_t i = 0; err == 0 && i < stack_n_ifaces(stack); i++)
		err = add_port(p, base, stack_tap(stack, i));
	if (err == 0) {
		p->nl = nl;
		p->tick = evtimer_new(base, on_tick, p);
		err = p->tick == NULL || event_add(p->tick, &first) < 0 ? -ENOMEM : 0;
	}
	if (err < 0) {
		punt_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void punt_free(struct punt *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_ports; i++)
		event_free(p->ports[i].ready);
	if (p->tick != NULL)
		event_free(p->tick);
	free(p);
}

void punt_on_exhausted(struct punt *p, struct exhausted *x)
{
	p->exhausted = x;
}

void punt_on_flows(struct punt *p, const struct config *c, struct acl_log *l)
{
	p->flows = c;
	p->acl_log = l;
}

void punt_on_media(struct punt *p, punt_media_fn *fn, void *arg)
{
	p->media = fn;
	p->media_arg = arg;
}
