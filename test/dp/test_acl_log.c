// SPDX-License-Identifier: BSD-3-Clause
// What a worker hands over to be told: which entries want it, of which packets, and how many at most.
#include "test/dp/harness.h"

#include "dp/acl_log.h"

#define SYN 0x02
#define ACK 0x10

static uint8_t frame[FRAME_MAX];
static struct rules rules;

// Of the entries of the list in, as harness_rules() has them: 5070, 5080 (inspected), 4000 and ICMP.
static void logs(unsigned int entry, enum ace_log log, bool permit)
{
	rules.incoming[entry].log = log;
	rules.incoming[entry].permit = permit;
	rules.incoming[entry].entry = entry;
	harness_apply(&rules);
}

static void sends(uint16_t in, const struct flow *f, uint8_t flags)
{
	harness_send(in, f, flags);
	while (harness_out(INSIDE, frame) > 0 || harness_out(OUTSIDE, frame) > 0)
		;
}

// The next record; false: there is none.
static bool next(struct dp_acl_log *r)
{
	return rte_ring_sc_dequeue_elem(h.w->acl_log->ring, r, sizeof(*r)) == 0;
}

static void expect(int entry, bool permit, bool flows, uint16_t port)
{
	struct dp_acl_log r;

	assert_true(next(&r));
	assert_int_equal(r.list, 0);
	assert_int_equal(r.entry, entry);
	assert_int_equal(r.permit, permit);
	assert_int_equal(r.flows, flows);
	assert_int_equal(r.iface_in, OUTSIDE);
	assert_int_equal(r.iface_out, INSIDE);
	assert_true(ip_is(&r.flow.src.ip, FAR));
	assert_true(ip_is(&r.flow.dst.ip, HOST_IN)); // the real one
	assert_int_equal(r.flow.dst.port, port);
	assert_false(next(&r));
}

static void nothing(void)
{
	struct dp_acl_log r;

	assert_false(next(&r));
}

static void test_permitted(void **state)
{
	struct flow f = flow(PROTO_TCP, FAR, 1000, MAPPED, 5070);
	struct flow back = flow(PROTO_TCP, HOST_IN, 5070, FAR, 1000);

	harness_rules(&rules);
	sends(OUTSIDE, &f, SYN);
	nothing();
	harness_wait_s(40);
	logs(0, ACE_LOG_FLOWS, true);
	sends(OUTSIDE, &f, SYN);
	expect(0, true, true, 5070);
	sends(INSIDE, &back, SYN | ACK); // of the session: no list is asked
	sends(OUTSIDE, &f, ACK);
	nothing();
	f.src.port = 1001; // a straggler was not permitted
	harness_drops(OUTSIDE, &f, ACK, DROP_TCP_NOT_SYN);
	nothing();
	f = flow(PROTO_TCP, FAR, 1000, MAPPED, 5080);
	logs(1, ACE_LOG_FLOWS, true);
	harness_send(OUTSIDE, &f, SYN); // of the control plane
	expect(1, true, true, 5080);
	assert_true(harness_punted(frame, &(uint16_t){0}) > 0);
}

static void test_denied(void **state)
{
	struct flow f = flow(PROTO_TCP, FAR, 1000, MAPPED, 5070);
	struct flow other = flow(PROTO_TCP, FAR, 1000, MAPPED, 99);
	struct flow ping = flow(PROTO_ICMP, FAR, 7, MAPPED, 7);
	struct dp_acl_log r;

	harness_rules(&rules);
	logs(0, ACE_LOG_DEFAULT, false);
	for (unsigned int i = 0; i < 2; i++) { // each packet
		harness_drops(OUTSIDE, &f, SYN, DROP_ACL_DENY);
		expect(0, false, false, 5070);
	}
	logs(0, ACE_LOG_FLOWS, false);
	harness_drops(OUTSIDE, &f, SYN, DROP_ACL_DENY);
	expect(0, false, true, 5070);
	logs(0, ACE_LOG_OFF, false);
	harness_drops(OUTSIDE, &f, SYN, DROP_ACL_DENY);
	nothing();
	harness_drops(OUTSIDE, &other, SYN, DROP_ACL_DENY);
	expect(-1, false, false, 99);
	logs(3, ACE_LOG_FLOWS, false);
	harness_drops(OUTSIDE, &ping, 0, DROP_ACL_DENY);
	assert_true(next(&r));
	assert_int_equal(r.icmp_type, 8);
	assert_int_equal(r.icmp_code, 0);
	f.src = ep(MAPPED, 1); // no list was asked
	harness_drops(OUTSIDE, &f, SYN, DROP_IP_SPOOFED);
	nothing();
}

// The list at the way out, and its implicit deny.
static void test_out(void **state)
{
	struct flow f = flow(PROTO_TCP, FAR, 1000, MAPPED, 5070);
	struct dp_acl_log r;

	harness_rules(&rules);
	rules.ifaces[INSIDE].acl_out = 1; // permits 5080 alone
	harness_apply(&rules);
	harness_drops(OUTSIDE, &f, SYN, DROP_ACL_OUT_DENY);
	assert_true(next(&r));
	assert_int_equal(r.list, 1);
	assert_int_equal(r.entry, -1);
	nothing();
}

// A flood costs the control thread no more than so many records; what is lost is counted.
static void test_bounded(void **state)
{
	struct flow f = flow(PROTO_TCP, FAR, 1000, MAPPED, 99);
	struct dp_acl_log r;
	unsigned int n = 0;

	harness_rules(&rules);
	harness_apply(&rules);
	for (unsigned int i = 0; i < 3000; i++)
		harness_send(OUTSIDE, &f, SYN);
	while (next(&r))
		n++;
	assert_in_range(n, 100, 511);
	assert_int_equal(counted(DROP_ACL_DENY), 3000);
	assert_int_equal(counted(COUNT_ACL_LOG_LOST), 3000 - n);
	harness_wait_s(1);
	harness_send(OUTSIDE, &f, SYN);
	assert_true(next(&r));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_permitted),
		TEST(test_denied),
		TEST(test_out),
		TEST(test_bounded),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
