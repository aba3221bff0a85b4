// SPDX-License-Identifier: BSD-3-Clause
// Which worker has which address of the pools whose addresses are one host's each (NAT_DYNAMIC). Any
// worker may take any address, so that no host is refused while one is free; answers find their way
// by this table. It is written when a host gets or loses its address, never for a packet.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

// Places for the addresses that have been taken in a run of the program, those of pools that reloads have
// replaced among them. As full as half, every address finds one.
#define POOL_CLAIMS_MAX 65536u

// Takes an IPv4 address on an interface for a worker, whose number of that translation is not 0. False:
// another one has it, or this one; or it is new and finds no place.
bool pool_claim(
	uint16_t iface, const struct ip_addr *ip, unsigned int worker, uint32_t translation);

// By the worker that has it.
void pool_release(uint16_t iface, const struct ip_addr *ip);

// The worker that has it, or -1.
int pool_owner(uint16_t iface, const struct ip_addr *ip);

// What that worker took it for; it alone may ask. 0: it has not taken it.
uint32_t pool_translation(uint16_t iface, const struct ip_addr *ip, unsigned int worker);
