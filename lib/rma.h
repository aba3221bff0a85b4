// SPDX-License-Identifier: BSD-3-Clause
// RTP monitoring: what the Internet does to one stream of speech, and whether that is too much for
// the sensitivity of its call (protocol.md 5.3, RMA-1 to RMA-7). Pure, integers only; a packet
// costs the same however long the stream and however wide its gaps are.
//
// It is for audio. The PSTN carries no picture, so a bad one is no reason to go there, and runs of
// lost frames and concealed seconds mean nothing where many packets share a timestamp.
//
// RBLR, ITE and BLS are names of the original without a public definition; theirs here is ours.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/rtp.h"

#define RMA_LEVELS 6 // sensitivity 0 to 5; 5 is the most eager, 0 has no threshold

// Any one exceeded makes a tick bad.
struct rma_level {
	uint32_t rblr_pct_x100; // of lost and late packets in the last 8 s, of 1 s at least
	uint32_t bls_ms;
	uint32_t ite_8s;
	uint32_t pdv_avg_us;
	uint32_t scs_8s;
};

struct rma_table {
	uint32_t playout_depth_ms;
	uint32_t scs_ms;
	uint32_t media_stall_ms;
	struct rma_level level[RMA_LEVELS];
};

extern const struct rma_table rma_table_default;

// What `show uc-ime media-sessions detail` prints. Max_, Min_ and Total_ are of the whole stream;
// rblr to scs_8s are those of the newest judgement.
struct rma_counters {
	uint32_t max_pdv_us;
	uint32_t min_pdv_us;
	uint32_t avg_pdv_us;
	uint32_t sum_all_packets; // counted ones: no probation, no duplicates
	uint32_t total_sec;       // of media time, silence included
	uint32_t concealed_sec;
	uint32_t severely_concealed_sec;
	uint32_t total_ite;
	uint32_t max_rblr_pct_x100;
	uint32_t max_ite_8s;
	uint32_t max_bls_ms;
	uint32_t max_call_interval_ms; // between two judgements
	uint32_t seq_resets;
	uint32_t rblr_pct_x100;
	uint32_t bls_ms;
	uint32_t ite_8s;
	uint32_t scs_8s;
	// Frames of the whole stream; lost and discarded (late) are bad. Bursts are those of RFC 3611
	// with a Gmin of 16.
	uint32_t expected_frames;
	uint32_t lost_frames;
	uint32_t discarded_frames;
	uint32_t bad_runs;
	uint32_t bursts;
	uint32_t burst_frames;
	uint32_t burst_bad_frames;
	uint8_t payload_type; // of the newest packet
	uint8_t ptime_ms;
	bool bad; // the last judgement
	// Time that has been judged, and how much of it was found bad: a judgement is on the time since
	// the one before.
	uint64_t judged_us, bad_us;
};

#define RMA_SLOTS    80 // of 100 ms of media each (RMA-7)
#define RMA_PEAKS    15
#define RMA_NO_EVENT 0xff

// Frames that begin in a slot: none is shorter than 1 ms, and no event shorter than 40.
struct rma_slot {
	uint16_t expected : 7, bad : 7, ite : 2;
};

// The greatest value in the window: first the one that is it, then those that will be when the ones
// before have left. When there are more, the closest are taken for one.
struct rma_peaks {
	uint8_t n;
	uint8_t slot[RMA_PEAKS];  // the last in which it was
	int32_t value[RMA_PEAKS]; // falling
};

// One stream; owned by the worker that relays it. Use the functions below, not the fields.
// Two times run in it: arrival, and media, which goes on by a frame for each sequence number and by
// what a timestamp leaps in silence.
struct rma {
	// All that a usual packet touches, in two cache lines if the first begins one: the next in
	// its row, and in time.
	uint32_t ssrc;
	uint32_t ts;   // of the newest audio packet
	uint32_t step; // from it to the next of them
	uint16_t seq;
	uint8_t pt;
	uint8_t room; // usual packets until the next slot; 0: the next packet is not a usual one
	uint64_t us_per_unit_q32;
	uint64_t origin_us; // arrival that belongs to `ts_ext` 0
	int64_t ts_ext;     // of the newest audio packet
	uint64_t arrival_us;
	int32_t transit_us;
	int32_t least_us; // the min-delay reference (RMA-2)
	int32_t slot_least_us;
	uint32_t jitter_q4;

	uint64_t judged_ns;
	uint8_t pending; // usual packets since anything was settled
	uint8_t open;    // newest frames not settled yet: they may still come in time
	uint8_t lag;     // frames that stay open
	uint8_t slot;
	bool started;
	bool clocked; // an audio packet has come since
	bool held;
	uint8_t event_pt;
	uint32_t expected, bad; // sums of the slots, and what is pending
	struct rma_counters c;

	uint64_t seen;    // bit i: the frame i before the newest has come,
	uint64_t on_time; // and before its playout
	uint32_t ptime_us;
	uint32_t second_us;               // of media that is settled
	uint32_t concealed_us;            // of this second
	uint32_t run_us;                  // of lost and late frames up to now
	uint32_t longest_ms;              // of the window; 0: `longest` is empty
	uint16_t ite;                     // sum of the slots
	uint8_t severe;                   // bit i: the second i before this one, from bit 0 on
	uint8_t severe_7s;                // of the 7 seconds before this one
	uint32_t maybe_frames, maybe_bad; // of what may be a burst (lib/rma_bursts.c)
	uint32_t maybe_end;               // frames before its end
	struct rma_peaks longest;         // runs, in ms
	struct rma_peaks nearest;         // transits, negative
	struct rma_slot slots[RMA_SLOTS];

	uint32_t next_ptime_us;  // seen `ptime_again` times in a row
	uint32_t frames_from_ts; // between the packet of `ts` and the newest
	uint32_t probe_ssrc, probe_ts;
	uint16_t probe_seq;
	uint8_t probed;
	uint8_t ptime_again;
};

// Starts anew. `clock_hz` is not 0; `event_pt` is that of telephone-event, or RMA_NO_EVENT. From
// `now_ns` on media is expected to come.
void rma_init(struct rma *m, uint32_t clock_hz, uint8_t event_pt, uint64_t now_ns);

// Counts one packet that passed the source check and, for SRTP, its authentication. `now_ns` never
// goes back.
void rma_add(struct rma *m, const struct rma_table *t, const struct rtp_hdr *h, uint64_t now_ns);

// The remote sends nothing for now (sendonly or inactive), or does again: between the two nothing
// is counted, a stall is none, and each judgement is good (RMA-5).
void rma_hold(struct rma *m, const struct rma_table *t);
void rma_resume(struct rma *m, uint64_t now_ns);

// Whether the monitoring timer has run off since the last judgement.
static inline bool rma_due(const struct rma *m, uint64_t now_ns, uint32_t timer_ms)
{
	return now_ns - m->judged_ns >= (uint64_t)timer_ms * 1000000;
}

// One tick: true when any threshold of `level` is exceeded. Ask when due, on arrival of a packet
// and, for a stream that stalls, without one. `level` is below RMA_LEVELS.
bool rma_judge(struct rma *m, const struct rma_table *t, unsigned int level, uint64_t now_ns);

void rma_read(const struct rma *m, struct rma_counters *out);

// What RFC 3611 (4.7.1, 4.7.2) says of the same, and G.107's BurstR: 100 when losses are at random,
// more when they come together.
struct rma_bursts {
	uint32_t loss_pct_x100, discard_pct_x100;
	uint32_t burst_ms, gap_ms; // means; in a stream without bursts all is one gap
	uint32_t burst_density_pct_x100, gap_density_pct_x100;
	uint32_t burst_ratio_x100;
};

void rma_bursts(const struct rma_counters *c, struct rma_bursts *out);
