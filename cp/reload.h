// SPDX-License-Identifier: BSD-3-Clause
// The file of the configuration, read again and put into force under traffic: `callgate config reload`
// and SIGHUP. Only rules of the firewall and of the inspection change so (config/renew.h); a file that
// changes more is refused whole, for what is in force and what the file says shall be the same. Control
// thread only.
//
// A thread of its own reads the file and compiles regular expressions, a millisecond each, while the loop
// goes on. The loop is held for the rest: 30 ms for 1 000 entries of access lists, 260 ms for 10 000, in
// which workers go on and SIP waits.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/renew.h"

struct netlink;
struct policymaps;
struct reload;
struct stack;

struct reload_env {
	struct event_base *base;
	struct config *config; // in force
	const char *path;      // of its file
	struct stack *stack;
	struct netlink *netlink;
	// Inspects by these from now on, and gives back what it was; ime_put_policymaps(). NULL: nothing
	// is inspected.
	struct policymaps *(*inspect)(void *arg, struct policymaps *maps);
	void *inspect_arg;
};

#define RELOAD_NAME_MAX  64
#define RELOAD_ERROR_MAX 600

struct reload_result {
	struct reload_change {
		char section[RELOAD_NAME_MAX];
		uint32_t line; // 0: it has gone, or follows from others
		bool live;
	} changes[CONFIG_CHANGES_MAX];
	size_t n;
	bool restart; // one of them is not live
	size_t warnings;
	char err[RELOAD_ERROR_MAX]; // empty: all is well
};

// `r` is gone afterwards.
typedef void reload_done_fn(const struct reload_result *r, void *arg);

// What env points to outlives it. Returns -errno.
int reload_new(struct reload **out, const struct reload_env *env);
void reload_free(struct reload *r); // waits for the thread; accepts NULL

// Begins to put the file into force, or, with `check`, to find out what it would change. Flows that the new
// rules do not allow end with their next packet; the others lose none, and no call ends. Where something is
// wrong, all stays as it is. The log has the answer as well, unless it is a check. `done` (may be NULL) is
// told from the loop. -EBUSY: another one is under way; or another -errno.
int reload_begin(struct reload *r, bool check, reload_done_fn *done, void *arg);
// Who waits has gone: nobody is told.
void reload_forget(struct reload *r, const void *arg);
