// SPDX-License-Identifier: BSD-3-Clause
// What workers tell of flows that they refused, as events of the log. Control thread only.
#pragma once

#include "config/config.h"
#include "dp/msg.h"

// DP_MSG_CONN_LIMIT: 201010 to 201013, as an ASA tells them.
void flow_log_limit(const struct config *c, const struct dp_msg_limit *m);

// DP_MSG_SPOOF: 106016, 106021.
void flow_log_spoof(const struct config *c, const struct dp_msg_spoof *m);
