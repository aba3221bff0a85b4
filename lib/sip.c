// SPDX-License-Identifier: BSD-3-Clause
// Splits a message into slices and finds headers; see lib/sip.h. What the headers say is judged in
// lib/sip_check.c.
#include "lib/sip.h"

#include "lib/chars.h"

// In the order of their lengths, so that few have to be compared.
static const struct {
	struct str name;
	char compact; // RFC 3261 7.3.3 and the IANA registry; 0: none
	enum sip_header_id id;
} known[] = {
#define H(text, c, i)                                                                              \
	{                                                                                          \
		{text, sizeof(text) - 1}, c, SIP_H_##i                                             \
	}
	H("To", 't', TO),
	H("Via", 'v', VIA),
	H("From", 'f', FROM),
	H("CSeq", 0, CSEQ),
	H("RSeq", 0, RSEQ),
	H("RAck", 0, RACK),
	H("Route", 0, ROUTE),
	H("Allow", 0, ALLOW),
	H("Event", 'o', EVENT),
	H("Reason", 0, REASON),
	H("Server", 0, SERVER),
	H("Call-ID", 'i', CALL_ID),
	H("Contact", 'm', CONTACT),
	H("Require", 0, REQUIRE),
	H("Warning", 0, WARNING),
	H("Replaces", 0, REPLACES),
	H("Refer-To", 'r', REFER_TO),
	H("Identity", 'y', IDENTITY),
	H("Supported", 'k', SUPPORTED),
	H("Diversion", 0, DIVERSION),
	H("Call-Info", 0, CALL_INFO),
	H("Alert-Info", 0, ALERT_INFO),
	H("User-Agent", 0, USER_AGENT),
	H("Referred-By", 'b', REFERRED_BY),
	H("Max-Forwards", 0, MAX_FORWARDS),
	H("Record-Route", 0, RECORD_ROUTE),
	H("Content-Type", 'c', CONTENT_TYPE),
	H("Proxy-Require", 0, PROXY_REQUIRE),
	H("Target-Dialog", 0, TARGET_DIALOG),
	H("Content-Length", 'l', CONTENT_LENGTH),
	H("Session-Expires", 'x', SESSION_EXPIRES),
	H("Remote-Party-ID", 0, REMOTE_PARTY_ID),
	H("Content-Encoding", 'e', CONTENT_ENCODING),
	H("X-UCIME-Fallback", 0, FALLBACK),
	H("P-Asserted-Identity", 0, P_ASSERTED_IDENTITY),
	H("X-Cisco-ViPR-Ticket", 0, TICKET),
	H("X-Cisco-UC-IME-Ticket", 0, TICKET),
#undef H
};

static const struct {
	struct str name;
	enum sip_method method;
} methods[] = {
#define M(m)                                                                                       \
	{                                                                                          \
		{#m, sizeof(#m) - 1}, SIP_##m                                                      \
	}
	M(INVITE),
	M(ACK),
	M(BYE),
	M(CANCEL),
	M(OPTIONS),
	M(REGISTER),
	M(PRACK),
	M(UPDATE),
	M(INFO),
	M(REFER),
	M(NOTIFY),
	M(SUBSCRIBE),
	M(MESSAGE),
	M(PUBLISH),
#undef M
};

const char *sip_reason_text(enum sip_reason r)
{
	static const char *const text[] = {
#define X(name, t) t,
		SIP_REASONS(X)
#undef X
	};

	return (unsigned int)r < SIP_REASON_MAX ? text[r] : "unknown";
}

// Methods are case-sensitive (RFC 3261 7.1).
enum sip_method sip_method_of(struct str name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_eq(methods[i].name, name))
			return methods[i].method;
	return SIP_UNKNOWN;
}

static enum sip_header_id compact_id(char c)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((c | 0x20) == known[i].compact)
			return known[i].id;
	return SIP_H_OTHER;
}

static enum sip_header_id header_id(struct str name)
{
	if (name.n == 1)
		return compact_id(name.p[0]);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && known[i].name.n <= name.n; i++)
		if (str_caseeq(known[i].name, name))
			return known[i].id;
	return SIP_H_OTHER;
}

bool sip_is_token(struct str s)
{
	return s.n > 0 && chars_all(s, CHAR_TOKEN);
}

// The length of the first header line with what is folded into it; *lone_lf: a line end without its
// CR.
static size_t folded_length(struct str s, bool *lone_lf)
{
	size_t n = 0;

	*lone_lf = false;
	while (n < s.n) {
		const char *lf = memchr(s.p + n, '\n', s.n - n);

		if (lf == NULL)
			return s.n;
		*lone_lf = *lone_lf || lf == s.p + n || lf[-1] != '\r';
		n = (size_t)(lf - s.p) + 1;
		if (n == s.n || (s.p[n] != ' ' && s.p[n] != '\t'))
			break;
	}
	return n;
}

enum sip_reason sip_header_take(struct str *rest, struct sip_header *out)
{
	bool lone_lf;
	struct str line = {rest->p, folded_length(*rest, &lone_lf)};
	struct str value = str_split(line, ':', &out->name);
	bool colon = out->name.n < line.n;

	*rest = (struct str){rest->p + line.n, rest->n - line.n};
	while (out->name.n > 0 &&
		(out->name.p[out->name.n - 1] == ' ' || out->name.p[out->name.n - 1] == '\t'))
		out->name.n--;
	out->line = line;
	out->value = str_trim(value);
	if (!colon || !sip_is_token(out->name))
		return SIP_BAD_HEADER;
	out->id = header_id(out->name);
	return lone_lf ? SIP_LINE_END : SIP_OK;
}

static enum sip_reason parse_status(struct sip_msg *m, struct str tail)
{
	struct str code;
	uint64_t v;

	m->phrase = str_split(tail, ' ', &code);
	// Without the space behind the code some take the next line for the phrase.
	if (code.n != 3 || code.n == tail.n || !str_to_u64(code, 699, &v) || v < 100)
		return SIP_BAD_STATUS;
	m->status = (uint16_t)v;
	return SIP_OK;
}

static enum sip_reason parse_start(struct sip_msg *m, struct str line)
{
	static const struct str response = {"SIP/2.0 ", 8};
	struct str tail;

	if (str_has_caseprefix(line, response))
		return parse_status(m, (struct str){line.p + response.n, line.n - response.n});
	m->request = true;
	tail = str_split(line, ' ', &m->method_name);
	tail = str_split(tail, ' ', &m->uri_text);
	if (!sip_is_token(m->method_name) || m->uri_text.n == 0 ||
		!str_caseeq(tail, STR_LIT("SIP/2.0")))
		return SIP_NOT_SIP;
	m->method = sip_method_of(m->method_name);
	return SIP_OK;
}

static void note(struct sip_msg *m, enum sip_header_id id)
{
	m->repeated |= m->present & SIP_H_BIT(id);
	m->present |= SIP_H_BIT(id);
}

enum sip_reason sip_parse(struct sip_msg *m, struct str bytes)
{
	struct str line, rest = str_split(bytes, '\n', &line);
	enum sip_reason r;

	// The headers are written before they are read; clearing 20 KiB for each message is waste.
	memset(m, 0, offsetof(struct sip_msg, headers));
	memset(&m->n_headers, 0, sizeof(*m) - offsetof(struct sip_msg, n_headers));
	m->raw = bytes;
	if (line.n == 0 || line.n == bytes.n || line.p[line.n - 1] != '\r')
		return SIP_NOT_SIP;
	r = parse_start(m, (struct str){line.p, line.n - 1});
	while (r == SIP_OK && !str_has_prefix(rest, STR_LIT("\r\n"))) {
		if (rest.n == 0 || rest.p[0] == '\n')
			return SIP_LINE_END; // no empty line, or not as it should be
		if (m->n_headers == SIP_HEADERS_MAX)
			return SIP_TOO_MANY_HEADERS;
		r = sip_header_take(&rest, &m->headers[m->n_headers]);
		note(m, m->headers[m->n_headers++].id);
	}
	if (r == SIP_OK)
		m->body = (struct str){rest.p + 2, rest.n - 2};
	return r;
}

const struct sip_header *sip_header_next(
	const struct sip_msg *m, enum sip_header_id id, const struct sip_header *after)
{
	const struct sip_header *h = after != NULL ? after + 1 : m->headers;

	if (((after != NULL ? m->repeated : m->present) & SIP_H_BIT(id)) == 0)
		return NULL;
	for (; h < m->headers + m->n_headers; h++)
		if (h->id == id)
			return h;
	return NULL;
}

const struct sip_header *sip_header(const struct sip_msg *m, enum sip_header_id id)
{
	return sip_header_next(m, id, NULL);
}

size_t sip_header_count(const struct sip_msg *m, enum sip_header_id id)
{
	const struct sip_header *h = NULL;
	size_t n = 0;

	while ((h = sip_header_next(m, id, h)) != NULL)
		n++;
	return n;
}

const struct sip_header *sip_header_named(const struct sip_msg *m, struct str name)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (str_caseeq(m->headers[i].name, name))
			return &m->headers[i];
	return NULL;
}

bool sip_elem_next(
	const struct sip_msg *m, enum sip_header_id id, struct sip_elem_iter *it, struct str *elem)
{
	while (!uri_list_next(&it->rest, elem)) {
		it->header = sip_header_next(m, id, it->header);
		if (it->header == NULL)
			return false;
		it->rest = it->header->value;
	}
	return true;
}

bool sip_has_option(const struct sip_msg *m, enum sip_header_id id, struct str tag)
{
	struct sip_elem_iter it = {0};
	struct str elem;

	while (sip_elem_next(m, id, &it, &elem))
		if (str_caseeq(elem, tag))
			return true;
	return false;
}

bool sip_media_type_parse(struct str s, struct sip_media_type *out)
{
	struct str type, tail = str_split(s, '/', &type);
	struct uri_param p;
	size_t n = 0;

	out->type = str_trim(type); // spaces may stand around the slash
	tail = str_trim(tail);
	while (n < tail.n && tail.p[n] != ';')
		n++;
	out->subtype = str_trim((struct str){tail.p, n});
	out->params = s = (struct str){tail.p + n, tail.n - n};
	while (uri_param_next(&s, &p))
		;
	return s.n == 0 && sip_is_token(out->type) && sip_is_token(out->subtype);
}

bool sip_content_is(const struct sip_msg *m, struct str type)
{
	const struct sip_header *h = sip_header(m, SIP_H_CONTENT_TYPE);
	struct str got, main_type, want, sub = str_split(type, '/', &want);

	if (h == NULL)
		return false;
	str_split(h->value, ';', &got);
	got = str_split(got, '/', &main_type); // spaces may stand around the slash
	return str_caseeq(str_trim(main_type), want) && got.n > 0 &&
		(str_eq(sub, STR_LIT("*")) || str_caseeq(str_trim(got), sub));
}
