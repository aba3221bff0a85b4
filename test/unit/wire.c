// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cp/punt.h"
#include "cp/rtnl.h"
#include "cp/stack.h"
#include "cp/tap.h"
#include "cp/tsock.h"

#define DEADLINE_S 10

struct event_base *wire_base;
struct netlink *wire_netlink;
struct wire_accepted wire_accepted;
struct wire_workers wire_workers;
struct dp_msg wire_media;
struct config *wire_config;
struct stack *wire_stack;
const char wire_text[] =
	"hostname: cg\n"
	"workers: {cores: [1]}\n"
	"management: {socket: /run/cg.sock}\n"
	"interfaces:\n"
	"  inside: {device: net_null0, address: 192.168.10.1/24, security-level: 100}\n"
	"  outside-with-a-long-name: {device: net_null1, address: 203.0.113.1/16, "
	"security-level: 0}\n"
	"routes:\n"
	"  - {interface: inside, destination: 10.0.0.0/8, gateway: 192.168.10.2}\n"
	"  - {interface: outside-with-a-long-name, destination: 0.0.0.0/0, gateway: "
	"203.0.113.9}\n";

static int host_ns = -1;
static struct tap *wire;
static struct punt *punt;
static struct tsock_listener *listener;
static struct dp_msg from_worker;

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

int dp_apply(const struct dp_rules *r, char *err, size_t err_size)
{
	if (wire_workers.refuse) {
		wire_workers.refuse = false;
		snprintf(err, err_size, "no memory for rules");
		return -ENOMEM;
	}
	wire_workers.applied++;
	wire_workers.nat = r->n_nat;
	wire_workers.acls = r->n_acls;
	wire_workers.routes = r->n_routes;
	return 0;
}

int dp_send(const struct dp_msg *m)
{
	if (wire_workers.full)
		return -ENOBUFS;
	wire_workers.sets += m->type == DP_MSG_NEIGH_SET;
	wire_workers.dels += m->type == DP_MSG_NEIGH_DEL;
	wire_workers.last = *m;
	wire_workers.mac5[m->neigh.ip.b[15]] = m->type == DP_MSG_NEIGH_SET ? m->neigh.mac[5] : 0;
	return 0;
}

int dp_acl_log_recv(struct dp_acl_log *out)
{
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

static void world_config(void)
{
	struct config_errors errs;

	assert_int_equal(config_load_text(str_from(wire_text), "", &wire_config, &errs), 0);
	wire_config->imes = calloc(1, sizeof(*wire_config->imes));
	wire_config->n_imes = 1;
	wire_config->imes[0].mapping = (struct config_mapping){.on = true,
		.listening_iface = 0,
		.listening_port = 8060,
		.first_port = 40000,
		.last_port = 40009};
}

// The host: 192.168.10.2, everything else by way of the firewall.
static void world_host(void)
{
	const struct prefix all = {.ip = ip("0.0.0.0"), .len = 96}, lan = net("192.168.10.0/24");
	const struct ip_addr host = ip("192.168.10.2"), gateway = ip("192.168.10.1");
	struct rtnl *r;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	host_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(host_ns >= 0);
	assert_int_equal(tap_open(&wire, "h0"), 0);
	assert_int_equal(rtnl_open(&r), 0);
	assert_int_equal(
		rtnl_link_set(r, tap_ifindex(wire), (const uint8_t[6])WIRE_HOST_MAC, 1500), 0);
	assert_int_equal(rtnl_link_up(r, tap_ifindex(wire)), 0);
	assert_int_equal(rtnl_addr_add(r, tap_ifindex(wire), &host, &lan), 0);
	assert_int_equal(rtnl_route_set(r, tap_ifindex(wire), &all, &gateway), 0);
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
	wire_accepted.n++;
	wire_accepted.iface = iface;
	wire_accepted.peer = *peer;
	wire_accepted.dst = *dst;
	echo(fd);
	close(fd);
}

static void on_media(const struct dp_msg *m, void *arg)
{
	wire_media = *m;
}

int wire_up(void **state)
{
	char err[256] = "";

	world_config();
	world_host();
	wire_base = event_base_new();
	assert_non_null(wire_base);
	if (stack_open(&wire_stack, wire_config, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_int_equal(
		netlink_new(&wire_netlink, wire_base, wire_config, stack_ifindexes(wire_stack)), 0);
	assert_int_equal(punt_new(&punt, wire_base, wire_stack, wire_netlink), 0);
	punt_on_media(punt, on_media, NULL);
	assert_int_equal(tsock_listen(&listener, wire_base, 0, on_accept, NULL), 0);
	return 0;
}

int wire_down(void **state)
{
	tsock_listener_close(listener);
	punt_free(punt);
	netlink_free(wire_netlink);
	stack_close(wire_stack);
	event_base_free(wire_base);
	tap_close(wire);
	close(host_ns);
	config_free(wire_config);
	return 0;
}

void wire_turn_ms(int ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_loopexit(wire_base, &tv);
	event_base_dispatch(wire_base);
}

pid_t wire_host_start(int (*fn)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(setns(host_ns, CLONE_NEWNET) == 0 ? fn() : 99);
	return pid;
}

int wire_host_wait(pid_t pid)
{
	int status;

	for (int i = 0; i < DEADLINE_S * 100; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
		wire_turn_ms(10);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 97;
}

// What the host did: its exit status.
int wire_host_run(int (*fn)(void))
{
	return wire_host_wait(wire_host_start(fn));
}

void wire_worker_says(const struct dp_msg *m)
{
	from_worker = *m;
}

int wire_exec(const char *const *argv)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	return 96;
}
