// SPDX-License-Identifier: BSD-3-Clause
// The layout of `show service-policy`, which is the original's; see layout.h.
#include "tools/callgate/layout.h"

static void print_rule(FILE *f, const cJSON *r)
{
	double refused = json_number(r, "refused");

	fprintf(f, "        %s\n          %s, packet %.0f", json_text(r, "rule"),
		json_text(r, "action"), json_number(r, "messages"));
	// Elsewhere it is none or all of them.
	if (refused > 0 && refused < json_number(r, "messages"))
		fprintf(f, ", drop %.0f", refused);
	fputc('\n', f);
}

static void print_inspect(FILE *f, const cJSON *c)
{
	const cJSON *r;

	fprintf(f,
		"      Inspect: sip %s tls-proxy %s uc-ime %s, packet %.0f, drop %.0f, "
		"reset-drop %.0f\n",
		json_text(c, "policy_map"), json_text(c, "tls_proxy"), json_text(c, "uc_ime"),
		json_number(c, "messages"), json_number(c, "dropped"), json_number(c, "reset"));
	cJSON_ArrayForEach (r, cJSON_GetObjectItemCaseSensitive(c, "rules"))
		print_rule(f, r);
}

// Those that are not 0: "NAME N", with this between them.
static double print_numbers(FILE *f, const cJSON *o, const char *first, const char *between)
{
	const char *before = first;
	double sum = 0;
	const cJSON *n;

	cJSON_ArrayForEach (n, o) {
		if (!cJSON_IsNumber(n) || n->valuedouble == 0 || n->string == NULL)
			continue;
		if (f != NULL)
			fprintf(f, "%s%s %.0f", before, n->string, n->valuedouble);
		before = between;
		sum += n->valuedouble;
	}
	return sum;
}

static void print_limits(FILE *f, const cJSON *c)
{
	const cJSON *dropped = cJSON_GetObjectItemCaseSensitive(c, "dropped");
	double sum = print_numbers(NULL, dropped, "", "");

	fprintf(f, "      Set connection policy:");
	if (print_numbers(f, cJSON_GetObjectItemCaseSensitive(c, "set_connection"), " ", " ") == 0)
		fprintf(f, " no limit");
	fprintf(f, "\n        ");
	if (cJSON_HasObjectItem(c, "embryonic_conns"))
		fprintf(f, "current embryonic conns %.0f, ", json_number(c, "embryonic_conns"));
	if (cJSON_HasObjectItem(c, "conns"))
		fprintf(f, "current conns %.0f, ", json_number(c, "conns"));
	fprintf(f, "drop %.0f", sum);
	if (sum > 0) {
		print_numbers(f, dropped, " (", ", ");
		fputc(')', f);
	}
	fputc('\n', f);
}

void layout_service_policy(FILE *f, const cJSON *data)
{
	const cJSON *c;

	fprintf(f, "Global policy:\n");
	if (json_text(data, "service_policy")[0] != '\0')
		fprintf(f, "  Service-policy: %s\n", json_text(data, "service_policy"));
	cJSON_ArrayForEach (c, cJSON_GetObjectItemCaseSensitive(data, "classes")) {
		fprintf(f, "    Class-map: %s\n", json_text(c, "class"));
		if (cJSON_HasObjectItem(c, "set_connection"))
			print_limits(f, c);
		else
			print_inspect(f, c);
	}
}
