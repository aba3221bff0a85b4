// SPDX-License-Identifier: BSD-3-Clause
// callgate config check, callgate config reload; see layout.h.
#include "tools/callgate/layout.h"

static void print_changes(FILE *f, const cJSON *d, const char *live)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, cJSON_GetObjectItemCaseSensitive(d, "changes")) {
		fputs(json_text(c, "section"), f);
		if (json_number(c, "line") > 0)
			fprintf(f, " (line %.0f)", json_number(c, "line"));
		fprintf(f, ": changed, %s\n", json_true(c, "restart") ? "takes a restart" : live);
	}
	if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(d, "changes")) == 0)
		fputs("The file says what is in force.\n", f);
	if (json_number(d, "warnings") > 0)
		fprintf(f, "%.0f warnings, which callgated --check prints\n",
			json_number(d, "warnings"));
}

void layout_config_check(FILE *f, const cJSON *d)
{
	print_changes(f, d, "a reload puts it into force");
	if (json_true(d, "restart"))
		fputs("A reload would refuse the file: put back what takes a restart, or restart "
		      "callgated, which ends calls.\n",
			f);
}

void layout_config_reload(FILE *f, const cJSON *d)
{
	print_changes(f, d, "in force");
}
