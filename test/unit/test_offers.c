// SPDX-License-Identifier: BSD-3-Clause
// SIP-6: the patterns of offer and answer (RFC 3261, 3262, 3311, 3264, 6337) through two proxies,
// session timers (RFC 4028), and offers that cross or find no answer. What a description becomes is
// tested in test_session*.c, and several answers to one INVITE in test_forks.c; here it is who may say
// what, when, and where the media goes.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/fake_dp.h"
#include "test/unit/offer_steps.h"

#define RACK  "RAck: 1 101 INVITE\n"
#define B_SDP B_CONTACT SDP_TYPE

// A hold from B goes through: no offer is left that would stand in its way.
static void still_negotiates(int cseq)
{
	char branch[16];

	snprintf(branch, sizeof(branch), "later%d", cseq);
	from_b("INVITE", branch, cseq, B_SDP, SDP_B("90", "20090"));
	a_answers("200 OK", A_ANSWER, SDP_A("90", "19590"));
	snprintf(branch, sizeof(branch), "ack%d", cseq);
	from_b("ACK", branch, cseq, "", "");
	media_is(20090, 19590);
}

// ---- Patterns ----------------------------------------------------------------------------------

// Answer in a reliable 183, PRACK, then UPDATE in the early dialog, by either side; 200 without SDP.
static void test_early_update(void **state)
{
	invite(SDP_B("1", "20000"));
	respond("183 Session Progress", "atag", RELIABLE, SDP_A("1", "19500"));
	media_is(20000, 19500);
	from_b("PRACK", "prack", 102, RACK, "");
	a_answers("200 OK", "", "");
	from_b("UPDATE", "u1", 103, B_SDP, SDP_B("2", "20002"));
	a_answers("200 OK", A_ANSWER, SDP_A("2", "19502"));
	media_is(20002, 19502);
	from_a("UPDATE", "u2", 1, A_ANSWER, SDP_A("3", "19504"));
	b_answers("200 OK", B_SDP, SDP_B("3", "20004"));
	media_is(20004, 19504);
	respond("200 OK", "atag", "", "");
	ack();
	media_is(20004, 19504);
	still_negotiates(104);
	call_hang_up();
	offers_end_clean();
}

// Offer in a reliable 183, answer in PRACK; the 200 repeats the offer, and its ACK says nothing.
static void test_delayed_prack(void **state)
{
	invite("");
	respond("183 Session Progress", "atag", RELIABLE, SDP_A("1", "19500"));
	media_is(0, 0);
	from_b("PRACK", "prack", 102, RACK SDP_TYPE, SDP_B("1", "20000"));
	a_answers("200 OK", "", "");
	media_is(20000, 19500);
	respond("200 OK", "atag", "", SDP_A("1", "19500"));
	contains(&rig.caller, "m=audio ");
	ack();
	media_is(20000, 19500);
	from_a("UPDATE", "u", 1, A_ANSWER, SDP_A("2", "19502"));
	b_answers("200 OK", B_SDP, SDP_B("2", "20002"));
	media_is(20002, 19502);
	still_negotiates(103);
	call_hang_up();
	offers_end_clean();
}

// A second offer in PRACK.
static void test_prack_offers(void **state)
{
	invite(SDP_B("1", "20000"));
	respond("183 Session Progress", "atag", RELIABLE, SDP_A("1", "19500"));
	from_b("PRACK", "prack", 102, RACK SDP_TYPE, SDP_B("2", "20002"));
	a_answers("200 OK", SDP_TYPE, SDP_A("2", "19502"));
	media_is(20002, 19502);
	respond("200 OK", "atag", "", "");
	ack();
	call_hang_up();
	offers_end_clean();
}

// RFC 6337 2.2: what was answered in a reliable response is not answered again, but some repeat it in
// the 200 although the called side has offered something else since: that concerns nobody.
static void test_stale_answer(void **state)
{
	invite(SDP_B("1", "20000"));
	respond("183 Session Progress", "atag", RELIABLE, SDP_A("1", "19500"));
	from_b("PRACK", "prack", 102, RACK, "");
	a_answers("200 OK", "", "");
	from_a("UPDATE", "u", 1, A_ANSWER, SDP_A("2", "19502"));
	b_answers("200 OK", B_SDP, SDP_B("2", "20002"));
	respond("200 OK", "atag", "", SDP_A("1", "19500"));
	contains(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "Content-Length: 0\r\n");
	ack();
	media_is(20002, 19502);
	still_negotiates(103);
	call_hang_up();
	offers_end_clean();
}

// A delayed offer whose ACK has no answer, and an answer that never comes: nothing starts, and the
// next offer is free.
static void test_no_answer(void **state)
{
	invite("");
	respond("200 OK", "atag", "", SDP_A("1", "19500"));
	ack();
	media_is(0, 0);
	still_negotiates(102);
	from_b("UPDATE", "u1", 103, B_SDP, SDP_B("91", "20002"));
	a_answers("200 OK", "", "");
	still_negotiates(104);
	from_b("INVITE", "re", 105, B_SDP, SDP_B("92", "20002"));
	a_answers("200 OK", A_CONTACT, "");
	from_b("ACK", "reack", 105, "", "");
	still_negotiates(106);
	call_hang_up();
	offers_end_clean();
}

// A refused UPDATE, and a refused re-INVITE whose offer was the other side's, leave all as it was.
static void test_refused(void **state)
{
	call_establish();
	from_b("UPDATE", "u", 102, B_SDP, SDP_B("2", "20002"));
	a_answers("500 Server Internal Error", "", "");
	media_is(20000, 19520);
	from_a("UPDATE", "u2", 1, A_ANSWER, SDP_A("2", "19502"));
	b_answers("488 Not Acceptable Here", "", "");
	media_is(20000, 19520);
	from_b("INVITE", "re", 103, B_CONTACT, "");
	a_answers("183 Session Progress", A_ANSWER RELIABLE, SDP_A("3", "19502"));
	a_answers("500 No", "", "");
	from_b("ACK", "re", 103, "", "");
	media_is(20000, 19520);
	still_negotiates(104);
	call_hang_up();
	offers_end_clean();
}

// A re-INVITE that is taken back while it rings (a transfer that somebody thought better of).
static void test_reinvite_cancelled(void **state)
{
	call_establish();
	from_b("INVITE", "re", 102, B_SDP, SDP_B("2", "20002"));
	{
		struct sip_host invited = rig.ucm[RIG_A];

		call_answer(&invited, "180 Ringing", "", A_CONTACT, "");
		host_expect(&rig.caller, "SIP/2.0 180 ");
		from_b("CANCEL", "re", 102, "", "");
		a_answers("200 OK", "", "");
		call_answer(&invited, "487 Request Terminated", "", "", "");
	}
	host_expect(&rig.caller, "SIP/2.0 487 ");
	from_b("ACK", "re", 102, "", "");
	media_is(20000, 19520);
	still_negotiates(103);
	call_hang_up();
	offers_end_clean();
}

// ---- Offers that cross -------------------------------------------------------------------------

// Both re-INVITE at once: each gets 491 for its own; then one tries again.
static void test_reinvites_cross(void **state)
{
	call_establish();
	call_b_request("INVITE", "b1", 102, B_SDP, SDP_B("2", "20002"));
	call_a_request(&rig.ucm[RIG_A], "INVITE", "a1", 1, A_ANSWER, SDP_A("2", "19502"));
	host_expect(&rig.caller, "SIP/2.0 491 ");
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 491 ");
	call_b_request("ACK", "b1", 102, "", "");
	call_a_request(&rig.ucm[RIG_A], "ACK", "a1", 1, "", "");
	host_expect_silence(&rig.caller);
	host_expect_silence(&rig.ucm[RIG_A]);
	assert_int_equal(
		rig_counter(RIG_A, CNT_OFFER_CROSSED) + rig_counter(RIG_B, CNT_OFFER_CROSSED), 2);
	media_is(20000, 19520);
	still_negotiates(103);
	call_hang_up();
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

static void remote_request(const char *method, const char *branch, int cseq, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s " R_URI
		" SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK%s\n" R_FROM B_TO
		";tag=atag\n" R_CALL_ID "CSeq: %d %s\n" R_CONTACT "Max-Forwards: 69\n%s",
		method, branch, cseq, method, body[0] != '\0' ? SDP_TYPE : "");
	host_send(&rig.remote, head, body);
}

static void ucm_request(const char *method, const char *branch, int cseq, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK%s\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n" R_CALL_ID
		"CSeq: %d %s\nMax-Forwards: 69\n" A_CONTACT "%s",
		method, branch, cseq, method, body[0] != '\0' ? SDP_TYPE : "");
	host_send(&rig.ucm[RIG_A], head, body);
}

#define SDP_R(version, port)                                                                       \
	"v=0\no=R 1 " version                                                                      \
	" IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\nm=audio " port                 \
	" RTP/SAVP 9 101\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n"

static void with_remote(void)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_R("1", "30000"));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_A("1", "19500"));
	host_expect(&rig.remote, "SIP/2.0 200 ");
	remote_request("ACK", "ack", 101, "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
}

// The remote offers although it has our side's offer to answer: its own is refused, and its refusal
// does not end ours.
static void test_remote_crosses(void **state)
{
	with_remote();
	ucm_request("INVITE", "re", 1, SDP_A("2", "19502"));
	host_expect(&rig.remote, "INVITE ");
	{
		struct sip_host copy = rig.remote;

		remote_request("UPDATE", "u", 102, SDP_R("2", "30002"));
		host_expect(&rig.remote, "SIP/2.0 491 ");
		call_answer(&copy, "200 OK", "rtag", R_CONTACT SDP_TYPE, SDP_R("3", "30004"));
	}
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 200 ");
	assert_int_equal(media_of(RIG_A), 19502);
	assert_int_equal(
		fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.leg[SIDE_OUTSIDE].remote.port, 30004);
	rig_only(RIG_A, CNT_OFFER_CROSSED, 1);
}

// A description where none may stand says nothing to anybody; as an answer that nobody waits for, it
// ends the call on both sides.
static void test_unexpected(void **state)
{
	with_remote();
	remote_request("INFO", "info", 102, SDP_R("2", "30002"));
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_SDP_UNEXPECTED, 1);
	remote_request("ACK", "ack2", 101, SDP_R("2", "30002"));
	host_expect(&rig.ucm[RIG_A], "BYE ");
	host_expect(&rig.remote, "BYE ");
	rig_only(RIG_A, CNT_SDP_UNEXPECTED, 2);
	rig_assert_clean(RIG_A);
}

// An offer whose request is lost with the connection, or never answered at all, blocks nothing.
static void test_offer_times_out(void **state)
{
	with_remote();
	ucm_request("UPDATE", "u", 1, SDP_A("2", "19502"));
	host_expect(&rig.remote, "UPDATE ");
	rig_pass_s(31);
	remote_request("UPDATE", "u1", 102, SDP_R("2", "30002"));
	host_expect(&rig.remote, "SIP/2.0 491 ");
	rig_pass_s(1);
	remote_request("UPDATE", "u2", 103, SDP_R("2", "30002"));
	host_expect(&rig.ucm[RIG_A], "UPDATE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "", A_ANSWER, SDP_A("3", "19504"));
	host_expect(&rig.remote, "SIP/2.0 200 ");
	assert_int_equal(media_of(RIG_A), 19504);
}

// ---- Session timers ----------------------------------------------------------------------------

// RFC 4028: refreshed by UPDATE without a description, by UPDATE and by re-INVITE with the same one,
// by either side: no key changes, no worker is told, and the call does not count as idle.
static void test_refreshes(void **state)
{
	static const char timer[] =
		"Supported: timer\nSession-Expires: 1800;refresher=uac\nMin-SE: 90\n";
	char head[256];
	size_t n;

	call_establish();
	n = fake_dp_count(DP_MSG_MEDIA_SET);
	from_b("UPDATE", "u1", 102, timer, "");
	contains(&rig.ucm[RIG_A], "Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n");
	a_answers("422 Session Interval Too Small", "Min-SE: 3600\n", "");
	contains(&rig.caller, "Min-SE: 3600\r\n");
	from_b("UPDATE", "u2", 103, timer, "");
	a_answers("200 OK", "Session-Expires: 1800;refresher=uac\n", "");
	contains(&rig.caller, "Session-Expires: 1800;refresher=uac\r\n");
	snprintf(head, sizeof(head), "%s" B_SDP, timer);
	from_b("UPDATE", "u3", 104, head, SDP_PLAIN_B);
	a_answers("200 OK", A_ANSWER, SDP_PLAIN_A);
	from_b("INVITE", "re", 105, head, SDP_PLAIN_B);
	a_answers("200 OK", A_ANSWER, SDP_PLAIN_A);
	from_b("ACK", "reack", 105, "", "");
	snprintf(head, sizeof(head), "%s" A_ANSWER, timer);
	from_a("INVITE", "rea", 1, head, SDP_PLAIN_A);
	b_answers("200 OK", B_SDP, SDP_PLAIN_B);
	from_a("ACK", "reacka", 1, "", "");
	from_a("UPDATE", "ua", 2, timer, "");
	b_answers("200 OK", "", "");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), n);
	// On hold only signalling shows that anybody is there.
	from_b("INVITE", "hold", 106, B_SDP, SDP_B("2", "20000") "a=inactive\n");
	a_answers("200 OK", A_ANSWER, SDP_A("2", "19520") "a=inactive\n");
	from_b("ACK", "holdack", 106, "", "");
	for (int i = 0; i < 4; i++) {
		char branch[8];

		rig_pass_s(29 * 60);
		snprintf(branch, sizeof(branch), "r%d", i);
		from_b("UPDATE", branch, 107 + i, timer, "");
		a_answers("200 OK", "", "");
	}
	call_hang_up();
	offers_end_clean();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(early_update),
		TEST(delayed_prack),
		TEST(prack_offers),
		TEST(stale_answer),
		TEST(no_answer),
		TEST(refused),
		TEST(reinvite_cancelled),
		TEST(reinvites_cross),
		TEST(remote_crosses),
		TEST(unexpected),
		TEST(offer_times_out),
		TEST(refreshes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
