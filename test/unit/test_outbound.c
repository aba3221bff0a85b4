// SPDX-License-Identifier: BSD-3-Clause
// Calls from the inside to a TLS server on the Internet: the learned route's domain (SIP-2), our
// offer, and answers that may not pass (4.2, 4.3).
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

#define O_INVITE(extra) A_INVITE SDP_TYPE extra
#define ROUTE_B         "Route: <sip:enterprise-b.example;lr>\n"
#define R_OK            "Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n" SDP_TYPE

static char key_of[2][128]; // our two crypto lines

static void invite(const char *certificate, const char *extra)
{
	rig_outbound(certificate, "ca.pem");
	host_send(&rig.caller, extra, SDP_PLAIN_A);
}

static void secure_answer(char *out, size_t size, const char *crypto)
{
	snprintf(out, size,
		"v=0\no=R 9 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"
		"m=audio 29824 RTP/SAVP 9 101\n%s",
		crypto);
}

static void offered(void)
{
	const char *first, *second;

	host_expect(&rig.remote, "INVITE sip:+12125550199@198.51.100.10:5070;transport=tls");
	contains(&rig.remote, "Via: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bKo\r\n");
	contains(&rig.remote, "@209.165.200.228:5070;transport=tls>\r\n");
	contains(&rig.remote, "c=IN IP4 209.165.200.229\r\n");
	contains(&rig.remote, " RTP/SAVP 9 101\r\n");
	first = strstr(rig.remote.msg, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	second = strstr(rig.remote.msg, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:");
	assert_true(first != NULL && second != NULL && first < second);
	snprintf(key_of[0], sizeof(key_of[0]), "%.82s", first);
	snprintf(key_of[1], sizeof(key_of[1]), "%.82s", second);
	assert_string_not_equal(strstr(key_of[0], "inline:"), strstr(key_of[1], "inline:"));
}

static void test_second_suite(void **state)
{
	struct endpoint mapped = ep(RIG_UCM_A_MAPPED, 40002);
	const struct dp_msg_media *m;
	char sdp[1024];

	invite("b", O_INVITE(ROUTE_B));
	offered();
	assert_true(endpoint_eq(&fake_net_last_source, &mapped)); // original port first
	secure_answer(sdp, sizeof(sdp), "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY_1 "\n");
	call_answer(&rig.remote, "200 OK", "rtag", R_OK, sdp);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, " RTP/AVP 9 101\r\n");
	contains(&rig.caller, "c=IN IP4 192.168.10.3\r\n");
	contains(&rig.caller, "@198.51.100.10:5070;transport=tcp>\r\n");
	contains_not(&rig.caller, "crypto");
	m = &fake_dp_last(DP_MSG_MEDIA_SET, -1)->media;
	assert_int_equal(m->leg[0].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_32);
	rig_only(RIG_A, CNT_NONE, 0);
}

// An answer that may not pass: the remote gets ACK and BYE, the call manager 488.
static void refuse_answer(const char *sdp, enum counter_id why)
{
	invite("b", O_INVITE(ROUTE_B));
	offered();
	call_answer(&rig.remote, "200 OK", "rtag", R_OK, sdp);
	host_expect(&rig.caller, "SIP/2.0 488 ");
	host_expect(&rig.remote, "ACK sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0");
	contains(&rig.remote, "CSeq: 5 ACK\r\n");
	contains(&rig.remote, "Via: SIP/2.0/TLS 209.165.200.228:40002;branch=z9hG4bK");
	host_expect(&rig.remote, "BYE sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0");
	contains(&rig.remote, "CSeq: 6 BYE\r\n");
	call_answer(&rig.remote, "200 OK", "rtag", "", "");
	host_expect_silence(&rig.caller);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0);
	rig_only(RIG_A, why, 1);
	rig_assert_clean(RIG_A);
}

static void test_answer_rtp(void **state)
{
	refuse_answer("v=0\no=R 9 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"
		      "m=audio 29824 RTP/AVP 9 101\n",
		CNT_RTP_OVER_IME);
}

static void test_answer_wrong_tag(void **state)
{
	char sdp[1024];

	secure_answer(sdp, sizeof(sdp), "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n");
	refuse_answer(sdp, CNT_SDP_ANSWER);
}

static void test_answer_two_lines(void **state)
{
	char sdp[1024];

	secure_answer(sdp, sizeof(sdp),
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1
		"\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY_1 "\n");
	refuse_answer(sdp, CNT_SDP_ANSWER);
}

static void test_answer_media_count(void **state)
{
	char sdp[1024];

	secure_answer(sdp, sizeof(sdp),
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\nm=video 0 RTP/SAVP 97\n");
	refuse_answer(sdp, CNT_SDP_ANSWER);
}

// SIP-2: the certificate of the server does not cover the learned route's domain.
static void test_sip2_route_domain(void **state)
{
	invite("c", O_INVITE(ROUTE_B));
	host_expect(&rig.caller, "SIP/2.0 403 ");
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_ROUTE_DOMAIN, 1);
	rig_assert_clean(RIG_A);
}

// Without a Route the Request-URI counts, where it is a name.
static void test_request_uri_domain(void **state)
{
	invite("c",
		"INVITE sip:+12125550199@enterprise-b.example SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"
		"To: <sip:+12125550199@enterprise-b.example>\n"
		"Call-ID: out@192.168.10.30\nCSeq: 5 INVITE\nMax-Forwards: 70\n" A_CONTACT
			SDP_TYPE);
	host_expect(&rig.caller, "SIP/2.0 403 ");
	rig_only(RIG_A, CNT_ROUTE_DOMAIN, 1);
}

// SRTP-2: no SRTP inside of a non-secure trunk.
static void test_srtp2_inside(void **state)
{
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, O_INVITE(ROUTE_B), SDP_SECURE);
	host_expect(&rig.caller, "SIP/2.0 488 ");
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_SDP_SRTP_NONSECURE, 1);
	rig_assert_clean(RIG_A);
}

static void test_multipart_inside(void **state)
{
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller,
		"OPTIONS sip:x@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\n"
		"From: <sip:a@enterprise-a.example>;tag=o\nTo: <sip:b@enterprise-b.example>\n"
		"Call-ID: x@192.168.10.30\nCSeq: 5 OPTIONS\nMax-Forwards: 70\n"
		"Content-Type: multipart/mixed;boundary=x\n",
		"--x\n");
	host_expect(&rig.caller, "SIP/2.0 400 ");
	rig_only(RIG_A, CNT_SIP_BAD_PART, 1);
}

// A server that shows no trusted certificate: the INVITE is not sent, the caller may try elsewhere.
static void test_untrusted_server(void **state)
{
	invite("stranger", O_INVITE(ROUTE_B));
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_CERT_UNTRUSTED), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_FORWARDED), 0);
	rig_assert_clean(RIG_A);
}

// TLS 1.3: the server judges our certificate after we are up. It trusts another CA.
static void test_server_refuses_us(void **state)
{
	rig_outbound("b", "other-ca.pem");
	host_send(&rig.caller, O_INVITE(ROUTE_B), SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_REFUSED_BY_PEER), 1);
	rig_assert_clean(RIG_A);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup_reject, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_suite),
		TEST(answer_rtp),
		TEST(answer_wrong_tag),
		TEST(answer_two_lines),
		TEST(answer_media_count),
		TEST(sip2_route_domain),
		TEST(request_uri_domain),
		TEST(srtp2_inside),
		TEST(multipart_inside),
		TEST(untrusted_server),
		TEST(server_refuses_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
