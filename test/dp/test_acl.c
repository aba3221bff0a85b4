// SPDX-License-Identifier: BSD-3-Clause
// The judgement of a first packet: which lists are asked, in the ASA's order, and what holds
// without them.
#include "test/dp/harness.h"

#include "dp/acl.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// Lists of one entry each, by their index; `none` is no list.
enum { none = -1, PERMIT_WEB, DENY_WEB, PERMIT_DNS, PERMIT_FROM_FAR, ECHO, UNREACHABLE, LISTS };

static struct ace entry(bool permit, uint8_t proto, uint16_t lo, uint16_t hi)
{
	return (struct ace){
		.permit = permit, .proto = proto, .sport = {0, 65535}, .dport = {lo, hi}};
}

// Puts lists at the two interfaces: of flows from OUTSIDE to INSIDE.
static void apply(int in, int global, int out, uint8_t outside_level, bool same_security)
{
	struct ace aces[LISTS] = {
		[PERMIT_WEB] = entry(true, PROTO_TCP, 80, 80),
		[DENY_WEB] = entry(false, PROTO_TCP, 80, 80),
		[PERMIT_DNS] = entry(true, PROTO_UDP, 53, 53),
		[PERMIT_FROM_FAR] = entry(true, PROTO_TCP, 0, 65535),
		[ECHO] = entry(true, PROTO_ICMP, 0, 65535),
		[UNREACHABLE] = entry(true, PROTO_ICMP, 4, 4),
	};
	struct dp_acl acls[LISTS];
	struct rules r;

	aces[PERMIT_FROM_FAR].src = net(FAR);
	aces[PERMIT_FROM_FAR].dst = net(HOST_IN); // real addresses
	aces[ECHO].sport = (struct port_range){8, 8};
	aces[UNREACHABLE].sport = (struct port_range){3, 3};
	for (unsigned int i = 0; i < LISTS; i++)
		acls[i] = (struct dp_acl){&aces[i], 1};
	harness_rules(&r);
	r.ifaces[OUTSIDE].acl_in = in;
	r.ifaces[INSIDE].acl_out = out;
	r.ifaces[OUTSIDE].security_level = outside_level;
	r.r.acls = acls;
	r.r.n_acls = LISTS;
	r.r.n_inspect = 0;
	r.r.acl_global = global;
	r.r.same_security = same_security;
	harness_apply(&r);
}

// The verdict on a flow from FAR to HOST_IN.
static struct acl_verdict judge(uint8_t proto, uint16_t port, uint8_t type, uint8_t code)
{
	struct acl_query q = {
		.flow = flow(proto, FAR, 4000, MAPPED, port), .icmp_type = type, .icmp_code = code};
	struct acl_verdict v;

	acl_judge(snapshot_root.current, OUTSIDE, &q, &v);
	return v;
}

// Level 0 is lower than the other side's 100, and 200 higher.
static const struct {
	const char *what;
	int in, global, out;
	uint8_t level;
	bool same;
	uint8_t proto;
	uint16_t port;
	enum dp_counter_id reason; // PASS: it is forwarded
	int decided[ACL_ROLES];    // -2: not asked, -1: no entry, 0: the entry
} rows[] = {
	{"no list, to a higher level", none, none, none, 0, false, PROTO_TCP, 80,
		DROP_SECURITY_LEVEL, {-2, -2, -2}},
	{"no list, to a lower level", none, none, none, 200, false, PROTO_TCP, 80, PASS,
		{-2, -2, -2}},
	{"no list, one level", none, none, none, 100, false, PROTO_TCP, 80, DROP_SAME_SECURITY,
		{-2, -2, -2}},
	{"no list, one level, permitted", none, none, none, 100, true, PROTO_TCP, 80, PASS,
		{-2, -2, -2}},
	{"one level, whatever a list says", PERMIT_WEB, none, none, 100, false, PROTO_TCP, 80,
		DROP_SAME_SECURITY, {0, -2, -2}},
	{"the interface's list permits", PERMIT_WEB, none, none, 0, false, PROTO_TCP, 80, PASS,
		{0, -2, -2}},
	{"real addresses", PERMIT_FROM_FAR, none, none, 0, false, PROTO_TCP, 81, PASS, {0, -2, -2}},
	{"and denies", DENY_WEB, PERMIT_WEB, none, 0, false, PROTO_TCP, 80, DROP_ACL_DENY,
		{0, -2, -2}},
	{"its implicit deny", PERMIT_WEB, none, none, 0, false, PROTO_TCP, 81, DROP_ACL_DENY,
		{-1, -2, -2}},
	{"a list ends what levels permit", PERMIT_WEB, none, none, 200, false, PROTO_TCP, 81,
		DROP_ACL_DENY, {-1, -2, -2}},
	{"the global list is asked next", DENY_WEB, PERMIT_DNS, none, 0, false, PROTO_UDP, 53, PASS,
		{-1, 0, -2}},
	{"and alone", none, PERMIT_DNS, none, 0, false, PROTO_UDP, 53, PASS, {-2, 0, -2}},
	{"its implicit deny", none, PERMIT_DNS, none, 200, false, PROTO_UDP, 54, DROP_ACL_DENY,
		{-2, -1, -2}},
	{"the implicit deny of both", DENY_WEB, PERMIT_DNS, none, 0, false, PROTO_UDP, 54,
		DROP_ACL_DENY, {-1, -1, -2}},
	{"out permits", PERMIT_WEB, none, PERMIT_FROM_FAR, 0, false, PROTO_TCP, 80, PASS,
		{0, -2, 0}},
	{"out denies", PERMIT_WEB, none, DENY_WEB, 0, false, PROTO_TCP, 80, DROP_ACL_OUT_DENY,
		{0, -2, 0}},
	{"out's implicit deny", PERMIT_WEB, none, PERMIT_DNS, 0, false, PROTO_TCP, 80,
		DROP_ACL_OUT_DENY, {0, -2, -1}},
	{"out is not asked of what may not come in", DENY_WEB, none, PERMIT_WEB, 0, false,
		PROTO_TCP, 80, DROP_ACL_DENY, {0, -2, -2}},
	{"out permits nothing that levels refuse", none, none, PERMIT_WEB, 0, false, PROTO_TCP, 80,
		DROP_SECURITY_LEVEL, {-2, -2, -2}},
};

static void test_order(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int lists[ACL_ROLES] = {rows[i].in, rows[i].global, rows[i].out};
		struct acl_verdict v;

		print_message("%s\n", rows[i].what);
		apply(rows[i].in, rows[i].global, rows[i].out, rows[i].level, rows[i].same);
		v = judge(rows[i].proto, rows[i].port, 0, 0);
		if (rows[i].reason == PASS) {
			assert_int_equal(v.fate, ACL_FORWARD);
		} else {
			assert_int_equal(v.fate, ACL_DROP);
			assert_int_equal(v.reason, rows[i].reason);
		}
		for (unsigned int k = 0; k < ACL_ROLES; k++) {
			bool asked = rows[i].decided[k] != -2;

			assert_int_equal(v.found[k].acl, asked ? lists[k] : -1);
			assert_int_equal(v.found[k].ace, asked ? rows[i].decided[k] : -1);
		}
	}
}

// ICMP is judged by its type and its code, whatever its id.
static void test_icmp(void **state)
{
	apply(ECHO, none, none, 0, false);
	assert_int_equal(judge(PROTO_ICMP, 4000, 8, 0).fate, ACL_FORWARD);
	assert_int_equal(judge(PROTO_ICMP, 4000, 13, 0).reason, DROP_ACL_DENY);
	apply(UNREACHABLE, none, none, 0, false);
	assert_int_equal(judge(PROTO_ICMP, 4000, 3, 4).fate, ACL_FORWARD);
	assert_int_equal(judge(PROTO_ICMP, 4000, 3, 1).reason, DROP_ACL_DENY);
}

// The type is the packet's.
static void test_icmp_packet(void **state)
{
	struct flow ping = flow(PROTO_ICMP, FAR, 7, MAPPED, 7);

	apply(UNREACHABLE, none, none, 0, false);
	harness_send(OUTSIDE, &ping, 0);
	assert_int_equal(counted(DROP_ACL_DENY), 1);
	apply(ECHO, none, none, 0, false);
	harness_send(OUTSIDE, &ping, 0);
	assert_int_equal(counted(DROP_ACL_DENY), 1);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
	// New rules judge the session as they would have judged its first packet.
	apply(ECHO, none, UNREACHABLE, 0, false);
	harness_send(OUTSIDE, &ping, 0);
	assert_int_equal(counted(DROP_ACL_OUT_DENY), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_icmp),
		TEST(test_icmp_packet),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
