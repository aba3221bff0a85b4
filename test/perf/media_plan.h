// SPDX-License-Identifier: BSD-3-Clause
// Who talks to whom in the media benches: up to a million calls between phones on the Internet
// (leg 0, SRTP) and phones inside (leg 1, RTP), each behind one router. The generator and the
// relay compute the same plan, so nothing but the number of calls has to be agreed on.
//
// Every call has the same two keys, and senders number their packets alike. So one packet, sealed
// once, is right for every call: what a generator does per packet is to copy it behind other
// headers, and its cost does not hide that of the relay, which knows nothing of this and has
// contexts of its own for each call.
#pragma once

#include <stdint.h>

#include <rte_ether.h>

#include "dp/dp.h"

#define OUTSIDE 0
#define INSIDE  1
#define SIDES   2

#define PLAN_CALLS_MAX  (1u << 20)
#define PLAN_ADDR_PORTS 32000 // calls per media address
#define PLAN_ADDRS_MAX  ((PLAN_CALLS_MAX + PLAN_ADDR_PORTS - 1) / PLAN_ADDR_PORTS)
#define PLAN_SEED_RX    1 // of the key that callgate receives with on leg 0
#define PLAN_SEED_TX    2
#define PLAN_PT         0 // PCMU

// Address and port of the phone; plan_call_of() is the way back, UINT32_MAX when it is none.
struct endpoint plan_remote(unsigned int side, uint32_t call);
uint32_t plan_call_of(unsigned int side, uint32_t ip_host_order, uint16_t port);

// callgate's media address and port.
struct endpoint plan_local(unsigned int side, uint32_t call);

void plan_key(uint8_t seed, uint8_t key[DP_SRTP_KEY_LEN]);
struct rte_ether_addr plan_relay_mac(unsigned int side);  // callgate's, or another relay's
struct rte_ether_addr plan_router_mac(unsigned int side); // the generator's

// The MEDIA_SET of a call.
struct dp_msg plan_msg(uint32_t call);

// The router's MAC as a message.
struct dp_msg plan_neigh(unsigned int side);

// Interfaces, routes and media addresses for that many calls; points into static memory.
struct dp_rules plan_rules(uint32_t calls);
