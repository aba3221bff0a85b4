// SPDX-License-Identifier: BSD-3-Clause
#include "cp/offpath.h"

#include <stdio.h>

#include "cp/accept.h"
#include "cp/ime_state.h"
#include "cp/log.h"

// Where a call manager's connections come from, for access lists that name source ports.
#define CLIENT_PORT 32768

int offpath_client(const struct ime *ime, const struct ip_addr *ip)
{
	for (size_t i = 0; i < ime->cfg->n_ucms; i++) {
		if (ip_eq(&ime->cfg->ucms[i].ip, ip))
			return (int)i;
	}
	return -1;
}

struct ip_addr offpath_address(const struct ime *ime)
{
	return ime->config->ifaces[ime->cfg->mapping.listening_iface].ip;
}

// ---- Connections ---------------------------------------------------------------------------------

static bool is_own(const struct ime *ime, uint16_t iface, const struct ip_addr *ip)
{
	return ime->mappings != NULL && iface == ime->cfg->mapping.listening_iface &&
		ip_eq(&ime->config->ifaces[iface].ip, ip);
}

bool offpath_is_service(const struct ime *ime, uint16_t iface, const struct endpoint *dst)
{
	return is_own(ime, iface, &dst->ip) && dst->port == ime->cfg->mapping.listening_port;
}

bool offpath_is_port(const struct ime *ime, uint16_t iface, const struct endpoint *dst)
{
	return is_own(ime, iface, &dst->ip) && dst->port >= ime->cfg->mapping.first_port &&
		dst->port <= ime->cfg->mapping.last_port;
}

// ---- Remotes -------------------------------------------------------------------------------------

static bool in(const char *prefix, const struct ip_addr *ip)
{
	struct prefix p;

	return prefix_parse(str_from(prefix), &p) && prefix_has(&p, ip);
}

static bool is_no_host(const struct ip_addr *ip)
{
	return in("0.0.0.0/8", ip) || in("127.0.0.0/8", ip) || in("224.0.0.0/3", ip);
}

static bool is_ours(const struct ime *ime, const struct ip_addr *ip)
{
	const struct config *c = ime->config;
	const struct config_mta *mta = &c->mtas[ime->cfg->mta];

	for (uint16_t i = 0; i < c->n_ifaces; i++) {
		if (ip_eq(&c->ifaces[i].ip, ip) || nat_owns_mapped(c->nat, c->n_nat, i, ip))
			return true;
	}
	for (size_t i = 0; i < mta->n_addrs; i++) {
		if (ip_eq(&mta->addrs[i].ip, ip))
			return true;
	}
	return false;
}

// Addresses that the Internet does not know (RFC 1918, 3927, 6598).
static bool is_private(const struct ip_addr *ip)
{
	return in("10.0.0.0/8", ip) || in("172.16.0.0/12", ip) || in("192.168.0.0/16", ip) ||
		in("169.254.0.0/16", ip) || in("100.64.0.0/10", ip);
}

// Whether somebody has written a way to it, and not only one to the rest of the world.
static bool is_meant(const struct config *c, uint16_t iface, const struct ip_addr *ip)
{
	if (prefix_has(&c->ifaces[iface].subnet, ip))
		return true;
	for (size_t i = 0; i < c->n_routes; i++) {
		const struct config_route *r = &c->routes[i];

		if (r->iface == iface && r->dst.len > 96 && prefix_has(&r->dst, ip))
			return true;
	}
	return false;
}

// `nat (outside,inside) dynamic interface inside`.
static bool is_translated(const struct ime *ime, const struct endpoint *remote)
{
	const struct config_mapping *m = &ime->cfg->mapping;
	const struct config *c = ime->config;
	struct endpoint e = *remote;
	int rule = nat_translate(c->nat, c->n_nat, m->ime_iface, m->listening_iface, PROTO_TCP, &e);

	return rule >= 0 && c->nat[rule].kind == NAT_PAT && c->nat[rule].interface;
}

static bool is_permitted(
	const struct ime *ime, const struct ip_addr *ucm, const struct endpoint *remote)
{
	const struct config *c = ime->config;
	const struct flow f = {
		.src = {.ip = *ucm, .port = CLIENT_PORT}, .dst = *remote, .proto = PROTO_TCP};
	const int list = c->ifaces[ime->cfg->mapping.listening_iface].acl_in;

	return list < 0 || acl_permits(c->acls[list].aces, c->acls[list].n, &f);
}

static bool is_inspected(
	const struct ime *ime, const struct ip_addr *ucm, const struct endpoint *remote)
{
	const struct endpoint from = {.ip = *ucm, .port = CLIENT_PORT};
	const struct config_inspect *class = accept_class(ime->config, &from, remote);

	return class != NULL && ime->config->tls_proxies[class->tls_proxy].outside == TLS_CLIENT;
}

static enum mapping_error bad(enum mapping_error e, const char **reason, const char *why)
{
	*reason = why;
	return e;
}

enum mapping_error offpath_judge_remote(const struct ime *ime, const struct ip_addr *ucm,
	const struct endpoint *remote, const char **reason)
{
	const uint16_t out = ime->cfg->mapping.ime_iface;

	if (is_no_host(&remote->ip))
		return bad(MAPPING_BAD_REQUEST, reason, "no address of a host");
	if (is_ours(ime, &remote->ip))
		return bad(MAPPING_BAD_REQUEST, reason, "an address of our own");
	if (config_iface_toward(ime->config, &remote->ip) != out)
		return bad(MAPPING_BAD_REQUEST, reason, "no way to it over uc-ime-interface");
	if (is_private(&remote->ip) && !is_meant(ime->config, out, &remote->ip))
		return bad(
			MAPPING_FORBIDDEN, reason, "a private address without a route of its own");
	if (!is_translated(ime, remote))
		return bad(MAPPING_FORBIDDEN, reason, "the dynamic nat does not cover it");
	if (!is_inspected(ime, ucm, remote))
		return bad(MAPPING_FORBIDDEN, reason, "no inspection class of calls out covers it");
	if (!is_permitted(ime, ucm, remote))
		return bad(MAPPING_FORBIDDEN, reason, "the access list of the interface denies it");
	return MAPPING_OK;
}

// ---- SIP -----------------------------------------------------------------------------------------

static void call_holds(struct offpath_pass *p, uint16_t port)
{
	struct call *call = p->call;

	if (call == NULL || call->n_mappings == CALL_MAPPINGS_MAX)
		return;
	for (size_t i = 0; i < call->n_mappings; i++) {
		if (call->mappings[i] == port)
			return;
	}
	call->mappings[call->n_mappings++] = port;
	mapping_hold(p->ime->mappings, port);
}

static void tell_made(const struct offpath_pass *p, const struct endpoint *remote, uint16_t port)
{
	const struct endpoint mapped = {.ip = p->rewrite.ip, .port = port};

	count(&p->ime->counters, CNT_MAPPINGS_MADE);
	log_event(MAPPING_CREATED, log_endpoint("remote", remote), log_endpoint("mapped", &mapped),
		log_ip("ucm", &p->t->peer[SIDE_INSIDE].ip), log_text("by", "call in"));
}

// What a call manager may not ask for stays as it came, and so does what one message has too much of.
static uint16_t port_of(void *arg, const struct endpoint *remote)
{
	struct offpath_pass *p = arg;
	const char *reason;
	uint16_t port;

	if (p->hops++ >= OFFPATH_HOPS_MAX)
		return 0;
	if (mapping_port(p->ime->mappings, remote) == 0 &&
		offpath_judge_remote(p->ime, &p->t->peer[SIDE_INSIDE].ip, remote, &reason) !=
			MAPPING_OK)
		return 0;
	switch (mapping_take(p->ime->mappings, remote, MAPPING_OF_REMOTE, ime_now(p->ime), &port)) {
	case MAPPING_OVER_QUOTA:
	case MAPPING_PORTS_FULL:
		p->full = true;
		return 0;
	case MAPPING_MADE:
		tell_made(p, remote, port);
		break;
	case MAPPING_KEPT:
		break;
	}
	call_holds(p, port);
	return port;
}

static bool remote_of(void *arg, uint16_t port, struct endpoint *remote)
{
	struct offpath_pass *p = arg;

	if (!mapping_find(p->ime->mappings, port, remote))
		return false;
	mapping_touch(p->ime->mappings, port, ime_now(p->ime));
	call_holds(p, port);
	return true;
}

const struct rewrite_off_path *offpath_pass(
	struct offpath_pass *p, struct ime *ime, struct trunk *t, struct call *call)
{
	*p = (struct offpath_pass){.rewrite = {.ip = offpath_address(ime),
					   .remote = t->peer[SIDE_OUTSIDE],
					   .port_of = port_of,
					   .remote_of = remote_of,
					   .arg = p},
		.ime = ime,
		.t = t,
		.call = call};
	return &p->rewrite;
}

void offpath_call_over(struct ime *ime, struct call *call)
{
	for (size_t i = 0; i < call->n_mappings; i++)
		mapping_unhold(ime->mappings, call->mappings[i], ime_now(ime));
	call->n_mappings = 0;
}

struct str offpath_uri(struct ime *ime, struct trunk *t, struct call *call, struct str uri,
	char buf[OFFPATH_URI_MAX])
{
	char at[ENDPOINT_TEXT_MAX];
	struct offpath_pass p;
	struct endpoint e = t->peer[SIDE_OUTSIDE];
	struct uri u;
	int n;

	if (!t->off_path || !uri_parse(uri, &u))
		return uri;
	offpath_pass(&p, ime, t, call);
	uri_host_ip(u.host, &e.ip);
	e.port = u.port != 0 ? u.port : 5061;
	e.port = port_of(&p, &e);
	e.ip = p.rewrite.ip;
	if (e.port == 0)
		return uri;
	n = snprintf(buf, OFFPATH_URI_MAX, "%.*s%s%.*s", (int)(u.hostport.p - uri.p), uri.p,
		endpoint_format(&e, ':', at), (int)(uri.p + uri.n - u.hostport.p - u.hostport.n),
		u.hostport.p + u.hostport.n);
	return n < OFFPATH_URI_MAX ? (struct str){buf, (size_t)n} : uri;
}
