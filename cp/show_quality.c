// SPDX-License-Identifier: BSD-3-Clause
// How calls sounded, and those that were handed to the PSTN.
#include "cp/call.h"
#include "cp/ime.h"
#include "cp/policy.h"
#include "cp/quality.h"
#include "cp/show_ime.h"
#include "cp/ucm.h"
#include "lib/fallback.h"

#define S_NS 1000000000ull

// ---- show quality CALL-ID -----------------------------------------------------------------------

static const char *state_name(unsigned int state)
{
	static const char *const names[] = {
		[FALLBACK_GOOD] = "good",
		[FALLBACK_HOLD_DOWN] = "hold-down",
		[FALLBACK_REFERRED] = "REFER sent",
		[FALLBACK_ACCEPTED] = "REFER accepted",
		[FALLBACK_FAILED] = "REFER failed",
	};

	return names[state];
}

// One value of each second, the oldest first; null: nothing was measured.
static void add_row(cJSON *j, const char *name, const struct quality *h,
	double (*value)(const struct quality_sample *s))
{
	cJSON *row = cJSON_AddArrayToObject(j, name);

	for (size_t i = 0; i < quality_count(h); i++) {
		const struct quality_sample *s = quality_at(h, i);

		cJSON_AddItemToArray(
			row, s->measured ? cJSON_CreateNumber(value(s)) : cJSON_CreateNull());
	}
}

static double mos(const struct quality_sample *s)
{
	return s->mos_x100;
}

static double rblr(const struct quality_sample *s)
{
	return s->rblr_pct_x100;
}

static double pdv_us(const struct quality_sample *s)
{
	return 100.0 * s->pdv_100us;
}

static double bls_ms(const struct quality_sample *s)
{
	return s->bls_ms;
}

static double delay_ms(const struct quality_sample *s)
{
	return s->delay_ms;
}

static double state(const struct quality_sample *s)
{
	return s->state;
}

static void add_call(const struct show *s, const struct call_info *c, cJSON *list)
{
	cJSON *j = cJSON_CreateObject();

	show_str(j, "call_id", c->call_id);
	cJSON_AddStringToObject(j, "state", call_state_name(c->state));
	show_str(j, "codec", str_from(c->n_streams > 0 ? c->streams[0].codec : ""));
	show_u64(j, "sensitivity", c->level);
	show_u64(j, "fallback_state", c->fallback_state);
	cJSON_AddStringToObject(j, "fallback", state_name(c->fallback_state));
	add_row(j, "mos_x100", c->history, mos);
	add_row(j, "rblr_pct_x100", c->history, rblr);
	add_row(j, "pdv_avg_us", c->history, pdv_us);
	add_row(j, "bls_ms", c->history, bls_ms);
	add_row(j, "delay_ms", c->history, delay_ms);
	add_row(j, "failover_state", c->history, state);
	cJSON_AddItemToArray(list, j);
}

cJSON *show_quality(const struct show *s, const struct ask *ask)
{
	return show_each_call(s, ask, add_call);
}

// ---- show uc-ime fallback-notification statistics -----------------------------------------------

static void visit(const struct ucm_info *u, void *arg)
{
	cJSON *j = cJSON_CreateObject();
	char ip[IP_TEXT_MAX];

	cJSON_AddStringToObject(j, "address", ip_format(&u->at.ip, ip));
	show_u64(j, "notifications_sent", u->refers);
	cJSON_AddItemToArray(arg, j);
}

cJSON *show_fallback(const struct show *s, const struct ask *ask)
{
	cJSON *list = cJSON_CreateArray();

	ucms_foreach(ime_ucms(s->ime), visit, list);
	return list;
}

cJSON *show_fallback_clear(const struct show *s, const struct ask *ask)
{
	ime_refers_clear(s->ime);
	return cJSON_CreateTrue();
}

// ---- fallback reload ----------------------------------------------------------------------------

cJSON *show_fallback_reload(const struct show *s, const struct ask *ask)
{
	cJSON *j;

	if (policy_reload_quality(s->config, ask->err, ask->err_size) < 0)
		return NULL;
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "file", s->config->imes[0].fallback.sensitivity_file);
	return j;
}
