// SPDX-License-Identifier: BSD-3-Clause
// `capture` over the management socket, from rings of workers that a test fills.
#include "test/unit/test.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cp/capture_stream.h"
#include "dp/dp.h"
#include "lib/pcapng.h"

#define PACKETS_MAX 4000

// ---- The workers --------------------------------------------------------------------------------

static struct dp_msg_capture asked;
static int open_error, n_open;
static struct dp_captured packets[PACKETS_MAX];
static size_t n_packets, at;
static uint64_t clock_ns;

int dp_capture_open(const struct dp_msg_capture *want)
{
	asked = *want;
	if (open_error != 0)
		return open_error;
	n_open++;
	return 2;
}

void dp_capture_close(int id)
{
	assert_int_equal(id, 2);
	n_open--;
}

bool dp_capture_peek(int id, struct dp_captured *out)
{
	*out = packets[at < n_packets ? at : 0];
	return at < n_packets;
}

void dp_capture_pop(int id)
{
	at++;
}

void dp_capture_counts(int id, uint16_t iface, uint64_t *taken, uint64_t *lost)
{
	*taken = n_packets;
	*lost = iface == 0 ? 7 : 0;
}

size_t dp_counters(struct dp_counter *out, size_t max)
{
	out[0] = (struct dp_counter){"RX", "received", false, 0};
	out[1] = (struct dp_counter){"IP_TTL", "ran out", true, 0};
	return 2;
}

// ---- The socket ---------------------------------------------------------------------------------

static char path[64]; // of this run alone
static struct event_base *base;
static struct mgmt *mgmt;
static struct config config = {.hostname = "fw",
	.ifaces = {{.name = "outside", .device = "eth0"}, {.name = "inside", .device = "eth1"}},
	.n_ifaces = 2};

static uint64_t mono_ns(void)
{
	return clock_ns;
}

static uint64_t wall_ns(void)
{
	return clock_ns + 1000;
}

static struct capture_env env = {.config = &config, .mono_ns = mono_ns, .wall_ns = wall_ns};

static cJSON *no_command(void *arg, const char *command, const cJSON *args, char *err, size_t size)
{
	return NULL;
}

static int up(void **state)
{
	char err[256];

	snprintf(path, sizeof(path), "/tmp/callgate-test-capture-%d.sock", (int)getpid());
	open_error = 0;
	n_packets = at = 0;
	clock_ns = 5000;
	base = env.base = event_base_new();
	assert_int_equal(mgmt_open(&mgmt, path, err, sizeof(err)), 0);
	mgmt_add_streams(mgmt, &capture_streams, &env);
	return mgmt_start(mgmt, base, no_command, NULL);
}

static int down(void **state)
{
	mgmt_close(mgmt);
	event_base_free(base);
	assert_int_equal(n_open, 0);
	return 0;
}

static int dial(const char *args)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	char request[1024];
	int n = snprintf(
		request, sizeof(request), "{\"command\": \"capture\", \"args\": %s}\n", args);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(send(fd, request, (size_t)n, 0), n);
	return fd;
}

static uint8_t heard[1 << 22];
static size_t n_heard;
static bool ended;

// What comes in 50 ms, or until the daemon ends.
static void hear(int fd)
{
	n_heard = 0;
	ended = false;
	for (int i = 0; i < 50 && !ended; i++) {
		ssize_t got;

		event_base_loop(base, EVLOOP_NONBLOCK);
		got = recv(fd, heard + n_heard, sizeof(heard) - n_heard, 0);
		ended = got == 0;
		if (got > 0)
			n_heard += (size_t)got, i = 0;
		else
			usleep(1000);
	}
}

static void packet(uint64_t time_ns, const char *data, const char *reason)
{
	packets[n_packets++] = (struct dp_captured){.time_ns = time_ns,
		.iface = 1,
		.data = data,
		.len = (uint32_t)strlen(data),
		.original_len = 1500,
		.reason = reason,
		.help = "look"};
}

// The answer, then so many blocks of each kind. Returns where the n-th packet stands.
static const uint8_t *expect_blocks(
	unsigned int n_ifaces, unsigned int n_pkts, unsigned int n_stats)
{
	static const char ok[] = "{\"ok\":true,\"data\":true}\n";
	const uint8_t *last = NULL;
	unsigned int n[8] = {0};
	size_t i = strlen(ok), len;
	uint32_t type;

	assert_true(n_heard >= i);
	assert_memory_equal(heard, ok, i);
	for (; i < n_heard; i += len) {
		len = pcapng_block(heard + i, n_heard - i, &type);
		assert_in_range(len, 12, n_heard - i);
		n[type < 8 ? type : 0]++;
		if (type == PCAPNG_PACKET)
			last = heard + i;
	}
	assert_int_equal(n[0], 1);
	assert_int_equal(n[PCAPNG_INTERFACE], n_ifaces);
	assert_int_equal(n[PCAPNG_PACKET], n_pkts);
	assert_int_equal(n[PCAPNG_STATISTICS], n_stats);
	return last;
}

static void test_count(void **state)
{
	static uint8_t want[256];
	const struct pcapng_packet p = {.iface = 1,
		.time_ns = 6001 + 1000,
		.data = "abc",
		.len = 3,
		.original_len = 1500,
		.direction = PCAPNG_IN,
		.comment = "dropped: IP_TTL: look"};
	size_t n = pcapng_packet(want, sizeof(want), &p);
	int fd;

	packet(6000, "a", NULL);
	packet(6001, "abc", "IP_TTL");
	packet(6002, "b", NULL);
	fd = dial("{\"name\": \"x\", \"count\": 2}");
	hear(fd);
	assert_true(ended);
	assert_memory_equal(expect_blocks(2, 2, 2), want, n);
	assert_int_equal(n_open, 0);
	close(fd);
}

// The client has heard enough: what was captured until then still comes.
static void test_finish(void **state)
{
	int fd = dial("{\"name\": \"x\"}");

	hear(fd);
	assert_false(ended);
	expect_blocks(2, 0, 0);
	clock_ns = 6000;
	packet(5900, "a", NULL);
	packet(6100, "b", NULL);
	shutdown(fd, SHUT_WR);
	hear(fd);
	assert_true(ended);
	assert_int_equal(at, 1);
	assert_int_equal(n_open, 0);
	close(fd);
}

// A client that goes without a word.
static void test_gone(void **state)
{
	int fd = dial("{\"name\": \"x\"}");

	hear(fd);
	assert_int_equal(n_open, 1);
	close(fd);
	hear(-1);
	assert_int_equal(n_open, 0);
}

// A client that does not read costs no more than its share, and the rest waits in the rings.
static void test_slow(void **state)
{
	static char data[1000];
	int fd, small = 4096;

	memset(data, 'x', sizeof(data) - 1);
	for (int i = 0; i < PACKETS_MAX; i++)
		packet(6000, data, NULL);
	fd = dial("{\"name\": \"x\", \"count\": 4000}");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < 100; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(500);
	}
	assert_in_range(at, 1, 1000);
	hear(fd);
	assert_true(ended);
	expect_blocks(2, PACKETS_MAX, 2);
	close(fd);
}

static void test_wanted(void **state)
{
	int fd = dial("{\"name\": \"x\", \"interface\": \"inside\", \"match\": \"tcp any host "
		      "192.0.2.1 eq 5061\", "
		      "\"drop\": \"ip_ttl\", \"size\": 96}");
	const struct flow f = {.proto = PROTO_TCP};

	hear(fd);
	expect_blocks(2, 0, 0);
	assert_int_equal(asked.iface, 1);
	assert_int_equal(asked.size, 96);
	assert_true(asked.drops && asked.filtered);
	assert_int_equal(asked.reason, 1);
	assert_int_equal(asked.match.dport.lo, 5061);
	assert_int_equal(acl_match(&asked.match, 1, &f), -1);
	close(fd);
	hear(-1);
	fd = dial("{\"name\": \"x\", \"drop\": \"any\"}");
	hear(fd);
	assert_int_equal(asked.iface, DP_CAPTURE_ANY);
	assert_int_equal(asked.size, CAPTURE_SIZE_DEFAULT);
	assert_true(asked.drops && !asked.filtered);
	assert_int_equal(asked.reason, DP_CAPTURE_ANY);
	close(fd);
}

static void test_refused(void **state)
{
	static const struct {
		const char *args, *err;
		int open_error;
	} t[] = {
		{"{}", "name: expected one", 0},
		{"{\"name\": 1}", "name: expected one", 0},
		{"{\"name\": \"\"}", "name: expected one", 0},
		{"{\"name\": \"x\", \"interface\": \"dmz\"}",
			"found dmz, expected outside or inside", 0},
		{"{\"name\": \"x\", \"match\": \"tcp any\"}", "match: ", 0},
		{"{\"name\": \"x\", \"match\": \"icmp any any toast\"}", "match: found toast", 0},
		{"{\"name\": \"x\", \"drop\": \"RX\"}", "found RX, expected any or", 0},
		{"{\"name\": \"x\", \"drop\": \"TOAST\"}", "found TOAST, expected any or", 0},
		{"{\"name\": \"x\", \"toast\": 1}", "toast: this daemon (callgate ", 0},
		{"{\"name\": \"x\", \"count\": 0}", "count: expected a number", 0},
		{"{\"name\": \"x\", \"count\": \"1\"}", "count: expected a number", 0},
		{"{\"name\": \"x\", \"size\": 9241}", "size: expected a number from 1 to 9240", 0},
		{"{\"name\": \"x\"}", "as many captures as there can be", -EBUSY},
		{"{\"name\": \"x\"}", "try again", -ENOBUFS},
		{"{\"name\": \"x\"}", "memory", -ENOMEM},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int fd;

		open_error = t[i].open_error;
		fd = dial(t[i].args);
		hear(fd);
		heard[n_heard] = '\0';
		if (strstr((char *)heard, "\"ok\":false") == NULL ||
			strstr((char *)heard, t[i].err) == NULL)
			fail_msg("%s: %s", t[i].args, (char *)heard);
		assert_int_equal(n_open, 0);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_count, up, down),
		cmocka_unit_test_setup_teardown(test_finish, up, down),
		cmocka_unit_test_setup_teardown(test_gone, up, down),
		cmocka_unit_test_setup_teardown(test_slow, up, down),
		cmocka_unit_test_setup_teardown(test_wanted, up, down),
		cmocka_unit_test_setup_teardown(test_refused, up, down),
	};

	signal(SIGPIPE, SIG_IGN); // as the daemon
	return cmocka_run_group_tests(tests, NULL, NULL);
}
