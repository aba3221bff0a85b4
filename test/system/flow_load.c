// SPDX-License-Identifier: BSD-3-Clause
// A flow of UDP with each packet, from one host to so many ports of so many others, in order: as
// many sessions for the firewall between. Or their answers, toward the host. A process each, in the
// namespaces of the two sides.
//	flow_load ask|answer INTERFACE HOST-IP GATEWAY-MAC FIRST-FLOW FLOWS A-SECOND
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BURST     64u
#define OTHERS    0x14000000u // 20.0.0.0
#define PORTS     64u         // of each of them
#define PORT_MIN  1024u
#define HOST_PORT 4000u

#define MAKE_UP_NS 2000000u

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	char payload[18];
} __attribute__((packed));

static void die(const char *what)
{
	fprintf(stderr, "flow_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint16_t ip_checksum(const void *ip)
{
	uint16_t word[sizeof(struct iphdr) / 2];
	uint32_t sum = 0;

	memcpy(word, ip, sizeof(word));
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		sum += word[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

// What all have. UDP without a checksum, which IPv4 permits.
static struct frame frame_of(const char *gateway)
{
	struct frame f = {
		.ether = {.ether_shost = {2}, .ether_type = htons(ETHERTYPE_IP)},
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP},
	};
	uint8_t *m = f.ether.ether_dhost;

	f.ip.tot_len = htons(sizeof(f) - sizeof(f.ether));
	f.udp.len = htons(sizeof(f.udp) + sizeof(f.payload));
	if (sscanf(gateway, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4],
		    &m[5]) != 6)
		die(gateway);
	return f;
}

static void aim(struct frame *f, uint32_t host, uint32_t flow, bool answer)
{
	const uint32_t other = htonl(OTHERS + flow / PORTS);
	const uint16_t port = htons((uint16_t)(PORT_MIN + flow % PORTS));

	f->ip.saddr = answer ? other : host;
	f->ip.daddr = answer ? host : other;
	f->udp.source = answer ? port : htons(HOST_PORT);
	f->udp.dest = answer ? htons(HOST_PORT) : port;
	f->ip.check = 0;
	f->ip.check = ip_checksum(&f->ip);
}

// Until the next is due. What was missed, because others had the CPU, is not made up for: it would come to a ring at
// once, and be lost there.
static void pace(uint64_t *due_ns, uint64_t every_ns)
{
	uint64_t now;

	while ((now = now_ns()) < *due_ns)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	*due_ns = (now - *due_ns > MAKE_UP_NS ? now : *due_ns) + every_ns;
}

static int packet_socket(const char *iface)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(iface)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0); // protocol 0: receives nothing

	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(iface);
	return fd;
}

int main(int argc, char **argv)
{
	struct frame frame[BURST];
	struct iovec iov[BURST];
	struct mmsghdr msg[BURST] = {0};
	uint32_t host, first, n, rate;
	uint64_t due_ns;
	int fd;

	if (argc != 8 || inet_pton(AF_INET, argv[3], &host) != 1) {
		fputs("usage: flow_load ask|answer INTERFACE HOST-IP GATEWAY-MAC FIRST-FLOW FLOWS "
		      "A-SECOND\n",
			stderr);
		return 2;
	}
	first = (uint32_t)atoi(argv[5]);
	n = (uint32_t)atoi(argv[6]);
	rate = (uint32_t)atoi(argv[7]);
	for (uint32_t i = 0; i < BURST; i++) {
		frame[i] = frame_of(argv[4]);
		iov[i] = (struct iovec){&frame[i], sizeof(frame[i])};
		msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	fd = packet_socket(argv[2]);
	due_ns = now_ns();
	for (uint32_t sent = 0; sent < n;) {
		uint32_t burst = n - sent < BURST ? n - sent : BURST;
		int done;

		pace(&due_ns, (uint64_t)burst * 1000000000 / rate);
		for (uint32_t i = 0; i < burst; i++)
			aim(&frame[i], host, first + sent + i, strcmp(argv[1], "answer") == 0);
		done = sendmmsg(fd, msg, burst, 0);
		if (done < 0 && errno != ENOBUFS)
			die("sendmmsg");
		sent += done > 0 ? (uint32_t)done : 0;
	}
	return 0;
}
