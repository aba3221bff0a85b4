// SPDX-License-Identifier: BSD-3-Clause
// What the relay measures of streams from the Internet: whose packets count, when they are judged,
// and what a new setting begins anew. What a figure means is test/unit/test_rma.c's subject.
#include "test/dp/media_env.h"

#include "dp/snapshot.h"

#define LEVEL    3
#define TIMER_MS 100

static struct snapshot rules;

static struct dp_msg monitored(uint8_t level)
{
	struct dp_msg s = stream_msg(0);

	s.media.monitor = (struct dp_monitor){.on = true, .level = level, .event_pt = 101};
	return s;
}

static struct rma_counters quality(void)
{
	struct rma_counters c;

	assert_int_equal(dp_media_quality(0, &c), 0);
	return c;
}

static void ask(void)
{
	const struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_TICK};

	send_ok(&m);
}

// The remote of the outside leg, a frame every 20 ms.
struct talk {
	struct dp_msg s;
	struct peer p;
	uint16_t seq;
};

static void talk_start(struct talk *t, uint8_t level)
{
	*t = (struct talk){.s = monitored(level)};
	send_ok(&t->s);
	peer_init(&t->p, &t->s, OUTSIDE);
}

static void talk_end(struct talk *t)
{
	peer_fini(&t->p);
	del(0);
}

static struct rte_mbuf *next(struct talk *t)
{
	uint8_t pkt[256];
	size_t n = rtp(pkt, SSRC, t->seq++);

	peer_seal(&t->p, RTPSEC_RTP, pkt, &n);
	w.now_ns += FRAME_STEP;
	return from(&t->s, OUTSIDE, pkt, n);
}

// Of each ten frames the first `lost` do not come.
static void say(struct talk *t, unsigned int frames, unsigned int lost)
{
	for (unsigned int i = 0; i < frames; i++) {
		struct rte_mbuf *m = next(t);

		if (i % 10 < lost)
			rte_pktmbuf_free(m);
		else
			assert_true(passes(m));
	}
}

static void test_judged(void **state)
{
	struct rma_counters c;
	struct talk t;

	talk_start(&t, LEVEL);
	say(&t, 100, 0);
	c = quality();
	assert_int_equal(c.sum_all_packets, 96); // RMA-1
	assert_int_equal(c.ptime_ms, 20);
	assert_false(c.bad);
	assert_in_range(c.judged_us, 1800000, 2000000);
	assert_int_equal(c.bad_us, 0);
	assert_int_equal(c.max_call_interval_ms, TIMER_MS);
	say(&t, 100, 5);
	c = quality();
	assert_true(c.bad);
	assert_in_range(c.bad_us, 1000000, 2000000);
	assert_true(c.rblr_pct_x100 > 1000);
	talk_end(&t);
}

// FB-4: level 0 is measured all the same. A new level counts at once.
static void test_level_0(void **state)
{
	struct talk t;

	talk_start(&t, 0);
	say(&t, 100, 5);
	assert_true(quality().rblr_pct_x100 > 3000);
	assert_false(quality().bad);
	t.s.media.monitor.level = LEVEL;
	send_ok(&t.s);
	say(&t, 10, 0);
	assert_true(quality().bad);
	assert_true(quality().rblr_pct_x100 > 3000);
	talk_end(&t);
}

// Neither a forged packet, nor a stranger's, nor a copy, nor one from the inside moves anything.
static void test_only_authentic(void **state)
{
	const struct endpoint stranger = ep("198.51.100.77", 4000);
	struct rma_counters before, after;
	uint8_t pkt[256] = {0};
	struct rte_mbuf *m;
	struct talk t;

	talk_start(&t, LEVEL);
	say(&t, 100, 0);
	m = next(&t);
	assert_true(passes(frame(0, t.s.media.leg[OUTSIDE].remote, t.s.media.leg[OUTSIDE].local,
		pkt_payload(m), pkt_of(m)->payload_len)));
	before = quality();
	expect_drop(m, DROP_MEDIA_REPLAY);
	for (unsigned int i = 0; i < 100; i++) {
		size_t n = rtp(pkt, SSRC, (uint16_t)(t.seq + 7 * i)) + 10;

		expect_drop(from(&t.s, OUTSIDE, pkt, n), DROP_MEDIA_AUTH);
		expect_drop(frame(0, stranger, t.s.media.leg[OUTSIDE].local, pkt, n),
			DROP_MEDIA_SOURCE);
		assert_true(passes(rtp_from(&t.s, INSIDE, (uint16_t)(7 * i))));
	}
	after = quality();
	// There is padding before the times.
	assert_memory_equal(&before, &after, offsetof(struct rma_counters, bad) + sizeof(bool));
	assert_int_equal(before.judged_us, after.judged_us);
	assert_int_equal(before.bad_us, after.bad_us);
	talk_end(&t);
}

// RMA-5: a stall is loss when somebody asks; a hold is not.
static void test_stall_and_hold(void **state)
{
	struct talk t;

	talk_start(&t, LEVEL);
	say(&t, 100, 0);
	w.now_ns += 1900000000;
	ask();
	assert_false(quality().bad);
	w.now_ns += 1100000000;
	ask();
	assert_true(quality().bad);
	assert_int_equal(quality().bls_ms, 3000);
	assert_in_range(quality().bad_us, 1000000, 1200000);
	t.s.media.leg[OUTSIDE].rx_allowed = false;
	send_ok(&t.s);
	w.now_ns += 5000000000;
	ask();
	assert_false(quality().bad);
	t.s.media.leg[OUTSIDE].rx_allowed = true;
	send_ok(&t.s);
	w.now_ns += 1000000000;
	ask();
	assert_int_equal(quality().max_call_interval_ms, 1900);
	assert_in_range(quality().judged_us, 0, 6000000);
	talk_end(&t);
}

// The remote's hold: its music is not measured, and that it sends none is no stall.
static void test_rma5_remote_hold(void **state)
{
	struct talk t;

	talk_start(&t, LEVEL);
	say(&t, 100, 0);
	t.s.media.monitor.hold = true;
	send_ok(&t.s);
	say(&t, 50, 5);
	w.now_ns += 5000000000;
	ask();
	assert_false(quality().bad);
	assert_int_equal(quality().sum_all_packets, 96);
	t.s.media.monitor.hold = false;
	send_ok(&t.s);
	say(&t, 50, 0);
	assert_false(quality().bad);
	assert_true(quality().sum_all_packets > 96);
	talk_end(&t);
}

// What the same remote goes on to send is the same stream; another remote's is not.
static void test_settings(void **state)
{
	struct talk t;

	talk_start(&t, LEVEL);
	say(&t, 50, 0);
	t.s.media.leg[INSIDE].remote.port += 2;
	send_ok(&t.s);
	say(&t, 50, 0);
	assert_int_equal(quality().sum_all_packets, 96);
	t.s.media.leg[OUTSIDE].remote.port += 2;
	send_ok(&t.s);
	assert_int_equal(quality().sum_all_packets, 0);
	say(&t, 50, 0);
	assert_int_equal(quality().sum_all_packets, 46);
	t.s.media.clock_hz = 16000;
	send_ok(&t.s);
	assert_int_equal(quality().sum_all_packets, 0);
	talk_end(&t);
}

static struct endpoint above(struct endpoint e)
{
	e.port++;
	return e;
}

// An SR or an RR of `leg`, and what of it is known afterwards. The block reports 25 % lost, and the SR
// 0x7e804000, kept for 1.5 s.
static struct rte_mbuf *report_of(struct talk *t, unsigned int leg, bool sr)
{
	uint8_t p[128] = {0x81, 201, 0, 7};
	static const uint8_t info[20] = {0x83, 0xaa, 0x7e, 0x80, 0x40},
			     block[24] = {
				     0, 0, 0, 0, 64, [16] = 0x7e, 0x80, 0x40, 0, 0, 1, 0x80, 0};
	const struct dp_media_leg *l = &t->s.media.leg[leg];
	size_t n = 8;

	p[7] = (uint8_t)(leg + 1); // SSRC
	if (sr) {
		p[1] = 200;
		p[3] = 12;
		memcpy(p + n, info, sizeof(info));
		n += sizeof(info);
	}
	memcpy(p + n, block, sizeof(block));
	n += sizeof(block);
	if (leg == OUTSIDE)
		peer_seal(&t->p, RTPSEC_RTCP, p, &n);
	return frame(l->iface, l->remote_rtcp, above(l->local), p, n);
}

// What both sides say of what they hear; the way to the one outside and back takes 120 ms.
static void test_reports(void **state)
{
	struct talk t = {.s = monitored(LEVEL)};
	struct dp_leg_stats st;
	struct rte_mbuf *m;

	t.s.media.rtcp = true;
	for (unsigned int i = 0; i < 2; i++)
		t.s.media.leg[i].remote_rtcp = above(t.s.media.leg[i].remote);
	send_ok(&t.s);
	peer_init(&t.p, &t.s, OUTSIDE);
	assert_int_equal(leg_stats(0, OUTSIDE).report_ns, 0);
	assert_true(passes(report_of(&t, INSIDE, true)));
	assert_true(leg_stats(0, INSIDE).report.sent);
	w.now_ns += 1620000000;
	m = report_of(&t, OUTSIDE, false);
	pkt_payload(m)[10] ^= 1;
	expect_drop(m, DROP_MEDIA_AUTH);
	assert_int_equal(leg_stats(0, OUTSIDE).report_ns, 0);
	assert_true(passes(report_of(&t, OUTSIDE, false)));
	st = leg_stats(0, OUTSIDE);
	assert_int_equal(st.report_ns, w.now_ns);
	assert_int_equal(st.report.fraction_lost, 64);
	assert_int_equal(st.round_trip_us, 120000);
	assert_int_equal(leg_stats(0, INSIDE).round_trip_us, 0);
	talk_end(&t);
}

static void test_not_monitored(void **state)
{
	struct rma_counters c;
	struct dp_msg s = stream_msg(0), down;
	unsigned int owner;

	send_ok(&s);
	assert_int_equal(dp_media_quality(0, &c), -ENOENT);
	ask(); // harmless
	del(0);
	assert_int_equal(dp_media_quality(0, &c), -ENOENT);
	s = monitored(LEVEL);
	send_ok(&s);
	assert_int_equal(dp_media_quality(0, &c), 0);
	del(0);
	assert_int_equal(media_ctl_send(&s, &down, &owner), 0);
	assert_int_equal(dp_media_quality(0, &c), -ENOENT); // until the worker knows
	media_msg(&w, &down);
	assert_int_equal(dp_media_quality(0, &c), 0);
	del(0);
	s.media.monitor.level = RMA_LEVELS;
	assert_int_equal(media_ctl_send(&s, &down, &owner), -EINVAL);
}

static int start(void **state)
{
	rules.quality = (struct dp_quality){.table = rma_table_default, .timer_ms = TIMER_MS};
	w.snap = &rules;
	w.now_ns = 1000000000;
	return media_env_start(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_judged),
		MEDIA_TEST(test_level_0),
		MEDIA_TEST(test_only_authentic),
		MEDIA_TEST(test_stall_and_hold),
		MEDIA_TEST(test_rma5_remote_hold),
		MEDIA_TEST(test_settings),
		MEDIA_TEST(test_reports),
		MEDIA_TEST(test_not_monitored),
	};

	return cmocka_run_group_tests(tests, start, media_env_stop);
}
