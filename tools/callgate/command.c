// SPDX-License-Identifier: BSD-3-Clause
// Command tables and options; see client.h.
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/callgate/client.h"

static void commands_print(FILE *f, const struct command *table, size_t n, const char *path)
{
	fprintf(f, "usage: %s COMMAND [--help] ...\n\n", path);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "  %-14s %s\n", table[i].name, table[i].summary);
}

int commands_run(const struct command *table, size_t n, const char *path, int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		commands_print(stdout, table, n, path);
		return CLIENT_OK;
	}
	for (size_t i = 0; argc > 1 && i < n; i++)
		if (strcmp(argv[1], table[i].name) == 0)
			return table[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "%s: there is no command \"%s\"\n", path, argv[1]);
	commands_print(stderr, table, n, path);
	return CLIENT_USAGE;
}

static void help_print(
	const struct option_row *rows, size_t n, unsigned int command, const char *usage)
{
	printf("usage: %s\n\n", usage);
	for (size_t i = 0; i < n; i++) {
		char left[40];

		if (!(rows[i].commands & command))
			continue;
		snprintf(left, sizeof(left), "--%s %s", rows[i].name,
			rows[i].arg != NULL ? rows[i].arg : "");
		printf("  %-24s %s\n", left, rows[i].help);
	}
}

int options_read(const struct option_row *rows, size_t n, unsigned int command, const char *usage,
	int argc, char **argv, const char **values, int *first, bool *help)
{
	struct option longs[CLIENT_OPTIONS_MAX + 2] = {0};
	size_t count = 0;
	int c;

	for (size_t i = 0; i < n; i++) {
		values[i] = NULL;
		if (rows[i].commands & command)
			longs[count++] = (struct option){rows[i].name,
				rows[i].arg != NULL ? required_argument : no_argument, NULL,
				(int)i + 256};
	}
	longs[count] = (struct option){"help", no_argument, NULL, 'h'};
	*help = false;
	optind = 1;
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 'h') {
			help_print(rows, n, command, usage);
			*help = true;
			return CLIENT_OK;
		}
		if (c == '?')
			return usage_error("usage: %s", usage);
		values[c - 256] = optarg != NULL ? optarg : "";
	}
	*first = optind;
	return CLIENT_OK;
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLIENT_USAGE;
}

void json_print(cJSON *j)
{
	char *text = cJSON_Print(j);

	if (text != NULL)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(j);
}
