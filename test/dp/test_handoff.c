// SPDX-License-Identifier: BSD-3-Clause
// Several workers, each fed with packets that the device gave to the wrong one: a flow still has
// one session, whichever way its packets come in, and so has an ICMP error about it.
#include "test/dp/harness.h"

#include "dp/parse.h"

#define SYN   0x02
#define ACK   0x10
#define FLOWS 200

static uint8_t frame[FRAME_MAX];

static uint64_t counted_all(enum dp_counter_id id)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < h.n_workers; i++)
		sum += counter_get(h.all[i]->count, id);
	return sum;
}

// Each worker takes what the others gave it.
static void turns(void)
{
	for (unsigned int i = 0; i < h.n_workers; i++)
		worker_turn(h.all[i], h.now_ns);
}

// Comes in on a worker drawn by lot; true when `want` went out of the other interface.
static bool crosses(uint16_t in, const struct flow *f, uint8_t flags, const struct flow *want)
{
	struct flow got;
	size_t len;

	h.w = h.all[(unsigned int)rand() % h.n_workers];
	harness_send(in, f, flags);
	turns();
	len = harness_out(!in, frame);
	if (len == 0)
		return false;
	got = frame_flow(frame, len);
	assert_flow(&got, want);
	return true;
}

static void test_one_session(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(5);
	for (unsigned int c = 0; c < 3; c++) {
		harness_up_many(counts[c], 256);
		for (uint16_t i = 0; i < FLOWS; i++) {
			struct flow in = flow(PROTO_TCP, FAR, (uint16_t)(1000 + i), MAPPED, 5070);
			struct flow real =
				flow(PROTO_TCP, FAR, (uint16_t)(1000 + i), HOST_IN, 5070);
			struct flow back = {real.dst, real.src, PROTO_TCP};
			struct flow mapped = {in.dst, in.src, PROTO_TCP};

			assert_true(crosses(OUTSIDE, &in, SYN, &real));
			assert_true(crosses(INSIDE, &back, SYN | ACK, &mapped));
			assert_true(crosses(OUTSIDE, &in, ACK, &real));
		}
		assert_int_equal(counted_all(COUNT_SESSIONS_CREATED), FLOWS);
		assert_int_equal(counted_all(DROP_TCP_NOT_SYN), 0);
		if (counts[c] == 1)
			assert_int_equal(counted_all(COUNT_HANDOFF), 0);
		else // all but one in n
			assert_in_range(counted_all(COUNT_HANDOFF),
				3 * FLOWS * (counts[c] - 1) / counts[c] * 8 / 10,
				3 * FLOWS * (counts[c] - 1) / counts[c] * 12 / 10);
		harness_down();
	}
}

static void test_icmp_error(void **state)
{
	srand(6);
	harness_up_many(4, 256);
	for (uint16_t i = 0; i < FLOWS; i++) {
		struct flow out = flow(PROTO_UDP, HOST_IN, (uint16_t)(1000 + i), FAR, 9000);
		struct flow mapped = flow(PROTO_UDP, MAPPED, (uint16_t)(1000 + i), FAR, 9000);
		uint8_t quoted[FRAME_MAX];
		struct rte_mbuf *m;
		size_t len;

		assert_true(crosses(INSIDE, &out, 0, &mapped));
		len = frame_make(quoted, OUTSIDE, &mapped, 0, 10);
		m = buffer_of(frame,
			frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + 14, len - 14));
		h.w = h.all[(unsigned int)rand() % h.n_workers];
		harness_in(OUTSIDE, &m, 1);
		turns();
		assert_true(harness_out(INSIDE, frame) > 0);
	}
	assert_int_equal(counted_all(DROP_ICMP_NO_SESSION), 0);
	harness_down();
}

// A media packet takes along which of our addresses it is for.
static void test_media_place(void **state)
{
	static const char *const to[] = {"209.165.200.229", "192.168.10.3"};

	harness_up(64);
	for (uint16_t in = 0; in < 2; in++) {
		const struct flow f = flow(PROTO_UDP, FAR, 1000, to[in], 16384);
		struct pkts v = {.n = 1, .kinds = PKTS_ANY};
		struct ip_addr a = ip(to[in]);

		v.m[0] = buffer_of(frame, frame_make(frame, in, &f, 0, 10));
		assert_int_equal(parse_frame(v.m[0], NULL), PASS);
		pkt_of(v.m[0])->iface_in = in;
		worker_turn(h.w, h.now_ns);
		handoff_stage(h.w, &v);
		assert_int_equal(v.n, 1);
		assert_int_equal(pkt_of(v.m[0])->kind, PKT_MEDIA);
		assert_int_equal(pkt_of(v.m[0])->place,
			media_place((unsigned int)media_addr_id(in, &a), 16384));
		rte_pktmbuf_free(v.m[0]);
	}
	harness_down();
}

// A full ring is a named drop and loses no buffer. The ring is made full with packets for a worker
// that does not run.
static void test_ring_full(void **state)
{
	struct flow f = flow(PROTO_UDP, FAR, 1000, MAPPED, 4000);
	struct rte_mbuf *m;
	unsigned int n = 0;

	harness_up_many(2, 64);
	while (handoff_owner(&h.w->steer, snapshot_root.current, OUTSIDE, &f) == h.w->id)
		f.src.port++;
	// One buffer many times: the ring does not care, and the test has few.
	m = buffer_of(frame, frame_make(frame, OUTSIDE, &f, 0, 10));
	assert_int_equal(parse_frame(m, NULL), PASS);
	while (rte_ring_free_count(h.w->handoff_out[1]) > 0) {
		rte_mbuf_refcnt_update(m, 1);
		assert_int_equal(rte_ring_sp_enqueue(h.w->handoff_out[1], m), 0);
		n++;
	}
	rte_pktmbuf_free(m);
	harness_send(OUTSIDE, &f, 0);
	assert_int_equal(counted(DROP_HANDOFF_FULL), 1);
	assert_true(n > 1000);
	harness_down();
}

// Whose worker 0 takes a packet to be.
static unsigned int steered_to(uint16_t in, const struct flow *f)
{
	struct pkts v = {.n = 1};
	unsigned int owner = 0;
	void *m;

	h.w = h.all[0];
	v.m[0] = buffer_of(frame, frame_make(frame, in, f, 0, 10));
	worker_turn(h.w, h.now_ns);
	parse_stage(h.w, &v, in);
	handoff_stage(h.w, &v);
	for (unsigned int to = 1; to < h.n_workers; to++)
		if (rte_ring_sc_dequeue(h.w->handoff_out[to], &m) == 0) {
			v.m[0] = m;
			owner = to;
		}
	rte_pktmbuf_free(v.m[0]);
	return owner;
}

// What a worker remembers of owners is what the rules of the moment say.
static void test_owners(void **state)
{
	unsigned int before[FLOWS], moved = 0;
	struct rules r;

	harness_up_many(4, 64);
	harness_rules(&r);
	for (unsigned int round = 0; round < 3; round++) {
		if (round == 2) { // static NAT leads elsewhere
			r.nat[0].real = net("192.168.10.31");
			harness_apply(&r);
		}
		for (uint16_t i = 0; i < FLOWS; i++) {
			const struct flow f =
				flow(PROTO_UDP, FAR, (uint16_t)(1000 + i), MAPPED, 4000);
			const unsigned int to = steered_to(OUTSIDE, &f);

			assert_int_equal(
				to, handoff_owner(&h.w->steer, snapshot_root.current, OUTSIDE, &f));
			if (round < 2)
				before[i] = to;
			else
				moved += before[i] != to;
		}
	}
	assert_in_range(moved, FLOWS / 2, FLOWS - 1);
	harness_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_session),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_icmp_error),
		cmocka_unit_test(test_media_place),
		cmocka_unit_test(test_ring_full),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
