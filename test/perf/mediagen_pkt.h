// SPDX-License-Identifier: BSD-3-Clause
// The packets of mediagen: what each phone of media_plan.h sends next, and whether what arrives at
// a phone is what its peer sent.
//
// SRTP is sealed and opened by the oracle of the unit tests, a second implementation on OpenSSL
// alone: what the relay's engine gets wrong cannot look right here.
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "test/perf/media_plan.h"

#define GEN_PAYLOAD_MAX 1200

struct gen_stats {
	uint64_t sent, received;
	uint64_t verified; // of these, compared octet by octet
	uint64_t gaps;     // missing by sequence number when a later one came
	uint64_t bad;      // wrong in any way, or out of order; the first is named on stderr
};
extern struct gen_stats gen_stats;

// `relay`: NULL for the addresses and keys of the plan, else a file with a line for each call:
// address and port that the relay has for the phone outside, the same inside, and in hexadecimal
// the key and salt that it seals with.
void gen_open(uint32_t calls, const char *relay, unsigned int payload);

// From now on only these many of the calls speak, each with its next packet.
void gen_speakers(uint32_t calls);

// The speakers, in the order in which they take turns.
const uint32_t *gen_order(void);

// Fills an empty buffer with the next packet that some phone of `side` sends.
void gen_next(unsigned int side, struct rte_mbuf *m);

// Judges a frame that arrived for a phone of `side`. gen_expect() brings near what that takes.
void gen_expect(unsigned int side, const struct rte_mbuf *m);
void gen_judge(unsigned int side, const struct rte_mbuf *m);
