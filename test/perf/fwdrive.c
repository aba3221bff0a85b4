// SPDX-License-Identifier: BSD-3-Clause
// The firewall as a process, without a control plane: one worker between two devices, for
// test/perf/firewall.py, whose packets come from hosts inside and the one host outside that they talk
// to. Prints "ready", then answers each line with the packets that each device has sent and what was
// dropped.
//	fwdrive CONTROL-CPU WORKER-CPU MEMORY-MB ACCESS-RULES OUTSIDE-DEVICE INSIDE-DEVICE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "dp/dp.h"
#include "test/perf/bench.h"

enum { OUTSIDE, INSIDE, SIDES };

static struct ip_addr ip(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	return ip_from_v4_be(rte_cpu_to_be_32(a << 24 | b << 16 | c << 8 | d));
}

static struct prefix net(
	unsigned int a, unsigned int b, unsigned int c, unsigned int d, unsigned int len)
{
	return (struct prefix){.ip = ip(a, b, c, d), .len = (uint8_t)(96 + len)};
}

static void start(char **argv)
{
	struct dp_options o = {
		.n_ifaces = SIDES,
		.n_workers = 1,
		.control_core = atoi(argv[1]),
		.worker_cores = {atoi(argv[2])},
		.memory_mb = (unsigned int)atoi(argv[3]),
		.sessions_max = 65536,
		.streams_max = 16,
		.instance_name = "fwdrive",
	};
	char err[512] = "";

	for (unsigned int i = 0; i < SIDES; i++) {
		struct dp_iface_options *f = &o.ifaces[i];

		snprintf(f->name, sizeof(f->name), "%s", i == OUTSIDE ? "outside" : "inside");
		snprintf(f->device, sizeof(f->device), "%s", argv[5 + i]);
		f->descriptors = 1024;
		f->mtu = 1500;
	}
	bench_need(dp_start(&o, err, sizeof(err)) == 0, err);
}

// What permits nothing that the packets want stands before what permits all of it.
static void rules(size_t n_aces)
{
	static struct ace aces[100000];
	const struct port_range any = {0, UINT16_MAX};
	const struct dp_acl acl = {aces, n_aces};
	const struct dp_iface ifaces[SIDES] = {
		[OUTSIDE] = {ip(203, 0, 113, 1), net(203, 0, 113, 0, 24), 0, -1},
		[INSIDE] = {ip(10, 1, 0, 1), net(10, 1, 0, 0, 16), 100, 0},
	};
	const struct dp_route routes[] = {
		{net(203, 0, 113, 0, 24), {{0}}, OUTSIDE},
		{net(10, 1, 0, 0, 16), {{0}}, INSIDE},
	};
	const struct nat_rule nat = {.id = 1,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(10, 1, 0, 0, 16),
		.mapped = net(198, 18, 0, 0, 16)};
	const struct dp_rules r = {
		.ifaces = ifaces,
		.nat = &nat,
		.n_nat = 1,
		.acls = &acl,
		.n_acls = 1,
		.routes = routes,
		.n_routes = 2,
		.timeouts = {3600, 30, 60, 3600, 2, 3600},
	};
	char err[512] = "";

	bench_need(n_aces >= 1 && n_aces <= sizeof(aces) / sizeof(aces[0]), "ACCESS-RULES");
	for (size_t i = 0; i < n_aces; i++)
		aces[i] = (struct ace){.id = (uint32_t)i + 1,
			.proto = PROTO_UDP,
			.src = net(10, 2, i / 250 % 250, i % 250, 32),
			.dst = net(203, 0, 113, 9, 32),
			.sport = any,
			.dport = {(uint16_t)(1000 + i % 50000), (uint16_t)(1000 + i % 50000)}};
	aces[n_aces - 1] =
		(struct ace){.id = (uint32_t)n_aces, .permit = true, .sport = any, .dport = any};
	bench_need(dp_apply(&r, err, sizeof(err)) == 0, err);
}

static void neighbour(unsigned int iface, struct ip_addr address)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_SET};

	m.neigh.iface = (uint16_t)iface;
	m.neigh.ip = address;
	memcpy(m.neigh.mac, "\2\0\0\0\2", 5);
	while (dp_send(&m) != 0)
		; // the worker is at it
}

static void tell(void)
{
	static struct dp_counter c[256];
	size_t n = dp_counters(c, 256);
	struct dp_iface_stats s[SIDES];
	uint64_t drops = 0;

	for (size_t i = 0; i < n; i++)
		drops += c[i].drop ? c[i].value : 0;
	for (uint16_t i = 0; i < SIDES; i++)
		bench_need(dp_iface_stats(i, &s[i]) == 0, "an interface has no statistics");
	printf("{\"outside\": %lu, \"inside\": %lu, \"dropped\": %lu}\n", s[OUTSIDE].tx_packets,
		s[INSIDE].tx_packets, drops);
}

int main(int argc, char **argv)
{
	char line[16];

	bench_need(
		argc == 7, "fwdrive CONTROL-CPU WORKER-CPU MEMORY-MB ACCESS-RULES OUTSIDE INSIDE");
	start(argv);
	setlinebuf(stdout);
	neighbour(OUTSIDE, ip(203, 0, 113, 9));
	for (unsigned int host = 0; host < 250; host++) // as many as the packets come from
		neighbour(INSIDE, ip(10, 1, 1, host + 1));
	rules((size_t)atol(argv[4]));
	puts("ready");
	while (fgets(line, sizeof(line), stdin) != NULL)
		tell();
	dp_stop();
	return 0;
}
