// SPDX-License-Identifier: BSD-3-Clause
// Offer and answer through two proxies, step by step: each step is sent, and comes out at the other end.
// For test_offers.c and test_forks.c.
#pragma once

#include "test/unit/call_steps.h"

#define RELIABLE "Require: 100rel\nRSeq: 1\n"

#define SDP_OF(o, version, c, port)                                                                \
	"v=0\no=" o " " version " IN IP4 192.0.2.1\ns=-\nc=IN IP4 " c "\nt=0 0\n"                  \
	"m=audio " port " RTP/AVP 9 101\n"
#define SDP_B(version, port) SDP_OF("CCM 2000", version, "192.168.20.51", port)
#define SDP_A(version, port) SDP_OF("CCM 3000", version, "192.168.10.51", port)

// Where proxy A, or B, sends media on its inside: the port, 0 before the first MEDIA_SET.
uint16_t media_of(int which);
void media_is(uint16_t b, uint16_t a);
// Both proxies: nothing was refused, and nothing is left.
void offers_end_clean(void);

// B's INVITE, without a description when `body` is "".
void invite(const char *body);
// The response of the called side to the INVITE that made the call, whatever came since.
void respond(const char *status, const char *tag, const char *extra, const char *body);
// A request inside the dialog.
void from_b(const char *method, const char *branch, int cseq, const char *extra, const char *body);
void from_a(const char *method, const char *branch, int cseq, const char *extra, const char *body);
// A response to the last request that A, or B, received.
void a_answers(const char *status, const char *extra, const char *body);
void b_answers(const char *status, const char *extra, const char *body);
void ack(void);
