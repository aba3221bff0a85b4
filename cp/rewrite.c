// SPDX-License-Identifier: BSD-3-Clause
// The headers that change between outside and inside (protocol.md 3.3); see cp/rewrite.h.
#include "cp/rewrite.h"

// What changes in an element.
enum {
	HOST = 1,      // a host that a translation knows
	TRANSPORT = 2, // transport=
	MADDR = 4,
	STRICT = 8, // refuse the message when the address makes no sense: it routes by it
	NEXT = 16,  // where a request goes: to the call manager that takes it
	HOP = 32,   // where the inside will send to: off-path, a port of ours
	OURS = 64,  // a host that is an address of ours, and no other
};

static const struct {
	enum sip_header_id id;
	unsigned int what;
} rules[] = {
	{SIP_H_CONTACT, HOST | TRANSPORT | MADDR | STRICT | HOP},
	{SIP_H_ROUTE, HOST | TRANSPORT | MADDR | NEXT | STRICT},
	{SIP_H_RECORD_ROUTE, HOST | TRANSPORT | MADDR | STRICT | HOP},
	{SIP_H_P_ASSERTED_IDENTITY, HOST},
	{SIP_H_REMOTE_PARTY_ID, HOST},
	{SIP_H_DIVERSION, HOST},
	{SIP_H_REFER_TO, HOST},
	{SIP_H_REFERRED_BY, HOST},
};

bool rewrite_via_save(const struct sip_msg *m, struct rewrite_via *out)
{
	if (m->via.head.n == 0 || m->via.head.n > sizeof(out->head))
		return false;
	out->len = (uint16_t)m->via.head.n;
	memcpy(out->head, m->via.head.p, m->via.head.n);
	return true;
}

// Off-path: an address of ours stands for a remote. Without a port it is that of the connection.
static bool is_ours(const struct rewrite_ctx *ctx, uint16_t port, struct endpoint *ep)
{
	const struct rewrite_off_path *o = ctx->off_path;

	if (o == NULL || ctx->dir != REWRITE_OUTWARD || !ip_eq(&ep->ip, &o->ip))
		return false;
	if (port != 0)
		return o->remote_of(o->arg, port, ep);
	ep->ip = o->remote.ip;
	return true;
}

// Off-path: the remote of the connection, in what the inside only shows.
static bool is_remote(const struct rewrite_ctx *ctx, uint16_t port, struct endpoint *ep)
{
	const struct rewrite_off_path *o = ctx->off_path;

	if (o == NULL || ctx->dir != REWRITE_INWARD || port != 0 || !ip_eq(&ep->ip, &o->remote.ip))
		return false;
	ep->ip = o->ip;
	return true;
}

// What translations know; of the call manager that was addressed, the one that takes the call.
static bool by_rules(const struct rewrite_ctx *ctx, struct endpoint *ep)
{
	int rule;

	if (ctx->dir == REWRITE_INWARD)
		rule = nat_untranslate(ctx->nat, ctx->n_nat, ctx->outside_if, PROTO_TCP, ep);
	else
		rule = nat_translate(
			ctx->nat, ctx->n_nat, ctx->inside_if, ctx->outside_if, PROTO_TCP, ep);
	if (ctx->taker != NULL && ip_eq(&ep->ip, &ctx->addressed->ip)) {
		if (ep->port == ctx->addressed->port)
			ep->port = ctx->taker->port;
		ep->ip = ctx->taker->ip;
		rule = 0;
	}
	return rule >= 0;
}

static uint16_t port_or_default(uint16_t port, bool tls)
{
	return port != 0 ? port : tls ? 5061 : 5060; // RFC 3261 19.1.2
}

bool rewrite_host(const struct rewrite_ctx *ctx, struct str host, uint16_t port, bool tls,
	struct endpoint *out)
{
	struct endpoint ep = {.port = port_or_default(port, tls)};

	if (!uri_host_ip(host, &ep.ip))
		return false;
	if (!is_ours(ctx, port, &ep) && !is_remote(ctx, port, &ep) && !by_rules(ctx, &ep))
		return false;
	*out = ep;
	return true;
}

// Off-path: where the inside will send to becomes a port of ours. A name is taken for the remote at the
// other end: the inside could not reach it.
static bool hop_host(const struct rewrite_ctx *ctx, struct str host, uint16_t port, bool tls,
	struct endpoint *out)
{
	const struct rewrite_off_path *o = ctx->off_path;
	struct endpoint ep = {.port = port_or_default(port, tls)};

	if (!uri_host_ip(host, &ep.ip))
		ep.ip = o->remote.ip;
	if (by_rules(ctx, &ep)) {
		*out = ep;
		return true;
	}
	*out = (struct endpoint){.ip = o->ip, .port = o->port_of(o->arg, &ep)};
	return out->port != 0;
}

static bool host_of(const struct rewrite_ctx *ctx, struct str host, uint16_t port, bool tls,
	unsigned int what, struct endpoint *out)
{
	if ((what & OURS) != 0)
		return uri_host_ip(host, &out->ip) && is_ours(ctx, port, out);
	if ((what & HOP) != 0 && ctx->off_path != NULL && ctx->dir == REWRITE_INWARD)
		return hop_host(ctx, host, port, tls, out);
	return rewrite_host(ctx, host, port, tls, out);
}

// Swaps the host of "host[:port]"; the port is written only where the translation changes it.
static void swap_host(const struct rewrite_ctx *ctx, struct str hostport, struct str host,
	uint16_t port, bool tls, unsigned int what, struct sip_edit *e)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint ep = {.port = port};

	if (!host_of(ctx, host, port, tls, what, &ep))
		return;
	if (ep.port == port || (port == 0 && ep.port == (tls ? 5061 : 5060))) {
		endpoint_format(&(struct endpoint){.ip = ep.ip, .port = 1}, ':', text);
		text[strlen(text) - 2] = '\0'; // without ":1", with the brackets of IPv6
		sip_edit_replace(e, host, str_from(text));
	} else {
		endpoint_format(&ep, ':', text);
		sip_edit_replace(e, hostport, str_from(text));
	}
}

// The transport token that a hop must show on the other side: TLS outside always, and inside of a
// secure trunk.
static void swap_transport(
	const struct rewrite_ctx *ctx, struct str token, bool upper, struct sip_edit *e)
{
	if (ctx->dir == REWRITE_INWARD && !ctx->inside_secure && str_caseeq(token, STR_LIT("tls")))
		sip_edit_replace(e, token, upper ? STR_LIT("TCP") : STR_LIT("tcp"));
	else if (ctx->dir == REWRITE_OUTWARD && str_caseeq(token, STR_LIT("tcp")))
		sip_edit_replace(e, token, upper ? STR_LIT("TLS") : STR_LIT("tls"));
}

static void swap_maddr(
	const struct rewrite_ctx *ctx, bool request, const struct uri *u, struct sip_edit *e)
{
	bool tls = u->scheme == URI_SIPS;
	struct endpoint ep;

	if (rewrite_host(ctx, u->maddr.value, u->port, tls, &ep)) {
		char text[IP_TEXT_MAX];

		sip_edit_replace(e, u->maddr.value, str_from(ip_format(&ep.ip, text)));
	} else if (ctx->dir == REWRITE_INWARD && request) {
		// Nobody outside chooses where our call manager sends its requests.
		sip_edit_delete(e, u->maddr.whole);
	}
}

static void rewrite_uri(const struct rewrite_ctx *ctx, bool request, const struct uri *u,
	unsigned int what, struct sip_edit *e)
{
	struct rewrite_ctx plain;

	if (u->scheme != URI_SIP && u->scheme != URI_SIPS)
		return;
	if ((what & NEXT) == 0 && ctx->taker != NULL) {
		plain = *ctx;
		plain.taker = NULL;
		ctx = &plain;
	}
	if ((what & TRANSPORT) != 0 && u->transport.name.n > 0)
		swap_transport(ctx, u->transport.value, false, e);
	if ((what & MADDR) != 0 && u->maddr.name.n > 0)
		swap_maddr(ctx, request, u, e);
	if ((what & (HOST | OURS)) != 0)
		swap_host(ctx, u->hostport, u->host, u->port,
			u->scheme == URI_SIPS || str_caseeq(u->transport.value, STR_LIT("tls")),
			what, e);
}

// Whether some host in there may be an address: it would begin behind '@' or a colon. Headers that
// show an identity mostly have domains.
static bool may_have_address(struct str s)
{
	static const char before[] = {'@', ':'};

	for (size_t i = 0; i < sizeof(before); i++) {
		struct str head, rest = str_split(s, before[i], &head);

		for (; rest.n > 0; rest = str_split(rest, before[i], &head))
			if (rest.p[0] == '[' || (rest.p[0] >= '0' && rest.p[0] <= '9'))
				return true;
	}
	return false;
}

static enum sip_reason rewrite_list(const struct sip_msg *m, const struct rewrite_ctx *ctx,
	enum sip_header_id id, unsigned int what, struct sip_edit *e)
{
	struct sip_elem_iter it = {0};
	struct name_addr na;
	struct uri uri;
	struct str elem;

	while (sip_elem_next(m, id, &it, &elem)) {
		if (id == SIP_H_CONTACT && str_eq(elem, STR_LIT("*")))
			continue;
		if (what == HOST && !may_have_address(elem))
			continue;
		if (name_addr_parse(elem, &na) && uri_parse(na.uri, &uri))
			rewrite_uri(ctx, m->request, &uri, what, e);
		else if ((what & STRICT) != 0)
			return SIP_BAD_ADDRESS;
	}
	return SIP_OK;
}

static void rewrite_via(const struct sip_msg *m, const struct rewrite_ctx *ctx, struct sip_edit *e)
{
	const struct sip_via *v = &m->via;
	bool tls = str_caseeq(v->transport, STR_LIT("TLS"));

	if (m->request) {
		swap_transport(ctx, v->transport, true, e);
		// In-line the remote's own sent-by stays: the trunk leads back to it.
		if (ctx->dir == REWRITE_OUTWARD)
			swap_host(ctx, v->hostport, v->host, v->port, tls, HOST, e);
		else if (ctx->off_path != NULL)
			swap_host(ctx, v->hostport, v->host, v->port, tls, HOP, e);
	} else if (ctx->via != NULL) {
		struct str head = {ctx->via->head, ctx->via->len};

		if (!str_eq(head, v->head))
			sip_edit_replace(e, v->head, head);
	}
}

enum sip_reason rewrite_headers(const struct sip_msg *m, const struct rewrite_ctx *ctx,
	struct sip_edit *e, struct rewrite_fallback *fb)
{
	unsigned int target = ctx->dir == REWRITE_INWARD ? HOST | TRANSPORT | MADDR | NEXT
							 : TRANSPORT | MADDR | OURS;

	if (m->request)
		rewrite_uri(ctx, true, &m->uri, target, e);
	rewrite_via(m, ctx, e);
	rewrite_uri(ctx, m->request, &m->from_uri, HOST, e);
	rewrite_uri(ctx, m->request, &m->to_uri, HOST, e);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		enum sip_reason r = (m->present & SIP_H_BIT(rules[i].id)) != 0
			? rewrite_list(m, ctx, rules[i].id, rules[i].what, e)
			: SIP_OK;

		if (r != SIP_OK)
			return r;
	}
	rewrite_fallback(m, ctx, e, fb);
	return e->err == 0 ? SIP_OK : SIP_EDIT_LIMIT;
}
