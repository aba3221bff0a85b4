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

// Whether a packet of kind PKT_MEDIA finds a stream that it may speak in, as far as its addresses
// tell: PASS, or the reason to drop it. Changes nothing.
enum dp_counter_id media_peek(const struct worker *w, const struct pkt *p);

// A MEDIA_SET, MEDIA_DEL or MEDIA_TICK as media_ctl_send() wrote it.
void media_msg(struct worker *w, const struct dp_msg *m);

// Once per turn: sends the MEDIA_GONE answers that found the ring full before.
void media_turn(struct worker *w);

// ---- Between dp/media.c, dp/media_msg.c and dp/media_quality.c ---------------------------------

struct media_flow;
struct media_setting;
struct rtp_hdr;

// The quality of a stream begins anew, is on hold, goes on: as the setting that has come into force
// says.
void media_quality_set(struct worker *w, uint32_t stream, const struct media_setting *s);

// A packet was accepted on a flow with MEDIA_MONITOR.
void media_quality_add(struct worker *w, const struct media_flow *f, const struct rtp_hdr *h);

// RTCP was accepted on a flow of a stream with a monitor.
void media_quality_rtcp(
	struct worker *w, const struct media_flow *f, const uint8_t *data, uint32_t len);

// Judges a stream without a packet.
void media_quality_tick(struct worker *w, uint32_t stream);

// Asks the flow's contexts how much of their keys is left, tells the control thread if it is time
// to, and says when to ask again.
void media_key_check(struct worker *w, struct media_flow *f);

// The key of the leg that `f` comes from (or, tx, goes to) bears no more: tells the control thread,
// once per key.
void media_key_ended(struct worker *w, struct media_flow *f, bool tx);
