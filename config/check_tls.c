// SPDX-License-Identifier: BSD-3-Clause
// Which role of a tls-proxy is toward the Internet and which certificate it shows there and toward
// the call managers (protocol.md section 8, E14). Called at the end of config/load.c; what has been
// found faulty before is passed over.
#include "config/check.h"

static const struct node *entry(const struct loader *l, int trustpoint, const char *key)
{
	return node_get(node_at(node_get(l->root, "trustpoints"), (size_t)trustpoint), key);
}

static bool is_anchor(const struct loader *l, int trustpoint)
{
	return entry(l, trustpoint, "certificate") == NULL;
}

// E14: without inside-identity, the one trust-point that enrolled itself is what call managers are
// shown. Several: nobody can tell which; they are counted for the fault.
static unsigned int default_identity(struct loader *l)
{
	const struct node *ime = node_at(node_get(l->root, "uc-ime"), 0);
	unsigned int n = 0;
	size_t last = 0;

	for (size_t i = 0; i < l->c->n_trustpoints; i++) {
		if (!l->c->trustpoints[i].self_enrolled || is_anchor(l, (int)i))
			continue;
		last = i;
		n++;
	}
	if (n == 1 && l->c->n_imes > 0 && node_get(ime, "inside-identity") == NULL)
		l->c->imes[0].inside_identity = (int)last;
	return n;
}

static const struct config_ucm *secure_ucm(const struct config *c)
{
	for (size_t i = 0; c->n_imes > 0 && i < c->imes[0].n_ucms; i++)
		if (c->imes[0].ucms[i].secure)
			return &c->imes[0].ucms[i];
	return NULL;
}

static bool in_service(const struct config *c, size_t proxy)
{
	for (size_t i = 0; i < c->n_inspects; i++)
		if (c->inspects[i].tls_proxy == (int)proxy)
			return true;
	return false;
}

// The role toward the call managers: its trust-point is an anchor alone, else inside-identity.
static bool find_inside(
	const struct loader *l, const struct config_tls_proxy *p, int identity, enum tls_role *out)
{
	int server = p->side[TLS_SERVER].trustpoint, client = p->side[TLS_CLIENT].trustpoint;

	if (is_anchor(l, server) != is_anchor(l, client))
		*out = is_anchor(l, server) ? TLS_SERVER : TLS_CLIENT;
	else if (!is_anchor(l, server) && (server == identity) != (client == identity))
		*out = server == identity ? TLS_SERVER : TLS_CLIENT;
	else
		return false;
	return true;
}

// It is for calls of one direction, and for trunks that are not secure.
static void check_one_role(
	struct loader *l, const struct node *n, struct config_tls_proxy *p, bool used)
{
	static const char *const names[] = {"server", "client"};
	enum tls_role role = p->side[TLS_SERVER].trustpoint >= 0 ? TLS_SERVER : TLS_CLIENT;
	struct config_tls_side *s = &p->side[role];
	const struct config_ucm *ucm = secure_ucm(l->c);
	char ip[IP_TEXT_MAX];

	p->outside = role;
	s->identity = s->trustpoint;
	if (is_anchor(l, s->trustpoint))
		fault_expected(l, node_get(node_get(n, names[role]), "trust-point"),
			"a trustpoint with a certificate and a key (E14)");
	if (used && ucm != NULL)
		fault(l, n,
			"found no %s trust-point, expected one for TLS with call manager %s, whose "
			"trunk is secure (CLI-9)",
			names[!role], ip_format(&ucm->ip, ip));
}

static void check_two_roles(struct loader *l, const struct node *n, struct config_tls_proxy *p,
	unsigned int self_enrolled)
{
	int identity = l->c->n_imes > 0 ? l->c->imes[0].inside_identity : -1;
	struct config_tls_side *s;
	enum tls_role inside;

	if (!find_inside(l, p, identity, &inside)) {
		fault(l, n,
			"found server and client alike, expected one trust-point toward the call "
			"manager: a ca without certificate and key, or the one that is "
			"inside-identity in uc-ime (E14)");
		return;
	}
	p->outside = inside == TLS_SERVER ? TLS_CLIENT : TLS_SERVER;
	p->side[p->outside].identity = p->side[p->outside].trustpoint;
	s = &p->side[inside];
	s->identity = is_anchor(l, s->trustpoint) ? identity : s->trustpoint;
	if (s->identity < 0)
		fault(l, n,
			"found %s without certificate and key, expected inside-identity in uc-ime "
			"or one trustpoint with enroll: self (there are %u): what the call manager "
			"is shown (E14)",
			l->c->trustpoints[s->trustpoint].name, self_enrolled);
}

// Whoever is to be judged must be judged by something.
static void check_anchors(struct loader *l, const struct node *n, const struct config_tls_proxy *p)
{
	static const char *const names[] = {"server", "client"};

	for (int role = 0; role < TLS_ROLES; role++) {
		int i = p->side[role].trustpoint;

		if (i < 0 || entry(l, i, "ca") != NULL)
			continue;
		fault_expected(l, node_get(node_get(n, names[role]), "trust-point"),
			"a trustpoint with a ca: what the other side's certificate must chain to");
	}
}

void check_tls(struct loader *l)
{
	const struct node *n = node_at(node_get(l->root, "tls-proxies"), 0);
	unsigned int self_enrolled = default_identity(l);

	for (size_t i = 0; i < l->c->n_tls_proxies; i++, n = n->next) {
		struct config_tls_proxy *p = &l->c->tls_proxies[i];
		bool server = p->side[TLS_SERVER].trustpoint >= 0;
		bool client = p->side[TLS_CLIENT].trustpoint >= 0;

		if (server && client)
			check_two_roles(l, n, p, self_enrolled);
		else if ((server && node_get(n, "client") == NULL) ||
			(client && node_get(n, "server") == NULL))
			check_one_role(l, n, p, in_service(l->c, i));
		check_anchors(l, n, p);
	}
}
