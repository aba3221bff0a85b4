// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// See dp/kernel_mtu.h. Called by dp/eal.c: DPDK 22.11's own call for it takes no more than 1500 from
// af_packet.
#include "dp/kernel_mtu.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define IFACE_KEY ",iface="

int kernel_mtu_raise(const char *device, uint16_t mtu, unsigned int *found)
{
	const char *name = strstr(device, IFACE_KEY);
	struct ifreq r = {.ifr_mtu = 0};
	int fd, bad = 0;

	*found = 0;
	if (name == NULL)
		return -ENODEV;
	name += strlen(IFACE_KEY);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%.*s", (int)strcspn(name, ","), name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFMTU, &r) < 0) {
		bad = -errno;
	} else {
		*found = (unsigned int)r.ifr_mtu;
		r.ifr_mtu = mtu;
		if (*found < mtu && ioctl(fd, SIOCSIFMTU, &r) < 0)
			bad = -errno;
	}
	close(fd);
	return bad;
}
