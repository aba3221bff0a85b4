// SPDX-License-Identifier: BSD-3-Clause
#include "cp/policymap_check.h"

#include "cp/policymap.h"

// What the methods' definitions ask for beyond what sip_check() does.
static const struct {
	enum sip_method method;
	enum sip_header_id id;
} mandatory[] = {
	{SIP_INVITE, SIP_H_CONTACT},    // RFC 3261
	{SIP_SUBSCRIBE, SIP_H_CONTACT}, // RFC 6665
	{SIP_SUBSCRIBE, SIP_H_EVENT}, {SIP_NOTIFY, SIP_H_CONTACT}, {SIP_NOTIFY, SIP_H_EVENT},
	{SIP_REFER, SIP_H_CONTACT},                               // RFC 3515
	{SIP_REFER, SIP_H_REFER_TO}, {SIP_UPDATE, SIP_H_CONTACT}, // RFC 3311
	{SIP_PRACK, SIP_H_RACK},                                  // RFC 3262
	{SIP_PUBLISH, SIP_H_EVENT},                               // RFC 3903
};

static bool vias_ok(const struct sip_msg *m)
{
	struct sip_elem_iter it = {0};
	struct sip_via via;
	struct str elem;

	while (sip_elem_next(m, SIP_H_VIA, &it, &elem))
		if (!sip_via_parse(elem, &via))
			return false;
	return true;
}

// One Contact, which can be spoken to: 8.1.1.8.
static bool contact_ok(const struct sip_msg *m)
{
	struct sip_elem_iter it = {0};
	struct name_addr na;
	unsigned int n = 0;
	struct str elem;
	struct uri uri;

	while (sip_elem_next(m, SIP_H_CONTACT, &it, &elem)) {
		if (++n > 1 || !name_addr_parse(elem, &na) || !uri_parse(na.uri, &uri) ||
			(uri.scheme != URI_SIP && uri.scheme != URI_SIPS))
			return false;
	}
	return true;
}

bool policymap_headers_ok(const struct sip_msg *m)
{
	bool dialog = m->method != SIP_REGISTER && (m->request || m->status < 300);

	for (size_t i = 0; i < sizeof(mandatory) / sizeof(mandatory[0]); i++)
		if (m->request && m->method == mandatory[i].method &&
			sip_header(m, mandatory[i].id) == NULL)
			return false;
	if (!m->request && m->method == SIP_INVITE && m->status / 100 == 2 &&
		sip_header(m, SIP_H_CONTACT) == NULL)
		return false;
	return vias_ok(m) && (!dialog || contact_ok(m));
}

bool policymap_names_software(const struct sip_msg *m)
{
	return sip_header(m, SIP_H_USER_AGENT) != NULL || sip_header(m, SIP_H_SERVER) != NULL;
}

static bool is_info(const struct sip_header *h)
{
	return h->id == SIP_H_ALERT_INFO || h->id == SIP_H_CALL_INFO;
}

static bool is_uri_non_sip(const struct sip_header *h)
{
	struct str rest = h->value, elem;
	struct name_addr na;
	struct uri uri;

	while (uri_list_next(&rest, &elem)) {
		if (!name_addr_parse(elem, &na) || !uri_parse(na.uri, &uri) ||
			(uri.scheme != URI_SIP && uri.scheme != URI_SIPS))
			return true;
	}
	return false;
}

bool policymap_has_uri_non_sip(const struct sip_msg *m)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (is_info(&m->headers[i]) && is_uri_non_sip(&m->headers[i]))
			return true;
	return false;
}

void policymap_mask(const struct sip_msg *m, unsigned int mask, struct sip_edit *e)
{
	for (size_t i = 0; i < m->n_headers; i++) {
		const struct sip_header *h = &m->headers[i];
		bool software = h->id == SIP_H_USER_AGENT || h->id == SIP_H_SERVER;

		if (((mask & POLICY_MASK_SOFTWARE) != 0 && software) ||
			((mask & POLICY_MASK_URI) != 0 && is_info(h) && is_uri_non_sip(h)))
			sip_edit_delete(e, h->line);
	}
}
