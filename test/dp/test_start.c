// SPDX-License-Identifier: BSD-3-Clause
// dp_start() where memory-mb does not hold what is configured: the error says what was found, what was
// expected, and what to do; and who does that, starts. A process has one EAL, so each start is a child's.
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dp/dp.h"

// What dp_start() says of so many sessions in so much memory; "" when it starts.
static const char *start(unsigned int sessions, unsigned int memory_mb, unsigned int n_workers)
{
	static char err[512];
	struct dp_options o = {.n_ifaces = 2,
		.n_workers = n_workers,
		.memory_mb = memory_mb,
		.poll_adaptive = true,
		.sessions_max = sessions,
		.streams_max = 16,
		.instance_name = "test-start"};
	int ends[2], status;
	ssize_t n;

	for (unsigned int i = 0; i < 2; i++) {
		o.ifaces[i].descriptors = 64;
		snprintf(o.ifaces[i].name, sizeof(o.ifaces[i].name), "if%u", i);
		snprintf(o.ifaces[i].device, sizeof(o.ifaces[i].device), "net_null%u", i);
	}
	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		int bad = dp_start(&o, err, sizeof(err));

		if (bad == 0)
			dp_stop();
		else if (write(ends[1], err, strlen(err)) < 0)
			_exit(3);
		_exit(bad == 0 ? 0 : bad == -ENOMEM ? 1 : 2);
	}
	close(ends[1]);
	n = read(ends[0], err, sizeof(err) - 1);
	close(ends[0]);
	assert_true(wait(&status) > 0);
	err[n > 0 ? n : 0] = '\0';
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (n > 0));
	return err;
}

static unsigned int number_after(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	if (at == NULL)
		fail_msg("no \"%s\" in: %s", what, text);
	return (unsigned int)atoi(at + strlen(what));
}

static void test_sessions(void **state)
{
	static const struct {
		unsigned int sessions, memory_mb, n_workers;
	} t[] = {{1000000, 96, 2}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *err = start(t[i].sessions, t[i].memory_mb, t[i].n_workers);
		unsigned int raise, lower;

		assert_int_equal(number_after(err, "sessions-max: found "), t[i].sessions);
		assert_int_equal(number_after(err, "leave of memory-mb "), t[i].memory_mb);
		raise = number_after(err, "raise memory-mb to ");
		lower = number_after(err, "lower sessions-max to ");
		assert_in_range(raise, t[i].memory_mb + 1, 1000);
		assert_in_range(lower, 1024, t[i].sessions);
		assert_string_equal(start(t[i].sessions, raise, t[i].n_workers), "");
		assert_string_equal(start(lower, t[i].memory_mb, t[i].n_workers), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sessions)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
