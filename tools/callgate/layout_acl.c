// SPDX-License-Identifier: BSD-3-Clause
// The layout of `show access-list`, which is the ASA's; see layout.h.
#include "tools/callgate/layout.h"

static void print_hits(FILE *f, const cJSON *x)
{
	char last[TIME_TEXT_MAX];

	fprintf(f, " (hitcnt=%.0f)%s %s", json_number(x, "hits"),
		json_true(x, "inactive") ? " (inactive)" : "", json_text(x, "id"));
	if (json_number(x, "last_hit_s") > 0)
		fprintf(f, " last hit %s", time_text(json_number(x, "last_hit_s"), last));
	fputc('\n', f);
}

static void print_entry(FILE *f, const char *name, const cJSON *e)
{
	const cJSON *r;

	fprintf(f, "access-list %s line %.0f %s", name, json_number(e, "line"),
		json_text(e, "text"));
	if (json_true(e, "remark"))
		fputc('\n', f);
	else
		print_hits(f, e);
	cJSON_ArrayForEach (r, cJSON_GetObjectItemCaseSensitive(e, "rules")) {
		fprintf(f, "  access-list %s line %.0f %s", name, json_number(e, "line"),
			json_text(r, "text"));
		print_hits(f, r);
	}
}

void layout_access_list(FILE *f, const cJSON *data)
{
	const cJSON *a, *e;

	cJSON_ArrayForEach (a, data) {
		fprintf(f, "access-list %s; %.0f elements\n", json_text(a, "name"),
			json_number(a, "elements"));
		cJSON_ArrayForEach (e, cJSON_GetObjectItemCaseSensitive(a, "entries"))
			print_entry(f, json_text(a, "name"), e);
	}
}
