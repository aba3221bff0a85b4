// SPDX-License-Identifier: BSD-3-Clause
// The world of the tests that need a private network stack: the stack itself, and a real host, the
// kernel of another network namespace, joined by a TAP that stands for the wire. In the place of
// the workers, wire.c carries every frame (it defines dp_*). Needs root.
//
//	host 192.168.10.2 --- 192.168.10.1 inside | stack | outside 203.0.113.1 --- (nobody)
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cp/netlink.h"
#include "dp/dp.h"

#define WIRE_HOST_MAC                                                                              \
	{                                                                                          \
		0x02, 0, 0, 0, 0, 0x02                                                             \
	}

extern struct event_base *wire_base;
extern struct config *wire_config; // of wire_text
extern const char wire_text[];
extern struct stack *wire_stack;
extern struct netlink *wire_netlink;

// What the last connection to a transparent listener on `inside` looked like; it is echoed.
extern struct wire_accepted {
	unsigned int n;
	uint16_t iface;
	struct endpoint peer, dst;
} wire_accepted;

// What the workers would know.
extern struct wire_workers {
	unsigned int sets, dels;
	struct dp_msg last;
	uint8_t mac5[256];    // last octet of the MAC by the last octet of the address, 0: none
	bool full;            // rings take nothing
	unsigned int applied; // how often rules came, and how many of each kind
	size_t nat, acls, routes;
	bool refuse; // the next rules
} wire_workers;

extern struct dp_msg wire_media;

// Group set-up and tear-down for cmocka.
int wire_up(void **state);
int wire_down(void **state);

// Runs the event loop for a while.
void wire_turn_ms(int ms);

// A part of the host in a process of its own, while the loop runs; its exit status, 97 when it
// was not done within ten seconds.
pid_t wire_host_start(int (*fn)(void));
int wire_host_wait(pid_t pid);
int wire_host_run(int (*fn)(void));

// For parts of the host: becomes a program without output.
int wire_exec(const char *const *argv);

// The next message that the control thread reads from the workers.
void wire_worker_says(const struct dp_msg *m);
