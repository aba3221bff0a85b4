// SPDX-License-Identifier: BSD-3-Clause
#include "cp/accept.h"

#include <unistd.h>

#include "cp/embryonic.h"
#include "cp/ime_state.h"
#include "cp/log.h"
#include "cp/offpath.h"
#include "lib/acl.h"
#include "lib/nat.h"

static const struct config_ucm *ucm_of(const struct config_ime *ime, const struct ip_addr *ip)
{
	for (size_t i = 0; i < ime->n_ucms; i++) {
		if (ip_eq(&ime->ucms[i].ip, ip))
			return &ime->ucms[i];
	}
	return NULL;
}

const struct config_inspect *accept_class(
	const struct config *c, const struct endpoint *src, const struct endpoint *dst)
{
	struct flow f = {.src = *src, .dst = *dst, .proto = PROTO_TCP};

	for (size_t i = 0; i < c->n_inspects; i++) {
		const struct config_acl *acl = &c->acls[c->inspects[i].acl];

		if (c->inspects[i].ime >= 0 && acl_permits(acl->aces, acl->n, &f))
			return &c->inspects[i];
	}
	return NULL;
}

static enum tls_role outside_role(const struct config *c, const struct config_inspect *class)
{
	return c->tls_proxies[class->tls_proxy].outside;
}

// `rule` is the one that has found `remote`, the real destination of what the call manager dialled.
static enum counter_id outbound(const struct config *c, uint16_t iface, const struct flow *wire,
	int rule, const struct endpoint *remote, struct trunk_open *o)
{
	int out = config_iface_toward(c, &remote->ip);

	if (out < 0 || out == iface)
		return CNT_CONN_NO_UCM;
	o->accepted = SIDE_INSIDE;
	o->iface[SIDE_INSIDE] = iface;
	o->iface[SIDE_OUTSIDE] = (uint16_t)out;
	o->peer[SIDE_INSIDE] = o->mapped = wire->src;
	o->peer[SIDE_OUTSIDE] = *remote;
	nat_translate_flow(c->nat, c->n_nat, iface, (uint16_t)out, wire, rule, &o->mapped);
	return outside_role(c, o->class) == TLS_CLIENT ? CNT_NONE : CNT_CONN_NO_TRUSTPOINT;
}

static enum counter_id inbound(const struct config *c, uint16_t iface,
	const struct endpoint *remote, const struct endpoint *ucm, const struct endpoint *mapped,
	struct trunk_open *o)
{
	int in = config_iface_toward(c, &ucm->ip);

	if (in < 0 || in == iface)
		return CNT_CONN_NO_UCM;
	o->accepted = SIDE_OUTSIDE;
	o->iface[SIDE_OUTSIDE] = iface;
	o->iface[SIDE_INSIDE] = (uint16_t)in;
	o->peer[SIDE_OUTSIDE] = *remote;
	o->peer[SIDE_INSIDE] = *ucm;
	o->mapped = *mapped;
	return outside_role(c, o->class) == TLS_SERVER ? CNT_NONE : CNT_CONN_NO_TRUSTPOINT;
}

// Off-path: the port that was asked stands for the remote.
static enum counter_id through_mapping(const struct ime *ime, uint16_t iface,
	const struct endpoint *ucm, uint16_t port, struct trunk_open *o)
{
	const struct config *c = ime->config;
	struct endpoint remote;
	struct flow to_remote;
	enum counter_id why;

	if (ucm_of(ime->cfg, &ucm->ip) == NULL)
		return CNT_MAPPING_NOT_UCM;
	if (!mapping_find(ime->mappings, port, &remote))
		return CNT_MAPPING_UNKNOWN;
	o->class = accept_class(c, ucm, &remote);
	if (o->class == NULL)
		return CNT_CONN_NO_CLASS;
	o->inside_secure = ucm_of(ime->cfg, &ucm->ip)->secure;
	o->off_path = true;
	o->mapping = port;
	to_remote = (struct flow){*ucm, remote, PROTO_TCP};
	why = outbound(c, iface, &to_remote, -1, &remote, o);
	if (why == CNT_NONE && endpoint_eq(&o->mapped, ucm)) // no static rule: as who stands there
		o->mapped = (struct endpoint){.ip = c->ifaces[o->iface[SIDE_OUTSIDE]].ip};
	return why;
}

static enum counter_id direct(const struct ime *ime, uint16_t iface, const struct endpoint *peer,
	const struct endpoint *dst, struct trunk_open *o)
{
	const struct config *c = ime->config;
	const struct config_ucm *caller = ucm_of(ime->cfg, &peer->ip), *called;
	struct endpoint real = *dst;
	const struct flow wire = {*peer, *dst, PROTO_TCP};
	const int rule = nat_untranslate_flow(c->nat, c->n_nat, iface, &wire, &real);

	called = ucm_of(ime->cfg, &real.ip);
	o->class = accept_class(c, peer, &real);
	if (o->class == NULL)
		return CNT_CONN_NO_CLASS;
	if (caller != NULL && config_iface_toward(c, &peer->ip) == iface) {
		o->inside_secure = caller->secure;
		return outbound(c, iface, &wire, rule, &real, o);
	}
	if (called == NULL)
		return CNT_CONN_NO_UCM;
	o->inside_secure = called->secure;
	o->off_path = ime->mappings != NULL;
	return inbound(c, iface, peer, &real, dst, o);
}

void accept_connection(
	int fd, uint16_t iface, const struct endpoint *peer, const struct endpoint *dst, void *arg)
{
	struct ime *ime = arg;
	const struct config *c = ime->config;
	struct trunk_open o = {0};
	enum counter_id why;

	if (offpath_is_service(ime, iface, dst)) {
		mapping_service_accept(ime->mapping_service, fd, peer);
		return;
	}
	if (offpath_is_port(ime, iface, dst))
		why = through_mapping(ime, iface, peer, dst->port, &o);
	else
		why = direct(ime, iface, peer, dst, &o);
	if (why == CNT_NONE) {
		if (o.accepted == SIDE_OUTSIDE || o.inside_secure) {
			embryonic_start(ime->embryonic, fd, &o);
		} else {
			o.fd = fd;
			trunk_start(ime, &o);
		}
		return;
	}
	count(&ime->counters, why);
	log_event_from(CONN_NOT_OURS, &peer->ip, log_endpoint("peer", peer),
		log_endpoint("destination", dst), log_text("interface", c->ifaces[iface].name),
		log_text("counter", counter_name(why)));
	close(fd);
}
