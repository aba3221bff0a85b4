// SPDX-License-Identifier: BSD-3-Clause
// The layouts of `show tls-proxy ...`: names and order are the original's, in place of its pointers
// stand names and numbers; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>

static void print_side(FILE *f, const char *what, const cJSON *s)
{
	const char *ciphers = json_text(s, "ciphers");
	bool only_tls13 = strcmp(json_text(s, "min_version"), "TLS 1.3") == 0;

	if (!json_true(s, "configured")) {
		fprintf(f, "  %s proxy: <unconfigured>\n", what);
		return;
	}
	fprintf(f, "  %s proxy:\n    Trust-point: %s\n", what, json_text(s, "trust_point"));
	if (strcmp(json_text(s, "identity"), json_text(s, "trust_point")) != 0)
		fprintf(f, "    Identity: %s\n", json_text(s, "identity"));
	if (!only_tls13)
		fprintf(f, "    Cipher-suite: %s\n", ciphers[0] != '\0' ? ciphers : "<default>");
	fprintf(f, "    Versions: %s to %s\n", json_text(s, "min_version"),
		json_text(s, "max_version"));
}

static void print_in_use(FILE *f, const cJSON *d)
{
	fprintf(f, "%.0f in use, %.0f most used, %.0f at most\n", json_number(d, "in_use"),
		json_number(d, "most_used"), json_number(d, "max"));
}

void layout_tls_proxy(FILE *f, const cJSON *data)
{
	const cJSON *p, *c;

	print_in_use(f, data);
	cJSON_ArrayForEach (p, cJSON_GetObjectItemCaseSensitive(data, "proxies")) {
		fprintf(f, "TLS-Proxy '%s': %s toward the Internet\n", json_text(p, "name"),
			json_text(p, "outside"));
		print_side(f, "Server", cJSON_GetObjectItemCaseSensitive(p, "server"));
		print_side(f, "Client", cJSON_GetObjectItemCaseSensitive(p, "client"));
		fprintf(f, "  Run-time proxies:\n");
		cJSON_ArrayForEach (c, cJSON_GetObjectItemCaseSensitive(p, "classes"))
			fprintf(f,
				"    Class-map: %s, Inspect: sip\n"
				"      Active sess %.0f, most sess %.0f, byte %.0f\n",
				json_text(c, "class_map"), json_number(c, "active"),
				json_number(c, "most_used"), json_number(c, "bytes"));
	}
}

static double bytes_of(const cJSON *s)
{
	return json_number(cJSON_GetObjectItemCaseSensitive(s, "client"), "bytes") +
		json_number(cJSON_GetObjectItemCaseSensitive(s, "server"), "bytes");
}

static void print_session(FILE *f, const cJSON *s)
{
	char a[80], b[80];

	fprintf(f, "outside %s inside %s P:%s S:%.0f byte %.0f\n",
		json_endpoint(s, "outside", ':', a), json_endpoint(s, "inside", ':', b),
		json_text(s, "tls_proxy"), json_number(s, "id"), bytes_of(s));
}

static void print_leg(FILE *f, const char *what, const cJSON *l)
{
	bool tls = json_text(l, "cipher")[0] != '\0';

	fprintf(f, "   %s: State %s", what, json_text(l, "state"));
	if (tls)
		fprintf(f, "  Cipher %s %s", json_text(l, "version"), json_text(l, "cipher"));
	fprintf(f, "  Messages %.0f  byte %.0f  TxQSize %.0f\n", json_number(l, "messages"),
		json_number(l, "bytes"), json_number(l, "queued"));
}

void layout_tls_sessions(FILE *f, const cJSON *data)
{
	const cJSON *s;

	layout_in_use(f, data);
	cJSON_ArrayForEach (s, cJSON_GetObjectItemCaseSensitive(data, "sessions"))
		print_session(f, s);
}

void layout_tls_detail(FILE *f, const cJSON *data)
{
	char age[24], idle[24];
	const cJSON *s;

	layout_in_use(f, data);
	cJSON_ArrayForEach (s, cJSON_GetObjectItemCaseSensitive(data, "sessions")) {
		print_session(f, s);
		print_leg(f, "Client", cJSON_GetObjectItemCaseSensitive(s, "client"));
		print_leg(f, "Server", cJSON_GetObjectItemCaseSensitive(s, "server"));
		layout_hms(json_number(s, "age_s"), age);
		layout_hms(json_number(s, "idle_s"), idle);
		fprintf(f, "   Class-map %s, %s, age %s, idle %s\n", json_text(s, "class_map"),
			json_text(s, "direction"), age, idle);
		fprintf(f, "   Certificate of the remote: %s, expires %s\n",
			layout_or_na(json_text(s, "peer_identity")),
			layout_or_na(json_text(s, "peer_expires")));
	}
}

void layout_tls_statistics(FILE *f, const cJSON *data)
{
	const cJSON *e = cJSON_GetObjectItemCaseSensitive(data, "embryonic"), *c;

	fprintf(f, "TLS proxy sessions: ");
	print_in_use(f, data);
	fprintf(f, "Embryonic: ");
	print_in_use(f, e);
	fprintf(f,
		"  without a ClientHello %.0f, waiting for their turn %.0f, in the handshake "
		"%.0f\n",
		json_number(e, "hello"), json_number(e, "waiting"), json_number(e, "handshake"));
	cJSON_ArrayForEach (c, cJSON_GetObjectItemCaseSensitive(data, "counters"))
		if (json_number(c, "value") > 0 || !json_true(c, "refused"))
			fprintf(f, "  %-24s %12.0f  %s\n", json_text(c, "name"),
				json_number(c, "value"), json_text(c, "help"));
}

void layout_tls_closed(FILE *f, const cJSON *data)
{
	fprintf(f, "%.0f closed, %.0f carry calls and stay\n", json_number(data, "closed"),
		json_number(data, "kept"));
}
