// SPDX-License-Identifier: BSD-3-Clause
// Whether each call manager of the cluster lives: it is asked with OPTIONS from our inside address
// (options-ping), and any answer will do. Connections of calls that fail have it asked at once.
// Control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

struct ime;
struct ucms;

// Every call manager of the configuration, none of them asked yet. NULL: out of memory.
struct ucms *ucms_new(struct ime *ime);
void ucms_free(struct ucms *us); // accepts NULL

// Asks whom it is time to ask, and notices who was silent for too long.
void ucms_tick(struct ucms *us, uint64_t now_ns);

// Whether it is known that this call manager does not answer.
bool ucms_down(const struct ucms *us, const struct ip_addr *ip);
// A connection of a call to it has failed: it is asked with the next tick.
void ucms_suspect(struct ucms *us, const struct ip_addr *ip, uint64_t now_ns);

// FB-10: a REFER was sent to it.
void ucms_refer_sent(struct ucms *us, const struct ip_addr *ip);
void ucms_refers_clear(struct ucms *us);

// ---- What `show` reads -------------------------------------------------------------------------

enum ucm_state {
	UCM_UNWATCHED, // options-ping is off, or its port is not known
	UCM_UNKNOWN,   // no answer yet
	UCM_UP,
	UCM_DOWN,
};

struct ucm_info {
	struct endpoint at; // port 0: not known
	bool secure;
	enum ucm_state state;
	const char *text;   // why it is down, or what is peculiar; may be empty
	uint64_t since_ns;  // CLOCK_MONOTONIC, of the state
	uint64_t heard_ns;  // its last answer; 0: never
	uint32_t answer_ms; // how long that took
	uint64_t refers;    // sent to it
};

typedef void ucm_visit_fn(const struct ucm_info *info, void *arg);
void ucms_foreach(const struct ucms *us, ucm_visit_fn *fn, void *arg); // in their order

const char *ucm_state_name(enum ucm_state s);
