// SPDX-License-Identifier: BSD-3-Clause
// Calls that the Internet fails (protocol.md 5.1, 5.2, 5.4), from B through both proxies to call
// manager A. What the workers of A measure is set by hand; B never falls back.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/alarm.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

#define B_NEVER                                                                                    \
	"domain: enterprise-b.example",                                                            \
		"domain: enterprise-b.example\n    fallback: {default-sensitivity: 0}"
#define TRUNK "sip:81a985c9@UCM-30;maddr=192.168.10.30"
#define SAYS  "X-UCIME-Fallback: level=4;session=\"2948@81a9\";trunk=\"" TRUNK "\"\n"

static struct sip_host refer; // the connection that brings a REFER out of the dialog
static unsigned int referred;

static void on_refer(int fd, const struct endpoint *peer, void *arg)
{
	referred++;
	host_close(&refer); // the one before
	host_tcp(&refer, rig.hosts, fd);
}

static int up(const char *const *edit)
{
	referred = 0;
	rig_up(edit);
	return 0;
}

static int setup(void **state)
{
	static const char *const edit[] = {B_NEVER, NULL};

	return up(edit);
}

static int teardown(void **state)
{
	host_close(&refer);
	return rig_teardown(state);
}

// INVITE to ACK; `says` are headers of call manager A's 200.
static void establish_by(const char *invite, const char *says)
{
	char answer[1024];

	rig_caller();
	host_send(&rig.caller, invite, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	snprintf(answer, sizeof(answer), A_ANSWER "%s", says);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", answer, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	fake_net_host_down(RIG_UCM_A, 5070);
	fake_net_host(RIG_UCM_A, 5070, on_refer, NULL);
}

// `asks` are headers of B's INVITE.
static void establish(const char *asks, const char *says)
{
	char invite[8192];

	snprintf(invite, sizeof(invite), B_INVITE("1", TICKET_HEADER SDP_TYPE "%s"), asks);
	establish_by(invite, says);
}

// So many seconds of a stream of which the worker finds `bad`.
static void judged(unsigned int seconds, bool bad)
{
	struct rma_counters *q = &fake_dp_quality[0];

	for (unsigned int i = 0; i < seconds; i++) {
		q->judged_us += 1000000;
		q->bad_us += bad ? 1000000 : 0;
		q->bad = bad;
		q->rblr_pct_x100 = bad ? 1250 : 10;
		q->ite_8s = 6;
		q->bls_ms = 480;
		q->avg_pdv_us = 61000;
		q->scs_8s = 3;
		rig.now_ns += 1000000000;
		for (int k = 0; k < 2; k++)
			ime_tick(rig.ime[k]);
	}
	host_idle(rig.base);
}

static struct call_fallback *fallback(void)
{
	return &calls_first(rig.ime[RIG_A]->calls)->fallback;
}

static void sent(uint64_t n)
{
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_SENT), n);
	assert_int_equal(rig_counter(RIG_B, CNT_FALLBACK_SENT), 0);
}

// The answer to a REFER outside the dialog.
static void answer_refer(const char *status, const char *extra)
{
	call_answer(&refer, status, "utag", extra, "");
	host_idle(rig.base);
}

// A call that is bad from its start, until the REFER; `where` it comes.
static void falls_back(const char *says, struct sip_host *where)
{
	establish("", says);
	judged(21, true);
	host_expect(where, "REFER ");
}

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
	call_b_request("INFO", "i1", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "INFO ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 103 INFO\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "\r\nCSeq: 102 INFO\r\n");
	call_b_request("BYE", "b1", 103, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	contains(&rig.ucm[RIG_A], "\r\nCSeq: 104 BYE\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "\r\nCSeq: 103 BYE\r\n");
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

// ---- When --------------------------------------------------------------------------------------

static void test_recovers(void **state)
{
	establish("", SAYS);
	judged(8, true);
	assert_int_equal(fallback()->machine.state, FALLBACK_HOLD_DOWN);
	judged(13, false);
	assert_int_equal(fallback()->machine.state, FALLBACK_GOOD);
	judged(20, false);
	sent(0);
	call_hang_up();
}

// FB-4, and the worker is told.
static void test_fb4_level_0(void **state)
{
	establish("", "X-UCIME-Fallback: level=0\n");
	assert_int_equal(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.level, 0);
	judged(60, true);
	sent(0);
	call_hang_up();
}

static void test_level_reaches_worker(void **state)
{
	bool found = false;

	establish("", SAYS);
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		const struct dp_msg_media *m = &fake_dp_sent[i].media;

		if (fake_dp_sent[i].type == DP_MSG_MEDIA_SET && m->monitor.level == 4) {
			assert_true(m->monitor.on);
			assert_int_equal(m->monitor.event_pt, 101);
			assert_int_equal(m->clock_hz, 8000);
			found = true;
		}
	}
	assert_true(found);
	call_hang_up();
}

// Early media is not measured, and its lack is no stall: a phone may ring for long.
static void test_rma5_early_media(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "183 Session Progress", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.on);
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.hold);
	rig_pass_s(10);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_TICK), 0);
	assert_int_equal(fallback()->machine.state, FALLBACK_GOOD);
	fake_dp_n_sent = 0;
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	assert_false(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.hold);
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	judged(2, false);
	assert_int_equal(fallback()->machine.state, FALLBACK_GOOD);
	assert_true(fake_dp_count(DP_MSG_MEDIA_TICK) > 0);
	call_hang_up();
}

// RMA-5: B puts the call on hold and takes it back.
static void test_rma5_hold(void **state)
{
	static const char hold[] = "v=0\no=CCM 2000 2 IN IP4 192.168.20.30\ns=SIP Call\n"
				   "c=IN IP4 192.168.20.51\nt=0 0\nm=audio 20000 RTP/AVP 9\n"
				   "a=rtpmap:9 G722/8000\na=sendonly\n";
	static const char held[] = "v=0\no=CCM 3000 2 IN IP4 192.168.10.30\ns=SIP Call\n"
				   "c=IN IP4 192.168.10.51\nt=0 0\nm=audio 19520 RTP/AVP 9\n"
				   "a=rtpmap:9 G722/8000\na=recvonly\n";
	bool found = false;

	establish("", SAYS);
	fake_dp_n_sent = 0;
	call_b_request("INVITE", "h1", 102, B_CONTACT SDP_TYPE, hold);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, held);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		const struct dp_msg_media *m = &fake_dp_sent[i].media;

		if (fake_dp_sent[i].type != DP_MSG_MEDIA_SET || m->monitor.level != 4)
			continue;
		assert_true(m->monitor.on);
		assert_true(m->leg[SIDE_OUTSIDE].rx_allowed); // there may be music
		assert_true(m->monitor.hold);
		found = true;
	}
	assert_true(found);
	call_b_request("ACK", "h2", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	call_b_request("BYE", "b1", 103, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
}

// A worker is asked about a stream that nothing comes from.
static void test_stall_is_asked_for(void **state)
{
	establish("", SAYS);
	fake_dp_stats[0].leg[0].last_rx_ns = rig.now_ns;
	judged(3, false);
	assert_true(fake_dp_count(DP_MSG_MEDIA_TICK) >= 2);
	call_hang_up();
}

// FB-1.
static int setup_map(void **state)
{
	static const char *const edit[] = {B_NEVER, "refer-retries: 3",
		"header-map: {level: {header: X-Q, param: l}, trunk: {header: X-T}, did: {header: "
		"X-Q, "
		"param: n}}",
		NULL};

	return up(edit);
}

static void test_fb1_header_map(void **state)
{
	establish("X-Q: v;l=1;n=+12125559999\n", "X-Q: v;l=5;a=b\nX-T: " TRUNK "\n");
	contains(&rig.caller, "\r\nX-Q: v;a=b\r\n");
	contains_not(&rig.caller, "X-T");
	judged(21, true);
	host_expect(&refer, "REFER " TRUNK " SIP/2.0\r\n");
	contains(&refer, "\r\nX-UCIME-Fallback: level=5;");
	contains(&refer, "\r\nRefer-To: <tel:+12125559999>\r\n");
	call_hang_up();
}

// One bucket for a domain: the second call waits for its turn. And the alarm names the domain.
static int setup_storm(void **state)
{
	static const char *const edit[] = {B_NEVER, "alarm-calls-per-domain: 5",
		"alarm-calls-per-domain: 1", "calls-per-second-per-domain: 5",
		"calls-per-second-per-domain: 1", NULL};

	return up(edit);
}

static void test_storm(void **state)
{
	struct domain *d;

	establish("", SAYS);
	judged(1, true);
	judged(1, true);
	assert_true(alarm_get(ALARM_QUALITY)->active);
	assert_non_null(strstr(
		alarm_get(ALARM_QUALITY)->text, "1 of 1 calls with enterprise-b.example are bad"));
	judged(18, true);
	d = calls_first(rig.ime[RIG_A]->calls)->domain;
	assert_non_null(d);
	d->refers.full_at_ns = rig.now_ns + 3500000000ull; // others had their turn
	judged(2, true);
	sent(0);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_LIMITED), 1);
	rig.ime[RIG_A]->refers_rate.full_at_ns = rig.now_ns + 5000000000ull; // of all domains
	judged(3, true);
	sent(0);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_LIMITED), 1);
	judged(2, true);
	sent(1);
	host_expect(&refer, "REFER ");
	answer_refer("202 Accepted", "Refer-Sub: false\n");
	judged(1, true);
	assert_false(alarm_get(ALARM_QUALITY)->active);
	call_hang_up();
}

int main(void)
{
#define T(f)      cmocka_unit_test_setup_teardown(f, setup, teardown)
#define W(f, set) cmocka_unit_test_setup_teardown(f, set, teardown)
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
		T(test_recovers),
		T(test_fb4_level_0),
		T(test_level_reaches_worker),
		T(test_rma5_early_media),
		T(test_rma5_hold),
		T(test_stall_is_asked_for),
		W(test_fb1_header_map, setup_map),
		W(test_storm, setup_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
