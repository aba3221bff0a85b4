// SPDX-License-Identifier: BSD-3-Clause
// What one source may cost: embryonic connections at once, handshakes per second, and a table that
// strangers cannot push a busy or a proven source out of.
#include "test/unit/test.h"

#include "cp/peers.h"

#define S 1000000000ull

static struct peers *peers;

static int setup(void **state)
{
	static const struct peers_limits limits = {.client_embryonic_max = 32,
		.rate = 100,
		.rate_burst = 100,
		.client_rate = 20,
		.client_burst = 60};

	peers = peers_new(&limits);
	return peers != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	peers_free(peers);
	return 0;
}

static struct ip_addr nth(unsigned int n)
{
	return ip_from_v4_be(n * 2654435761u);
}

static unsigned int open_all(const struct ip_addr *a, uint64_t now_ns)
{
	unsigned int n = 0;

	while (peers_embryonic(peers, a, now_ns) != NULL)
		n++;
	return n;
}

// The first to say no.
static enum peers_verdict handshakes(unsigned int who, uint64_t now_ns, unsigned int *n)
{
	struct ip_addr a = nth(who);
	struct peer *peer = peers_get(peers, &a, now_ns);
	enum peers_verdict v;

	for (*n = 0; (v = peers_handshake(peers, peer, now_ns)) == PEERS_OK; (*n)++)
		;
	return v;
}

static void ends(unsigned int who, enum peers_end how, uint64_t now_ns)
{
	struct ip_addr a = nth(who);

	peers_embryonic_end(peers_embryonic(peers, &a, now_ns), how, now_ns);
}

static void test_at_once(void **state)
{
	struct ip_addr a = nth(1), b = nth(2);

	assert_int_equal(open_all(&a, S), 32);
	assert_int_equal(open_all(&b, S), 32); // another source is not concerned
	peers_embryonic_end(peers_get(peers, &a, S), PEERS_FAILED, S);
	assert_int_equal(open_all(&a, S), 1);
}

// 60 in a burst, then 20 a second.
static void test_rate(void **state)
{
	unsigned int n;

	assert_int_equal(handshakes(1, S, &n), PEERS_REFUSED);
	assert_int_equal(n, 60);
	assert_int_equal(handshakes(1, 2 * S, &n), PEERS_REFUSED);
	assert_int_equal(n, 20);
}

// All strangers together: 100 in a burst, then 100 a second. Who has to wait has paid his own part.
static void test_strangers(void **state)
{
	struct ip_addr a = nth(2);
	struct peer *waits = peers_get(peers, &a, S);
	unsigned int n;

	assert_int_equal(handshakes(1, S, &n), PEERS_REFUSED);
	assert_int_equal(handshakes(2, S, &n), PEERS_WAIT);
	assert_int_equal(n, 40);
	assert_false(peers_handshake_again(peers, waits, S));
	assert_true(peers_handshake_again(peers, waits, S + S / 100));
	assert_false(peers_handshake_again(peers, waits, S + S / 100));
}

// The budget of strangers is used up: a source with a completed handshake does not notice, for an hour.
static void test_proven(void **state)
{
	unsigned int n;

	ends(7, PEERS_PROVEN, S);
	handshakes(1, S, &n);
	handshakes(2, S, &n);
	assert_int_equal(handshakes(3, S, &n), PEERS_WAIT);
	assert_int_equal(n, 0);
	assert_int_equal(handshakes(7, S, &n), PEERS_REFUSED);
	assert_int_equal(n, 60);
	ends(7, PEERS_FAILED, 2 * S); // nor when one of his is broken off
	assert_int_equal(handshakes(7, 2 * S, &n), PEERS_REFUSED);
	assert_int_equal(n, 20);
	handshakes(8, 3601 * S, &n);
	handshakes(9, 3601 * S, &n);
	assert_int_equal(handshakes(7, 3601 * S, &n), PEERS_WAIT);
}

// Who has failed gets half of the budget, for a minute; the other half is there for the next stranger.
static void test_failed(void **state)
{
	unsigned int n;

	ends(1, PEERS_FAILED, S);
	ends(2, PEERS_UNTRIED, S);
	assert_int_equal(handshakes(1, S, &n), PEERS_WAIT);
	assert_int_equal(n, 51);
	assert_int_equal(handshakes(2, S, &n), PEERS_WAIT);
	assert_int_equal(n, 49);
	assert_int_equal(handshakes(1, 62 * S, &n), PEERS_REFUSED);
	assert_int_equal(n, 60);
}

// Strangers without number: who is busy or has proved himself keeps his entry.
static void test_table(void **state)
{
	struct ip_addr a = nth(0), b = nth(1);

	assert_int_equal(open_all(&a, S), 32);
	ends(1, PEERS_PROVEN, S);
	for (unsigned int i = 2; i < 200000; i++) {
		struct ip_addr x = nth(i);

		peers_get(peers, &x, S + i);
	}
	assert_int_equal(peers_get(peers, &a, 2 * S)->embryonic, 32);
	assert_true(peer_is_proven(peers_get(peers, &b, 2 * S), 2 * S));
}

// Every place that an address may take is busy: it shares one, and nothing is lost count of.
static void test_table_full(void **state)
{
	enum { SOURCES = 100000 };
	static struct peer *held[SOURCES];

	for (unsigned int i = 0; i < SOURCES; i++) {
		struct ip_addr a = nth(i);

		held[i] = peers_embryonic(peers, &a, S);
	}
	for (unsigned int i = 0; i < SOURCES; i++)
		if (held[i] != NULL)
			peers_embryonic_end(held[i], PEERS_UNTRIED, S);
	for (unsigned int i = 0; i < SOURCES; i++) {
		struct ip_addr a = nth(i);

		assert_int_equal(peers_get(peers, &a, S)->embryonic, 0);
	}
}

// TKT-16 c: 50 a second, 100 at once.
static void test_tkt16_ticket_rate(void **state)
{
	struct ip_addr a = nth(1);
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
		TEST(strangers),
		TEST(proven),
		TEST(failed),
		TEST(table),
		TEST(table_full),
		TEST(tkt16_ticket_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
