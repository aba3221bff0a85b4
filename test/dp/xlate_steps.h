// SPDX-License-Identifier: BSD-3-Clause
// What the tests of dynamic translations share: everybody inside behind the outside interface, and packets
// that leave and are answered.
#pragma once

#include "test/dp/harness.h"

#include "dp/xlate.h"

#define SYN   0x02
#define ACK   0x10
#define OTHER "192.168.10.40" // has no static translation
#define THIRD "192.168.10.41"
#define POOL  "209.165.200.240" // and three more

extern struct rules rules;
extern const uint8_t protos[XLATE_PROTOS];

struct nat_rule xlate_rule(uint16_t real_if, uint16_t mapped_if, const char *real);
struct nat_pool xlate_pool(const char *first, const char *last);

// The static rule of the harness, then everybody inside behind the outside interface.
void xlate_up(unsigned int n_workers, uint32_t sessions);
int xlate_setup(void **state); // of one worker

// Its MAC is known.
void neighbour(uint16_t iface, const char *address);

// Sends from inside; returns the tuple that leaves.
struct flow goes_out(const struct flow *f);
// The answer to what left comes in, and reaches the sender of `f`.
void comes_back(const struct flow *left, const struct flow *f);

uint32_t mappings(void);
struct flow outward(uint8_t proto, const char *src, uint16_t port, const char *dst);
