// SPDX-License-Identifier: BSD-3-Clause
// What an authenticated peer may try in order to get past the ticket, the SRTP rule or the limits
// (protocol.md 2.8, 3.2, 3.3, 4.2).
#include "test/unit/test.h"

#include <event2/buffer.h>
#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"

#define O_INVITE(branch, cseq, extra)                                                              \
	"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"                       \
	"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK" branch "\n"                           \
	"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"                                    \
	"To: <sip:+12125550199@enterprise-b.example>" extra "\n"                                   \
	"Call-ID: out@192.168.10.30\nCSeq: " cseq " INVITE\nMax-Forwards: 70\n" A_CONTACT SDP_TYPE
#define R_ANSWER "Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n"
#define SDP_R                                                                                      \
	"v=0\no=R 9 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"                  \
	"m=audio 29824 RTP/AVP 9 101\n"
#define R_REQUEST(method, branch, call_id, cseq, tag)                                              \
	method " " R_URI " SIP/2.0\n" R_VIA(branch) R_FROM B_TO tag                                \
		"\n" call_id "CSeq: " cseq " " method "\nMax-Forwards: 69\n"

static void outbound_invite(void)
{
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, O_INVITE("o", "5", ""), SDP_PLAIN_A);
	host_expect(&rig.remote, "INVITE ");
}

// An SDP with the crypto line that our first one asks for.
#define SDP_ANSWER(version)                                                                        \
	"v=0\no=R 9 " version " IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"        \
	"m=audio 29824 RTP/SAVP 9 101\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n"

// ---- SIP-5: nothing gets past the SRTP rule in a part of a body --------------------------------

static void test_sip5_multipart_answer(void **state)
{
	outbound_invite();
	call_answer(&rig.remote, "183 Session Progress", "rtag", R_ANSWER MULTIPART, PARTS(SDP_R));
	host_expect_silence(&rig.caller);
	call_answer(&rig.remote, "200 OK", "rtag", R_ANSWER MULTIPART, PARTS(SDP_R));
	host_expect(&rig.caller, "SIP/2.0 488 ");
	host_expect(&rig.remote, "ACK ");
	host_expect(&rig.remote, "BYE ");
	rig_only(RIG_A, CNT_RTP_OVER_IME, 2);
	rig_assert_clean(RIG_A);
}

// A refusal still tells that it is one.
static void test_multipart_refusal(void **state)
{
	outbound_invite();
	call_answer(&rig.remote, "488 Not Acceptable Here", "rtag", MULTIPART, PARTS(SDP_R));
	host_expect(&rig.caller, "SIP/2.0 488 ");
	contains(&rig.caller, "Content-Length: 0\r\n");
	contains_not(&rig.caller, "multipart");
	rig_assert_clean(RIG_A);
}

// The answer of a delayed offer.
static void test_multipart_ack(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER, "");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	host_send(&rig.remote, R_REQUEST("ACK", "ack", R_CALL_ID, "101", ";tag=atag") MULTIPART,
		PARTS(SDP_R));
	host_expect(&rig.ucm[RIG_A], "BYE ");
	rig_only(RIG_A, CNT_RTP_OVER_IME, 1);
	rig_assert_clean(RIG_A);
}

// What one reader takes for a description, and another for something else, or for two.
static void test_hidden_descriptions(void **state)
{
	static const struct {
		const char *type, *body;
		enum counter_id counter;
	} rows[] = {
		{"application/sdp (x)", SDP_R, CNT_SIP_BAD_CONTENT_TYPE},
		{"application/sdp;", SDP_R, CNT_SIP_BAD_CONTENT_TYPE},
		{"application/sdp\nContent-Encoding: deflate", SDP_R, CNT_SIP_ENCODED_BODY},
		{"multipart/mixed;boundary=x;boundary=y", PARTS(SDP_R), CNT_SIP_BAD_BOUNDARY},
		{"multipart/mixed;boundary=y", PARTS(SDP_R), CNT_SIP_BAD_PART},
		{"multipart/mixed;boundary=x", SDP_PART(SDP_R), CNT_SIP_BAD_PART},
		{"multipart/mixed;boundary=x", PARTS(SDP_R) SDP_PART(SDP_R), CNT_SIP_BAD_BOUNDARY},
		{"multipart/mixed;boundary=x", "--x\nc: multipart/x;boundary=y\n\n\n--x--\n",
			CNT_SIP_NESTED_PARTS},
	};
	char head[2048];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig_remote("b", "ca.pem");
		snprintf(head, sizeof(head), R_INVITE TICKET_HEADER "Content-Type: %s\n",
			rows[i].type);
		host_send(&rig.remote, head, rows[i].body);
		host_wait_up(&rig.remote);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, rows[i].counter, 1);
		rig.ime[RIG_A]->counters.v[rows[i].counter] = 0;
	}
}

// ---- 2.8: a branch alone opens nothing ---------------------------------------------------------

#define OTHER_CALL "Call-ID: other@198.51.100.10\n"

static void ring(void)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
}

static void test_cancel_of_another_call(void **state)
{
	ring();
	host_send(&rig.remote, R_REQUEST("CANCEL", "1", OTHER_CALL, "101", ""), "");
	host_expect_silence(&rig.ucm[RIG_A]);
	host_send(&rig.remote, R_REQUEST("CANCEL", "1", R_CALL_ID, "102", ""), "");
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_CANCEL_UNKNOWN, 2);
	host_send(&rig.remote, R_REQUEST("CANCEL", "1", R_CALL_ID, "101", ""), "");
	host_expect(&rig.ucm[RIG_A], "CANCEL ");
}

static void test_ack_of_another_call(void **state)
{
	ring();
	host_send(&rig.remote, R_REQUEST("ACK", "1", R_CALL_ID, "101", ";tag=x"), "");
	host_expect_silence(&rig.ucm[RIG_A]); // nothing to acknowledge yet
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 486 ");
	host_send(&rig.remote, R_REQUEST("ACK", "1", OTHER_CALL, "101", ";tag=x"), "");
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_ACK_UNKNOWN, 2);
	host_send(&rig.remote, R_REQUEST("ACK", "1", R_CALL_ID, "101", ";tag=atag"), "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
}

static void test_response_of_another_call(void **state)
{
	outbound_invite();
	host_send(&rig.remote,
		"SIP/2.0 180 Ringing\nVia: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bKo\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n" OTHER_CALL
		"CSeq: 5 INVITE\n" R_ANSWER,
		"");
	host_expect_silence(&rig.caller);
	rig_only(RIG_A, CNT_RESPONSE_UNKNOWN, 1);
	call_answer(&rig.remote, "180 Ringing", "rtag", R_ANSWER, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
}

// ---- The peer of a call stays its peer, whoever opens the connection (2.8) ---------------------

static void outbound_call(void)
{
	outbound_invite();
	call_answer(&rig.remote, "200 OK", "rtag", R_ANSWER SDP_TYPE, SDP_ANSWER("1"));
	host_expect(&rig.caller, "SIP/2.0 200 ");
	host_send(&rig.caller,
		"ACK sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKack\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n"
		"Call-ID: out@192.168.10.30\nCSeq: 5 ACK\nMax-Forwards: 70\n",
		"");
	host_expect(&rig.remote, "ACK ");
}

static void test_another_server_gets_no_reinvite(void **state)
{
	outbound_call();
	host_close(&rig.remote);
	host_idle(rig.base);
	rig_outbound_certificate("c");
	host_send(&rig.caller, O_INVITE("re", "6", ";tag=rtag"), SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 481 ");
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_DIALOG_PEER, 1);
}

// A dialog that ends is not live: no INVITE without a ticket comes in its name.
static void test_reinvite_after_bye(void **state)
{
	ring();
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	host_send(&rig.remote, R_REQUEST("ACK", "ack", R_CALL_ID, "101", ";tag=atag"), "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	host_send(&rig.remote, R_REQUEST("BYE", "bye", R_CALL_ID, "102", ";tag=atag"), "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	host_send(&rig.remote, R_REQUEST("INVITE", "re", R_CALL_ID, "103", ";tag=atag"), "");
	host_expect(&rig.remote, "SIP/2.0 481 ");
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_DIALOG_UNKNOWN, 1);
	host_send(&rig.ucm[RIG_A],
		"SIP/2.0 200 OK\nVia: SIP/2.0/TCP 198.51.100.10:5070;branch=z9hG4bKbye\n" R_FROM
			B_TO ";tag=atag\n" R_CALL_ID "CSeq: 102 BYE\n",
		"");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	rig_assert_clean(RIG_A);
}

// ---- Limits ------------------------------------------------------------------------------------

// The answer was refused; each further one asks for an ACK and a BYE of ours.
static void test_flood_of_late_answers(void **state)
{
	char tag[32];

	outbound_invite();
	call_answer(&rig.remote, "200 OK", "t", R_ANSWER SDP_TYPE, SDP_PLAIN_B);
	host_expect(&rig.caller, "SIP/2.0 488 ");
	for (int i = 0; i < 200; i++) {
		struct sip_host copy = rig.remote;

		snprintf(copy.msg, sizeof(copy.msg),
			"INVITE x\r\nVia: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bKo\r\n"
			"From: <sip:+14085550123@enterprise-a.example>;tag=o\r\n"
			"To: <sip:+12125550199@enterprise-b.example>\r\n"
			"Call-ID: out@192.168.10.30\r\nCSeq: 5 INVITE\r\n\r\n");
		snprintf(tag, sizeof(tag), "t%d", i);
		call_answer(&copy, "200 OK", tag, R_ANSWER, "");
	}
	host_idle(rig.base);
	assert_in_range(rig_counter(RIG_A, CNT_REQUESTS_SENT), 4, 2 * (1 + CALL_DIALOGS_MAX));
	assert_in_range(txns_count(rig.ime[RIG_A]->txns), 1, 2 + CALL_DIALOGS_MAX);
}

// RFC 3261 13.2.2.4: each copy of the 200 is acknowledged, with the answer of a delayed offer.
static void test_acknowledged_twice(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER, "");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	for (int i = 0; i < 2; i++)
		call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	for (int i = 0; i < 2; i++)
		host_expect(&rig.remote, "SIP/2.0 200 ");
	for (int i = 0; i < 2; i++) {
		host_send(&rig.remote,
			R_REQUEST("ACK", "ack", R_CALL_ID, "101", ";tag=atag") SDP_TYPE,
			SDP_SECURE);
		host_expect(&rig.ucm[RIG_A], "ACK ");
		contains(&rig.ucm[RIG_A], "RTP/AVP 9 0 101\r\n");
	}
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// Pings are answered as fast as the answers are taken: what the kernel holds and no more.
static void test_pings_without_reading(void **state)
{
	enum { OCTETS = 24 << 20 };
	char *pings = malloc(OCTETS);
	uint64_t answered;

	for (size_t i = 0; i < OCTETS; i += 2)
		memcpy(pings + i, "\r\n", 2);
	rig_remote("b", "ca.pem");
	host_send_raw(&rig.remote, pings, 4);
	host_expect_raw(&rig.remote, "\r\n");
	bufferevent_disable(rig.remote.bev, EV_READ);
	host_send_raw(&rig.remote, pings, OCTETS);
	do {
		answered = rig_counter(RIG_A, CNT_KEEPALIVES);
		host_idle(rig.base);
	} while (rig_counter(RIG_A, CNT_KEEPALIVES) > answered);
	assert_in_range(answered, 1, OCTETS / 4);
	bufferevent_enable(rig.remote.bev, EV_READ);
	do {
		answered = rig_counter(RIG_A, CNT_KEEPALIVES);
		evbuffer_drain(bufferevent_get_input(rig.remote.bev), SIZE_MAX);
		host_idle(rig.base);
	} while (rig_counter(RIG_A, CNT_KEEPALIVES) > answered);
	assert_int_equal(answered, OCTETS / 4 + 1);
	rig_only(RIG_A, CNT_NONE, 0);
	free(pings);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sip5_multipart_answer),
		TEST(multipart_refusal),
		TEST(multipart_ack),
		TEST(hidden_descriptions),
		TEST(cancel_of_another_call),
		TEST(ack_of_another_call),
		TEST(response_of_another_call),
		TEST(another_server_gets_no_reinvite),
		TEST(reinvite_after_bye),
		TEST(flood_of_late_answers),
		TEST(acknowledged_twice),
		TEST(pings_without_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
