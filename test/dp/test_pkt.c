// SPDX-License-Identifier: BSD-3-Clause
// The checksum of a worker against DPDK's, at every length and alignment, with and without
// AVX-512: dp/pkt.h. No EAL.
#include "test/unit/test.h"

#include "dp/pkt_sum.h"

#define ROOM 2048

static uint8_t octets[ROOM + 64];

static uint16_t fold(uint64_t sum)
{
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

static void check(size_t at, size_t n)
{
	const uint16_t want = rte_raw_cksum(octets + at, n);
	const uint16_t got = fold(pkt_sum(octets + at, n)), any = fold(pkt_sum_any(octets + at, n));

	if (got != want || any != want)
		fail_msg("%zu octets at %zu: %04x and %04x, not %04x", n, at, got, any, want);
}

static void test_sum_random(void **state)
{
	srand(7);
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)rand();
	for (size_t n = 0; n <= ROOM; n++)
		for (size_t at = 0; at < 8; at++)
			check(at, n);
}

// Carries out of every word.
static void test_sum_extremes(void **state)
{
	const uint8_t fill[] = {0, 0xff};

	for (unsigned int i = 0; i < 2; i++) {
		memset(octets, fill[i], sizeof(octets));
		for (size_t n = 0; n <= ROOM; n++)
			check(n % 3, n);
	}
}

// What stands around the octets does not count.
static void test_sum_bounds(void **state)
{
	for (size_t n = 0; n < 70; n++) {
		memset(octets, 0xff, sizeof(octets));
		memset(octets + 32, 0, n);
		assert_int_equal(pkt_sum(octets + 32, n), 0);
		assert_int_equal(pkt_sum_any(octets + 32, n), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum_random),
		cmocka_unit_test(test_sum_extremes),
		cmocka_unit_test(test_sum_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
