// SPDX-License-Identifier: BSD-3-Clause
// Cycles per packet and stage of a worker, for a NAT flow and for an SRTP stream in both
// directions. Bursts of 32 packets that are already in memory; no device: transmission is left
// out. `tools/bench worker` builds and runs it.
//
// Measured against, in the same run and burst by burst in turn:
// - NAT: a loop that does what DPDK's l3fwd (exact match) does with a packet: 5-tuple, bulk lookup
//   in an rte_hash of the same flows, MAC addresses, TTL and checksum;
// - SRTP: the bare engine (rtpsec_open(), rtpsec_seal()) on the same payloads, with contexts of its
//   own;
// - RTP on both sides, which shows the relay without crypto: writing the new headers.
#include "test/perf/bench_env.h"

#include <string.h>

#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_mbuf.h>

#include "dp/rtpsec.h"
#include "dp/spoof.h"

#define BURSTS 200 // per round
#define ROUNDS 15
#define P4     0.65 // media path without IO against the bare engine

// One kind of traffic: what it costs whole, by stage, and what the measure costs.
struct result {
	struct bench_series whole, stage[STAGES], base;
};

static uint8_t flat[BURST][FRAME_MAX]; // what the measure works on

// ---- The path ----------------------------------------------------------------------------------

static void receive(struct pkts *v, const struct burst *b)
{
	v->n = BURST;
	for (unsigned int i = 0; i < BURST; i++) {
		rte_pktmbuf_reset(mbufs[i]);
		memcpy(rte_pktmbuf_append(mbufs[i], b->len), b->frame[i], b->len);
		v->m[i] = mbufs[i];
	}
}

static uint64_t run_whole(const struct burst *b, uint16_t in)
{
	struct pkts v;
	uint64_t t;

	receive(&v, b);
	t = rte_rdtsc_precise();
	bench_env_turn(&v, in);
	t = rte_rdtsc_precise() - t;
	bench_env_sent(BURST);
	return t;
}

static void run_staged(const struct burst *b, uint16_t in, uint64_t cycles[STAGES])
{
	struct pkts v;

	receive(&v, b);
	bench_env_stages(&v, in, cycles);
	bench_env_sent(BURST);
}

// ---- The measures ------------------------------------------------------------------------------

struct em_key {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t proto;
};
static struct rte_hash *em;

static struct em_key em_key(const uint8_t *frame)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + 14);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);

	return (struct em_key){
		ip->src_addr, ip->dst_addr, udp->src_port, udp->dst_port, ip->next_proto_id};
}

static void em_start(void)
{
	const struct rte_hash_parameters p = {.name = "em",
		.entries = FLOWS * 2,
		.key_len = sizeof(struct em_key),
		.hash_func = rte_hash_crc};
	struct burst b;

	em = rte_hash_create(&p);
	bench_need(em != NULL, "no rte_hash");
	for (unsigned int n = 0; n < FLOWS; n++) {
		nat_burst(&b, n);
		for (unsigned int i = 0; i < BURST; i++) {
			struct em_key k = em_key(b.frame[i]);

			bench_need(rte_hash_add_key(em, &k) >= 0, "rte_hash is full");
		}
	}
}

static uint64_t em_run(const struct burst *b)
{
	struct em_key keys[BURST];
	const void *ptr[BURST];
	int32_t pos[BURST];
	struct pkts v;
	uint64_t t;

	receive(&v, b);
	t = rte_rdtsc_precise();
	for (unsigned int i = 0; i < BURST; i++) {
		keys[i] = em_key(rte_pktmbuf_mtod(v.m[i], uint8_t *));
		ptr[i] = &keys[i];
	}
	rte_hash_lookup_bulk(em, ptr, BURST, pos);
	for (unsigned int i = 0; i < BURST; i++) {
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(v.m[i], struct rte_ether_hdr *);
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

		bench_need(pos[i] >= 0, "flow not found");
		eth->src_addr = w->mac[0];
		eth->dst_addr = w->mac[1];
		ip->time_to_live--;
		ip->hdr_checksum++;
	}
	return rte_rdtsc_precise() - t;
}

static struct rtpsec_engine *bare;
static struct rtpsec *bare_rx, *bare_tx;

static struct rtpsec *bare_context(enum rtpsec_direction d, const uint8_t *key)
{
	struct rtpsec_params p = {.direction = d, .suite = DP_SRTP_AES_CM_128_HMAC_SHA1_80};
	struct rtpsec *c;

	memcpy(p.key, key, sizeof(p.key));
	bench_need(rtpsec_new(&c, &p) == 0, "no SRTP context");
	return c;
}

static void bare_start(void)
{
	struct dp_msg s = stream(0);

	bench_need(rtpsec_engine_new(&bare) == 0, "no SRTP engine");
	bare_rx = bare_context(RTPSEC_OPEN, s.media.leg[OUTSIDE].rx_key);
	bare_tx = bare_context(RTPSEC_SEAL, s.media.leg[OUTSIDE].tx_key);
}

static uint64_t bare_run(const struct burst *b, struct rtpsec *ctx,
	void (*f)(struct rtpsec_engine *, struct rtpsec_job *, size_t))
{
	struct rtpsec_job jobs[BURST];
	uint64_t t;

	for (unsigned int i = 0; i < BURST; i++) {
		memcpy(flat[i], b->frame[i] + HEADERS, b->len - HEADERS);
		jobs[i] = (struct rtpsec_job){
			.ctx = ctx, .pkt = flat[i], .len = (uint32_t)(b->len - HEADERS)};
	}
	t = rte_rdtsc_precise();
	f(bare, jobs, BURST);
	t = rte_rdtsc_precise() - t;
	for (unsigned int i = 0; i < BURST; i++)
		bench_need(jobs[i].status == RTPSEC_OK, "the engine refused");
	return t;
}

// The least that a relay of RTP can do: new headers, with their checksums.
static uint64_t readdress_run(const struct burst *b)
{
	const struct dp_msg s = stream(1);
	const struct dp_media_leg *l = &s.media.leg[OUTSIDE];
	uint64_t t;

	memcpy(flat, b->frame, sizeof(flat));
	t = rte_rdtsc_precise();
	for (unsigned int i = 0; i < BURST; i++)
		headers(flat[i], OUTSIDE, l->local, l->remote, RTP_LEN);
	return rte_rdtsc_precise() - t;
}

static uint64_t bare_in(const struct burst *b)
{
	return bare_run(b, bare_rx, rtpsec_open);
}

static uint64_t bare_out(const struct burst *b)
{
	return bare_run(b, bare_tx, rtpsec_seal);
}

// ---- Rounds ------------------------------------------------------------------------------------

struct kind {
	const char *name;
	uint16_t in;
	void (*make)(struct burst *b, unsigned int number);
	uint64_t (*base)(const struct burst *b);
};

// The cycles per packet of each burst of a round. Their median leaves out the bursts that another
// process interrupted.
struct samples {
	unsigned int n;
	double v[BURSTS];
};

static void sample(struct samples *s, uint64_t cycles)
{
	s->v[s->n++] = (double)cycles / BURST;
}

static double middle(struct samples *s)
{
	qsort(s->v, s->n, sizeof(s->v[0]), bench_compare);
	return s->v[s->n / 2];
}

// Every other burst runs with a clock between the stages, the others whole: a clock costs, too.
static void round_run(const struct kind *k, struct result *r, unsigned int round, bool keep)
{
	static struct samples whole, base, stage[STAGES];
	uint64_t cycles[STAGES];
	struct burst b;

	whole.n = base.n = 0;
	for (unsigned int i = 0; i < STAGES; i++)
		stage[i].n = 0;
	for (unsigned int i = 0; i < BURSTS; i++) {
		k->make(&b, round * BURSTS + i);
		if (i % 2 == 0) {
			sample(&whole, run_whole(&b, k->in));
			sample(&base, k->base(&b));
			continue;
		}
		run_staged(&b, k->in, cycles);
		(void)k->base(&b); // its state follows the packets
		for (unsigned int s = 0; s < STAGES; s++)
			sample(&stage[s], cycles[s]);
	}
	if (!keep)
		return;
	bench_add(&r->whole, middle(&whole));
	bench_add(&r->base, middle(&base));
	for (unsigned int i = 0; i < STAGES; i++)
		bench_add(&r->stage[i], middle(&stage[i]));
}

static void report(const struct kind *k, const struct result *r, const char *base, double goal)
{
	char name[64];

	snprintf(name, sizeof(name), "worker.%s", k->name);
	bench_figure(
		name, bench_median(&r->whole), "cycles/packet", 0, "itself: all stages, no IO");
	for (unsigned int i = 0; i < STAGES; i++) {
		snprintf(name, sizeof(name), "worker.%s.%s", k->name, bench_stage_names[i]);
		bench_figure(name, bench_median(&r->stage[i]), "cycles/packet", 0,
			"itself: this stage alone");
	}
	snprintf(name, sizeof(name), "worker.%s.measure", k->name);
	bench_figure(name, bench_median(&r->base), "cycles/packet", 0, base);
	snprintf(name, sizeof(name), "worker.%s.speed", k->name);
	bench_figure(name, bench_ratio(&r->base, &r->whole), "ratio", goal, base);
}

int main(void)
{
	static const struct kind kinds[] = {
		{"nat", INSIDE, nat_burst, em_run},
		{"srtp-in", OUTSIDE, srtp_in_burst, bare_in},
		{"srtp-out", INSIDE, srtp_out_burst, bare_out},
		{"rtp", INSIDE, rtp_burst, readdress_run},
	};
	static struct result results[4];

	bench_env_start();
	em_start();
	bare_start();
	for (unsigned int round = 0; round <= ROUNDS; round++)
		for (unsigned int i = 0; i < 4; i++) // the first round warms up and opens sessions
			round_run(&kinds[i], &results[i], round, round > 0);
	report(&kinds[0], &results[0], "l3fwd-like loop: rte_hash lookup of 1000 flows, MAC, TTL",
		0);
	report(&kinds[1], &results[1], "the bare engine, opening", P4);
	report(&kinds[2], &results[2], "the bare engine, sealing", P4);
	report(&kinds[3], &results[3], "writing the new headers with their checksums", 0);
	return 0;
}
