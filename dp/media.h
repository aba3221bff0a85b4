// SPDX-License-Identifier: BSD-3-Clause
// The RTP and SRTP relay of a worker (protocol.md 4.5). Worker only.
#pragma once

#include "dp/msg.h"
#include "dp/worker.h"

// In: packets of kind PKT_MEDIA that this worker owns: IPv4 and UDP headers are valid, pkt->flow
// is as on the wire and its destination a media address of pkt->iface_in. The UDP checksum is right
// only if pkt->l4_checked says so.
// Out: the packets to send on, in order of arrival, rewritten and with right checksums; `ours` is
// set, `flow` is the new tuple and iface_out is left to route. The rest is dropped by name.
void media_stage(struct worker *w, struct pkts *v);

// A MEDIA_SET or MEDIA_DEL as media_ctl_send() wrote it.
void media_msg(struct worker *w, const struct dp_msg *m);

// Once per turn: sends the MEDIA_GONE answers that found the ring full before.
void media_turn(struct worker *w);
