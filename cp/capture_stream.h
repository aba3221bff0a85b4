// SPDX-License-Identifier: BSD-3-Clause
// `capture` over the management socket. {"name": "x", "interface": "outside", "match": "tcp any host
// 192.0.2.1 eq 443", "drop": "ACL_DENY" or "any", "count": 100, "size": 96}, of which only the name is
// needed, begins a stream that is a pcapng file. It ends when the client shuts down its side, or after
// `count` packets, with a block of statistics for each interface. Control thread only.
#pragma once

#include "config/config.h"
#include "cp/mgmt.h"

#define CAPTURE_SIZE_DEFAULT 1518 // octets of a packet

// The streams' argument. Outlives them.
struct capture_env {
	struct event_base *base;
	const struct config *config;
	uint64_t (*mono_ns)(void); // CLOCK_MONOTONIC
	uint64_t (*wall_ns)(void); // since 1970 UTC
};

extern const struct mgmt_streams capture_streams;
