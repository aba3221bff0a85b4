// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/call_steps.h"

#include <stdio.h>

// A response of the last request that `h` received: its Via, Record-Route, From, Call-ID, CSeq.
void call_answer(struct sip_host *h, const char *status, const char *to_tag, const char *extra,
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

void contains(const struct sip_host *h, const char *text)
{
	if (strstr(h->msg, text) == NULL)
		fail_msg("no %s in %s", text, h->msg);
}

void contains_not(const struct sip_host *h, const char *text)
{
	if (strstr(h->msg, text) != NULL)
		fail_msg("%s in %s", text, h->msg);
}

void call_ack(const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"ACK sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA("ack")
			B_FROM B_TO ";tag=atag\n" CALL_ID "CSeq: 101 ACK\nMax-Forwards: 69\n%s",
		extra);
	host_send(&rig.caller, head, body);
}

void call_establish(void)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
}

void call_b_request(
	const char *method, const char *branch, int cseq, const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bK%s\n" B_FROM B_TO
		";tag=atag\n" CALL_ID "CSeq: %d %s\nMax-Forwards: 69\n%s",
		method, branch, cseq, method, extra);
	host_send(&rig.caller, head, body);
}

void call_a_request(struct sip_host *via, const char *method, const char *branch, int cseq,
	const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s sip:+12125550199@203.0.113.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK%s\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=btag\n" CALL_ID
		"CSeq: %d %s\nMax-Forwards: 69\n%s",
		method, branch, cseq, method, extra);
	host_send(via, head, body);
}

void call_cancel(void)
{
	host_send(&rig.caller,
		"CANCEL sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA("1")
			B_FROM B_TO "\n" CALL_ID "CSeq: 101 CANCEL\nMax-Forwards: 69\n",
		"");
}

void call_terminated(struct sip_host *ucm)
{
	host_send(ucm,
		"SIP/2.0 487 Request Terminated\n"
		"Via: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\n" B_FROM B_TO
		";tag=atag\n" CALL_ID "CSeq: 101 INVITE\n",
		"");
	host_expect(&rig.caller, "SIP/2.0 487 ");
}

void call_hang_up(void)
{
	call_b_request("BYE", "bye", 199, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
}
