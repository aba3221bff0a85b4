// SPDX-License-Identifier: BSD-3-Clause
// See cp/nat_ports.h. Called by cp/punt.c.
#include "cp/nat_ports.h"

#include <errno.h>
#include <stdlib.h>

#include "cp/alarm.h"

#define QUIET_S 60

struct nat_ports {
	const struct config *c;
	uint64_t (*mono_ns)(void);
	struct event *quiet;
};

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
	nat_ports_quiet(arg);
}

int nat_ports_new(struct nat_ports **out, struct event_base *base, const struct config *c,
	uint64_t (*mono_ns)(void))
{
	struct nat_ports *n = calloc(1, sizeof(*n));

	*out = NULL;
	if (n == NULL)
		return -ENOMEM;
	*n = (struct nat_ports){.c = c, .mono_ns = mono_ns};
	n->quiet = evtimer_new(base, on_quiet, n);
	if (n->quiet == NULL) {
		nat_ports_free(n);
		return -ENOMEM;
	}
	*out = n;
	return 0;
}

void nat_ports_free(struct nat_ports *n)
{
	if (n == NULL)
		return;
	if (n->quiet != NULL)
		event_free(n->quiet);
	free(n);
}

static uint32_t line_of(const struct config *c, uint32_t rule)
{
	for (size_t i = 0; i < c->n_nat; i++)
		if (c->nat[i].id == rule)
			return c->nat[i].line;
	return 0;
}

void nat_ports_refused(struct nat_ports *n, uint32_t rule)
{
	static const struct timeval quiet = {.tv_sec = QUIET_S};

	alarm_raise(ALARM_NAT_PORTS, n->mono_ns(),
		"the nat on line %u of the configuration has no port or address left, new flows "
		"are refused",
		line_of(n->c, rule));
	event_add(n->quiet, &quiet);
}

void nat_ports_quiet(struct nat_ports *n)
{
	alarm_clear(ALARM_NAT_PORTS, n->mono_ns());
}
