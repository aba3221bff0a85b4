// SPDX-License-Identifier: BSD-3-Clause
// Fragments through whole workers: dp/frag.h and dp/refrag.h.
#include "test/dp/harness.h"

#include "dp/frag.h"

#define L3       14
#define L4       34
#define S        1000000000ull
#define LARGE    10000
#define DATAGRAM 4000 // octets of payload in most tests

#define MF 0x2000
#define DF 0x4000

static uint8_t whole[LARGE], frame[FRAME_MAX];

// What came out of an interface, put together by the simplest means.
struct arrived {
	uint8_t octets[LARGE];
	size_t len; // of the frame with one header; 0: nothing, or not whole
	unsigned int pieces;
	size_t largest; // as a packet
	uint16_t bits;  // DF of all
};

static void header_sum(uint8_t *f)
{
	struct rte_ipv4_hdr *ip = (void *)(f + L3);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

// A fragment: `len` octets from `at` on of what is behind the IPv4 header of `whole`.
static struct rte_mbuf *piece(uint16_t at, uint16_t len, uint16_t flags)
{
	struct rte_ipv4_hdr *ip = (void *)(frame + L3);

	assert_true(L4 + len <= FRAME_MAX);
	memcpy(frame, whole, L4);
	memset(frame + L4, 0x5a, len);
	if (at + L4 < LARGE)
		memcpy(frame + L4, whole + L4 + at, RTE_MIN(len, LARGE - L4 - at));
	ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
	ip->fragment_offset = rte_cpu_to_be_16((uint16_t)(at / 8 | flags));
	header_sum(frame);
	return buffer_of(frame, L4 + len);
}

static void send_piece(uint16_t iface, uint16_t at, uint16_t len, uint16_t flags)
{
	struct rte_mbuf *m = piece(at, len, flags);

	harness_in(iface, &m, 1);
}

// The id tells datagrams of one pair of hosts apart.
static size_t datagram(uint16_t iface, const struct flow *f, size_t payload, uint16_t id)
{
	size_t len = frame_make(whole, iface, f, 0, payload);
	struct rte_ipv4_hdr *ip = (void *)(whole + L3);

	assert_true(len <= LARGE);
	ip->packet_id = rte_cpu_to_be_16(id);
	ip->fragment_offset = 0;
	header_sum(whole);
	return len;
}

static void turns(void)
{
	for (unsigned int lap = 0; lap < 3; lap++)
		for (unsigned int i = 0; i < h.n_workers; i++)
			worker_turn(h.all[i], h.now_ns);
}

static void arrive(struct arrived *a, uint16_t iface)
{
	size_t len, have = 0, total = 0;

	memset(a, 0, sizeof(*a));
	while ((len = harness_out(iface, frame)) > 0) {
		const uint16_t bits = (uint16_t)(frame[L3 + 6] << 8 | frame[L3 + 7]);
		const size_t at = (bits & 0x1fffu) * 8;

		assert_int_equal(frame[L3 + 2] << 8 | frame[L3 + 3], len - L3);
		assert_int_equal(rte_raw_cksum(frame + L3, L4 - L3), 0xffff);
		assert_true(L4 + at + len - L4 <= LARGE);
		if (at == 0)
			memcpy(a->octets, frame, L4);
		memcpy(a->octets + L4 + at, frame + L4, len - L4);
		have += len - L4;
		if (!(bits & MF))
			total = at + len - L4;
		a->largest = RTE_MAX(a->largest, len - L3);
		a->bits |= bits & DF;
		a->pieces++;
	}
	if (total == 0 || have != total)
		return;
	a->len = L4 + total;
	a->octets[L3 + 2] = (uint8_t)((20 + total) >> 8);
	a->octets[L3 + 3] = (uint8_t)(20 + total);
	a->octets[L3 + 6] = a->octets[L3 + 7] = 0;
	header_sum(a->octets);
}

static void assert_arrived(const struct arrived *a, size_t len, const struct flow *want)
{
	struct flow got;

	assert_int_equal(a->len, len);
	assert_true(frame_sums_ok(a->octets, a->len));
	got = frame_flow(a->octets, a->len);
	assert_flow(&got, want);
	assert_memory_equal(a->octets + L4 + 8, whole + L4 + 8, len - L4 - 8);
}

// Three pieces in every order; translated, and not larger than they came.
static void test_orders(void **state)
{
	static const unsigned int orders[][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	const struct flow f = flow(PROTO_UDP, HOST_IN, 3000, FAR, 4000);
	const struct flow want = flow(PROTO_UDP, MAPPED, 3000, FAR, 4000);
	static struct arrived a;

	for (uint16_t i = 0; i < 6; i++) {
		size_t len = datagram(INSIDE, &f, DATAGRAM, i);

		for (unsigned int k = 0; k < 3; k++) {
			const uint16_t at = (uint16_t)(orders[i][k] * 1400);
			const bool last = orders[i][k] == 2;

			assert_int_equal(harness_out(OUTSIDE, frame), 0);
			send_piece(
				INSIDE, at, last ? (uint16_t)(len - L4 - at) : 1400, last ? 0 : MF);
		}
		arrive(&a, OUTSIDE);
		assert_arrived(&a, len, &want);
		assert_int_equal(a.pieces, 3);
		assert_int_equal(a.largest, 1420);
	}
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
	assert_int_equal(counted(COUNT_FRAGMENTS), 18);
	assert_int_equal(counted(COUNT_REASSEMBLED), 6);
	assert_int_equal(counted(COUNT_FRAGMENTS_SENT), 18);
}

// Both halves of a burst, and small pieces: they are put together, and leave as small as they came.
static void test_small_pieces(void **state)
{
	const struct flow f = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);
	const struct flow want = flow(PROTO_UDP, FAR, 3000, HOST_IN, 4000);
	size_t len = datagram(OUTSIDE, &f, 1000, 1);
	static struct arrived a;
	struct rte_mbuf *m[PKTS_BURST];
	unsigned int n = 0;

	for (uint16_t at = 0; at < len - L4; at += 48) {
		const bool last = at + 48u >= len - L4;

		m[n++] = piece(at, last ? (uint16_t)(len - L4 - at) : 48, last ? 0 : MF);
	}
	assert_int_equal(n, 21);
	harness_in(OUTSIDE, m, n);
	arrive(&a, INSIDE);
	assert_arrived(&a, len, &want);
	assert_int_equal(a.pieces, 21);
	assert_int_equal(a.largest, 68);
}

// What the rules say is said of the whole: nothing of it passes.
static void test_verdicts(void **state)
{
	const struct flow denied = flow(PROTO_UDP, FAR, 3000, MAPPED, 4001);
	const struct flow media = flow(PROTO_UDP, FAR, 3000, "209.165.200.229", 16390);
	const struct flow ping = flow(PROTO_ICMP, FAR, 77, FW_OUT, 77);
	static uint8_t punted[LARGE];
	struct rte_mbuf *m = NULL;
	size_t len;

	datagram(OUTSIDE, &denied, DATAGRAM, 1);
	send_piece(OUTSIDE, 2000, 1480, MF);
	send_piece(OUTSIDE, 3480, DATAGRAM + 8 - 3480, 0);
	send_piece(OUTSIDE, 0, 1000, MF);
	assert_int_equal(counted(DROP_ACL_DENY), 0);
	send_piece(OUTSIDE, 1000, 1000, MF);
	assert_int_equal(counted(DROP_ACL_DENY), 1);

	datagram(OUTSIDE, &media, 1000, 2);
	send_piece(OUTSIDE, 0, 800, MF);
	send_piece(OUTSIDE, 800, 208, 0);
	assert_int_equal(counted(DROP_MEDIA_NO_STREAM), 1);

	// A checksum can only be judged of the whole.
	datagram(OUTSIDE, &denied, 1000, 3);
	whole[L4 + 900] ^= 1;
	send_piece(OUTSIDE, 0, 800, MF);
	send_piece(OUTSIDE, 800, 208, 0);
	assert_int_equal(counted(DROP_L4_CHECKSUM), 1);

	// A length in a first fragment that lies about the whole.
	datagram(OUTSIDE, &denied, 1000, 4);
	whole[L4 + 5] ^= 1;
	send_piece(OUTSIDE, 0, 800, MF);
	send_piece(OUTSIDE, 800, 208, 0);
	assert_int_equal(counted(DROP_L4_HEADER), 2); // both pieces

	// The control plane gets it whole.
	len = datagram(OUTSIDE, &ping, 3000, 5);
	send_piece(OUTSIDE, 0, 1480, MF);
	send_piece(OUTSIDE, 2960, 48, 0);
	send_piece(OUTSIDE, 1480, 1480, MF);
	assert_int_equal(rte_ring_sc_dequeue(h.w->punt_up, (void **)&m), 0);
	assert_int_equal(rte_pktmbuf_data_len(m), len);
	memcpy(punted, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	assert_true(frame_sums_ok(punted, len));
	assert_memory_equal(punted + L4, whole + L4, len - L4);
}

// Sequences that are refused; the pieces of each are all counted under its reason.
static void test_refused(void **state)
{
	static const struct {
		const char *what;
		uint8_t proto;
		enum dp_counter_id reason;
		unsigned int n, counted;
		struct {
			uint16_t at, len, flags;
		} p[4];
	} t[] = {
		{"no octets", PROTO_UDP, DROP_IP_FRAGMENT, 1, 1, {{0, 0, MF}}},
		{"no octets at the end", PROTO_UDP, DROP_IP_FRAGMENT, 2, 2,
			{{0, 800, MF}, {800, 0, 0}}},
		{"no multiple of 8", PROTO_UDP, DROP_IP_FRAGMENT, 1, 1, {{0, 801, MF}}},
		{"TCP ports alone", PROTO_TCP, DROP_FRAG_TINY, 1, 1, {{0, 8, MF}}},
		{"TCP flags alone", PROTO_TCP, DROP_FRAG_TINY, 2, 2, {{0, 800, MF}, {8, 800, MF}}},
		{"overlap", PROTO_UDP, DROP_FRAG_OVERLAP, 3, 3,
			{{0, 800, MF}, {792, 208, 0}, {800, 208, 0}}},
		{"another end", PROTO_UDP, DROP_FRAG_OVERLAP, 3, 3,
			{{800, 208, 0}, {800, 200, 0}, {0, 800, MF}}},
		{"past 65535", PROTO_ICMP, DROP_FRAG_LONG, 1, 1, {{65528, 100, 0}}},
		{"past what a chain brings", PROTO_ICMP, DROP_FRAG_LONG, 2, 2,
			{{0, 800, MF}, {24 * 1480, 8, 0}}},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		const struct flow f = flow(t[i].proto, FAR, 3000, MAPPED, 4000);
		const uint64_t before = counted(t[i].reason);

		datagram(OUTSIDE, &f, 1000, (uint16_t)i);
		for (unsigned int k = 0; k < t[i].n; k++)
			send_piece(OUTSIDE, t[i].p[k].at, t[i].p[k].len, t[i].p[k].flags);
		if (counted(t[i].reason) != before + t[i].counted)
			fail_msg("%s: counted %lu", t[i].what, counted(t[i].reason) - before);
		assert_int_equal(harness_out(INSIDE, frame), 0);
	}
	assert_int_equal(counted(COUNT_REASSEMBLED), 0);
}

// A copy of a fragment does no harm.
static void test_duplicate(void **state)
{
	const struct flow f = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);
	const struct flow want = flow(PROTO_UDP, FAR, 3000, HOST_IN, 4000);
	size_t len = datagram(OUTSIDE, &f, 1000, 1);
	static struct arrived a;

	send_piece(OUTSIDE, 800, 208, 0);
	send_piece(OUTSIDE, 800, 208, 0);
	send_piece(OUTSIDE, 0, 800, MF);
	assert_int_equal(counted(DROP_FRAG_DUPLICATE), 1);
	arrive(&a, INSIDE);
	assert_arrived(&a, len, &want);
}

// Until its time is up a datagram waits; then what has come is counted, piece by piece.
static void test_timeout(void **state)
{
	const struct flow f = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);

	datagram(OUTSIDE, &f, 1000, 1);
	send_piece(OUTSIDE, 0, 800, MF);
	send_piece(OUTSIDE, 800, 8, MF);
	for (unsigned int i = 0; i < 490; i++)
		worker_turn(h.w, h.now_ns += S / 100);
	assert_int_equal(counted(DROP_FRAG_TIMEOUT), 0);
	for (unsigned int i = 0; i < 40; i++)
		worker_turn(h.w, h.now_ns += S / 100);
	assert_int_equal(counted(DROP_FRAG_TIMEOUT), 2);
	// The rest comes too late, and begins anew.
	send_piece(OUTSIDE, 808, 200, 0);
	assert_int_equal(harness_out(INSIDE, frame), 0);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 1);
}

// First fragments whose others never come.
static void flood_from(const char *from, unsigned int n, uint16_t id)
{
	const struct flow f = flow(PROTO_UDP, from, 3000, MAPPED, 4000);

	for (unsigned int i = 0; i < n; i++) {
		datagram(OUTSIDE, &f, 1000, (uint16_t)(id + i));
		send_piece(OUTSIDE, 0, 800, MF);
	}
}

static const char *source_at(unsigned int i)
{
	static char text[IP_TEXT_MAX];

	snprintf(text, sizeof(text), "198.51.%u.%u", 100 + i / 200, 10 + i % 200);
	return text;
}

static void flood(unsigned int sources, unsigned int each)
{
	for (unsigned int i = 0; i < sources; i++)
		flood_from(source_at(i), each, 0);
}

// One source gets a quarter and then pushes out its own; all together get what the table holds; and whoever
// comes in by another interface is not disturbed.
static void test_flood(void **state)
{
	const struct flow f = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);
	const struct flow in = flow(PROTO_UDP, HOST_IN, 4000, HOST_OUT, 3000);
	const struct flow want = flow(PROTO_UDP, HOST_OUT, 3000, HOST_IN, 4000);
	const struct flow back = flow(PROTO_UDP, MAPPED, 4000, HOST_OUT, 3000);
	static struct arrived a;
	size_t len;

	datagram(OUTSIDE, &f, 1000, 7);
	send_piece(OUTSIDE, 0, 800, MF);
	flood(1, 1000);
	assert_int_equal(counted(DROP_FRAG_SOURCE), 950);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 51);
	len = datagram(OUTSIDE, &f, 1000, 7);
	send_piece(OUTSIDE, 800, 208, 0);
	arrive(&a, INSIDE);
	assert_arrived(&a, len, &want);
	flood(400, 3);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 200);
	assert_true(counted(DROP_FRAG_FULL) > 900);
	assert_int_equal(counted(DROP_NO_BUFFER), 0);

	len = datagram(INSIDE, &in, 1000, 7);
	send_piece(INSIDE, 0, 800, MF);
	send_piece(INSIDE, 800, 208, 0);
	arrive(&a, OUTSIDE);
	assert_arrived(&a, len, &back);
	harness_send(OUTSIDE, &f, 0);
	assert_true(harness_out(INSIDE, frame) > 0);

	for (unsigned int i = 0; i < 600; i++)
		worker_turn(h.w, h.now_ns += S / 100);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 0);
}

// Fragments of 200 datagrams that are all of what an interface holds, a quarter from each of four hosts.
static void send_of_200(uint16_t at, uint16_t len, uint16_t flags)
{
	for (uint16_t i = 0; i < 200; i++) {
		const struct flow f =
			flow(PROTO_UDP, source_at(5000 + i / 50), 4000, HOST_OUT, 3000);

		datagram(INSIDE, &f, 1000, i);
		send_piece(INSIDE, at, len, flags);
	}
}

// Not even by sources whose hash is that of one on the other side. Of 3000, a dozen hit one of the four.
static void test_flood_of_another_interface(void **state)
{
	send_of_200(0, 800, MF);
	flood(3000, 1);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 400);
	assert_int_equal(counted(DROP_FRAG_SOURCE), 0);
	assert_int_equal(counted(DROP_FRAG_FULL), 2800);
	send_of_200(800, 208, 0);
	assert_int_equal(counted(COUNT_REASSEMBLED), 200);
}

// Whether a datagram of HOST_OUT arrives while `between` comes in after its first fragment.
static bool arrives(uint16_t id, void (*between)(unsigned int n), unsigned int n)
{
	const struct flow f = flow(PROTO_UDP, HOST_OUT, 3000, MAPPED, 4000);
	static struct arrived a;

	datagram(OUTSIDE, &f, 1000, id);
	send_piece(OUTSIDE, 0, 800, MF);
	between(n);
	datagram(OUTSIDE, &f, 1000, id);
	send_piece(OUTSIDE, 800, 208, 0);
	arrive(&a, INSIDE);
	return a.len > 0;
}

static void flood_others(unsigned int n)
{
	static uint16_t id = 1000; // each time another

	for (unsigned int i = 0; i < n; i++)
		flood_from(source_at(i), 1, id++);
}

static void flood_same(unsigned int n)
{
	static uint16_t id = 1000;

	flood_from(HOST_OUT, n, id);
	id = (uint16_t)(id + n);
}

// However many wait already: only as many as may wait, between the fragments of a datagram, push it out; and only
// a quarter of that if they bear its sender's name.
static void test_flood_gives_way(void **state)
{
	flood(400, 1);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 200);
	assert_true(arrives(1, flood_others, 199));
	assert_false(arrives(2, flood_others, 200));
	flood_same(60);
	assert_true(arrives(3, flood_same, 49));
	assert_false(arrives(4, flood_same, 50));
}

static void wait_20ms(unsigned int n)
{
	worker_turn(h.w, h.now_ns += S / 50);
}

// 40 made-up fragments a second, which hold all places: datagrams that come meanwhile, and are 20 ms long, are put
// together all the same.
static void test_trickle(void **state)
{
	unsigned int arrived = 0;

	for (unsigned int i = 0; i < 400; i++) {
		flood_from(source_at(i), 1, 0);
		if (i >= 200)
			arrived += arrives((uint16_t)i, wait_20ms, 0);
		worker_turn(h.w, h.now_ns += S / 200);
	}
	assert_int_equal(arrived, 200);
	assert_true(rte_mempool_in_use_count(h.datagrams) >=
		199); // one may have made room for a datagram
}

static void test_chain(void **state)
{
	const struct flow f = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);

	datagram(OUTSIDE, &f, 1000, 1);
	for (uint16_t i = 0; i < 24; i++)
		send_piece(OUTSIDE, (uint16_t)(i * 8), 8, MF);
	assert_int_equal(counted(DROP_FRAG_CHAIN), 0);
	send_piece(OUTSIDE, 24 * 8, 8, MF);
	assert_int_equal(counted(DROP_FRAG_CHAIN), 25);
	send_piece(OUTSIDE, 800, 208, 0); // refused with the rest
	assert_int_equal(counted(DROP_FRAG_CHAIN), 26);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 0);
}

// Fragments that must not be cut keep their size, or do not leave at all; others are cut further.
static void test_mtu(void **state)
{
	const struct flow f = flow(PROTO_UDP, HOST_IN, 3000, FAR, 4000);
	const struct flow want = flow(PROTO_UDP, MAPPED, 3000, FAR, 4000);
	static struct arrived a;

	for (unsigned int i = 0; i < 4; i++) {
		const uint16_t df = i % 2 != 0 ? DF : 0;
		size_t len = datagram(INSIDE, &f, 2000, (uint16_t)i);

		h.w->mtu[OUTSIDE] = i < 2 ? 1020 : 1019;
		send_piece(INSIDE, 0, 1000, df | MF);
		send_piece(INSIDE, 1000, 1000, df | MF);
		send_piece(INSIDE, 2000, 8, df);
		arrive(&a, OUTSIDE);
		assert_int_equal(counted(DROP_MTU_EXCEEDED), i == 3);
		if (i == 3)
			break;
		assert_arrived(&a, len, &want);
		assert_int_equal(a.bits, df);
		assert_int_equal(a.largest, i < 2 ? 1020 : 1012); // the next multiple of 8
	}
}

// A packet in one piece that is too large is cut, unless it must not be.
static void test_cut(void **state)
{
	const struct flow f = flow(PROTO_UDP, HOST_IN, 3000, FAR, 4000);
	const struct flow want = flow(PROTO_UDP, MAPPED, 3000, FAR, 4000);
	static struct arrived a;

	h.w->mtu[OUTSIDE] = 576;
	for (unsigned int i = 0; i < 2; i++) {
		size_t len = datagram(INSIDE, &f, 1400, 1);
		struct rte_mbuf *m;

		whole[L3 + 6] = i == 0 ? 0 : 0x40;
		header_sum(whole);
		m = buffer_of(whole, len);
		harness_in(INSIDE, &m, 1);
		arrive(&a, OUTSIDE);
		assert_int_equal(counted(DROP_MTU_EXCEEDED), i);
		if (i == 1)
			break;
		assert_arrived(&a, len, &want);
		assert_int_equal(a.largest, 572);
		assert_int_equal(a.pieces, 3);
	}
}

// Each fragment comes in on a worker drawn by lot: it still finds the others, and the datagram its
// session.
static void test_workers(void **state)
{
	const unsigned int counts[] = {1, 2, 4};
	static struct arrived a;

	srand(7);
	for (unsigned int c = 0; c < 3; c++) {
		harness_up_many(counts[c], 256);
		for (uint16_t i = 0; i < 100; i++) {
			struct flow f = flow(PROTO_UDP, FAR, (uint16_t)(1000 + i), MAPPED, 4000);
			struct flow want = flow(PROTO_UDP, FAR, f.src.port, HOST_IN, 4000);

			for (unsigned int lap = 0; lap < 2; lap++) {
				size_t len =
					datagram(OUTSIDE, &f, DATAGRAM, (uint16_t)(2 * i + lap));

				for (uint16_t at = 0; at < len - L4; at += 1000) {
					const bool last = at + 1000u >= len - L4;

					h.w = h.all[(unsigned int)rand() % h.n_workers];
					send_piece(OUTSIDE, at,
						last ? (uint16_t)(len - L4 - at) : 1000,
						last ? 0 : MF);
				}
				turns();
				arrive(&a, INSIDE);
				assert_arrived(&a, len, &want);
			}
		}
		for (unsigned int i = 0, sessions = 0; i < h.n_workers; i++) {
			sessions += h.all[i]->sess->max - h.all[i]->sess->n_free;
			if (i + 1 == h.n_workers)
				assert_int_equal(sessions, 100);
		}
		h.w = h.all[0];
		harness_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_orders, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_small_pieces, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_verdicts, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_refused, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_duplicate, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_timeout, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_flood, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_flood_of_another_interface, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_flood_gives_way, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_trickle, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_chain, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_mtu, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_cut, harness_setup, harness_teardown),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
