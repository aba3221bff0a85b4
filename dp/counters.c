// SPDX-License-Identifier: BSD-3-Clause
// Cold: names and help texts of the counters, for whoever shows them.
#include "dp/counters.h"

const struct counter_info counter_infos[DP_COUNTERS] = {
#define DROP(name, help)  {#name, help, true},
#define COUNT(name, help) {#name, help, false},
#include "dp/counters.def"
#undef DROP
#undef COUNT
};
