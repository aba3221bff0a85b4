// SPDX-License-Identifier: BSD-3-Clause
// The data plane as a process, without SIP: one worker, two interfaces, and the calls of
// media_plan.h, for mediagen to send through. Answers the lines it reads, with one JSON object
// each: calls N (adds up to that many) | usage | counters (those that are not 0) | stream CALL |
// quit.
//	mediadrive CONTROL-CPU WORKER-CPU MEMORY-MB CALLS-MAX OUTSIDE-DEVICE INSIDE-DEVICE huge|plain
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/perf/drive.h"
#include "test/perf/media_plan.h"

static void send_msg(const struct dp_msg *m)
{
	int bad;

	while ((bad = dp_send(m)) == -ENOBUFS)
		usleep(100); // the worker is at it
	bench_need(bad == 0, strerror(-bad));
}

static void rules(uint32_t calls)
{
	const struct dp_rules r = plan_rules(calls);
	char err[512] = "";

	bench_need(dp_apply(&r, err, sizeof(err)) == 0, err);
}

static void calls(uint32_t want)
{
	static uint32_t up;

	for (; up < want; up++) {
		const struct dp_msg m = plan_msg(up);

		send_msg(&m);
	}
	printf("{\"calls\": %u}\n", up);
}

static void counters(void)
{
	static struct dp_counter c[256];
	size_t n = dp_counters(c, 256);
	const char *comma = "";

	printf("{");
	for (size_t i = 0; i < n; i++) {
		if (c[i].value == 0)
			continue;
		printf("%s\"%s\": %lu", comma, c[i].name, c[i].value);
		comma = ", ";
	}
	printf("}\n");
}

static void usage(void)
{
	struct dp_usage u;
	struct dp_iface_stats s[SIDES];

	dp_usage(&u);
	for (uint16_t i = 0; i < SIDES; i++)
		bench_need(dp_iface_stats(i, &s[i]) == 0, "an interface has no statistics");
	printf("{\"streams\": %u, \"buffers_in_use\": %u, \"rx\": %lu, \"tx\": %lu, "
	       "\"rx_missed\": %lu, \"tx_failed\": %lu, \"engine\": \"%s\"}\n",
		u.streams, u.buffers_in_use, s[0].rx_packets + s[1].rx_packets,
		s[0].tx_packets + s[1].tx_packets, s[0].rx_missed + s[1].rx_missed,
		s[0].tx_failed + s[1].tx_failed, dp_srtp_engine());
}

static void stream(uint32_t call)
{
	struct dp_media_stats s;

	bench_need(dp_media_stats(call, &s) == 0, "no such call");
	printf("[");
	for (unsigned int i = 0; i < SIDES; i++)
		printf("%s{\"rx\": %lu, \"tx\": %lu, \"lost\": %lu, \"replayed\": %lu, "
		       "\"auth_failed\": %lu}",
			i > 0 ? ", " : "", s.leg[i].rx_packets, s.leg[i].tx_packets,
			s.leg[i].rx_lost, s.leg[i].rx_replayed, s.leg[i].rx_auth_failed);
	printf("]\n");
}

// False: quit.
static bool command(char *line)
{
	if (strncmp(line, "calls ", 6) == 0)
		calls((uint32_t)atoi(line + 6));
	else if (strncmp(line, "stream ", 7) == 0)
		stream((uint32_t)atoi(line + 7));
	else if (strncmp(line, "counters", 8) == 0)
		counters();
	else if (strncmp(line, "usage", 5) == 0)
		usage();
	else
		return false;
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	bench_need(argc == 8,
		"mediadrive CONTROL-CPU WORKER-CPU MEMORY-MB CALLS-MAX OUTSIDE INSIDE huge|plain");
	// Adaptive, so that CPU time is that of packets, as with every peer.
	drive_start(argv,
		(struct dp_options){.poll_adaptive = true,
			.hugepages = strcmp(argv[7], "huge") == 0,
			.sessions_max = 1024,
			.streams_max = (unsigned int)atoi(argv[4]),
			.instance_name = "mediadrive"});
	rules((uint32_t)atoi(argv[4]));
	for (unsigned int i = 0; i < SIDES; i++) {
		const struct dp_msg m = plan_neigh(i);

		send_msg(&m);
	}
	usage();
	drive_serve(command);
	return 0;
}
