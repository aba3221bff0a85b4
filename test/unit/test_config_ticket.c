// SPDX-License-Identifier: BSD-3-Clause
// What a uc-ime says of tickets and callers, and the passwords in their files.
#include "test/unit/config_edit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sip.h"

static char dir[64], told[4096]; // the faults of the last one

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/callgate-config-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void write_file(const char *name, const char *text)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

// The faults must have `want` in them; NULL: there are none.
static struct config *with(const char *find, const char *put, bool files, const char *want)
{
	char text[2 * sizeof(config_right)];
	struct config_errors errs = {0};
	struct config *c;

	told[0] = '\0';
	strcpy(text, config_right);
	edit(text, sizeof(text), find, put);
	if (config_parse(str_from(text), dir, files, &c, &errs) != 0) {
		faults_text(&errs, told, sizeof(told));
		config_errors_free(&errs);
	}
	if (want == NULL && c == NULL)
		fail_msg("%s", told);
	if (want != NULL && strstr(told, want) == NULL)
		fail_msg("no \"%s\" in %s", want, told);
	return c;
}

static void test_values(void **state)
{
	struct config *c = with("skew: 0}",
		"skew: 0, grace: 7776000, previous: {epoch: 255, password-file: old, until: "
		"2026-12-01T00:00:00Z}}\n"
		"    domains: {allow: [b.example, .c.example], deny: [x.c.example]}\n"
		"    did-normalise: [{strip: 00, add: +}, {add: +1408, length: 7}]\n"
		"    outside-allow-method: [OPTIONS, INFO]",
		false, NULL);
	const struct config_ime *m = &c->imes[0];

	assert_int_equal(m->ticket_grace_s, 7776000);
	assert_int_equal(m->previous_epoch, 255);
	assert_int_equal(m->previous_until_s, 1796083200);
	assert_int_equal(m->callers[CALLERS_ALLOW].n, 2);
	assert_string_equal(m->callers[CALLERS_ALLOW].list[1].name, ".c.example");
	assert_int_equal(m->callers[CALLERS_DENY].n, 1);
	assert_string_equal(m->callers[CALLERS_DENY].list[0].name, "x.c.example");
	assert_int_equal(m->n_did_rules, 2);
	assert_string_equal(m->did_rules[0].strip, "00");
	assert_string_equal(m->did_rules[0].add, "");
	assert_string_equal(m->did_rules[1].strip, "");
	assert_string_equal(m->did_rules[1].add, "1408");
	assert_int_equal(m->did_rules[1].length, 7);
	assert_int_equal(m->outside_methods, 1u << SIP_OPTIONS | 1u << SIP_INFO);
	assert_string_equal(c->state_folder, "/var/lib/callgate");
	config_free(c);

	c = with("hostname: cg", "hostname: cg\nstate-folder: s", false, NULL);
	assert_int_equal(strncmp(c->state_folder, dir, strlen(dir)), 0); // beside the file
	assert_string_equal(c->state_folder + strlen(dir), "/s");
	m = &c->imes[0];
	assert_int_equal(m->ticket_grace_s, 0);
	assert_int_equal(m->previous_epoch, 0);
	assert_int_equal(m->callers[CALLERS_ALLOW].n + m->callers[CALLERS_DENY].n, 0);
	assert_int_equal(m->n_did_rules, 0);
	assert_int_equal(m->outside_methods, 0);
	config_free(c);
}

#define PREVIOUS "skew: 0, previous: {epoch: 2, password-file: old, until: 2026-12-01T00:00:00Z}"

static void test_previous_password(void **state)
{
	write_file("ticket.password", "password-1\n");
	assert_null(with("skew: 0", PREVIOUS, true, "old (No such file or directory)"));
	write_file("old", "short\n");
	assert_null(with("skew: 0", PREVIOUS, true,
		"password-file: found a password of 5 characters, expected 10 to 64"));
}

// E1, and CLI-2: nothing of a password is told.
static void test_strict_password(void **state)
{
	static const char fault[] =
		"found a password with a character beyond s, expected characters from ! to s, "
		"because parity is strict (E1)";

	write_file("ticket.password", "password1234\n"); // the manual's own example
	assert_null(with("    did-source: request-uri", "    parity: strict", true, fault));
	write_file("ticket.password", "PASSWORD1234s\n");
	assert_null(with("    did-source: request-uri", "    parity: strict", true, "b.crt"));
	assert_null(strstr(told, fault)); // the certificates are missing, as above
}

static void test_cli2_passwords_are_forgotten(void **state)
{
	struct config_ime ime = {.epoch = 1, .password = "password-1", .previous_password = "old"};
	static const struct config_ime wiped = {0};
	struct config c = {.imes = &ime, .n_imes = 1};

	config_forget_passwords(&c);
	assert_memory_equal(ime.password, wiped.password, sizeof(ime.password));
	assert_memory_equal(
		ime.previous_password, wiped.previous_password, sizeof(ime.previous_password));
	assert_int_equal(ime.epoch, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_previous_password),
		cmocka_unit_test(test_strict_password),
		cmocka_unit_test(test_cli2_passwords_are_forgotten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
