// SPDX-License-Identifier: BSD-3-Clause
// What a packet of the firewall costs on one worker, all stages but the devices: by live sessions
// (random order, both directions, NATed), by the size of a burst, with and without hugepages; and what
// the first packet of a flow costs. Packets are made in memory beforehand; what comes out is counted.
// Sizes and kinds take turns within a round, each with a worker and tables of its own.
// `tools/bench firewall` builds and runs it, through firewall_worker.py, which lends it hugepages:
//	bench_firewall huge|plain
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "dp/snapshot.h"
#include "dp/spoof.h"
#include "test/perf/bench_env.h"

#define ROUNDS     15
#define BURSTS     400 // per kind and round
#define DMZ        2   // its access list is the long one
#define SHORT_LIST 10
#define LONG_LIST  10000
#define PACKET_NS  100 // by which the worker's clock goes on
// The worker's clock says so many new flows a second; each ends HALF_OPEN_S after its only packet.
#define NEW_PER_S   500000
#define HALF_OPEN_S 1
#define NEW_ROOM    1250000
#define NEW_BURSTS  4000 // per round
#define PAGES_LIVE  100000

static const uint32_t live[] = {1000, 100000, 1000000, 4000000};
static const char *const live_names[] = {"1k", "100k", "1m", "4m"};
#define LIVES RTE_DIM(live)

static uint64_t rng_state = 7;

static uint32_t rng(void)
{
	uint64_t x = rng_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(x >> 32);
}

// ---- Rules -------------------------------------------------------------------------------------

// Entries that all permit, so that whichever matches the packet goes on; the last one takes all.
static struct ace *list_new(size_t n)
{
	struct ace *a = calloc(n, sizeof(*a));

	bench_need(a != NULL, "no memory for rules");
	for (size_t i = 0; i < n; i++) {
		const uint8_t len = i + 1 < n ? (uint8_t)(96 + 16 + rng() % 17) : 0;
		const uint32_t host = len > 0 ? UINT32_MAX << (128 - len) : 0;
		const uint16_t port = (uint16_t)(rng() % 60000);

		a[i] = (struct ace){.id = (uint32_t)i,
			.permit = true,
			.proto = i + 1 == n ? PROTO_ANY
				: i % 2     ? PROTO_TCP
					    : PROTO_UDP,
			.dst = {ip_from_v4_be(rte_cpu_to_be_32((0x64400000 | rng() >> 10) & host)),
				len},
			.sport = {0, UINT16_MAX},
			.dport = {port, (uint16_t)(port + rng() % 2000)}};
		if (i + 1 == n)
			a[i] = (struct ace){.permit = true,
				.proto = PROTO_ANY,
				.sport = {0, UINT16_MAX},
				.dport = {0, UINT16_MAX}};
	}
	return a;
}

static void rules(void)
{
	const struct dp_acl acls[] = {
		{list_new(SHORT_LIST), SHORT_LIST}, {list_new(LONG_LIST), LONG_LIST}};
	const struct dp_iface ifaces[] = {{ep("203.0.113.1", 0).ip, net("203.0.113.0/24"), 0, -1,
						  -1, true, DP_BOGONS_ON, 0, 0},
		{ep("192.168.10.1", 0).ip, net("192.168.10.0/24"), 100, 0, -1, true, DP_BOGONS_ON,
			0, 0},
		{ep("192.168.20.1", 0).ip, net("192.168.20.0/24"), 50, 1, -1, true, DP_BOGONS_ON, 0,
			0}};
	const struct nat_rule nat[] = {{.real_if = INSIDE,
					       .mapped_if = OUTSIDE,
					       .real = net("10.1.0.0/16"),
					       .mapped = net("198.18.0.0/16")},
		{.real_if = DMZ,
			.mapped_if = OUTSIDE,
			.real = net("10.2.0.0/16"),
			.mapped = net("198.19.0.0/16")}};
	const struct dp_route routes[] = {{ifaces[0].subnet, {{0}}, OUTSIDE},
		{ifaces[1].subnet, {{0}}, INSIDE}, {ifaces[2].subnet, {{0}}, DMZ},
		{net("10.1.0.0/16"), ep("192.168.10.50", 0).ip, INSIDE},
		{net("10.2.0.0/16"), ep("192.168.20.50", 0).ip, DMZ},
		{net("0.0.0.0/0"), ep("203.0.113.9", 0).ip, OUTSIDE}};
	const struct dp_media_addr media[] = {{OUTSIDE, ifaces[0].ip, 16384, 32767}};
	const struct dp_rules r = {.ifaces = ifaces,
		.acl_global = -1,
		.nat = nat,
		.n_nat = RTE_DIM(nat),
		.acls = acls,
		.n_acls = RTE_DIM(acls),
		.routes = routes,
		.n_routes = RTE_DIM(routes),
		.media = media,
		.n_media = 1,
		.timeouts = {.tcp_s = 3600,
			.tcp_half_open_s = HALF_OPEN_S,
			.tcp_closing_s = 600,
			.udp_s = 3600,
			.icmp_s = 2,
			.punt_s = 3600}};
	char err[256] = "";

	bench_need(snapshot_open(1, RTE_DIM(ifaces)) == 0, "no snapshot");
	bench_need(snapshot_apply(&r, RTE_DIM(ifaces), err, sizeof(err)) == 0, err);
}

static struct worker *worker_start(unsigned int id, uint32_t sessions)
{
	struct worker *n = bench_env_worker(id, sessions, 3);

	n->snap = snapshot_read();
	bench_env_neighbour(n, OUTSIDE, "203.0.113.9");
	bench_env_neighbour(n, INSIDE, "192.168.10.50");
	bench_env_neighbour(n, DMZ, "192.168.20.50");
	return n;
}

// ---- Packets -----------------------------------------------------------------------------------

// Flow `number` of hosts behind `from`: 65536 of them, each with many ports, to as many servers.
static void packet(struct rte_mbuf *m, uint16_t from, uint32_t number, bool reply)
{
	const uint32_t inside = (from == DMZ ? 0x0a020000 : 0x0a010000) | (number & UINT16_MAX);
	const uint32_t mapped = (from == DMZ ? 0xc6130000 : 0xc6120000) | (number & UINT16_MAX);
	const uint32_t mixed = number * UINT32_C(2654435761);
	struct endpoint host = {.port = (uint16_t)(1024 + (number >> 16) % 60000)};
	struct endpoint server = {.port = (uint16_t)(mixed >> 20 | 1)};

	host.ip = ip_from_v4_be(rte_cpu_to_be_32(reply ? mapped : inside));
	server.ip = ip_from_v4_be(rte_cpu_to_be_32(0x64400000 | mixed >> 10));
	rte_pktmbuf_reset(m);
	if (reply)
		headers((uint8_t *)rte_pktmbuf_append(m, HEADERS + RTP_LEN), OUTSIDE, server, host,
			RTP_LEN);
	else
		headers((uint8_t *)rte_pktmbuf_append(m, HEADERS + RTP_LEN), from, host, server,
			RTP_LEN);
}

// Of the UDP packet that is there, with the same tuple; `len` octets of TCP and what it carries.
static void make_tcp(struct rte_mbuf *m, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	rte_pktmbuf_trim(m, (uint16_t)(HEADERS + RTP_LEN - 14 - sizeof(*ip) - len));
	ip->next_proto_id = PROTO_TCP;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + len));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	memset(&tcp->sent_seq, 0, sizeof(*tcp) - 4); // behind the ports
	tcp->sent_seq = rte_cpu_to_be_32(seq);
	tcp->recv_ack = rte_cpu_to_be_32(ack);
	tcp->data_off = sizeof(*tcp) / 4 << 4;
	tcp->tcp_flags = flags;
	tcp->rx_win = rte_cpu_to_be_16(64000);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

static void make_syn(struct rte_mbuf *m)
{
	make_tcp(m, RTE_TCP_SYN_FLAG, rng(), 0, sizeof(struct rte_tcp_hdr));
}

// The first segment with data of that direction, again and again; as long as a packet of UDP.
static void make_data(struct rte_mbuf *m, bool reply)
{
	make_tcp(m, RTE_TCP_ACK_FLAG, 1 + reply * UINT32_C(1000), 1001 - reply * UINT32_C(1000),
		HEADERS + RTP_LEN - 14 - 20);
}

static void vector(struct pkts *v, unsigned int at, unsigned int n)
{
	v->n = (uint16_t)n;
	memcpy(v->m, mbufs + at, n * sizeof(v->m[0]));
}

static void turn(uint16_t in, unsigned int at, unsigned int n)
{
	struct pkts v;

	vector(&v, at, n);
	w->now_ns += n * PACKET_NS;
	bench_env_turn(&v, in);
}

// ---- Established flows -------------------------------------------------------------------------

// One number of live sessions.
struct size {
	struct worker *w;
	bool tcp;
	struct bench_series whole, one, stage[STAGES];
};
static struct size sizes[LIVES], tcp = {.tcp = true};

// Each side has spoken, so that the way to both is known.
static void sessions_open(struct worker *of, uint32_t n)
{
	w = of;
	for (uint32_t flow = 0; flow < n; flow += BURST) {
		const unsigned int some = RTE_MIN((unsigned int)BURST, n - flow);

		for (int reply = 0; reply <= 1; reply++) {
			for (unsigned int i = 0; i < some; i++)
				packet(mbufs[i], INSIDE, flow + i, reply);
			turn(reply ? OUTSIDE : INSIDE, 0, some);
			bench_env_sent(some);
		}
	}
}

// One step of the handshake, for all of them.
static void shake_hands(uint32_t n, uint8_t flags, bool reply)
{
	for (uint32_t flow = 0; flow < n; flow += BURST) {
		const unsigned int some = RTE_MIN((unsigned int)BURST, n - flow);

		for (unsigned int i = 0; i < some; i++) {
			packet(mbufs[i], INSIDE, flow + i, reply);
			make_tcp(mbufs[i], flags, reply ? 1000 : !(flags & RTE_TCP_SYN_FLAG),
				reply ? 1 : 1001, sizeof(struct rte_tcp_hdr));
		}
		turn(reply ? OUTSIDE : INSIDE, 0, some);
		bench_env_sent(some);
	}
}

static void connections_open(struct worker *of, uint32_t n)
{
	w = of;
	shake_hands(n, RTE_TCP_SYN_FLAG, false);
	shake_hands(n, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG, true);
	shake_hands(n, RTE_TCP_ACK_FLAG, false);
}

// A burst of random flows, of one direction.
static uint16_t random_burst(const struct size *s, uint32_t n, unsigned int number)
{
	const bool reply = number % 2 != 0;

	for (unsigned int i = 0; i < BURST; i++) {
		packet(mbufs[i], INSIDE, rng() % n, reply);
		if (s->tcp)
			make_data(mbufs[i], reply);
	}
	return reply ? OUTSIDE : INSIDE;
}

static double run_whole(uint16_t in, unsigned int each)
{
	static struct pkts v[BURST]; // as a device would have filled them
	const unsigned int n = BURST / each;
	uint64_t t;

	for (unsigned int i = 0; i < n; i++)
		vector(&v[i], i * each, each);
	t = rte_rdtsc_precise();
	for (unsigned int i = 0; i < n; i++) {
		w->now_ns += each * PACKET_NS;
		bench_env_turn(&v[i], in);
	}
	t = rte_rdtsc_precise() - t;
	bench_env_sent(BURST);
	return (double)t / BURST;
}

static void run_staged(uint16_t in, double cycles[STAGES])
{
	uint64_t t[STAGES];
	struct pkts v;

	vector(&v, 0, BURST);
	w->now_ns += BURST * PACKET_NS;
	bench_env_stages(&v, in, t);
	bench_env_sent(BURST);
	for (unsigned int i = 0; i < STAGES; i++)
		cycles[i] = (double)t[i] / BURST;
}

// Per burst. The median leaves out the bursts that another process interrupted.
struct samples {
	unsigned int n;
	double v[NEW_BURSTS];
};

static double middle(struct samples *s)
{
	qsort(s->v, s->n, sizeof(s->v[0]), bench_compare);
	return s->v[s->n / 2];
}

static void size_round(struct size *s, uint32_t n, bool keep)
{
	static struct samples whole, one, stage[STAGES];

	w = s->w;
	whole.n = one.n = 0;
	for (unsigned int i = 0; i < STAGES; i++)
		stage[i].n = 0;
	for (unsigned int i = 0; i < BURSTS; i++) {
		const uint16_t in = random_burst(s, n, i / 4);
		double cycles[STAGES];

		if (i % 4 == 0) {
			one.v[one.n++] = run_whole(in, 1);
		} else if (i % 4 == 1) {
			run_staged(in, cycles);
			for (unsigned int k = 0; k < STAGES; k++)
				stage[k].v[stage[k].n++] = cycles[k];
		} else {
			whole.v[whole.n++] = run_whole(in, BURST);
		}
	}
	if (!keep)
		return;
	bench_add(&s->whole, middle(&whole));
	bench_add(&s->one, middle(&one));
	for (unsigned int i = 0; i < STAGES; i++)
		bench_add(&s->stage[i], middle(&stage[i]));
}

// ---- First packets -----------------------------------------------------------------------------

struct fresh {
	struct worker *w;
	uint16_t in;
	uint32_t next;
	struct bench_series cost;
};

// New connections, of which no more is heard; the clock goes on at the rate of the goal.
static void fresh_round(struct fresh *f, unsigned int bursts, bool keep)
{
	static struct samples s;

	w = f->w;
	s.n = 0;
	for (unsigned int k = 0; k < bursts; k++) {
		uint64_t t;

		for (unsigned int i = 0; i < BURST; i++) {
			packet(mbufs[i], f->in, f->next++, false);
			make_syn(mbufs[i]);
		}
		w->now_ns += BURST * (NS_PER_S / NEW_PER_S - PACKET_NS);
		t = rte_rdtsc_precise();
		turn(f->in, 0, BURST);
		t = rte_rdtsc_precise() - t;
		bench_env_sent(BURST);
		s.v[s.n++] = (double)t / BURST;
	}
	if (!keep)
		return;
	bench_add(&f->cost, middle(&s));
}

// ---- The same with pages of the other kind -----------------------------------------------------

struct twin {
	int ask, answer;
};

static double twin_measure(struct size *s)
{
	struct bench_series *c = &s->whole;

	c->n = 0;
	size_round(s, PAGES_LIVE, true);
	return c->v[0];
}

// A process that measures when it is asked, without hugepages.
static void twin_main(struct twin t)
{
	static struct size s;
	char c;

	bench_env_eal(false, 1024);
	rules();
	s.w = worker_start(0, PAGES_LIVE);
	sessions_open(s.w, PAGES_LIVE);
	while (read(t.ask, &c, 1) == 1) {
		double cost = twin_measure(&s);

		bench_need(write(t.answer, &cost, sizeof(cost)) == sizeof(cost), "pipe");
	}
}

static struct twin twin_start(void)
{
	int ask[2], answer[2];
	pid_t pid;

	bench_need(pipe(ask) == 0 && pipe(answer) == 0, "no pipe");
	pid = fork();
	bench_need(pid >= 0, "no process");
	if (pid == 0) {
		close(ask[1]);
		close(answer[0]);
		twin_main((struct twin){ask[0], answer[1]});
		_exit(0);
	}
	close(ask[0]);
	close(answer[1]);
	return (struct twin){ask[1], answer[0]};
}

static double twin_ask(struct twin t)
{
	double cost;

	bench_need(write(t.ask, "", 1) == 1, "pipe");
	bench_need(read(t.answer, &cost, sizeof(cost)) == sizeof(cost), "the other process ended");
	return cost;
}

// ---- Report ------------------------------------------------------------------------------------

static void report_sizes(void)
{
	static const double goals[LIVES] = {0, 2.0, 2.8, 3.2};
	char name[64];

	for (unsigned int i = 0; i < LIVES; i++) {
		const struct size *s = &sizes[i];

		snprintf(name, sizeof(name), "firewall.cost_%s", live_names[i]);
		bench_figure(name, bench_median(&s->whole), "cycles/packet", 0,
			"itself: all stages, no IO");
		for (unsigned int k = 0; k < STAGES; k++) {
			snprintf(name, sizeof(name), "firewall.cost_%s.%s", live_names[i],
				bench_stage_names[k]);
			bench_figure(name, bench_median(&s->stage[k]), "cycles/packet", 0,
				"itself: this stage alone");
		}
	}
	for (unsigned int i = 1; i < LIVES; i++) {
		snprintf(name, sizeof(name), "firewall.cost_%s_over_1k", live_names[i]);
		bench_limit(name, bench_ratio(&sizes[i].whole, &sizes[0].whole), "ratio", goals[i],
			"1000 live sessions");
	}
	bench_limit("firewall.burst1_over_burst32", bench_ratio(&sizes[0].one, &sizes[0].whole),
		"ratio", 2.5, "bursts of 32, 1000 live sessions");
	bench_figure("firewall.cost_tcp", bench_median(&tcp.whole), "cycles/packet", 0,
		"itself: TCP, of 1000 live connections; its checksum and its windows are looked "
		"at");
	bench_figure("firewall.cost_tcp_over_udp", bench_ratio(&tcp.whole, &sizes[0].whole),
		"ratio", 0, "UDP, 1000 live sessions, packets as long");
}

static void report_fresh(const struct fresh *few, const struct fresh *many)
{
	bench_figure("firewall.first_packet", bench_median(&few->cost), "cycles/packet", 0,
		"itself: 10 rules, NAT, both keys, and the end of an older session");
	bench_figure("firewall.new_flows_per_s",
		(double)rte_get_tsc_hz() / bench_median(&few->cost), "1/s", NEW_PER_S,
		"absolute, with ageing; sessions live for 1 s of 500000");
	bench_limit("firewall.classify_10k_over_10", bench_ratio(&many->cost, &few->cost), "ratio",
		2.0, "10 rules");
}

int main(int argc, char **argv)
{
	const bool huge = argc == 2 && strcmp(argv[1], "huge") == 0;
	struct bench_series plain_pages = {0}, huge_pages = {0};
	struct fresh few = {.in = INSIDE}, many = {.in = DMZ};
	struct twin twin = {0};

	bench_need(huge || (argc == 2 && strcmp(argv[1], "plain") == 0),
		"usage: bench_firewall huge|plain");
	if (huge)
		twin = twin_start();
	bench_env_eal(huge, 6144);
	rules();
	for (unsigned int i = 0; i < LIVES; i++) {
		sizes[i].w = worker_start(i, live[i]);
		sessions_open(sizes[i].w, live[i]);
	}
	tcp.w = worker_start(LIVES, live[0]);
	connections_open(tcp.w, live[0]);
	few.w = worker_start(LIVES + 1, NEW_ROOM);
	many.w = worker_start(LIVES + 2, NEW_ROOM);
	// As many as live at that rate.
	for (unsigned int i = 0; i < 4; i++) {
		fresh_round(&few, NEW_BURSTS, false);
		fresh_round(&many, NEW_BURSTS, false);
	}
	for (unsigned int round = 0; round <= ROUNDS; round++) { // the first warms up
		for (unsigned int i = 0; i < LIVES; i++)
			size_round(&sizes[i], live[i], round > 0);
		size_round(&tcp, live[0], round > 0);
		fresh_round(&few, NEW_BURSTS, round > 0);
		fresh_round(&many, NEW_BURSTS, round > 0);
		if (!huge)
			continue;
		static struct size other;

		other.w = sizes[1].w;
		bench_add(&huge_pages, twin_measure(&other));
		bench_add(&plain_pages, twin_ask(twin));
	}
	report_sizes();
	report_fresh(&few, &many);
	if (huge)
		bench_limit("firewall.nohuge_ratio", bench_ratio(&plain_pages, &huge_pages),
			"ratio", 1.3, "hugepages, 100000 live sessions, in a process of their own");
	return 0;
}
