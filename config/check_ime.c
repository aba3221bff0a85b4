// SPDX-License-Identifier: BSD-3-Clause
// What UC-IME needs beyond its own keys (protocol.md 9.2). Called at the end of config/load.c;
// what has been found faulty before is passed over.
#include <stdlib.h>

#include "config/check.h"
#include "lib/steer.h"

static bool media_is_twice(const struct config *c, size_t mta, size_t index)
{
	const struct ip_addr *ip = &c->mtas[mta].addrs[index].ip;

	for (size_t m = 0; m <= mta; m++)
		for (size_t i = 0; i < (m == mta ? index : c->mtas[m].n_addrs); i++)
			if (ip_eq(&c->mtas[m].addrs[i].ip, ip))
				return true;
	return false;
}

// Whether an interface's subnet has the address as a host's; a global one only must not be the
// edge of one.
static bool subnet_takes(const struct config_iface *f, const struct ip_addr *ip, bool global)
{
	if (f->subnet.len == 0) // told already
		return true;
	if (!prefix_has(&f->subnet, ip))
		return global;
	return !address_is_edge(&f->subnet, ip);
}

// CLI-5: an unused address, of the interface's subnet unless it is global.
static void check_media_addr(struct loader *l, const struct node *n, size_t mta, size_t index)
{
	const struct config_media_addr *a = &l->c->mtas[mta].addrs[index];
	char use[ADDRESS_USE_MAX], expected[ADDRESS_USE_MAX + 64], subnet[ENDPOINT_TEXT_MAX];
	bool global = node_get(n, "interface") == NULL;

	if ((!global && a->iface >= l->c->n_ifaces) || ip_is_none(&a->ip))
		return;
	for (size_t i = global ? 0 : a->iface; i < (global ? l->c->n_ifaces : a->iface + 1u); i++) {
		if (subnet_takes(&l->c->ifaces[i], &a->ip, global))
			continue;
		snprintf(expected, sizeof(expected), "a host of the interface's subnet %s (CLI-5)",
			prefix_format(&l->c->ifaces[i].subnet, subnet));
		fault_expected(l, node_get(n, "address"), expected);
		return;
	}
	if (address_in_use(l, global ? NAT_IFACE_ANY : a->iface, &a->ip, use)) {
		snprintf(expected, sizeof(expected), "an unused address: it is %s (CLI-5)", use);
		fault_expected(l, node_get(n, "address"), expected);
	} else if (media_is_twice(l->c, mta, index)) {
		fault_expected(
			l, node_get(n, "address"), "an address of its own: it stands here twice");
	}
}

// 9.1: global or per interface, never mixed.
static void check_media_kind(struct loader *l, const struct node *addresses)
{
	bool global = false, bound = false;

	for (const struct node *a = node_at(addresses, 0); a != NULL; a = a->next) {
		if (a->kind != NODE_MAP)
			continue;
		global |= node_get(a, "interface") == NULL;
		bound |= node_get(a, "interface") != NULL;
		if (!global || !bound)
			continue;
		fault(l, a,
			"found addresses with and without an interface, expected one kind: "
			"without one an address serves all interfaces");
		return;
	}
}

// Lists each global address once for every interface.
static void expand_media(struct loader *l, const struct node *addresses, struct config_mta *m)
{
	const struct node *a = node_at(addresses, 0);
	struct config_media_addr *all;
	size_t n = 0;

	if (m->n_addrs == 0 || l->c->n_ifaces == 0)
		return;
	all = calloc(m->n_addrs * l->c->n_ifaces, sizeof(*all));
	if (all == NULL) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < m->n_addrs; i++, a = a->next) {
		bool global = a->kind == NODE_MAP && node_get(a, "interface") == NULL;

		if (!global)
			all[n++] = m->addrs[i];
		for (uint16_t f = 0; global && f < l->c->n_ifaces; f++)
			all[n++] = (struct config_media_addr){
				.iface = f, .ip = m->addrs[i].ip, .global = true};
	}
	free(m->addrs);
	m->addrs = all;
	m->n_addrs = n;
}

// Every worker needs ports of its own slice (lib/steer.h), or its calls could have none.
static void check_ports(struct loader *l, const struct node *n, const struct config_mta *m)
{
	bool has[WORKERS_MAX] = {false};

	if (m->rtp_min_port == 0 || m->rtp_max_port == 0)
		return;
	if (m->rtp_min_port >= m->rtp_max_port) {
		fault(l, n,
			"found rtp-min-port %u and rtp-max-port %u, expected min below max "
			"(CLI-6)",
			m->rtp_min_port, m->rtp_max_port);
		return;
	}
	if (l->c->n_workers == 0)
		return;
	for (uint32_t p = m->rtp_min_port; p < m->rtp_max_port; p++)
		if (p % 2 == 0)
			has[steer_port_owner((uint16_t)p, l->c->n_workers)] = true;
	for (unsigned int w = 0; w < l->c->n_workers; w++)
		if (!has[w]) {
			fault(l, n,
				"found ports %u to %u, which leave worker %u without any, "
				"expected at least %u ports per worker",
				m->rtp_min_port, m->rtp_max_port, w, 1U << STEER_BLOCK_SHIFT);
			return;
		}
}

static void check_media(struct loader *l)
{
	const struct node *n = node_at(node_get(l->root, "media-termination"), 0);

	for (size_t m = 0; m < l->c->n_mtas; m++, n = n->next) {
		const struct node *addresses = node_get(n, "addresses");
		const struct node *a = node_at(addresses, 0);

		for (size_t i = 0; i < l->c->mtas[m].n_addrs; i++, a = a->next)
			check_media_addr(l, a, m, i);
		check_media_kind(l, addresses);
		check_ports(l, n, &l->c->mtas[m]);
	}
	n = node_at(node_get(l->root, "media-termination"), 0);
	for (size_t m = 0; m < l->c->n_mtas; m++, n = n->next)
		expand_media(l, node_get(n, "addresses"), &l->c->mtas[m]);
}

static bool is_media_addr(const struct config *c, const struct ip_addr *ip)
{
	for (size_t m = 0; m < c->n_mtas; m++)
		for (size_t i = 0; i < c->mtas[m].n_addrs; i++)
			if (ip_eq(&c->mtas[m].addrs[i].ip, ip))
				return true;
	return false;
}

// `first` is the interface of the first call manager, -1 before it is known.
static void check_ucm(
	struct loader *l, const struct node *n, const struct config_ime *m, size_t i, int *first)
{
	const struct ip_addr *ip = &m->ucms[i].ip;
	char use[ADDRESS_USE_MAX], expected[ADDRESS_USE_MAX + 64];
	int iface;

	if (ip_is_none(ip))
		return;
	iface = config_iface_toward(l->c, ip);
	if (iface < 0) {
		fault_expected(l, n, "an address that an interface or a route leads to");
		return;
	}
	if (*first < 0)
		*first = iface;
	if (iface != *first) {
		snprintf(expected, sizeof(expected), "all call managers on one interface, here %s",
			l->c->ifaces[*first].name);
		fault_expected(l, n, expected);
	}
	if (is_media_addr(l->c, ip)) {
		fault_expected(l, n, "a call manager: it is a media-termination address");
	} else if (address_in_use(l, (uint16_t)iface, ip, use)) {
		snprintf(
			expected, sizeof(expected), "a call manager's real address: it is %s", use);
		fault_expected(l, n, expected);
	}
	for (size_t k = 0; k < i; k++)
		if (ip_eq(&m->ucms[k].ip, ip))
			fault_expected(l, n, "each call manager once");
}

static bool media_on(const struct config_mta *m, int iface, bool same)
{
	for (size_t i = 0; i < m->n_addrs; i++)
		if ((m->addrs[i].iface == iface) == same)
			return true;
	return false;
}

// CLI-5, and the call managers (1.3: all on one interface).
static void check_uc_ime(struct loader *l, const struct node *n, const struct config_ime *m)
{
	const struct node *u = node_at(node_get(n, "ucm-addresses"), 0);
	int iface = -1;

	for (size_t i = 0; i < m->n_ucms; i++, u = u->next)
		if (node_get(u, "address") != NULL)
			check_ucm(l, node_get(u, "address"), m, i, &iface);
	if (iface < 0 || m->mta >= l->c->n_mtas)
		return;
	if (!media_on(&l->c->mtas[m->mta], iface, true) ||
		!media_on(&l->c->mtas[m->mta], iface, false))
		fault_expected(l, node_get(n, "media-termination"),
			"one with an address toward the call managers and one elsewhere (CLI-5)");
}

// CLI-7: calls go both ways, so TLS is needed as server and as client.
static void check_policy(struct loader *l)
{
	const struct node *policy = node_get(l->root, "service-policy");
	const struct config *c = l->c;
	bool server = false, client = false, faulty = c->n_inspects == 0;

	for (size_t i = 0; i < c->n_inspects; i++) {
		int index = c->inspects[i].tls_proxy;
		const struct config_tls_proxy *p = index >= 0 ? &c->tls_proxies[index] : NULL;

		if (p == NULL || p->side[p->outside].identity < 0) {
			faulty = true;
		} else {
			server |= p->outside == TLS_SERVER;
			client |= p->outside == TLS_CLIENT;
		}
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->inspects[k].class_name, c->inspects[i].class_name) == 0)
				fault(l, policy,
					"found class %s twice in the policy-map, expected "
					"once",
					c->inspects[i].class_name);
	}
	if (!faulty && (!server || !client))
		fault(l, policy,
			"found no class whose tls-proxy has a %s trust-point toward the Internet, "
			"expected one (CLI-7)",
			server ? "client" : "server");
}

void check_ime(struct loader *l)
{
	const struct node *n = node_at(node_get(l->root, "uc-ime"), 0);

	check_media(l);
	for (size_t i = 0; i < l->c->n_imes; i++, n = n->next) {
		check_uc_ime(l, n, &l->c->imes[i]);
		check_mapping(l, n, &l->c->imes[i]);
	}
	check_policy(l);
	settle_ucm_ports(l->c);
}
