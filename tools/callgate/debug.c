// SPDX-License-Identifier: BSD-3-Clause
// callgate debug uc-ime TOPIC... [errors | events]: prints what the daemon does until ^C.
#include <stdio.h>
#include <string.h>

#include "tools/callgate/client.h"

#define USAGE "callgate debug uc-ime TOPIC... [errors | events] [OPTION]..."

enum { OPT_SOCKET, OPT_JSON, DEBUG_OPTIONS };

static const struct option_row rows[DEBUG_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_JSON] = {"json", NULL, "a JSON object a line", 1},
};

static const struct topic {
	const char *word, *what;
} topics[] = {
#define DEBUG_TOPIC(name, word, what) {word, what},
#include "cp/debug.def"
#undef DEBUG_TOPIC
};

#define TOPICS (sizeof(topics) / sizeof(topics[0]))

static void topics_list(FILE *f)
{
	for (size_t i = 0; i < TOPICS; i++)
		fprintf(f, "  %-24s %s\n", topics[i].word, topics[i].what);
	fputs("\n"
	      "errors: only what goes wrong; events: only the rest; neither: both. ^C ends it. "
	      "Lines\n"
	      "come without the limits of the log. When they come faster than they are read, some "
	      "are\n"
	      "lost, and the next one says how many. Keys, passwords and tickets are never "
	      "shown.\n",
		f);
}

static bool is_topic(const char *word)
{
	for (size_t i = 0; i < TOPICS; i++)
		if (strcmp(topics[i].word, word) == 0)
			return true;
	return false;
}

static bool is_level(const char *word)
{
	return strcmp(word, "errors") == 0 || strcmp(word, "events") == 0;
}

int debug_main(int argc, char **argv)
{
	const char *v[DEBUG_OPTIONS];
	cJSON *args, *list;
	bool help;
	int code, first;

	code = options_read(rows, DEBUG_OPTIONS, 1, USAGE, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		putchar('\n');
		topics_list(stdout);
		return CLIENT_OK;
	}
	if (argc - first < 2 || strcmp(argv[first], "uc-ime") != 0 || is_level(argv[first + 1])) {
		fprintf(stderr, "usage: " USAGE "\n\n");
		topics_list(stderr);
		return CLIENT_USAGE;
	}
	args = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(args, "topics");
	if (is_level(argv[argc - 1]))
		cJSON_AddStringToObject(args, "level", argv[--argc]);
	for (int i = first + 1; i < argc; i++) {
		if (!is_topic(argv[i])) {
			fprintf(stderr, "callgate: debug uc-ime has no \"%s\", but:\n", argv[i]);
			topics_list(stderr);
			cJSON_Delete(args);
			return CLIENT_USAGE;
		}
		cJSON_AddItemToArray(list, cJSON_CreateString(argv[i]));
	}
	cJSON_AddBoolToObject(args, "json", v[OPT_JSON] != NULL);
	return daemon_follow(v[OPT_SOCKET], "debug uc-ime", args);
}
