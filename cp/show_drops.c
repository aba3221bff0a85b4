// SPDX-License-Identifier: BSD-3-Clause
// `show drops` and `clear drops`; see show_ime.h.
#include "cp/drops.h"
#include "cp/show_ime.h"

#define S_NS 1000000000ull

static cJSON *drop_json(const struct show *s, const struct drop *d, uint64_t now_ns)
{
	cJSON *j = cJSON_CreateObject();
	uint64_t age_s = (now_ns - d->last_ns) / S_NS;

	cJSON_AddStringToObject(j, "group", d->group);
	cJSON_AddStringToObject(j, "name", d->name);
	show_u64(j, "count", d->count);
	cJSON_AddNumberToObject(j, "rate", d->rate);
	cJSON_AddNumberToObject(j, "rate_minute", d->rate_minute);
	if (d->last_ns != 0) {
		show_u64(j, "last", s->wall_s() - age_s);
		show_u64(j, "age_s", age_s);
	}
	cJSON_AddStringToObject(j, "help", d->help);
	return j;
}

cJSON *show_drops(const struct show *s, const struct ask *ask)
{
	bool all = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ask->args, "all"));
	static struct drop drops[DROPS_MAX];
	cJSON *j = cJSON_CreateObject(), *list;
	uint64_t now_ns = s->mono_ns(), since_ns;
	size_t n = drops_look(s->drops, now_ns, drops, &since_ns);

	show_u64(j, "since_s", (now_ns - since_ns) / S_NS);
	list = cJSON_AddArrayToObject(j, "drops");
	for (size_t i = 0; i < n; i++)
		if (all || drops[i].count > 0)
			cJSON_AddItemToArray(list, drop_json(s, &drops[i], now_ns));
	return j;
}

cJSON *show_drops_clear(const struct show *s, const struct ask *ask)
{
	drops_clear(s->drops, s->mono_ns());
	return cJSON_CreateTrue();
}
