// SPDX-License-Identifier: BSD-3-Clause
// The messages of one call, as printf formats and literals for host_send(): from call manager B's
// side and from call manager A's.
#pragma once

#include "test/unit/ticket_vectors.h"

#define SDP_PLAIN_B                                                                                \
	"v=0\no=CCM 2000 1 IN IP4 192.168.20.30\ns=SIP Call\nc=IN IP4 192.168.20.51\nt=0 0\n"      \
	"m=audio 20000 RTP/AVP 9 0 101\na=rtpmap:9 G722/8000\na=rtpmap:0 PCMU/8000\n"              \
	"a=rtpmap:101 telephone-event/8000\na=ptime:20\n"
#define SDP_PLAIN_A                                                                                \
	"v=0\no=CCM 3000 1 IN IP4 192.168.10.30\ns=SIP Call\nc=IN IP4 192.168.10.51\nt=0 0\n"      \
	"m=audio 19520 RTP/AVP 9 101\na=rtpmap:9 G722/8000\na=rtpmap:101 telephone-event/8000\n"

#define B_VIA(branch)   "Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bK" branch "\n"
#define B_ROUTE_HEADERS "Record-Route: <sip:192.168.20.30:5070;transport=tcp;lr>\n"
#define B_CONTACT       "Contact: <sip:+12125550199@192.168.20.30:5070;transport=tcp>\n"
#define B_FROM          "From: <sip:+12125550199@enterprise-b.example>;tag=btag\n"
#define B_TO            "To: <sip:+14085550123@enterprise-a.example>"
#define CALL_ID         "Call-ID: 5d2e9a10@192.168.20.30\n"
#define TICKET_HEADER   "X-Cisco-UC-IME-Ticket: " TICKET_2_13 "\n"
#define SDP_TYPE        "Content-Type: application/sdp\n"
#define MULTIPART       "Content-Type: multipart/mixed;boundary=x\n"
#define SDP_PART(sdp)   "--x\nContent-Type: application/sdp\n\n" sdp "\n"
#define PARTS(sdp)      SDP_PART(sdp) "--x--\n"
#define INVITE_URI      "INVITE sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n"

#define B_INVITE(branch, extra)                                                                    \
	INVITE_URI B_VIA(branch)                                                                   \
	B_ROUTE_HEADERS B_FROM B_TO "\n" CALL_ID "CSeq: 101 INVITE\n" B_CONTACT                    \
				    "Max-Forwards: 69\n" extra

// The same INVITE as a remote proxy sends it over TLS (protocol.md 3.4).
#define KEY_1 "4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm"
#define SDP_SECURE                                                                                 \
	"v=0\no=CCM-SIP 2000 1 IN IP4 198.51.100.10\ns=SIP Call\nc=IN IP4 198.51.100.11\nt=0 0\n"  \
	"m=audio 29824 RTP/SAVP 9 0 101\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1         \
	"\na=rtpmap:9 G722/8000\n"
#define R_VIA(branch) "Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK" branch "\n"
#define R_FROM        "From: <sip:+12125550199@enterprise-b.example>;tag=rtag\n"
#define R_CALL_ID     "Call-ID: 77@198.51.100.10\n"
#define R_CONTACT     "Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n"
#define R_URI         "sip:+14085550123@209.165.200.228:5070;transport=tls"
#define R_REST        R_FROM B_TO "\n" R_CALL_ID "CSeq: 101 INVITE\n" R_CONTACT "Max-Forwards: 69\n"
#define R_INVITE      "INVITE " R_URI " SIP/2.0\n" R_VIA("1") R_REST
