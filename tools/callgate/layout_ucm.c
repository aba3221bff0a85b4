// SPDX-License-Identifier: BSD-3-Clause
// The layouts of `show uc-ime ucm` and `show uc-ime limits`; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>

void layout_ucm(FILE *f, const cJSON *list)
{
	char since[24], heard[24];
	const cJSON *u;

	cJSON_ArrayForEach (u, list) {
		layout_hms(json_number(u, "state_s"), since);
		fprintf(f, "ucm address %s", json_text(u, "address"));
		if (json_number(u, "port") > 0)
			fprintf(f, " port %.0f", json_number(u, "port"));
		fprintf(f, " trunk-security-mode %s: %s for %s",
			json_text(u, "trunk_security_mode"), json_text(u, "state"), since);
		if (cJSON_HasObjectItem(u, "answered_s")) {
			layout_hms(json_number(u, "answered_s"), heard);
			fprintf(f, ", answered %s ago in %.0f ms", heard,
				json_number(u, "answer_ms"));
		}
		fprintf(f, "\n");
		if (json_text(u, "text")[0] != '\0')
			fprintf(f, "  %s\n", json_text(u, "text"));
	}
}

void layout_limits(FILE *f, const cJSON *data)
{
	const cJSON *l, *d;

	fprintf(f, "%-33s %10s %10s %10s\n", "Limit", "In use", "At most", "Refused");
	cJSON_ArrayForEach (l, cJSON_GetObjectItemCaseSensitive(data, "limits")) {
		fprintf(f, "%-33s %10.0f ", json_text(l, "name"), json_number(l, "in_use"));
		if (json_number(l, "max") > 0)
			fprintf(f, "%10.0f", json_number(l, "max"));
		else
			fprintf(f, "%10s", "no limit");
		fprintf(f, " %10.0f\n", json_number(l, "refused"));
	}
	cJSON_ArrayForEach (d, cJSON_GetObjectItemCaseSensitive(data, "domains"))
		fprintf(f, "domain %s: %.0f calls\n", json_text(d, "domain"),
			json_number(d, "calls"));
}
