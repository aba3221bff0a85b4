// SPDX-License-Identifier: BSD-3-Clause
// IPv4 options: which pass, as the operator says (the manual's inspect ip-options).
#pragma once

#include "dp/worker.h"

// Judges the options of a frame whose header is there as a whole, `l3` octets into it. Those that are to be
// cleared are taken out, the header gets shorter and its checksum is made anew. PASS, IP_OPTIONS, or
// what is wrong with a header that would have been changed. `rules` may be NULL: all that can pass does.
enum dp_counter_id ipopt_judge(struct rte_mbuf *m, uint8_t l3, const struct dp_ip_options *rules);
