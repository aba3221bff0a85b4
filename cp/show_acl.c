// SPDX-License-Identifier: BSD-3-Clause
// `show access-list [NAME]` and `clear access-list [NAME] counters`: what each entry has decided.
#include <stdio.h>
#include <string.h>

#include "cp/show_ime.h"
#include "dp/dp.h"

#define S_NS 1000000000ull

static void add_hits(const struct show *s, cJSON *to, const struct dp_acl_hits *hits)
{
	show_u64(to, "hits", hits->n);
	if (hits->last_ns != 0)
		show_u64(to, "last_hit_s", s->wall_s() - (s->mono_ns() - hits->last_ns) / S_NS);
}

static void add_id(cJSON *to, uint32_t id)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", id);
	cJSON_AddStringToObject(to, "id", text);
}

static cJSON *rule_json(const struct show *s, const struct ace *a, const struct dp_acl_hits *hits)
{
	cJSON *j = cJSON_CreateObject();
	char text[ACE_TEXT_MAX];

	ace_format(a, text, sizeof(text));
	cJSON_AddStringToObject(j, "text", text);
	add_hits(s, j, hits);
	add_id(j, a->id);
	return j;
}

// The sum of the rules of an entry; the rules themselves, where it stands for others than itself.
static void add_rules(
	const struct show *s, const struct config_acl *a, const struct config_entry *e, cJSON *to)
{
	cJSON *rules = e->objects ? cJSON_CreateArray() : NULL;
	struct dp_acl_hits sum = {0, 0};

	for (size_t i = e->first; i < e->first + e->n; i++) {
		struct dp_acl_hits hits;

		dp_acl_hits(a->aces[i].id, &hits);
		sum.n += hits.n;
		if (hits.last_ns > sum.last_ns)
			sum.last_ns = hits.last_ns;
		if (rules != NULL)
			cJSON_AddItemToArray(rules, rule_json(s, &a->aces[i], &hits));
	}
	add_hits(s, to, &sum);
	if (rules != NULL)
		cJSON_AddItemToObject(to, "rules", rules);
}

// As the ASA has it: `extended` always stands there.
static void add_text(cJSON *to, const struct config_entry *e)
{
	static const struct str extended = {"extended ", 9};
	bool bare = !e->remark && !str_has_caseprefix(str_from(e->text), extended);
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", bare ? extended.p : "", e->text);
	show_str(to, "text", str_from(text));
}

static cJSON *entry_json(const struct show *s, const struct config_acl *a, size_t i)
{
	const struct config_entry *e = &a->entries[i];
	cJSON *j = cJSON_CreateObject();

	show_u64(j, "line", i + 1);
	show_u64(j, "file_line", e->line);
	add_text(j, e);
	cJSON_AddBoolToObject(j, "remark", e->remark);
	cJSON_AddBoolToObject(j, "inactive", e->inactive);
	add_id(j, e->id);
	if (!e->remark)
		add_rules(s, a, e, j);
	return j;
}

static cJSON *acl_json(const struct show *s, const struct config_acl *a)
{
	cJSON *j = cJSON_CreateObject(), *entries;

	cJSON_AddStringToObject(j, "name", a->name);
	show_u64(j, "elements", a->n);
	entries = cJSON_AddArrayToObject(j, "entries");
	for (size_t i = 0; i < a->n_entries; i++)
		cJSON_AddItemToArray(entries, entry_json(s, a, i));
	return j;
}

// The lists that are asked for: [*first, *end) of the configuration. False: there is no such one.
static bool read_name(const struct show *s, const struct ask *ask, size_t *first, size_t *end)
{
	const char *name =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ask->args, "name"));
	const struct config *c = s->config;

	*first = 0;
	*end = c->n_acls;
	if (name == NULL)
		return true;
	while (*first < c->n_acls && strcmp(name, c->acls[*first].name) != 0)
		(*first)++;
	*end = *first + 1;
	if (*first < c->n_acls)
		return true;
	snprintf(ask->err, ask->err_size,
		"there is no access-list %.128s; callgate show access-list has all", name);
	return false;
}

cJSON *show_access_list(const struct show *s, const struct ask *ask)
{
	size_t i, end;
	cJSON *list;

	if (!read_name(s, ask, &i, &end))
		return NULL;
	list = cJSON_CreateArray();
	for (; i < end; i++)
		cJSON_AddItemToArray(list, acl_json(s, &s->config->acls[i]));
	return list;
}

cJSON *show_access_list_clear(const struct show *s, const struct ask *ask)
{
	size_t i, end;

	if (!read_name(s, ask, &i, &end))
		return NULL;
	for (; i < end; i++)
		for (size_t k = 0; k < s->config->acls[i].n; k++)
			dp_acl_hits_clear(s->config->acls[i].aces[k].id);
	return cJSON_CreateTrue();
}
