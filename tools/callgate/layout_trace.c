// SPDX-License-Identifier: BSD-3-Clause
// `packet-tracer`, as the ASA prints it; see layout.h.
#include "tools/callgate/layout.h"

static void print_config(FILE *f, const cJSON *config)
{
	fprintf(f, "Config:\n");
	if (config == NULL)
		return;
	if (cJSON_HasObjectItem(config, "line"))
		fprintf(f, "%s:%.0f: ", json_text(config, "file"), json_number(config, "line"));
	fprintf(f, "%s\n", json_text(config, "text"));
}

static void print_phase(FILE *f, unsigned int n, const cJSON *p)
{
	const char *information = json_text(p, "information"), *subtype = json_text(p, "subtype");

	fprintf(f, "Phase: %u\nType: %s\nSubtype:%s%s\nResult: %s\n", n, json_text(p, "type"),
		subtype[0] != '\0' ? " " : "", subtype, json_text(p, "result"));
	print_config(f, cJSON_GetObjectItemCaseSensitive(p, "config"));
	fprintf(f, "Additional Information:\n%s%s\n", information,
		information[0] != '\0' ? "\n" : "");
}

static void print_side(
	FILE *f, const cJSON *d, const char *which, const char *iface, const char *status)
{
	if (cJSON_HasObjectItem(d, iface))
		fprintf(f, "%s-interface: %s\n%s-status: %s\n", which, json_text(d, iface), which,
			json_text(d, status));
}

void layout_trace(FILE *f, const cJSON *d)
{
	unsigned int n = 0;
	const cJSON *p;

	cJSON_ArrayForEach (p, cJSON_GetObjectItemCaseSensitive(d, "phases"))
		print_phase(f, ++n, p);
	fprintf(f, "Result:\n");
	print_side(f, d, "input", "input_interface", "input_status");
	print_side(f, d, "output", "output_interface", "output_status");
	fprintf(f, "Action: %s\n", json_text(d, "action"));
	if (cJSON_HasObjectItem(d, "drop_reason"))
		fprintf(f, "Drop-reason: (%s) %s\n", json_text(d, "drop_reason"),
			json_text(d, "help"));
}
