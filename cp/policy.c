// SPDX-License-Identifier: BSD-3-Clause
// struct config -> struct dp_options and struct dp_rules. Called by cp/main.c.
#include "cp/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/log.h"
#include "cp/priv.h"

// A punted flow outlives the silence between two keepalives of its socket (cp/tsock.c) by far;
// its socket ends it.
#define PUNT_TIMEOUT_S 300

struct policy {
	struct dp_rules rules;
	struct dp_iface ifaces[CONFIG_IFACES_MAX];
	struct dp_acl *acls;
	struct dp_route *routes;
	int *inspect;
	struct dp_media_addr *media;
	struct dp_limit_class *limits;
};

int policy_options(const struct config *c, struct dp_options *out, char *err, size_t err_size)
{
	*out = (struct dp_options){
		.n_ifaces = (unsigned int)c->n_ifaces,
		.control_core = c->control_core,
		.n_workers = c->n_workers,
		.hugepages = c->hugepages,
		.memory_mb = c->memory_mb,
		.poll_adaptive = c->poll_adaptive,
		.sessions_max = c->sessions_max,
		.streams_max = c->media_streams_max,
		.srtp_engine = c->srtp_engine,
		.instance_name = c->hostname,
		.thread_start = priv_shed_worker,
	};
	if (c->n_ifaces > DP_IFACES_MAX || c->n_workers > WORKERS_MAX) {
		snprintf(err, err_size, "more than %d interfaces or %d workers", DP_IFACES_MAX,
			WORKERS_MAX);
		return -EINVAL;
	}
	memcpy(out->worker_cores, c->worker_cores, c->n_workers * sizeof(c->worker_cores[0]));
	for (size_t i = 0; i < c->n_ifaces; i++) {
		const struct config_iface *from = &c->ifaces[i];
		struct dp_iface_options *to = &out->ifaces[i];

		if (!str_copy(str_from(from->name), to->name, sizeof(to->name)) ||
			!str_copy(str_from(from->device), to->device, sizeof(to->device))) {
			snprintf(err, err_size,
				"interface %s: name longer than %d or device longer than %d",
				from->name, DP_IFACE_NAME_MAX - 1, DP_DEVICE_MAX - 1);
			return -EINVAL;
		}
		to->rx_queues = c->rx_queues;
		to->descriptors = c->descriptors;
		to->mtu = from->mtu;
		to->vlan = from->vlan;
		to->fragments = (struct dp_fragments){
			from->fragment.size, from->fragment.chain, from->fragment.timeout_s};
	}
	return 0;
}

_Static_assert((int)OPTION_ALLOW == DP_OPTION_ALLOW && (int)OPTION_CLEAR == DP_OPTION_CLEAR &&
		(int)OPTION_DROP == DP_OPTION_DROP,
	"the same values");
_Static_assert((int)BOGONS_OFF == DP_BOGONS_OFF && (int)BOGONS_ON == DP_BOGONS_ON &&
		(int)BOGONS_STRICT == DP_BOGONS_STRICT,
	"the same values");

static void fill_ifaces(struct policy *p, const struct config *c)
{
	for (size_t i = 0; i < c->n_ifaces; i++)
		p->ifaces[i] = (struct dp_iface){
			.ip = c->ifaces[i].ip,
			.subnet = c->ifaces[i].subnet,
			.security_level = c->ifaces[i].security_level,
			.acl_in = c->ifaces[i].acl_in,
			.acl_out = c->ifaces[i].acl_out,
			.verify_reverse_path = c->ifaces[i].verify_reverse_path,
			.bogons = (uint8_t)c->ifaces[i].bogons,
		};
	for (size_t i = 0; i < c->n_imes; i++) {
		const struct config_mapping *m = &c->imes[i].mapping;

		if (!m->on)
			continue;
		p->ifaces[m->listening_iface].own_lo = m->first_port;
		p->ifaces[m->listening_iface].own_hi = m->last_port;
	}
	p->rules.ifaces = p->ifaces;
}

// Every list, also one that no interface uses: an index means the same in both structs.
static void fill_acls(struct policy *p, const struct config *c)
{
	for (size_t i = 0; i < c->n_acls; i++)
		p->acls[i] = (struct dp_acl){.aces = c->acls[i].aces, .n = c->acls[i].n};
	p->rules.acls = p->acls;
	p->rules.n_acls = c->n_acls;
	p->rules.acl_global = c->acl_global;
	p->rules.same_security = c->same_security;
	p->rules.ip_options = (struct dp_ip_options){(uint8_t)c->ip_options.eool,
		(uint8_t)c->ip_options.nop, (uint8_t)c->ip_options.router_alert};
	for (size_t i = 0; i < c->n_inspects; i++)
		p->inspect[i] = c->inspects[i].acl;
	p->rules.inspect = p->inspect;
	p->rules.n_inspect = c->n_inspects;
}

static void fill_routes(struct policy *p, const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_ifaces; i++)
		p->routes[n++] =
			(struct dp_route){.dst = c->ifaces[i].subnet, .iface = (uint16_t)i};
	for (size_t i = 0; i < c->n_routes; i++)
		p->routes[n++] = (struct dp_route){
			.dst = c->routes[i].dst,
			.gateway = c->routes[i].gateway,
			.iface = c->routes[i].iface,
		};
	p->rules.routes = p->routes;
	p->rules.n_routes = n;
}

static size_t count_media(const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_mtas; i++)
		n += c->mtas[i].n_addrs;
	return n;
}

static void fill_media(struct policy *p, const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_mtas; i++) {
		const struct config_mta *m = &c->mtas[i];

		for (size_t j = 0; j < m->n_addrs; j++)
			p->media[n++] = (struct dp_media_addr){
				.iface = m->addrs[j].iface,
				.ip = m->addrs[j].ip,
				.port_lo = m->rtp_min_port,
				.port_hi = m->rtp_max_port,
			};
	}
	p->rules.media = p->media;
	p->rules.n_media = n;
}

static struct dp_limit_class limit_class(const struct config_conn_limits *x, int acl)
{
	return (struct dp_limit_class){.id = x->id,
		.acl = acl,
		.max = {.conns = x->conn_max,
			.embryonic = x->embryonic_max,
			.client_conns = x->client_max,
			.client_embryonic = x->client_embryonic_max,
			.embryonic_rate = x->embryonic_rate}};
}

// Of half-open connections there may be half a table: what a flood leaves is for the others.
static void fill_limits(struct policy *p, const struct config *c)
{
	for (size_t i = 0; i < c->n_conn_limits; i++)
		p->limits[i] = limit_class(&c->conn_limits[i], c->conn_limits[i].acl);
	p->limits[c->n_conn_limits] = limit_class(&c->conn_limits_default, -1);
	p->rules.limits = p->limits;
	p->rules.n_limits = c->n_conn_limits + 1;
	p->rules.half_open_max = c->sessions_max / 2;
}

int policy_new(struct policy **out, const struct config *c)
{
	struct policy *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return -ENOMEM;
	// One more than needed: an empty array is an array too.
	p->acls = calloc(c->n_acls + 1, sizeof(*p->acls));
	p->inspect = calloc(c->n_inspects + 1, sizeof(*p->inspect));
	p->routes = calloc(c->n_ifaces + c->n_routes + 1, sizeof(*p->routes));
	p->media = calloc(count_media(c) + 1, sizeof(*p->media));
	p->limits = calloc(c->n_conn_limits + 1, sizeof(*p->limits));
	if (p->acls == NULL || p->inspect == NULL || p->routes == NULL || p->media == NULL ||
		p->limits == NULL) {
		policy_free(p);
		return -ENOMEM;
	}
	fill_ifaces(p, c);
	fill_acls(p, c);
	fill_routes(p, c);
	fill_media(p, c);
	fill_limits(p, c);
	p->rules.nat = c->nat;
	p->rules.n_nat = c->n_nat;
	p->rules.timeouts = (struct dp_timeouts){
		.tcp_s = c->timeouts.conn_s,
		.tcp_half_open_s = c->timeouts.half_open_s,
		.tcp_closing_s = c->timeouts.half_closed_s,
		.udp_s = c->timeouts.udp_s,
		.icmp_s = c->timeouts.icmp_s,
		.punt_s = PUNT_TIMEOUT_S,
		.pat_xlate_s = c->timeouts.pat_xlate_s,
		.xlate_s = c->timeouts.xlate_s,
	};
	if (c->n_imes > 0)
		p->rules.quality = (struct dp_quality){
			.table = c->imes[0].fallback.table,
			.timer_ms = c->imes[0].fallback.monitoring_ms,
		};
	*out = p;
	return 0;
}

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	free(p->acls);
	free(p->inspect);
	free(p->routes);
	free(p->media);
	free(p->limits);
	free(p);
}

const struct dp_rules *policy_rules(const struct policy *p)
{
	return &p->rules;
}

static void trust(const struct config *c, const struct ip_addr *ip)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_TRUST_SET};
	int iface = config_iface_toward(c, ip);

	m.trust.ip = *ip;
	m.trust.iface = (uint16_t)iface;
	if (iface < 0 || dp_send(&m) < 0)
		log_event(NO_PUNT_BUDGET, log_ip("ucm", ip));
}

void policy_trust(const struct config *c)
{
	for (size_t i = 0; i < c->n_imes; i++)
		for (size_t j = 0; j < c->imes[i].n_ucms; j++)
			trust(c, &c->imes[i].ucms[j].ip);
}

int policy_apply(const struct config *c, char *err, size_t err_size)
{
	struct policy *p;
	int e = policy_new(&p, c);

	if (e < 0) {
		snprintf(err, err_size, "%s", strerror(-e));
		return e;
	}
	e = dp_apply(policy_rules(p), err, err_size);
	policy_free(p);
	return e;
}

void policy_log_warnings(const struct config *c)
{
	for (size_t i = 0; i < c->warnings.n; i++)
		log_event(CONFIG_WARNING, log_u64("line", c->warnings.list[i].line),
			log_str("warning", str_from(c->warnings.list[i].text)));
}

int policy_reload_quality(struct config *c, char *err, size_t err_size)
{
	const char *path = c->n_imes > 0 ? c->imes[0].fallback.sensitivity_file : "";
	struct rma_table table, was;
	int e;

	if (path[0] == '\0') {
		snprintf(err, err_size,
			"found no sensitivity-file in fallback of uc-ime, expected one: the "
			"built-in "
			"thresholds are in force");
		return -ENOENT;
	}
	e = config_fbs_read(path, &table, err, err_size);
	if (e < 0)
		return e;
	was = c->imes[0].fallback.table;
	c->imes[0].fallback.table = table;
	e = policy_apply(c, err, err_size);
	if (e == 0)
		log_event(SENSITIVITY_READ, log_text("file", path));
	else
		c->imes[0].fallback.table = was;
	return e;
}
