// SPDX-License-Identifier: BSD-3-Clause
// The layouts of `show uc-ime ...`: names, order and indentation are the manual's; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>

void layout_in_use(FILE *f, const cJSON *d)
{
	fprintf(f, "%.0f in use, %.0f most used\n", json_number(d, "in_use"),
		json_number(d, "most_used"));
}

// Local is the Internet leg, Remote the inside leg; each from the phone's side to ours (3.5).
static void print_call_media(FILE *f, const cJSON *m)
{
	char a[80], b[80];

	fprintf(f, "Local Media (audio) conn: %s to %s\n",
		json_endpoint(m, "outside_remote", '/', a),
		json_endpoint(m, "outside_local", '/', b));
	fprintf(f, "Local SRTP key %s : Remote SRTP key %s\n",
		json_true(m, "local_srtp_key_set") ? "set" : "not set",
		json_true(m, "remote_srtp_key_set") ? "set" : "not set");
	fprintf(f, "Remote Media (audio) conn: %s to %s\n",
		json_endpoint(m, "inside_remote", '/', a),
		json_endpoint(m, "inside_local", '/', b));
}

// Only where STIR was asked: the manual knows nothing of it.
static void print_caller(FILE *f, const cJSON *caller)
{
	const char *number = json_text(caller, "number"),
		   *attest = json_text(caller, "attestation");

	if (!cJSON_IsObject(caller))
		return;
	fprintf(f, "Caller: %s %s%s%s%s\n", layout_or_na(number),
		json_true(caller, "verified") ? "" : "not verified: ", json_text(caller, "result"),
		attest[0] != '\0' ? ", attestation " : "", attest);
}

void layout_signaling(FILE *f, const cJSON *data)
{
	const cJSON *s, *m;
	char a[80], b[80];

	layout_in_use(f, data);
	cJSON_ArrayForEach (s, cJSON_GetObjectItemCaseSensitive(data, "sessions")) {
		const cJSON *media = cJSON_GetObjectItemCaseSensitive(s, "media");
		const cJSON *first = cJSON_GetArrayItem(media, 0);

		fprintf(f, "inside %s outside %s\n", json_endpoint(s, "inside", ':', a),
			json_endpoint(s, "outside", ':', b));
		cJSON_ArrayForEach (m, media)
			print_call_media(f, m);
		fprintf(f, "Call-ID: %s\n", json_text(s, "call_id"));
		fprintf(f, "FB Sensitivity: %s\n", layout_or_na(json_text(s, "fb_sensitivity")));
		fprintf(f, "Session ID: %s\n", layout_or_na(json_text(s, "session_id")));
		fprintf(f, "SIP Trunk URI: %s Codec-name: %s Payload type: %.0f\n",
			layout_or_na(json_text(s, "sip_trunk_uri")),
			layout_or_na(json_text(first, "codec")),
			json_number(first, "payload_type"));
		print_caller(f, cJSON_GetObjectItemCaseSensitive(s, "caller"));
	}
}

void layout_statistics(FILE *f, const cJSON *data)
{
	const cJSON *c;

	layout_in_use(f, data);
	fprintf(f, "%.0f terminated\n", json_number(data, "terminated"));
	cJSON_ArrayForEach (c, cJSON_GetObjectItemCaseSensitive(data, "failures"))
		fprintf(f, "  %s: %.0f\n", json_text(c, "text"), json_number(c, "value"));
}

static void print_ticket(FILE *f, const cJSON *ticket)
{
	char until[TIME_TEXT_MAX];

	fprintf(f, " ticket epoch %.0f password %s\n", json_number(ticket, "epoch"),
		json_text(ticket, "password"));
	if (json_number(ticket, "previous_epoch") > 0)
		fprintf(f, " ticket previous epoch %.0f password %s until %s\n",
			json_number(ticket, "previous_epoch"), json_text(ticket, "password"),
			time_text(json_number(ticket, "previous_until"), until));
	if (json_number(ticket, "grace_s") > 0)
		fprintf(f, " ticket grace %.0f\n", json_number(ticket, "grace_s"));
}

static void print_domains(FILE *f, const cJSON *domains, const char *list)
{
	const cJSON *d;

	cJSON_ArrayForEach (d, cJSON_GetObjectItemCaseSensitive(domains, list))
		fprintf(f, " domains %s %s\n", list, cJSON_IsString(d) ? d->valuestring : "");
}

static void print_mapping(FILE *f, const cJSON *m)
{
	if (m != NULL)
		fprintf(f,
			" mapping-service listening-interface %s listening-port %.0f "
			"uc-ime-interface %s\n",
			json_text(m, "listening_interface"), json_number(m, "listening_port"),
			json_text(m, "uc_ime_interface"));
}

void layout_config_ime(FILE *f, const cJSON *data)
{
	const cJSON *i, *u, *a;

	cJSON_ArrayForEach (i, data) {
		const cJSON *mta = cJSON_GetObjectItemCaseSensitive(i, "media_termination");
		const cJSON *ticket = cJSON_GetObjectItemCaseSensitive(i, "ticket");
		const cJSON *domains = cJSON_GetObjectItemCaseSensitive(i, "domains");

		fprintf(f, "media-termination %s\n", json_text(mta, "name"));
		cJSON_ArrayForEach (a, cJSON_GetObjectItemCaseSensitive(mta, "addresses"))
			fprintf(f, " address %s%s%s\n", json_text(a, "ip"),
				cJSON_HasObjectItem(a, "interface") ? " interface " : "",
				cJSON_HasObjectItem(a, "interface") ? json_text(a, "interface")
								    : "");
		fprintf(f, " rtp-min-port %.0f rtp-max-port %.0f\n",
			json_number(mta, "rtp_min_port"), json_number(mta, "rtp_max_port"));
		fprintf(f, "uc-ime %s\n", json_text(i, "name"));
		fprintf(f, " media-termination %s\n", json_text(mta, "name"));
		cJSON_ArrayForEach (u, cJSON_GetObjectItemCaseSensitive(i, "ucm"))
			fprintf(f, " ucm address %s trunk-security-mode %s\n",
				json_text(u, "address"), json_text(u, "trunk_security_mode"));
		print_ticket(f, ticket);
		print_domains(f, domains, "allow");
		print_domains(f, domains, "deny");
		fprintf(f, " fallback monitoring timer %.0f\n",
			json_number(i, "fallback_monitoring_ms"));
		fprintf(f, " fallback hold-down timer %.0f\n",
			json_number(i, "fallback_hold_down_s"));
		if (json_text(i, "fallback_sensitivity_file")[0] != '\0')
			fprintf(f, " fallback sensitivity-file %s\n",
				json_text(i, "fallback_sensitivity_file"));
		print_mapping(f, cJSON_GetObjectItemCaseSensitive(i, "mapping_service"));
	}
}

void layout_revoked(FILE *f, const cJSON *data)
{
	const cJSON *r;
	char since[TIME_TEXT_MAX];

	fprintf(f, "%.0f in use, %.0f at most\n", json_number(data, "in_use"),
		json_number(data, "max"));
	cJSON_ArrayForEach (r, cJSON_GetObjectItemCaseSensitive(data, "revoked"))
		fprintf(f, "%s %s revoked %s\n", json_text(r, "kind"), json_text(r, "name"),
			time_text(json_number(r, "since"), since));
	if (json_text(data, "error")[0] != '\0')
		fprintf(f, "Not on the disk: %s\n", json_text(data, "error"));
}
