// SPDX-License-Identifier: BSD-3-Clause
// See bench_env.h.
#include "test/perf/bench_env.h"

#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "dp/acl.h"
#include "dp/arp.h"
#include "dp/frag.h"
#include "dp/handoff.h"
#include "dp/media.h"
#include "dp/media_ctl.h"
#include "dp/parse.h"
#include "dp/punt.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/snapshot.h"
#include "dp/worker_ctl.h"
#include "test/unit/srtp_oracle.h"

#define MEDIA_PORT 16384

struct worker *w;
struct rte_mbuf *mbufs[BURST];

struct endpoint ep(const char *ip, uint16_t port)
{
	struct endpoint e = {.port = port};

	bench_need(ip_parse(str_from(ip), &e.ip), ip);
	return e;
}

struct prefix net(const char *text)
{
	struct prefix p;

	bench_need(prefix_parse(str_from(text), &p), text);
	return p;
}

static void rules(void)
{
	const struct dp_iface ifaces[] = {{ep("203.0.113.1", 0).ip, net("203.0.113.0/24"), 0, -1,
						  -1, true, DP_BOGONS_ON, 0, 0},
		{ep("192.168.10.1", 0).ip, net("192.168.10.0/24"), 100, -1, -1, true, DP_BOGONS_ON,
			0, 0}};
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
		.acl_global = -1,
		.nat = nat,
		.n_nat = 1,
		.routes = routes,
		.n_routes = 4,
		.media = media,
		.n_media = 2,
		.timeouts = {3600, 30, 30, 120, 10, 3600, 30, 10800}};
	char err[256] = "";

	bench_need(snapshot_apply(&r, 2, err, sizeof(err)) == 0, err);
}

void bench_env_neighbour(struct worker *to, uint16_t iface, const char *ip)
{
	const struct dp_msg m = {.version = DP_MSG_VERSION,
		.type = DP_MSG_NEIGH_SET,
		.neigh = {.iface = iface,
			.ip = ep(ip, 0).ip,
			.mac = {2, 0, 0, 0, 1, (uint8_t)iface}}};

	neigh_msg(to, &m);
}

struct dp_msg stream(uint32_t id)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};
	struct dp_media_leg *o = &m.media.leg[OUTSIDE], *i = &m.media.leg[INSIDE];

	m.media.stream = id;
	m.media.clock_hz = 8000;
	m.media.pts[0] = m.media.pts[1] = UINT64_MAX;
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

void bench_env_eal(bool hugepages, unsigned int memory_mb)
{
	static char memory[16], cpu[] = "0";
	char *huge[] = {"bench", "--in-memory", "--no-pci", "--no-telemetry", "-l", cpu,
		"--log-level", "lib.eal:error", "-m", memory};
	char *plain[] = {"bench", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-l",
		cpu, "--log-level", "lib.eal:error", "-m", memory};

	snprintf(memory, sizeof(memory), "%u", memory_mb);
	bench_need((hugepages ? rte_eal_init(RTE_DIM(huge), huge)
			      : rte_eal_init(RTE_DIM(plain), plain)) >= 0,
		"EAL does not start");
}

struct worker *bench_env_worker(unsigned int id, uint32_t sessions, unsigned int n_ifaces)
{
	static struct rte_mempool *pool;
	struct worker *n = worker_new(id, WORKERS_MAX, sessions, 4711 + id);

	if (pool == NULL) {
		pool = rte_pktmbuf_pool_create("bench", 1023, 0,
			RTE_ALIGN(sizeof(struct pkt), RTE_MBUF_PRIV_ALIGN), 2048, 0);
		for (unsigned int i = 0; i < BURST && pool != NULL; i++)
			mbufs[i] = rte_pktmbuf_alloc(pool);
	}
	bench_need(pool != NULL && n != NULL, "no memory for a worker");
	// The number was for the names of its tables and its share of the ports: each is alone.
	n->id = 0;
	n->n_workers = n->steer.n_workers = 1;
	n->pool = pool;
	n->n_ifaces = n_ifaces;
	for (uint8_t i = 0; i < n_ifaces; i++) {
		n->mac[i] = (struct rte_ether_addr){{2, 0, 0, 0, 0, i}};
		n->mtu[i] = 1500;
	}
	n->now_ns = UINT64_C(1000000000000);
	return n;
}

void bench_env_start(void)
{
	struct media_worker *media[1];
	struct dp_msg m, down;
	unsigned int owner;

	bench_env_eal(false, 256);
	w = bench_env_worker(0, 65536, 2);
	bench_need(snapshot_open(1, 2) == 0, "no snapshot");
	bench_need(media_ctl_start(1, 0, RTPSEC_AUTO, media) == 0, "no SRTP engine");
	w->media = media[0];
	rules();
	w->snap = snapshot_read();
	bench_env_neighbour(w, OUTSIDE, "203.0.113.9");
	bench_env_neighbour(w, INSIDE, "192.168.10.50");
	for (uint32_t id = 0; id < 2; id++) {
		m = stream(id);
		bench_need(media_ctl_send(&m, &down, &owner) == 0, "no stream");
		media_msg(w, &down);
	}
}

// ---- Stages ------------------------------------------------------------------------------------

const char *const bench_stage_names[STAGES] = {
	"parse", "arp+frag", "steer", "session+nat+route", "first", "media", "age"};

void bench_env_turn(struct pkts *v, uint16_t in)
{
	parse_stage(w, v, in);
	arp_stage(w, v);
	frag_stage(w, v);
	handoff_stage(w, v);
	worker_process(w, v);
	sess_age(w);
}

void bench_env_stages(struct pkts *v, uint16_t in, uint64_t cycles[STAGES])
{
	struct pkts media = {.n = 0}, fresh = {.n = 0}, punt = {.n = 0};
	uint64_t t[STAGES + 1];

	t[PARSE] = rte_rdtsc_precise();
	parse_stage(w, v, in);
	t[ARP_FRAG] = rte_rdtsc_precise();
	arp_stage(w, v);
	frag_stage(w, v);
	t[STEER] = rte_rdtsc_precise();
	handoff_stage(w, v);
	if (v->kinds == PKTS_OF(PKT_MEDIA)) {
		media = *v;
		v->n = 0;
	}
	t[SESSION] = rte_rdtsc_precise();
	sess_stage(w, v, &fresh, &punt);
	t[FIRST] = rte_rdtsc_precise();
	acl_stage(w, &fresh, &punt);
	route_sess_stage(w, &fresh);
	t[MEDIA] = rte_rdtsc_precise();
	media_stage(w, &media);
	route_stage(w, &media);
	t[AGE] = rte_rdtsc_precise();
	sess_age(w);
	t[STAGES] = rte_rdtsc_precise();
	for (unsigned int i = 0; i < STAGES; i++)
		cycles[i] = t[i + 1] - t[i];
}

void bench_env_sent(unsigned int n)
{
	unsigned int out = 0;

	for (unsigned int i = 0; i < DP_COUNTERS && w->dropped.n > 0; i++)
		if (counter_infos[i].drop && counter_get(w->count, i) > 0)
			bench_need(false, counter_infos[i].name);
	for (unsigned int i = 0; i < w->n_ifaces; i++) {
		out += w->tx[i].n;
		w->tx[i].n = 0;
	}
	bench_need(out == n, "packets went elsewhere");
}

// ---- Packets -----------------------------------------------------------------------------------

void headers(uint8_t *f, uint16_t iface, struct endpoint src, struct endpoint dst, uint16_t payload)
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

void nat_burst(struct burst *b, unsigned int number)
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

void srtp_in_burst(struct burst *b, unsigned int number)
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

void srtp_out_burst(struct burst *b, unsigned int number)
{
	rtp_from_inside(b, number, 0);
}

void rtp_burst(struct burst *b, unsigned int number)
{
	rtp_from_inside(b, number, 1);
}
