// SPDX-License-Identifier: BSD-3-Clause
// One TAP: the end of a firewall interface in the control plane's namespace. Frames read here are
// what the kernel sends, frames written are what it receives. Control thread only.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tap;

// Makes a TAP in the thread's namespace, down and without an address. `name` is cut to 15 octets,
// the kernel's limit. Returns -errno; -EINVAL for a name that no interface can have, -EBUSY when
// there is one of that name.
int tap_open(struct tap **out, const char *name);
void tap_close(struct tap *t); // accepts NULL; the interface goes with it

const char *tap_name(const struct tap *t);
unsigned int tap_ifindex(const struct tap *t);
int tap_fd(const struct tap *t); // for waiting only

// The next frame: its length, 0 when there is none, -errno.
ssize_t tap_read(struct tap *t, void *buf, size_t size);

// -errno when the kernel does not take the frame.
int tap_write(struct tap *t, const void *frame, size_t len);
