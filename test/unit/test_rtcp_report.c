// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/rtcp.h"
#include "lib/rtcp_report.h"

#define SSRC  "11111111"
#define INFO  "83aa7e80 40000000 00001000 00000010 00000a00"
#define BLOCK "22222222 40fffffe 00010000 00000050 7e804000 00018000"
// Loss 0x33, discard 0x22; R 81, none of another network; MOS 4.1 and 3.9.
#define VOIP                                                                                       \
	"07000008 22222222 33221140 00640200 00500030 ee c0 37 10 51 7f 29 27 30 00 003c 003c "    \
	"00c8"
#define SDES "81ca0002 11111111 01020000"

static struct rtcp_report read_hex(const char *hex)
{
	struct rtcp_report r;
	uint8_t p[512];
	size_t n = unhex(hex, p);

	assert_true(rtcp_ok(p, n));
	rtcp_report_read(p, n, &r);
	return r;
}

static void check_block(const struct rtcp_report *r)
{
	assert_true(r->heard);
	assert_int_equal(r->fraction_lost, 64);
	assert_int_equal(r->lost, -2); // duplicates
	assert_int_equal(r->jitter, 80);
	assert_int_equal(r->lsr, 0x7e804000);
	assert_int_equal(r->dlsr, 0x18000);
}

static void test_reports(void **state)
{
	struct rtcp_report r = read_hex("81c8000c " SSRC INFO BLOCK SDES);

	check_block(&r);
	assert_true(r.sent);
	assert_int_equal(r.sr_mid, 0x7e804000);
	assert_false(r.metrics);
	r = read_hex("81c90007 " SSRC BLOCK);
	check_block(&r);
	assert_false(r.sent);
	r = read_hex("80c80006 " SSRC INFO);
	assert_true(r.sent);
	assert_false(r.heard);
	r = read_hex("80c90001 " SSRC);
	assert_false(r.sent || r.heard || r.metrics);
}

// RFC 3611 4.7, behind another block and before one.
static void test_metrics(void **state)
{
	struct rtcp_report r =
		read_hex("80c90001 " SSRC "80cf000d " SSRC "04000002 00000000 00000000" VOIP);

	assert_true(r.metrics);
	assert_int_equal(r.loss_rate, 0x33);
	assert_int_equal(r.discard_rate, 0x22);
	assert_int_equal(r.r_factor, 81);
	assert_int_equal(r.mos_lq_x10, 41);
	assert_int_equal(r.mos_cq_x10, 39);
}

// Counts and lengths that promise more than there is.
static void test_short(void **state)
{
	struct rtcp_report r = read_hex("81c90001 " SSRC);

	assert_false(r.heard);
	r = read_hex("81c80001 " SSRC);
	assert_false(r.sent);
	r = read_hex("80cf0003 " SSRC "07000008 00000000");
	assert_false(r.metrics);
	r = read_hex("80cf0003 " SSRC "07000001 00000000");
	assert_false(r.metrics);
	r = read_hex("80cf0001 " SSRC);
	assert_false(r.metrics);
}

static void test_round_trip(void **state)
{
	struct rtcp_report r = {.dlsr = 0x18000}; // 1.5 s

	assert_int_equal(rtcp_round_trip_us(&r, 1620000000), 120000);
	assert_int_equal(rtcp_round_trip_us(&r, 1400000000), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
