// SPDX-License-Identifier: BSD-3-Clause
// The E-model (G.107) on figures that its own text and G.113's tables give, and on its corners.
#include "test/unit/test.h"

#include "lib/voice_quality.h"

static const struct voice_codec *codec(const char *encoding)
{
	const struct voice_codec *c = voice_codec_find(str_from(encoding));

	assert_non_null(c);
	return c;
}

static struct voice_quality of(const struct voice_codec *c, uint32_t loss, uint32_t burst_r)
{
	return voice_quality(c,
		&(struct voice_path){
			.loss_pct_x100 = loss, .burst_ratio_x100 = burst_r, .ptime_ms = 20});
}

static void test_codecs(void **state)
{
	static const struct {
		const char *encoding;
		bool wideband, estimated;
		uint16_t r, mos; // without loss
	} t[] = {
		{"PCMU", false, false, 9320, 441},
		{"pcma", false, false, 9320, 441},
		{"G729", false, false, 8220, 410},
		{"G723", false, false, 7820, 395},
		{"GSM-EFR", false, false, 8820, 429},
		{"AMR", false, false, 8820, 429},
		{"GSM", false, true, 7320, 374},
		{"G726-32", false, true, 8620, 424},
		{"iLBC", false, true, 8220, 410},
		{"G722", true, true, 8992, 434},
		{"amr-wb", true, true, 8992, 434},
		{"opus", true, true, 9612, 446},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct voice_codec *c = codec(t[i].encoding);
		const struct voice_quality q = of(c, 0, 100);

		assert_int_equal(c->wideband, t[i].wideband);
		assert_int_equal(c->estimated, t[i].estimated);
		assert_int_equal(q.r_x100, t[i].r);
		assert_int_equal(q.mos_x100, t[i].mos);
	}
	assert_null(voice_codec_find(STR_LIT("telephone-event")));
	assert_null(voice_codec_find(STR_LIT("CN")));
	assert_null(voice_codec_find(STR_LIT("PCM")));
	assert_null(voice_codec_find(STR_LIT("")));
}

// Ie-eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl), by hand.
static void test_loss(void **state)
{
	static const struct {
		const char *encoding; // NULL: G.711 without concealment
		uint32_t loss, burst_r;
		uint16_t r, mos;
	} t[] = {
		{"PCMU", 100, 100, 8956, 433},  // 95 * 1 / 26.1 = 3.64
		{"PCMU", 500, 100, 7742, 392},  // 95 * 5 / 30.1 = 15.78
		{"PCMU", 2000, 100, 5107, 263}, // 95 * 20 / 45.1 = 42.13
		{"PCMU", 500, 200, 7599, 386},  // 95 * 5 / 27.6 = 17.21
		{"PCMU", 2000, 500, 2791, 152}, // 95 * 20 / 29.1 = 65.29
		{NULL, 100, 100, 7528, 383},    // 95 * 1 / 5.3 = 17.92
		{NULL, 500, 100, 4212, 217},    // 95 * 5 / 9.3 = 51.08
		{"G729", 100, 100, 7800, 395},  // 84 * 1 / 20 = 4.2
		{"G729", 300, 100, 7075, 363},  // 84 * 3 / 22 = 11.45
		{"G723", 200, 100, 6936, 357},  // 80 * 2 / 18.1 = 8.84
		{"PCMU", 10000, 100, 1726, 118}, {NULL, 10000, 1000, 0, 100},
		{"PCMU", 0, 100000, 9320, 441},
		{"PCMU", 500, 0, 7742, 392},              // not measured: at random
		{"PCMU", UINT32_MAX, UINT32_MAX, 0, 100}, // nonsense, bounded
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct voice_codec *c =
			t[i].encoding == NULL ? &voice_codec_g711_no_plc : codec(t[i].encoding);
		const struct voice_quality q = of(c, t[i].loss, t[i].burst_r);

		assert_int_equal(q.r_x100, t[i].r);
		assert_int_equal(q.mos_x100, t[i].mos);
	}
}

// Idd at mouth-to-ear delays; those of G.107's curve.
static void test_delay(void **state)
{
	static const struct {
		uint32_t delay_ms;
		uint16_t r;
	} t[] = {{0, 9320}, {1, 9320}, {80, 9320}, {130, 9304}, {180, 9016}, {380, 6913},
		{UINT32_MAX, 4320}}; // 50 at most
	uint16_t last = 9320;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(
			voice_quality(codec("PCMU"),
				&(struct voice_path){.delay_ms = t[i].delay_ms, .ptime_ms = 20})
				.r_x100,
			t[i].r);
	for (uint32_t ms = 1; ms < 5000; ms++) {
		uint16_t r = voice_quality(
			codec("PCMU"), &(struct voice_path){.delay_ms = ms, .ptime_ms = 20})
				     .r_x100;

		assert_true(r <= last);
		last = r;
	}
}

// More loss never sounds better, and R and MOS stay on their scales.
static void test_monotony(void **state)
{
	static const char *const names[] = {"PCMU", "G729", "G726-16", "opus"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct voice_quality before = {10000, 450};

		for (uint32_t loss = 0; loss <= 10000; loss += 10) {
			const struct voice_quality q = of(codec(names[i]), loss, 150);

			assert_true(q.r_x100 <= before.r_x100 && q.mos_x100 <= before.mos_x100);
			assert_in_range(q.mos_x100, 100, 450);
			before = q;
		}
	}
}

static void test_path(void **state)
{
	const struct rma_counters c = {.expected_frames = 1000,
		.lost_frames = 30,
		.discarded_frames = 20,
		.bad_runs = 25,
		.rblr_pct_x100 = 1200,
		.ptime_ms = 30};
	const struct voice_path whole = voice_path_whole(&c, 70), recent = voice_path_recent(&c, 0);

	assert_int_equal(whole.loss_pct_x100, 500);
	assert_int_equal(whole.burst_ratio_x100, 190);
	assert_int_equal(whole.delay_ms, 70);
	assert_int_equal(whole.ptime_ms, 30);
	assert_int_equal(recent.loss_pct_x100, 1200);
	assert_int_equal(recent.burst_ratio_x100, 190);
	assert_int_equal(recent.delay_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_monotony),
		cmocka_unit_test(test_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
