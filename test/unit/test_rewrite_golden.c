// SPDX-License-Identifier: BSD-3-Clause
// The worked example of protocol.md 3.4, byte for byte: an inbound call over a non-secure trunk.
#include "test/unit/sip_vectors.h"

#include "cp/rewrite.h"

#define KEY "1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

enum { OUTSIDE, INSIDE };

static struct sip_msg msg;
static struct sdp sdp;
static struct sip_edit edit;
static struct rewrite_via via; // of the request, for its response

static void check_golden(struct rewrite_ctx *ctx, const char *in, const struct sdp_plan *plan,
	const char *want, size_t sdp_in, size_t sdp_out)
{
	char in_buf[8192], want_buf[8192], out[8192];
	struct str bytes = vector_load(in, in_buf, sizeof(in_buf));
	struct str golden = vector_load(want, want_buf, sizeof(want_buf));
	size_t n;

	assert_int_equal(sip_parse(&msg, bytes), SIP_OK);
	assert_int_equal(sip_check(&msg), SIP_OK);
	assert_int_equal(msg.body.n, sdp_in);
	if (msg.request)
		assert_true(rewrite_via_save(&msg, &via));
	assert_int_equal(sdp_parse(&sdp, msg.body), SDP_OK);
	assert_int_equal(sdp_check_secure(&sdp, ctx->dir, ctx->inside_secure, true), SDP_OK);
	sip_edit_init(&edit, &msg);
	assert_int_equal(rewrite_headers(&msg, ctx, &edit, NULL), SIP_OK);
	assert_int_equal(rewrite_sdp(&sdp, plan, &edit), SDP_OK);
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), 0);
	out[n] = want_buf[golden.n] = '\0';
	assert_string_equal(out, want_buf);
	assert_int_equal(n, golden.n);
	assert_int_equal(sip_parse(&msg, (struct str){out, n}), SIP_OK);
	assert_int_equal(sip_check(&msg), SIP_OK);
	assert_int_equal(msg.body.n, sdp_out);
}

static void test_3_4(void **state)
{
	const struct nat_rule nat = {
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = {ip("192.168.10.30"), 128},
		.mapped = {ip("209.165.200.228"), 128},
	};
	// With `rtcp: drop`, as the vectors want it.
	const struct sdp_plan inward = {
		.local = ip("192.168.10.3"),
		.media = {{.port = 30930}},
	};
	const struct sdp_plan outward = {
		.local = ip("209.165.200.229"),
		.media = {{.port = 21558, .secure = true, .crypto = {STR_LIT(KEY)}}},
	};
	struct rewrite_ctx ctx = {
		.dir = REWRITE_INWARD,
		.nat = &nat,
		.n_nat = 1,
		.inside_if = INSIDE,
		.outside_if = OUTSIDE,
	};

	check_golden(&ctx, "invite-outside.sip", &inward, "invite-inside.sip", 323, 224);

	ctx.dir = REWRITE_OUTWARD;
	ctx.via = &via;
	check_golden(&ctx, "answer-inside.sip", &outward, "answer-outside.sip", 202, 291);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_3_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
