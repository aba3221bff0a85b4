// SPDX-License-Identifier: BSD-3-Clause
// The YAML loader on any text: it either tells at least one fault or gives a configuration whose
// references all lead somewhere. No file that the text names is opened.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void require_addresses(const struct config *c)
{
	require(c->n_workers > 0 && c->n_ifaces > 0);
	for (size_t i = 0; i < c->n_ifaces; i++) {
		require(c->ifaces[i].acl_in < (int)c->n_acls);
		require(c->ifaces[i].acl_out < (int)c->n_acls);
		require(prefix_has(&c->ifaces[i].subnet, &c->ifaces[i].ip));
	}
	for (size_t i = 0; i < c->n_routes; i++)
		require(c->routes[i].iface < c->n_ifaces && ip_is_v4(&c->routes[i].gateway));
	for (size_t i = 0; i < c->n_nat; i++) {
		const struct nat_rule *r = &c->nat[i];
		const struct nat_pool real = nat_real(r), mapped = nat_mapped(r);

		require(r->real_if < c->n_ifaces || r->real_if == NAT_IFACE_ANY);
		require(r->mapped_if < c->n_ifaces || r->mapped_if == NAT_IFACE_ANY);
		require(nat_pool_size(&real) > 0 && r->line > 0);
		require(!r->dst_interface || (r->real_if < c->n_ifaces && r->dst_mapped_port != 0));
		if (r->kind == NAT_STATIC)
			require(nat_pool_size(&real) == nat_pool_size(&mapped));
		else
			require(r->interface ? r->mapped_if < c->n_ifaces : nat_given_size(r) > 0);
		require(r->kind == NAT_STATIC || nat_given_size(r) <= NAT_POOL_MAX);
		require(i == 0 || c->nat[i - 1].section <= r->section);
	}
}

static void require_acls(const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_acls; i++) {
		const struct config_acl *a = &c->acls[i];

		for (size_t k = 0; k < a->n_entries; k++)
			require(a->entries[k].first + a->entries[k].n <= a->n);
		for (size_t k = 0; k < a->n; k++) {
			const struct config_entry *e = &a->entries[a->aces[k].entry];

			require(a->aces[k].entry < a->n_entries);
			require(k >= e->first && k < e->first + e->n && !e->remark && !e->inactive);
			require(a->aces[k].sport.lo <= a->aces[k].sport.hi);
			require(a->aces[k].dport.lo <= a->aces[k].dport.hi);
		}
		n += a->n;
	}
	require(n <= CONFIG_ACES_MAX);
}

static void require_ime(const struct config *c)
{
	require(c->n_imes <= 1);
	for (size_t i = 0; i < c->n_imes; i++) {
		require(c->imes[i].mta < c->n_mtas && c->imes[i].n_ucms > 0);
		require(c->imes[i].epoch > 0 && c->imes[i].password[0] == '\0');
	}
	for (size_t i = 0; i < c->n_mtas; i++) {
		require(c->mtas[i].rtp_min_port < c->mtas[i].rtp_max_port);
		for (size_t k = 0; k < c->mtas[i].n_addrs; k++)
			require(c->mtas[i].addrs[k].iface < c->n_ifaces);
	}
	for (size_t i = 0; i < c->n_tls_proxies; i++) {
		for (int role = 0; role < TLS_ROLES; role++) {
			const struct config_tls_side *s = &c->tls_proxies[i].side[role];

			require(s->trustpoint < (int)c->n_trustpoints);
			require((s->trustpoint < 0) == (s->identity < 0));
			require(s->identity < (int)c->n_trustpoints);
		}
	}
	for (size_t i = 0; i < c->n_inspects; i++) {
		const struct config_inspect *x = &c->inspects[i];

		require(x->acl >= 0 && x->acl < (int)c->n_acls);
		require(x->tls_proxy >= 0 && x->tls_proxy < (int)c->n_tls_proxies);
		require(x->ime >= 0 && x->ime < (int)c->n_imes);
		require(x->sip_map < (int)c->n_sip_maps);
	}
}

static void require_match(const struct config *c, const struct config_sip_match *m)
{
	require(m->kind < SIP_MATCH_KINDS && m->text[0] != '\0');
	require(m->regex < (int)c->n_regexes && m->regex_class < (int)c->n_regex_classes);
}

static void require_sip_maps(const struct config *c)
{
	for (size_t i = 0; i < c->n_regexes; i++)
		require(c->regexes[i].pattern[0] != '\0');
	for (size_t i = 0; i < c->n_regex_classes; i++)
		for (size_t k = 0; k < c->regex_classes[i].n; k++)
			require(c->regex_classes[i].list[k] < c->n_regexes);
	for (size_t i = 0; i < c->n_sip_classes; i++)
		for (size_t k = 0; k < c->sip_classes[i].n; k++)
			require_match(c, &c->sip_classes[i].matches[k]);
	for (size_t i = 0; i < c->n_sip_maps; i++)
		for (size_t k = 0; k < c->sip_maps[i].n; k++) {
			const struct config_sip_entry *e = &c->sip_maps[i].entries[k];

			require(e->act.on && e->class < (int)c->n_sip_classes);
			if (e->class < 0)
				require_match(c, &e->match);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct config_errors errs = {0};
	struct config *c = NULL;
	int err;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	require(nowhere != NULL);
	err = config_parse((struct str){(const char *)data, size}, "/etc", false, &c, &errs);
	if (err == 0) {
		require_addresses(c);
		require_acls(c);
		require_ime(c);
		require_sip_maps(c);
		config_summary(nowhere, c);
		config_free(c);
		return 0;
	}
	require(err == -EINVAL && c == NULL && errs.n > 0);
	config_errors_print(nowhere, "file", &errs);
	config_errors_free(&errs);
	return 0;
}
