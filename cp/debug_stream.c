// SPDX-License-Identifier: BSD-3-Clause
#include "cp/debug_stream.h"

#include <stdio.h>
#include <string.h>

#include "cp/debug.h"

static enum debug_topic topic_find(const char *word)
{
	enum debug_topic t = 0;

	while (t < DEBUG_TOPICS && (word == NULL || strcmp(word, debug_topic_word(t)) != 0))
		t++;
	return t;
}

static bool read_topics(const cJSON *list, uint32_t *out, char *err, size_t err_size)
{
	const cJSON *i;

	*out = 0;
	cJSON_ArrayForEach (i, list) {
		enum debug_topic t = topic_find(cJSON_GetStringValue(i));

		if (t == DEBUG_TOPICS) {
			snprintf(err, err_size, "debug uc-ime has no such topic");
			return false;
		}
		*out |= 1u << t;
	}
	if (*out == 0)
		snprintf(err, err_size, "debug uc-ime what? (topics)");
	return *out != 0;
}

static bool read_level(const cJSON *level, bool on[DEBUG_LEVELS], char *err, size_t err_size)
{
	const char *word = cJSON_GetStringValue(level);

	on[DEBUG_ERRORS] = level == NULL || (word != NULL && strcmp(word, "errors") == 0);
	on[DEBUG_EVENTS] = level == NULL || (word != NULL && strcmp(word, "events") == 0);
	if (!on[DEBUG_ERRORS] && !on[DEBUG_EVENTS])
		snprintf(err, err_size, "level: expected errors or events, or none for both");
	return on[DEBUG_ERRORS] || on[DEBUG_EVENTS];
}

static bool take(void *arg, const char *line, size_t n)
{
	return mgmt_put(arg, line, n);
}

static void *stream_open(
	void *arg, struct mgmt_client *to, const cJSON *args, char *err, size_t err_size)
{
	struct debug_want want = {.take = take, .arg = to};
	bool on[DEBUG_LEVELS];
	uint32_t topics;
	void *r;

	if (!read_topics(
		    cJSON_GetObjectItemCaseSensitive(args, "topics"), &topics, err, err_size) ||
		!read_level(cJSON_GetObjectItemCaseSensitive(args, "level"), on, err, err_size))
		return NULL;
	for (int l = 0; l < DEBUG_LEVELS; l++)
		want.topics[l] = on[l] ? topics : 0;
	want.json = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(args, "json"));
	r = debug_open(&want);
	if (r == NULL)
		snprintf(err, err_size, "%d others debug already; end one of them",
			DEBUG_READERS_MAX);
	return r;
}

static void stream_drained(void *stream)
{
	debug_drained(stream);
}

static void stream_close(void *stream)
{
	debug_close(stream);
}

const struct mgmt_streams debug_streams = {.command = "debug uc-ime",
	.open = stream_open,
	.drained = stream_drained,
	.close = stream_close};
