// SPDX-License-Identifier: BSD-3-Clause
// trustpoints and tls-proxies (protocol.md section 8). Called from config/load.c.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const enrollments[] = {"terminal", "self", NULL};
static const char *const revocation_checks[] = {"crl none", "crl", NULL};

static const struct field trustpoint_fields[] = {
	{"certificate", .kind = FIELD_PATH, FIELD_AT(struct config_trustpoint, certificate)},
	{"key", .kind = FIELD_PATH, FIELD_AT(struct config_trustpoint, key)},
	{"ca", .kind = FIELD_PATH, FIELD_AT(struct config_trustpoint, ca)},
	{"crl", .kind = FIELD_PATH, FIELD_AT(struct config_trustpoint, crl)},
	{"revocation-check", .kind = FIELD_ENUM, FIELD_AT(struct config_trustpoint, crl_must),
		.names = revocation_checks},
	{"enroll", "enrollment", .kind = FIELD_ENUM,
		FIELD_AT(struct config_trustpoint, self_enrolled), .names = enrollments},
};

// What goes with what.
static void check_trustpoint(
	struct loader *l, const struct node *n, const struct config_trustpoint *t)
{
	const struct node *cert = node_get(n, "certificate"), *key = node_get(n, "key");
	const struct node *ca = node_get(n, "ca"), *crl = node_get(n, "crl");

	if ((cert == NULL) != (key == NULL))
		fault(l, n, "found a %s alone, expected certificate and key or neither",
			cert != NULL ? "certificate" : "key");
	if (cert == NULL && key == NULL && ca == NULL && n->kind == NODE_MAP)
		fault(l, n, "found neither certificate nor ca, expected one of them or both");
	if (ca == NULL && crl != NULL)
		fault(l, crl, "found a CRL without a ca, expected the CA that signs it");
	if (crl == NULL && node_get(n, "revocation-check") != NULL)
		fault(l, node_get(n, "revocation-check"), "found without crl, expected both");
	if (cert == NULL && t->self_enrolled)
		fault(l, n, "found enroll: self without a certificate, expected both");
}

void read_trustpoints(struct loader *l, const struct node *n, void *obj)
{
	struct config *c = obj;
	size_t i = 0;

	if (!want_map(l, n) ||
		!read_array(
			l, n, sizeof(*c->trustpoints), (void **)&c->trustpoints, &c->n_trustpoints))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		struct config_trustpoint *t = &c->trustpoints[i];

		read_entry_name(l, x, t->name, sizeof(t->name));
		read_map(l, x, trustpoint_fields, COUNT(trustpoint_fields), t);
		check_trustpoint(l, x, t);
		if (l->read_files)
			secret_trustpoint(l, x, t);
	}
}

static void read_side_trustpoint(struct loader *l, const struct node *n, void *obj)
{
	((struct config_tls_side *)obj)->trustpoint =
		read_ref(l, n, node_get(l->root, "trustpoints"), "the name of a trustpoint");
}

struct cipher {
	const char *keyword;
	const char *openssl; // for TLS 1.2; NULL: not in this OpenSSL
	const char *why_not; // refused
};

// TLS-4
static const struct cipher ciphers[] = {
	{"ecdhe-aes128-gcm", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", NULL},
	{"ecdhe-aes256-gcm", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384", NULL},
	{"tls13", "", NULL},
	{"aes128-sha1", "AES128-SHA", NULL},
	{"aes256-sha1", "AES256-SHA", NULL},
	{"3des-sha1", NULL, NULL},
	{"des-sha1", NULL, "a cipher of today: des-sha1 is broken (TLS-4)"},
	{"null-sha1", NULL, "a cipher of today: null-sha1 does not encrypt (TLS-4)"},
};

static const struct cipher *read_cipher(struct loader *l, const struct node *n)
{
	struct suggestion s = {.word = n->text};
	char found[FOUND_MAX], hint[SUGGESTION_MAX];

	if (!want_scalar(l, n, "the name of a cipher suite"))
		return NULL;
	for (size_t i = 0; i < COUNT(ciphers); i++) {
		if (str_eq(n->text, str_from(ciphers[i].keyword)))
			return &ciphers[i];
		suggestion_offer(&s, str_from(ciphers[i].keyword));
	}
	fault(l, n,
		"found %s, expected ecdhe-aes128-gcm, ecdhe-aes256-gcm, tls13, aes128-sha1 or "
		"aes256-sha1%s",
		found_node(n, found), suggestion_text(&s, hint));
	return NULL;
}

// Keywords of suites that OpenSSL does not have are skipped, as long as one is left.
static void read_ciphers(struct loader *l, const struct node *n, void *obj)
{
	struct config_tls_side *p = obj;
	bool tls13 = false, faulty = false;
	size_t used = 0;

	if (!want_list(l, n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next) {
		const struct cipher *c = read_cipher(l, x);

		faulty |= c == NULL || c->why_not != NULL;
		if (c != NULL && c->why_not != NULL)
			fault_expected(l, x, c->why_not);
		if (c == NULL || c->openssl == NULL)
			continue;
		if (c->openssl[0] == '\0')
			tls13 = true;
		else if (used < sizeof(p->ciphers))
			used += (size_t)snprintf(p->ciphers + used, sizeof(p->ciphers) - used,
				"%s%s", used > 0 ? ":" : "", c->openssl);
	}
	if (used >= sizeof(p->ciphers))
		fault(l, n, "found a list that repeats itself, expected each suite once");
	else if (used == 0 && !tls13 && !faulty)
		fault(l, n, "found no suite that this OpenSSL has, expected one (TLS-4)");
	if (used == 0 && tls13)
		p->min_version = 13;
}

static void read_min_version(struct loader *l, const struct node *n, void *obj)
{
	struct config_tls_proxy *p = obj;

	if (!want_scalar(l, n, "1.2 or 1.3"))
		return;
	if (!str_eq(n->text, STR_LIT("1.2")) && !str_eq(n->text, STR_LIT("1.3")))
		fault_expected(l, n, "1.2 or 1.3");
	else
		p->side[TLS_SERVER].min_version = p->side[TLS_CLIENT].min_version =
			n->text.p[2] == '2' ? 12 : 13;
}

static void read_server(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"trust-point", .kind = FIELD_READ, .required = true, .read = read_side_trustpoint},
		{"cipher-suite", .kind = FIELD_READ, .read = read_ciphers},
	};

	read_map(l, n, fields, COUNT(fields), &((struct config_tls_proxy *)obj)->side[TLS_SERVER]);
}

static void read_client(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"trust-point", .kind = FIELD_READ, .required = true, .read = read_side_trustpoint},
		{"cipher-suite", .kind = FIELD_READ, .read = read_ciphers},
		{"ldc", .kind = FIELD_REFUSED,
			.expected = "trust-point: UC-IME has no local dynamic certificates"},
	};

	read_map(l, n, fields, COUNT(fields), &((struct config_tls_proxy *)obj)->side[TLS_CLIENT]);
}

void read_tls_proxies(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"tls-min-version", .kind = FIELD_READ, .read = read_min_version},
		{"server", .kind = FIELD_READ, .read = read_server},
		{"client", .kind = FIELD_READ, .read = read_client},
	};
	struct config *c = obj;
	size_t i = 0;

	if (!want_map(l, n) ||
		!read_array(
			l, n, sizeof(*c->tls_proxies), (void **)&c->tls_proxies, &c->n_tls_proxies))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		struct config_tls_proxy *p = &c->tls_proxies[i];

		for (int role = 0; role < TLS_ROLES; role++)
			p->side[role] = (struct config_tls_side){
				.trustpoint = -1, .identity = -1, .min_version = 12};
		read_entry_name(l, x, p->name, sizeof(p->name));
		read_map(l, x, fields, COUNT(fields), p);
		if (x->kind == NODE_MAP && node_get(x, "server") == NULL &&
			node_get(x, "client") == NULL)
			fault(l, x, "found neither server nor client, expected one");
	}
}

void read_tls_proxy_limits(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"maximum-sessions", .kind = FIELD_UINT, FIELD_AT(struct config, tls_sessions_max),
			.min = 1, .max = 100000, .expected = "sessions"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}
