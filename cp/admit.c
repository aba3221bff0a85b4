// SPDX-License-Identifier: BSD-3-Clause
#include "cp/admit.h"

#include "cp/callers.h"
#include "cp/debug.h"

static void number_of(const struct pass *p, struct str uri, struct did *out)
{
	did_from_uri(uri, p->ime->cfg->did_rules, p->ime->cfg->n_did_rules, out);
}

void admit_called_number(const struct pass *p, struct did *out)
{
	struct did to;

	switch (p->ime->cfg->did_source) {
	case DID_REQUEST_URI:
		number_of(p, p->m->uri_text, out);
		break;
	case DID_TO:
		number_of(p, p->m->to.uri, out);
		break;
	case DID_BOTH:
		number_of(p, p->m->uri_text, out);
		number_of(p, p->m->to.uri, &to);
		if (out->n != to.n || memcmp(out->digits, to.digits, to.n) != 0)
			out->n = 0;
		break;
	}
}

static enum counter_id counter_of(enum ticket_verdict v)
{
	static const enum counter_id counters[TICKET_VERDICT_COUNT] = {
		[TICKET_OK] = CNT_NONE,
		[TICKET_FAIL_INTEGRITY] = CNT_TICKET_INTEGRITY,
		[TICKET_FAIL_DECODE] = CNT_TICKET_DECODE,
		[TICKET_FAIL_EPOCH] = CNT_TICKET_EPOCH,
		[TICKET_FAIL_DID] = CNT_TICKET_DID,
		[TICKET_FAIL_TIMESTAMP] = CNT_TICKET_TIME,
		[TICKET_FAIL_DOMAIN] = CNT_TICKET_DOMAIN,
		[TICKET_FAIL_NOT_FOUND] = CNT_TICKET_NONE,
		[TICKET_FAIL_RATE] = CNT_TICKET_RATE,
	};

	return counters[v];
}

// Last, so that whoever has no valid ticket does not learn who may call.
static enum counter_id may_call(struct pass *p)
{
	char uuid[TICKET_UUID_TEXT_MAX];
	enum counter_id why = callers_judge(p->ime->callers, ticket_uuid_text(p->ticket, uuid),
		p->ticket->field[TICKET_GRANTED_DOMAIN]);

	if (why == CNT_NONE)
		count(&p->ime->counters, CNT_TICKETS_VALID);
	return why;
}

enum counter_id admit_ticket(struct pass *p)
{
	struct ime *ime = p->ime;
	const struct sip_header *h = sip_header(p->m, SIP_H_TICKET);
	struct peer *peer = peers_get(ime->peers, &p->t->peer[SIDE_OUTSIDE].ip, p->now_ns);
	struct ticket *ticket = &ime->scratch->ticket;
	struct did called = {.n = 0};
	char uuid[TICKET_UUID_TEXT_MAX];
	struct ticket_request req = {
		.n_headers = (unsigned int)sip_header_count(p->m, SIP_H_TICKET),
		.header = h != NULL ? h->value : STR_LIT(""),
		.called = &called,
		.peer = &p->t->remote_ids,
		.now_unix_ns = (int64_t)(ime->env.wall_s() * 1000000000ull),
		.now_ns = p->now_ns,
	};
	enum ticket_verdict v;

	admit_called_number(p, &called);
	v = ticket_verify(&ime->ticket, &req, ime->ticket_keys, &peer->ticket_misses,
		&peers_ticket_rate, ticket);
	if (v == TICKET_OK) {
		p->ticket = ticket;
		debug_event(SIGNALING_TRUNK, "ticket is valid", log_str("call_id", p->m->call_id),
			log_text("uuid", ticket_uuid_text(ticket, uuid)),
			log_str("granted_to", ticket->field[TICKET_GRANTED_DOMAIN]),
			log_str("did", (struct str){called.digits, called.n}));
		return may_call(p);
	}
	p->reason = ticket_verdict_reason(v);
	if (v != TICKET_FAIL_NOT_FOUND && v != TICKET_FAIL_DECODE)
		p->ticket = ticket;
	return counter_of(v);
}

// The host of the topmost Route; false when there is none that is a SIP URI.
static bool route_host(const struct sip_msg *m, struct str *host)
{
	struct sip_elem_iter it = {0};
	struct name_addr na;
	struct str elem;
	struct uri uri;

	if (!sip_elem_next(m, SIP_H_ROUTE, &it, &elem) || !name_addr_parse(elem, &na) ||
		!uri_parse(na.uri, &uri) || (uri.scheme != URI_SIP && uri.scheme != URI_SIPS))
		return false;
	*host = uri.host;
	return true;
}

// An address says nothing about a domain.
static bool is_name(struct str host)
{
	struct ip_addr ip;

	return host.n > 0 && !uri_host_ip(host, &ip);
}

// Off-path: the domain that the call manager named when it asked for the remote's mapping.
static struct str asked_domain(const struct pass *p)
{
	return p->t->mapping != 0 ? mapping_domain(p->ime->mappings, p->t->mapping) : STR_LIT("");
}

static enum counter_id route_outward(const struct pass *p)
{
	struct str host = asked_domain(p);

	if (trunk_leg(p->t, SIDE_OUTSIDE)->state != LEG_UP)
		return CNT_NONE; // it cannot be sent anyway
	if (host.n > 0)
		return domain_ids_has(&p->t->remote_ids, host) ? CNT_NONE : CNT_ROUTE_DOMAIN;
	if (!route_host(p->m, &host) || !is_name(host))
		host = p->m->uri.host;
	if (!is_name(host))
		return p->ime->cfg->route_check == ROUTE_CHECK_REQUIRE ? CNT_ROUTE_DOMAIN
								       : CNT_NONE;
	return domain_ids_has(&p->t->remote_ids, host) ? CNT_NONE : CNT_ROUTE_DOMAIN;
}

static enum counter_id route_inward(const struct pass *p)
{
	struct ime *ime = p->ime;
	struct endpoint e = {.port = 0};
	struct str host;

	if (sip_header(p->m, SIP_H_ROUTE) == NULL)
		return CNT_NONE;
	if (!route_host(p->m, &host))
		return CNT_ROUTE_DOMAIN;
	if (uri_host_ip(host, &e.ip))
		return ip_eq(&e.ip, &p->t->mapped.ip) ||
				nat_owns_mapped(ime->config->nat, ime->config->n_nat,
					p->t->iface[SIDE_OUTSIDE], &e.ip)
			? CNT_NONE
			: CNT_ROUTE_DOMAIN;
	return domain_ids_has(&ime->own_ids, host) || domain_eq(str_from(ime->own_domain), host)
		? CNT_NONE
		: CNT_ROUTE_DOMAIN;
}

enum counter_id admit_route(struct pass *p)
{
	return p->from == SIDE_INSIDE ? route_outward(p) : route_inward(p);
}
