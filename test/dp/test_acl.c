// SPDX-License-Identifier: BSD-3-Clause
// The judgement of a first packet: which lists are asked, in the ASA's order, and what holds
// without them.
#include "test/dp/harness.h"

#include "dp/acl.h"
#include "dp/acl_build.h"
#include "dp/acl_hits.h"

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
		const struct flow f = flow(rows[i].proto, FAR, 4000, MAPPED, rows[i].port);
		const uint8_t flags = rows[i].proto == PROTO_TCP ? 2 : 0; // a SYN
		struct acl_verdict v;

		print_message("%s\n", rows[i].what);
		apply(rows[i].in, rows[i].global, rows[i].out, rows[i].level, rows[i].same);
		v = judge(rows[i].proto, rows[i].port, 0, 0);
		if (rows[i].reason == PASS) {
			assert_int_equal(v.fate, ACL_FORWARD);
		} else {
			assert_int_equal(v.fate, ACL_DROP);
			assert_int_equal(v.reason, rows[i].reason);
			harness_drops(OUTSIDE, &f, flags, rows[i].reason);
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

static void assert_hits(uint32_t id, uint64_t n, uint64_t last_ns)
{
	struct acl_hit got;

	acl_hits_read(id, &got);
	assert_int_equal(got.n, n);
	assert_int_equal(got.last_ns, last_ns);
}

// First packets count, of permitted and of denied flows; the rest of a session does not.
static void test_hits(void **state)
{
	struct flow web = flow(PROTO_TCP, FAR, 4000, MAPPED, 5070);
	struct flow dns = flow(PROTO_UDP, FAR, 4000, MAPPED, 4000);
	uint64_t start_ns = h.now_ns;
	struct rules r;

	harness_send(OUTSIDE, &web, 2); // SYN
	harness_send(OUTSIDE, &web, 2);
	harness_send(OUTSIDE, &dns, 0);
	assert_hits(1, 1, start_ns);
	assert_hits(2, 0, 0);
	assert_hits(3, 1, start_ns);
	// A straggler is no flow.
	web.src.port = 4001;
	harness_send(OUTSIDE, &web, 16); // ACK
	assert_hits(1, 1, start_ns);
	// Another list with the same rule: what it has counted stays, a new one begins with 0.
	harness_rules(&r);
	r.incoming[2].permit = false;
	r.incoming[2].id = 33;
	harness_apply(&r);
	assert_hits(1, 1, start_ns);
	h.now_ns += 5;
	harness_send(OUTSIDE, &web, 2);
	harness_send(OUTSIDE, &dns, 0);
	assert_hits(1, 2, start_ns + 5);
	assert_hits(33, 1, start_ns + 5);
	acl_hits_clear(1);
	assert_hits(1, 0, 0);
	assert_hits(33, 1, start_ns + 5);
	web.src.port = 4002;
	harness_send(OUTSIDE, &web, 2);
	assert_hits(1, 1, start_ns + 5);
}

// The place of a rule that is gone begins anew, once nobody counts there any more.
static void test_hits_reused(void **state)
{
	struct flow dns = flow(PROTO_UDP, FAR, 4000, MAPPED, 4000);
	uint64_t was_ns = h.now_ns;
	uint32_t place, ids[2] = {3, 77};
	struct rules r;

	harness_send(OUTSIDE, &dns, 0);
	place = acl_hits_take(3);
	acl_hits_put(3, place);
	harness_rules(&r);
	for (unsigned int i = 0; i < 2; i++) {
		r.incoming[2].id = ids[1 - i]; // out of force, and back
		harness_apply(&r);
		rte_rcu_qsbr_thread_online(snapshot_root.qsbr, 0);
		rte_rcu_qsbr_quiescent(snapshot_root.qsbr, 0);
		rte_rcu_qsbr_thread_offline(snapshot_root.qsbr, 0);
		snapshot_reclaim();
		assert_hits(ids[i], 0, 0);
	}
	assert_hits(3, 0, 0);
	h.now_ns += 7;
	dns.src.port++;
	harness_send(OUTSIDE, &dns, 0);
	assert_hits(3, 1, was_ns + 7);
}

// Two workers count apart, and are read together.
static void test_hits_of_two(void **state)
{
	uint64_t start_ns;

	harness_up_many(2, 64);
	start_ns = h.now_ns;
	for (unsigned int i = 0; i < 2; i++) {
		struct acl_hit *hits = h.all[i]->hits;

		acl_hit_count(&hits[snapshot_root.current->acls[0]->place[0]], start_ns + i);
	}
	assert_hits(1, 2, start_ns + 1);
	harness_down();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_icmp),
		TEST(test_icmp_packet),
		TEST(test_hits),
		TEST(test_hits_reused),
		cmocka_unit_test(test_hits_of_two),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
