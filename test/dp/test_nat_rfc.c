// SPDX-License-Identifier: BSD-3-Clause
// What the RFCs of NAT require (4787 of UDP, 5382 of TCP, 5508 of ICMP, 7857 of all), where no other test shows it.
// The others: 4787 REQ-1 to REQ-4, REQ-8 and REQ-9 test_xlate.c, REQ-11 test_nat_oracle.c, REQ-13 test_icmp.c, REQ-14
// test_frag.c; 5382 REQ-8 and REQ-9 test_xlate.c; 5508 REQ-3 and REQ-6 test_xlate.c, REQ-4 test_nat.c, REQ-10
// test_icmp.c (traceroute); 7857 section 4 (paired) test_xlate.c, section 10 test_ipid.c.
//
// What does not apply: 4787 REQ-7, for the subnets of two interfaces cannot overlap (config/check_address.c); 7857
// sections 6 and 7, for no mapping lets strangers in.
//
// Where we are the ASA, and not the RFC:
// - 4787 REQ-3a: ports below 16384 are the firewall's own, so a low one does not stay low.
// - 5382 REQ-4: a SYN that nobody asked for is dropped in silence for ever (REQ-4a: the policy of a firewall).
// - 5382 REQ-5: connections may be silent for an hour, half-open ones for 30 s; timeouts conn, embryonic say else.
//   7857 section 2.2: of one that has been reset nothing but stragglers is waited for, 5 s.
// - 5508 REQ-2: an echo is waited for 2 s (timeouts icmp), but the id stays the host's for pat-xlate, 30 s.
// - 5508 REQ-8: what is refused hears nothing.
// - 7857 section 8: the parity of ports is kept, for RTP.
#include "test/dp/xlate_steps.h"

#define ETH  14
#define L4   34
#define FAR2 "198.51.100.8"

static uint8_t frame[FRAME_MAX];

static uint32_t sessions(void)
{
	return h.w->sess->max - h.w->sess->n_free;
}

static struct flow back_of(const struct flow *f)
{
	return (struct flow){f->dst, f->src, f->proto};
}

// An error of `code` (destination unreachable) about what left.
static size_t error_about(const struct flow *left)
{
	uint8_t quoted[FRAME_MAX];
	size_t len = frame_make(quoted, OUTSIDE, left, 0, 10);

	return frame_error(frame, OUTSIDE, HOST_OUT, FW_OUT, quoted + ETH, len - ETH);
}

// RFC 4787 REQ-5 and REQ-6: two minutes, and what goes out refreshes.
static void test_rfc4787_req_5_6_timer(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left = goes_out(&f), again;
	struct flow late = back_of(&left);

	for (unsigned int i = 0; i < 4; i++) {
		harness_wait_s(100);
		again = goes_out(&f);
		assert_true(endpoint_eq(&again.src, &left.src));
	}
	harness_wait_s(117);
	comes_back(&left, &f);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
	harness_wait_s(122);
	harness_drops(OUTSIDE, &late, 0, DROP_NAT_UNMAPPED);
}

// RFC 4787 REQ-10, 5382 REQ-6: nobody looks into what is not inspected, whatever it says.
static void test_rfc4787_req_10_no_alg(void **state)
{
	static const char said[] =
		"INVITE sip:a@" FAR " SIP/2.0\r\nContact: <sip:" OTHER ":5060>\r\n";
	struct flow f = flow(PROTO_UDP, OTHER, 5060, FAR, 5060);
	size_t len = frame_make(frame, INSIDE, &f, 0, sizeof(said));
	struct rte_mbuf *m;

	memcpy(frame + L4 + 8, said, sizeof(said));
	memset(frame + L4 + 6, 0, 2); // no checksum
	m = buffer_of(frame, len);
	harness_in(INSIDE, &m, 1);
	assert_int_equal(harness_out(OUTSIDE, frame), len);
	f = frame_flow(frame, len);
	assert_true(ip_is(&f.src.ip, FW_OUT));
	assert_memory_equal(frame + L4 + 8, said, sizeof(said));
}

// RFC 4787 REQ-12, 5382 REQ-10, 5508 REQ-5: an error ends nothing, and refreshes nothing.
static void test_rfc4787_req_12_icmp_error(void **state)
{
	struct flow udp = outward(PROTO_UDP, OTHER, 5000, FAR), left_udp, late;

	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		struct flow f = outward(protos[i], OTHER, 5000, FAR), left = goes_out(&f);
		struct rte_mbuf *m = buffer_of(frame, error_about(&left));

		harness_in(OUTSIDE, &m, 1);
		assert_true(harness_out(INSIDE, frame) > 0);
		comes_back(&left, &f);
	}
	assert_int_equal(sessions(), 3);
	left_udp = goes_out(&udp);
	harness_wait_s(110);
	for (unsigned int i = 0; i < 2; i++) {
		struct rte_mbuf *m = buffer_of(frame, error_about(&left_udp));

		harness_in(OUTSIDE, &m, 1);
		assert_true(harness_out(INSIDE, frame) > 0);
	}
	harness_wait_s(11);
	late = back_of(&left_udp);
	harness_drops(OUTSIDE, &late, 0, DROP_NAT_UNMAPPED);
}

// RFC 5382 REQ-2: both ends may ask at once.
static void test_rfc5382_req_2_simultaneous_open(void **state)
{
	struct flow f = flow(PROTO_TCP, OTHER, 40000, FAR, 5000), left = goes_out(&f);
	struct flow in = back_of(&left), want = back_of(&f), got;
	const uint8_t flags[] = {SYN, SYN | ACK};

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		harness_send(OUTSIDE, &in, flags[i]);
		got = frame_flow(frame, harness_out(INSIDE, frame));
		assert_flow(&got, &want);
	}
	harness_send(INSIDE, &f, SYN | ACK);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	assert_int_equal(sessions(), 1);
}

// RFC 5382 REQ-4: who comes first hears nothing, at once or later, and when the host asks in its turn both meet.
static void test_rfc5382_req_4_unsolicited_syn(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 5000, FW_OUT, 40000), f, left;

	harness_drops(OUTSIDE, &in, SYN, DROP_NAT_UNMAPPED);
	harness_wait_s(7);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
	assert_int_equal(sessions(), 0);
	f = flow(PROTO_TCP, OTHER, 40000, FAR, 5000);
	left = goes_out(&f);
	assert_true(endpoint_eq(&left.src, &in.dst));
	harness_send(OUTSIDE, &in, SYN);
	assert_true(harness_out(INSIDE, frame) > 0);
}

// RFC 4787 REQ-3, 5382 REQ-7, 7857 section 3: two endpoints never have one port, wherever they speak to.
static void test_rfc7857_no_port_overlap(void **state)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		struct flow a = outward(protos[i], OTHER, 40000, FAR), left = goes_out(&a);
		struct flow b = outward(protos[i], THIRD, 40000, FAR2), other = goes_out(&b);

		assert_int_not_equal(left.src.port, other.src.port);
	}
}

// RFC 7857 section 9: nobody knows the next port from the last ones.
static void test_rfc7857_random_ports(void **state)
{
	unsigned int steps = 0;
	uint16_t last = 0;

	for (uint16_t port = 1024; port < 1084; port += 2) {
		struct flow f = outward(PROTO_UDP, OTHER, port, FAR), left = goes_out(&f);

		steps += (uint16_t)(left.src.port - last + 16) <= 32; // near by
		last = left.src.port;
	}
	assert_true(steps < 5);
}

// RFC 5508 REQ-1: one id wherever the host pings; REQ-7, and 7857 section 12: a ping turns round as well.
static void test_rfc5508_req_1_7_echo(void **state)
{
	struct flow a = outward(PROTO_ICMP, OTHER, 777, FAR),
		    b = outward(PROTO_ICMP, OTHER, 777, FAR2);
	struct flow near = flow(PROTO_ICMP, OTHER, 777, MAPPED, 777), got, back;
	struct flow left = goes_out(&a), other = goes_out(&b);

	assert_int_equal(left.src.port, other.src.port);
	comes_back(&left, &a);
	comes_back(&other, &b);
	harness_send(INSIDE, &near, 0);
	got = frame_flow(frame, harness_out(INSIDE, frame));
	assert_true(ip_is(&got.src.ip, FW_OUT) && ip_is(&got.dst.ip, HOST_IN));
	assert_int_equal(got.src.port, left.src.port);
	back = back_of(&got);
	harness_send(INSIDE, &back, 1);
	got = frame_flow(frame, harness_out(INSIDE, frame));
	back = back_of(&near);
	assert_flow(&got, &back);
}

// A router inside has sent an error about what came in for the host: who it is outside, and that what it
// quotes is what the sender knows.
static void assert_router_is(
	const char *router, const struct flow *came, const struct flow *seen, const char *outside)
{
	uint8_t quoted[FRAME_MAX];
	char to[IP_TEXT_MAX];
	size_t len = frame_make(quoted, INSIDE, seen, 0, 10);
	struct rte_mbuf *m = buffer_of(frame,
		frame_error(frame, INSIDE, router, ip_format(&seen->src.ip, to), quoted + ETH,
			len - ETH));
	struct flow got;

	harness_in(INSIDE, &m, 1);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_true(ip_is(&got.src.ip, outside) && ip_eq(&got.dst.ip, &came->src.ip));
	got = frame_flow(frame + 28, len - 28);
	assert_flow(&got, came);
}

// RFC 5508 4.2.2: what a router inside says of a translated host's packets is said outside by an address that
// is known there: its own static one, else the firewall's.
static void test_rfc5508_4_2_2_router_inside(void **state)
{
	const struct flow in = flow(PROTO_UDP, FAR, 9000, MAPPED, 4000);
	const struct flow seen = flow(PROTO_UDP, FAR, 9000, HOST_IN, 4000);
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left = goes_out(&f);
	struct flow answer = back_of(&left), inner = back_of(&f);

	harness_send(OUTSIDE, &in, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	assert_router_is(THIRD, &in, &seen, FW_OUT);
	assert_router_is(HOST_IN, &in, &seen, MAPPED); // the end itself
	assert_router_is(THIRD, &answer, &inner, FW_OUT);
	assert_router_is(
		HOST_IN, &answer, &inner, MAPPED); // as a router with an address of its own
}

// RFC 5508 REQ-3a: an error whose checksum is wrong goes nowhere. REQ-11: nor does what is neither a question, an
// answer nor an error.
static void test_rfc5508_req_3_11_dropped(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left = goes_out(&f);
	struct rte_mbuf *m;
	size_t len = error_about(&left);

	frame[L4 + 2] ^= 1;
	m = buffer_of(frame, len);
	harness_in(OUTSIDE, &m, 1);
	assert_int_equal(harness_out(INSIDE, frame), 0);
	assert_int_equal(counted(DROP_L4_CHECKSUM), 1);
	f = outward(PROTO_ICMP, OTHER, 9, FAR);
	len = frame_make(frame, INSIDE, &f, 0, 8);
	frame[L4] = 10; // router solicitation, 2 more than an echo's type
	frame[L4 + 2] = (uint8_t)(frame[L4 + 2] - 2);
	m = buffer_of(frame, len);
	harness_in(INSIDE, &m, 1);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
	assert_int_equal(counted(DROP_ICMP_NO_SESSION), 1);
	assert_int_equal(sessions(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, xlate_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rfc4787_req_5_6_timer),
		TEST(test_rfc4787_req_10_no_alg),
		TEST(test_rfc4787_req_12_icmp_error),
		TEST(test_rfc5382_req_2_simultaneous_open),
		TEST(test_rfc5382_req_4_unsolicited_syn),
		TEST(test_rfc7857_no_port_overlap),
		TEST(test_rfc7857_random_ports),
		TEST(test_rfc5508_req_1_7_echo),
		TEST(test_rfc5508_4_2_2_router_inside),
		TEST(test_rfc5508_req_3_11_dropped),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
