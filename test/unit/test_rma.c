// SPDX-License-Identifier: BSD-3-Clause
// The counters of RTP monitoring on patterns of arrival (RMA-1 to RMA-7). test_rma_oracle.c compares
// them on random ones with a count that keeps everything.
#include "test/unit/test.h"

#include "lib/rma.h"

#define MS       UINT64_C(1000000) // in ns
#define FRAME    160               // 20 ms of 8 kHz
#define EVENT_PT 101
#define START    (1000 * MS)
#define SECOND   50 // frames

// A sender of 20-ms frames and what comes of them.
struct line {
	struct rma m;
	struct rma_table t;
	uint32_t ssrc, ts;
	uint16_t seq;
	uint64_t at_ns; // when the next frame is sent
};

static void arrive(struct line *l, uint16_t seq, uint32_t ts, uint8_t pt, bool marker)
{
	const struct rtp_hdr h = {
		.ssrc = l->ssrc, .seq = seq, .ts = ts, .pt = pt, .marker = marker};

	rma_add(&l->m, &l->t, &h, l->at_ns);
}

static void pass(struct line *l, unsigned int frames)
{
	l->seq = (uint16_t)(l->seq + frames);
	l->ts += frames * FRAME;
	l->at_ns += frames * 20 * MS;
}

static void send(struct line *l, unsigned int n)
{
	for (; n > 0; n--) {
		arrive(l, l->seq, l->ts, 0, false);
		pass(l, 1);
	}
}

// Behind probation, whose four packets are counted nowhere (RMA-1).
static void line_open(struct line *l, uint16_t seq, uint32_t ts)
{
	*l = (struct line){.t = rma_table_default, .ssrc = 1, .seq = seq, .ts = ts, .at_ns = START};
	rma_init(&l->m, 8000, EVENT_PT, START);
	send(l, 4);
	assert_int_equal(l->m.c.sum_all_packets, 0);
	assert_true(l->m.started);
}

static struct rma_counters counters(struct line *l)
{
	struct rma_counters c;

	rma_judge(&l->m, &l->t, 0, l->at_ns);
	rma_read(&l->m, &c);
	return c;
}

// Sends the frames of `pattern` in the order of their arrival:
// '.' in time, 'x' never, 'd' twice, 'r' after its successor, 'l' 65 ms late and so behind others,
// 's' 70 ms late and 'q' right behind the frame before.
static void play(struct line *l, const char *pattern)
{
	struct {
		uint64_t at_ns;
		unsigned int frame;
	} a[512], one;
	const struct line begin = *l;
	size_t n = 0;

	for (unsigned int i = 0; pattern[i] != '\0'; i++) {
		static const char late[] = "l\x41r\x15s\x46";
		uint64_t at = begin.at_ns + i * 20 * MS;

		if (pattern[i] == 'x')
			continue;
		for (size_t k = 0; k < 6; k += 2)
			at += pattern[i] == late[k] ? (uint64_t)late[k + 1] * MS : 0;
		if (pattern[i] == 'q')
			at = a[n - 1].at_ns + MS;
		a[n].at_ns = at;
		a[n++].frame = i;
		if (pattern[i] == 'd') {
			a[n] = a[n - 1];
			a[n++].at_ns += MS;
		}
	}
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && a[k].at_ns < a[k - 1].at_ns; k--) {
			one = a[k];
			a[k] = a[k - 1];
			a[k - 1] = one;
		}
	for (size_t i = 0; i < n; i++) {
		l->at_ns = a[i].at_ns;
		arrive(l, (uint16_t)(begin.seq + a[i].frame), begin.ts + a[i].frame * FRAME, 0,
			false);
	}
	l->at_ns = begin.at_ns;
	pass(l, (unsigned int)strlen(pattern));
}

// RMA-7's example to the digit. The packet at 0 is the last of probation.
static void test_rma7_ring_example(void **state)
{
	static const struct {
		uint32_t at_us, jitter_q4;
	} t[] = {{20000, 0}, {40300, 300}, {60100, 481}, {81000, 1351}, {100050, 2217}};
	struct rma_counters c;
	struct line l;

	line_open(&l, 100, 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		l.at_ns = START + 60 * MS + t[i].at_us * UINT64_C(1000);
		arrive(&l, l.seq, l.ts, 0, false);
		pass(&l, 1);
		assert_int_equal(l.m.jitter_q4, t[i].jitter_q4);
	}
	c = counters(&l);
	assert_int_equal(c.max_pdv_us, 950);
	assert_int_equal(c.min_pdv_us, 0);
	assert_int_equal(c.avg_pdv_us, 138);
	assert_int_equal(c.sum_all_packets, 5);
	assert_int_equal(c.ptime_ms, 20);
	assert_int_equal(c.payload_type, 0);
}

// RMA-2, RMA-3: which frames are bad, the last three being open. Over the wraps of both numbers.
static void test_rma3_patterns(void **state)
{
	static const struct {
		const char *pattern;
		uint32_t sum, bad, bls_ms, ites;
	} t[] = {
		{"....................", 20, 0, 0, 0}, {"...x................", 19, 1, 20, 0},
		{"...xx...............", 18, 2, 40, 1}, // RMA's ITE begins at 40 ms
		{"...x.xx.xxx.........", 14, 6, 60, 2}, {"...xxxxxxxxxxx......", 9, 11, 220, 1},
		{"...l................", 20, 1, 20, 0},
		{"...xl...............", 19, 2, 40, 1}, // a run is of lost and of late ones
		{"...s.qqq............", 20, 1, 20, 0}, // overtaken
		{"...sqqq.............", 20, 1, 20, 0}, // a queue on the way
		{"...d...dd...........", 20, 0, 0, 0},  // RMA-3
		{"...r................", 20, 0, 0, 0},  // RMA-3
		{"...xr...............", 19, 1, 20, 0},
		{".................xxx", 17, 0, 0, 0}, // nothing has come that would tell
		{"................xxx.", 17, 1, 20, 0}, {"xxx.................", 17, 3, 60, 1},
		{"....xxx.x...........", 16, 4, 60, 1}, // a shorter run in the same slot
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rma_counters c;
		struct line l;

		line_open(&l, 65530, UINT32_MAX - 1000);
		play(&l, t[i].pattern);
		c = counters(&l);
		assert_int_equal(c.sum_all_packets, t[i].sum);
		assert_int_equal(l.m.bad, t[i].bad);
		assert_int_equal(c.rblr_pct_x100, 10000 * t[i].bad / 50); // of a second
		assert_int_equal(l.m.expected, strcmp(t[i].pattern + 17, "xxx") == 0 ? 14 : 17);
		assert_int_equal(c.max_rblr_pct_x100, c.rblr_pct_x100);
		assert_int_equal(c.bls_ms, t[i].bls_ms);
		assert_int_equal(c.max_bls_ms, t[i].bls_ms);
		assert_int_equal(c.total_ite, t[i].ites);
		assert_int_equal(c.max_ite_8s, t[i].ites);
		assert_int_equal(c.seq_resets, 0);
	}
}

// RFC 7294 4.2: a second with 50 ms of concealment is not severe, with more it is.
static void test_seconds(void **state)
{
	static const struct {
		unsigned int lost;
		uint32_t scs_ms, concealed, severe;
	} t[] = {{0, 50, 0, 0}, {1, 50, 1, 0}, {2, 50, 1, 0}, {3, 50, 1, 1}, {3, 60, 1, 0},
		{50, 50, 1, 1}, {50, 1000, 1, 0}, {150, 50, 3, 3}, {175, 50, 4, 4}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rma_counters c;
		struct line l;

		line_open(&l, 0, 0);
		l.t.scs_ms = t[i].scs_ms;
		send(&l, SECOND);
		pass(&l, t[i].lost);
		send(&l, 6 * SECOND - t[i].lost + l.m.open);
		c = counters(&l);
		assert_int_equal(c.total_sec, 7);
		assert_int_equal(c.concealed_sec, t[i].concealed);
		assert_int_equal(c.severely_concealed_sec, t[i].severe);
		assert_int_equal(c.scs_8s, t[i].severe);
	}
}

// The windows forget after 8 s of media, Max_ and Total_ do not; one wide gap is one run.
static void test_windows(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	send(&l, SECOND);
	pass(&l, 10);
	send(&l, 8 * SECOND - 20);
	c = counters(&l);
	assert_int_equal(l.m.bad, 10);
	assert_int_equal(c.bls_ms, 200);
	assert_int_equal(c.ite_8s, 1);
	assert_int_equal(c.scs_8s, 1);
	send(&l, SECOND);
	c = counters(&l);
	assert_int_equal(c.rblr_pct_x100, 0);
	assert_int_equal(c.bls_ms, 0);
	assert_int_equal(c.ite_8s, 0);
	assert_int_equal(c.scs_8s, 0);
	assert_int_equal(c.total_ite, 1);
	assert_int_equal(c.max_bls_ms, 200);
	assert_int_equal(c.max_ite_8s, 1);
	assert_true(c.max_rblr_pct_x100 > 0);
	pass(&l, 2998); // the next is 2999 ahead: a minute, far more than the windows hold
	send(&l, 1 + l.m.open);
	c = counters(&l);
	assert_int_equal(c.max_bls_ms, 59960);
	assert_int_equal(c.total_ite, 2);
	assert_int_equal(c.scs_8s, 8);
	assert_true(c.rblr_pct_x100 > 9900);
	send(&l, 4 * SECOND);
	c = counters(&l);
	assert_in_range(c.rblr_pct_x100, 4900, 5100);
}

// Any one above its threshold is enough, at it is not; level 0 never.
static void test_levels(void **state)
{
	struct line l;

	for (unsigned int level = 0; level < RMA_LEVELS; level++) {
		const struct rma_level *at = &rma_table_default.level[level];
		static const size_t field[] = {offsetof(struct rma_level, rblr_pct_x100),
			offsetof(struct rma_level, bls_ms), offsetof(struct rma_level, ite_8s),
			offsetof(struct rma_level, pdv_avg_us), offsetof(struct rma_level, scs_8s)};

		for (size_t f = 0; f < sizeof(field) / sizeof(field[0]); f++) {
			for (uint32_t over = 0; over < 2; over++) {
				struct rma_level none = {
					UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
				struct rma_counters c;
				uint32_t value[5];

				line_open(&l, 0, 0);
				play(&l, "....xxxx...sqqqq...xx....xxx.....");
				c = counters(&l);
				value[0] = c.rblr_pct_x100;
				value[1] = c.bls_ms;
				value[2] = c.ite_8s;
				value[3] = c.avg_pdv_us;
				value[4] = c.scs_8s;
				memcpy((char *)&none + field[f], &(uint32_t){value[f] - over},
					sizeof(uint32_t));
				l.t.level[level] = none;
				assert_int_equal(rma_judge(&l.m, &l.t, level, l.at_ns),
					level > 0 && over == 1);
			}
		}
		line_open(&l, 0, 0); // and with the built-in rows
		for (unsigned int k = 0; k < 400; k += 10) {
			send(&l, 10 - 2);
			pass(&l, 2);
		}
		assert_int_equal(rma_judge(&l.m, &l.t, level, l.at_ns), level > 0);
		assert_true(level == 0 || at->rblr_pct_x100 <= 2000);
	}
}

// RMA-4: with contiguous numbers no gap in time is a loss, whether timestamps go on or stand still.
static void test_rma4_silence(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	send(&l, SECOND);
	for (unsigned int i = 1; i <= 5; i++) {
		l.at_ns += i * 500 * MS;
		l.ts += i * 25 * FRAME;
		send(&l, SECOND);
	}
	c = counters(&l);
	assert_int_equal(l.m.bad, 0);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(c.total_sec, 6 + 7); // 13.5 of media, the last frames open
	assert_int_equal(c.concealed_sec, 0);
	assert_int_equal(c.ptime_ms, 20);
	l.at_ns +=
		700 * MS; // a sender whose timestamps do not know of the silence, but marks its end
	arrive(&l, l.seq, l.ts, 0, true);
	pass(&l, 1);
	send(&l, SECOND);
	c = counters(&l);
	assert_int_equal(l.m.bad, 0);
	assert_int_equal(c.max_pdv_us, 700000);
	l.at_ns += 100 * MS; // the mark of a frame in time moves no reference
	l.ts += 5 * FRAME;
	arrive(&l, l.seq, l.ts, 0, true);
	pass(&l, 1);
	play(&l, "...s...............");
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
			send(&l, 1);
			l.at_ns = (uint64_t)((int64_t)l.at_ns + 20 * ppm[i]);
		}
		c = counters(&l);
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
	send(&l, 10 * SECOND);
	l.at_ns += 150 * MS;
	for (unsigned int i = 0; i < 20 * SECOND; i++) {
		send(&l, 1);
		bad += rma_judge(&l.m, &l.t, 3, l.at_ns);
	}
	rma_read(&l.m, &c);
	assert_int_equal(c.max_bls_ms, 63 * 20);
	assert_int_equal(c.discarded_frames, 63);
	assert_int_equal(c.rblr_pct_x100, 0);
	assert_in_range(bad, 7 * SECOND, 9 * SECOND);
	l.at_ns -= 100 * MS; // and back
	send(&l, 2 * SECOND);
	assert_int_equal(counters(&l).discarded_frames, 63);
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
			send(&l, 1);
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
	send(&l, SECOND);
	l.ssrc = 2;
	l.seq = 40000;
	l.ts = 77;
	send(&l, SECOND);
	assert_int_equal(counters(&l).seq_resets, 1);
	l.seq = (uint16_t)(l.seq + 3000);
	l.ts = 0x80000000;
	send(&l, SECOND);
	assert_int_equal(counters(&l).seq_resets, 2);
	l.seq = (uint16_t)(l.seq - 200); // backwards
	send(&l, SECOND);
	c = counters(&l);
	assert_int_equal(c.seq_resets, 3);
	assert_int_equal(c.sum_all_packets, 4 * SECOND - 3 * 4);
	assert_int_equal(c.max_bls_ms, 0);
	assert_int_equal(c.max_rblr_pct_x100, 0);
	assert_int_equal(c.concealed_sec, 0);
	// Strays that never make four in a row move nothing.
	for (uint16_t i = 0; i < 30; i++) {
		arrive(&l, (uint16_t)(l.seq + 20000 + 2 * i), 5, 0, false);
		send(&l, 1);
	}
	c = counters(&l);
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
	send(&l, 2);
	for (uint16_t behind = 4; behind < 70; behind++)
		arrive(&l, (uint16_t)(l.seq - behind), l.ts - behind * FRAME, 0, false);
	send(&l, SECOND);
	c = counters(&l);
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
		send(&l, SECOND);
		l.ts += leap[i];
		send(&l, SECOND + 4);
		c = counters(&l);
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

		send(&l, SECOND - 10);
		ts = l.ts;
		for (unsigned int i = 0; i < 10; i++) {
			arrive(&l, l.seq, ts, EVENT_PT, i == 0);
			pass(&l, 1);
		}
	}
	send(&l, 4);
	c = counters(&l);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(l.m.bad, 0);
	assert_int_equal(c.total_sec, 10);
	assert_int_equal(c.ptime_ms, 20);
	assert_int_equal(c.sum_all_packets, 10 * SECOND + 4);
	// A lost one is lost.
	arrive(&l, l.seq, l.ts, EVENT_PT, true);
	pass(&l, 3);
	arrive(&l, l.seq, l.ts - 3 * FRAME, EVENT_PT, false);
	pass(&l, 1);
	send(&l, 4);
	assert_int_equal(l.m.bad, 2);
	assert_int_equal(counters(&l).max_pdv_us, 0);
	// A stream that begins within a digit has no clock before its first speech.
	l = (struct line){.t = rma_table_default, .ssrc = 1, .seq = 9, .at_ns = START};
	rma_init(&l.m, 8000, EVENT_PT, START);
	for (unsigned int i = 0; i < 10; i++) {
		arrive(&l, l.seq, 0, EVENT_PT, i == 0);
		pass(&l, 1);
	}
	send(&l, SECOND);
	c = counters(&l);
	assert_int_equal(c.sum_all_packets, SECOND + 6);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(l.m.bad, 0);
}

// RMA-5: after media-stall the run grows until media comes again; on hold it does not.
static void test_rma5_stall(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	send(&l, SECOND);
	l.at_ns += 1979 * MS; // the last came 20 ms before
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	l.at_ns += MS;
	assert_true(rma_judge(&l.m, &l.t, 5, l.at_ns));
	l.at_ns += 1000 * MS;
	assert_true(rma_judge(&l.m, &l.t, 1, l.at_ns));
	c = counters(&l);
	assert_int_equal(c.bls_ms, 3000);
	assert_int_equal(c.max_bls_ms, 3000);
	l.ts += 149 * FRAME;
	send(&l, 1); // it was silence after all
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	pass(&l, 150); // and this was not: counted once
	assert_true(rma_judge(&l.m, &l.t, 5, l.at_ns));
	send(&l, 4);
	assert_int_equal(l.m.bad, 150);
	assert_int_equal(counters(&l).bls_ms, 3000);
	assert_int_equal(counters(&l).total_ite, 1);
	// Nothing at all ever came.
	rma_init(&l.m, 8000, EVENT_PT, l.at_ns);
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns + 1999 * MS));
	assert_true(rma_judge(&l.m, &l.t, 5, l.at_ns + 2000 * MS));
}

static void test_rma5_hold(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	send(&l, SECOND);
	rma_hold(&l.m, &l.t);
	send(&l, SECOND); // a tail, or music that nobody announced
	l.at_ns += 60000 * MS;
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	c = counters(&l);
	assert_int_equal(c.sum_all_packets, SECOND);
	assert_int_equal(c.max_bls_ms, 0);
	rma_resume(&l.m, l.at_ns);
	l.seq = (uint16_t)(l.seq + 3100);
	send(&l, SECOND);
	assert_false(rma_judge(&l.m, &l.t, 5, l.at_ns));
	c = counters(&l);
	assert_int_equal(c.sum_all_packets, 2 * SECOND - 4);
	assert_int_equal(c.seq_resets, 0); // it is known why
	assert_int_equal(c.max_bls_ms, 0);
	assert_int_equal(c.max_pdv_us, 0);
	assert_int_equal(c.max_call_interval_ms, 1000);
}

static void test_due(void **state)
{
	struct rma_counters c;
	struct line l;

	line_open(&l, 0, 0);
	assert_false(rma_due(&l.m, START + 100 * MS - 1000, 100));
	assert_true(rma_due(&l.m, START + 100 * MS, 100));
	rma_judge(&l.m, &l.t, 3, START + 118 * MS);
	assert_false(rma_due(&l.m, START + 217 * MS, 100));
	rma_judge(&l.m, &l.t, 3, START + 218 * MS);
	rma_read(&l.m, &c);
	assert_int_equal(c.max_call_interval_ms, 118);
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
		send(&l, 1);
	}
	send(&l, 5);
	assert_int_equal(l.m.ptime_us, 20000);
	for (unsigned int i = 0; i < 17; i++) { // a re-INVITE asks for 40 ms
		l.ts += FRAME;
		l.at_ns += 20 * MS;
		send(&l, 1);
	}
	assert_int_equal(l.m.ptime_us, 40000);
	assert_int_equal(l.m.bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rma7_ring_example),
		cmocka_unit_test(test_rma3_patterns),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_rma4_silence),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_rma2_reference_of_drift),
		cmocka_unit_test(test_longer_way),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_rma1_before_run),
		cmocka_unit_test(test_clock_restart),
		cmocka_unit_test(test_rma6_events),
		cmocka_unit_test(test_rma5_stall),
		cmocka_unit_test(test_rma5_hold),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_ptime),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
