// SPDX-License-Identifier: BSD-3-Clause
// Makes the private network namespace and sets the kernel's switches in it. Called by
// cp/stack.c.
#include "cp/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define IPV4 "/proc/sys/net/ipv4/"

// /proc/sys/net shows the namespace of the thread that opens the file.
static const struct {
	const char *path, *value;
} switches[] = {
	// With the rule "all that arrives is local" the kernel would answer ARP for the whole LAN.
	{IPV4 "conf/all/arp_ignore", "1"},
	{IPV4 "conf/default/arp_ignore", "1"},
	// Sockets have addresses that nobody owns: never use those as the sender of an ARP request.
	{IPV4 "conf/all/arp_announce", "2"},
	{IPV4 "conf/default/arp_announce", "2"},
	// Both directions of a foreign flow are "local" here.
	{IPV4 "conf/all/rp_filter", "0"},
	{IPV4 "conf/default/rp_filter", "0"},
	{IPV4 "conf/all/forwarding", "0"},
	{IPV4 "ip_forward", "0"},
	{IPV4 "conf/all/accept_redirects", "0"},
	{IPV4 "conf/default/accept_redirects", "0"},
	{IPV4 "conf/all/send_redirects", "0"},
	{IPV4 "conf/default/send_redirects", "0"},
	{IPV4 "conf/all/accept_source_route", "0"},
	{IPV4 "conf/default/accept_source_route", "0"},
	{IPV4 "icmp_echo_ignore_broadcasts", "1"},
	{IPV4 "tcp_syncookies", "1"},
	{IPV4 "tcp_max_syn_backlog", "4096"},
	// From our own addresses, whose other ports are for translations (lib/nat.h).
	{IPV4 "ip_local_port_range", "1024 16383"},
	// A peer's own port, whatever it is, must be free to bind without a capability for it.
	{IPV4 "ip_unprivileged_port_start", "0"},
};

// A kernel without IPv6 has no such switch, and needs none.
static const char *const ipv6_off[] = {
	"/proc/sys/net/ipv6/conf/all/disable_ipv6",
	"/proc/sys/net/ipv6/conf/default/disable_ipv6",
};

static int sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int netns_enter(char *err, size_t err_size)
{
	int e;

	if (unshare(CLONE_NEWNET) < 0) {
		e = -errno;
		snprintf(err, err_size, "make a network namespace: %s (is this root?)",
			strerror(-e));
		return e;
	}
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		e = sysctl_write(switches[i].path, switches[i].value);
		if (e < 0) {
			snprintf(err, err_size, "write %s to %s: %s", switches[i].value,
				switches[i].path, strerror(-e));
			return e;
		}
	}
	for (size_t i = 0; i < sizeof(ipv6_off) / sizeof(ipv6_off[0]); i++) {
		e = sysctl_write(ipv6_off[i], "1");
		if (e < 0 && e != -ENOENT) {
			snprintf(err, err_size, "write 1 to %s: %s", ipv6_off[i], strerror(-e));
			return e;
		}
	}
	return 0;
}
