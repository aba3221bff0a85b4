// SPDX-License-Identifier: BSD-3-Clause
#include "cp/request.h"

#include <stdarg.h>
#include <stdio.h>

struct out {
	char *p;
	size_t size, n;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->p + o->n, o->size - o->n, fmt, ap);
	va_end(ap);
	o->n = n < 0 || (size_t)n >= o->size - o->n ? o->size : o->n + (size_t)n;
	if (o->n == o->size) // full for good: nothing more fits
		o->size = 0, o->n = 0;
}

static void put_line(struct out *o, const struct sip_header *h)
{
	if (h != NULL)
		put(o, "%.*s", STR_FMT(h->line));
}

static size_t finish(struct out *o)
{
	if (o->size > 0)
		put(o, "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
	return o->size > 0 ? o->n : 0;
}

static void put_dialog(struct out *o, const char *method, const struct request_dialog *d,
	const struct request_via *via)
{
	char sent_by[ENDPOINT_TEXT_MAX];

	put(o, "%s %.*s SIP/2.0\r\n", method, STR_FMT(d->target));
	put(o, "Via: SIP/2.0/%s %s;branch=z9hG4bK%s\r\n", via->transport,
		endpoint_format(&via->sent_by, ':', sent_by), via->branch);
	put(o, "%.*s", STR_FMT(d->routes));
	put(o, "From: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: %u %s\r\n", STR_FMT(d->from),
		STR_FMT(d->to), STR_FMT(d->call_id), d->cseq, method);
}

static size_t in_dialog(const char *method, const struct request_dialog *d,
	const struct request_via *via, char *buf, size_t size)
{
	struct out o = {.p = buf, .size = size};

	if (d->target.n == 0 || size == 0)
		return 0;
	put_dialog(&o, method, d, via);
	return finish(&o);
}

size_t request_bye(
	const struct request_dialog *d, const struct request_via *via, char *buf, size_t size)
{
	return in_dialog("BYE", d, via, buf, size);
}

size_t request_ack_answer(
	const struct request_dialog *d, const struct request_via *via, char *buf, size_t size)
{
	return in_dialog("ACK", d, via, buf, size);
}

static size_t of_invite(const char *method, const struct sip_msg *invite,
	const struct sip_header *to, char *buf, size_t size)
{
	struct out o = {.p = buf, .size = size};
	const struct sip_header *route = NULL;

	if (size == 0)
		return 0;
	put(&o, "%s %.*s SIP/2.0\r\n", method, STR_FMT(invite->uri_text));
	put(&o, "Via: %.*s%.*s\r\n", STR_FMT(invite->via.head), STR_FMT(invite->via.params));
	while ((route = sip_header_next(invite, SIP_H_ROUTE, route)) != NULL)
		put_line(&o, route);
	put_line(&o, sip_header(invite, SIP_H_FROM));
	put_line(&o, to);
	put_line(&o, sip_header(invite, SIP_H_CALL_ID));
	put(&o, "CSeq: %u %s\r\n", invite->cseq, method);
	return finish(&o);
}

size_t request_cancel(const struct sip_msg *invite, char *buf, size_t size)
{
	return of_invite("CANCEL", invite, sip_header(invite, SIP_H_TO), buf, size);
}

size_t request_ack_refusal(
	const struct sip_msg *invite, const struct sip_msg *response, char *buf, size_t size)
{
	return of_invite("ACK", invite, sip_header(response, SIP_H_TO), buf, size);
}

// ---- REFER -------------------------------------------------------------------------------------

// Where a quoted string may hold it as it is.
static bool is_quotable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == '"' || s.p[i] == '\\' ||
			s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

static void put_refer(struct out *o, const struct request_refer *r)
{
	const struct rma_counters *w = r->why;

	put(o, "Refer-To: <tel:+%.*s>\r\nRefer-Sub: false\r\n", r->number->n, r->number->digits);
	put(o, "X-UCIME-Fallback: level=%u", r->level);
	if (is_quotable(r->session))
		put(o, ";session=\"%.*s\"", STR_FMT(r->session));
	put(o, "\r\nX-UCIME-Fallback-Reason: rblr=%u;ite=%u;bls=%u;pdv=%u;scs=%u\r\n",
		w->rblr_pct_x100, w->ite_8s, w->bls_ms, w->avg_pdv_us, w->scs_8s);
}

size_t request_refer(const struct request_dialog *d, const struct request_via *via,
	struct str contact, const struct request_refer *r, char *buf, size_t size)
{
	struct out o = {.p = buf, .size = size};

	if (d->target.n == 0 || contact.n == 0 || size == 0)
		return 0;
	put_dialog(&o, "REFER", d, via);
	put(&o, "Contact: <%.*s>\r\nSupported: norefersub\r\n", STR_FMT(contact));
	put_refer(&o, r);
	return finish(&o);
}

size_t request_refer_about(
	const struct request_refer_about *a, const struct request_refer *r, char *buf, size_t size)
{
	struct out o = {.p = buf, .size = size};
	char us[ENDPOINT_TEXT_MAX], host[IP_TEXT_MAX];
	struct uri u;

	if (size == 0 || !uri_parse(a->target, &u) || (u.scheme != URI_SIP && u.scheme != URI_SIPS))
		return 0;
	endpoint_format(&a->us, ':', us);
	ip_format(&a->us.ip, host);
	put(&o, "REFER %.*s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s\r\n", STR_FMT(u.text),
		a->tls ? "TLS" : "TCP", us, a->token);
	put(&o, "From: <sip:ucime@%s>;tag=%s\r\nTo: <%s:%.*s%s%.*s>\r\n", host, a->token,
		u.scheme == URI_SIPS ? "sips" : "sip", STR_FMT(u.user), u.user.n > 0 ? "@" : "",
		STR_FMT(u.hostport));
	put(&o, "Call-ID: fb-%s@%s\r\nCSeq: 1 REFER\r\n", a->token, host);
	put(&o, "Contact: <sip:ucime@%s;transport=%s>\r\n", us, a->tls ? "tls" : "tcp");
	put(&o, "Supported: norefersub, tdialog\r\n%s", a->must_know ? "Require: tdialog\r\n" : "");
	put(&o, "Target-Dialog: %.*s;local-tag=%.*s;remote-tag=%.*s\r\n", STR_FMT(a->call_id),
		STR_FMT(a->local_tag), STR_FMT(a->remote_tag));
	put_refer(&o, r);
	return finish(&o);
}
