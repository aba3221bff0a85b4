// SPDX-License-Identifier: BSD-3-Clause
// Identifiers of datagrams from a shared address: dp/ipid.h, by workers with real packets.
#include "test/dp/harness.h"
#include "test/dp/xlate_steps.h"

#include "dp/ipid.h"

#define L3 14
#define L4 34
#define ID 0x4d00

static uint8_t frame[FRAME_MAX];

static uint16_t id_of(const uint8_t *f)
{
	return (uint16_t)(f[L3 + 4] << 8 | f[L3 + 5]);
}

static void header_sum(uint8_t *f)
{
	struct rte_ipv4_hdr *ip = (void *)(f + L3);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

// A datagram of `octets` behind the UDP header, all `fill`, with the identifier that every host here chooses.
static size_t datagram(uint16_t iface, const struct flow *f, size_t octets, uint8_t fill, bool dont)
{
	size_t len = frame_make(frame, iface, f, 0, octets);
	struct rte_ipv4_hdr *ip = (void *)(frame + L3);
	struct rte_udp_hdr *udp = (void *)(frame + L4);

	memset(frame + L4 + 8, fill, octets);
	ip->packet_id = rte_cpu_to_be_16(ID);
	ip->fragment_offset = dont ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : 0;
	header_sum(frame);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return len;
}

// The identifier that it leaves with.
static uint16_t passes(uint16_t in, const struct flow *f, size_t octets, bool dont)
{
	struct rte_mbuf *m = buffer_of(frame, datagram(in, f, octets, 1, dont));
	size_t len;

	harness_in(in, &m, 1);
	len = harness_out(!in, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	return id_of(frame);
}

static void test_unique(void **state)
{
	const struct flow a = flow(PROTO_UDP, OTHER, 7000, FAR, 53);
	const struct flow b = flow(PROTO_UDP, THIRD, 7000, FAR, 53);
	uint16_t first = passes(INSIDE, &a, 1000, false), second = passes(INSIDE, &b, 1000, false);

	assert_int_not_equal(first, second);
	assert_int_not_equal(passes(INSIDE, &a, 1000, false), first);
	// What cannot be cut keeps its own: it must not be, or no link is as narrow.
	assert_int_equal(passes(INSIDE, &a, 1000, true), ID);
	assert_int_equal(passes(INSIDE, &a, IPID_UNCUT - 28, false), ID);
	assert_int_not_equal(passes(INSIDE, &a, IPID_UNCUT - 27, false), ID);
}

// An address of its own is not shared; nor is the one of the host outside.
static void test_not_shared(void **state)
{
	const struct flow one = flow(PROTO_UDP, HOST_IN, 7000, FAR, 53);
	const struct flow pat = flow(PROTO_UDP, OTHER, 7000, FAR, 53);
	struct flow left, back;

	assert_int_equal(passes(INSIDE, &one, 1000, false), ID);
	left = goes_out(&pat);
	back = (struct flow){left.dst, left.src, left.proto};
	assert_int_equal(passes(OUTSIDE, &back, 1000, false), ID);
}

// A host that has an address to itself, and our identifiers on what it begins, has them on what it answers too.
static void test_held(void **state)
{
	const struct flow out = flow(PROTO_UDP, OTHER, 7000, FAR, 53);
	struct flow in = flow(PROTO_UDP, FAR, 54, POOL, 4000), answer;

	rules.nat[1].kind = NAT_DYNAMIC;
	rules.nat[1].interface = false;
	rules.nat[1].pool = xlate_pool(POOL, POOL);
	rules.incoming[2].dst = net(OTHER);
	harness_apply(&rules);
	assert_int_not_equal(passes(INSIDE, &out, 1000, false), ID);
	assert_int_equal(passes(OUTSIDE, &in, 1000, false), ID);
	answer = (struct flow){ep(OTHER, 4000), in.src, PROTO_UDP};
	assert_int_not_equal(passes(INSIDE, &answer, 1000, false), ID);
}

// A receiver that puts together what has one source, destination and identifier.
static struct {
	uint16_t id;
	uint16_t octets;
	uint8_t data[4096];
} at_receiver[4];

static void received(size_t len)
{
	const struct rte_ipv4_hdr *ip = (void *)(frame + L3);
	const uint16_t at = (uint16_t)(rte_be_to_cpu_16(ip->fragment_offset) % 0x2000 * 8);
	unsigned int i = 0;

	while (at_receiver[i].octets != 0 && at_receiver[i].id != id_of(frame))
		i++;
	at_receiver[i].id = id_of(frame);
	at_receiver[i].octets += (uint16_t)(len - L4);
	memcpy(at_receiver[i].data + at, frame + L4, len - L4);
}

static struct rte_mbuf *piece(const struct flow *f, uint8_t fill, bool last)
{
	size_t len = datagram(INSIDE, f, 1448, fill, false);
	struct rte_ipv4_hdr *ip = (void *)(frame + L3);

	ip->fragment_offset = rte_cpu_to_be_16(last ? 728 / 8 : RTE_IPV4_HDR_MF_FLAG);
	ip->total_length = rte_cpu_to_be_16(20 + 728);
	header_sum(frame);
	if (last)
		memmove(frame + L4, frame + L4 + 728, 728);
	assert_int_equal(len, L4 + 8 + 1448);
	return buffer_of(frame, L4 + 728);
}

// Two hosts whose fragments leave in turns.
static void test_fragments(void **state)
{
	const struct flow f[2] = {
		flow(PROTO_UDP, OTHER, 7000, FAR, 53), flow(PROTO_UDP, THIRD, 7000, FAR, 53)};
	struct rte_mbuf *m[4];
	unsigned int n = 0;
	size_t len;

	for (unsigned int i = 0; i < 4; i++)
		m[i] = piece(&f[i % 2], (uint8_t)(10 + i % 2), i >= 2);
	harness_in(INSIDE, m, 4);
	memset(at_receiver, 0, sizeof(at_receiver));
	for (; (len = harness_out(OUTSIDE, frame)) > 0; n++)
		received(len);
	assert_int_equal(n, 4);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(at_receiver[i].octets, 2 * 728);
		for (unsigned int k = 8; k < 2 * 728; k++)
			assert_int_equal(at_receiver[i].data[k], at_receiver[i].data[8]);
	}
	assert_int_not_equal(at_receiver[0].data[8], at_receiver[1].data[8]);
}

// An identifier tells nothing of how the counter of its path was found, for two paths that share one have the
// next ones of each other: else outsiders could work out the secret behind it.
static void test_secret(void **state)
{
	const uint16_t first = rte_be_to_cpu_16(ipid_next(h.w, 1, 2, PROTO_UDP));
	unsigned int others = 0;

	for (rte_be32_t dst = 3; dst < 10000; dst++)
		others += rte_be_to_cpu_16(ipid_next(h.w, 1, dst, PROTO_UDP)) ==
			(uint16_t)(first + 1 + others);
	assert_true(others > 3);
	assert_int_equal(
		rte_be_to_cpu_16(ipid_next(h.w, 1, 2, PROTO_UDP)), (uint16_t)(first + 1 + others));
}

// Of one path, no two of any worker are alike until one has gone all its round.
static void test_workers(void **state)
{
	static bool seen[UINT16_MAX + 1];
	const uint32_t round = (UINT16_MAX + 1) / HARNESS_WORKERS;

	harness_up_many(HARNESS_WORKERS, 64);
	memset(seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < HARNESS_WORKERS; i++)
		for (uint32_t k = 0; k < round; k++) {
			uint16_t id = ipid_next(h.all[i], 1, 2, PROTO_UDP);

			assert_false(seen[id]);
			seen[id] = true;
		}
	harness_down();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, xlate_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unique),
		TEST(test_not_shared),
		TEST(test_held),
		TEST(test_fragments),
		TEST(test_secret),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
