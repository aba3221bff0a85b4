// SPDX-License-Identifier: BSD-3-Clause
// The commands of the management socket and what they answer, but for the UC-IME ones; see show.h.
#include "cp/show.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/alarm.h"
#include "cp/ime.h"
#include "cp/log.h"
#include "cp/show_ime.h"
#include "dp/dp.h"

#define COUNTERS_MAX 512
#define S_NS         1000000000ull

void show_endpoint(cJSON *o, const char *name, const struct endpoint *e)
{
	cJSON *j = cJSON_AddObjectToObject(o, name);
	char text[IP_TEXT_MAX];

	cJSON_AddStringToObject(j, "ip", ip_format(&e->ip, text));
	cJSON_AddNumberToObject(j, "port", e->port);
}

void show_u64(cJSON *o, const char *name, uint64_t v)
{
	cJSON_AddNumberToObject(o, name, (double)v);
}

void show_str(cJSON *o, const char *name, struct str s)
{
	char text[1024];
	size_t n = s.n < sizeof(text) - 1 ? s.n : sizeof(text) - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	text[n] = '\0';
	cJSON_AddStringToObject(o, name, text);
}

void show_mac(cJSON *o, const char *name, const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	cJSON_AddStringToObject(o, name, text);
}

static cJSON *version(const struct show *s, const struct ask *ask)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "version", CALLGATE_VERSION);
	cJSON_AddStringToObject(j, "hostname", s->config->hostname);
	cJSON_AddStringToObject(j, "srtp_engine", dp_srtp_engine());
	cJSON_AddStringToObject(j, "dpdk", dp_version());
	cJSON_AddStringToObject(j, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
	cJSON_AddNumberToObject(j, "workers", s->config->n_workers);
	cJSON_AddNumberToObject(j, "uptime_s", (double)((s->mono_ns() - s->started_ns) / S_NS));
	return j;
}

static cJSON *usage(const struct show *s, const struct ask *ask)
{
	cJSON *j = cJSON_CreateObject();
	struct ime_usage u = {0};
	struct dp_usage d = {0};

	dp_usage(&d);
	if (s->ime != NULL)
		ime_usage(s->ime, &u);
	cJSON_AddNumberToObject(j, "sessions", d.sessions);
	cJSON_AddNumberToObject(j, "sessions_max", d.sessions_max);
	cJSON_AddNumberToObject(j, "punt_sessions", d.punt_sessions);
	cJSON_AddNumberToObject(j, "streams", d.streams);
	cJSON_AddNumberToObject(j, "streams_max", d.streams_max);
	cJSON_AddNumberToObject(j, "media_ports", u.media_ports);
	cJSON_AddNumberToObject(j, "ports_resting", u.media_resting);
	cJSON_AddNumberToObject(j, "calls", u.signaling_in_use);
	cJSON_AddNumberToObject(j, "tls_sessions", u.tls_in_use);
	cJSON_AddNumberToObject(j, "tls_sessions_max", u.tls_max);
	cJSON_AddNumberToObject(j, "buffers_in_use", d.buffers_in_use);
	cJSON_AddNumberToObject(j, "buffers", d.buffers);
	return j;
}

static cJSON *interface(const struct show *s, const struct ask *ask)
{
	cJSON *list = cJSON_CreateArray();
	char ip[IP_TEXT_MAX];

	for (uint16_t i = 0; i < s->config->n_ifaces; i++) {
		const struct config_iface *f = &s->config->ifaces[i];
		struct dp_iface_stats st = {0};
		uint8_t mac[6] = {0};
		cJSON *j = cJSON_CreateObject();

		dp_iface_stats(i, &st);
		dp_iface_mac(i, mac);
		cJSON_AddStringToObject(j, "name", f->name);
		cJSON_AddStringToObject(j, "device", f->device);
		cJSON_AddBoolToObject(j, "up", st.link_up);
		show_mac(j, "mac", mac);
		cJSON_AddStringToObject(j, "ip", ip_format(&f->ip, ip));
		cJSON_AddNumberToObject(j, "prefix", f->subnet.len - (ip_is_v4(&f->ip) ? 96 : 0));
		cJSON_AddNumberToObject(j, "security_level", f->security_level);
		cJSON_AddNumberToObject(j, "mtu", f->mtu);
		if (f->vlan != 0)
			cJSON_AddNumberToObject(j, "vlan", f->vlan);
		cJSON_AddNumberToObject(j, "rx_packets", (double)st.rx_packets);
		cJSON_AddNumberToObject(j, "rx_bytes", (double)st.rx_bytes);
		cJSON_AddNumberToObject(j, "rx_missed", (double)st.rx_missed);
		cJSON_AddNumberToObject(j, "tx_packets", (double)st.tx_packets);
		cJSON_AddNumberToObject(j, "tx_bytes", (double)st.tx_bytes);
		cJSON_AddNumberToObject(j, "tx_failed", (double)st.tx_failed);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

static void counter_add(cJSON *list, const char *group, const char *name, const char *help,
	bool drop, uint64_t value)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "group", group);
	cJSON_AddStringToObject(j, "name", name);
	cJSON_AddBoolToObject(j, "drop", drop);
	cJSON_AddNumberToObject(j, "value", (double)value);
	cJSON_AddStringToObject(j, "help", help);
	cJSON_AddItemToArray(list, j);
}

static cJSON *counters(const struct show *s, const struct ask *ask)
{
	static struct dp_counter d[COUNTERS_MAX];
	static struct ime_counter c[COUNTERS_MAX];
	cJSON *list = cJSON_CreateArray();
	size_t n = dp_counters(d, COUNTERS_MAX);

	for (size_t i = 0; i < n && i < COUNTERS_MAX; i++)
		counter_add(list, "data plane", d[i].name, d[i].help, d[i].drop, d[i].value);
	n = s->ime != NULL ? ime_counters(s->ime, c, COUNTERS_MAX) : 0;
	for (size_t i = 0; i < n && i < COUNTERS_MAX; i++)
		counter_add(
			list, "uc-ime", c[i].name, c[i].help, c[i].kind != IME_EVENT, c[i].value);
	return list;
}

static cJSON *alarms(const struct show *s, const struct ask *ask)
{
	cJSON *list = cJSON_CreateArray();
	uint64_t now_ns = s->mono_ns();

	for (int i = 0; i < ALARMS_N; i++) {
		const struct alarm *a = alarm_get((enum alarm_id)i);
		cJSON *j;

		if (a->count == 0)
			continue; // never
		j = cJSON_CreateObject();
		cJSON_AddStringToObject(j, "name", a->name);
		cJSON_AddBoolToObject(j, "active", a->active);
		show_u64(j, "age_s", (now_ns - a->raised_ns) / S_NS);
		if (!a->active)
			show_u64(j, "over_s", (now_ns - a->cleared_ns) / S_NS);
		show_u64(j, "count", a->count);
		cJSON_AddStringToObject(j, "text", a->text);
		cJSON_AddStringToObject(j, "remedy", a->remedy);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

static cJSON *logging(const struct show *s, const struct ask *ask)
{
	const struct log_options *o = log_opened();
	cJSON *j = cJSON_CreateObject(), *list;

	show_u64(j, "severity_max", o->severity_max);
	cJSON_AddStringToObject(j, "format", o->style.json ? "json" : "text");
	cJSON_AddBoolToObject(j, "asa_compat", o->style.asa);
	show_u64(j, "lines_lost", log_lost());
	list = cJSON_AddArrayToObject(j, "events");
	for (int i = 0; i < EVT_MAX; i++) {
		const struct event_info *e = event_info((enum event_id)i);
		struct log_count n = log_counted((enum event_id)i);
		cJSON *event = cJSON_CreateObject();

		show_u64(event, "number", e->number);
		show_u64(event, "severity", e->severity);
		cJSON_AddStringToObject(event, "name", e->name);
		cJSON_AddStringToObject(event, "meaning", e->meaning);
		cJSON_AddStringToObject(event, "remedy", e->remedy);
		show_u64(event, "written", n.written);
		show_u64(event, "suppressed", n.suppressed);
		cJSON_AddItemToArray(list, event);
	}
	return j;
}

static cJSON *clear_counters(const struct show *s, const struct ask *ask)
{
	dp_counters_clear();
	if (s->ime != NULL)
		ime_counters_clear(s->ime);
	return cJSON_CreateTrue();
}

static const struct {
	const char *command;
	bool needs_ime;
	cJSON *(*run)(const struct show *s, const struct ask *ask);
} commands[] = {
	{"show version", false, version},
	{"show usage", false, usage},
	{"show interface", false, interface},
	{"show route", false, show_route},
	{"show arp", false, show_arp},
	{"show timeout", false, show_timeout},
	{"show running-config timeout", false, show_timeout},
	{"show ip verify statistics", false, show_verify},
	{"show conn", false, show_conn},
	{"show xlate", false, show_xlate},
	{"show nat", false, show_nat},
	{"show nat detail", false, show_nat},
	{"show counters", false, counters},
	{"show access-list", false, show_access_list},
	{"show drops", false, show_drops},
	{"show alarms", false, alarms},
	{"packet-tracer", false, show_trace},
	{"show logging", false, logging},
	{"show media", true, show_media_call},
	{"show quality", true, show_quality},
	{"show uc-ime signaling-sessions", true, show_signaling},
	{"show uc-ime signaling-sessions statistics", true, show_signaling_statistics},
	{"show uc-ime media-sessions", true, show_media},
	{"show uc-ime media-sessions detail", true, show_media},
	{"show uc-ime fallback-notification statistics", true, show_fallback},
	{"show uc-ime mapping-service-sessions", true, show_mapping_sessions},
	{"show uc-ime mapping-service-sessions statistics", true, show_mapping_sessions},
	{"show uc-ime mapping-service-mappings", true, show_mappings},
	{"show tls-proxy", true, show_tls_proxy},
	{"show tls-proxy session", true, show_tls_sessions},
	{"show tls-proxy session detail", true, show_tls_sessions},
	{"show tls-proxy session statistics", true, show_tls_statistics},
	{"show uc-ime ucm", true, show_ucm},
	{"show uc-ime limits", true, show_limits},
	{"show uc-ime revoked-tickets", true, show_revoked},
	{"show running-config uc-ime", false, show_config_ime},
	{"show crypto ca certificates", true, show_certificates},
	{"ticket epoch", true, show_ticket_epoch},
	{"ticket revoke", true, show_ticket_revoke},
	{"ticket unrevoke", true, show_ticket_unrevoke},
	{"show service-policy", false, show_policy},
	{"show service-policy inspect sip", true, show_policy_inspect},
	{"show service-policy set connection", false, show_policy_limits},
	{"clear access-list counters", false, show_access_list_clear},
	{"clear arp", false, show_arp_clear},
	{"clear conn", false, show_clear_conn},
	{"clear counters", false, clear_counters},
	{"clear nat counters", false, show_nat_clear},
	{"clear xlate", false, show_clear_xlate},
	{"clear drops", false, show_drops_clear},
	{"clear ip verify statistics", false, show_verify_clear},
	{"clear tls-proxy session", true, show_tls_close},
	{"clear tls-proxy session statistics", true, show_tls_clear},
	{"clear uc-ime signaling-sessions statistics", true, show_clear_statistics},
	{"clear uc-ime media-sessions statistics", true, show_media_clear},
	{"clear uc-ime fallback-notification statistics", true, show_fallback_clear},
	{"clear uc-ime mapping-service-sessions", true, show_mapping_close},
	{"clear uc-ime mapping-service-sessions statistics", true, show_mapping_clear},
	{"clear service-policy", false, show_policy_clear},
	{"clear service-policy inspect sip", true, show_policy_inspect_clear},
	{"clear service-policy set connection", false, show_policy_limits_clear},
	{"pki reload", true, show_pki_reload},
	{"fallback reload", true, show_fallback_reload},
};

cJSON *show_command(void *arg, const char *command, const cJSON *args, char *err, size_t err_size)
{
	const struct ask ask = {.args = args, .err = err, .err_size = err_size};
	const struct show *s = arg;
	size_t n;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(command, commands[i].command) != 0)
			continue;
		if (commands[i].needs_ime && s->ime == NULL) {
			snprintf(err, err_size, "no uc-ime is configured");
			return NULL;
		}
		return commands[i].run(s, &ask);
	}
	n = (size_t)snprintf(err, err_size, "unknown command; there are: ");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && n < err_size; i++)
		n += (size_t)snprintf(
			err + n, err_size - n, "%s%s", i > 0 ? ", " : "", commands[i].command);
	return NULL;
}
