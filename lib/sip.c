// SPDX-License-Identifier: BSD-3-Clause
// Splits a message into slices and finds headers; see lib/sip.h. What the headers say is judged in
// lib/sip_check.c.
#include "lib/sip.h"

#include "lib/chars.h"

// By length, first and last letter; one more that falls into the slot of another does not compile,
// and wants other factors.
#define KNOWN_SLOT(n, first, last) (((n) + 33u * (first) + (last)) % 128)
static const struct known {
	const char *name;
	uint8_t n; // 0: nothing in this slot
	uint8_t id;
} known[128] = {
#define K(first, last, text, id)                                                                   \
	[KNOWN_SLOT(sizeof(text) - 1, first, last)] = {text, sizeof(text) - 1, SIP_H_##id}
	K('v', 'a', "Via", VIA),
	K('f', 'm', "From", FROM),
	K('t', 'o', "To", TO),
	K('c', 'd', "Call-ID", CALL_ID),
	K('c', 'q', "CSeq", CSEQ),
	K('m', 's', "Max-Forwards", MAX_FORWARDS),
	K('c', 't', "Contact", CONTACT),
	K('r', 'e', "Route", ROUTE),
	K('r', 'e', "Record-Route", RECORD_ROUTE),
	K('c', 'e', "Content-Type", CONTENT_TYPE),
	K('c', 'h', "Content-Length", CONTENT_LENGTH),
	K('c', 'g', "Content-Encoding", CONTENT_ENCODING),
	K('r', 'e', "Require", REQUIRE),
	K('p', 'e', "Proxy-Require", PROXY_REQUIRE),
	K('s', 'd', "Supported", SUPPORTED),
	K('a', 'w', "Allow", ALLOW),
	K('r', 'q', "RSeq", RSEQ),
	K('r', 'k', "RAck", RACK),
	K('r', 'n', "Reason", REASON),
	K('e', 't', "Event", EVENT),
	K('r', 's', "Replaces", REPLACES),
	K('t', 'g', "Target-Dialog", TARGET_DIALOG),
	K('s', 's', "Session-Expires", SESSION_EXPIRES),
	K('r', 'o', "Refer-To", REFER_TO),
	K('r', 'y', "Referred-By", REFERRED_BY),
	K('p', 'y', "P-Asserted-Identity", P_ASSERTED_IDENTITY),
	K('r', 'd', "Remote-Party-ID", REMOTE_PARTY_ID),
	K('d', 'n', "Diversion", DIVERSION),
	K('i', 'y', "Identity", IDENTITY),
	K('w', 'g', "Warning", WARNING),
	K('a', 'o', "Alert-Info", ALERT_INFO),
	K('c', 'o', "Call-Info", CALL_INFO),
	K('u', 't', "User-Agent", USER_AGENT),
	K('s', 'r', "Server", SERVER),
	K('x', 't', "X-Cisco-UC-IME-Ticket", TICKET),
	K('x', 't', "X-Cisco-ViPR-Ticket", TICKET),
	K('x', 'k', "X-UCIME-Fallback", FALLBACK),
#undef K
};

// Compact forms (RFC 3261 7.3.3 and the IANA registry).
static const uint8_t compact['z' - 'a' + 1] = {
	['b' - 'a'] = SIP_H_REFERRED_BY,
	['c' - 'a'] = SIP_H_CONTENT_TYPE,
	['e' - 'a'] = SIP_H_CONTENT_ENCODING,
	['f' - 'a'] = SIP_H_FROM,
	['i' - 'a'] = SIP_H_CALL_ID,
	['k' - 'a'] = SIP_H_SUPPORTED,
	['l' - 'a'] = SIP_H_CONTENT_LENGTH,
	['m' - 'a'] = SIP_H_CONTACT,
	['o' - 'a'] = SIP_H_EVENT,
	['r' - 'a'] = SIP_H_REFER_TO,
	['t' - 'a'] = SIP_H_TO,
	['v' - 'a'] = SIP_H_VIA,
	['x' - 'a'] = SIP_H_SESSION_EXPIRES,
	['y' - 'a'] = SIP_H_IDENTITY,
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

static enum sip_header_id header_id(struct str name)
{
	const struct known *k;
	unsigned int first, last;

	if (name.n == 0)
		return SIP_H_OTHER;
	first = (uint8_t)name.p[0] | 0x20;
	if (name.n == 1)
		return first - 'a' < sizeof(compact) ? compact[first - 'a'] : SIP_H_OTHER;
	last = (uint8_t)name.p[name.n - 1] | 0x20;
	k = &known[KNOWN_SLOT((unsigned int)name.n, first, last)];
	if (k->n != name.n || !str_same_letters(k->name, name.p, name.n))
		return SIP_H_OTHER;
	return k->id;
}

bool sip_is_token(struct str s)
{
	return s.n > 0 && chars_all(s, CHAR_TOKEN);
}

// The first header line with what is folded into it; *lone_lf: a line end without its CR.
static struct str folded_line(struct str s, bool *lone_lf)
{
	size_t n = 0;

	*lone_lf = false;
	do {
		n += str_before((struct str){s.p + n, s.n - n}, '\n');
		if (n == s.n)
			break;
		*lone_lf = *lone_lf || n == 0 || s.p[n - 1] != '\r';
		n++;
	} while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'));
	return (struct str){s.p, n};
}

// What stands behind the colon without the white space around it, which is mostly SP and CRLF.
static struct str value_of(struct str s)
{
	if (s.n > 3 && s.p[0] == ' ' && s.p[s.n - 2] == '\r')
		s = (struct str){s.p + 1, s.n - 3};
	return str_trim(s);
}

enum sip_reason sip_header_take(struct str *rest, struct sip_header *out)
{
	bool lone_lf;
	const struct str line = folded_line(*rest, &lone_lf);
	size_t colon = str_before(line, ':');

	*rest = (struct str){line.p + line.n, rest->n - line.n};
	out->line = line;
	out->name = (struct str){line.p, colon};
	out->id = colon < line.n ? header_id(out->name) : SIP_H_OTHER;
	if (out->id == SIP_H_OTHER) { // no name that we know, or not a name alone
		out->name.n = colon = chars_span(line, CHAR_TOKEN);
		while (colon < line.n && (line.p[colon] == ' ' || line.p[colon] == '\t'))
			colon++;
		if (out->name.n == 0 || colon == line.n || line.p[colon] != ':')
			return SIP_BAD_HEADER;
		out->id = header_id(out->name);
	}
	out->value = value_of((struct str){line.p + colon + 1, line.n - colon - 1});
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

// Counts in the header that was put behind the others.
static void note(struct sip_msg *m)
{
	enum sip_header_id id = m->headers[m->n_headers].id;

	if ((m->present & SIP_H_BIT(id)) == 0)
		m->first[id] = (uint8_t)m->n_headers;
	m->repeated |= m->present & SIP_H_BIT(id);
	m->present |= SIP_H_BIT(id);
	m->n_headers++;
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
		if (r != SIP_BAD_HEADER)
			note(m);
	}
	if (r == SIP_OK)
		m->body = (struct str){rest.p + 2, rest.n - 2};
	return r;
}

const struct sip_header *sip_header_next(
	const struct sip_msg *m, enum sip_header_id id, const struct sip_header *after)
{
	if (((after != NULL ? m->repeated : m->present) & SIP_H_BIT(id)) == 0)
		return NULL;
	if (after == NULL)
		return &m->headers[m->first[id]];
	for (const struct sip_header *h = after + 1; h < m->headers + m->n_headers; h++)
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
