// SPDX-License-Identifier: BSD-3-Clause
// `ticket epoch`, `ticket revoke`, `ticket unrevoke` and `show uc-ime revoked-tickets`; see
// show_ime.h.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cp/callers.h"
#include "cp/ime.h"
#include "cp/show_ime.h"

static struct str arg_text(const struct ask *ask, const char *name)
{
	return str_from(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ask->args, name)));
}

// What is not a whole number from 0 to `max` is `absent`.
static uint32_t arg_uint(const struct ask *ask, const char *name, uint32_t max, uint32_t absent)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(ask->args, name);
	double v = cJSON_IsNumber(j) ? j->valuedouble : -1;

	return v >= 0 && v <= max && v == (uint32_t)v ? (uint32_t)v : absent;
}

static cJSON *epoch_json(const struct epochs_info *i, bool changed)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddBoolToObject(j, "changed", changed);
	cJSON_AddNumberToObject(j, "epoch", i->epoch);
	if (i->previous != 0) {
		cJSON_AddNumberToObject(j, "previous_epoch", i->previous);
		cJSON_AddNumberToObject(j, "previous_until", (double)i->previous_until);
	}
	return j;
}

cJSON *show_ticket_epoch(const struct show *s, const struct ask *ask)
{
	const struct ime_ticket_change change = {
		.epoch = (uint8_t)arg_uint(ask, "epoch", 255, 0),
		.password = arg_text(ask, "password"),
		.grace_s = arg_uint(ask, "grace_s", TICKET_GRACE_MAX_S, UINT32_MAX),
	};
	int e = ime_ticket_change(s->ime, &change, ask->err, ask->err_size);
	struct epochs_info now = ime_ticket_epoch(s->ime);

	return e == -EINVAL ? NULL : epoch_json(&now, e == 0);
}

static cJSON *refuse(const struct ask *ask, int e)
{
	struct str what = arg_text(ask, "what");

	if (e == -EINVAL)
		snprintf(ask->err, ask->err_size,
			"expected a ticket's id such as 8f4f2c1e-6d1b-4a37-9c55-0123456789ab, a "
			"domain, or .DOMAIN for all below it");
	else if (e == -ENOENT)
		snprintf(ask->err, ask->err_size, "%.100s is not revoked", what.p);
	else if (e == -ENOSPC)
		snprintf(ask->err, ask->err_size,
			"%u are revoked already, which is all that there is room for: unrevoke "
			"tickets that are past their validity, or change the epoch",
			REVOKED_MAX);
	else
		snprintf(ask->err, ask->err_size, "%s", strerror(-e));
	return NULL;
}

cJSON *show_ticket_revoke(const struct show *s, const struct ask *ask)
{
	bool end = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ask->args, "end_calls"));
	unsigned int calls = 0;
	int e = ime_revoke(s->ime, arg_text(ask, "what"), end, &calls);
	cJSON *j;

	if (e != 0 && e != -EEXIST)
		return refuse(ask, e);
	j = cJSON_CreateObject();
	cJSON_AddBoolToObject(j, "changed", e == 0);
	cJSON_AddNumberToObject(j, "calls", calls);
	cJSON_AddBoolToObject(j, "ended", end);
	return j;
}

cJSON *show_ticket_unrevoke(const struct show *s, const struct ask *ask)
{
	int e = ime_unrevoke(s->ime, arg_text(ask, "what"));
	cJSON *j;

	if (e != 0)
		return refuse(ask, e);
	j = cJSON_CreateObject();
	cJSON_AddTrueToObject(j, "changed");
	return j;
}

static void visit_revoked(const char *name, uint64_t unix_s, void *arg)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "kind", revoked_is_ticket(name) ? "ticket" : "domain");
	cJSON_AddStringToObject(j, "name", name);
	cJSON_AddNumberToObject(j, "since", (double)unix_s);
	cJSON_AddItemToArray(arg, j);
}

cJSON *show_revoked(const struct show *s, const struct ask *ask)
{
	const struct callers *callers = ime_callers(s->ime);
	int saved = callers_saved(callers);
	cJSON *j = cJSON_CreateObject();

	cJSON_AddNumberToObject(j, "in_use", (double)revoked_count(callers_revoked(callers)));
	cJSON_AddNumberToObject(j, "max", REVOKED_MAX);
	cJSON_AddBoolToObject(j, "saved", saved == 0);
	if (saved != 0 && saved != -EINPROGRESS)
		cJSON_AddStringToObject(j, "error", strerror(-saved));
	revoked_foreach(
		callers_revoked(callers), visit_revoked, cJSON_AddArrayToObject(j, "revoked"));
	return j;
}
