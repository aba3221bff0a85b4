// SPDX-License-Identifier: BSD-3-Clause
// What one source may cost: handshakes at once and per second, and a table that strangers cannot
// push a busy source out of.
#include "test/unit/test.h"

#include "cp/peers.h"

#define S 1000000000ull

static struct peers *peers;

static int setup(void **state)
{
	peers = peers_new();
	return peers != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	peers_free(peers);
	return 0;
}

static struct ip_addr ip(unsigned int n)
{
	return ip_from_v4_be(n * 2654435761u);
}

static unsigned int start_all(const struct ip_addr *a, uint64_t now_ns)
{
	unsigned int n = 0;

	while (peers_handshake_start(peers, a, now_ns))
		n++;
	return n;
}

static void test_at_once(void **state)
{
	struct ip_addr a = ip(1), b = ip(2);

	assert_int_equal(start_all(&a, S), 32);
	assert_int_equal(start_all(&b, S), 32); // another source is not concerned
	peers_handshake_done(peers, &a, S);
	assert_int_equal(start_all(&a, S), 1);
}

// 60 in a burst, then 20 a second.
static void test_rate(void **state)
{
	struct ip_addr a = ip(1);
	unsigned int n = 0;

	for (int i = 0; i < 200; i++) {
		if (peers_handshake_start(peers, &a, S)) {
			peers_handshake_done(peers, &a, S);
			n++;
		}
	}
	assert_int_equal(n, 60);
	assert_int_equal(peers_handshake_start(peers, &a, S), false);
	for (n = 0; peers_handshake_start(peers, &a, 2 * S); n++)
		peers_handshake_done(peers, &a, 2 * S);
	assert_int_equal(n, 20);
}

// Strangers without number: who is in a handshake keeps its entry.
static void test_table(void **state)
{
	struct ip_addr a = ip(0);

	assert_int_equal(start_all(&a, S), 32);
	for (unsigned int i = 1; i < 100000; i++) {
		struct ip_addr x = ip(i);

		peers_get(peers, &x, S + i);
	}
	assert_int_equal(peers_get(peers, &a, 2 * S)->in_handshake, 32);
	for (int i = 0; i < 40; i++)
		peers_handshake_done(peers, &a, 2 * S);
	assert_int_equal(peers_get(peers, &a, 2 * S)->in_handshake, 0);
}

// TKT-16 c: 50 a second, 100 at once.
static void test_tkt16_ticket_rate(void **state)
{
	struct ip_addr a = ip(1);
	struct peer *p = peers_get(peers, &a, S);
	unsigned int n = 0;

	while (bucket_take(&p->ticket_misses, &peers_ticket_rate, S))
		n++;
	assert_int_equal(n, 100);
	for (n = 0; bucket_take(&p->ticket_misses, &peers_ticket_rate, 2 * S); n++)
		;
	assert_int_equal(n, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_once),
		TEST(rate),
		TEST(table),
		TEST(tkt16_ticket_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
