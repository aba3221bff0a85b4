// SPDX-License-Identifier: BSD-3-Clause
// RTCP through the relay: on a port of its own and on RTP's (RFC 5761), in clear and as SRTCP,
// from the negotiated address alone; and without a trace in what is known about RTP.
#include "test/dp/media_env.h"

static struct endpoint next(struct endpoint e)
{
	e.port++;
	return e;
}

// As a call has it whose both sides use the odd port.
static struct dp_msg rtcp_msg(void)
{
	struct dp_msg s = stream_msg(0);

	s.media.rtcp = true;
	for (unsigned int i = 0; i < 2; i++)
		s.media.leg[i].remote_rtcp = next(s.media.leg[i].remote);
	return s;
}

static void use_mux(struct dp_media_leg *l)
{
	l->rtcp_mux = true;
	l->remote_rtcp = (struct endpoint){.port = 0};
}

static struct rte_mbuf *rtcp_from(
	const struct dp_msg *s, unsigned int leg, const uint8_t *p, size_t n)
{
	const struct dp_media_leg *l = &s->media.leg[leg];

	if (l->rtcp_mux)
		return from(s, leg, p, n);
	return frame(l->iface, l->remote_rtcp, next(l->local), p, n);
}

static size_t rtcp_to(const struct dp_msg *s, unsigned int leg, struct rte_mbuf *m, uint8_t *out)
{
	const struct dp_media_leg *l = &s->media.leg[leg];

	return l->rtcp_mux ? relayed(m, l->local, l->remote, out)
			   : relayed(m, next(l->local), l->remote_rtcp, out);
}

// Outside and inside each with and without mux, plain and SRTP inside, every suite, both ways.
static void test_relayed(void **state)
{
	static const uint8_t suites[] = {DP_SRTP_AES_CM_128_HMAC_SHA1_80,
		DP_SRTP_AES_CM_128_HMAC_SHA1_32, DP_SRTP_AEAD_AES_128_GCM, DP_SRTP_AEAD_AES_256_GCM,
		DP_SRTP_AES_256_CM_HMAC_SHA1_80};

	for (unsigned int i = 0; i < 4 * sizeof(suites); i++) {
		struct dp_msg s = rtcp_msg();
		uint8_t want[RTCP_LEN], p[256];
		struct peer remote;

		s.media.leg[OUTSIDE].suite = suites[i / 4];
		for (unsigned int leg = 0; leg < 2; leg++)
			if (i & 1u << leg)
				use_mux(&s.media.leg[leg]);
		send_ok(&s);
		peer_init(&remote, &s, OUTSIDE);
		for (unsigned int k = 0; k < 3; k++) {
			size_t n = rtcp(p, SSRC);

			rtcp(want, SSRC);
			peer_seal(&remote, RTPSEC_RTCP, p, &n);
			n = rtcp_to(&s, INSIDE, rtcp_from(&s, OUTSIDE, p, n), p);
			assert_int_equal(n, RTCP_LEN);
			assert_memory_equal(p, want, n);
			rtcp(want, SSRC + 1);
			n = rtcp_to(&s, OUTSIDE, rtcp_from(&s, INSIDE, want, RTCP_LEN), p);
			assert_true(n > RTCP_LEN);
			peer_open(&remote, RTPSEC_RTCP, p, &n);
			assert_int_equal(n, RTCP_LEN);
			assert_memory_equal(p, want, n);
		}
		for (unsigned int leg = 0; leg < 2; leg++) {
			const struct dp_leg_stats st = leg_stats(0, leg);

			assert_int_equal(st.rx_rtcp, 3);
			assert_int_equal(st.tx_rtcp, 3);
			assert_int_equal(
				st.rx_packets + st.tx_packets + st.rx_octets + st.rx_lost, 0);
			assert_int_equal(st.last_rx_ns, 0);
		}
		peer_fini(&remote);
		del(0);
	}
	assert_int_equal(grown(COUNT_MEDIA_RTCP_RELAYED), 4 * sizeof(suites) * 6);
}

// Between two SRTP legs, and amid RTP in one burst.
static void test_mixed(void **state)
{
	struct dp_msg s = rtcp_msg();
	struct pkts v = {.n = 0};
	struct peer out, in;
	uint8_t p[256], q[256];
	size_t n;

	use_mux(&s.media.leg[OUTSIDE]);
	s.media.leg[INSIDE].suite = DP_SRTP_AEAD_AES_128_GCM;
	send_ok(&s);
	peer_init(&out, &s, OUTSIDE);
	peer_init(&in, &s, INSIDE);
	for (uint16_t i = 0; i < 10; i++) {
		bool is_rtcp = i % 3 == 1;

		n = is_rtcp ? rtcp(p, SSRC) : rtp(p, SSRC, i);
		peer_seal(&out, is_rtcp ? RTPSEC_RTCP : RTPSEC_RTP, p, &n);
		pkts_add(&v, from(&s, OUTSIDE, p, n));
	}
	media_stage(&w, &v);
	assert_int_equal(v.n, 10);
	for (uint16_t i = 0; i < 10; i++) {
		bool is_rtcp = i % 3 == 1;
		size_t want = is_rtcp ? rtcp(q, SSRC) : rtp(q, SSRC, i);

		n = pkt_of(v.m[i])->payload_len;
		peer_open(&in, is_rtcp ? RTPSEC_RTCP : RTPSEC_RTP, pkt_payload(v.m[i]), &n);
		assert_int_equal(n, want);
		assert_memory_equal(pkt_payload(v.m[i]), q, n);
		assert_int_equal(rte_be_to_cpu_16(pkt_udp(v.m[i])->dst_port), 30000 + is_rtcp);
	}
	assert_int_equal(leg_stats(0, OUTSIDE).rx_packets, 7);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_lost, 3); // the numbers that RTCP stood for
	rte_pktmbuf_free_bulk(v.m, v.n);
	peer_fini(&out);
	peer_fini(&in);
	del(0);
}

// RTP-4: what is not relayed, by name.
static void test_rtp4_dropped(void **state)
{
	struct dp_msg s = rtcp_msg(), mux;
	struct dp_media_leg *o = &s.media.leg[OUTSIDE], *i = &s.media.leg[INSIDE];
	uint8_t p[RTCP_LEN], bad[RTCP_LEN];
	size_t n = rtcp(p, SSRC);

	s.media.rtcp = false;
	send_ok(&s);
	expect_drop(rtcp_from(&s, INSIDE, p, n), DROP_MEDIA_RTCP);
	expect_drop(from(&s, INSIDE, p, n), DROP_MEDIA_RTCP);
	s.media.rtcp = true;
	send_ok(&s);
	expect_drop(from(&s, INSIDE, p, n), DROP_MEDIA_RTCP); // no mux was negotiated
	assert_int_equal(leg_stats(0, INSIDE).rx_rtcp_dropped, 3);
	expect_drop(frame(1, i->remote, next(i->local), p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, i->remote_rtcp, next(o->local), p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, o->remote_rtcp, o->local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, o->remote_rtcp, next(o->local), p, n), DROP_MEDIA_AUTH); // in clear
	memcpy(bad, p, n);
	bad[3] = 77;
	expect_drop(rtcp_from(&s, INSIDE, bad, n), DROP_MEDIA_MALFORMED);
	expect_drop(rtcp_from(&s, INSIDE, p, 7), DROP_MEDIA_MALFORMED);
	expect_drop(rtcp_from(&s, OUTSIDE, p, 20), DROP_MEDIA_MALFORMED); // no room for a tag
	mux = s;
	use_mux(&mux.media.leg[INSIDE]);
	send_ok(&mux);
	expect_drop(rtcp_from(&s, INSIDE, p, n), DROP_MEDIA_RTCP); // nobody has that port any more
	mux.media.rtcp = false;
	send_ok(&mux);
	expect_drop(rtcp_from(&mux, INSIDE, p, n), DROP_MEDIA_RTCP);
	o->remote_rtcp.port = 0;
	send_ok(&s);
	expect_drop(rtcp_from(&s, INSIDE, p, n), DROP_MEDIA_RTCP); // nowhere to go
	assert_int_equal(leg_stats(0, INSIDE).rx_rtcp_dropped, 6);
	assert_int_equal(leg_stats(0, INSIDE).rx_rtcp, 0);
	del(0);
}

// In clear, nothing but the checksum says that it came whole.
static void test_checksum(void **state)
{
	struct dp_msg s = rtcp_msg();
	uint8_t p[RTCP_LEN];
	struct rte_mbuf *m = rtcp_from(&s, INSIDE, p, rtcp(p, SSRC + 1));

	send_ok(&s);
	pkt_payload(m)[20] ^= 1;
	expect_drop(m, DROP_L4_CHECKSUM);
	assert_int_equal(leg_stats(0, INSIDE).rx_bad_checksum, 1);
	del(0);
}

static void test_forged(void **state)
{
	struct dp_msg s = rtcp_msg();
	struct peer remote;
	uint8_t p[256], copy[256], out[256];
	size_t n = rtcp(p, SSRC), m;

	send_ok(&s);
	peer_init(&remote, &s, OUTSIDE);
	peer_seal(&remote, RTPSEC_RTCP, p, &n);
	memcpy(copy, p, n);
	copy[10] ^= 1;
	expect_drop(rtcp_from(&s, OUTSIDE, copy, n), DROP_MEDIA_AUTH);
	assert_int_equal(rtcp_to(&s, INSIDE, rtcp_from(&s, OUTSIDE, p, n), out), RTCP_LEN);
	expect_drop(rtcp_from(&s, OUTSIDE, p, n), DROP_MEDIA_REPLAY);
	n = rtcp(p, SSRC);
	p[35] = 0xff;
	p[31] = 9; // sealed by the remote, and still no RTCP
	peer_seal(&remote, RTPSEC_RTCP, p, &n);
	expect_drop(rtcp_from(&s, OUTSIDE, p, n), DROP_MEDIA_MALFORMED);
	for (uint32_t k = 0; k < 5; k++) { // sources, with that of the reports above
		m = rtcp(p, SSRC + 10 + k);
		peer_seal(&remote, RTPSEC_RTCP, p, &m);
		if (k < 3)
			assert_true(passes(rtcp_from(&s, OUTSIDE, p, m)));
		else
			expect_drop(rtcp_from(&s, OUTSIDE, p, m), DROP_MEDIA_SSRCS);
	}
	rtcp(p, SSRC + 20); // one more costs no look at its tag
	expect_drop(rtcp_from(&s, OUTSIDE, p, RTCP_LEN + 14), DROP_MEDIA_SSRCS);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_auth_failed, 1);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_replayed, 1);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_malformed, 1);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_many_sources, 3);
	peer_fini(&remote);
	del(0);
}

// RFC 3264 8.4: a hold silences RTP alone.
static void test_hold(void **state)
{
	struct dp_msg s = rtcp_msg();
	uint8_t p[256], out[256];

	s.media.leg[OUTSIDE].tx_allowed = s.media.leg[INSIDE].rx_allowed = false;
	send_ok(&s);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_DIRECTION);
	assert_true(rtcp_to(&s, OUTSIDE, rtcp_from(&s, INSIDE, p, rtcp(p, SSRC + 1)), out) > 0);
	del(0);
}

// RTCP follows its own authenticated packets, and RTP stays where it was.
static void test_latch(void **state)
{
	struct dp_msg s = rtcp_msg();
	struct dp_media_leg *o = &s.media.leg[OUTSIDE];
	struct endpoint elsewhere = ep("198.51.100.77", 4001);
	struct peer remote;
	uint8_t p[256] = {0}, out[256];
	size_t n;

	o->latch = true;
	send_ok(&s);
	peer_init(&remote, &s, OUTSIDE);
	n = rtcp(p, SSRC);
	expect_drop(frame(0, elsewhere, next(o->local), p, n + 14), DROP_MEDIA_SOURCE);
	peer_seal(&remote, RTPSEC_RTCP, p, &n);
	assert_true(passes(frame(0, elsewhere, next(o->local), p, n)));
	expect_drop(frame(0, o->remote_rtcp, next(o->local), p, n), DROP_MEDIA_REPLAY);
	rtcp(p, SSRC + 1);
	assert_true(
		relayed(rtcp_from(&s, INSIDE, p, RTCP_LEN), next(o->local), elsewhere, out) > 0);
	assert_true(relayed(rtp_from(&s, INSIDE, 1), o->local, o->remote, out) > 0);
	assert_false(leg_stats(0, OUTSIDE).latched);
	use_mux(o); // on RTP's port it follows RTP
	send_ok(&s);
	n = rtcp(p, SSRC);
	peer_seal(&remote, RTPSEC_RTCP, p, &n);
	expect_drop(frame(0, elsewhere, o->local, p, n), DROP_MEDIA_SOURCE);
	assert_true(passes(frame(0, o->remote, o->local, p, n)));
	peer_fini(&remote);
	del(0);
}

// tx_awaits_rx: RTP proves the address of RTCP if it is its own; else RTCP has to.
static void test_gate(void **state)
{
	struct dp_msg s = rtcp_msg();
	struct dp_media_leg *o = &s.media.leg[OUTSIDE];
	struct peer remote;
	uint8_t p[256];
	size_t n;

	o->tx_awaits_rx = true;
	send_ok(&s);
	peer_init(&remote, &s, OUTSIDE);
	expect_drop(rtcp_from(&s, INSIDE, p, rtcp(p, SSRC + 1)), DROP_MEDIA_WAITING);
	n = rtp(p, SSRC, 1);
	peer_seal(&remote, RTPSEC_RTP, p, &n);
	assert_true(passes(from(&s, OUTSIDE, p, n)));
	assert_true(passes(rtcp_from(&s, INSIDE, p, rtcp(p, SSRC + 1))));
	o->remote_rtcp = ep("198.51.100.200", 20001);
	send_ok(&s);
	n = rtp(p, SSRC, 2);
	peer_seal(&remote, RTPSEC_RTP, p, &n);
	assert_true(passes(from(&s, OUTSIDE, p, n)));
	expect_drop(rtcp_from(&s, INSIDE, p, rtcp(p, SSRC + 1)), DROP_MEDIA_WAITING);
	n = rtcp(p, SSRC);
	peer_seal(&remote, RTPSEC_RTCP, p, &n);
	assert_true(passes(rtcp_from(&s, OUTSIDE, p, n)));
	assert_true(passes(rtcp_from(&s, INSIDE, p, rtcp(p, SSRC + 1))));
	assert_int_equal(leg_stats(0, OUTSIDE).tx_waiting, 2);
	peer_fini(&remote);
	del(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_relayed),
		MEDIA_TEST(test_mixed),
		MEDIA_TEST(test_rtp4_dropped),
		MEDIA_TEST(test_checksum),
		MEDIA_TEST(test_forged),
		MEDIA_TEST(test_hold),
		MEDIA_TEST(test_latch),
		MEDIA_TEST(test_gate),
	};
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
