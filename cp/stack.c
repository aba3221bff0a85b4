// SPDX-License-Identifier: BSD-3-Clause
// Builds the private network stack, step by step. Called by cp/main.c.
#include "cp/stack.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/netns.h"
#include "cp/nft.h"
#include "cp/rtnl.h"
#include "cp/tap.h"
#include "cp/tsock.h"
#include "dp/dp.h"

#define LOCAL_TABLE 100

struct stack {
	size_t n;
	struct tap *taps[CONFIG_IFACES_MAX];
	unsigned int ifindexes[CONFIG_IFACES_MAX];
};

// One TAP: the device's MAC, the interface's MTU and address.
static int add_iface(struct stack *s, struct rtnl *r, const struct config_iface *c)
{
	uint16_t i = (uint16_t)s->n;
	struct tap *t;
	uint8_t mac[6];
	int err;

	err = tap_open(&t, c->name);
	if (err < 0)
		return err;
	s->taps[i] = t;
	s->ifindexes[i] = tap_ifindex(t);
	s->n++;
	err = dp_iface_mac(i, mac);
	if (err == 0)
		err = rtnl_link_set(r, s->ifindexes[i], mac, c->mtu);
	if (err == 0)
		err = rtnl_link_up(r, s->ifindexes[i]);
	if (err == 0)
		err = rtnl_addr_add(r, s->ifindexes[i], &c->ip, &c->subnet);
	if (err == 0)
		err = rtnl_rule_iif(r, tap_name(t), LOCAL_TABLE);
	return err;
}

static int add_ifaces(
	struct stack *s, struct rtnl *r, const struct config *c, char *err, size_t err_size)
{
	for (size_t i = 0; i < c->n_ifaces; i++) {
		int e = add_iface(s, r, &c->ifaces[i]);

		if (e < 0) {
			snprintf(err, err_size, "set up the TAP of interface %s: %s",
				c->ifaces[i].name, strerror(-e));
			return e;
		}
	}
	return 0;
}

static int fail_route(
	const struct config_route *rt, int e, const char *what, char *err, size_t err_size)
{
	char text[IP_TEXT_MAX + 4];

	snprintf(err, err_size, "%s the route to %s: %s", what, prefix_format(&rt->dst, text),
		strerror(-e));
	return e;
}

static int add_routes(
	struct stack *s, struct rtnl *r, const struct config *c, char *err, size_t err_size)
{
	for (size_t i = 0; i < c->n_routes; i++) {
		const struct config_route *rt = &c->routes[i];
		int e = rtnl_route_set(r, s->ifindexes[rt->iface], &rt->dst, &rt->gateway);

		if (e < 0)
			return fail_route(rt, e, "add", err, err_size);
	}
	return 0;
}

static bool leads_to(const struct config *c, const struct prefix *dst)
{
	for (size_t i = 0; i < c->n_routes; i++)
		if (c->routes[i].dst.len == dst->len && ip_eq(&c->routes[i].dst.ip, &dst->ip))
			return true;
	return false;
}

// Those of `was` that no route of `is` has replaced.
static int remove_routes(struct stack *s, struct rtnl *r, const struct config *was,
	const struct config *is, char *err, size_t err_size)
{
	for (size_t i = 0; i < was->n_routes; i++) {
		const struct config_route *rt = &was->routes[i];
		int e = leads_to(is, &rt->dst)
			? 0
			: rtnl_route_del(r, s->ifindexes[rt->iface], &rt->dst, &rt->gateway);

		if (e < 0 && e != -ESRCH)
			return fail_route(rt, e, "remove", err, err_size);
	}
	return 0;
}

int stack_set_routes(struct stack *s, const struct config *was, const struct config *is, char *err,
	size_t err_size)
{
	struct rtnl *r;
	int e = rtnl_open(&r);

	if (e < 0)
		snprintf(err, err_size, "open rtnetlink: %s", strerror(-e));
	if (e == 0)
		e = add_routes(s, r, is, err, err_size);
	if (e == 0)
		e = remove_routes(s, r, was, is, err, err_size);
	rtnl_close(r);
	return e;
}

static int add_rules(struct stack *s, const struct config *c, char *err, size_t err_size)
{
	struct nft_iface ifaces[CONFIG_IFACES_MAX];

	for (size_t i = 0; i < s->n; i++)
		ifaces[i] = (struct nft_iface){
			.ifindex = s->ifindexes[i],
			.ip = c->ifaces[i].ip,
			.listener = (uint16_t)(TSOCK_PORT_BASE + i),
		};
	for (size_t i = 0; i < c->n_imes; i++) {
		const struct config_mapping *m = &c->imes[i].mapping;

		if (!m->on || m->listening_iface >= s->n)
			continue;
		ifaces[m->listening_iface].service = m->listening_port;
		ifaces[m->listening_iface].first = m->first_port;
		ifaces[m->listening_iface].last = m->last_port;
	}
	return nft_install(ifaces, s->n, err, err_size);
}

static int build(struct stack *s, const struct config *c, char *err, size_t err_size)
{
	struct rtnl *r = NULL;
	int e = rtnl_open(&r);

	if (e == 0)
		e = rtnl_link_up(r, if_nametoindex("lo"));
	if (e == 0)
		e = rtnl_local_table(r, LOCAL_TABLE);
	if (e < 0)
		snprintf(err, err_size, "prepare the namespace: %s", strerror(-e));
	if (e == 0)
		e = add_rules(s, c, err, err_size); // default drop before the first interface
	if (e == 0)
		e = add_ifaces(s, r, c, err, err_size);
	if (e == 0)
		e = add_routes(s, r, c, err, err_size);
	if (e == 0)
		e = add_rules(s, c, err, err_size);
	rtnl_close(r);
	return e;
}

int stack_open(struct stack **out, const struct config *c, char *err, size_t err_size)
{
	struct stack *s = calloc(1, sizeof(*s));
	int e;

	*out = NULL;
	if (s == NULL) {
		snprintf(err, err_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	e = netns_enter(err, err_size);
	if (e == 0)
		e = build(s, c, err, err_size);
	if (e < 0) {
		stack_close(s);
		return e;
	}
	*out = s;
	return 0;
}

void stack_close(struct stack *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		tap_close(s->taps[i]);
	free(s);
}

size_t stack_n_ifaces(const struct stack *s)
{
	return s->n;
}

struct tap *stack_tap(struct stack *s, size_t iface)
{
	return s->taps[iface];
}

const unsigned int *stack_ifindexes(const struct stack *s)
{
	return s->ifindexes;
}
