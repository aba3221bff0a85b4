// SPDX-License-Identifier: BSD-3-Clause
// callgate packet-tracer input IFACE ...: which way a packet would go through the firewall, and why.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/ace_names.h"
#include "lib/addr.h"
#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

#define USAGE                                                                                      \
	"callgate packet-tracer input IFACE tcp | udp SRC SPORT DST DPORT [OPTION]...\n"           \
	"       callgate packet-tracer input IFACE icmp SRC TYPE CODE [ID] DST [OPTION]...\n"      \
	"       callgate packet-tracer input IFACE rawip SRC PROTOCOL DST [OPTION]..."

enum { OPT_SOCKET, OPT_TTL, OPT_FLAGS, OPT_SIZE, OPT_DF, OPT_JSON, TRACE_OPTIONS };

static const struct option_row rows[TRACE_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_TTL] = {"ttl", "N", "the packet's time to live, 1 to 255; default: 64", 1},
	[OPT_FLAGS] = {"flags", "F[,F]...", "of TCP: syn, ack, fin, rst, psh, urg; default: syn",
		1},
	[OPT_SIZE] = {"size", "N", "octets of the IPv4 packet; default: its headers", 1},
	[OPT_DF] = {"df", NULL, "it must not be fragmented", 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
};

static const char help_text[] =
	"\n"
	"Asks the worker that would own the packet what it would do with "
	"it, by the rules that are in\n"
	"force: addresses as they are on the wire of IFACE, so mapped ones "
	"outside. A TCP segment\n"
	"of a connection has the sequence numbers that come next there. What "
	"is larger than the\n"
	"interface's mtu comes in fragments. The packet is not sent, and "
	"leaves no session behind.\n";

#define WORDS_MAX 5

// clang-format off
#define SOURCE             {"source", 0, NULL, NULL}
#define DESTINATION        {"destination", 0, NULL, NULL}
#define NUMBER(name, max)  {name, max, NULL, NULL}
#define PORT(name)         {name, UINT16_MAX, &ace_ports, "sip"}
#define ICMP_TYPE          {"type", UINT8_MAX, &ace_icmp_types, "echo"}
// clang-format on

// What stands behind the protocol, word by word.
static const struct form {
	const char *protocol;
	int n;
	struct form_word {
		const char *name;
		uint16_t max;                  // 0: an address
		const struct ace_names *names; // NULL: a number alone
		const char *example;           // of the names
	} words[WORDS_MAX];
} forms[] = {
	{"tcp", 4, {SOURCE, PORT("source_port"), DESTINATION, PORT("destination_port")}},
	{"udp", 4, {SOURCE, PORT("source_port"), DESTINATION, PORT("destination_port")}},
	{"icmp", 4, {SOURCE, ICMP_TYPE, NUMBER("code", UINT8_MAX), DESTINATION}},
	{"icmp", 5,
		{SOURCE, ICMP_TYPE, NUMBER("code", UINT8_MAX), NUMBER("id", UINT16_MAX),
			DESTINATION}},
	{"rawip", 3, {SOURCE, NUMBER("number", UINT8_MAX), DESTINATION}},
};

static int add_number(
	cJSON *args, const char *name, const char *text, unsigned int min, unsigned int max)
{
	uint64_t n;

	if (!str_to_u64(str_from(text), max, &n) || n < min)
		return usage_error(
			"packet-tracer: %s: found %.60s, expected a number from %u to %u", name,
			text, min, max);
	cJSON_AddNumberToObject(args, name, (double)n);
	return CLIENT_OK;
}

// The daemon is asked by number.
static int add_named(cJSON *args, const struct form_word *w, const char *text)
{
	uint16_t n;

	if (!ace_number(w->names, str_from(text), w->max, &n))
		return usage_error("packet-tracer: %s: found %.60s, expected a number from 0 to "
				   "%u or a name such as %s",
			w->name, text, w->max, w->example);
	cJSON_AddNumberToObject(args, w->name, n);
	return CLIENT_OK;
}

static int add_word(cJSON *args, const struct form_word *w, const char *text)
{
	struct ip_addr ip;

	if (w->names != NULL)
		return add_named(args, w, text);
	if (w->max != 0)
		return add_number(args, w->name, text, 0, w->max);
	if (!ip_parse(str_from(text), &ip) || !ip_is_v4(&ip))
		return usage_error(
			"packet-tracer: %s: found %.60s, expected an IPv4 address", w->name, text);
	cJSON_AddStringToObject(args, w->name, text);
	return CLIENT_OK;
}

// Adds the words behind `input`.
static int add_words(cJSON *args, int argc, char **argv)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		int code = CLIENT_OK;

		if (argc < 2 || strcmp(argv[1], f->protocol) != 0)
			continue;
		known = true;
		if (argc != 2 + f->n)
			continue;
		cJSON_AddStringToObject(args, "input", argv[0]);
		cJSON_AddStringToObject(args, "protocol", argv[1]);
		for (int k = 0; k < f->n && code == CLIENT_OK; k++)
			code = add_word(args, &f->words[k], argv[2 + k]);
		return code;
	}
	if (known)
		return usage_error("packet-tracer: words behind %s: found %d, expected as many as "
				   "below\nusage: " USAGE,
			argv[1], argc - 2);
	if (argc >= 2)
		return usage_error(
			"packet-tracer: found %.60s, expected tcp, udp, icmp or rawip", argv[1]);
	return usage_error("usage: " USAGE);
}

// The words of --flags, which the daemon judges.
static void add_flags(cJSON *args, const char *text)
{
	cJSON *list = cJSON_AddArrayToObject(args, "flags");
	struct str rest = str_from(text), word;

	do {
		char flag[32] = "?"; // too long

		rest = str_split(rest, ',', &word);
		str_copy(word, flag, sizeof(flag));
		cJSON_AddItemToArray(list, cJSON_CreateString(flag));
	} while (rest.n > 0);
}

static int add_options(cJSON *args, const char *const *v)
{
	int code = CLIENT_OK;

	if (v[OPT_FLAGS] != NULL) {
		if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(args, "protocol")), "tcp") != 0)
			return usage_error("packet-tracer: --flags is for tcp");
		add_flags(args, v[OPT_FLAGS]);
	}
	if (v[OPT_DF] != NULL)
		cJSON_AddTrueToObject(args, "df");
	if (v[OPT_TTL] != NULL)
		code = add_number(args, "ttl", v[OPT_TTL], 1, UINT8_MAX);
	if (code == CLIENT_OK && v[OPT_SIZE] != NULL)
		code = add_number(args, "size", v[OPT_SIZE], 20, UINT16_MAX);
	return code;
}

int packet_tracer_main(int argc, char **argv)
{
	const char *v[TRACE_OPTIONS];
	cJSON *args, *data;
	bool help;
	int code, first;

	code = options_read(rows, TRACE_OPTIONS, 1, USAGE, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		fputs(help_text, stdout);
		return CLIENT_OK;
	}
	if (argc - first < 2 || strcmp(argv[first], "input") != 0)
		return usage_error("usage: " USAGE);
	args = cJSON_CreateObject();
	code = add_words(args, argc - first - 1, argv + first + 1);
	if (code == CLIENT_OK)
		code = add_options(args, v);
	if (code != CLIENT_OK) {
		cJSON_Delete(args);
		return code;
	}
	data = daemon_ask(v[OPT_SOCKET], "packet-tracer", args);
	if (data == NULL)
		return CLIENT_FAILED;
	if (v[OPT_JSON] != NULL) {
		json_print(data);
		return CLIENT_OK;
	}
	layout_trace(stdout, data);
	cJSON_Delete(data);
	return CLIENT_OK;
}
