// SPDX-License-Identifier: BSD-3-Clause
// The cache of derived keys by itself; test_ticket.c has it behind the check.
#include "test/unit/test.h"

#include "lib/ticket.h"
#include "lib/ticket_keys.h"

static void test_keys_lru(void **state)
{
	struct ticket_keys *k = ticket_keys_new(3);
	static const struct str salt[] = {
		STR_LIT("salt0"), STR_LIT("salt1"), STR_LIT("salt2"), STR_LIT("salt3")};
	uint8_t key[TICKET_KEY_MAX + 1] = {0};
	size_t n;

	assert_null(ticket_keys_new(0));
	for (uint8_t i = 0; i < 3; i++) {
		key[0] = i;
		ticket_keys_put(k, 1, salt[i], key, 16);
	}
	assert_int_equal(ticket_keys_get(k, 1, salt[0], &n)[0], 0); // now the newest
	assert_int_equal(n, 16);
	ticket_keys_put(k, 1, salt[3], key, 32);
	assert_null(ticket_keys_get(k, 1, salt[1], &n)); // was the oldest
	assert_non_null(ticket_keys_get(k, 1, salt[0], &n));
	assert_non_null(ticket_keys_get(k, 1, salt[2], &n));
	assert_non_null(ticket_keys_get(k, 1, salt[3], &n));
	assert_int_equal(n, 32);
	assert_null(ticket_keys_get(k, 2, salt[3], &n));         // another epoch
	assert_null(ticket_keys_get(k, 1, STR_LIT("salt"), &n)); // no prefix
	key[0] = 9;
	ticket_keys_put(k, 1, salt[3], key, 16); // replaced, not added
	assert_int_equal(ticket_keys_get(k, 1, salt[3], &n)[0], 9);
	assert_int_equal(ticket_keys_count(k), 3);
	ticket_keys_put(k, 1, STR_LIT("long key"), key, sizeof(key));
	assert_null(ticket_keys_get(k, 1, STR_LIT("long key"), &n));
	ticket_keys_clear(k);
	assert_int_equal(ticket_keys_count(k), 0);
	assert_null(ticket_keys_get(k, 1, salt[0], &n));
	ticket_keys_free(k);
}

// Many entries through few slots: every one that should be there is, with its own key.
static void test_keys_churn(void **state)
{
	struct ticket_keys *k = ticket_keys_new(64);
	size_t n;

	for (uint32_t i = 0; i < 5000; i++) {
		struct str s = {(const char *)&i, sizeof(i)};

		ticket_keys_put(k, 1, s, (const uint8_t *)&i, sizeof(i));
		for (uint32_t j = i > 63 ? i - 63 : 0; j <= i; j++) {
			const uint8_t *key = ticket_keys_get(
				k, 1, (struct str){(const char *)&j, sizeof(j)}, &n);

			assert_non_null(key);
			assert_memory_equal(key, &j, sizeof(j));
		}
	}
	assert_int_equal(ticket_keys_count(k), 64);
	ticket_keys_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_lru),
		cmocka_unit_test(test_keys_churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
