// SPDX-License-Identifier: BSD-3-Clause
// Writes the log (cp/log.h). Each line is one write(), so that lines of several processes on one
// terminal do not mix, and holds printable characters only: what peers send ends up here.
#include "cp/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 1024
#define PER_SECOND      10
// Places are told apart by a small table; two that share a slot share a budget only while both
// are loud.
#define PLACES 256

struct place {
	const char *file;
	int line;
	time_t second;
	unsigned int written; // in this second
	unsigned int held_back;
};

static enum log_level level_max = LOG_INFO;
static struct place places[PLACES];

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};

	return names[level];
}

// Whether this line may be written now; *held_back is how many of its place were not.
static bool place_take(const char *file, int line, time_t now_s, unsigned int *held_back)
{
	struct place *p = &places[((uintptr_t)file / 16 + (unsigned int)line) % PLACES];

	*held_back = 0;
	if (p->file != file || p->line != line) {
		*p = (struct place){.file = file, .line = line, .second = now_s};
	} else if (p->second != now_s) {
		p->second = now_s;
		p->written = 0;
	}
	if (p->written == PER_SECOND) {
		p->held_back++;
		return false;
	}
	p->written++;
	*held_back = p->held_back;
	p->held_back = 0;
	return true;
}

// Control characters and octets above ASCII become '?': no line of a log may be forged.
static void make_printable(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e)
			p[i] = '?';
	}
}

// Appends as vsnprintf does and returns the new length, at most `size` - 1.
static size_t append(char *buf, size_t size, size_t len, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf + len, size - len, fmt, ap);

	if (n < 0)
		return len;
	return len + (size_t)n < size ? len + (size_t)n : size - 1;
}

void log_set_level(enum log_level level)
{
	level_max = level;
}

void log_line(enum log_level level, const char *file, int line, const char *fmt, ...)
{
	char buf[LINE_MAX_OCTETS];
	unsigned int held_back;
	struct timespec ts;
	struct tm tm;
	size_t len, head;
	va_list ap;

	if (level > level_max)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (!place_take(file, line, ts.tv_sec, &held_back))
		return;
	gmtime_r(&ts.tv_sec, &tm);
	len = strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(buf + len, sizeof(buf) - len, ".%03uZ %s ",
		(unsigned int)(ts.tv_nsec / 1000000), level_name(level));
	if (held_back > 0)
		len += (size_t)snprintf(
			buf + len, sizeof(buf) - len, "(%u like it held back) ", held_back);
	head = len;
	va_start(ap, fmt);
	len = append(buf, sizeof(buf) - 1, len, fmt, ap); // room for the line's end
	va_end(ap);
	make_printable(buf + head, len - head);
	buf[len++] = '\n';
	if (write(STDERR_FILENO, buf, len) < 0)
		return; // nobody listens, and there is no other place to say so
}
