// SPDX-License-Identifier: BSD-3-Clause
// 802.1Q: several interfaces on one port, told apart by a tag. Frames lose it on the way in and get it on
// the way out, so that nothing in between knows of tags. Done in software on every device: it is a copy
// of 12 octets that are in the cache anyway, where devices differ in what their offloads do with tags of
// others, and with frames that have two.
#pragma once

#include "dp/worker.h"

#define VLAN_TAG_MAX 4094

// Whether an EtherType says that a tag follows.
bool vlan_is_tag(rte_be16_t type);

// The tag of a frame; 0: there is none, or one that says no more than a priority. PASS, VLAN_QINQ or
// RX_SHORT. Any thread.
enum dp_counter_id vlan_read(const struct rte_mbuf *m, uint16_t *tag);

// Takes off what vlan_read() has read, if there is one.
void vlan_strip(struct rte_mbuf *m);

// A burst that came in on a port of several interfaces, `iface` one of them, is dealt out to w->vlan_in,
// in order. Drops what is for none of them. Nothing is left in `v`.
void vlan_stage(struct worker *w, struct pkts *v, uint16_t iface);

// Puts the tag of `iface` on frames that are about to leave.
void vlan_tag(struct worker *w, struct pkts *v, uint16_t iface);
