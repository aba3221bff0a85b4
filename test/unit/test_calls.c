// SPDX-License-Identifier: BSD-3-Clause
// Whole calls through two proxies, TLS between them: what each party sees, what the workers are
// told, and that nothing is left.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"
#include "test/unit/rig.h"
#include "test/unit/sip_texts.h"

// A response of the last request that `h` received: its Via, Record-Route, From, Call-ID, CSeq.
static void answer(struct sip_host *h, const char *status, const char *to_tag, const char *extra,
	const char *body)
{
	char head[8192];
	int n = snprintf(head, sizeof(head), "SIP/2.0 %s\n", status);
	const char *p = strstr(h->msg, "\r\n") + 2;

	for (const char *end; (end = strstr(p, "\r\n")) != p; p = end + 2) {
		bool kept = strncmp(p, "Via:", 4) == 0 || strncmp(p, "From:", 5) == 0 ||
			strncmp(p, "Call-ID:", 8) == 0 || strncmp(p, "CSeq:", 5) == 0 ||
			strncmp(p, "Record-Route:", 13) == 0;
		bool to = strncmp(p, "To:", 3) == 0;
		bool tagged = to && memmem(p, (size_t)(end - p), ";tag=", 5) != NULL;

		if (kept || to)
			n += snprintf(head + n, sizeof(head) - (size_t)n, "%.*s%s%s\n",
				(int)(end - p), p, to && !tagged ? ";tag=" : "",
				to && !tagged ? to_tag : "");
	}
	snprintf(head + n, sizeof(head) - (size_t)n, "%s", extra);
	host_send(h, head, body);
}

#define A_CONTACT "Contact: <sip:+14085550123@192.168.10.30:5070;transport=tcp>\n"
#define A_ANSWER  A_CONTACT SDP_TYPE

static void contains(const struct sip_host *h, const char *text)
{
	if (strstr(h->msg, text) == NULL)
		fail_msg("no %s in %s", text, h->msg);
}

static void contains_not(const struct sip_host *h, const char *text)
{
	if (strstr(h->msg, text) != NULL)
		fail_msg("%s in %s", text, h->msg);
}

static void ack(const char *body, const char *extra)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"ACK sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA("ack")
			B_FROM B_TO ";tag=atag\n" CALL_ID "CSeq: 101 ACK\nMax-Forwards: 69\n%s",
		extra);
	host_send(&rig.caller, head, body);
}

// INVITE, 180, 200, ACK; leaves ucm[A]'s last message the ACK, the caller's the 200.
static void establish(void)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
}

static void hang_up_from_b(void)
{
	host_send(&rig.caller,
		"BYE sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA("bye")
			B_FROM B_TO ";tag=atag\n" CALL_ID "CSeq: 102 BYE\nMax-Forwards: 69\n",
		"");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
}

static void test_call(void **state)
{
	struct endpoint mapped = fake_net_endpoint(RIG_UCM_B_MAPPED, 0);
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
	answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	contains(&rig.caller, "Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bK1\r\n");
	answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "c=IN IP4 192.168.20.3\r\n");
	contains_not(&rig.caller, "a=crypto");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 2);
	a = &fake_dp_sent[fake_dp_n_sent - 2].media; // A was told first
	b = &fake_dp_sent[fake_dp_n_sent - 1].media;
	// SRTP-6: what one sends with, the other receives with.
	assert_memory_equal(a->leg[0].rx_key, b->leg[0].tx_key, DP_SRTP_KEY_LEN);
	assert_memory_equal(a->leg[0].tx_key, b->leg[0].rx_key, DP_SRTP_KEY_LEN);
	assert_memory_not_equal(a->leg[0].tx_key, a->leg[0].rx_key, DP_SRTP_KEY_LEN);
	assert_int_equal(a->leg[0].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(a->leg[1].suite, DP_SRTP_NONE);
	assert_true(endpoint_eq(&a->leg[0].remote, &b->leg[0].local));
	assert_true(endpoint_eq(&a->leg[0].local, &b->leg[0].remote));
	assert_int_equal(a->leg[1].remote.port, 19520);
	assert_int_equal(b->leg[1].remote.port, 20000);
	assert_true(a->leg[0].rx_allowed && a->leg[0].tx_allowed && a->leg[1].rx_allowed);
	assert_int_equal(a->clock_hz, 8000);
	ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK sip:+14085550123@192.168.10.30:5070");
	hang_up_from_b();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rig_counter(i, CNT_CALLS_ANSWERED), 1);
		assert_int_equal(rig_counter(i, CNT_CALLS_ENDED), 1);
		rig_only(i, CNT_NONE, 0);
		rig_assert_clean(i);
	}
	assert_int_equal(rig_counter(RIG_A, CNT_TICKETS_VALID), 1);
	assert_int_equal(rig_counter(RIG_B, CNT_TICKETS_VALID), 0); // TKT-22
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call, rig_setup, rig_teardown),
	};

	(void)establish;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
