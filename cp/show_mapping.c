// SPDX-License-Identifier: BSD-3-Clause
// What `show uc-ime mapping-service-...` answers (protocol.md section 10); see show_ime.h.
#include "cp/show_ime.h"

#include <stdio.h>

#include "cp/ime.h"
#include "cp/mapping.h"
#include "cp/mapping_service.h"

#define S_NS 1000000000ull

struct visit {
	const struct show *s;
	cJSON *list;
};

static struct mapping_service *service_of(const struct show *s, const struct ask *ask)
{
	struct mapping_service *service = ime_mapping_service(s->ime);

	if (service == NULL)
		snprintf(ask->err, ask->err_size,
			"no mapping-service is configured in uc-ime: this is an in-line "
			"deployment");
	return service;
}

static void visit_session(const struct mapping_session_info *i, void *arg)
{
	struct visit *v = arg;
	cJSON *j = cJSON_CreateObject();

	show_endpoint(j, "client", &i->client);
	show_u64(j, "requests", i->requests);
	show_u64(j, "sent", i->sent);
	show_u64(j, "failed", i->failed);
	show_u64(j, "pending", i->pending);
	show_u64(j, "idle_s", i->idle_s);
	cJSON_AddItemToArray(v->list, j);
}

cJSON *show_mapping_sessions(const struct show *s, const struct ask *ask)
{
	struct mapping_service *service = service_of(s, ask);
	struct visit v = {.s = s};

	if (service == NULL)
		return NULL;
	v.list = cJSON_CreateArray();
	mapping_sessions_foreach(service, visit_session, &v);
	return v.list;
}

static void visit_mapping(const struct mapping_info *i, void *arg)
{
	struct visit *v = arg;
	cJSON *j = cJSON_CreateObject();

	show_u64(j, "port", i->port);
	show_endpoint(j, "remote", &i->remote);
	show_str(j, "domain", i->domain);
	show_u64(j, "holds", i->holds);
	if (i->left_ns != UINT64_MAX)
		show_u64(j, "left_s", i->left_ns / S_NS);
	cJSON_AddBoolToObject(j, "asked_for", i->client != MAPPING_OF_REMOTE);
	cJSON_AddItemToArray(v->list, j);
}

cJSON *show_mappings(const struct show *s, const struct ask *ask)
{
	const struct mappings *ms = ime_mappings(s->ime);
	struct mappings_usage u;
	struct visit v = {.s = s};
	char ip[IP_TEXT_MAX];
	cJSON *j;

	if (service_of(s, ask) == NULL)
		return NULL;
	u = mappings_usage(ms);
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "address",
		ip_format(&s->config->ifaces[s->config->imes[0].mapping.listening_iface].ip, ip));
	show_u64(j, "in_use", u.in_use);
	show_u64(j, "most_used", u.most_used);
	show_u64(j, "max", u.max);
	v.list = cJSON_AddArrayToObject(j, "mappings");
	mappings_foreach(ms, s->mono_ns(), visit_mapping, &v);
	return j;
}

cJSON *show_mapping_clear(const struct show *s, const struct ask *ask)
{
	struct mapping_service *service = service_of(s, ask);

	if (service == NULL)
		return NULL;
	mapping_sessions_clear(service);
	return cJSON_CreateTrue();
}

cJSON *show_mapping_close(const struct show *s, const struct ask *ask)
{
	struct mapping_service *service = service_of(s, ask);
	cJSON *j;

	if (service == NULL)
		return NULL;
	j = cJSON_CreateObject();
	show_u64(j, "closed", mapping_sessions_close(service));
	return j;
}
