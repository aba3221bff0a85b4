// SPDX-License-Identifier: BSD-3-Clause
// The layouts of `show uc-ime mapping-service-...`; see layout.h.
#include "tools/callgate/layout.h"

void layout_mapping_sessions(FILE *f, const cJSON *list)
{
	char client[80], idle[24];
	const cJSON *s;

	fprintf(f, "Total active sessions: %d\n", cJSON_GetArraySize(list));
	fprintf(f, "%-29s Idle time\n", "Session client (IP:Port)");
	cJSON_ArrayForEach (s, list) {
		layout_hms(json_number(s, "idle_s"), idle);
		fprintf(f, "%-29s %s\n", json_endpoint(s, "client", ':', client), idle);
	}
}

#define COLUMNS "%-29s %-11s %-11s %-11s %-11s %s\n"

void layout_mapping_statistics(FILE *f, const cJSON *list)
{
	char client[80], idle[24];
	const cJSON *s;

	fprintf(f, "Total active sessions: %d\n\n", cJSON_GetArraySize(list));
	fprintf(f, COLUMNS, "Session client", "Total", "Responses", "Failed", "Pending", "Idle");
	fprintf(f, COLUMNS, "(IP:Port)", "requests", "sent", "requests", "responses", "time");
	cJSON_ArrayForEach (s, list) {
		layout_hms(json_number(s, "idle_s"), idle);
		fprintf(f, "%-29s %-11.0f %-11.0f %-11.0f %-11.0f %s\n",
			json_endpoint(s, "client", ':', client), json_number(s, "requests"),
			json_number(s, "sent"), json_number(s, "failed"), json_number(s, "pending"),
			idle);
	}
}

void layout_mappings(FILE *f, const cJSON *d)
{
	char remote[80], left[24];
	const cJSON *m;

	fprintf(f, "%.0f in use, %.0f most used, %.0f at most\n", json_number(d, "in_use"),
		json_number(d, "most_used"), json_number(d, "max"));
	cJSON_ArrayForEach (m, cJSON_GetObjectItemCaseSensitive(d, "mappings")) {
		layout_hms(json_number(m, "left_s"), left);
		fprintf(f, "%s:%.0f stands for %s", json_text(d, "address"), json_number(m, "port"),
			json_endpoint(m, "remote", ':', remote));
		if (json_text(m, "domain")[0] != '\0')
			fprintf(f, " of %s", json_text(m, "domain"));
		if (json_number(m, "holds") > 0)
			fprintf(f, ", in use by %.0f", json_number(m, "holds"));
		else
			fprintf(f, ", ends in %s", left);
		fprintf(f, "%s\n", json_true(m, "asked_for") ? "" : ", of a call that came in");
	}
}

void layout_mapping_closed(FILE *f, const cJSON *d)
{
	fprintf(f, "%.0f sessions closed\n", json_number(d, "closed"));
}
