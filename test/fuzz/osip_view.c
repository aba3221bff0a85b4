// SPDX-License-Identifier: BSD-3-Clause
#include "test/fuzz/osip_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>

static void put_z(struct view *v, enum field f, const char *z)
{
	view_put(v, f, str_from(z));
}

static void osip_address(struct view *v, const osip_uri_t *u, enum field user, enum field host)
{
	if (u == NULL || u->scheme == NULL ||
		(strcasecmp(u->scheme, "sip") != 0 && strcasecmp(u->scheme, "sips") != 0))
		return;
	put_z(v, user, u->username);
	put_z(v, host, u->host);
}

static void osip_party(
	struct view *v, osip_from_t *from, enum field user, enum field host, enum field tag)
{
	osip_generic_param_t *p = NULL;

	osip_address(v, from->url, user, host);
	osip_from_get_tag(from, &p);
	if (p != NULL)
		put_z(v, tag, p->gvalue);
}

// The first one counts, whichever of its names it has.
static void osip_ticket(struct view *v, const osip_message_t *m)
{
	static const char *const names[] = {"x-cisco-uc-ime-ticket", "x-cisco-vipr-ticket"};
	const osip_header_t *first = NULL;
	int first_at = 0;
	unsigned long n = 0;

	for (size_t i = 0; i < 2; i++) {
		osip_header_t *h = NULL;

		for (int at = 0; (at = osip_message_header_get_byname(m, names[i], at, &h)) >= 0;
			at++) {
			if (first == NULL || at < first_at) {
				first = h;
				first_at = at;
			}
			n++;
		}
	}
	view_number(v, F_TICKETS, n);
	if (first != NULL && first->hvalue != NULL)
		view_unfolded(v, F_TICKET, str_from(first->hvalue));
}

static void osip_body(struct view *v, const osip_message_t *m)
{
	unsigned long length = 0;

	view_number(v, F_CONTENT_LENGTH,
		m->content_length != NULL ? strtoul(m->content_length->value, NULL, 10) : 0);
	if (m->content_type != NULL && m->content_type->type != NULL &&
		strcasecmp(m->content_type->type, "multipart") == 0)
		return;
	for (int i = 0; i < osip_list_size(&m->bodies); i++)
		length += ((osip_body_t *)osip_list_get(&m->bodies, i))->length;
	view_number(v, F_BODY, length);
}

static void osip_via(struct view *v, osip_message_t *m)
{
	osip_generic_param_t *p = NULL;
	osip_via_t *via = NULL;

	if (osip_message_get_via(m, 0, &via) < 0 || via == NULL)
		return;
	put_z(v, F_VIA_HOST, via->host);
	osip_via_param_get_byname(via, (char *)"branch", &p);
	if (p != NULL)
		put_z(v, F_VIA_BRANCH, p->gvalue);
}

static void view_theirs(struct view *v, osip_message_t *m)
{
	osip_header_t *h = NULL;

	put_z(v, F_METHOD, MSG_IS_REQUEST(m) ? m->sip_method : m->cseq->method);
	view_number(v, F_STATUS, (unsigned long)m->status_code);
	if (MSG_IS_REQUEST(m)) {
		osip_address(v, m->req_uri, F_URI_USER, F_URI_HOST);
		if (v->text[F_URI_HOST][0] != '\0' && m->req_uri->port != NULL)
			view_number(v, F_URI_PORT, strtoul(m->req_uri->port, NULL, 10));
		osip_message_get_max_forwards(m, 0, &h);
		if (h != NULL && h->hvalue != NULL)
			view_number(v, F_MAX_FORWARDS, strtoul(h->hvalue, NULL, 10));
	}
	snprintf(v->text[F_CALL_ID], sizeof(v->text[F_CALL_ID]), "%s%s%s", m->call_id->number,
		m->call_id->host != NULL ? "@" : "",
		m->call_id->host != NULL ? m->call_id->host : "");
	view_number(v, F_CSEQ, strtoul(m->cseq->number, NULL, 10));
	osip_via(v, m);
	osip_party(v, m->from, F_FROM_USER, F_FROM_HOST, F_FROM_TAG);
	osip_party(v, (osip_from_t *)m->to, F_TO_USER, F_TO_HOST, F_TO_TAG);
	osip_ticket(v, m);
	osip_body(v, m);
}

bool osip_view(struct view *v, struct str message)
{
	static bool ready;
	osip_message_t *m;
	bool ok;

	if (!ready)
		parser_init();
	ready = true;
	osip_message_init(&m);
	ok = osip_message_parse(m, message.p, message.n) == 0 && m->from != NULL && m->to != NULL &&
		m->call_id != NULL && m->cseq != NULL;
	if (ok)
		view_theirs(v, m);
	osip_message_free(m);
	return ok;
}
