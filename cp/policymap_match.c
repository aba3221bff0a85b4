// SPDX-License-Identifier: BSD-3-Clause
#include "cp/policymap_match.h"

#include "cp/policymap.h"

// A message that has been passed on more often than this is no message, and a search for each step
// would make it expensive (Max-Forwards begins at 70).
#define PATH_MAX_STEPS 256

// ---- Regular expressions -----------------------------------------------------------------------

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Whoever is refused by the name "bob" is not "b%6fb" either (RFC 3261 19.1.4).
static struct str unescape(struct policy_look *look, struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? hex(s.p[i + 1]) : -1;
		int low = high >= 0 ? hex(s.p[i + 2]) : -1;

		if (low >= 0) {
			look->plain[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			look->plain[n++] = s.p[i];
		}
	}
	return (struct str){look->plain, n};
}

static void search(struct policy_look *look, enum config_sip_kind kind, struct str text)
{
	bool ok = regex_set_search(look->sets[kind], look->scratch, text, look->found);

	look->kind[kind].applies = true;
	look->kind[kind].blind |= !ok;
}

// As it is written, and as it is meant.
static void search_uri(struct policy_look *look, enum config_sip_kind kind, struct str uri)
{
	search(look, kind, uri);
	if (uri.n == 0 || memchr(uri.p, '%', uri.n) == NULL)
		return;
	if (uri.n <= look->plain_size)
		search(look, kind, unescape(look, uri));
	else
		look->kind[kind].blind = true;
}

static void search_path(struct policy_look *look)
{
	struct sip_elem_iter it = {0};
	unsigned int n = 0;
	struct str elem;

	while (sip_elem_next(look->m, SIP_H_VIA, &it, &elem)) {
		if (++n > PATH_MAX_STEPS) {
			look->kind[SIP_MATCH_MESSAGE_PATH].blind = true;
			return;
		}
		search(look, SIP_MATCH_MESSAGE_PATH, elem);
	}
}

// ---- What a message has ------------------------------------------------------------------------

// Who calls and who is called is a matter of the request that begins it; in a call From is whoever
// speaks.
static bool begins(const struct sip_msg *m)
{
	return m->request && m->to_tag.n == 0 && m->method != SIP_CANCEL && m->method != SIP_ACK;
}

bool policymap_is_im(const struct sip_msg *m)
{
	const struct sip_header *event = sip_header(m, SIP_H_EVENT);
	struct str package;

	if (!m->request)
		return false;
	if (m->method == SIP_MESSAGE)
		return true;
	if (event == NULL ||
		(m->method != SIP_SUBSCRIBE && m->method != SIP_NOTIFY && m->method != SIP_PUBLISH))
		return false;
	str_split(event->value, ';', &package);
	str_split(package, '.', &package); // presence.winfo too
	return str_caseeq(str_trim(package), STR_LIT("presence"));
}

// REGISTER on behalf of somebody else: user or host of From is not To's.
static bool is_third_party(const struct sip_msg *m)
{
	const struct uri *from = &m->from_uri, *to = &m->to_uri;

	if (!m->request || m->method != SIP_REGISTER)
		return false;
	if (from->scheme == URI_OTHER || to->scheme == URI_OTHER)
		return !str_eq(from->text, to->text);
	return !str_eq(from->user, to->user) || !str_caseeq(from->host, to->host);
}

static void look_at(struct policy_look *look, enum config_sip_kind kind)
{
	const struct sip_msg *m = look->m;
	const struct sip_header *type = sip_header(m, SIP_H_CONTENT_TYPE);

	look->kind[kind].known = true;
	switch (kind) {
	case SIP_MATCH_CALLED_PARTY:
		if (begins(m))
			search_uri(look, kind, m->to.uri);
		break;
	case SIP_MATCH_CALLING_PARTY:
		if (begins(m))
			search_uri(look, kind, m->from.uri);
		break;
	case SIP_MATCH_CONTENT_TYPE:
		if (m->body.n > 0 && type != NULL)
			search(look, kind, type->value);
		break;
	case SIP_MATCH_IM_SUBSCRIBER:
		if (policymap_is_im(m))
			search_uri(look, kind, m->method == SIP_NOTIFY ? m->to.uri : m->from.uri);
		break;
	case SIP_MATCH_MESSAGE_PATH:
		if (m->request)
			search_path(look);
		break;
	case SIP_MATCH_REGISTRATION:
		if (is_third_party(m))
			search_uri(look, kind, m->from.uri);
		break;
	default:
		break;
	}
}

static void measure_uri(struct policy_look *look, struct str text)
{
	struct uri uri;
	size_t *longest;

	if (!uri_parse(text, &uri) || uri.scheme == URI_OTHER)
		return;
	longest = &look->longest[uri.scheme == URI_TEL];
	if (text.n > *longest)
		*longest = text.n;
}

static void measure(struct policy_look *look)
{
	static const enum sip_header_id lists[] = {SIP_H_FROM, SIP_H_TO, SIP_H_CONTACT, SIP_H_ROUTE,
		SIP_H_RECORD_ROUTE, SIP_H_REFER_TO, SIP_H_REFERRED_BY, SIP_H_P_ASSERTED_IDENTITY,
		SIP_H_REMOTE_PARTY_ID, SIP_H_DIVERSION};

	look->measured = true;
	if (look->m->request)
		measure_uri(look, look->m->uri_text);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct sip_elem_iter it = {0};
		struct name_addr na;
		struct str elem;

		while (sip_elem_next(look->m, lists[i], &it, &elem))
			if (name_addr_parse(elem, &na))
				measure_uri(look, na.uri);
	}
}

static bool matches_regex(
	struct policy_look *look, const struct config_sip_match *match, unsigned int id)
{
	enum config_sip_kind kind = match->kind;
	bool found;

	if (!look->kind[kind].known)
		look_at(look, kind);
	found = (look->found[id / 64] >> (id % 64) & 1) != 0;
	return look->kind[kind].applies && (look->kind[kind].blind || found != match->negate);
}

bool policy_match(struct policy_look *look, const struct config_sip_match *match, unsigned int id)
{
	const struct sip_msg *m = look->m;

	switch (match->kind) {
	case SIP_MATCH_CONTENT_LENGTH:
		return (m->body.n > match->length) != match->negate;
	case SIP_MATCH_CONTENT_SDP:
		return m->body.n > 0 && m->is_sdp != match->negate;
	case SIP_MATCH_REQUEST_METHOD:
		return m->request && (m->method == match->method) != match->negate;
	case SIP_MATCH_URI_LENGTH:
		if (!look->measured)
			measure(look);
		return (look->longest[match->tel] > match->length) != match->negate;
	default:
		return matches_regex(look, match, id);
	}
}
