// SPDX-License-Identifier: BSD-3-Clause
// What the monitoring of a stream costs (lib/rma.h): nanoseconds per packet with a thousand streams of
// G.711, 20 ms a packet, in order and on time as on a good line, so that each stream is touched once
// in a thousand packets, as by a worker; without and with the judgement of each every 100 ms.
//	bench_media_monitor CPU
#include "lib/rma.h"
#include "test/perf/bench_eal.h"

#define STREAMS  1000u
#define ROUNDS   51
#define PASSES   50 // of a round: a second of each stream
#define FRAME_NS UINT64_C(20000000)
#define TIMER_MS 100
#define LEVEL    3
#define GOAL_NS  10

static struct {
	struct rma m;
} __attribute__((aligned(64))) streams[STREAMS];
static uint64_t now_ns = UINT64_C(1000000000000);
static uint16_t seq = 65000;
static uint32_t ts;
static unsigned int passes;
static uint32_t delays_ns[256]; // as a good line delivers: up to 2 ms late, each packet another

// Calls do not begin all at once.
static unsigned int first_pass(unsigned int stream)
{
	return stream * 7919u % 1009 % PASSES;
}

// A packet of each stream, spread over the frame.
static void pass(bool judged)
{
	struct rtp_hdr h = {.seq = seq, .ts = ts};

	for (unsigned int i = 0; i < STREAMS; i++) {
		uint64_t at_ns = now_ns + i * (FRAME_NS / STREAMS) + delays_ns[(i + 7 * seq) % 256];

		h.ssrc = i;
		rma_add(&streams[i].m, &rma_table_default, &h, at_ns);
		if (judged && rma_due(&streams[i].m, at_ns, TIMER_MS))
			rma_judge(&streams[i].m, &rma_table_default, LEVEL, at_ns);
	}
	passes++;
	seq++;
	ts += 160;
	now_ns += FRAME_NS;
}

static void begin(void)
{
	uint32_t dice = 1;

	for (unsigned int i = 0; i < RTE_DIM(delays_ns); i++) {
		dice = dice * 1664525 + 1013904223;
		delays_ns[i] = (dice >> 16) % 2000 * 1000;
	}
	for (unsigned int p = 0; p < PASSES; p++) {
		for (unsigned int i = 0; i < STREAMS; i++)
			if (first_pass(i) >= p) // those that are later too, anew each time
				rma_init(&streams[i].m, 8000, RMA_NO_EVENT, now_ns);
		pass(true);
	}
}

static double round_ns(bool judged)
{
	uint64_t t = rte_rdtsc_precise();

	for (unsigned int i = 0; i < PASSES; i++)
		pass(judged);
	return (double)(rte_rdtsc_precise() - t) / (PASSES * STREAMS) /
		((double)rte_get_tsc_hz() / 1e9);
}

// All of it was counted, and found good.
static void prove(void)
{
	for (unsigned int i = 0; i < STREAMS; i++) {
		const unsigned int sent = passes - first_pass(i);
		struct rma_counters c;

		bench_need(!rma_judge(&streams[i].m, &rma_table_default, LEVEL, now_ns + FRAME_NS),
			"a good line was found bad");
		rma_read(&streams[i].m, &c);
		bench_need(c.sum_all_packets == sent - 4 && c.concealed_sec == 0 &&
				c.total_sec == (sent - 7) * FRAME_NS / 1000000000,
			"packets went uncounted");
	}
}

int main(int argc, char **argv)
{
	static struct bench_series all, add;

	bench_need(argc == 2, "bench_media_monitor CPU");
	bench_eal(argv[1], 64, false);
	begin();
	for (unsigned int i = 0; i <= ROUNDS; i++) {
		double all_ns = round_ns(true), add_ns = round_ns(false);

		if (i == 0) // warms up
			continue;
		bench_add(&all, all_ns);
		bench_add(&add, add_ns);
	}
	prove();
	bench_limit("media.monitor_ns", bench_median(&add), "ns/packet", GOAL_NS,
		"itself: 1000 streams of G.711");
	bench_figure("media.monitor_ns.judged", bench_median(&all), "ns/packet", 0,
		"itself: the same, and each judged every 100 ms");
	bench_figure("media.monitor_octets", sizeof(struct rma), "octets", 0, "a stream");
	return 0;
}
