// SPDX-License-Identifier: BSD-3-Clause
// callgate packet-tracer input IFACE ...: which way a packet would go through the firewall, and why.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

#define USAGE                                                                                      \
	"callgate packet-tracer input IFACE tcp | udp SRC SPORT DST DPORT [OPTION]...\n"           \
	"       callgate packet-tracer input IFACE icmp SRC TYPE CODE [ID] DST [OPTION]...\n"      \
	"       callgate packet-tracer input IFACE rawip SRC PROTOCOL DST [OPTION]..."

enum { OPT_SOCKET, OPT_JSON, TRACE_OPTIONS };

static const struct option_row rows[TRACE_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
};

static const char help_text[] = "\n"
				"Asks the worker that would own the packet what it would do with "
				"it, by the rules that are in\n"
				"force: addresses as they are on the wire of IFACE, so mapped ones "
				"outside. TCP is a SYN. The\n"
				"packet is not sent, and leaves no session behind.\n";

// What stands behind the protocol, word by word.
static const struct form {
	const char *protocol;
	int n;
	const char *names[5];
} forms[] = {
	{"tcp", 4, {"source", "source_port", "destination", "destination_port"}},
	{"udp", 4, {"source", "source_port", "destination", "destination_port"}},
	{"icmp", 4, {"source", "type", "code", "destination"}},
	{"icmp", 5, {"source", "type", "code", "id", "destination"}},
	{"rawip", 3, {"source", "number", "destination"}},
};

static bool is_address(const char *name)
{
	return strcmp(name, "source") == 0 || strcmp(name, "destination") == 0;
}

static bool add_word(cJSON *args, const char *name, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (is_address(name)) {
		cJSON_AddStringToObject(args, name, word);
		return true;
	}
	if (word[0] < '0' || word[0] > '9' || *end != '\0')
		return false;
	cJSON_AddNumberToObject(args, name, (double)n);
	return true;
}

// The words behind `input`; NULL: they are wrong.
static cJSON *args_of(int argc, char **argv)
{
	cJSON *args;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		bool ok = true;

		if (argc != 2 + f->n || strcmp(argv[1], f->protocol) != 0)
			continue;
		args = cJSON_CreateObject();
		cJSON_AddStringToObject(args, "input", argv[0]);
		cJSON_AddStringToObject(args, "protocol", argv[1]);
		for (int k = 0; k < f->n && ok; k++)
			ok = add_word(args, f->names[k], argv[2 + k]);
		if (ok)
			return args;
		cJSON_Delete(args);
	}
	return NULL;
}

int packet_tracer_main(int argc, char **argv)
{
	const char *v[TRACE_OPTIONS];
	cJSON *args = NULL, *data;
	bool help;
	int code, first;

	code = options_read(rows, TRACE_OPTIONS, 1, USAGE, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		fputs(help_text, stdout);
		return CLIENT_OK;
	}
	if (argc - first > 1 && strcmp(argv[first], "input") == 0)
		args = args_of(argc - first - 1, argv + first + 1);
	if (args == NULL)
		return usage_error("usage: " USAGE);
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
