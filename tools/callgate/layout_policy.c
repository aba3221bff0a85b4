// SPDX-License-Identifier: BSD-3-Clause
// The layout of `show service-policy inspect sip`, which is the original's; see layout.h.
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

void layout_service_policy(FILE *f, const cJSON *data)
{
	const cJSON *c, *r;

	fprintf(f, "Global policy:\n");
	cJSON_ArrayForEach (c, data) {
		fprintf(f, "    Class-map: %s\n", json_text(c, "class"));
		fprintf(f,
			"      Inspect: sip %s tls-proxy %s uc-ime %s, packet %.0f, drop %.0f, "
			"reset-drop %.0f\n",
			json_text(c, "policy_map"), json_text(c, "tls_proxy"),
			json_text(c, "uc_ime"), json_number(c, "messages"),
			json_number(c, "dropped"), json_number(c, "reset"));
		cJSON_ArrayForEach (r, cJSON_GetObjectItemCaseSensitive(c, "rules"))
			print_rule(f, r);
	}
}
