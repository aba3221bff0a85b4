// SPDX-License-Identifier: BSD-3-Clause
// The steps of a call between call managers B (rig.caller) and A (rig.ucm[RIG_A]).
#pragma once

#include "test/unit/rig.h"
#include "test/unit/sip_texts.h"

#define A_CONTACT "Contact: <sip:+14085550123@192.168.10.30:5070;transport=tcp>\n"
#define A_ANSWER  A_CONTACT SDP_TYPE
// The head of an INVITE of call manager A to the remote.
#define A_INVITE                                                                                   \
	"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"                       \
	"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\n"                                    \
	"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"                                    \
	"To: <sip:+12125550199@enterprise-b.example>\n"                                            \
	"Call-ID: out@192.168.10.30\nCSeq: 5 INVITE\nMax-Forwards: 70\n" A_CONTACT

// A response to the last request that `h` received: its Via, Record-Route, From, To (with the tag
// if it has none), Call-ID and CSeq, then `extra`.
void call_answer(struct sip_host *h, const char *status, const char *to_tag, const char *extra,
	const char *body);

void contains(const struct sip_host *h, const char *text);
void contains_not(const struct sip_host *h, const char *text);

// The caller's ACK of a 2xx; `extra` are header lines.
void call_ack(const char *extra, const char *body);
// INVITE until ACK. ucm[A]'s last message is the ACK, the caller's the 200.
void call_establish(void);
// A request of B inside the dialog: "BYE", branch, CSeq.
void call_b_request(
	const char *method, const char *branch, int cseq, const char *extra, const char *body);
// A request of A inside the dialog, on the connection that brought the INVITE.
void call_a_request(struct sip_host *via, const char *method, const char *branch, int cseq,
	const char *extra, const char *body);
// B's CANCEL of its INVITE; and the 487 of the call manager that had it, until B hears it.
void call_cancel(void);
void call_terminated(struct sip_host *ucm);
// BYE and its 200.
void call_hang_up(void);
