// SPDX-License-Identifier: BSD-3-Clause
// Domain names and certificate identities; see lib/domain.h. Called at configuration time for our
// own certificate and after each TLS handshake for the peer's.
#include "lib/domain.h"

#include <openssl/x509v3.h>

#include "lib/addr.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool label_valid(struct str l)
{
	if (l.n == 0 || l.n > 63 || l.p[0] == '-' || l.p[l.n - 1] == '-')
		return false;
	for (size_t i = 0; i < l.n; i++)
		if (!is_alnum(l.p[i]) && l.p[i] != '-')
			return false;
	return true;
}

static struct str without_dot(struct str s)
{
	if (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	return s;
}

bool domain_valid(struct str name)
{
	name = without_dot(name);
	if (name.n == 0 || name.n > DOMAIN_NAME_MAX || name.p[name.n - 1] == '.')
		return false;
	while (name.n > 0) {
		struct str label;

		name = str_split(name, '.', &label);
		if (!label_valid(label))
			return false;
	}
	return true;
}

bool domain_eq(struct str a, struct str b)
{
	a = without_dot(a);
	b = without_dot(b);
	return a.n > 0 && str_caseeq(a, b);
}

bool domain_entry_valid(struct str entry)
{
	if (entry.n > 0 && entry.p[0] == '.')
		entry = (struct str){entry.p + 1, entry.n - 1};
	return domain_valid(entry);
}

bool domain_matches(struct str entry, struct str name)
{
	entry = without_dot(entry);
	name = without_dot(name);
	if (entry.n == 0 || entry.p[0] != '.')
		return domain_eq(entry, name);
	return name.n > entry.n &&
		str_caseeq(entry, (struct str){name.p + name.n - entry.n, entry.n});
}

static void ids_add(struct domain_ids *ids, struct str name)
{
	struct str plain = name;
	struct domain_name *id;
	struct ip_addr ip;

	if (str_has_prefix(name, STR_LIT("*.")))
		plain = (struct str){name.p + 2, name.n - 2};
	name = without_dot(name);
	if (!domain_valid(plain) || name.n > DOMAIN_NAME_MAX || ip_parse(name, &ip))
		return;
	if (ids->n == DOMAIN_IDS_MAX)
		return;
	id = &ids->id[ids->n++];
	id->n = (uint8_t)name.n;
	memcpy(id->name, name.p, name.n);
}

static struct str asn1_str(const ASN1_STRING *s)
{
	return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

// The host of a sip: URI without a user; anything else adds nothing.
static void ids_add_uri(struct domain_ids *ids, struct str uri)
{
	struct str host;

	if (!str_has_caseprefix(uri, STR_LIT("sip:")) || memchr(uri.p, '@', uri.n) != NULL)
		return;
	host = (struct str){uri.p + 4, uri.n - 4};
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == ':' || host.p[i] == ';' || host.p[i] == '?')
			host.n = i;
	ids_add(ids, host);
}

static void ids_from_san(struct domain_ids *ids, const GENERAL_NAMES *san, int type)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(san, i);

		if (g->type != type)
			continue;
		if (type == GEN_URI)
			ids_add_uri(ids, asn1_str(g->d.uniformResourceIdentifier));
		else
			ids_add(ids, asn1_str(g->d.dNSName));
	}
}

static void ids_from_cn(struct domain_ids *ids, const X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = -1, last = -1, n;
	unsigned char *utf8;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		last = at;
	if (last < 0)
		return;
	n = ASN1_STRING_to_UTF8(
		&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	if (n < 0)
		return;
	ids_add(ids, (struct str){(const char *)utf8, (size_t)n});
	OPENSSL_free(utf8);
}

void domain_ids_from_cert(struct domain_ids *ids, const X509 *cert)
{
	GENERAL_NAMES *san;
	int crit;

	ids->n = 0;
	san = X509_get_ext_d2i(cert, NID_subject_alt_name, &crit, NULL);
	if (san != NULL) {
		ids_from_san(ids, san, GEN_URI);
		if (ids->n == 0)
			ids_from_san(ids, san, GEN_DNS);
		GENERAL_NAMES_free(san);
	} else if (crit == -1) { // absent; any other value: there, but unreadable or twice
		ids_from_cn(ids, cert);
	}
}

bool domain_ids_has(const struct domain_ids *ids, struct str name)
{
	for (unsigned int i = 0; ids != NULL && i < ids->n; i++)
		if (domain_eq((struct str){ids->id[i].name, ids->id[i].n}, name))
			return true;
	return false;
}
