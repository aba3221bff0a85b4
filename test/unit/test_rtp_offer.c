// SPDX-License-Identifier: BSD-3-Clause
// SRTP-2: the call manager of a secure trunk refuses SRTP with 488, and is offered RTP.
#include "test/unit/test.h"

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/secure_trunk.h"

#define UCM_CONTACT "Contact: <sip:+14085550123@192.168.10.30:5070;transport=tls>\n"
#define VIA         "\r\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK1"
#define REMOTE_VIA  VIA "\r\n"
#define DIALOG      R_FROM B_TO ";tag=atag\n" R_CALL_ID
#define VIDEO       "m=video 29826 RTP/SAVP 96\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n"

static struct sip_host *const ucm = &rig.ucm[RIG_A];
static char branch[128]; // of the second INVITE

static int setup(void **state)
{
	static const char *const edit[] = {SECURE_TRUNK("inside-ca.pem"), NULL};

	rig_up(edit);
	rig.ucm_certificate[RIG_A] = "ucm";
	return 0;
}

static void remote_invites(const char *type, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head), R_INVITE TICKET_HEADER "%s", type);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, head, body);
	host_expect(ucm, "INVITE ");
	contains(ucm, REMOTE_VIA);
	contains(ucm, " RTP/SAVP 9 ");
	contains(ucm, KEY_1);
}

static void ucm_refuses(void)
{
	call_answer(ucm, "488 Not Acceptable Here", "atag", "", "");
}

// Its branch begins with the remote's, and is another one.
static void expect_again(void)
{
	const char *via;

	host_expect(ucm, "INVITE sip:+14085550123@192.168.10.30:5070;transport=tls ");
	contains(ucm, "\r\nCSeq: 101 INVITE\r\n");
	contains(ucm, "\r\nCall-ID: 77@198.51.100.10\r\n");
	contains(ucm, "\r\nX-Cisco-UC-IME-Ticket: ");
	contains(ucm, " RTP/AVP 9 ");
	contains_not(ucm, "crypto");
	contains_not(ucm, "SAVP");
	via = strstr(ucm->msg, VIA);
	assert_non_null(via);
	snprintf(branch, sizeof(branch), "%.*s", (int)strcspn(via + 2, "\r"), via + 2);
	assert_true(strlen(branch) > strlen(VIA) + 8);
}

// The first INVITE is refused, before and after a provisional response.
static void refused_once(void)
{
	remote_invites(SDP_TYPE, SDP_SECURE);
	call_answer(ucm, "100 Trying", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 100 ");
	ucm_refuses();
	host_expect(ucm, "ACK ");
	contains(ucm, REMOTE_VIA);
	contains(ucm, ";tag=atag\r\n");
	expect_again();
}

// What the remote has been answered, and what the workers do with it.
static void rtp_inside_alone(void)
{
	const struct dp_msg_media *m;

	contains(&rig.remote, " RTP/SAVP 9 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	m = &fake_dp_last(DP_MSG_MEDIA_SET, -1)->media;
	assert_false(m->passthrough);
	assert_int_equal(m->leg[SIDE_INSIDE].suite, DP_SRTP_NONE);
	assert_int_equal(m->leg[SIDE_OUTSIDE].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_80);
}

static void test_srtp2_rtp_after_488(void **state)
{
	refused_once();
	call_answer(ucm, "180 Ringing", "btag", UCM_CONTACT, "");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	contains(&rig.remote, REMOTE_VIA);
	call_answer(ucm, "200 OK", "btag", UCM_CONTACT SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, REMOTE_VIA);
	rtp_inside_alone();
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// As the first response; and two lines, of which each loses its keys.
static void test_two_lines(void **state)
{
	remote_invites(SDP_TYPE, SDP_SECURE VIDEO);
	ucm_refuses();
	host_expect(ucm, "ACK ");
	expect_again();
	contains(ucm, "m=video ");
	contains(ucm, " RTP/AVP 96\r\n");
}

static void test_multipart(void **state)
{
	remote_invites(MULTIPART, PARTS(SDP_SECURE));
	ucm_refuses();
	host_expect(ucm, "ACK ");
	expect_again();
	contains(ucm, "--x--\r\n");
}

// A request within the call, without a body.
static void remote_says(const char *method, const char *tag, int cseq)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s " R_URI " SIP/2.0\n" R_VIA("%s") R_FROM B_TO ";tag=btag\n" R_CALL_ID
								 "CSeq: %d %s\nMax-Forwards: 69\n",
		method, tag, cseq, method);
	host_send(&rig.remote, head, "");
	snprintf(head, sizeof(head), "%s ", method);
	host_expect(ucm, head);
}

static void remote_offers_by(const char *method, const char *tag, int cseq)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s " R_URI " SIP/2.0\n" R_VIA("%s") R_FROM B_TO
		";tag=btag\n" R_CALL_ID "CSeq: %d %s\nMax-Forwards: 69\n" R_CONTACT SDP_TYPE,
		method, tag, cseq, method);
	host_send(&rig.remote, head, SDP_SECURE "a=sendonly\n");
	snprintf(head, sizeof(head), "%s ", method);
	host_expect(ucm, head);
	snprintf(head, sizeof(head), "branch=z9hG4bK%s\r\n", tag);
	contains(ucm, head);
}

static void remote_offers(const char *tag, int cseq)
{
	remote_offers_by("INVITE", tag, cseq);
}

static void ucm_offers_srtp(void)
{
	host_send(ucm,
		"INVITE sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0\n"
		"Via: SIP/2.0/TLS 192.168.10.30:5070;branch=z9hG4bKo\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=btag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n" R_CALL_ID
		"CSeq: 5 INVITE\nMax-Forwards: 70\n" UCM_CONTACT SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.remote, "INVITE ");
	call_answer(&rig.remote, "200 OK", "", R_CONTACT SDP_TYPE, SDP_SECURE);
	host_expect(ucm, "SIP/2.0 200 ");
	contains(ucm, " RTP/SAVP 9 ");
}

// Whoever speaks RTP is not asked for SRTP when the call is held, until it speaks SRTP itself.
static void test_offers_that_follow(void **state)
{
	test_srtp2_rtp_after_488(state);
	host_send(&rig.remote,
		"ACK " R_URI " SIP/2.0\n" R_VIA("ack") R_FROM B_TO
		";tag=btag\n" R_CALL_ID "CSeq: 101 ACK\nMax-Forwards: 69\n",
		"");
	host_expect(ucm, "ACK ");
	contains(ucm, "branch=z9hG4bKack\r\n");
	remote_offers("hold", 102);
	contains(ucm, " RTP/AVP 9 ");
	contains_not(ucm, "crypto");
	ucm_refuses(); // it was RTP
	host_expect(&rig.remote, "SIP/2.0 488 ");
	ucm_offers_srtp();
	remote_offers("again", 103);
	contains(ucm, " RTP/SAVP 9 ");
	contains(ucm, KEY_1);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// A call in SRTP on both sides.
static void secure_call(void)
{
	remote_invites(SDP_TYPE, SDP_SECURE);
	call_answer(ucm, "200 OK", "btag", UCM_CONTACT SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.passthrough);
	remote_says("ACK", "ack", 101);
	contains(ucm, "\r\nCSeq: 101 ACK\r\n");
}

// An offer within it is refused, and made again in RTP with the next CSeq.
static void refused_within(void)
{
	secure_call();
	remote_offers("hold", 102);
	contains(ucm, " RTP/SAVP 9 ");
	ucm_refuses();
	host_expect(ucm, "ACK ");
	contains(ucm, "\r\nCSeq: 102 ACK\r\n");
	contains(ucm, "branch=z9hG4bKhold\r\n");
	host_expect(ucm, "INVITE ");
	contains(ucm, "\r\nCSeq: 103 INVITE\r\n");
	contains(ucm, "branch=z9hG4bKhold");
	contains_not(ucm, "branch=z9hG4bKhold\r\n");
	contains(ucm, " RTP/AVP 9 ");
	contains(ucm, "a=sendonly\r\n");
	contains_not(ucm, "crypto");
}

// SRTP-2: the remote knows of one INVITE, whatever numbers the rest of the call has inside (FB-8).
static void test_srtp2_rtp_within_a_call(void **state)
{
	refused_within();
	call_answer(ucm, "200 OK", "", UCM_CONTACT SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "\r\nCSeq: 102 INVITE\r\n");
	contains(&rig.remote, "branch=z9hG4bKhold\r\n");
	rtp_inside_alone();
	remote_says("ACK", "ack2", 102);
	contains(ucm, "\r\nCSeq: 103 ACK\r\n");
	contains(ucm, "branch=z9hG4bKack2\r\n");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 1);
	remote_offers("resume", 103);
	contains(ucm, "\r\nCSeq: 104 INVITE\r\n");
	contains(ucm, " RTP/AVP 9 ");
	call_answer(ucm, "200 OK", "", UCM_CONTACT SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "\r\nCSeq: 103 INVITE\r\n");
	remote_says("ACK", "ack3", 103);
	contains(ucm, "\r\nCSeq: 104 ACK\r\n");
	remote_says("BYE", "bye", 104);
	contains(ucm, "\r\nCSeq: 105 BYE\r\n");
	call_answer(ucm, "200 OK", "", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "\r\nCSeq: 104 BYE\r\n");
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

// Who refuses both keeps what was agreed, and hears of SRTP the next time.
static void test_both_refused_within_a_call(void **state)
{
	refused_within();
	ucm_refuses();
	host_expect(&rig.remote, "SIP/2.0 488 ");
	contains(&rig.remote, "\r\nCSeq: 102 INVITE\r\n");
	host_send(&rig.remote,
		"ACK " R_URI " SIP/2.0\n" R_VIA("hold") R_FROM B_TO
		";tag=btag\n" R_CALL_ID "CSeq: 102 ACK\nMax-Forwards: 69\n",
		"");
	host_expect(ucm, "ACK ");
	contains(ucm, "\r\nCSeq: 103 ACK\r\n");
	contains_not(ucm, "branch=z9hG4bKhold\r\n");
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.passthrough);
	remote_offers("again", 103);
	contains(ucm, "\r\nCSeq: 104 INVITE\r\n");
	contains(ucm, " RTP/SAVP 9 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// The number that the second offer would take is that of another request already.
static void test_number_taken_within_a_call(void **state)
{
	secure_call();
	remote_offers("hold", 102);
	call_answer(ucm, "100 Trying", "", "", "");
	host_expect(&rig.remote, "SIP/2.0 100 ");
	remote_says("INFO", "info", 103);
	host_send(ucm,
		"SIP/2.0 488 Not Acceptable Here\n" R_VIA("hold") R_FROM B_TO
		";tag=btag\n" R_CALL_ID "CSeq: 102 INVITE\n",
		"");
	host_expect(&rig.remote, "SIP/2.0 488 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 0);
	rig_only(RIG_A, CNT_NONE, 0);
}

// An UPDATE is refused, and made again in RTP: without an ACK, for it has none.
static void update_refused(void)
{
	remote_offers_by("UPDATE", "update", 102);
	contains(ucm, " RTP/SAVP 9 ");
	ucm_refuses();
	host_expect(ucm, "UPDATE ");
	contains(ucm, "\r\nCSeq: 103 UPDATE\r\n");
	contains(ucm, "branch=z9hG4bKupdate");
	contains_not(ucm, "branch=z9hG4bKupdate\r\n");
	contains(ucm, " RTP/AVP 9 ");
	contains(ucm, "a=sendonly\r\n");
	contains_not(ucm, "crypto");
}

static void update_answered(void)
{
	call_answer(ucm, "200 OK", "", UCM_CONTACT SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "\r\nCSeq: 102 UPDATE\r\n");
	contains(&rig.remote, "branch=z9hG4bKupdate\r\n");
	rtp_inside_alone();
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 1);
}

static void remote_hangs_up(int cseq, int cseq_inside)
{
	char text[32];

	remote_says("BYE", "bye", cseq);
	snprintf(text, sizeof(text), "\r\nCSeq: %d BYE\r\n", cseq_inside);
	contains(ucm, text);
	call_answer(ucm, "200 OK", "", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

static void test_srtp2_rtp_after_an_update(void **state)
{
	secure_call();
	update_refused();
	update_answered();
	remote_offers("resume", 103);
	contains(ucm, "\r\nCSeq: 104 INVITE\r\n");
	contains(ucm, " RTP/AVP 9 ");
	call_answer(ucm, "200 OK", "", UCM_CONTACT SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	remote_says("ACK", "ack3", 103);
	remote_hangs_up(104, 105);
}

// In an early dialog: a reliable answer has completed the first exchange (RFC 3311 5.1). The INVITE
// keeps its number, which its ACK has, and PRACK names.
static void test_srtp2_rtp_after_an_early_update(void **state)
{
	remote_invites(SDP_TYPE, SDP_SECURE);
	call_answer(ucm, "183 Session Progress", "btag",
		"Require: 100rel\nRSeq: 7\n" UCM_CONTACT SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 183 ");
	update_refused();
	update_answered();
	host_send(&rig.remote,
		"PRACK " R_URI " SIP/2.0\n" R_VIA("prack") R_FROM B_TO
		";tag=btag\n" R_CALL_ID "CSeq: 103 PRACK\nMax-Forwards: 69\nRAck: 7 101 INVITE\n",
		"");
	host_expect(ucm, "PRACK ");
	contains(ucm, "\r\nCSeq: 104 PRACK\r\n");
	contains(ucm, "\r\nRAck: 7 101 INVITE\r\n");
	call_answer(ucm, "200 OK", "", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "\r\nCSeq: 103 PRACK\r\n");
	host_send(ucm,
		"SIP/2.0 200 OK\n" R_VIA("1") R_FROM B_TO ";tag=btag\n" R_CALL_ID
							  "CSeq: 101 INVITE\n" UCM_CONTACT,
		"");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	remote_says("ACK", "ack", 101);
	contains(ucm, "\r\nCSeq: 101 ACK\r\n");
	remote_hangs_up(104, 105);
}

// Who refuses both keeps what was agreed.
static void test_both_refused_by_update(void **state)
{
	secure_call();
	update_refused();
	ucm_refuses();
	host_expect(&rig.remote, "SIP/2.0 488 ");
	contains(&rig.remote, "\r\nCSeq: 102 UPDATE\r\n");
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.passthrough);
	remote_offers("again", 103);
	contains(ucm, "\r\nCSeq: 104 INVITE\r\n");
	contains(ucm, " RTP/SAVP 9 ");
	rig_only(RIG_A, CNT_NONE, 0);
}

// Within its 32 s nobody answers the second one either: what was agreed stays, and may be changed.
static void test_update_unanswered(void **state)
{
	secure_call();
	update_refused();
	rig_pass_s(TXN_LIFE_S + 1);
	remote_offers("again", 103);
	contains(ucm, "\r\nCSeq: 104 INVITE\r\n");
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.passthrough);
}

// Once: the second refusal is the remote's, and so is its ACK.
static void test_twice(void **state)
{
	refused_once();
	ucm_refuses();
	host_expect(&rig.remote, "SIP/2.0 488 ");
	contains(&rig.remote, REMOTE_VIA);
	host_send(&rig.remote,
		"ACK " R_URI " SIP/2.0\n" R_VIA("1") DIALOG "CSeq: 101 ACK\nMax-Forwards: 69\n",
		"");
	host_expect(ucm, "ACK ");
	contains(ucm, branch);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

static void remote_cancels(void)
{
	host_send(&rig.remote,
		"CANCEL " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO
		"\n" R_CALL_ID "CSeq: 101 CANCEL\nMax-Forwards: 69\n",
		"");
	host_expect(ucm, "CANCEL ");
}

static void test_cancelled_after(void **state)
{
	refused_once();
	remote_cancels();
	contains(ucm, branch);
	call_answer(ucm, "200 OK", "btag", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, REMOTE_VIA);
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_cancelled_before(void **state)
{
	remote_invites(SDP_TYPE, SDP_SECURE);
	remote_cancels();
	contains(ucm, REMOTE_VIA);
	host_send(ucm, "SIP/2.0 488 Not Acceptable Here\n" R_VIA("1") DIALOG "CSeq: 101 INVITE\n",
		"");
	host_expect(&rig.remote, "SIP/2.0 488 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 0);
}

// What the proxy says of itself it says of the second INVITE too.
static void test_remote_lost(void **state)
{
	refused_once();
	call_answer(ucm, "180 Ringing", "btag", UCM_CONTACT, "");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	host_close(&rig.remote);
	host_expect(ucm, "CANCEL ");
	contains(ucm, branch);
	call_answer(ucm, "200 OK", "btag", "", "");
	host_idle(rig.base);
	rig_assert_clean(RIG_A);
}

// The remote knows of a phone that has rung; a late answer to the first INVITE is nobody's.
static void test_not_offered(void **state)
{
	remote_invites(SDP_TYPE, SDP_SECURE);
	call_answer(ucm, "180 Ringing", "atag", UCM_CONTACT, "");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	ucm_refuses();
	host_expect(&rig.remote, "SIP/2.0 488 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_OFFERED_RTP), 0);
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

static void test_late_answer(void **state)
{
	refused_once();
	host_send(ucm, "SIP/2.0 180 Ringing\n" R_VIA("1") DIALOG "CSeq: 101 INVITE\n" UCM_CONTACT,
		"");
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_RESPONSE_UNKNOWN, 1);
}

static void test_other_refusal(void **state)
{
	remote_invites(SDP_TYPE, SDP_SECURE);
	call_answer(ucm, "486 Busy Here", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 486 ");
	rig_only(RIG_A, CNT_NONE, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(srtp2_rtp_after_488),
		TEST(two_lines),
		TEST(multipart),
		TEST(offers_that_follow),
		TEST(srtp2_rtp_within_a_call),
		TEST(both_refused_within_a_call),
		TEST(number_taken_within_a_call),
		TEST(srtp2_rtp_after_an_update),
		TEST(srtp2_rtp_after_an_early_update),
		TEST(both_refused_by_update),
		TEST(update_unanswered),
		TEST(twice),
		TEST(cancelled_after),
		TEST(cancelled_before),
		TEST(remote_lost),
		TEST(not_offered),
		TEST(late_answer),
		TEST(other_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
