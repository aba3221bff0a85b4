// SPDX-License-Identifier: BSD-3-Clause
// SIP-7: what nobody ends is ended by a timer, both sides are told, and nothing leaks. The clock
// is the test's.
#include "test/unit/test.h"

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

static void ring(void)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
}

static void assert_gone(void)
{
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

// Nobody answers: after a minute the call is gone and the caller knows.
static void test_sip7_half_open(void **state)
{
	ring();
	rig_pass_s(59);
	host_expect_silence(&rig.caller);
	rig_pass_s(1);
	host_expect(&rig.caller, "SIP/2.0 408 ");
	call_b_request("ACK", "1", 101, "", "");
	host_expect_silence(&rig.ucm[RIG_A]); // absorbed
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_HALF_OPEN), 1);
	assert_int_equal(rig_counter(RIG_B, CNT_CALLS_HALF_OPEN), 1);
	assert_gone();
}

// It rings and rings: each 18x starts sip_invite anew; then 408 one way and CANCEL the other.
static void test_sip7_unanswered(void **state)
{
	ring();
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	rig_pass_s(170);
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	rig_pass_s(170);
	host_expect_silence(&rig.caller);
	rig_pass_s(10);
	host_expect(&rig.caller, "SIP/2.0 408 ");
	host_expect(&rig.ucm[RIG_A], "CANCEL sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_A], "branch=z9hG4bK1\r\n");
	contains(&rig.ucm[RIG_A], "CSeq: 101 CANCEL\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_send(&rig.ucm[RIG_A],
		"SIP/2.0 487 Request Terminated\n"
		"Via: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\n" B_FROM B_TO
		";tag=atag\n" CALL_ID "CSeq: 101 INVITE\n",
		"");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	contains(&rig.ucm[RIG_A], "CSeq: 101 ACK\r\n");
	host_expect_silence(&rig.caller);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_UNANSWERED), 1);
	assert_gone();
}

// With media before the answer it is the shorter sip-provisional-media that counts.
static void test_provisional_media(void **state)
{
	ring();
	call_answer(&rig.ucm[RIG_A], "183 Session Progress", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	rig_pass_s(119);
	host_expect_silence(&rig.caller);
	rig_pass_s(1);
	host_expect(&rig.caller, "SIP/2.0 408 ");
	host_expect(&rig.ucm[RIG_A], "CANCEL ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_UNANSWERED), 1);
	assert_gone();
}

// A 200 that comes after the proxy gave up gets ACK and BYE: no ghost.
static void test_late_answer(void **state)
{
	ring();
	rig_pass_s(60);
	host_expect(&rig.caller, "SIP/2.0 408 ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.ucm[RIG_A], "ACK sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_A], ";tag=atag\r\n");
	host_expect(&rig.ucm[RIG_A], "BYE sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_A], "CSeq: 102 BYE\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect_silence(&rig.caller);
	assert_gone();
}

static void again_from_ucm(struct sip_host *h, const struct sip_host *before)
{
	*h = (struct sip_host){.base = rig.base};
	host_tcp(h, rig.base,
		fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 40009, RIG_REMOTE, 5070));
	memcpy(h->msg, before->msg, sizeof(h->msg));
	call_answer(h, "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
}

static void remote_leaves_while_it_rings(struct sip_host *invite)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	*invite = rig.ucm[RIG_A];
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	host_close(&rig.remote);
	host_expect(&rig.ucm[RIG_A], "CANCEL ");
}

// The remote is gone while it rings, and the phone's 200 crosses the CANCEL: the trunk is gone too, so
// the call manager repeats it over a connection of its own.
static void test_late_answer_remote_gone(void **state)
{
	struct sip_host invite, h;

	remote_leaves_while_it_rings(&invite);
	host_expect_closed(&rig.ucm[RIG_A]);
	again_from_ucm(&h, &invite);
	host_expect(&h, "ACK sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&h, ";tag=atag\r\n");
	host_expect(&h, "BYE sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&h, "CSeq: 102 BYE\r\n");
	call_answer(&h, "200 OK", "atag", "", "");
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_RESPONSE_UNKNOWN), 0);
	rig_assert_clean(RIG_A);
	host_close(&h);
}

// Another call's answer is not its.
static void test_late_answer_of_nothing(void **state)
{
	struct sip_host invite, h;

	remote_leaves_while_it_rings(&invite);
	memcpy(strstr(invite.msg, "Call-ID: 77") + 9, "78", 2);
	again_from_ucm(&h, &invite);
	host_expect_silence(&h);
	assert_int_equal(rig_counter(RIG_A, CNT_RESPONSE_UNKNOWN), 1);
	host_close(&h);
}

// No packet from anywhere for sip_media: BYE to both, with the dialog's identity and next CSeq.
static void test_sip7_media_idle(void **state)
{
	call_establish();
	rig_pass_s(119);
	host_expect_silence(&rig.caller);
	rig_pass_s(1);
	host_expect(&rig.ucm[RIG_A], "BYE sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_A], "From: <sip:+12125550199@enterprise-b.example>;tag=btag\r\n");
	contains(&rig.ucm[RIG_A], "To: <sip:+14085550123@enterprise-a.example>;tag=atag\r\n");
	contains(&rig.ucm[RIG_A], "CSeq: 102 BYE\r\n");
	contains(&rig.ucm[RIG_A], "Call-ID: 5d2e9a10@192.168.20.30\r\n");
	host_expect(&rig.caller, "BYE sip:+12125550199@192.168.20.30:5070;transport=tcp");
	contains(&rig.caller, "Route: <sip:192.168.20.30:5070;transport=tcp;lr>\r\n");
	contains(&rig.caller, "To: <sip:+12125550199@enterprise-b.example>;tag=btag\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	call_answer(&rig.caller, "200 OK", "btag", "", "");
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_MEDIA_IDLE), 1);
	assert_gone();
}

// A moment ahead of the tick's clock, as workers can be.
static void hear(enum side side)
{
	for (int i = 0; i < 4; i++)
		fake_dp_stats[i].leg[side].last_rx_ns = rig.now_ns + 1000;
}

// Media keeps a call up; when one side has vanished, silence and no signalling for the sip
// time-out end it.
static void test_one_side_vanishes(void **state)
{
	call_establish();
	for (int minute = 0; minute < 29; minute++) {
		hear(SIDE_OUTSIDE);
		rig_pass_s(60);
	}
	host_expect_silence(&rig.caller);
	hear(SIDE_OUTSIDE);
	rig_pass_s(60);
	host_expect(&rig.caller, "BYE ");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_IDLE), 1);
	assert_gone();
}

// Longer than an idle connection may live, too.
static void test_media_from_both_keeps_it_up(void **state)
{
	call_establish();
	for (int minute = 0; minute < 65; minute++) {
		hear(SIDE_OUTSIDE);
		hear(SIDE_INSIDE);
		rig_pass_s(60);
	}
	call_hang_up();
	rig_only(RIG_A, CNT_NONE, 0);
	assert_gone();
}

// Nobody answers the BYE.
static void test_sip7_disconnect(void **state)
{
	struct ime_usage u;

	call_establish();
	call_b_request("BYE", "bye", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	rig_pass_s(119);
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.signaling_in_use, 1);
	rig_pass_s(1);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_DISCONNECT), 1);
	assert_gone();
}

// ---- One-way audio ------------------------------------------------------------------------------

// A second passes in which those sides speak.
static void talk(bool outside, bool inside)
{
	rig.now_ns += 1000000000ull;
	for (int i = 0; i < 4; i++) {
		struct dp_leg_stats *leg = fake_dp_stats[i].leg;

		leg[SIDE_OUTSIDE].rx_packets += outside ? 50 : 0;
		leg[SIDE_INSIDE].rx_packets += inside ? 50 : 0;
	}
	if (outside)
		hear(SIDE_OUTSIDE);
	if (inside)
		hear(SIDE_INSIDE);
	for (int i = 0; i < 2; i++)
		ime_tick(rig.ime[i]); // rig_pass_s() would wait for messages, each second
}

// The look at the streams comes once a second, at its own time: a limit is met within one more.
static void talk_for(unsigned int seconds, bool outside, bool inside)
{
	while (seconds-- > 0)
		talk(outside, inside);
}

// What `show` sees of A's only call.
static struct call_info seen;

static void see(const struct call_info *info, void *arg)
{
	seen = *info;
}

static void look(void)
{
	seen = (struct call_info){0};
	call_foreach(ime_calls(rig.ime[RIG_A]), see, NULL);
}

// Silent from the beginning, or later; named once each time, and never ended.
static void test_one_way(void **state)
{
	call_establish();
	talk_for(9, true, false);
	look();
	assert_false(seen.one_way);
	assert_int_equal(seen.streams[0].rate[SIDE_OUTSIDE][MEDIA_RX], 50);
	assert_int_equal(seen.streams[0].rate[SIDE_INSIDE][MEDIA_RX], 0);
	talk_for(2, true, false);
	look();
	assert_true(seen.one_way);
	assert_int_equal(seen.silent, SIDE_INSIDE);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_INSIDE), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_OUTSIDE), 0);
	assert_in_range((rig.now_ns - seen.one_way_ns) / 1000000000u, 10, 11);
	talk_for(200, true, false);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_INSIDE), 1);
	talk(true, true);
	look();
	assert_false(seen.one_way);
	talk_for(9, false, true);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_OUTSIDE), 0);
	talk_for(2, false, true);
	look();
	assert_true(seen.one_way);
	assert_int_equal(seen.silent, SIDE_OUTSIDE);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_OUTSIDE), 1);
	// The other side falls silent too: that is not one-way any more.
	talk_for(11, false, false);
	look();
	assert_false(seen.one_way);
	host_expect_silence(&rig.caller);
	call_hang_up();
	assert_gone();
}

// Silence on both sides, or in a direction on hold, is nobody's fault; after the hold the time
// begins anew.
static void test_one_way_on_hold(void **state)
{
	call_establish();
	talk_for(30, false, false);
	talk_for(5, true, true);
	call_b_request("INVITE", "hold", 102, B_CONTACT SDP_TYPE, SDP_PLAIN_B "a=sendonly\n");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A "a=recvonly\n");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_b_request("ACK", "hold", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	talk_for(60, true, false);
	look();
	assert_false(seen.streams[0].hears[SIDE_OUTSIDE]);
	call_b_request("INVITE", "resume", 103, B_CONTACT SDP_TYPE, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_b_request("ACK", "resume", 103, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	talk_for(9, true, false);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_INSIDE), 0);
	talk_for(2, true, false);
	assert_int_equal(rig_counter(RIG_A, CNT_ONE_WAY_INSIDE), 1);
	call_hang_up();
	assert_gone();
}

// A hold by address, as in RFC 2543, is a hold as any other: whoever has no address says nothing
// either, and the silence ends no call.
static void test_hold_by_address(void **state)
{
	call_establish();
	talk_for(5, true, true);
	call_b_request("INVITE", "hold", 102, B_CONTACT SDP_TYPE,
		"v=0\no=CCM 2000 2 IN IP4 192.168.20.30\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\n"
		"m=audio 20000 RTP/AVP 9\n");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_b_request("ACK", "hold", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	rig_pass_s(29 * 60);
	host_expect_silence(&rig.caller);
	look();
	assert_false(seen.streams[0].sends[SIDE_OUTSIDE] || seen.streams[0].hears[SIDE_OUTSIDE]);
	rig_only(RIG_A, CNT_NONE, 0);
	call_hang_up();
	assert_gone();
}

// ---- Keys ---------------------------------------------------------------------------------------

static void key_says(bool used_up, uint32_t stream)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_KEY};

	m.key = (struct dp_msg_key){.stream = stream, .leg = SIDE_OUTSIDE, .used_up = used_up};
	ime_media(rig.ime[RIG_A], &m);
	host_idle(rig.base);
}

// A key that nears its end is told; one that is used up ends the call, for nothing would pass.
static void test_key_used_up(void **state)
{
	uint32_t stream;

	call_establish();
	look();
	stream = seen.streams[0].stream;
	assert_false(seen.streams[0].key_low);
	key_says(true, stream + 100); // nobody's
	key_says(false, stream);
	look();
	assert_true(seen.streams[0].key_low);
	assert_int_equal(rig_counter(RIG_A, CNT_SRTP_KEY_LOW), 1);
	host_expect_silence(&rig.caller);
	key_says(true, stream);
	host_expect(&rig.ucm[RIG_A], "BYE ");
	host_expect(&rig.caller, "BYE ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_KEY_USED_UP), 1);
	key_says(true, stream); // late
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_KEY_USED_UP), 1);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	call_answer(&rig.caller, "200 OK", "btag", "", "");
	host_idle(rig.base);
	assert_gone();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sip7_half_open),
		TEST(sip7_unanswered),
		TEST(provisional_media),
		TEST(late_answer),
		TEST(late_answer_remote_gone),
		TEST(late_answer_of_nothing),
		TEST(sip7_media_idle),
		TEST(one_side_vanishes),
		TEST(media_from_both_keeps_it_up),
		TEST(sip7_disconnect),
		TEST(one_way),
		TEST(one_way_on_hold),
		TEST(hold_by_address),
		TEST(key_used_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
