// SPDX-License-Identifier: BSD-3-Clause
// See cp/config_stream.h.
#include "cp/config_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/reload.h"

struct config_stream {
	struct reload *reload;
	struct mgmt_client *to;
};

static cJSON *data_json(const struct reload_result *r)
{
	cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "changes");

	for (size_t i = 0; i < r->n; i++) {
		cJSON *c = cJSON_CreateObject();

		cJSON_AddStringToObject(c, "section", r->changes[i].section);
		cJSON_AddNumberToObject(c, "line", r->changes[i].line);
		cJSON_AddBoolToObject(c, "restart", !r->changes[i].live);
		cJSON_AddItemToArray(list, c);
	}
	cJSON_AddBoolToObject(j, "restart", r->restart);
	cJSON_AddNumberToObject(j, "warnings", (double)r->warnings);
	return j;
}

static void on_done(const struct reload_result *r, void *arg)
{
	struct config_stream *s = arg;
	cJSON *j = cJSON_CreateObject();
	char *text;

	cJSON_AddBoolToObject(j, "ok", r->err[0] == '\0');
	if (r->err[0] == '\0')
		cJSON_AddItemToObject(j, "data", data_json(r));
	else
		cJSON_AddStringToObject(j, "error", r->err);
	text = cJSON_PrintUnformatted(j);
	if (text != NULL && mgmt_put(s->to, text, strlen(text)))
		mgmt_put(s->to, "\n", 1);
	cJSON_free(text);
	cJSON_Delete(j);
	mgmt_end(s->to);
}

static void *begin(struct reload *r, bool check, struct mgmt_client *to, char *err, size_t err_size)
{
	struct config_stream *s = calloc(1, sizeof(*s));
	int e = -ENOMEM;

	if (s != NULL) {
		*s = (struct config_stream){r, to};
		e = reload_begin(r, check, on_done, s);
	}
	if (e == 0)
		return s;
	free(s);
	snprintf(err, err_size, "%s",
		e == -EBUSY ? "another one is under way; ask again" : strerror(-e));
	return NULL;
}

static void *open_check(
	void *arg, struct mgmt_client *to, const cJSON *args, char *err, size_t err_size)
{
	return begin(arg, true, to, err, err_size);
}

static void *open_reload(
	void *arg, struct mgmt_client *to, const cJSON *args, char *err, size_t err_size)
{
	return begin(arg, false, to, err, err_size);
}

static void drained(void *stream)
{
}

static void close_stream(void *stream)
{
	struct config_stream *s = stream;

	reload_forget(s->reload, s);
	free(s);
}

const struct mgmt_streams config_check_streams = {
	.command = "config check", .open = open_check, .drained = drained, .close = close_stream};
const struct mgmt_streams config_reload_streams = {
	.command = "config reload", .open = open_reload, .drained = drained, .close = close_stream};
