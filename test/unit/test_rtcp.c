// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/rtcp.h"

#define RR   "80c90001 11111111"
#define SDES "81ca0002 11111111 01020000"
#define SR   "80c80006 11111111 00000000 00000000 00000000 00000000 00000000"

// RFC 3550 A.2, with RFC 5506's leave to begin with anything.
static void test_whole(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
	} t[] = {
		{RR, true}, {SR, true}, {RR SDES, true}, {SR SDES, true},
		{"80cc0001 11111111", true}, // APP alone
		{"80cb0000 " RR, true},      // BYE without a source first
		{"", false}, {"80c90001 111111", false}, {"80c90000 ", false}, // no SSRC
		{"40c90001 11111111", false},                                  // version
		{"80bf0001 11111111", false},                                  // type
		{"80e00001 11111111", false}, {"80c90002 11111111", false}, // longer than there is
		{"80c90000 11111111", false},                               // the rest is no packet
		{RR "80", false}, {RR "80ca00", false}, {RR "80ca0001", false},
		{RR "40ca0000", false}, {"80c9ffff 11111111", false},
		{RR "a1ca0002 11111111 00000004", true}, // padding, in the last
		{"a0c90001 11111111" SDES, false},       // and in the first
		{"a0c90002 11111111 00000004 a1ca0002 11111111 00000004", false}, // and in both
		{RR "a1ca0002 11111111 00000000", false}, {RR "a1ca0002 11111111 00000003", false},
		{RR "a1ca0002 11111111 00000008", true},
		{RR "a1ca0002 11111111 0000000c", false}, // into the header
	};
	uint8_t p[128];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = unhex(t[i].hex, p);

		assert_int_equal(rtcp_ok(p, n), t[i].ok);
	}
}

// All that can be seen of SRTCP.
static void test_head(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
	} t[] = {
		{RR, true},
		{"80c9ffff deadbeef 0102",
			true}, // its length is not compared: there may be a trailer
		{"80c90001 111111", false},
		{"00c90001 11111111", false},
		{"80800001 11111111", false}, // RTP with a marker
		{"", false},
	};
	uint8_t p[128];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = unhex(t[i].hex, p);

		assert_int_equal(rtcp_head_ok(p, n), t[i].ok);
	}
	assert_int_equal(unhex("80c90001 deadbeef", p), 8);
	assert_int_equal(rtcp_ssrc(p), 0xdeadbeef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
