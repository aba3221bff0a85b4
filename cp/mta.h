// SPDX-License-Identifier: BSD-3-Clause
// Media termination: the ports of calls and the streams of the workers. A stream has a pair of UDP
// ports on each side, RTP's even one and RTCP's above it, and both pairs belong to the slice of one
// worker. After a call its ports rest: until the worker has let go of them, and then for the guard
// time, so that a late packet never reaches the next call. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "cp/call.h"
#include "cp/counters.h"
#include "dp/msg.h"

struct dp_media_stats;
struct mta;

struct mta_stream {
	uint32_t id; // index of the workers' stream
	uint16_t iface[SIDES];
	struct endpoint local[SIDES]; // of RTP; RTCP has the next port
};

// `config` and `counters` outlive it. -ENOMEM. Memory is only used as streams and ports are.
int mta_new(struct mta **out, const struct config *config, const struct config_ime *ime,
	struct counters *counters);
void mta_free(struct mta *m); // wipes keys; accepts NULL

// Takes two pairs of ports, by chance, on the addresses that have most of them left; of the
// addresses of `beside`, another stream of the same call, unless that is NULL. -ENOSPC: none free,
// or as many streams as the workers can hold: the call is refused, and an alarm is raised; -ENOENT:
// no media-termination address on one of the interfaces; -ENOMEM.
int mta_alloc(struct mta *m, const uint16_t iface[SIDES], const struct mta_stream *beside,
	struct mta_stream *out);

// Whose a stream is, so that what its worker says finds the call at once. 0: nobody's.
void mta_own(struct mta *m, uint32_t id, uint64_t owner);
uint64_t mta_owner(const struct mta *m, uint32_t id);

// A media-termination address of an interface, for a description without a stream. -ENOENT: none.
int mta_local(const struct mta *m, uint16_t iface, struct ip_addr *out);

// Whether an address is one of media termination.
bool mta_is_ours(const struct mta *m, const struct ip_addr *ip);

// Tells the worker what to relay; `msg` carries everything but version, type, stream and the local
// endpoints, which this fills in. Nothing is sent when nothing changed. When the ring is full the
// message is kept and mta_retry() sends it. Copies `msg`; the caller wipes its own. Returns
// -errno when the data plane refuses, or -ENOMEM when no locked memory is left.
int mta_set(struct mta *m, uint32_t id, const struct dp_msg *msg);

// SRTP sessions begin (end, less than 0): media lines that are converted, or may come to be.
void mta_srtp(struct mta *m, int32_t more);

// The statistics of a stream that was set, and once in a while its rates.
void mta_look(struct mta *m, uint32_t id, struct dp_media_stats *out, uint64_t now_ns);

// What the worker was told, but for addresses and keys (suite, awaits, latch, passthrough), and the
// rates of the last look.
void mta_describe(const struct mta *m, uint32_t id, struct call_stream_info *out);

// Ends a stream; its keys are wiped, its ports rest.
void mta_release(struct mta *m, uint32_t id);

// DP_MSG_MEDIA_GONE: the worker has let go, the guard time begins.
void mta_gone(struct mta *m, uint32_t id);

// Once a second: frees ports whose guard time is over, ends alarms.
void mta_tick(struct mta *m, uint64_t now_ns);

// Sends again what a full ring held back. True while something is left.
bool mta_retry(struct mta *m);

struct mta_usage {
	uint32_t streams, streams_max; // of calls
	uint32_t most_used;            // of streams, since mta_usage_clear()
	uint32_t leaving;              // ended, but the worker has not let go yet
	uint32_t resting;              // pairs of ports in their guard time
	uint32_t srtp, srtp_most;      // SRTP sessions, see mta_srtp()
};
struct mta_usage mta_usage(const struct mta *m);
void mta_usage_clear(struct mta *m);

// Octets of locked memory that so many streams take.
size_t mta_secure_size(size_t streams);
