// SPDX-License-Identifier: BSD-3-Clause
// The layouts of media: `show uc-ime media-sessions`, whose names, order and indentation are the
// manual's, and `show media CALL-ID`; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>

#define WIDTH 100

// What this side has said by RTCP.
static void print_report(FILE *f, const cJSON *r)
{
	if (r == NULL)
		return;
	fprintf(f, "   its last report, %.1f s ago:", json_number(r, "age_ms") / 1000);
	if (cJSON_HasObjectItem(r, "lost"))
		fprintf(f, " hears with %.2f %% lost, jitter %.0f usec",
			json_number(r, "lost_pct_x100") / 100, json_number(r, "jitter_us"));
	else
		fprintf(f, " hears nothing");
	if (cJSON_HasObjectItem(r, "mos_cq_x10"))
		fprintf(f, ", MOS %.1f", json_number(r, "mos_cq_x10") / 10);
	if (cJSON_HasObjectItem(r, "round_trip_us"))
		fprintf(f, "; there and back in %.1f ms", json_number(r, "round_trip_us") / 1000);
	fputc('\n', f);
}

// What the workers count of a leg; our own lines below the manual's.
static void print_counts(FILE *f, const cJSON *s)
{
	char to[80];

	if (!cJSON_HasObjectItem(s, "rx_lost"))
		return;
	fprintf(f, "   received: %.0f octets, %.0f lost, %.0f late, jitter %.0f usec, %.0f RTCP\n",
		json_number(s, "rx_octets"), json_number(s, "rx_lost"), json_number(s, "rx_late"),
		json_number(s, "jitter_us"), json_number(s, "rx_rtcp"));
	fprintf(f,
		"   refused: %.0f wrong source, %.0f authentication, %.0f replay, %.0f malformed, "
		"%.0f payload type, %.0f too many sources, %.0f checksum, %.0f on hold, %.0f "
		"RTCP\n",
		json_number(s, "rx_bad_source"), json_number(s, "rx_auth_failed"),
		json_number(s, "rx_replayed"), json_number(s, "rx_malformed"),
		json_number(s, "rx_bad_pt"), json_number(s, "rx_many_sources"),
		json_number(s, "rx_bad_checksum"), json_number(s, "rx_on_hold"),
		json_number(s, "rx_rtcp_dropped"));
	fprintf(f, "   sent: %.0f octets, %.0f RTCP, %.0f withheld until it authenticates\n",
		json_number(s, "tx_octets"), json_number(s, "tx_rtcp"),
		json_number(s, "tx_waiting"));
	fprintf(f, "   suite %s, direction %s%s\n", json_text(s, "suite"),
		json_text(s, "direction"), json_true(s, "hold") ? ", on hold" : "");
	print_report(f, cJSON_GetObjectItemCaseSensitive(s, "report"));
	if (cJSON_HasObjectItem(s, "latched"))
		fprintf(f, "   latched to %s\n", json_endpoint(s, "latched", '/', to));
	if (json_true(s, "one_way"))
		fprintf(f, "   one-way audio: silent while the other side speaks\n");
}

// ---- Sessions -----------------------------------------------------------------------------------

// Below the manual's block.
static void print_voice(FILE *f, const cJSON *v)
{
	if (v == NULL)
		return;
	fprintf(f, "   sensitivity %.0f", json_number(v, "sensitivity"));
	if (cJSON_HasObjectItem(v, "mos_x100"))
		fprintf(f, ", MOS %.2f%s%s, R %.1f", json_number(v, "mos_x100") / 100,
			json_true(v, "wideband") ? " (wideband)" : "",
			json_true(v, "estimated") ? ", by estimated values of the codec" : "",
			json_number(v, "r_x100") / 100);
	if (cJSON_HasObjectItem(v, "delay_ms"))
		fprintf(f, ", delay %.0f ms", json_number(v, "delay_ms"));
	fprintf(f, ", loss %.2f %%, late %.2f %%\n", json_number(v, "loss_pct_x100") / 100,
		json_number(v, "discard_pct_x100") / 100);
	fprintf(f,
		"   RFC 3611: %.0f bursts of %.0f ms with density %.1f %%, gaps of %.0f ms with "
		"%.1f %%\n",
		json_number(v, "bursts"), json_number(v, "burst_ms"),
		json_number(v, "burst_density_pct_x100") / 100, json_number(v, "gap_ms"),
		json_number(v, "gap_density_pct_x100") / 100);
}

// The RTP monitoring block, if the daemon monitors.
static void print_monitoring(FILE *f, const cJSON *s)
{
	const cJSON *monitoring = cJSON_GetObjectItemCaseSensitive(s, "monitoring"), *m;

	if (monitoring != NULL)
		fprintf(f, "   RTP monitoring is enabled\n");
	else if (strcmp(json_text(s, "side"), "outside") == 0)
		fprintf(f, "   RTP monitoring is disabled\n");
	cJSON_ArrayForEach (m, monitoring)
		fprintf(f, "     %-32s: %.0f\n", m->string, m->valuedouble);
	print_voice(f, cJSON_GetObjectItemCaseSensitive(s, "voice"));
}

static void print_media(FILE *f, const cJSON *data, bool detail)
{
	const cJSON *s;
	char local[80], remote[80], client[80];

	fputc(' ', f);
	layout_in_use(f, data);
	cJSON_ArrayForEach (s, cJSON_GetObjectItemCaseSensitive(data, "sessions")) {
		const char *l = json_endpoint(s, "local", '/', local);
		const char *id = json_text(s, "call_id");

		fprintf(f, "Media-session: %s :: client ip %s\n", l,
			json_endpoint(s, "client", '/', client));
		fprintf(f, " Call ID: %s\n", layout_or_na(id));
		if (id[0] != '\0') // the leg that carries the call's ids carries the rest too
			fprintf(f, " Session ID: %s\n", layout_or_na(json_text(s, "session_id")));
		fprintf(f, "  Lcl %s conn %s to %s tx_pkts %.0f rx_pkts %.0f\n",
			json_true(s, "srtp") ? "SRTP" : "RTP", l,
			json_endpoint(s, "remote", '/', remote), json_number(s, "tx_packets"),
			json_number(s, "rx_packets"));
		if (id[0] != '\0')
			fprintf(f, "   refcnt %.0f : created by Inspect SIP, passthrough %s\n",
				json_number(s, "refcnt"),
				json_true(s, "passthrough") ? "set" : "not set");
		if (!detail)
			continue;
		print_monitoring(f, s);
		print_counts(f, s);
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

// ---- One call, explained ------------------------------------------------------------------------

// Text in lines of at most WIDTH, each behind `indent` blanks.
static void print_wrapped(FILE *f, int indent, const char *text)
{
	size_t room = (size_t)(WIDTH - indent);

	while (*text != '\0') {
		size_t n = strlen(text);

		if (n > room) {
			for (n = room; n > 0 && text[n] != ' '; n--)
				;
			if (n == 0)
				n = strcspn(text, " ");
		}
		fprintf(f, "%*s%.*s\n", indent, "", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

static void print_stream(FILE *f, size_t number, const cJSON *s)
{
	const cJSON *d, *l;
	char local[80], remote[80];

	fprintf(f, "\nStream %zu, %s %s\n", number, json_text(s, "media"),
		layout_or_na(json_text(s, "codec")));
	fprintf(f, " %s\n", json_text(s, "verdict"));
	cJSON_ArrayForEach (d, cJSON_GetObjectItemCaseSensitive(s, "directions")) {
		fprintf(f, "  %s to %s:\n", json_text(d, "from"), json_text(d, "to"));
		print_wrapped(f, 4, json_text(d, "text"));
	}
	cJSON_ArrayForEach (l, cJSON_GetObjectItemCaseSensitive(s, "legs")) {
		fprintf(f, "  %s %s to %s tx_pkts %.0f rx_pkts %.0f%s\n", json_text(l, "side"),
			json_endpoint(l, "local", '/', local),
			json_endpoint(l, "remote", '/', remote), json_number(l, "tx_packets"),
			json_number(l, "rx_packets"),
			json_true(l, "passthrough") ? ", passthrough" : "");
		print_counts(f, l);
	}
}

void layout_media_call(FILE *f, const cJSON *list)
{
	const cJSON *c, *s;
	char age[24];

	cJSON_ArrayForEach (c, list) {
		const cJSON *streams = cJSON_GetObjectItemCaseSensitive(c, "streams");
		size_t n = 0;

		layout_hms(json_number(c, "age_s"), age);
		fprintf(f, "Call %s, %s, %s old\n", json_text(c, "call_id"), json_text(c, "state"),
			age);
		if (cJSON_GetArraySize(streams) == 0)
			fprintf(f, "No media yet: no session description has passed.\n");
		if (json_true(c, "key_low"))
			fprintf(f,
				"An SRTP key is nearly used up, then the call ends: hold and "
				"resume makes new keys.\n");
		cJSON_ArrayForEach (s, streams)
			print_stream(f, ++n, s);
	}
}
