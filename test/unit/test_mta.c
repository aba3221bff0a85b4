// SPDX-License-Identifier: BSD-3-Clause
// Media ports: pairs of one worker's slice, from the range, that rest after a call; alarms when
// they are used up; and messages that a full ring holds back.
#include "test/unit/test.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cp/alarm.h"
#include "cp/log.h"
#include "cp/mta.h"
#include "lib/steer.h"
#include "test/unit/fake_dp.h"

#define S_NS 1000000000ull

static struct config_media_addr addrs[128];
static struct config_mta pool;
static struct config_ime ime;
static struct config config = {.mtas = &pool, .n_mtas = 1};
static struct counters counters;
static struct mta *mta;
static const uint16_t ifaces[SIDES] = {0, 1};

static void add_addr(uint16_t iface, const char *ip)
{
	addrs[pool.n_addrs].iface = iface;
	assert_true(ip_parse(str_from(ip), &addrs[pool.n_addrs++].ip));
}

static int setup(void **state)
{
	log_set_severity(0);
	alarms_reset();
	fake_dp_reset();
	counters = (struct counters){0};
	pool = (struct config_mta){.addrs = addrs, .rtp_min_port = 16384, .rtp_max_port = 18431};
	add_addr(0, "209.165.200.229");
	add_addr(1, "192.168.10.3");
	config.n_workers = 4;
	config.media_streams_max = 8192;
	mta = NULL;
	return mta_new(&mta, &config, &ime, &counters);
}

// Again, with what the test changed.
static void renew(void)
{
	mta_free(mta);
	assert_int_equal(mta_new(&mta, &config, &ime, &counters), 0);
	mta_tick(mta, 1000 * S_NS);
}

static int teardown(void **state)
{
	mta_free(mta);
	return 0;
}

static int alloc(struct mta_stream *out)
{
	return mta_alloc(mta, ifaces, NULL, out);
}

// A whole call: held, relayed, released, let go.
static struct mta_stream call_once(void)
{
	struct mta_stream s;
	struct dp_msg m = {0};

	assert_int_equal(alloc(&s), 0);
	assert_int_equal(mta_set(mta, s.id, &m), 0);
	mta_release(mta, s.id);
	mta_gone(mta, s.id);
	return s;
}

// Every pair of the range once, in order; with a bound that cuts a pair, the half pair never.
static void test_ports(void **state)
{
	static const struct {
		uint16_t lo, hi;
		unsigned int workers, n;
	} t[] = {
		{16384, 18431, 1, 1024},
		{16384, 18431, 2, 1024},
		{16384, 18431, 3, 1024},
		{16384, 18431, 4, 1024},
		{16385, 18430, 2, 1022},
		{1024, 65535, 1, 32256},
		{1024, 65535, 4, 32256},
		{64000, 65535, 2, 768},
		{2000, 2001, 1, 1},
		{2001, 2002, 1, 0},
		{2001, 2003, 1, 1},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		static uint8_t used[SIDES][65536];
		unsigned int n = 0;
		struct mta_stream s;

		pool.rtp_min_port = t[i].lo;
		pool.rtp_max_port = t[i].hi;
		config.n_workers = t[i].workers;
		config.media_streams_max = 65536;
		renew();
		memset(used, 0, sizeof(used));
		for (; alloc(&s) == 0; n++) {
			for (int side = 0; side < SIDES; side++) {
				uint16_t port = s.local[side].port;

				assert_true(port >= t[i].lo && port < t[i].hi && port % 2 == 0);
				assert_int_equal(used[side][port]++, 0);
				assert_true(ip_eq(&s.local[side].ip, &addrs[side].ip));
				assert_int_equal(s.iface[side], side);
			}
			assert_int_equal(steer_port_owner(s.local[0].port, t[i].workers),
				steer_port_owner(s.local[1].port, t[i].workers));
		}
		assert_int_equal(n, t[i].n);
		assert_int_equal(mta_usage(mta).streams, n);
	}
}

// Calls are dealt out to the workers in turn, and to the addresses of an interface alike.
static void test_spread(void **state)
{
	unsigned int by_worker[4] = {0}, by_addr[4] = {0};
	struct mta_stream s;

	add_addr(0, "209.165.200.230");
	add_addr(1, "192.168.10.4");
	renew();
	for (int i = 0; i < 400; i++) {
		assert_int_equal(alloc(&s), 0);
		by_worker[steer_port_owner(s.local[0].port, 4)]++;
		for (int side = 0; side < SIDES; side++)
			for (size_t k = 0; k < 4; k++)
				by_addr[k] += ip_eq(&s.local[side].ip, &addrs[k].ip);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(by_worker[i], 100);
		assert_int_equal(by_addr[i], 200);
	}
	for (int i = 400; i < 2048; i++)
		assert_int_equal(alloc(&s), 0);
	assert_int_equal(alloc(&s), -ENOSPC);
}

// The streams of one call share their addresses, whatever is emptier.
static void test_beside(void **state)
{
	struct mta_stream first, s;

	add_addr(0, "209.165.200.230");
	add_addr(1, "192.168.10.4");
	renew();
	assert_int_equal(alloc(&first), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(mta_alloc(mta, ifaces, &first, &s), 0);
		for (int side = 0; side < SIDES; side++)
			assert_true(ip_eq(&s.local[side].ip, &first.local[side].ip));
	}
}

// A global address stands on every interface, and has its ports once.
static void test_global_address(void **state)
{
	static uint8_t used[65536];
	struct mta_stream s;
	int n = 0;

	memset(used, 0, sizeof(used));
	pool.n_addrs = 0;
	add_addr(0, "209.165.200.229");
	add_addr(1, "209.165.200.229");
	renew();
	for (; alloc(&s) == 0; n++)
		for (int side = 0; side < SIDES; side++)
			assert_int_equal(used[s.local[side].port]++, 0);
	assert_int_equal(n, 512);
}

static void test_no_address(void **state)
{
	const uint16_t other[SIDES] = {0, 7};
	struct mta_stream s;
	struct ip_addr ip;

	assert_int_equal(mta_alloc(mta, other, NULL, &s), -ENOENT);
	assert_int_equal(mta_local(mta, 7, &ip), -ENOENT);
	assert_int_equal(mta_local(mta, 1, &ip), 0);
	assert_true(ip_eq(&ip, &addrs[1].ip));
}

// What a worker says late about a stream that has ended is about nobody.
static void test_owner(void **state)
{
	struct mta_stream s;

	assert_int_equal(mta_owner(mta, 0), 0);
	assert_int_equal(alloc(&s), 0);
	assert_int_equal(mta_owner(mta, s.id), 0);
	mta_own(mta, s.id, 77);
	assert_int_equal(mta_owner(mta, s.id), 77);
	assert_int_equal(mta_owner(mta, s.id + 1), 0);
	mta_release(mta, s.id);
	assert_int_equal(mta_owner(mta, s.id), 0);
}

// A stream's id is free when its worker has let go; what the worker never heard of, at once.
static void test_release(void **state)
{
	struct mta_stream s, t;
	struct dp_msg m = {0};

	assert_int_equal(alloc(&s), 0);
	mta_release(mta, s.id);
	assert_int_equal(fake_dp_n_sent, 0);
	assert_int_equal(mta_usage(mta).leaving, 0);

	assert_int_equal(alloc(&s), 0);
	assert_int_equal(mta_set(mta, s.id, &m), 0);
	assert_int_equal(fake_dp_sent[0].media.leg[1].local.port, s.local[1].port);
	assert_int_equal(fake_dp_sent[0].media.leg[1].iface, 1);
	assert_int_equal(fake_dp_sent[0].version, DP_MSG_VERSION);
	mta_gone(mta, s.id); // nobody asked: a live stream stays
	assert_int_equal(mta_usage(mta).streams, 1);
	mta_release(mta, s.id);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 1);
	assert_int_equal(mta_usage(mta).streams, 0);
	assert_int_equal(mta_usage(mta).leaving, 1);
	assert_int_equal(alloc(&t), 0);
	assert_int_not_equal(t.id, s.id);
	mta_gone(mta, s.id);
	assert_int_equal(mta_usage(mta).leaving, 0);
	mta_gone(mta, s.id);
	mta_gone(mta, DP_STREAMS_MAX);
	assert_int_equal(alloc(&t), 0);
	assert_int_equal(t.id, s.id);
}

// The only port there is: not before the guard time after MEDIA_GONE is it used again.
static void test_guard(void **state)
{
	struct mta_stream first, s;
	struct dp_msg m = {0};

	pool.rtp_max_port = 16385;
	pool.port_guard_s = 30;
	config.n_workers = 1;
	renew();
	assert_int_equal(alloc(&first), 0);
	assert_int_equal(mta_set(mta, first.id, &m), 0);
	mta_release(mta, first.id);
	mta_tick(mta, 1500 * S_NS); // as long as the worker has it, no clock runs
	assert_int_equal(mta_usage(mta).resting, 0);
	assert_int_equal(alloc(&s), -ENOSPC);
	mta_gone(mta, first.id);
	assert_int_equal(mta_usage(mta).resting, 2);
	mta_tick(mta, 1501 * S_NS);
	mta_tick(mta, 1531 * S_NS);
	assert_int_equal(alloc(&s), -ENOSPC);
	mta_tick(mta, 1532 * S_NS);
	assert_int_equal(mta_usage(mta).resting, 0);
	assert_int_equal(alloc(&s), 0);
	assert_int_equal(s.local[0].port, first.local[0].port);

	// A peer has read the port in an offer, even if no worker ever had the stream.
	mta_release(mta, s.id);
	assert_int_equal(mta_usage(mta).resting, 2);
	assert_int_equal(alloc(&s), -ENOSPC);

	pool.port_guard_s = 0;
	renew();
	first = call_once();
	s = call_once();
	assert_int_equal(s.local[0].port, first.local[0].port);
}

// First in, first out; and the ring turns many times.
static void test_guard_order(void **state)
{
	pool.rtp_max_port = 16384 + 15; // 8 pairs
	pool.port_guard_s = 2;
	config.n_workers = 1;
	renew();
	for (uint64_t second = 1; second < 100; second++) {
		struct mta_stream a = call_once(), b = call_once(), s;

		assert_int_not_equal(a.local[0].port, b.local[0].port);
		mta_tick(mta, (1000 + second) * S_NS);
		assert_in_range(mta_usage(mta).resting, 4, 12);
		// The two of this second are never the ones of the last three.
		for (int i = 0; i < 2; i++) {
			assert_int_equal(alloc(&s), 0);
			assert_int_not_equal(s.local[0].port, a.local[0].port);
			assert_int_not_equal(s.local[0].port, b.local[0].port);
			mta_release(mta, s.id);
			second++;
			mta_tick(mta, (1000 + second) * S_NS);
		}
		second += 3;
		mta_tick(mta, (1000 + second) * S_NS);
		assert_int_equal(mta_usage(mta).resting, 0);
	}
}

// Used up: refused, one alarm however often; it is over when a sixteenth is free again, not before.
static void test_ports_alarm(void **state)
{
	struct mta_stream s, held[1024];
	const struct alarm *a = alarm_get(ALARM_MEDIA_PORTS);

	renew();
	for (int i = 0; i < 1024; i++)
		assert_int_equal(alloc(&held[i]), 0);
	assert_false(a->active);
	mta_tick(mta, 1001 * S_NS);
	assert_int_equal(alloc(&s), -ENOSPC);
	assert_int_equal(alloc(&s), -ENOSPC);
	assert_true(a->active);
	assert_int_equal(a->count, 2);
	assert_int_equal(a->raised_ns, 1001 * S_NS);
	assert_non_null(strstr(a->text, "1024 streams have theirs, 0 pairs rest"));
	for (int i = 0; i < 63; i++)
		mta_release(mta, held[i].id);
	mta_tick(mta, 1002 * S_NS);
	assert_true(a->active);
	mta_release(mta, held[63].id);
	mta_tick(mta, 1003 * S_NS);
	assert_false(a->active);
	assert_int_equal(a->cleared_ns, 1003 * S_NS);
	assert_int_equal(alloc(&s), 0);
}

static void test_streams_alarm(void **state)
{
	struct mta_stream s, held[16];

	config.media_streams_max = 16;
	renew();
	for (int i = 0; i < 16; i++)
		assert_int_equal(alloc(&held[i]), 0);
	assert_int_equal(alloc(&s), -ENOSPC);
	assert_true(alarm_get(ALARM_MEDIA_STREAMS)->active);
	assert_false(alarm_get(ALARM_MEDIA_PORTS)->active);
	mta_tick(mta, 1001 * S_NS);
	assert_true(alarm_get(ALARM_MEDIA_STREAMS)->active);
	mta_release(mta, held[7].id);
	mta_tick(mta, 1002 * S_NS);
	assert_false(alarm_get(ALARM_MEDIA_STREAMS)->active);
	assert_int_equal(alloc(&s), 0);
	assert_int_equal(s.id, held[7].id);
}

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long total, pages;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &total, &pages), 2);
	fclose(f);
	return pages * 4;
}

// A million streams on 64 addresses cost nothing before there are calls, and little then.
static void test_million(void **state)
{
	struct mta_stream s;
	long before, empty;

	pool.rtp_min_port = 1024;
	pool.rtp_max_port = 65535;
	pool.n_addrs = 0;
	for (int i = 0; i < 64; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "10.%d.0.%d", i % 2, i + 1);
		add_addr((uint16_t)(i % 2), ip);
	}
	config.media_streams_max = DP_STREAMS_MAX;
	before = resident_kb();
	renew();
	empty = resident_kb();
	assert_in_range(empty - before + 1024, 0, 2048);
	for (int i = 0; i < 64; i++)
		assert_int_equal(alloc(&s), 0);
	assert_int_equal(s.id, 63);
	assert_in_range(resident_kb() - empty, 0, 64 * 160);
}

static void test_unchanged_is_not_sent(void **state)
{
	struct mta_stream s;
	struct dp_msg m = {0};

	alloc(&s);
	mta_set(mta, s.id, &m);
	mta_set(mta, s.id, &m);
	assert_int_equal(fake_dp_n_sent, 1);
	m.media.leg[0].tx_allowed = true;
	mta_set(mta, s.id, &m);
	assert_int_equal(fake_dp_n_sent, 2);
}

static void test_full_ring(void **state)
{
	struct mta_stream s, t;
	struct dp_msg m = {0};

	alloc(&s);
	alloc(&t);
	fake_dp_send_error = -ENOBUFS;
	assert_int_equal(mta_set(mta, s.id, &m), 0); // kept
	assert_int_equal(mta_set(mta, t.id, &m), 0);
	assert_true(mta_retry(mta));
	assert_int_equal(counters.v[CNT_MEDIA_RETRIED], 2);
	mta_release(mta, t.id); // the worker never heard of it
	assert_int_equal(mta_usage(mta).streams, 1);
	assert_int_equal(mta_usage(mta).leaving, 0);
	fake_dp_send_error = 0;
	assert_false(mta_retry(mta));
	assert_int_equal(fake_dp_n_sent, 1);
	fake_dp_send_error = -ENOBUFS;
	mta_release(mta, s.id);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 0);
	fake_dp_send_error = 0;
	assert_false(mta_retry(mta));
	assert_int_equal(fake_dp_last(DP_MSG_MEDIA_DEL, -1)->media.stream, s.id);
	mta_gone(mta, s.id);
	assert_int_equal(mta_usage(mta).leaving, 0);
}

static void test_refused(void **state)
{
	struct mta_stream s;
	struct dp_msg m = {0};

	alloc(&s);
	fake_dp_send_error = -ENOTSUP;
	assert_int_equal(mta_set(mta, s.id, &m), -ENOTSUP);
	assert_false(mta_retry(mta));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(million), // first: what others freed would count as used
		TEST(ports),
		TEST(spread),
		TEST(beside),
		TEST(global_address),
		TEST(no_address),
		TEST(owner),
		TEST(release),
		TEST(guard),
		TEST(guard_order),
		TEST(ports_alarm),
		TEST(streams_alarm),
		TEST(unchanged_is_not_sent),
		TEST(full_ring),
		TEST(refused),
	};

	// meson has the heap write to every octet it gives; here it is looked at which are used.
	mallopt(M_PERTURB, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
