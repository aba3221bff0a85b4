// SPDX-License-Identifier: BSD-3-Clause
// The layouts of `show quality CALL-ID`, which draws how a call sounded, and of fallback to the PSTN;
// see layout.h.
#include "tools/callgate/layout.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMNS 60
#define HEIGHTS 8

// ---- Sparklines ---------------------------------------------------------------------------------

static bool is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);

		if (v != NULL && v[0] != '\0')
			return strcasestr(v, "utf-8") != NULL || strcasestr(v, "utf8") != NULL;
	}
	return false;
}

static const char *bar(unsigned int height)
{
	static const char *const blocks[HEIGHTS] = {
		"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const plain[HEIGHTS] = {".", ":", "-", "=", "+", "*", "%", "#"};

	return (is_utf8() ? blocks : plain)[height];
}

// What a column says of its seconds: the worst of them.
struct row {
	const char *name, *title;
	double scale; // of what is printed to what is sent
	bool low_is_bad;
	double floor, ceiling; // of the bars, in what is printed; ceiling 0: the highest value
	int digits;
};

struct column {
	bool any;
	double value;
};

static size_t read_columns(const cJSON *list, const struct row *r, struct column out[COLUMNS])
{
	size_t n = (size_t)cJSON_GetArraySize(list), per = (n + COLUMNS - 1) / COLUMNS, i = 0;
	const cJSON *v;

	memset(out, 0, COLUMNS * sizeof(out[0]));
	cJSON_ArrayForEach (v, list) {
		struct column *c = &out[i++ / per];
		double value = v->valuedouble * r->scale;

		if (!cJSON_IsNumber(v))
			continue;
		if (!c->any || (r->low_is_bad ? value < c->value : value > c->value))
			c->value = value;
		c->any = true;
	}
	return per == 0 ? 0 : (n + per - 1) / per;
}

static void print_row(FILE *f, const cJSON *call, const struct row *r)
{
	struct column c[COLUMNS];
	size_t n = read_columns(cJSON_GetObjectItemCaseSensitive(call, r->name), r, c);
	double top = r->ceiling, worst = 0;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (!c[i].any)
			continue;
		if (!any || (r->low_is_bad ? c[i].value < worst : c[i].value > worst))
			worst = c[i].value;
		any = true;
		if (r->ceiling == 0 && c[i].value > top)
			top = c[i].value;
	}
	fprintf(f, "  %-12s ", r->title);
	for (size_t i = 0; i < n; i++) {
		double part = top > r->floor ? (c[i].value - r->floor) / (top - r->floor) : 0;
		int height = (int)(part * HEIGHTS);

		height = height < 0 ? 0 : height >= HEIGHTS ? HEIGHTS - 1 : height;
		fputs(c[i].any ? bar((unsigned int)height) : " ", f);
	}
	if (any)
		fprintf(f, "  worst %.*f", r->digits, worst);
	fputc('\n', f);
}

// The states as their digits.
static void print_states(FILE *f, const cJSON *call)
{
	static const struct row r = {.name = "failover_state", .scale = 1};
	struct column c[COLUMNS];
	size_t n = read_columns(cJSON_GetObjectItemCaseSensitive(call, r.name), &r, c);

	fprintf(f, "  %-12s ", "state");
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%c", c[i].any ? '0' + (int)c[i].value : ' ');
	fputs("  0 good, 1 hold-down, 2 REFER sent, 3 accepted, 4 failed\n", f);
}

void layout_quality(FILE *f, const cJSON *list)
{
	static const struct row rows[] = {
		{"mos_x100", "MOS", 0.01, true, 1, 4.5, 2},
		{"rblr_pct_x100", "loss, %", 0.01, false, 0, 0, 2},
		{"pdv_avg_us", "jitter, ms", 0.001, false, 0, 0, 1},
		{"bls_ms", "burst, ms", 1, false, 0, 0, 0},
		{"delay_ms", "delay, ms", 1, false, 0, 0, 0},
	};
	const cJSON *c;

	cJSON_ArrayForEach (c, list) {
		const cJSON *mos = cJSON_GetObjectItemCaseSensitive(c, "mos_x100");
		int n = cJSON_GetArraySize(mos), per = (n + COLUMNS - 1) / COLUMNS;

		fprintf(f, "Call %s, %s, %s\n", json_text(c, "call_id"),
			layout_or_na(json_text(c, "codec")), json_text(c, "state"));
		fprintf(f, " sensitivity %.0f, fallback state %.0f (%s)\n",
			json_number(c, "sensitivity"), json_number(c, "fallback_state"),
			json_text(c, "fallback"));
		if (n == 0) {
			fputs(" Nothing was measured yet: the call is not answered, or has no "
			      "audio.\n",
				f);
			continue;
		}
		fprintf(f, " the last %d s from the Internet, %d s a column, the worst of each\n",
			n, per);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			print_row(f, c, &rows[i]);
		print_states(f, c);
	}
}

// ---- Fallback -----------------------------------------------------------------------------------

void layout_fallback(FILE *f, const cJSON *list)
{
	const cJSON *u;

	cJSON_ArrayForEach (u, list)
		fprintf(f, "UCM address: %s\nTotal Notifications Sent: %.0f\n",
			json_text(u, "address"), json_number(u, "notifications_sent"));
}

void layout_fallback_reload(FILE *f, const cJSON *d)
{
	fprintf(f, "The thresholds of %s are in force.\n", json_text(d, "file"));
}
