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

static void take_ssl_encryption(
	struct loader *l, const struct node *n, struct config_tls_side *side)
{
	str_copy(str_from(l->ssl.ciphers), side->ciphers, sizeof(side->ciphers));
	side->max_version = l->ssl.max_version;
	if (side->min_version < l->ssl.min_version)
		side->min_version = l->ssl.min_version;
	if (side->min_version > side->max_version)
		fault(l, n,
			"found no tls13 in ssl encryption, expected it with tls-min-version 1.3");
}

static void read_server(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"trust-point", .kind = FIELD_READ, .required = true, .read = read_side_trustpoint},
		{"cipher-suite", .kind = FIELD_READ, .read = read_cipher_suite},
	};
	struct config_tls_side *side = &((struct config_tls_proxy *)obj)->side[TLS_SERVER];

	read_map(l, n, fields, COUNT(fields), side);
	if (n->kind == NODE_MAP && node_get(n, "cipher-suite") == NULL && l->ssl.max_version != 0)
		take_ssl_encryption(l, n, side);
}

static void read_client(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"trust-point", .kind = FIELD_READ, .required = true, .read = read_side_trustpoint},
		{"cipher-suite", .kind = FIELD_READ, .read = read_cipher_suite},
		{"ldc", .kind = FIELD_REFUSED,
			.expected = "trust-point: UC-IME has no local dynamic certificates"},
	};

	read_map(l, n, fields, COUNT(fields), &((struct config_tls_proxy *)obj)->side[TLS_CLIENT]);
}

void read_tls_proxies(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"tls-min-version", .kind = FIELD_READ, .read = read_tls_min_version},
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
			p->side[role] = (struct config_tls_side){.trustpoint = -1,
				.identity = -1,
				.min_version = 12,
				.max_version = 13};
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
		{"embryonic-conn-max", .kind = FIELD_UINT, FIELD_AT(struct config, embryonic_max),
			.min = 16, .max = 100000, .expected = "connections"},
		{"per-client-embryonic-max", .kind = FIELD_UINT,
			FIELD_AT(struct config, client_embryonic_max), .min = 1, .max = 100000,
			.expected = "connections"},
		{"handshake-rate", .kind = FIELD_UINT, FIELD_AT(struct config, handshake_rate),
			.min = 1, .max = 100000, .expected = "handshakes per second"},
		{"per-client-handshake-rate", .kind = FIELD_UINT,
			FIELD_AT(struct config, client_handshake_rate), .min = 1, .max = 100000,
			.expected = "handshakes per second"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}
