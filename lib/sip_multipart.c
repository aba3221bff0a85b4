// SPDX-License-Identifier: BSD-3-Clause
// Multipart bodies (RFC 2046 5.1, SIP-5); see lib/sip.h. A delimiter is found by a search for its
// text, and wherever that text stands it must be a delimiter: so no reader, however it looks for
// the parts, finds others.
#include "lib/sip.h"

#define PARTS_MAX    16
#define BOUNDARY_MAX 70

struct parts {
	char delimiter[2 + BOUNDARY_MAX]; // "--" and the boundary
	size_t n_delimiter;
	size_t n; // parts so far
};

// RFC 2046: bchars. No space: nobody needs one, and at the end it would be lost.
static bool boundary_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], l = (char)(c | 0x20);

		if ((c < '0' || c > '9') && (l < 'a' || l > 'z') &&
			(c == '\0' || strchr("'()+_,-./:=?", c) == NULL))
			return false;
	}
	return s.n > 0 && s.n <= BOUNDARY_MAX;
}

// Exactly one boundary=, and nothing that RFC 2231 would make one.
static bool boundary_find(struct str params, struct parts *out)
{
	struct str boundary = {NULL, 0};
	struct uri_param p;

	while (uri_param_next(&params, &p)) {
		if (!str_has_caseprefix(p.name, STR_LIT("boundary")))
			continue;
		if (boundary.p != NULL || p.name.n != STR_LIT("boundary").n)
			return false;
		boundary = p.value;
	}
	if (boundary.n >= 2 && boundary.p[0] == '"')
		boundary = (struct str){boundary.p + 1, boundary.n - 2};
	if (!boundary_ok(boundary))
		return false;
	memcpy(out->delimiter, "--", 2);
	memcpy(out->delimiter + 2, boundary.p, boundary.n);
	out->n_delimiter = 2 + boundary.n;
	return true;
}

// What the headers of one part say.
struct part {
	struct str body;
	struct str type;   // value of Content-Type; empty: text/plain
	struct str length; // digits of Content-Length; empty: none
	bool encoded;
};

static bool is_identity(struct str encoding)
{
	static const struct str names[] = {
		{"7bit", 4}, {"8bit", 4}, {"binary", 6}, {"identity", 8}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseeq(encoding, names[i]))
			return true;
	return false;
}

static bool take_once(struct str *field, const struct sip_header *h)
{
	if (field->n > 0 || h->value.n == 0)
		return false;
	*field = h->value;
	return true;
}

static bool line_ends_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\0' || s.p[i] == '\n')
			return false;
		if (s.p[i] == '\r' && (i + 1 == s.n || s.p[++i] != '\n'))
			return false;
	}
	return true;
}

static bool part_headers(struct part *p, struct str rest)
{
	struct sip_header h;

	while (rest.n > 0) {
		if (sip_header_take(&rest, &h) != SIP_OK || h.name.p[h.name.n] != ':')
			return false;
		if (h.id == SIP_H_CONTENT_TYPE) {
			if (!take_once(&p->type, &h))
				return false;
		} else if (h.id == SIP_H_CONTENT_LENGTH) {
			if (!take_once(&p->length, &h))
				return false;
		} else if (h.id == SIP_H_CONTENT_ENCODING ||
			str_caseeq(h.name, STR_LIT("Content-Transfer-Encoding"))) {
			p->encoded = p->encoded || !is_identity(h.value);
		}
	}
	return true;
}

static bool part_parse(struct part *p, struct str s)
{
	const char *end =
		str_has_prefix(s, STR_LIT("\r\n")) ? s.p - 2 : memmem(s.p, s.n, "\r\n\r\n", 4);
	size_t head;
	uint64_t v;

	*p = (struct part){0};
	if (end == NULL)
		return false;
	head = (size_t)(end + 2 - s.p);
	p->body = (struct str){s.p + head + 2, s.n - head - 2};
	if (!line_ends_ok((struct str){s.p, head}) || !part_headers(p, (struct str){s.p, head}))
		return false;
	return p->length.n == 0 || (str_to_u64(p->length, SIZE_MAX, &v) && v == p->body.n);
}

static enum sip_reason part_take(struct sip_msg *m, struct parts *parts, struct str s)
{
	struct sip_media_type type;
	struct part p;

	if (++parts->n > PARTS_MAX)
		return SIP_TOO_MANY_PARTS;
	if (!part_parse(&p, s))
		return SIP_BAD_PART;
	if (p.type.n == 0)
		return SIP_OK;
	if (!sip_media_type_parse(p.type, &type))
		return SIP_BAD_PART;
	if (str_caseeq(type.type, STR_LIT("multipart")))
		return SIP_NESTED_PARTS;
	if (!str_caseeq(type.type, STR_LIT("application")) ||
		!str_caseeq(type.subtype, STR_LIT("sdp")))
		return SIP_OK;
	if (p.encoded)
		return SIP_ENCODED_BODY;
	if (m->is_sdp)
		return SIP_SEVERAL_SDP;
	if (p.body.n == 0)
		return SIP_BAD_PART;
	m->is_sdp = true;
	m->sdp = p.body;
	m->sdp_length = p.length;
	return SIP_OK;
}

// The line of a delimiter that was found at `at`: *rest is what follows it, *last whether it ends
// the body. False when it is no delimiter.
static bool delimiter_take(
	const struct parts *parts, struct str body, const char *at, struct str *rest, bool *last)
{
	size_t before = (size_t)(at - body.p);
	struct str s = {at + parts->n_delimiter, body.n - before - parts->n_delimiter};

	if (before > 0 && (before < 2 || memcmp(at - 2, "\r\n", 2) != 0))
		return false;
	*last = str_has_prefix(s, STR_LIT("--"));
	if (*last)
		s = (struct str){s.p + 2, s.n - 2};
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = (struct str){s.p + 1, s.n - 1};
	if (str_has_prefix(s, STR_LIT("\r\n")))
		*rest = (struct str){s.p + 2, s.n - 2};
	else if (*last && s.n == 0)
		*rest = s;
	else
		return false;
	return true;
}

static enum sip_reason parts_walk(struct sip_msg *m, struct parts *parts)
{
	struct str rest = m->body;
	const char *part = NULL, *at; // part: where the one that is open begins
	bool last = false, closed = false;

	while ((at = memmem(rest.p, rest.n, parts->delimiter, parts->n_delimiter)) != NULL) {
		enum sip_reason r;

		if (closed || !delimiter_take(parts, m->body, at, &rest, &last))
			return SIP_BAD_BOUNDARY;
		if (part != NULL) {
			if (at < part + 2) // the CRLF before a delimiter belongs to it
				return SIP_BAD_PART;
			r = part_take(m, parts, (struct str){part, (size_t)(at - 2 - part)});
			if (r != SIP_OK)
				return r;
		}
		closed = last;
		part = rest.p;
	}
	return closed && parts->n > 0 ? SIP_OK : SIP_BAD_PART;
}

enum sip_reason sip_multipart(struct sip_msg *m)
{
	const struct sip_header *h = sip_header(m, SIP_H_CONTENT_TYPE);
	struct parts parts = {.n = 0};
	struct sip_media_type type;

	if (m->body.n == 0 || !sip_content_is(m, STR_LIT("multipart/*")))
		return SIP_OK;
	if (!sip_media_type_parse(h->value, &type) || !boundary_find(type.params, &parts))
		return SIP_BAD_BOUNDARY;
	return parts_walk(m, &parts);
}
