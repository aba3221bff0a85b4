// SPDX-License-Identifier: BSD-3-Clause
// SIP-6: forks. Several phones answer one INVITE, in early dialogs or with a 200 each: which of them has
// the media, and who is told when one of them, or the call, ends.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/offer_steps.h"

static void b_says(const char *method, const char *branch, const char *tag, int cseq)
{
	char head[2048], start[32];

	snprintf(head, sizeof(head),
		"%s sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bK%s\n" B_FROM B_TO
		";tag=%s\n" CALL_ID "CSeq: %d %s\nMax-Forwards: 69\n",
		method, branch, tag, cseq, method);
	snprintf(start, sizeof(start), "%s ", method);
	host_send(&rig.caller, head, "");
	host_expect(&rig.ucm[RIG_A], start);
	if (strcmp(method, "BYE") == 0)
		a_answers("200 OK", "", "");
}

static void two_answers(void)
{
	invite(SDP_B("1", "20000"));
	respond("200 OK", "one", "", SDP_A("1", "19500"));
	respond("200 OK", "two", "", SDP_OF("CCM 4000", "1", "192.168.10.52", "19600"));
	contains(&rig.caller, "m=audio ");
	media_is(20000, 19500); // the first has it
	b_says("ACK", "ack1", "one", 101);
	b_says("ACK", "ack2", "two", 101);
	media_is(20000, 19500);
}

// Two phones answer, each with a description of its own, and the caller ends the second: the media
// stays with the first.
static void test_second_fork_ends(void **state)
{
	two_answers();
	b_says("BYE", "bye2", "two", 102);
	media_is(20000, 19500);
	b_says("BYE", "bye1", "one", 103);
	offers_end_clean();
}

// Nobody speaks: both are told, each in the dialog that it has.
static void falls_silent(const char *tag)
{
	char line[32];

	snprintf(line, sizeof(line), ";tag=%s\r\n", tag);
	rig_pass_s(120);
	host_expect(&rig.ucm[RIG_A], "BYE ");
	contains(&rig.ucm[RIG_A], line);
	host_expect(&rig.caller, "BYE ");
	contains(&rig.caller, line);
	call_answer(&rig.ucm[RIG_A], "200 OK", "", "", "");
	call_answer(&rig.caller, "200 OK", "", "", "");
	host_idle(rig.base);
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

// Or it keeps the second.
static void test_first_fork_ends(void **state)
{
	two_answers();
	b_says("BYE", "bye1", "one", 102);
	media_is(20000, 19600);
	falls_silent("two");
}

static void expect_bye(struct sip_host *h, const char *uri, const char *tag)
{
	host_expect(h, "BYE ");
	contains(h, uri);
	contains(h, tag);
	call_answer(h, "200 OK", "", "", "");
}

// When the time of the call is up, each phone that answered is told, and the caller of each; where the
// second phone has moved to meanwhile is the first one's business no more than the other way round.
static void test_all_forks_end(void **state)
{
	char head[1024];

	two_answers();
	snprintf(head, sizeof(head),
		"INVITE sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bKre2\n" B_FROM B_TO
		";tag=two\n" CALL_ID "CSeq: 102 INVITE\nMax-Forwards: 69\n" B_CONTACT SDP_TYPE);
	host_send(&rig.caller, head, SDP_B("2", "20000"));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "",
		"Contact: <sip:moved@192.168.10.30:5070;transport=tcp>\n" SDP_TYPE,
		SDP_OF("CCM 4000", "2", "192.168.10.52", "19600"));
	host_expect(&rig.caller, "SIP/2.0 200 ");
	b_says("ACK", "reack2", "two", 102);
	rig_pass_s(120);
	expect_bye(&rig.ucm[RIG_A], "BYE sip:+14085550123@192.168.10.30", ";tag=one\r\n");
	expect_bye(&rig.ucm[RIG_A], "BYE sip:moved@192.168.10.30", ";tag=two\r\n");
	expect_bye(&rig.caller, "BYE sip:+12125550199@", ";tag=one\r\n");
	expect_bye(&rig.caller, "BYE sip:+12125550199@", ";tag=two\r\n");
	host_idle(rig.base);
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

// The phone that answers had its early answer before another's took the media: it gets it back.
static void test_early_forks(void **state)
{
	invite(SDP_B("1", "20000"));
	respond("183 Session Progress", "one", RELIABLE, SDP_A("1", "19500"));
	respond("183 Session Progress", "two", RELIABLE,
		SDP_OF("CCM 4000", "1", "192.168.10.52", "19600"));
	media_is(20000, 19600);
	respond("200 OK", "one", "", "");
	media_is(20000, 19500);
	b_says("ACK", "ack1", "one", 101);
	b_says("BYE", "bye1", "one", 102);
	offers_end_clean();
}

// One that may not answer so is ended alone.
static void test_bad_fork(void **state)
{
	invite(SDP_B("1", "20000"));
	respond("200 OK", "one", "", SDP_A("1", "19500"));
	b_says("ACK", "ack1", "one", 101);
	host_send(&rig.ucm[RIG_A],
		"SIP/2.0 200 OK\nVia: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\n" B_FROM B_TO
		";tag=two\n" CALL_ID "CSeq: 101 INVITE\n" A_ANSWER,
		SDP_A("1", "19600") "a=x\nm=audio 19602 RTP/AVP 0\n");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	contains(&rig.ucm[RIG_A], ";tag=two\r\n");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	contains(&rig.ucm[RIG_A], ";tag=two\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "", "", "");
	host_expect_silence(&rig.caller);
	rig_only(RIG_A, CNT_SDP_ANSWER, 1);
	media_is(20000, 19500);
	falls_silent("one");
}

// Two phones each make an offer of their own in a 200: one description cannot be answered by two.
static void test_forks_offer(void **state)
{
	invite("");
	respond("200 OK", "one", "", SDP_A("1", "19500"));
	host_send(&rig.ucm[RIG_A],
		"SIP/2.0 200 OK\nVia: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\n" B_FROM B_TO
		";tag=two\n" CALL_ID "CSeq: 101 INVITE\n" A_ANSWER,
		SDP_A("1", "19600"));
	host_expect(&rig.ucm[RIG_A], "ACK ");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	contains(&rig.ucm[RIG_A], ";tag=two\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "", "", "");
	rig_only(RIG_A, CNT_OFFER_CROSSED, 1);
	host_send(&rig.caller,
		"ACK sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA("ack1")
			B_FROM B_TO ";tag=one\n" CALL_ID
				    "CSeq: 101 ACK\nMax-Forwards: 69\n" SDP_TYPE,
		SDP_B("1", "20000"));
	host_expect(&rig.ucm[RIG_A], "ACK ");
	media_is(20000, 19500);
	b_says("BYE", "bye1", "one", 102);
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_fork_ends),
		TEST(first_fork_ends),
		TEST(all_forks_end),
		TEST(early_forks),
		TEST(bad_fork),
		TEST(forks_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
