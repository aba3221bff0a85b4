// SPDX-License-Identifier: BSD-3-Clause
// The control thread's side of the relay: creates and frees what dp/media.c uses. Control thread
// only. dp_media_stats() of dp/dp.h lives here too.
#pragma once

#include <stdint.h>

#include "dp/msg.h"

struct media_worker;

// Before the workers run; out[i] belongs to worker i. Also readies the SRTP engine, which may load
// libraries: before privileges are shed. -ENOMEM, -EIO.
int media_ctl_start(unsigned int n_workers, struct media_worker *out[]);

// After the workers have stopped: frees and wipes everything.
void media_ctl_stop(void);

// Judges a MEDIA_SET or MEDIA_DEL, creates the SRTP contexts it needs, and writes the message that
// has to reach worker *owner, in order and without fail; there are no keys in it.
// -EINVAL: stream id, interface or MKI length out of range, no or foreign local port, ports of
// different workers, or of another worker than the live stream's. -EADDRINUSE: another stream has
// a local port. -EBUSY: the stream was deleted and its MEDIA_GONE is still to come. -ENOENT: to
// delete what is not up. -ENOTSUP: a suite the engine does not do, or IPv6. -ENOBUFS, -ENOMEM,
// -EIO: try again later. On an error nothing has changed.
int media_ctl_send(const struct dp_msg *m, struct dp_msg *to_worker, unsigned int *owner);

// A MEDIA_GONE on its way up: frees the stream.
void media_ctl_recv(const struct dp_msg *m);

// How many streams are up, or deleted and not yet gone.
uint32_t media_ctl_streams(void);
