// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/log_capture.h"

#include <string.h>
#include <unistd.h>

#include "cp/log.h"

uint64_t log_capture_ns;

static char out[1 << 17], line[LOG_LINE_MAX];
static int saved = -1, pipe_fd[2];

static uint64_t mono_ns(void)
{
	return log_capture_ns;
}

static int64_t wall_ns(void)
{
	return 1767225600ll * 1000000000; // 2026-01-01
}

void log_capture_open(uint8_t severity_max, bool json)
{
	char host[] = "cg"; // gone when lines are written, as a configuration is at the end

	log_capture_ns += 3600 * 1000000000ull;
	log_open(&(struct log_options){.style = {.host = host, .json = json},
		.severity_max = severity_max,
		.mono_ns = mono_ns,
		.wall_ns = wall_ns});
	memset(host, 'x', sizeof(host) - 1);
}

void log_capture(void)
{
	assert_int_equal(pipe(pipe_fd), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fd[1], STDERR_FILENO);
}

int log_capture_fd(void)
{
	return pipe_fd[0];
}

const char *log_captured(void)
{
	size_t n = 0;
	ssize_t got;

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[1]);
	while (n < sizeof(out) - 1 && (got = read(pipe_fd[0], out + n, sizeof(out) - 1 - n)) > 0)
		n += (size_t)got;
	close(pipe_fd[0]);
	out[n] = '\0';
	return out;
}

const char *log_line_with(const char *captured, const char *a, const char *b)
{
	for (const char *p = captured; *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (memmem(p, n, a, strlen(a)) != NULL && memmem(p, n, b, strlen(b)) != NULL) {
			assert_true(str_copy((struct str){p, n}, line, sizeof(line)));
			return line;
		}
		p += n + (p[n] == '\n');
	}
	fail_msg("no line with %s and %s in:\n%s", a, b, captured);
	return NULL;
}
