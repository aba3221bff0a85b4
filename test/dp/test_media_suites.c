// SPDX-License-Identifier: BSD-3-Clause
// Every kind of leg against every other, passthrough, big packets, and many places to come in.
#include "test/dp/media_env.h"

#define BIG 1188 // octets of a video packet

static const uint8_t suites[] = {DP_SRTP_NONE, DP_SRTP_AES_CM_128_HMAC_SHA1_80,
	DP_SRTP_AES_CM_128_HMAC_SHA1_32, DP_SRTP_AEAD_AES_128_GCM, DP_SRTP_AEAD_AES_256_GCM,
	DP_SRTP_AES_256_CM_HMAC_SHA1_80};
#define SUITES (sizeof(suites) / sizeof(suites[0]))

// `n` octets of RTP.
static size_t packet(uint8_t *p, unsigned int leg, uint16_t seq, size_t n)
{
	rtp(p, SSRC + leg, seq);
	for (size_t i = RTP_LEN; i < n; i++)
		p[i] = (uint8_t)(i * seq);
	return n;
}

// From the remote of `leg` to the other one, as they see it. A plain one has no state in `remote`.
static void cross(const struct dp_msg *s, unsigned int leg, struct peer remote[2], uint16_t seq,
	size_t octets)
{
	const struct dp_media_leg *out = &s->media.leg[!leg];
	uint8_t p[1500], want[1500], got[1500];
	size_t n = packet(p, leg, seq, octets);

	packet(want, leg, seq, octets);
	if (s->media.leg[leg].suite != DP_SRTP_NONE)
		peer_seal(&remote[leg], RTPSEC_RTP, p, &n);
	n = relayed(from(s, leg, p, n), out->local, out->remote, got);
	if (out->suite != DP_SRTP_NONE) {
		assert_true(n > octets);
		peer_open(&remote[!leg], RTPSEC_RTP, got, &n);
	}
	assert_int_equal(n, octets);
	assert_memory_equal(got, want, n);
}

static void peers(const struct dp_msg *s, struct peer p[2], bool start)
{
	for (unsigned int leg = 0; leg < 2; leg++) {
		if (s->media.leg[leg].suite == DP_SRTP_NONE)
			continue;
		if (start)
			peer_init(&p[leg], s, leg);
		else
			peer_fini(&p[leg]);
	}
}

static void test_all_pairs(void **state)
{
	for (unsigned int i = 0; i < SUITES * SUITES; i++) {
		struct dp_msg s = stream_msg(0);
		struct peer p[2];

		s.media.leg[OUTSIDE].suite = suites[i / SUITES];
		s.media.leg[INSIDE].suite = suites[i % SUITES];
		send_ok(&s);
		peers(&s, p, true);
		for (uint16_t seq = 65500; seq != 50; seq++) { // over a wrap
			cross(&s, OUTSIDE, p, seq, seq % 3 ? RTP_LEN : BIG);
			cross(&s, INSIDE, p, seq, seq % 3 ? RTP_LEN + 1 : BIG);
		}
		for (unsigned int leg = 0; leg < 2; leg++) {
			const struct dp_leg_stats st = leg_stats(0, leg);

			assert_int_equal(st.rx_packets, 86);
			assert_int_equal(st.tx_packets, 86);
			assert_int_equal(st.rx_lost + st.rx_replayed + st.rx_late, 0);
			assert_true(st.rx_octets >= 86 * RTP_LEN);
		}
		peers(&s, p, false);
		del(0);
	}
}

// Octets are those on each leg's wire.
static void test_octets(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct peer p[2];

	send_ok(&s);
	peers(&s, p, true);
	for (uint16_t i = 0; i < 4; i++)
		cross(&s, OUTSIDE, p, i, RTP_LEN);
	cross(&s, INSIDE, p, 1, BIG);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_octets, 4 * (RTP_LEN + 10));
	assert_int_equal(leg_stats(0, INSIDE).tx_octets, 4 * RTP_LEN);
	assert_int_equal(leg_stats(0, INSIDE).rx_octets, BIG);
	assert_int_equal(leg_stats(0, OUTSIDE).tx_octets, BIG + 10);
	peers(&s, p, false);
	del(0);
}

// Plain packets older than what a key has sealed cannot go on, and are counted as what they are.
static void test_late(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct peer p[2];
	uint8_t old[256];
	size_t n = rtp(old, SSRC, 1);

	send_ok(&s);
	peers(&s, p, true);
	peer_seal(&p[OUTSIDE], RTPSEC_RTP, old, &n);
	cross(&s, OUTSIDE, p, 200, RTP_LEN);
	cross(&s, INSIDE, p, 200, RTP_LEN);
	expect_drop(from(&s, OUTSIDE, old, n), DROP_MEDIA_LATE);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_LATE);
	expect_drop(rtp_from(&s, INSIDE, 200), DROP_MEDIA_REPLAY);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_late, 1);
	assert_int_equal(leg_stats(0, INSIDE).rx_late, 1);
	assert_int_equal(leg_stats(0, INSIDE).rx_replayed, 1);
	peers(&s, p, false);
	del(0);
}

// ---- SRTP-3 ------------------------------------------------------------------------------------

// Both legs with each other's keys.
static struct dp_msg passthrough(uint8_t suite, uint8_t mki_len)
{
	struct dp_msg s = stream_msg(0);

	for (unsigned int leg = 0; leg < 2; leg++) {
		s.media.leg[leg].suite = suite;
		s.media.leg[leg].mki_len = mki_len;
	}
	memset(s.media.leg[OUTSIDE].tx_key, 0, DP_SRTP_KEY_LEN);
	memset(s.media.leg[INSIDE].tx_key, 0, DP_SRTP_KEY_LEN);
	s.media.passthrough = true;
	return s;
}

// The octets go on as they came, tag and MKI with them.
static void test_passthrough(void **state)
{
	for (unsigned int i = 1; i < SUITES; i++) {
		struct dp_msg s = passthrough(suites[i], 0);
		struct peer p[2];

		s.media.rtcp = s.media.leg[0].rtcp_mux = s.media.leg[1].rtcp_mux = true;
		send_ok(&s);
		peers(&s, p, true);
		for (uint16_t seq = 65530; seq != 20; seq++) {
			unsigned int leg = seq % 2, is_rtcp = seq % 5 == 0;
			const struct dp_media_leg *out = &s.media.leg[!leg];
			uint8_t pkt[256], got[256];
			size_t n = is_rtcp ? rtcp(pkt, SSRC + leg) : rtp(pkt, SSRC + leg, seq);

			peer_seal(&p[leg], is_rtcp ? RTPSEC_RTCP : RTPSEC_RTP, pkt, &n);
			assert_int_equal(
				relayed(from(&s, leg, pkt, n), out->local, out->remote, got), n);
			assert_memory_equal(got, pkt, n);
			expect_drop(from(&s, leg, pkt, n), DROP_MEDIA_REPLAY);
			if (is_rtcp)
				continue;
			pkt[n / 2] ^= 4;
			pkt[2] += 4; // one that was not seen before
			expect_drop(from(&s, leg, pkt, n), DROP_MEDIA_AUTH);
		}
		assert_int_equal(leg_stats(0, OUTSIDE).tx_packets, leg_stats(0, INSIDE).rx_packets);
		assert_true(leg_stats(0, INSIDE).rx_packets > 5);
		peers(&s, p, false);
		del(0);
	}
	assert_int_equal(grown(COUNT_MEDIA_OPENED) + grown(COUNT_MEDIA_SEALED), 0);
	assert_int_equal(grown(COUNT_MEDIA_PASSTHROUGH), grown(COUNT_MEDIA_RELAYED));
}

// Four octets before the tag that are none of ours.
static void test_mki(void **state)
{
	struct dp_msg s = passthrough(DP_SRTP_AES_CM_128_HMAC_SHA1_80, 4);
	const struct dp_media_leg *in = &s.media.leg[INSIDE];
	uint8_t p[256], got[256];
	struct peer remote;

	for (unsigned int i = 0; i < 2; i++) {
		size_t n = rtp(p, SSRC, (uint16_t)i);

		s.media.passthrough = i == 0;
		if (i == 1) // and now it is taken off
			s.media.leg[INSIDE].suite = DP_SRTP_NONE;
		send_ok(&s);
		if (i == 0)
			peer_init(&remote, &s, OUTSIDE);
		peer_seal(&remote, RTPSEC_RTP, p, &n);
		memmove(p + n - 6, p + n - 10, 10);
		memcpy(p + n - 10, "MKI1", 4);
		n += 4;
		assert_int_equal(relayed(from(&s, OUTSIDE, p, n), in->local, in->remote, got),
			i == 0 ? n : RTP_LEN);
		if (i == 0)
			assert_memory_equal(got, p, n);
	}
	peer_fini(&remote);
	del(0);
}

// ---- Places ------------------------------------------------------------------------------------

// The same port on several addresses of one interface, and one address on two interfaces, are
// different places.
static void test_addresses(void **state)
{
	static const char *const ip[] = {"203.0.113.1", "203.0.113.2", "203.0.113.3"};
	struct dp_msg s[4];

	for (uint32_t i = 0; i < 4; i++) {
		s[i] = stream_msg(i);
		for (unsigned int leg = 0; leg < 2; leg++) {
			s[i].media.leg[leg].iface = i < 3 ? 0 : 1;
			s[i].media.leg[leg].suite = DP_SRTP_NONE;
			s[i].media.leg[leg].local = ep(ip[i % 3], (uint16_t)(16384 + 2 * leg));
			s[i].media.leg[leg].remote.port += (uint16_t)i;
		}
		send_ok(&s[i]);
	}
	for (uint32_t i = 0; i < 4; i++) {
		struct dp_msg other = s[i];

		other.media.leg[0].local.ip = s[(i + 1) % 3].media.leg[0].local.ip;
		other.media.leg[0].iface = 0;
		cross(&s[i], 0, NULL, 1, RTP_LEN);
		cross(&s[i], 1, NULL, 1, RTP_LEN);
		expect_drop(rtp_from(&other, 0, 2), DROP_MEDIA_SOURCE);
		other.media.leg[0].local = ep("203.0.113.9", 16384);
		expect_drop(rtp_from(&other, 0, 2), DROP_MEDIA_NO_STREAM);
	}
	for (uint32_t i = 0; i < 4; i++)
		del(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_all_pairs),
		MEDIA_TEST(test_octets),
		MEDIA_TEST(test_late),
		MEDIA_TEST(test_passthrough),
		MEDIA_TEST(test_mki),
		MEDIA_TEST(test_addresses),
	};
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
