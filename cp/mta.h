// SPDX-License-Identifier: BSD-3-Clause
// Media termination: the ports of calls and the streams of the workers. A stream has one even UDP
// port on each side's media-termination address, both from the slice of one worker; its ports stay
// in quarantine after a call until the worker has let go of them. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "cp/call.h"
#include "cp/counters.h"
#include "dp/msg.h"

struct mta;

struct mta_stream {
	uint32_t id; // index of the workers' stream
	uint16_t iface[SIDES];
	struct endpoint local[SIDES];
};

// `config` and `counters` outlive it. -ENOMEM.
int mta_new(struct mta **out, const struct config *config, const struct config_ime *ime,
	struct counters *counters);
void mta_free(struct mta *m); // wipes keys; accepts NULL

// Takes two ports. -ENOSPC: none free, or as many streams as the workers can hold; -ENOENT: no
// media-termination address on one of the interfaces.
int mta_alloc(struct mta *m, const uint16_t iface[SIDES], struct mta_stream *out);

// The media-termination address of an interface. -ENOENT: none.
int mta_local(const struct mta *m, uint16_t iface, struct ip_addr *out);

// Tells the worker what to relay; `msg` carries everything but version, type, stream and the local
// endpoints, which this fills in. Nothing is sent when nothing changed. When the ring is full the
// message is kept and mta_retry() sends it. Copies `msg`; the caller wipes its own. Returns
// -errno when the data plane refuses.
int mta_set(struct mta *m, uint32_t id, const struct dp_msg *msg);

// Ends a stream and puts its ports into quarantine.
void mta_release(struct mta *m, uint32_t id);

// DP_MSG_MEDIA_GONE: the quarantine is over.
void mta_gone(struct mta *m, uint32_t id);

// Sends again what a full ring held back. True while something is left.
bool mta_retry(struct mta *m);

// Streams of calls, and ports that are not free (quarantine included).
uint32_t mta_in_use(const struct mta *m);
uint32_t mta_most_used(const struct mta *m); // of mta_in_use(), since mta_usage_clear()
uint32_t mta_not_free(const struct mta *m);
void mta_usage_clear(struct mta *m);
