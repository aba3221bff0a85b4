// SPDX-License-Identifier: BSD-3-Clause
// What the two halves of the relay share: dp/media_ctl.c (control thread) and dp/media.c (worker).
// Only these two include it. Nothing here is locked:
//
// - A slot is what a MEDIA_SET says, with SRTP contexts in place of keys. The control thread
//   writes it before it sends its number, and takes it back once the worker has handled the
//   message that replaces or deletes it (`handled` counts them). In between it is the worker's,
//   to read.
// - A stream is the worker's from the first MEDIA_SET that it handles to its MEDIA_GONE; the
//   control thread reads `show`, with relaxed loads, at any time.
// - The port table is written by the control thread alone, one entry at a time. A worker that
//   reads an entry early or late is put right by the slot's addresses.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dp/dp.h"
#include "dp/rtpsec.h"
#include "lib/rtp_stats.h"

// Sources that one leg may have for one remote and one key; more look like an attack, and would
// use up the other leg's SRTP context.
#define MEDIA_SSRCS 4
// Streams, and settings that are on their way in or out.
#define MEDIA_SLOTS   (MEDIA_STREAMS + 1024)
#define MEDIA_STREAMS 8192
#define MEDIA_PORTS   65536

struct media_slot_leg {
	struct rtpsec *rx, *tx; // NULL: plain RTP
	struct endpoint local, remote;
	uint16_t iface;
	bool rx_allowed;
	bool may_send; // tx_allowed, and the remote is an address that can be sent to
	bool fresh;    // new remote or key: its sources are counted anew
};

struct media_slot {
	struct media_slot_leg leg[2];
	uint64_t pts[2]; // a bit per payload type
	uint32_t clock_hz;
};

// Written by the worker with relaxed stores.
struct media_show {
	uint64_t rx_packets, tx_packets;
	uint64_t rx_bad_source, rx_auth_failed, rx_replayed, rx_malformed, rx_rtcp;
	uint64_t rx_lost, last_rx_ns;
	uint32_t jitter_q4; // RTP units, times 16
	uint32_t last_pt;
};

struct media_leg {
	struct rtp_stats stats;
	uint32_t ssrc[MEDIA_SSRCS];
	uint32_t n_ssrcs;
	struct media_show show;
};

struct media_stream {
	const struct media_slot *slot; // NULL: no stream
	struct media_leg leg[2];
} __attribute__((aligned(64)));

struct media_shared {
	// By interface and local port: 0, or 1 + 2 * stream + leg.
	uint16_t table[DP_IFACES_MAX][MEDIA_PORTS];
	struct media_slot slots[MEDIA_SLOTS];
	struct media_stream streams[MEDIA_STREAMS];
};

struct media_worker {
	struct media_shared *shared;
	uint64_t handled; // messages; released by the worker
	uint32_t n_gone;  // MEDIA_GONE that found the ring full
	uint32_t gone[MEDIA_STREAMS];
};

_Static_assert(1 + 2 * MEDIA_STREAMS <= UINT16_MAX, "an entry of the port table names a leg");
