// SPDX-License-Identifier: BSD-3-Clause
// Drives the data plane from fixed rules, for test_forward.py: two af_packet interfaces, static
// NAT of one inside host, PAT of the others, an access list. Reads commands from stdin, answers one JSON line each:
//	neigh IFACE IP MAC | macs | counters | clear | usage | conns | stats | rules open|closed|others | quit
// Punted frames are counted; frames of TCP SYNs for the inspected port are answered by nobody.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dp/dp.h"
#include "test/perf/drive.h"

enum { OUTSIDE, INSIDE, IFACES };

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	if (!ip_parse(str_from(text), &a))
		abort();
	return a;
}

static struct prefix net(const char *text)
{
	struct prefix p;

	if (!prefix_parse(str_from(text), &p))
		abort();
	return p;
}

#define ANY_PORT                                                                                   \
	{                                                                                          \
		0, 65535                                                                           \
	}

// CLOSED: the access list permits nothing. OTHERS: it denies what nobody has asked for first, and a static
// translation of a host that nobody is comes before the two.
enum rules { OPEN, CLOSED, OTHERS };

static int rules_apply(enum rules which)
{
	const struct dp_iface ifaces[IFACES] = {
		[OUTSIDE] = {ip("209.165.200.225"), net("209.165.200.224/27"), 0, 0, -1, true,
			DP_BOGONS_ON, 0, 0},
		[INSIDE] = {ip("192.168.10.1"), net("192.168.10.0/24"), 100, -1, -1, true,
			DP_BOGONS_ON, 0, 0},
	};
	const struct nat_rule nat[] = {
		{
			.id = 3,
			.real_if = INSIDE,
			.mapped_if = OUTSIDE,
			.real = net("192.168.10.99"),
			.mapped = net("209.165.200.230"),
		},
		{
			.id = 1,
			.real_if = INSIDE,
			.mapped_if = OUTSIDE,
			.real = net("192.168.10.30"),
			.mapped = net("209.165.200.228"),
		},
		{
			.id = 2,
			.real_if = INSIDE,
			.mapped_if = OUTSIDE,
			.real = net("192.168.10.0/24"),
			.kind = NAT_PAT,
			.interface = true,
		},
	};
	const struct ace incoming[] = {
		{5, false, PROTO_TCP, {.len = 0}, net("192.168.10.99"), ANY_PORT, ANY_PORT, 0, 0,
			0},
		{1, true, PROTO_TCP, {.len = 0}, net("192.168.10.30"), ANY_PORT, {5070, 5070}, 0, 0,
			0},
		{2, true, PROTO_TCP, {.len = 0}, net("192.168.10.30"), ANY_PORT, {5080, 5080}, 0, 0,
			0},
		{3, true, PROTO_ICMP, {.len = 0}, {.len = 0}, ANY_PORT, ANY_PORT, 0, 0, 0},
	};
	const struct ace inspected[] = {
		{4, true, PROTO_TCP, {.len = 0}, net("192.168.10.30"), ANY_PORT, {5080, 5080}, 0, 0,
			0},
	};
	const size_t first = which == OTHERS ? 0 : 1;
	const struct dp_acl acls[] = {
		{incoming + first, which == CLOSED ? 0 : 4 - first}, {inspected, 1}};
	const int inspect[] = {1};
	const struct dp_route routes[] = {
		{net("209.165.200.224/27"), {{0}}, OUTSIDE},
		{net("192.168.10.0/24"), {{0}}, INSIDE},
		{net("0.0.0.0/0"), ip("209.165.200.254"), OUTSIDE},
	};
	const struct dp_media_addr media[] = {
		{OUTSIDE, ip("209.165.200.229"), 16384, 32767},
		{INSIDE, ip("192.168.10.3"), 16384, 32767},
	};
	const struct dp_rules r = {
		.ifaces = ifaces,
		.nat = nat + first,
		.n_nat = 3 - first,
		.acls = acls,
		.n_acls = 2,
		.acl_global = -1,
		.routes = routes,
		.n_routes = 3,
		.inspect = inspect,
		.n_inspect = 1,
		.media = media,
		.n_media = 2,
		.timeouts = {3600, 30, 600, 120, 2, 3600, 30, 10800},
	};
	char err[256] = "";
	int bad = dp_apply(&r, err, sizeof(err));

	printf("{\"ok\": %s, \"error\": \"%s\"}\n", bad == 0 ? "true" : "false", err);
	return bad;
}

static void neigh(char *args)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_SET};
	unsigned int iface, b[6];
	char address[64];

	if (sscanf(args, "%u %63s %x:%x:%x:%x:%x:%x", &iface, address, &b[0], &b[1], &b[2], &b[3],
		    &b[4], &b[5]) != 8)
		abort();
	m.neigh.iface = (uint16_t)iface;
	m.neigh.ip = ip(address);
	for (unsigned int i = 0; i < 6; i++)
		m.neigh.mac[i] = (uint8_t)b[i];
	printf("{\"ok\": %s}\n", dp_send(&m) == 0 ? "true" : "false");
}

static void macs(void)
{
	for (uint16_t i = 0; i < IFACES; i++) {
		uint8_t m[6];

		if (dp_iface_mac(i, m) != 0)
			abort();
		printf("%s\"%02x:%02x:%02x:%02x:%02x:%02x\"%s", i == 0 ? "[" : ", ", m[0], m[1],
			m[2], m[3], m[4], m[5], i + 1 == IFACES ? "]\n" : "");
	}
}

static void counters(void)
{
	struct dp_counter c[256];
	size_t n = dp_counters(c, 256);

	printf("{");
	for (size_t i = 0; i < n; i++)
		printf("%s\"%s\": %lu", i > 0 ? ", " : "", c[i].name, c[i].value);
	printf("}\n");
}

static void usage(void)
{
	struct dp_usage u;

	dp_usage(&u);
	printf("{\"sessions\": %u, \"punt_sessions\": %u, \"sessions_max\": %u, "
	       "\"buffers_in_use\": %u, \"buffers\": %u}\n",
		u.sessions, u.punt_sessions, u.sessions_max, u.buffers_in_use, u.buffers);
}

static void conns(void)
{
	static struct dp_conn c[1024];
	char a[4][ENDPOINT_TEXT_MAX];
	const struct dp_conn_filter any = {.all = true};
	uint64_t cursor = 0;
	size_t n = dp_conns(&any, DP_CONNS_LIST, &cursor, c, 1024);

	printf("[");
	for (size_t i = 0; i < n; i++)
		printf("%s{\"proto\": %u, \"src\": \"%s\", \"src_mapped\": \"%s\", \"dst\": "
		       "\"%s\", "
		       "\"dst_mapped\": \"%s\", \"packets\": [%lu, %lu], \"punt\": %s, "
		       "\"state\": \"%s\"}",
			i > 0 ? ", " : "", c[i].proto, endpoint_format(&c[i].src, ':', a[0]),
			endpoint_format(&c[i].src_mapped, ':', a[1]),
			endpoint_format(&c[i].dst, ':', a[2]),
			endpoint_format(&c[i].dst_mapped, ':', a[3]), c[i].packets[0],
			c[i].packets[1], c[i].punt ? "true" : "false", c[i].state);
	printf("]\n");
}

// As a person clears them.
static void conns_end(void)
{
	const struct dp_conn_filter every = {.all = true};
	uint64_t cursor = 0;
	size_t n = 0;

	while (cursor != DP_CONNS_THROUGH)
		n += dp_conns(&every, DP_CONNS_END, &cursor, NULL, 0);
	printf("{\"ended\": %zu}\n", n);
}

static void stats(void)
{
	struct dp_iface_stats s[IFACES];

	for (uint16_t i = 0; i < IFACES; i++)
		if (dp_iface_stats(i, &s[i]) != 0)
			abort();
	printf("{\"rx\": [%lu, %lu], \"tx\": [%lu, %lu], \"up\": [%d, %d]}\n", s[0].rx_packets,
		s[1].rx_packets, s[0].tx_packets, s[1].tx_packets, s[0].link_up, s[1].link_up);
}

// False: quit.
static bool command(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "neigh ", 6) == 0)
		neigh(line + 6);
	else if (strcmp(line, "macs") == 0)
		macs();
	else if (strcmp(line, "counters") == 0)
		counters();
	else if (strcmp(line, "clear") == 0)
		dp_counters_clear(), printf("{}\n");
	else if (strcmp(line, "usage") == 0)
		usage();
	else if (strcmp(line, "conns") == 0)
		conns();
	else if (strcmp(line, "end") == 0)
		conns_end();
	else if (strcmp(line, "stats") == 0)
		stats();
	else if (strncmp(line, "rules ", 6) == 0)
		rules_apply(strcmp(line + 6, "closed") == 0       ? CLOSED
				: strcmp(line + 6, "others") == 0 ? OTHERS
								  : OPEN);
	else
		return false;
	fflush(stdout);
	return true;
}

// pcap: there the kernel does not join fragments before we see them. trunk: both interfaces on one
// device, the inside with a tag.
enum driver { AF_PACKET, PCAP, TRUNK };

static void device_name(char *out, size_t size, unsigned int i, const char *name,
	enum driver driver, unsigned int n_workers)
{
	int n = snprintf(out, size,
		driver == PCAP ? "net_pcap%u,rx_iface_in=%s" : "net_af_packet%u,iface=%s",
		driver == TRUNK ? 0 : i, driver == TRUNK ? "trunk" : name);

	for (unsigned int q = 0; driver == PCAP && q < n_workers; q++)
		n += snprintf(out + n, size - (size_t)n, ",tx_iface=%s", name);
}

static int start(unsigned int n_workers, unsigned int rx_queues, enum driver driver,
	const uint16_t mtu[IFACES], bool hugepages)
{
	struct dp_options o = {
		.n_ifaces = IFACES,
		.n_workers = n_workers,
		.memory_mb = 256,
		.poll_adaptive = true,
		.hugepages = hugepages,
		.sessions_max = 4096,
		.instance_name = "dpdrive",
	};
	static const char *const names[IFACES] = {"outside", "inside"};
	char err[512] = "";
	int bad;

	for (unsigned int i = 0; i < IFACES; i++) {
		snprintf(o.ifaces[i].name, sizeof(o.ifaces[i].name), "%s", names[i]);
		device_name(o.ifaces[i].device, sizeof(o.ifaces[i].device), i, names[i], driver,
			n_workers);
		o.ifaces[i].descriptors = 1024;
		o.ifaces[i].mtu = mtu[i];
		o.ifaces[i].vlan = driver == TRUNK && i == INSIDE ? 20 : 0;
		o.ifaces[i].rx_queues = (uint16_t)rx_queues;
	}
	for (unsigned int i = 0; i < n_workers; i++)
		o.worker_cores[i] = (int)(i % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
	bad = dp_start(&o, err, sizeof(err));
	if (bad != 0)
		fprintf(stderr, "dp_start: %s (%d)\n", err, bad);
	return bad;
}

int main(int argc, char **argv)
{
	uint16_t mtu[IFACES];
	enum driver driver;

	if (argc < 6) {
		fprintf(stderr,
			"usage: dpdrive WORKERS RX-QUEUES af_packet|pcap|trunk OUTSIDE-MTU "
			"INSIDE-MTU [hugepages]\n");
		return 2;
	}
	driver = strcmp(argv[3], "pcap") == 0 ? PCAP : AF_PACKET;
	if (strcmp(argv[3], "trunk") == 0)
		driver = TRUNK;
	mtu[OUTSIDE] = (uint16_t)atoi(argv[4]);
	mtu[INSIDE] = (uint16_t)atoi(argv[5]);
	if (start((unsigned int)atoi(argv[1]), (unsigned int)atoi(argv[2]), driver, mtu,
		    argc > 6) != 0)
		return 1;
	if (rules_apply(OPEN) != 0)
		return 1;
	drive_serve(command);
	return 0;
}
