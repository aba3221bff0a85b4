// SPDX-License-Identifier: BSD-3-Clause
#include "cp/verstat.h"

#include <stdio.h>

static const enum sip_header_id headers[] = {
	SIP_H_FROM, SIP_H_TO, SIP_H_P_ASSERTED_IDENTITY, SIP_H_REMOTE_PARTY_ID};

bool verstat_is_number(const struct uri *u)
{
	char first = u->user.n > 0 ? (char)(u->user.p[0] | 0x20) : 'a';

	if (u->scheme == URI_TEL)
		return true;
	return (u->scheme == URI_SIP || u->scheme == URI_SIPS) && !(first >= 'a' && first <= 'z') &&
		u->user.p[0] != '_';
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Escapes count: "%76erstat" is the same parameter (RFC 3261 19.1.4).
static bool is_verstat(struct str name)
{
	static const char want[] = "verstat";
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++, n++) {
		int c = name.p[i];

		if (c == '%' && name.n - i > 2 && hex(name.p[i + 1]) >= 0 &&
			hex(name.p[i + 2]) >= 0) {
			c = hex(name.p[i + 1]) << 4 | hex(name.p[i + 2]);
			i += 2;
		}
		if (n == sizeof(want) - 1 || (c | 0x20) != want[n])
			return false;
	}
	return n == sizeof(want) - 1;
}

static void strip_params(struct str params, struct sip_edit *e)
{
	struct uri_param p;

	while (uri_param_next(&params, &p))
		if (is_verstat(p.name))
			sip_edit_delete(e, p.whole);
}

// Parameters of the number inside the user part, whatever they look like.
static void strip_user(struct str user, struct sip_edit *e)
{
	struct str param, name, rest;

	if (user.n == 0)
		return;
	rest = str_split(user, ';', &param);
	while (param.p + param.n < user.p + user.n) {
		rest = str_split(rest, ';', &param);
		str_split(param, '=', &name);
		if (is_verstat(str_trim(name)))
			sip_edit_delete(e, (struct str){param.p - 1, param.n + 1});
	}
}

static void put(
	const struct name_addr *na, const struct uri *u, const char *value, struct sip_edit *e)
{
	const char *end = u->text.p + u->text.n;
	char text[64];
	int n = snprintf(text, sizeof(text), ";verstat=%s", value);

	// Without brackets it would be a parameter of the header (RFC 3261 20.10).
	if (!na->bracketed)
		sip_edit_insert(e, u->text.p, STR_LIT("<"));
	sip_edit_insert(e, u->user.p + u->user.n, (struct str){text, (size_t)n});
	if (!na->bracketed)
		sip_edit_insert(e, end, STR_LIT(">"));
}

enum sip_reason verstat_rewrite(const struct sip_msg *m, const char *value, struct sip_edit *e)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		bool tagged = headers[i] == SIP_H_FROM || headers[i] == SIP_H_P_ASSERTED_IDENTITY;
		struct sip_elem_iter it = {0};
		struct name_addr na;
		struct str elem;
		struct uri u;

		while (sip_elem_next(m, headers[i], &it, &elem)) {
			if (!name_addr_parse(elem, &na) || !uri_parse(na.uri, &u))
				return SIP_BAD_ADDRESS;
			strip_user(u.user, e);
			strip_params(u.params, e);
			strip_params(na.params, e);
			if (value != NULL && tagged && verstat_is_number(&u))
				put(&na, &u, value, e);
		}
	}
	return SIP_OK;
}
