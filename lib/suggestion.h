// SPDX-License-Identifier: BSD-3-Clause
// "Did you mean ...?", of the words of a configuration and of commands.
#pragma once

#include "lib/str.h"

// The candidate nearest to a misspelt word. Start with the word alone, offer every candidate.
struct suggestion {
	struct str word, best;
	unsigned int distance;
};
void suggestion_offer(struct suggestion *s, struct str candidate);

// `; did you mean "X"?` when something was near enough, else "". Writes SUGGESTION_MAX octets at most.
#define SUGGESTION_MAX 96
const char *suggestion_text(const struct suggestion *s, char *buf);
