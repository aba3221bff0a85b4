// SPDX-License-Identifier: BSD-3-Clause
// The ICMP errors that a worker sends: dp/icmp.h.
#include "test/dp/harness.h"

#include "dp/icmp.h"

#define L3 14
#define L4 34
#define S  1000000000ull

static uint8_t sent[FRAME_MAX], error[FRAME_MAX];
static size_t sent_len;

// A packet from `in` with that TTL, in the frame `sent`.
static void send_ttl(uint16_t in, const struct flow *f, uint8_t flags, size_t payload, uint8_t ttl)
{
	struct rte_ipv4_hdr *ip = (void *)(sent + L3);
	struct rte_mbuf *m;

	sent_len = frame_make(sent, in, f, flags, payload);
	ip->time_to_live = ttl;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	m = buffer_of(sent, sent_len);
	harness_in(in, &m, 1);
}

// What came back is an error about `sent`, from the interface's own address, that quotes it as it was.
static void assert_error(uint16_t in, uint8_t type, uint8_t code, uint16_t mtu)
{
	const size_t quoted = RTE_MIN(sent_len - L3, (size_t)548);
	size_t len = harness_out(in, error);

	assert_int_equal(len, L4 + 8 + quoted);
	assert_memory_equal(error, sent + 6, 6);
	assert_memory_equal(error + 6, &h.w->mac[in], 6);
	assert_int_equal(error[L3 + 9], PROTO_ICMP);
	assert_memory_equal(error + L3 + 16, sent + L3 + 12, 4);
	assert_int_equal(error[L4], type);
	assert_int_equal(error[L4 + 1], code);
	assert_int_equal(error[L4 + 6] << 8 | error[L4 + 7], mtu);
	assert_memory_equal(error + L4 + 8, sent + L3, quoted);
	assert_true(rte_raw_cksum(error + L4, len - L4) == 0xffff);
	assert_int_equal(rte_raw_cksum(error + L3, 20), 0xffff);
	assert_int_equal(harness_out(in, error), 0);
}

static bool from_is(const char *address)
{
	const struct ip_addr want = ip(address);
	rte_be32_t a;

	memcpy(&a, error + L3 + 12, sizeof(a));
	return a == ip_to_v4_be(&want);
}

// traceroute, through NAT both ways, by UDP, ICMP and TCP.
static void test_time_exceeded(void **state)
{
	const struct {
		uint16_t in;
		struct flow f;
		uint8_t flags;
	} t[] = {
		{INSIDE, flow(PROTO_UDP, HOST_IN, 40000, FAR, 33434), 0},
		{INSIDE, flow(PROTO_ICMP, HOST_IN, 77, FAR, 77), 0},
		{INSIDE, flow(PROTO_TCP, HOST_IN, 40001, FAR, 443), 2},
		{OUTSIDE, flow(PROTO_UDP, FAR, 40000, MAPPED, 4000), 0},
		{OUTSIDE, flow(PROTO_TCP, FAR, 40000, MAPPED, 5070), 2},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		send_ttl(t[i].in, &t[i].f, t[i].flags, 32, 1);
		assert_int_equal(counted(DROP_IP_TTL), i + 1);
		assert_error(t[i].in, ICMP_TIME_EXCEEDED, 0, 0);
		assert_int_equal(harness_out(!t[i].in, error), 0);
		send_ttl(t[i].in, &t[i].f, t[i].flags, 32, 2);
		assert_true(harness_out(!t[i].in, error) > 0);
	}
	send_ttl(INSIDE, &t[0].f, 0, 32, 1);
	assert_error(INSIDE, ICMP_TIME_EXCEEDED, 0, 0);
	send_ttl(OUTSIDE, &t[3].f, 0, 32, 1);
	assert_true(harness_out(OUTSIDE, error) > 0 && from_is(FW_OUT));
	send_ttl(INSIDE, &t[0].f, 0, 32, 1);
	assert_true(harness_out(INSIDE, error) > 0 && from_is(FW_IN));
}

static void test_fragmentation_needed(void **state)
{
	const struct flow f = flow(PROTO_UDP, FAR, 40000, MAPPED, 4000);
	const struct flow back = flow(PROTO_UDP, HOST_IN, 4000, FAR, 40000);

	h.w->mtu[INSIDE] = 1400;
	send_ttl(OUTSIDE, &f, 0, 1372, 64);
	assert_true(harness_out(INSIDE, error) > 0);
	send_ttl(OUTSIDE, &f, 0, 1373, 64);
	assert_error(OUTSIDE, ICMP_UNREACHABLE, ICMP_FRAG_NEEDED, 1400);
	assert_int_equal(counted(DROP_MTU_EXCEEDED), 1);
	// The answer's way has another MTU.
	h.w->mtu[OUTSIDE] = 1000;
	send_ttl(INSIDE, &back, 0, 1372, 64);
	assert_error(INSIDE, ICMP_UNREACHABLE, ICMP_FRAG_NEEDED, 1000);
}

// What a list permits and no route leads to. What it denies is silence.
static void test_no_route(void **state)
{
	const struct flow lost = flow(PROTO_TCP, FAR, 40000, "10.1.1.1", 80);
	const struct flow denied = flow(PROTO_TCP, FAR, 40000, MAPPED, 81);
	struct rules r;

	harness_rules(&r);
	r.incoming[0].dst = net("10.1.1.1/32");
	r.incoming[0].dport.lo = r.incoming[0].dport.hi = 80;
	r.r.routes = &r.routes[1]; // no default
	r.r.n_routes = 2;
	r.ifaces[OUTSIDE].verify_reverse_path = false;
	harness_apply(&r);
	send_ttl(OUTSIDE, &lost, 2, 0, 64);
	assert_int_equal(counted(DROP_ROUTE_NONE), 1);
	assert_error(OUTSIDE, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
	send_ttl(OUTSIDE, &denied, 2, 0, 64);
	assert_int_equal(counted(DROP_ACL_DENY), 1);
	assert_int_equal(harness_out(OUTSIDE, error), 0);
	assert_int_equal(counted(COUNT_ICMP_SENT), 1);
}

// Never about an error, however its TTL stands.
static void test_no_error_about_errors(void **state)
{
	const struct flow f = flow(PROTO_UDP, HOST_IN, 4000, FAR, 40000);
	const struct flow translated = flow(PROTO_UDP, MAPPED, 4000, FAR, 40000);
	uint8_t quoted[FRAME_MAX];
	size_t len = frame_make(quoted, OUTSIDE, &translated, 0, 40);
	struct rte_ipv4_hdr *ip = (void *)(sent + L3);
	struct rte_mbuf *m;

	send_ttl(INSIDE, &f, 0, 40, 64);
	assert_true(harness_out(OUTSIDE, error) > 0);
	sent_len = frame_error(sent, OUTSIDE, FAR, MAPPED, quoted + L3, len - L3);
	ip->time_to_live = 1;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	m = buffer_of(sent, sent_len);
	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(counted(DROP_IP_TTL), 1);
	assert_int_equal(counted(COUNT_ICMP_SENT), 0);
	assert_int_equal(harness_out(OUTSIDE, error), 0);
}

static unsigned int errors_for(unsigned int sources, unsigned int each)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < each; i++) {
		for (unsigned int s = 0; s < sources; s++) {
			char from[IP_TEXT_MAX];
			struct flow f;

			snprintf(from, sizeof(from), "198.51.%u.%u", 100 + s / 200, 1 + s % 200);
			f = flow(PROTO_UDP, from, 40000, MAPPED, 4000);
			send_ttl(OUTSIDE, &f, 0, 0, 1);
			n += harness_out(OUTSIDE, error) > 0;
		}
	}
	return n;
}

// One source has 20 a second, all together 1000 in the long run and 50 at once.
static void test_rate(void **state)
{
	assert_int_equal(errors_for(1, 100), 20);
	assert_int_equal(counted(COUNT_RATE_LIMITED_ICMP), 80);
	assert_int_equal(errors_for(60, 1), 30); // what the first left of 50
	h.now_ns += 10 * S;
	assert_int_equal(errors_for(60, 1), 50);
	assert_int_equal(counted(COUNT_ICMP_SENT), 100);
	// Limits are per box.
	assert_int_equal(icmp_rates(4).all.interval_ns, 4 * icmp_rates(1).all.interval_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_time_exceeded, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_fragmentation_needed, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_no_route, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(
			test_no_error_about_errors, harness_setup, harness_teardown),
		cmocka_unit_test_setup_teardown(test_rate, harness_setup, harness_teardown),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
