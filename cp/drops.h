// SPDX-License-Identifier: BSD-3-Clause
// What was dropped and refused, how often lately, and when last: the counters of the workers and of
// the proxy, sampled once a second. Control thread only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DROPS_MAX 512 // reasons

struct ime;
struct drops;

// One reason.
struct drop {
	const char *group; // "data plane" counts packets, "uc-ime" messages and connections
	const char *name, *help;
	uint64_t count;     // since the last clear
	double rate;        // a second, since anybody looked last
	double rate_minute; // a second, over the last minute
	uint64_t last_ns;   // the second in which the last one was counted; 0: none since the clear
};

// `ime` may be NULL. What was counted before does not count. -ENOMEM.
int drops_new(struct drops **out, const struct ime *ime, uint64_t now_ns);
void drops_free(struct drops *d); // accepts NULL

// Once a second.
void drops_tick(struct drops *d, uint64_t now_ns);

// All reasons, also those that never were: what happened most in the last minute first, then what
// happened last. Returns how many; *since_ns is when anybody looked, or cleared, last.
size_t drops_look(struct drops *d, uint64_t now_ns, struct drop out[DROPS_MAX], uint64_t *since_ns);

// Begins anew: counts, rates and times. The counters themselves stay as they are.
void drops_clear(struct drops *d, uint64_t now_ns);
