// SPDX-License-Identifier: BSD-3-Clause
// Offer and answer of one call (RFC 3264, protocol.md 4.1 to 4.3): which media ports and keys its
// lines use, what a session description becomes on the other side, and what the worker is told.
// Which message carries an offer and which an answer is cp/negotiate.c's to say. Control thread
// only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "cp/call.h"
#include "cp/mta.h"
#include "cp/rewrite.h"
#include "lib/sdes.h"
#include "lib/sdp.h"

struct session;

struct session_env {
	struct mta *mta;
	const struct config_ime *cfg; // suites, RTCP, latching
	void (*resolve)(void *arg, uint16_t iface, const struct ip_addr *ip); // may be NULL
	void *resolve_arg;
};

// What rewrite_sdp() needs, with the texts its slices point at. Holds keys: wipe after use.
struct session_plan {
	struct sdp_plan plan;
	char text[SDP_MEDIA_MAX][SDES_SUITES][SDES_TEXT_MAX];
};

// NULL: out of memory. `env` outlives it. `inside_secure`: the call manager's trunk-security-mode.
struct session *session_new(
	const struct session_env *env, const uint16_t iface[SIDES], bool inside_secure);
// What mta_owner() tells of the streams that it takes from now on, and the log; the Call-ID outlives it.
void session_own(struct session *s, uint64_t owner, const char *call_id);

// From now on a line's payload types are those of its media type alone (rtp-conformance
// enforce-payloadtype): what is sent with a video codec's type on an audio line is dropped.
void session_enforce_payloadtype(struct session *s);

// How soon its audio from the Internet is judged bad, 0 to 5 (FB-1); before, the configured default.
void session_sensitivity(struct session *s, uint8_t level);

// The call is answered: from now on the outside is expected to be heard. Nothing is measured before,
// for a phone that waits for an answer may send early media, or nothing.
void session_talk(struct session *s);

void session_free(struct session *s); // ends its streams, wipes keys; accepts NULL

// The request that an offer stands in, or whose response carries it.
struct session_request {
	enum side from; // who sent it
	uint32_t cseq;
};

// An offer of side `from`: takes ports, reads its crypto lines or makes ours. Media stays as it was
// until the answer. CNT_NONE, or why the offer is refused (CNT_MEDIA_PORTS_FULL: also without
// memory); then nothing changed.
//
// SRTP-3: with a secure inside, crypto lines of accepted suites go through as they came, and with
// an answer in SRTP the packets do too. When the inside speaks RTP, secure or not, media is
// converted.
enum counter_id session_offer(struct session *s, enum side from, struct session_request of,
	const struct sdp *sdp, struct session_plan *plan);

// The answer to the last offer, or another one to the same offer (a 200 after an 18x, a fork): the
// worker is told before this returns. CNT_NONE or why it is refused.
enum counter_id session_answer(
	struct session *s, enum side from, const struct sdp *sdp, struct session_plan *plan);

// What one fork has agreed to, while the media is with another; see cp/call_fork.h. Locked memory,
// wiped when it is freed.
struct session_fork;
void session_fork_free(struct session_fork *f); // accepts NULL

// An answer that is not to take effect yet. *out is NULL when there is no memory to keep it.
enum counter_id session_answer_apart(struct session *s, enum side from, const struct sdp *sdp,
	struct session_plan *plan, struct session_fork **out);
// What is agreed now; NULL: nothing, or no memory.
struct session_fork *session_fork_keep(const struct session *s);
// It takes effect, unless another offer was made meanwhile.
void session_fork_take(struct session *s, const struct session_fork *f);

// The offer of that request was refused, or never answered: what was agreed before stays. An offer
// of another request is not touched.
void session_rollback(struct session *s, struct session_request of);

// Whether the last offer is of that request.
bool session_offer_is_of(const struct session *s, struct session_request of);

// The remote has shown that it has part in the call: it answered, or it knows of our side's answer
// and goes on in the dialog (ACK, PRACK, ...). Until then the address in its offer may be a
// stranger's, so the worker sends nothing there before it has authenticated a packet from it.
void session_confirm(struct session *s);

// The answer is final (ACK): ports of lines that nobody wanted are free again.
void session_settle(struct session *s);

// An offer of `from` waits for its answer.
bool session_pending(const struct session *s, enum side from);
bool session_answered(const struct session *s); // the last one has its answer

bool session_inside_secure(const struct session *s);

// SRTP-2: what becomes of an offer to a secure inside, as it was sent, that is made in RTP instead.
// False: no media-termination address.
bool session_plan_rtp(const struct session *s, const struct sdp *sent, struct session_plan *plan);
// The inside has refused SRTP: until it offers SRTP itself, or refuses RTP as well, it is offered RTP.
void session_offer_rtp(struct session *s);
bool session_offers_srtp(const struct session *s); // to the inside

// Its streams, for whoever shows or watches them.
size_t session_streams(const struct session *s, struct call_stream_info out[CALL_STREAMS_MAX]);

// What its lines have relayed so far, those that are over included.
struct session_totals {
	struct media_total {
		uint64_t packets, octets; // accepted
		uint64_t lost, late;      // by sequence numbers; too old for the replay window
		uint64_t refused;         // wrong source, authentication, replayed, malformed
		uint32_t jitter_us;       // the highest of its streams
	} from[SIDES];
	unsigned int streams; // that relayed anything
};
void session_totals(const struct session *s, struct session_totals *out);

// The worker says that a key of this stream nears its end: of what leg `leg` receives, or (tx) of
// what is sent to it. session_streams() tells it until another key is agreed.
void session_key_low(struct session *s, const struct dp_msg_key *key);

// Octets of locked memory that so many media lines take.
size_t session_secure_size(size_t lines);
