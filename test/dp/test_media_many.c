// SPDX-License-Identifier: BSD-3-Clause
// A hundred thousand streams at once, on many addresses: each with its own packets, what they cost,
// and that they leave nothing behind.
#include "test/dp/media_env.h"

#include <unistd.h>

#define STREAMS  100000
#define PER_ADDR 8064 // of the first worker: 63 blocks of 128 even ports

static struct endpoint local(uint32_t id, unsigned int leg)
{
	uint32_t k = id % PER_ADDR;
	struct endpoint e = {.port = (uint16_t)(1024 + k / 128 * 512 + k % 128 * 2)};

	e.ip = ip_from_v4_be(rte_cpu_to_be_32(0x0a000000 + leg * 256 + id / PER_ADDR));
	return e;
}

// Every tenth is SRTP outside.
static struct dp_msg msg(uint32_t id)
{
	struct dp_msg s = stream_msg(0);

	s.media.stream = id;
	s.media.leg[OUTSIDE].suite = id % 10 == 0 ? DP_SRTP_AES_CM_128_HMAC_SHA1_80 : DP_SRTP_NONE;
	for (unsigned int leg = 0; leg < 2; leg++) {
		s.media.leg[leg].local = local(id, leg);
		s.media.leg[leg].remote.port = (uint16_t)(1 + id % 60000);
	}
	return s;
}

// The sanitizers keep books of all memory, in memory.
#ifdef __SANITIZE_ADDRESS__
#define PER_STREAM_MAX 4096
#else
#define PER_STREAM_MAX (640 + 2 * 512 / 10) // contexts come on top, of a tenth
#endif

static size_t resident(void)
{
	unsigned long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &pages), 2);
	fclose(f);
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void test_many(void **state)
{
	uint8_t out[256];

	for (unsigned int round = 0; round < 2; round++) {
		size_t before = resident();

		for (uint32_t i = 0; i < STREAMS; i++) {
			struct dp_msg s = msg(i);

			send_ok(&s);
		}
		assert_int_equal(media_ctl_streams(), STREAMS);
		if (round == 0)
			assert_in_range((resident() - before) / STREAMS, 200, PER_STREAM_MAX);
		for (uint32_t i = 0; i < STREAMS; i += 7) {
			struct dp_msg s = msg(i);
			const struct dp_media_leg *o = &s.media.leg[OUTSIDE];

			assert_true(relayed(rtp_from(&s, INSIDE, 1), o->local, o->remote, out) > 0);
			assert_int_equal(leg_stats(i, INSIDE).rx_packets, 1);
			assert_int_equal(leg_stats(i, OUTSIDE).tx_packets, 1);
		}
		for (uint32_t i = 0; i < STREAMS; i++)
			del(i);
		assert_int_equal(media_ctl_streams(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_many),
	};
	streams_max = STREAMS;
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
