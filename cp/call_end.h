// SPDX-License-Identifier: BSD-3-Clause
// The end of a call: why it ended, and the one line that tells all of it (339008). Control thread
// only.
#pragma once

#include "cp/call_state.h"

struct ime;

// Writes the line, with what its streams have counted, and frees the call.
void call_end(struct ime *ime, struct call *call);
