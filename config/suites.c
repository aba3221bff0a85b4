// SPDX-License-Identifier: BSD-3-Clause
// What TLS may speak: cipher suites by the manual's keywords and ours, the lowest version, and what of
// it wants `crypto: {legacy-ciphers: on}` (TLS-4). Called from config/load.c and config/tls.c.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct suite {
	const char *keyword;
	const char *openssl; // of TLS 1.2 and before, "" for TLS 1.3; NULL: not in this OpenSSL
	const char *weak;    // why it wants legacy-ciphers
};

static const struct suite suites[] = {
	{"ecdhe-aes128-gcm", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", NULL},
	{"ecdhe-aes256-gcm", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384", NULL},
	{"tls13", "", NULL},
	{"aes128-sha1", "AES128-SHA", NULL},
	{"aes256-sha1", "AES256-SHA", NULL},
	{"3des-sha1", NULL, NULL},
	{"des-sha1", NULL, "is broken"},
	{"null-sha1", "NULL-SHA", "does not encrypt"},
};

static const struct suite *find(struct loader *l, const struct node *n)
{
	struct suggestion s = {.word = n->text};
	char found[FOUND_MAX], hint[SUGGESTION_MAX];

	if (!want_scalar(l, n, "the name of a cipher suite"))
		return NULL;
	for (size_t i = 0; i < COUNT(suites); i++) {
		if (str_eq(n->text, str_from(suites[i].keyword)))
			return &suites[i];
		suggestion_offer(&s, str_from(suites[i].keyword));
	}
	fault(l, n,
		"found %s, expected ecdhe-aes128-gcm, ecdhe-aes256-gcm, tls13, aes128-sha1 or "
		"aes256-sha1%s",
		found_node(n, found), suggestion_text(&s, hint));
	return NULL;
}

// Tells what a person should know of a suite.
static bool is_refused(struct loader *l, const struct node *n, const struct suite *s)
{
	if (s->weak != NULL && !l->c->legacy_ciphers)
		fault(l, n,
			"found %s, expected a cipher of today: it %s and wants crypto "
			"legacy-ciphers on (TLS-4)",
			s->keyword, s->weak);
	else if (s->openssl == NULL)
		warn(l, n, "found %s, which this OpenSSL does not have: it is ignored (TLS-4)",
			s->keyword);
	else if (s->weak != NULL)
		warn(l, n, "found %s, which %s", s->keyword, s->weak);
	return s->weak != NULL && !l->c->legacy_ciphers;
}

// A list says all that is spoken: TLS 1.3 only if tls13 is in it.
void read_cipher_suite(struct loader *l, const struct node *n, void *obj)
{
	struct config_tls_side *p = obj;
	bool tls13 = false, faulty = false;
	size_t used = 0;

	if (!want_list(l, n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next) {
		const struct suite *s = find(l, x);

		faulty |= s == NULL || is_refused(l, x, s);
		if (s == NULL || s->openssl == NULL || faulty)
			continue;
		if (s->openssl[0] == '\0')
			tls13 = true;
		else if (used < sizeof(p->ciphers))
			used += (size_t)snprintf(p->ciphers + used, sizeof(p->ciphers) - used,
				"%s%s", used > 0 ? ":" : "", s->openssl);
	}
	p->max_version = tls13 ? 13 : 12;
	if (faulty)
		return;
	if (used >= sizeof(p->ciphers))
		fault(l, n, "found a list that repeats itself, expected each suite once");
	else if (used == 0 && !tls13)
		fault(l, n, "found no suite that this OpenSSL has, expected one (TLS-4)");
	else if (p->min_version > p->max_version)
		fault(l, n, "found no tls13, expected it with tls-min-version 1.3");
	if (used == 0)
		p->min_version = 13;
}

void read_tls_min_version(struct loader *l, const struct node *n, void *obj)
{
	struct config_tls_proxy *p = obj;
	int version;

	if (!want_scalar(l, n, "1.2 or 1.3"))
		return;
	if (str_eq(n->text, STR_LIT("1.0")) && l->c->legacy_ciphers) {
		warn(l, n, "found 1.0, which is broken");
		version = 10;
	} else if (str_eq(n->text, STR_LIT("1.0"))) {
		fault_expected(l, n, "1.2 or 1.3: 1.0 wants crypto legacy-ciphers on (TLS-4)");
		return;
	} else if (str_eq(n->text, STR_LIT("1.2")) || str_eq(n->text, STR_LIT("1.3"))) {
		version = n->text.p[2] == '2' ? 12 : 13;
	} else {
		fault_expected(l, n, "1.2 or 1.3");
		return;
	}
	p->side[TLS_SERVER].min_version = p->side[TLS_CLIENT].min_version = version;
}

void read_crypto(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"legacy-ciphers", .kind = FIELD_BOOL, FIELD_AT(struct config, legacy_ciphers)},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_encryption(struct loader *l, const struct node *n, void *obj)
{
	l->ssl = (struct config_tls_side){0};
	read_cipher_suite(l, n, &l->ssl);
}

// The list of every server without one of its own, as the manual's `ssl encryption`.
void read_ssl(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"encryption", .kind = FIELD_READ, .required = true, .read = read_encryption},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}
