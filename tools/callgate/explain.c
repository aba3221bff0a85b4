// SPDX-License-Identifier: BSD-3-Clause
// callgate explain NUMBER | NAME: what an event of the log or a counter means and what to do about
// it. The lists are compiled in: no daemon is asked.
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/sdp.h"
#include "lib/sip.h"
#include "tools/callgate/client.h"

#define USAGE "callgate explain NUMBER | NAME [--json]"

static const struct event {
	unsigned int number, severity;
	const char *name, *meaning, *remedy;
} events[] = {
#define EVENT(number, severity, limit, name, meaning, remedy)                                      \
	{number, severity, #name, meaning, remedy},
#include "cp/events.def"
#undef EVENT
};

static const struct counter {
	const char *name, *help;
} counters[] = {
#define STAT(name, text, help) {#name, help},
#define REFUSAL(name, help)    {#name, help},
#define EVENT(name, help)      {#name, help},
#include "cp/counters.def"
#undef STAT
#undef REFUSAL
#undef EVENT
#define DROP(name, help)  {#name, help},
#define COUNT(name, help) {#name, help},
#include "dp/counters.def"
#undef DROP
#undef COUNT
};

// Of the line that tells of the end of a call.
static const struct reason {
	const char *word, *meaning;
} reasons[] = {
#define CALL_END(name, word, by, meaning) {word, meaning},
#include "cp/call_ends.def"
#undef CALL_END
};

#define CALL_ENDED 339008
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))

enum { OPT_JSON, EXPLAIN_OPTIONS };

static const struct option_row rows[EXPLAIN_OPTIONS] = {
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
};

// "339002", "%UCIME-3-339002:", "TICKET_INVALID", in either case.
static const struct event *event_find(const char *what)
{
	const char *digits = strrchr(what, '-');
	unsigned long number = strtoul(digits != NULL ? digits + 1 : what, NULL, 10);

	for (size_t i = 0; i < COUNT(events); i++)
		if (events[i].number == number || strcasecmp(events[i].name, what) == 0)
			return &events[i];
	return NULL;
}

static const struct counter *counter_find(const char *name)
{
	for (size_t i = 0; i < COUNT(counters); i++)
		if (strcasecmp(counters[i].name, name) == 0)
			return &counters[i];
	return NULL;
}

static void event_json(cJSON *j, const struct event *e)
{
	cJSON *words;

	cJSON_AddNumberToObject(j, "number", e->number);
	cJSON_AddNumberToObject(j, "severity", e->severity);
	cJSON_AddStringToObject(j, "name", e->name);
	cJSON_AddStringToObject(j, "meaning", e->meaning);
	cJSON_AddStringToObject(j, "remedy", e->remedy);
	if (e->number != CALL_ENDED)
		return;
	words = cJSON_AddObjectToObject(j, "reasons");
	for (size_t i = 0; i < COUNT(reasons); i++)
		cJSON_AddStringToObject(words, reasons[i].word, reasons[i].meaning);
}

// An event and a counter may share a name.
static cJSON *as_json(const struct event *e, const struct counter *c)
{
	cJSON *j = cJSON_CreateObject();

	if (e != NULL)
		event_json(j, e);
	if (c != NULL) {
		cJSON_AddStringToObject(j, "counter", c->name);
		cJSON_AddStringToObject(j, "help", c->help);
	}
	return j;
}

static void event_print(const struct event *e)
{
	printf("%%UCIME-%u-%u %s: %s.\n  What to do: %s.\n", e->severity, e->number, e->name,
		e->meaning, e->remedy);
	for (size_t i = 0; e->number == CALL_ENDED && i < COUNT(reasons); i++)
		printf("  reason=%-20s %s\n", reasons[i].word, reasons[i].meaning);
}

int explain_main(int argc, char **argv)
{
	const char *v[EXPLAIN_OPTIONS];
	const struct counter *c;
	const struct event *e;
	bool help;
	int first, code;

	code = options_read(rows, EXPLAIN_OPTIONS, 1, USAGE, argc, argv, v, &first, &help);
	if (code != CLIENT_OK || help)
		return code;
	if (argc - first != 1)
		return usage_error("usage: %s", USAGE);
	e = event_find(argv[first]);
	c = counter_find(argv[first]);
	if (e == NULL && c == NULL) {
		fprintf(stderr,
			"callgate: no event or counter is called \"%s\"; callgate show "
			"logging and callgate show counters list them\n",
			argv[first]);
		return CLIENT_FAILED;
	}
	if (v[OPT_JSON] != NULL) {
		json_print(as_json(e, c));
		return CLIENT_OK;
	}
	if (e != NULL)
		event_print(e);
	if (c != NULL)
		printf("Counter %s: %s.\n", c->name, c->help);
	return CLIENT_OK;
}
