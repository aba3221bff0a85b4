// SPDX-License-Identifier: BSD-3-Clause
// The secrets of hash tables, budgets and identifiers, all from one seed that is random per start. Outsiders find
// out bits of some, by what two of their addresses share; these tell nothing of the others, nor of the seed.
// Control thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum secret {
	SECRET_STEER,
	SECRET_SESS,
	SECRET_NEIGH,
	SECRET_PUNT,
	SECRET_ICMP,
	SECRET_XLATE,
	SECRET_LIMITS,
	SECRET_IPID,
};

// `n` words; the same ones for the same seed. -EIO: there is no hash function to make them with.
int secret_words(uint64_t seed, enum secret what, uint64_t *out, size_t n);
