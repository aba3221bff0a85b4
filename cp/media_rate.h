// SPDX-License-Identifier: BSD-3-Clause
// Packets per second of a media stream, from the counters of its workers. Pure.
#pragma once

#include <stdint.h>

#include "cp/call.h"
#include "dp/dp.h"

// All zero: no sample yet.
struct media_rate {
	uint64_t at_ns;
	uint32_t last[SIDES][MEDIA_KINDS]; // counters, their low bits
	uint32_t rate[SIDES][MEDIA_KINDS]; // a second
};

// Takes a sample, unless the last one is younger than half a second.
void media_rate_take(struct media_rate *r, const struct dp_media_stats *stats, uint64_t now_ns);

// The statistics of a leg by kind.
void media_kinds(const struct dp_leg_stats *s, uint64_t out[MEDIA_KINDS]);
