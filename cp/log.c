// SPDX-License-Identifier: BSD-3-Clause
// Writes the log (cp/log.h). Each line is one write(), so that lines of several processes on one
// terminal do not mix.
#include "cp/log.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cp/debug.h"
#include "cp/log_limit.h"

#define TELL_PER_TICK 10 // summaries, within their own limit; the rest a second later

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct log_options options = {
	.style = {.host = "callgate"}, .severity_max = 6, .mono_ns = mono_ns, .wall_ns = wall_ns};
static struct log_limits limits;
static char host[256];
static uint64_t lost, lost_told; // lines that nobody took
static struct log_count counts[EVT_MAX];

void log_open(const struct log_options *o)
{
	struct log_options old = options;

	options = *o;
	snprintf(host, sizeof(host), "%s", o->style.host);
	options.style.host = host;
	if (o->mono_ns == NULL)
		options.mono_ns = old.mono_ns;
	if (o->wall_ns == NULL)
		options.wall_ns = old.wall_ns;
}

void log_set_severity(uint8_t max)
{
	options.severity_max = max;
}

// A pipe or a socket that is writable takes LOG_LINE_MAX octets at once.
static bool try_line(const struct event_info *e, const struct log_field *fields, size_t n)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	char buf[LOG_LINE_MAX];
	size_t len;

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
		return false;
	len = log_line_write(&options.style, e, options.wall_ns(), fields, n, buf, sizeof(buf));
	return write(STDERR_FILENO, buf, len) == (ssize_t)len;
}

static bool put_line(enum event_id id, uint8_t severity, const struct log_field *fields, size_t n)
{
	struct event_info e = *event_info(id);
	bool done;

	e.severity = severity;
	done = try_line(&e, fields, n);

	counts[id].written += done;
	lost += !done && id != EVT_LINES_LOST;
	return done;
}

void log_write(
	enum event_id id, const struct ip_addr *from, const struct log_field *fields, size_t n)
{
	log_write_as(id, event_info(id)->severity, from, fields, n);
}

void log_write_as(enum event_id id, uint8_t severity, const struct ip_addr *from,
	const struct log_field *fields, size_t n)
{
	struct log_field all[LOG_FIELDS_MAX + 1];
	uint64_t suppressed = 0;

	debug_log(id, fields, n);
	if (severity > options.severity_max)
		return;
	if (!log_limit_take(&limits, id, from, options.mono_ns(), &suppressed)) {
		counts[id].suppressed++;
		return;
	}
	if (n > LOG_FIELDS_MAX)
		n = LOG_FIELDS_MAX;
	memcpy(all, fields, n * sizeof(*all));
	all[n++] = log_nonzero("suppressed", suppressed);
	if (lost > lost_told &&
		put_line(EVT_LINES_LOST, event_info(EVT_LINES_LOST)->severity,
			LOG_FIELDS(log_u64("count", lost - lost_told))))
		lost_told = lost;
	put_line(id, severity, all, n);
}

struct log_count log_counted(enum event_id id)
{
	return counts[id];
}

uint64_t log_lost(void)
{
	return lost;
}

const struct log_options *log_opened(void)
{
	return &options;
}

static void tell(const struct log_suppressed *s)
{
	const struct event_info *e = event_info(s->event);
	bool any = ip_is_none(&s->from);

	log_event(SUPPRESSED, log_u64("count", s->count), log_u64("event", e->number),
		log_text("event_name", e->name),
		any ? log_text("source", "any") : log_ip("source", &s->from));
}

void log_tick(void)
{
	uint64_t now_ns = options.mono_ns();
	struct log_suppressed s;

	for (int i = 0; i < TELL_PER_TICK && log_limit_next(&limits, now_ns, &s); i++)
		tell(&s);
}
