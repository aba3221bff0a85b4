// SPDX-License-Identifier: BSD-3-Clause
// Splits a message into slices and finds headers; see lib/sip.h. What the headers say is judged in
// lib/sip_check.c.
#include "lib/sip.h"

#include "lib/chars.h"

// By their lengths: few have to be compared.
#define KNOWN_LONGEST   21
#define KNOWN_OF_LENGTH 4
static const struct known {
	const char *name; // NULL: no more
	enum sip_header_id id;
} known[KNOWN_LONGEST + 1][KNOWN_OF_LENGTH] = {
	[2] = {{"To", SIP_H_TO}},
	[3] = {{"Via", SIP_H_VIA}},
	[4] = {{"From", SIP_H_FROM}, {"CSeq", SIP_H_CSEQ}, {"RSeq", SIP_H_RSEQ},
		{"RAck", SIP_H_RACK}},
	[5] = {{"Route", SIP_H_ROUTE}, {"Allow", SIP_H_ALLOW}, {"Event", SIP_H_EVENT}},
	[6] = {{"Reason", SIP_H_REASON}, {"Server", SIP_H_SERVER}},
	[7] = {{"Call-ID", SIP_H_CALL_ID}, {"Contact", SIP_H_CONTACT}, {"Require", SIP_H_REQUIRE},
		{"Warning", SIP_H_WARNING}},
	[8] = {{"Replaces", SIP_H_REPLACES}, {"Refer-To", SIP_H_REFER_TO},
		{"Identity", SIP_H_IDENTITY}},
	[9] = {{"Supported", SIP_H_SUPPORTED}, {"Diversion", SIP_H_DIVERSION},
		{"Call-Info", SIP_H_CALL_INFO}},
	[10] = {{"Alert-Info", SIP_H_ALERT_INFO}, {"User-Agent", SIP_H_USER_AGENT}},
	[11] = {{"Referred-By", SIP_H_REFERRED_BY}},
	[12] = {{"Max-Forwards", SIP_H_MAX_FORWARDS}, {"Record-Route", SIP_H_RECORD_ROUTE},
		{"Content-Type", SIP_H_CONTENT_TYPE}},
	[13] = {{"Proxy-Require", SIP_H_PROXY_REQUIRE}, {"Target-Dialog", SIP_H_TARGET_DIALOG}},
	[14] = {{"Content-Length", SIP_H_CONTENT_LENGTH}},
	[15] = {{"Session-Expires", SIP_H_SESSION_EXPIRES},
		{"Remote-Party-ID", SIP_H_REMOTE_PARTY_ID}},
	[16] = {{"Content-Encoding", SIP_H_CONTENT_ENCODING}, {"X-UCIME-Fallback", SIP_H_FALLBACK}},
	[19] = {{"P-Asserted-Identity", SIP_H_P_ASSERTED_IDENTITY},
		{"X-Cisco-ViPR-Ticket", SIP_H_TICKET}},
	[21] = {{"X-Cisco-UC-IME-Ticket", SIP_H_TICKET}},
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
	unsigned int letter = (unsigned int)(name.p[0] | 0x20) - 'a';

	if (name.n == 1)
		return letter < sizeof(compact) ? compact[letter] : SIP_H_OTHER;
	if (name.n > KNOWN_LONGEST)
		return SIP_H_OTHER;
	for (size_t i = 0; i < KNOWN_OF_LENGTH && known[name.n][i].name != NULL; i++)
		if (str_caseeq((struct str){known[name.n][i].name, name.n}, name))
			return known[name.n][i].id;
	return SIP_H_OTHER;
}

bool sip_is_token(struct str s)
{
	return s.n > 0 && chars_all(s, CHAR_TOKEN);
}

// The length of the first header line with what is folded into it, `n` octets of which are known to
// be no line end; *lone_lf: a line end without its CR.
static size_t folded_length(struct str s, size_t n, bool *lone_lf)
{
	*lone_lf = false;
	while (n < s.n) {
		n += str_before((struct str){s.p + n, s.n - n}, '\n');
		if (n == s.n)
			break;
		*lone_lf = *lone_lf || n == 0 || s.p[n - 1] != '\r';
		n++;
		if (n == s.n || (s.p[n] != ' ' && s.p[n] != '\t'))
			break;
	}
	return n;
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
	const struct str s = *rest;
	size_t name = chars_span(s, CHAR_TOKEN), colon = name, n;
	bool lone_lf;

	while (colon < s.n && (s.p[colon] == ' ' || s.p[colon] == '\t'))
		colon++;
	n = folded_length(s, colon, &lone_lf);
	out->name = (struct str){s.p, name};
	out->line = (struct str){s.p, n};
	*rest = (struct str){s.p + n, s.n - n};
	if (name == 0 || colon == n || s.p[colon] != ':')
		return SIP_BAD_HEADER;
	out->value = value_of((struct str){s.p + colon + 1, n - colon - 1});
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
