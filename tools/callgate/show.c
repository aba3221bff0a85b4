// SPDX-License-Identifier: BSD-3-Clause
// callgate show ..., callgate clear ...: asks the daemon over its socket and prints the answer.
#include <stdio.h>
#include <string.h>

#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

enum { OPT_SOCKET, OPT_JSON, OPT_ALL, SHOW_OPTIONS };

static const struct option_row rows[SHOW_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
	[OPT_ALL] = {"all", NULL, "drops: also reasons that never were", 1},
};

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

// What the last word of a command may be, and how the daemon calls it.
static const struct {
	const char *word, *name;
} arguments[] = {{"CALL-ID", "call_id"}, {"NAME", "name"}};
#define ARGUMENTS (sizeof(arguments) / sizeof(arguments[0]))

// The layout of words that end in pairs of a filter and its value, which become arguments.
static const struct layout *layout_filtered(
	char *command, size_t size, const char *verb, int n, char **words, cJSON *args)
{
	const struct layout *layout = NULL;
	int first = n - 2;

	while (first > 0 && layout == NULL) {
		if (command_join(command, size, verb, first, words))
			layout = layout_find(command);
		if (layout == NULL)
			first -= 2;
	}
	for (int i = first; layout != NULL && i < n; i += 2)
		if (!layout_has_filter(layout->command, words[i]))
			return NULL;
	for (int i = first; layout != NULL && i < n; i += 2)
		cJSON_AddStringToObject(args, words[i], words[i + 1]);
	return layout;
}

// The layout of some words and, in `command` and `args`, what the daemon is asked. The last word may
// be the command's argument.
static const struct layout *layout_of(
	char *command, size_t size, const char *verb, int n, char **words, cJSON *args)
{
	const struct layout *layout;
	char with_arg[160];

	for (size_t i = 0; n > 0 && i < ARGUMENTS; i++) {
		if (!command_join(command, size, verb, n - 1, words))
			break;
		snprintf(with_arg, sizeof(with_arg), "%s %s", command, arguments[i].word);
		layout = layout_find(with_arg);
		if (layout != NULL) {
			cJSON_AddStringToObject(args, arguments[i].name, words[n - 1]);
			return layout;
		}
	}
	layout = layout_filtered(command, size, verb, n, words, args);
	if (layout != NULL)
		return layout;
	return command_join(command, size, verb, n, words) ? layout_find(command) : NULL;
}

static int ask_and_print(
	const struct layout *layout, const char *command, cJSON *args, const char *const *v)
{
	cJSON *data;

	cJSON_AddBoolToObject(args, "all", v[OPT_ALL] != NULL);
	data = daemon_ask(v[OPT_SOCKET], command, args);
	if (data == NULL)
		return CLIENT_FAILED;
	if (v[OPT_JSON] != NULL) {
		json_print(data);
		return CLIENT_OK;
	}
	if (layout->print != NULL)
		layout->print(stdout, data);
	cJSON_Delete(data);
	return CLIENT_OK;
}

int show_main(int argc, char **argv)
{
	const char *verb = argv[0], *v[SHOW_OPTIONS];
	const struct layout *layout;
	cJSON *args;
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
	args = cJSON_CreateObject();
	layout = layout_of(command, sizeof(command), verb, argc - first, argv + first, args);
	if (layout != NULL)
		return ask_and_print(layout, command, args, v);
	cJSON_Delete(args);
	fprintf(stderr, "callgate: there is no \"%s\", but:\n", command);
	commands_list(stderr, verb);
	return CLIENT_USAGE;
}
