// SPDX-License-Identifier: BSD-3-Clause
// show conn and clear conn, as the ASA prints them; see layout.h.
#include <string.h>

#include "tools/callgate/layout.h"

static const char legend[] =
	"Flags: A - awaiting inside ACK to SYN, a - awaiting outside ACK to SYN,\n"
	"       B - initial SYN from outside, F - outside FIN, f - inside FIN,\n"
	"       I - inbound data, O - outbound data, R - outside acknowledged FIN,\n"
	"       r - inside acknowledged FIN, S - awaiting inside SYN,\n"
	"       s - awaiting outside SYN, U - up\n";

// The real address, and the mapped one where it differs.
static void print_side(FILE *f, const cJSON *c, bool source, char between, char port)
{
	const char *iface = json_text(c, source ? "from" : "to");
	char a[80], b[80];
	const char *real = json_endpoint(c, source ? "source" : "destination", port, a);
	const char *mapped =
		json_endpoint(c, source ? "source_mapped" : "destination_mapped", port, b);

	fprintf(f, " %s%c%s", iface, between, real);
	if (strcmp(real, mapped) != 0)
		fprintf(f, " (%s)", mapped);
}

// The outside comes first, whoever began.
static void print_sides(FILE *f, const cJSON *c, char between, char port)
{
	const bool inbound = json_true(c, "inbound");

	if (strcmp(json_text(c, "protocol"), "IP") == 0)
		fprintf(f, "%.0f", json_number(c, "protocol_number"));
	else
		fputs(json_text(c, "protocol"), f);
	print_side(f, c, inbound, between, port);
	print_side(f, c, !inbound, between, port);
}

static const char *flags_of(const cJSON *c)
{
	const char *flags = json_text(c, "flags");

	return flags[0] != '\0' ? flags : "-";
}

static void print_conn(FILE *f, const cJSON *c)
{
	char idle[24];

	layout_hms(json_number(c, "idle_s"), idle);
	print_sides(f, c, ' ', ':');
	fprintf(f, ", idle %s, bytes %.0f, flags %s%s\n", idle,
		json_number(c, "bytes_sent") + json_number(c, "bytes_received"), flags_of(c),
		json_true(c, "punt") ? ", control plane" : "");
}

static void print_detail(FILE *f, const cJSON *c)
{
	char idle[24], uptime[24], timeout[24], a[80], b[80];

	layout_hms(json_number(c, "idle_s"), idle);
	layout_hms(json_number(c, "uptime_s"), uptime);
	layout_hms(json_number(c, "timeout_s"), timeout);
	print_sides(f, c, ':', '/');
	fprintf(f, ",\n    flags %s, idle %s, uptime %s, timeout %s, bytes %.0f%s\n", flags_of(c),
		idle, uptime, timeout,
		json_number(c, "bytes_sent") + json_number(c, "bytes_received"),
		json_true(c, "punt") ? ", control plane" : "");
	fprintf(f, "  Initiator: %s, %.0f bytes in %.0f packets\n",
		json_endpoint(c, "source", '/', a), json_number(c, "bytes_sent"),
		json_number(c, "packets_sent"));
	fprintf(f, "  Responder: %s, %.0f bytes in %.0f packets\n",
		json_endpoint(c, "destination", '/', b), json_number(c, "bytes_received"),
		json_number(c, "packets_received"));
}

void layout_conn(FILE *f, const cJSON *d)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(d, "connections"), *c;
	const bool detail = json_true(d, "detail");

	if (!json_true(d, "continued")) {
		fprintf(f, "%.0f in use, %.0f most used, of %.0f; %.0f embryonic\n",
			json_number(d, "in_use"), json_number(d, "most_used"),
			json_number(d, "max"), json_number(d, "embryonic"));
		if (detail && list != NULL)
			fputs(legend, f);
	}
	if (list == NULL)
		fprintf(f, "%.0f found\n", json_number(d, "found"));
	cJSON_ArrayForEach (c, list) {
		if (detail)
			print_detail(f, c);
		else
			print_conn(f, c);
	}
}

void layout_conn_cleared(FILE *f, const cJSON *d)
{
	fprintf(f, "%.0f connection(s) deleted.\n", json_number(d, "found"));
}
