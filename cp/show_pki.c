// SPDX-License-Identifier: BSD-3-Clause
// `show crypto ca certificates` and `pki reload`; see show_ime.h.
#include "config/trustpoint_json.h"
#include "cp/ime.h"
#include "cp/pki.h"
#include "cp/show_ime.h"

struct listing {
	const struct show *s;
	cJSON *list;
	int64_t now_s;
};

static void visit(const struct pki_item *item, void *arg)
{
	struct listing *l = arg;
	const struct config *c = l->s->config;

	cJSON_AddItemToArray(l->list,
		trustpoint_json(c, item->trustpoint, c->trustpoints[item->trustpoint].name,
			item->is, l->now_s));
}

cJSON *show_certificates(const struct show *s, const struct ask *ask)
{
	struct listing l = {.s = s, .list = cJSON_CreateArray(), .now_s = (int64_t)s->wall_s()};

	pki_foreach(ime_pki(s->ime), visit, &l);
	return l.list;
}

cJSON *show_pki_reload(const struct show *s, const struct ask *ask)
{
	struct ime_pki_change change;
	cJSON *j;

	if (ime_pki_reload(s->ime, &change, ask->err, ask->err_size) < 0)
		return NULL;
	j = cJSON_CreateObject();
	show_u64(j, "trustpoints", change.trustpoints);
	show_u64(j, "certificates", change.certificates);
	show_u64(j, "crls", change.crls);
	show_u64(j, "judged", change.judged);
	return j;
}
