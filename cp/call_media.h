// SPDX-License-Identifier: BSD-3-Clause
// Watches the media of calls: how many packets a second, who was heard last, and calls in which
// only one side is (one-way audio, which is told but never ends a call). Control thread only.
#pragma once

#include "config/config.h"
#include "cp/call_state.h"
#include "cp/counters.h"

// Once a second for each call, with or without media. `playout_ms`: what phones are taken to wait
// before they play a packet.
void call_media_look(struct call *call, struct mta *mta, const struct config_timeouts *t,
	uint32_t playout_ms, struct counters *counters, uint64_t now_ns);
