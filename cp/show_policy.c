// SPDX-License-Identifier: BSD-3-Clause
// `show service-policy`: what the inspection policy maps did, entry by entry, and what the connection limits of
// each class have and refused.
#include "cp/ime.h"
#include "cp/policymap.h"
#include "cp/show_ime.h"
#include "dp/dp.h"

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

static cJSON *inspect_json(const struct show *s, const struct config_inspect *class)
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

static cJSON *limits_json(const struct config_conn_limits *x)
{
	static const char *const names[DP_LIMITS_OF_CLASS] = {[DP_LIMIT_CONNS] = "conn-max",
		[DP_LIMIT_EMBRYONIC] = "embryonic-conn-max",
		[DP_LIMIT_CLIENT_CONNS] = "per-client-max",
		[DP_LIMIT_CLIENT_EMBRYONIC] = "per-client-embryonic-max",
		[DP_LIMIT_EMBRYONIC_RATE] = "embryonic-conn-rate"};
	const uint32_t max[DP_LIMITS_OF_CLASS] = {[DP_LIMIT_CONNS] = x->conn_max,
		[DP_LIMIT_EMBRYONIC] = x->embryonic_max,
		[DP_LIMIT_CLIENT_CONNS] = x->client_max,
		[DP_LIMIT_CLIENT_EMBRYONIC] = x->client_embryonic_max,
		[DP_LIMIT_EMBRYONIC_RATE] = x->embryonic_rate};
	cJSON *j = cJSON_CreateObject(), *set, *dropped;
	struct dp_limit_stats now;

	dp_limit_stats(x->id, &now);
	cJSON_AddStringToObject(j, "class", x->class_name);
	set = cJSON_AddObjectToObject(j, "set_connection");
	dropped = cJSON_CreateObject();
	for (int i = 0; i < DP_LIMITS_OF_CLASS; i++) {
		show_u64(set, names[i], max[i]);
		show_u64(dropped, names[i], now.drops[i]);
	}
	// What no limit asks for, nobody counts.
	if (x->embryonic_max != 0 || x->client_embryonic_max != 0)
		show_u64(j, "embryonic_conns", now.embryonic);
	if (x->conn_max != 0 || x->client_max != 0)
		show_u64(j, "conns", now.conns);
	cJSON_AddItemToObject(j, "dropped", dropped);
	return j;
}

static cJSON *policy_json(const struct show *s, cJSON **classes)
{
	cJSON *j = cJSON_CreateObject();

	if (s->config->policy_map.n > 0)
		show_str(j, "service_policy", s->config->policy_map);
	*classes = cJSON_AddArrayToObject(j, "classes");
	return j;
}

static void add_inspects(const struct show *s, cJSON *classes)
{
	for (size_t i = 0; i < s->config->n_inspects && s->ime != NULL; i++)
		cJSON_AddItemToArray(classes, inspect_json(s, &s->config->inspects[i]));
}

static void add_limits(const struct show *s, cJSON *classes)
{
	for (size_t i = 0; i < s->config->n_conn_limits; i++)
		cJSON_AddItemToArray(classes, limits_json(&s->config->conn_limits[i]));
	cJSON_AddItemToArray(classes, limits_json(&s->config->conn_limits_default));
}

cJSON *show_policy(const struct show *s, const struct ask *ask)
{
	cJSON *classes, *j = policy_json(s, &classes);

	add_inspects(s, classes);
	add_limits(s, classes);
	return j;
}

cJSON *show_policy_inspect(const struct show *s, const struct ask *ask)
{
	cJSON *classes, *j = policy_json(s, &classes);

	add_inspects(s, classes);
	return j;
}

cJSON *show_policy_limits(const struct show *s, const struct ask *ask)
{
	cJSON *classes, *j = policy_json(s, &classes);

	add_limits(s, classes);
	return j;
}

cJSON *show_policy_inspect_clear(const struct show *s, const struct ask *ask)
{
	policymaps_clear(ime_policymaps(s->ime));
	return cJSON_CreateTrue();
}

cJSON *show_policy_limits_clear(const struct show *s, const struct ask *ask)
{
	for (size_t i = 0; i < s->config->n_conn_limits; i++)
		dp_limit_clear(s->config->conn_limits[i].id);
	dp_limit_clear(s->config->conn_limits_default.id);
	return cJSON_CreateTrue();
}

cJSON *show_policy_clear(const struct show *s, const struct ask *ask)
{
	if (s->ime != NULL)
		policymaps_clear(ime_policymaps(s->ime));
	return show_policy_limits_clear(s, ask);
}
