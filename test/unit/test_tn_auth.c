// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/tn_auth.h"
#include "test/unit/stir_pki.h"

// 12125550199; 12125550100 and the 99 behind it; code 1234.
#define NUMBER "a2 0d 16 0b 3132313235353530313939"
#define RANGE  "a1 12 30 10 16 0b 3132313235353530313030 02 01 64"
#define SPC    "a0 06 16 04 31323334"

static const struct {
	const char *der, *number;
	bool want;
} rows[] = {
	{"30 0f" NUMBER, "12125550199", true}, {"30 0f" NUMBER, "12125550198", false},
	{"30 0f" NUMBER, "1212555019", false}, {"30 0f" NUMBER, "", false},
	{"30 14" RANGE, "12125550100", true}, {"30 14" RANGE, "12125550199", true},
	{"30 14" RANGE, "12125550099", false}, {"30 14" RANGE, "12125550200", false},
	{"30 14" RANGE, "112125550150", false}, // other length
	{"30 14" RANGE, "1212555010*", false},
	{"30 08" SPC, "4930123456", true}, // all that its provider signs for
	{"30 23" RANGE NUMBER, "12125550199", true}, {"30 17" SPC NUMBER, "4930123456", true},
	// A count beyond all numbers.
	{"30 1c a1 1a 30 18 16 0b 3132313235353530313030 02 09 7fffffffffffffffff", "99999999999",
		true},
	// What is malformed anywhere gives no authority at all.
	{"", "12125550199", false}, {"30 00", "12125550199", false},
	{"30 0e" NUMBER, "12125550199", false}, {"30 10" NUMBER "00", "12125550199", false},
	{"30 0f" NUMBER "00", "12125550199", false}, {"31 0f" NUMBER, "12125550199", false},
	{"30 17" NUMBER "a3 06 16 04 31323334", "12125550199", false},
	{"30 0f a2 0d 0c 0b 3132313235353530313939", "12125550199", false}, // UTF8String
	{"30 0f a2 0d 16 0b 2b32313235353530313939", "+2125550199", false}, // with '+'
	{"30 14 a2 12 16 10 31323132353535303139393132333435", "1212555019912345", false},
	{"30 04 a2 02 16 00", "", false},
	{"30 14 a1 12 30 10 16 0b 3132313235353530313030 02 01 01", "12125550100", false}, // 2..MAX
	{"30 14 a1 12 30 10 16 0b 3132313235353530313030 02 01 e4", "12125550100", false},
	{"30 11 a1 0f 30 0d 16 0b 3132313235353530313030", "12125550100", false},
	{"30 04 a0 02 16 00", "1", false}, {"30 80" SPC "0000", "1", false}, // BER
};

static void test_covers(void **state)
{
	uint8_t der[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = unhex(rows[i].der, der);

		print_message("%s %s\n", rows[i].der, rows[i].number);
		assert_int_equal(tn_auth_covers((struct str){(const char *)der, n},
					 str_from(rows[i].number)),
			rows[i].want);
	}
}

static void test_entries(void **state)
{
	uint8_t der[64];
	size_t n = unhex("30 2b" SPC RANGE NUMBER, der);
	struct str rest = tn_auth_list((struct str){(const char *)der, n});
	struct tn_auth_entry e;

	assert_true(tn_auth_next(&rest, &e));
	assert_int_equal(e.kind, TN_AUTH_SPC);
	assert_true(str_eq(e.text, STR_LIT("1234")));
	assert_true(tn_auth_next(&rest, &e));
	assert_int_equal(e.kind, TN_AUTH_RANGE);
	assert_true(str_eq(e.text, STR_LIT("12125550100")));
	assert_int_equal(e.count, 100);
	assert_true(tn_auth_next(&rest, &e));
	assert_int_equal(e.kind, TN_AUTH_NUMBER);
	assert_true(str_eq(e.text, STR_LIT("12125550199")));
	assert_false(tn_auth_next(&rest, &e));
}

static void test_of_certificate(void **state)
{
	stir_pki_make();
	assert_int_equal(tn_auth_of(stir_pki_cert(STIR_bare)).n, 0);
	assert_true(tn_auth_covers(tn_auth_of(stir_pki_cert(STIR_range)), STR_LIT("12125550150")));
	assert_false(tn_auth_covers(tn_auth_of(stir_pki_cert(STIR_bare)), STR_LIT("12125550150")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_of_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
