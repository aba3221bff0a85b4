// SPDX-License-Identifier: BSD-3-Clause
// The control plane's private network stack against a real host: the kernel of another network
// namespace, joined by a TAP that stands for the wire. In the place of the workers, the dp_*
// functions below carry every frame. Needs root; says "skipped" without.
#include "test/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cp/netlink.h"
#include "cp/punt.h"
#include "cp/rtnl.h"
#include "cp/stack.h"
#include "cp/tap.h"
#include "cp/tsock.h"
#include "dp/dp.h"

#define HOST_MAC                                                                                   \
	{                                                                                          \
		0x02, 0, 0, 0, 0, 0x02                                                             \
	}
#define DEADLINE_S 10
#define MEDIA_ID   77

// ---- The world ----------------------------------------------------------------------------------

static int host_ns = -1;
static struct tap *wire;
static struct event_base *base;
static struct config *config;
static struct stack *stack;
static struct netlink *netlink;
static struct punt *punt;
static struct tsock_listener *listener;

// What the last accepted connection looked like.
static struct {
	unsigned int n;
	uint16_t iface;
	struct endpoint peer, dst;
} accepted;

// What the workers would know.
static struct {
	unsigned int sets, dels;
	struct dp_msg last;
	bool full; // rings take nothing
} workers;

static struct dp_msg from_worker;
static uint32_t gone_stream;

size_t dp_punt_recv(void *buf, size_t size, uint16_t *iface)
{
	ssize_t n = tap_read(wire, buf, size);

	*iface = 0;
	return n > 0 ? (size_t)n : 0;
}

int dp_punt_send(uint16_t iface, const void *frame, size_t len)
{
	return iface == 0 ? tap_write(wire, frame, len) : 0;
}

int dp_iface_mac(uint16_t iface, uint8_t mac[6])
{
	memcpy(mac, (const uint8_t[]){0x02, 0, 0, 0, 1, (uint8_t)iface}, 6);
	return 0;
}

int dp_send(const struct dp_msg *m)
{
	if (workers.full)
		return -ENOBUFS;
	workers.sets += m->type == DP_MSG_NEIGH_SET;
	workers.dels += m->type == DP_MSG_NEIGH_DEL;
	workers.last = *m;
	return 0;
}

int dp_recv(struct dp_msg *m)
{
	if (from_worker.version == 0)
		return 0;
	*m = from_worker;
	from_worker.version = 0;
	return 1;
}

static struct ip_addr ip_of(const char *text)
{
	struct ip_addr ip;

	assert_true(ip_parse(str_from(text), &ip));
	return ip;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(str_from(text), &p));
	return p;
}

static struct endpoint endpoint_of(const char *ip, uint16_t port)
{
	return (struct endpoint){.ip = ip_of(ip), .port = port};
}

static void world_config(void)
{
	config = calloc(1, sizeof(*config));
	assert_non_null(config);
	config->n_ifaces = 2;
	config->ifaces[0] = (struct config_iface){.name = "inside", .mtu = 1500};
	config->ifaces[1] = (struct config_iface){.name = "outside-with-a-long-name", .mtu = 1500};
	config->ifaces[0].ip = ip_of("192.168.10.1");
	config->ifaces[0].subnet = prefix_of("192.168.10.0/24");
	config->ifaces[1].ip = ip_of("203.0.113.1");
	config->ifaces[1].subnet = prefix_of("203.0.113.0/24");
	config->n_routes = 2;
	config->routes = calloc(2, sizeof(*config->routes));
	assert_non_null(config->routes);
	config->routes[0] =
		(struct config_route){0, prefix_of("10.0.0.0/8"), ip_of("192.168.10.2")};
	config->routes[1] = (struct config_route){1, prefix_of("0.0.0.0/0"), ip_of("203.0.113.9")};
}

// The host: 192.168.10.2, everything else by way of the firewall.
static void world_host(void)
{
	const struct prefix all = {.ip = ip_of("0.0.0.0"), .len = 96},
			    lan = prefix_of("192.168.10.0/24");
	const struct ip_addr ip = ip_of("192.168.10.2"), gateway = ip_of("192.168.10.1");
	struct rtnl *r;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	host_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(host_ns >= 0);
	assert_int_equal(tap_open(&wire, "h0"), 0);
	assert_int_equal(rtnl_open(&r), 0);
	assert_int_equal(rtnl_link_set(r, tap_ifindex(wire), (const uint8_t[6])HOST_MAC, 1500), 0);
	assert_int_equal(rtnl_link_up(r, tap_ifindex(wire)), 0);
	assert_int_equal(rtnl_addr_add(r, tap_ifindex(wire), &ip, &lan), 0);
	assert_int_equal(rtnl_route_add(r, tap_ifindex(wire), &all, &gateway), 0);
	rtnl_close(r);
}

// Sends back what comes, until the end, from a process of its own: the loop must not stop.
static void echo(int fd)
{
	char buf[256];
	ssize_t n;

	if (fork() != 0)
		return;
	fcntl(fd, F_SETFL, 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0 && write(fd, buf, (size_t)n) == n)
		;
	_exit(0);
}

static void on_accept(
	int fd, uint16_t iface, const struct endpoint *peer, const struct endpoint *dst, void *arg)
{
	accepted.n++;
	accepted.iface = iface;
	accepted.peer = *peer;
	accepted.dst = *dst;
	echo(fd);
	close(fd);
}

static void on_media_gone(uint32_t stream, void *arg)
{
	gone_stream = stream;
}

static int world_up(void **state)
{
	char err[256] = "";

	world_config();
	world_host();
	base = event_base_new();
	assert_non_null(base);
	if (stack_open(&stack, config, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_int_equal(netlink_new(&netlink, base, config, stack_ifindexes(stack)), 0);
	assert_int_equal(punt_new(&punt, base, stack, netlink), 0);
	punt_on_media_gone(punt, on_media_gone, NULL);
	assert_int_equal(tsock_listen(&listener, base, 0, on_accept, NULL), 0);
	return 0;
}

static int world_down(void **state)
{
	tsock_listener_close(listener);
	punt_free(punt);
	netlink_free(netlink);
	stack_close(stack);
	event_base_free(base);
	tap_close(wire);
	close(host_ns);
	free(config->routes);
	free(config);
	return 0;
}

static void turn_ms(int ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static pid_t host_start(int (*fn)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(setns(host_ns, CLONE_NEWNET) == 0 ? fn() : 99);
	return pid;
}

static int host_wait(pid_t pid)
{
	int status;

	for (int i = 0; i < DEADLINE_S * 100; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
		turn_ms(10);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 97;
}

// What the host did: its exit status.
static int host_run(int (*fn)(void))
{
	return host_wait(host_start(fn));
}

static void ask_worker(const char *ip)
{
	from_worker = (struct dp_msg){.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_MISS};
	from_worker.neigh.ip = ip_of(ip);
}

// ---- Parts of the host --------------------------------------------------------------------------

static struct sockaddr_in sockaddr_of(const char *ip, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, ip, &sa.sin_addr);
	return sa;
}

// 0: connected within the time; keeps the socket in *out.
static int connect_ms(const char *ip, uint16_t port, int ms, int *out)
{
	struct sockaddr_in sa = sockaddr_of(ip, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), err = 0;
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(err);

	connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	if (poll(&p, 1, ms) != 1)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	fcntl(fd, F_SETFL, 0);
	*out = fd;
	return err;
}

static int run(const char *const *argv)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	return 96;
}

static int ping_own(void)
{
	return run((const char *const[]){"ping", "-c2", "-i0.2", "-W2", "192.168.10.1", NULL});
}

static int ping_foreign(void)
{
	return run((const char *const[]){"ping", "-c2", "-i0.2", "-W1", "10.9.9.9", NULL});
}

static int arping_own(void)
{
	return run((const char *const[]){"arping", "-c1", "-w2", "-Ih0", "192.168.10.1", NULL});
}

static int arping_foreign(void)
{
	return run((const char *const[]){"arping", "-c1", "-w1", "-Ih0", "192.168.10.77", NULL});
}

static int arping_other_iface(void)
{
	return run((const char *const[]){"arping", "-c1", "-w1", "-Ih0", "203.0.113.1", NULL});
}

static int tcp_foreign(void)
{
	char answer[6] = "";
	int fd, err = connect_ms("10.1.2.3", 5065, 3000, &fd);

	if (err != 0)
		return 1;
	if (write(fd, "hello", 5) != 5 || recv(fd, answer, 5, MSG_WAITALL) != 5)
		return 2;
	return strcmp(answer, "hello") == 0 ? 0 : 3;
}

static int tcp_own(void)
{
	int fd;

	// 0 would be a connection; neither the listener nor anything else answers there.
	return connect_ms("192.168.10.1", 5065, 500, &fd) == ETIMEDOUT &&
			connect_ms("192.168.10.1", TSOCK_PORT_BASE, 500, &fd) == ETIMEDOUT
		? 0
		: 1;
}

static int listen_once(void)
{
	struct sockaddr_in sa = sockaddr_of("192.168.10.2", 9000), peer, other;
	socklen_t len = sizeof(peer);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0), a, b;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 5) < 0)
		return 1;
	a = accept(fd, (struct sockaddr *)&peer, &len);
	b = accept(fd, (struct sockaddr *)&other, &len);
	if (a < 0 || b < 0)
		return 2;
	if (peer.sin_addr.s_addr != inet_addr("10.5.5.5") || ntohs(peer.sin_port) != 777)
		return 3;
	// The second asked for the same port of the same address.
	if (other.sin_addr.s_addr != inet_addr("10.5.5.5") || ntohs(other.sin_port) == 777)
		return 4;
	return 0;
}

static int connect_many(void)
{
	int fd[30], ok = 0;

	for (int i = 0; i < 30; i++)
		ok += connect_ms("10.1.2.3", 5065, 3000, &fd[i]) == 0;
	usleep(300000);
	return ok;
}

static int change_mac(void)
{
	return run((const char *const[]){"sh", "-c",
		"ip link set h0 address 02:00:00:00:00:03 && "
		"arping -c1 -w2 -Ih0 192.168.10.1",
		NULL});
}

static int restore_mac(void)
{
	return run((const char *const[]){"sh", "-c",
		"ip link set h0 address 02:00:00:00:00:02 && "
		"arping -c1 -w2 -Ih0 192.168.10.1",
		NULL});
}

// ---- Tests --------------------------------------------------------------------------------------

static void test_ping(void **state)
{
	assert_int_equal(host_run(ping_own), 0);
	assert_int_equal(host_run(ping_foreign), 1); // no answer
}

static void test_arp(void **state)
{
	assert_int_equal(host_run(arping_own), 0);
	assert_int_equal(host_run(arping_foreign), 1);
	assert_int_equal(host_run(arping_other_iface), 1);
}

static void test_accept(void **state)
{
	const struct endpoint dst = endpoint_of("10.1.2.3", 5065);
	const struct ip_addr peer = ip_of("192.168.10.2");

	assert_int_equal(host_run(tcp_foreign), 0);
	assert_int_equal(accepted.n, 1);
	assert_int_equal(accepted.iface, 0);
	assert_true(endpoint_eq(&accepted.dst, &dst));
	assert_true(ip_eq(&accepted.peer.ip, &peer));
	assert_int_equal(host_run(tcp_own), 0);
	assert_int_equal(accepted.n, 1);
}

static void test_connect(void **state)
{
	const struct endpoint src = endpoint_of("10.5.5.5", 777);
	const struct endpoint dst = endpoint_of("192.168.10.2", 9000);
	pid_t host = host_start(listen_once);
	int a, b;

	turn_ms(200);
	a = tsock_connect(&src, &dst);
	assert_true(a >= 0);
	turn_ms(100);
	b = tsock_connect(&src, &dst);
	assert_true(b >= 0);
	assert_int_equal(host_wait(host), 0);
	close(a);
	close(b);
}

static void test_connect_refused(void **state)
{
	const struct endpoint src = endpoint_of("10.5.5.5", 777), v4 = endpoint_of("10.1.1.1", 1);
	const struct endpoint v6 = endpoint_of("2001:db8::1", 5060);

	assert_int_equal(tsock_connect(&src, &v6), -EAFNOSUPPORT);
	assert_int_equal(tsock_connect(&v6, &v4), -EAFNOSUPPORT);
}

// Without free descriptors the listener waits instead of spinning, and goes on afterwards.
static void test_descriptors_exhausted(void **state)
{
	struct rlimit old, none;
	unsigned int before = accepted.n;
	struct rusage u0, u1;
	pid_t host;
	int probe;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	probe = dup(0);
	host = host_start(connect_many);
	none = (struct rlimit){.rlim_cur = (rlim_t)probe, .rlim_max = old.rlim_max};
	close(probe);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	getrusage(RUSAGE_SELF, &u0);
	turn_ms(500);
	getrusage(RUSAGE_SELF, &u1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(accepted.n, before);
	// Half a second of spinning would be half a second of CPU.
	assert_true((u1.ru_utime.tv_sec - u0.ru_utime.tv_sec + u1.ru_stime.tv_sec -
			    u0.ru_stime.tv_sec) *
				1000000 +
			u1.ru_utime.tv_usec - u0.ru_utime.tv_usec + u1.ru_stime.tv_usec -
			u0.ru_stime.tv_usec <
		250000);
	assert_int_equal(host_wait(host), 30);
	turn_ms(100);
	assert_int_equal(accepted.n, before + 30);
}

static void test_neighbour(void **state)
{
	const struct ip_addr ip = ip_of("192.168.10.2");
	const uint8_t mac[6] = HOST_MAC;

	memset(&workers, 0, sizeof(workers));
	ask_worker("192.168.10.2");
	turn_ms(300);
	assert_int_equal(workers.sets, 1);
	assert_true(ip_eq(&workers.last.neigh.ip, &ip));
	assert_memory_equal(workers.last.neigh.mac, mac, 6);
	netlink_refill(netlink);
	assert_int_equal(workers.sets, 2);
	// Full rings: said as soon as there is room.
	workers.full = true;
	netlink_refill(netlink);
	assert_int_equal(workers.sets, 2);
	workers.full = false;
	turn_ms(1200);
	assert_int_equal(workers.sets, 3);
}

static void test_neighbour_moves(void **state)
{
	const uint8_t moved[6] = {0x02, 0, 0, 0, 0, 0x03};

	// Below the second that the kernel holds on to an entry it has just heard from.
	turn_ms(1200);
	assert_int_equal(host_run(change_mac), 0);
	turn_ms(1200);
	assert_int_equal(workers.last.type, DP_MSG_NEIGH_SET);
	assert_memory_equal(workers.last.neigh.mac, moved, 6);
	assert_int_equal(host_run(restore_mac), 0);
	turn_ms(1200);
}

static void test_neighbour_silent(void **state)
{
	size_t known = netlink_count(netlink);

	memset(&workers, 0, sizeof(workers));
	ask_worker("192.168.10.99");
	turn_ms(100);
	ask_worker("172.16.0.1"); // not of this subnet
	turn_ms(4000);            // three probes
	assert_int_equal(workers.sets, 0);
	assert_int_equal(netlink_count(netlink), known);
}

static void test_resolve(void **state)
{
	const struct ip_addr near = ip_of("192.168.10.2"), behind = ip_of("10.4.4.4");
	const struct ip_addr nowhere = ip_of("172.16.0.1");

	assert_int_equal(netlink_resolve(netlink, 0, &near), 0);
	assert_int_equal(netlink_resolve(netlink, 0, &behind), 0);
	assert_int_equal(netlink_resolve(netlink, 0, &nowhere), -ENETUNREACH);
	assert_int_equal(netlink_resolve(netlink, 1, &nowhere), 0); // default route
	assert_int_equal(netlink_resolve(netlink, 2, &near), -ENETUNREACH);
}

static void test_media_gone(void **state)
{
	from_worker = (struct dp_msg){.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_GONE};
	from_worker.media.stream = MEDIA_ID;
	turn_ms(50);
	assert_int_equal(gone_stream, MEDIA_ID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_refused),
		cmocka_unit_test(test_descriptors_exhausted),
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_neighbour_moves),
		cmocka_unit_test(test_neighbour_silent),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_media_gone),
	};

	if (geteuid() != 0) {
		puts("skipped: network namespaces and TAPs need root");
		return 77; // meson's word for it
	}
	signal(SIGCHLD, SIG_DFL);
	return cmocka_run_group_tests(tests, world_up, world_down);
}
