// SPDX-License-Identifier: BSD-3-Clause
// The control thread's side of the relay: creates and frees what dp/media.c uses. Control thread
// only.
#pragma once

#include <stdint.h>

#include "dp/msg.h"
#include "dp/rtpsec.h"

struct media_worker;
struct media_stream;

// Before the workers run; out[i] belongs to worker i. Reserves room for `streams_max` streams,
// touched by use (0: MEDIA_STREAMS_DEFAULT). Also readies the SRTP engine, which may load
// libraries: before privileges are shed. -EINVAL: more than DP_STREAMS_MAX. -ENOMEM, -EIO.
// -ENOTSUP: the processor cannot do that tier.
#define MEDIA_STREAMS_DEFAULT 8192
int media_ctl_start(unsigned int n_workers, uint32_t streams_max, enum rtpsec_tier tier,
	struct media_worker *out[]);

// After the workers have stopped: frees and wipes everything.
void media_ctl_stop(void);

// Judges a MEDIA_SET, MEDIA_DEL or MEDIA_TICK, creates the SRTP contexts it needs, and writes the message that
// has to reach worker *owner, in order and without fail; there are no keys in it.
// -EINVAL: stream id, interface, payload type or MKI length out of range, no or odd local port,
// ports of different workers, or of another worker than the live stream's, a latch or a
// tx_awaits_rx on a leg without SRTP, passthrough between different suites or without one, a
// monitor without a clock or with a level that there is not.
// -EADDRINUSE: another stream has a local port. -EBUSY: the stream was deleted and its MEDIA_GONE
// is still to come. -ENOENT: to delete, or judge, what is not up. -ENOTSUP: a suite the engine does not do, or
// IPv6. -ENOSPC: more media addresses than can be numbered. -ENOBUFS, -ENOMEM, -EIO: try again
// later. On an error nothing has changed.
int media_ctl_send(const struct dp_msg *m, struct dp_msg *to_worker, unsigned int *owner);

// A MEDIA_GONE on its way up: frees the stream.
void media_ctl_recv(const struct dp_msg *m);

// How many streams are up, or deleted and not yet gone; and how many there can be.
uint32_t media_ctl_streams(void);
uint32_t media_ctl_streams_max(void);

// For dp/media_show.c: the monitor of a stream that is up, likewise; NULL: no such stream.
struct media_monitor;
const struct media_monitor *media_ctl_monitor(uint32_t stream);

// For dp/media_show.c: the worker's side of a stream that is up, to be read with relaxed loads, and
// the remotes (media_peer()) that were negotiated; NULL: no such stream.
const struct media_stream *media_ctl_stream(uint32_t stream, uint64_t negotiated[2]);
