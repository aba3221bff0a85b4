// SPDX-License-Identifier: BSD-3-Clause
// The relay with real packets and real SRTP: bursts of mbufs through media_stage(), compared with
// the oracle.
#include "test/dp/media_env.h"

// RTP-2: what the phone hears is what the other phone said, header and all.
static void round_trip(struct dp_msg *s, unsigned int count, uint16_t seq)
{
	struct srtp_oracle remote, us;
	uint8_t want[256];

	srtp_oracle_init(&remote, s->media.leg[OUTSIDE].rx_key, 10);
	srtp_oracle_init(&us, s->media.leg[OUTSIDE].tx_key, 10);
	for (unsigned int i = 0; i < count; i++, seq++) {
		struct pkts v = {.n = 0};
		size_t n = RTP_LEN + 10;

		pkts_add(&v, srtp_from(s, OUTSIDE, &remote, seq));
		pkts_add(&v, rtp_from(s, INSIDE, seq));
		media_stage(&w, &v);
		assert_int_equal(v.n, 2);
		rtp(want, SSRC + OUTSIDE, seq);
		check_out(s, INSIDE, v.m[0], RTP_LEN);
		assert_memory_equal(pkt_payload(v.m[0]), want, RTP_LEN);
		rtp(want, SSRC + INSIDE, seq);
		check_out(s, OUTSIDE, v.m[1], RTP_LEN + 10);
		assert_memory_not_equal(pkt_payload(v.m[1]) + 12, want + 12, PAYLOAD);
		assert_int_equal(srtp_oracle_open(&us, pkt_payload(v.m[1]), &n), ORACLE_OK);
		assert_memory_equal(pkt_payload(v.m[1]), want, RTP_LEN);
		rte_pktmbuf_free_bulk(v.m, v.n);
	}
}

static void test_rtp2_round_trip(void **state)
{
	struct dp_msg s = stream_msg(0);

	send_ok(&s);
	round_trip(&s, 10, 100);
	assert_int_equal(grown(COUNT_MEDIA_RELAYED), 20);
	assert_int_equal(grown(COUNT_MEDIA_OPENED), 10);
	assert_int_equal(grown(COUNT_MEDIA_SEALED), 10);
	del(0);
}

// Both rollover counters go from 0 to 1 and on to 2 under way.
static void test_roc_wrap(void **state)
{
	struct dp_msg s = stream_msg(0);

	send_ok(&s);
	round_trip(&s, 70000, 65530);
	del(0);
}

// SRTP on both sides, one of them with the short tag.
static void test_srtp_to_srtp(void **state)
{
	struct dp_msg s = stream_msg(5);
	struct srtp_oracle a, b;
	uint8_t want[256];

	s.media.leg[INSIDE].suite = DP_SRTP_AES_CM_128_HMAC_SHA1_32;
	send_ok(&s);
	srtp_oracle_init(&a, s.media.leg[OUTSIDE].rx_key, 10);
	srtp_oracle_init(&b, s.media.leg[INSIDE].tx_key, 4);
	for (uint16_t seq = 7; seq < 20; seq++) {
		struct pkts v = {.n = 1, .m = {srtp_from(&s, OUTSIDE, &a, seq)}};
		size_t n = RTP_LEN + 4;

		media_stage(&w, &v);
		assert_int_equal(v.n, 1);
		check_out(&s, INSIDE, v.m[0], n);
		assert_int_equal(srtp_oracle_open(&b, pkt_payload(v.m[0]), &n), ORACLE_OK);
		rtp(want, SSRC, seq);
		assert_memory_equal(pkt_payload(v.m[0]), want, n);
		rte_pktmbuf_free(v.m[0]);
	}
	del(5);
}

// RTP-1, RTP-3, RTP-4, RTP-5: each reason by its name, and never the neighbour's.
static void test_rtp1_rtp3_rtp4_rtp5_drops(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct endpoint o_local = s.media.leg[OUTSIDE].local, i_local = s.media.leg[INSIDE].local;
	struct endpoint o = s.media.leg[OUTSIDE].remote, i = s.media.leg[INSIDE].remote;
	struct endpoint elsewhere = ep("198.51.100.10", 20000), port = o;
	struct endpoint foreign = ep("203.0.113.2", o_local.port), rtcp = o_local, unused = o_local;
	struct srtp_oracle k;
	struct dp_media_stats stats;
	uint8_t p[256], sealed[256];
	size_t n = rtp(p, SSRC, 1), n_sealed;

	port.port++;
	rtcp.port++;
	unused.port += 100;
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_NO_STREAM);
	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	expect_drop(frame(0, o, unused, p, n), DROP_MEDIA_NO_STREAM);
	expect_drop(frame(0, o, foreign, p, n), DROP_MEDIA_NO_STREAM);
	expect_drop(frame(1, o, o_local, p, n), DROP_MEDIA_NO_STREAM); // wrong interface
	expect_drop(frame(0, elsewhere, o_local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, port, o_local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, port, rtcp, p, n), DROP_MEDIA_RTCP);
	p[1] = 200;
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_RTCP);
	p[1] = 8;
	expect_drop(frame(1, i, i_local, p, n), DROP_MEDIA_PT);
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_PT);
	p[1] = 0;
	p[0] = 0x40;
	expect_drop(frame(1, i, i_local, p, n), DROP_MEDIA_MALFORMED);
	p[0] = 0x80;
	expect_drop(frame(1, i, i_local, p, 11), DROP_MEDIA_MALFORMED);
	expect_drop(frame(1, i, i_local, p, 0), DROP_MEDIA_MALFORMED);
	expect_drop(frame(0, o, o_local, p, 12), DROP_MEDIA_MALFORMED); // no room for a tag
	p[0] = 0xa0;
	p[n - 1] = 200;
	expect_drop(frame(1, i, i_local, p, n), DROP_MEDIA_MALFORMED); // padding
	n_sealed = rtp(sealed, SSRC, 1);
	sealed[0] = 0xa0;
	sealed[n_sealed - 1] = 0;
	assert_int_equal(srtp_oracle_seal(&k, sealed, &n_sealed), ORACLE_OK);
	expect_drop(frame(0, o, o_local, sealed, n_sealed), DROP_MEDIA_MALFORMED);
	n = rtp(p, SSRC, 2);
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_AUTH);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 4)));
	n_sealed = rtp(sealed, SSRC, 5);
	assert_int_equal(srtp_oracle_seal(&k, sealed, &n_sealed), ORACLE_OK);
	assert_true(passes(frame(0, o, o_local, sealed, n_sealed)));
	expect_drop(frame(0, o, o_local, sealed, n_sealed), DROP_MEDIA_REPLAY);
	assert_true(passes(rtp_from(&s, INSIDE, 9)));
	expect_drop(rtp_from(&s, INSIDE, 9), DROP_MEDIA_REPLAY); // would seal one index twice
	assert_int_equal(dp_media_stats(0, &stats), 0);
	assert_int_equal(stats.leg[OUTSIDE].rx_bad_source, 2);
	assert_int_equal(stats.leg[OUTSIDE].rx_rtcp_dropped, 2);
	assert_int_equal(stats.leg[OUTSIDE].rx_auth_failed, 1);
	assert_int_equal(stats.leg[OUTSIDE].rx_replayed, 1);
	assert_int_equal(stats.leg[OUTSIDE].rx_malformed, 2);
	assert_int_equal(stats.leg[INSIDE].rx_malformed, 4);
	del(0);
}

// A remote whose address is not known yet: nobody may speak, nothing is sent to it.
static void test_no_remote(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct endpoint o = s.media.leg[OUTSIDE].remote;
	uint8_t p[256];
	size_t n = rtp(p, SSRC, 1);

	s.media.leg[OUTSIDE].remote = (struct endpoint){.port = 0};
	send_ok(&s);
	expect_drop(frame(0, o, s.media.leg[OUTSIDE].local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_DIRECTION);
	s.media.leg[OUTSIDE].remote = ep("198.51.100.9", 0);
	send_ok(&s);
	expect_drop(from(&s, OUTSIDE, p, n), DROP_MEDIA_SOURCE); // even from port 0
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_DIRECTION);
	s.media.leg[OUTSIDE].remote = ep("0.0.0.0", 4000); // hold as in RFC 2543
	send_ok(&s);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_DIRECTION);
	del(0);
}

// During a hold the rollover counter of the remote is followed, so that it is heard afterwards.
static void test_hold(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle k;

	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 60000)));
	s.media.leg[OUTSIDE].rx_allowed = false;
	send_ok(&s);
	for (uint32_t i = 60001; i < 60001 + 70000; i += 500)
		expect_drop(srtp_from(&s, OUTSIDE, &k, (uint16_t)i), DROP_MEDIA_DIRECTION);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_on_hold, 140);
	assert_true(passes(rtp_from(&s, INSIDE, 5)));
	s.media.leg[OUTSIDE].rx_allowed = true;
	s.media.leg[OUTSIDE].tx_allowed = false;
	send_ok(&s);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, (uint16_t)130001)));
	expect_drop(rtp_from(&s, INSIDE, 6), DROP_MEDIA_DIRECTION);
	assert_int_equal(k.rtp_seen.newest >> 16, 1);
	del(0);
}

// SRTP-7: a changed key starts anew, with ROC 0 and an empty window.
static void test_new_key(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle old, new, us;
	struct pkts v = {.n = 1};
	size_t n = RTP_LEN + 10;

	send_ok(&s);
	srtp_oracle_init(&old, s.media.leg[OUTSIDE].rx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &old, 65000)));
	assert_true(passes(srtp_from(&s, OUTSIDE, &old, 100))); // ROC 1
	key_fill(s.media.leg[OUTSIDE].rx_key, 77);
	key_fill(s.media.leg[OUTSIDE].tx_key, 78);
	send_ok(&s);
	expect_drop(srtp_from(&s, OUTSIDE, &old, 101), DROP_MEDIA_AUTH);
	srtp_oracle_init(&new, s.media.leg[OUTSIDE].rx_key, 10);
	srtp_oracle_init(&us, s.media.leg[OUTSIDE].tx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &new, 100)));
	v.m[0] = rtp_from(&s, INSIDE, 3);
	media_stage(&w, &v);
	assert_int_equal(v.n, 1);
	assert_int_equal(srtp_oracle_open(&us, pkt_payload(v.m[0]), &n), ORACLE_OK);
	rte_pktmbuf_free(v.m[0]);
	s.media.leg[OUTSIDE].suite = DP_SRTP_AES_CM_128_HMAC_SHA1_32;
	send_ok(&s);
	srtp_oracle_init(&new, s.media.leg[OUTSIDE].rx_key, 4);
	assert_true(passes(srtp_from(&s, OUTSIDE, &new, 100)));
	del(0);
}

// SRTP-7: the same key keeps ROC and window, whatever else changes; so an old packet stays old.
static void test_same_key(void **state)
{
	struct dp_msg s = stream_msg(0), other = stream_msg(1);
	struct srtp_oracle k;
	uint8_t copy[256];
	size_t n = rtp(copy, SSRC, 101);

	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 65000)));
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 100)));
	assert_int_equal(srtp_oracle_seal(&k, copy, &n), ORACLE_OK);
	assert_true(passes(from(&s, OUTSIDE, copy, n)));
	s.media.leg[OUTSIDE].remote.port = 20002;
	s.media.leg[OUTSIDE].local.port += 200;
	s.media.leg[OUTSIDE].rx_lifetime = UINT64_C(1) << 31;
	key_fill(s.media.leg[OUTSIDE].tx_key, 78); // the other direction may change
	send_ok(&s);
	expect_drop(from(&s, OUTSIDE, copy, n), DROP_MEDIA_REPLAY);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 102)));
	s.media.leg[OUTSIDE].local.port -= 200;
	expect_drop(from(&s, OUTSIDE, copy, n), DROP_MEDIA_NO_STREAM); // the port before
	other.media.leg[OUTSIDE].local = s.media.leg[OUTSIDE].local;   // is free for another stream
	send_ok(&other);
	del(1);
	del(0);
}

// The tag needs room in the buffer; RTP without one does not.
static void test_no_room(void **state)
{
	struct dp_msg s = stream_msg(0);
	uint8_t p[2048] = {0};
	size_t most = 2048 - RTE_PKTMBUF_HEADROOM - HEADERS - 3; // what frame() can make

	send_ok(&s);
	for (unsigned int i = 0; i < 2; i++) {
		size_t n = most + 3 - RTPSEC_TRAILER_MAX + i;

		rtp(p, SSRC, (uint16_t)i);
		assert_true(n <= most);
		if (i == 0)
			assert_true(passes(from(&s, INSIDE, p, n)));
		else
			expect_drop(from(&s, INSIDE, p, n), DROP_MTU_EXCEEDED);
	}
	del(0);
}

static void test_two_copies(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct pkts v = {.n = 0};
	struct srtp_oracle k;
	uint8_t p[256];
	size_t n = rtp(p, SSRC, 50);

	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	assert_int_equal(srtp_oracle_seal(&k, p, &n), ORACLE_OK);
	pkts_add(&v, from(&s, OUTSIDE, p, n));
	pkts_add(&v, srtp_from(&s, OUTSIDE, &k, 51));
	pkts_add(&v, from(&s, OUTSIDE, p, n));
	p[20] ^= 1;
	pkts_add(&v, from(&s, OUTSIDE, p, n));
	media_stage(&w, &v);
	assert_int_equal(v.n, 2);
	assert_int_equal(rte_be_to_cpu_16(*(uint16_t *)(pkt_payload(v.m[0]) + 2)), 50);
	assert_int_equal(rte_be_to_cpu_16(*(uint16_t *)(pkt_payload(v.m[1]) + 2)), 51);
	rte_pktmbuf_free_bulk(v.m, v.n);
	assert_int_equal(grown(DROP_MEDIA_REPLAY), 2);
	del(0);
}

// Four sources, also when more come in one burst; a known one goes on.
static void test_ssrcs(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct pkts v = {.n = 0};
	uint8_t p[256];

	send_ok(&s);
	for (uint32_t i = 0; i < 6; i++)
		pkts_add(&v, from(&s, INSIDE, p, rtp(p, 100 + i, 1)));
	media_stage(&w, &v);
	assert_int_equal(v.n, 4);
	rte_pktmbuf_free_bulk(v.m, v.n);
	expect_drop(from(&s, INSIDE, p, rtp(p, 106, 1)), DROP_MEDIA_SSRCS);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 100, 2))));
	s.media.leg[INSIDE].rx_allowed = false; // a hold, and then a new source from the same port
	send_ok(&s);
	s.media.leg[INSIDE].rx_allowed = true;
	send_ok(&s);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 107, 1))));
	s.media.leg[INSIDE].remote.port += 2; // a new remote may have new sources
	send_ok(&s);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 106, 2))));
	for (uint32_t i = 0; i < 2 * RTPSEC_SSRCS_MAX; i++) { // but one key bears only so many
		s.media.leg[INSIDE].remote.port += 2;
		send_ok(&s);
		if (i + 6 < RTPSEC_SSRCS_MAX)
			assert_true(passes(from(&s, INSIDE, p, rtp(p, 200 + i, 2))));
		else
			expect_drop(from(&s, INSIDE, p, rtp(p, 200 + i, 2)), DROP_MEDIA_SSRCS);
	}
	assert_int_equal(leg_stats(0, INSIDE).rx_many_sources, grown(DROP_MEDIA_SSRCS));
	assert_int_equal(leg_stats(0, OUTSIDE).rx_many_sources, 0);
	del(0);
}

// With four sources known, nothing of a fifth reaches the key.
static void test_ssrcs_srtp(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle k[4];
	uint8_t p[256];
	size_t n;

	send_ok(&s);
	for (uint32_t i = 0; i < 4; i++) {
		srtp_oracle_init(&k[i], s.media.leg[OUTSIDE].rx_key, 10);
		n = rtp(p, 100 + i, 1);
		assert_int_equal(srtp_oracle_seal(&k[i], p, &n), ORACLE_OK);
		assert_true(passes(from(&s, OUTSIDE, p, n)));
	}
	n = rtp(p, 200, 1);
	expect_drop(from(&s, OUTSIDE, p, n), DROP_MEDIA_SSRCS);
	n = rtp(p, 100, 9);
	expect_drop(from(&s, OUTSIDE, p, n), DROP_MEDIA_AUTH);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_many_sources, 1);
	del(0);
}
// RFC 3550 A.3, A.8: five lost of twenty, and a restart with another SSRC that is no loss.
static void test_stats(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct dp_media_stats st;
	uint8_t p[256];

	send_ok(&s);
	w.now_ns = 1000 * UINT64_C(1000000000);
	for (uint16_t i = 0; i < 20; i++, w.now_ns += FRAME_STEP)
		if (i % 4 != 2)
			assert_true(passes(rtp_from(&s, INSIDE, i)));
	assert_int_equal(dp_media_stats(0, &st), 0);
	assert_int_equal(st.leg[INSIDE].rx_packets, 15);
	assert_int_equal(st.leg[OUTSIDE].tx_packets, 15);
	assert_int_equal(st.leg[INSIDE].tx_packets, 0);
	assert_int_equal(st.leg[INSIDE].rx_lost, 5);
	assert_int_equal(st.leg[INSIDE].jitter_us, 0);
	assert_int_equal(st.leg[INSIDE].last_rx_ns, w.now_ns - FRAME_STEP);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 4711, 500))));
	for (uint16_t i = 501; i < 700; i++) { // 20 ms apart, every other one 10 ms late
		w.now_ns += i % 2 != 0 ? 30000000 : 10000000;
		rtp(p, 4711, i);
		p[1] = 101;
		assert_true(passes(from(&s, INSIDE, p, RTP_LEN)));
	}
	assert_int_equal(dp_media_stats(0, &st), 0);
	assert_int_equal(st.leg[INSIDE].rx_lost, 5);
	assert_int_equal(st.leg[INSIDE].last_pt, 101);
	assert_in_range(st.leg[INSIDE].jitter_us, 9800, 10200);
	s.media.leg[INSIDE].remote.port += 2; // what it sends is no sequel
	send_ok(&s);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 4711, 900))));
	assert_int_equal(leg_stats(0, INSIDE).rx_lost, 5);
	assert_int_equal(dp_media_stats(1, &st), -ENOENT);
	assert_int_equal(dp_media_stats(DP_STREAMS_MAX, &st), -ENOENT);
	del(0);
}

// SRTP has its tag, so that only of plain RTP the checksum matters.
static void test_checksum(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle remote;
	struct rte_mbuf *m;

	send_ok(&s);
	srtp_oracle_init(&remote, s.media.leg[OUTSIDE].rx_key, 10);
	m = srtp_from(&s, OUTSIDE, &remote, 1);
	pkt_udp(m)->dgram_cksum = 0x1234;
	assert_true(passes(m));
	m = rtp_from(&s, INSIDE, 1);
	pkt_udp(m)->dgram_cksum = 0x1234;
	expect_drop(m, DROP_L4_CHECKSUM);
	m = rtp_from(&s, INSIDE, 1);
	pkt_udp(m)->dgram_cksum = 0x1234;
	pkt_of(m)->l4_checked = true;
	assert_true(passes(m));
	assert_true(passes(rtp_from(&s, INSIDE, 2)));
	m = rtp_from(&s, INSIDE, 3); // of one that goes on as the one before it did, too
	pkt_udp(m)->dgram_cksum = 0x1234;
	expect_drop(m, DROP_L4_CHECKSUM);
	assert_int_equal(leg_stats(0, INSIDE).rx_bad_checksum, 2);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_bad_checksum, 0);
	del(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_rtp2_round_trip),
		MEDIA_TEST(test_roc_wrap),
		MEDIA_TEST(test_srtp_to_srtp),
		MEDIA_TEST(test_rtp1_rtp3_rtp4_rtp5_drops),
		MEDIA_TEST(test_no_remote),
		MEDIA_TEST(test_hold),
		MEDIA_TEST(test_new_key),
		MEDIA_TEST(test_same_key),
		MEDIA_TEST(test_no_room),
		MEDIA_TEST(test_two_copies),
		MEDIA_TEST(test_ssrcs),
		MEDIA_TEST(test_ssrcs_srtp),
		MEDIA_TEST(test_stats),
		MEDIA_TEST(test_checksum),
	};
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
