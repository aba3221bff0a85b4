// SPDX-License-Identifier: BSD-3-Clause
// A data plane that only remembers: what the control plane sent, and statistics as a test sets
// them. For tests of cp/ that need no packet.
#pragma once

#include "dp/dp.h"

#define FAKE_DP_MSGS 1024

// Messages that dp_send() took, oldest first.
extern struct dp_msg fake_dp_sent[FAKE_DP_MSGS];
extern size_t fake_dp_n_sent;

// What the next calls of dp_send() return; 0: they take the message.
extern int fake_dp_send_error;

// Statistics of a stream; up while a MEDIA_SET was not followed by a MEDIA_DEL.
#define FAKE_DP_STREAMS 8192
extern struct dp_media_stats fake_dp_stats[FAKE_DP_STREAMS];
extern struct rma_counters fake_dp_quality[FAKE_DP_STREAMS]; // if it is monitored

void fake_dp_reset(void);

// The last message of a type (for any stream when `stream` is negative), or NULL.
const struct dp_msg *fake_dp_last(enum dp_msg_type type, int stream);
size_t fake_dp_count(enum dp_msg_type type);
