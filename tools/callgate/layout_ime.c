// SPDX-License-Identifier: BSD-3-Clause
// The layouts of `show uc-ime ...`: names, order and indentation are the manual's; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>

static const char *or_na(const char *s)
{
	return s[0] != '\0' ? s : "N/A";
}

static void print_in_use(FILE *f, const cJSON *d)
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

void layout_signaling(FILE *f, const cJSON *data)
{
	const cJSON *s, *m;
	char a[80], b[80];

	print_in_use(f, data);
	cJSON_ArrayForEach (s, cJSON_GetObjectItemCaseSensitive(data, "sessions")) {
		const cJSON *media = cJSON_GetObjectItemCaseSensitive(s, "media");
		const cJSON *first = cJSON_GetArrayItem(media, 0);

		fprintf(f, "inside %s outside %s\n", json_endpoint(s, "inside", ':', a),
			json_endpoint(s, "outside", ':', b));
		cJSON_ArrayForEach (m, media)
			print_call_media(f, m);
		fprintf(f, "Call-ID: %s\n", json_text(s, "call_id"));
		fprintf(f, "FB Sensitivity: %s\n", or_na(json_text(s, "fb_sensitivity")));
		fprintf(f, "Session ID: %s\n", or_na(json_text(s, "session_id")));
		fprintf(f, "SIP Trunk URI: %s Codec-name: %s Payload type: %.0f\n",
			or_na(json_text(s, "sip_trunk_uri")), or_na(json_text(first, "codec")),
			json_number(first, "payload_type"));
	}
}

void layout_statistics(FILE *f, const cJSON *data)
{
	const cJSON *c;

	print_in_use(f, data);
	fprintf(f, "%.0f terminated\n", json_number(data, "terminated"));
	cJSON_ArrayForEach (c, cJSON_GetObjectItemCaseSensitive(data, "failures"))
		fprintf(f, "  %s: %.0f\n", json_text(c, "text"), json_number(c, "value"));
}

// The RTP monitoring block, if the daemon monitors; then what its workers count themselves.
static void print_quality(FILE *f, const cJSON *s)
{
	const cJSON *monitoring = cJSON_GetObjectItemCaseSensitive(s, "monitoring"), *m;

	if (monitoring != NULL)
		fprintf(f, "   RTP monitoring is enabled\n");
	else if (strcmp(json_text(s, "side"), "outside") == 0)
		fprintf(f, "   RTP monitoring is disabled\n");
	cJSON_ArrayForEach (m, monitoring)
		fprintf(f, "     %-32s: %.0f\n", m->string, m->valuedouble);
	if (cJSON_HasObjectItem(s, "rx_lost"))
		fprintf(f,
			"   received: %.0f lost, jitter %.0f usec, refused: %.0f source, %.0f "
			"authentication, %.0f replay, %.0f malformed, %.0f RTCP\n",
			json_number(s, "rx_lost"), json_number(s, "jitter_us"),
			json_number(s, "rx_bad_source"), json_number(s, "rx_auth_failed"),
			json_number(s, "rx_replayed"), json_number(s, "rx_malformed"),
			json_number(s, "rx_rtcp"));
}

static void print_media(FILE *f, const cJSON *data, bool detail)
{
	const cJSON *s;
	char local[80], remote[80], client[80];

	fputc(' ', f);
	print_in_use(f, data);
	cJSON_ArrayForEach (s, cJSON_GetObjectItemCaseSensitive(data, "sessions")) {
		const char *l = json_endpoint(s, "local", '/', local);
		const char *id = json_text(s, "call_id");

		fprintf(f, "Media-session: %s :: client ip %s\n", l,
			json_endpoint(s, "client", '/', client));
		fprintf(f, " Call ID: %s\n", or_na(id));
		if (id[0] != '\0') // the leg that carries the call's ids carries the rest too
			fprintf(f, " Session ID: %s\n", or_na(json_text(s, "session_id")));
		fprintf(f, "  Lcl %s conn %s to %s tx_pkts %.0f rx_pkts %.0f\n",
			json_true(s, "srtp") ? "SRTP" : "RTP", l,
			json_endpoint(s, "remote", '/', remote), json_number(s, "tx_packets"),
			json_number(s, "rx_packets"));
		if (id[0] != '\0')
			fprintf(f, "   refcnt %.0f : created by Inspect SIP, passthrough %s\n",
				json_number(s, "refcnt"),
				json_true(s, "passthrough") ? "set" : "not set");
		if (detail)
			print_quality(f, s);
	}
}

void layout_media(FILE *f, const cJSON *data)
{
	print_media(f, data, false);
}

void layout_media_detail(FILE *f, const cJSON *data)
{
	print_media(f, data, true);
}

void layout_config_ime(FILE *f, const cJSON *data)
{
	const cJSON *i, *u, *a;

	cJSON_ArrayForEach (i, data) {
		const cJSON *mta = cJSON_GetObjectItemCaseSensitive(i, "media_termination");
		const cJSON *ticket = cJSON_GetObjectItemCaseSensitive(i, "ticket");

		fprintf(f, "media-termination %s\n", json_text(mta, "name"));
		cJSON_ArrayForEach (a, cJSON_GetObjectItemCaseSensitive(mta, "addresses"))
			fprintf(f, " address %s interface %s\n", json_text(a, "ip"),
				json_text(a, "interface"));
		fprintf(f, " rtp-min-port %.0f rtp-max-port %.0f\n",
			json_number(mta, "rtp_min_port"), json_number(mta, "rtp_max_port"));
		fprintf(f, "uc-ime %s\n", json_text(i, "name"));
		fprintf(f, " media-termination %s\n", json_text(mta, "name"));
		cJSON_ArrayForEach (u, cJSON_GetObjectItemCaseSensitive(i, "ucm"))
			fprintf(f, " ucm address %s trunk-security-mode %s\n",
				json_text(u, "address"), json_text(u, "trunk_security_mode"));
		fprintf(f, " ticket epoch %.0f password %s\n", json_number(ticket, "epoch"),
			json_text(ticket, "password"));
		fprintf(f, " fallback monitoring timer %.0f\n",
			json_number(i, "fallback_monitoring_ms"));
		fprintf(f, " fallback hold-down timer %.0f\n",
			json_number(i, "fallback_hold_down_s"));
	}
}
