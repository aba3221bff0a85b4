// SPDX-License-Identifier: BSD-3-Clause
// Offer and answer of one session without SIP, over a fake data plane: what a side says, what the
// other side is shown, and what the worker is told. For test_session.c and test_session_sdp.c.
#pragma once

#include "cp/session.h"
#include "test/unit/fake_dp.h"

#define OUT SIDE_OUTSIDE
#define IN  SIDE_INSIDE

// The parties: remote 198.51.100.11, phone 192.168.10.51, ours 209.165.200.229 and 192.168.10.3.
#define O(version) "v=0\no=- 7 " version " IN IP4 192.0.2.1\ns=-\n"
#define R(version) O(version) "c=IN IP4 198.51.100.11\nt=0 0\n"
#define P(version) O(version) "c=IN IP4 192.168.10.51\nt=0 0\n"
#define WE(ip)     "v=0\no=- 7 1 IN IP4 " ip "\ns=-\nc=IN IP4 " ip "\nt=0 0\n"
#define WE_OUT     WE("209.165.200.229")
#define WE_IN      WE("192.168.10.3")

#define K1   "4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm"
#define K2   "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define K128 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ"                       // 28 octets, unpadded
#define K256 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSojd0RmdmcmVCspeEc3QGY=" // 44
// 46
#define KCM2                    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSojd0RmdmcmVCspeEc3QGZiNQ=="
#define CM80                    "AES_CM_128_HMAC_SHA1_80"
#define CM32                    "AES_CM_128_HMAC_SHA1_32"
#define G128                    "AEAD_AES_128_GCM"
#define G256                    "AEAD_AES_256_GCM"
#define CM256                   "AES_256_CM_HMAC_SHA1_80"
#define CRYPTO(tag, suite, key) "a=crypto:" tag " " suite " inline:" key "\n"
#define OURS(tag, suite)        CRYPTO(tag, suite, "OURS")
#define OUR_OFFER               OURS("1", CM80) OURS("2", CM32)

#define OFFER_80  R("1") "m=audio 29824 RTP/SAVP 9 101\n" CRYPTO("1", CM80, K1)
#define ANSWER_80 R("1") "m=audio 29824 RTP/SAVP 9 101\n" CRYPTO("1", CM80, K1)
#define RTP_80    P("1") "m=audio 19520 RTP/AVP 9 101\n"

// What a test may change before session_again().
extern struct config_mta session_pool;
extern struct config_ime session_ime;
extern struct session_env session_env;
extern struct session *session;
extern struct session_plan plan; // of the last description
extern uint32_t session_cseq;    // of the request of the last offer
extern char seen[8192];          // what the other side was shown last; our keys as OURS, ports as P

// cmocka fixtures: a session with a non-secure inside; no port is left behind.
int session_setup(void **state);
int session_teardown(void **state);
void session_again(bool inside_secure);
void session_new_pool(void); // media ports anew, after a change of session_pool

// A description of a side; CNT_NONE is expected, or why it is refused.
void offer(enum side from, const char *in);
void answer(enum side from, const char *in);
void offer_refused(enum side from, const char *in, enum counter_id why);
void answer_refused(enum side from, const char *in, enum counter_id why);

// The last MEDIA_SET, or one before it.
const struct dp_msg_media *told(size_t before_last);

// The key that a crypto line would have; "a.b.c.d:port", or "" for port 0.
void key_is(const uint8_t key[DP_SRTP_KEY_LEN], const char *suite, const char *text);
void endpoint_is(const struct endpoint *ep, const char *want);
