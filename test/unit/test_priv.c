// SPDX-License-Identifier: BSD-3-Clause
// Privileges are shed for good, so each case is a process of its own.
#include "test/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cp/priv.h"

static int status_of(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int start(void)
{
	struct rlimit core;

	if (priv_start() != 0)
		return 1;
	getrlimit(RLIMIT_CORE, &core);
	return prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
			core.rlim_max == 0
		? 0
		: 2;
}

static void *try_unshare(void *arg)
{
	*(int *)arg = unshare(CLONE_NEWNET) < 0 ? errno : 0;
	return NULL;
}

static void *try_when_told(void *arg)
{
	int *go = arg;
	char c;

	if (read(go[0], &c, 1) == 1)
		try_unshare(&go[0]);
	return NULL;
}

// A thread that was there before, and one that is made afterwards.
static int forbid(void)
{
	char *const argv[] = {"/bin/true", NULL};
	int go[2], later = 0;
	pthread_t before, after;

	if (priv_start() != 0 || pipe(go) != 0 ||
		pthread_create(&before, NULL, try_when_told, go) != 0)
		return 1;
	if (priv_forbid_calls() != 0)
		return 2;
	if (write(go[1], "x", 1) != 1 || pthread_join(before, NULL) != 0 || go[0] != EPERM)
		return 3;
	if (pthread_create(&after, NULL, try_unshare, &later) != 0)
		return 4;
	if (pthread_join(after, NULL) != 0 || later != EPERM)
		return 5;
	if (execv(argv[0], argv) != -1 || errno != EPERM)
		return 6;
	if (fork() != -1 || errno != EPERM)
		return 7;
	return open("/dev/null", O_RDONLY) >= 0 ? 0 : 8;
}

static int shed(void)
{
	// Root or not: a thread without capabilities may not make a namespace.
	if (priv_shed_worker() != 0)
		return 1;
	return unshare(CLONE_NEWNET) == -1 && errno == EPERM ? 0 : 2;
}

static void test_start(void **state)
{
	assert_int_equal(status_of(start), 0);
}

static void test_forbid(void **state)
{
	assert_int_equal(status_of(forbid), 0);
}

static void test_shed(void **state)
{
	if (geteuid() != 0)
		skip(); // the bounding set is root's to change
	assert_int_equal(status_of(shed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_forbid),
		cmocka_unit_test(test_shed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
