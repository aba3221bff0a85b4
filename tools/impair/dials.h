// SPDX-License-Identifier: BSD-3-Clause
// What is asked of the Internet's quality, in the words of the person who asks: "loss=8% burst=4
// delay=80ms". Pure, any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIALS_BURST_MAX     1000.0
#define DIALS_DELAY_MAX_NS  10000000000ull   // of each time that is added to a packet's way
#define DIALS_FROM_MAX_NS   3600000000000ull // an hour
#define DIALS_REORDER_BY_NS 25000000ull      // one packet of speech, and a little

// All zeros is a good line. Shares are 0 to 1.
struct dials {
	double loss;
	double burst; // mean length of a run of lost packets; 0: losses know nothing of each other
	double reorder, duplicate;
	uint64_t delay_ns, jitter_ns;
	uint64_t reorder_by_ns;
	bool only_udp; // what is no UDP passes as if there were no dials
};

enum dials_direction { DIALS_A_TO_B = 1, DIALS_B_TO_A = 2, DIALS_BOTH = 3 };

struct dials_request {
	struct dials dials;
	enum dials_direction direction;
	uint64_t from_ns; // how long from now on the line stays as it is
	bool seeded;
	uint32_t seed;
};

// Words "key=value", in any order, each key once at most: loss, burst, delay, jitter, reorder,
// reorder-by, duplicate, direction (both), only (all), from-time (0s), seed. What is not named is 0.
// On -EINVAL `err` says what was found and what was expected.
int dials_parse(struct dials_request *out, const char *words, char *err, size_t size);
