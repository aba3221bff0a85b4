// SPDX-License-Identifier: BSD-3-Clause
// Layers 2 to 4 of a received frame: judged, and described in the packet's metadata.
#pragma once

#include "dp/worker.h"

// Fills the packet's metadata from the frame. `mac` is the address of the interface it came in
// on, NULL when the frame comes from our own TAP: then neither MACs nor L4 checksums are judged.
// Returns PASS, or the reason to drop it. Any thread. Never reads past the frame.
enum dp_counter_id parse_frame(struct rte_mbuf *m, const struct rte_ether_addr *mac);

// The same for a datagram that came in fragments, once it is one packet: what stands behind its IPv4
// header, which was judged with the first of them.
enum dp_counter_id parse_datagram(struct rte_mbuf *m);

// A burst that came in on `iface`. ARP, flows, ICMP errors and fragments go on. L4 checksums are left
// to the steer stage, which knows for which packets they matter: pkt->l4_checked.
void parse_stage(struct worker *w, struct pkts *v, uint16_t iface);
