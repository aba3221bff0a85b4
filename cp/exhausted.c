// SPDX-License-Identifier: BSD-3-Clause
// See cp/exhausted.h. Called by cp/punt.c.
#include "cp/exhausted.h"

#include <errno.h>
#include <stdlib.h>

#define QUIET_S 60

struct exhausted {
	const struct config *c;
	uint64_t (*mono_ns)(void);
	struct event *nat_quiet, *sess_quiet;
};

static void on_nat_quiet(evutil_socket_t fd, short what, void *arg)
{
	exhausted_quiet(arg, ALARM_NAT_PORTS);
}

static void on_sess_quiet(evutil_socket_t fd, short what, void *arg)
{
	exhausted_quiet(arg, ALARM_SESSION_FULL);
}

int exhausted_new(struct exhausted **out, struct event_base *base, const struct config *c,
	uint64_t (*mono_ns)(void))
{
	struct exhausted *x = calloc(1, sizeof(*x));

	*out = NULL;
	if (x == NULL)
		return -ENOMEM;
	*x = (struct exhausted){.c = c,
		.mono_ns = mono_ns,
		.nat_quiet = evtimer_new(base, on_nat_quiet, x),
		.sess_quiet = evtimer_new(base, on_sess_quiet, x)};
	if (x->nat_quiet == NULL || x->sess_quiet == NULL) {
		exhausted_free(x);
		return -ENOMEM;
	}
	*out = x;
	return 0;
}

void exhausted_free(struct exhausted *x)
{
	if (x == NULL)
		return;
	if (x->nat_quiet != NULL)
		event_free(x->nat_quiet);
	if (x->sess_quiet != NULL)
		event_free(x->sess_quiet);
	free(x);
}

static uint32_t line_of(const struct config *c, uint32_t rule)
{
	for (size_t i = 0; i < c->n_nat; i++)
		if (c->nat[i].id == rule)
			return c->nat[i].line;
	return 0;
}

void exhausted_refused(struct exhausted *x, const struct dp_msg *m)
{
	static const struct timeval quiet = {.tv_sec = QUIET_S};

	if (m->type == DP_MSG_NAT_PORTS) {
		alarm_raise(ALARM_NAT_PORTS, x->mono_ns(),
			"the nat on line %u of the configuration has no port or address left, new "
			"flows are refused",
			line_of(x->c, m->nat.rule));
		event_add(x->nat_quiet, &quiet);
	} else {
		alarm_raise(ALARM_SESSION_FULL, x->mono_ns(),
			"the session table is full (sessions-max %u), new flows are refused, old "
			"ones go on",
			x->c->sessions_max);
		event_add(x->sess_quiet, &quiet);
	}
}

void exhausted_quiet(struct exhausted *x, enum alarm_id alarm)
{
	alarm_clear(alarm, x->mono_ns());
}
