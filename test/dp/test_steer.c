// SPDX-License-Identifier: BSD-3-Clause
// Ownership is a pure function, the same for both directions: dp/handoff.h, design section 3.
// No EAL.
#include "test/unit/test.h"

#include "dp/handoff.h"
#include "dp/secret.h"

enum { OUTSIDE, INSIDE };

static struct flow flow(
	uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	return (struct flow){{ip(src), sport}, {ip(dst), dport}, proto};
}

static struct nat_rule nat[2];
static struct dp_media_addr media[2];
static uint64_t index_room[32];
static struct snapshot rules;

static int setup(void **state)
{
	nat[0] = (struct nat_rule){.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("192.168.10.30"),
		.mapped = net("209.165.200.228")};
	nat[1] = (struct nat_rule){.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("192.168.10.31"),
		.mapped = net("209.165.200.229"),
		.proto = PROTO_TCP,
		.real_port = 8080,
		.mapped_port = 80};
	media[0] = (struct dp_media_addr){OUTSIDE, ip("209.165.200.230"), 16384, 32767};
	media[1] = (struct dp_media_addr){INSIDE, ip("192.168.10.3"), 16384, 32767};
	memset(index_room, 0, sizeof(index_room));
	assert_true(media_addr_index_size(2) <= sizeof(index_room));
	assert_int_equal(media_addr_index((struct media_index *)index_room, media, 2), 0);
	rules = (struct snapshot){.nat = nat,
		.n_nat = 2,
		.media = media,
		.n_media = 2,
		.media_index = (const struct media_index *)index_room};
	return 0;
}

static unsigned int owner(unsigned int n, uint16_t in, const struct flow *f)
{
	const struct handoff_key k = {.seed = 99, .n_workers = n};

	return handoff_owner(&k, &rules, in, f);
}

#define COUNTS 3
static const unsigned int worker_counts[COUNTS] = {1, 2, 4};

// Rule 1: a media port belongs to the worker of its slice, whoever sends to it.
static void test_media_slice(void **state)
{
	for (size_t i = 0; i < COUNTS; i++) {
		unsigned int n = worker_counts[i];

		for (uint32_t port = 16384; port <= 32767; port += 61) {
			struct flow f = flow(
				PROTO_UDP, "198.51.100.1", 9000, "209.165.200.230", (uint16_t)port);
			struct flow g = flow(
				PROTO_UDP, "192.168.10.40", 4000, "192.168.10.3", (uint16_t)port);

			assert_true(handoff_is_media(&rules, OUTSIDE, &f));
			assert_int_equal(
				owner(n, OUTSIDE, &f), steer_port_owner((uint16_t)port, n));
			assert_int_equal(owner(n, INSIDE, &g), steer_port_owner((uint16_t)port, n));
		}
	}
}

static void test_media_not(void **state)
{
	const struct {
		uint16_t in;
		struct flow f;
	} cases[] = {
		{INSIDE, flow(PROTO_UDP, "198.51.100.1", 9000, "209.165.200.230", 16384)},
		{OUTSIDE, flow(PROTO_TCP, "198.51.100.1", 9000, "209.165.200.230", 16384)},
		{OUTSIDE, flow(PROTO_UDP, "198.51.100.1", 9000, "209.165.200.230", 16383)},
		{OUTSIDE, flow(PROTO_UDP, "198.51.100.1", 9000, "209.165.200.230", 32768)},
		{OUTSIDE, flow(PROTO_UDP, "198.51.100.1", 9000, "209.165.200.231", 16384)},
	};
	const struct flow last = flow(PROTO_UDP, "198.51.100.1", 9000, "209.165.200.230", 32767);

	assert_true(handoff_is_media(&rules, OUTSIDE, &last));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(handoff_is_media(&rules, cases[i].in, &cases[i].f));
}

// Rule 3: inbound to the mapped address and outbound from the real one meet, for each protocol.
static void test_both_directions(void **state)
{
	const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP, 50};

	for (size_t i = 0; i < COUNTS; i++) {
		unsigned int n = worker_counts[i];

		for (uint16_t port = 1024; port < 2024; port++) {
			uint8_t proto = protos[port % 4];
			uint16_t peer = proto == PROTO_ICMP ? port : 5070;
			struct flow in = flow(proto, "198.51.100.1", port, "209.165.200.228", peer);
			struct flow out = flow(proto, "192.168.10.30", peer, "198.51.100.1", port);

			assert_int_equal(owner(n, OUTSIDE, &in), owner(n, INSIDE, &out));
		}
	}
}

// Without translation, between hosts that no rule knows.
static void test_plain(void **state)
{
	for (size_t i = 0; i < COUNTS; i++) {
		unsigned int n = worker_counts[i];

		for (uint16_t port = 1024; port < 1524; port++) {
			struct flow out = flow(PROTO_UDP, "10.1.1.1", port, "198.51.100.1", 53);
			struct flow in = flow(PROTO_UDP, "198.51.100.1", 53, "10.1.1.1", port);

			assert_int_equal(owner(n, INSIDE, &out), owner(n, OUTSIDE, &in));
		}
	}
}

// Static PAT: the port is undone too.
static void test_static_pat(void **state)
{
	for (size_t i = 0; i < COUNTS; i++) {
		unsigned int n = worker_counts[i];

		for (uint16_t port = 1024; port < 1524; port++) {
			struct flow in =
				flow(PROTO_TCP, "198.51.100.1", port, "209.165.200.229", 80);
			struct flow out =
				flow(PROTO_TCP, "192.168.10.31", 8080, "198.51.100.1", port);

			assert_int_equal(owner(n, OUTSIDE, &in), owner(n, INSIDE, &out));
		}
	}
}

// A frame of the control plane is steered as its answer: source the mapped address or our own.
static void test_punted(void **state)
{
	for (size_t i = 0; i < COUNTS; i++) {
		unsigned int n = worker_counts[i];

		for (uint16_t port = 1024; port < 1524; port++) {
			struct flow answer =
				flow(PROTO_TCP, "198.51.100.1", 5061, "209.165.200.228", port);
			struct flow sent =
				flow(PROTO_TCP, "209.165.200.228", port, "198.51.100.1", 5061);
			struct flow turned = {sent.dst, sent.src, sent.proto};

			assert_int_equal(owner(n, OUTSIDE, &answer), owner(n, OUTSIDE, &turned));
		}
	}
}

// Many flows spread over the workers, and another key spreads them otherwise.
static void test_spread(void **state)
{
	const struct handoff_key a = {.seed = 1, .n_workers = 4}, b = {.seed = 2, .n_workers = 4};
	unsigned int count[4] = {0}, moved = 0;

	for (uint16_t port = 1000; port < 5000; port++) {
		struct flow f = flow(PROTO_TCP, "198.51.100.1", port, "209.165.200.228", 5070);
		unsigned int o = handoff_owner(&a, &rules, OUTSIDE, &f);

		assert_true(o < 4);
		count[o]++;
		moved += o != handoff_owner(&b, &rules, OUTSIDE, &f);
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_in_range(count[i], 850, 1150);
	assert_in_range(moved, 2700, 3300);
}

// One seed makes the same secrets each time; another seed, or purpose, makes others in every bit's chance.
static void test_secrets(void **state)
{
	const uint64_t seeds[] = {1, 2, UINT64_C(1) << 32, UINT64_MAX};
	uint64_t words[4][2][8], again[8];
	unsigned int bits = 0;

	for (size_t i = 0; i < 4; i++)
		for (enum secret what = SECRET_STEER; what <= SECRET_SESS; what++)
			assert_int_equal(secret_words(seeds[i], what, words[i][what], 8), 0);
	assert_int_equal(secret_words(seeds[1], SECRET_SESS, again, 8), 0);
	assert_memory_equal(again, words[1][SECRET_SESS], sizeof(again));
	for (size_t i = 1; i < 64; i++) // with the one before
		bits += (unsigned int)__builtin_popcountll(
			(&words[0][0][0])[i] ^ (&words[0][0][0])[i - 1]);
	assert_in_range(bits, 63 * 28, 63 * 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_media_slice),
		cmocka_unit_test(test_media_not),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_static_pat),
		cmocka_unit_test(test_punted),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
