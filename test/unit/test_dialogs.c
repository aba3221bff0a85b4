// SPDX-License-Identifier: BSD-3-Clause
// What is no negotiation: transfers and their notifications (RFC 3515, 3891), INFO, pings, and
// addresses of every kind (protocol.md 2.8, 3.3), through whole proxies.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_net.h"

static void from_b(const char *method, int cseq, const char *extra, const char *body)
{
	char start[32], branch[32];

	snprintf(start, sizeof(start), "%s ", method);
	snprintf(branch, sizeof(branch), "%s%d", method, cseq);
	call_b_request(method, branch, cseq, extra, body);
	host_expect(&rig.ucm[RIG_A], start);
}

static void from_a(const char *method, int cseq, const char *extra, const char *body)
{
	char start[32], branch[32];

	snprintf(start, sizeof(start), "%s ", method);
	snprintf(branch, sizeof(branch), "%s%d", method, cseq);
	call_a_request(&rig.ucm[RIG_A], method, branch, cseq, extra, body);
	host_expect(&rig.caller, start);
}

static void a_answers(const char *status)
{
	call_answer(&rig.ucm[RIG_A], status, "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 ");
}

static void b_answers(const char *status)
{
	call_answer(&rig.caller, status, "btag", "", "");
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 ");
}

static void body_is(const struct sip_host *h, const char *want)
{
	assert_int_equal(h->body.n, strlen(want));
	assert_memory_equal(h->body.p, want, h->body.n);
}

// ---- In a call ---------------------------------------------------------------------------------

#define REPLACES "?Replaces=77%40198.51.100.10%3Bto-tag%3Da%3Bfrom-tag%3Db"

// Blind and attended, by either side: hosts that a translation knows are swapped, what names the
// other dialog is not touched.
static void test_refer(void **state)
{
	call_establish();
	from_b("REFER", 102,
		"Refer-To: <tel:+14085550199>\nReferred-By: <sip:b@enterprise-b.example>\n", "");
	contains(&rig.ucm[RIG_A], "Refer-To: <tel:+14085550199>\r\n");
	contains(&rig.ucm[RIG_A], "Referred-By: <sip:b@enterprise-b.example>\r\n");
	a_answers("202 Accepted");
	from_a("NOTIFY", 1,
		"Event: refer;id=102\nSubscription-State: active;expires=60\n"
		"Content-Type: message/sipfrag;version=2.0\n",
		"SIP/2.0 100 Trying\n");
	contains(&rig.caller, "Event: refer;id=102\r\n");
	contains(&rig.caller, "Content-Type: message/sipfrag;version=2.0\r\n");
	body_is(&rig.caller, "SIP/2.0 100 Trying\r\n");
	b_answers("200 OK");
	from_a("REFER", 2, "Refer-To: <sip:+14085550177@192.168.10.30:5070" REPLACES ">\n", "");
	contains(&rig.caller, "Refer-To: <sip:+14085550177@209.165.200.228:5070" REPLACES ">\r\n");
	b_answers("202 Accepted");
	from_b("NOTIFY", 103,
		"Event: refer\nSubscription-State: terminated;reason=noresource\n"
		"Content-Type: message/sipfrag\n",
		"SIP/2.0 200 OK\n");
	body_is(&rig.ucm[RIG_A], "SIP/2.0 200 OK\r\n");
	a_answers("200 OK");
	call_hang_up();
	for (int i = 0; i < 2; i++) {
		rig_only(i, CNT_NONE, 0);
		rig_assert_clean(i);
	}
}

// The INVITE that a transfer brings about names a dialog of the call manager behind us.
static void test_invite_replaces(void **state)
{
	static const char line[] =
		"Replaces: 5d2e9a10@192.168.20.30;to-tag=atag;from-tag=btag;early-only";
	char want[128];

	rig_remote("b", "ca.pem");
	snprintf(want, sizeof(want), "%s\r\nRequire: replaces\r\n", line);
	host_send(&rig.remote,
		R_INVITE "Replaces: 5d2e9a10@192.168.20.30;to-tag=atag;from-tag=btag;early-only\n"
			 "Require: replaces\n" TICKET_HEADER SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], want);
	// A dialog must not be named in two ways.
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("2") R_FROM B_TO
		"\nCall-ID: 78@198.51.100.10\nCSeq: 1 INVITE\n" R_CONTACT "Max-Forwards: 69\n"
		"Replaces: a;to-tag=b;from-tag=c\nReplaces: d;to-tag=e;from-tag=f\n" TICKET_HEADER
			SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 400 ");
	rig_only(RIG_A, CNT_SIP_DUP_HEADER, 1);
}

// Digits and key frames, and a body that nobody knows.
static void test_info(void **state)
{
	call_establish();
	from_b("INFO", 102, "Content-Type: application/dtmf-relay\n", "Signal=5\nDuration=160\n");
	body_is(&rig.ucm[RIG_A], "Signal=5\r\nDuration=160\r\n");
	a_answers("200 OK");
	from_a("INFO", 1, "Info-Package: x\nContent-Type: application/media_control+xml\n",
		"<x>192.168.10.51</x>");
	body_is(&rig.caller, "<x>192.168.10.51</x>");
	b_answers("200 OK");
	call_hang_up();
	rig_only(RIG_A, CNT_NONE, 0);
}

// ---- Pings -------------------------------------------------------------------------------------

static void options(const char *uri, const char *branch, const char *extra)
{
	char head[1024];

	snprintf(head, sizeof(head),
		"OPTIONS %s SIP/2.0\nVia: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK%s\n"
		"From: <sip:192.168.10.30>;tag=o\nTo: <sip:198.51.100.10>\n"
		"Call-ID: %s@192.168.10.30\nCSeq: 1 OPTIONS\n%s",
		uri, branch, branch, extra);
	host_send(&rig.caller, head, "");
}

// 200 when the other end is there, which is found out, and 503 when it is not; the far side sees
// none. A request that names somebody is for the far side.
static void test_ping(void **state)
{
	rig_outbound("b", "ca.pem");
	options("sip:198.51.100.10:5070;transport=tcp", "p1", "Max-Forwards: 0\n");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKp1\r\n");
	host_expect_silence(&rig.remote);
	options("sips:198.51.100.10:5070", "p2", "Max-Forwards: 70\n");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	assert_int_equal(rig_counter(RIG_A, CNT_PINGS_ANSWERED), 2);
	options("sip:+12125550199@198.51.100.10:5070", "p3", "Max-Forwards: 70\n");
	host_expect(&rig.remote, "OPTIONS sip:+12125550199@198.51.100.10:5070 ");
	call_answer(&rig.remote, "200 OK", "x", "Allow: INVITE\n" SDP_TYPE, SDP_SECURE);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "Allow: INVITE\r\nContent-Length: 0\r\n\r\n");
	rig_only(RIG_A, CNT_NONE, 0);
	fake_net_host_down(RIG_REMOTE, 5070);
	host_close(&rig.remote);
	host_idle(rig.base);
	options("sip:198.51.100.10:5070", "p4", "Max-Forwards: 70\n");
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_PINGS_ANSWERED), 2);
	assert_int_equal(rig_counter(RIG_A, CNT_PEER_GONE), 1);
}

// ---- Two profiles ------------------------------------------------------------------------------

#define FROM_A                                                                                     \
	"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\r\n"                     \
	"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\r\n"                                  \
	"From : <sip:+14085550123@enterprise-a.example>;tag=o\n"                                   \
	"To: <sip:+12125550199@enterprise-b.example>\r\n"                                          \
	"Call-ID: out@192.168.10.30\nCall-ID: out@192.168.10.30\r\nCSeq: 5 INVITE\r\n"             \
	"Contact: <sip:+14085550123@192.168.10.30:5070;transport=tcp>\r\n"                         \
	"Content-Length: 0\r\nContent-Length: 0\r\n\r\n"

#define LONE_LF                                                                                    \
	"OPTIONS sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\r\n"                    \
	"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKlf\r\n"                                 \
	"From: <sip:a@enterprise-a.example>;tag=o\r\nTo: <sip:b@enterprise-b.example>\r\n"         \
	"Call-ID: lf@192.168.10.30\r\nCSeq: 5 OPTIONS\r\nMax-Forwards: 70\r\nContent-Type: "       \
	"a/b\r\n"                                                                                  \
	"X: a\n b\r\nContent-Length: 4\r\n\r\nc\nd\n"

// What a call manager writes sloppily leaves in order; the same from outside does not enter.
static void test_profiles(void **state)
{
	rig_outbound("b", "ca.pem");
	host_send_raw(&rig.caller, FROM_A, strlen(FROM_A));
	host_expect(&rig.remote,
		"INVITE sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0\r\n"
		"Via: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bKo\r\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=o\r\n"
		"To: <sip:+12125550199@enterprise-b.example>\r\n"
		"Call-ID: out@192.168.10.30\r\nCSeq: 5 INVITE\r\n"
		"Contact: <sip:+14085550123@209.165.200.228:5070;transport=tls>\r\n"
		"Content-Length: 0\r\nMax-Forwards: 70\r\n\r\n");
	assert_int_equal(rig_counter(RIG_A, CNT_MESSAGES_TIDIED), 1);
	call_answer(&rig.remote, "486 Busy Here", "r", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	// Nothing but line ends, in the header section alone.
	host_send_raw(&rig.caller, LONE_LF, strlen(LONE_LF));
	host_expect(&rig.remote, "OPTIONS ");
	contains(&rig.remote, "\r\nX: a\r\n b\r\nContent-Length: 4\r\n\r\n");
	assert_memory_equal(rig.remote.body.p, "c\nd\n", 4);
	rig_only(RIG_A, CNT_NONE, 0);
}

// What is read and written in goes from one message to the next: nothing of one stays in it.
static void test_srtp4_buffers(void **state)
{
	static const char zero[300];

	assert_true(strlen(FROM_A) > sizeof(zero));
	rig_outbound("b", "ca.pem");
	host_send_raw(&rig.caller, FROM_A, strlen(FROM_A));
	host_expect(&rig.remote, "INVITE ");
	assert_int_equal(rig_counter(RIG_A, CNT_MESSAGES_TIDIED), 1);
	assert_memory_equal(rig.ime[RIG_A]->tidied, zero, sizeof(zero));
	assert_memory_equal(rig.ime[RIG_A]->out, zero, sizeof(zero));
	call_answer(&rig.remote, "486 Busy Here", "r", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
}

static void test_profile_outside(void **state)
{
	static const struct {
		const char *head;
		enum counter_id counter;
	} rows[] = {
		{R_INVITE "X-Cisco-UC-IME-Ticket : x\n", CNT_SIP_SPACE_COLON},
		{R_INVITE "i: 77@198.51.100.10\n", CNT_SIP_DUP_HEADER},
		{R_INVITE "Max-Forwards: 69\n", CNT_SIP_DUP_HEADER},
		{R_INVITE R_FROM, CNT_SIP_DUP_HEADER},
		{R_INVITE B_TO "\n", CNT_SIP_DUP_HEADER},
		{R_INVITE "CSeq: 101 INVITE\n", CNT_SIP_DUP_HEADER},
		{R_INVITE "l: 0\n", CNT_SIP_DUP_CONTENT_LENGTH},
		{R_INVITE TICKET_HEADER TICKET_HEADER, CNT_TICKET_DECODE},
		{R_INVITE "Subject: a\x0b\x0c\n" TICKET_HEADER "S: \r\r\n", CNT_SIP_LINE_END},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig_remote("b", "ca.pem");
		host_send(&rig.remote, rows[i].head, "");
		host_wait_up(&rig.remote);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, rows[i].counter, 1);
		rig.ime[RIG_A]->counters.v[rows[i].counter] = 0;
	}
}

// ---- Addresses ---------------------------------------------------------------------------------

// tel:, sips:, maddr, IPv6 literals, rport and received: read, and passed as 3.3 says, in the request
// and in its response.
static void test_addresses(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		"INVITE tel:+1-408-555-0123 SIP/2.0\n"
		"Via: SIP/2.0/TLS [2001:db8::10]:5070;rport;branch=z9hG4bK1\n"
		"From: <sips:+12125550199@[2001:db8::10]>;tag=rtag\n"
		"To: <tel:+14085550123;phone-context=x>\n" R_CALL_ID "CSeq: 1 INVITE\n"
		"Contact: <sips:+12125550199@[2001:db8::10]:5070;maddr=198.51.100.99;lr>\n"
		"Record-Route: <sip:[2001:db8::11];lr>\n"
		"Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.ucm[RIG_A],
		"INVITE tel:+1-408-555-0123 SIP/2.0\r\n"
		"Via: SIP/2.0/TCP [2001:db8::10]:5070;rport;branch=z9hG4bK1\r\n"
		"From: <sips:+12125550199@[2001:db8::10]>;tag=rtag\r\n"
		"To: <tel:+14085550123;phone-context=x>\r\n");
	contains(&rig.ucm[RIG_A], "Contact: <sips:+12125550199@[2001:db8::10]:5070;lr>\r\n");
	contains(&rig.ucm[RIG_A], "Record-Route: <sip:[2001:db8::11];lr>\r\n");
	host_send(&rig.ucm[RIG_A],
		"SIP/2.0 180 Ringing\n"
		"Via: SIP/2.0/TCP "
		"[2001:db8::10]:5070;rport=40001;received=198.51.100.10;branch=z9hG4bK1\n"
		"From: <sips:+12125550199@[2001:db8::10]>;tag=rtag\n"
		"To: <tel:+14085550123;phone-context=x>;tag=a\n" R_CALL_ID
		"CSeq: 1 INVITE\n" A_CONTACT,
		"");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	contains(&rig.remote,
		"Via: SIP/2.0/TLS [2001:db8::10]:5070;rport=40001;received=198.51.100.10;"
		"branch=z9hG4bK1\r\n");
	rig_only(RIG_A, CNT_NONE, 0);
}

// Where an IPv6 address would carry media it is refused by name.
static void test_ipv6_media(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE,
		"v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\n"
		"m=audio 29824 RTP/SAVP 9\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n");
	host_expect(&rig.remote, "SIP/2.0 488 ");
	rig_only(RIG_A, CNT_SDP_IPV6, 1);
	host_expect_silence(&rig.ucm[RIG_A]);
}

#define TEST(name)   cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
#define REJECT(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup_reject, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refer),
		TEST(invite_replaces),
		TEST(info),
		TEST(ping),
		TEST(profiles),
		TEST(srtp4_buffers),
		TEST(profile_outside),
		TEST(addresses),
		REJECT(ipv6_media),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
