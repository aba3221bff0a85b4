// SPDX-License-Identifier: BSD-3-Clause
// What becomes of each packet of one direction: lost, late, twice or out of order. The same dials and
// the same seed give the same packets the same fate, whatever the time; and turning one dial leaves
// what the others do to the n-th packet as it was. Pure; time is an argument; one thread.
//
// Loss is a Gilbert-Elliott chain whose bad state loses every packet and whose good state none, so
// that the mean loss and the mean length of a burst say all of it. Jitter is even over delay - jitter
// to delay + jitter, but no packet overtakes another by it: a queue is what it stands for. A packet
// that is to be out of order comes late by `reorder_by_ns` on top, and those behind it overtake.
#pragma once

#include "tools/impair/dials.h"

// All zeros is a good line.
struct model {
	struct dials dials;
	uint64_t rng;
	double to_bad, to_good; // the chain's chances, per packet
	bool bad;
	uint64_t last_due_ns;
};

struct model_fate {
	bool lost, duplicate, reordered; // of a lost packet nothing else holds
	uint64_t due_ns;
};

// Other dials, as dials_parse() has judged them. What was on its way stays in front of what comes.
void model_set(struct model *m, const struct dials *d, uint64_t seed);

// The fate of the next packet, which came at `now_ns` (monotonic).
struct model_fate model_next(struct model *m, uint64_t now_ns);
