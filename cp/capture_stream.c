// SPDX-License-Identifier: BSD-3-Clause
#include "cp/capture_stream.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dp/dp.h"
#include "lib/pcapng.h"

#define COUNTERS_MAX 512
#define POLL_US      10000 // how often the workers' rings are looked at
#define PACKETS_TURN 64    // put at once: SIP waits meanwhile

struct capture {
	const struct capture_env *env;
	struct mgmt_client *to;
	struct event *poll;
	int id;
	uint64_t left;    // packets to go
	uint64_t wall_ns; // to add to CLOCK_MONOTONIC
	uint64_t start_ns;
	uint64_t end_ns; // no packet after this time; UINT64_MAX: not known yet
	uint16_t size;
	bool begun, ended;
	char name[64];
};

static uint8_t block[DP_FRAME_MAX + PCAPNG_BLOCK_MAX];

// ---- What is wanted -----------------------------------------------------------------------------

static const char *text_of(const cJSON *args, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(args, name));
}

static bool read_name(struct capture *c, const cJSON *args, char *err, size_t err_size)
{
	const char *name = text_of(args, "name");

	if (name != NULL && name[0] != '\0' && str_copy(str_from(name), c->name, sizeof(c->name)))
		return true;
	snprintf(err, err_size, "name: expected one of at most %zu octets", sizeof(c->name) - 1);
	return false;
}

static bool read_iface(
	const struct config *c, const char *name, uint16_t *out, char *err, size_t size)
{
	size_t n = 0;

	*out = DP_CAPTURE_ANY;
	if (name == NULL)
		return true;
	for (uint16_t i = 0; i < c->n_ifaces; i++)
		if (strcmp(c->ifaces[i].name, name) == 0)
			*out = i;
	if (*out != DP_CAPTURE_ANY)
		return true;
	n = (size_t)snprintf(err, size, "interface: found %.40s, expected", name);
	for (size_t i = 0; i < c->n_ifaces && n < size; i++)
		n += (size_t)snprintf(
			err + n, size - n, "%s %s", i > 0 ? " or" : "", c->ifaces[i].name);
	return false;
}

static bool read_match(const char *text, struct dp_msg_capture *want, char *err, size_t err_size)
{
	char entry[256], why[160];

	if (text == NULL)
		return true;
	want->filtered = true;
	if ((size_t)snprintf(entry, sizeof(entry), "permit %s", text) < sizeof(entry) &&
		ace_parse(str_from(entry), &want->match, why, sizeof(why)))
		return true;
	snprintf(err, err_size, "match: %s",
		strlen(text) > sizeof(entry) / 2 ? "longer than any entry is" : why);
	return false;
}

static bool read_drop(const char *reason, struct dp_msg_capture *want, char *err, size_t err_size)
{
	static struct dp_counter counters[COUNTERS_MAX];
	size_t n = dp_counters(counters, COUNTERS_MAX);

	want->reason = DP_CAPTURE_ANY;
	want->drops = reason != NULL;
	if (reason == NULL || strcasecmp(reason, "any") == 0)
		return true;
	for (size_t i = 0; i < n && i < COUNTERS_MAX; i++)
		if (counters[i].drop && strcasecmp(counters[i].name, reason) == 0)
			want->reason = (uint16_t)i;
	if (want->reason == DP_CAPTURE_ANY)
		snprintf(err, err_size,
			"drop: found %.40s, expected any or a reason of the data plane that "
			"callgate show drops --all lists",
			reason);
	return want->reason != DP_CAPTURE_ANY;
}

// A number from 1 on, or `otherwise` where there is none.
static bool read_number(const cJSON *args, const char *name, double max, uint64_t otherwise,
	uint64_t *out, char *err, size_t err_size)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(args, name);

	*out = otherwise;
	if (j == NULL)
		return true;
	if (!cJSON_IsNumber(j) || !(j->valuedouble >= 1 && j->valuedouble <= max)) {
		snprintf(err, err_size, "%s: expected a number from 1 to %.0f", name, max);
		return false;
	}
	*out = (uint64_t)j->valuedouble;
	return true;
}

static bool read_args(struct capture *c, const cJSON *args, struct dp_msg_capture *want, char *err,
	size_t err_size)
{
	static const char *const names[] = {
		"name", "interface", "match", "drop", "count", "size", NULL};
	uint64_t size;

	if (!mgmt_knows(args, names, err, err_size) || !read_name(c, args, err, err_size) ||
		!read_iface(
			c->env->config, text_of(args, "interface"), &want->iface, err, err_size) ||
		!read_match(text_of(args, "match"), want, err, err_size) ||
		!read_drop(text_of(args, "drop"), want, err, err_size) ||
		!read_number(args, "count", 1e15, UINT64_MAX, &c->left, err, err_size) ||
		!read_number(
			args, "size", DP_FRAME_MAX, CAPTURE_SIZE_DEFAULT, &size, err, err_size))
		return false;
	c->size = want->size = (uint16_t)size;
	return true;
}

// ---- The file -----------------------------------------------------------------------------------

static bool put(struct capture *c, size_t n)
{
	return n > 0 && mgmt_put(c->to, block, n);
}

// The first blocks fit: there is nothing yet.
static void begin(struct capture *c)
{
	const struct config *config = c->env->config;
	char comment[128];

	c->begun = true;
	snprintf(comment, sizeof(comment), "capture %s on %.40s", c->name, config->hostname);
	put(c, pcapng_section(block, sizeof(block), "callgate " CALLGATE_VERSION, comment));
	for (size_t i = 0; i < config->n_ifaces; i++)
		put(c,
			pcapng_interface(block, sizeof(block), config->ifaces[i].name,
				config->ifaces[i].device, c->size));
}

// What was lost is told here. Without room now, it is tried again when there is.
static void end(struct capture *c)
{
	const uint64_t now_ns = c->env->mono_ns() + c->wall_ns;
	size_t n = 0;

	for (uint16_t i = 0; i < c->env->config->n_ifaces; i++) {
		struct pcapng_statistics s = {.iface = i,
			.time_ns = now_ns,
			.start_ns = c->start_ns + c->wall_ns,
			.end_ns = now_ns};

		dp_capture_counts(c->id, i, &s.received, &s.lost);
		n += pcapng_statistics(block + n, sizeof(block) - n, &s);
	}
	c->ended = put(c, n);
	if (c->ended)
		mgmt_end(c->to);
}

// False: it has no room, and stays where it is.
static bool put_packet(struct capture *c, const struct dp_captured *from)
{
	char comment[PCAPNG_TEXT_MAX];
	const struct pcapng_packet p = {.iface = from->iface,
		.time_ns = from->time_ns + c->wall_ns,
		.data = from->data,
		.len = from->len,
		.original_len = from->original_len,
		.direction = from->out ? PCAPNG_OUT : PCAPNG_IN,
		.comment = from->reason != NULL ? comment : NULL};

	if (from->reason != NULL)
		snprintf(comment, sizeof(comment), "dropped: %s: %s", from->reason, from->help);
	return put(c, pcapng_packet(block, sizeof(block), &p));
}

static void pump(struct capture *c)
{
	struct dp_captured p;

	if (c->ended)
		return;
	if (!c->begun)
		begin(c);
	for (int i = 0; i < PACKETS_TURN; i++) {
		if (!dp_capture_peek(c->id, &p) || p.time_ns > c->end_ns) {
			if (c->end_ns != UINT64_MAX)
				end(c);
			return;
		}
		if (!put_packet(c, &p))
			return; // goes on when it is drained
		dp_capture_pop(c->id);
		if (--c->left == 0)
			c->end_ns = 0;
	}
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	pump(arg);
}

// ---- The stream ---------------------------------------------------------------------------------

static void stream_close(void *stream)
{
	struct capture *c = stream;

	if (c->id >= 0)
		dp_capture_close(c->id);
	if (c->poll != NULL)
		event_free(c->poll);
	free(c);
}

static const char *why_not(int bad)
{
	return bad == -EBUSY      ? "there are as many captures as there can be; end one of them"
		: bad == -ENOBUFS ? "the workers are too busy; try again"
				  : strerror(-bad);
}

static void *stream_open(
	void *arg, struct mgmt_client *to, const cJSON *args, char *err, size_t err_size)
{
	static const struct timeval often = {.tv_usec = POLL_US};
	struct dp_msg_capture want = {0};
	struct capture *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		snprintf(err, err_size, "%s", strerror(ENOMEM));
		return NULL;
	}
	c->env = arg;
	c->to = to;
	c->id = -1;
	c->end_ns = UINT64_MAX;
	if (!read_args(c, args, &want, err, err_size))
		goto out;
	c->start_ns = c->env->mono_ns();
	c->wall_ns = c->env->wall_ns() - c->start_ns;
	c->poll = event_new(c->env->base, -1, EV_PERSIST, on_poll, c);
	c->id = dp_capture_open(&want);
	if (c->id >= 0 && c->poll != NULL && event_add(c->poll, &often) == 0)
		return c;
	snprintf(err, err_size, "%s", why_not(c->id < 0 ? c->id : -ENOMEM));
out:
	stream_close(c);
	return NULL;
}

static void stream_drained(void *stream)
{
	pump(stream);
}

// What the workers have copied until now is put still.
static void stream_finish(void *stream)
{
	struct capture *c = stream;

	c->end_ns = c->env->mono_ns();
	pump(c);
}

const struct mgmt_streams capture_streams = {.command = "capture",
	.open = stream_open,
	.drained = stream_drained,
	.finish = stream_finish,
	.close = stream_close};
