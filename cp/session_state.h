// SPDX-License-Identifier: BSD-3-Clause
// The inside of a session: its media lines as last offered and as agreed. Shared by cp/session.c
// (offer and answer), cp/session_crypto.c (suites and keys) and cp/session_media.c (what the worker
// is told).
#pragma once

#include "cp/session.h"
#include "dp/msg.h"

// One party's half of a media line.
struct half {
	struct endpoint remote; // port 0: wants no media (hold by address)
	struct endpoint rtcp;   // port 0: wants none, or none but multiplexed
	enum sdp_direction dir;
	uint64_t pts[2];  // a bit per payload type that it lists
	uint8_t event_pt; // of telephone-event, or RMA_NO_EVENT
};

// A media line of the last offer.
struct offered {
	bool active;
	bool secure; // RTP/SAVP(F), as the answer is then; RTP/AVP with SRTP exists (SRTP-2)
	bool mux;    // a=rtcp-mux
	bool srtp;   // its writer speaks SRTP, and `key` are its lines; else they are ours
	struct half half;
	struct sdes key[SDES_SUITES]; // the crypto lines to choose from, in order
	unsigned int n_keys;
	struct sdes ours; // offer from outside: what we answer with when the inside speaks RTP
};

// A media line as agreed.
struct line {
	bool allocated; // ports are held
	bool live;      // the worker relays it
	bool audio;
	bool passthrough;
	bool mux;
	struct mta_stream stream;
	struct half half[SIDES];
	// What protects packets from the outside and packets from the inside, on the outside leg:
	// the remote's key, and ours or (passing through) the inside party's.
	struct sdes key[SIDES];
	bool key_low[SIDES]; // it is nearly used up
	char codec[32];
	uint8_t pt;
	uint32_t clock_hz;
};

struct session {
	const struct session_env *env;
	uint64_t owner;
	const char *call_id; // for the log; NULL: none
	uint16_t iface[SIDES];
	bool inside_secure;
	bool inside_srtp; // offers to the inside are SRTP
	bool rtp_tried;   // since an offer that has no answer yet they are not
	bool confirmed;   // see session_confirm()
	bool enforce_payloadtype;
	uint8_t level; // sensitivity, for the monitoring
	bool talking;  // see session_talk()
	struct line *line;
	size_t n_lines;
	uint32_t n_srtp; // SRTP sessions of these
	// the last offer
	bool offered, answered;
	enum side offerer;
	struct session_request offer_of;
	uint64_t n_offers; // so far
	struct offered *offer;
	size_t n_offer;
	char version[SIDES][64];    // o= of the last description of a side (SRTP-7)
	struct session_totals past; // of lines that are over
};

// ---- cp/session_crypto.c -----------------------------------------------------------------------

// The crypto lines of an offered media line, from the description or our own; `same`: o= stands.
enum counter_id crypto_offer(
	struct session *s, size_t i, const struct sdp_media *m, bool same, struct offered *o);

// The line that an answer of `from` picked: keys and passthrough of `l`.
enum counter_id crypto_answer(const struct session *s, enum side from, const struct sdp_media *m,
	const struct offered *o, struct line *l);

// What an offer, or its answer, shows on the other side.
void crypto_plan_offer(
	const struct session *s, size_t i, struct session_plan *plan, const struct offered *o);
void crypto_plan_answer(enum side from, size_t i, struct session_plan *plan, const struct line *l);

// ---- cp/session.c, for cp/session_fork.c -------------------------------------------------------

// Whether an answer of `from` can be one to the last offer; what it says of media line i, in `l`
// (nobody is told); and whether media of that line is relayed.
enum counter_id answer_check(const struct session *s, enum side from, const struct sdp *sdp);
enum counter_id answer_line(const struct session *s, enum side from, const struct sdp *sdp,
	size_t i, struct line *l, struct session_plan *plan);
bool answer_relayed(const struct session *s, const struct sdp *sdp, size_t i);
void session_recount(struct session *s); // after a line changed: SRTP sessions of 1.3
bool plan_session(const struct session *s, enum side to, struct sdp_plan *plan);

// ---- cp/session_media.c ------------------------------------------------------------------------

// Tells the worker about an agreed line. -errno when it refuses.
int media_set(const struct session *s, const struct line *l);

// Adds what a line's stream has counted.
void media_add(const struct line *l, struct session_totals *t);

// Tells it that nobody may speak any more; the ports stay.
void media_close(const struct session *s, const struct line *l);
