// SPDX-License-Identifier: BSD-3-Clause
// IP fragments, before any rule sees them.
#pragma once

#include "dp/worker.h"

// Every fragment is dropped as IP_FRAGMENT: a rule must never judge a fragment by guess, and this
// version does not reassemble.
void frag_stage(struct worker *w, struct pkts *v);
