// SPDX-License-Identifier: BSD-3-Clause
// The session description that leaves on the other side (protocol.md 4.1), and the SRTP rule (4.2);
// see cp/rewrite.h.
#include "cp/rewrite.h"

// Attributes of things that end here: ICE, DTLS and key exchange, and RTCP unless it is relayed.
static bool attr_removed(const struct sdp_attr *a, bool rtcp)
{
	static const struct str names[] = {{"candidate", 9}, {"remote-candidates", 17},
		{"end-of-candidates", 17}, {"fingerprint", 11}, {"setup", 5}, {"key-mgmt", 8},
		{"tls-id", 6}, {"bundle-only", 11}, {"X-cisco-srtp-fallback", 21}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseeq(a->name, names[i]))
			return true;
	// Each line has ports of its own here, so bundling cannot be agreed through us.
	if (str_caseeq(a->name, STR_LIT("group")))
		return str_has_caseprefix(a->value, STR_LIT("BUNDLE"));
	// Our RTCP port is always the one behind the media, so a=rtcp has nothing to say.
	return str_caseeq(a->name, STR_LIT("rtcp")) ||
		(!rtcp && str_has_caseprefix(a->name, STR_LIT("rtcp-"))) ||
		str_has_caseprefix(a->name, STR_LIT("ice-"));
}

// "IP4 192.0.2.1"
static struct str local_text(const struct ip_addr *ip, char buf[IP_TEXT_MAX + 4])
{
	memcpy(buf, ip_is_v4(ip) ? "IP4 " : "IP6 ", 4);
	ip_format(ip, buf + 4);
	return str_from(buf);
}

static void rewrite_conn(const struct sdp_conn *c, struct str local, struct sip_edit *e)
{
	if (c->present && !c->hold)
		sip_edit_replace(e, c->addr, local);
}

static void rewrite_session(
	const struct sdp *s, const struct sdp_plan *plan, struct str local, struct sip_edit *e)
{
	struct str rest = s->session;
	struct sdp_attr a;

	sip_edit_replace(e, s->origin_addr, local);
	rewrite_conn(&s->conn, local, e);
	while (sdp_attr_next(&rest, &a))
		if (attr_removed(&a, plan->rtcp) || str_caseeq(a.name, STR_LIT("crypto")))
			sip_edit_delete(e, a.whole);
}

static void rewrite_proto(const struct sdp_media *m, bool secure, struct sip_edit *e)
{
	if (m->proto == SDP_PROTO_OTHER || sdp_proto_secure(m->proto) == secure)
		return;
	if (m->proto == SDP_AVP || m->proto == SDP_SAVP)
		sip_edit_replace(
			e, m->proto_text, secure ? STR_LIT("RTP/SAVP") : STR_LIT("RTP/AVP"));
	else
		sip_edit_replace(
			e, m->proto_text, secure ? STR_LIT("RTP/SAVPF") : STR_LIT("RTP/AVPF"));
}

// Takes the formats of H.264 out of the m= line, each with the space before it.
static void drop_formats(const struct sdp_media *m, const bool h264[SDP_PT_END], struct sip_edit *e)
{
	struct str rest = m->formats, f;

	while (sdp_format_next(&rest, &f)) {
		unsigned int pt = sdp_format_pt(f);

		if (pt < SDP_PT_END && h264[pt])
			sip_edit_delete(e, (struct str){f.p - 1, f.n + 1});
	}
}

// Whether the attribute describes a payload type that was taken out.
static bool attr_of_dropped(const struct sdp_attr *a, const bool h264[SDP_PT_END])
{
	struct str pt_text;
	unsigned int pt;

	if (!str_caseeq(a->name, STR_LIT("rtpmap")) && !str_caseeq(a->name, STR_LIT("fmtp")))
		return false;
	str_split(a->value, ' ', &pt_text);
	pt = sdp_format_pt(pt_text);
	return pt < SDP_PT_END && h264[pt];
}

static void write_crypto(const struct sdp_media *m, const struct sdp_plan_media *p, const char *at,
	struct sip_edit *e)
{
	const char *end = m->section.p + m->section.n;

	// RFC 4566: attributes come last, so the first of them is a good place.
	for (size_t i = 0; i < sizeof(p->crypto) / sizeof(p->crypto[0]); i++) {
		if (p->crypto[i].n == 0)
			continue;
		if (at == end && end[-1] != '\n')
			sip_edit_insert(e, at, STR_LIT("\r\n"));
		sip_edit_insert(e, at, STR_LIT("a=crypto:"));
		sip_edit_insert(e, at, p->crypto[i]);
		if (at != end || end[-1] == '\n')
			sip_edit_insert(e, at, STR_LIT("\r\n"));
	}
}

// A line whose suite is among `suites` stays, and speaks for that suite alone.
static bool crypto_stays(const struct sdp_attr *a, uint8_t *suites)
{
	struct sdes line;
	bool stays;

	if (*suites == 0 || !str_eq(a->name, STR_LIT("crypto")) ||
		sdes_parse(a->value, &line) != SDES_OK)
		return false;
	stays = (*suites >> line.suite & 1) != 0;
	*suites &= (uint8_t) ~(1u << line.suite);
	sdes_wipe(&line);
	return stays;
}

static void rewrite_media(const struct sdp_media *m, const struct sdp_plan *plan,
	const struct sdp_plan_media *p, struct str local, struct sip_edit *e)
{
	bool active = sdp_media_relayable(m, plan->h264) && p->port != 0;
	bool drops = active && m->type == SDP_VIDEO && !plan->h264;
	uint8_t keep_suites = active ? p->keep_suites : 0;
	const char *first_attr = m->section.p + m->section.n;
	bool h264[SDP_PT_END] = {0};
	struct str rest = m->section;
	struct sdp_attr a;
	char digits[STR_DECIMAL_MAX];
	struct str port = str_decimal(active ? p->port : 0, digits);

	if (!str_eq(m->port_text, port))
		sip_edit_replace(e, m->port_text, port);
	rewrite_proto(m, p->secure, e);
	if (drops) {
		sdp_h264_formats(m, h264);
		drop_formats(m, h264, e);
	}
	rewrite_conn(&m->conn, local, e);
	while (sdp_attr_next(&rest, &a)) {
		bool crypto = str_caseeq(a.name, STR_LIT("crypto"));
		bool mux = str_caseeq(a.name, STR_LIT("rtcp-mux"));

		if (a.whole.p < first_attr)
			first_attr = a.whole.p;
		if (attr_removed(&a, plan->rtcp) || (drops && attr_of_dropped(&a, h264)) ||
			(crypto && !crypto_stays(&a, &keep_suites)) || (mux && !p->mux))
			sip_edit_delete(e, a.whole);
	}
	if (active)
		write_crypto(m, p, first_attr, e);
}

enum sdp_verdict rewrite_sdp(const struct sdp *s, const struct sdp_plan *plan, struct sip_edit *e)
{
	char text[IP_TEXT_MAX + 4];
	struct str local = local_text(&plan->local, text);

	if (!ip_is_v4(&plan->local))
		return SDP_IPV6;
	for (size_t i = 0; i < s->n_media; i++)
		if (s->media[i].port != 0 && sdp_media_conn(s, &s->media[i])->v6)
			return SDP_IPV6;
	rewrite_session(s, plan, local, e);
	for (size_t i = 0; i < s->n_media; i++)
		rewrite_media(&s->media[i], plan, &plan->media[i], local, e);
	return e->err == 0 ? SDP_OK : SDP_EDIT_LIMIT;
}

static enum sdp_verdict check_media(
	const struct sdp *s, const struct sdp_media *m, enum rewrite_dir dir, bool inside_secure)
{
	const struct sdp_conn *c = sdp_media_conn(s, m);
	bool rtp = m->proto == SDP_AVP || m->proto == SDP_AVPF;

	if (m->type == SDP_AUDIO || m->type == SDP_VIDEO) {
		if (dir == REWRITE_INWARD && rtp)
			return SDP_RTP_OVER_IME;
		if (dir == REWRITE_OUTWARD && !inside_secure && sdp_proto_secure(m->proto))
			return SDP_SRTP_NONSECURE;
		if (sdp_proto_secure(m->proto) && !m->has_crypto)
			return SDP_NO_CRYPTO;
	}
	if (!c->present)
		return SDP_NO_CONNECTION;
	return c->v6 ? SDP_IPV6 : SDP_OK;
}

enum sdp_verdict sdp_check_secure(
	const struct sdp *s, enum rewrite_dir dir, bool inside_secure, bool h264)
{
	bool active = false, usable = false;

	for (size_t i = 0; i < s->n_media; i++) {
		const struct sdp_media *m = &s->media[i];
		enum sdp_verdict v;

		if (m->port == 0)
			continue;
		v = check_media(s, m, dir, inside_secure);
		if (v != SDP_OK)
			return v;
		active = true;
		usable = usable || sdp_media_relayable(m, h264);
	}
	return active && !usable ? SDP_NO_USABLE_MEDIA : SDP_OK;
}
