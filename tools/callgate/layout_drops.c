// SPDX-License-Identifier: BSD-3-Clause
// `show drops`; see layout.h.
#include "tools/callgate/layout.h"

static void print_drop(FILE *f, const cJSON *d)
{
	bool ever = cJSON_HasObjectItem(d, "last");
	char last[TIME_TEXT_MAX] = "never";

	if (ever)
		time_text(json_number(d, "last"), last);
	fprintf(f, "%-24s %12.0f %11.1f %11.1f  %-20s  %s\n", json_text(d, "name"),
		json_number(d, "count"), json_number(d, "rate"), json_number(d, "rate_minute"),
		last, json_text(d, "group"));
	fprintf(f, "    %s\n", json_text(d, "help"));
}

void layout_drops(FILE *f, const cJSON *data)
{
	const cJSON *drops = cJSON_GetObjectItemCaseSensitive(data, "drops"), *d;
	char since[24];

	if (cJSON_GetArraySize(drops) == 0) {
		fprintf(f, "Nothing was dropped or refused.\n");
		return;
	}
	layout_hms(json_number(data, "since_s"), since);
	fprintf(f, "Rates are a second: since the last look, %s ago, and over the last minute.\n",
		since);
	fprintf(f, "%-24s %12s %11s %11s  %-20s  %s\n", "reason", "count", "since look",
		"last minute", "last", "group");
	cJSON_ArrayForEach (d, drops)
		print_drop(f, d);
}
