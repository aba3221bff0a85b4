// SPDX-License-Identifier: BSD-3-Clause
// Nanoseconds per packet of one tier of the SRTP engine, for every suite, with one stream and with
// a thousand: bursts of 32 packets, opened and sealed. `tools/bench media` runs it once per tier,
// "auto" first: that is the tier a worker would choose, and its figures have goals.
//
// Measured against OpenSSL's EVP with kept contexts (evp_srtp.h), in the same run and block by
// block in turn. With one stream everything is in the nearest cache; with a thousand, each is
// touched once in a thousand packets.
//	bench_media_engine CPU auto|TIER
//	bench_media_engine CPU TIER no-sha-ni|no-aes-ni	as on a processor without these instructions;
//			OpenSSL has to be told by OPENSSL_ia32cap, before it is loaded
//	bench_media_engine CPU gauge NAME	the state of the machine now: EVP, and the clock
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "dp/rtpsec.h"
#include "test/perf/bench_eal.h"
#include "test/perf/evp_srtp.h"

#define BURST     32u
#define STREAMS   1000u
#define PASS      STREAMS // packets
#define BLOCK     3       // passes
#define ROUNDS    15
#define TRIES     8 // or numbers that one side skips were more than an index can leap
#define RTP       12
#define SIZE_MAX_ 1200
#define STRIDE    (RTP + SIZE_MAX_ + 52) // a whole number of cache lines
#define GOAL      3

enum way { SEAL, OPEN, WAYS };

struct engine_set {
	struct rtpsec *ctx[WAYS][STREAMS];
	struct evp_srtp *evp[WAYS][STREAMS]; // NULL: not measured
	struct rtpsec *remote;
	uint32_t seq;
};

// What the processor is not to have, for intel-ipsec-mb: the linker puts these in the library's way.
struct mask {
	const char *name;
	uint64_t features, flags;
};
static const struct mask masks[] = {
	{"no-sha-ni", IMB_FEATURE_SHANI, IMB_FLAG_SHANI_OFF},
	{"no-aes-ni", IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ, IMB_FLAG_AESNI_OFF},
};
static struct mask mask = {.name = ""};

uint64_t __real_imb_get_feature_flags(void);
uint64_t __wrap_imb_get_feature_flags(void);
IMB_MGR *__real_imb_set_pointers_mb_mgr(void *p, uint64_t flags, unsigned int reset);
IMB_MGR *__wrap_imb_set_pointers_mb_mgr(void *p, uint64_t flags, unsigned int reset);

uint64_t __wrap_imb_get_feature_flags(void)
{
	return __real_imb_get_feature_flags() & ~mask.features;
}

IMB_MGR *__wrap_imb_set_pointers_mb_mgr(void *p, uint64_t flags, unsigned int reset)
{
	return __real_imb_set_pointers_mb_mgr(p, flags | mask.flags, reset);
}

static struct rtpsec_engine *engine;
static uint8_t packets[PASS][STRIDE] __attribute__((aligned(64)));
static uint32_t lens[PASS];
static uint8_t key[DP_SRTP_KEY_LEN];
static double cycles_per_ns;

// ---- Contexts ----------------------------------------------------------------------------------

static struct rtpsec *context(uint8_t suite, enum rtpsec_direction d)
{
	struct rtpsec_params p = {.direction = d, .suite = suite};
	struct rtpsec *c;

	memcpy(p.key, key, sizeof(key));
	bench_need(rtpsec_new(&c, &p) == 0, "the engine refuses a suite");
	return c;
}

static void set_make(struct engine_set *s, uint8_t suite, unsigned int streams)
{
	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < streams; i++) {
		s->ctx[SEAL][i] = context(suite, RTPSEC_SEAL);
		s->ctx[OPEN][i] = context(suite, RTPSEC_OPEN);
		if (suite != DP_SRTP_AES_CM_128_HMAC_SHA1_80)
			continue;
		for (unsigned int w = 0; w < WAYS; w++)
			s->evp[w][i] = evp_srtp_new(key);
	}
	s->remote = context(suite, RTPSEC_SEAL);
}

static void set_free(struct engine_set *s)
{
	for (unsigned int w = 0; w < WAYS; w++)
		for (unsigned int i = 0; i < STREAMS; i++) {
			rtpsec_free(s->ctx[w][i]);
			if (s->evp[w][i] != NULL)
				evp_srtp_free(s->evp[w][i]);
		}
	rtpsec_free(s->remote);
}

// ---- Packets -----------------------------------------------------------------------------------

static uint32_t plain(uint8_t *p, uint32_t seq, unsigned int size)
{
	const uint8_t h[RTP] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 0, 1, 2, 3, 4};

	memcpy(p, h, RTP);
	memset(p + RTP, (int)seq, size);
	return RTP + size;
}

// The packets of a pass, fresh for every stream. All have one key, so those with one number are
// the same.
static void pass_make(
	struct engine_set *s, uint32_t first, unsigned int streams, unsigned int size, enum way way)
{
	for (unsigned int i = 0; i < PASS; i++) {
		struct rtpsec_job j = {.ctx = s->remote, .pkt = packets[i]};

		if (i >= streams || i == 0) {
			j.len = plain(packets[i], first + i / streams, size);
			if (way == OPEN) {
				rtpsec_seal(engine, &j, 1);
				bench_need(j.status == RTPSEC_OK, "a packet is not sealed");
			}
			lens[i] = j.len;
			continue;
		}
		memcpy(packets[i], packets[0], lens[0]);
		lens[i] = lens[0];
	}
}

static uint64_t pass_engine(struct engine_set *s, unsigned int streams, enum way way)
{
	struct rtpsec_job jobs[BURST];
	uint64_t cycles = 0, t;

	for (unsigned int at = 0; at < PASS; at += BURST) {
		unsigned int n = RTE_MIN(BURST, PASS - at);

		for (unsigned int i = 0; i < n; i++)
			jobs[i] = (struct rtpsec_job){.ctx = s->ctx[way][(at + i) % streams],
				.pkt = packets[at + i],
				.len = lens[at + i]};
		t = rte_rdtsc_precise();
		for (unsigned int i = 0; i < n; i++)
			rtpsec_prefetch(jobs[i].ctx);
		if (way == OPEN)
			rtpsec_open(engine, jobs, n);
		else
			rtpsec_seal(engine, jobs, n);
		cycles += rte_rdtsc_precise() - t;
		for (unsigned int i = 0; i < n; i++)
			bench_need(jobs[i].status == RTPSEC_OK, "the engine refuses a packet");
	}
	return cycles;
}

static uint64_t pass_evp(struct engine_set *s, unsigned int streams, enum way way)
{
	uint64_t t = rte_rdtsc_precise();

	for (unsigned int i = 0; i < PASS; i++) {
		struct evp_srtp *e = s->evp[way][i % streams];
		size_t n = lens[i];

		bench_need(way == OPEN ? evp_srtp_open(e, packets[i], &n)
				       : evp_srtp_seal(e, packets[i], &n),
			"EVP refuses a packet");
	}
	return rte_rdtsc_precise() - t;
}

// ---- Rounds ------------------------------------------------------------------------------------

struct result {
	struct bench_series engine, evp; // ns per packet, mean of both ways
};

// Nanoseconds per packet of a few passes in a row, both ways.
static double block(struct engine_set *s, unsigned int streams, unsigned int size, bool evp)
{
	uint64_t cycles = 0;

	for (unsigned int way = 0; way < WAYS; way++)
		for (unsigned int i = 0; i < BLOCK; i++) {
			uint32_t first = s->seq + i * PASS / streams;

			pass_make(s, first, streams, size, way);
			cycles += evp ? pass_evp(s, streams, way) : pass_engine(s, streams, way);
		}
	return (double)cycles / (WAYS * BLOCK * PASS) / cycles_per_ns;
}

static long times_interrupted(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nivcsw;
}

// A block in the middle of which the kernel gave the CPU to somebody else says nothing, and all of a
// figure are over within the time that it may be away. The next one has other numbers: nothing is
// sealed twice.
static double block_alone(struct engine_set *s, unsigned int streams, unsigned int size, bool evp)
{
	for (unsigned int try = 1;; try++) {
		long before = times_interrupted();
		double ns = block(s, streams, size, evp);

		s->seq += BLOCK * PASS / streams;
		if (times_interrupted() == before || try == TRIES)
			return ns;
	}
}

static void measure(struct result *r, uint8_t suite, unsigned int streams, unsigned int size)
{
	static struct engine_set s;

	memset(r, 0, sizeof(*r));
	set_make(&s, suite, streams);
	for (unsigned int round = 0; round <= ROUNDS; round++) {
		double engine_ns = block_alone(&s, streams, size, false), evp_ns = 0;

		if (s.evp[0][0] != NULL)
			evp_ns = block_alone(&s, streams, size, true);
		if (round == 0) // warms up
			continue;
		bench_add(&r->engine, engine_ns);
		if (evp_ns > 0)
			bench_add(&r->evp, evp_ns);
	}
	set_free(&s);
}

static const char *const suites[DP_SRTP_SUITES] = {
	[DP_SRTP_AES_CM_128_HMAC_SHA1_80] = "AES_CM_128_HMAC_SHA1_80",
	[DP_SRTP_AES_CM_128_HMAC_SHA1_32] = "AES_CM_128_HMAC_SHA1_32",
	[DP_SRTP_AEAD_AES_128_GCM] = "AEAD_AES_128_GCM",
	[DP_SRTP_AEAD_AES_256_GCM] = "AEAD_AES_256_GCM",
	[DP_SRTP_AES_256_CM_HMAC_SHA1_80] = "AES_256_CM_HMAC_SHA1_80",
};

static void report_goal(const struct result *r, unsigned int streams)
{
	bench_figure(streams == 1 ? "media.engine_over_evp.hot" : "media.engine_over_evp.1000",
		bench_ratio(&r->evp, &r->engine), "ratio", GOAL,
		"OpenSSL EVP with kept contexts, AES_CM_128_HMAC_SHA1_80, 160 B");
}

static void report(const char *tier, uint8_t suite, unsigned int size, bool goals)
{
	static struct result r;
	char name[128];

	for (unsigned int streams = 1; streams <= STREAMS; streams *= STREAMS) {
		measure(&r, suite, streams, size);
		snprintf(name, sizeof(name), "media.engine.%s.%s.%u.%s", tier, suites[suite], size,
			streams == 1 ? "hot" : "1000");
		bench_figure(name, bench_median(&r.engine), "ns/packet", 0, rtpsec_engine_name());
		if (goals && suite == DP_SRTP_AES_CM_128_HMAC_SHA1_80 && size == 160)
			report_goal(&r, streams);
	}
}

#define ADDS 1000000

// Additions that wait for each other take a cycle each; the best of many tries ran undisturbed.
static double clock_mhz(void)
{
	double best = 0;

	for (unsigned int try = 0; try < 100; try++) {
		uint64_t t = rte_rdtsc_precise();

		for (uint64_t i = 0; i < ADDS;)
			__asm__ volatile("add $1, %0" : "+r"(i));
		t = rte_rdtsc_precise() - t;
		best = RTE_MAX(best, ADDS / ((double)t / cycles_per_ns) * 1e3);
	}
	return best;
}

static void gauge(const char *part)
{
	static struct result r;
	char name[64];

	measure(&r, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 1, 160);
	snprintf(name, sizeof(name), "media.gauge.%s.evp", part);
	bench_figure(name, bench_median(&r.evp), "ns/packet", 0,
		"state of the machine: OpenSSL EVP, 160 B, one stream");
	snprintf(name, sizeof(name), "media.gauge.%s.clock", part);
	bench_figure(name, clock_mhz(), "MHz", 0, "state of the machine: dependent additions");
}

static void tables(const char *tier)
{
	static const unsigned int sizes[] = {20, 160, SIZE_MAX_};
	bool goals = strcmp(tier, "auto") == 0;

	for (uint8_t suite = DP_SRTP_NONE + 1; suite < DP_SRTP_SUITES; suite++)
		for (unsigned int i = 0; i < RTE_DIM(sizes); i++)
			report(tier, suite, sizes[i], goals);
}

int main(int argc, char **argv)
{
	char name[64];
	bool is_gauge;
	enum rtpsec_tier tier;
	int bad;

	bench_need(argc >= 3, "bench_media_engine CPU auto|TIER, or CPU gauge NAME");
	bench_eal(argv[1], 64, false);
	is_gauge = argc == 4 && strcmp(argv[2], "gauge") == 0;
	tier = rtpsec_tier_of(argv[2]);
	bench_need(is_gauge || tier != RTPSEC_AUTO || strcmp(argv[2], "auto") == 0, "no such tier");
	for (size_t i = 0; i < RTE_DIM(masks) && !is_gauge && argc == 4; i++)
		if (strcmp(argv[3], masks[i].name) == 0)
			mask = masks[i];
	bench_need(is_gauge || argc == 3 || mask.features != 0, "no such mask");
	bad = rtpsec_init(tier, 2 * STREAMS + 1);
	if (bad == -ENOTSUP) {
		fprintf(stderr, "bench: this processor lacks the instructions of %s\n", argv[2]);
		return 0;
	}
	bench_need(bad == 0 && rtpsec_engine_new(&engine) == 0, "the engine does not start");
	cycles_per_ns = (double)rte_get_tsc_hz() / 1e9;
	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 11 + 5);
	snprintf(name, sizeof(name), "%s%s%s", argv[2], mask.features != 0 ? "." : "", mask.name);
	if (is_gauge)
		gauge(argv[3]);
	else
		tables(name);
	rtpsec_engine_free(engine);
	rtpsec_fini();
	return 0;
}
