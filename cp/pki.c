// SPDX-License-Identifier: BSD-3-Clause
// Trust-points in force; see cp/pki.h. Made by cp/ime.c at start and by cp/pki_reload.c.
#include "cp/pki.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/alarm.h"
#include "cp/tls.h"
#include "lib/cert.h"

struct pki {
	const struct config *config;
	struct trustpoint *trustpoints; // as in the configuration
	SSL_CTX **tls[TLS_ROLES]; // by role, then tls-proxy; NULL where there is no trust-point
	struct domain_ids own_ids;
};

struct telling {
	const struct config_trustpoint *trustpoint;
	char *err;
	size_t err_size;
};

// The first fault is told: a person mends one after the other.
static void tell(void *arg, enum trustpoint_file file, const char *why)
{
	struct telling *t = arg;

	if (t->err[0] == '\0')
		snprintf(t->err, t->err_size, "trust-point %s: %s: %s", t->trustpoint->name,
			trustpoint_file_name(file), why);
}

static int load_trustpoints(struct pki *p, char *err, size_t err_size)
{
	const struct config *c = p->config;
	int e = 0;

	p->trustpoints = calloc(c->n_trustpoints + 1, sizeof(*p->trustpoints));
	if (p->trustpoints == NULL)
		return -ENOMEM;
	for (size_t i = 0; e == 0 && i < c->n_trustpoints; i++) {
		struct telling t = {&c->trustpoints[i], err, err_size};

		e = trustpoint_load(&p->trustpoints[i], &c->trustpoints[i], tell, &t);
	}
	return e;
}

static int make_contexts(struct pki *p, char *err, size_t err_size)
{
	const struct config *c = p->config;

	for (int role = TLS_SERVER; role <= TLS_CLIENT; role++) {
		p->tls[role] = calloc(c->n_tls_proxies + 1, sizeof(SSL_CTX *));
		if (p->tls[role] == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < c->n_tls_proxies; i++) {
			const struct config_tls_side *s = &c->tls_proxies[i].side[role];

			if (s->trustpoint < 0)
				continue;
			p->tls[role][i] = tls_ctx_new(c, &c->tls_proxies[i], (enum tls_role)role,
				&p->trustpoints[s->identity], &p->trustpoints[s->trustpoint], err,
				err_size);
			if (p->tls[role][i] == NULL)
				return -EINVAL;
		}
	}
	return 0;
}

static void find_own_ids(struct pki *p)
{
	const struct config *c = p->config;

	for (size_t i = 0; i < c->n_inspects; i++) {
		const struct config_tls_proxy *proxy = &c->tls_proxies[c->inspects[i].tls_proxy];

		if (proxy->outside != TLS_SERVER)
			continue;
		domain_ids_from_cert(
			&p->own_ids, p->trustpoints[proxy->side[TLS_SERVER].identity].cert);
		return;
	}
}

int pki_new(struct pki **out, const struct config *c, char *err, size_t err_size)
{
	struct pki *p = calloc(1, sizeof(*p));
	int e;

	err[0] = '\0';
	if (p == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	p->config = c;
	e = load_trustpoints(p, err, err_size);
	if (e == 0)
		e = make_contexts(p, err, err_size);
	if (e < 0) {
		if (err[0] == '\0')
			snprintf(err, err_size, "out of memory");
		pki_free(p);
		return e;
	}
	find_own_ids(p);
	*out = p;
	return 0;
}

void pki_free(struct pki *p)
{
	if (p == NULL)
		return;
	for (int role = TLS_SERVER; role <= TLS_CLIENT; role++) {
		for (size_t i = 0; p->tls[role] != NULL && i < p->config->n_tls_proxies; i++)
			SSL_CTX_free(p->tls[role][i]);
		free(p->tls[role]);
	}
	for (size_t i = 0; p->trustpoints != NULL && i < p->config->n_trustpoints; i++)
		trustpoint_free(&p->trustpoints[i]);
	free(p->trustpoints);
	free(p);
}

SSL_CTX *pki_tls(const struct pki *p, enum tls_role role, size_t tls_proxy)
{
	return p->tls[role][tls_proxy];
}

const struct domain_ids *pki_own_ids(const struct pki *p)
{
	return &p->own_ids;
}

int pki_judge_again(const struct pki *p, enum tls_role role, size_t tls_proxy, const SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);

	if (cert == NULL)
		return X509_V_ERR_UNSPECIFIED;
	return trustpoint_judge(SSL_CTX_get_cert_store(p->tls[role][tls_proxy]), cert,
		SSL_get_peer_cert_chain(ssl), role == TLS_CLIENT, NULL, NULL);
}

// ---- What people see ----------------------------------------------------------------------------

struct visit {
	const struct config *config;
	size_t trustpoint;
	pki_visit_fn *fn;
	void *arg;
};

static void visit(const struct trustpoint_item *is, void *arg)
{
	bool as_anchor = is->kind == TRUSTPOINT_ANCHOR || is->kind == TRUSTPOINT_REVOCATIONS;
	struct visit *v = arg;
	struct pki_item item = {.trustpoint = v->trustpoint, .is = is};
	char text[CONFIG_NAME_MAX + 32];
	size_t at = 0;

	item.used = trustpoint_use(v->config, v->trustpoint, as_anchor, &at, text, sizeof(text));
	v->fn(&item, v->arg);
}

void pki_foreach(const struct pki *p, pki_visit_fn *fn, void *arg)
{
	struct visit v = {.config = p->config, .fn = fn, .arg = arg};

	for (; v.trustpoint < p->config->n_trustpoints; v.trustpoint++)
		trustpoint_foreach(&p->trustpoints[v.trustpoint], visit, &v);
}

// What is to be said of one alarm: the first item that it is about, and how many more there are.
struct matter {
	char first[148];
	unsigned int n;
};

struct matters {
	struct matter of[ALARMS_N];
	const struct config *config;
	int64_t wall_s;
};

static void add(struct matters *all, enum alarm_id id, const struct pki_item *item,
	const char *name, const char *predicate)
{
	static const char *const kinds[] = {[TRUSTPOINT_IDENTITY] = "certificate",
		[TRUSTPOINT_INTERMEDIATE] = "intermediate CA",
		[TRUSTPOINT_ANCHOR] = "CA",
		[TRUSTPOINT_REVOCATIONS] = "CRL of"};
	struct matter *m = &all->of[id];

	if (m->n++ == 0)
		snprintf(m->first, sizeof(m->first), "%s %.40s of trust-point %.24s %s",
			kinds[item->is->kind], name,
			all->config->trustpoints[item->trustpoint].name, predicate);
}

static void judge_time(struct matters *all, const struct pki_item *item, const char *name,
	int64_t from_s, int64_t to_s)
{
	static const enum alarm_id warnings[CERT_PHASES] = {
		[CERT_30_DAYS] = ALARM_CERT_30_DAYS,
		[CERT_7_DAYS] = ALARM_CERT_7_DAYS,
		[CERT_1_DAY] = ALARM_CERT_1_DAY,
	};
	enum cert_phase phase = cert_phase(from_s, to_s, all->wall_s);
	bool over = phase == CERT_OVER || phase == CERT_NOT_YET;
	enum alarm_id id = warnings[phase];
	char time[CERT_TIME_MAX], predicate[48];

	if (phase == CERT_FINE)
		return;
	if (over)
		id = item->is->crl != NULL ? ALARM_CRL_STALE : ALARM_CERT_NOT_VALID;
	snprintf(predicate, sizeof(predicate), "%s %s",
		phase == CERT_NOT_YET        ? "begins"
			: phase == CERT_OVER ? "ended"
					     : "ends",
		cert_time_text(phase == CERT_NOT_YET ? from_s : to_s, time));
	add(all, id, item, name, predicate);
}

static void judge(const struct pki_item *item, void *arg)
{
	struct matters *all = arg;
	struct cert_facts cert;
	struct crl_facts crl;

	if (!item->used)
		return;
	if (item->is->cert != NULL) {
		cert_facts(item->is->cert, &cert);
		judge_time(all, item, cert.subject, cert.from_s, cert.to_s);
		return;
	}
	crl_facts(item->is->crl, &crl);
	if (item->is->has_issuer)
		judge_time(all, item, crl.issuer, crl.from_s, crl.to_s);
	else
		add(all, ALARM_CRL_FOREIGN, item, crl.issuer, "is of none of its CAs");
}

// What is on already is raised again only when there is something new to say.
static void settle(enum alarm_id id, const struct matter *m, uint64_t now_ns)
{
	const struct alarm *a = alarm_get(id);
	char text[sizeof(a->text)];

	if (m->n == 0) {
		alarm_clear(id, now_ns);
		return;
	}
	if (m->n > 1)
		snprintf(text, sizeof(text), "%.130s, and %u more", m->first, m->n - 1);
	else
		snprintf(text, sizeof(text), "%s", m->first);
	if (a->active && strcmp(a->text, text) == 0)
		return;
	alarm_clear(id, now_ns);
	alarm_raise(id, now_ns, "%s", text);
}

void pki_alarms(const struct pki *p, int64_t wall_s, uint64_t now_ns)
{
	static const enum alarm_id ours[] = {ALARM_CERT_30_DAYS, ALARM_CERT_7_DAYS,
		ALARM_CERT_1_DAY, ALARM_CERT_NOT_VALID, ALARM_CRL_STALE, ALARM_CRL_FOREIGN};
	struct matters all = {.config = p->config, .wall_s = wall_s};

	pki_foreach(p, judge, &all);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		settle(ours[i], &all.of[ours[i]], now_ns);
}
