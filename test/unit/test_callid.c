// SPDX-License-Identifier: BSD-3-Clause
// call-id-privacy (protocol.md 3.3): what the Internet sees of the Call-IDs that our side makes, that
// its messages find their call all the same, and that a remote's own are never touched (SIP-3).
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/log_capture.h"

#define HASH_DIGITS 32
#define R_ANSWER    "Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n" SDP_TYPE
#define OURS        "out@192.168.10.30"

static const char *const on[] = {"call-id-privacy: off", "call-id-privacy: on", NULL};
static char hidden[64]; // OURS, for the Internet

static int setup(void **state)
{
	rig_up(on);
	return 0;
}

static void call_id_is(struct sip_host *h, const char *want)
{
	assert_string_equal(host_header(h, "Call-ID"), want);
}

// A request of call manager A to the remote.
static void a_sends(const char *method, const char *branch, int cseq, const char *id,
	const char *tags, const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK%s\n%s"
		"Call-ID: %s\nCSeq: %d %s\nMax-Forwards: 70\n" A_CONTACT "%s",
		method, branch, tags, id, cseq, method, extra);
	host_send(&rig.caller, head, body);
	snprintf(head, sizeof(head), "%s ", method);
	host_expect(&rig.remote, head);
}

// A request of the remote, on the same connection.
static void remote_sends(
	const char *method, const char *branch, int cseq, const char *id, const char *tags)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s " R_URI " SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK%s\n%s"
		"Call-ID: %s\nCSeq: %d %s\nMax-Forwards: 70\n",
		method, branch, tags, id, cseq, method);
	host_send(&rig.remote, head, "");
}

#define A_TAGS(to)                                                                                 \
	"From: <sip:+14085550123@enterprise-a.example>;tag=a\n"                                    \
	"To: <sip:+12125550199@enterprise-b.example>" to "\n"
#define R_TAGS                                                                                     \
	"From: <sip:+12125550199@enterprise-b.example>;tag=r\n"                                    \
	"To: <sip:+14085550123@enterprise-a.example>;tag=a\n"

static void call_out(void)
{
	rig_outbound("b", "ca.pem");
	a_sends("INVITE", "o", 5, OURS, A_TAGS(""), SDP_TYPE, SDP_PLAIN_A);
	contains_not(&rig.remote, "@192.168.");
	snprintf(hidden, sizeof(hidden), "%s", host_header(&rig.remote, "Call-ID"));
	assert_int_equal(strlen(hidden), strlen("out@") + HASH_DIGITS);
	assert_int_equal(strspn(hidden + 4, "0123456789abcdef"), HASH_DIGITS);
}

static void answered(void)
{
	call_answer(&rig.remote, "200 OK", "r", R_ANSWER,
		"v=0\no=R 9 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"
		"m=audio 29824 RTP/SAVP 9 101\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1
		"\n");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_id_is(&rig.caller, OURS);
	a_sends("ACK", "ack", 5, OURS, A_TAGS(";tag=r"), "", "");
	call_id_is(&rig.remote, hidden);
}

// What a word may have behind an address (RFC 3261 25.1) is there on both sides.
static void test_tail(void **state)
{
	const char *id = OURS ">tail";

	rig_outbound("b", "ca.pem");
	a_sends("INVITE", "o", 5, id, A_TAGS(""), SDP_TYPE, SDP_PLAIN_A);
	contains_not(&rig.remote, "@192.168.");
	contains(&rig.remote, ">tail\r\n");
	call_answer(&rig.remote, "180 Ringing", "r", "", "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_id_is(&rig.caller, id);
}

// Both ways, requests and responses, and what the proxy says itself when nobody speaks any more.
static void test_our_call(void **state)
{
	const char *told;

	log_capture_open(6, false);
	log_capture();
	call_out();
	call_answer(&rig.remote, "180 Ringing", "r", "", "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_id_is(&rig.caller, OURS);
	answered();
	a_sends("INFO", "i1", 6, OURS, A_TAGS(";tag=r"), "", "");
	call_id_is(&rig.remote, hidden);
	call_answer(&rig.remote, "200 OK", "", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	remote_sends("INFO", "i2", 1, hidden, R_TAGS);
	host_expect(&rig.caller, "INFO ");
	call_id_is(&rig.caller, OURS);
	call_answer(&rig.caller, "200 OK", "", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	call_id_is(&rig.remote, hidden);
	rig_pass_s(120);
	host_expect(&rig.remote, "BYE ");
	call_id_is(&rig.remote, hidden);
	host_expect(&rig.caller, "BYE ");
	call_id_is(&rig.caller, OURS);
	told = log_line_with(
		log_captured(), "-339008: call ended; call_id=" OURS " ", "call_id_outside=");
	assert_non_null(strstr(told, hidden)); // to ask the other side about it
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

// The same address is the same hash; whoever does not know it has no part in the call, and hears what
// he said himself.
static void test_strangers(void **state)
{
	char other[64];

	call_out();
	answered();
	remote_sends("INVITE", "x1", 1, OURS, R_TAGS);
	host_expect(&rig.remote, "SIP/2.0 481 ");
	call_id_is(&rig.remote, OURS);
	remote_sends("INVITE", "x2", 1, hidden, "From: <sip:x@y>;tag=x\nTo: <sip:z@y>;tag=z\n");
	host_expect(&rig.remote, "SIP/2.0 481 ");
	call_id_is(&rig.remote, hidden);
	snprintf(other, sizeof(other), "%s", hidden);
	other[10] = other[10] == 'a' ? 'b' : 'a';
	remote_sends("INVITE", "x3", 1, other, R_TAGS);
	host_expect(&rig.remote, "SIP/2.0 481 ");
	call_id_is(&rig.remote, other);
	rig_only(RIG_A, CNT_DIALOG_UNKNOWN, 3);
	a_sends("OPTIONS", "o2", 1, "second@192.168.10.30", A_TAGS(""), "", "");
	assert_string_equal(strchr(host_header(&rig.remote, "Call-ID"), '@'), strchr(hidden, '@'));
}

static void test_given_up(void **state)
{
	call_out();
	call_answer(&rig.remote, "180 Ringing", "r", "", "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	a_sends("CANCEL", "o", 5, OURS, A_TAGS(""), "", "");
	call_id_is(&rig.remote, hidden);
}

static void test_lost(void **state)
{
	call_out();
	call_answer(&rig.remote, "180 Ringing", "r", "", "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	host_close(&rig.caller);
	host_expect(&rig.remote, "CANCEL ");
	call_id_is(&rig.remote, hidden);
	call_answer(&rig.remote, "200 OK", "", "", "");
}

// An answer that is refused gets its ACK and BYE.
static void test_refused_answer(void **state)
{
	call_out();
	call_answer(&rig.remote, "200 OK", "r", R_ANSWER, SDP_PLAIN_B);
	host_expect(&rig.caller, "SIP/2.0 488 ");
	call_id_is(&rig.caller, OURS);
	host_expect(&rig.remote, "ACK ");
	call_id_is(&rig.remote, hidden);
	host_expect(&rig.remote, "BYE ");
	call_id_is(&rig.remote, hidden);
}

// Dialogs that a transfer names.
static void test_replaces(void **state)
{
	char line[512];

	call_out();
	answered();
	a_sends("REFER", "r", 6, OURS, A_TAGS(";tag=r"),
		"Refer-To: <sip:+14085550177@192.168.10.30:5070?Replaces=77%40192.168.10.30"
		"%3Bto-tag%3Da%3Bfrom-tag%3Db>\nTarget-Dialog: 78@192.168.10.30;local-tag=x;"
		"remote-tag=y\n",
		"");
	contains_not(&rig.remote, "192.168.10.30");
	snprintf(line, sizeof(line),
		"Refer-To: <sip:+14085550177@209.165.200.228:5070?Replaces=77%%40%s%%3Bto-tag%%3Da"
		"%%3Bfrom-tag%%3Db>\r\nTarget-Dialog: 78@%s;local-tag=x;remote-tag=y\r\n",
		hidden + 4, hidden + 4);
	contains(&rig.remote, line);
	call_answer(&rig.remote, "202 Accepted", "", "", "");
	host_expect(&rig.caller, "SIP/2.0 202 ");
	snprintf(line, sizeof(line),
		R_TAGS "Refer-To: <sip:x@y.example?Replaces=77%%40%s%%3Bto-tag%%3Da>\n",
		hidden + 4);
	remote_sends("REFER", "r2", 1, hidden, line);
	host_expect(&rig.caller, "REFER ");
	contains(&rig.caller, "<sip:x@y.example?Replaces=77%40192.168.10.30%3Bto-tag%3Da>\r\n");
}

// Networks have the same addresses everywhere: a remote's call manager may write the very one that ours
// has.
#define THEIRS "77@192.168.10.30"
static void test_remotes_call(void **state)
{
	struct sip_host *ucm = &rig.ucm[RIG_A];

	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO
		"\nCall-ID: " THEIRS "\nCSeq: 101 INVITE\n" R_CONTACT
		"Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SDP_SECURE);
	host_expect(ucm, "INVITE ");
	call_id_is(ucm, THEIRS);
	call_answer(ucm, "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	call_id_is(&rig.remote, THEIRS);
	host_send(ucm,
		"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKu\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\nCall-ID: " THEIRS
		"\nCSeq: 1 INVITE\nMax-Forwards: 70\n" A_ANSWER,
		SDP_PLAIN_A);
	host_expect(&rig.remote, "INVITE ");
	call_id_is(&rig.remote, THEIRS);
	call_answer(&rig.remote, "500 No", "", "", "");
	host_expect(ucm, "SIP/2.0 500 ");
	host_send(ucm,
		"ACK sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKu\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\nCall-ID: " THEIRS
		"\nCSeq: 1 ACK\nMax-Forwards: 70\n",
		"");
	host_expect(&rig.remote, "ACK ");
	call_id_is(&rig.remote, THEIRS);
	rig_pass_s(120);
	host_expect(&rig.remote, "BYE ");
	call_id_is(&rig.remote, THEIRS);
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_what_has_no_address(void **state)
{
	static const char *const ids[] = {"a", "a@", "a@host.example", "a@198.51.100.77",
		"a@2001:db8::1", "a@192.168.10.300", "a@192.168.10.30:5060"};
	const struct callid *c = rig.ime[RIG_A]->callid;
	const struct config *cfg = rig.config[RIG_A];
	char id[CALLID_MAX + 16], buf[CALLID_MAX], back[CALLID_MAX];
	struct str s;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(callid_hide(c, cfg, RIG_OUTSIDE, str_from(ids[i]), buf).n, 0);
		assert_int_equal(callid_show(c, str_from(ids[i]), buf).n, 0);
	}
	// As long as may be, and one more.
	memset(id, 'x', sizeof(id));
	strcpy(id + CALLID_MAX - 2 - HASH_DIGITS, "@192.168.10.51");
	s = callid_hide(c, cfg, RIG_OUTSIDE, str_from(id), buf);
	assert_int_equal(s.n, CALLID_MAX - 1);
	assert_true(str_eq(callid_show(c, s, back), str_from(id)));
	memmove(id + 1, id, strlen(id) + 1);
	assert_int_equal(callid_hide(c, cfg, RIG_OUTSIDE, str_from(id), buf).n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tail),
		TEST(our_call),
		TEST(strangers),
		TEST(given_up),
		TEST(lost),
		TEST(refused_answer),
		TEST(replaces),
		TEST(remotes_call),
		TEST(what_has_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
