// SPDX-License-Identifier: BSD-3-Clause
// SRTP and SRTCP, packet by packet, with every engine and suite: what is refused, and that nothing
// changes before it is authenticated.
#include "test/unit/rtpsec_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "dp/rtpsec_state.h"

// What changes between the suites: a pair of contexts of one key.
struct pair {
	struct rtpsec *tx, *rx;
	size_t tag;
};

static struct pair pair_new(uint8_t suite, uint8_t mki)
{
	return (struct pair){.tx = rig_context(RTPSEC_SEAL, suite, 0, 0),
		.rx = rig_context(RTPSEC_OPEN, suite, mki, 0),
		.tag = rig_tag_len(suite)};
}

static void pair_free(struct pair *p)
{
	rtpsec_free(p->tx);
	rtpsec_free(p->rx);
}

static void each_suite(void (*f)(uint8_t suite))
{
	for (uint8_t s = DP_SRTP_NONE + 1; s < DP_SRTP_SUITES; s++) {
		print_message("%s\n", rig_suite_name(s));
		f(s);
	}
}

// ---- Forgeries ---------------------------------------------------------------------------------

static void forged(uint8_t suite)
{
	struct pair p = pair_new(suite, 0);
	uint8_t good[RIG_BUF], bad[RIG_BUF];
	size_t n_good = rig_packet(good, 1000, 20), n;

	assert_int_equal(rig_seal(p.tx, good, &n_good), RTPSEC_OK);
	for (size_t i = 1; i < n_good; i++) { // octet 0 changes the form; see test_malformed
		memcpy(bad, good, n = n_good);
		bad[i] ^= 0x40;
		assert_int_equal(rig_open(p.rx, bad, &n), RTPSEC_AUTH_FAILED);
		assert_int_equal(n, n_good);
	}
	for (unsigned int seq = 0; seq < 0x10000; seq += 0x1111) {
		memcpy(bad, good, n = n_good);
		bad[2] = (uint8_t)(seq >> 8);
		bad[3] = (uint8_t)seq;
		assert_int_equal(rig_open(p.rx, bad, &n), RTPSEC_AUTH_FAILED);
	}
	memcpy(bad, good, n = n_good);
	assert_int_equal(rig_open(p.rx, bad, &n), RTPSEC_OK);
	memcpy(bad, good, n = n_good);
	bad[2] ^= 0x40; // known source, far ahead
	assert_int_equal(rig_open(p.rx, bad, &n), RTPSEC_AUTH_FAILED);
	n = rig_packet(bad, 1001, 20);
	assert_int_equal(rig_seal(p.tx, bad, &n), RTPSEC_OK);
	assert_int_equal(rig_open(p.rx, bad, &n), RTPSEC_OK);
	assert_int_equal(rtpsec_left(p.rx), RTPSEC_RTCP_LIFETIME_MAX);
	assert_int_equal(p.rx->left, RTPSEC_LIFETIME_MAX - 2);
	pair_free(&p);
}

// RFC 3711 3.3: every octet of the packet and of the ROC is under the tag, and a forgery leaves
// no trace: the genuine packet still opens, a forged newer one moves no window.
static void test_forged(void **state)
{
	each_suite(forged);
}

static void forged_report(uint8_t suite)
{
	struct pair p = pair_new(suite, 0);
	uint8_t good[RIG_BUF], bad[RIG_BUF], plain[RIG_BUF];
	size_t n_plain = rig_report(plain, 24), n_good = rig_report(good, 24), n;

	assert_int_equal(rig_seal_rtcp(p.tx, good, &n_good), RTPSEC_OK);
	assert_int_equal(n_good, n_plain + 4 + (p.tag == 16 ? 16 : 10));
	assert_memory_not_equal(good + 8, plain + 8, 24);
	for (size_t i = 1; i < n_good; i++) {
		memcpy(bad, good, n = n_good);
		bad[i] ^= 0x40;
		assert_int_equal(rig_open_rtcp(p.rx, bad, &n), RTPSEC_AUTH_FAILED);
		assert_int_equal(n, n_good);
	}
	memcpy(bad, good, n = n_good);
	assert_int_equal(rig_open_rtcp(p.rx, bad, &n), RTPSEC_OK);
	assert_int_equal(n, n_plain);
	assert_memory_equal(bad, plain, n);
	memcpy(bad, good, n = n_good);
	assert_int_equal(rig_open_rtcp(p.rx, bad, &n), RTPSEC_REPLAYED);
	pair_free(&p);
}

// RFC 3711 3.4: the same of a report, and of its index and E bit.
static void test_forged_report(void **state)
{
	each_suite(forged_report);
}

// ---- Replay ------------------------------------------------------------------------------------

static void replay(uint8_t suite)
{
	struct pair pair = pair_new(suite, 0);
	uint8_t p[200][64], copy[64], r[200][64];
	size_t n[200], n_r[200], n_copy;

	for (uint16_t i = 0; i < 200; i++) {
		n[i] = rig_packet(p[i], i, 20);
		assert_int_equal(rig_seal(pair.tx, p[i], &n[i]), RTPSEC_OK);
		n_r[i] = rig_report(r[i], 20);
		assert_int_equal(rig_seal_rtcp(pair.tx, r[i], &n_r[i]), RTPSEC_OK);
	}
	memcpy(copy, p[199], n_copy = n[199]);
	assert_int_equal(rig_open(pair.rx, p[199], &n[199]), RTPSEC_OK);
	assert_int_equal(rig_open(pair.rx, copy, &n_copy), RTPSEC_REPLAYED);
	assert_int_equal(rig_open(pair.rx, p[71], &n[71]), RTPSEC_LATE); // 128 behind
	memcpy(copy, p[72], n_copy = n[72]);
	assert_int_equal(rig_open(pair.rx, p[72], &n[72]), RTPSEC_OK); // 127 behind
	assert_int_equal(rig_open(pair.rx, copy, &n_copy), RTPSEC_REPLAYED);
	memcpy(copy, r[199], n_copy = n_r[199]);
	assert_int_equal(rig_open_rtcp(pair.rx, r[199], &n_r[199]), RTPSEC_OK);
	assert_int_equal(rig_open_rtcp(pair.rx, copy, &n_copy), RTPSEC_REPLAYED);
	assert_int_equal(rig_open_rtcp(pair.rx, r[71], &n_r[71]), RTPSEC_LATE);
	assert_int_equal(rig_open_rtcp(pair.rx, r[72], &n_r[72]), RTPSEC_OK);
	assert_int_equal(rig_open_rtcp(pair.rx, r[0], &n_r[0]), RTPSEC_LATE);
	pair_free(&pair);
}

// RTP-3: a window of 128, for packets and for reports.
static void test_rtp3_replay(void **state)
{
	each_suite(replay);
}

// The same index must not be sealed twice.
static void test_seal_twice(void **state)
{
	struct rtpsec *tx = rig_context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_32, 0, 0);
	uint8_t p[RIG_BUF];
	size_t n = rig_packet(p, 7, 20);

	assert_int_equal(rig_seal(tx, p, &n), RTPSEC_OK);
	n = rig_packet(p, 7, 20);
	assert_int_equal(rig_seal(tx, p, &n), RTPSEC_REPLAYED);
	assert_int_equal(n, 32);
	rtpsec_free(tx);
}

// ---- Forms -------------------------------------------------------------------------------------

static void malformed(uint8_t suite)
{
	static const char *const bad[] = {
		"",
		"80",
		"800f1234decafbadcafeba",
		"400f1234decafbadcafebabe ababab",   // version
		"8f0f1234decafbadcafebabe ababab",   // CSRC list
		"900f1234decafbadcafebabe bede0100", // extension
		"900f1234decafbadcafebabe be",
	};
	static const char *const bad_reports[] = {"", "80c9", "80c90001cafeba", "40c90001cafebabe"};
	struct pair pair = pair_new(suite, 3);
	uint8_t p[RIG_BUF] = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = unhex(bad[i], p), n_open = n + pair.tag + 3;

		assert_int_equal(rig_open(pair.rx, p, &n_open), RTPSEC_MALFORMED);
		assert_int_equal(rig_seal(pair.tx, p, &n), RTPSEC_MALFORMED);
	}
	for (size_t i = 0; i < sizeof(bad_reports) / sizeof(bad_reports[0]); i++) {
		size_t n = unhex(bad_reports[i], p),
		       n_open = n + 4 + (pair.tag == 16 ? 16 : 10) + 3;

		assert_int_equal(rig_open_rtcp(pair.rx, p, &n_open), RTPSEC_MALFORMED);
		assert_int_equal(rig_seal_rtcp(pair.tx, p, &n), RTPSEC_MALFORMED);
	}
	for (size_t n = 0; n < 12 + pair.tag + 3; n++) { // no room for tag and MKI
		size_t m = n;

		rig_packet(p, 1, 20);
		assert_int_equal(rig_open(pair.rx, p, &m), RTPSEC_MALFORMED);
	}
	pair_free(&pair);
}

static void test_malformed(void **state)
{
	each_suite(malformed);
}

static void mki(uint8_t suite)
{
	static const uint8_t lens[] = {1, 4, 128};

	for (size_t i = 0; i < sizeof(lens); i++) {
		struct pair pair = pair_new(suite, lens[i]);
		uint8_t p[RIG_BUF], plain[RIG_BUF];
		size_t n_plain = rig_packet(plain, 77, 33), n = rig_packet(p, 77, 33);
		size_t behind = pair.tag == 16 ? 0 : pair.tag; // octets that the MKI stands before

		assert_int_equal(rig_seal(pair.tx, p, &n), RTPSEC_OK);
		memmove(p + n - behind + lens[i], p + n - behind, behind);
		memset(p + n - behind, 0x5a, lens[i]);
		n += lens[i];
		assert_int_equal(rig_open(pair.rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n);

		n_plain = rig_report(plain, 16);
		n = rig_report(p, 16);
		behind = pair.tag == 16 ? 0 : 10;
		assert_int_equal(rig_seal_rtcp(pair.tx, p, &n), RTPSEC_OK);
		memmove(p + n - behind + lens[i], p + n - behind, behind);
		memset(p + n - behind, 0x5a, lens[i]);
		n += lens[i];
		assert_int_equal(rig_open_rtcp(pair.rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n);
		pair_free(&pair);
	}
}

// SRTP-5: an MKI stands before the tag, or (RFC 7714) behind everything, outside what the tag
// covers, and is stripped.
static void test_mki(void **state)
{
	each_suite(mki);
}

static void verify_only(uint8_t suite)
{
	struct pair pair = pair_new(suite, 0);

	for (unsigned int kind = RTPSEC_RTP; kind <= RTPSEC_RTCP; kind++) {
		uint8_t p[RIG_BUF], sealed[RIG_BUF];
		size_t n = kind == RTPSEC_RTP ? rig_packet(p, 5, 100) : rig_report(p, 100);
		struct rtpsec_job j = {
			.ctx = pair.rx, .pkt = p, .kind = (uint8_t)kind, .verify_only = true};

		assert_int_equal(kind == RTPSEC_RTP ? rig_seal(pair.tx, p, &n)
						    : rig_seal_rtcp(pair.tx, p, &n),
			RTPSEC_OK);
		memcpy(sealed, p, n);
		j.len = (uint32_t)n;
		p[20] ^= 1;
		rtpsec_open(rig_engine, &j, 1);
		assert_int_equal(j.status, RTPSEC_AUTH_FAILED);
		p[20] ^= 1;
		rtpsec_open(rig_engine, &j, 1);
		assert_int_equal(j.status, RTPSEC_OK);
		assert_int_equal(j.len, n);
		assert_memory_equal(p, sealed, n);
		rtpsec_open(rig_engine, &j, 1);
		assert_int_equal(j.status, RTPSEC_REPLAYED);
	}
	pair_free(&pair);
}

// SRTP-3: what passes through is judged as ever, and stays as it came.
static void test_verify_only(void **state)
{
	each_suite(verify_only);
}

// ---- Limits ------------------------------------------------------------------------------------

static void test_lifetime(void **state)
{
	struct rtpsec *tx = rig_context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 3);
	uint8_t p[RIG_BUF];
	size_t n;

	for (uint16_t i = 0; i < 5; i++) {
		assert_int_equal(rtpsec_left(tx), i < 3 ? 3 - i : 0);
		n = rig_packet(p, i, 20);
		assert_int_equal(rig_seal(tx, p, &n), i < 3 ? RTPSEC_OK : RTPSEC_EXHAUSTED);
	}
	rtpsec_free(tx);
}

// So many SRTCP packets of a source have been sealed, or have come. `more`: it is the context's second.
static void spend_rtcp(struct rtpsec *c, uint8_t suite, bool more, uint32_t next)
{
	const struct rtpsec_suite *s = &rtpsec_suites[suite];

	if (more)
		rtpsec_more(c, s)->rtcp[0].next = next;
	else
		rtpsec_tail(c, s)->rtcp.next = next;
}

static enum rtpsec_status seal_report(struct pair *p, uint8_t source, uint8_t *report, size_t *n)
{
	*n = rig_report(report, 20);
	report[4] = source;
	return (enum rtpsec_status)rig_seal_rtcp(p->tx, report, n);
}

// RFC 3711 9.2: an index of SRTCP must not come again; but whoever sends us the last one may.
// Whichever source is nearest to its end counts.
static void rtcp_lifetime(uint8_t suite)
{
	struct pair pair = pair_new(suite, 0);
	uint8_t p[RIG_BUF];
	size_t n;

	for (uint8_t source = 0; source < 2; source++) {
		assert_int_equal(seal_report(&pair, source, p, &n), RTPSEC_OK);
		assert_int_equal(rig_open_rtcp(pair.rx, p, &n), RTPSEC_OK);
		assert_int_equal(rtpsec_left(pair.tx), RTPSEC_RTCP_LIFETIME_MAX - 1);
	}
	for (uint8_t source = 0; source < 2; source++) {
		spend_rtcp(pair.tx, suite, source == 1, RTPSEC_RTCP_LIFETIME_MAX - 1);
		assert_int_equal(rtpsec_left(pair.tx), 1);
		assert_int_equal(seal_report(&pair, source, p, &n), RTPSEC_OK);
		assert_int_equal(rtpsec_left(pair.tx), 0);
		assert_int_equal(rig_open_rtcp(pair.rx, p, &n), RTPSEC_OK);
		assert_int_equal(rtpsec_left(pair.rx), 0);
		assert_int_equal(seal_report(&pair, source, p, &n), RTPSEC_EXHAUSTED);
		spend_rtcp(pair.tx, suite, source == 1, 1);
		spend_rtcp(
			pair.rx, suite, source == 1, RTPSEC_RTCP_LIFETIME_MAX + 1); // the very last
		assert_int_equal(seal_report(&pair, source, p, &n), RTPSEC_OK);
		assert_int_equal(rig_open_rtcp(pair.rx, p, &n), RTPSEC_EXHAUSTED);
		spend_rtcp(pair.rx, suite, source == 1, 1);
	}
	pair_free(&pair);
}

static void test_rtcp_lifetime(void **state)
{
	each_suite(rtcp_lifetime);
}

static void sources(uint8_t suite)
{
	struct pair pair = pair_new(suite, 0);
	uint8_t p[RIG_BUF], r[RIG_BUF];
	size_t n, n_r;

	for (uint8_t i = 0; i < RTPSEC_SSRCS_MAX + 2; i++) {
		int want = i < RTPSEC_SSRCS_MAX ? RTPSEC_OK : RTPSEC_SSRCS;

		n = rig_packet(p, 1, 20);
		n_r = rig_report(r, 20);
		p[8] = r[4] = i;
		assert_int_equal(rig_seal(pair.tx, p, &n), want);
		assert_int_equal(rig_seal_rtcp(pair.tx, r, &n_r), want);
		if (want != RTPSEC_OK) { // in another's name, as if it were sealed
			memset(p + 32, 0, pair.tag);
			n = 32 + pair.tag;
			memset(r + 28, 0, 20);
			n_r = 28 + 20;
		}
		assert_int_equal(rig_open(pair.rx, p, &n), want);
		assert_int_equal(rig_open_rtcp(pair.rx, r, &n_r), want);
	}
	for (uint8_t i = 0; i < RTPSEC_SSRCS_MAX; i++) { // those that are known go on
		n = rig_packet(p, 1, 20);
		p[8] = i;
		assert_int_equal(rig_seal(pair.tx, p, &n), RTPSEC_REPLAYED);
		n = rig_packet(p, 2, 20);
		n_r = rig_report(r, 20);
		p[8] = r[4] = i;
		assert_int_equal(rig_seal(pair.tx, p, &n), RTPSEC_OK);
		assert_int_equal(rig_open(pair.rx, p, &n), RTPSEC_OK);
		assert_int_equal(rig_seal_rtcp(pair.tx, r, &n_r), RTPSEC_OK);
		assert_int_equal(rig_open_rtcp(pair.rx, r, &n_r), RTPSEC_OK);
	}
	pair_free(&pair);
	pair = pair_new(suite, 0); // in the same memory: nothing of them is left
	n = rig_packet(p, 1, 20);
	assert_int_equal(rig_seal(pair.tx, p, &n), RTPSEC_OK);
	n = rig_packet(p, 1, 20);
	p[8] = 9;
	assert_int_equal(rig_seal(pair.tx, p, &n), RTPSEC_OK);
	pair_free(&pair);
}

// Memory that was used for the sources of SRTCP alone begins anew, too.
static void report_sources(uint8_t suite)
{
	for (unsigned int i = 0; i < 6; i++) {
		struct rtpsec *c = rig_context(RTPSEC_SEAL, suite, 0, 0);
		uint8_t p[RIG_BUF];
		size_t n = rig_report(p, 20);

		p[4] = i % 3;
		assert_int_equal(rig_seal_rtcp(c, p, &n), RTPSEC_OK);
		n = rig_report(p, 20);
		p[4] = 9;
		assert_int_equal(rig_seal_rtcp(c, p, &n), RTPSEC_OK);
		assert_int_equal(p[n - (rig_tag_len(suite) == 16 ? 1 : 11)], 0); // the index
		rtpsec_free(c);
	}
}

static void test_report_sources(void **state)
{
	each_suite(report_sources);
}

// A table that is full refuses the new and keeps the old.
static void test_sources(void **state)
{
	each_suite(sources);
}

static void test_params(void **state)
{
	static const struct {
		struct rtpsec_params p;
		int err;
	} t[] = {
		{{.direction = RTPSEC_OPEN, .suite = DP_SRTP_NONE}, -ENOTSUP},
		{{.direction = RTPSEC_OPEN, .suite = DP_SRTP_SUITES}, -ENOTSUP},
		{{.direction = 2, .suite = 1}, -ENOTSUP},
		{{.direction = RTPSEC_OPEN, .suite = 1, .mki_len = 129}, -EINVAL},
		{{.direction = RTPSEC_SEAL, .suite = 1, .mki_len = 1}, -EINVAL},
		{{.direction = RTPSEC_SEAL, .suite = 1, .lifetime = UINT64_C(1) << 48}, -EINVAL},
	};
	struct rtpsec *c;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(rtpsec_new(&c, &t[i].p), t[i].err);
	rtpsec_free(NULL);
}

// ---- Memory ------------------------------------------------------------------------------------

static void test_contexts_end(void **state)
{
	struct rtpsec_params p = {.direction = RTPSEC_OPEN};
	struct rtpsec *c[RIG_CONTEXTS], *more;

	for (p.suite = 1; p.suite < DP_SRTP_SUITES; p.suite++) {
		for (size_t i = 0; i < RIG_CONTEXTS; i++) {
			assert_int_equal(rtpsec_new(&c[i], &p), 0);
			assert_int_equal((uintptr_t)c[i] % 64, 0);
		}
		assert_int_equal(rtpsec_new(&more, &p), -ENOMEM);
		rtpsec_free(c[7]);
		assert_int_equal(rtpsec_new(&more, &p), 0);
		assert_ptr_equal(more, c[7]);
		for (size_t i = 0; i < RIG_CONTEXTS; i++)
			rtpsec_free(c[i]);
	}
	// The goal of 1536 octets for a call: two of these and what the relay itself needs.
	assert_true(rtpsec_size(DP_SRTP_AES_CM_128_HMAC_SHA1_80) <= 448);
	assert_int_equal(rtpsec_size(DP_SRTP_NONE), 0);
}

// Nothing of a key is left where a context was.
static void test_srtp4_wiped(void **state)
{
	static const uint8_t zero[320];
	struct rtpsec *c = rig_context(RTPSEC_OPEN, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	const uint8_t *p = (const uint8_t *)c;

	assert_memory_not_equal(p + 40, zero, 60);
	rtpsec_free(c);
	assert_memory_equal(p + 8, zero, sizeof(zero)); // before it is the list of the free ones
}

static unsigned long locked_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kb = 0;
	char line[128];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL && sscanf(line, "VmLck: %lu", &kb) != 1)
		;
	fclose(f);
	assert_true(kb > 0);
	return kb;
}

// Keys are in no core dump, no swap and no child.
static void test_guarded(void **state)
{
	struct rtpsec *c = rig_context(RTPSEC_OPEN, DP_SRTP_AEAD_AES_256_GCM, 0, 0);
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx", &from, &to) == 2)
			here = (uintptr_t)c >= from && (uintptr_t)c < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			break;
	}
	fclose(f);
	assert_non_null(strstr(line, " lo"));
	assert_non_null(strstr(line, " dd"));
	assert_non_null(strstr(line, " dc"));
	rtpsec_free(c);
}

// Engines and all their memory come and go; and there is one start.
static void test_engines(void **state)
{
	unsigned long before = locked_kb();
	struct rtpsec_engine *e;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(rtpsec_engine_new(&e), 0);
		assert_true(locked_kb() > before);
		rtpsec_engine_free(e);
		assert_int_equal(locked_kb(), before);
	}
	rtpsec_engine_free(NULL);
	assert_int_equal(rtpsec_init(RTPSEC_AUTO, 1), -EALREADY);
}

// After the start the engine opens no file and loads no library: by then the daemon has shed its
// privileges, and may lock no more memory than this.
static void test_asks_for_nothing(void **state)
{
	struct rlimit files, locked;
	struct rtpsec *tx;
	uint8_t p[RIG_BUF];
	size_t n = rig_packet(p, 1, 20);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &locked), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_max = files.rlim_max}), 0);
	assert_int_equal(
		setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){.rlim_max = locked.rlim_max}), 0);
	tx = rig_context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &locked), 0);
	assert_int_equal(rig_seal(tx, p, &n), RTPSEC_OK);
	rtpsec_free(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks_for_nothing),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_forged_report),
		cmocka_unit_test(test_rtp3_replay),
		cmocka_unit_test(test_seal_twice),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_mki),
		cmocka_unit_test(test_verify_only),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_rtcp_lifetime),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_report_sources),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_contexts_end),
		cmocka_unit_test(test_srtp4_wiped),
		cmocka_unit_test(test_guarded),
		cmocka_unit_test(test_engines),
	};
	return RIG_RUN_TIERS(tests);
}
