// SPDX-License-Identifier: BSD-3-Clause
// The RTP and SRTP relay of a worker (protocol.md 4.5). Worker only.
#pragma once

#include "dp/msg.h"
#include "dp/worker.h"

// In: packets of kind PKT_MEDIA that this worker owns: IPv4 and UDP headers are valid, pkt->flow
// is as on the wire and its destination the media address pkt->place of pkt->iface_in. The UDP
// checksum is right only if pkt->l4_checked says so.
// Out: the packets to send on, in order of arrival, rewritten and with right checksums; `ours` is
// set, iface_out is the leg's, and `flow` is still that of arrival. The rest is dropped by name.
void media_stage(struct worker *w, struct pkts *v);

// A MEDIA_SET or MEDIA_DEL as media_ctl_send() wrote it.
void media_msg(struct worker *w, const struct dp_msg *m);

// Once per turn: sends the MEDIA_GONE answers that found the ring full before.
void media_turn(struct worker *w);

// ---- Between dp/media.c and dp/media_msg.c -----------------------------------------------------

struct media_flow;

// Asks the flow's contexts how much of their keys is left, tells the control thread if it is time
// to, and says when to ask again.
void media_key_check(struct worker *w, struct media_flow *f);

// The key of the leg that `f` comes from (or, tx, goes to) bears no more: tells the control thread,
// once per key.
void media_key_ended(struct worker *w, struct media_flow *f, bool tx);
