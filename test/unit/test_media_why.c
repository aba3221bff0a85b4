// SPDX-License-Identifier: BSD-3-Clause
// What the counters of a stream say to a person: one row per cause, with the words that help.
#include "test/unit/test.h"

#include "cp/media_rate.h"
#include "cp/media_why.h"

#define S_NS 1000000000ull
#define NOW  (5000 * S_NS)

static struct call_stream_info info;
static struct dp_media_stats stats;
static struct media_flow flow;

// A call that is well: 50 packets a second both ways, seen from outside to inside.
static int setup(void **state)
{
	info = (struct call_stream_info){
		.live = true,
		.audio = true,
		.local = {ep("209.165.200.229", 21558), ep("192.168.10.3", 30930)},
		.remote = {ep("203.0.113.11", 29824), ep("192.168.10.51", 19520)},
		.codec = "G722",
		.sends = {true, true},
		.hears = {true, true},
		.suite = {DP_SRTP_AES_CM_128_HMAC_SHA1_80, DP_SRTP_NONE},
		.rate = {{[MEDIA_RX] = 50, [MEDIA_TX] = 50}, {[MEDIA_RX] = 50, [MEDIA_TX] = 50}},
	};
	stats = (struct dp_media_stats){
		.leg = {{.rx_packets = 1980,
				.tx_packets = 2000,
				.rx_lost = 20,
				.jitter_us = 1300,
				.last_rx_ns = NOW - S_NS / 50},
			{.rx_packets = 2000, .tx_packets = 1980, .last_rx_ns = NOW - S_NS / 50}}};
	flow = (struct media_flow){.info = &info, .stats = &stats, .now_ns = NOW};
	return 0;
}

static void expect(enum media_why want, const char *const *words)
{
	enum media_why got = media_why(&flow);
	char text[700];
	size_t n = media_why_text(&flow, got, text, sizeof(text));

	if (got != want)
		fail_msg("%s, expected %s", media_why_name(got), media_why_name(want));
	assert_int_equal(n, strlen(text));
	assert_in_range(n, 1, sizeof(text) - 2); // nothing was cut off
	for (; *words != NULL; words++)
		if (strstr(text, *words) == NULL)
			fail_msg("no \"%s\" in: %s", *words, text);
}

#define EXPECT(why, ...) expect(MEDIA_WHY_##why, (const char *const[]){__VA_ARGS__, NULL})

static void test_flows(void **state)
{
	EXPECT(FLOWS, "from the outside to the inside", "50 packets a second arrive",
		"50 are sent on", "1.0 %", "jitter 1.3 ms");
	flow.from = SIDE_INSIDE;
	EXPECT(FLOWS, "from the inside to the outside", "0.0 %");
	flow.from = SIDE_OUTSIDE;
	stats.leg[0].latched = true;
	stats.leg[0].remote = ep("198.51.100.7", 4444);
	EXPECT(FLOWS, "198.51.100.7:4444", "media-latch");
	// A pause of a second and a half is none yet.
	stats.leg[0].last_rx_ns = NOW - 3 * S_NS / 2;
	EXPECT(FLOWS, "Sound flows");
	// A packet that came between the clock and the counters.
	stats.leg[0].last_rx_ns = NOW + 1;
	EXPECT(FLOWS, "Sound flows");
}

static void test_agreed_silence(void **state)
{
	info.sends[SIDE_OUTSIDE] = false;
	EXPECT(HOLD_SENDER, "On hold: the outside", "sends nothing");
	info.sends[SIDE_OUTSIDE] = true;
	info.hears[SIDE_INSIDE] = false;
	EXPECT(HOLD_HEARER, "On hold: the inside", "hear nothing");
	info.live = false;
	EXPECT(NOT_UP, "No media yet");
}

static void silent(uint64_t last_rx_ns)
{
	stats.leg[flow.from].last_rx_ns = last_rx_ns;
	memset(info.rate[flow.from], 0, sizeof(info.rate[flow.from]));
}

static void test_nothing_arrives(void **state)
{
	silent(0);
	stats.leg[0].rx_packets = 0;
	EXPECT(NOTHING, "Nothing has arrived from the outside", "209.165.200.229:21558",
		"203.0.113.11:29824", "firewall", "muted");
	flow.from = SIDE_INSIDE;
	silent(NOW - 34 * S_NS);
	EXPECT(STOPPED, "the inside has stopped", "2000 packets", "34 s ago",
		"192.168.10.51:19520");
}

// Refused now, whatever was accepted or refused before.
static void test_refused(void **state)
{
	silent(NOW - 34 * S_NS);
	stats.leg[0].rx_auth_failed = 100000;
	stats.leg[0].rx_bad_source = 1234;
	info.rate[0][MEDIA_BAD_SOURCE] = 50;
	EXPECT(WRONG_SOURCE, "209.165.200.229:21558", "203.0.113.11:29824", "1234 packets so far",
		"50 a second", "NAT", "media-latch: on");
	info.latch[0] = true;
	EXPECT(WRONG_SOURCE, "media-latch is on, but");
	info.suite[0] = DP_SRTP_NONE;
	EXPECT(WRONG_SOURCE, "another port than its SDP says");
	info.suite[0] = DP_SRTP_AEAD_AES_256_GCM;
	info.rate[0][MEDIA_AUTH_FAILED] = 51;
	EXPECT(AUTH, "SRTP authentication fails", "100000 packets so far", "another key",
		"AEAD_AES_256_GCM");
	info.rate[0][MEDIA_REPLAYED] = 52;
	stats.leg[0].rx_replayed = 70;
	stats.leg[0].rx_late = 7;
	EXPECT(REPLAY, "copies", "77 packets so far");
	info.rate[0][MEDIA_MALFORMED] = 53;
	EXPECT(MALFORMED, "not RTP", "53 a second");
	info.rate[0][MEDIA_BAD_PT] = 54;
	EXPECT(PAYLOAD_TYPE, "payload type", "another codec than G722");
	info.codec = "";
	EXPECT(PAYLOAD_TYPE, "the agreed one");
	info.rate[0][MEDIA_MANY_SOURCES] = 55;
	stats.leg[0].rx_many_sources = 600;
	EXPECT(MANY_SOURCES, "203.0.113.11:29824", "new synchronisation source",
		"600 packets so far", "55 a second", "Hold and resume");
	info.rate[0][MEDIA_BAD_CHECKSUM] = 56;
	stats.leg[0].rx_bad_checksum = 700;
	EXPECT(CHECKSUM, "203.0.113.11:29824", "wrong UDP checksum", "700 packets so far",
		"56 a second", "ethtool -K");
}

// Nothing comes at this moment, but all that ever came was refused.
static void test_refused_before(void **state)
{
	silent(0);
	stats.leg[0].rx_auth_failed = 3;
	EXPECT(AUTH, "3 packets so far, 0 a second now");
	stats.leg[0].rx_many_sources = 4;
	EXPECT(MANY_SOURCES, "4 packets so far, 0 a second now");
	stats.leg[0].rx_bad_checksum = 5;
	EXPECT(CHECKSUM, "5 packets so far, 0 a second now");
}

static void test_not_sent_on(void **state)
{
	info.rate[SIDE_INSIDE][MEDIA_TX] = 0;
	EXPECT(NOT_SENT, "50 packets a second", "show drops");
	// Those that the key of the other leg does not bear.
	info.rate[SIDE_OUTSIDE][MEDIA_MANY_SOURCES] = 50;
	EXPECT(MANY_SOURCES, "50 a second now");
	info.rate[SIDE_OUTSIDE][MEDIA_MANY_SOURCES] = 0;
	flow.hop_unknown = true;
	EXPECT(NEIGHBOUR, "no MAC address", "192.168.10.51:19520", "our inside interface");
	flow.from = SIDE_INSIDE;
	info.awaits[SIDE_OUTSIDE] = true;
	stats.leg[SIDE_OUTSIDE].last_rx_ns = 0;
	EXPECT(AWAITS, "nothing is sent to 203.0.113.11:29824", "authenticated");
	info.remote[SIDE_OUTSIDE].port = 0;
	EXPECT(NO_REMOTE, "the outside has not said yet");
}

// The inside has connected two of our calls: whichever direction one looks at, that is why.
static void test_ourselves(void **state)
{
	info.remote[SIDE_INSIDE] = ep("192.168.10.3", 30940);
	info.ours[SIDE_INSIDE] = true;
	flow.hop_unknown = true;
	EXPECT(OURSELVES, "the inside gave, 192.168.10.3:30940,", "our own", "transfer");
	flow.from = SIDE_INSIDE;
	silent(0);
	EXPECT(OURSELVES, "the inside gave, 192.168.10.3:30940,", "our own", "transfer");
	info.hears[SIDE_OUTSIDE] = false;
	EXPECT(HOLD_HEARER, "On hold");
}

static void test_both(void **state)
{
	static const struct {
		enum media_why from_outside, from_inside;
		const char *text;
	} t[] = {
		{MEDIA_WHY_FLOWS, MEDIA_WHY_FLOWS, "Sound flows both ways."},
		{MEDIA_WHY_NOT_UP, MEDIA_WHY_NOT_UP, "No media yet."},
		{MEDIA_WHY_AUTH, MEDIA_WHY_FLOWS, "One-way: the inside does not hear the outside."},
		{MEDIA_WHY_FLOWS, MEDIA_WHY_NOTHING,
			"One-way: the outside does not hear the inside."},
		{MEDIA_WHY_NOTHING, MEDIA_WHY_AUTH, "No sound in either direction."},
		{MEDIA_WHY_HOLD_SENDER, MEDIA_WHY_HOLD_HEARER,
			"On hold: neither direction is to carry sound."},
		{MEDIA_WHY_HOLD_SENDER, MEDIA_WHY_FLOWS,
			"Sound flows one way; the other direction is on hold."},
		{MEDIA_WHY_HOLD_SENDER, MEDIA_WHY_NOTHING, "No sound in either direction."},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const enum media_why w[SIDES] = {t[i].from_outside, t[i].from_inside};

		assert_string_equal(media_why_both(w), t[i].text);
	}
}

// Every cause has its words, and a short buffer is no danger.
static void test_all_texts(void **state)
{
	char text[700], small[20];

	for (int w = MEDIA_WHY_FLOWS; w <= MEDIA_WHY_NOT_SENT; w++) {
		size_t n = media_why_text(&flow, (enum media_why)w, text, sizeof(text));

		assert_in_range(n, 20, sizeof(text) - 2);
		assert_true(text[n - 1] == '.' || text[n - 1] == '?');
		assert_int_equal(
			media_why_text(&flow, (enum media_why)w, small, sizeof(small)), 19);
		assert_true(strlen(media_why_name((enum media_why)w)) > 0);
		assert_true(strlen(media_why_short((enum media_why)w)) > 0);
	}
	assert_string_equal(media_suite_name(DP_SRTP_NONE), "none");
	assert_string_equal(
		media_suite_name(DP_SRTP_AES_256_CM_HMAC_SHA1_80), "AES_256_CM_HMAC_SHA1_80");
}

static void test_rates(void **state)
{
	struct media_rate r = {0};

	stats.leg[0].rx_packets = 0xffffffff; // of the low bits only the difference counts
	stats.leg[1].rx_replayed = 3;
	media_rate_take(&r, &stats, NOW);
	assert_int_equal(r.rate[0][MEDIA_RX], 0);
	stats.leg[0].rx_packets += 75;
	stats.leg[1].rx_replayed += 10;
	stats.leg[1].rx_late += 20;
	media_rate_take(&r, &stats, NOW + S_NS / 4); // too soon
	assert_int_equal(r.rate[0][MEDIA_RX], 0);
	media_rate_take(&r, &stats, NOW + 3 * S_NS / 2);
	assert_int_equal(r.rate[0][MEDIA_RX], 50);
	assert_int_equal(r.rate[0][MEDIA_TX], 0);
	assert_int_equal(r.rate[1][MEDIA_REPLAYED], 20);
	media_rate_take(&r, &stats, NOW + 3 * S_NS);
	assert_int_equal(r.rate[0][MEDIA_RX], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_flows, setup),
		cmocka_unit_test_setup(test_agreed_silence, setup),
		cmocka_unit_test_setup(test_nothing_arrives, setup),
		cmocka_unit_test_setup(test_refused, setup),
		cmocka_unit_test_setup(test_refused_before, setup),
		cmocka_unit_test_setup(test_not_sent_on, setup),
		cmocka_unit_test_setup(test_ourselves, setup),
		cmocka_unit_test_setup(test_both, setup),
		cmocka_unit_test_setup(test_all_texts, setup),
		cmocka_unit_test_setup(test_rates, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
