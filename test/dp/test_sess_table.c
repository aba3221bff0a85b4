// SPDX-License-Identifier: BSD-3-Clause
// The table that finds sessions against a plain list, on random traces: few hashes, so that buckets
// overflow into each other and tags are alike; and all keys of a full table.
#include "test/dp/harness.h"

#include "dp/sess_table.h"

#define SLOTS  64
#define STEPS  200000
#define HASHES 12

static uint32_t rng_state;

static uint32_t rng(void)
{
	rng_state = rng_state * 1664525 + 1013904223;
	return rng_state >> 8;
}

struct model {
	bool live[2 * SLOTS];
	uint64_t hash[2 * SLOTS];
};

// All in few buckets of 32, and at the end of the table, so that it goes round; tags of two kinds.
static uint64_t any_hash(void)
{
	return (uint64_t)(rng() % 2) << 32 | (27 + rng() % (HASHES / 2)) % 32;
}

static struct sess_key key_of(unsigned int n)
{
	return (struct sess_key){
		.ends = {.src_port = (uint16_t)(n * 7)}, .iface = (uint16_t)n, .proto = PROTO_UDP};
}

static void agrees(const struct sess_table *t, const struct model *m, unsigned int n)
{
	struct sess_key k = key_of(n);
	uint32_t want = m->live[n] ? sess_ref(n / 2, n % 2) : 0;

	assert_int_equal(sess_table_find(t, k, m->hash[n]), want);
	if (want != 0) // some key with that tag, if not this one
		assert_int_not_equal(sess_table_guess(t, m->hash[n]), 0);
}

static void test_random(void **state)
{
	struct sess_table *t = h.w->sess;
	static struct model m;

	assert_int_equal(t->bucket_mask, SLOTS / 2 - 1);
	memset(&m, 0, sizeof(m));
	for (unsigned int n = 0; n < 2 * SLOTS; n++)
		t->slots[n / 2].key[n % 2] = key_of(n);
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int n = rng() % (2 * SLOTS);

		agrees(t, &m, n);
		if (m.live[n])
			sess_table_del(t, m.hash[n], sess_ref(n / 2, n % 2));
		else
			sess_table_add(t, m.hash[n] = any_hash(), sess_ref(n / 2, n % 2));
		m.live[n] = !m.live[n];
		agrees(t, &m, n);
		agrees(t, &m, rng() % (2 * SLOTS));
	}
	for (unsigned int n = 0; n < 2 * SLOTS; n++)
		if (m.live[n])
			sess_table_del(t, m.hash[n], sess_ref(n / 2, n % 2));
	for (uint32_t i = 0; i <= t->bucket_mask; i++) { // nothing is left, and nothing is owed
		assert_int_equal(t->buckets[i].passed, 0);
		for (unsigned int k = 0; k < SESS_BUCKET_KEYS; k++)
			assert_int_equal(t->buckets[i].ref[k], 0);
	}
}

// As many keys as there can be, all of one hash: slow, but there is room.
static void test_one_hash(void **state)
{
	struct sess_table *t = h.w->sess;

	for (unsigned int n = 0; n < 2 * SLOTS; n++) {
		t->slots[n / 2].key[n % 2] = key_of(n);
		sess_table_add(t, 5, sess_ref(n / 2, n % 2));
	}
	for (unsigned int n = 0; n < 2 * SLOTS; n++) {
		struct sess_key k = key_of(n);

		assert_int_equal(sess_table_find(t, k, 5), sess_ref(n / 2, n % 2));
	}
	for (unsigned int n = 0; n < 2 * SLOTS; n++)
		sess_table_del(t, 5, sess_ref(n / 2, n % 2));
}

// Tuples as they come from a scan: the buckets are filled about evenly.
static void test_spread(void **state)
{
	const struct sess_table *t = h.w->sess;
	unsigned int count[SLOTS / 2] = {0}, tags = 0;

	for (unsigned int n = 0; n < 64 * SLOTS / 2; n++) {
		const struct flow f = {ep("192.0.2.1", (uint16_t)(1024 + n / 64)),
			ep("198.51.100.7", (uint16_t)(n % 64)), PROTO_TCP};
		uint64_t hash = sess_key_hash(t, sess_key_make(&f, 0));

		count[sess_home(t, hash)]++;
		tags ^= sess_tag(hash);
	}
	for (unsigned int i = 0; i < SLOTS / 2; i++)
		assert_in_range(count[i], 32, 96); // 4 standard deviations
	assert_int_not_equal(tags, 0);
}

static void test_sizes(void **state)
{
	const struct {
		uint32_t max, buckets;
	} cases[] = {{8, 4}, {9, 4}, {64, 32}, {65536, 32768}, {100000, 65536}, {4000000, 2097152},
		{4194304, 2097152}};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		assert_int_equal(sess_table_buckets(cases[i].max), cases[i].buckets);
		assert_true((uint64_t)cases[i].buckets * SESS_BUCKET_KEYS >= 2ull * cases[i].max);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random), TEST(test_one_hash), TEST(test_spread), TEST(test_sizes)};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
