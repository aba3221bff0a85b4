// SPDX-License-Identifier: BSD-3-Clause
// Why a phone hears nothing: judges one direction of a media stream by its counters, and says it in
// words for a person. Pure. Used by `show media` and for the log of one-way calls.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cp/call.h"
#include "dp/dp.h"

// X(NAME, name in JSON, half a sentence)
#define MEDIA_WHY(X)                                                                               \
	X(FLOWS, "flows", "sound flows")                                                           \
	X(NOT_UP, "not-up", "no media has been agreed yet")                                        \
	X(HOLD_SENDER, "hold-sender", "its party has the call on hold")                            \
	X(HOLD_HEARER, "hold-hearer", "the other party has the call on hold")                      \
	X(OURSELVES, "ourselves",                                                                  \
		"a party's media address is our own, as of two calls connected with each other")   \
	X(NOTHING, "nothing", "nothing ever arrived from it")                                      \
	X(STOPPED, "stopped", "its packets have stopped coming")                                   \
	X(WRONG_SOURCE, "wrong-source",                                                            \
		"its packets come from another address than the call negotiated (RTP-1)")          \
	X(AUTH, "authentication", "its packets fail SRTP authentication (RTP-3)")                  \
	X(REPLAY, "replay", "its packets came before, or are too old (RTP-3)")                     \
	X(MALFORMED, "malformed", "what it sends is not RTP (RTP-5)")                              \
	X(PAYLOAD_TYPE, "payload-type", "it sends a payload type that was not negotiated (RTP-5)") \
	X(MANY_SOURCES, "many-sources",                                                            \
		"it shows more synchronisation sources than a stream may have (RTP-5)")            \
	X(CHECKSUM, "checksum", "its packets have a wrong UDP checksum")                           \
	X(NO_REMOTE, "no-remote", "the other side has not said where it wants its packets")        \
	X(AWAITS, "awaits", "the other side has not authenticated yet, so nothing is sent to it")  \
	X(NEIGHBOUR, "neighbour", "the next hop to the other side has no known MAC address")       \
	X(NOT_SENT, "not-sent", "its packets arrive but are not sent on")

enum media_why {
#define X(name, json, text) MEDIA_WHY_##name,
	MEDIA_WHY(X)
#undef X
};

// One direction: from the phone of one side to the phone of the other.
struct media_flow {
	const struct call_stream_info *info;
	const struct dp_media_stats *stats; // of both legs
	enum side from;
	bool hop_unknown; // no MAC for the next hop towards the other phone
	uint64_t now_ns;
};

enum media_why media_why(const struct media_flow *f);

const char *media_why_name(enum media_why w);  // "wrong-source"
const char *media_why_short(enum media_why w); // half a sentence, for the log

// Of both directions of a stream, by the side that speaks: "Sound flows both ways."
const char *media_why_both(const enum media_why w[SIDES]);

// Sentences that say what is the matter and what to do. Returns the length, less than `size`.
size_t media_why_text(const struct media_flow *f, enum media_why w, char *buf, size_t size);

// "AES_CM_128_HMAC_SHA1_80" of an enum dp_srtp_suite; "none" for plain RTP.
const char *media_suite_name(uint8_t suite);

// "outside", "inside".
const char *side_name(enum side s);
