// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/sip_vectors.h"

#include "lib/sdp.h"

#define V "v=0\r\n"
#define O "o=- 1 2 IN IP4 192.0.2.1\r\n"
#define S "s=-\r\n"
#define C "c=IN IP4 192.0.2.2\r\n"
#define T "t=0 0\r\n"
#define M "m=audio 4000 RTP/AVP 0\r\n"

static void test_offer(void **state)
{
	static const char text[] =
		V "o=CCM-SIP 2000 7 IN IP4 203.0.113.10\r\n" S C T "a=sendonly\r\n"
		  "m=audio 29824 RTP/SAVP 9 0 101\r\n"
		  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
		  "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:y\r\n"
		  "a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
		  "m=video 4002/2 RTP/AVPF 97\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:97 VP8/90000\r\n"
		  "a=sendrecv\r\n"
		  "m=image 0 udptl t38\r\n";
	static const char *const crypto[] = {
		"1 AES_CM_128_HMAC_SHA1_80 inline:x", "2 AES_CM_128_HMAC_SHA1_32 inline:y"};
	struct str rest, value;
	struct endpoint ep;
	struct sdp s;

	assert_int_equal(sdp_parse(&s, STR_LIT(text)), SDP_OK);
	assert_str(s.session_id, "2000");
	assert_str(s.session_version, "7");
	assert_str(s.origin_addr, "IP4 203.0.113.10");
	assert_str(s.conn.addr, "IP4 192.0.2.2");
	assert_int_equal(s.n_media, 3);
	assert_int_equal(
		s.session.n + s.media[0].section.n + s.media[1].section.n + s.media[2].section.n,
		sizeof(text) - 1);

	assert_int_equal(s.media[0].type, SDP_AUDIO);
	assert_int_equal(s.media[0].port, 29824);
	assert_int_equal(s.media[0].count, 1);
	assert_int_equal(s.media[0].proto, SDP_SAVP);
	assert_str(s.media[0].formats, "9 0 101");
	assert_int_equal(s.media[0].dir, SDP_SENDONLY);
	assert_true(s.media[0].has_crypto);
	assert_int_equal(s.media[0].n_pts, 3);
	assert_memory_equal(s.media[0].pts, ((uint8_t[]){9, 0, 101}), 3);
	assert_str(s.media[0].codec, "G722");
	assert_int_equal(s.media[0].clock_hz, 8000);
	assert_int_equal(s.media[0].ptime_ms, 20);
	assert_ptr_equal(sdp_media_conn(&s, &s.media[0]), &s.conn);
	ep = sdp_media_remote(&s, &s.media[0]);
	assert_int_equal(ep.port, 29824);
	assert_true(ip_eq(&ep.ip, &s.conn.ip));
	assert_true(sdp_media_relayable(&s.media[0], false));
	rest = s.media[0].section;
	for (size_t i = 0; i < 2; i++) {
		assert_true(sdp_attr_find(&rest, STR_LIT("crypto"), &value));
		assert_str(value, crypto[i]);
	}
	assert_false(sdp_attr_find(&rest, STR_LIT("crypto"), &value));

	assert_int_equal(s.media[1].type, SDP_VIDEO);
	assert_str(s.media[1].port_text, "4002/2");
	assert_int_equal(s.media[1].count, 2);
	assert_int_equal(s.media[1].proto, SDP_AVPF);
	assert_int_equal(s.media[1].dir, SDP_SENDRECV);
	assert_false(s.media[1].has_crypto);
	assert_true(s.media[1].conn.hold);
	assert_int_equal(sdp_media_remote(&s, &s.media[1]).port, 0);
	assert_false(sdp_media_relayable(&s.media[1], true)); // two ports
	assert_str(s.media[1].codec, "VP8");
	assert_int_equal(s.media[1].clock_hz, 90000);

	assert_int_equal(s.media[2].type, SDP_IMAGE);
	assert_int_equal(s.media[2].port, 0);
	assert_int_equal(s.media[2].proto, SDP_PROTO_OTHER);
	assert_int_equal(s.media[2].n_pts, 0);
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *text;
		enum sdp_verdict v;
	} table[] = {
		{V O S C T M, SDP_OK},
		{V O S T, SDP_OK},                            // no media
		{V O S C T M "\r\n", SDP_OK},                 // as some phones do
		{V O S C T "m=audio 4000 RTP/AVP 0", SDP_OK}, // no end of the last line
		{"v=0\no=- 1 2 IN IP4 192.0.2.1\ns=-\nt=0 0\n", SDP_OK},
		{"", SDP_BAD_LINE},
		{O V, SDP_BAD_LINE},
		{V "\r\n" O S, SDP_BAD_LINE},
		{V O "x\r\n", SDP_BAD_LINE},
		{V O "S=x\r\n", SDP_BAD_LINE},
		{V O " s=x\r\n", SDP_BAD_LINE},
		{V O "{=x\r\n", SDP_BAD_LINE},
		{V O "s=\r\nz=0 0\r\n", SDP_OK},
		{V O "s=a\r", SDP_BAD_LINE}, // half a line end
		{V O "s=a\rm=audio 1 RTP/AVP 0\r\n", SDP_BAD_LINE},
		{V S, SDP_BAD_ORIGIN},
		{V O O, SDP_BAD_ORIGIN},
		{V M O, SDP_BAD_ORIGIN},
		{V "o=- 1 2 IN IP4\r\n", SDP_BAD_ORIGIN},
		{V "o= 1 2 IN IP4 192.0.2.1\r\n", SDP_BAD_ORIGIN},
		{V "o=-  2 IN IP4 192.0.2.1\r\n", SDP_BAD_ORIGIN},
		{V "o=- 1 IN IP4 192.0.2.1\r\n", SDP_BAD_ORIGIN},
		{V "o=- 1 2 XX IP4 192.0.2.1\r\n", SDP_BAD_ORIGIN},
		{V "o=- 1 2 IN IP4 192.0.2.1 x\r\n", SDP_BAD_ORIGIN},
		{V "o=- 1 2 IN IP4 host.example\r\n" S, SDP_OK},
		{V O "c=IN IP4 host.example\r\n", SDP_BAD_CONNECTION},
		{V O "c=IN IP4 224.2.1.1/127\r\n", SDP_BAD_CONNECTION},
		{V O "c=IN IP4 192.0.2.1 \r\n", SDP_BAD_CONNECTION},
		{V O "c=IN IP4 192.0.2.010\r\n", SDP_BAD_CONNECTION},
		{V O "c=IN IP4 2001:db8::1\r\n", SDP_BAD_CONNECTION},
		{V O "c=IN IP6 192.0.2.1\r\n", SDP_BAD_CONNECTION},
		{V O "c=IN IP6 2001:db8::1\r\n", SDP_OK},
		{V O C C, SDP_BAD_CONNECTION},
		{V O M C C, SDP_BAD_CONNECTION},
		{V O C M C, SDP_OK},
		{V O "m=audio 4000 RTP/AVP\r\n", SDP_BAD_MEDIA},
		{V O "m=audio 4000 RTP/AVP \r\n", SDP_BAD_MEDIA},
		{V O "m=audio 65536 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
		{V O "m=audio -1 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
		{V O "m=audio 4000/0 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
		{V O "m=audio 4000/ RTP/AVP 0\r\n", SDP_BAD_MEDIA},
		{V O "m= 4000 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
		{V O "m=audio 4000  0\r\n", SDP_BAD_MEDIA},
		{V O "m=audio  4000 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
		{V O M M M M M M M M M M M M M M M M, SDP_OK},
		{V O M M M M M M M M M M M M M M M M M, SDP_TOO_MANY_MEDIA},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sdp s;
		enum sdp_verdict v = sdp_parse(&s, str_from(table[i].text));

		if (v != table[i].v)
			fail_msg("row %zu: %s\n%s", i, sdp_verdict_text(v), table[i].text);
	}
}

static void test_media(void **state)
{
	static const struct {
		const char *media, *codec;
		uint32_t clock_hz;
		bool relayable, with_h264;
	} table[] = {
		{"m=audio 4000 RTP/AVP 0\r\n", "PCMU", 8000, true, true},
		{"m=audio 4000 RTP/AVP 9\r\n", "G722", 8000, true, true},
		{"m=audio 4000 rtp/savpf 9\r\n", "G722", 8000, true, true},
		{"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n", "opus", 48000, true,
			true},
		{"m=audio 4000 RTP/AVP 96 0\r\na=rtpmap:0 PCMU/8000\r\n", "", 0, true, true},
		{"m=audio 0 RTP/AVP 0\r\n", "PCMU", 8000, false, false},
		{"m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n", "PCMU", 8000, false, false},
		{"m=application 4000 RTP/AVP 0\r\n", "PCMU", 8000, false, false},
		{"m=text 4000 RTP/AVP 0\r\n", "PCMU", 8000, false, false},
		{"m=video 4000/2 RTP/AVP 31\r\n", "H261", 90000, false, false},
		{"m=video 0 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", "H264", 90000, false, false},
		{"m=video 4000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", "H264", 90000, false,
			true},
		{"m=video 4000 RTP/AVP 97 31\r\na=rtpmap:97 h264-SVC/90000\r\n", "h264-SVC", 90000,
			true, true},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[512];
		struct sdp s;

		snprintf(text, sizeof(text), V O C "%s", table[i].media);
		assert_int_equal(sdp_parse(&s, str_from(text)), SDP_OK);
		assert_str(s.media[0].codec, table[i].codec);
		assert_int_equal(s.media[0].clock_hz, table[i].clock_hz);
		if (sdp_media_relayable(&s.media[0], false) != table[i].relayable ||
			sdp_media_relayable(&s.media[0], true) != table[i].with_h264)
			fail_msg("%s", table[i].media);
	}
}

// RFC 3605, RFC 5761.
static void test_rtcp(void **state)
{
	static const struct {
		const char *media, *rtcp; // "": nowhere
		bool mux;
	} table[] = {
		{"m=audio 4000 RTP/AVP 0\r\n", "192.0.2.2:4001", false},
		{"m=audio 4001 RTP/AVP 0\r\na=rtcp-mux\r\n", "192.0.2.2:4002", true},
		{"m=audio 65535 RTP/AVP 0\r\n", "", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:53020\r\n", "192.0.2.2:53020", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:53020 IN IP4 192.0.2.9\r\n", "192.0.2.9:53020",
			false},
		{"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.8\r\na=rtcp:0\r\n", "", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:5 IN IP6 2001:db8::1\r\n", "", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:5 IN IP4 a.example\r\n", "", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:5 IN IP4 0.0.0.0\r\n", "", false},
		// Not the syntax: as if it was not there. The first one that is one counts.
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:\r\n", "192.0.2.2:4001", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\n", "192.0.2.2:4001", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:65536\r\n", "192.0.2.2:4001", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:5 \r\n", "192.0.2.2:4001", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:5 IN\r\n", "192.0.2.2:4001", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:5 IN IP4\r\n", "192.0.2.2:4001", false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\na=rtcp:7\r\na=rtcp:8\r\n", "192.0.2.2:7",
			false},
		// no media, no RTCP
		{"m=audio 0 RTP/AVP 0\r\na=rtcp:5\r\n", "", false},
		{"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp:5 IN IP4 192.0.2.9\r\n", "",
			false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[512], got[ENDPOINT_TEXT_MAX] = "";
		struct endpoint ep;
		struct sdp s;

		snprintf(text, sizeof(text), V O C "%s", table[i].media);
		assert_int_equal(sdp_parse(&s, str_from(text)), SDP_OK);
		ep = sdp_media_remote_rtcp(&s, &s.media[0]);
		if (ep.port != 0)
			endpoint_format(&ep, ':', got);
		if (strcmp(got, table[i].rtcp) != 0)
			fail_msg("%s: %s", table[i].media, got);
		assert_int_equal(sdp_media_has(&s.media[0], STR_LIT("rtcp-mux")), table[i].mux);
	}
}

static void test_direction(void **state)
{
	static const char *const names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

	for (unsigned int session = 0; session < 5; session++)
		for (unsigned int media = 0; media < 5; media++) {
			char text[512];
			struct sdp s;
			size_t n = (size_t)sprintf(text, V O);

			if (session < 4)
				n += (size_t)sprintf(text + n, "a=%s\r\n", names[session]);
			n += (size_t)sprintf(text + n, M);
			if (media < 4)
				n += (size_t)sprintf(text + n, "a=%s\r\n", names[media]);
			assert_int_equal(sdp_parse(&s, (struct str){text, n}), SDP_OK);
			assert_int_equal(s.media[0].dir,
				media < 4             ? media
					: session < 4 ? session
						      : SDP_SENDRECV);
		}
}

#define BIT(n) (1ull << ((n) % 64))

// All that a line lists, and what of it is of the line's kind: a=rtpmap decides, else RFC 3551.
static void test_payload_types(void **state)
{
	static const struct {
		const char *line;
		uint64_t all[2], of_type[2];
	} t[] = {
		{"m=audio 9 RTP/AVP 0 9 101\r\n", {BIT(0) | BIT(9), BIT(101)},
			{BIT(0) | BIT(9), BIT(101)}},
		{"m=audio 9 RTP/AVP 0 31 33 34 127\r\n",
			{BIT(0) | BIT(31) | BIT(33) | BIT(34), BIT(127)},
			{BIT(0) | BIT(33), BIT(127)}},
		{"m=video 9 RTP/AVP 0 31 33 34\r\n", {BIT(0) | BIT(31) | BIT(33) | BIT(34)},
			{BIT(31) | BIT(33) | BIT(34)}},
		{"m=audio 9 RTP/AVP 96 97\r\na=rtpmap:96 h264/90000\r\na=rtpmap:97 "
		 "opus/48000/2\r\n",
			{0, BIT(96) | BIT(97)}, {0, BIT(97)}},
		{"m=video 9 RTP/AVP 96 97 98\r\na=rtpmap:96 H264/90000\r\na=rtpmap:97 "
		 "rtx/90000\r\na=rtpmap:98 telephone-event/8000\r\n",
			{0, BIT(96) | BIT(97) | BIT(98)}, {0, BIT(96) | BIT(97)}},
		{"m=audio 9 RTP/AVP 34\r\na=rtpmap:34 x-ours/8000\r\n", {BIT(34)}, {BIT(34)}},
		{"m=video 9 RTP/AVP 0 * 128 256\r\n", {BIT(0)}, {0}},
		{"m=application 9 RTP/AVP 0 34\r\n", {BIT(0) | BIT(34)}, {BIT(0) | BIT(34)}},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint64_t pts[2];
		char text[512];
		struct sdp s;
		size_t n =
			(size_t)sprintf(text, V O "c=IN IP4 192.0.2.1\r\nt=0 0\r\n%s", t[i].line);

		assert_int_equal(sdp_parse(&s, (struct str){text, n}), SDP_OK);
		sdp_media_pts(&s.media[0], false, pts);
		if (memcmp(pts, t[i].all, sizeof(pts)) != 0)
			fail_msg("%s", t[i].line);
		sdp_media_pts(&s.media[0], true, pts);
		if (memcmp(pts, t[i].of_type, sizeof(pts)) != 0)
			fail_msg("of type: %s", t[i].line);
	}
}

// A list that is longer than the array is none.
static void test_many_payload_types(void **state)
{
	for (unsigned int n = 1; n < 20; n++) {
		char text[512];
		struct sdp s;
		size_t len = (size_t)sprintf(text, V O "m=audio 4000 RTP/AVP");

		for (unsigned int i = 0; i < n; i++)
			len += (size_t)sprintf(text + len, " %u", 96 + i);
		len += (size_t)sprintf(text + len, "\r\n");
		assert_int_equal(sdp_parse(&s, (struct str){text, len}), SDP_OK);
		assert_int_equal(s.media[0].n_pts, n <= SDP_PTS_MAX ? n : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_rtcp),
		cmocka_unit_test(test_direction),
		cmocka_unit_test(test_payload_types),
		cmocka_unit_test(test_many_payload_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
