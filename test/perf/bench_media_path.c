// SPDX-License-Identifier: BSD-3-Clause
// The whole path of media through a worker, all stages but the devices, for a number of live
// calls; packets are fresh, and what comes out is verified. A server, so that test/perf/media.py
// can let several of them take turns; it answers these lines with a JSON object each:
//	round		nanoseconds per packet, mean of both ways: in bursts of 32, one by one,
//			forged, and of the bare engine with contexts of its own (with 1000 calls)
//	memory		octets that the calls have taken, traffic included
//	storm on|off	TLS handshakes on the other CPU
//	bench_media_path CPU OTHER-CPU CALLS PAYLOAD huge|plain
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "dp/arp.h"
#include "dp/frag.h"
#include "dp/handoff.h"
#include "dp/media.h"
#include "dp/media_ctl.h"
#include "dp/parse.h"
#include "dp/route.h"
#include "dp/rtpsec.h"
#include "dp/sess.h"
#include "dp/snapshot.h"
#include "dp/worker_ctl.h"
#include "test/perf/bench_eal.h"
#include "test/perf/mediagen_pkt.h"
#include "test/perf/tls_storm.h"

#define BURST       32
#define BLOCK       12288 // packets, about
#define BARE_CALLS  1000  // calls
#define MEMORY_MB   512
#define INTERRUPTED 8   // times the median: not the worker's work
#define PACKET_NS   200 // by which the worker's clock goes on

static struct worker *w;
static struct rte_mbuf *mbufs[BURST];
static uint32_t calls;
static double cycles_per_ns;

// ---- Set-up ------------------------------------------------------------------------------------

static void worker_start(void)
{
	struct media_worker *media[1];
	char err[256] = "";
	struct dp_rules r = plan_rules(calls);
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"bench", 1023, 0, RTE_ALIGN(sizeof(struct pkt), RTE_MBUF_PRIV_ALIGN), 2048, 0);

	w = worker_new(0, 1, 65536, 4711);
	bench_need(pool != NULL && w != NULL, "no memory for a worker");
	bench_need(snapshot_open(1, SIDES) == 0, "no snapshot");
	bench_need(media_ctl_start(1, DP_STREAMS_MAX, RTPSEC_AUTO, media) == 0, "no SRTP engine");
	bench_need(snapshot_apply(&r, SIDES, err, sizeof(err)) == 0, err);
	w->pool = pool;
	w->media = media[0];
	w->n_ifaces = SIDES;
	w->now_ns = UINT64_C(1000000000000);
	w->snap = snapshot_read();
	for (unsigned int side = 0; side < SIDES; side++) {
		const struct dp_msg m = plan_neigh(side);

		w->mac[side] = plan_relay_mac(side);
		w->mtu[side] = 1500;
		neigh_msg(w, &m);
	}
	for (unsigned int i = 0; i < BURST; i++)
		bench_need((mbufs[i] = rte_pktmbuf_alloc(pool)) != NULL, "no packet buffers");
}

static void calls_up(void)
{
	for (uint32_t i = 0; i < calls; i++) {
		const struct dp_msg m = plan_msg(i);
		struct dp_msg down;
		unsigned int owner;

		bench_need(media_ctl_send(&m, &down, &owner) == 0, "a call is refused");
		media_msg(w, &down);
	}
}

// ---- A block of packets ------------------------------------------------------------------------

// Cycles per packet of each burst.
struct samples {
	unsigned int n;
	double v[2 * BLOCK];
};

static void sample(struct samples *s, uint64_t cycles, unsigned int packets)
{
	if (s->n < RTE_DIM(s->v))
		s->v[s->n++] = (double)cycles / packets;
}

static double mean(const struct samples *s, unsigned int n)
{
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += s->v[i];
	return sum / n / cycles_per_ns;
}

// Nanoseconds; without the bursts in which another process ran.
static double undisturbed(struct samples *s)
{
	unsigned int n = s->n;

	qsort(s->v, s->n, sizeof(s->v[0]), bench_compare);
	while (n > 1 && s->v[n - 1] > INTERRUPTED * s->v[s->n / 2])
		n--;
	return mean(s, n);
}

static void fill(unsigned int side, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		rte_pktmbuf_reset(mbufs[i]);
		gen_next(side, mbufs[i]);
	}
}

// What worker_turn() does with a burst.
static void turn(unsigned int side, struct rte_mbuf **m, unsigned int n)
{
	struct pkts v;

	v.n = (uint16_t)n;
	memcpy(v.m, m, n * sizeof(*m));
	w->now_ns += n * PACKET_NS;
	parse_stage(w, &v, (uint16_t)side);
	arp_stage(w, &v);
	frag_stage(w, &v);
	handoff_stage(w, &v);
	worker_process(w, &v);
	media_turn(w);
	sess_age(w);
}

// All of them must have come out, or the figures are those of drops.
static void sent(unsigned int side, unsigned int n)
{
	for (unsigned int i = 0; i < DP_COUNTERS && w->dropped.n > 0; i++)
		if (counter_infos[i].drop && counter_get(w->count, i) > 0)
			bench_need(false, counter_infos[i].name);
	bench_need(w->tx[side].n == n, "packets went elsewhere");
	for (unsigned int i = 0; i < n; i++)
		gen_judge(side, w->tx[side].m[i]);
	w->tx[side].n = 0;
}

static void path_timed(struct samples *s, unsigned int side, unsigned int n, unsigned int each)
{
	uint64_t t = rte_rdtsc_precise();

	for (unsigned int i = 0; i < n; i += each)
		turn(side, mbufs + i, RTE_MIN(each, n - i));
	sample(s, rte_rdtsc_precise() - t, n);
}

static void path_burst(struct samples *s, unsigned int side, unsigned int n, unsigned int each)
{
	fill(side, n);
	path_timed(s, side, n, each);
	sent(side ^ 1, n);
}

// What a flood of forgeries costs: each packet is the call's next but for its tag, and after the
// block of them the same packets come as they should, which have to pass.
static void forged_burst(struct samples *s, unsigned int n)
{
	uint8_t *last[BURST];
	const uint64_t before = counter_get(w->count, DROP_MEDIA_AUTH);

	fill(OUTSIDE, n);
	for (unsigned int i = 0; i < n; i++) {
		last[i] = rte_pktmbuf_mtod_offset(
			mbufs[i], uint8_t *, rte_pktmbuf_data_len(mbufs[i]) - 1);
		*last[i] ^= 1;
	}
	path_timed(s, OUTSIDE, n, n);
	bench_need(counter_get(w->count, DROP_MEDIA_AUTH) - before == n,
		"forged packets are not dropped as such");
	w->dropped.n = 0; // the buffers are the bench's
	for (unsigned int i = 0; i < n; i++)
		*last[i] ^= 1;
	turn(OUTSIDE, mbufs, n);
	sent(INSIDE, n);
}

// Whole turns of all calls where that is few packets, so that blocks of different kinds take the
// same packets of every call.
static unsigned int block_len(void)
{
	return calls < BLOCK ? BLOCK / calls * calls : BLOCK;
}

static void path_block(struct samples *s, unsigned int each)
{
	s->n = 0;
	for (unsigned int left = block_len(), n; left > 0; left -= n) {
		n = RTE_MIN(left, (unsigned int)BURST);
		for (unsigned int side = 0; side < SIDES; side++)
			path_burst(s, side, n, each);
	}
}

static void forged_block(struct samples *s)
{
	s->n = 0;
	for (unsigned int left = block_len(), n; left > 0; left -= n) {
		n = RTE_MIN(left, (unsigned int)BURST);
		forged_burst(s, n);
	}
}

// ---- The bare engine ---------------------------------------------------------------------------

static struct rtpsec_engine *engine;
static struct rtpsec *bare[SIDES][BARE_CALLS]; // by side that packets come from

static struct rtpsec *context(enum rtpsec_direction d, uint8_t seed)
{
	struct rtpsec_params p = {.direction = d, .suite = DP_SRTP_AES_CM_128_HMAC_SHA1_80};
	struct rtpsec *c;

	plan_key(seed, p.key);
	bench_need(rtpsec_new(&c, &p) == 0, "no context");
	return c;
}

// In the order in which the calls speak: neighbours in memory do not follow each other here either.
static void bare_start(void)
{
	const uint32_t *order = gen_order();

	bench_need(rtpsec_engine_new(&engine) == 0, "no engine");
	for (uint32_t i = 0; i < calls; i++) {
		bare[OUTSIDE][order[i]] = context(RTPSEC_OPEN, PLAN_SEED_RX);
		bare[INSIDE][order[i]] = context(RTPSEC_SEAL, PLAN_SEED_TX);
	}
}

static void bare_burst(struct samples *s, unsigned int side, unsigned int n, uint32_t *next)
{
	struct rtpsec_job jobs[BURST];
	uint64_t t;

	fill(side, n);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *p = rte_pktmbuf_mtod_offset(mbufs[i], uint8_t *, 42);

		jobs[i] = (struct rtpsec_job){.ctx = bare[side][(*next)++ % calls],
			.pkt = p,
			.len = rte_pktmbuf_data_len(mbufs[i]) - 42u};
	}
	t = rte_rdtsc_precise();
	for (unsigned int i = 0; i < n; i++)
		rtpsec_prefetch(jobs[i].ctx);
	if (side == OUTSIDE)
		rtpsec_open(engine, jobs, n);
	else
		rtpsec_seal(engine, jobs, n);
	sample(s, rte_rdtsc_precise() - t, n);
	for (unsigned int i = 0; i < n; i++)
		bench_need(jobs[i].status == RTPSEC_OK, "the bare engine refuses a packet");
}

static void bare_block(struct samples *s)
{
	uint32_t next[SIDES] = {0};

	s->n = 0;
	for (unsigned int left = block_len(), n; left > 0; left -= n) {
		n = RTE_MIN(left, (unsigned int)BURST);
		for (unsigned int side = 0; side < SIDES; side++)
			bare_burst(s, side, n, &next[side]);
	}
}

// ---- Commands ----------------------------------------------------------------------------------

static void round_run(void)
{
	static struct samples s;
	double path, path_all, one, forged, alone = 0;

	path_block(&s, BURST); // others have run since the last round: warms up
	path_block(&s, BURST);
	path_all = mean(&s, s.n);
	path = undisturbed(&s);
	path_block(&s, 1);
	one = undisturbed(&s);
	forged_block(&s);
	forged = undisturbed(&s);
	if (engine != NULL) {
		bare_block(&s);
		bare_block(&s);
		alone = undisturbed(&s);
	}
	bench_need(gen_stats.bad == 0, "what comes out is wrong");
	printf("{\"path\": %.2f, \"path_all\": %.2f, \"one\": %.2f, \"forged\": %.2f, "
	       "\"engine\": %.2f, \"handshakes\": %lu}\n",
		path, path_all, one, forged, alone, storm_count());
}

static uint64_t resident(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	bench_need(f != NULL && fscanf(f, "%lu %lu", &size, &pages) == 2, "/proc/self/statm");
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// Every call has its first packets, which also touch what they touch.
static void first_turn(void)
{
	static struct samples s;

	for (uint32_t left = calls, n; left > 0; left -= n) {
		n = RTE_MIN(left, (uint32_t)BURST);
		s.n = 0;
		for (unsigned int side = 0; side < SIDES; side++)
			path_burst(&s, side, n, BURST);
	}
}

int main(int argc, char **argv)
{
	uint64_t before, memory;
	char line[64];

	bench_need(argc == 6, "bench_media_path CPU OTHER-CPU CALLS PAYLOAD huge|plain");
	calls = (uint32_t)atoi(argv[3]);
	bench_eal(argv[1], MEMORY_MB, strcmp(argv[5], "huge") == 0);
	cycles_per_ns = (double)rte_get_tsc_hz() / 1e9;
	gen_open(calls, NULL, (unsigned int)atoi(argv[4]));
	worker_start();
	before = resident();
	calls_up();
	first_turn();
	memory = resident() - before;
	if (calls == BARE_CALLS)
		bare_start();
	storm_open(atoi(argv[2]));
	printf("{\"calls\": %u}\n", calls);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, "round", 5) == 0)
			round_run();
		else if (strncmp(line, "memory", 6) == 0)
			printf("{\"memory\": %lu}\n", memory);
		else if (strncmp(line, "storm ", 6) == 0)
			storm_set(line[7] == 'n'), printf("{}\n");
		fflush(stdout);
	}
	return 0;
}
