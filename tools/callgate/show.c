// SPDX-License-Identifier: BSD-3-Clause
// callgate show ..., callgate clear ...: asks the daemon over its socket and prints the answer.
#include <stdio.h>
#include <string.h>

#include "lib/suggestion.h"
#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

enum { OPT_SOCKET, OPT_JSON, OPT_ALL, SHOW_OPTIONS };

static const struct option_row rows[SHOW_OPTIONS] = {
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
	[OPT_ALL] = {"all", NULL, "drops: also reasons that never were", 1},
};

// ---- Commands -----------------------------------------------------------------------------------

// The manual's sample of mapping-service-sessions shows an internal name (protocol.md E7).
static const char *word_meant(const char *word)
{
	return strcmp(word, "uc-b2blink") == 0 ? "uc-ime" : word;
}

// "show uc-ime signaling-sessions" from its words; false when they are too many.
static bool command_join(char *buf, size_t size, const char *verb, int n, char **words)
{
	size_t len = (size_t)snprintf(buf, size, "%s", verb);

	for (int i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, " %s", word_meant(words[i]));
	return len < size;
}

// Whether a command is that of these words, or begins with them.
static bool begins_with(const char *command, const char *words)
{
	const size_t n = strlen(words);

	return strncmp(command, words, n) == 0 && (command[n] == '\0' || command[n] == ' ');
}

static bool any_begins(const char *words)
{
	for (size_t i = 0; i < layouts_n; i++)
		if (begins_with(layouts[i].command, words))
			return true;
	return false;
}

// Commands that begin with as many of the words as any does.
static void commands_list(FILE *f, const char *verb, int n, char **words)
{
	char begin[128];
	bool listed = false;

	for (; n >= 0 && !listed; n--) {
		if (!command_join(begin, sizeof(begin), verb, n, words))
			continue;
		for (size_t i = 0; i < layouts_n; i++)
			if (begins_with(layouts[i].command, begin)) {
				fprintf(f, "  %-48s %s\n", layouts[i].command, layouts[i].summary);
				listed = true;
			}
	}
}

// The first words of commands that one may have been meant for: what it begins, as the ASA would take it, else
// the nearest.
static void nearest_print(FILE *f, const char *verb, struct str word)
{
	struct suggestion nearest = {.word = word};
	char hint[SUGGESTION_MAX];
	struct str told = {"", 0};

	for (size_t i = 0; i < layouts_n; i++) {
		struct str first;

		if (!begins_with(layouts[i].command, verb))
			continue;
		str_split(str_from(layouts[i].command + strlen(verb) + 1), ' ', &first);
		suggestion_offer(&nearest, first);
		if (word.n == 0 || !str_has_prefix(first, word) || str_eq(first, told))
			continue;
		fprintf(f, "%s%.*s", told.n == 0 ? "; did you mean " : ", ", STR_FMT(first));
		told = first;
	}
	fputs(told.n > 0 ? "?" : suggestion_text(&nearest, hint), f);
}

// What there is instead of these words: a list, unless it were one of all commands.
static void unknown_tell(const char *verb, const char *command, int n, char **words)
{
	char begin[128];

	if (n > 0 && (!command_join(begin, sizeof(begin), verb, 1, words) || !any_begins(begin))) {
		fprintf(stderr, "callgate: there is no \"%s %.40s\"", verb, words[0]);
		nearest_print(stderr, verb, str_from(words[0]));
		fprintf(stderr, " (callgate %s --help has all)\n", verb);
		return;
	}
	fprintf(stderr, "callgate: there is no \"%s\", but:\n", command);
	commands_list(stderr, verb, n, words);
}

// Words of commands that stand for any, and how the daemon calls what they are.
static const struct {
	const char *word, *name;
} arguments[] = {{"ADDRESS", "address"}, {"CALL-ID", "call_id"}, {"NAME", "name"}};
#define ARGUMENTS (sizeof(arguments) / sizeof(arguments[0]))

// The value of a filter, at words[*i]: of an address it may go on with netmask MASK, as on the ASA.
static void value_read(cJSON *args, const char *filter, int n, char **words, int *i)
{
	const bool is_address = strcmp(filter, "address") == 0 || strcmp(filter, "local") == 0 ||
		strcmp(filter, "global") == 0;
	char with_mask[128];

	if (!is_address || *i + 2 >= n || strcmp(words[*i + 1], "netmask") != 0) {
		cJSON_AddStringToObject(args, filter, words[*i]);
		return;
	}
	snprintf(with_mask, sizeof(with_mask), "%s %s", words[*i], words[*i + 2]);
	cJSON_AddStringToObject(args, filter, with_mask);
	*i += 2;
}

// Filters and their values become arguments. False: a word is none, or lacks its value.
static bool filters_read(const struct layout *layout, int n, char **words, cJSON *args)
{
	for (int i = 0; i < n; i++) {
		switch (layout_filter(layout->command, words[i])) {
		case FILTER_NONE:
			return false;
		case FILTER_FLAG:
			cJSON_AddTrueToObject(args, words[i]);
			break;
		case FILTER_VALUE:
			if (++i == n)
				return false;
			value_read(args, words[i - 1], n, words, &i);
			break;
		}
	}
	return true;
}

// The layout with an argument in place of words[at]; `command` gets the others.
static const struct layout *layout_with(
	char *command, size_t size, const char *verb, int n, char **words, int at, cJSON *args)
{
	const struct layout *layout;
	char begin[64], end[64], with_arg[160];

	if (!command_join(begin, sizeof(begin), verb, at, words) ||
		!command_join(end, sizeof(end), "", n - at - 1, words + at + 1))
		return NULL;
	for (size_t i = 0; i < ARGUMENTS; i++) {
		snprintf(with_arg, sizeof(with_arg), "%s %s%s", begin, arguments[i].word, end);
		layout = layout_find(with_arg);
		if (layout != NULL) {
			cJSON_AddStringToObject(args, arguments[i].name, words[at]);
			snprintf(command, size, "%s%s", begin, end);
			return layout;
		}
	}
	return NULL;
}

// The layout of some words and, in `command` and `args`, what the daemon is asked. One of the words may
// be the command's argument, or filters follow.
static const struct layout *layout_of(
	char *command, size_t size, const char *verb, int n, char **words, cJSON *args)
{
	const struct layout *layout;

	for (int at = n - 1; at > 0; at--) { // never the first
		layout = layout_with(command, size, verb, n, words, at, args);
		if (layout != NULL)
			return layout;
	}
	for (int first = n; first >= 0;
		first--) { // the verb may be a command of its own: "pki reload"
		if (!command_join(command, size, verb, first, words))
			continue;
		layout = layout_find(command);
		if (layout != NULL && filters_read(layout, n - first, words + first, args))
			return layout;
	}
	command_join(command, size, verb, n, words);
	return NULL;
}

static void print(const struct layout *layout, const cJSON *data)
{
	if (layout->print != NULL)
		layout->print(stdout, data);
}

// What the daemon tells in pieces is one answer in JSON: lists are joined, what was found is added up.
#define JOINED_MAX 65536

static void join(cJSON *whole, cJSON *piece)
{
	cJSON *to = cJSON_GetObjectItemCaseSensitive(whole, "connections");
	cJSON *from = cJSON_GetObjectItemCaseSensitive(piece, "connections");
	cJSON *found = cJSON_GetObjectItemCaseSensitive(whole, "found");
	int room = JOINED_MAX - cJSON_GetArraySize(to);

	if (cJSON_IsNumber(found))
		cJSON_SetNumberValue(found, found->valuedouble + json_number(piece, "found"));
	for (; to != NULL && from != NULL && from->child != NULL && room > 0; room--)
		cJSON_AddItemToArray(to, cJSON_DetachItemViaPointer(from, from->child));
	if (from != NULL && from->child != NULL && !cJSON_HasObjectItem(whole, "cut"))
		cJSON_AddTrueToObject(whole, "cut"); // there are more
}

// Asks for what there is beyond `*data`, which has a "next". Lists are printed as they come, unless all
// is to be one answer. False: why not has been said.
static bool ask_on(const struct layout *layout, const char *command, const cJSON *args,
	const char *const *v, cJSON **data)
{
	const bool whole = v[OPT_JSON] != NULL || !cJSON_HasObjectItem(*data, "connections");
	double next = json_number(*data, "next");

	while (next != 0) {
		cJSON *more = cJSON_Duplicate(args, true), *piece;

		cJSON_AddNumberToObject(more, "cursor", next);
		piece = daemon_ask(v[OPT_SOCKET], command, more);
		if (piece == NULL)
			return false;
		next = json_number(piece, "next");
		if (whole) {
			join(*data, piece);
			cJSON_Delete(piece);
			continue;
		}
		print(layout, *data);
		cJSON_Delete(*data);
		*data = piece;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(*data, "next");
	return true;
}

static int ask_and_print(
	const struct layout *layout, const char *command, cJSON *args, const char *const *v)
{
	cJSON *data;
	bool done;

	if (!cJSON_HasObjectItem(args, "all"))
		cJSON_AddBoolToObject(args, "all", v[OPT_ALL] != NULL);
	data = daemon_ask(v[OPT_SOCKET], command, cJSON_Duplicate(args, true));
	done = data != NULL && ask_on(layout, command, args, v, &data);
	cJSON_Delete(args);
	if (!done) {
		cJSON_Delete(data);
		return CLIENT_FAILED;
	}
	if (v[OPT_JSON] != NULL) {
		json_print(data);
		return CLIENT_OK;
	}
	print(layout, data);
	cJSON_Delete(data);
	return CLIENT_OK;
}

int show_main(int argc, char **argv)
{
	const char *verb = argv[0], *v[SHOW_OPTIONS];
	const struct layout *layout;
	cJSON *args;
	char command[128], usage[64], conn[] = "conn";
	bool help;
	int code, first;

	snprintf(usage, sizeof(usage), "callgate %s WORD... [OPTION]...", verb);
	code = options_read(rows, SHOW_OPTIONS, 1, usage, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		putchar('\n');
		for (first = 1; first < argc && argv[first][0] != '-'; first++)
			;
		commands_list(stdout, verb, first - 1, argv + 1);
		return CLIENT_OK;
	}
	if (first < argc && strcmp(argv[first], "connection") == 0)
		argv[first] = conn; // the manual's long form (protocol.md 9.3 E8)
	args = cJSON_CreateObject();
	layout = layout_of(command, sizeof(command), verb, argc - first, argv + first, args);
	if (layout != NULL)
		return ask_and_print(layout, command, args, v);
	cJSON_Delete(args);
	unknown_tell(verb, command, argc - first, argv + first);
	return CLIENT_USAGE;
}
