// SPDX-License-Identifier: BSD-3-Clause
// What `show tls-proxy ...` answers (protocol.md section 10); see show_ime.h.
#include "cp/show_ime.h"

#include <string.h>

#include "cp/ime.h"
#include "cp/trunk.h"

#define COUNTERS_MAX 256

// ---- Proxies ------------------------------------------------------------------------------------

static const char *trustpoint(const struct config *c, int i)
{
	return i >= 0 ? c->trustpoints[i].name : "";
}

static const char *version_text(int v)
{
	return v == 13 ? "TLS 1.3" : v == 12 ? "TLS 1.2" : "TLS 1.0";
}

static void side_json(const struct config *c, const struct config_tls_side *s, cJSON *j)
{
	cJSON_AddBoolToObject(j, "configured", s->trustpoint >= 0);
	cJSON_AddStringToObject(j, "trust_point", trustpoint(c, s->trustpoint));
	cJSON_AddStringToObject(j, "identity", trustpoint(c, s->identity));
	cJSON_AddStringToObject(j, "ciphers", s->ciphers);
	cJSON_AddStringToObject(j, "min_version", version_text(s->min_version));
	cJSON_AddStringToObject(j, "max_version", version_text(s->max_version));
}

static cJSON *classes_json(const struct show *s, int proxy)
{
	const struct config *c = s->config;
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < c->n_inspects; i++) {
		struct trunk_class_usage u;
		cJSON *j;

		if (c->inspects[i].tls_proxy != proxy)
			continue;
		u = trunk_class_usage(ime_trunks(s->ime), i);
		j = cJSON_CreateObject();
		cJSON_AddStringToObject(j, "class_map", c->inspects[i].class_name);
		show_u64(j, "active", u.active);
		show_u64(j, "most_used", u.most);
		show_u64(j, "bytes", u.bytes);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

static void in_use_json(const struct show *s, cJSON *j)
{
	struct ime_usage u;

	ime_usage(s->ime, &u);
	show_u64(j, "in_use", u.tls_in_use);
	show_u64(j, "most_used", u.tls_most_used);
	show_u64(j, "max", u.tls_max);
}

cJSON *show_tls_proxy(const struct show *s, const struct ask *ask)
{
	const struct config *c = s->config;
	cJSON *j = cJSON_CreateObject(), *list;

	in_use_json(s, j);
	list = cJSON_AddArrayToObject(j, "proxies");
	for (size_t i = 0; i < c->n_tls_proxies; i++) {
		const struct config_tls_proxy *p = &c->tls_proxies[i];
		cJSON *x = cJSON_CreateObject();

		cJSON_AddStringToObject(x, "name", p->name);
		cJSON_AddStringToObject(
			x, "outside", p->outside == TLS_SERVER ? "server" : "client");
		side_json(c, &p->side[TLS_SERVER], cJSON_AddObjectToObject(x, "server"));
		side_json(c, &p->side[TLS_CLIENT], cJSON_AddObjectToObject(x, "client"));
		cJSON_AddItemToObject(x, "classes", classes_json(s, (int)i));
		cJSON_AddItemToArray(list, x);
	}
	return j;
}

// ---- Sessions -----------------------------------------------------------------------------------

static void leg_json(const struct trunk_leg_info *l, cJSON *j)
{
	cJSON_AddStringToObject(j, "state", l->state);
	cJSON_AddStringToObject(j, "version", l->version);
	cJSON_AddStringToObject(j, "cipher", l->cipher);
	show_u64(j, "messages", l->messages);
	show_u64(j, "bytes", l->bytes);
	show_u64(j, "queued", l->queued);
}

// The manual's client is who opened the session, whichever side that is.
static void visit(const struct trunk_info *t, void *arg)
{
	enum side client = t->outbound ? SIDE_INSIDE : SIDE_OUTSIDE;
	cJSON *j = cJSON_CreateObject();

	show_u64(j, "id", t->id);
	cJSON_AddStringToObject(j, "direction", t->outbound ? "outbound" : "inbound");
	show_endpoint(j, "outside", &t->outside);
	show_endpoint(j, "inside", &t->inside);
	cJSON_AddStringToObject(j, "tls_proxy", t->tls_proxy);
	cJSON_AddStringToObject(j, "class_map", t->class_name);
	leg_json(&t->leg[client], cJSON_AddObjectToObject(j, "client"));
	leg_json(&t->leg[side_other(client)], cJSON_AddObjectToObject(j, "server"));
	show_str(j, "peer_identity", str_from(t->peer_identity));
	cJSON_AddStringToObject(j, "peer_expires", t->peer_expires);
	show_u64(j, "age_s", t->age_ms / 1000);
	show_u64(j, "idle_s", t->idle_ms / 1000);
	cJSON_AddItemToArray(arg, j);
}

cJSON *show_tls_sessions(const struct show *s, const struct ask *ask)
{
	cJSON *j = cJSON_CreateObject();

	in_use_json(s, j);
	trunk_foreach(ime_trunks(s->ime), visit, cJSON_AddArrayToObject(j, "sessions"));
	return j;
}

static void embryonic_json(const struct show *s, cJSON *j)
{
	struct ime_embryonic e = ime_embryonic(s->ime);

	show_u64(j, "in_use", (uint64_t)e.hello + e.waiting + e.handshake);
	show_u64(j, "most_used", e.most_used);
	show_u64(j, "max", e.max);
	show_u64(j, "hello", e.hello);
	show_u64(j, "waiting", e.waiting);
	show_u64(j, "handshake", e.handshake);
}

static bool is_of_tls(const char *counter)
{
	return strncmp(counter, "TLS_", 4) == 0 || strncmp(counter, "TCP_ON_", 7) == 0 ||
		strcmp(counter, "TRUNKS_EVICTED") == 0;
}

cJSON *show_tls_statistics(const struct show *s, const struct ask *ask)
{
	static struct ime_counter c[COUNTERS_MAX];
	size_t n = ime_counters(s->ime, c, COUNTERS_MAX);
	cJSON *j = cJSON_CreateObject(), *list;

	in_use_json(s, j);
	embryonic_json(s, cJSON_AddObjectToObject(j, "embryonic"));
	list = cJSON_AddArrayToObject(j, "counters");
	for (size_t i = 0; i < n && i < COUNTERS_MAX; i++) {
		cJSON *row;

		if (!is_of_tls(c[i].name))
			continue;
		row = cJSON_CreateObject();
		cJSON_AddStringToObject(row, "name", c[i].name);
		cJSON_AddBoolToObject(row, "refused", c[i].kind == IME_REFUSAL);
		show_u64(row, "value", c[i].value);
		cJSON_AddStringToObject(row, "help", c[i].help);
		cJSON_AddItemToArray(list, row);
	}
	return j;
}

cJSON *show_tls_close(const struct show *s, const struct ask *ask)
{
	struct ime_tls_closed c = ime_tls_close(s->ime);
	cJSON *j = cJSON_CreateObject();

	show_u64(j, "closed", c.closed);
	show_u64(j, "kept", c.kept);
	return j;
}

cJSON *show_tls_clear(const struct show *s, const struct ask *ask)
{
	ime_tls_clear(s->ime);
	return cJSON_CreateTrue();
}
