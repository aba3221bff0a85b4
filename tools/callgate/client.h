// SPDX-License-Identifier: BSD-3-Clause
// What the parts of the client share: command tables, options, exit codes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "lib/str.h"

// 0: done, or yes. 1: it failed, or no. 2: the command line is wrong.
enum { CLIENT_OK, CLIENT_FAILED, CLIENT_USAGE };

#define CLIENT_OPTIONS_MAX 24

struct command {
	const char *name;                  // one word
	const char *summary;               // for --help
	int (*run)(int argc, char **argv); // argv[0] is the name of the command
};

// Runs the command that argv[1] names; --help, no command and an unknown one list them all.
// `path` is what the user typed so far ("callgate ticket"). Returns an exit code.
int commands_run(const struct command *table, size_t n, const char *path, int argc, char **argv);

struct option_row {
	const char *name; // without the dashes
	const char *arg;  // what its value is called, NULL: it has none
	const char *help;
	unsigned int commands; // bit set: which commands of the group take it
};

// Reads options into values[i] (the row's index; "" for one without a value, NULL when absent);
// what is left stands from argv[*first]. CLIENT_OK: go on, unless *help: --help has been printed.
// CLIENT_USAGE: the error has been.
int options_read(const struct option_row *rows, size_t n, unsigned int command, const char *usage,
	int argc, char **argv, const char **values, int *first, bool *help);

// Says what is wrong on standard error and returns CLIENT_USAGE.
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// Reads a secret from a file, "-" is stdin: 10 to 64 characters, nobody else's to read. `what` is what
// an error calls it. As options_read(); the caller wipes `out`, which gets no NUL.
#define SECRET_MAX 64
int secret_read(const char *path, const char *what, char out[SECRET_MAX + 1], size_t *n);

// Prints and deletes.
void json_print(cJSON *j);

#define DAEMON_SOCKET      "/run/callgate/callgate.sock"
#define DAEMON_SOCKET_HELP "the daemon's; default: $CALLGATE_SOCKET, " DAEMON_SOCKET

// Asks the daemon at --socket's value (NULL: the default). Takes `args`, and wipes what they hold.
// The answer's data, the caller's to delete; NULL: why has been said.
cJSON *daemon_ask(const char *socket_option, const char *command, cJSON *args);

// Begins a command that is answered with a stream. Takes `args`. A socket that has the stream alone,
// the caller's to close, without a time limit; -1: why not has been said.
int daemon_begin(const char *socket_option, const char *command, cJSON *args);

// Waits for the one line that is such a stream, an answer of its own, and closes the socket. The data, the
// caller's to delete; NULL: why not has been said.
cJSON *daemon_result(const char *socket_option, int fd);

// Begins a command that is answered with lines, and prints them as they come, until the daemon or the
// reader of standard output ends. Takes `args`. Returns an exit code.
int daemon_follow(const char *socket_option, const char *command, cJSON *args);

int capture_main(int argc, char **argv);
int config_main(int argc, char **argv);
int debug_main(int argc, char **argv);
int packet_tracer_main(int argc, char **argv);
int ticket_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int map_main(int argc, char **argv);
int stir_main(int argc, char **argv);
int show_main(int argc, char **argv); // `show` and `clear`
int pki_main(int argc, char **argv);
