// SPDX-License-Identifier: BSD-3-Clause
// Cycles per packet and stage of a worker, for a NAT flow and for an SRTP stream in both
// directions. Bursts of 32 packets that are already in memory; no device: transmission is left
// out. `tools/bench worker` builds and runs it.
//
// Measured against, in the same run and burst by burst in turn:
// - NAT: a loop that does what DPDK's l3fwd (exact match) does with a packet: 5-tuple, bulk lookup
//   in an rte_hash of the same flows, MAC addresses, TTL and checksum;
// - SRTP: bare srtp_unprotect() and srtp_protect() of libsrtp2 on the same payloads, with contexts
//   of their own. Debian's libsrtp2 slows down with every context in the process, so there are as
//   few as can be.
#include "test/perf/bench.h"

#include <string.h>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_mbuf.h>
#include <srtp2/srtp.h>

#include "dp/acl.h"
#include "dp/arp.h"
#include "dp/frag.h"
#include "dp/handoff.h"
#include "dp/media.h"
#include "dp/media_ctl.h"
#include "dp/nat.h"
#include "dp/parse.h"
#include "dp/punt.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/snapshot.h"
#include "dp/worker_ctl.h"
#include "test/unit/srtp_oracle.h"

#define BURST      32
#define BURSTS     200 // per round
#define ROUNDS     15
#define FLOWS      1000
#define HEADERS    (14 + 20 + 8)
#define PAYLOAD    160
#define RTP_LEN    (12 + PAYLOAD)
#define FRAME_MAX  (HEADERS + RTP_LEN + SRTP_MAX_TRAILER_LEN)
#define OUTSIDE    0
#define INSIDE     1
#define MEDIA_PORT 16384
#define P4         0.65 // media path without IO against the bare engine

enum stage { PARSE, ARP_FRAG, STEER, SESSION, ACL, NAT, MEDIA, ROUTE, STAGES };
static const char *const stage_names[STAGES] = {
	"parse", "arp+frag", "steer", "session", "acl", "nat", "media", "route"};

// One kind of traffic: what it costs whole, by stage, and what the measure costs.
struct result {
	struct bench_series whole, stage[STAGES], base;
};

// A burst as it lies in memory before a worker sees it.
struct burst {
	uint16_t len;
	uint8_t frame[BURST][FRAME_MAX];
};

static struct worker *w;
static struct rte_mbuf *mbufs[BURST];
static uint8_t flat[BURST][FRAME_MAX]; // what the measure works on

// ---- The firewall ------------------------------------------------------------------------------

static struct endpoint ep(const char *ip, uint16_t port)
{
	struct endpoint e = {.port = port};

	bench_need(ip_parse(str_from(ip), &e.ip), ip);
	return e;
}

static struct prefix net(const char *text)
{
	struct prefix p;

	bench_need(prefix_parse(str_from(text), &p), text);
	return p;
}

static void rules(void)
{
	const struct dp_iface ifaces[] = {{ep("203.0.113.1", 0).ip, net("203.0.113.0/24"), 0, -1},
		{ep("192.168.10.1", 0).ip, net("192.168.10.0/24"), 100, -1}};
	const struct nat_rule nat[] = {{.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("10.1.0.0/16"),
		.mapped = net("198.18.0.0/16")}};
	const struct dp_route routes[] = {{ifaces[0].subnet, {{0}}, 0},
		{ifaces[1].subnet, {{0}}, 1},
		{net("10.0.0.0/8"), ep("192.168.10.50", 0).ip, INSIDE},
		{net("0.0.0.0/0"), ep("203.0.113.9", 0).ip, OUTSIDE}};
	const struct dp_media_addr media[] = {
		{OUTSIDE, ifaces[0].ip, 16384, 32767}, {INSIDE, ifaces[1].ip, 16384, 32767}};
	const struct dp_rules r = {.ifaces = ifaces,
		.nat = nat,
		.n_nat = 1,
		.routes = routes,
		.n_routes = 4,
		.media = media,
		.n_media = 2,
		.timeouts = {3600, 30, 30, 120, 10, 3600}};
	char err[256] = "";

	bench_need(snapshot_apply(&r, 2, err, sizeof(err)) == 0, err);
}

static void neighbour(uint16_t iface, const char *ip)
{
	const struct dp_msg m = {.version = DP_MSG_VERSION,
		.type = DP_MSG_NEIGH_SET,
		.neigh = {.iface = iface,
			.ip = ep(ip, 0).ip,
			.mac = {2, 0, 0, 0, 1, (uint8_t)iface}}};

	neigh_msg(w, &m);
}

// Stream 0 is SRTP outside and RTP inside, stream 1 RTP on both sides: the relay without crypto.
static struct dp_msg stream(uint32_t id)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};
	struct dp_media_leg *o = &m.media.leg[OUTSIDE], *i = &m.media.leg[INSIDE];

	m.media.stream = id;
	m.media.clock_hz = 8000;
	o->iface = OUTSIDE;
	o->local = ep("203.0.113.1", (uint16_t)(MEDIA_PORT + 4 * id));
	o->remote = ep("203.0.113.9", 20000);
	o->suite = id == 0 ? DP_SRTP_AES_CM_128_HMAC_SHA1_80 : DP_SRTP_NONE;
	memset(o->rx_key, 1, sizeof(o->rx_key));
	memset(o->tx_key, 2, sizeof(o->tx_key));
	i->iface = INSIDE;
	i->local = ep("192.168.10.1", (uint16_t)(MEDIA_PORT + 2 + 4 * id));
	i->remote = ep("192.168.10.50", 30000);
	o->rx_allowed = o->tx_allowed = i->rx_allowed = i->tx_allowed = true;
	return m;
}

static void start_firewall(void)
{
	static char *argv[] = {"bench_worker", "--no-huge", "--no-pci", "--no-telemetry",
		"--no-shconf", "-m", "256", "-l", "0", "--log-level", "lib.eal:error"};
	struct media_worker *media[1];
	struct dp_msg m, down;
	struct rte_mempool *pool;
	unsigned int owner;

	bench_need(rte_eal_init(sizeof(argv) / sizeof(argv[0]), argv) >= 0, "EAL does not start");
	pool = rte_pktmbuf_pool_create(
		"bench", 1023, 0, RTE_ALIGN(sizeof(struct pkt), RTE_MBUF_PRIV_ALIGN), 2048, 0);
	w = worker_new(0, 1, 65536, 4711);
	bench_need(pool != NULL && w != NULL, "no memory for a worker");
	bench_need(snapshot_open(1, 2) == 0, "no snapshot");
	bench_need(media_ctl_start(1, media) == 0, "no SRTP engine");
	w->pool = pool;
	w->media = media[0];
	w->n_ifaces = 2;
	for (uint8_t i = 0; i < 2; i++) {
		w->mac[i] = (struct rte_ether_addr){{2, 0, 0, 0, 0, i}};
		w->mtu[i] = 1500;
	}
	w->now_ns = UINT64_C(1000000000000);
	rules();
	w->snap = snapshot_read();
	neighbour(OUTSIDE, "203.0.113.9");
	neighbour(INSIDE, "192.168.10.50");
	for (uint32_t id = 0; id < 2; id++) {
		m = stream(id);
		bench_need(media_ctl_send(&m, &down, &owner) == 0, "no stream");
		media_msg(w, &down);
	}
	for (unsigned int i = 0; i < BURST; i++)
		bench_need((mbufs[i] = rte_pktmbuf_alloc(pool)) != NULL, "no packet buffers");
}

// ---- Packets -----------------------------------------------------------------------------------

static void headers(
	uint8_t *f, uint16_t iface, struct endpoint src, struct endpoint dst, uint16_t payload)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)f;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	eth->dst_addr = w->mac[iface];
	eth->src_addr = (struct rte_ether_addr){{2, 0, 0, 0, 9, (uint8_t)iface}};
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	*ip = (struct rte_ipv4_hdr){.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(28 + payload)),
		.time_to_live = 60,
		.next_proto_id = PROTO_UDP,
		.src_addr = ip_to_v4_be(&src.ip),
		.dst_addr = ip_to_v4_be(&dst.ip)};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){.src_port = rte_cpu_to_be_16(src.port),
		.dst_port = rte_cpu_to_be_16(dst.port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(8 + payload))};
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

// Flow i goes out from 10.1.x.y, which NAT changes.
static void nat_burst(struct burst *b, unsigned int number)
{
	b->len = HEADERS + RTP_LEN;
	for (unsigned int i = 0; i < BURST; i++) {
		unsigned int flow = (number * BURST + i) * 7919 % FLOWS;
		struct endpoint src = {.port = (uint16_t)(10000 + flow)};

		src.ip = ip_from_v4_be(rte_cpu_to_be_32(0x0a010000 + 1 + flow));
		memset(b->frame[i] + HEADERS, (int)flow, RTP_LEN);
		headers(b->frame[i], INSIDE, src, ep("203.0.113.9", 53000), RTP_LEN);
	}
}

static uint16_t rtp(uint8_t *p, uint16_t seq)
{
	const uint8_t h[12] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 0, 0, 0, 0, 1};

	memcpy(p, h, 12);
	memset(p + 12, seq, PAYLOAD);
	return RTP_LEN;
}

static void srtp_in_burst(struct burst *b, unsigned int number)
{
	static struct srtp_oracle remote;
	struct dp_msg s = stream(0);
	const struct dp_media_leg *l = &s.media.leg[OUTSIDE];

	if (number == 0)
		srtp_oracle_init(&remote, l->rx_key, 10);
	for (unsigned int i = 0; i < BURST; i++) {
		uint8_t *f = b->frame[i];
		size_t n = rtp(f + HEADERS, (uint16_t)(number * BURST + i));

		bench_need(srtp_oracle_seal(&remote, f + HEADERS, &n) == ORACLE_OK, "oracle");
		headers(f, OUTSIDE, l->remote, l->local, (uint16_t)n);
		b->len = (uint16_t)(HEADERS + n);
	}
}

static void rtp_from_inside(struct burst *b, unsigned int number, uint32_t id)
{
	struct dp_msg s = stream(id);
	const struct dp_media_leg *l = &s.media.leg[INSIDE];

	b->len = HEADERS + RTP_LEN;
	for (unsigned int i = 0; i < BURST; i++) {
		rtp(b->frame[i] + HEADERS, (uint16_t)(number * BURST + i));
		headers(b->frame[i], INSIDE, l->remote, l->local, RTP_LEN);
	}
}

static void srtp_out_burst(struct burst *b, unsigned int number)
{
	rtp_from_inside(b, number, 0);
}

static void rtp_burst(struct burst *b, unsigned int number)
{
	rtp_from_inside(b, number, 1);
}

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

// All of them must have come out, or the figures are those of drops.
static void sent(uint16_t iface)
{
	for (unsigned int i = 0; i < DP_COUNTERS && w->dropped.n > 0; i++)
		if (counter_infos[i].drop && counter_get(w->count, i) > 0)
			bench_need(false, counter_infos[i].name);
	bench_need(w->tx[iface].n == BURST, "packets went elsewhere");
	w->tx[iface].n = 0;
}

static uint64_t run_whole(const struct burst *b, uint16_t in)
{
	struct pkts v;
	uint64_t t;

	receive(&v, b);
	t = rte_rdtsc_precise();
	parse_stage(w, &v, in);
	arp_stage(w, &v);
	frag_stage(w, &v);
	handoff_stage(w, &v);
	worker_process(w, &v);
	t = rte_rdtsc_precise() - t;
	sent(in ^ 1);
	return t;
}

// The order of worker_process(), with a clock between the stages.
static void run_staged(const struct burst *b, uint16_t in, bool is_media, uint64_t cycles[STAGES])
{
	struct pkts v, media, fresh, punt;
	uint64_t t[STAGES + 1];

	receive(&v, b);
	fresh.n = punt.n = media.n = 0;
	t[PARSE] = rte_rdtsc_precise();
	parse_stage(w, &v, in);
	t[ARP_FRAG] = rte_rdtsc_precise();
	arp_stage(w, &v);
	frag_stage(w, &v);
	t[STEER] = rte_rdtsc_precise();
	handoff_stage(w, &v);
	if (is_media) {
		media = v;
		v.n = 0;
	}
	t[SESSION] = rte_rdtsc_precise();
	sess_stage(w, &v, &fresh, &punt);
	t[ACL] = rte_rdtsc_precise();
	acl_stage(w, &fresh, &punt);
	for (unsigned int i = 0; i < fresh.n; i++)
		pkts_add(&v, fresh.m[i]);
	t[NAT] = rte_rdtsc_precise();
	nat_stage(w, &v);
	t[MEDIA] = rte_rdtsc_precise();
	media_stage(w, &media);
	if (is_media)
		v = media;
	t[ROUTE] = rte_rdtsc_precise();
	route_stage(w, &v);
	t[STAGES] = rte_rdtsc_precise();
	sent(in ^ 1);
	for (unsigned int i = 0; i < STAGES; i++)
		cycles[i] = t[i + 1] - t[i];
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

static srtp_t bare_rx, bare_tx;

static void bare_start(void)
{
	struct dp_msg s = stream(0);
	srtp_policy_t p = {.window_size = 128};

	srtp_crypto_policy_set_rtp_default(&p.rtp);
	srtp_crypto_policy_set_rtcp_default(&p.rtcp);
	p.ssrc.type = ssrc_any_inbound;
	p.key = s.media.leg[OUTSIDE].rx_key;
	bench_need(srtp_create(&bare_rx, &p) == srtp_err_status_ok, "libsrtp2");
	p.ssrc.type = ssrc_any_outbound;
	p.key = s.media.leg[OUTSIDE].tx_key;
	bench_need(srtp_create(&bare_tx, &p) == srtp_err_status_ok, "libsrtp2");
}

static uint64_t bare_run(
	const struct burst *b, srtp_t s, srtp_err_status_t (*f)(srtp_t, void *, int *))
{
	int len[BURST];
	uint64_t t;

	for (unsigned int i = 0; i < BURST; i++) {
		memcpy(flat[i], b->frame[i] + HEADERS, b->len - HEADERS);
		len[i] = b->len - HEADERS;
	}
	t = rte_rdtsc_precise();
	for (unsigned int i = 0; i < BURST; i++)
		bench_need(f(s, flat[i], &len[i]) == srtp_err_status_ok, "libsrtp2 refused");
	return rte_rdtsc_precise() - t;
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
	return bare_run(b, bare_rx, srtp_unprotect);
}

static uint64_t bare_out(const struct burst *b)
{
	return bare_run(b, bare_tx, srtp_protect);
}

// ---- Rounds ------------------------------------------------------------------------------------

struct kind {
	const char *name;
	uint16_t in;
	bool is_media;
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
		run_staged(&b, k->in, k->is_media, cycles);
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
		snprintf(name, sizeof(name), "worker.%s.%s", k->name, stage_names[i]);
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
		{"nat", INSIDE, false, nat_burst, em_run},
		{"srtp-in", OUTSIDE, true, srtp_in_burst, bare_in},
		{"srtp-out", INSIDE, true, srtp_out_burst, bare_out},
		{"rtp", INSIDE, true, rtp_burst, readdress_run},
	};
	static struct result results[4];

	start_firewall();
	em_start();
	bare_start();
	for (unsigned int round = 0; round <= ROUNDS; round++)
		for (unsigned int i = 0; i < 4; i++) // the first round warms up and opens sessions
			round_run(&kinds[i], &results[i], round, round > 0);
	report(&kinds[0], &results[0], "l3fwd-like loop: rte_hash lookup of 1000 flows, MAC, TTL",
		0);
	report(&kinds[1], &results[1], "bare srtp_unprotect of libsrtp2", P4);
	report(&kinds[2], &results[2], "bare srtp_protect of libsrtp2", P4);
	report(&kinds[3], &results[3], "writing the new headers with their checksums", 0);
	return 0;
}
