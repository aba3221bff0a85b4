// SPDX-License-Identifier: BSD-3-Clause
// What the worker is told about the lines of a session: suites, keys, RTCP, who may be spoken to.
#include "test/unit/test.h"

#include "test/unit/session_steps.h"

#include <stdio.h>

// Each suite, chosen from an offer and by an answer: the worker has the suite, the key that the
// remote wrote, and ours.
static void test_suites(void **state)
{
	static const struct {
		const char *suite, *key;
		uint8_t dp;
	} rows[] = {
		{CM80, K1, DP_SRTP_AES_CM_128_HMAC_SHA1_80},
		{CM32, K1, DP_SRTP_AES_CM_128_HMAC_SHA1_32},
		{G128, K128, DP_SRTP_AEAD_AES_128_GCM},
		{G256, K256, DP_SRTP_AEAD_AES_256_GCM},
		{CM256, KCM2, DP_SRTP_AES_256_CM_HMAC_SHA1_80},
	};
	static const uint8_t none[DP_SRTP_KEY_LEN];

	for (uint8_t i = 0; i < SDES_SUITES; i++) {
		char text[512];
		const struct dp_media_leg *leg;

		session_again(false);
		snprintf(text, sizeof(text),
			R("1") "m=audio 29824 RTP/SAVP 9\na=crypto:4 %s inline:%s\n", rows[i].suite,
			rows[i].key);
		offer(OUT, text);
		answer(IN, RTP_80);
		leg = told(0)->leg;
		assert_int_equal(leg[0].suite, rows[i].dp);
		assert_int_equal(leg[1].suite, DP_SRTP_NONE);
		key_is(leg[0].rx_key, rows[i].suite, rows[i].key);
		assert_memory_not_equal(leg[0].tx_key, none, sizeof(none));
		assert_memory_equal(leg[1].rx_key, none, sizeof(none));
		assert_memory_equal(
			leg[0].tx_key + sdes_key_len(i), none, DP_SRTP_KEY_LEN - sdes_key_len(i));

		session_again(false);
		session_ime.srtp_offer[0] = i;
		session_ime.n_srtp_offer = 1;
		offer(IN, RTP_80);
		snprintf(text, sizeof(text),
			R("1") "m=audio 29824 RTP/SAVP 9\na=crypto:1 %s inline:%s\n", rows[i].suite,
			rows[i].key);
		answer(OUT, text);
		assert_int_equal(told(0)->leg[0].suite, rows[i].dp);
		key_is(told(0)->leg[0].rx_key, rows[i].suite, rows[i].key);
	}
}

// However many lines an offer has, one of each suite is remembered.
static void test_many_crypto_lines(void **state)
{
	char text[8192] = R("1") "m=audio 29824 RTP/SAVP 9\n";

	for (int i = 1; i < 40; i++)
		sprintf(text + strlen(text), "a=crypto:%d %s inline:%s\n", i, i % 2 ? CM32 : CM80,
			i < 3 ? K1 : K2);
	session_again(true);
	offer(OUT, text);
	answer(IN, P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("2", CM80, K2));
	key_is(told(0)->leg[OUT].rx_key, CM80, K1);
}

// What a crypto line says of its packets reaches the worker, for the side that wrote it.
static void test_lifetime_and_mki(void **state)
{
	const struct dp_media_leg *leg;

	offer(OUT, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1 "|2^20|1:4"));
	answer(IN, RTP_80);
	leg = told(0)->leg;
	assert_int_equal(leg[0].rx_lifetime, 1 << 20);
	assert_int_equal(leg[0].mki_len, 4);
	assert_int_equal(leg[1].rx_lifetime, 0);
	session_again(true);
	offer(OUT, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1 "|2^20|1:4"));
	answer(IN, P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("1", CM80, K2 "|3000|7:2"));
	leg = told(0)->leg;
	assert_int_equal(leg[0].rx_lifetime, 1 << 20);
	assert_int_equal(leg[0].mki_len, 4);
	assert_int_equal(leg[1].rx_lifetime, 3000);
	assert_int_equal(leg[1].mki_len, 2);
}

// RTP-4, RFC 3605, RFC 5761.
static void test_rtcp(void **state)
{
	static const struct {
		const char *out, *in; // attributes of the offer from outside and of the answer
		bool relay, mux;
		const char *rtcp_out, *rtcp_in;
	} rows[] = {
		{"", "", true, false, "198.51.100.11:29825", "192.168.10.51:19521"},
		{"a=rtcp:30000\n", "a=rtcp:31000 IN IP4 192.168.10.52\n", true, false,
			"198.51.100.11:30000", "192.168.10.52:31000"},
		{"a=rtcp-mux\n", "a=rtcp-mux\n", true, true, "", ""},
		{"a=rtcp-mux\n", "", true, false, "198.51.100.11:29825", "192.168.10.51:19521"},
		{"", "a=rtcp-mux\n", true, false, "198.51.100.11:29825", "192.168.10.51:19521"},
		{"a=rtcp-mux\n", "a=rtcp-mux\n", false, false, "", ""},
		{"", "", false, false, "", ""},
		{"c=IN IP4 0.0.0.0\n", "", true, false, "", "192.168.10.51:19521"}, // hold
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		session_ime.rtcp_relay = rows[i].relay;
		session_again(false);
		snprintf(text, sizeof(text),
			R("1") "m=audio 29824 RTP/SAVP 9\n%s" CRYPTO("1", CM80, K1), rows[i].out);
		offer(OUT, text);
		snprintf(text, sizeof(text), P("1") "m=audio 19520 RTP/AVP 9\n%s", rows[i].in);
		answer(IN, text);
		assert_int_equal(told(0)->rtcp, rows[i].relay);
		for (int side = 0; side < SIDES; side++) {
			assert_int_equal(told(0)->leg[side].rtcp_mux, rows[i].mux);
			endpoint_is(&told(0)->leg[side].remote_rtcp,
				side == OUT ? rows[i].rtcp_out : rows[i].rtcp_in);
		}
	}
}

// SRTP-3: each leg has the key that its party wrote, and the worker is told to seal nothing.
static void test_passthrough(void **state)
{
	struct call_stream_info info[CALL_STREAMS_MAX];
	uint8_t before[DP_SRTP_KEY_LEN];

	session_again(true);
	offer(OUT, OFFER_80 CRYPTO("2", CM32, K2));
	answer(IN, P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("2", CM32, K1));
	assert_true(told(0)->passthrough);
	for (int side = 0; side < SIDES; side++)
		assert_int_equal(told(0)->leg[side].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_32);
	key_is(told(0)->leg[OUT].rx_key, CM32, K2);
	key_is(told(0)->leg[IN].rx_key, CM32, K1);
	assert_int_equal(session_streams(session, info), 1);
	assert_true(info[0].passthrough);

	// A new offer of the inside brings its new key, and the remote keeps its own (SRTP-7).
	offer(IN, P("2") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("1", CM32, K2));
	answer(OUT, R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM32, K2));
	key_is(told(0)->leg[OUT].rx_key, CM32, K2);
	key_is(told(0)->leg[IN].rx_key, CM32, K2);

	// Then RTP: from here on we convert, with a key of our own that nobody has used, though o=
	// is the same.
	offer(IN, P("2") "m=audio 19520 RTP/AVP 9\n");
	assert_null(strstr(plan.text[0][1], K2));
	answer(OUT, R("2") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("2", CM32, K1));
	assert_false(told(0)->passthrough);
	assert_int_equal(told(0)->leg[IN].suite, DP_SRTP_NONE);
	key_is(told(0)->leg[OUT].rx_key, CM32, K1);
	memcpy(before, told(1)->leg[IN].rx_key, sizeof(before));
	assert_memory_not_equal(told(0)->leg[OUT].tx_key, before, sizeof(before));
	assert_int_equal(session_streams(session, info), 1);
	assert_false(info[0].passthrough);
}

// SRTP-7: the same offer once more shows the same keys; a new one has new keys.
static void test_srtp7_keys_of_repeated_offers(void **state)
{
	char first[512];

	for (int secure = 0; secure < 2; secure++) {
		session_again(secure);
		offer(IN, RTP_80);
		strcpy(first, plan.text[0][1]);
		offer(IN, RTP_80);
		assert_string_equal(plan.text[0][1], first);
		offer(IN, P("2") "m=audio 19520 RTP/AVP 9 101\n");
		assert_string_not_equal(plan.text[0][1], first);
		strcpy(first, plan.text[0][0]);
		answer(OUT, ANSWER_80);
		offer(IN, P("2") "m=audio 19520 RTP/AVP 9 101\n"); // a refresh
		assert_string_equal(plan.text[0][0], first);
		answer(OUT, ANSWER_80);
		offer(IN, P("3") "m=audio 19520 RTP/AVP 9 101\n");
		assert_string_not_equal(plan.text[0][0], first);
	}
}

// The remote calls: nothing is sent to the address in its offer until it has shown that it is in
// the call, and then the worker is told once.
static void test_awaits(void **state)
{
	size_t n;

	offer(OUT, OFFER_80);
	answer(IN, RTP_80);
	assert_true(told(0)->leg[OUT].tx_awaits_rx);
	assert_false(told(0)->leg[IN].tx_awaits_rx);
	session_confirm(session);
	assert_false(told(0)->leg[OUT].tx_awaits_rx);
	n = fake_dp_count(DP_MSG_MEDIA_SET);
	session_confirm(session);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), n);
	offer(OUT, R("2") "m=audio 29830 RTP/SAVP 9\n" CRYPTO("1", CM80, K2));
	answer(IN, RTP_80);
	assert_false(told(0)->leg[OUT].tx_awaits_rx); // it is a party of the call
}

static void test_latch(void **state)
{
	offer(OUT, OFFER_80);
	answer(IN, RTP_80);
	assert_false(told(0)->leg[OUT].latch);
	session_ime.media_latch = true;
	session_again(true);
	offer(OUT, OFFER_80);
	answer(IN, P("1") "m=audio 19520 RTP/SAVP 9\n" CRYPTO("1", CM80, K2));
	assert_true(told(0)->leg[OUT].latch);
	assert_false(told(0)->leg[IN].latch);
}

// As many lines as a description may have; each has a stream, and they share an address.
static void test_sixteen_lines(void **state)
{
	char out[4096] = R("1"), in[4096] = P("1");
	struct call_stream_info info[CALL_STREAMS_MAX];
	bool used[64] = {false};

	for (int i = 0; i < SDP_MEDIA_MAX; i++) {
		sprintf(out + strlen(out), "m=video %d RTP/SAVPF 97\n" CRYPTO("1", CM80, K1),
			29824 + 2 * i);
		sprintf(in + strlen(in), "m=video %d RTP/AVPF 97\n", 19520 + 2 * i);
	}
	offer(OUT, out);
	answer(IN, in);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), SDP_MEDIA_MAX);
	assert_int_equal(session_streams(session, info), SDP_MEDIA_MAX);
	for (int i = 0; i < SDP_MEDIA_MAX; i++) {
		assert_int_equal(info[i].remote[IN].port, 19520 + 2 * i);
		assert_false(used[info[i].stream]);
		used[info[i].stream] = true;
	}
	// Fewer lines in a later offer: the others are over.
	offer(OUT, OFFER_80);
	answer(IN, RTP_80);
	assert_int_equal(session_streams(session, info), 1);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), SDP_MEDIA_MAX - 1);
}

#define PT(n) (1ull << ((n) % 64))

// RTP-5: however many payload types there are, none is let in that nobody listed.
static void test_many_payload_types(void **state)
{
	offer(OUT,
		R("1") "m=video 29824 RTP/SAVP 96 97 98 99 100 101 102 103 104 105 106 107 108 109 "
		       "110 111 112\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=video 19520 RTP/AVP 97 34\n");
	assert_int_equal(told(0)->pts[0], PT(34));
	assert_int_equal(told(0)->pts[1], 0x1ffffull << (96 - 64));
	session_again(false);
	offer(OUT, R("1") "m=video 29824 RTP/SAVP *\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=video 19520 RTP/AVP 97\n");
	assert_int_equal(told(0)->pts[0] & told(0)->pts[1], UINT64_MAX); // any
}

// rtp-conformance enforce-payloadtype: a video type on an audio line is not for us, whoever lists it.
static void test_enforce_payloadtype(void **state)
{
	session_enforce_payloadtype(session);
	offer(OUT,
		R("1") "m=audio 29824 RTP/SAVP 0 34 96 101\na=rtpmap:96 H264/90000\na=rtpmap:101 "
		       "telephone-event/8000\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=audio 19520 RTP/AVP 0 101\n");
	assert_int_equal(told(0)->pts[0], PT(0));
	assert_int_equal(told(0)->pts[1], PT(101));
	session_again(false);
	session_enforce_payloadtype(session);
	offer(OUT, R("1") "m=video 29824 RTP/SAVP 0 *\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=video 19520 RTP/AVP 0\n");
	assert_int_equal(told(0)->pts[0] | told(0)->pts[1], 0); // none
}

// The original's ways: no RTCP, no H.264; and SDP that has nothing else has no usable media.
static void test_parity_strict(void **state)
{
	struct sdp sdp;

	session_ime.parity_strict = true;
	session_ime.rtcp_relay = false;
	offer(OUT,
		R("1") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80,
			K1) "a=rtcp-mux\na=rtcp:29825\nm=video 29826 RTP/SAVPF 97\n" CRYPTO("1",
			CM80,
			K2) "a=rtpmap:97 H264/90000\nm=video 29828 RTP/SAVPF 97 31\n" CRYPTO("1",
			CM80, K2) "a=rtpmap:97 H264/90000\na=rtcp-fb:* nack\n");
	assert_string_equal(seen,
		WE_IN "m=audio P RTP/AVP 9\nm=video 0 RTP/AVPF 97\n"
		      "a=rtpmap:97 H264/90000\nm=video P RTP/AVPF 31\n");
	answer(IN,
		P("1") "m=audio 19520 RTP/AVP 9\nm=video 0 RTP/AVPF 97\nm=video 19522 RTP/AVPF "
		       "31\n");
	assert_false(told(0)->rtcp);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 2);
	assert_int_equal(sdp_parse(&sdp,
				 STR_LIT(P("1") "m=video 19522 RTP/AVPF 97\na=rtpmap:97 "
						"H264/90000\n")),
		SDP_OK);
	assert_int_equal(
		sdp_check_secure(&sdp, REWRITE_OUTWARD, false, false), SDP_NO_USABLE_MEDIA);
}

#define TWO_OUT                                                                                    \
	R("1")                                                                                     \
	"m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1) "m=video 29826 RTP/SAVP 31\n" CRYPTO(   \
		"1", CM80, K2)
#define TWO_IN(video) P("1") "m=audio 19520 RTP/AVP 9\nm=video " video " RTP/AVP 31\n"

// Forks answer one offer differently: a line that one of them refuses is silent, and its ports stay
// for the other. With the ACK they are free, and a straggler is refused what is gone.
static void test_forks_differ(void **state)
{
	const struct dp_msg_media *closed;
	struct dp_msg_media live;
	uint32_t video;
	size_t sets;

	offer(OUT, TWO_OUT);
	answer(IN, TWO_IN("19522"));
	live = *told(0);
	video = live.stream;
	answer(IN, TWO_IN("0"));
	closed = told(0);
	assert_int_equal(closed->stream, video);
	for (int side = 0; side < SIDES; side++) {
		assert_false(closed->leg[side].rx_allowed || closed->leg[side].tx_allowed);
		assert_int_equal(closed->leg[side].remote.port, 0);
		assert_int_equal(closed->leg[side].remote_rtcp.port, 0);
	}
	// Its keystream goes on where it was, should another fork want the line.
	assert_int_equal(closed->leg[OUT].suite, live.leg[OUT].suite);
	assert_memory_equal(closed->leg[OUT].tx_key, live.leg[OUT].tx_key, DP_SRTP_KEY_LEN);
	assert_memory_equal(closed->leg[OUT].rx_key, live.leg[OUT].rx_key, DP_SRTP_KEY_LEN);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
	answer(IN, TWO_IN("19524"));
	assert_int_equal(told(0)->stream, video);
	assert_int_equal(told(0)->leg[IN].remote.port, 19524);
	answer(IN, TWO_IN("0"));
	session_settle(session);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 1);
	assert_int_equal(mta_usage(session_env.mta).streams, 1);
	sets = fake_dp_count(DP_MSG_MEDIA_SET);
	answer(IN, TWO_IN("19524"));
	assert_non_null(strstr(seen, "m=video 0 "));
	assert_int_equal(mta_usage(session_env.mta).streams, 1);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), sets);
	offer(OUT, TWO_OUT); // the ACK of another offer means nothing for this one
	session_settle(session);
	assert_int_equal(mta_usage(session_env.mta).streams, 2);
}

// A refused offer, and one for which the ports do not suffice, give back what they took.
static void test_ports_return(void **state)
{
	struct call_stream_info info[CALL_STREAMS_MAX];

	session_pool.rtp_max_port = 16387; // two pairs a side
	session_new_pool();
	offer_refused(OUT, TWO_OUT "m=audio 29828 RTP/SAVP 9\n" CRYPTO("1", CM80, K1),
		CNT_MEDIA_PORTS_FULL);
	assert_int_equal(mta_usage(session_env.mta).streams, 0);
	offer(OUT, OFFER_80);
	answer(IN, RTP_80);
	offer(OUT, TWO_OUT);
	assert_int_equal(mta_usage(session_env.mta).streams, 2);
	session_rollback(
		session, (struct session_request){OUT, session_cseq - 1}); // not the last one
	assert_int_equal(mta_usage(session_env.mta).streams, 2);
	session_rollback(session, (struct session_request){OUT, session_cseq});
	assert_int_equal(mta_usage(session_env.mta).streams, 1);
	assert_int_equal(session_streams(session, info), 1);
	assert_true(info[0].live);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
}

// A call manager that connects two of our calls names our own address; `show` has to know.
static void test_ourselves(void **state)
{
	struct call_stream_info info[CALL_STREAMS_MAX];

	offer(OUT, OFFER_80);
	answer(IN, O("1") "c=IN IP4 192.168.10.3\nt=0 0\nm=audio 19520 RTP/AVP 9\n");
	assert_int_equal(session_streams(session, info), 1);
	assert_true(info[0].ours[IN]);
	assert_false(info[0].ours[OUT]);
}

static bool key_is_low(void)
{
	struct call_stream_info info[CALL_STREAMS_MAX];

	assert_int_equal(session_streams(session, info), 1);
	return info[0].key_low;
}

// That a key is nearly used up is told as long as it is in use: not of the keys that follow it.
static void test_key_low(void **state)
{
	struct dp_msg_key key = {.leg = OUT};

	offer(OUT, OFFER_80);
	answer(IN, RTP_80);
	key.stream = told(0)->stream + 1;
	session_key_low(session, &key); // another's
	assert_false(key_is_low());
	key.stream--;
	session_key_low(session, &key);
	assert_true(key_is_low());
	offer(OUT, OFFER_80); // a refresh
	answer(IN, RTP_80);
	assert_true(key_is_low());
	offer(OUT, R("2") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K2));
	assert_true(key_is_low());
	answer(IN, RTP_80);
	assert_false(key_is_low());
	key.tx = true;
	session_key_low(session, &key);
	offer(OUT, R("2") "m=audio 29824 RTP/SAVP 9\n" CRYPTO("1", CM80, K1));
	answer(IN, RTP_80);
	assert_true(key_is_low()); // ours is still the same
	offer(IN, P("2") "m=audio 19520 RTP/AVP 9\n");
	answer(OUT, ANSWER_80);
	assert_false(key_is_low());
}

#define OFFER_F8 R("9") "m=audio 29830 RTP/SAVP 9\n" CRYPTO("1", "F8_128_HMAC_SHA1_80", K1)

// A refused offer leaves an offer of the other side as it was, answered or not.
static void test_refused_between(void **state)
{
	uint8_t ours[DP_SRTP_KEY_LEN];

	offer(IN, RTP_80);
	offer_refused(OUT, OFFER_F8, CNT_SDP_CRYPTO);
	assert_true(session_pending(session, IN));
	assert_int_equal(mta_usage(session_env.mta).streams, 1);
	answer(OUT, ANSWER_80);
	memcpy(ours, told(0)->leg[OUT].tx_key, sizeof(ours));
	offer_refused(OUT, OFFER_F8, CNT_SDP_CRYPTO);
	answer(OUT, ANSWER_80); // its 200 again
	assert_memory_equal(told(0)->leg[OUT].tx_key, ours, sizeof(ours));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(suites),
		TEST(many_crypto_lines),
		TEST(lifetime_and_mki),
		TEST(rtcp),
		TEST(passthrough),
		TEST(srtp7_keys_of_repeated_offers),
		TEST(awaits),
		TEST(latch),
		TEST(sixteen_lines),
		TEST(many_payload_types),
		TEST(enforce_payloadtype),
		TEST(parity_strict),
		TEST(forks_differ),
		TEST(ports_return),
		TEST(refused_between),
		TEST(ourselves),
		TEST(key_low),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
