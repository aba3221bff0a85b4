// SPDX-License-Identifier: BSD-3-Clause
// SIP-5 in whole calls: the session description in a multipart body is negotiated and edited where
// it stands, and every other octet of the body arrives as it left.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"

#define ISUP      "--x\nContent-Type: application/ISUP;version=itu-t92+\nContent-Disposition: signal\n\n"
#define ISUP_BODY "\x01\x11\x02 v=0 m=audio 1 RTP/AVP 0\n\n"
#define MIXED(sdp)                                                                                 \
	"preamble\n" ISUP ISUP_BODY SDP_PART(                                                      \
		sdp) "--x\nContent-Type: text/plain\n\nc=IN IP4 192.168.10.51\n--x--\nepilogue"

static const char *const strict[] = {
	"parity: off", "parity: strict", "rtcp: relay", "rtcp: drop", NULL};

// The body of the last message is that of MIXED(), with another description of one audio line.
static void mixed_is(const struct sip_host *h, const char *c, const char *m, bool crypto)
{
	static const char before[] = "preamble\r\n--x\r\nContent-Type: "
				     "application/ISUP;version=itu-t92+\r\nContent-Disposition: "
				     "signal\r\n\r\n\x01\x11\x02 v=0 m=audio 1 RTP/AVP 0\r\n\r\n"
				     "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
	static const char after[] = "\r\n--x\r\nContent-Type: text/plain\r\n\r\n"
				    "c=IN IP4 192.168.10.51\r\n--x--\r\nepilogue";
	size_t n = sizeof(after) - 1;

	assert_true(h->body.n > sizeof(before) + n);
	assert_memory_equal(h->body.p, before, sizeof(before) - 1);
	assert_memory_equal(h->body.p + h->body.n - n, after, n);
	contains(h, c);
	contains(h, m);
	assert_int_equal(strstr(h->msg, "a=crypto:") != NULL, crypto);
}

static void remote_request(const char *method, int cseq, const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s " R_URI
		" SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK%s%d\n" R_FROM B_TO
		";tag=atag\n" R_CALL_ID "CSeq: %d %s\n" R_CONTACT "Max-Forwards: 69\n%s",
		method, method, cseq, cseq, method, extra);
	host_send(&rig.remote, head, body);
}

// Offer and answer, and what passes in the call without a description, from both sides.
static void test_inbound(void **state)
{
	static const char parts[] = ISUP ISUP_BODY "--x--\n";
	struct str sent;
	char crlf[512];
	size_t n = 0;

	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER MULTIPART, MIXED(SDP_SECURE));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "Content-Type: multipart/mixed;boundary=x\r\n");
	mixed_is(&rig.ucm[RIG_A], "c=IN IP4 192.168.10.3\r\n", " RTP/AVP 9 0 101\r\n", false);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_CONTACT MULTIPART, MIXED(SDP_PLAIN_A));
	host_expect(&rig.remote, "SIP/2.0 200 ");
	mixed_is(&rig.remote, "c=IN IP4 209.165.200.229\r\n", " RTP/SAVP 9 101\r\n", true);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 1);
	remote_request("ACK", 101, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	for (const char *p = parts; *p != '\0'; crlf[n++] = *p++)
		if (*p == '\n')
			crlf[n++] = '\r';
	sent = (struct str){crlf, n};
	remote_request("INFO", 102, MULTIPART, parts);
	host_expect(&rig.ucm[RIG_A], "INFO ");
	assert_true(str_eq(rig.ucm[RIG_A].body, sent));
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", MULTIPART, parts);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	assert_true(str_eq(rig.remote.body, sent));
	// A refusal without a description shows no address.
	remote_request("INFO", 103, "", "");
	host_expect(&rig.ucm[RIG_A], "INFO ");
	call_answer(&rig.ucm[RIG_A], "500 No", "atag", MULTIPART, parts);
	host_expect(&rig.remote, "SIP/2.0 500 ");
	assert_true(str_eq(rig.remote.body, sent));
	rig_only(RIG_A, CNT_NONE, 0);
}

// The answer of a delayed offer, in parts related and alternative.
static void test_ack(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER, "");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag",
		A_CONTACT "Content-Type: multipart/alternative;boundary=x\n", MIXED(SDP_PLAIN_A));
	host_expect(&rig.remote, "SIP/2.0 200 ");
	mixed_is(&rig.remote, "c=IN IP4 209.165.200.229\r\n", " RTP/SAVP 9 101\r\n", true);
	remote_request(
		"ACK", 101, "Content-Type: Multipart/Related;boundary=\"x\"\n", MIXED(SDP_SECURE));
	host_expect(&rig.ucm[RIG_A], "ACK ");
	mixed_is(&rig.ucm[RIG_A], "c=IN IP4 192.168.10.3\r\n", " RTP/AVP 9 0 101\r\n", false);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_outbound(void **state)
{
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, A_INVITE MULTIPART, MIXED(SDP_PLAIN_A));
	host_expect(&rig.remote, "INVITE ");
	mixed_is(&rig.remote, "c=IN IP4 209.165.200.229\r\n", " RTP/SAVP 9 101\r\n", true);
	rig_only(RIG_A, CNT_NONE, 0);
}

// As the original: no multipart body, from neither side.
static void test_parity_strict(void **state)
{
	rig_up(strict);
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller, A_INVITE MULTIPART, MIXED(SDP_PLAIN_A));
	host_expect(&rig.caller, "SIP/2.0 415 ");
	rig_only(RIG_A, CNT_MULTIPART, 1);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER MULTIPART, PARTS(SDP_SECURE));
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_MULTIPART, 2);
	rig_down();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inbound),
		TEST(ack),
		TEST(outbound),
		cmocka_unit_test(test_parity_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
