// SPDX-License-Identifier: BSD-3-Clause
// The control thread's side of the relay: what it refuses, that it leaves nothing behind, and that
// streams may be set and deleted at any moment while a worker relays.
#include "test/dp/media_env.h"

#include <pthread.h>
#include <sched.h>

#define MAX 16 // streams

// Packets that come while the stream goes, a full ring to the control thread, and the id anew.
static void test_delete(void **state)
{
	struct dp_msg s = stream_msg(3), down;
	struct dp_msg d = {
		.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_DEL, .media = {.stream = 3}};
	struct dp_media_stats stats;
	unsigned int owner;

	assert_int_equal(dp_media_stats(3, &stats), -ENOENT);
	send_ok(&s);
	assert_int_equal(media_ctl_streams(), 1);
	assert_true(passes(rtp_from(&s, INSIDE, 1)));
	assert_int_equal(media_ctl_send(&d, &down, &owner), 0);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_NO_STREAM); // before the worker knows
	assert_int_equal(media_ctl_send(&d, &down, &owner), -EBUSY);
	assert_int_equal(media_ctl_send(&s, &down, &owner), -EBUSY);
	up_full = true;
	media_msg(&w, &down);
	media_turn(&w);
	assert_int_equal(n_up, 0);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_NO_STREAM);
	up_full = false;
	media_turn(&w);
	media_turn(&w);
	assert_int_equal(n_up, 1);
	media_ctl_recv(&up[0]);
	n_up = 0;
	assert_int_equal(media_ctl_streams(), 0);
	assert_int_equal(media_ctl_send(&d, &down, &owner), -ENOENT);
	assert_int_equal(media_ctl_send(&s, &down, &owner), 0);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_NO_STREAM); // the old slot is gone
	media_msg(&w, &down);
	assert_int_equal(dp_media_stats(3, &stats), 0);
	assert_int_equal(stats.leg[INSIDE].rx_packets, 0); // nothing is left of the one before
	assert_true(passes(rtp_from(&s, INSIDE, 1)));      // not a replay
	del(3);
}

// Settings that overtake one another in the ring, until no slot is left; then all of it is freed.
static void test_many_settings(void **state)
{
	static struct dp_msg down[10000];
	struct dp_msg s = stream_msg(0);
	unsigned int owner, n = 0;
	int err = 0;

	send_ok(&s);
	for (; err == 0 && n < 10000; n++) {
		s.media.leg[OUTSIDE].remote.port++;
		err = media_ctl_send(&s, &down[n], &owner);
	}
	assert_int_equal(err, -ENOBUFS);
	n--;
	s.media.leg[OUTSIDE].remote.port--;
	for (unsigned int i = 0; i < n; i++)
		media_msg(&w, &down[i]);
	assert_true(passes(rtp_from(&s, INSIDE, 1)));
	for (unsigned int i = 0; i < 20000; i++)
		send_ok(&s);
	del(0);
}

// Re-keyings leave no context behind: there are fewer than they need.
static void test_no_leak(void **state)
{
	struct dp_msg s = stream_msg(0);

	for (uint32_t i = 0; i < 4 * (MAX + 2 * 1024); i++) {
		memcpy(s.media.leg[OUTSIDE].rx_key, &i, sizeof(i));
		memcpy(s.media.leg[OUTSIDE].tx_key, &i, sizeof(i));
		send_ok(&s);
		assert_true(passes(rtp_from(&s, INSIDE, (uint16_t)i)));
	}
	del(0);
}

// Nor do calls that end.
static void test_no_leak_of_calls(void **state)
{
	struct dp_msg s = stream_msg(0);

	for (uint32_t i = 0; i < 2 * (MAX + 2 * 1024) + 1; i++) { // two contexts each
		send_ok(&s);
		del(0);
	}
}

// SRTP-4: the message to the worker has no key in it.
static void test_srtp4_no_keys_in_message(void **state)
{
	struct dp_msg s = stream_msg(0), down;
	unsigned int owner;

	assert_int_equal(media_ctl_send(&s, &down, &owner), 0);
	for (unsigned int i = 0; i < 2; i++) {
		static const uint8_t none[DP_SRTP_KEY_LEN];

		assert_memory_equal(down.media.leg[i].rx_key, none, DP_SRTP_KEY_LEN);
		assert_memory_equal(down.media.leg[i].tx_key, none, DP_SRTP_KEY_LEN);
	}
	media_msg(&w, &down);
	del(0);
}
static void refuse(struct dp_msg m, int want)
{
	struct dp_msg down;
	unsigned int owner;

	assert_int_equal(media_ctl_send(&m, &down, &owner), want);
	assert_int_equal(media_ctl_streams(), 1);
}

// What dp_send() says about a MEDIA_SET; a refusal changes nothing. The fixture has two workers.
static void test_refused(void **state)
{
	struct dp_msg live = stream_msg(9), m;

	send_ok(&live);
	m = stream_msg(0);
	m.version++;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.stream = DP_STREAMS_MAX;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.stream = MAX;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].local.port++;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].local.port = 0;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].iface = DP_IFACES_MAX;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].local.port += 256; // the other worker's
	refuse(m, -EINVAL);
	m = live;
	m.media.leg[0].local.port += 256;
	m.media.leg[1].local.port += 256; // both, but the stream is live
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].iface = m.media.leg[1].iface;
	m.media.leg[0].local.ip = m.media.leg[1].local.ip;
	m.media.leg[0].local.port = m.media.leg[1].local.port;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].mki_len = 129;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[1].suite = DP_SRTP_SUITES;
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[0].local = ep("2001:db8::1", 16384);
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[0].remote = ep("2001:db8::1", 16384);
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[0].remote_rtcp = ep("2001:db8::1", 16385);
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[1].latch = true; // plain RTP
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[1].tx_awaits_rx = true;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.passthrough = true;
	refuse(m, -EINVAL);
	m.media.leg[1].suite = DP_SRTP_AES_CM_128_HMAC_SHA1_32;
	refuse(m, -EINVAL);
	m.media.leg[0].suite = m.media.leg[1].suite = DP_SRTP_NONE;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[1].local.port = live.media.leg[1].local.port;
	refuse(m, -EADDRINUSE);
	m = live;
	m.media.leg[1].suite =
		DP_SRTP_SUITES; // when the contexts of the other leg are found already
	refuse(m, -ENOTSUP);
	assert_true(passes(rtp_from(&live, INSIDE, 1)));
	del(9);
}

// ---- Two threads -------------------------------------------------------------------------------

#define STREAMS 4
#define CHANGES 4000

static struct rte_ring *down_ring;
static bool stop_relaying;

// What a worker's turn is made of. Inside packets are genuine, outside ones forged.
static void *relay_thread(void *arg)
{
	uint16_t seq = 0;

	while (!__atomic_load_n(&stop_relaying, __ATOMIC_ACQUIRE)) {
		struct pkts v = {.n = 0};
		struct dp_msg m;

		while (rte_ring_sc_dequeue_elem(down_ring, &m, sizeof(m)) == 0)
			media_msg(&w, &m);
		media_turn(&w);
		for (uint32_t i = 0; i < STREAMS; i++) {
			struct dp_msg s = stream_msg(i);

			pkts_add(&v, rtp_from(&s, INSIDE, seq));
			pkts_add(&v, rtp_from(&s, OUTSIDE, seq));
		}
		media_stage(&w, &v);
		rte_pktmbuf_free_bulk(v.m, v.n);
		rte_pktmbuf_free_bulk(w.dropped.m, w.dropped.n);
		w.dropped.n = 0;
		seq++;
		sched_yield();
	}
	return NULL;
}

static void take_answers(void)
{
	struct dp_msg m;

	while (rte_ring_sc_dequeue_elem(w.msg_up, &m, sizeof(m)) == 0)
		media_ctl_recv(&m);
}

static int change(const struct dp_msg *m)
{
	struct dp_msg down;
	unsigned int owner;
	int err = media_ctl_send(m, &down, &owner);

	if (err == 0)
		while (rte_ring_sp_enqueue_elem(down_ring, &down, sizeof(down)) != 0)
			;
	return err;
}

// Streams come, change their keys and go, at any moment, while packets of theirs flow.
// On a busy machine the other thread may not have had its turn yet.
static bool enough(const unsigned int done[2])
{
	return done[0] + done[1] >= CHANGES && grown(COUNT_MEDIA_RELAYED) > 0 &&
		grown(DROP_MEDIA_AUTH) > 0;
}

static void test_threads(void **state)
{
	unsigned int done[2] = {0};
	pthread_t thread;

	down_ring = rte_ring_create_elem(
		"down", sizeof(struct dp_msg), 64, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	w.msg_up = rte_ring_create_elem(
		"up", sizeof(struct dp_msg), 2, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_true(down_ring != NULL && w.msg_up != NULL);
	assert_int_equal(pthread_create(&thread, NULL, relay_thread, NULL), 0);
	srand(1);
	while (!enough(done) || media_ctl_streams() > 0) {
		struct dp_msg m = stream_msg((uint32_t)rand() % STREAMS);
		struct dp_media_stats stats;

		if (enough(done) || rand() % 4 == 0)
			m.type = DP_MSG_MEDIA_DEL;
		m.media.leg[OUTSIDE].tx_key[0] = (uint8_t)(rand() % 2);
		m.media.leg[OUTSIDE].rx_key[0] = (uint8_t)(rand() % 2);
		if (change(&m) == 0)
			done[m.type == DP_MSG_MEDIA_DEL]++;
		else
			sched_yield(); // the EAL has bound both threads to one CPU
		dp_media_stats(m.media.stream, &stats);
		take_answers();
	}
	__atomic_store_n(&stop_relaying, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("%u set, %u deleted, %u relayed\n", done[0], done[1],
		(unsigned int)grown(COUNT_MEDIA_RELAYED));
	assert_true(done[0] > CHANGES / 2 && done[1] > CHANGES / 10);
	assert_true(grown(COUNT_MEDIA_RELAYED) > 0 && grown(DROP_MEDIA_AUTH) > 0);
	rte_ring_free(down_ring);
	rte_ring_free(w.msg_up);
	w.msg_up = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_delete),
		MEDIA_TEST(test_many_settings),
		MEDIA_TEST(test_no_leak),
		MEDIA_TEST(test_srtp4_no_keys_in_message),
		MEDIA_TEST(test_refused),
		MEDIA_TEST(test_threads),
		MEDIA_TEST(test_no_leak_of_calls),
	};
	streams_max = MAX;
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
