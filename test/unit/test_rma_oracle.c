// SPDX-License-Identifier: BSD-3-Clause
// lib/rma.c against a count that keeps every frame and does its sums anew each time, on random lines
// with loss in bursts, queues, reordering, copies and silence.
#include <stdlib.h>

#include "test/unit/test.h"

#include "lib/rma.h"

#define FRAMES   4000
#define FRAME_US 20000
#define SLOT_US  100000
#define LAG      3 // 60 ms of playout depth

struct frame {
	bool seen, on_time;
	int64_t start_us; // of media, once settled
};

struct oracle {
	struct frame f[FRAMES];
	struct {
		int64_t slot, transit_us;
	} transit[2 * FRAMES];
	size_t transits;
	int settled, newest;
	int64_t media_us;
	int64_t second_us[1024]; // of concealment
	int64_t jitter_q4, last_transit_us;
};

struct packet {
	int64_t at_us, ts_us;
	int frame;
};

static uint64_t seed;

static unsigned int dice(unsigned int n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned int)((seed >> 33) % n);
}

static bool in_window(const struct oracle *o, int64_t at_us)
{
	return at_us / SLOT_US > o->media_us / SLOT_US - RMA_SLOTS;
}

static void oracle_settle(struct oracle *o)
{
	for (; o->settled < o->newest - LAG; o->settled++) {
		struct frame *f = &o->f[o->settled + 1];

		f->start_us = o->media_us;
		for (int64_t us = 0; us < FRAME_US; us += 1000, o->media_us += 1000)
			o->second_us[o->media_us / 1000000] += f->on_time ? 0 : 1000;
	}
}

// All that came of the 63 frames before was late, and half of them did.
static bool has_moved(const struct oracle *o)
{
	int came = 0, in_time = 0;

	for (int i = o->newest - 63; i < o->newest; i++) {
		if (i <= 0)
			return false;
		came += o->f[i].seen;
		in_time += o->f[i].on_time;
	}
	return in_time == 0 && came >= 32;
}

static int64_t least_transit(const struct oracle *o)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < o->transits; i++)
		if (o->transit[i].slot > o->media_us / SLOT_US - RMA_SLOTS &&
			o->transit[i].transit_us < least)
			least = o->transit[i].transit_us;
	return least;
}

static void oracle_add(struct oracle *o, const struct packet *p, int64_t silence_us)
{
	struct frame *f = &o->f[p->frame];
	int64_t transit = p->at_us - p->ts_us, d;
	bool newest = p->frame > o->newest;

	if (f->seen || p->frame < o->newest - 63)
		return;
	f->seen = true;
	if (p->frame > o->newest) {
		o->newest = p->frame;
		oracle_settle(o);
		o->media_us += silence_us;
	}
	if (newest && o->transits > 0 && transit - 60000 > least_transit(o) && has_moved(o))
		o->transits = 0;
	o->transit[o->transits].slot = o->media_us / SLOT_US;
	o->transit[o->transits++].transit_us = transit;
	f->on_time = transit <= least_transit(o) + 60000;
	d = llabs(transit - o->last_transit_us);
	o->jitter_q4 += d - ((o->jitter_q4 + 8) >> 4);
	o->last_transit_us = transit;
}

static void compare(const struct oracle *o, struct rma *m)
{
	int64_t expected = 0, bad = 0, run = 0, bls = 0, ite = 0, total_ite = 0, max_bls = 0;
	int64_t scs = 0, concealed = 0, severe = 0, second = o->media_us / 1000000;

	for (int i = 1; i <= o->settled; i++) {
		const struct frame *f = &o->f[i];
		// A run is in the slot in which the frame ends, but never behind the last.
		bool ends_in = in_window(o, f->start_us + FRAME_US);

		run = f->on_time ? 0 : run + 1;
		expected += in_window(o, f->start_us);
		bad += in_window(o, f->start_us) && !f->on_time;
		total_ite += run == 2;
		ite += run == 2 && ends_in;
		max_bls = run > max_bls ? run : max_bls;
		bls = run > bls && ends_in ? run : bls;
	}
	for (int64_t s = 0; s <= second; s++) {
		concealed += s < second && o->second_us[s] > 0;
		severe += s < second && o->second_us[s] > 50000;
		scs += s > second - 8 && o->second_us[s] > 50000;
	}
	expected = expected > 1000000 / m->ptime_us ? expected : 1000000 / m->ptime_us;
	assert_int_equal(m->c.rblr_pct_x100, 10000 * bad / expected);
	assert_int_equal(m->c.bls_ms, bls * 20);
	assert_int_equal(m->c.ite_8s, ite);
	assert_int_equal(m->c.scs_8s, scs);
	assert_int_equal(m->c.total_ite, total_ite);
	assert_int_equal(m->c.max_bls_ms, max_bls * 20);
	assert_int_equal(m->c.total_sec, second);
	assert_int_equal(m->c.concealed_sec, concealed);
	assert_int_equal(m->c.severely_concealed_sec, severe);
	assert_int_equal(m->jitter_q4, o->jitter_q4);
}

static int by_arrival(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	return x->at_us != y->at_us ? (x->at_us > y->at_us) - (x->at_us < y->at_us)
				    : x->frame - y->frame;
}

// Frame 0 is the last of probation, and sent at 0.
static size_t make_line(struct packet *p)
{
	unsigned int loss = dice(120), burst = 1 + dice(20), jitter = 1 + dice(90);
	int64_t ts = 0, queue = 0, way = 0;
	size_t n = 0;

	for (int i = 1; i < FRAMES; i++) {
		ts += FRAME_US;
		if (dice(200) == 0)
			ts += FRAME_US * (1 + dice(dice(8) == 0 ? 600 : 30));
		if (dice(1000) < loss) {
			unsigned int more = dice(dice(30) == 0 ? 900 : burst);

			for (; more > 0 && i < FRAMES - 1; more--, i++)
				ts += FRAME_US;
			continue;
		}
		queue = queue > FRAME_US ? queue - FRAME_US : 0;
		if (dice(300) == 0)
			queue = 1000 * dice(300);
		p[n].ts_us = ts;
		p[n].frame = i;
		if (dice(600) == 0)
			way = 1000 * dice(300);
		p[n].at_us = ts + way + (queue > 0 ? queue : dice(jitter) * 1000);
		n++;
		if (dice(50) == 0) {
			p[n] = p[n - 1];
			p[n++].at_us += dice(100) * 1000;
		}
	}
	qsort(p, n, sizeof(*p), by_arrival);
	return n;
}

static void add(struct rma *m, uint16_t base, const struct packet *p)
{
	const struct rtp_hdr h = {
		.ssrc = 7,
		.seq = (uint16_t)(base + p->frame),
		.ts = 0xfff00000 + (uint32_t)(p->ts_us / 125),
	};

	rma_add(m, &rma_table_default, &h, (uint64_t)(p->at_us + 1000000) * 1000);
}

static void run_line(struct oracle *o, struct packet *p)
{
	size_t n = make_line(p);
	uint16_t base = (uint16_t)dice(65536);
	int64_t newest_ts = 0;
	struct rma m;

	memset(o, 0, sizeof(*o));
	o->transits = 1; // that of frame 0: in time
	rma_init(&m, 8000, RMA_NO_EVENT, 0);
	for (int i = -3; i <= 0; i++)
		add(&m, base,
			&(struct packet){.at_us = i * FRAME_US, .ts_us = i * FRAME_US, .frame = i});
	for (size_t i = 0; i < n; i++) {
		int64_t silence = 0;

		if (p[i].frame > o->newest) {
			silence = p[i].ts_us - newest_ts - (p[i].frame - o->newest) * FRAME_US;
			newest_ts = p[i].ts_us;
		}
		oracle_add(o, &p[i], silence);
		add(&m, base, &p[i]);
		rma_judge(&m, &rma_table_default, 3, (uint64_t)(p[i].at_us + 1000000) * 1000);
		if (i % 7 == 0 || i == n - 1)
			compare(o, &m);
	}
	assert_true(m.c.sum_all_packets > 100);
}

static void test_random_lines(void **state)
{
	struct packet *p = malloc(2 * FRAMES * sizeof(*p));
	struct oracle *o = malloc(sizeof(*o));

	assert_non_null(p);
	assert_non_null(o);
	for (unsigned int i = 0; i < 40; i++) {
		seed = i;
		run_line(o, p);
	}
	free(p);
	free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
