// SPDX-License-Identifier: BSD-3-Clause
// `show ip verify statistics` and `clear ip verify statistics`: what the reverse path check has dropped, by
// interface.
#include <stdio.h>
#include <string.h>

#include "cp/show_ime.h"
#include "dp/dp.h"

// Which interfaces are meant: from *first to before *end. False: why not has been said.
static bool read_range(const struct show *s, const struct ask *ask, uint16_t *first, uint16_t *end)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(ask->args, "interface");

	*first = 0;
	*end = (uint16_t)s->config->n_ifaces;
	if (!cJSON_IsString(j))
		return true;
	for (uint16_t i = 0; i < s->config->n_ifaces; i++)
		if (strcmp(s->config->ifaces[i].name, j->valuestring) == 0) {
			*first = i;
			*end = i + 1;
			return true;
		}
	snprintf(ask->err, ask->err_size,
		"interface: found %.60s, expected the name of an interface (callgate show "
		"interface)",
		j->valuestring);
	return false;
}

cJSON *show_verify(const struct show *s, const struct ask *ask)
{
	uint16_t first, end;
	cJSON *list;

	if (!read_range(s, ask, &first, &end))
		return NULL;
	list = cJSON_CreateArray();
	for (uint16_t i = first; i < end; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "interface", s->config->ifaces[i].name);
		cJSON_AddBoolToObject(j, "verify", s->config->ifaces[i].verify_reverse_path);
		show_u64(j, "drops", dp_rpf_drops(i));
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

cJSON *show_verify_clear(const struct show *s, const struct ask *ask)
{
	uint16_t first, end;

	if (!read_range(s, ask, &first, &end))
		return NULL;
	for (uint16_t i = first; i < end; i++)
		dp_rpf_drops_clear(i);
	return cJSON_CreateTrue();
}
