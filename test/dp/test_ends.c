// SPDX-License-Identifier: BSD-3-Clause
// What becomes of packets when something is full or used up that no stranger need have filled: the line, the
// buffers, the control plane's frame. And more packets at once than the device is given.
#include "test/dp/beside.h"

#include <errno.h>

#include <rte_ethdev.h>

#include "dp/dp_state.h"

#define ETH 14

static uint8_t frame[FRAME_MAX];

// One buffer as often as the line of `iface` takes it, but for the last `room`. Returns how often.
static unsigned int line_fill(uint16_t iface, unsigned int room)
{
	struct rte_mbuf *m = buffer_of(frame, beside_frame(frame, BESIDE_UDP, OUTSIDE));
	unsigned int n = 0;

	rte_mbuf_refcnt_update(m, 1);
	while (rte_eth_tx_burst(h.w->port[iface], 0, &m, 1) == 1) {
		rte_mbuf_refcnt_update(m, 1);
		n++;
	}
	rte_mbuf_refcnt_update(m, -1);
	rte_pktmbuf_free(m);
	for (unsigned int i = 0; i < room; i++)
		assert_true(harness_out(iface, frame) > 0);
	return n - room;
}

// A burst of one flow, numbered by UDP's last octet; with `payload` octets each.
static void burst_send(size_t payload)
{
	const struct flow f = beside_flow(BESIDE_UDP);
	struct rte_mbuf *m[PKTS_BURST];

	for (unsigned int i = 0; i < PKTS_BURST; i++) {
		const size_t len = frame_make(frame, OUTSIDE, &f, 0, payload);

		frame[ETH + 6] = 0; // may be cut
		frame[len - 1] = (uint8_t)i;
		m[i] = buffer_of(frame, frame_sums_set(frame, len));
	}
	harness_in(OUTSIDE, m, PKTS_BURST);
}

// A line that is full loses what it cannot take, by name, and nothing after that.
static void test_line_full(void **state)
{
	unsigned int n;

	beside_up();
	n = line_fill(INSIDE, 5);
	burst_send(10);
	assert_int_equal(counted(DROP_TX_FULL), PKTS_BURST - 5);
	assert_int_equal(drops(), PKTS_BURST - 5);
	while (n-- > 0)
		assert_true(harness_out(INSIDE, frame) > 0);
	for (unsigned int i = 0; i < 5; i++) { // the first of them
		const size_t len = harness_out(INSIDE, frame);

		assert_true(len > 0 && frame[len - 1] == i);
	}
	beside_goes_on();
}

// A burst of datagrams that are cut in two or three is more than one burst on the way out: all leave, in order.
static void test_bursts_out(void **state)
{
	static const size_t payloads[] = {10, 700, 1200};
	uint64_t before;

	beside_up();
	h.w->mtu[INSIDE] = 576;
	before = counted(COUNT_TX);
	for (size_t k = 0; k < RTE_DIM(payloads); k++) {
		const unsigned int pieces = (unsigned int)k + 1;

		burst_send(payloads[k]);
		for (unsigned int i = 0; i < PKTS_BURST * pieces; i++) {
			const size_t len = harness_out(INSIDE, frame);
			const bool more = frame[ETH + 6] & 0x20;

			assert_true(len > 0 && len <= ETH + 576u);
			assert_int_equal(more, i % pieces != pieces - 1);
			if (!more)
				assert_int_equal(frame[len - 1], i / pieces);
		}
		assert_silence();
	}
	assert_int_equal(counted(COUNT_TX) - before, PKTS_BURST * (1 + 2 + 3));
	assert_int_equal(drops(), 0);
	beside_goes_on();
}

// The second burst on the way out finds the line full: what fits of the first has left.
static void test_bursts_out_full(void **state)
{
	unsigned int n;

	beside_up();
	h.w->mtu[INSIDE] = 576;
	n = line_fill(INSIDE, PKTS_BURST + 3);
	burst_send(700);
	assert_int_equal(counted(DROP_TX_FULL), PKTS_BURST - 3);
	assert_int_equal(drops(), PKTS_BURST - 3);
	for (n += PKTS_BURST + 3; n > 0; n--)
		assert_true(harness_out(INSIDE, frame) > 0);
	beside_goes_on();
}

// Without a buffer for its pieces a datagram goes nowhere; what needs none goes on.
static void test_no_buffer(void **state)
{
	static struct rte_mbuf *held[4096];
	const struct flow f = beside_flow(BESIDE_UDP);
	struct rte_mbuf *m, *good;
	unsigned int n = 0;
	size_t len;

	beside_up();
	h.w->mtu[INSIDE] = 576;
	good = buffer_of(frame, beside_frame(frame, BESIDE_UDP, OUTSIDE));
	len = frame_make(frame, OUTSIDE, &f, 0, 700);
	frame[ETH + 6] = 0; // may be cut
	m = buffer_of(frame, frame_sums_set(frame, len));
	while (n < RTE_DIM(held) && (held[n] = rte_pktmbuf_alloc(h.pool)) != NULL)
		n++;
	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(counted(DROP_NO_BUFFER), 1);
	assert_int_equal(drops(), 1);
	assert_silence();
	held[n++] = rte_pktmbuf_alloc(h.pool); // the one that was let go
	harness_in(OUTSIDE, &good, 1);
	assert_true(harness_out(INSIDE, frame) > 0);
	assert_int_equal(drops(), 1);
	rte_pktmbuf_free_bulk(held, n);
	beside_goes_on();
}

// ---- The control plane -------------------------------------------------------------------------

// A ping to the firewall of `payload` octets, in fragments.
static void ping_us(size_t payload)
{
	static uint8_t whole[65536];
	const struct flow f = flow(PROTO_ICMP, FAR, 9, FW_OUT, 9);
	const size_t len = frame_make(whole, OUTSIDE, &f, 0, payload);

	for (size_t at = 34; at < len; at += 1480) {
		const size_t octets = RTE_MIN(len - at, (size_t)1480);
		const size_t offset = (at - 34) / 8;
		struct rte_mbuf *m;

		memcpy(frame, whole, 34);
		memcpy(frame + 34, whole + at, octets);
		frame[ETH + 2] = (uint8_t)((20 + octets) >> 8);
		frame[ETH + 3] = (uint8_t)(20 + octets);
		frame[ETH + 6] = (uint8_t)(offset >> 8 | (at + octets < len ? 0x20 : 0));
		frame[ETH + 7] = (uint8_t)offset;
		((struct rte_ipv4_hdr *)(frame + ETH))->hdr_checksum = 0;
		((struct rte_ipv4_hdr *)(frame + ETH))->hdr_checksum =
			rte_ipv4_cksum((struct rte_ipv4_hdr *)(frame + ETH));
		m = buffer_of(frame, 34 + octets);
		harness_in(OUTSIDE, &m, 1);
	}
}

// What the control thread takes at once. The one behind a frame that is too big is not lost.
static void test_punt_too_big(void **state)
{
	static uint8_t taken[DP_FRAME_MAX];
	const size_t most = DP_FRAME_MAX - 34 - 8;
	uint16_t iface;

	beside_up();
	dp_state = (struct dp_state){
		.n_workers = 1, .n_ports = HARNESS_IFACES, .worker = {h.w}, .pool = h.pool};
	ping_us(most);
	assert_int_equal(dp_punt_recv(taken, sizeof(taken), &iface), DP_FRAME_MAX);
	assert_true(frame_sums_ok(taken, DP_FRAME_MAX));
	ping_us(most + 1);
	ping_us(56);
	assert_int_equal(dp_punt_recv(taken, sizeof(taken), &iface), 34 + 8 + 56);
	assert_int_equal(dp_punt_recv(taken, sizeof(taken), &iface), 0);
	assert_int_equal(counter_get(&dp_state.count, DROP_PUNT_TOO_BIG), 1);
	// The other way: more than a buffer has room for.
	assert_int_equal(dp_punt_send(OUTSIDE, taken, sizeof(taken)), -EMSGSIZE);
	assert_int_equal(counter_get(&dp_state.count, DROP_PUNT_TOO_BIG), 2);
	dp_state = (struct dp_state){0};
	assert_int_equal(drops(), 0);
	beside_goes_on();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_line_full),
		TEST(test_bursts_out),
		TEST(test_bursts_out_full),
		TEST(test_no_buffer),
		TEST(test_punt_too_big),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
