// SPDX-License-Identifier: BSD-3-Clause
// callgate show ..., callgate clear ...: asks the daemon over its socket and prints the answer.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

#define SOCKET_DEFAULT "/run/callgate/callgate.sock"
#define ANSWER_MAX     (64u << 20)
#define TIMEOUT_S      5

enum { OPT_SOCKET, OPT_JSON, OPT_DROPS, SHOW_OPTIONS };

static const struct option_row rows[SHOW_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH",
		"the daemon's; default: $CALLGATE_SOCKET, " SOCKET_DEFAULT, 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
	[OPT_DROPS] = {"drops", NULL, "counters: only drops and refusals that happened", 1},
};

// ---- The daemon ---------------------------------------------------------------------------------

static int daemon_connect(const char *path)
{
	static const struct timeval limit = {TIMEOUT_S, 0};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (!str_copy(str_from(path), addr.sun_path, sizeof(addr.sun_path))) {
		fprintf(stderr, "callgate: %s: longer than a socket's name can be\n", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		return fd;
	}
	fprintf(stderr, "callgate: %s: %s%s\n", path, strerror(errno),
		errno == ENOENT || errno == ECONNREFUSED
			? "; is callgated running? (--socket PATH, $CALLGATE_SOCKET)"
			: "");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

// One line, without its end; NULL when the daemon closes, is silent for too long or says too much.
static char *line_read(int fd)
{
	size_t n = 0, size = 0;
	char *line = NULL;

	for (;;) {
		ssize_t got;

		if (size - n < 4096) {
			char *more = size < ANSWER_MAX ? realloc(line, 2 * size + 8192) : NULL;

			if (more == NULL)
				break;
			line = more;
			size = 2 * size + 8192;
		}
		got = recv(fd, line + n, size - n - 1, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		if (line[n - 1] == '\n') {
			line[n - 1] = '\0';
			return line;
		}
	}
	free(line);
	return NULL;
}

// The answer, or NULL after a message. Takes `args`.
static cJSON *daemon_ask(const char *path, const char *command, cJSON *args)
{
	cJSON *request = cJSON_CreateObject(), *answer = NULL;
	char *text, *line = NULL;
	int fd = daemon_connect(path);

	cJSON_AddStringToObject(request, "command", command);
	cJSON_AddItemToObject(request, "args", args);
	text = cJSON_PrintUnformatted(request);
	cJSON_Delete(request);
	if (fd >= 0 && text != NULL && send_all(fd, text, strlen(text)) && send_all(fd, "\n", 1))
		line = line_read(fd);
	if (line != NULL)
		answer = cJSON_Parse(line);
	if (fd >= 0 && answer == NULL)
		fprintf(stderr, "callgate: %s: no answer\n", path);
	if (fd >= 0)
		close(fd);
	free(line);
	cJSON_free(text);
	return answer;
}

// ---- Commands -----------------------------------------------------------------------------------

static void commands_list(FILE *f, const char *verb)
{
	for (size_t i = 0; i < layouts_n; i++)
		if (str_has_prefix(str_from(layouts[i].command), str_from(verb)))
			fprintf(f, "  %-44s %s\n", layouts[i].command, layouts[i].summary);
}

// "show uc-ime signaling-sessions" from its words; false when they are too many.
static bool command_join(char *buf, size_t size, const char *verb, int n, char **words)
{
	size_t len = (size_t)snprintf(buf, size, "%s", verb);

	for (int i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, " %s", words[i]);
	return len < size;
}

// The layout of some words and, in `command`, what the daemon is asked. The last word may be the
// command's argument: then *arg points to it.
static const struct layout *layout_of(
	char *command, size_t size, const char *verb, int n, char **words, const char **arg)
{
	char with_arg[160];

	*arg = n > 0 ? words[n - 1] : NULL;
	if (n > 0 && command_join(command, size, verb, n - 1, words)) {
		snprintf(with_arg, sizeof(with_arg), "%s " LAYOUT_ARG, command);
		if (layout_find(with_arg) != NULL)
			return layout_find(with_arg);
	}
	*arg = NULL;
	return command_join(command, size, verb, n, words) ? layout_find(command) : NULL;
}

static int ask_and_print(
	const struct layout *layout, const char *command, const char *arg, const char *const *v)
{
	const char *env = getenv("CALLGATE_SOCKET");
	const char *path = v[OPT_SOCKET] != NULL ? v[OPT_SOCKET]
		: env != NULL                    ? env
						 : SOCKET_DEFAULT;
	cJSON *args = cJSON_CreateObject(), *answer;
	const cJSON *data;
	int code = CLIENT_FAILED;

	cJSON_AddBoolToObject(args, "drops", v[OPT_DROPS] != NULL);
	if (arg != NULL)
		cJSON_AddStringToObject(args, "call_id", arg);
	answer = daemon_ask(path, command, args);
	data = cJSON_GetObjectItemCaseSensitive(answer, "data");
	if (answer == NULL)
		return CLIENT_FAILED;
	if (!json_true(answer, "ok") || data == NULL) {
		fprintf(stderr, "callgate: %s\n", json_text(answer, "error"));
	} else {
		if (v[OPT_JSON] != NULL)
			json_print(cJSON_Duplicate(data, true));
		else if (layout->print != NULL)
			layout->print(stdout, data);
		code = CLIENT_OK;
	}
	cJSON_Delete(answer);
	return code;
}

int show_main(int argc, char **argv)
{
	const char *verb = argv[0], *v[SHOW_OPTIONS];
	const struct layout *layout;
	const char *arg;
	char command[128], usage[64];
	bool help;
	int code, first;

	snprintf(usage, sizeof(usage), "callgate %s WORD... [OPTION]...", verb);
	code = options_read(rows, SHOW_OPTIONS, 1, usage, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		putchar('\n');
		commands_list(stdout, verb);
		return CLIENT_OK;
	}
	layout = layout_of(command, sizeof(command), verb, argc - first, argv + first, &arg);
	if (layout != NULL)
		return ask_and_print(layout, command, arg, v);
	fprintf(stderr, "callgate: there is no \"%s\", but:\n", command);
	commands_list(stderr, verb);
	return CLIENT_USAGE;
}
