// SPDX-License-Identifier: BSD-3-Clause
// Blocks of a pcapng file, octet by octet as the draft has them; test/dp/test_capture.c has Wireshark
// read whole files.
#include "test/unit/test.h"

#include "lib/pcapng.h"

static uint8_t got[4096];

static void expect(size_t n, const char *hex)
{
	uint8_t want[1024];

	assert_int_equal(n, unhex(hex, want));
	assert_memory_equal(got, want, n);
}

static void test_section(void **state)
{
	expect(pcapng_section(got, sizeof(got), "callgate", NULL),
		"0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff"
		"0400 0800 63616c6c67617465 00000000 2c000000");
	expect(pcapng_section(got, sizeof(got), NULL, "abcde"),
		"0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff"
		"0100 0500 6162636465000000 00000000 2c000000");
}

static void test_interface(void **state)
{
	expect(pcapng_interface(got, sizeof(got), "in", "eth", 96),
		"01000000 30000000 0100 0000 60000000 0200 0200 696e0000 0300 0300 65746800"
		"0900 0100 09000000 00000000 30000000");
}

static void test_packet(void **state)
{
	struct pcapng_packet p = {.iface = 2,
		.time_ns = UINT64_C(0x0102030405060708),
		.data = "\xaa\xbb\xcc\xdd\xee",
		.len = 5,
		.original_len = 1500,
		.direction = PCAPNG_IN,
		.comment = "why"};

	expect(pcapng_packet(got, sizeof(got), &p),
		"06000000 3c000000 02000000 04030201 08070605 05000000 dc050000 aabbccddee000000"
		"0100 0300 77687900 0200 0400 01000000 00000000 3c000000");
	p.comment = NULL;
	p.direction = PCAPNG_OUT;
	p.len = 4;
	expect(pcapng_packet(got, sizeof(got), &p),
		"06000000 30000000 02000000 04030201 08070605 04000000 dc050000 aabbccdd"
		"0200 0400 02000000 00000000 30000000");
}

static void test_statistics(void **state)
{
	const struct pcapng_statistics s = {.iface = 1,
		.time_ns = 3,
		.start_ns = 1ull << 32,
		.end_ns = 3,
		.received = 1ull << 40,
		.lost = 7};
	size_t n = pcapng_statistics(got, sizeof(got), &s);
	uint32_t type;

	expect(n,
		"05000000 4c000000 01000000 00000000 03000000 0200 0800 01000000 00000000"
		"0300 0800 00000000 03000000 0400 0800 0000000000010000 0700 0800 0700000000000000"
		"00000000 4c000000");
	assert_int_equal(pcapng_block(got, n, &type), n);
	assert_int_equal(type, PCAPNG_STATISTICS);
	assert_int_equal(pcapng_lost(got, n), 7);
}

// One octet too few, for each length down to none, writes nothing behind the end.
static void test_no_room(void **state)
{
	const struct pcapng_packet p = {
		.data = "abcdefg", .len = 7, .original_len = 7, .comment = "because"};
	size_t whole = pcapng_packet(got, sizeof(got), &p);

	assert_true(whole > 0);
	for (size_t size = 0; size < whole; size++) {
		memset(got, 0x5a, sizeof(got));
		assert_int_equal(pcapng_packet(got, size, &p), 0);
		for (size_t i = size; i < whole + 8; i++)
			assert_int_equal(got[i], 0x5a);
	}
	assert_int_equal(pcapng_packet(got, whole, &p), whole);
}

static void test_long_text(void **state)
{
	char text[2 * PCAPNG_TEXT_MAX];
	struct pcapng_packet p = {.data = "", .comment = text};

	memset(text, 'x', sizeof(text)); // without an end
	assert_in_range(pcapng_packet(got, sizeof(got), &p), PCAPNG_TEXT_MAX, PCAPNG_BLOCK_MAX);
	assert_in_range(pcapng_section(got, sizeof(got), text, text), 2 * PCAPNG_TEXT_MAX,
		PCAPNG_BLOCK_MAX);
}

static void test_reading(void **state)
{
	static const struct {
		const char *hex;
		size_t len;
	} t[] = {
		{"", 0},
		{"06000000 0c0000", 0},
		{"06000000 0c000000", 12},
		{"06000000 00010000", 256}, // there will be more
		{"06000000 0b000000", SIZE_MAX},
		{"06000000 00000000", SIZE_MAX},
		{"06000000 0d000000", SIZE_MAX},
	};
	uint8_t block[64];
	uint32_t type;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(pcapng_block(block, unhex(t[i].hex, block), &type), t[i].len);
	// Statistics that say nothing, or lie about their length.
	assert_int_equal(pcapng_lost(block, 0), 0);
	assert_int_equal(
		pcapng_lost(block,
			unhex("05000000 18000000 00000000 00000000 00000000 18000000", block)),
		0);
	assert_int_equal(pcapng_lost(block,
				 unhex("05000000 20000000 00000000 00000000 00000000"
				       "0700 0800 07000000 20000000",
					 block)),
		0);
	assert_int_equal(pcapng_lost(block,
				 unhex("05000000 20000000 00000000 00000000 00000000"
				       "0400 ffff 07000000 20000000",
					 block)),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section),
		cmocka_unit_test(test_interface),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
