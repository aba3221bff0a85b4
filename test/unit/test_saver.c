// SPDX-License-Identifier: BSD-3-Clause
// The file that is written beside the loop, on a real file system.
#include "test/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp/saver.h"

static char dir[64], path[128], err[256];

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/callgate-saver-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/state", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static struct saver *open_saver(void)
{
	struct saver *s;

	if (saver_new(&s, path, "x.revoked", err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return s;
}

static void put(struct saver *s, const char *text)
{
	saver_put(s, strdup(text), strlen(text));
}

static int settle(struct saver *s)
{
	int state;

	for (int i = 0; (state = saver_state(s)) == -EINPROGRESS && i < 5000; i++)
		usleep(1000);
	return state;
}

static void expect_content(struct saver *s, const char *want)
{
	size_t n;
	char *text = saver_load(s, 64, &n, err, sizeof(err));

	assert_string_equal(text, want);
	assert_int_equal(n, strlen(want));
	free(text);
}

static void test_kept(void **state)
{
	struct saver *s = open_saver();
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	expect_content(s, "");
	assert_int_equal(saver_state(s), 0);
	put(s, "one");
	assert_int_equal(settle(s), 0);
	expect_content(s, "one");
	for (int i = 0; i < 100; i++) { // the newest wins
		char text[16];

		snprintf(text, sizeof(text), "number %d", i);
		put(s, text);
	}
	saver_free(s); // waits for it
	s = open_saver();
	expect_content(s, "number 99");
	saver_free(s);
	saver_free(NULL);
}

// The old file stays whole, and the next try is made.
static void test_cannot_write(void **state)
{
	struct saver *s = open_saver();
	char beside[160];

	put(s, "old");
	assert_int_equal(settle(s), 0);
	snprintf(beside, sizeof(beside), "%s/x.revoked.new", path);
	assert_int_equal(mkdir(beside, 0700), 0);
	put(s, "new");
	assert_int_equal(settle(s), -EISDIR);
	expect_content(s, "old");
	assert_int_equal(rmdir(beside), 0);
	put(s, "new");
	assert_int_equal(settle(s), 0);
	expect_content(s, "new");
	saver_free(s);
}

static void test_too_long(void **state)
{
	struct saver *s = open_saver();
	size_t n;

	put(s, "12345");
	settle(s);
	assert_null(saver_load(s, 4, &n, err, sizeof(err)));
	assert_non_null(strstr(err, "longer than it can be"));
	saver_free(s);
}

// A folder that others may write to could be made to hold anything.
static void test_folders(void **state)
{
	struct saver *s;
	char deep[160];

	snprintf(deep, sizeof(deep), "%s/no/such", dir);
	assert_int_equal(saver_new(&s, deep, "x", err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, deep));
	mkdir(path, 0700);
	for (mode_t mode = 0; mode <= 0777; mode++) {
		bool good = (mode & 0300) == 0300 && (mode & 022) == 0;
		int e;

		chmod(path, mode);
		if (mode != 0700 && mode != 0755 && good)
			continue;
		e = saver_new(&s, path, "x", err, sizeof(err));
		if (good && e == 0)
			saver_free(s);
		else if (good || e != -EPERM || strstr(err, "expected one of user") == NULL)
			fail_msg("mode %04o: %d %s", mode, e, err);
	}
	rmdir(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(saver_new(&s, path, "x", err, sizeof(err)), -ENOTDIR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept),
		TEST(cannot_write),
		TEST(too_long),
		TEST(folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
