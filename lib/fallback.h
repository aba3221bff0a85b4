// SPDX-License-Identifier: BSD-3-Clause
// Whether a call that sounds bad is to go on over the PSTN: the state machine of protocol.md 5.4
// (FB-4, FB-9). It decides and sends nothing; time and the stream's verdicts are arguments. One
// thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The numbers are what `Failover_state` shows.
enum fallback_state {
	FALLBACK_GOOD = 0,
	FALLBACK_HOLD_DOWN = 1,
	FALLBACK_REFERRED = 2,
	FALLBACK_ACCEPTED = 3,
	FALLBACK_FAILED = 4,
};

struct fallback_policy {
	uint64_t hold_down_ns;
	unsigned int retries; // REFERs of one call after its first
};

// What the monitoring of a stream has found since it began; one that begins anew starts at 0. Time
// stands for the ticks of 5.4, which are not all of one length.
struct fallback_quality {
	uint64_t judged_us, bad_us;
	bool bad; // the last tick
};

// All zeros, with the level of the call, is a call that begins.
struct fallback {
	unsigned int level; // 0: never falls back
	enum fallback_state state;
	unsigned int sent; // REFERs
	uint64_t since_ns;
	uint64_t last_bad_ns;
	struct fallback_quality at_entry, seen;
};

// To be called now and then, and at fallback_due_ns(). True: a REFER is due. Whoever sends it says
// so by fallback_sent(), and fallback_answered() is to follow; who cannot send it yet is told again
// by the next step, while the call is bad. `now_ns` is monotonic.
bool fallback_step(struct fallback *f, const struct fallback_policy *p,
	const struct fallback_quality *q, uint64_t now_ns);

void fallback_sent(struct fallback *f, uint64_t now_ns);

// The REFER's final response: a 2xx or, false, any other, a timeout, or that it could not be sent.
// Ignored when none is awaited.
void fallback_answered(struct fallback *f, bool accepted, uint64_t now_ns);

// When the next step is due whatever the verdict; UINT64_MAX: never.
uint64_t fallback_due_ns(const struct fallback *f, const struct fallback_policy *p);
