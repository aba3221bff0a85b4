// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/rtp_stats.h"

static void add(struct rtp_stats *s, uint32_t ssrc, uint16_t seq)
{
	const struct rtp_hdr h = {.ssrc = ssrc, .seq = seq};

	rtp_stats_add(s, &h, 0);
}

// RFC 3550 A.1, A.3. Runs of sequence numbers, -1 ends one.
static void test_loss(void **state)
{
	static const struct {
		int seq[12];
		uint64_t lost;
	} t[] = {
		{{-1}, 0}, {{5, -1}, 0}, {{5, 6, 7, -1}, 0}, {{5, 7, -1}, 1},
		{{5, 7, 6, -1}, 0},    // late
		{{5, 7, 7, 7, -1}, 0}, // copies hide a loss, but never below zero
		{{5, 5, 5, -1}, 0}, {{65534, 65535, 0, 1, -1}, 0}, {{65534, 1, -1}, 2},
		{{65534, 1, 65535, 0, -1}, 0}, {{10, 2000, -1}, 1989}, {{10, 3009, -1}, 2998},
		{{10, 3010, -1}, 0},                    // so far that it may be a restart
		{{10, 11, 20000, -1}, 0},               // one stray packet counts for nothing
		{{10, 12, 20000, 20001, 20003, -1}, 2}, // restart: 11 and 20002
		// What made a restart likely once does not make the next one.
		{{10, 20000, 20001, 22000, 24000, 26000, 20001, 26001, 26003, -1}, 5997},
		{{1000, 1128, 1001, 1000 + 127, -1}, 125}, // as late as a replay window permits
		{{0, 65535, -1}, 0},                       // before the first
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtp_stats s = {0};

		for (size_t k = 0; t[i].seq[k] >= 0; k++)
			add(&s, 1, (uint16_t)t[i].seq[k]);
		assert_int_equal(s.lost, t[i].lost);
	}
}

// What is next is counted in a glance, everything else as by rtp_stats_add(): packets that come every
// `every` units of the clock, whose time stamps say 160.
static void test_add_known(void **state)
{
	static const struct {
		int seq[8];
		uint32_t every, max_seq, received, lost, jitter_q4;
		bool strayed;
	} t[] = {
		{{7, 8, 9, -1}, 160, 9, 3, 0, 0, false},
		{{65534, 65535, 0, 1, -1}, 160, 65537, 4, 0, 0, false}, // a wrap
		{{0, 1, 2, -1}, 160, 2, 3, 0, 0, false},
		{{5, 7, -1}, 160, 7, 2, 1, 0, false},       // a gap
		{{5, 7, 8, 9, -1}, 160, 9, 4, 1, 0, false}, // and what follows it
		{{5, 7, 6, -1}, 160, 7, 3, 0, 0, false},    // late
		{{5, 7, 6, 8, -1}, 160, 8, 4, 0, 0, false},
		{{5, 6, 6, -1}, 160, 6, 3, 0, 0, false},    // a copy
		{{5, 6, 20000, -1}, 160, 6, 2, 0, 0, true}, // a stray one
		{{5, 20000, 6, -1}, 160, 6, 2, 0, 0, true}, // which does not count
		{{5, 6, 20000, 20001, 20002, -1}, 160, 20002, 2, 0, 0, false}, // a new run
		// RFC 3550 A.8: the first difference has a sixteenth of its weight, and so on.
		{{5, 6, -1}, 200, 6, 2, 0, 40, false},
		{{5, 6, 7, -1}, 120, 7, 3, 0, 77, false},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtp_stats known = {0}, any = {0};

		for (size_t k = 0; t[i].seq[k] >= 0; k++) {
			const struct rtp_hdr h = {.ssrc = 1,
				.seq = (uint16_t)t[i].seq[k],
				.ts = 0xffffff00 + (uint32_t)k * 160};
			const uint32_t arrival = 0xfffffff0 + (uint32_t)k * t[i].every;

			rtp_stats_add(&any, &h, arrival);
			(k == 0 ? rtp_stats_add : rtp_stats_add_known)(&known, &h, arrival);
			assert_memory_equal(&known, &any, sizeof(any));
		}
		assert_int_equal(known.max_seq, t[i].max_seq);
		assert_int_equal(known.received, t[i].received);
		assert_int_equal(known.lost, t[i].lost);
		assert_int_equal(known.jitter_q4, t[i].jitter_q4);
		assert_int_equal(known.strayed, t[i].strayed);
	}
}

// A change of SSRC is no loss, and what was lost before stays lost.
static void test_ssrc_change(void **state)
{
	struct rtp_stats s = {0};

	add(&s, 1, 100);
	add(&s, 1, 103);
	add(&s, 2, 9000);
	add(&s, 2, 9001);
	assert_int_equal(s.lost, 2);
	add(&s, 2, 9003);
	assert_int_equal(s.lost, 3);
	assert_int_equal(s.received, 3);
}

static void test_many_wraps(void **state)
{
	struct rtp_stats s = {0};

	for (uint32_t i = 0; i < 300000; i++)
		if (i % 1000 != 999)
			add(&s, 1, (uint16_t)(i + 40000));
	assert_int_equal(s.lost, 299); // the last of the 300 is not missed yet
	assert_int_equal(s.received, 299700);
}

// RFC 3550 A.8: J += (|D| - J) / 16.
static void test_jitter(void **state)
{
	struct rtp_stats s = {0};
	struct rtp_hdr h = {.ssrc = 1};
	double j = 0;

	for (uint16_t i = 0; i < 500; i++) { // 20 ms of 8 kHz, every other packet 10 ms late
		h.seq = i;
		h.ts = i * 160u;
		rtp_stats_add(&s, &h, 0xfffff000 + i * 160u + (i % 2 != 0 ? 80 : 0));
		if (i > 0)
			j += (80 - j) / 16;
	}
	assert_true(s.jitter_q4 / 16 >= (uint32_t)j - 1 && s.jitter_q4 / 16 <= (uint32_t)j + 1);
	s = (struct rtp_stats){0};
	for (uint16_t i = 0; i < 100; i++) {
		h.seq = i;
		h.ts = i * 160u;
		rtp_stats_add(&s, &h, i * 160u);
	}
	assert_int_equal(s.jitter_q4, 0);
}

static void test_units(void **state)
{
	assert_int_equal(rtp_units(0, 8000), 0);
	assert_int_equal(rtp_units(20000000, 8000), 160);
	assert_int_equal(rtp_units(UINT64_C(3600) * 24 * 365 * 1000000000 + 125000, 8000),
		(uint32_t)(UINT64_C(3600) * 24 * 365 * 8000 + 1));
	assert_int_equal(rtp_units(20000000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_add_known),
		cmocka_unit_test(test_ssrc_change),
		cmocka_unit_test(test_many_wraps),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_units),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
