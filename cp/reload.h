// SPDX-License-Identifier: BSD-3-Clause
// The file of the configuration, read again and put into force under traffic: `callgate config reload`
// and SIGHUP. Only rules of the firewall change so (config/renew.h); a file that changes more is
// refused whole, for what is in force and what the file says shall be the same. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/renew.h"

struct netlink;
struct stack;

struct reload {
	struct config *config; // in force
	const char *path;      // of its file
	struct stack *stack;
	struct netlink *netlink;
};

#define RELOAD_NAME_MAX 64

struct reload_result {
	struct reload_change {
		char section[RELOAD_NAME_MAX];
		uint32_t line; // 0: it has gone, or follows from others
		bool live;
	} changes[CONFIG_CHANGES_MAX];
	size_t n;
	bool restart; // one of them is not live
	size_t warnings;
};

// What the file would change. Returns -errno, and `err` says what is wrong with it.
int reload_check(const struct reload *r, struct reload_result *out, char *err, size_t err_size);

// Puts the file into force, or leaves everything as it is. Flows that the new rules do not allow end
// with their next packet; the others lose none, and no call ends. The thread is held meanwhile: 30 ms for
// 1 000 entries of access lists, 260 ms for 10 000, in which workers go on and SIP waits. The log has the
// answer as well.
int reload_run(struct reload *r, struct reload_result *out, char *err, size_t err_size);
