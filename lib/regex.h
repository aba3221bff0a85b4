// SPDX-License-Identifier: BSD-3-Clause
// Regular expressions of the operator, many searched for at once in one pass over the subject
// (Hyperscan, block mode). Perl's syntax without what needs to go back: no back references, no
// look-around. Letters count as they are written; (?i) in front ignores case. A match may lie
// anywhere in the subject unless ^ or $ says otherwise.
//
// The only file of lib/ with a library behind it: config/ judges patterns with it, cp/ searches.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define REGEX_PATTERN_MAX 255        // octets of a pattern
#define REGEX_WIDTH_MAX   4096       // octets that the shortest match may take
#define REGEX_ALONE_MAX   (1u << 20) // octets that one pattern may compile to
#define REGEX_WHY_MAX     160

// Whether this processor can do it: Hyperscan needs SSSE3.
bool regex_supported(void);

// Judges one pattern, as far as compiling it (a fraction of a millisecond, seldom more; never on
// an event loop). 0, -ENOMEM, or -EINVAL with the reason in `why`.
int regex_check(const char *pattern, char why[REGEX_WHY_MAX]);

struct regex_set;  // never changes once made; may be shared by threads
struct hs_scratch; // what a search scribbles on: one per thread, for any number of sets

// Compiles `n` patterns that passed regex_check(). A pattern that is found sets bit ids[i] of a
// search; several may share one. Milliseconds a pattern: not on an event loop. Returns -ENOMEM, or
// -EINVAL with the reason in `why`.
int regex_set_new(struct regex_set **out, const char *const *patterns, const unsigned int *ids,
	size_t n, char why[REGEX_WHY_MAX]);
void regex_set_free(struct regex_set *s); // accepts NULL

// Makes a scratch fit for a set too; *scratch begins as NULL. -ENOMEM.
int regex_scratch_fit(struct hs_scratch **scratch, const struct regex_set *s);
void regex_scratch_free(struct hs_scratch *scratch); // accepts NULL

// Sets the bits of what is found in `found`, which has room for the set's highest id. Time is
// linear in the subject, whatever it holds; nothing is allocated. False when it could not be
// searched (a scratch that does not fit).
bool regex_set_search(
	const struct regex_set *s, struct hs_scratch *scratch, struct str subject, uint64_t *found);
