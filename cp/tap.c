// SPDX-License-Identifier: BSD-3-Clause
// Opens, reads and writes a TAP. Called by cp/stack.c (open) and cp/punt.c (frames).
#include "cp/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

struct tap {
	int fd;
	unsigned int ifindex;
	char name[IFNAMSIZ];
};

int tap_open(struct tap **out, const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct tap *t;
	int err = -EINVAL;

	*out = NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->fd = -1;
	// The kernel would put a number in the place of a '%'.
	if (name[0] == '\0' || strchr(name, '%') != NULL)
		goto out;
	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0 || ioctl(t->fd, TUNSETIFF, &ifr) < 0) {
		err = -errno;
		goto out;
	}
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ - 1);
	t->ifindex = if_nametoindex(t->name);
	if (t->ifindex == 0) {
		err = -errno;
		goto out;
	}
	*out = t;
	return 0;
out:
	tap_close(t);
	return err;
}

void tap_close(struct tap *t)
{
	if (t == NULL)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

const char *tap_name(const struct tap *t)
{
	return t->name;
}

unsigned int tap_ifindex(const struct tap *t)
{
	return t->ifindex;
}

int tap_fd(const struct tap *t)
{
	return t->fd;
}

ssize_t tap_read(struct tap *t, void *buf, size_t size)
{
	ssize_t n = read(t->fd, buf, size);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n;
}

int tap_write(struct tap *t, const void *frame, size_t len)
{
	return write(t->fd, frame, len) < 0 ? -errno : 0;
}
