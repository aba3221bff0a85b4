// SPDX-License-Identifier: BSD-3-Clause
// The REFER of a call that the Internet fails (FB-3 to FB-10): its shape out of the dialog and in it, and what
// comes of its answers. When one is sent is tested in test_fallback_calls.c.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/fake_net.h"
#include "test/unit/fallback_steps.h"

// Who has no number cannot be called back: nobody is asked to, until the next hold-down is over.
static void test_fb7_no_number(void **state)
{
	establish_by(
		INVITE_URI B_VIA("1") "From: <sip:anonymous@enterprise-b.example>;tag=btag\n" B_TO
				      "\n" CALL_ID "CSeq: 101 INVITE\n" B_CONTACT
				      "Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SAYS);
	judged(21, true);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_NO_NUMBER), 1);
	sent(0);
	assert_int_equal(referred, 0);
	host_expect_silence(&rig.ucm[RIG_A]);
	judged(5, true);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_NO_NUMBER), 1);
}

// ---- Out of the dialog -------------------------------------------------------------------------

static void count_refers(const struct ucm_info *u, void *arg)
{
	char ip[IP_TEXT_MAX];

	assert_string_equal(ip_format(&u->at.ip, ip), RIG_UCM_A);
	*(uint64_t *)arg += u->refers;
}

// FB-5, FB-6, FB-7, FB-10: the second row of 5.2, as its example.
static void test_fb6_fb10_trunk(void **state)
{
	uint64_t refers = 0;

	establish("", SAYS);
	contains_not(&rig.caller, "X-UCIME-Fallback"); // FB-2
	judged(20, true);
	sent(0);
	judged(1, true);
	sent(1);
	host_expect(&refer, "REFER " TRUNK " SIP/2.0\r\n");
	contains(&refer, "Via: SIP/2.0/TCP 192.168.10.1:40000;branch=z9hG4bK");
	contains(&refer, "From: <sip:ucime@192.168.10.1>;tag=");
	contains(&refer, "\r\nTo: <sip:81a985c9@UCM-30>\r\n");
	contains(&refer, "\r\nCall-ID: fb-");
	contains(&refer, "\r\nCSeq: 1 REFER\r\n");
	contains(&refer, "\r\nContact: <sip:ucime@192.168.10.1:40000;transport=tcp>\r\n");
	contains(&refer, "\r\nRefer-To: <tel:+12125550199>\r\nRefer-Sub: false\r\n");
	contains(&refer, "\r\nSupported: norefersub, tdialog\r\n");
	contains(&refer,
		"\r\nTarget-Dialog: 5d2e9a10@192.168.20.30;local-tag=atag;remote-tag=btag\r\n");
	contains(&refer, "\r\nX-UCIME-Fallback: level=4;session=\"2948@81a9\"\r\n");
	contains(
		&refer, "\r\nX-UCIME-Fallback-Reason: rblr=1250;ite=6;bls=480;pdv=61000;scs=3\r\n");
	contains_not(&refer, "Require");
	assert_int_equal(fallback()->machine.state, FALLBACK_REFERRED);
	answer_refer("202 Accepted", "Refer-Sub: false\n");
	assert_int_equal(fallback()->machine.state, FALLBACK_ACCEPTED);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_ACCEPTED), 1);
	ucms_foreach(rig.ime[RIG_A]->ucms, count_refers, &refers);
	assert_int_equal(refers, 1);
	rig_pass_s(1);
	host_expect_closed(&refer);
	call_hang_up();
	rig_assert_clean(RIG_A);
}

// The first row: the call manager has said that it knows Target-Dialog.
static void test_fb3_fb6_tdialog(void **state)
{
	establish("", "Supported: replaces, tdialog\n");
	judged(21, true);
	host_expect(&refer,
		"REFER sip:+14085550123@192.168.10.30:5070;transport=tcp SIP/2.0\r\n"); // FB-3
	contains(&refer, "\r\nRequire: tdialog\r\n");
	contains(&refer, "\r\nX-UCIME-Fallback: level=3;session=\"5d2e9a10@192.168.20.30\"\r\n");
	answer_refer("202 Accepted", "Refer-Sub: false\n");
	call_hang_up();
}

// FB-7: the number that the other side has named comes first.
static void test_fb7_did(void **state)
{
	establish("X-UCIME-Fallback: level=1;trunk=\"sip:1.2.3.4\";did=\"+12125559999\";dtmf=42\n",
		SAYS);
	judged(21, true);
	host_expect(&refer, "REFER " TRUNK " SIP/2.0\r\n"); // FB-2: not the remote's trunk
	contains(&refer, "\r\nRefer-To: <tel:+12125559999>\r\n");
	contains(&refer, ": level=4;");
	answer_refer("200 OK", "Refer-Sub: false\n");
	call_hang_up();
}

static void notify(const char *call_id)
{
	char head[1024];

	snprintf(head, sizeof(head),
		"NOTIFY sip:ucime@192.168.10.1:40000 SIP/2.0\nVia: SIP/2.0/TCP "
		"192.168.10.30;branch=z9hG4bKn\nFrom: <sip:u@v>;tag=utag\nTo: <sip:u@w>;tag=x\n"
		"Event: refer\nSubscription-State: terminated;reason=noresource\nCSeq: 7 NOTIFY\n"
		"Max-Forwards: 70\nCall-ID: %s\n",
		call_id);
	host_send(&refer, head, "");
}

// FB-6: who makes a subscription all the same has its NOTIFYs answered, and nobody else.
static void test_fb6_notify(void **state)
{
	char call_id[128];

	falls_back(SAYS, &refer);
	snprintf(call_id, sizeof(call_id), "%s", host_header(&refer, "Call-ID"));
	answer_refer("202 Accepted", "");
	judged(2, true);
	assert_int_equal(fallback()->machine.state, FALLBACK_ACCEPTED);
	notify("fb-x");
	host_expect_silence(&refer);
	notify(call_id);
	host_expect(&refer, "SIP/2.0 200 ");
	judged(1, true);
	host_expect_closed(&refer);
	call_hang_up();
}

// FB-5: only to a call manager of ours.
static void test_fb5_stranger(void **state)
{
	establish("", "X-UCIME-Fallback: trunk=\"sip:u@192.168.10.99\"\n");
	judged(21, true);
	sent(0);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_TRUNK), 1);
	assert_int_equal(referred, 0);
	assert_int_equal(fallback()->machine.state, FALLBACK_FAILED);
	call_hang_up();
}

// FB-9: refused, then once more a hold-down later; 403 and the like: at once in the dialog.
static void test_fb9_refused(void **state)
{
	falls_back(SAYS, &refer);
	answer_refer("603 Decline", "");
	assert_int_equal(fallback()->machine.state, FALLBACK_FAILED);
	judged(19, true);
	sent(1);
	judged(23, true);
	sent(2);
	host_expect(&refer, "REFER ");
	answer_refer("481 No Dialog", "");
	host_expect(
		&rig.ucm[RIG_A], "REFER sip:+14085550123@192.168.10.30:5070;transport=tcp SIP/2.0");
	sent(3);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_REFUSED), 2);
	call_answer(&rig.ucm[RIG_A], "202 Accepted", "atag", "", "");
	host_idle(rig.base);
	assert_int_equal(fallback()->machine.state, FALLBACK_ACCEPTED);
	call_hang_up();
}

// Silence, and a call manager that is gone.
static void test_fb9_silence(void **state)
{
	falls_back(SAYS, &refer);
	judged(33, true);
	assert_int_equal(fallback()->machine.state, FALLBACK_FAILED);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_REFUSED), 1);
	host_expect_closed(&refer);
	fake_net_host_down(RIG_UCM_A, 5070);
	judged(45, true);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_UNSENT), 1);
	call_hang_up();
}

// ---- In the dialog -----------------------------------------------------------------------------

// A request of B and its 200, after one REFER in B's name: one higher for A, and B's own number for B.
static void renumbered(const char *method, const char *branch, int cseq)
{
	char start[16], line[32];

	call_b_request(method, branch, cseq, "", "");
	snprintf(start, sizeof(start), "%s ", method);
	host_expect(&rig.ucm[RIG_A], start);
	snprintf(line, sizeof(line), "\r\nCSeq: %d %s\r\n", cseq + 1, method);
	contains(&rig.ucm[RIG_A], line);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	snprintf(line, sizeof(line), "\r\nCSeq: %d %s\r\n", cseq, method);
	contains(&rig.caller, line);
}

// FB-8: REFER in B's name; what B sends afterwards is renumbered, and B never knows.
static void test_fb8_in_dialog(void **state)
{
	establish("", "");
	judged(21, true);
	sent(1);
	assert_int_equal(referred, 0);
	host_expect(
		&rig.ucm[RIG_A], "REFER sip:+14085550123@192.168.10.30:5070;transport=tcp SIP/2.0");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 102 REFER\r\n");
	contains(&rig.ucm[RIG_A], ";tag=btag\r\n");
	contains(&rig.ucm[RIG_A], "\r\nRefer-To: <tel:+12125550199>\r\n");
	contains(&rig.ucm[RIG_A], "\r\nRefer-Sub: false\r\n");
	contains(&rig.ucm[RIG_A], "\r\nContact: <");
	call_answer(&rig.ucm[RIG_A], "202 Accepted", "atag", "", "");
	host_idle(rig.base);
	assert_int_equal(fallback()->machine.state, FALLBACK_ACCEPTED);
	call_a_request(&rig.ucm[RIG_A], "NOTIFY", "n1", 500,
		"Event: refer\nSubscription-State: active\n", "");
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 200 ");
	host_expect_silence(&rig.caller);
	renumbered("INFO", "i1", 102);
	renumbered("BYE", "b1", 103);
	rig_assert_clean(RIG_A);
}

// FB-8: a NOTIFY names any of our REFERs, or none of them.
static void test_fb8_notify_id(void **state)
{
	establish("", "");
	for (unsigned int i = 0; i < 2; i++) { // CSeq 102 and 103
		judged(21, true);
		host_expect(&rig.ucm[RIG_A], "REFER ");
		call_answer(&rig.ucm[RIG_A], "202 Accepted", "atag", "", "");
		host_idle(rig.base);
	}
	call_a_request(&rig.ucm[RIG_A], "NOTIFY", "n1", 500, "Event: refer;id=102\n", "");
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 200 ");
	call_a_request(&rig.ucm[RIG_A], "NOTIFY", "n2", 501, "Event: refer;id=103\n", "");
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 200 ");
	host_expect_silence(&rig.caller);
	call_a_request(&rig.ucm[RIG_A], "NOTIFY", "n3", 502, "Event: refer;id=101\n", "");
	host_expect(&rig.caller, "NOTIFY ");
	call_a_request(&rig.ucm[RIG_A], "NOTIFY", "n4", 503, "Event: dialog;id=102\n", "");
	host_expect(&rig.caller, "NOTIFY ");
}

// FB-9 in the dialog: refused, and no answer.
static void test_fb9_in_dialog(void **state)
{
	falls_back("", &rig.ucm[RIG_A]);
	call_answer(&rig.ucm[RIG_A], "100 Trying", "atag", "", "");
	host_idle(rig.base);
	assert_int_equal(fallback()->machine.state, FALLBACK_REFERRED);
	call_answer(&rig.ucm[RIG_A], "603 Decline", "atag", "", "");
	host_idle(rig.base);
	assert_int_equal(fallback()->machine.state, FALLBACK_FAILED);
	judged(42, true);
	host_expect(&rig.ucm[RIG_A], "REFER ");
	assert_int_equal(fallback()->machine.state, FALLBACK_REFERRED);
	judged(33, true);
	assert_int_equal(fallback()->machine.state, FALLBACK_FAILED);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_REFUSED), 2);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_ACCEPTED), 0);
	sent(2);
}

// FB-8: a re-INVITE that was under way keeps its number, and so does its ACK.
static void test_fb8_reinvite(void **state)
{
	establish("", "");
	judged(20, true);
	call_b_request("INVITE", "r1", 102, B_CONTACT SDP_TYPE, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 102 INVITE\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	judged(1, true);
	host_expect(&rig.ucm[RIG_A], "REFER ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 103 REFER\r\n");
	call_b_request("ACK", "a1", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 102 ACK\r\n");
	call_b_request("INVITE", "r2", 103, B_CONTACT SDP_TYPE, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 104 INVITE\r\n");
	call_answer(&rig.ucm[RIG_A], "488 Not Acceptable Here", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 488 ");
	contains(&rig.caller, "\r\nCSeq: 103 INVITE\r\n");
	call_b_request("ACK", "r2", 103, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 104 ACK\r\n");
	call_b_request("BYE", "b1", 104, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 105 BYE\r\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fallback_setup, fallback_teardown)
	static const struct CMUnitTest tests[] = {
		T(test_fb6_fb10_trunk),
		T(test_fb3_fb6_tdialog),
		T(test_fb7_did),
		T(test_fb7_no_number),
		T(test_fb6_notify),
		T(test_fb5_stranger),
		T(test_fb9_refused),
		T(test_fb9_silence),
		T(test_fb8_in_dialog),
		T(test_fb8_notify_id),
		T(test_fb8_reinvite),
		T(test_fb9_in_dialog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
