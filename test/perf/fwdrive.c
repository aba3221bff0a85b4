// SPDX-License-Identifier: BSD-3-Clause
// The firewall as a process, without a control plane: one worker between two devices, for
// test/perf/firewall.py, whose packets come from hosts inside and from hosts outside that they talk
// to, each side behind its router. Prints "ready", then answers each line with the packets that each device has sent, and what was
// dropped by reason.
//	fwdrive CONTROL-CPU WORKER-CPU MEMORY-MB ACCESS-LIST OUTSIDE-DEVICE INSIDE-DEVICE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "dp/dp.h"
#include "test/perf/drive.h"

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

// A line each of the list of flows that begin inside, in the manual's words.
static struct dp_acl read_list(const char *path)
{
	static struct ace aces[100000];
	FILE *f = fopen(path, "r");
	char line[256], err[160];
	size_t n = 0;

	bench_need(f != NULL, path);
	while (fgets(line, sizeof(line), f) != NULL && n < sizeof(aces) / sizeof(aces[0])) {
		line[strcspn(line, "\n")] = '\0';
		bench_need(ace_parse(str_from(line), &aces[n], err, sizeof(err)), err);
		aces[n].id = (uint32_t)n + 1;
		n++;
	}
	fclose(f);
	return (struct dp_acl){aces, n};
}

static void rules(const struct dp_acl *acl)
{
	const struct dp_iface ifaces[SIDES] = {
		[OUTSIDE] = {ip(203, 0, 254, 1), net(203, 0, 0, 0, 16), 0, -1, -1, true,
			DP_BOGONS_ON, 0, 0},
		[INSIDE] = {ip(10, 1, 254, 1), net(10, 1, 0, 0, 16), 100, 0, -1, true, DP_BOGONS_ON,
			0, 0},
	};
	const struct dp_route routes[] = {
		{net(203, 0, 0, 0, 16), ip(203, 0, 254, 9), OUTSIDE},
		{net(10, 1, 0, 0, 16), ip(10, 1, 254, 9), INSIDE},
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
		.acls = acl,
		.n_acls = 1,
		.acl_global = -1,
		.routes = routes,
		.n_routes = 2,
		.timeouts = {3600, 30, 60, 3600, 2, 3600, 30, 10800},
	};
	char err[512] = "";

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

	for (uint16_t i = 0; i < SIDES; i++)
		bench_need(dp_iface_stats(i, &s[i]) == 0, "an interface has no statistics");
	printf("{\"outside\": %lu, \"inside\": %lu", s[OUTSIDE].tx_packets, s[INSIDE].tx_packets);
	for (size_t i = 0; i < n; i++)
		if (c[i].drop && c[i].value > 0)
			printf(", \"%s\": %lu", c[i].name, c[i].value);
	printf("}\n");
}

int main(int argc, char **argv)
{
	struct dp_acl acl;
	char line[16];

	bench_need(
		argc == 7, "fwdrive CONTROL-CPU WORKER-CPU MEMORY-MB ACCESS-LIST OUTSIDE INSIDE");
	acl = read_list(argv[4]);
	drive_start(argv,
		(struct dp_options){
			.sessions_max = 65536, .streams_max = 16, .instance_name = "fwdrive"});
	setlinebuf(stdout);
	neighbour(OUTSIDE, ip(203, 0, 254, 9));
	neighbour(INSIDE, ip(10, 1, 254, 9));
	rules(&acl);
	puts("ready");
	while (fgets(line, sizeof(line), stdin) != NULL)
		tell();
	dp_stop();
	return 0;
}
