// SPDX-License-Identifier: BSD-3-Clause
// callgated with an echo server in the place of the UC-IME proxy: shows that the punt path carries
// connections, and to whom they were meant. "accepted IFACE PEER DST" on standard output for each.
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "cp/netlink.h"
#include "cp/policy.h"
#include "cp/punt.h"
#include "cp/stack.h"
#include "cp/tsock.h"
#include "dp/dp.h"

static void on_accept(
	int fd, uint16_t iface, const struct endpoint *peer, const struct endpoint *dst, void *arg)
{
	char p[ENDPOINT_TEXT_MAX], d[ENDPOINT_TEXT_MAX], buf[256];
	ssize_t n;

	printf("accepted %u %s %s\n", iface, endpoint_format(peer, ':', p),
		endpoint_format(dst, ':', d));
	fflush(stdout);
	if (fork() == 0) {
		fcntl(fd, F_SETFL, 0);
		while ((n = read(fd, buf, sizeof(buf))) > 0 && write(fd, buf, (size_t)n) == n)
			;
		_exit(0);
	}
	close(fd);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	event_base_loopbreak(arg);
}

int main(int argc, char **argv)
{
	struct tsock_listener *listeners[CONFIG_IFACES_MAX];
	struct event_config *ec = event_config_new();
	struct config_errors errs;
	struct netlink *netlink;
	struct event_base *base;
	struct dp_options o;
	struct policy *policy;
	struct stack *stack;
	struct config *c;
	struct punt *punt;
	char err[512] = "";

	if (argc != 2 || config_load(argv[1], &c, &errs) < 0)
		return 2;
	signal(SIGCHLD, SIG_IGN);
	event_config_set_flag(ec, EVENT_BASE_FLAG_PRECISE_TIMER); // as the daemon
	base = event_base_new_with_config(ec);
	if (policy_options(c, &o, err, sizeof(err)) < 0 || policy_new(&policy, c) < 0 ||
		dp_start(&o, err, sizeof(err)) < 0 || stack_open(&stack, c, err, sizeof(err)) < 0 ||
		netlink_new(&netlink, base, c, stack_ifindexes(stack)) < 0 ||
		punt_new(&punt, base, stack, netlink) < 0 ||
		dp_apply(policy_rules(policy), err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	policy_trust(c);
	for (size_t i = 0; i < c->n_ifaces; i++)
		if (tsock_listen(&listeners[i], base, (uint16_t)i, on_accept, NULL) < 0)
			return 1;
	event_add(evsignal_new(base, SIGTERM, on_signal, base), NULL);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(base);
	dp_stop();
	return 0;
}
