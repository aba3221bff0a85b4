// SPDX-License-Identifier: BSD-3-Clause
// lib/frag.h: which fragments make a datagram, and which refuse it.
#include "test/unit/test.h"

#include "lib/flow.h"
#include "lib/frag.h"

#define PIECES 6

static void test_judge(void **state)
{
	static const struct {
		struct frag_piece piece;
		enum frag_verdict want;
	} t[] = {
		{{0, 8, true, PROTO_UDP}, FRAG_HELD},
		{{0, 1480, true, PROTO_TCP}, FRAG_HELD},
		{{1480, 1, false, PROTO_UDP}, FRAG_HELD},
		{{0, 0, true, PROTO_UDP}, FRAG_MALFORMED},
		{{1480, 0, false, PROTO_UDP}, FRAG_MALFORMED},
		{{0, 9, true, PROTO_UDP}, FRAG_MALFORMED},
		{{1480, 7, true, PROTO_UDP}, FRAG_MALFORMED},
		// RFC 1858: ports without flags, flags without ports.
		{{0, 8, true, PROTO_TCP}, FRAG_TINY},
		{{0, 16, true, PROTO_TCP}, FRAG_TINY},
		{{0, 24, true, PROTO_TCP}, FRAG_HELD},
		{{8, 32, true, PROTO_TCP}, FRAG_TINY},
		{{16, 32, false, PROTO_TCP}, FRAG_TINY},
		{{24, 32, false, PROTO_TCP}, FRAG_HELD},
		{{8, 32, true, PROTO_UDP}, FRAG_HELD},
		// A ping of death, and the longest there may be.
		{{65528, 8, false, PROTO_ICMP}, FRAG_LONG},
		{{65512, 3, false, PROTO_ICMP}, FRAG_HELD},
		{{65512, 4, false, PROTO_ICMP}, FRAG_LONG},
		{{65528, 65535, false, PROTO_ICMP}, FRAG_LONG},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(frag_judge(&t[i].piece), t[i].want);
}

static void test_add(void **state)
{
	static const struct {
		const char *what;
		unsigned int n;
		struct frag_piece piece[PIECES];
		enum frag_verdict want; // of the last; FRAG_HELD of all before
	} t[] = {
		{"in order", 3, {{0, 16, true, 0}, {16, 16, true, 0}, {32, 5, false, 0}},
			FRAG_WHOLE},
		{"backwards", 3, {{32, 5, false, 0}, {16, 16, true, 0}, {0, 16, true, 0}},
			FRAG_WHOLE},
		{"the middle last", 3, {{0, 16, true, 0}, {32, 5, false, 0}, {16, 16, true, 0}},
			FRAG_WHOLE},
		{"a hole", 3, {{0, 16, true, 0}, {24, 8, true, 0}, {32, 5, false, 0}}, FRAG_HELD},
		{"no beginning", 2, {{16, 16, true, 0}, {32, 5, false, 0}}, FRAG_HELD},
		{"no end", 2, {{0, 16, true, 0}, {16, 16, true, 0}}, FRAG_HELD},
		{"again", 2, {{0, 16, true, 0}, {0, 16, true, 0}}, FRAG_DUPLICATE},
		{"the end again", 2, {{16, 5, false, 0}, {16, 5, false, 0}}, FRAG_DUPLICATE},
		{"again, as the end", 2, {{16, 8, true, 0}, {16, 8, false, 0}}, FRAG_ENDS},
		{"again, no more the end", 2, {{16, 8, false, 0}, {16, 8, true, 0}}, FRAG_ENDS},
		{"teardrop: inside", 2, {{0, 32, true, 0}, {8, 4, false, 0}}, FRAG_ENDS},
		{"inside", 2, {{0, 32, true, 0}, {8, 8, true, 0}}, FRAG_OVERLAP},
		{"around", 2, {{8, 8, true, 0}, {0, 32, true, 0}}, FRAG_OVERLAP},
		{"over the beginning", 2, {{8, 16, true, 0}, {0, 16, true, 0}}, FRAG_OVERLAP},
		{"over the end", 2, {{8, 16, true, 0}, {16, 16, true, 0}}, FRAG_OVERLAP},
		{"the end over another", 2, {{0, 16, true, 0}, {8, 16, false, 0}}, FRAG_OVERLAP},
		{"same start, longer", 2, {{0, 16, true, 0}, {0, 24, true, 0}}, FRAG_OVERLAP},
		{"two ends, the second later", 2, {{16, 5, false, 0}, {32, 5, false, 0}},
			FRAG_ENDS},
		{"two ends, the second earlier", 2, {{32, 5, false, 0}, {16, 5, false, 0}},
			FRAG_ENDS},
		{"two ends, of one piece", 2, {{16, 8, false, 0}, {16, 5, false, 0}}, FRAG_ENDS},
		{"more behind the end", 2, {{16, 5, false, 0}, {24, 8, true, 0}}, FRAG_ENDS},
		{"more at the end", 2, {{16, 8, false, 0}, {8, 16, true, 0}}, FRAG_ENDS},
		{"the end before another", 2, {{32, 8, true, 0}, {16, 5, false, 0}}, FRAG_ENDS},
		{"one too many", 5,
			{{0, 8, true, 0}, {8, 8, true, 0}, {16, 8, true, 0}, {24, 8, true, 0},
				{32, 8, false, 0}},
			FRAG_MANY},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct frag_chain c = {0}, before;

		for (unsigned int k = 0; k < t[i].n; k++) {
			enum frag_verdict want = k + 1 < t[i].n ? FRAG_HELD : t[i].want, got;

			before = c;
			got = frag_add(&c, &t[i].piece[k], 4);
			if (got != want)
				fail_msg("%s: piece %u: verdict %d, not %d", t[i].what, k, got,
					want);
			if (got > FRAG_WHOLE)
				assert_memory_equal(&before, &c, sizeof(c));
		}
	}
}

// The longest datagram in the smallest pieces that a chain has room for.
static void test_long_chain(void **state)
{
	const uint16_t step = 1024;
	struct frag_chain c = {0};
	struct frag_piece p = {.len = step, .more = true};

	for (unsigned int i = 0; i < FRAG_CHAIN_MAX - 1; i++, p.offset += step)
		assert_int_equal(frag_add(&c, &p, UINT16_MAX), FRAG_HELD);
	p.len = FRAG_OCTETS_MAX - (FRAG_CHAIN_MAX - 1) * step;
	p.more = false;
	assert_int_equal(frag_judge(&p), FRAG_HELD);
	assert_int_equal(frag_add(&c, &p, UINT16_MAX), FRAG_WHOLE);
	assert_int_equal(c.total, FRAG_OCTETS_MAX);
	// And one more than there is room for, whatever the caller allows.
	c = (struct frag_chain){0};
	p = (struct frag_piece){.len = 8, .more = true};
	for (unsigned int i = 0; i < FRAG_CHAIN_MAX; i++, p.offset += 8)
		assert_int_equal(frag_add(&c, &p, UINT16_MAX), FRAG_HELD);
	assert_int_equal(frag_add(&c, &p, UINT16_MAX), FRAG_MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_long_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
