// SPDX-License-Identifier: BSD-3-Clause
// `config check` and `config reload`; see show_ime.h.
#include "cp/reload.h"
#include "cp/show_ime.h"

static cJSON *result_json(const struct reload_result *r)
{
	cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "changes");

	for (size_t i = 0; i < r->n; i++) {
		cJSON *c = cJSON_CreateObject();

		cJSON_AddStringToObject(c, "section", r->changes[i].section);
		show_u64(c, "line", r->changes[i].line);
		cJSON_AddBoolToObject(c, "restart", !r->changes[i].live);
		cJSON_AddItemToArray(list, c);
	}
	cJSON_AddBoolToObject(j, "restart", r->restart);
	show_u64(j, "warnings", r->warnings);
	return j;
}

cJSON *show_config_check(const struct show *s, const struct ask *ask)
{
	struct reload_result r;

	if (reload_check(s->reload, &r, ask->err, ask->err_size) < 0)
		return NULL;
	return result_json(&r);
}

cJSON *show_config_reload(const struct show *s, const struct ask *ask)
{
	struct reload_result r;

	if (reload_run(s->reload, &r, ask->err, ask->err_size) < 0)
		return NULL;
	return result_json(&r);
}
