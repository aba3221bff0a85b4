// SPDX-License-Identifier: BSD-3-Clause
// `show service-policy inspect sip`: what the inspection policy maps did, entry by entry.
#include "cp/ime.h"
#include "cp/policymap.h"
#include "cp/show_ime.h"

struct totals {
	cJSON *rules;
	uint64_t dropped, reset;
};

static void add_rule(const struct policy_rule *r, void *arg)
{
	struct totals *t = arg;
	char action[CONFIG_SIP_DO_MAX];
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "rule", r->text);
	cJSON_AddStringToObject(j, "action", config_sip_do_text(&r->act, action));
	show_u64(j, "messages", r->hits);
	show_u64(j, "refused", r->refused);
	cJSON_AddItemToArray(t->rules, j);
	if (r->act.action == SIP_ACT_RESET)
		t->reset += r->refused;
	else
		t->dropped += r->refused;
}

static cJSON *class_json(const struct show *s, const struct config_inspect *class)
{
	struct policymap *map = policymap_of(ime_policymaps(s->ime), class);
	struct totals t = {.rules = cJSON_CreateArray()};
	cJSON *j = cJSON_CreateObject();

	policymap_foreach(map, add_rule, &t);
	cJSON_AddStringToObject(j, "class", class->class_name);
	cJSON_AddStringToObject(j, "policy_map", policymap_config(map)->name);
	cJSON_AddStringToObject(j, "tls_proxy", s->config->tls_proxies[class->tls_proxy].name);
	cJSON_AddStringToObject(j, "uc_ime", s->config->imes[class->ime].name);
	show_u64(j, "messages", policymap_messages(map));
	show_u64(j, "dropped", t.dropped);
	show_u64(j, "reset", t.reset);
	cJSON_AddItemToObject(j, "rules", t.rules);
	return j;
}

cJSON *show_service_policy(const struct show *s, const struct ask *ask)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < s->config->n_inspects; i++)
		cJSON_AddItemToArray(list, class_json(s, &s->config->inspects[i]));
	return list;
}

cJSON *show_clear_service_policy(const struct show *s, const struct ask *ask)
{
	policymaps_clear(ime_policymaps(s->ime));
	return cJSON_CreateTrue();
}
