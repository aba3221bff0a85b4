// SPDX-License-Identifier: BSD-3-Clause
// The fallback sensitivity file, `.fbs` (protocol.md 5.5, FB-11): thresholds as text.
#pragma once

#include <stdbool.h>

#include "lib/rma.h"
#include "lib/str.h"

#define FBS_SIZE_MAX 16384

struct fbs_fault {
	unsigned int line, column; // from 1
	char text[160];            // what was found and what was expected
};

// Levels and keys that the text does not name are those of rma_table_default. False: the first fault
// is in *fault, and *table is as it was.
bool fbs_parse(struct str text, struct rma_table *table, struct fbs_fault *fault);
