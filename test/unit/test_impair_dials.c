// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <errno.h>

#include "tools/impair/dials.h"

#define MS 1000000ull

static void test_read(void **state)
{
	static const struct {
		const char *words;
		struct dials_request want;
	} t[] = {
		{"", {.direction = DIALS_BOTH}},
		{"loss=8% burst=4 delay=80ms jitter=30ms reorder=2% duplicate=1% direction=a-to-b",
			{.dials = {.loss = .08,
				 .burst = 4,
				 .reorder = .02,
				 .duplicate = .01,
				 .delay_ns = 80 * MS,
				 .jitter_ns = 30 * MS},
				.direction = DIALS_A_TO_B}},
		{"  direction=b-to-a   seed=4294967295 ",
			{.direction = DIALS_B_TO_A, .seeded = true, .seed = UINT32_MAX}},
		{"seed=0 direction=both", {.direction = DIALS_BOTH, .seeded = true}},
		{"only=udp loss=100%",
			{.dials = {.loss = 1, .only_udp = true}, .direction = DIALS_BOTH}},
		{"only=all loss=0.5%", {.dials.loss = .005, .direction = DIALS_BOTH}},
		{"delay=10s jitter=10000ms",
			{.dials = {.delay_ns = 10000 * MS, .jitter_ns = 10000 * MS},
				.direction = DIALS_BOTH}},
		{"delay=1.5ms reorder-by=250us from-time=1.5s",
			{.dials = {.delay_ns = 1500000, .reorder_by_ns = 250000},
				.from_ns = 1500 * MS,
				.direction = DIALS_BOTH}},
		// The chain can do this and no more; all lost is no matter of bursts.
		{"loss=80% burst=4", {.dials = {.loss = .8, .burst = 4}, .direction = DIALS_BOTH}},
		{"loss=100% burst=4", {.dials = {.loss = 1, .burst = 4}, .direction = DIALS_BOTH}},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct dials_request want = t[i].want, r;
		char err[256] = "";

		if (want.dials.reorder_by_ns == 0)
			want.dials.reorder_by_ns = DIALS_REORDER_BY_NS;
		assert_int_equal(dials_parse(&r, t[i].words, err, sizeof(err)), 0);
		assert_true(r.dials.loss == want.dials.loss && r.dials.burst == want.dials.burst);
		assert_true(r.dials.reorder == want.dials.reorder &&
			r.dials.duplicate == want.dials.duplicate);
		assert_int_equal(r.dials.delay_ns, want.dials.delay_ns);
		assert_int_equal(r.dials.jitter_ns, want.dials.jitter_ns);
		assert_int_equal(r.dials.reorder_by_ns, want.dials.reorder_by_ns);
		assert_int_equal(r.dials.only_udp, want.dials.only_udp);
		assert_int_equal(r.direction, want.direction);
		assert_int_equal(r.from_ns, want.from_ns);
		assert_int_equal(r.seeded, want.seeded);
		assert_true(!r.seeded || r.seed == want.seed);
	}
}

#define SHARE "expected a share from 0% to 100%, as 8% or 0.5%"
#define TIME  "expected a time up to 10s, as 80ms or 1.5s (us, ms, s)"
#define KEYS  "expected loss=, burst=, delay=, jitter=, ..."

static void test_refuse(void **state)
{
	static const struct {
		const char *words, *err;
	} t[] = {
		{"loss=8", "loss: found \"8\", " SHARE},
		{"loss=101%", "loss: found \"101%\", " SHARE},
		{"loss=-1%", "loss: found \"-1%\", " SHARE},
		{"loss=nan%", "loss: found \"nan%\", " SHARE},
		{"loss=0x8%", "loss: found \"0x8%\", " SHARE},
		{"loss=1e1%", "loss: found \"1e1%\", " SHARE},
		{"loss=.5%", "loss: found \".5%\", " SHARE},
		{"loss=5.%", "loss: found \"5.%\", " SHARE},
		{"loss=", "loss: found \"\", " SHARE},
		{"delay=80", "delay: found \"80\", " TIME},
		{"delay=80m", "delay: found \"80m\", " TIME},
		{"delay=10.001s", "delay: found \"10.001s\", " TIME},
		{"jitter=999999999999999999999s",
			"jitter: found \"999999999999999999999s\", " TIME},
		{"from-time=3601s",
			"from-time: found \"3601s\", expected a time up to an hour, as "
			"10s (us, ms, s)"},
		{"loss=1% burst=0.9",
			"burst: found \"0.9\", expected a mean number of packets "
			"from 1 to 1000, as 4 or 2.5"},
		{"loss=1% burst=1001",
			"burst: found \"1001\", expected a mean number of packets "
			"from 1 to 1000, as 4 or 2.5"},
		{"direction=c", "direction: found \"c\", expected a-to-b, b-to-a or both"},
		{"only=tcp", "only: found \"tcp\", expected all or udp"},
		{"seed=-1", "seed: found \"-1\", expected a number from 0 to 4294967295"},
		{"seed=4294967296",
			"seed: found \"4294967296\", expected a number from 0 to 4294967295"},
		{"seed=", "seed: found \"\", expected a number from 0 to 4294967295"},
		{"loss=1% loss=2%", "loss: found twice, expected once"},
		{"lost=1%", "found \"lost\", " KEYS},
		{"loss", "found \"loss\", " KEYS},
		{"=1%", "found \"\", " KEYS},
		{"jitter=30ms",
			"jitter: found 30ms with a delay of 0ms, expected no more than the "
			"delay, from which the jitter takes and to which it adds"},
		{"burst=4", "burst: found 4 without a loss, expected loss, too"},
		{"loss=81% burst=4",
			"loss: found 81% in bursts of 4, expected 80% at most, or "
			"longer bursts"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct dials_request r = {.seed = 7};
		char err[256] = "";

		assert_int_equal(dials_parse(&r, t[i].words, err, sizeof(err)), -EINVAL);
		assert_string_equal(err, t[i].err);
		assert_int_equal(r.seed, 7); // nothing of it is taken
	}
}

static void test_long(void **state)
{
	char words[2000], err[32];
	struct dials_request r;

	memset(words, ' ', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	assert_int_equal(dials_parse(&r, words, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "found 1999 octets, expected les"); // cut, and ended
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
