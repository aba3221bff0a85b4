// SPDX-License-Identifier: BSD-3-Clause
// dp_start() where memory-mb does not hold what is configured: the error says what was found, what was
// expected, and what to do; and who does that, starts. And by which SRTP engine it works. A process has one
// EAL, so each start is a child's.
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dp/dp.h"

static struct dp_options options(
	unsigned int sessions, unsigned int memory_mb, unsigned int n_workers)
{
	struct dp_options o = {.n_ifaces = 2,
		.n_workers = n_workers,
		.memory_mb = memory_mb,
		.poll_adaptive = true,
		.sessions_max = sessions,
		.streams_max = 16,
		.instance_name = "test-start"};

	for (unsigned int i = 0; i < 2; i++) {
		o.ifaces[i].descriptors = 64;
		snprintf(o.ifaces[i].name, sizeof(o.ifaces[i].name), "if%u", i);
		snprintf(o.ifaces[i].device, sizeof(o.ifaces[i].device), "net_null%u", i);
	}
	return o;
}

enum outcome { STARTED, NO_MEMORY, OTHERWISE };

// What becomes of dp_start(); *says: which SRTP engine it has, or why it does not start.
static enum outcome start(const struct dp_options *o, const char **says)
{
	static char text[512];
	int ends[2], status;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		int bad = dp_start(o, text, sizeof(text));

		if (bad == 0) {
			snprintf(text, sizeof(text), "%s", dp_srtp_engine());
			dp_stop();
		}
		n = write(ends[1], text, strlen(text));
		_exit(n < 0 ? 99 : bad == 0 ? STARTED : bad == -ENOMEM ? NO_MEMORY : OTHERWISE);
	}
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	assert_true(wait(&status) > 0);
	text[n > 0 ? n : 0] = '\0';
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= OTHERWISE);
	*says = text;
	return (enum outcome)WEXITSTATUS(status);
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
		struct dp_options o = options(t[i].sessions, t[i].memory_mb, t[i].n_workers);
		unsigned int raise, lower;
		const char *err;

		assert_int_equal(start(&o, &err), NO_MEMORY);
		assert_int_equal(number_after(err, "sessions-max: found "), t[i].sessions);
		assert_int_equal(number_after(err, "leave of memory-mb "), t[i].memory_mb);
		raise = number_after(err, "raise memory-mb to ");
		lower = number_after(err, "lower sessions-max to ");
		assert_in_range(raise, t[i].memory_mb + 1, 1000);
		assert_in_range(lower, 1024, t[i].sessions);
		o.memory_mb = raise;
		assert_int_equal(start(&o, &err), STARTED);
		o = options(lower, t[i].memory_mb, t[i].n_workers);
		assert_int_equal(start(&o, &err), STARTED);
	}
}

// The one that is asked for, if the processor can do it, and is named as such.
static void test_srtp_engine(void **state)
{
	static const struct {
		const char *asked, *named;
	} t[] = {
		{"ipsec-mb-avx512", ", AVX-512"},
		{"ipsec-mb-avx2", ", AVX2"},
		{"ipsec-mb-sse", ", SSE"},
		{"openssl", "OpenSSL 3."},
	};
	struct dp_options o = options(1024, 96, 1);
	const char *says;
	char best[512] = "";

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		enum outcome got;

		o.srtp_engine = t[i].asked;
		got = start(&o, &says);
		if (got != STARTED)
			continue; // not on this processor
		if (strstr(says, t[i].named) == NULL)
			fail_msg("%s: %s", t[i].asked, says);
		if (best[0] == '\0')
			strcpy(best, says);
	}
	assert_non_null(strstr(says, "OpenSSL 3.")); // which every one can do
	o.srtp_engine = "auto";
	assert_int_equal(start(&o, &says), STARTED);
	assert_string_equal(says, best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_srtp_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
