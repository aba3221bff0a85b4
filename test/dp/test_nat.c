// SPDX-License-Identifier: BSD-3-Clause
// Translated packets have the right tuple and every checksum right, recomputed from scratch:
// RFC 1624 for IP, TCP, UDP and ICMP, and for what ICMP errors quote.
#include "test/dp/harness.h"

#include "dp/nat.h"
#include "dp/nat_set.h"
#include "dp/parse.h"

#define ETH 14
#define L4  34

static uint8_t frame[FRAME_MAX];

static struct rte_mbuf *parsed(const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = buffer_of(data, len);

	assert_int_equal(parse_frame(m, NULL), PASS);
	return m;
}

static size_t contents(struct rte_mbuf *m)
{
	size_t len = rte_pktmbuf_data_len(m);

	memcpy(frame, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	return len;
}

static struct flow random_flow(uint8_t proto)
{
	struct flow f = {.proto = proto};
	uint32_t a = (uint32_t)rand(), b = (uint32_t)rand();

	f.src.ip = ip_from_v4_be(a | 1);
	f.dst.ip = ip_from_v4_be(b | 1);
	f.src.port = (uint16_t)(1 + rand() % 65535);
	f.dst.port = proto == PROTO_ICMP ? f.src.port : (uint16_t)(1 + rand() % 65535);
	// What parse takes: no source or destination out of range in the first octet.
	f.src.ip.b[12] = (uint8_t)(1 + a % 126);
	f.dst.ip.b[12] = (uint8_t)(1 + b % 126);
	return f;
}

static void test_random(void **state)
{
	const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP, 50};

	srand(11);
	for (unsigned int i = 0; i < 20000; i++) {
		uint8_t proto = protos[i % 4];
		struct flow before = random_flow(proto), after = random_flow(proto), got;
		size_t len = frame_make(frame, OUTSIDE, &before, 0x10, 8 + (size_t)rand() % 40);
		struct rte_mbuf *m = parsed(frame, len);

		nat_rewrite(m, &after.src, &after.dst);
		assert_flow(&pkt_of(m)->flow, &after);
		assert_int_equal(contents(m), len);
		assert_true(frame_sums_ok(frame, len));
		got = frame_flow(frame, len);
		if (proto == 50) // no ports: those of the frame are payload
			got.src.port = after.src.port, got.dst.port = after.dst.port;
		assert_flow(&got, &after);
	}
}

// RFC 768: no checksum stays none, and one that comes out as 0 is sent as all ones.
static void test_udp_zero(void **state)
{
	struct flow before = flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);
	struct flow after = flow(PROTO_UDP, FAR, 3000, HOST_IN, 4000);
	size_t len = frame_make(frame, OUTSIDE, &before, 0, 10);
	struct rte_mbuf *m;
	unsigned int ones = 0;

	memset(frame + L4 + 6, 0, 2);
	m = parsed(frame, len);
	nat_rewrite(m, &after.src, &after.dst);
	contents(m);
	assert_int_equal(frame[L4 + 6] | frame[L4 + 7], 0);
	// Each port once: one of them makes the sum 0.
	for (uint32_t port = 1; port < 65536; port++) {
		after.dst.port = (uint16_t)port;
		len = frame_make(frame, OUTSIDE, &before, 0, 10);
		m = parsed(frame, len);
		nat_rewrite(m, &after.src, &after.dst);
		contents(m);
		assert_true(frame_sums_ok(frame, len));
		assert_true(frame[L4 + 6] != 0 || frame[L4 + 7] != 0);
		ones += frame[L4 + 6] == 0xff && frame[L4 + 7] == 0xff;
	}
	assert_true(ones >= 1);
}

// What is done to a plain packet at once is what is done step by step: of any sums, right or wrong.
static void test_plain(void **state)
{
	static const uint16_t sums[] = {0, 0xffff, 0xfffe, 1, 0x0100};

	srand(12);
	for (unsigned int i = 0; i < 100000; i++) {
		struct flow before = random_flow(PROTO_UDP), to = random_flow(PROTO_UDP);
		const struct pkt_ends there = pkt_ends_of(&to.dst, &to.src);
		size_t len = frame_make(frame, OUTSIDE, &before, 0, 8 + (size_t)rand() % 40);
		struct rte_mbuf *once, *stepwise;

		frame[ETH + 8] = (uint8_t)(2 + rand() % 254);
		((struct rte_ipv4_hdr *)(frame + ETH))->hdr_checksum = 0;
		((struct rte_ipv4_hdr *)(frame + ETH))->hdr_checksum =
			rte_ipv4_cksum((struct rte_ipv4_hdr *)(frame + ETH));
		if (i % 8 < RTE_DIM(sums))
			memcpy(frame + L4 + 6, &sums[i % 8], 2);
		once = parsed(frame, len);
		stepwise = parsed(frame, len);
		assert_true(pkt_of(once)->plain);
		nat_plain_forward(pkt_ipv4(once), &there);
		nat_packet_set(stepwise, &there);
		nat_ttl_decrement(pkt_ipv4(stepwise));
		assert_memory_equal(
			rte_pktmbuf_mtod(once, void *), rte_pktmbuf_mtod(stepwise, void *), len);
		rte_pktmbuf_free(stepwise);
		assert_int_equal(contents(once), len);
		assert_true(frame_sums_ok(frame, len) || i % 8 < RTE_DIM(sums));
	}
}

// An error about a packet that we sent translated: what it quotes is translated back.
static void test_error(void **state)
{
	const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};
	const size_t quotes[] = {28, 36, 48, 0}; // 0: the whole packet
	const struct ip_addr router = flow(0, FW_OUT, 0, FAR, 0).src.ip;

	for (unsigned int i = 0; i < 12; i++) {
		uint8_t proto = protos[i % 3];
		uint16_t there = proto == PROTO_ICMP ? 4000 : 9000;
		struct flow sent = flow(proto, MAPPED, 4000, FAR, there), got;
		struct flow real = flow(proto, HOST_IN, 4000, FAR, there);
		uint8_t quoted[FRAME_MAX];
		size_t len = frame_make(quoted, OUTSIDE, &sent, 0x10, 31) - ETH;
		size_t n = quotes[i / 3] != 0 ? quotes[i / 3] : len;
		struct rte_mbuf *m;

		if (n > len)
			n = len;
		n = frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + ETH, n);
		m = parsed(frame, n);
		nat_rewrite_error(m, &real.dst, &real.src, &router);
		contents(m);
		assert_true(frame_sums_ok(frame, n));
		got = frame_flow(frame, n);
		assert_true(ip_eq(&got.dst.ip, &real.src.ip));
		assert_true(ip_is(&got.src.ip, FW_OUT));
		// The quoted packet begins 28 octets after the outer one.
		memmove(frame + ETH, frame + ETH + 28, n - ETH - 28);
		got = frame_flow(frame, n - 28);
		assert_flow(&got, &real);
	}
}

// The same when the flow's own end sends it, from inside: the outer source is translated too.
static void test_error_of_host(void **state)
{
	struct flow got_in = flow(PROTO_UDP, FAR, 9000, HOST_IN, 4000);
	struct flow mapped = flow(PROTO_UDP, FAR, 9000, MAPPED, 4000), got;
	uint8_t quoted[FRAME_MAX];
	size_t len = frame_make(quoted, INSIDE, &got_in, 0, 31) - ETH;
	size_t n = frame_error(frame, INSIDE, HOST_IN, FAR, quoted + ETH, len);
	struct rte_mbuf *m = parsed(frame, n);

	nat_rewrite_error(m, &mapped.dst, &mapped.src, &mapped.src.ip);
	contents(m);
	assert_true(frame_sums_ok(frame, n));
	got = frame_flow(frame, n);
	assert_true(ip_eq(&got.src.ip, &mapped.dst.ip));
	assert_true(ip_eq(&got.dst.ip, &mapped.src.ip));
	memmove(frame + ETH, frame + ETH + 28, n - ETH - 28);
	got = frame_flow(frame, n - 28);
	assert_flow(&got, &mapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_udp_zero),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_error_of_host),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
