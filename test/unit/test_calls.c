// SPDX-License-Identifier: BSD-3-Clause
// Whole calls through two proxies, TLS between them: what each party sees, what the workers are
// told, and that nothing is left.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

// What proxy A told its workers last, and proxy B. In a call from B, A learns of the answer first;
// with an answer from B's side it is the other way round.
static const struct dp_msg_media *last_set(size_t from_end)
{
	for (size_t i = fake_dp_n_sent; i-- > 0;) {
		if (fake_dp_sent[i].type == DP_MSG_MEDIA_SET && from_end-- == 0)
			return &fake_dp_sent[i].media;
	}
	fail_msg("no MEDIA_SET");
	return NULL;
}

static void keys_match(const struct dp_msg_media *x, const struct dp_msg_media *y)
{
	assert_memory_equal(x->leg[0].rx_key, y->leg[0].tx_key, DP_SRTP_KEY_LEN);
	assert_memory_equal(x->leg[0].tx_key, y->leg[0].rx_key, DP_SRTP_KEY_LEN);
	assert_int_equal(x->leg[0].suite, y->leg[0].suite);
}

static void assert_clean(void)
{
	for (int i = 0; i < 2; i++) {
		rig_only(i, CNT_NONE, 0);
		rig_assert_clean(i);
	}
}

static void test_tkt21_tkt22_call(void **state)
{
	struct endpoint mapped = ep(RIG_UCM_B_MAPPED, 0);
	const struct dp_msg_media *a, *b;

	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE sip:+14085550123@192.168.10.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\r\n");
	contains(&rig.ucm[RIG_A], TICKET_2_13); // TKT-21
	contains(&rig.ucm[RIG_A], "RTP/AVP 9 0 101\r\n");
	contains(&rig.ucm[RIG_A], "c=IN IP4 192.168.10.3\r\n");
	contains_not(&rig.ucm[RIG_A], "a=crypto"); // SRTP-2
	assert_true(ip_eq(&fake_net_last_source.ip, &mapped.ip));
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0); // media starts with the answer
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	contains(&rig.caller, "Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bK1\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "c=IN IP4 192.168.20.3\r\n");
	contains_not(&rig.caller, "a=crypto");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 2);
	a = last_set(1);
	b = last_set(0);
	keys_match(a, b); // SRTP-6
	assert_memory_not_equal(a->leg[0].tx_key, a->leg[0].rx_key, DP_SRTP_KEY_LEN);
	assert_int_equal(a->leg[0].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(a->leg[1].suite, DP_SRTP_NONE);
	assert_true(endpoint_eq(&a->leg[0].remote, &b->leg[0].local));
	assert_true(endpoint_eq(&a->leg[0].local, &b->leg[0].remote));
	assert_int_equal(a->leg[1].remote.port, 19520);
	assert_int_equal(b->leg[1].remote.port, 20000);
	assert_true(a->leg[0].rx_allowed && a->leg[0].tx_allowed && a->leg[1].rx_allowed);
	assert_int_equal(a->clock_hz, 8000);
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK sip:+14085550123@192.168.10.30:5070");
	call_hang_up();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rig_counter(i, CNT_CALLS_ANSWERED), 1);
		assert_int_equal(rig_counter(i, CNT_CALLS_ENDED), 1);
	}
	assert_clean();
	assert_int_equal(rig_counter(RIG_A, CNT_TICKETS_VALID), 1);
	assert_int_equal(rig_counter(RIG_B, CNT_TICKETS_VALID), 0); // TKT-22
}

// The offer comes in the 200, the answer in the ACK (SIP-6).
static void test_sip6_delayed_offer(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER), "");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "c=IN IP4 192.168.20.3\r\n");
	contains_not(&rig.caller, "a=crypto");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0);
	call_ack(SDP_TYPE, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "ACK ");
	contains(&rig.ucm[RIG_A], "RTP/AVP 9 0 101\r\n");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 2);
	keys_match(last_set(0), last_set(1));
	assert_int_equal(last_set(0)->leg[1].remote.port, 19520); // A's was told last
	call_hang_up();
	assert_clean();
}

// 183 with the answer, then 200 with the same one: the worker is told once.
static void test_early_media(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "183 Session Progress", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 2);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 4); // it is measured now
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	call_hang_up();
	assert_clean();
}

// Two phones ring, the second one answers: each 18x has a tag of its own, and the media goes where
// the 200 says.
static void test_forks(void **state)
{
	static const char other[] = "v=0\no=CCM 3001 1 IN IP4 192.168.10.30\ns=-\n"
				    "c=IN IP4 192.168.10.52\nt=0 0\nm=audio 21000 RTP/AVP 9 101\n";

	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "183 Session Progress", "fork1", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	call_answer(&rig.ucm[RIG_A], "183 Session Progress", "atag", A_ANSWER, other);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, other);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	// B's proxy has the same address and key from A's for both: nothing changed for its worker. With
	// the answer both begin to measure.
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 3 + 2);
	// A's last is before B's.
	assert_int_equal(fake_dp_sent[fake_dp_n_sent - 2].media.leg[1].remote.port, 21000);
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	call_hang_up();
	assert_clean();
}

// Two phones answer at once; the caller takes one and ends the other: the call goes on.
static void test_two_answers(void **state)
{
	struct ime_usage u;

	call_establish();
	host_send(&rig.ucm[RIG_A],
		"SIP/2.0 200 OK\nVia: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\n" B_FROM B_TO
		";tag=fork\n" CALL_ID "CSeq: 101 INVITE\n" A_ANSWER,
		SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	host_send(&rig.caller,
		"BYE sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA("forkbye")
			B_FROM B_TO ";tag=fork\n" CALL_ID "CSeq: 102 BYE\nMax-Forwards: 69\n",
		"");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.signaling_in_use, 1);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
	call_hang_up();
	assert_clean();
}

#define SDP_B(version, media, dir)                                                                 \
	"v=0\no=CCM 2000 " version " IN IP4 192.168.20.30\ns=SIP Call\nc=IN IP4 192.168.20.51\n"   \
	"t=0 0\nm=audio " media " RTP/AVP 9 0 101\na=" dir "\n"
#define SDP_A(version, dir)                                                                        \
	"v=0\no=CCM 3000 " version " IN IP4 192.168.10.30\ns=SIP Call\nc=IN IP4 192.168.10.51\n"   \
	"t=0 0\nm=audio 19520 RTP/AVP 9 101\na=" dir "\n"
#define B_REINVITE SDP_TYPE B_CONTACT

static void reinvite_from_b(int cseq, const char *branch, const char *offer, const char *answer)
{
	call_b_request("INVITE", branch, cseq, B_REINVITE, offer);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, answer);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_b_request("ACK", "reack", cseq, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
}

static void test_hold_and_resume(void **state)
{
	uint8_t first[DP_SRTP_KEY_LEN], held[DP_SRTP_KEY_LEN];
	const struct dp_msg_media *a;

	call_establish();
	memcpy(first, last_set(1)->leg[0].tx_key, sizeof(first));
	reinvite_from_b(102, "hold", SDP_B("2", "20000", "sendonly"), SDP_A("2", "recvonly"));
	a = last_set(1);
	keys_match(a, last_set(0));
	assert_true(a->leg[0].rx_allowed && !a->leg[0].tx_allowed);
	assert_true(!a->leg[1].rx_allowed && a->leg[1].tx_allowed);
	memcpy(held, a->leg[0].tx_key, sizeof(held));
	assert_memory_not_equal(held, first, sizeof(held)); // SRTP-7: a new offer, a new key
	reinvite_from_b(103, "resume", SDP_B("3", "20000", "sendrecv"), SDP_A("3", "sendrecv"));
	a = last_set(1);
	keys_match(a, last_set(0));
	assert_true(a->leg[0].rx_allowed && a->leg[0].tx_allowed);
	assert_true(a->leg[1].rx_allowed && a->leg[1].tx_allowed);
	assert_memory_not_equal(a->leg[0].tx_key, first, sizeof(first));
	assert_memory_not_equal(a->leg[0].tx_key, held, sizeof(held));
	assert_int_equal(last_set(1)->stream, last_set(5)->stream); // the ports stay
	call_hang_up();
	assert_clean();
}

// SRTP-7: a session refresh with the same o= changes no key, and no worker is bothered.
static void test_refresh(void **state)
{
	size_t n;

	call_establish();
	n = fake_dp_count(DP_MSG_MEDIA_SET);
	reinvite_from_b(102, "refresh", SDP_PLAIN_B, SDP_PLAIN_A);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), n);
	call_hang_up();
	assert_clean();
}

// A new address in mid-call, from the called side, on the connection that its proxy opened.
static void test_reinvite_from_a(void **state)
{
	call_establish();
	call_a_request(&rig.ucm[RIG_A], "INVITE", "re1", 1, A_ANSWER,
		"v=0\no=CCM 3000 2 IN IP4 192.168.10.30\ns=-\nc=IN IP4 192.168.10.77\nt=0 0\n"
		"m=audio 23456 RTP/AVP 9 101\n");
	host_expect(&rig.caller, "INVITE sip:+12125550199@192.168.20.30:5070;transport=tcp");
	contains(&rig.caller, "RTP/AVP 9 101\r\n");
	call_answer(&rig.caller, "200 OK", "btag", B_REINVITE, SDP_B("2", "20002", "sendrecv"));
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 200 ");
	keys_match(last_set(0), last_set(1));
	assert_int_equal(last_set(0)->leg[1].remote.port, 23456);
	assert_int_equal(last_set(1)->leg[1].remote.port, 20002);
	call_a_request(&rig.ucm[RIG_A], "ACK", "reack", 1, "", "");
	host_expect(&rig.caller, "ACK ");
	call_hang_up();
	assert_clean();
}

// A refused re-INVITE leaves the call as it was.
static void test_reinvite_refused(void **state)
{
	size_t n;

	call_establish();
	n = fake_dp_count(DP_MSG_MEDIA_SET);
	call_b_request("INVITE", "re", 102, B_REINVITE, SDP_B("2", "20010", "sendrecv"));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "488 Not Acceptable Here", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 488 ");
	call_b_request("ACK", "re", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), n);
	call_hang_up();
	assert_clean();
}

static void test_cancel(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_cancel();
	host_expect(&rig.ucm[RIG_A], "CANCEL sip:+14085550123@192.168.10.30:5070");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_terminated(&rig.ucm[RIG_A]);
	call_b_request("ACK", "1", 101, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_FAILED), 1);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0);
	assert_clean();
}

static void test_busy(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	call_b_request("ACK", "1", 101, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	assert_clean();
}

// The called side hangs up over a connection of its own: other trunk, other direction.
static void test_bye_on_another_trunk(void **state)
{
	call_establish();
	host_tcp(&rig.remote, rig.base,
		fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 41000, RIG_UCM_B_MAPPED, 5070));
	call_a_request(&rig.remote, "BYE", "abye", 1, "", "");
	host_expect(&rig.ucm[RIG_B], "BYE sip:+12125550199@192.168.20.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_B], "Via: SIP/2.0/TCP 209.165.200.228:5070;branch=z9hG4bKabye");
	call_answer(&rig.ucm[RIG_B], "200 OK", "btag", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	assert_clean();
}

// Two calls share a trunk.
static void test_two_calls(void **state)
{
	struct ime_usage u;

	call_establish();
	host_send(&rig.caller,
		INVITE_URI B_VIA("2nd") B_FROM B_TO
		"\nCall-ID: second@192.168.20.30\nCSeq: 1 INVITE\n" B_CONTACT
		"Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag2", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.signaling_in_use, 2);
	assert_int_equal(u.media_in_use, 2);
	assert_int_equal(rig.ucm_accepted[RIG_A], 1);
	assert_int_not_equal(last_set(1)->stream, last_set(3)->stream);
	call_hang_up();
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.signaling_in_use, 1);
	assert_int_equal(u.signaling_most_used, 2);
}

// TLS-6: what was opened and has closed is opened again with the next request.
static void test_tls6_leg_reopened(void **state)
{
	call_establish();
	host_close(&rig.ucm[RIG_A]);
	host_idle(rig.base);
	call_b_request("BYE", "bye", 199, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	assert_int_equal(rig.ucm_accepted[RIG_A], 2);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	assert_clean();
}

// TLS-6: a connection that died unnoticed: the request that finds out goes out again, with the same
// branch, on a new one, and the caller sees nothing of it.
static void test_tls6_died_unnoticed(void **state)
{
	call_establish();
	host_close_on_next(&rig.ucm[RIG_A]);
	call_b_request("INVITE", "re", 102, B_REINVITE, SDP_B("2", "20010", "sendrecv"));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	assert_int_equal(rig.ucm_accepted[RIG_A], 2);
	contains(&rig.ucm[RIG_A], "branch=z9hG4bKre\r\n");
	contains(&rig.ucm[RIG_A], "m=audio ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_A("2", "sendrecv"));
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_b_request("ACK", "reack", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_RESENT), 1);
	call_hang_up();
	assert_clean();
}

// It is tried once more, not for ever.
static void test_died_for_good(void **state)
{
	call_establish();
	host_close_on_next(&rig.ucm[RIG_A]);
	fake_net_host_down(RIG_UCM_A, 5070);
	call_b_request("INVITE", "re", 102, B_REINVITE, SDP_B("2", "20010", "sendrecv"));
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_RESENT), 0);
}

// A call manager that cannot be reached: 503 at once, so that the caller tries another way.
static void test_ucm_down(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CONN_OPEN_FAILED), 1);
	assert_string_equal(host_header(&rig.caller, "Retry-After"), "5");
	assert_int_equal(rig_counter(RIG_A, CNT_UCM_DOWN), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_TICKETS_VALID), 1);
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

// The called proxy dies while the phone rings: the caller hears 503.
static void test_remote_lost_while_ringing(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	host_close(&rig.ucm[RIG_A]);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tkt21_tkt22_call),
		TEST(sip6_delayed_offer),
		TEST(early_media),
		TEST(forks),
		TEST(two_answers),
		TEST(hold_and_resume),
		TEST(refresh),
		TEST(reinvite_from_a),
		TEST(reinvite_refused),
		TEST(cancel),
		TEST(busy),
		TEST(bye_on_another_trunk),
		TEST(two_calls),
		TEST(tls6_leg_reopened),
		TEST(tls6_died_unnoticed),
		TEST(died_for_good),
		TEST(ucm_down),
		TEST(remote_lost_while_ringing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
