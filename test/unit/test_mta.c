// SPDX-License-Identifier: BSD-3-Clause
// Media ports: even, of one worker's slice, from the range, in quarantine until the worker has let
// go; and messages that a full ring holds back.
#include "test/unit/test.h"

#include <errno.h>
#include <string.h>

#include "cp/mta.h"
#include "lib/steer.h"
#include "test/unit/fake_dp.h"

static struct config_media_addr addrs[2];
static struct config_mta pool = {
	.addrs = addrs, .n_addrs = 2, .rtp_min_port = 16384, .rtp_max_port = 18431};
static struct config_ime ime;
static struct config config = {.mtas = &pool, .n_mtas = 1, .n_workers = 4};
static struct counters counters;
static struct mta *mta;
static const uint16_t ifaces[SIDES] = {0, 1};

static int setup(void **state)
{
	fake_dp_reset();
	counters = (struct counters){0};
	for (uint16_t i = 0; i < 2; i++)
		addrs[i].iface = i;
	ip_parse(STR_LIT("209.165.200.229"), &addrs[0].ip);
	ip_parse(STR_LIT("192.168.10.3"), &addrs[1].ip);
	return mta_new(&mta, &config, &ime, &counters);
}

static int teardown(void **state)
{
	mta_free(mta);
	return 0;
}

// 2048 ports make 1024 streams; each port is used once.
static void test_ports(void **state)
{
	static uint8_t used[SIDES][65536];
	struct mta_stream s;
	unsigned int owners[4] = {0};

	memset(used, 0, sizeof(used));
	for (int i = 0; i < 1024; i++) {
		assert_int_equal(mta_alloc(mta, ifaces, &s), 0);
		for (int side = 0; side < SIDES; side++) {
			uint16_t port = s.local[side].port;

			assert_true(port >= 16384 && port <= 18431 && port % 2 == 0);
			assert_int_equal(used[side][port]++, 0);
			assert_true(ip_eq(&s.local[side].ip, &addrs[side].ip));
		}
		assert_int_equal(
			steer_port_owner(s.local[0].port, 4), steer_port_owner(s.local[1].port, 4));
		owners[steer_port_owner(s.local[0].port, 4)]++;
	}
	for (int w = 0; w < 4; w++)
		assert_int_equal(owners[w], 256);
	assert_int_equal(mta_alloc(mta, ifaces, &s), -ENOSPC);
	assert_int_equal(mta_in_use(mta), 1024);
}

static void test_no_address(void **state)
{
	const uint16_t other[SIDES] = {0, 7};
	struct mta_stream s;
	struct ip_addr ip;

	assert_int_equal(mta_alloc(mta, other, &s), -ENOENT);
	assert_int_equal(mta_local(mta, 7, &ip), -ENOENT);
	assert_int_equal(mta_local(mta, 1, &ip), 0);
	assert_true(ip_eq(&ip, &addrs[1].ip));
}

static void test_quarantine(void **state)
{
	struct mta_stream s;
	struct dp_msg m = {0};

	assert_int_equal(mta_alloc(mta, ifaces, &s), 0);
	mta_release(mta, s.id); // never set: nobody to wait for
	assert_int_equal(mta_not_free(mta), 0);
	assert_int_equal(fake_dp_n_sent, 0);

	assert_int_equal(mta_alloc(mta, ifaces, &s), 0);
	assert_int_equal(mta_set(mta, s.id, &m), 0);
	assert_int_equal(fake_dp_sent[0].media.leg[1].local.port, s.local[1].port);
	assert_int_equal(fake_dp_sent[0].media.leg[1].iface, 1);
	assert_int_equal(fake_dp_sent[0].version, DP_MSG_VERSION);
	mta_gone(mta, s.id); // nobody asked: a live stream stays
	assert_int_equal(mta_in_use(mta), 1);
	mta_release(mta, s.id);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_DEL), 1);
	assert_int_equal(mta_in_use(mta), 0);
	assert_int_equal(mta_not_free(mta), 1);
	mta_gone(mta, s.id);
	assert_int_equal(mta_not_free(mta), 0);
	mta_gone(mta, s.id);
	mta_gone(mta, DP_STREAMS_MAX);
}

static void test_unchanged_is_not_sent(void **state)
{
	struct mta_stream s;
	struct dp_msg m = {0};

	mta_alloc(mta, ifaces, &s);
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

	mta_alloc(mta, ifaces, &s);
	mta_alloc(mta, ifaces, &t);
	fake_dp_send_error = -ENOBUFS;
	assert_int_equal(mta_set(mta, s.id, &m), 0); // kept
	assert_int_equal(mta_set(mta, t.id, &m), 0);
	assert_true(mta_retry(mta));
	assert_int_equal(counters.v[CNT_MEDIA_RETRIED], 2);
	mta_release(mta, t.id); // the worker never heard of it
	assert_int_equal(mta_not_free(mta), 1);
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
	assert_int_equal(mta_not_free(mta), 0);
}

static void test_refused(void **state)
{
	struct mta_stream s;
	struct dp_msg m = {0};

	mta_alloc(mta, ifaces, &s);
	fake_dp_send_error = -ENOTSUP;
	assert_int_equal(mta_set(mta, s.id, &m), -ENOTSUP);
	assert_false(mta_retry(mta));
}

// A worker may have a slice on one address only when the range is small: the others take over.
static void test_one_worker_exhausted(void **state)
{
	struct mta_stream s;
	int n = 0;

	pool.rtp_max_port = 16384 + 511; // slices of two workers
	while (mta_alloc(mta, ifaces, &s) == 0)
		n++;
	pool.rtp_max_port = 18431;
	assert_int_equal(n, 256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports),
		TEST(no_address),
		TEST(quarantine),
		TEST(unchanged_is_not_sent),
		TEST(full_ring),
		TEST(refused),
		TEST(one_worker_exhausted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
