// SPDX-License-Identifier: BSD-3-Clause
// Faults and a summary in words, for `callgated --check` and the log. Never a secret.
#include "config/config.h"

void config_errors_print(FILE *f, const char *path, const struct config_errors *e)
{
	for (size_t i = 0; i < e->n; i++)
		fprintf(f, "%s:%u:%u: %s\n", path, e->list[i].line, e->list[i].column,
			e->list[i].text);
}

static void print_ifaces(FILE *f, const struct config *c)
{
	char ip[IP_TEXT_MAX];

	for (size_t i = 0; i < c->n_ifaces; i++) {
		const struct config_iface *x = &c->ifaces[i];

		fprintf(f, "interface %s: %s/%u, security-level %u, device %s", x->name,
			ip_format(&x->ip, ip), x->subnet.len - 96U, x->security_level, x->device);
		if (x->acl_in >= 0)
			fprintf(f, ", access-list in %s", c->acls[x->acl_in].name);
		if (x->acl_out >= 0)
			fprintf(f, ", access-list out %s", c->acls[x->acl_out].name);
		fputc('\n', f);
	}
}

static const char *nat_iface(const struct config *c, uint16_t i)
{
	return i == NAT_IFACE_ANY ? "any" : c->ifaces[i].name;
}

static void dynamic_text(const struct nat_rule *r, const char *real, char *buf, size_t size)
{
	const uint32_t n = nat_given_size(r);
	char pools[NAT_GIVEN_TEXT_MAX];

	snprintf(buf, size, "source dynamic %s%s%s%s%s", real, n > 0 ? " " : "",
		n > 1 && r->kind == NAT_PAT ? "pat-pool " : "", nat_given_format(r, pools),
		r->interface ? " interface" : "");
}

// With twice NAT the ports say whose they are.
static size_t service_text(const struct nat_rule *r, char *buf, size_t size)
{
	char from[NAT_PORTS_TEXT_MAX], to[NAT_PORTS_TEXT_MAX];
	size_t n =
		(size_t)snprintf(buf, size, " service %s", r->proto == PROTO_TCP ? "tcp" : "udp");

	if (r->real_port != 0)
		n += (size_t)snprintf(buf + n, size - n, "%s %s %s",
			nat_is_twice(r) ? " source" : "",
			nat_ports_format(r->real_port, r->more_ports, from),
			nat_ports_format(r->mapped_port, r->more_ports, to));
	if (r->dst_mapped_port != 0)
		n += (size_t)snprintf(buf + n, size - n, " destination %s %s",
			nat_ports_format(r->dst_mapped_port, r->dst_more_ports, from),
			nat_ports_format(r->dst_real_port, r->dst_more_ports, to));
	return n;
}

// What stands behind the source of a rule.
static void rest_text(const struct nat_rule *r, char *buf, size_t size)
{
	char mapped[ENDPOINT_TEXT_MAX], real[ENDPOINT_TEXT_MAX];
	size_t n = 0;

	if (nat_is_twice(r))
		n = (size_t)snprintf(buf, size, " destination static %s %s",
			r->dst_interface ? "interface" : prefix_format(&r->dst_mapped, mapped),
			prefix_format(&r->dst_real, real));
	if (r->proto != PROTO_ANY)
		n += service_text(r, buf + n, size - n);
	snprintf(buf + n, size - n, "%s%s", r->one_way ? " unidirectional" : "",
		r->no_proxy_arp ? " no-proxy-arp" : "");
}

const char *config_nat_text(const struct nat_rule *r, char buf[CONFIG_NAT_TEXT_MAX])
{
	char real[NAT_SIDE_TEXT_MAX], mapped[NAT_SIDE_TEXT_MAX];
	size_t n;

	nat_real_format(r, real);
	if (r->kind != NAT_STATIC)
		dynamic_text(r, real, buf, CONFIG_NAT_TEXT_MAX);
	else
		snprintf(buf, CONFIG_NAT_TEXT_MAX, "source static %s %s", real,
			r->interface ? "interface" : nat_mapped_format(r, mapped));
	n = strlen(buf);
	rest_text(r, buf + n, CONFIG_NAT_TEXT_MAX - n);
	return buf;
}

static void print_nat(FILE *f, const struct config *c)
{
	static const char *const after[] = {
		[NAT_MANUAL] = "", [NAT_AUTO] = " (auto)", [NAT_AFTER_AUTO] = " after-auto"};
	char text[CONFIG_NAT_TEXT_MAX];

	for (size_t i = 0; i < c->n_nat; i++)
		fprintf(f, "nat (%s,%s)%s %s\n", nat_iface(c, c->nat[i].real_if),
			nat_iface(c, c->nat[i].mapped_if), after[c->nat[i].section],
			config_nat_text(&c->nat[i], text));
}

static void print_acls(FILE *f, const struct config *c)
{
	for (size_t i = 0; i < c->n_acls; i++) {
		const struct config_acl *a = &c->acls[i];

		fprintf(f, "access-list %s: %zu %s", a->name, a->n_entries,
			a->n_entries == 1 ? "entry" : "entries");
		if (a->n != a->n_entries)
			fprintf(f, ", which make %zu rule%s", a->n, a->n == 1 ? "" : "s");
		fputc('\n', f);
	}
	if (c->acl_global >= 0)
		fprintf(f, "access-group %s global\n", c->acls[c->acl_global].name);
	if (c->same_security)
		fputs("same-security-traffic permit inter-interface\n", f);
}

static void print_suites(FILE *f, const char *what, const uint8_t *suites, size_t n)
{
	fprintf(f, "  srtp %s", what);
	for (size_t i = 0; i < n; i++)
		fprintf(f, " %s", sdes_suite_name((enum sdes_suite)suites[i]));
	fputc('\n', f);
}

static void print_stir(FILE *f, const struct config_stir *s)
{
	static const char *const names[] = {
		[STIR_LOG] = "log", [STIR_TAG] = "tag", [STIR_ENFORCE] = "enforce"};

	if (s->verify != STIR_OFF)
		fprintf(f, "  stir verify %s, freshness %u s, certificates %s, anchors %s\n",
			names[s->verify], s->freshness_s, s->certificates, s->anchors);
	if (s->strip_outbound)
		fputs("  stir strip-outbound on\n", f);
}

static void print_mapping(FILE *f, const struct config *c, const struct config_mapping *m)
{
	if (!m->on)
		return;
	fprintf(f,
		"  mapping-service listening-interface %s listening-port %u uc-ime-interface %s\n",
		c->ifaces[m->listening_iface].name, m->listening_port,
		c->ifaces[m->ime_iface].name);
	fprintf(f, "    ports %u to %u, quota %u, lifetime %u s, idle %u s%s\n", m->first_port,
		m->last_port, m->quota, m->lifetime_s, m->idle_s,
		m->key_file[0] != '\0' ? ", key *****" : "");
}

static void print_ime(FILE *f, const struct config *c, const struct config_ime *x)
{
	const struct config_mta *m = &c->mtas[x->mta];
	char ip[IP_TEXT_MAX];

	fprintf(f, "uc-ime %s: ticket epoch %u password ***** profile %s, %s on failure\n", x->name,
		x->epoch, x->ticket_profile,
		x->ticket_failure_action == FAILURE_REJECT ? "reject" : "drop");
	if (x->previous_epoch != 0)
		fprintf(f, "  ticket previous epoch %u password *****, grace %u s\n",
			x->previous_epoch, x->ticket_grace_s);
	if (x->callers[CALLERS_ALLOW].n + x->callers[CALLERS_DENY].n > 0)
		fprintf(f, "  domains: %zu allowed%s, %zu denied\n", x->callers[CALLERS_ALLOW].n,
			x->callers[CALLERS_ALLOW].n == 0 ? ", which is anybody" : "",
			x->callers[CALLERS_DENY].n);
	for (size_t i = 0; i < x->n_ucms; i++) {
		fprintf(f, "  ucm address %s trunk-security-mode %s", ip_format(&x->ucms[i].ip, ip),
			x->ucms[i].secure ? "secure" : "nonsecure");
		if (x->ucms[i].port != 0)
			fprintf(f, " port %u", x->ucms[i].port);
		fputc('\n', f);
	}
	for (size_t i = 0; i < m->n_addrs; i++) {
		const struct config_media_addr *a = &m->addrs[i];

		if (a->global && a->iface > 0)
			continue;
		fprintf(f,
			"  media-termination address %s interface %s, ports %u to %u, guard %u s\n",
			ip_format(&a->ip, ip), a->global ? "any" : c->ifaces[a->iface].name,
			m->rtp_min_port, m->rtp_max_port, m->port_guard_s);
	}
	fprintf(f, "  parity %s, rtcp %s, media-latch %s, call-id-privacy %s\n",
		x->parity_strict ? "strict" : "off", x->rtcp_relay ? "relay" : "drop",
		x->media_latch ? "on" : "off", x->call_id_privacy ? "on" : "off");
	print_suites(f, "offer", x->srtp_offer, x->n_srtp_offer);
	print_suites(f, "accept", x->srtp_accept, x->n_srtp_accept);
	print_stir(f, &x->stir);
	print_mapping(f, c, &x->mapping);
}

void config_summary(FILE *f, const struct config *c)
{
	fprintf(f, "%s: OK, %u worker%s, %s poll\n", c->hostname, c->n_workers,
		c->n_workers == 1 ? "" : "s", c->poll_adaptive ? "adaptive" : "constant");
	fprintf(f, "media: %u streams, srtp-engine %s\n", c->media_streams_max, c->srtp_engine);
	print_ifaces(f, c);
	print_nat(f, c);
	print_acls(f, c);
	for (size_t i = 0; i < c->n_imes; i++)
		print_ime(f, c, &c->imes[i]);
	for (size_t i = 0; i < c->n_inspects; i++) {
		const struct config_inspect *x = &c->inspects[i];

		fprintf(f, "inspect sip: class %s, tls-proxy %s, uc-ime %s", x->class_name,
			c->tls_proxies[x->tls_proxy].name, c->imes[x->ime].name);
		if (x->sip_map >= 0)
			fprintf(f, ", policy-map %s", c->sip_maps[x->sip_map].name);
		fputc('\n', f);
	}
}
