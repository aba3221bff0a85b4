// SPDX-License-Identifier: BSD-3-Clause
// The tuple that names a flow, as ACL and NAT rules see it.
#pragma once

#include "lib/addr.h"

#define PROTO_ANY  0
#define PROTO_ICMP 1
#define PROTO_TCP  6
#define PROTO_UDP  17

// ICMP echo carries its id in both ports; other ICMP has ports 0.
struct flow {
	struct endpoint src, dst;
	uint8_t proto; // IANA protocol number
};

// The flow of an Ethernet frame that nobody has looked at yet, tags and all, as lists match it: the ports
// of ICMP are its type and its code. False: no IPv4. What is not there has port 0: so has a fragment
// behind the first. Pure; judges nothing.
bool flow_read(const uint8_t *frame, size_t n, struct flow *out);
