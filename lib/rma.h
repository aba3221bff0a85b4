// SPDX-License-Identifier: BSD-3-Clause
// RTP monitoring: the thresholds above which a tick of a stream is bad (protocol.md 5.3).
#pragma once

#include <stdint.h>

#define RMA_LEVELS 6 // sensitivity 0 to 5; 5 is the most eager, 0 has no threshold

// Any one exceeded makes a tick bad.
struct rma_level {
	uint32_t rblr_pct_x100; // of lost and late packets in the last 8 s
	uint32_t bls_ms;
	uint32_t ite_8s;
	uint32_t pdv_avg_us;
	uint32_t scs_8s;
};

struct rma_table {
	uint32_t playout_depth_ms;
	uint32_t scs_ms;
	uint32_t media_stall_ms;
	struct rma_level level[RMA_LEVELS];
};

extern const struct rma_table rma_table_default;
