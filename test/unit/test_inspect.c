// SPDX-License-Identifier: BSD-3-Clause
// What passes from the Internet and what does not: for each refusal the one counter that moves, and
// what the peer and the call manager see (protocol.md 2.7, 2.8, 4.2).
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define HEADER(t) "X-Cisco-UC-IME-Ticket: " t "\n"
#define OTHER_URI "sip:+14085550124@209.165.200.228:5070;transport=tls"

struct refusal {
	const char *id, *head, *sdp;
	const char *certificate;
	uint64_t wall_s; // 0: 2026-03-01
	enum counter_id counter;
	const char *status; // with ticket-failure-action: reject
};

// clang-format off: a table
static const struct refusal refusals[] = {
	{"no ticket", R_INVITE SDP_TYPE, SDP_SECURE, "b", 0, CNT_TICKET_NONE, "403 Forbidden"},
	{"A1", R_INVITE HEADER(TICKET_A1) SDP_TYPE, SDP_SECURE, "b", 0, CNT_TICKET_INTEGRITY,
		"403 Forbidden"},
	{"A2", R_INVITE HEADER(TICKET_A2) SDP_TYPE, SDP_SECURE, "b", 0, CNT_TICKET_EPOCH,
		"403 Forbidden"},
	{"A3", R_INVITE HEADER(TICKET_A3) SDP_TYPE, SDP_SECURE, "b", 0, CNT_TICKET_INTEGRITY,
		"403 Forbidden"},
	{"A4", R_INVITE HEADER(TICKET_A4) SDP_TYPE, SDP_SECURE, "b", 0, CNT_TICKET_DECODE,
		"403 Forbidden"},
	{"TKT-5 A12", R_INVITE HEADER(TICKET_2_13) HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "b", 0,
		CNT_TICKET_DECODE, "403 Forbidden"},
	{"too early", R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "b", 1767225599,
		CNT_TICKET_TIME, "403 Forbidden"},
	{"too late", R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "b", 1782864001,
		CNT_TICKET_TIME, "403 Forbidden"},
	{"other number",
		"INVITE " OTHER_URI " SIP/2.0\n" R_VIA("1") R_REST HEADER(TICKET_2_13) SDP_TYPE,
		SDP_SECURE, "b", 0, CNT_TICKET_DID, "403 Forbidden"},
	{"other domain", R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "c", 0,
		CNT_TICKET_DOMAIN, "403 Forbidden"},
	{"SRTP-1", R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_PLAIN_B, "b", 0, CNT_RTP_OVER_IME,
		"488 Not Acceptable Here"},
	{"TKT-17 ticket before media", R_INVITE HEADER(TICKET_A2) SDP_TYPE, SDP_PLAIN_B, "b", 0,
		CNT_TICKET_EPOCH, "403 Forbidden"},
	{"SRTP-5", R_INVITE HEADER(TICKET_2_13) SDP_TYPE,
		"v=0\no=C 1 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\nm=audio "
		"29824 RTP/SAVP 9\n"
		"a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY_1 "\n",
		"b", 0, CNT_SDP_CRYPTO, "488 Not Acceptable Here"},
	{"no v=", R_INVITE HEADER(TICKET_2_13) SDP_TYPE, "nonsense\n", "b", 0, CNT_SDP_BAD_LINE,
		"488 Not Acceptable Here"},
	{"SIP-5", R_INVITE HEADER(TICKET_2_13) "Content-Type: multipart/mixed;boundary=x\n",
		"--x\n", "b", 0, CNT_SIP_BAD_PART, "400 Bad Request"},
	{"SIP-5: SRTP-1", R_INVITE HEADER(TICKET_2_13) MULTIPART, PARTS(SDP_PLAIN_B), "b", 0,
		CNT_RTP_OVER_IME, "488 Not Acceptable Here"},
	{"SIP-5: signed",
		R_INVITE HEADER(TICKET_2_13) "Content-Type: multipart/signed;boundary=x\n",
		PARTS(SDP_SECURE), "b", 0, CNT_MULTIPART, "415 Unsupported Media Type"},
	{"SIP-5: two descriptions", R_INVITE HEADER(TICKET_2_13) MULTIPART,
		SDP_PART(SDP_SECURE) PARTS(SDP_PLAIN_B), "b", 0, CNT_SIP_SEVERAL_SDP,
		"400 Bad Request"},
	{"SIP-2 Route of others",
		R_INVITE HEADER(TICKET_2_13) "Route: <sip:other.example;lr>\n" SDP_TYPE, SDP_SECURE,
		"b", 0, CNT_ROUTE_DOMAIN, "403 Forbidden"},
};
// clang-format on

#define IN_CALL(method, cseq, tag)                                                                 \
	method " " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO tag "\n" R_CALL_ID "CSeq: " cseq      \
								 " " method "\nMax-Forwards: 69\n"

static void send_refused(const struct refusal *r)
{
	if (r->wall_s != 0)
		rig.wall_s = r->wall_s;
	rig_remote(r->certificate, "ca.pem");
	host_send(&rig.remote, r->head, r->sdp);
}

// The call manager hears nothing, and what followed the refused request is swallowed.
static void swallowed(const struct refusal *r)
{
	host_expect_silence(&rig.ucm[RIG_A]);
	assert_int_equal(rig_counter(RIG_A, CNT_SWALLOWED), 1);
	rig.ime[RIG_A]->counters.v[CNT_SWALLOWED] = 0;
	rig_only(RIG_A, r->counter, 1);
	rig_assert_clean(RIG_A);
	rig_down();
}

static void test_tkt20_answered(void **state)
{
	const struct refusal *r = *state;

	rig_setup_reject(NULL);
	send_refused(r);
	host_expect(&rig.remote, "SIP/2.0 ");
	contains(&rig.remote, r->status);
	contains(&rig.remote, "Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK1\r\n");
	contains(&rig.remote, "To: <sip:+14085550123@enterprise-a.example>;tag=");
	host_send(&rig.remote, IN_CALL("ACK", "101", ";tag=x"), "");
	swallowed(r);
}

static void test_tkt19_dropped(void **state)
{
	const struct refusal *r = *state;

	rig_setup(NULL);
	send_refused(r);
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.remote);
	host_send(&rig.remote, IN_CALL("CANCEL", "101", ""), "");
	host_expect_silence(&rig.remote);
	swallowed(r);
}

// ---- 2.8: what needs a dialog ------------------------------------------------------------------

static const struct {
	const char *head;
	enum counter_id counter;
	const char *status; // NULL: dropped
} outside_dialogs[] = {
	{IN_CALL("OPTIONS", "1", ""), CNT_NO_DIALOG, NULL},
	{IN_CALL("REGISTER", "1", ""), CNT_NO_DIALOG, NULL},
	{IN_CALL("REFER", "1", ""), CNT_NO_DIALOG, NULL},
	{IN_CALL("FOO", "1", ""), CNT_NO_DIALOG, NULL},
	{IN_CALL("BYE", "1", ";tag=x"), CNT_DIALOG_UNKNOWN, NULL},
	{IN_CALL("INFO", "1", ";tag=x"), CNT_DIALOG_UNKNOWN, NULL},
	{IN_CALL("ACK", "1", ";tag=x"), CNT_ACK_UNKNOWN, NULL},
	{IN_CALL("INVITE", "1", ";tag=x"), CNT_DIALOG_UNKNOWN, "SIP/2.0 481 "},
	{IN_CALL("CANCEL", "1", ""), CNT_CANCEL_UNKNOWN, NULL},
	{"SIP/2.0 200 OK\n" R_VIA("1") R_FROM B_TO ";tag=x\n" R_CALL_ID "CSeq: 1 INVITE\n",
		CNT_RESPONSE_UNKNOWN, NULL},
	{"OPTIONS " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO "\n" R_CALL_ID "Max-Forwards: 69\n",
		CNT_SIP_NO_CSEQ, NULL},
	{"OPTIONS " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO "\n" R_CALL_ID "CSeq: 1 OPTIONS\n",
		CNT_SIP_NO_MAX_FORWARDS, "SIP/2.0 400 "},
};

static void test_outside_dialogs(void **state)
{
	for (size_t i = 0; i < sizeof(outside_dialogs) / sizeof(outside_dialogs[0]); i++) {
		rig_setup(NULL);
		rig_remote("b", "ca.pem");
		host_send(&rig.remote, outside_dialogs[i].head, "");
		if (outside_dialogs[i].status != NULL)
			host_expect(&rig.remote, outside_dialogs[i].status);
		host_wait_up(&rig.remote);
		host_expect_silence(&rig.remote);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, outside_dialogs[i].counter, 1);
		rig_down();
	}
}

// SIP-1: what the configuration names comes in alone, and its answer goes back; nothing else does.
static void test_sip1_outside_allow_method(void **state)
{
	static const char *const edit[] = {"    did-source: request-uri ",
		"    outside-allow-method: [OPTIONS, MESSAGE]\n    did-source: request-uri ", NULL};
	static const struct {
		const char *head;
		enum counter_id counter; // CNT_NONE: it passes
	} t[] = {
		{IN_CALL("OPTIONS", "1", ""), CNT_NONE},
		{IN_CALL("OPTIONS", "1", "") "Route: <sip:enterprise-a.example;lr>\n", CNT_NONE},
		{IN_CALL("OPTIONS", "1", "") "Route: <sip:other.example;lr>\n", CNT_ROUTE_DOMAIN},
		{IN_CALL("OPTIONS", "1", ";tag=x"), CNT_DIALOG_UNKNOWN},
		{IN_CALL("INFO", "1", ""), CNT_NO_DIALOG},
		{IN_CALL("FOO", "1", ""), CNT_NO_DIALOG},
		{R_INVITE SDP_TYPE, CNT_TICKET_NONE},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rig_up(edit);
		rig_remote("b", "ca.pem");
		host_send(&rig.remote, t[i].head, "");
		if (t[i].counter == CNT_NONE) {
			host_expect(
				&rig.ucm[RIG_A], "OPTIONS sip:+14085550123@192.168.10.30:5070;");
			call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
			host_expect(&rig.remote, "SIP/2.0 200 ");
			contains(&rig.remote,
				"Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK1\r\n");
		}
		host_wait_up(&rig.remote);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, t[i].counter, 1);
		rig_assert_clean(RIG_A);
		rig_down();
	}
}

// A description that nobody negotiates does not get in with it.
static void test_sip1_strips_descriptions(void **state)
{
	static const char *const edit[] = {"    did-source: request-uri ",
		"    outside-allow-method: [OPTIONS]\n    did-source: request-uri ", NULL};

	rig_up(edit);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, IN_CALL("OPTIONS", "1", "") SDP_TYPE, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "OPTIONS ");
	contains(&rig.ucm[RIG_A], "Content-Length: 0\r\n");
	contains_not(&rig.ucm[RIG_A], "m=audio");
	rig_down();
}

// A third party that knows all tags of a call is still not its peer.
static void test_other_peer(void **state)
{
	call_establish();
	rig_remote("c", "ca.pem");
	host_send(&rig.remote,
		"BYE " R_URI " SIP/2.0\n" R_VIA("1") B_FROM B_TO
		";tag=atag\n" CALL_ID "CSeq: 200 BYE\nMax-Forwards: 69\n",
		"");
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_DIALOG_PEER, 1);
	call_hang_up();
}

// The same INVITE over a second branch, and the same branch twice.
static void test_duplicates(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect_silence(&rig.remote);
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("2") R_REST TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 482 ");
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_REQUEST_DUPLICATE, 2);
}

// SRTP-5: the first usable line counts, and its tag comes back, with one line (SRTP-6).
static void test_srtp6_crypto_choice(void **state)
{
	const struct dp_msg_media *m;

	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE,
		"v=0\no=C 1 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"
		"m=audio 29824 RTP/SAVP 9\na=crypto:3 AEAD_AES_128_GCM inline:" KEY_1
		"\na=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:" KEY_1 "|2^20|1:4\n"
		"a=crypto:8 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "m=audio ");
	contains(&rig.remote, " RTP/SAVP 9 101\r\n");
	contains(&rig.remote, "a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:");
	contains_not(&rig.remote, KEY_1);
	assert_null(strstr(strstr(rig.remote.msg, "a=crypto") + 1, "a=crypto"));
	m = &fake_dp_last(DP_MSG_MEDIA_SET, -1)->media;
	assert_int_equal(m->leg[0].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_32);
	assert_int_equal(m->leg[0].mki_len, 4);
	assert_int_equal(m->leg[0].remote.port, 29824);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outside_dialogs),
		cmocka_unit_test(test_sip1_outside_allow_method),
		cmocka_unit_test(test_sip1_strips_descriptions),
		TEST(other_peer),
		TEST(duplicates),
		TEST(srtp6_crypto_choice),
	};

	static char names[2 * COUNT(refusals)][64];
	struct CMUnitTest rows[2 * COUNT(refusals)];

	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];

		snprintf(names[2 * i], sizeof(names[0]), "TKT-20 answered: %s", r->id);
		rows[2 * i] = row_case(names[2 * i], test_tkt20_answered, r);
		snprintf(names[2 * i + 1], sizeof(names[0]), "TKT-19 dropped: %s", r->id);
		rows[2 * i + 1] = row_case(names[2 * i + 1], test_tkt19_dropped, r);
	}
	return cmocka_run_group_tests_name("refusals", rows, NULL, NULL) +
		cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
