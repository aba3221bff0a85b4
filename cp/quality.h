// SPDX-License-Identifier: BSD-3-Clause
// How a call sounded: a sample a second of the audio that came from the Internet, for an hour. Pure;
// control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/rma.h"
#include "lib/voice_quality.h"

#define QUALITY_SAMPLES_MAX 3600u

struct quality_sample {
	uint16_t mos_x100;      // 0: not known, or nothing was measured
	uint16_t rblr_pct_x100; // as of the last judgement of that second
	uint16_t pdv_100us;     // mean, in steps of 0.1 ms
	uint16_t bls_ms;
	uint16_t delay_ms; // one way, with the playout; 0: not known
	uint8_t state;     // enum fallback_state
	bool measured;     // else there was no such stream
};

// All zeros is empty.
struct quality {
	struct quality_sample *ring;
	uint32_t size; // of the ring, which grows with the call
	uint32_t n;    // samples ever taken
};

// `q` NULL: nothing was measured. When there is no memory the oldest samples go sooner.
void quality_add(struct quality *h, const struct voice_codec *codec, const struct rma_counters *q,
	uint32_t delay_ms, uint8_t state);
void quality_fini(struct quality *h);

size_t quality_count(const struct quality *h);
// The i-th of those, the oldest first.
const struct quality_sample *quality_at(const struct quality *h, size_t i);
