// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/fake_dp.h"
#include "test/unit/offer_steps.h"

// Their inside remotes are told apart by their networks.
uint16_t media_of(int which)
{
	for (size_t i = fake_dp_n_sent; i-- > 0;) {
		const struct dp_msg_media *m = &fake_dp_sent[i].media;
		char text[ENDPOINT_TEXT_MAX];

		if (fake_dp_sent[i].type != DP_MSG_MEDIA_SET)
			continue;
		endpoint_format(&m->leg[SIDE_INSIDE].remote, ':', text);
		if (strncmp(text, which == RIG_A ? "192.168.10." : "192.168.20.", 11) == 0)
			return m->leg[SIDE_INSIDE].remote.port;
	}
	return 0;
}

void media_is(uint16_t b, uint16_t a)
{
	assert_int_equal(media_of(RIG_B), b);
	assert_int_equal(media_of(RIG_A), a);
}

void offers_end_clean(void)
{
	for (int i = 0; i < 2; i++) {
		rig_only(i, CNT_NONE, 0);
		rig_assert_clean(i);
	}
}

void invite(const char *body)
{
	rig_caller();
	if (body[0] != '\0')
		host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), body);
	else
		host_send(&rig.caller, B_INVITE("1", TICKET_HEADER), body);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
}

void respond(const char *status, const char *tag, const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"SIP/2.0 %s\nVia: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\n" B_FROM B_TO
		";tag=%s\n" CALL_ID "CSeq: 101 INVITE\n" A_CONTACT "%s%s",
		status, tag, extra, body[0] != '\0' ? SDP_TYPE : "");
	host_send(&rig.ucm[RIG_A], head, body);
	host_expect(&rig.caller, "SIP/2.0 ");
}

void from_b(const char *method, const char *branch, int cseq, const char *extra, const char *body)
{
	char start[32];

	snprintf(start, sizeof(start), "%s ", method);
	call_b_request(method, branch, cseq, extra, body);
	host_expect(&rig.ucm[RIG_A], start);
}

void from_a(const char *method, const char *branch, int cseq, const char *extra, const char *body)
{
	char start[32];

	snprintf(start, sizeof(start), "%s ", method);
	call_a_request(&rig.ucm[RIG_A], method, branch, cseq, extra, body);
	host_expect(&rig.caller, start);
}

void a_answers(const char *status, const char *extra, const char *body)
{
	call_answer(&rig.ucm[RIG_A], status, "atag", extra, body);
	host_expect(&rig.caller, "SIP/2.0 ");
}

void b_answers(const char *status, const char *extra, const char *body)
{
	call_answer(&rig.caller, status, "btag", extra, body);
	host_expect(&rig.ucm[RIG_A], "SIP/2.0 ");
}

void ack(void)
{
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
}
