// SPDX-License-Identifier: BSD-3-Clause
// The generator of the media benches and soaks: the phones of media_plan.h, and the router that
// each side of a relay sends to. Sends fresh packets of every call in turn, both ways, through two
// DPDK devices, and verifies what comes back. Answers the lines it reads, with one JSON object
// each:
//	window N SECONDS [CLOCK...]	N packets under way: as fast as the relay can
//	rate PPS SECONDS N [CLOCK...]	so many a second, both ways together, with N under way at most: what
//					the relay's rings toward us hold, so that they lose nothing while we
//					do not run; what is due then is sent late, and said to be
//	speakers N			the first N calls alone
// A clock is read when the measured time begins and when it ends: PID is the CPU time of a process,
// cN the softirq time of CPU N.
//	mediagen CPU CALLS PAYLOAD RELAY-FILE|- OUTSIDE-DEVICE INSIDE-DEVICE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include "test/perf/bench.h"
#include "test/perf/mediagen_pkt.h"

#define BURST       32
#define BUFFERS     16383
#define DESCRIPTORS 1024
#define WARM_S      0.5 // before the measured time
#define DRAIN_S     0.3 // after it
#define LOST_S      0.2 // without an answer: what is under way is lost
#define LINK_S      10
#define AWAY_S      0.001 // longer than any turn takes: somebody else ran here
#define CLOCKS_MAX  4

// What has been made and not yet taken by the device.
struct outbox {
	unsigned int n, done;
	struct rte_mbuf *m[BURST];
};

struct run {
	double window, rate, seconds;
	unsigned int n_clocks;
	struct {
		bool softirq; // of a CPU, else of a process
		int id;
	} clocks[CLOCKS_MAX];
};

static struct rte_mempool *pool;
static struct outbox outbox[SIDES];

static double now(void)
{
	return (double)rte_rdtsc() / (double)rte_get_tsc_hz();
}

// ---- CPU time ----------------------------------------------------------------------------------

static double ticks(unsigned long n)
{
	return (double)n / (double)sysconf(_SC_CLK_TCK);
}

// User and system time of a process, with the softirqs that ran on its back.
static double process_s(int pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	bench_need(f != NULL, path);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	bench_need(strrchr(text, ')') != NULL &&
			sscanf(strrchr(text, ')'),
				") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
				&system) == 2,
		"/proc/PID/stat is not what it was");
	return ticks(user + system);
}

static double softirq_s(int cpu)
{
	unsigned long softirq = 0;
	bool found = false;
	char line[512];
	int n;
	FILE *f = fopen("/proc/stat", "r");

	bench_need(f != NULL, "/proc/stat");
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = sscanf(line, "cpu%d %*u %*u %*u %*u %*u %*u %lu", &n, &softirq) == 2 &&
			n == cpu;
	fclose(f);
	bench_need(found, "no such CPU in /proc/stat");
	return ticks(softirq);
}

static double cpu_s(const struct run *r)
{
	double sum = 0;

	for (unsigned int i = 0; i < r->n_clocks; i++)
		sum += r->clocks[i].softirq ? softirq_s(r->clocks[i].id)
					    : process_s(r->clocks[i].id);
	return sum;
}

// ---- Packets -----------------------------------------------------------------------------------

// Sends `n` new packets at most; first what the device had no room for.
static void send_some(unsigned int side, unsigned int n)
{
	struct outbox *o = &outbox[side];

	if (o->done == o->n) {
		o->done = 0;
		o->n = RTE_MIN(n, (unsigned int)BURST);
		if (o->n == 0 || rte_pktmbuf_alloc_bulk(pool, o->m, o->n) != 0) {
			o->n = 0;
			return;
		}
		for (unsigned int i = 0; i < o->n; i++)
			gen_next(side, o->m[i]);
	}
	n = rte_eth_tx_burst((uint16_t)side, 0, o->m + o->done, (uint16_t)(o->n - o->done));
	o->done += n;
	gen_stats.sent += n;
}

static void receive(unsigned int side)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = rte_eth_rx_burst((uint16_t)side, 0, m, BURST);

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (uint16_t i = 0; i < n; i++)
		gen_expect(side, m[i]);
	for (uint16_t i = 0; i < n; i++)
		gen_judge(side, m[i]);
	rte_pktmbuf_free_bulk(m, n);
}

static void receive_for(double seconds)
{
	for (double end = now() + seconds; now() < end;)
		for (unsigned int side = 0; side < SIDES; side++)
			receive(side);
}

// What decides how many more packets may be sent. Phones that do not run have nothing to say: what would
// have been due while this process was away is not made up for.
struct pace {
	double start, last_answer;
	double late;          // seconds, that a packet was sent after its time at most
	double away, longest; // seconds, in all and at once
	unsigned int times;
	uint64_t sent;     // before this run
	uint64_t received; // at the last answer
	uint64_t given_up; // of all that was ever sent
};

static double may_send(const struct run *r, struct pace *p, double t)
{
	const struct gen_stats *s = &gen_stats;
	double room;

	if (s->received != p->received) {
		p->received = s->received;
		p->last_answer = t;
	} else if (t - p->last_answer > LOST_S) {
		p->given_up = s->sent - s->received;
		p->last_answer = t;
	}
	room = r->window - (double)(s->sent - s->received - p->given_up);
	if (r->rate > 0) {
		double due = (t - p->start) * r->rate - (double)(s->sent - p->sent);

		p->late = RTE_MAX(p->late, due / r->rate);
		room = RTE_MIN(room, due);
	}
	return room;
}

static void was_away(struct pace *p, double seconds)
{
	p->start += seconds;
	p->last_answer += seconds;
	p->away += seconds;
	p->longest = RTE_MAX(p->longest, seconds);
	p->times++;
}

static void report(const struct pace *p, const struct gen_stats *before, double received,
	double seconds, double cpu)
{
	const struct gen_stats *s = &gen_stats;

	printf("{\"seconds\": %.4f, \"packets\": %.0f, \"pps\": %.0f, \"cpu_s\": %.3f, "
	       "\"sent\": %lu, \"lost\": %ld, \"bad\": %lu, \"verified\": %lu, \"gaps\": %lu, "
	       "\"late_ms\": %.2f, \"away\": %u, \"away_ms\": %.2f, \"away_longest_ms\": %.2f}\n",
		seconds, received, received / seconds, cpu, s->sent - before->sent,
		(long)(s->sent - before->sent) - (long)(s->received - before->received),
		s->bad - before->bad, s->verified - before->verified, s->gaps - before->gaps,
		1e3 * p->late, p->times, 1e3 * p->away, 1e3 * p->longest);
	fflush(stdout);
}

static void run(const struct run *r)
{
	const struct gen_stats before = gen_stats;
	struct pace p = {.start = now(),
		.last_answer = now(),
		.sent = before.sent,
		.given_up = before.sent - before.received};
	double t = p.start, begin = 0, cpu = 0, room = 0;
	uint64_t received = 0;

	while (begin <= 0 || t - begin < r->seconds) {
		double last = t;

		t = now();
		if (t - last > AWAY_S)
			was_away(&p, t - last);
		if (begin <= 0 && t - p.start >= WARM_S) {
			begin = t;
			received = gen_stats.received;
			cpu = cpu_s(r);
		}
		// Whole bursts: small ones come back as small ones, for which neither side has the use of its
		// vectors, and so they would stay.
		room = may_send(r, &p, t) / SIDES;
		for (unsigned int side = 0; side < SIDES; side++)
			send_some(side, room >= BURST ? (unsigned int)room : 0);
		for (unsigned int side = 0; side < SIDES; side++)
			receive(side);
	}
	received = gen_stats.received - received;
	cpu = cpu_s(r) - cpu;
	receive_for(DRAIN_S);
	report(&p, &before, (double)received, t - begin, cpu);
}

// ---- Set-up ------------------------------------------------------------------------------------

static void port_open(uint16_t port)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_link link;

	bench_need(rte_eth_dev_configure(port, 1, 1, &conf) == 0 &&
			rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool) ==
				0 &&
			rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) == 0 &&
			rte_eth_dev_start(port) == 0,
		"a device of the generator does not start");
	for (double end = now() + LINK_S; now() < end; usleep(10000))
		if (rte_eth_link_get_nowait(port, &link) == 0 && link.link_status != 0)
			return;
	bench_need(false, "a device of the generator has no link: is the relay there?");
}

static void eal_open(char **argv)
{
	static char lcores[32], vdev[SIDES][256];
	char *args[] = {"mediagen", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"256", "--log-level=error", lcores, vdev[0], vdev[1]};

	snprintf(lcores, sizeof(lcores), "--lcores=0@%d", atoi(argv[1]));
	for (unsigned int i = 0; i < SIDES; i++)
		snprintf(vdev[i], sizeof(vdev[i]), "--vdev=%s", argv[5 + i]);
	bench_need(rte_eal_init(RTE_DIM(args), args) >= 0, "EAL does not start");
	pool = rte_pktmbuf_pool_create(
		"gen", BUFFERS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	bench_need(pool != NULL, "no packet buffers");
	bench_need(rte_eth_dev_count_avail() == SIDES, "two devices are needed");
	for (uint16_t port = 0; port < SIDES; port++)
		port_open(port);
}

static bool command(char *line)
{
	struct run r = {0};
	double value;
	int used = 0;

	if (sscanf(line, "speakers %lf", &value) == 1) {
		gen_speakers((uint32_t)value);
		printf("{\"speakers\": %.0f}\n", value);
		fflush(stdout);
		return true;
	}
	if (sscanf(line, "window %lf %lf%n", &r.window, &r.seconds, &used) != 2 &&
		sscanf(line, "rate %lf %lf %lf%n", &r.rate, &r.seconds, &r.window, &used) != 3)
		return false;
	for (char *word = strtok(line + used, " \n"); word != NULL && r.n_clocks < CLOCKS_MAX;
		word = strtok(NULL, " \n")) {
		r.clocks[r.n_clocks].softirq = word[0] == 'c';
		r.clocks[r.n_clocks++].id = atoi(word[0] == 'c' ? word + 1 : word);
	}
	run(&r);
	return true;
}

int main(int argc, char **argv)
{
	char line[128];

	bench_need(argc == 7, "mediagen CPU CALLS PAYLOAD RELAY-FILE|- OUTSIDE INSIDE");
	eal_open(argv);
	gen_open((uint32_t)atoi(argv[2]), strcmp(argv[4], "-") != 0 ? argv[4] : NULL,
		(unsigned int)atoi(argv[3]));
	printf("{\"calls\": %s}\n", argv[2]);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL && command(line))
		;
	for (uint16_t port = 0; port < SIDES; port++)
		rte_eth_dev_stop(port);
	rte_eal_cleanup();
	return 0;
}
