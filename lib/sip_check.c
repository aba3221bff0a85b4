// SPDX-License-Identifier: BSD-3-Clause
// The sanity checks of a message and the fields that everybody asks for; see lib/sip.h.
#include "lib/sip.h"

#include "lib/chars.h"

// Headers that RFC 3261 and its extensions allow once: two of them could be read differently by
// us and by the call manager behind us. A second Content-Length and a second ticket have counters of
// their own.
static const uint64_t singles = SIP_H_BIT(SIP_H_FROM) | SIP_H_BIT(SIP_H_TO) |
	SIP_H_BIT(SIP_H_CALL_ID) | SIP_H_BIT(SIP_H_CSEQ) | SIP_H_BIT(SIP_H_MAX_FORWARDS) |
	SIP_H_BIT(SIP_H_CONTENT_TYPE) | SIP_H_BIT(SIP_H_CONTENT_LENGTH) | SIP_H_BIT(SIP_H_RSEQ) |
	SIP_H_BIT(SIP_H_RACK) | SIP_H_BIT(SIP_H_EVENT) | SIP_H_BIT(SIP_H_REPLACES) |
	SIP_H_BIT(SIP_H_TARGET_DIALOG) | SIP_H_BIT(SIP_H_SESSION_EXPIRES) |
	SIP_H_BIT(SIP_H_REFER_TO) | SIP_H_BIT(SIP_H_REFERRED_BY) | SIP_H_BIT(SIP_H_TICKET);

bool sip_is_single(enum sip_header_id id)
{
	return (singles & SIP_H_BIT(id)) != 0;
}

static bool slash_next(struct str *rest, struct str *part)
{
	size_t n = rest->n;

	*rest = str_split(*rest, '/', part);
	*part = str_trim(*part);
	return part->n < n && sip_is_token(*part);
}

bool sip_via_parse(struct str s, struct sip_via *out)
{
	struct str name, version, tail, sent_by;
	size_t n;

	memset(out, 0, sizeof(*out));
	s = str_trim(s);
	tail = s;
	if (!slash_next(&tail, &name) || !slash_next(&tail, &version) ||
		!str_caseeq(name, STR_LIT("SIP")) || !str_eq(version, STR_LIT("2.0")))
		return false;
	tail = str_trim(tail);
	n = chars_before(tail, CHAR_LWS);
	out->transport = (struct str){tail.p, n};
	tail = (struct str){tail.p + n, tail.n - n};
	str_split(tail, ';', &sent_by);
	out->params = (struct str){tail.p + sent_by.n, tail.n - sent_by.n};
	out->hostport = str_trim(sent_by);
	out->head = (struct str){s.p, (size_t)(out->hostport.p + out->hostport.n - s.p)};
	if (!sip_is_token(out->transport) ||
		!uri_hostport_parse(out->hostport, &out->host, &out->port))
		return false;
	for (tail = out->params; tail.n > 0;) {
		struct uri_param p;

		if (!uri_param_next(&tail, &p))
			return tail.n == 0;
		if (out->branch.n == 0 && str_caseeq(p.name, STR_LIT("branch")))
			out->branch = p.value;
	}
	return true;
}

// Exactly one tag, or none.
static bool tag_parse(struct str params, struct str *tag)
{
	struct uri_param p;
	bool found = false;

	while (uri_param_next(&params, &p)) {
		if (!str_caseeq(p.name, STR_LIT("tag")))
			continue;
		if (found || !sip_is_token(p.value))
			return false;
		found = true;
		*tag = p.value;
	}
	return true;
}

static bool party_parse(
	const struct sip_header *h, struct name_addr *addr, struct uri *uri, struct str *tag)
{
	return name_addr_parse(h->value, addr) && uri_parse(addr->uri, uri) &&
		tag_parse(addr->params, tag);
}

static bool call_id_ok(struct str s)
{
	for (size_t i = chars_plain(s); i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

static enum sip_reason check_cseq(struct sip_msg *m)
{
	const struct sip_header *h = sip_header(m, SIP_H_CSEQ);
	struct str s, method;
	uint64_t v;
	size_t n = 0;

	if (h == NULL)
		return SIP_NO_CSEQ;
	s = h->value;
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	method = str_trim((struct str){s.p + n, s.n - n});
	// RFC 3261 8.1.1.5: below 2^31. A method right behind the digits would be no separate word.
	if (!str_to_u64((struct str){s.p, n}, INT32_MAX, &v) || !sip_is_token(method) ||
		method.p == s.p + n)
		return SIP_BAD_CSEQ;
	m->cseq = (uint32_t)v;
	if (m->request)
		return str_eq(method, m->method_name) ? SIP_OK : SIP_CSEQ_METHOD;
	m->method_name = method;
	m->method = sip_method_of(method);
	return SIP_OK;
}

static enum sip_reason check_via(struct sip_msg *m)
{
	struct sip_elem_iter it = {0};
	struct str top;

	if (sip_header(m, SIP_H_VIA) == NULL)
		return SIP_NO_VIA;
	if (!sip_elem_next(m, SIP_H_VIA, &it, &top) || it.header != sip_header(m, SIP_H_VIA) ||
		!sip_via_parse(top, &m->via))
		return SIP_BAD_VIA;
	return SIP_OK;
}

static enum sip_reason check_identity(struct sip_msg *m)
{
	const struct sip_header *from = sip_header(m, SIP_H_FROM);
	const struct sip_header *to = sip_header(m, SIP_H_TO);
	const struct sip_header *id = sip_header(m, SIP_H_CALL_ID);

	if (from == NULL)
		return SIP_NO_FROM;
	if (to == NULL)
		return SIP_NO_TO;
	if (id == NULL)
		return SIP_NO_CALL_ID;
	if (!party_parse(from, &m->from, &m->from_uri, &m->from_tag) || m->from_tag.n == 0)
		return SIP_BAD_FROM;
	if (!party_parse(to, &m->to, &m->to_uri, &m->to_tag))
		return SIP_BAD_TO;
	if (!call_id_ok(id->value))
		return SIP_BAD_CALL_ID;
	m->call_id = id->value;
	return SIP_OK;
}

static enum sip_reason check_request(struct sip_msg *m)
{
	const struct sip_header *h = sip_header(m, SIP_H_MAX_FORWARDS);
	uint64_t v;

	if (!m->request)
		return SIP_OK;
	if (!uri_parse(m->uri_text, &m->uri))
		return SIP_BAD_URI;
	if (h == NULL)
		return SIP_NO_MAX_FORWARDS;
	if (!str_to_u64(h->value, 255, &v))
		return SIP_BAD_MAX_FORWARDS;
	m->max_forwards = (uint8_t)v;
	return SIP_OK;
}

static enum sip_reason check_singles(const struct sip_msg *m)
{
	const uint64_t own = SIP_H_BIT(SIP_H_CONTENT_LENGTH) | SIP_H_BIT(SIP_H_TICKET);

	for (size_t i = 0; i < m->n_headers; i++)
		if (sip_is_single(m->headers[i].id) &&
			m->headers[i].name.p[m->headers[i].name.n] != ':')
			return SIP_SPACE_COLON;
	return (m->repeated & singles & ~own) != 0 ? SIP_DUP_HEADER : SIP_OK;
}

static bool is_encoded(const struct sip_msg *m)
{
	const struct sip_header *h = NULL;

	while ((h = sip_header_next(m, SIP_H_CONTENT_ENCODING, h)) != NULL)
		if (!str_caseeq(h->value, STR_LIT("identity")))
			return true;
	return false;
}

static enum sip_reason check_content(struct sip_msg *m)
{
	const struct sip_header *h = sip_header(m, SIP_H_CONTENT_TYPE);
	struct sip_media_type type;

	if (m->body.n == 0)
		return SIP_OK;
	if (h == NULL)
		return SIP_NO_CONTENT_TYPE;
	// A type that another reader makes out all the same could be that of a session description.
	if (!sip_media_type_parse(h->value, &type))
		return SIP_BAD_CONTENT_TYPE;
	m->is_sdp = str_caseeq(type.type, STR_LIT("application")) &&
		str_caseeq(type.subtype, STR_LIT("sdp"));
	if (m->is_sdp)
		m->sdp = m->body;
	if ((m->is_sdp || str_caseeq(type.type, STR_LIT("multipart"))) && is_encoded(m))
		return SIP_ENCODED_BODY;
	return SIP_OK;
}

static enum sip_reason check_body(struct sip_msg *m)
{
	const struct sip_header *h = sip_header(m, SIP_H_CONTENT_LENGTH);
	uint64_t v;

	if (h == NULL)
		return SIP_NO_CONTENT_LENGTH;
	if (sip_header_next(m, SIP_H_CONTENT_LENGTH, h) != NULL)
		return SIP_DUP_CONTENT_LENGTH;
	if (!str_to_u64(h->value, SIZE_MAX, &v) || v != m->body.n)
		return SIP_BAD_CONTENT_LENGTH;
	return check_content(m);
}

enum sip_reason sip_check(struct sip_msg *m)
{
	enum sip_reason r = check_via(m);

	if (r == SIP_OK)
		r = check_identity(m);
	if (r == SIP_OK)
		r = check_cseq(m);
	if (r == SIP_OK)
		r = check_request(m);
	if (r == SIP_OK)
		r = check_singles(m);
	return r == SIP_OK ? check_body(m) : r;
}
