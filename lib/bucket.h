// SPDX-License-Identifier: BSD-3-Clause
// A token bucket: `rate` tokens a second, at most `burst` saved up. Both planes use it, workers
// per packet, so a bucket is one integer, a take costs an addition and two compares, and the rate
// is kept apart because thousands of buckets share one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Precise to 0.1 % up to a million a second; a rate above 10^9 means no limit.
struct bucket_rate {
	uint64_t interval_ns; // what one token costs
	uint64_t burst_ns;    // what a full bucket holds
};

// All zeros is a full bucket.
struct bucket {
	uint64_t full_at_ns; // when it will be full again
};

// A rate or a burst of 0 lets nothing pass.
static inline struct bucket_rate bucket_rate(uint32_t rate_per_s, uint32_t burst)
{
	if (rate_per_s == 0)
		return (struct bucket_rate){.interval_ns = 1};
	return (struct bucket_rate){
		.interval_ns = 1000000000ull / rate_per_s,
		.burst_ns = 1000000000ull / rate_per_s * burst,
	};
}

// Whether there is a token. `now_ns` is monotonic; a clock that steps back only makes the bucket look
// emptier than it is.
static inline bool bucket_has(const struct bucket *b, const struct bucket_rate *r, uint64_t now_ns)
{
	uint64_t from_ns = b->full_at_ns > now_ns ? b->full_at_ns : now_ns;

	return from_ns - now_ns + r->interval_ns <= r->burst_ns;
}

// Takes one token if there is one.
static inline bool bucket_take(struct bucket *b, const struct bucket_rate *r, uint64_t now_ns)
{
	if (!bucket_has(b, r, now_ns))
		return false;
	b->full_at_ns = (b->full_at_ns > now_ns ? b->full_at_ns : now_ns) + r->interval_ns;
	return true;
}
