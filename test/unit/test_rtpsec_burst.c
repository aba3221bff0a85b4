// SPDX-License-Identifier: BSD-3-Clause
// One burst must do what one packet after the other does: duplicates, wraps, forgeries and new
// sources inside a burst. Every case runs once as a burst and once in single packets, and both are
// compared with what is right.
#include "test/unit/rtpsec_rig.h"

#include <string.h>

#define PKTS 64

// A burst that is being put together, with the packets as they were sealed.
struct burst {
	struct rtpsec_job jobs[PKTS];
	uint8_t pkt[PKTS][128], plain[PKTS][128];
	size_t plain_len[PKTS];
	int want[PKTS];
	size_t n;
};

static struct rtpsec *tx;
static uint8_t suite;

// A packet of `ssrc` as the sender's context seals it.
static void add(struct burst *b, uint32_t ssrc, uint16_t seq, int want)
{
	size_t i = b->n++, n = rig_packet(b->plain[i], seq, 40);

	b->plain[i][11] = (uint8_t)ssrc;
	memcpy(b->pkt[i], b->plain[i], n);
	b->plain_len[i] = n;
	assert_int_equal(rig_seal(tx, b->pkt[i], &n), RTPSEC_OK);
	b->jobs[i] = (struct rtpsec_job){.len = (uint32_t)n};
	b->want[i] = want;
}

// A packet that was there before, once more.
static void again(struct burst *b, size_t of, int want)
{
	size_t i = b->n++;

	memcpy(b->pkt[i], b->pkt[of], sizeof(b->pkt[i]));
	memcpy(b->plain[i], b->plain[of], sizeof(b->plain[i]));
	b->plain_len[i] = b->plain_len[of];
	b->jobs[i] = b->jobs[of];
	b->want[i] = want;
}

static void forge_last(struct burst *b)
{
	b->pkt[b->n - 1][30] ^= 1;
}

static void swap(struct burst *b, size_t i, size_t k)
{
	struct burst copy = *b;

	memcpy(b->pkt[i], copy.pkt[k], sizeof(b->pkt[i]));
	memcpy(b->pkt[k], copy.pkt[i], sizeof(b->pkt[k]));
	memcpy(b->plain[i], copy.plain[k], sizeof(b->plain[i]));
	memcpy(b->plain[k], copy.plain[i], sizeof(b->plain[k]));
	b->want[i] = copy.want[k];
	b->want[k] = copy.want[i];
}

// Opens `b` in bursts of `size`.
static void check(const struct burst *sealed, size_t size)
{
	struct rtpsec *rx = rig_context(RTPSEC_OPEN, suite, 0, 0);
	struct burst b = *sealed;

	for (size_t i = 0; i < b.n; i++) {
		b.jobs[i].ctx = rx;
		b.jobs[i].pkt = b.pkt[i];
		b.jobs[i].status = 99;
	}
	for (size_t i = 0; i < b.n; i += size)
		rtpsec_open(rig_engine, b.jobs + i, b.n - i < size ? b.n - i : size);
	for (size_t i = 0; i < b.n; i++) {
		if (b.jobs[i].status != b.want[i])
			print_message(
				"%s, bursts of %zu, packet %zu\n", rig_suite_name(suite), size, i);
		assert_int_equal(b.jobs[i].status, b.want[i]);
		if (b.want[i] != RTPSEC_OK)
			continue;
		assert_int_equal(b.jobs[i].len, b.plain_len[i]);
		assert_memory_equal(b.pkt[i], b.plain[i], b.plain_len[i]);
	}
	rtpsec_free(rx);
}

// Every suite, whole and in parts.
static void each(void (*fill)(struct burst *b))
{
	for (suite = DP_SRTP_NONE + 1; suite < DP_SRTP_SUITES; suite++) {
		struct burst b = {.n = 0};

		tx = rig_context(RTPSEC_SEAL, suite, 0, 0);
		fill(&b);
		check(&b, 1);
		check(&b, 3);
		check(&b, PKTS);
		rtpsec_free(tx);
	}
}

// ---- Cases -------------------------------------------------------------------------------------

// Of two copies the first one is OK; also when the source is new to the context.
static void duplicate(struct burst *b)
{
	add(b, 1, 100, RTPSEC_OK);
	again(b, 0, RTPSEC_REPLAYED);
	add(b, 1, 101, RTPSEC_OK);
	again(b, 2, RTPSEC_REPLAYED);
	again(b, 0, RTPSEC_REPLAYED);
}

static void test_duplicate(void **state)
{
	each(duplicate);
}

static void wrap(struct burst *b)
{
	add(b, 1, 0xfff0, RTPSEC_OK);
	for (unsigned int seq = 0xfffa; seq < 0x10006; seq++)
		add(b, 1, (uint16_t)seq, RTPSEC_OK);
	again(b, 3, RTPSEC_REPLAYED);
	again(b, 9, RTPSEC_REPLAYED);
}

static void test_wrap(void **state)
{
	each(wrap);
}

// A context that knows nothing yet takes the packet behind the wrap for one of ROC 0, until the
// packet before it has been learned; the estimate is wrong for both its tag and its keystream.
static void fresh_wrap(struct burst *b)
{
	add(b, 1, 0xffff, RTPSEC_OK);
	add(b, 1, 0, RTPSEC_OK);
	add(b, 1, 1, RTPSEC_OK);
}

static void test_fresh_wrap(void **state)
{
	each(fresh_wrap);
}

// The sender's first packets come after each other's turn: what is behind the wrap came first, is
// taken for ROC 0 and refused; the one before it is genuine.
static void fresh_wrap_swapped(struct burst *b)
{
	add(b, 1, 0xffff, RTPSEC_OK);
	add(b, 1, 0, RTPSEC_AUTH_FAILED);
	swap(b, 0, 1);
	again(b, 0, RTPSEC_OK); // and its copy, now that the ROC is known
}

static void test_fresh_wrap_swapped(void **state)
{
	each(fresh_wrap_swapped);
}

// Two wraps in one burst: the estimate for the last ones is wrong by two.
static void leaps(struct burst *b)
{
	uint64_t index = 0x7000;

	for (size_t i = 0; i < 12; i++, index += 0x7000)
		add(b, 1, (uint16_t)index, RTPSEC_OK);
	again(b, 0, RTPSEC_AUTH_FAILED); // its number means another index by now
}

static void test_leaps(void **state)
{
	each(leaps);
}

// The same: but the number means an index that is behind the window.
static void left_behind(struct burst *b)
{
	add(b, 1, 1000, RTPSEC_OK);
	add(b, 1, 1127, RTPSEC_OK);
	again(b, 0, RTPSEC_REPLAYED);
	add(b, 1, 1200, RTPSEC_OK);
	again(b, 0, RTPSEC_LATE);
	again(b, 1, RTPSEC_REPLAYED);
}

static void test_left_behind(void **state)
{
	each(left_behind);
}

// A forgery first, then the genuine packet of the same number, and the other way round.
static void forged_and_good(struct burst *b)
{
	add(b, 1, 5, RTPSEC_OK);
	again(b, 0, RTPSEC_AUTH_FAILED);
	forge_last(b);
	swap(b, 0, 1);
	again(b, 0, RTPSEC_REPLAYED); // the forgery once more: its number was seen
	add(b, 1, 6, RTPSEC_OK);
	again(b, 3, RTPSEC_REPLAYED);
	forge_last(b);
	add(b, 1, 7, RTPSEC_AUTH_FAILED);
	forge_last(b);
	add(b, 1, 8, RTPSEC_OK);
}

static void test_forged_and_good(void **state)
{
	each(forged_and_good);
}

// Forgeries far ahead do not move what the others are judged by.
static void forged_ahead(struct burst *b)
{
	add(b, 1, 10, RTPSEC_OK);
	again(b, 0, RTPSEC_AUTH_FAILED);
	b->pkt[1][2] = 0x70; // 28682
	add(b, 1, 11, RTPSEC_OK);
	again(b, 0, RTPSEC_REPLAYED);
	again(b, 0, RTPSEC_AUTH_FAILED);
	b->pkt[4][2] = 0xf0;
	add(b, 1, 12, RTPSEC_OK);
}

static void test_forged_ahead(void **state)
{
	each(forged_ahead);
}

static void new_sources(struct burst *b)
{
	add(b, 1, 0xffff, RTPSEC_OK);
	add(b, 2, 0xffff, RTPSEC_OK);
	add(b, 1, 0, RTPSEC_OK);
	add(b, 2, 0, RTPSEC_OK);
	again(b, 0, RTPSEC_REPLAYED);
	again(b, 1, RTPSEC_REPLAYED);
	add(b, 3, 7, RTPSEC_AUTH_FAILED); // a forgery takes no place
	forge_last(b);
	for (uint32_t i = 4; i <= RTPSEC_SSRCS_MAX; i++)
		add(b, i, 1, RTPSEC_OK);
	rtpsec_free(tx); // which knows as many by now
	tx = rig_context(RTPSEC_SEAL, suite, 0, 0);
	add(b, 17, 1, RTPSEC_OK);
	again(b, 6, RTPSEC_SSRCS); // the genuine one comes too late
	b->pkt[b->n - 1][30] ^= 1;
	add(b, 17, 2, RTPSEC_OK);
}

static void test_new_sources(void **state)
{
	each(new_sources);
}

// ---- Many contexts -----------------------------------------------------------------------------

// Sealing, too: the same index twice in one burst, a wrap, and a key that ends inside the burst.
static void test_seal(void **state)
{
	for (suite = DP_SRTP_NONE + 1; suite < DP_SRTP_SUITES; suite++) {
		static const struct {
			uint16_t seq;
			int want;
		} t[] = {{0xfffe, RTPSEC_OK}, {0xffff, RTPSEC_OK}, {0xfffe, RTPSEC_REPLAYED},
			{0, RTPSEC_OK}, {1, RTPSEC_OK}, {2, RTPSEC_EXHAUSTED}};
		struct rtpsec *one = rig_context(RTPSEC_SEAL, suite, 0, 4);
		struct rtpsec *many = rig_context(RTPSEC_SEAL, suite, 0, 4);
		struct rtpsec_job jobs[6];
		uint8_t a[6][128], b[6][128];

		for (size_t i = 0; i < 6; i++) {
			size_t n = rig_packet(a[i], t[i].seq, 50);

			rig_packet(b[i], t[i].seq, 50);
			jobs[i] = (struct rtpsec_job){
				.ctx = many, .pkt = b[i], .len = (uint32_t)n, .status = 99};
			assert_int_equal(rig_seal(one, a[i], &n), t[i].want);
		}
		rtpsec_seal(rig_engine, jobs, 6);
		for (size_t i = 0; i < 6; i++) {
			assert_int_equal(jobs[i].status, t[i].want);
			if (t[i].want == RTPSEC_OK)
				assert_memory_equal(a[i], b[i], jobs[i].len);
		}
		rtpsec_free(one);
		rtpsec_free(many);
	}
}

// All suites, packets and reports, of any number, in one burst.
static void test_mixed(void **state)
{
	struct rtpsec *out[DP_SRTP_SUITES], *in[DP_SRTP_SUITES];
	static uint8_t pkt[150][512], plain[150][512];
	struct rtpsec_job jobs[150];
	size_t len[150];

	for (suite = 1; suite < DP_SRTP_SUITES; suite++) {
		out[suite] = rig_context(RTPSEC_SEAL, suite, 0, 0);
		in[suite] = rig_context(RTPSEC_OPEN, suite, 0, 0);
	}
	for (size_t n = 1, seq = 0; n <= 150; n += n < 40 ? 1 : 13, seq += 200) {
		for (size_t i = 0; i < n; i++) {
			uint8_t s = (uint8_t)(1 + (i * 7 + n) % (DP_SRTP_SUITES - 1));
			bool report = i % 11 == 5;

			len[i] = report ? rig_report(plain[i], 4 * (i % 20))
					: rig_packet(plain[i], (uint16_t)(seq + i), i * 3 % 401);
			memcpy(pkt[i], plain[i], len[i]);
			jobs[i] = (struct rtpsec_job){.ctx = out[s],
				.pkt = pkt[i],
				.len = (uint32_t)len[i],
				.kind = report ? RTPSEC_RTCP : RTPSEC_RTP,
				.status = 99};
		}
		rtpsec_seal(rig_engine, jobs, n);
		for (size_t i = 0; i < n; i++) {
			uint8_t s = (uint8_t)(1 + (i * 7 + n) % (DP_SRTP_SUITES - 1));

			assert_int_equal(jobs[i].status, RTPSEC_OK);
			assert_true(jobs[i].len > len[i]);
			jobs[i].ctx = in[s];
			rtpsec_prefetch(in[s]);
		}
		rtpsec_open(rig_engine, jobs, n);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(jobs[i].status, RTPSEC_OK);
			assert_int_equal(jobs[i].len, len[i]);
			assert_memory_equal(pkt[i], plain[i], len[i]);
		}
	}
	for (suite = 1; suite < DP_SRTP_SUITES; suite++) {
		rtpsec_free(out[suite]);
		rtpsec_free(in[suite]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_fresh_wrap),
		cmocka_unit_test(test_fresh_wrap_swapped),
		cmocka_unit_test(test_leaps),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_forged_and_good),
		cmocka_unit_test(test_forged_ahead),
		cmocka_unit_test(test_new_sources),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_mixed),
	};
	return RIG_RUN_TIERS(tests);
}
