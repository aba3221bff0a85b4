// SPDX-License-Identifier: BSD-3-Clause
// What becomes of media in whole calls: when the worker may speak to a remote, and what happens
// without ports.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"

static const struct dp_media_leg *outside_leg(void)
{
	const struct dp_msg *m = fake_dp_last(DP_MSG_MEDIA_SET, -1);

	assert_non_null(m);
	return &m->media.leg[SIDE_OUTSIDE];
}

// A request of the remote inside the dialog with `tag`.
static void remote_request(const char *method, const char *tag, int cseq, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s " R_URI
		" SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK%s%d\n" R_FROM B_TO
		";tag=%s\n" R_CALL_ID "CSeq: %d %s\n" R_CONTACT "Max-Forwards: 69\n%s",
		method, method, cseq, tag, cseq, method, body[0] != '\0' ? SDP_TYPE : "");
	host_send(&rig.remote, head, body);
}

static void remote_invites(const char *body)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		body[0] != '\0' ? R_INVITE TICKET_HEADER SDP_TYPE : R_INVITE TICKET_HEADER, body);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
}

static void ucm_answers(const char *status)
{
	call_answer(&rig.ucm[RIG_A], status, "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 ");
}

// ---- tx_awaits_rx ------------------------------------------------------------------------------

// The address in a caller's offer may be a stranger's: it hears nothing until the caller has shown,
// by its ACK, that it has our answer.
static void test_caller_acks(void **state)
{
	remote_invites(SDP_SECURE);
	ucm_answers("183 Session Progress");
	assert_true(outside_leg()->tx_awaits_rx);
	ucm_answers("200 OK");
	assert_true(outside_leg()->tx_awaits_rx);
	remote_request("ACK", "stranger", 101, "");
	host_idle(rig.base);
	assert_true(outside_leg()->tx_awaits_rx);
	remote_request("ACK", "atag", 101, "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	assert_false(outside_leg()->tx_awaits_rx);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 3); // the 200: it is measured
}

static void test_caller_pracks(void **state)
{
	remote_invites(SDP_SECURE);
	ucm_answers("183 Session Progress");
	remote_request("PRACK", "atag", 102, "");
	host_expect(&rig.ucm[RIG_A], "PRACK ");
	assert_false(outside_leg()->tx_awaits_rx);
}

// The ACK makes an answer final: ports that were offered for a line that nobody wants are free.
static void test_refused_line(void **state)
{
	struct ime_usage u;

	remote_invites(SDP_SECURE "m=video 29826 RTP/SAVP 31\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
				  "inline:" KEY_1 "\n");
	call_answer(
		&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A "m=video 0 RTP/AVP 31\n");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "m=video 0 RTP/SAVP 31\r\n");
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.media_in_use, 2);
	remote_request("ACK", "atag", 101, "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.media_in_use, 1);
}

// The remote's answer to our side's delayed offer is its proof.
static void test_caller_answers(void **state)
{
	remote_invites("");
	ucm_answers("200 OK");
	remote_request("ACK", "atag", 101, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "ACK ");
	assert_false(outside_leg()->tx_awaits_rx);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 1);
}

#define O_REST                                                                                     \
	"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\n"                                    \
	"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"                                    \
	"To: <sip:+12125550199@enterprise-b.example>\n"                                            \
	"Call-ID: out@192.168.10.30\nCSeq: 5 INVITE\nMax-Forwards: 70\n" A_CONTACT
#define O_INVITE "INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n" O_REST
#define R_ANSWER "Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n" SDP_TYPE

// Whoever we call has answered for its address.
static void test_callee(void **state)
{
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, O_INVITE SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "INVITE ");
	call_answer(&rig.remote, "183 Session Progress", "rtag", R_ANSWER, SDP_SECURE);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	assert_false(outside_leg()->tx_awaits_rx);
}

static void test_callee_offers(void **state)
{
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, O_INVITE, "");
	host_expect(&rig.remote, "INVITE ");
	call_answer(&rig.remote, "200 OK", "rtag", R_ANSWER, SDP_SECURE);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	host_send(&rig.caller,
		"ACK sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKoack\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n"
		"Call-ID: out@192.168.10.30\nCSeq: 5 ACK\nMax-Forwards: 70\n" SDP_TYPE,
		SDP_PLAIN_A);
	host_expect(&rig.remote, "ACK ");
	assert_false(outside_leg()->tx_awaits_rx);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 1);
}

// ---- Without ports -----------------------------------------------------------------------------

static void take_all_ports(void)
{
	static const uint16_t iface[SIDES] = {RIG_OUTSIDE, RIG_INSIDE};
	struct mta_stream stream;

	while (mta_alloc(rig.ime[RIG_A]->mta, iface, NULL, &stream) == 0)
		;
}

static void test_no_ports_from_inside(void **state)
{
	take_all_ports();
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, O_INVITE SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_MEDIA_PORTS_FULL, 1);
}

// Silence is for bad tickets: a caller with a good one is told, so that it takes the PSTN at once.
static void test_no_ports_from_outside(void **state)
{
	assert_int_equal(rig.ime[RIG_A]->cfg->ticket_failure_action, FAILURE_DROP);
	take_all_ports();
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_MEDIA_PORTS_FULL, 1);
}

// The offer comes with the answer: who answered is hung up on, who called hears 503.
static void test_no_ports_for_delayed_offer(void **state)
{
	remote_invites("");
	take_all_ports();
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	rig_only(RIG_A, CNT_MEDIA_PORTS_FULL, 1);
}

// A line more in the middle of a call: refused, and the call goes on.
static void test_no_ports_for_video(void **state)
{
	struct ime_usage u;
	size_t sets;

	remote_invites(SDP_SECURE);
	ucm_answers("200 OK");
	remote_request("ACK", "atag", 101, "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	sets = fake_dp_count(DP_MSG_MEDIA_SET);
	take_all_ports();
	remote_request("INVITE", "atag", 102,
		SDP_SECURE "m=video 29826 RTP/SAVP 31\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
			   "inline:" KEY_1 "\n");
	host_expect(&rig.remote, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_MEDIA_PORTS_FULL, 1);
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.signaling_in_use, 1);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), sets);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(caller_acks),
		TEST(caller_pracks),
		TEST(caller_answers),
		TEST(refused_line),
		TEST(callee),
		TEST(callee_offers),
		TEST(no_ports_from_inside),
		TEST(no_ports_from_outside),
		TEST(no_ports_for_delayed_offer),
		TEST(no_ports_for_video),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
