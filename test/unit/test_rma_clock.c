// SPDX-License-Identifier: BSD-3-Clause
// RTP monitoring when the clock or the source is not that of a plain stream: silence, drift, longer
// ways, resets, events, holds, other frames.
#include "test/unit/rma_line.h"

// RMA-4: with contiguous numbers no gap in time is a loss, whether timestamps go on or stand still.
static void test_rma4_silence(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	line_send(&l, SECOND);
	for (unsigned int i = 1; i <= 5; i++) {
		l.at_ns += i * 500 * MS;
		l.ts += i * 25 * FRAME;
		line_send(&l, SECOND);
	}
	c = line_counters(&l);
	assert_int_equal(l.m.bad, 0);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(c.total_sec, 6 + 7); // 13.5 of media, the last frames open
	assert_int_equal(c.concealed_sec, 0);
	assert_int_equal(c.ptime_ms, 20);
	l.at_ns +=
		700 * MS; // a sender whose timestamps do not know of the silence, but marks its end
	line_arrive(&l, l.seq, l.ts, 0, true);
	line_pass(&l, 1);
	line_send(&l, SECOND);
	c = line_counters(&l);
	assert_int_equal(l.m.bad, 0);
	assert_int_equal(c.max_pdv_us, 700000);
	l.at_ns += 100 * MS; // the mark of a frame in time moves no reference
	l.ts += 5 * FRAME;
	line_arrive(&l, l.seq, l.ts, 0, true);
	line_pass(&l, 1);
	line_play(&l, "...s...............");
	assert_int_equal(l.m.bad, 1);
}

// A clock of 8 kHz that is wrong by 200 ppm for an hour: the reference follows.
static void test_drift(void **state)
{
	static const int64_t ppm[] = {200, -200};

	for (size_t i = 0; i < 2; i++) {
		struct rma_counters c;
		struct line l;

		line_open(&l, 0, 0);
		for (unsigned int k = 0; k < 3600 * SECOND; k++) {
			line_send(&l, 1);
			l.at_ns = (uint64_t)((int64_t)l.at_ns + 20 * ppm[i]);
		}
		c = line_counters(&l);
		assert_int_equal(c.sum_all_packets, 180000);
		assert_int_equal(c.max_rblr_pct_x100, 0);
		assert_int_equal(c.concealed_sec, 0);
		assert_in_range(c.max_pdv_us, 4, 5);
		assert_int_equal(c.total_sec, 3599);
	}
}

// Another route: a second or so is late, as a phone's playout would have it, and no more. A call of the
// default sensitivity is bad for as long as that stays in the window.
static void test_longer_way(void **state)
{
	unsigned int bad = 0;
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	line_send(&l, 10 * SECOND);
	l.at_ns += 150 * MS;
	for (unsigned int i = 0; i < 20 * SECOND; i++) {
		line_send(&l, 1);
		bad += rma_judge(&l.m, &l.t, 3, l.at_ns);
	}
	rma_read(&l.m, &c);
	assert_int_equal(c.max_bls_ms, 63 * 20);
	assert_int_equal(c.discarded_frames, 63);
	assert_int_equal(c.rblr_pct_x100, 0);
	assert_in_range(bad, 7 * SECOND, 9 * SECOND);
	l.at_ns -= 100 * MS; // and back
	line_send(&l, 2 * SECOND);
	assert_int_equal(line_counters(&l).discarded_frames, 63);
}

// Of a transit that always grows each slot has a least of its own, more than are kept; what is forgotten
// makes the reference no older than by a second.
static void test_rma2_reference_of_drift(void **state)
{
	static const unsigned int us_a_frame[] = {4, 40, 120}; // never late by it

	for (size_t i = 0; i < sizeof(us_a_frame) / sizeof(us_a_frame[0]); i++) {
		struct line l;

		line_open(&l, 0, 0);
		for (unsigned int k = 0; k < 60 * SECOND; k++) {
			line_send(&l, 1);
			l.at_ns += us_a_frame[i] * UINT64_C(1000);
			if (k < 9 * SECOND)
				continue;
			assert_in_range(l.m.transit_us - l.m.least_us,
				(8 * SECOND - 10) * us_a_frame[i], 9 * SECOND * us_a_frame[i]);
		}
	}
}

// Another source, and the same one far off: a reset each, after probation, and no loss.
static void test_resets(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 1000, 0);
	line_send(&l, SECOND);
	l.ssrc = 2;
	l.seq = 40000;
	l.ts = 77;
	line_send(&l, SECOND);
	assert_int_equal(line_counters(&l).seq_resets, 1);
	l.seq = (uint16_t)(l.seq + 3000);
	l.ts = 0x80000000;
	line_send(&l, SECOND);
	assert_int_equal(line_counters(&l).seq_resets, 2);
	l.seq = (uint16_t)(l.seq - 200); // backwards
	line_send(&l, SECOND);
	c = line_counters(&l);
	assert_int_equal(c.seq_resets, 3);
	assert_int_equal(c.sum_all_packets, 4 * SECOND - 3 * 4);
	assert_int_equal(c.max_bls_ms, 0);
	assert_int_equal(c.max_rblr_pct_x100, 0);
	assert_int_equal(c.concealed_sec, 0);
	// Strays that never make four in a row move nothing.
	for (uint16_t i = 0; i < 30; i++) {
		line_arrive(&l, (uint16_t)(l.seq + 20000 + 2 * i), 5, 0, false);
		line_send(&l, 1);
	}
	c = line_counters(&l);
	assert_int_equal(c.seq_resets, 3);
	assert_int_equal(c.sum_all_packets, 4 * SECOND - 3 * 4 + 30);
	assert_int_equal(c.max_bls_ms, 0);
}

// RMA-1: what was sent before the run is not counted, even if it comes after its first packets.
static void test_rma1_before_run(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	line_send(&l, 2);
	for (uint16_t behind = 4; behind < 70; behind++)
		line_arrive(&l, (uint16_t)(l.seq - behind), l.ts - behind * FRAME, 0, false);
	line_send(&l, SECOND);
	c = line_counters(&l);
	assert_int_equal(c.sum_all_packets, SECOND + 2);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(c.discarded_frames, 0);
	assert_int_equal(c.expected_frames, SECOND + 2 - l.m.lag);
}

// The same source and numbers, but another clock: a new reference, no jitter, no silence of days.
static void test_clock_restart(void **state)
{
	static const uint32_t leap[] = {0x40000000, 0xc0000000, 11 * 8000, UINT32_MAX - 11 * 8000};

	for (size_t i = 0; i < sizeof(leap) / sizeof(leap[0]); i++) {
		struct rma_counters c;
		struct line l;

		line_open(&l, 0, 0);
		line_send(&l, SECOND);
		l.ts += leap[i];
		line_send(&l, SECOND + 4);
		c = line_counters(&l);
		assert_int_equal(c.max_pdv_us, 0);
		assert_int_equal(c.max_rblr_pct_x100, 0);
		assert_int_equal(c.total_sec, 2);
	}
}

// RMA-6: a digit of 200 ms, whose packets bear the timestamp of its beginning.
static void test_rma6_events(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	for (unsigned int digit = 0; digit < 10; digit++) {
		uint32_t ts;

		line_send(&l, SECOND - 10);
		ts = l.ts;
		for (unsigned int i = 0; i < 10; i++) {
			line_arrive(&l, l.seq, ts, EVENT_PT, i == 0);
			line_pass(&l, 1);
		}
	}
	line_send(&l, 4);
	c = line_counters(&l);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(l.m.bad, 0);
	assert_int_equal(c.total_sec, 10);
	assert_int_equal(c.ptime_ms, 20);
	assert_int_equal(c.sum_all_packets, 10 * SECOND + 4);
	// A lost one is lost.
	line_arrive(&l, l.seq, l.ts, EVENT_PT, true);
	line_pass(&l, 3);
	line_arrive(&l, l.seq, l.ts - 3 * FRAME, EVENT_PT, false);
	line_pass(&l, 1);
	line_send(&l, 4);
	assert_int_equal(l.m.bad, 2);
	assert_int_equal(line_counters(&l).max_pdv_us, 0);
	// A stream that begins within a digit has no clock before its first speech.
	l = (struct line){.t = rma_table_default, .ssrc = 1, .seq = 9, .at_ns = START};
	rma_init(&l.m, 8000, EVENT_PT, START);
	for (unsigned int i = 0; i < 10; i++) {
		line_arrive(&l, l.seq, 0, EVENT_PT, i == 0);
		line_pass(&l, 1);
	}
	line_send(&l, SECOND);
	c = line_counters(&l);
	assert_int_equal(c.sum_all_packets, SECOND + 6);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(l.m.bad, 0);
}

static void test_rma5_hold(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	line_send(&l, SECOND);
	rma_hold(&l.m, &l.t);
	line_send(&l, SECOND); // a tail, or music that nobody announced
	l.at_ns += 60000 * MS;
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	c = line_counters(&l);
	assert_int_equal(c.sum_all_packets, SECOND);
	assert_int_equal(c.max_bls_ms, 0);
	rma_resume(&l.m, l.at_ns);
	l.seq = (uint16_t)(l.seq + 3100);
	line_send(&l, SECOND);
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	c = line_counters(&l);
	assert_int_equal(c.sum_all_packets, 2 * SECOND - 4);
	assert_int_equal(c.seq_resets, 0); // it is known why
	assert_int_equal(c.max_bls_ms, 0);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(c.max_call_interval_ms, 1000);
}

// Clocks and frames of the usual codecs. The frame is learnt; a steady pace of comfort noise is not
// taken for one.
static void test_ptime(void **state)
{
	static const struct {
		uint32_t clock_hz, frame, ptime_us;
	} t[] = {{8000, 80, 10000}, {8000, 240, 30000}, {16000, 320, 20000}, {48000, 960, 20000},
		{48000, 2880, 60000}, {44100, 882, 20000}, {90000, 1800, 20000}};
	struct line l;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rma m;

		rma_init(&m, t[i].clock_hz, RMA_NO_EVENT, START);
		for (uint32_t k = 0; k < 2000; k++) {
			const struct rtp_hdr h = {
				.ssrc = 1, .seq = (uint16_t)k, .ts = k * t[i].frame};

			rma_add(&m, &rma_table_default, &h,
				START + k * t[i].ptime_us * UINT64_C(1000));
		}
		assert_int_equal(m.ptime_us, t[i].ptime_us);
		assert_int_equal(m.lag, (60000 + t[i].ptime_us - 1) / t[i].ptime_us);
		assert_in_range(m.c.max_pdv_us, 0, 1);
		assert_int_equal(
			m.c.total_sec, ((1996 - m.lag) * (uint64_t)t[i].ptime_us) / 1000000);
	}
	line_open(&l, 0, 0);
	for (unsigned int i = 0; i < 15; i++) {
		l.ts += 7 * FRAME;
		l.at_ns += 140 * MS;
		line_send(&l, 1);
	}
	line_send(&l, 5);
	assert_int_equal(l.m.ptime_us, 20000);
	for (unsigned int i = 0; i < 17; i++) { // a re-INVITE asks for 40 ms
		l.ts += FRAME;
		l.at_ns += 20 * MS;
		line_send(&l, 1);
	}
	assert_int_equal(l.m.ptime_us, 40000);
	assert_int_equal(l.m.bad, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rma4_silence),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_longer_way),
		cmocka_unit_test(test_rma2_reference_of_drift),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_rma1_before_run),
		cmocka_unit_test(test_clock_restart),
		cmocka_unit_test(test_rma6_events),
		cmocka_unit_test(test_rma5_hold),
		cmocka_unit_test(test_ptime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
