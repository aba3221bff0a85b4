// SPDX-License-Identifier: BSD-3-Clause
// Which worker owns a packet: a pure function, the same for both directions of a flow, whatever
// queue the packet came in on. Packets of other workers travel one hop over a ring.
#pragma once

#include "dp/snapshot.h"
#include "dp/worker.h"

// Whether a packet of this flow that came in on `in` is for a media port there.
bool handoff_is_media(const struct snapshot *s, uint16_t in, const struct flow *f);

// Makes a packet for a media port one of kind PKT_MEDIA. Returns the number of its media address
// (dp/media_addr.h), or -1.
int handoff_mark_media(const struct snapshot *s, struct pkt *p);

// Whether it is plain UDP for no port of media: where there is one worker, the steer stage has nothing to do with
// it. Of nearly every packet.
static inline bool handoff_is_plain(const struct media_index *x, const struct pkt *p)
{
	return p->plain && (p->flow.dst.port < x->port_lo || p->flow.dst.port > x->port_hi);
}

// The owner of a packet that came in on `in`, or of a frame of the control plane that will go out
// of `in` with the flow turned round (its answer arrives there and must find the same worker).
// (1) a media port, or one that dynamic translations give out: the worker that has the port's
//     slice (lib/steer.h);
// (2) a source that is translated dynamically: a keyed hash of it alone, so that one host's
//     mappings are one worker's;
// (3) anything else: static NAT undone, then a keyed hash that does not tell the two ends apart.
// For an ICMP error pass the embedded flow turned round, as parse leaves it. Pure, no EAL.
// A fragment says neither: it belongs to the worker that puts its datagram together (dp/frag.h), and
// the datagram to an owner as above.
unsigned int handoff_owner(
	const struct handoff_key *k, const struct snapshot *s, uint16_t in, const struct flow *f);

// Keeps what this worker owns, marks media, and gives the rest to its owners. Drops what has a wrong L4
// checksum, but for UDP, whose checksum matters where it opens a session, and for media.
void handoff_stage(struct worker *w, struct pkts *v);

// Takes one burst that worker `from` handed over: packets that this worker owns, and fragments of
// datagrams that it puts together.
void handoff_recv(struct worker *w, unsigned int from, struct pkts *v);
