// SPDX-License-Identifier: BSD-3-Clause
// callgate config check, callgate config reload: the daemon reads its file again.
#include <stdio.h>
#include <string.h>

#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

#define USAGE "callgate config check | reload [OPTION]..."

enum { OPT_SOCKET, OPT_JSON, CONFIG_OPTIONS };

static const struct option_row rows[CONFIG_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
};

static const char help_text[] =
	"\n"
	"  check   what the daemon's file, as it is now, would change, and whether a reload takes "
	"it\n"
	"  reload  routes, objects, nat, access lists and groups, timeouts, ip-options, limits of\n"
	"          flows and what SIP policy maps inspect for are as the file says, whole or not "
	"at\n"
	"          all. Flows that are still allowed lose nothing, others end; calls stay. A file "
	"that\n"
	"          changes what takes a restart of callgated is refused\n"
	"\n"
	"Exit status: 0 the file is good, or in force; 1 it is refused, or would be; 2 usage.\n";

int config_main(int argc, char **argv)
{
	const char *v[CONFIG_OPTIONS];
	char command[32];
	bool help, refused;
	cJSON *data;
	int code, first, fd;

	code = options_read(rows, CONFIG_OPTIONS, 1, USAGE, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		fputs(help_text, stdout);
		return CLIENT_OK;
	}
	if (argc - first != 1 ||
		(strcmp(argv[first], "check") != 0 && strcmp(argv[first], "reload") != 0)) {
		fprintf(stderr, "usage: " USAGE "\n%s", help_text);
		return CLIENT_USAGE;
	}
	snprintf(command, sizeof(command), "config %s", argv[first]);
	fd = daemon_begin(v[OPT_SOCKET], command, cJSON_CreateObject());
	data = fd >= 0 ? daemon_result(v[OPT_SOCKET], fd) : NULL;
	if (data == NULL)
		return CLIENT_FAILED;
	refused = json_true(data, "restart");
	if (v[OPT_JSON] != NULL) {
		json_print(data);
		return refused ? CLIENT_FAILED : CLIENT_OK;
	}
	layout_find(command)->print(stdout, data);
	cJSON_Delete(data);
	return refused ? CLIENT_FAILED : CLIENT_OK;
}
