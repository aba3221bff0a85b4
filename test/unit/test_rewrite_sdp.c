// SPDX-License-Identifier: BSD-3-Clause
// The SDP table of protocol.md 4.1 and the SRTP rule of 4.2.
#include "test/unit/sip_vectors.h"

#include "cp/rewrite.h"

#define V     "v=0\r\n"
#define O     "o=- 1 2 IN IP4 192.0.2.1\r\n"
#define C     "c=IN IP4 192.0.2.2\r\n"
#define T     "t=0 0\r\n"
#define V_OUT "v=0\r\no=- 1 2 IN IP4 209.165.200.229\r\n"
#define C_OUT "c=IN IP4 209.165.200.229\r\n"
#define CRY   "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
#define KEY   "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define CRY_1 "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20|1:4 WSH=128\r\n"
#define CRY_2 "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n"
#define CRY_3 "a=crypto:3 AEAD_AES_128_GCM inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ\r\n"
#define CRY_4 "a=crypto:4 AEAD_AES_128_GCM inline:eERmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ==\r\n"

static struct sip_edit edit;

enum plan_kind { PLAIN, SECURE, SECURE_2, PASS, REFUSE, RTCP, RTCP_NO_MUX, STRICT };

// Ports 20000, 20002, ... for every line. PASS: SRTP-3 with two suites.
static struct sdp_plan plan_of(enum plan_kind kind)
{
	struct sdp_plan p = {
		.rtcp = kind == RTCP || kind == RTCP_NO_MUX,
		.h264 = kind != STRICT,
	};

	ip_parse(STR_LIT("209.165.200.229"), &p.local);
	for (unsigned int i = 0; i < SDP_MEDIA_MAX; i++) {
		struct sdp_plan_media *m = &p.media[i];

		m->port = kind == REFUSE ? 0 : (uint16_t)(20000 + 2 * i);
		m->secure = kind == SECURE || kind == SECURE_2 || kind == PASS || kind == REFUSE;
		m->mux = kind == RTCP;
		if (kind == PASS)
			m->keep_suites =
				1 << SDES_AES_CM_128_HMAC_SHA1_80 | 1 << SDES_AEAD_AES_128_GCM;
		if (kind == SECURE || kind == SECURE_2)
			m->crypto[0] = STR_LIT("1 ONE inline:a");
		if (kind == SECURE_2)
			m->crypto[1] = STR_LIT("2 TWO inline:b");
	}
	return p;
}

static void test_table_4_1(void **state)
{
	static const struct {
		enum plan_kind kind;
		const char *in, *want;
	} table[] = {
		// c= at both levels, port, profile
		{PLAIN, V O C T "m=audio 4000 RTP/AVP 0\r\n" C,
			V_OUT C_OUT T "m=audio 20000 RTP/AVP 0\r\n" C_OUT},
		{PLAIN, V O C T "m=audio 4000 RTP/SAVPF 0\r\n" CRY "a=sendrecv\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/AVPF 0\r\na=sendrecv\r\n"},
		{SECURE, V O C T "m=audio 4000 RTP/AVPF 0\r\na=ptime:20\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/SAVPF 0\r\na=crypto:1 ONE inline:a\r\n"
				      "a=ptime:20\r\n"},
		// o=: any address, also a name or IPv6
		{PLAIN, V "o=- 1 2 IN IP4 a.example\r\n" C T, V_OUT C_OUT T},
		{PLAIN, V "o=- 1 2 IN IP6 2001:db8::1\r\n" C T, V_OUT C_OUT T},
		// received crypto goes, ours comes, before the first attribute
		{SECURE,
			V O C T "m=audio 4000 RTP/SAVP 0\r\ni=x\r\nb=AS:64\r\n" CRY
				"a=ptime:20\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/SAVP 0\r\ni=x\r\nb=AS:64\r\n"
				      "a=crypto:1 ONE inline:a\r\na=ptime:20\r\n"},
		{SECURE_2, V O C T "m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/SAVP 0\r\na=crypto:1 ONE inline:a\r\n"
				      "a=crypto:2 TWO inline:b\r\nm=audio 20002 RTP/SAVP 0\r\n"
				      "a=crypto:1 ONE inline:a\r\na=crypto:2 TWO inline:b\r\n"},
		{SECURE_2, V O C T "m=audio 4000 RTP/AVP 0",
			V_OUT C_OUT T "m=audio 20000 RTP/SAVP 0\r\na=crypto:1 ONE inline:a\r\n"
				      "a=crypto:2 TWO inline:b"},
		// SRTP-3: the first usable line of each suite stays as it came
		{PASS, V O C T "m=audio 4000 RTP/SAVP 0\r\n" CRY_3 "a=x\r\n" CRY CRY_2 CRY_1 CRY_4,
			V_OUT C_OUT T "m=audio 20000 RTP/SAVP 0\r\n" CRY_3 "a=x\r\n" CRY_1},
		{PASS, V O C T CRY_1 "m=audio 0 RTP/SAVP 0\r\n" CRY_1,
			V_OUT C_OUT T "m=audio 0 RTP/SAVP 0\r\n"},
		{PASS,
			V O C T "m=audio 4000 RTP/SAVP 0\r\na=Crypto:1 AES_CM_128_HMAC_SHA1_80 "
				"inline:" KEY "\r\nm=audio 4002 RTP/SAVP 0\r\n" CRY_1 CRY_3,
			V_OUT C_OUT T "m=audio 20000 RTP/SAVP 0\r\nm=audio 20002 RTP/SAVP "
				      "0\r\n" CRY_1 CRY_3},
		{PLAIN, V O C T CRY "m=audio 4000 RTP/AVP 0\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/AVP 0\r\n"},
		// refused and ended lines
		{REFUSE, V O C T "m=audio 4000 RTP/AVP 0\r\n" CRY,
			V_OUT C_OUT T "m=audio 0 RTP/SAVP 0\r\n"},
		{SECURE, V O C T "m=audio 0 RTP/AVP 0\r\na=x\r\n",
			V_OUT C_OUT T "m=audio 0 RTP/SAVP 0\r\na=x\r\n"},
		{SECURE, V O C T "m=audio 4000/2 RTP/AVP 0\r\n",
			V_OUT C_OUT T "m=audio 0 RTP/SAVP 0\r\n"},
		{SECURE, V O C T "m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\n",
			V_OUT C_OUT T "m=image 0 udptl t38\r\na=T38FaxVersion:0\r\n"},
		{SECURE, V O C T "m=application 4000 TCP/BFCP *\r\nm=message 5 TCP/MSRP *\r\n",
			V_OUT C_OUT T "m=application 0 TCP/BFCP *\r\nm=message 0 TCP/MSRP *\r\n"},
		{SECURE, V O C T "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n",
			V_OUT C_OUT T "m=audio 0 UDP/TLS/RTP/SAVP 0\r\n"},
		// RTCP, ICE, DTLS
		{PLAIN,
			V O C T
			"a=ice-lite\r\na=group:BUNDLE 0 1\r\na=group:LS 0 1\r\n"
			"a=fingerprint:sha-1 x\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4001\r\n"
			"a=rtcp-mux\r\na=rtcp-fb:* nack\r\na=candidate:1 1 UDP 1 192.0.2.2\r\n"
			"a=ice-ufrag:x\r\na=setup:actpass\r\na=key-mgmt:mikey x\r\n"
			"a=X-cisco-srtp-fallback\r\na=rtcpx:1\r\na=mid:0\r\n",
			V_OUT C_OUT T "a=group:LS 0 1\r\nm=audio 20000 RTP/AVP 0\r\na=rtcpx:1\r\n"
				      "a=mid:0\r\n"},
		// RTP-4 with relay: what RTCP can do is said, where it goes is ours
		{RTCP,
			V O C T
			"a=rtcp-xr:voip-metrics\r\na=rtcp-rsize\r\nm=audio 4000 RTP/SAVPF 0\r\n"
			"b=AS:64\r\nb=RS:800\r\nb=RR:2400\r\na=rtcp:4001\r\na=rtcp-mux\r\n"
			"a=rtcp-fb:* nack\r\na=rtcp-fb:* ccm fir\r\na=rtcp-rsize\r\n"
			"a=rtcp-xr:rcvr-rtt=all\r\na=candidate:1 1 UDP 1 192.0.2.2\r\n" CRY,
			V_OUT C_OUT T
			"a=rtcp-xr:voip-metrics\r\na=rtcp-rsize\r\nm=audio 20000 RTP/AVPF 0\r\n"
			"b=AS:64\r\nb=RS:800\r\nb=RR:2400\r\na=rtcp-mux\r\na=rtcp-fb:* nack\r\n"
			"a=rtcp-fb:* ccm fir\r\na=rtcp-rsize\r\na=rtcp-xr:rcvr-rtt=all\r\n"},
		{RTCP_NO_MUX,
			V O C T "m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:4001 IN IP4 "
				"192.0.2.9\r\na=rtcp-fb:* nack\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/AVP 0\r\na=rtcp-fb:* nack\r\n"},
		// hold
		{PLAIN, V O "c=IN IP4 0.0.0.0\r\n" T "m=audio 4000 RTP/AVP 0\r\na=inactive\r\n",
			V_OUT "c=IN IP4 0.0.0.0\r\n" T "m=audio 20000 RTP/AVP 0\r\na=inactive\r\n"},
		{PLAIN, V O C T "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\n",
			V_OUT C_OUT T "m=audio 20000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
				      "a=sendonly\r\n"},
		// H.264: with parity off as any codec
		{RTCP,
			V O C T "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVPF 97 98 31\r\n"
				"b=TIAS:2000000\r\na=rtpmap:97 H264/90000\r\n"
				"a=fmtp:97 profile-level-id=42e01f;packetization-mode=1\r\n"
				"a=rtpmap:98 rtx/90000\r\na=fmtp:98 apt=97\r\n"
				"a=rtcp-fb:97 nack pli\r\nm=video 4004/2 RTP/AVP 97\r\n"
				"m=application 5 TCP/BFCP *\r\n",
			V_OUT C_OUT T
			"m=audio 20000 RTP/AVP 0\r\nm=video 20002 RTP/AVPF 97 98 31\r\n"
			"b=TIAS:2000000\r\na=rtpmap:97 H264/90000\r\n"
			"a=fmtp:97 profile-level-id=42e01f;packetization-mode=1\r\n"
			"a=rtpmap:98 rtx/90000\r\na=fmtp:98 apt=97\r\n"
			"a=rtcp-fb:97 nack pli\r\nm=video 0 RTP/AVP 97\r\n"
			"m=application 0 TCP/BFCP *\r\n"},
		{STRICT,
			V O C T "m=video 4000 RTP/AVP 97 31 98 34 99\r\na=rtpmap:97 H264/90000\r\n"
				"a=fmtp:97 x\r\na=rtpmap:98 H264-SVC/90000\r\na=fmtp:34 y\r\n"
				"a=rtpmap:99 h264/90000\r\n",
			V_OUT C_OUT T "m=video 20000 RTP/AVP 31 34\r\na=fmtp:34 y\r\n"},
		{STRICT,
			V O C T "m=video 4000 RTP/AVP 97 98\r\na=rtpmap:97 H264/90000\r\n"
				"a=rtpmap:98 H264/90000\r\n",
			V_OUT C_OUT T "m=video 0 RTP/AVP 97 98\r\na=rtpmap:97 H264/90000\r\n"
				      "a=rtpmap:98 H264/90000\r\n"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct sdp_plan plan = plan_of(table[i].kind);
		char out[4096];
		struct sdp s;
		size_t n;

		assert_int_equal(sdp_parse(&s, str_from(table[i].in)), SDP_OK);
		sip_edit_init_text(&edit, s.raw);
		assert_int_equal(rewrite_sdp(&s, &plan, &edit), SDP_OK);
		assert_int_equal(sip_edit_render(&edit, out, sizeof(out) - 1, &n), 0);
		out[n] = '\0';
		if (strcmp(out, table[i].want) != 0)
			fail_msg("row %zu: got\n%sexpected\n%s", i, out, table[i].want);
		assert_int_equal(sdp_parse(&s, (struct str){out, n}), SDP_OK);
	}
}

static void test_refused(void **state)
{
	static const char v6[] = V O "c=IN IP6 2001:db8::1\r\n" T;
	struct sdp_plan plan = plan_of(PLAIN);
	char text[4096];
	struct sdp s;

	// IPv6 that nobody uses does not hurt; in use it is refused by name.
	snprintf(text, sizeof(text), "%sm=audio 4000 RTP/AVP 0\r\n" C, v6);
	assert_int_equal(sdp_parse(&s, str_from(text)), SDP_OK);
	sip_edit_init_text(&edit, s.raw);
	assert_int_equal(rewrite_sdp(&s, &plan, &edit), SDP_OK);
	snprintf(text, sizeof(text), "%sm=audio 4000 RTP/AVP 0\r\n", v6);
	assert_int_equal(sdp_parse(&s, str_from(text)), SDP_OK);
	sip_edit_init_text(&edit, s.raw);
	assert_int_equal(rewrite_sdp(&s, &plan, &edit), SDP_IPV6);
	assert_int_equal(sdp_parse(&s, STR_LIT(V O C)), SDP_OK);
	ip_parse(STR_LIT("2001:db8::2"), &plan.local);
	sip_edit_init_text(&edit, s.raw);
	assert_int_equal(rewrite_sdp(&s, &plan, &edit), SDP_IPV6);
}

static void test_edit_limit(void **state)
{
	static char text[32768];
	const struct sdp_plan plan = plan_of(PLAIN);
	size_t n = (size_t)sprintf(text, V O C T "m=audio 4000 RTP/AVP 0\r\n");
	struct sdp s;

	for (size_t i = 0; i < SIP_EDIT_SPLICES_MAX; i++)
		n += (size_t)sprintf(text + n, "a=rtcp:1\r\n");
	assert_int_equal(sdp_parse(&s, (struct str){text, n}), SDP_OK);
	sip_edit_init_text(&edit, s.raw);
	assert_int_equal(rewrite_sdp(&s, &plan, &edit), SDP_EDIT_LIMIT);
}

static void test_srtp_1_2(void **state)
{
	enum { IN, OUT, OUT_SECURE };
	static const struct {
		int where;
		const char *media;
		enum sdp_verdict v;
	} table[] = {
		// SRTP-1
		{IN, C "m=audio 4000 RTP/SAVP 0\r\n" CRY, SDP_OK},
		{IN, C "m=audio 4000 RTP/AVP 0\r\n", SDP_RTP_OVER_IME},
		{IN, C "m=audio 4000 RTP/AVP 0\r\n" CRY, SDP_RTP_OVER_IME},
		{IN, C "m=audio 4000 RTP/AVPF 0\r\n", SDP_RTP_OVER_IME},
		{IN, C "m=audio 4000 RTP/SAVP 0\r\n" CRY "m=video 4002 RTP/AVP 31\r\n",
			SDP_RTP_OVER_IME},
		{IN, C "m=audio 4000 RTP/SAVP 0\r\n" CRY "m=video 0 RTP/AVP 31\r\n", SDP_OK},
		{IN, "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n", SDP_RTP_OVER_IME},
		{IN, C "m=audio 4000 RTP/SAVP 0\r\n", SDP_NO_CRYPTO},
		{IN, C "m=audio 0 RTP/AVP 0\r\n", SDP_OK},
		{IN, "", SDP_OK},
		{IN, C "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n", SDP_NO_USABLE_MEDIA},
		{IN, C "m=image 4000 udptl t38\r\n", SDP_NO_USABLE_MEDIA},
		{IN, C "m=image 4000 udptl t38\r\nm=audio 4000 RTP/SAVP 0\r\n" CRY, SDP_OK},
		{IN, "m=audio 4000 RTP/SAVP 0\r\n" CRY, SDP_NO_CONNECTION},
		{IN, "c=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/SAVP 0\r\n" CRY, SDP_IPV6},
		// SRTP-2
		{OUT, C "m=audio 4000 RTP/AVP 0\r\n", SDP_OK},
		{OUT, C "m=audio 4000 RTP/SAVP 0\r\n" CRY, SDP_SRTP_NONSECURE},
		{OUT, C "m=audio 0 RTP/SAVP 0\r\n", SDP_OK},
		// H.264, that only OUT refuses here
		{OUT, C "m=video 4000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n",
			SDP_NO_USABLE_MEDIA},
		{OUT_SECURE, C "m=video 4000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", SDP_OK},
		{OUT_SECURE, C "m=audio 4000 RTP/SAVP 0\r\n" CRY, SDP_OK},
		{OUT_SECURE, C "m=audio 4000 RTP/AVP 0\r\n", SDP_OK},
		{OUT_SECURE, C "m=audio 4000 RTP/AVP 0\r\n" CRY "a=X-cisco-srtp-fallback\r\n",
			SDP_OK},
		{OUT_SECURE, C "m=audio 4000 RTP/SAVP 0\r\n", SDP_NO_CRYPTO},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[1024];
		struct sdp s;
		enum sdp_verdict v;

		snprintf(text, sizeof(text), V O "%s", table[i].media);
		assert_int_equal(sdp_parse(&s, str_from(text)), SDP_OK);
		v = sdp_check_secure(&s, table[i].where == IN ? REWRITE_INWARD : REWRITE_OUTWARD,
			table[i].where == OUT_SECURE, table[i].where != OUT);
		if (v != table[i].v)
			fail_msg("row %zu: %s\n%s", i, sdp_verdict_text(v), text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_4_1),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_edit_limit),
		cmocka_unit_test(test_srtp_1_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
