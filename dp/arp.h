// SPDX-License-Identifier: BSD-3-Clause
// ARP: workers answer for the addresses that no kernel knows.
#pragma once

#include "dp/worker.h"

// Takes the ARP packets out of `v`. Requests for mapped (NAT) and media addresses of the interface
// are answered, as are those for its own address of who is not of its subnet; requests for its own address, and replies, of
// hosts of its subnet go to the control plane, whose kernel keeps the neighbours; for anything else there is silence
// (ARP_FOREIGN).
void arp_stage(struct worker *w, struct pkts *v);
