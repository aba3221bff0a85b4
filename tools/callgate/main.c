// SPDX-License-Identifier: BSD-3-Clause
// callgate, the client: finds the command and runs it. Each command has a file of its own.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/callgate/client.h"

static const struct command commands[] = {
	{"show", "what the daemon does and counts", show_main},
	{"clear", "counters to 0; ends flows, translations and sessions; forgets neighbours",
		show_main},
	{"pki", "keys, certificates, CAs and CRLs of trust-points", pki_main},
	{"capture", "packets in a file for Wireshark, with the reasons of drops", capture_main},
	{"packet-tracer", "which way a packet would go through the rules in force, and why",
		packet_tracer_main},
	{"debug", "what the daemon does, line by line as it happens", debug_main},
	{"explain", "an event of the log, or a counter, and what to do", explain_main},
	{"ticket", "mint, inspect, verify and revoke tickets; change the epoch", ticket_main},
	{"map", "ask a mapping-service for the inside address of a remote call manager", map_main},
	{"stir", "inspect signatures of callers' numbers", stir_main},
	{"config", "the rules of the configuration's file anew, under traffic", config_main},
	{"fallback", "reload: the thresholds of the sensitivity-file anew", show_main},
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("callgate " CALLGATE_VERSION);
		return CLIENT_OK;
	}
	// Before the command as well, as a person types who repeats the last line with another one.
	if (argc > 2 && strcmp(argv[1], "--socket") == 0) {
		setenv("CALLGATE_SOCKET", argv[2], 1);
		argv[2] = argv[0];
		argv += 2;
		argc -= 2;
	}
	return commands_run(
		commands, sizeof(commands) / sizeof(commands[0]), "callgate", argc, argv);
}
