// SPDX-License-Identifier: BSD-3-Clause
// A restart that brings back an old epoch, or a new password under one, says so.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cp/alarm.h"
#include "cp/epoch_last.h"
#include "cp/log.h"

static const struct config_ime cfg = {.name = "ime"};
static char dir[64], path[96], err[256];

static int setup(void **state)
{
	log_set_severity(3);
	snprintf(dir, sizeof(dir), "/tmp/callgate-epoch-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/ime.epoch", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[80];

	alarms_reset();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static struct ticket_secret secret(uint8_t epoch, const char *password)
{
	return (struct ticket_secret){epoch, str_from(password)};
}

// callgated runs with a pair of its configuration, and with one of a command; 0: no command.
// Returns the alarm's text at the start, "" for none.
static const char *run(uint8_t epoch, const char *password, uint8_t then, const char *then_password)
{
	struct ticket_secret s = secret(epoch, password), t = secret(then, then_password);
	static char text[160];
	struct epoch_last *l;

	alarms_reset();
	assert_int_equal(epoch_last_new(&l, &cfg, dir, err, sizeof(err)), 0);
	epoch_last_start(l, &s, 1);
	snprintf(text, sizeof(text), "%s", alarm_get(ALARM_TICKET_EPOCH)->text);
	if (then != 0)
		epoch_last_change(l, &t, 2);
	assert_false(then != 0 && alarm_get(ALARM_TICKET_EPOCH)->active);
	epoch_last_free(l);
	return text;
}

static void test_cli1_over_a_restart(void **state)
{
	assert_string_equal(run(1, "password-1", 0, ""), "");
	assert_string_equal(run(1, "password-1", 0, ""), "");
	assert_non_null(strstr(run(1, "password-2", 0, ""), "new password for ticket epoch 1"));
	assert_string_equal(run(1, "password-2", 0, ""), ""); // it is the old one now
	assert_string_equal(run(2, "password-3", 0, ""), ""); // together, as they should
}

static void test_command_that_the_file_does_not_know(void **state)
{
	assert_string_equal(run(1, "password-1", 2, "password-2"), "");
	assert_non_null(strstr(run(1, "password-1", 0, ""), "ticket epoch 2 in force, but"));
	assert_string_equal(run(1, "password-1", 3, "password-3"), "");
	assert_string_equal(run(3, "password-3", 0, ""), ""); // the file has learnt it
	assert_string_equal(run(1, "password-1", 2, "password-2"), "");
	assert_non_null(
		strstr(run(2, "password-3", 4, "password-4"), "new password")); // half of it
	assert_non_null(strstr(run(5, "password-5", 0, ""), "epoch 4 in force"));
}

static char *content(void)
{
	static char text[512];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

// CLI-2: the file holds nothing that says the password, and never the same twice.
static void test_cli2_salted(void **state)
{
	char *first;

	run(1, "password-1", 0, "");
	assert_null(strstr(content(), "password"));
	first = strdup(content());
	run(1, "password-1", 0, "");
	assert_string_not_equal(first, content());
	assert_int_equal(strncmp(first, "1 file ", 7), 0);
	assert_int_equal(strlen(first), 7 + 32 + 1 + 64 + 1);
	free(first);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {"", "\n", "1", "x y z w", "1 file ab", "-5 a b c"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *f = fopen(path, "w");

		fputs(texts[i], f);
		fclose(f);
		assert_string_equal(run(1, "password-1", 0, ""), "");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cli1_over_a_restart),
		TEST(command_that_the_file_does_not_know),
		TEST(cli2_salted),
		TEST(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
