// SPDX-License-Identifier: BSD-3-Clause
// Sources that somebody made up: our own addresses, those that nobody on the Internet has, and those that
// live behind another interface than the one the packet came in on.
#pragma once

#include "dp/snapshot.h"
#include "dp/worker.h"

// Judges the source of a flow that came in on `in`: PASS, IP_SOURCE, IP_SPOOFED, IP_BOGON or REVERSE_PATH.
// `route` is the index in snapshot.routes of the way back to it, -1: there is none, or none was looked for.
// Pure. Only for the first packet of a flow: a session is keyed with its interface, so that no packet of
// another one is ever taken for its own.
enum dp_counter_id spoof_judge(
	const struct snapshot *s, uint16_t in, const struct ip_addr *src, int *route);

// The end of a packet that acl_judge() or spoof_judge() refused. What failed the reverse path check counts by
// interface (ip verify), and the control plane is told of it, as of a source that is an address of ours.
void spoof_drop(struct worker *w, struct rte_mbuf *m, enum dp_counter_id reason);

// ICMP errors belong to the session that they quote, which says nothing of who sent them: so each is
// judged. Other packets go on unseen. Called before steering, while `kinds` tells what there is.
void spoof_stage(struct worker *w, struct pkts *v);
