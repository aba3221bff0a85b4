// SPDX-License-Identifier: BSD-3-Clause
// `show timeout`: how long what is silent lives, and which line of the file says so.
#include "config/node.h"
#include "cp/show_ime.h"

static void add(cJSON *list, const struct node *set, const char *name, const char *other,
	uint32_t seconds, const char *of)
{
	const struct node *n = node_get(set, name);
	cJSON *j = cJSON_CreateObject();

	if (n == NULL && other != NULL)
		n = node_get(set, other);
	cJSON_AddStringToObject(j, "name", name);
	show_u64(j, "seconds", seconds);
	cJSON_AddStringToObject(j, "of", of);
	if (n != NULL)
		show_u64(j, "file_line", n->key_at.line);
	cJSON_AddItemToArray(list, j);
}

cJSON *show_timeout(const struct show *s, const struct ask *ask)
{
	const struct node *set = node_get(s->config->root, "timeouts");
	const struct config_timeouts *t = &s->config->timeouts;
	cJSON *j = cJSON_CreateObject(), *list;

	cJSON_AddStringToObject(j, "file", s->path);
	list = cJSON_AddArrayToObject(j, "timeouts");
#define TIMEOUT(name, other, member, of) add(list, set, name, other, t->member, of);
#include "config/timeouts.def"
#undef TIMEOUT
	return j;
}
