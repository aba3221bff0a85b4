// SPDX-License-Identifier: BSD-3-Clause
// One end of many media streams, for the soak in test_9_soak.py: sends RTP, or SRTP in
// AES_CM_128_HMAC_SHA1_80, on each at a steady rate, and judges every packet that comes. Real UDP
// sockets, one a stream.
//
//   media_load PACKETS_PER_SECOND SECONDS SSRC_BASE PEER_SSRC_BASE  <streams
//
// A stream is a line "LOCAL_PORT REMOTE_IP REMOTE_PORT TX_KEY RX_KEY", keys in hex or "-"; the list
// ends with an empty line. Then, on stdin and stdout: "ready"; "go"; SECONDS later "sent N"; "stop";
// and what was received, in JSON.
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dp/rtpsec.h"

#define STREAMS_MAX 16384
#define RTP_HEAD    12
#define PAYLOAD     160
#define BURST       32
#define PAYLOAD_AT  (RTP_HEAD + 8) // behind the stream and the number of the packet
#define ROOM        (RTP_HEAD + PAYLOAD + RTPSEC_TRAILER_MAX)

struct stream {
	int fd;
	struct rtpsec *tx, *rx; // NULL: plain
	uint32_t sent, received, expected;
};

// What came, by verdict. `lost` are gaps: numbers that were skipped and never came later.
struct result {
	uint64_t received, lost, reordered, forged, wrong, send_failed;
};

static struct stream streams[STREAMS_MAX];
static uint32_t n_streams, ssrc_base, peer_base;
static struct rtpsec_engine *engine;
static struct result result;

static void die(const char *what)
{
	fprintf(stderr, "media_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct rtpsec *context(const char *hex, enum rtpsec_direction direction)
{
	struct rtpsec_params p = {.direction = direction, .suite = DP_SRTP_AES_CM_128_HMAC_SHA1_80};
	struct rtpsec *c;
	size_t n;

	if (hex[0] == '-')
		return NULL;
	if (OPENSSL_hexstr2buf_ex(p.key, sizeof(p.key), &n, hex, '\0') != 1 || n != 30) {
		errno = EINVAL;
		die("key");
	}
	errno = -rtpsec_new(&c, &p);
	if (errno != 0)
		die("rtpsec_new");
	return c;
}

static int open_socket(uint16_t port, const char *ip, uint16_t remote_port)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons(remote_port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 1 << 18;

	if (fd < 0 || inet_pton(AF_INET, ip, &remote.sin_addr) != 1)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0 ||
		connect(fd, (struct sockaddr *)&remote, sizeof(remote)) < 0)
		die("bind or connect");
	return fd;
}

static void read_streams(int epoll)
{
	char line[512], ip[64], tx[128], rx[128];
	unsigned int port, remote_port;

	while (fgets(line, sizeof(line), stdin) != NULL && line[0] != '\n') {
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = n_streams};
		struct stream *s = &streams[n_streams++];

		if (n_streams > STREAMS_MAX ||
			sscanf(line, "%u %63s %u %127s %127s", &port, ip, &remote_port, tx, rx) !=
				5) {
			errno = EINVAL;
			die(line);
		}
		s->fd = open_socket((uint16_t)port, ip, (uint16_t)remote_port);
		s->tx = context(tx, RTPSEC_SEAL);
		s->rx = context(rx, RTPSEC_OPEN);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &ev) < 0)
			die("epoll_ctl");
	}
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

// ---- Sending ------------------------------------------------------------------------------------

// Streams begin at different numbers, so that some wrap on the way.
static uint16_t seq_of(uint32_t stream, uint32_t n)
{
	return (uint16_t)(stream * 37 + n);
}

static void build(uint32_t i, uint8_t *p)
{
	uint16_t seq = htons(seq_of(i, streams[i].sent));

	p[0] = 0x80;
	p[1] = 0;
	memcpy(p + 2, &seq, 2);
	put32(p + 4, streams[i].sent * PAYLOAD);
	put32(p + 8, ssrc_base + i);
	put32(p + RTP_HEAD, i);
	put32(p + RTP_HEAD + 4, streams[i].sent);
	memset(p + PAYLOAD_AT, (int)(i + streams[i].sent), RTP_HEAD + PAYLOAD - PAYLOAD_AT);
	streams[i].sent++;
}

// One packet on each of `n` streams from `first` on.
static void send_burst(uint32_t first, uint32_t n)
{
	static uint8_t pkts[BURST][ROOM];
	struct rtpsec_job jobs[BURST];
	uint32_t sealed = 0;

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = (first + k) % n_streams;

		build(i, pkts[k]);
		if (streams[i].tx != NULL)
			jobs[sealed++] = (struct rtpsec_job){.ctx = streams[i].tx,
				.pkt = pkts[k],
				.len = RTP_HEAD + PAYLOAD,
				.kind = RTPSEC_RTP};
	}
	if (sealed > 0)
		rtpsec_seal(engine, jobs, sealed);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t len = sealed > 0 ? jobs[k].len : RTP_HEAD + PAYLOAD;

		if (send(streams[(first + k) % n_streams].fd, pkts[k], len, 0) < 0)
			result.send_failed++;
	}
}

// ---- Receiving ----------------------------------------------------------------------------------

static void judge(uint32_t i, uint8_t *p, uint32_t len)
{
	struct stream *s = &streams[i];
	uint32_t n;

	if (s->rx != NULL) {
		struct rtpsec_job job = {.ctx = s->rx, .pkt = p, .len = len, .kind = RTPSEC_RTP};

		rtpsec_open(engine, &job, 1);
		if (job.status != RTPSEC_OK) {
			result.forged++;
			return;
		}
		len = job.len;
	}
	n = get32(p + RTP_HEAD + 4);
	if (len != RTP_HEAD + PAYLOAD || get32(p + 8) != peer_base + i ||
		get32(p + RTP_HEAD) != i || p[2] * 256 + p[3] != seq_of(i, n) ||
		p[PAYLOAD_AT] != (uint8_t)(i + n) || p[len - 1] != (uint8_t)(i + n)) {
		result.wrong++;
		return;
	}
	result.received++;
	s->received++;
	if (n < s->expected) {
		result.reordered++;
		result.lost--;
		return;
	}
	result.lost += n - s->expected;
	s->expected = n + 1;
}

static void receive(int epoll, int timeout_ms)
{
	struct epoll_event ev[256];
	uint8_t p[2048];
	int n = epoll_wait(epoll, ev, 256, timeout_ms);

	for (int k = 0; k < n; k++) {
		ssize_t len = recv(streams[ev[k].data.u32].fd, p, sizeof(p), 0);

		if (len > 0)
			judge(ev[k].data.u32, p, (uint32_t)len);
	}
}

static bool told(void)
{
	struct pollfd fd = {.fd = 0, .events = POLLIN};
	char line[64];

	return poll(&fd, 1, 0) > 0 && fgets(line, sizeof(line), stdin) != NULL;
}

// A sender that was kept from its CPU goes on where it was: to catch up would be a flood.
static void run(int epoll, double pps, double seconds)
{
	double rate = pps * n_streams, begin = now_s();
	uint64_t total = (uint64_t)(pps * seconds) * n_streams, sent = 0;
	double most = rate / 50 + BURST;

	while (sent < total) {
		double due = (now_s() - begin) * rate - (double)sent;

		if (due > most) {
			begin += (due - most) / rate;
			due = most;
		}
		while (due >= 1 && sent < total) {
			uint32_t n = due < BURST ? (uint32_t)due : BURST;

			if (n > n_streams)
				n = n_streams;
			if (n > total - sent)
				n = (uint32_t)(total - sent);
			send_burst((uint32_t)(sent % n_streams), n);
			sent += n;
			due -= n;
			receive(epoll, 0);
		}
		receive(epoll, 1);
	}
	printf("sent %llu\n", (unsigned long long)sent);
}

int main(int argc, char **argv)
{
	struct rlimit files = {.rlim_cur = STREAMS_MAX + 64, .rlim_max = STREAMS_MAX + 64};
	int epoll = epoll_create1(0);

	if (argc != 5 || epoll < 0)
		die("usage: media_load PACKETS_PER_SECOND SECONDS SSRC_BASE PEER_SSRC_BASE");
	setvbuf(stdin, NULL, _IONBF, 0); // so that poll() sees what is left to read
	setlinebuf(stdout);
	setrlimit(RLIMIT_NOFILE, &files);
	ssrc_base = (uint32_t)strtoul(argv[3], NULL, 0);
	peer_base = (uint32_t)strtoul(argv[4], NULL, 0);
	errno = -rtpsec_init(RTPSEC_OPENSSL, 2 * STREAMS_MAX);
	if (errno != 0 || rtpsec_engine_new(&engine) < 0)
		die("rtpsec_init");
	read_streams(epoll);
	puts("ready");
	while (!told())
		receive(epoll, 1);
	run(epoll, strtod(argv[1], NULL), strtod(argv[2], NULL));
	while (!told())
		receive(epoll, 1);
	printf("{\"received\": %llu, \"gaps\": %llu, \"reordered\": %llu, \"forged\": %llu, "
	       "\"wrong\": %llu, \"send_failed\": %llu}\n",
		(unsigned long long)result.received, (unsigned long long)result.lost,
		(unsigned long long)result.reordered, (unsigned long long)result.forged,
		(unsigned long long)result.wrong, (unsigned long long)result.send_failed);
	return 0;
}
