// SPDX-License-Identifier: BSD-3-Clause
// Offer and answer without SIP: descriptions in, descriptions out (protocol.md 4.1 to 4.3), and what
// the worker is told.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/log.h"
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

#define K1                      "4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm"
#define K2                      "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define K128                    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ" // RFC 7714: 28 octets, padding left away
#define K256                    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSojd0RmdmcmVCspeEc3QGY=" // 44
#define KCM2                    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSojd0RmdmcmVCspeEc3QGZiNQ==" // RFC 6188: 46
#define CM80                    "AES_CM_128_HMAC_SHA1_80"
#define CM32                    "AES_CM_128_HMAC_SHA1_32"
#define G128                    "AEAD_AES_128_GCM"
#define G256                    "AEAD_AES_256_GCM"
#define CM256                   "AES_256_CM_HMAC_SHA1_80"
#define CRYPTO(tag, suite, key) "a=crypto:" tag " " suite " inline:" key "\n"
#define OURS(tag, suite)        CRYPTO(tag, suite, "OURS")
#define OUR_OFFER               OURS("1", CM80) OURS("2", CM32)

static struct config_media_addr addrs[] = {{.iface = OUT}, {.iface = IN}};
static struct config_mta pool;
static struct config_ime ime;
static const struct config config = {.mtas = &pool,
	.n_mtas = 1,
	.imes = &ime,
	.n_imes = 1,
	.n_workers = 1,
	.media_streams_max = 64};
static struct counters counters;
static struct session_env env;
static struct session *session;
static struct session_plan plan;
static char seen[8192]; // what the other side was shown last

static void session_again(bool inside_secure)
{
	static const uint16_t iface[SIDES] = {OUT, IN};

	session_free(session);
	session = session_new(&env, iface, inside_secure);
	assert_non_null(session);
}

static int setup(void **state)
{
	fake_dp_reset();
	log_set_level(LOG_ERROR);
	ip_parse(STR_LIT("209.165.200.229"), &addrs[OUT].ip);
	ip_parse(STR_LIT("192.168.10.3"), &addrs[IN].ip);
	pool = (struct config_mta){
		.addrs = addrs, .n_addrs = 2, .rtp_min_port = 16384, .rtp_max_port = 16639};
	ime = (struct config_ime){
		.rtcp_relay = true,
		.srtp_offer = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AES_CM_128_HMAC_SHA1_32},
		.n_srtp_offer = 2,
		.srtp_accept = {0, 1, 2, 3, 4},
		.n_srtp_accept = SDES_SUITES,
	};
	env = (struct session_env){.cfg = &ime};
	session = NULL;
	if (mta_new(&env.mta, &config, &ime, &counters) != 0)
		return -1;
	session_again(false);
	return 0;
}

static int teardown(void **state)
{
	session_free(session);
	assert_int_equal(mta_usage(env.mta).streams, 0);
	mta_free(env.mta);
	return 0;
}

// `in` with every key that it did not bring replaced by OURS and every port of ours by P.
static void normalise(const char *in, const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		int len = (int)(strchr(line, '\n') - line);
		const char *key = memmem(line, (size_t)len, "inline:", 7);
		char type[16], port[8], word[128] = "";
		int rest = 0;

		if (sscanf(line, "m=%15s %7s%n", type, port, &rest) == 2 && strcmp(port, "0") != 0)
			n += (size_t)snprintf(
				out + n, size - n, "m=%s P%.*s\n", type, len - rest, line + rest);
		else if (key != NULL && sscanf(key + 7, "%127[^| \n]", word) == 1 &&
			strstr(in, word) == NULL)
			n += (size_t)snprintf(
				out + n, size - n, "%.*sOURS\n", (int)(key + 7 - line), line);
		else
			n += (size_t)snprintf(out + n, size - n, "%.*s\n", len, line);
	}
}

static void say(bool offer, enum side from, const char *in, enum counter_id want)
{
	static struct sip_edit edit;
	char raw[sizeof(seen)];
	enum counter_id why;
	struct sdp sdp;
	size_t n;

	assert_int_equal(sdp_parse(&sdp, str_from(in)), SDP_OK);
	why = offer ? session_offer(session, from, &sdp, &plan)
		    : session_answer(session, from, &sdp, &plan);
	if (why != want)
		fail_msg("%s, expected %s:\n%s", counter_name(why), counter_name(want), in);
	seen[0] = '\0';
	if (why != CNT_NONE)
		return;
	sip_edit_init_text(&edit, sdp.raw);
	assert_int_equal(rewrite_sdp(&sdp, &plan.plan, &edit), SDP_OK);
	assert_int_equal(sip_edit_render(&edit, raw, sizeof(raw) - 1, &n), 0);
	raw[n] = '\0';
	for (char *cr = raw; (cr = strchr(cr, '\r')) != NULL;)
		memmove(cr, cr + 1, strlen(cr));
	normalise(in, raw, seen, sizeof(seen));
}

static void offer(enum side from, const char *in)
{
	say(true, from, in, CNT_NONE);
}

static void answer(enum side from, const char *in)
{
	say(false, from, in, CNT_NONE);
}

static const struct dp_msg_media *told(size_t before_last)
{
	for (size_t i = fake_dp_n_sent; i-- > 0;) {
		if (fake_dp_sent[i].type == DP_MSG_MEDIA_SET && before_last-- == 0)
			return &fake_dp_sent[i].media;
	}
	fail_msg("no MEDIA_SET");
	return NULL;
}

static void key_is(const uint8_t key[DP_SRTP_KEY_LEN], const char *suite, const char *text)
{
	char line[SDES_TEXT_MAX];
	struct sdes s;

	snprintf(line, sizeof(line), "1 %s inline:%s", suite, text);
	assert_int_equal(sdes_parse(str_from(line), &s), SDES_OK);
	assert_memory_equal(key, s.key, DP_SRTP_KEY_LEN);
}

static void endpoint_is(const struct endpoint *ep, const char *want)
{
	char text[ENDPOINT_TEXT_MAX] = "";

	if (ep->port != 0)
		endpoint_format(ep, ':', text);
	assert_string_equal(text, want);
}

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

#define OFFER_80  R("1") "m=audio 29824 RTP/SAVP 9 101\n" CRYPTO("1", CM80, K1)
#define ANSWER_80 R("1") "m=audio 29824 RTP/SAVP 9 101\n" CRYPTO("1", CM80, K1)
#define RTP_80    P("1") "m=audio 19520 RTP/AVP 9 101\n"

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
	ime.n_srtp_accept = 4;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session_again(rows[i].secure);
		say(true, rows[i].from, rows[i].offer, rows[i].offer_why);
		if (rows[i].answer != NULL)
			say(false, side_other(rows[i].from), rows[i].answer, rows[i].answer_why);
		assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0);
		if (rows[i].offer_why != CNT_NONE)
			assert_int_equal(mta_usage(env.mta).streams, 0);
	}
}

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
		ime.srtp_offer[0] = i;
		ime.n_srtp_offer = 1;
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

		ime.rtcp_relay = rows[i].relay;
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
static void test_keys_of_repeated_offers(void **state)
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

// The remote calls: nothing is sent to the address in its offer until it has shown that it is in the
// call, and then the worker is told once.
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
	ime.media_latch = true;
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

// More payload types than the worker can be told: any may come.
static void test_many_payload_types(void **state)
{
	offer(OUT,
		R("1") "m=video 29824 RTP/SAVP 96 97 98 99 100 101 102 103 104 105 106 107 108 109 "
		       "110 111 112\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=video 19520 RTP/AVP 96 97\n");
	assert_int_equal(told(0)->n_pts, 0);
	session_again(false);
	offer(OUT,
		R("1") "m=video 29824 RTP/SAVP 96 97 98 99 100 101 102 103 104 105 106 107 108 109 "
		       "110 111\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=video 19520 RTP/AVP 97 96\n");
	assert_int_equal(told(0)->n_pts, 16);
	session_again(false);
	offer(OUT,
		R("1") "m=video 29824 RTP/SAVP 96 97 98 99 100 101 102 103 104 105 106 107 108 109 "
		       "110 111\n" CRYPTO("1", CM80, K1));
	answer(IN, P("1") "m=video 19520 RTP/AVP 97 34\n");
	assert_int_equal(told(0)->n_pts, 0); // 17 together
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
	uint32_t video;
	size_t sets;

	offer(OUT, TWO_OUT);
	answer(IN, TWO_IN("19522"));
	video = told(0)->stream;
	answer(IN, TWO_IN("0"));
	closed = told(0);
	assert_int_equal(closed->stream, video);
	for (int side = 0; side < SIDES; side++) {
		assert_false(closed->leg[side].rx_allowed || closed->leg[side].tx_allowed);
		assert_int_equal(closed->leg[side].remote.port, 0);
	}
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
	answer(IN, TWO_IN("19524"));
	assert_int_equal(told(0)->stream, video);
	assert_int_equal(told(0)->leg[IN].remote.port, 19524);
	answer(IN, TWO_IN("0"));
	session_settle(session);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 1);
	assert_int_equal(mta_usage(env.mta).streams, 1);
	sets = fake_dp_count(DP_MSG_MEDIA_SET);
	answer(IN, TWO_IN("19524"));
	assert_non_null(strstr(seen, "m=video 0 "));
	assert_int_equal(mta_usage(env.mta).streams, 1);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), sets);
	offer(OUT, TWO_OUT); // the ACK of another offer means nothing for this one
	session_settle(session);
	assert_int_equal(mta_usage(env.mta).streams, 2);
}

// A refused offer, and one for which the ports do not suffice, give back what they took.
static void test_ports_return(void **state)
{
	pool.rtp_max_port = 16387; // two pairs a side
	mta_free(env.mta);
	session_free(session);
	session = NULL;
	assert_int_equal(mta_new(&env.mta, &config, &ime, &counters), 0);
	session_again(false);
	say(true, OUT, TWO_OUT "m=audio 29828 RTP/SAVP 9\n" CRYPTO("1", CM80, K1),
		CNT_MEDIA_PORTS_FULL);
	assert_int_equal(mta_usage(env.mta).streams, 0);
	offer(OUT, OFFER_80);
	answer(IN, RTP_80);
	offer(OUT, TWO_OUT);
	assert_int_equal(mta_usage(env.mta).streams, 2);
	session_rollback(session);
	assert_int_equal(mta_usage(env.mta).streams, 1);
	assert_true(session_live(session));
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(golden),
		TEST(refused),
		TEST(suites),
		TEST(many_crypto_lines),
		TEST(lifetime_and_mki),
		TEST(rtcp),
		TEST(passthrough),
		TEST(keys_of_repeated_offers),
		TEST(awaits),
		TEST(latch),
		TEST(sixteen_lines),
		TEST(many_payload_types),
		TEST(forks_differ),
		TEST(ports_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
