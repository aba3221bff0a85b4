// SPDX-License-Identifier: BSD-3-Clause
// Calls as `show` sees them. cp/call_state.h has what inspection works with. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/did.h"
#include "lib/passport.h"
#include "lib/str.h"

struct calls;
struct quality;

// The two sides of everything; the index of legs here and in dp/msg.h.
enum side { SIDE_OUTSIDE, SIDE_INSIDE };
#define SIDES 2

static inline enum side side_other(enum side s)
{
	return s == SIDE_OUTSIDE ? SIDE_INSIDE : SIDE_OUTSIDE;
}

// m= lines of one session description that a call can carry; more are refused.
#define CALL_STREAMS_MAX 16

// ---- What `show` reads -------------------------------------------------------------------------

enum call_state {
	CALL_TRYING,  // INVITE forwarded, nothing came back
	CALL_RINGING, // a provisional response came
	CALL_UP,      // answered
	CALL_ENDING,  // BYE, CANCEL or a refusal is on its way
};

// What happens to the packets of one side, each a number of packets; of a leg's statistics.
enum media_kind {
	MEDIA_RX,
	MEDIA_TX, // sent to it
	MEDIA_BAD_SOURCE,
	MEDIA_AUTH_FAILED,
	MEDIA_REPLAYED, // or late
	MEDIA_MALFORMED,
	MEDIA_BAD_PT,
	MEDIA_MANY_SOURCES,
	MEDIA_BAD_CHECKSUM,
	MEDIA_WAITING, // not sent to it, because it has not authenticated yet
	MEDIA_KINDS,
};

// What STIR said about who calls (protocol.md section 13; cp/stir.c).
struct call_caller {
	bool checked;              // else stir-verify is off, or the call goes out
	enum passport_fault fault; // PASSPORT_NONE: the number is the caller's
	struct did number;         // n 0: the INVITE names none, or two
	char attest;               // 'A', 'B' or 'C' of a valid PASSporT; '\0': it says nothing
	bool media_keys;           // it has an mky claim (STIR-3)
};

struct call_stream_info {
	uint32_t stream;                    // for dp_media_stats(); valid when `live`
	bool live;                          // the workers relay it
	struct endpoint local[SIDES];       // media-termination addresses, by side
	struct endpoint remote[SIDES];      // phones; port 0: not known yet
	bool local_key_set, remote_key_set; // of the outside leg
	bool passthrough;
	bool audio;
	bool key_low;      // one of its SRTP keys is nearly used up
	const char *codec; // "G722"; "" when unknown
	uint8_t payload_type;
	uint32_t clock_hz; // 0: not known
	// What each side's description says of it; a direction is on hold unless one sends and the
	// other hears.
	bool sends[SIDES], hears[SIDES];
	bool ours[SIDES]; // its address is one of our own: media would have to turn round here
	// As the workers know it.
	uint8_t suite[SIDES]; // enum dp_srtp_suite
	bool awaits[SIDES];   // nothing is sent to it before a packet of its own was authenticated
	bool latch[SIDES];
	uint32_t rate[SIDES][MEDIA_KINDS]; // packets per second, over the last second
};

// Slices and pointers are good until the visitor returns.
struct call_info {
	enum call_state state;
	bool outbound; // the inside called
	struct str call_id;
	struct endpoint inside, outside; // signalling peers as in the manual's sample
	struct str fb_sensitivity, session_id, trunk_uri; // empty: the header was not sent
	struct call_caller caller;
	struct call_stream_info streams[CALL_STREAMS_MAX];
	size_t n_streams;
	uint64_t started_ns, answered_ns; // CLOCK_MONOTONIC; answered 0: not yet
	uint16_t iface[SIDES];
	bool one_way; // one side is silent while the other speaks
	enum side silent;
	uint64_t one_way_ns; // since when
	// Mid-call fallback: sensitivity in force, enum fallback_state, and how the call sounded.
	uint8_t level, fallback_state;
	uint32_t delay_ms; // one way, its playout included; 0: not known
	const struct quality *history;
};

typedef void call_visit_fn(const struct call_info *info, void *arg);

// Visits every call, oldest first. The visitor must not change anything.
void call_foreach(const struct calls *calls, call_visit_fn *fn, void *arg);

// "trying", "ringing", "up", "ending".
const char *call_state_name(enum call_state s);
