// SPDX-License-Identifier: BSD-3-Clause
// When a call falls back, and how soon, on lines of all kinds: the monitoring (lib/rma.h), its levels
// and the state machine (lib/fallback.h) behind the dial of tools/impair, in virtual time. Prints the
// table. G.711 in packets of 20 ms, judged each 100 ms on arrival; once a second the control thread has
// a look, and judges a stream that stalls.
//
// How a line sounds is what the E-model says of its losses (lib/voice_quality.h). Long bursts with good
// speech between them are the hard case: a call is not handed over in a good moment, and an eager level
// sees more of the bad ones.
#include <stdio.h>

#include "test/unit/test.h"

#include "lib/fallback.h"
#include "lib/voice_quality.h"
#include "tools/impair/model.h"

#define MS         UINT64_C(1000000) // in ns
#define SECOND     (1000 * MS)
#define FRAME_NS   (20 * MS)
#define TIMER_MS   100
#define GOOD_FOR   (10 * SECOND) // before the line is as it is to be
#define SEEN_FOR   (60 * SECOND)
#define HOLD_DOWN  (20 * SECOND)
#define AT_ONCE    (HOLD_DOWN + 10 * SECOND)
#define GOOD_DAYS  3
#define SEEDS      20
#define BAD_X100   250 // MOS
#define GOOD_X100  400
#define BURST_LONG 5  // frames, 100 ms
#define JITTER_BAD 50 // ms to either side: its extremes are further apart than the playout holds
#define DEFAULT    3  // of the levels
#define NEVER      UINT64_MAX

static const struct fallback_policy policy = {.hold_down_ns = HOLD_DOWN};

// A call at every level, of which one stream is all that there is.
struct call {
	struct rma m;
	struct model line;
	struct fallback fallback[RMA_LEVELS];
	struct fallback_quality quality[RMA_LEVELS];
	uint64_t fired_ns[RMA_LEVELS];
	uint64_t sent_ns, judged_ns, looked_ns;
	uint64_t not_bad_ns; // when its last 8 s were last better than BAD_X100
	unsigned int long_bad;
	uint32_t frame;
};

static void judge(struct call *c, uint64_t now_ns)
{
	uint64_t since_us = (now_ns - c->judged_ns) / 1000;

	c->judged_ns = now_ns;
	for (unsigned int level = 0; level < RMA_LEVELS; level++) {
		struct fallback_quality *q = &c->quality[level];

		q->bad = rma_judge(&c->m, &rma_table_default, level, now_ns);
		q->judged_us += since_us;
		q->bad_us += q->bad ? since_us : 0;
	}
}

static uint16_t mos(const struct voice_path *p)
{
	return voice_quality(voice_codec_find(STR_LIT("PCMU")), p).mos_x100;
}

// No call stays that long on a line that is bad in every moment, even if it recovers later.
static void check_long_bad(struct call *c, uint64_t now_ns)
{
	struct rma_counters q;
	struct voice_path p;

	rma_read(&c->m, &q);
	p = voice_path_recent(&q, 0);
	if (mos(&p) >= BAD_X100)
		c->not_bad_ns = now_ns;
	if (now_ns - c->not_bad_ns < AT_ONCE)
		return;
	c->long_bad++;
	for (unsigned int level = DEFAULT; level < RMA_LEVELS; level++)
		assert_true(c->fired_ns[level] != NEVER);
}

// What the control thread does once a second.
static void look(struct call *c, uint64_t now_ns)
{
	if (rma_due(&c->m, now_ns, TIMER_MS))
		judge(c, now_ns);
	for (unsigned int level = 0; level < RMA_LEVELS; level++)
		if (fallback_step(&c->fallback[level], &policy, &c->quality[level], now_ns) &&
			c->fired_ns[level] == NEVER) {
			c->fired_ns[level] = now_ns;
			fallback_sent(&c->fallback[level], now_ns);
		}
	check_long_bad(c, now_ns);
}

static void look_until(struct call *c, uint64_t now_ns)
{
	for (; c->looked_ns + SECOND <= now_ns; c->looked_ns += SECOND)
		look(c, c->looked_ns + SECOND);
}

static void call_begin(struct call *c, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	c->sent_ns = c->judged_ns = c->looked_ns = c->not_bad_ns = SECOND;
	model_set(&c->line, &(struct dials){0}, seed);
	rma_init(&c->m, 8000, RMA_NO_EVENT, c->sent_ns);
	for (unsigned int level = 0; level < RMA_LEVELS; level++) {
		c->fallback[level].level = level;
		c->fired_ns[level] = NEVER;
	}
}

static void talk(struct call *c, uint64_t for_ns)
{
	for (uint64_t n = for_ns / FRAME_NS; n > 0; n--, c->sent_ns += FRAME_NS, c->frame++) {
		const struct model_fate f = model_next(&c->line, c->sent_ns);
		const struct rtp_hdr h = {
			.ssrc = 1, .seq = (uint16_t)c->frame, .ts = c->frame * 160};

		if (f.lost)
			continue;
		look_until(c, f.due_ns);
		rma_add(&c->m, &rma_table_default, &h, f.due_ns);
		if (rma_due(&c->m, f.due_ns, TIMER_MS))
			judge(c, f.due_ns);
	}
}

// Of the whole grid: calls that fell back, and looks at calls that had been bad for long.
static unsigned int fired[RMA_LEVELS], long_bad;

// ---- The grid ----------------------------------------------------------------------------------

struct cell {
	double loss, burst;
	unsigned int jitter_ms;
	struct rma_counters sum;         // of all seeds, from when the line is bad
	unsigned int fired[RMA_LEVELS];  // of the seeds
	uint64_t slowest_ns[RMA_LEVELS]; // after the line became bad
	uint16_t mos_x100;
};

static void add_counters(struct rma_counters *sum, const struct call *c, int sign)
{
	struct rma_counters now;

	rma_read(&c->m, &now);
	sum->expected_frames += (uint32_t)sign * now.expected_frames;
	sum->lost_frames += (uint32_t)sign * now.lost_frames;
	sum->discarded_frames += (uint32_t)sign * now.discarded_frames;
	sum->bad_runs += (uint32_t)sign * now.bad_runs;
	sum->ptime_ms = now.ptime_ms;
}

static void cell_play(struct cell *p, uint64_t seed)
{
	// Delay makes room for jitter to both sides.
	const struct dials d = {.loss = p->loss,
		.burst = p->burst,
		.delay_ns = p->jitter_ms * MS,
		.jitter_ns = p->jitter_ms * MS};
	uint64_t bad_ns;
	struct call c;

	call_begin(&c, seed);
	talk(&c, GOOD_FOR);
	add_counters(&p->sum, &c, -1);
	bad_ns = c.sent_ns;
	model_set(&c.line, &d, seed);
	talk(&c, SEEN_FOR);
	long_bad += c.long_bad;
	add_counters(&p->sum, &c, 1);
	for (unsigned int level = 0; level < RMA_LEVELS; level++) {
		if (c.fired_ns[level] == NEVER)
			continue;
		p->fired[level]++;
		if (c.fired_ns[level] - bad_ns > p->slowest_ns[level])
			p->slowest_ns[level] = c.fired_ns[level] - bad_ns;
	}
}

static void cell_print(const struct cell *p)
{
	printf("%5.0f%% %5.0f %5u ms  %u.%02u ", p->loss * 100, p->burst, p->jitter_ms,
		p->mos_x100 / 100u, p->mos_x100 % 100u);
	for (unsigned int level = 1; level < RMA_LEVELS; level++) {
		if (p->fired[level] == 0)
			printf("%10s", "-");
		else if (p->fired[level] < SEEDS)
			printf("%8u/%u", p->fired[level], SEEDS);
		else
			printf("%8u s", (unsigned int)(p->slowest_ns[level] / SECOND));
	}
	printf("\n");
}

static bool fires_at_once(const struct cell *p, unsigned int level)
{
	return p->fired[level] == SEEDS && p->slowest_ns[level] <= AT_ONCE;
}

// FB-4: level 0 never fires. A bad line is left at once at the default level and above, a good one
// never at the default level and below.
static void cell_check(const struct cell *p)
{
	assert_int_equal(p->fired[0], 0);
	for (unsigned int level = 1; level < RMA_LEVELS; level++) {
		if (p->jitter_ms >= JITTER_BAD ||
			(level >= DEFAULT && p->mos_x100 < BAD_X100 && p->burst < BURST_LONG))
			assert_true(fires_at_once(p, level));
		if (level <= DEFAULT && p->mos_x100 >= GOOD_X100)
			assert_int_equal(p->fired[level], 0);
		fired[level] += p->fired[level];
	}
}

static void cell_run(struct cell *p)
{
	struct voice_path path;

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		cell_play(p, seed);
	path = voice_path_whole(&p->sum, 0);
	p->mos_x100 = mos(&path);
	cell_print(p);
	cell_check(p);
}

static void test_grid(void **state)
{
	static const double loss[] = {0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3};
	static const double burst[] = {1, 2, 5, 10, 20};
	static const unsigned int jitter_ms[] = {0, 20, 50, 100, 200};

	printf(" loss  burst    jitter   MOS   level 1         2         3         4         5\n");
	for (size_t i = 0; i < sizeof(loss) / sizeof(loss[0]); i++)
		for (size_t k = 0; k < (loss[i] > 0 ? sizeof(burst) / sizeof(burst[0]) : 1); k++)
			for (size_t n = 0; n < sizeof(jitter_ms) / sizeof(jitter_ms[0]); n++)
				cell_run(&(struct cell){.loss = loss[i],
					.burst = burst[k],
					.jitter_ms = jitter_ms[n]});
	assert_true(long_bad > 10000);
	for (unsigned int level = 1; level < RMA_LEVELS; level++)
		assert_true(fired[level] > fired[level - 1]);
}

// ---- A good line -------------------------------------------------------------------------------

// 0.1 % lost at random and 20 ms of jitter to either side: not once in days, at no level.
static void test_good_line(void **state)
{
	static const struct dials d = {.loss = 0.001, .delay_ns = 40 * MS, .jitter_ns = 20 * MS};

	for (uint64_t day = 1; day <= GOOD_DAYS; day++) {
		struct rma_counters q;
		struct call c;

		call_begin(&c, day);
		model_set(&c.line, &d, day);
		talk(&c, 24 * 3600 * SECOND);
		rma_read(&c.m, &q);
		printf("24 h: %u packets, %u lost, %u late; at worst RBLR %u, ITE %u, BLS %u ms\n",
			q.sum_all_packets, q.lost_frames, q.discarded_frames, q.max_rblr_pct_x100,
			q.max_ite_8s, q.max_bls_ms);
		assert_in_range(q.lost_frames, 3900, 4800);
		assert_int_equal(q.discarded_frames, 0);
		for (unsigned int level = 0; level < RMA_LEVELS; level++)
			assert_true(c.fired_ns[level] == NEVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grid),
		cmocka_unit_test(test_good_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
