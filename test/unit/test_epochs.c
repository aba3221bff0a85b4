// SPDX-License-Identifier: BSD-3-Clause
// Ticket passwords that change under traffic (protocol.md 2.12).
#include "test/unit/test.h"

#include <errno.h>

#include "cp/epochs.h"

#define NOW 1772323200u

static const struct config_ime configured = {.epoch = 1, .password = "password-1"};

static struct ticket_policy policy_of(const struct epochs *e)
{
	struct ticket_policy p = {0};

	epochs_policy(e, &p);
	return p;
}

static int change(struct epochs *e, uint8_t epoch, const char *password, uint32_t grace_s)
{
	char err[256] = "";
	int r = epochs_change(e, epoch, str_from(password), grace_s, NOW, err, sizeof(err));

	assert_int_equal(r == -EINVAL, err[0] != '\0');
	assert_null(strstr(err, "password-")); // CLI-2
	return r;
}

static void test_cli1_together(void **state)
{
	static const struct {
		uint8_t epoch;
		const char *password;
		int want;
	} t[] = {
		{2, "password-2", 0}, {1, "password-1", -EALREADY},
		{1, "password-2", -EINVAL},                    // a new password, the same epoch
		{1, "password-11", -EINVAL}, {2, "", -EINVAL}, // a new epoch, no password
		{0, "password-2", -EINVAL}, {2, "short-one", -EINVAL}, {2, "with a blank", -EINVAL},
		{2, "12345678901234567890123456789012345678901234567890123456789012345", -EINVAL},
		{2, "password-1", 0}, // under another epoch it is another secret
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct epochs *e = epochs_new(&configured);
		bool changed = t[i].want == 0;

		assert_int_equal(change(e, t[i].epoch, t[i].password, 0), t[i].want);
		assert_int_equal(policy_of(e).now.epoch, changed ? t[i].epoch : 1);
		assert_true(str_eq(policy_of(e).now.password,
			str_from(changed ? t[i].password : "password-1")));
		assert_int_equal(policy_of(e).previous.epoch, 0);
		epochs_free(e);
	}
}

// E1: the manual's grammar ends at s.
static void test_strict(void **state)
{
	struct config_ime cfg = configured;
	struct epochs *e;

	cfg.parity_strict = true;
	e = epochs_new(&cfg);
	assert_int_equal(change(e, 2, "password-2", 0), -EINVAL); // w
	assert_int_equal(change(e, 2, "PASSWORD-2s", 0), 0);
	epochs_free(e);
}

static void test_grace(void **state)
{
	struct epochs *e = epochs_new(&configured);

	assert_false(epochs_expire(e, UINT64_MAX)); // there is nothing
	assert_int_equal(change(e, 2, "password-2", 100), 0);
	assert_int_equal(policy_of(e).previous.epoch, 1);
	assert_true(str_eq(policy_of(e).previous.password, STR_LIT("password-1")));
	assert_int_equal(epochs_info(e).previous_until, NOW + 100);
	assert_int_equal(change(e, 3, "password-3", 50), 0); // one before, never two
	assert_int_equal(policy_of(e).previous.epoch, 2);
	assert_false(epochs_expire(e, NOW + 49));
	assert_true(epochs_expire(e, NOW + 50));
	assert_int_equal(policy_of(e).previous.epoch, 0);
	assert_int_equal(policy_of(e).previous.password.n, 0);
	assert_int_equal(policy_of(e).now.epoch, 3);
	assert_false(epochs_expire(e, NOW + 50));
	assert_int_equal(change(e, 4, "password-4", 100), 0);
	assert_int_equal(change(e, 5, "password-5", 0), 0); // without grace both are gone
	assert_int_equal(policy_of(e).previous.epoch, 0);
	epochs_free(e);
}

// CLI-2: what is not needed any more is nowhere in it.
static void test_cli2_wiped(void **state)
{
	struct epochs *e = epochs_new(&configured);

	change(e, 2, "password-2", 100);
	assert_non_null(memmem(e, epochs_size(), "password-1", 10));
	epochs_expire(e, NOW + 100);
	assert_null(memmem(e, epochs_size(), "password-1", 10));
	change(e, 3, "password-3", 0);
	assert_null(memmem(e, epochs_size(), "password-2", 10));
	epochs_free(e);
	epochs_free(NULL);
}

static void test_configured(void **state)
{
	struct config_ime cfg = configured;
	struct epochs *e;

	cfg.previous_epoch = 255;
	strcpy(cfg.previous_password, "password-255");
	cfg.previous_until_s = NOW;
	e = epochs_new(&cfg);
	assert_int_equal(policy_of(e).previous.epoch, 255);
	assert_true(str_eq(policy_of(e).previous.password, STR_LIT("password-255")));
	assert_true(epochs_expire(e, NOW));
	epochs_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cli1_together),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_cli2_wiped),
		cmocka_unit_test(test_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
