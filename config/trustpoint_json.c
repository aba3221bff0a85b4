// SPDX-License-Identifier: BSD-3-Clause
// See config/trustpoint_json.h.
#include "config/trustpoint_json.h"

#include "lib/cert.h"

static void add_validity(cJSON *j, int64_t from_s, int64_t to_s, int64_t now_s)
{
	char time[CERT_TIME_MAX];

	cJSON_AddStringToObject(j, "not_before", cert_time_text(from_s, time));
	cJSON_AddStringToObject(j, "not_after", cert_time_text(to_s, time));
	if (to_s != INT64_MAX)
		cJSON_AddNumberToObject(j, "days_left", (double)cert_days_left(to_s, now_s));
	cJSON_AddStringToObject(j, "status", cert_phase_text(cert_phase(from_s, to_s, now_s)));
}

static void add_certificate(cJSON *j, X509 *x, int64_t now_s)
{
	struct cert_facts f;
	cJSON *ids;

	cert_facts(x, &f);
	cJSON_AddStringToObject(j, "subject", f.subject);
	cJSON_AddStringToObject(j, "issuer", f.issuer);
	cJSON_AddStringToObject(j, "serial", f.serial);
	cJSON_AddStringToObject(j, "key", f.key);
	cJSON_AddNumberToObject(j, "bits", f.bits);
	ids = cJSON_AddArrayToObject(j, "identities");
	for (unsigned int i = 0; i < f.ids.n; i++) {
		char name[DOMAIN_NAME_MAX + 1];

		str_copy((struct str){f.ids.id[i].name, f.ids.id[i].n}, name, sizeof(name));
		cJSON_AddItemToArray(ids, cJSON_CreateString(name));
	}
	add_validity(j, f.from_s, f.to_s, now_s);
	cJSON_AddStringToObject(j, "sha256", f.sha256);
	cJSON_AddStringToObject(j, "sha1", f.sha1);
	cJSON_AddBoolToObject(j, "self_signed", f.self_signed);
	cJSON_AddBoolToObject(j, "ca", f.ca);
}

static void add_crl(cJSON *j, const struct trustpoint_item *item, int64_t now_s)
{
	struct crl_facts f;

	crl_facts(item->crl, &f);
	cJSON_AddStringToObject(j, "issuer", f.issuer);
	add_validity(j, f.from_s, f.to_s, now_s);
	cJSON_AddNumberToObject(j, "revoked", f.revoked);
	cJSON_AddBoolToObject(j, "has_issuer", item->has_issuer);
}

static void add_use(cJSON *j, const struct config *c, size_t index, enum trustpoint_kind kind)
{
	bool as_anchor = kind == TRUSTPOINT_ANCHOR || kind == TRUSTPOINT_REVOCATIONS;
	cJSON *list = cJSON_AddArrayToObject(j, "used_by");
	char text[CONFIG_NAME_MAX + 32];
	size_t at = 0;

	while (trustpoint_use(c, index, as_anchor, &at, text, sizeof(text)))
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

cJSON *cert_json(X509 *x, int64_t now_s)
{
	cJSON *j = cJSON_CreateObject();

	add_certificate(j, x, now_s);
	return j;
}

cJSON *trustpoint_json(const struct config *c, size_t index, const char *name,
	const struct trustpoint_item *item, int64_t now_s)
{
	static const char *const kinds[] = {[TRUSTPOINT_IDENTITY] = "identity",
		[TRUSTPOINT_INTERMEDIATE] = "intermediate",
		[TRUSTPOINT_ANCHOR] = "ca",
		[TRUSTPOINT_REVOCATIONS] = "crl"};
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "trustpoint", name);
	cJSON_AddStringToObject(j, "kind", kinds[item->kind]);
	if (item->cert != NULL)
		add_certificate(j, item->cert, now_s);
	else
		add_crl(j, item, now_s);
	if (c != NULL)
		add_use(j, c, index, item->kind);
	return j;
}
