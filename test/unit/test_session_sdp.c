// SPDX-License-Identifier: BSD-3-Clause
// Descriptions in, descriptions out (protocol.md 4.1 to 4.3): a table of whole exchanges, and of
// those that are refused.
#include "test/unit/test.h"

#include "test/unit/session_steps.h"

// Rows of one exchange: an offer and its answer, as each side says it and as the other sees it.
static void test_golden(void **state)
{
	static const struct {
		const char *what;
		enum side from;
		bool secure;
		const char *offer, *offer_seen, *answer, *answer_seen;
	} rows[] = {
		{"audio and video from outside: RTCP's attributes, mux, H.264, bandwidth", OUT,
			false,
			R("1") "m=audio 29824 RTP/SAVP 9 101\nb=AS:64\n" CRYPTO("1", CM80,
				K1) "a=rtcp:29825\na=rtcp-mux\nm=video 29826 RTP/SAVPF 97 "
				    "98\nb=TIAS:512000\n" CRYPTO("1", CM80,
					    K2) "a=rtpmap:97 H264/90000\na=fmtp:97 "
						"profile-level-id=42e01f\na=rtpmap:98 "
						"VP8/90000\na=rtcp-fb:* nack pli\n"
						"a=rtcp-fb:97 ccm fir\na=rtcp-rsize\na=rtcp-mux\n",
			WE_IN
			"m=audio P RTP/AVP 9 101\nb=AS:64\na=rtcp-mux\nm=video P RTP/AVPF 97 98\n"
			"b=TIAS:512000\na=rtpmap:97 H264/90000\na=fmtp:97 "
			"profile-level-id=42e01f\na=rtpmap:98 VP8/90000\na=rtcp-fb:* nack pli\n"
			"a=rtcp-fb:97 ccm fir\na=rtcp-rsize\na=rtcp-mux\n",
			P("1") "m=audio 19520 RTP/AVP 9 101\nm=video 19522 RTP/AVPF "
			       "97\na=rtpmap:97 "
			       "H264/90000\na=rtcp-fb:* nack pli\na=rtcp-mux\n",
			WE_OUT "m=audio P RTP/SAVP 9 101\n" OURS(
				"1", CM80) "m=video P RTP/SAVPF 97\n" OURS("1",
				CM80) "a=rtpmap:97 H264/90000\na=rtcp-fb:* "
				      "nack pli\na=rtcp-mux\n"},
		{"the first accepted line of an offer: GCM", OUT, false,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", "F8_128_HMAC_SHA1_80", K1)
				CRYPTO("7", G256, K256) CRYPTO("8", CM80, K1),
			WE_IN "m=audio P RTP/AVP 9\n", P("1") "m=audio 19520 RTP/AVP 9\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OURS("7", G256)},
		{"our offer, in order, and the remote's choice", IN, false,
			P("1") "m=audio 19520 RTP/AVP 9\na=ptime:20\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OUR_OFFER "a=ptime:20\n",
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("2", CM32, K1),
			WE_IN "m=audio P RTP/AVP 9\n"},
		{"mux that was not offered is not agreed", IN, false,
			P("1") "m=audio 19520 RTP/AVP 9\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OUR_OFFER,
			R("1") "m=audio 29824 RTP/SAVP 9\na=rtcp-mux\n" CRYPTO("1", CM80, K1),
			WE_IN "m=audio P RTP/AVP 9\n"},
		{"several lines, some not for us", IN, false,
			P("1") "m=image 4000 udptl t38\nm=audio 19520 RTP/AVP 9\nm=application 5 "
			       "TCP/BFCP "
			       "*\nm=audio 19530/2 RTP/AVP 0\nm=video 19540 RTP/AVPF "
			       "97\na=rtpmap:97 "
			       "H264/90000\nm=audio 0 RTP/AVP 0\n",
			WE_OUT "m=image 0 udptl t38\nm=audio P RTP/SAVP 9\n" OUR_OFFER
			       "m=application 0 TCP/BFCP *\nm=audio 0 RTP/SAVP 0\nm=video P "
			       "RTP/SAVPF 97\n" OUR_OFFER
			       "a=rtpmap:97 H264/90000\nm=audio 0 RTP/SAVP 0\n",
			R("1") "m=image 0 udptl t38\nm=audio 29824 RTP/SAVP 9\n" CRYPTO(
				"1", CM80, K1) "m=application 0 TCP/BFCP *\nm=audio 0 RTP/SAVP "
					       "0\nm=video 0 RTP/SAVPF 97\n"
					       "m=audio 0 RTP/SAVP 0\n",
			WE_IN
			"m=image 0 udptl t38\nm=audio P RTP/AVP 9\nm=application 0 TCP/BFCP *\n"
			"m=audio 0 RTP/AVP 0\nm=video 0 RTP/AVPF 97\nm=audio 0 RTP/AVP 0\n"},
		{"hold by address", OUT, false,
			O("1") "c=IN IP4 0.0.0.0\nt=0 0\nm=audio 29824 RTP/SAVP 9\n" CRYPTO(
				"1", CM80, K1) "a=inactive\n",
			"v=0\no=- 7 1 IN IP4 192.168.10.3\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\n"
			"m=audio P RTP/AVP 9\na=inactive\n",
			P("1") "m=audio 19520 RTP/AVP 9\na=inactive\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OURS("1", CM80) "a=inactive\n"},
		{"SRTP-3 from outside: usable lines go through, the answer's too", OUT, true,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", "F8_128_HMAC_SHA1_80", K1)
				CRYPTO("2", G128, K128 "==|2^31|1:4")
					CRYPTO("3", CM80, K1 "|2^20 WSH=64") CRYPTO("4", CM80, K2),
			WE_IN "m=audio P RTP/SAVP 9\n" CRYPTO("2", G128, K128 "==|2^31|1:4")
				CRYPTO("3", CM80, K1 "|2^20 WSH=64"),
			P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("3", CM80, K2),
			WE_OUT "m=audio P RTP/SAVP 9\n" CRYPTO("3", CM80, K2)},
		{"SRTP-3 from inside", IN, true,
			P("1") "m=audio 19520 RTP/SAVPF 9\n" CRYPTO("1", G256, K256)
				CRYPTO("2", CM256, KCM2) "a=rtcp-fb:* nack\n",
			WE_OUT "m=audio P RTP/SAVPF 9\n" CRYPTO("1", G256, K256)
				CRYPTO("2", CM256, KCM2) "a=rtcp-fb:* nack\n",
			R("1") "m=audio 29824 RTP/SAVPF 9\n" CRYPTO("2", CM256, KCM2),
			WE_IN "m=audio P RTP/SAVPF 9\n" CRYPTO("2", CM256, KCM2)},
		{"SRTP-2: RTP from a secure inside is converted", IN, true,
			P("1") "m=audio 19520 RTP/AVP 9\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OUR_OFFER,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1),
			WE_IN "m=audio P RTP/AVP 9\n"},
		{"SRTP-2: so is an answer in RTP", OUT, true,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("5", CM32, K1)
				CRYPTO("6", CM80, K2),
			WE_IN "m=audio P RTP/SAVP 9\n" CRYPTO("5", CM32, K1) CRYPTO("6", CM80, K2),
			P("1") "m=audio 19520 RTP/AVP 9\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OURS("5", CM32)},
		{"SRTP-2: SRTP preferred, in the profile of RTP", IN, true,
			P("1") "m=audio 19520 RTP/AVP 9\n" CRYPTO(
				"1", CM80, K1) "a=X-cisco-srtp-fallback\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" CRYPTO("1", CM80, K1),
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K2),
			WE_IN "m=audio P RTP/AVP 9\n" CRYPTO("1", CM80, K2)},
		{"SRTP-2: preferred, but none of its suites will do", IN, true,
			P("1") "m=audio 19520 RTP/AVP 9\n" CRYPTO(
				"1", "F8_128_HMAC_SHA1_80", K1) "a=X-cisco-srtp-fallback\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OUR_OFFER,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K2),
			WE_IN "m=audio P RTP/AVP 9\n"},
		{"a=crypto in a line that is RTP means nothing on a non-secure inside", OUT, false,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1),
			WE_IN "m=audio P RTP/AVP 9\n",
			P("1") "m=audio 19520 RTP/AVP 9\n" CRYPTO(
				"9", CM80, K2) "a=X-cisco-srtp-fallback\n",
			WE_OUT "m=audio P RTP/SAVP 9\n" OURS("1", CM80)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session_again(rows[i].secure);
		offer(rows[i].from, rows[i].offer);
		if (strcmp(seen, rows[i].offer_seen) != 0)
			fail_msg("%s: the offer is seen as\n%s", rows[i].what, seen);
		answer(side_other(rows[i].from), rows[i].answer);
		if (strcmp(seen, rows[i].answer_seen) != 0)
			fail_msg("%s: the answer is seen as\n%s", rows[i].what, seen);
	}
}

static void test_refused(void **state)
{
	static const struct {
		enum side from;
		bool secure;
		const char *offer, *answer;
		enum counter_id offer_why, answer_why;
	} rows[] = {
		// SRTP-5
		{OUT, false, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, "short"), NULL,
			CNT_SDP_CRYPTO, 0},
		{OUT, false, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM256, KCM2), NULL,
			CNT_SDP_CRYPTO, 0},
		{IN, true, P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("1", CM256, KCM2), NULL,
			CNT_SDP_CRYPTO, 0},
		// SRTP-6: one line, with tag and suite of the offer's
		{IN, false, RTP_80, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM32, K1),
			CNT_NONE, CNT_SDP_ANSWER},
		{IN, false, RTP_80, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("3", CM80, K1),
			CNT_NONE, CNT_SDP_ANSWER},
		{IN, false, RTP_80,
			R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1)
				CRYPTO("2", CM32, K1),
			CNT_NONE, CNT_SDP_ANSWER},
		{IN, false, RTP_80, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, "x"),
			CNT_NONE, CNT_SDP_CRYPTO},
		{OUT, true, OFFER_80, P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("2", CM80, K2),
			CNT_NONE, CNT_SDP_ANSWER},
		{OUT, true, OFFER_80,
			P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("1", CM80, K2)
				CRYPTO("1", CM80, K1),
			CNT_NONE, CNT_SDP_ANSWER},
		// of two lines of one suite the second is not shown, so it cannot be picked
		{OUT, true, OFFER_80 CRYPTO("2", CM80, K2),
			P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("2", CM80, K2), CNT_NONE,
			CNT_SDP_ANSWER},
		{OUT, false, OFFER_80, P("1") "m=audio 19520 RTP/AVP 9\nm=audio 1 RTP/AVP 9\n",
			CNT_NONE, CNT_SDP_ANSWER},
	};

	// As many as offer needs: AES_256_CM is not accepted here.
	session_ime.n_srtp_accept = 4;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session_again(rows[i].secure);
		offer_refused(rows[i].from, rows[i].offer, rows[i].offer_why);
		if (rows[i].answer != NULL)
			answer_refused(
				side_other(rows[i].from), rows[i].answer, rows[i].answer_why);
		assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0);
		if (rows[i].offer_why != CNT_NONE)
			assert_int_equal(mta_usage(session_env.mta).streams, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_golden, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(test_refused, session_setup, session_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
