// SPDX-License-Identifier: BSD-3-Clause
// show xlate and show nat, as the ASA prints them; see layout.h.
#include <string.h>

#include "tools/callgate/layout.h"

// "10.1.1.15/1030" of a dynamic port; "10.1.1.15 80-80" of static PAT, else "10.1.1.15".
static void print_side(FILE *f, const char *iface, const cJSON *side, bool dynamic_port)
{
	const double port = json_number(side, "port"), last = json_number(side, "last_port");

	fprintf(f, "%s:%s", iface, json_text(side, "ip"));
	if (dynamic_port)
		fprintf(f, "/%.0f", port);
	else if (port != 0)
		fprintf(f, " %.0f-%.0f", port, last > port ? last : port);
}

static void print_xlate(FILE *f, const cJSON *x)
{
	const char *flags = json_text(x, "flags");
	const bool dynamic = strchr(flags, 'i') != NULL, ports = strchr(flags, 'r') != NULL;
	char idle[24], timeout[24];

	layout_hms(json_number(x, "idle_s"), idle);
	layout_hms(json_number(x, "timeout_s"), timeout);
	if (ports)
		fprintf(f, "%s PAT from ", json_text(x, "protocol"));
	else
		fputs("NAT from ", f);
	print_side(f, json_text(x, "from"), cJSON_GetObjectItemCaseSensitive(x, "real"),
		dynamic && ports);
	fputs(" to ", f);
	print_side(f, json_text(x, "to"), cJSON_GetObjectItemCaseSensitive(x, "mapped"),
		dynamic && ports);
	fprintf(f, "%sflags %s idle %s timeout %s\n", dynamic ? " " : "\n    ", flags, idle,
		timeout);
}

void layout_xlate(FILE *f, const cJSON *d)
{
	const cJSON *x;

	layout_in_use(f, d);
	fputs("Flags: I - identity, i - dynamic, r - portmap, s - static, T - twice\n", f);
	cJSON_ArrayForEach (x, cJSON_GetObjectItemCaseSensitive(d, "xlates"))
		print_xlate(f, x);
	if (json_true(d, "cut"))
		fputs("There are more: ask for some, with local, global, lport, gport or "
		      "interface.\n",
			f);
}

static void print_nat_side(FILE *f, const cJSON *rule, const char *name, const char *title)
{
	const cJSON *side = cJSON_GetObjectItemCaseSensitive(rule, name);

	if (side != NULL)
		fprintf(f, "    %s - Origin: %s, Translated: %s\n", title,
			json_text(side, "origin"), json_text(side, "translated"));
}

static void print_nat(FILE *f, const cJSON *list, bool detail)
{
	static const char *const titles[] = {"Manual NAT Policies (Section 1)",
		"Auto NAT Policies (Section 2)", "Manual NAT Policies (Section 3)"};
	double section = 0;
	unsigned int number = 0;
	const cJSON *r;

	cJSON_ArrayForEach (r, list) {
		double now = json_number(r, "section");

		if (now != section && now >= 1 && now <= 3) {
			fprintf(f, "%s%s\n", section > 0 ? "\n" : "", titles[(int)now - 1]);
			section = now;
			number = 0;
		}
		fprintf(f, "%u (%s) to (%s) %s", ++number, json_text(r, "from"), json_text(r, "to"),
			json_text(r, "rule"));
		if (json_number(r, "rules") > 1)
			fprintf(f, " (the first of %.0f that its groups make)",
				json_number(r, "rules"));
		fputc('\n', f);
		fprintf(f, "    translate_hits = %.0f, untranslate_hits = %.0f\n",
			json_number(r, "translate_hits"), json_number(r, "untranslate_hits"));
		if (!detail)
			continue;
		print_nat_side(f, r, "source", "Source");
		print_nat_side(f, r, "destination", "Destination");
		print_nat_side(f, r, "service", "Service");
	}
}

void layout_nat(FILE *f, const cJSON *list)
{
	print_nat(f, list, false);
}

void layout_nat_detail(FILE *f, const cJSON *list)
{
	print_nat(f, list, true);
}
