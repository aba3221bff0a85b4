// SPDX-License-Identifier: BSD-3-Clause
// Privileges are shed for good, so each case is a process of its own.
#include "test/unit/test.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

// Whether the kernel's flags of the mapping that holds an address ("rd wr lo dd" and others) have one.
static bool has_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	bool here = false, found = false;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (unsigned long)p >= from && (unsigned long)p < to;
		if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(f);
	return found;
}

static int drop(unsigned int capability)
{
	capng_get_caps_process();
	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability);
	return capng_apply(CAPNG_SELECT_CAPS);
}

static bool has(unsigned int capability)
{
	return capng_get_caps_process() == 0 &&
		capng_have_capability(CAPNG_PERMITTED, capability) == 1;
}

static int key_memory(void)
{
	char *key;

	if (priv_key_memory(3u << 20) != 0)
		return 1;
	key = OPENSSL_secure_malloc(376);
	if (key == NULL || !CRYPTO_secure_allocated(key) || !has_flag(key, " lo") ||
		!has_flag(key, " dd"))
		return 2;
	OPENSSL_secure_clear_free(key, 376);
	return 0;
}

// As many blocks as were asked for, and no more.
static int key_memory_size(void)
{
	size_t block = priv_key_block(376), n = 0;

	if (block != 512 || priv_key_block(1) != 64 || priv_key_block(1024) != 1024)
		return 1;
	if (priv_key_memory(1024 * block) != 0)
		return 2;
	while (OPENSSL_secure_malloc(376) != NULL)
		n++;
	return n == 1024 ? 0 : 3;
}

// Without the right to lock, the memory is there, but it is told.
static int key_memory_unlocked(void)
{
	const struct rlimit none = {0};

	if (drop(CAP_IPC_LOCK) != 0 || setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return 1;
	if (priv_key_memory(1u << 20) != -EPERM)
		return 2;
	return OPENSSL_secure_malloc(376) != NULL ? 0 : 3;
}

static const struct rlimit few = {64u << 10, 64u << 10};

// What was there, and what comes later, when rights are shed and the limit is passed.
static int lock_all_kept(bool right)
{
	static char fixed[64];
	char local = 0, *early = malloc(64), *late;

	if (has_flag(fixed, " lo") || setrlimit(RLIMIT_MEMLOCK, &few) < 0 || priv_lock_all() != 0)
		return 1;
	if (!has_flag(fixed, " lo") || !has_flag(&local, " lo") || !has_flag(early, " lo"))
		return 2;
	if (priv_shed_worker() != 0 || has(CAP_IPC_LOCK) != right)
		return 3;
	late = malloc(1u << 20);
	return late != NULL && has_flag(late, " lo") ? 0 : 4;
}

// No right is kept for it where the limit can be raised.
static int lock_all(void)
{
	return lock_all_kept(!has(CAP_SYS_RESOURCE));
}

static int lock_all_limited(void)
{
	return drop(CAP_SYS_RESOURCE) != 0 ? 9 : lock_all_kept(true);
}

// Without the right all goes on, and nothing is locked of which more could not be had later.
static int lock_all_unlocked(void)
{
	char local = 0;

	if (setrlimit(RLIMIT_MEMLOCK, &few) < 0 || drop(CAP_IPC_LOCK) != 0 ||
		drop(CAP_SYS_RESOURCE) != 0)
		return 1;
	if (priv_lock_all() != -EPERM || has_flag(&local, " lo"))
		return 2;
	return priv_shed_worker() == 0 ? 0 : 3;
}

static void test_key_memory(void **state)
{
	assert_int_equal(status_of(key_memory), 0);
	assert_int_equal(status_of(key_memory_size), 0);
}

static void test_srtp4_lock_all(void **state)
{
#ifdef __SANITIZE_ADDRESS__
	skip(); // it lets nobody lock all of its own memory
#endif
	if (geteuid() != 0)
		skip(); // the bounding set is root's to change
	assert_int_equal(status_of(lock_all), 0);
	assert_int_equal(status_of(lock_all_limited), 0);
}

static void test_key_memory_unlocked(void **state)
{
	if (geteuid() != 0)
		skip(); // the bounding set is root's to change
	assert_int_equal(status_of(key_memory_unlocked), 0);
	assert_int_equal(status_of(lock_all_unlocked), 0);
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
		cmocka_unit_test(test_key_memory),
		cmocka_unit_test(test_key_memory_unlocked),
		cmocka_unit_test(test_srtp4_lock_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
