// SPDX-License-Identifier: BSD-3-Clause
// What keeps strangers out of a call: source, latch, gate, replay, floods; and keys that end.
#include "dp/rtpsec_state.h" // first: a local name there is a global one in the next

#include "test/dp/media_env.h"

#include "dp/media_state.h"
#include "lib/rtp.h"

#define FLOOD 100000

static struct endpoint elsewhere(void)
{
	return ep("198.51.100.77", 4000);
}

// SRTP of the remote of the outside leg, sent from `src`.
static struct rte_mbuf *sealed(
	const struct dp_msg *s, struct peer *p, struct endpoint src, uint16_t seq)
{
	uint8_t pkt[256];
	size_t n = rtp(pkt, SSRC, seq);

	peer_seal(p, RTPSEC_RTP, pkt, &n);
	return frame(0, src, s->media.leg[OUTSIDE].local, pkt, n);
}

static struct rte_mbuf *forged(const struct dp_msg *s, struct endpoint src, uint16_t seq)
{
	uint8_t pkt[256] = {0};

	return frame(0, src, s->media.leg[OUTSIDE].local, pkt, rtp(pkt, SSRC, seq) + 10);
}

static struct rte_mbuf *copy_from(struct rte_mbuf *m, struct endpoint src)
{
	struct pkt *p = pkt_of(m);

	return frame(p->iface_in, src, p->flow.dst, pkt_payload(m), p->payload_len);
}

static bool sends_to(const struct dp_msg *s, struct endpoint remote, uint16_t seq)
{
	uint8_t out[256];

	return relayed(rtp_from(s, INSIDE, seq), s->media.leg[OUTSIDE].local, remote, out) > 0;
}

// ---- Latch -------------------------------------------------------------------------------------

static struct dp_msg latch_msg(struct peer *p)
{
	struct dp_msg s = stream_msg(0);

	s.media.leg[OUTSIDE].latch = true;
	send_ok(&s);
	peer_init(p, &s, OUTSIDE);
	return s;
}

// RTP-1: only what is authentic, new and newest moves the remote.
static void test_rtp1_latch(void **state)
{
	struct peer p;
	struct dp_msg s = latch_msg(&p);
	const struct endpoint home = s.media.leg[OUTSIDE].remote, away = elsewhere();
	struct rte_mbuf *m = sealed(&s, &p, home, 10), *again = copy_from(m, away), *late;

	assert_true(passes(m));
	expect_drop(forged(&s, away, 11), DROP_MEDIA_SOURCE);
	expect_drop(again, DROP_MEDIA_REPLAY);
	assert_true(sends_to(&s, home, 1));
	assert_false(leg_stats(0, OUTSIDE).latched);
	late = sealed(&s, &p, home, 12);
	assert_true(passes(sealed(&s, &p, away, 13)));
	assert_true(sends_to(&s, away, 2));
	assert_true(passes(late)); // the old place's last word
	assert_true(sends_to(&s, away, 3));
	assert_true(leg_stats(0, OUTSIDE).latched);
	assert_true(endpoint_eq(&(struct endpoint[]){leg_stats(0, OUTSIDE).remote}[0], &away));
	expect_drop(forged(&s, home, 14), DROP_MEDIA_SOURCE);
	expect_drop(forged(&s, away, 14), DROP_MEDIA_AUTH);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_bad_source, 2);
	assert_int_equal(leg_stats(0, OUTSIDE).rx_auth_failed, 1);
	assert_int_equal(grown(COUNT_MEDIA_LATCHED), 1);
	peer_fini(&p);
	del(0);
}

// All of it in one burst, in order of arrival.
static void test_latch_burst(void **state)
{
	struct peer p;
	struct dp_msg s = latch_msg(&p);
	const struct endpoint home = s.media.leg[OUTSIDE].remote, away = elsewhere(),
			      third = ep("198.51.100.78", 9);
	struct pkts v = {.n = 0};
	struct rte_mbuf *m[3];

	for (uint16_t i = 0; i < 3; i++)
		m[i] = sealed(&s, &p, i == 1 ? away : home, 20 + i);
	pkts_add(&v, m[0]);
	pkts_add(&v, forged(&s, third, 23));
	pkts_add(&v, copy_from(m[0], third));
	pkts_add(&v, m[1]);
	pkts_add(&v, forged(&s, home, 23));
	pkts_add(&v, copy_from(m[1], third));
	media_stage(&w, &v);
	assert_int_equal(v.n, 2);
	rte_pktmbuf_free_bulk(v.m, v.n);
	assert_int_equal(grown(DROP_MEDIA_SOURCE), 2); // nobody at home either, by now
	assert_int_equal(grown(DROP_MEDIA_REPLAY), 2);
	assert_true(sends_to(&s, away, 1));
	assert_true(passes(m[2]));
	assert_true(sends_to(&s, home, 2));
	peer_fini(&p);
	del(0);
}

// A MEDIA_SET that changes neither remote nor key leaves it where it is; others do not.
static void test_latch_and_settings(void **state)
{
	struct peer p;
	struct dp_msg s = latch_msg(&p);
	struct dp_media_leg *o = &s.media.leg[OUTSIDE];
	struct endpoint away = elsewhere();

	assert_true(passes(sealed(&s, &p, away, 1)));
	s.media.leg[INSIDE].remote.port += 2;
	send_ok(&s);
	assert_true(sends_to(&s, away, 1));
	assert_true(leg_stats(0, OUTSIDE).latched);
	o->latch = false;
	send_ok(&s);
	assert_true(sends_to(&s, o->remote, 2));
	assert_false(leg_stats(0, OUTSIDE).latched);
	expect_drop(sealed(&s, &p, away, 2), DROP_MEDIA_SOURCE);
	o->latch = true;
	send_ok(&s);
	assert_true(passes(sealed(&s, &p, away, 3)));
	o->remote.port = 20100;
	send_ok(&s);
	assert_true(sends_to(&s, o->remote, 3));
	assert_true(passes(sealed(&s, &p, away, 4)));
	assert_true(sends_to(&s, away, 4));
	peer_fini(&p);
	key_fill(o->rx_key, 90);
	send_ok(&s);
	assert_true(sends_to(&s, o->remote, 5));
	o->remote.port = 0; // nobody may speak, so nobody may move it
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	expect_drop(sealed(&s, &p, away, 5), DROP_MEDIA_SOURCE);
	peer_fini(&p);
	del(0);
}

static void test_rtp1_no_latch(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct peer p;

	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	expect_drop(sealed(&s, &p, elsewhere(), 1), DROP_MEDIA_SOURCE);
	assert_true(sends_to(&s, s.media.leg[OUTSIDE].remote, 1));
	peer_fini(&p);
	del(0);
}

// ---- Gate --------------------------------------------------------------------------------------

// tx_awaits_rx.
static void test_gate(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct dp_media_leg *o = &s.media.leg[OUTSIDE];
	struct rte_mbuf *m, *again;
	struct peer p;

	o->tx_awaits_rx = true;
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_WAITING);
	expect_drop(forged(&s, o->remote, 1), DROP_MEDIA_AUTH);
	expect_drop(sealed(&s, &p, elsewhere(), 2), DROP_MEDIA_SOURCE);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_WAITING);
	m = sealed(&s, &p, o->remote, 3);
	again = copy_from(m, o->remote);
	assert_true(passes(m));
	assert_true(sends_to(&s, o->remote, 3));
	send_ok(&s); // nothing has changed
	assert_true(sends_to(&s, o->remote, 4));
	o->tx_awaits_rx = false;
	send_ok(&s);
	o->tx_awaits_rx = true;
	send_ok(&s);
	assert_true(sends_to(&s, o->remote, 5)); // what was shown stays shown
	o->remote.port += 2;
	send_ok(&s);
	expect_drop(rtp_from(&s, INSIDE, 6), DROP_MEDIA_WAITING);
	expect_drop(copy_from(again, o->remote), DROP_MEDIA_REPLAY);
	expect_drop(rtp_from(&s, INSIDE, 7), DROP_MEDIA_WAITING);
	rte_pktmbuf_free(again);
	assert_true(passes(sealed(&s, &p, o->remote, 4)));
	assert_true(sends_to(&s, o->remote, 8));
	peer_fini(&p);
	key_fill(o->rx_key, 91);
	send_ok(&s);
	expect_drop(rtp_from(&s, INSIDE, 9), DROP_MEDIA_WAITING);
	o->tx_awaits_rx = false;
	send_ok(&s);
	assert_true(sends_to(&s, o->remote, 10));
	assert_int_equal(leg_stats(0, OUTSIDE).tx_waiting, 5);
	assert_int_equal(leg_stats(0, INSIDE).rx_packets, 10);
	del(0);
}

// With a latch the gate opens to where the remote is.
static void test_gate_and_latch(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct peer p;

	s.media.leg[OUTSIDE].tx_awaits_rx = s.media.leg[OUTSIDE].latch = true;
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	expect_drop(forged(&s, elsewhere(), 1), DROP_MEDIA_SOURCE);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_WAITING);
	assert_true(passes(sealed(&s, &p, elsewhere(), 1)));
	assert_true(sends_to(&s, elsewhere(), 2));
	peer_fini(&p);
	del(0);
}

// Where no host is, nothing is sent.
static void test_no_host(void **state)
{
	static const char *const no_host[] = {
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "239.255.0.1", "255.255.255.255"};
	struct dp_msg s = stream_msg(0);

	for (unsigned int i = 0; i < sizeof(no_host) / sizeof(no_host[0]); i++) {
		s.media.leg[OUTSIDE].remote = ep(no_host[i], 4000);
		send_ok(&s);
		expect_drop(rtp_from(&s, INSIDE, (uint16_t)i), DROP_MEDIA_DIRECTION);
	}
	del(0);
}

// ---- Floods ------------------------------------------------------------------------------------

// Forged packets from the right place and from others, amid a good stream: each good one passes,
// and what is known of the stream is as if nothing had come.
static void flood(bool latch)
{
	struct dp_msg s = stream_msg(0);
	struct dp_media_leg *o = &s.media.leg[OUTSIDE];
	struct dp_leg_stats st;
	unsigned int sent = 0, good = 0;
	struct peer p;

	o->latch = latch;
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	srand(3);
	for (w.now_ns = UINT64_C(5000000000); sent < FLOOD; w.now_ns += FRAME_STEP) {
		struct pkts v = {.n = 0};
		unsigned int at = (unsigned int)rand() % 32;

		for (unsigned int i = 0; i < 32; i++, sent++)
			pkts_add(&v,
				i == at ? sealed(&s, &p, o->remote, (uint16_t)good)
					: forged(&s, i % 4 ? o->remote : elsewhere(),
						  (uint16_t)rand()));
		media_stage(&w, &v);
		good++;
		assert_int_equal(v.n, 1);
		rte_pktmbuf_free_bulk(v.m, v.n);
		rte_pktmbuf_free_bulk(w.dropped.m, w.dropped.n);
		w.dropped.n = 0;
		if (good % 64 == 0)
			assert_true(sends_to(&s, o->remote, (uint16_t)good));
	}
	st = leg_stats(0, OUTSIDE);
	assert_int_equal(st.rx_packets, good);
	assert_int_equal(st.rx_octets, good * (RTP_LEN + 10));
	assert_int_equal(st.rx_lost, 0);
	assert_int_equal(st.jitter_us, 0);
	assert_true(st.rx_auth_failed > 0 && st.rx_bad_source > 0);
	// Some have an index that is old news: no tag is needed to say so.
	assert_int_equal(
		st.rx_auth_failed + st.rx_bad_source + st.rx_replayed + st.rx_late, sent - good);
	assert_false(st.latched);
	peer_fini(&p);
	del(0);
}

static void test_flood(void **state)
{
	flood(false);
}

static void test_flood_latch(void **state)
{
	flood(true);
}

// ---- Keys --------------------------------------------------------------------------------------

static void expect_key_of(bool tx, bool used_up)
{
	assert_int_equal(n_up, 1);
	assert_int_equal(up[0].type, DP_MSG_MEDIA_KEY);
	assert_int_equal(up[0].key.stream, 7);
	assert_int_equal(up[0].key.leg, OUTSIDE);
	assert_int_equal(up[0].key.tx, tx);
	assert_int_equal(up[0].key.used_up, used_up);
	n_up = 0;
}

static void expect_key(bool used_up)
{
	expect_key_of(false, used_up);
}

// 4.3: a lifetime of 64 packets, said once when 4 are left and once when none is.
static void test_lifetime(void **state)
{
	struct dp_msg s = stream_msg(7);
	struct dp_media_leg *o = &s.media.leg[OUTSIDE];
	struct peer p;

	o->rx_lifetime = 64;
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	for (uint16_t i = 0; i < 70; i++) {
		if (i == 30 || i == 61)
			send_ok(&s); // the same key: the count goes on, and nothing is said again
		if (i < 64) {
			assert_true(passes(sealed(&s, &p, o->remote, i)));
		} else {
			up_full = i == 64; // what cannot be said now is said with the next packet
			expect_drop(sealed(&s, &p, o->remote, i), DROP_MEDIA_KEY_USED_UP);
			up_full = false;
		}
		if (i == 59 || i == 65)
			expect_key(i == 65);
		assert_int_equal(n_up, 0);
	}
	assert_int_equal(leg_stats(7, OUTSIDE).rx_packets, 64);
	peer_fini(&p);
	key_fill(o->rx_key, 92);
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	for (uint16_t i = 0; i < 61; i++)
		assert_true(passes(sealed(&s, &p, o->remote, i)));
	expect_key(false);
	o->rx_lifetime = UINT64_C(1) << 48; // more than is ever used: as long as is safe
	send_ok(&s);
	assert_true(passes(sealed(&s, &p, o->remote, 61)));
	assert_int_equal(n_up, 0);
	peer_fini(&p);
	del(7);
}

// The key that we send with is safe for longer than a test can wait.
static void spend_tx_key(uint64_t left)
{
	uint64_t negotiated[2];

	media_ctl_stream(7, negotiated)->flow[INSIDE].tx->left = left;
}

static void test_tx_lifetime(void **state)
{
	struct dp_msg s = stream_msg(7);
	uint16_t seq = 0;

	send_ok(&s);
	for (unsigned int lap = 0; lap < 2; lap++) {
		spend_tx_key(3);
		for (unsigned int i = 0; i < 3; i++) {
			assert_true(sends_to(&s, s.media.leg[OUTSIDE].remote, seq++));
			if (i == 0)
				expect_key_of(true, false);
			assert_int_equal(n_up, 0);
		}
		expect_drop(rtp_from(&s, INSIDE, seq++), DROP_MEDIA_KEY_USED_UP);
		expect_key_of(true, true);
		expect_drop(rtp_from(&s, INSIDE, seq++), DROP_MEDIA_KEY_USED_UP);
		assert_int_equal(n_up, 0);
		key_fill(s.media.leg[OUTSIDE].tx_key, 93); // of the new key all is said anew
		send_ok(&s);
	}
	del(7);
}

// SRTCP's index ends before RTP's (RFC 3711 9.2): warned of, and ended, as that is.
static void test_tx_rtcp_lifetime(void **state)
{
	struct dp_msg s = stream_msg(7);
	uint64_t negotiated[2];
	uint8_t p[RTCP_LEN];

	s.media.rtcp = s.media.leg[OUTSIDE].rtcp_mux = s.media.leg[INSIDE].rtcp_mux = true;
	send_ok(&s);
	for (unsigned int lap = 0; lap < 2; lap++) {
		struct rtpsec *tx = media_ctl_stream(7, negotiated)->flow[INSIDE].tx;
		const struct rtpsec_suite *suite = &rtpsec_suites[s.media.leg[OUTSIDE].suite];

		assert_true(passes(from(&s, INSIDE, p, rtcp(p, SSRC + INSIDE))));
		assert_int_equal(n_up, 0);
		rtpsec_tail(tx, suite)->rtcp.next = RTPSEC_RTCP_LIFETIME_MAX - 3;
		send_ok(&s); // has the next packet ask how much is left
		for (unsigned int i = 0; i < 3; i++) {
			assert_true(passes(from(&s, INSIDE, p, rtcp(p, SSRC + INSIDE))));
			if (i == 0)
				expect_key_of(true, false);
			assert_int_equal(n_up, 0);
		}
		for (unsigned int i = 0; i < 2; i++) {
			expect_drop(from(&s, INSIDE, p, rtcp(p, SSRC + INSIDE)),
				DROP_MEDIA_KEY_USED_UP);
			if (i == 0)
				expect_key_of(true, true);
			assert_int_equal(n_up, 0);
		}
		key_fill(s.media.leg[OUTSIDE].tx_key, 95); // of the new key all is said anew
		send_ok(&s);
	}
	del(7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_rtp1_latch),
		MEDIA_TEST(test_latch_burst),
		MEDIA_TEST(test_latch_and_settings),
		MEDIA_TEST(test_rtp1_no_latch),
		MEDIA_TEST(test_gate),
		MEDIA_TEST(test_gate_and_latch),
		MEDIA_TEST(test_no_host),
		MEDIA_TEST(test_flood),
		MEDIA_TEST(test_flood_latch),
		MEDIA_TEST(test_lifetime),
		MEDIA_TEST(test_tx_lifetime),
		MEDIA_TEST(test_tx_rtcp_lifetime),
	};
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
