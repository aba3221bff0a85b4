// SPDX-License-Identifier: BSD-3-Clause
// Parses session descriptions; see lib/sdp.h. Every line is visited a fixed number of times,
// whatever the description looks like.
#include "lib/sdp.h"

#include "lib/chars.h"

const char *sdp_verdict_text(enum sdp_verdict v)
{
	static const char *const text[] = {
#define X(name, t) t,
		SDP_VERDICTS(X)
#undef X
	};

	return (unsigned int)v < SDP_VERDICT_MAX ? text[v] : "unknown";
}

bool sdp_line_next(struct str *rest, struct sdp_line *out)
{
	const char *p = rest->p;
	size_t n = chars_line(*rest), end = n;

	// CR and NUL stand nowhere else; the last line may have no end.
	if (end < rest->n) {
		end += p[n] == '\r';
		if (end == rest->n || p[end++] != '\n')
			return false;
	}
	if (n < 2 || p[0] < 'a' || p[0] > 'z' || p[1] != '=')
		return false;
	out->type = p[0];
	out->value = (struct str){p + 2, n - 2};
	out->whole = (struct str){p, end};
	*rest = (struct str){p + end, rest->n - end};
	return true;
}

bool sdp_attr_next(struct str *rest, struct sdp_attr *out)
{
	struct sdp_line l;

	while (sdp_line_next(rest, &l)) {
		if (l.type != 'a')
			continue;
		out->value = str_split(l.value, ':', &out->name);
		out->whole = l.whole;
		return true;
	}
	return false;
}

bool sdp_attr_find(struct str *rest, struct str name, struct str *value)
{
	struct sdp_attr a;

	while (sdp_attr_next(rest, &a)) {
		if (!str_eq(a.name, name))
			continue;
		*value = a.value;
		return true;
	}
	return false;
}

bool sdp_format_next(struct str *rest, struct str *format)
{
	while (rest->n > 0) {
		*rest = str_split(*rest, ' ', format);
		if (format->n > 0)
			return true;
	}
	return false;
}

unsigned int sdp_format_pt(struct str format)
{
	uint64_t v;

	return str_to_u64(format, SDP_PT_END - 1, &v) ? (unsigned int)v : SDP_PT_END;
}

// "9 G722/8000": the payload type (or SDP_PT_END) and what it stands for.
static unsigned int rtpmap_parse(struct str value, struct str *encoding)
{
	struct str pt;

	*encoding = str_trim(str_split(value, ' ', &pt));
	return sdp_format_pt(pt);
}

// "G722/8000": the name and the clock (0: none).
static void encoding_parse(struct str encoding, struct str *codec, uint32_t *clock_hz)
{
	struct str clock, rest = str_split(encoding, '/', codec);
	uint64_t v;

	str_split(rest, '/', &clock);
	*clock_hz = str_to_u64(clock, UINT32_MAX, &v) ? (uint32_t)v : 0;
}

void sdp_h264_formats(const struct sdp_media *m, bool is_h264[SDP_PT_END])
{
	struct str rest = m->section, value, encoding;

	memset(is_h264, 0, SDP_PT_END * sizeof(is_h264[0]));
	while (sdp_attr_find(&rest, STR_LIT("rtpmap"), &value)) {
		unsigned int pt = rtpmap_parse(value, &encoding);

		if (pt < SDP_PT_END && str_has_caseprefix(encoding, STR_LIT("H264")))
			is_h264[pt] = true;
	}
}

static enum sdp_verdict conn_parse(struct sdp_conn *c, const struct sdp_line *l)
{
	struct str net, type, addr = str_split(l->value, ' ', &net);

	if (c->present || !str_eq(net, STR_LIT("IN")))
		return SDP_BAD_CONNECTION;
	c->present = true;
	c->line = l->whole;
	c->addr = addr;
	addr = str_split(addr, ' ', &type);
	c->v6 = str_eq(type, STR_LIT("IP6"));
	// A name would have to be resolved, and multicast ("/ttl") is not for calls.
	if ((!c->v6 && !str_eq(type, STR_LIT("IP4"))) || !ip_parse(addr, &c->ip) ||
		ip_is_v4(&c->ip) == c->v6)
		return SDP_BAD_CONNECTION;
	c->hold = !c->v6 && ip_to_v4_be(&c->ip) == 0;
	return SDP_OK;
}

// username sess-id sess-version nettype addrtype address, each behind one space
static enum sdp_verdict origin_parse(struct sdp *s, struct str value)
{
	struct str part[5], addr = value;

	for (size_t i = 0; i < 4; i++)
		addr = str_split(addr, ' ', &part[i]);
	s->session_id = part[1];
	s->session_version = part[2];
	s->origin_addr = addr;
	addr = str_split(addr, ' ', &part[4]);
	if (part[0].n == 0 || part[1].n == 0 || part[2].n == 0 || !str_eq(part[3], STR_LIT("IN")) ||
		part[4].n == 0 || addr.n == 0 || memchr(addr.p, ' ', addr.n) != NULL)
		return SDP_BAD_ORIGIN;
	return SDP_OK;
}

static enum sdp_media_type media_type(struct str s)
{
	static const struct {
		struct str name;
		enum sdp_media_type type;
	} types[] = {
		{{"audio", 5}, SDP_AUDIO},
		{{"video", 5}, SDP_VIDEO},
		{{"image", 5}, SDP_IMAGE},
		{{"application", 11}, SDP_APPLICATION},
		{{"message", 7}, SDP_MESSAGE},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_caseeq(types[i].name, s))
			return types[i].type;
	return SDP_OTHER;
}

static enum sdp_proto proto_parse(struct str s)
{
	static const struct str names[] = {{"RTP/AVP", 7}, {"RTP/AVPF", 8}, {"RTP/SAVP", 8},
		{"RTP/SAVPF", 9}}; // in the order of the enum

	for (unsigned int i = 0; i < SDP_PROTO_OTHER; i++)
		if (str_caseeq(names[i], s))
			return (enum sdp_proto)i;
	return SDP_PROTO_OTHER;
}

// False: there is no format at all.
static bool formats_parse(struct sdp_media *m)
{
	struct str rest = m->formats, format;
	unsigned int n = 0;
	bool any = false;

	while (sdp_format_next(&rest, &format)) {
		unsigned int pt = sdp_format_pt(format);

		if (!any)
			m->first_pt = pt;
		any = true;
		if (pt == SDP_PT_END)
			continue;
		if (n < SDP_PTS_MAX)
			m->pts[n] = (uint8_t)pt;
		n++;
	}
	m->n_pts = n <= SDP_PTS_MAX ? n : 0;
	return any;
}

// Payload types with a fixed meaning (RFC 3551), where no rtpmap is needed.
static void static_codec(struct sdp_media *m)
{
	static const struct {
		struct str name;
		uint32_t clock_hz;
	} codecs[] = {
		[0] = {{"PCMU", 4}, 8000},
		[3] = {{"GSM", 3}, 8000},
		[4] = {{"G723", 4}, 8000},
		[8] = {{"PCMA", 4}, 8000},
		[9] = {{"G722", 4}, 8000}, // samples at 16 kHz, but its RTP clock is 8 kHz
		[15] = {{"G728", 4}, 8000},
		[18] = {{"G729", 4}, 8000},
		[31] = {{"H261", 4}, 90000},
		[34] = {{"H263", 4}, 90000},
	};

	if (m->first_pt < sizeof(codecs) / sizeof(codecs[0])) {
		m->codec = codecs[m->first_pt].name;
		m->clock_hz = codecs[m->first_pt].clock_hz;
	}
}

static enum sdp_verdict media_parse(struct sdp_media *m, const struct sdp_line *l)
{
	struct str type, port, rest = l->value;
	uint64_t v, count = 1;

	rest = str_split(rest, ' ', &type);
	rest = str_split(rest, ' ', &m->port_text);
	m->formats = str_split(rest, ' ', &m->proto_text);
	m->line = l->whole;
	m->type = media_type(type);
	m->proto = proto_parse(m->proto_text);
	rest = str_split(m->port_text, '/', &port);
	if (!str_to_u64(port, 65535, &v) || type.n == 0 || m->proto_text.n == 0 ||
		(port.n < m->port_text.n && (!str_to_u64(rest, 65535, &count) || count == 0)))
		return SDP_BAD_MEDIA;
	m->port = (uint16_t)v;
	m->count = (uint16_t)count;
	if (!formats_parse(m))
		return SDP_BAD_MEDIA;
	static_codec(m);
	return SDP_OK;
}

static bool direction_parse(struct str name, enum sdp_direction *dir)
{
	static const char names[][9] = {
		"sendrecv", "sendonly", "recvonly", "inactive"}; // in the order of the enum

	for (unsigned int i = 0; name.n == 8 && i < 4; i++)
		if (memcmp(names[i], name.p, 8) == 0) {
			*dir = (enum sdp_direction)i;
			return true;
		}
	return false;
}

static void media_attr(struct sdp_media *m, struct str name, struct str value)
{
	struct str encoding;
	unsigned int pt;
	uint64_t v;

	if (direction_parse(name, &m->dir))
		return;
	if (str_eq(name, STR_LIT("crypto"))) {
		m->has_crypto = true;
	} else if (str_eq(name, STR_LIT("ptime")) && str_to_u64(value, 65535, &v)) {
		m->ptime_ms = (uint16_t)v;
	} else if (str_eq(name, STR_LIT("rtpmap"))) {
		pt = rtpmap_parse(value, &encoding);
		if (pt != SDP_PT_END && pt == m->first_pt)
			encoding_parse(encoding, &m->codec, &m->clock_hz);
	}
}

static enum sdp_verdict line_parse(struct sdp *s, const struct sdp_line *l)
{
	struct sdp_media *m = s->n_media > 0 ? &s->media[s->n_media - 1] : NULL;
	struct str name, value;

	switch (l->type) {
	case 'm':
		if (s->n_media == SDP_MEDIA_MAX)
			return SDP_TOO_MANY_MEDIA;
		if (m == NULL)
			s->session.n = (size_t)(l->whole.p - s->raw.p);
		m = &s->media[s->n_media++];
		// Cleared when it comes: clearing 16 of them every time is waste.
		*m = (struct sdp_media){.section = l->whole, .dir = s->dir};
		return media_parse(m, l);
	case 'o':
		// After s= or media it would be another session's.
		if (m != NULL || s->origin_addr.n > 0)
			return SDP_BAD_ORIGIN;
		return origin_parse(s, l->value);
	case 'c':
		return conn_parse(m != NULL ? &m->conn : &s->conn, l);
	case 'a':
		value = str_split(l->value, ':', &name);
		if (m == NULL)
			direction_parse(name, &s->dir);
		else
			media_attr(m, name, value);
		return SDP_OK;
	default:
		return SDP_OK;
	}
}

enum sdp_verdict sdp_parse(struct sdp *s, struct str text)
{
	enum sdp_verdict v = SDP_OK;
	struct sdp_line l;
	struct str rest;

	memset(s, 0, offsetof(struct sdp, media));
	// Some phones end with an empty line.
	while (text.n > 2 && text.p[text.n - 1] == '\n' &&
		(text.p[text.n - 2] == '\n' ||
			(text.p[text.n - 2] == '\r' && text.p[text.n - 3] == '\n')))
		text.n -= text.p[text.n - 2] == '\r' ? 2 : 1;
	s->raw = s->session = rest = text;
	if (!str_has_prefix(text, STR_LIT("v=0")))
		return SDP_BAD_LINE;
	while (v == SDP_OK && rest.n > 0) {
		if (!sdp_line_next(&rest, &l))
			return SDP_BAD_LINE;
		v = line_parse(s, &l);
		if (s->n_media > 0) {
			struct sdp_media *m = &s->media[s->n_media - 1];

			m->section.n = (size_t)(rest.p - m->section.p);
		}
	}
	if (v == SDP_OK && s->origin_addr.n == 0)
		v = SDP_BAD_ORIGIN;
	return v;
}

const struct sdp_conn *sdp_media_conn(const struct sdp *s, const struct sdp_media *m)
{
	return m->conn.present ? &m->conn : &s->conn;
}

struct endpoint sdp_media_remote(const struct sdp *s, const struct sdp_media *m)
{
	const struct sdp_conn *c = sdp_media_conn(s, m);
	struct endpoint ep = {.ip = c->ip, .port = m->port};

	if (!c->present || c->hold)
		ep.port = 0;
	return ep;
}

// "53020" or "53020 IN IP4 192.0.2.1". False: not that syntax.
static bool rtcp_parse(struct str value, struct endpoint *ep)
{
	struct str port, net, type, addr = str_split(value, ' ', &port);
	uint64_t v;

	if (!str_to_u64(port, 65535, &v))
		return false;
	ep->port = (uint16_t)v;
	if (addr.n == 0)
		return addr.p == port.p + port.n;
	addr = str_split(addr, ' ', &net);
	addr = str_split(addr, ' ', &type);
	if (!str_eq(net, STR_LIT("IN")) || type.n == 0 || addr.n == 0)
		return false;
	if (!str_eq(type, STR_LIT("IP4")) || !ip_parse(addr, &ep->ip) || !ip_is_v4(&ep->ip) ||
		ip_to_v4_be(&ep->ip) == 0)
		ep->port = 0; // a name, IPv6, or "not there"
	return true;
}

struct endpoint sdp_media_remote_rtcp(const struct sdp *s, const struct sdp_media *m)
{
	struct endpoint rtp = sdp_media_remote(s, m), ep = rtp;
	struct str rest = m->section, value;

	if (rtp.port == 0)
		return rtp;
	while (sdp_attr_find(&rest, STR_LIT("rtcp"), &value)) {
		if (rtcp_parse(value, &ep))
			return ep;
		ep = rtp;
	}
	ep.port++;
	return ep;
}

bool sdp_media_has(const struct sdp_media *m, struct str attr)
{
	struct str rest = m->section, value;

	return sdp_attr_find(&rest, attr, &value);
}

bool sdp_media_relayable(const struct sdp_media *m, bool h264)
{
	struct str rest = m->formats, format;
	bool is_h264[SDP_PT_END];

	if ((m->type != SDP_AUDIO && m->type != SDP_VIDEO) || m->proto == SDP_PROTO_OTHER ||
		m->port == 0 || m->count != 1)
		return false;
	if (m->type == SDP_AUDIO || h264)
		return true;
	sdp_h264_formats(m, is_h264);
	while (sdp_format_next(&rest, &format)) {
		unsigned int pt = sdp_format_pt(format);

		if (pt == SDP_PT_END || !is_h264[pt])
			return true;
	}
	return false;
}
