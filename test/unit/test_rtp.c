// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/rtp.h"

// RTP-5: version, length, CSRC list, extension.
static void test_rtp5_parse(void **state)
{
	static const struct {
		const char *hex;
		int len; // of the header; -1: refused
	} t[] = {
		{"8000 0001 00000002 00000003", 12},
		{"8000 0001 00000002 000000", -1},
		{"4000 0001 00000002 00000003", -1}, // version 1
		{"c000 0001 00000002 00000003", -1}, // version 3
		{"", -1},
		{"8200 0001 00000002 00000003 11111111 22222222", 20},
		{"8200 0001 00000002 00000003 11111111 222222", -1},
		{"9000 0001 00000002 00000003 bede0001 00000000", 20},
		{"9000 0001 00000002 00000003 bede0000", 16},
		{"9000 0001 00000002 00000003 bede0002 00000000", -1},
		{"9000 0001 00000002 00000003 bedeffff 00000000", -1},
		{"9000 0001 00000002 00000003 bede00", -1},
		{"9100 0001 00000002 00000003 11111111 bede0001 00000000 ff", 24},
	};
	uint8_t p[64];
	struct rtp_hdr h = {0};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = unhex(t[i].hex, p);

		assert_int_equal(rtp_parse(p, n, &h), t[i].len >= 0);
		if (t[i].len >= 0)
			assert_int_equal(h.len, t[i].len);
	}
}

static void test_fields(void **state)
{
	struct rtp_hdr h = {0};
	uint8_t p[16];
	size_t n = unhex("a0 89 fffe 01020304 deadbeef", p);

	assert_true(rtp_parse(p, n, &h));
	assert_int_equal(h.pt, 9);
	assert_true(h.marker);
	assert_true(h.padded);
	assert_int_equal(h.seq, 0xfffe);
	assert_int_equal(h.ts, 0x01020304);
	assert_int_equal(h.ssrc, 0xdeadbeef);
}

static void test_padding(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
	} t[] = {
		{"a000 0001 00000002 00000003 00000004", true},
		{"a000 0001 00000002 00000003 00000005", false}, // into the header
		{"a000 0001 00000002 00000003 00000000", false},
		{"a000 0001 00000002 00000003", false},
		{"8000 0001 00000002 00000003 000000ff", true},
	};
	struct rtp_hdr h = {0};
	uint8_t p[64];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = unhex(t[i].hex, p);

		assert_true(rtp_parse(p, n, &h));
		assert_int_equal(rtp_padding_ok(p, n, &h), t[i].ok);
	}
}

// RTP-4.
static void test_rtcp(void **state)
{
	static const struct {
		uint8_t second;
		bool rtcp;
	} t[] = {{191, false}, {192, true}, {200, true}, {223, true}, {224, false}, {0, false}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint8_t p[2] = {0x80, t[i].second};

		assert_int_equal(rtp_is_rtcp(p, 2), t[i].rtcp);
		assert_false(rtp_is_rtcp(p, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtp5_parse),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_rtcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
