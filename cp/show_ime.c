// SPDX-License-Identifier: BSD-3-Clause
// What `show uc-ime ...` answers (protocol.md section 10 and 3.5); see show_ime.h.
#include "cp/show_ime.h"

#include <stdio.h>

#include "cp/call.h"
#include "cp/ime.h"
#include "dp/dp.h"

#define S_NS  1000000000ull
#define STATS 9

struct visit {
	const struct show *s;
	cJSON *list;
};

// ---- Signalling ---------------------------------------------------------------------------------

// What STIR said of the caller; null where nobody asked it.
static void show_caller(cJSON *o, const struct call_caller *c)
{
	char number[DID_DIGITS_MAX + 2], attest[2] = {c->attest, '\0'};
	cJSON *j;

	if (!c->checked) {
		cJSON_AddNullToObject(o, "caller");
		return;
	}
	j = cJSON_AddObjectToObject(o, "caller");
	snprintf(number, sizeof(number), "%s%.*s", c->number.n > 0 ? "+" : "", (int)c->number.n,
		c->number.digits);
	cJSON_AddStringToObject(j, "number", number);
	cJSON_AddBoolToObject(j, "verified", c->fault == PASSPORT_NONE);
	cJSON_AddStringToObject(j, "result", passport_fault_text(c->fault));
	cJSON_AddStringToObject(j, "attestation", attest);
	cJSON_AddBoolToObject(j, "media_keys", c->media_keys);
}

static void visit_signaling(const struct call_info *c, void *arg)
{
	struct visit *v = arg;
	cJSON *j = cJSON_CreateObject(), *media;

	cJSON_AddStringToObject(j, "state", call_state_name(c->state));
	cJSON_AddStringToObject(j, "direction", c->outbound ? "outbound" : "inbound");
	show_u64(j, "age_s", (v->s->mono_ns() - c->started_ns) / S_NS);
	show_endpoint(j, "inside", &c->inside);
	show_endpoint(j, "outside", &c->outside);
	show_str(j, "call_id", c->call_id);
	show_str(j, "fb_sensitivity", c->fb_sensitivity);
	show_str(j, "session_id", c->session_id);
	show_str(j, "sip_trunk_uri", c->trunk_uri);
	show_caller(j, &c->caller);
	media = cJSON_AddArrayToObject(j, "media");
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct call_stream_info *s = &c->streams[i];
		cJSON *m = cJSON_CreateObject();

		show_endpoint(m, "outside_remote", &s->remote[SIDE_OUTSIDE]);
		show_endpoint(m, "outside_local", &s->local[SIDE_OUTSIDE]);
		show_endpoint(m, "inside_remote", &s->remote[SIDE_INSIDE]);
		show_endpoint(m, "inside_local", &s->local[SIDE_INSIDE]);
		cJSON_AddBoolToObject(m, "local_srtp_key_set", s->local_key_set);
		cJSON_AddBoolToObject(m, "remote_srtp_key_set", s->remote_key_set);
		show_str(m, "codec", str_from(s->codec));
		cJSON_AddNumberToObject(m, "payload_type", s->payload_type);
		cJSON_AddItemToArray(media, m);
	}
	cJSON_AddItemToArray(v->list, j);
}

cJSON *show_signaling(const struct show *s, const struct ask *ask)
{
	struct ime_usage u = {0};
	cJSON *j = cJSON_CreateObject();
	struct visit v = {.s = s};

	ime_usage(s->ime, &u);
	show_u64(j, "in_use", u.signaling_in_use);
	show_u64(j, "most_used", u.signaling_most_used);
	v.list = cJSON_AddArrayToObject(j, "sessions");
	call_foreach(ime_calls(s->ime), visit_signaling, &v);
	return j;
}

cJSON *show_signaling_statistics(const struct show *s, const struct ask *ask)
{
	struct ime_counter c[STATS];
	size_t n = ime_counters(s->ime, c, STATS);
	cJSON *j = cJSON_CreateObject(), *list;
	struct ime_usage u = {0};

	ime_usage(s->ime, &u);
	show_u64(j, "in_use", u.signaling_in_use);
	show_u64(j, "most_used", u.signaling_most_used);
	show_u64(j, "terminated", u.signaling_terminated);
	list = cJSON_AddArrayToObject(j, "failures");
	for (size_t i = 0; i < n && i < STATS && c[i].kind == IME_STAT; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "text", c[i].text);
		cJSON_AddStringToObject(row, "name", c[i].name);
		show_u64(row, "value", c[i].value);
		cJSON_AddItemToArray(list, row);
	}
	return j;
}

cJSON *show_clear_statistics(const struct show *s, const struct ask *ask)
{
	ime_counters_clear(s->ime);
	return cJSON_CreateTrue();
}

// ---- Configuration ------------------------------------------------------------------------------

static void mta_json(const struct show *s, const struct config_mta *m, cJSON *j)
{
	cJSON *list;
	char ip[IP_TEXT_MAX];

	cJSON_AddStringToObject(j, "name", m->name);
	list = cJSON_AddArrayToObject(j, "addresses");
	for (size_t i = 0; i < m->n_addrs; i++) {
		const struct config_media_addr *from = &m->addrs[i];
		cJSON *a;

		if (from->global && from->iface > 0)
			continue;
		a = cJSON_CreateObject();
		cJSON_AddStringToObject(a, "ip", ip_format(&from->ip, ip));
		if (!from->global)
			cJSON_AddStringToObject(
				a, "interface", s->config->ifaces[from->iface].name);
		cJSON_AddItemToArray(list, a);
	}
	cJSON_AddNumberToObject(j, "rtp_min_port", m->rtp_min_port);
	cJSON_AddNumberToObject(j, "rtp_max_port", m->rtp_max_port);
}

// Epoch and password are what is in force, whatever the file said at the start.
static void ticket_json(const struct show *s, const struct config_ime *c, cJSON *j)
{
	struct epochs_info now = {.epoch = c->epoch};

	if (s->ime != NULL)
		now = ime_ticket_epoch(s->ime);
	cJSON_AddNumberToObject(j, "epoch", now.epoch);
	cJSON_AddStringToObject(j, "password", "*****");            // CLI-2
	cJSON_AddNumberToObject(j, "previous_epoch", now.previous); // 0: there is none
	show_u64(j, "previous_until", now.previous_until);
	cJSON_AddNumberToObject(j, "grace_s", c->ticket_grace_s);
	cJSON_AddStringToObject(j, "profile", c->ticket_profile);
	cJSON_AddNumberToObject(j, "skew_s", c->ticket_skew_s);
	cJSON_AddStringToObject(j, "failure_action",
		c->ticket_failure_action == FAILURE_REJECT ? "reject" : "drop");
}

static void callers_json(const struct config_ime *c, cJSON *j)
{
	static const char *const names[] = {[CALLERS_ALLOW] = "allow", [CALLERS_DENY] = "deny"};

	for (int k = 0; k < CALLER_LISTS; k++) {
		cJSON *list = cJSON_AddArrayToObject(j, names[k]);

		for (size_t i = 0; i < c->callers[k].n; i++)
			cJSON_AddItemToArray(list, cJSON_CreateString(c->callers[k].list[i].name));
	}
}

// Nothing where none is configured.
static void mapping_json(const struct show *s, const struct config_mapping *m, cJSON *j)
{
	if (!m->on)
		return;
	j = cJSON_AddObjectToObject(j, "mapping_service");
	cJSON_AddStringToObject(
		j, "listening_interface", s->config->ifaces[m->listening_iface].name);
	cJSON_AddNumberToObject(j, "listening_port", m->listening_port);
	cJSON_AddStringToObject(j, "uc_ime_interface", s->config->ifaces[m->ime_iface].name);
	cJSON_AddNumberToObject(j, "first_port", m->first_port);
	cJSON_AddNumberToObject(j, "last_port", m->last_port);
	cJSON_AddNumberToObject(j, "quota", m->quota);
	cJSON_AddNumberToObject(j, "lifetime_s", m->lifetime_s);
	cJSON_AddNumberToObject(j, "idle_s", m->idle_s);
	cJSON_AddBoolToObject(j, "key", m->key_file[0] != '\0');
}

cJSON *show_config_ime(const struct show *s, const struct ask *ask)
{
	cJSON *list = cJSON_CreateArray(), *ucms;
	char ip[IP_TEXT_MAX];

	for (size_t i = 0; i < s->config->n_imes; i++) {
		const struct config_ime *c = &s->config->imes[i];
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "name", c->name);
		mta_json(s, &s->config->mtas[c->mta],
			cJSON_AddObjectToObject(j, "media_termination"));
		ucms = cJSON_AddArrayToObject(j, "ucm");
		for (size_t k = 0; k < c->n_ucms; k++) {
			cJSON *u = cJSON_CreateObject();

			cJSON_AddStringToObject(u, "address", ip_format(&c->ucms[k].ip, ip));
			cJSON_AddStringToObject(u, "trunk_security_mode",
				c->ucms[k].secure ? "secure" : "nonsecure");
			cJSON_AddItemToArray(ucms, u);
		}
		ticket_json(s, c, cJSON_AddObjectToObject(j, "ticket"));
		callers_json(c, cJSON_AddObjectToObject(j, "domains"));
		cJSON_AddStringToObject(j, "domain", c->domain);
		cJSON_AddNumberToObject(j, "fallback_monitoring_ms", c->fallback.monitoring_ms);
		cJSON_AddNumberToObject(j, "fallback_hold_down_s", c->fallback.hold_down_s);
		cJSON_AddNumberToObject(j, "fallback_sensitivity", c->fallback.default_level);
		cJSON_AddStringToObject(
			j, "fallback_sensitivity_file", c->fallback.sensitivity_file);
		mapping_json(s, &c->mapping, j);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}
