// SPDX-License-Identifier: BSD-3-Clause
// The kernel TCP/IP stack that callgate keeps for itself: an anonymous network namespace with one
// TAP per firewall interface, its addresses, routes and packet rules (design.md section 2).
// Nothing of it outlives the process. Control thread only.
#pragma once

#include <stddef.h>

#include "config/config.h"

struct stack;
struct tap;

// Moves the calling thread into a new namespace and builds everything in it. Call after
// dp_start(), whose devices and threads stay in the host's namespace, and once per process: the
// thread does not come back. On failure `err` says what was tried. Returns -errno.
int stack_open(struct stack **out, const struct config *c, char *err, size_t err_size);
void stack_close(struct stack *s); // accepts NULL

// Puts the routes of `is` into the place of those of `was`, which are in force. On failure some of both
// are, and `err` says which one the kernel refused. Returns -errno.
int stack_set_routes(struct stack *s, const struct config *was, const struct config *is, char *err,
	size_t err_size);

size_t stack_n_ifaces(const struct stack *s);
struct tap *stack_tap(struct stack *s, size_t iface);
// One index per interface, in the namespace; valid as long as `s`.
const unsigned int *stack_ifindexes(const struct stack *s);
