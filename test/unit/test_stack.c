// SPDX-License-Identifier: BSD-3-Clause
// The private network stack and transparent sockets against a real host (test/unit/wire.h).
#include "test/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cp/tsock.h"
#include "test/unit/wire.h"

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

static int ping_own(void)
{
	return wire_exec(
		(const char *const[]){"ping", "-c2", "-i0.2", "-W2", "192.168.10.1", NULL});
}

static int ping_foreign(void)
{
	return wire_exec((const char *const[]){"ping", "-c2", "-i0.2", "-W1", "10.9.9.9", NULL});
}

static int arping_own(void)
{
	return wire_exec(
		(const char *const[]){"arping", "-c1", "-w2", "-Ih0", "192.168.10.1", NULL});
}

static int arping_foreign(void)
{
	return wire_exec(
		(const char *const[]){"arping", "-c1", "-w1", "-Ih0", "192.168.10.77", NULL});
}

static int arping_other_iface(void)
{
	return wire_exec(
		(const char *const[]){"arping", "-c1", "-w1", "-Ih0", "203.0.113.1", NULL});
}

static int tcp_echo(const char *ip, uint16_t port)
{
	char answer[6] = "";
	int fd, err = connect_ms(ip, port, 3000, &fd);

	if (err != 0)
		return 1;
	if (write(fd, "hello", 5) != 5 || recv(fd, answer, 5, MSG_WAITALL) != 5)
		return 2;
	return strcmp(answer, "hello") == 0 ? 0 : 3;
}

static int tcp_service(void)
{
	return tcp_echo("192.168.10.1", 8060);
}

static int tcp_mapping(void)
{
	return tcp_echo("192.168.10.1", 40009);
}

static int tcp_no_mapping(void)
{
	int fd;

	return connect_ms("192.168.10.1", 40010, 500, &fd) == ETIMEDOUT ? 0 : 1;
}

static int tcp_foreign(void)
{
	return tcp_echo("10.1.2.3", 5065);
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

// ---- Tests --------------------------------------------------------------------------------------

static void test_ping(void **state)
{
	assert_int_equal(wire_host_run(ping_own), 0);
	assert_int_equal(wire_host_run(ping_foreign), 1); // no answer
}

static void test_arp(void **state)
{
	assert_int_equal(wire_host_run(arping_own), 0);
	assert_int_equal(wire_host_run(arping_foreign), 1);
	assert_int_equal(wire_host_run(arping_other_iface), 1);
}

static void test_accept(void **state)
{
	const struct endpoint dst = ep("10.1.2.3", 5065);
	const struct ip_addr peer = ip("192.168.10.2");

	assert_int_equal(wire_host_run(tcp_foreign), 0);
	assert_int_equal(wire_accepted.n, 1);
	assert_int_equal(wire_accepted.iface, 0);
	assert_true(endpoint_eq(&wire_accepted.dst, &dst));
	assert_true(ip_eq(&wire_accepted.peer.ip, &peer));
	assert_int_equal(wire_host_run(tcp_own), 0);
	assert_int_equal(wire_accepted.n, 1);
}

// Off-path: the mapping service, and the whole range of mappings, by one rule (MAP-3).
static void test_mappings(void **state)
{
	const struct endpoint service = ep("192.168.10.1", 8060);
	const struct endpoint mapping = ep("192.168.10.1", 40009);
	const unsigned int before = wire_accepted.n;

	assert_int_equal(wire_host_run(tcp_service), 0);
	assert_true(endpoint_eq(&wire_accepted.dst, &service));
	assert_int_equal(wire_host_run(tcp_mapping), 0);
	assert_true(endpoint_eq(&wire_accepted.dst, &mapping));
	assert_int_equal(wire_host_run(tcp_no_mapping), 0);
	assert_int_equal(wire_accepted.n, before + 2);
}

static void test_connect(void **state)
{
	const struct endpoint src = ep("10.5.5.5", 777);
	const struct endpoint dst = ep("192.168.10.2", 9000);
	pid_t host = wire_host_start(listen_once);
	int a, b;

	wire_turn_ms(200);
	a = tsock_connect(&src, &dst);
	assert_true(a >= 0);
	wire_turn_ms(100);
	b = tsock_connect(&src, &dst);
	assert_true(b >= 0);
	assert_int_equal(wire_host_wait(host), 0);
	close(a);
	close(b);
}

static void test_connect_refused(void **state)
{
	const struct endpoint src = ep("10.5.5.5", 777), v4 = ep("10.1.1.1", 1);
	const struct endpoint v6 = ep("2001:db8::1", 5060);

	assert_int_equal(tsock_connect(&src, &v6), -EAFNOSUPPORT);
	assert_int_equal(tsock_connect(&v6, &v4), -EAFNOSUPPORT);
}

// Without free descriptors the listener waits instead of spinning, and goes on afterwards.
static void test_descriptors_exhausted(void **state)
{
	struct rlimit old, none;
	unsigned int before = wire_accepted.n;
	struct rusage u0, u1;
	pid_t host;
	int probe;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	probe = dup(0);
	host = wire_host_start(connect_many);
	none = (struct rlimit){.rlim_cur = (rlim_t)probe, .rlim_max = old.rlim_max};
	close(probe);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	getrusage(RUSAGE_SELF, &u0);
	wire_turn_ms(500);
	getrusage(RUSAGE_SELF, &u1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(wire_accepted.n, before);
	// Half a second of spinning would be half a second of CPU.
	assert_true((u1.ru_utime.tv_sec - u0.ru_utime.tv_sec + u1.ru_stime.tv_sec -
			    u0.ru_stime.tv_sec) *
				1000000 +
			u1.ru_utime.tv_usec - u0.ru_utime.tv_usec + u1.ru_stime.tv_usec -
			u0.ru_stime.tv_usec <
		250000);
	assert_int_equal(wire_host_wait(host), 30);
	wire_turn_ms(100);
	assert_int_equal(wire_accepted.n, before + 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_refused),
		cmocka_unit_test(test_descriptors_exhausted),
	};

	if (geteuid() != 0) {
		puts("skipped: network namespaces and TAPs need root");
		return 77; // meson's word for it
	}
	return cmocka_run_group_tests(tests, wire_up, wire_down);
}
