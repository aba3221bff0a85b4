// SPDX-License-Identifier: BSD-3-Clause
// callgate, the client: finds the command and runs it. Each command has a file of its own.
#include <stdio.h>

#include "tools/callgate/client.h"

static const struct command commands[] = {
	{"ticket", "mint, inspect and verify tickets", ticket_main},
};

int main(int argc, char **argv)
{
	if (argc == 2 && str_eq(str_from(argv[1]), STR_LIT("--version"))) {
		puts("callgate " CALLGATE_VERSION);
		return CLIENT_OK;
	}
	return commands_run(
		commands, sizeof(commands) / sizeof(commands[0]), "callgate", argc, argv);
}
