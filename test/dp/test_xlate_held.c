// SPDX-License-Identifier: BSD-3-Clause
// A host that has an address of a pool to itself is reached by it, for as long as the translation lives and
// as far as the access list lets, as on the ASA; through all stages of a worker, and of several.
#include "test/dp/xlate_steps.h"

#include "dp/nat_hits.h"

#define FAR2      "198.51.100.8"
#define POOL_LAST "209.165.200.241"
#define PARTNER   "192.168.10.200" // what OTHER calls FAR
#define GRE       47

static uint8_t frame[FRAME_MAX];

// Everybody inside has an address of the pool; UDP 4000, TCP 5070 and 5080 of OTHER are permitted, and ICMP.
static void held_rules(void)
{
	rules.nat[1] = xlate_rule(INSIDE, OUTSIDE, "192.168.10.0/24");
	rules.nat[1].kind = NAT_DYNAMIC;
	rules.nat[1].pool = xlate_pool(POOL, POOL_LAST);
	for (unsigned int i = 0; i < 3; i++)
		rules.incoming[i].dst = net(OTHER);
	rules.inspected[0].dst = net(OTHER);
	harness_apply(&rules);
}

static int setup(void **state)
{
	xlate_up(1, 64);
	held_rules();
	return 0;
}

// OTHER speaks, and so has an address: this one.
static struct ip_addr begin(void)
{
	struct flow f = outward(PROTO_UDP, OTHER, 80, FAR);

	return goes_out(&f).src.ip;
}

static struct flow toward(
	uint8_t proto, const char *src, const struct ip_addr *outer, uint16_t port)
{
	struct flow f = flow(proto, src, proto == PROTO_ICMP ? port : 3000, MAPPED, port);

	f.dst.ip = *outer;
	return f;
}

// Comes in from outside, and reaches OTHER; its answer leaves as from the address that was asked.
static void reaches(const struct flow *f)
{
	struct flow want = *f, got, back;
	size_t len;

	want.dst.ip = ip(OTHER);
	harness_send(OUTSIDE, f, f->proto == PROTO_TCP ? SYN : 0);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
	back = (struct flow){want.dst, want.src, want.proto};
	harness_send(INSIDE, &back, f->proto == PROTO_TCP ? SYN | ACK : 1);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	want = (struct flow){f->dst, f->src, f->proto};
	assert_flow(&got, &want);
}

static void test_reached(void **state)
{
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000);
	const struct nat_hit *hit;

	reaches(&f);
	f = toward(PROTO_TCP, FAR2, &outer, 5070);
	reaches(&f);
	f = toward(PROTO_ICMP, FAR2, &outer, 7);
	reaches(&f);
	rules.incoming[2].proto = GRE;
	rules.incoming[2].dport = (struct port_range){0, UINT16_MAX};
	harness_apply(&rules);
	f = flow(GRE, FAR2, 0, MAPPED, 0);
	f.dst.ip = outer;
	harness_send(OUTSIDE, &f, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	assert_int_equal(mappings(), 1);
	hit = nat_hits_find(h.w->nat_hits, rules.nat[1].id);
	assert_int_equal(hit->n[NAT_TRANSLATED], 1);
	assert_int_equal(hit->n[NAT_UNTRANSLATED], 4);
}

// The list judges real addresses, and what it does not permit has no way; nor has what nobody holds, nor a
// port of an address that hosts share, nor a call, which wants an address that stays.
static void test_refused(void **state)
{
	struct ip_addr outer = begin(), free = ip(POOL);
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4001), left;

	harness_drops(OUTSIDE, &f, 0, DROP_ACL_DENY);
	if (ip_eq(&free, &outer))
		free = ip(POOL_LAST);
	f = toward(PROTO_UDP, FAR2, &free, 4000);
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_UNMAPPED);
	f = toward(PROTO_TCP, FAR2, &outer, 5080);
	harness_drops(OUTSIDE, &f, SYN, DROP_NAT_UNMAPPED);
	f = toward(PROTO_TCP, FAR2, &outer, 5070);
	harness_drops(OUTSIDE, &f, ACK, DROP_TCP_NOT_SYN);
	rules.nat[1] = xlate_rule(INSIDE, OUTSIDE, "192.168.10.0/24");
	rules.nat[1].pool = xlate_pool(POOL, POOL);
	rules.incoming[2].dport = (struct port_range){0, UINT16_MAX};
	harness_apply(&rules);
	f = outward(PROTO_UDP, OTHER, 40000, FAR);
	left = goes_out(&f);
	f = (struct flow){ep(FAR2, 9), left.src, PROTO_UDP};
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_UNMAPPED);
}

// A pool may give a host the address that it has anyway.
static void test_same_address(void **state)
{
	const struct ip_addr outer = ip(OTHER);
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000);

	rules.nat[1].real = net(OTHER);
	rules.nat[1].pool = xlate_pool(OTHER, OTHER);
	harness_apply(&rules);
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_UNMAPPED);
	begin();
	reaches(&f);
}

// It lives while a session uses it, whoever began that one, and rests afterwards.
static void test_lifetime(void **state)
{
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000);

	harness_wait_s(122); // the session that made it is over
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 0);
	harness_wait_s(10700);
	reaches(&f);
	harness_wait_s(110);
	reaches(&f);
	harness_wait_s(122);
	harness_wait_s(10700);
	assert_int_equal(mappings(), 1);
	harness_wait_s(200);
	assert_int_equal(mappings(), 0);
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_UNMAPPED);
}

static uint32_t sessions(void)
{
	return h.w->sess->max - h.w->sess->n_free;
}

static void test_new_rules(void **state)
{
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000);

	reaches(&f);
	rules.incoming[3].id = 9; // nothing that matters
	harness_apply(&rules);
	reaches(&f);
	assert_int_equal(sessions(), 2);
	rules.incoming[2].permit = false;
	harness_apply(&rules);
	harness_drops(OUTSIDE, &f, 0, DROP_ACL_DENY);
	assert_int_equal(sessions(), 1);
	rules.incoming[2].permit = true;
	harness_apply(&rules);
	reaches(&f);
	rules.nat[1].pool = xlate_pool("209.165.200.242", "209.165.200.243");
	harness_apply(&rules);
	harness_drops(OUTSIDE, &f, 0, DROP_ACL_DENY); // the address is nobody's
	assert_int_equal(sessions(), 1);
}

// The host has moved behind another interface, which has a way to it, and the rule is for both: the address was
// given to it where it was.
static void test_moved(void **state)
{
	struct dp_iface ifaces[HARNESS_IFACES + 1];
	struct dp_route routes[4];
	struct ip_addr outer;
	struct flow f;
	char err[256] = "";

	rules.nat[1].real_if = NAT_IFACE_ANY;
	harness_apply(&rules);
	outer = begin();
	f = toward(PROTO_UDP, FAR2, &outer, 4000);
	reaches(&f);
	memcpy(ifaces, rules.ifaces, sizeof(rules.ifaces));
	ifaces[HARNESS_IFACES] = rules.ifaces[INSIDE];
	ifaces[HARNESS_IFACES].ip = ip("192.168.15.1");
	ifaces[HARNESS_IFACES].subnet = net("192.168.15.0/24");
	memcpy(routes, rules.routes, sizeof(rules.routes));
	routes[3] = (struct dp_route){net(OTHER), ip("192.168.15.2"), HARNESS_IFACES};
	rules.r.ifaces = ifaces;
	rules.r.routes = routes;
	rules.r.n_routes = 4;
	assert_int_equal(snapshot_apply(&rules.r, HARNESS_IFACES + 1, err, sizeof(err)), 0);
	f.src.port++; // a new flow
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_RPF);
}

static void test_cleared(void **state)
{
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000);
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_XLATE_CLEAR};

	reaches(&f);
	m.xlate = (struct nat_filter){.real = xlate_pool(OTHER, OTHER), .iface = NAT_IFACE_ANY};
	xlate_msg(h.w, &m);
	harness_wait_s(0);
	assert_int_equal(sessions(), 0);
	assert_int_equal(mappings(), 0);
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_UNMAPPED);
}

// RFC 4787 REQ-9a: a neighbour that calls it by its outer address comes in as from outside, and is judged so.
static void test_hairpin(void **state)
{
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, THIRD, &outer, 4000), got, back;
	struct flow denied = toward(PROTO_UDP, THIRD, &outer, 4001);
	size_t len;

	harness_send(INSIDE, &f, 0);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_true(ip_is(&got.dst.ip, OTHER));
	assert_true(nat_pool_has(&rules.nat[1].pool, &got.src.ip));
	assert_false(ip_eq(&got.src.ip, &outer));
	back = (struct flow){got.dst, got.src, PROTO_UDP};
	harness_send(INSIDE, &back, 0);
	got = frame_flow(frame, harness_out(INSIDE, frame));
	back = (struct flow){f.dst, f.src, PROTO_UDP};
	assert_flow(&got, &back);
	harness_drops(INSIDE, &denied, 0, DROP_ACL_DENY);
}

// An error about what such a host has answered finds its way to it.
static void test_icmp_error(void **state)
{
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000), left = {f.dst, f.src, PROTO_UDP},
		    got;
	struct flow sent = {ep(OTHER, 4000), f.src, PROTO_UDP};
	uint8_t quoted[FRAME_MAX];
	char to[IP_TEXT_MAX];
	struct rte_mbuf *m;
	size_t len;

	reaches(&f);
	len = frame_make(quoted, OUTSIDE, &left, 0, 10);
	m = buffer_of(frame,
		frame_error(
			frame, OUTSIDE, HOST_OUT, ip_format(&outer, to), quoted + 14, len - 14));
	harness_in(OUTSIDE, &m, 1);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_true(ip_is(&got.dst.ip, OTHER));
	got = frame_flow(frame + 28, len - 28);
	assert_flow(&got, &sent);
}

// A rule of twice NAT has given the address for its destinations alone; these come in by their own name.
static void test_twice(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 80, PARTNER), left, want, got, back;
	struct flow stranger;

	rules.nat[1].dst_mapped = net(PARTNER);
	rules.nat[1].dst_real = net(FAR);
	harness_apply(&rules);
	left = goes_out(&f);
	assert_true(ip_is(&left.dst.ip, FAR));
	f = toward(PROTO_UDP, FAR, &left.src.ip, 4000);
	stranger = toward(PROTO_UDP, FAR2, &left.src.ip, 4000);
	harness_drops(OUTSIDE, &stranger, 0, DROP_NAT_UNMAPPED);
	harness_send(OUTSIDE, &f, 0);
	got = frame_flow(frame, harness_out(INSIDE, frame));
	want = flow(PROTO_UDP, PARTNER, 3000, OTHER, 4000);
	assert_flow(&got, &want);
	back = (struct flow){got.dst, got.src, PROTO_UDP};
	harness_send(INSIDE, &back, 0);
	got = frame_flow(frame, harness_out(OUTSIDE, frame));
	back = (struct flow){f.dst, f.src, PROTO_UDP};
	assert_flow(&got, &back);
	assert_int_equal(mappings(), 1);
}

// Both ends of a flow can have a translation of its own; each is given back.
static void test_both(void **state)
{
	struct nat_rule nat[3];
	const struct ip_addr outer = begin();
	struct flow f = toward(PROTO_UDP, FAR2, &outer, 4000), got, back;

	memcpy(nat, rules.nat, sizeof(rules.nat));
	nat[2] = xlate_rule(OUTSIDE, INSIDE, "0.0.0.0/0");
	nat[2].id = 3;
	nat[2].interface = true;
	rules.r.nat = nat;
	rules.r.n_nat = 3;
	harness_apply(&rules);
	harness_send(OUTSIDE, &f, 0);
	got = frame_flow(frame, harness_out(INSIDE, frame));
	assert_true(ip_is(&got.src.ip, FW_IN) && ip_is(&got.dst.ip, OTHER));
	back = (struct flow){got.dst, got.src, PROTO_UDP};
	harness_send(INSIDE, &back, 0);
	got = frame_flow(frame, harness_out(OUTSIDE, frame));
	back = (struct flow){f.dst, f.src, PROTO_UDP};
	assert_flow(&got, &back);
	assert_int_equal(mappings(), 2);
	harness_apply(&rules); // judged again, it goes on
	harness_send(OUTSIDE, &f, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	assert_int_equal(sessions(), 2);
	harness_wait_s(122);
	harness_wait_s(31);
	assert_int_equal(mappings(), 1);
	harness_wait_s(10801);
	assert_int_equal(mappings(), 0);
}

// Wherever the packet comes in, it finds the worker that has the host, and the answer too.
static void test_workers(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(12);
	for (size_t c = 0; c < RTE_DIM(counts); c++) {
		struct flow out = outward(PROTO_UDP, OTHER, 80, FAR), left;

		xlate_up(counts[c], 1024);
		held_rules();
		harness_send(INSIDE, &out, 0);
		assert_true(harness_out_of_all(OUTSIDE, &left));
		for (uint16_t i = 0; i < 100; i++) {
			struct flow f = toward(protos[i % 3], FAR2, &left.src.ip,
				i % 3 == XLATE_TCP           ? 5070
					: i % 3 == XLATE_UDP ? 4000
							     : i);
			struct flow want = f, got, back;

			want.dst.ip = ip(OTHER);
			if (f.proto != PROTO_ICMP)
				f.src.port = want.src.port = (uint16_t)(2000 + i);
			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(OUTSIDE, &f, f.proto == PROTO_TCP ? SYN : 0);
			assert_true(harness_out_of_all(INSIDE, &got));
			assert_flow(&got, &want);
			back = (struct flow){want.dst, want.src, want.proto};
			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(INSIDE, &back, f.proto == PROTO_TCP ? SYN | ACK : 1);
			assert_true(harness_out_of_all(OUTSIDE, &got));
			want = (struct flow){f.dst, f.src, f.proto};
			assert_flow(&got, &want);
		}
		harness_down();
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reached),
		TEST(test_refused),
		TEST(test_same_address),
		TEST(test_lifetime),
		TEST(test_new_rules),
		TEST(test_moved),
		TEST(test_cleared),
		TEST(test_hairpin),
		TEST(test_icmp_error),
		TEST(test_twice),
		TEST(test_both),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
