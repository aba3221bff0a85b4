// SPDX-License-Identifier: BSD-3-Clause
#include "cp/privacy.h"

bool privacy_is_inside(const struct config *c, uint16_t outside_if, const struct ip_addr *ip)
{
	int iface = -1, len = -1;

	for (size_t i = 0; i < c->n_ifaces; i++) {
		if (c->ifaces[i].subnet.len > len && prefix_has(&c->ifaces[i].subnet, ip)) {
			iface = (int)i;
			len = c->ifaces[i].subnet.len;
		}
	}
	for (size_t i = 0; i < c->n_routes; i++) {
		if (c->routes[i].dst.len > len && prefix_has(&c->routes[i].dst, ip)) {
			iface = c->routes[i].iface;
			len = c->routes[i].dst.len;
		}
	}
	return iface >= 0 && iface != outside_if;
}

static bool is_inside_host(const struct privacy_ctx *ctx, struct str hostport)
{
	struct ip_addr ip;
	struct str host;
	uint16_t port;

	return uri_hostport_parse(hostport, &host, &port) && uri_host_ip(host, &ip) &&
		privacy_is_inside(ctx->config, ctx->outside_if, &ip);
}

// rewrite_headers() takes care of what NAT knows.
static void hide_uri(const struct privacy_ctx *ctx, const struct uri *u, struct sip_edit *e)
{
	bool tls = u->scheme == URI_SIPS || str_caseeq(u->transport.value, STR_LIT("tls"));
	struct endpoint ep;

	if (u->scheme != URI_SIP && u->scheme != URI_SIPS)
		return;
	if (is_inside_host(ctx, u->hostport) && !rewrite_host(ctx->nat, u->host, u->port, tls, &ep))
		sip_edit_replace(e, u->hostport, ctx->domain);
}

// Warning: 399 192.168.10.30:5060 "text", ...
static void hide_warning(const struct privacy_ctx *ctx, struct str elem, struct sip_edit *e)
{
	struct str code, agent, rest = str_split(elem, ' ', &code);

	str_split(str_trim(rest), ' ', &agent);
	if (is_inside_host(ctx, agent))
		sip_edit_replace(e, agent, ctx->domain);
}

void privacy_headers(const struct sip_msg *m, const struct privacy_ctx *ctx, struct sip_edit *e)
{
	static const enum sip_header_id names[] = {SIP_H_P_ASSERTED_IDENTITY, SIP_H_REMOTE_PARTY_ID,
		SIP_H_DIVERSION, SIP_H_REFERRED_BY};
	struct sip_elem_iter it = {0};
	struct name_addr na;
	struct str elem;
	struct uri uri;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		it = (struct sip_elem_iter){0};
		while (sip_elem_next(m, names[i], &it, &elem))
			if (name_addr_parse(elem, &na) && uri_parse(na.uri, &uri))
				hide_uri(ctx, &uri, e);
	}
	it = (struct sip_elem_iter){0};
	while (sip_elem_next(m, SIP_H_WARNING, &it, &elem))
		hide_warning(ctx, elem, e);
}

bool privacy_vias_hide(const struct sip_msg *m, struct sip_edit *e)
{
	const struct sip_header *first = sip_header(m, SIP_H_VIA), *h = first;
	struct str rest = first->value, top;
	bool hidden = false;

	if (!uri_list_next(&rest, &top))
		return false;
	rest = (struct str){
		top.p + top.n, (size_t)(first->value.p + first->value.n - top.p) - top.n};
	if (rest.n > 0) {
		sip_edit_delete(e, rest);
		hidden = true;
	}
	while ((h = sip_header_next(m, SIP_H_VIA, h)) != NULL) {
		sip_edit_delete(e, h->line);
		hidden = true;
	}
	return hidden;
}

void privacy_vias_restore(const struct sip_msg *m, struct str head, struct sip_edit *e)
{
	const struct sip_header *via = sip_header(m, SIP_H_VIA);
	const char *at = via->line.p + via->line.n;
	struct str rest, elem;
	struct sip_header h;
	bool top = true;

	while (head.n > 0 && sip_header_take(&head, &h) == SIP_OK && h.id == SIP_H_VIA) {
		for (rest = h.value; uri_list_next(&rest, &elem); top = false) {
			if (top)
				continue;
			sip_edit_insert(e, at, STR_LIT("Via: "));
			sip_edit_insert(e, at, elem);
			sip_edit_insert(e, at, STR_LIT("\r\n"));
		}
	}
}
