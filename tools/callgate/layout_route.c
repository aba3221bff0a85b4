// SPDX-License-Identifier: BSD-3-Clause
// show route, show arp and show timeout, as the ASA prints them; see layout.h.
#include <string.h>

#include "tools/callgate/layout.h"

static bool is_default(const cJSON *r)
{
	return strcmp(json_text(r, "netmask"), "0.0.0.0") == 0;
}

void layout_route_to(FILE *f, const cJSON *list)
{
	const cJSON *r;

	if (cJSON_GetArraySize(list) == 0)
		fprintf(f, "No route leads there.\n");
	cJSON_ArrayForEach (r, list) {
		if (json_true(r, "connected")) {
			fprintf(f, "C    %s %s is directly connected, %s\n",
				json_text(r, "network"), json_text(r, "netmask"),
				json_text(r, "interface"));
			continue;
		}
		fprintf(f, "S%c   %s %s via %s, %s%s\n", is_default(r) ? '*' : ' ',
			json_text(r, "network"), json_text(r, "netmask"), json_text(r, "gateway"),
			json_text(r, "interface"),
			json_true(r, "resolved") ? "" : ", whose MAC address is not known");
	}
}

void layout_route(FILE *f, const cJSON *list)
{
	const char *gateway = NULL;
	const cJSON *r;

	cJSON_ArrayForEach (r, list)
		if (is_default(r))
			gateway = json_text(r, "gateway");
	fprintf(f,
		"Codes: C - connected, S - static, * - default\nGateway of last resort is %s%s\n\n",
		gateway != NULL ? gateway : "not set",
		gateway != NULL ? " to network 0.0.0.0" : "");
	layout_route_to(f, list);
}

void layout_arp(FILE *f, const cJSON *list)
{
	const cJSON *n;

	cJSON_ArrayForEach (n, list)
		if (json_text(n, "mac")[0] != '\0')
			fprintf(f, "\t%s %s %s %.0f\n", json_text(n, "interface"),
				json_text(n, "ip"), json_text(n, "mac"), json_number(n, "age_s"));
		else
			fprintf(f, "\t%s %s does not answer\n", json_text(n, "interface"),
				json_text(n, "ip"));
}

void layout_timeout(FILE *f, const cJSON *d)
{
	const cJSON *t;

	cJSON_ArrayForEach (t, cJSON_GetObjectItemCaseSensitive(d, "timeouts")) {
		char hms[24];

		layout_hms(json_number(t, "seconds"), hms);
		fprintf(f, "timeout %-21s %9s  %s", json_text(t, "name"), hms, json_text(t, "of"));
		if (json_number(t, "file_line") != 0)
			fprintf(f, " (%s:%.0f)\n", json_text(d, "file"),
				json_number(t, "file_line"));
		else
			fprintf(f, " (default)\n");
	}
}
