// SPDX-License-Identifier: BSD-3-Clause
// What the parts of the relay share: dp/media_ctl.c (control thread), dp/media.c and
// dp/media_msg.c (worker). Nothing here is locked:
//
// - A setting is what a MEDIA_SET says, with SRTP contexts in place of keys. The control thread
//   writes it into the worker's mailbox before the message goes, and may write there again, and
//   free the contexts that it replaced, once the worker has handled the message.
// - A flow is the worker's from the first MEDIA_SET that it handles to its MEDIA_GONE; the control
//   thread reads its counters, with relaxed loads, at any time.
// - The port table is written by the control thread alone, one entry at a time. A worker that
//   reads an entry early or late is put right by the flow, which knows its own place.
//
// The four big arrays are reserved for the largest number there can be and touched by use.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dp/dp.h"
#include "dp/media_addr.h"
#include "dp/rtpsec.h"
#include "lib/rma.h"
#include "lib/rtcp_report.h"
#include "lib/rtp_stats.h"

// New sources that one leg may show between one MEDIA_SET and the next, RTP and RTCP together; more
// look like an attack, and would use up the other leg's SRTP context.
#define MEDIA_SSRCS 4
// Settings that one worker has not handled yet; a power of two.
#define MEDIA_MAILBOX 1024

// Address and port as they stand in a packet, in one word: 32 bits of IPv4 address and, above
// them, 16 of port. 0: none. For our own side the interface is in the top 16.
static inline uint64_t media_peer(const struct endpoint *e)
{
	if (e->port == 0)
		return 0;
	return ip_to_v4_be(&e->ip) | (uint64_t)__builtin_bswap16(e->port) << 32;
}

static inline struct endpoint media_endpoint(uint64_t peer)
{
	struct endpoint e = {.port = __builtin_bswap16((uint16_t)(peer >> 32))};

	if (e.port != 0)
		e.ip = ip_from_v4_be((uint32_t)peer);
	return e;
}

enum media_flag {
	// From the setting.
	MEDIA_RX = 1 << 0,       // rx_allowed
	MEDIA_TX = 1 << 1,       // to the other remote: tx_allowed, and it can be sent to
	MEDIA_LATCH = 1 << 2,    // media-latch
	MEDIA_PASS = 1 << 3,     // passthrough
	MEDIA_RTCP = 1 << 4,     // relay RTCP
	MEDIA_MUX_IN = 1 << 5,   // RTCP may come on the RTP port
	MEDIA_MUX_OUT = 1 << 6,  // and goes to the other remote's
	MEDIA_AWAITS = 1 << 7,   // tx_awaits_rx of the other leg
	MEDIA_MONITOR = 1 << 14, // its quality is measured
	// The worker's.
	MEDIA_LATCHED = 1 << 8,      // `remote` is not what was negotiated
	MEDIA_PROVEN = 1 << 9,       // `remote` has sent something authentic
	MEDIA_RTCP_PROVEN = 1 << 10, // `rtcp_remote` has
	MEDIA_OUT_PROVEN = 1 << 11,  // the other flow's, for the eye of this one
	MEDIA_OUT_RTCP_PROVEN = 1 << 12,
	// Its last RTP was sent on, cannot be taken for RTCP, and nothing has been set since.
	MEDIA_STEADY = 1 << 13,
};

// What the control thread knows about the two keys of a flow.
enum media_told {
	MEDIA_RX_WARNED = 1 << 0,
	MEDIA_RX_ENDED = 1 << 1,
	MEDIA_TX_WARNED = 1 << 2,
	MEDIA_TX_ENDED = 1 << 3,
};

// What the RTCP of one leg said.
struct media_report {
	struct rtcp_report last;
	uint64_t last_ns; // 0: nothing yet
	uint32_t sr_mid;  // of its newest SR, which passed at
	uint32_t round_trip_us;
	uint64_t sr_ns;
};

// The quality of what comes in on leg 0 of a stream. Apart from its flow, for many have none.
struct media_monitor {
	struct rma rma;
	uint32_t clock_hz;
	uint8_t level, event_pt;
	bool started;
	bool speaks;                   // not on hold
	struct media_report report[2]; // by leg
} __attribute__((aligned(64)));

// Not written where it never was: then it takes no memory.
static inline void media_monitor_stop(struct media_monitor *m)
{
	if (m->started)
		__atomic_store_n(&m->started, false, __ATOMIC_RELAXED);
}

// What comes in on one leg and goes out of the other. The first two cache lines are all that a
// packet in the middle of a call touches.
struct media_flow {
	uint32_t where; // media_place() of the port that it comes in on; 0: no stream
	uint16_t flags; // enum media_flag
	uint8_t last_pt;
	uint64_t remote;    // who may speak; 0: nobody
	uint64_t out_local; // who we are to the other side
	uint64_t out_remote;
	struct rtpsec *rx, *tx; // NULL: plain RTP; tx also when packets pass through
	union {
		uint32_t key_in;    // packets until the contexts are asked how much is left
		uint32_t next_gone; // of a stream that waits for room for its MEDIA_GONE
	};
	uint32_t clock_hz;
	uint64_t last_rx_ns;

	struct rtp_stats stats;
	uint64_t rx_packets, rx_octets, tx_packets, tx_octets; // tx: out of the other leg

	uint64_t pts[2]; // a bit per payload type
	uint32_t ssrcs[MEDIA_SSRCS];
	uint64_t rtcp_remote, rtcp_out_remote; // 0: no port of its own
	uint32_t rx_warn;                      // packets left of the rx key when it is time to warn
	uint8_t n_ssrcs;
	uint8_t told; // enum media_told
	uint64_t rx_bad_source;

	uint64_t rx_auth_failed, rx_replayed, rx_malformed, rx_bad_pt;
	uint32_t rx_late, rx_rtcp_dropped, rx_many_sources, rx_bad_checksum;
	uint32_t rx_rtcp, tx_rtcp, rx_on_hold, tx_waiting;
} __attribute__((aligned(256)));

struct media_stream {
	struct media_flow flow[2]; // [0] comes in on leg 0
} __attribute__((aligned(512)));

_Static_assert(sizeof(struct media_flow) == 256 && sizeof(struct media_stream) == 512,
	"media_other() goes by addresses");
_Static_assert(__builtin_offsetof(struct media_flow, stats) == 64 &&
		__builtin_offsetof(struct media_flow, pts) == 128 &&
		__builtin_offsetof(struct media_flow, rx_auth_failed) == 192,
	"lines are as the comments say");

// The other direction of the same stream.
static inline struct media_flow *media_other(const struct media_flow *f)
{
	return (struct media_flow *)((uintptr_t)f ^ sizeof(*f));
}

// A flow as its next setting says. `fresh`: another remote or key than before.
struct media_setting_flow {
	uint64_t remote, rtcp_remote, out_local, out_remote, rtcp_out_remote;
	struct rtpsec *rx, *tx;
	uint32_t where, rx_warn;
	uint16_t flags;
	bool fresh;
};

struct media_setting {
	struct media_setting_flow flow[2];
	uint64_t pts[2];
	uint32_t clock_hz;
	struct dp_monitor monitor;
	struct rtpsec *replaced[4]; // for the control thread to free, once this is in force
};

// Packets left of a key with so many when it is time to warn.
#define MEDIA_KEY_WARN(lifetime) ((lifetime) / 16)

struct media_shared {
	// By media_place(): 0, or 1 + 2 * stream + leg.
	uint32_t *table;
	struct media_stream *streams;
	struct media_monitor *monitors; // of the stream with the same index
};

static inline struct media_monitor *media_monitor_of(
	const struct media_shared *sh, const struct media_flow *f)
{
	return &sh->monitors[(const struct media_stream *)f - sh->streams];
}

struct media_worker {
	struct media_shared shared;
	struct rtpsec_engine *engine;
	uint64_t handled; // settings; released by the worker
	uint32_t gone;    // first of a chain of streams whose MEDIA_GONE found the ring full, + 1
	struct media_setting mailbox[MEDIA_MAILBOX];
};
