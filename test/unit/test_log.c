// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cp/log.h"

static char out[65536];
static int saved = -1, pipe_fd[2];

static void capture(void)
{
	assert_int_equal(pipe(pipe_fd), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fd[1], STDERR_FILENO);
}

// What was logged since capture().
static const char *captured(void)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[1]);
	n = read(pipe_fd[0], out, sizeof(out) - 1);
	close(pipe_fd[0]);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void test_line(void **state)
{
	const char *text;

	capture();
	log_warning("peer %s", "sent\r\n2026 ERROR forged\x1b[2J\xff");
	text = captured();
	assert_int_equal(lines(text), 1);
	assert_int_equal(text[10], 'T');
	assert_non_null(strstr(text, "Z WARNING peer sent??2026 ERROR forged?[2J?\n"));
}

static void test_level(void **state)
{
	capture();
	log_debug("hidden");
	log_set_level(LOG_DEBUG);
	log_debug("shown");
	log_set_level(LOG_INFO);
	assert_null(strstr(captured(), "hidden"));
	assert_non_null(strstr(out, "DEBUG shown\n"));
}

static void test_long(void **state)
{
	char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	capture();
	log_info("%s", big);
	assert_int_equal(lines(captured()), 1);
	assert_true(strlen(out) <= 1024);
}

// One place may not fill the disk; another place is heard all the same.
static void test_held_back(void **state)
{
	const struct timespec rest = {.tv_nsec = 10000000};
	time_t second = time(NULL);

	while (time(NULL) == second) // all within one second
		nanosleep(&rest, NULL);
	capture();
	for (int i = 0; i < 26; i++) {
		if (i == 25) {
			log_info("other place");
			sleep(1);
		}
		log_info("loud %d", i);
	}
	captured();
	assert_int_equal(lines(out), 12);
	assert_non_null(strstr(out, "other place"));
	assert_non_null(strstr(out, "(15 like it held back) loud 25"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_held_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
