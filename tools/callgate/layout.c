// SPDX-License-Identifier: BSD-3-Clause
// The table of layouts and those that the manual does not have; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>
#include <time.h>

double json_number(const cJSON *o, const char *name)
{
	const cJSON *i = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(i) ? i->valuedouble : 0;
}

const char *json_text(const cJSON *o, const char *name)
{
	const cJSON *i = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(i) ? i->valuestring : "";
}

bool json_true(const cJSON *o, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, name));
}

const char *json_endpoint(const cJSON *o, const char *name, char sep, char *buf)
{
	const cJSON *e = cJSON_GetObjectItemCaseSensitive(o, name);
	const char *ip = json_text(e, "ip");
	bool v6 = strchr(ip, ':') != NULL;

	if (ip[0] == '\0' || strcmp(ip, "::") == 0)
		return "none";
	snprintf(buf, 80, "%s%.45s%s%c%.0f", v6 ? "[" : "", ip, v6 ? "]" : "", sep,
		json_number(e, "port"));
	return buf;
}

void layout_hms(double s, char buf[24])
{
	unsigned int t = (unsigned int)s;

	snprintf(buf, 24, "%u:%02u:%02u", t / 3600, t / 60 % 60, t % 60);
}

const char *time_text(double unix_s, char buf[TIME_TEXT_MAX])
{
	time_t s = unix_s >= 0 && unix_s < 1e11 ? (time_t)unix_s : 0;
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(buf, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

static void print_version(FILE *f, const cJSON *d)
{
	char up[24];

	layout_hms(json_number(d, "uptime_s"), up);
	fprintf(f, "callgate %s\n%s up %s, %.0f workers\n", json_text(d, "version"),
		json_text(d, "hostname"), up, json_number(d, "workers"));
	fprintf(f, "SRTP engine: %s\n%s, OpenSSL %s\n", json_text(d, "srtp_engine"),
		json_text(d, "dpdk"), json_text(d, "openssl"));
}

static void print_usage(FILE *f, const cJSON *d)
{
	fprintf(f, "Sessions:       %.0f of %.0f, %.0f of the control plane\n",
		json_number(d, "sessions"), json_number(d, "sessions_max"),
		json_number(d, "punt_sessions"));
	fprintf(f, "Calls:          %.0f\n", json_number(d, "calls"));
	fprintf(f, "TLS sessions:   %.0f of %.0f\n", json_number(d, "tls_sessions"),
		json_number(d, "tls_sessions_max"));
	fprintf(f, "Media streams:  %.0f of %.0f, %.0f ports, %.0f in guard time\n",
		json_number(d, "streams"), json_number(d, "streams_max"),
		json_number(d, "media_ports"), json_number(d, "ports_resting"));
	fprintf(f, "Packet buffers: %.0f of %.0f\n", json_number(d, "buffers_in_use"),
		json_number(d, "buffers"));
}

static void print_interface(FILE *f, const cJSON *list)
{
	const cJSON *i;

	cJSON_ArrayForEach (i, list) {
		fprintf(f, "Interface %s, link is %s\n", json_text(i, "name"),
			json_true(i, "up") ? "up" : "down");
		fprintf(f, "  device %s\n", json_text(i, "device"));
		if (cJSON_GetObjectItemCaseSensitive(i, "vlan") != NULL)
			fprintf(f, "  VLAN identifier %.0f\n", json_number(i, "vlan"));
		fprintf(f, "  MAC address %s, MTU %.0f, security level %.0f\n", json_text(i, "mac"),
			json_number(i, "mtu"), json_number(i, "security_level"));
		fprintf(f, "  IP address %s/%.0f\n", json_text(i, "ip"), json_number(i, "prefix"));
		fprintf(f, "  %.0f packets input, %.0f bytes, %.0f missed\n",
			json_number(i, "rx_packets"), json_number(i, "rx_bytes"),
			json_number(i, "rx_missed"));
		fprintf(f, "  %.0f packets output, %.0f bytes, %.0f failed\n",
			json_number(i, "tx_packets"), json_number(i, "tx_bytes"),
			json_number(i, "tx_failed"));
	}
}

// As the ASA has it, but that it leaves out those without the check.
static void print_verify(FILE *f, const cJSON *list)
{
	const cJSON *i;

	cJSON_ArrayForEach (i, list)
		fprintf(f, "interface %s: %.0f unicast rpf drops%s\n", json_text(i, "interface"),
			json_number(i, "drops"),
			json_true(i, "verify") ? "" : " (verify-reverse-path is off)");
}

static void print_counters(FILE *f, const cJSON *list)
{
	const char *group = "";
	const cJSON *c;

	cJSON_ArrayForEach (c, list) {
		if (strcmp(group, json_text(c, "group")) != 0) {
			group = json_text(c, "group");
			fprintf(f, "%s:\n", group);
		}
		fprintf(f, "  %-24s %12.0f  %s%s\n", json_text(c, "name"), json_number(c, "value"),
			json_true(c, "drop") ? "drop: " : "", json_text(c, "help"));
	}
}

static void print_alarms(FILE *f, const cJSON *list)
{
	char age[24], over[24], lasted[24];
	const cJSON *a;
	bool on = false;

	cJSON_ArrayForEach (a, list)
		on |= json_true(a, "active");
	if (!on)
		fprintf(f, "No alarm is on.\n");
	cJSON_ArrayForEach (a, list) {
		layout_hms(json_number(a, "age_s"), age);
		layout_hms(json_number(a, "over_s"), over);
		layout_hms(json_number(a, "age_s") - json_number(a, "over_s"), lasted);
		if (json_true(a, "active"))
			fprintf(f, "ON   %s for %s", json_text(a, "name"), age);
		else
			fprintf(f, "over %s since %s, lasted %s", json_text(a, "name"), over,
				lasted);
		fprintf(f, ", raised %.0f times\n  %s\n  What to do: %s.\n",
			json_number(a, "count"), json_text(a, "text"), json_text(a, "remedy"));
	}
}

static void print_logging(FILE *f, const cJSON *d)
{
	const cJSON *e;

	fprintf(f, "Severity 0 to %.0f, as %s%s; %.0f lines lost\n", json_number(d, "severity_max"),
		json_text(d, "format"), json_true(d, "asa_compat") ? " (asa-compat)" : "",
		json_number(d, "lines_lost"));
	fprintf(f, "number sev    written suppressed  event\n");
	cJSON_ArrayForEach (e, cJSON_GetObjectItemCaseSensitive(d, "events"))
		fprintf(f, "%.0f   %.0f %10.0f %10.0f  %s: %s\n", json_number(e, "number"),
			json_number(e, "severity"), json_number(e, "written"),
			json_number(e, "suppressed"), json_text(e, "name"),
			json_text(e, "meaning"));
}

const struct layout layouts[] = {
	{"show version", "version, engines and uptime", print_version},
	{"show usage", "sessions, streams, ports and buffers in use", print_usage},
	{"show interface", "interfaces with their packets", print_interface},
	{"show route", "routes, and whether their next hops answer", layout_route},
	{"show route ADDRESS", "the one that leads there", layout_route_to},
	{"show arp", "neighbours: interface, address, MAC, seconds since it answered", layout_arp},
	{"show timeout", "how long what is silent lives, and which line says so", layout_timeout},
	{"show running-config timeout", "the same", layout_timeout},
	{"show ip verify statistics",
		"what the reverse path check dropped, by interface; [interface NAME]",
		print_verify},
	{"show conn",
		"flows; [all] [address IP [netmask M]] [port P] [protocol P] [state S] [count] "
		"[detail]",
		layout_conn},
	{"show xlate",
		"translations; [local IP [netmask M]] [global IP [netmask M]] [lport P] [gport P] "
		"[interface NAME] [type "
		"T]",
		layout_xlate},
	{"show nat",
		"translation rules in their order, with hits; [address IP [netmask M]] [interface "
		"NAME]",
		layout_nat},
	{"show nat detail", "the same with what each translates to what", layout_nat_detail},
	{"show counters", "every counter with its meaning", print_counters},
	{"show drops", "what is dropped and refused, how often lately, and what to do; --all",
		layout_drops},
	{"show access-list", "entries of the access lists, and how often each decided",
		layout_access_list},
	{"show access-list NAME", "those of one", layout_access_list},
	{"show alarms", "what needs an operator, now or of late", print_alarms},
	{"show logging", "events of the log, and how often each was told", print_logging},
	{"packet-tracer", "which way a packet would go, and why", layout_trace},
	{"show media CALL-ID", "why a call has sound, or none", layout_media_call},
	{"show quality CALL-ID", "how a call sounded, second by second", layout_quality},
	{"show uc-ime signaling-sessions", "calls", layout_signaling},
	{"show uc-ime signaling-sessions statistics", "calls counted, and why some were refused",
		layout_statistics},
	{"show uc-ime media-sessions", "media of the calls", layout_media},
	{"show uc-ime media-sessions detail", "the same with quality", layout_media_detail},
	{"show uc-ime fallback-notification statistics", "calls handed to the PSTN (REFER)",
		layout_fallback},
	{"show uc-ime mapping-service-sessions", "off-path: connections to the mapping service",
		layout_mapping_sessions},
	{"show uc-ime mapping-service-sessions statistics", "their requests, counted",
		layout_mapping_statistics},
	{"show uc-ime mapping-service-mappings", "which port inside stands for which remote",
		layout_mappings},
	{"show tls-proxy", "tls-proxies and what uses them", layout_tls_proxy},
	{"show tls-proxy session", "TLS sessions", layout_tls_sessions},
	{"show tls-proxy session detail", "the same with both sides", layout_tls_detail},
	{"show tls-proxy session statistics", "how many, and why handshakes were refused",
		layout_tls_statistics},
	{"show uc-ime ucm", "call managers, and which of them answer", layout_ucm},
	{"show uc-ime limits", "what is admitted, and how much of it is in use", layout_limits},
	{"show uc-ime revoked-tickets", "tickets and domains that may not call any more",
		layout_revoked},
	{"show running-config uc-ime", "what is configured", layout_config_ime},
	{"show service-policy", "what each class inspected and limited, let pass and refused",
		layout_service_policy},
	{"show service-policy inspect sip", "what the inspection policy maps let pass and refused",
		layout_service_policy},
	{"show service-policy set connection", "flows of each class, its limits, what they refused",
		layout_service_policy},
	{"show crypto ca certificates", "certificates, CAs and CRLs in force", layout_certificates},
	{"clear access-list counters", "hit counts of the access lists to 0", NULL},
	{"clear access-list NAME counters", "those of one", NULL},
	{"clear arp", "forgets the neighbours, who are asked for anew", NULL},
	{"clear conn", "ends flows; [all] [address IP [netmask M]] [port P] [protocol P] [state S]",
		layout_conn_cleared},
	{"clear counters", "every counter to 0", NULL},
	{"clear nat counters", "hits of the translation rules to 0", NULL},
	{"clear xlate", "ends dynamic translations and their flows; filters as of show xlate",
		NULL},
	{"clear drops", "show drops begins anew", NULL},
	{"clear ip verify statistics", "that to 0; [interface NAME]", NULL},
	{"clear tls-proxy session", "closes the sessions that carry no call", layout_tls_closed},
	{"clear tls-proxy session statistics", "counters of TLS to 0", NULL},
	{"clear uc-ime signaling-sessions statistics", "call counters to 0", NULL},
	{"clear uc-ime media-sessions statistics", "most used to in use", NULL},
	{"clear uc-ime fallback-notification statistics", "notifications sent to 0", NULL},
	{"clear uc-ime mapping-service-sessions", "closes them; mappings stay",
		layout_mapping_closed},
	{"clear uc-ime mapping-service-sessions statistics", "requests counted to 0", NULL},
	{"clear service-policy", "counts of inspections and of what limits refused to 0", NULL},
	{"clear service-policy inspect sip", "counts of the inspection policy maps to 0", NULL},
	{"clear service-policy set connection", "counts of what limits refused to 0", NULL},
	{"config check", "what a reload would change", layout_config_check},
	{"config reload", "rules of the firewall anew, under traffic", layout_config_reload},
	{"pki reload", "certificates, keys, CAs and CRLs anew", layout_pki_reload},
	{"fallback reload", "thresholds of the sensitivity-file anew", layout_fallback_reload},
};
const size_t layouts_n = sizeof(layouts) / sizeof(layouts[0]);

const struct layout *layout_find(const char *command)
{
	for (size_t i = 0; i < layouts_n; i++)
		if (strcmp(layouts[i].command, command) == 0)
			return &layouts[i];
	return NULL;
}

enum layout_filter layout_filter(const char *command, const char *word)
{
	static const struct {
		const char *command, *values[7], *flags[4];
	} t[] = {
		{"show conn", {"address", "port", "protocol", "state"}, {"all", "count", "detail"}},
		{"clear conn", {"address", "port", "protocol", "state"}, {"all"}},
		{"show xlate", {"local", "global", "lport", "gport", "interface", "type"}, {NULL}},
		{"clear xlate", {"local", "global", "lport", "gport", "interface"}, {NULL}},
		{"show nat", {"address", "interface"}, {NULL}},
		{"show nat detail", {"address", "interface"}, {NULL}},
		{"show ip verify statistics", {"interface"}, {NULL}},
		{"clear ip verify statistics", {"interface"}, {NULL}},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (strcmp(t[i].command, command) != 0)
			continue;
		for (size_t k = 0; t[i].values[k] != NULL; k++)
			if (strcmp(t[i].values[k], word) == 0)
				return FILTER_VALUE;
		for (size_t k = 0; t[i].flags[k] != NULL; k++)
			if (strcmp(t[i].flags[k], word) == 0)
				return FILTER_FLAG;
	}
	return FILTER_NONE;
}
