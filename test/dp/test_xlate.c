// SPDX-License-Identifier: BSD-3-Clause
// Dynamic translations: packets through all stages of a worker. RFC 4787 REQ-1 to REQ-6 and REQ-9, RFC 5508
// REQ-1 and REQ-3. test_xlate_ports.c has the choice of ports.
#include "test/dp/xlate_steps.h"

#include "dp/dp_state.h"
#include "dp/nat_hits.h"

#define FAR2 "198.51.100.8"

static uint8_t frame[FRAME_MAX];

static void test_out_and_back(void **state)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		struct flow f = outward(protos[i], OTHER, 1024, FAR), left = goes_out(&f);

		assert_true(ip_is(&left.src.ip, FW_OUT));
		assert_true(left.src.port >= NAT_PAT_PORT_MIN);
		assert_int_equal(left.src.port % 2, 0);
		comes_back(&left, &f);
	}
	assert_int_equal(mappings(), 3);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 3);
}

// The static rule stands first.
static void test_static_first(void **state)
{
	struct flow f = outward(PROTO_UDP, HOST_IN, 20000, FAR), left = goes_out(&f);

	assert_true(ip_is(&left.src.ip, MAPPED));
	assert_int_equal(mappings(), 0);
}

// REQ-1: wherever it goes. REQ-8 is the ASA's choice: who was not spoken to may not answer.
static void test_endpoint_independent(void **state)
{
	struct flow a = outward(PROTO_UDP, OTHER, 5000, FAR);
	struct flow b = outward(PROTO_UDP, OTHER, 5000, FAR2);
	struct flow other = outward(PROTO_UDP, OTHER, 5001, FAR);
	struct flow left_a = goes_out(&a), left_b = goes_out(&b), left_other = goes_out(&other);
	struct flow stranger = flow(PROTO_UDP, FAR2, 9, FW_OUT, left_a.src.port);

	assert_true(endpoint_eq(&left_a.src, &left_b.src));
	assert_false(endpoint_eq(&left_a.src, &left_other.src));
	comes_back(&left_a, &a);
	comes_back(&left_b, &b);
	assert_int_equal(mappings(), 2);
	harness_drops(OUTSIDE, &stranger, 0, DROP_NAT_UNMAPPED);
	stranger.proto = PROTO_TCP;
	harness_drops(OUTSIDE, &stranger, SYN, DROP_NAT_UNMAPPED);
	harness_drops(OUTSIDE, &stranger, ACK, DROP_NAT_UNMAPPED);
}

// REQ-3 and REQ-4: kept if it is free, for each protocol, else another of its parity.
static void test_ports_kept(void **state)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		struct flow a = outward(protos[i], OTHER, 40001, FAR), left = goes_out(&a);
		struct flow b = outward(protos[i], THIRD, 40001, FAR);

		assert_int_equal(left.src.port, 40001);
		left = goes_out(&b);
		assert_int_not_equal(left.src.port, 40001);
		assert_int_equal(left.src.port % 2, 1);
		comes_back(&left, &b);
	}
}

// MAP-3: ports of the interface's address that are the control plane's are given to nobody, and what comes
// to them is its own to judge; of TCP alone.
static void test_own_ports(void **state)
{
	struct flow udp = outward(PROTO_UDP, OTHER, 40001, FAR);
	struct flow sip = flow(PROTO_TCP, FAR, 1025, FW_OUT, 40001);
	struct flow beyond = flow(PROTO_TCP, FAR, 1025, FW_OUT, 60001);
	uint16_t iface;

	rules.ifaces[OUTSIDE].own_lo = 20000;
	rules.ifaces[OUTSIDE].own_hi = 60000;
	harness_apply(&rules);
	for (uint16_t i = 0; i < 60; i++) {
		struct flow f = outward(PROTO_TCP, OTHER, (uint16_t)(40001 + i), FAR);
		struct flow left = goes_out(&f);

		assert_true(left.src.port < 20000 || left.src.port > 60000);
		assert_int_equal(left.src.port % 2, f.src.port % 2);
	}
	assert_int_equal(goes_out(&udp).src.port, 40001);
	harness_send(OUTSIDE, &sip, SYN);
	assert_true(harness_punted(frame, &iface) > 0);
	assert_int_equal(iface, OUTSIDE);
	harness_drops(OUTSIDE, &beyond, SYN, DROP_NAT_UNMAPPED);
}

// A mapping outlives its session by pat-xlate, and is the same for who comes back in time.
static void test_rest(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left = goes_out(&f), again;

	harness_wait_s(110);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 1);
	harness_wait_s(11); // udp: 120 s
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 0);
	assert_int_equal(mappings(), 1);
	again = goes_out(&f);
	assert_true(endpoint_eq(&again.src, &left.src));
	harness_wait_s(122);
	harness_wait_s(27);
	assert_int_equal(mappings(), 1);
	harness_wait_s(3);
	assert_int_equal(mappings(), 0);
}

// GRE has no ports to tell two hosts apart by.
static void test_protocol(void **state)
{
	struct flow f = flow(47, OTHER, 0, FAR, 0);

	harness_drops(INSIDE, &f, 0, DROP_NAT_PROTOCOL);
}

// What serves the firewall itself still does; late answers end by name.
static void test_own_address(void **state)
{
	struct flow tls = flow(PROTO_TCP, FAR, 3000, FW_OUT, 5061);
	struct flow ping = flow(PROTO_ICMP, FAR, 30000, FW_OUT, 30000);
	struct flow low = flow(PROTO_UDP, FAR, 53, FW_OUT, 500);
	uint16_t iface;

	harness_send(OUTSIDE, &tls, SYN);
	assert_true(harness_punted(frame, &iface) > 0);
	harness_send(OUTSIDE, &ping, 0);
	assert_true(harness_punted(frame, &iface) > 0);
	harness_drops(OUTSIDE, &low, 0, DROP_PROTO_TO_SELF);
}

// RFC 5508 REQ-3: an error about a translated packet reaches the host, its quotation translated.
static void test_icmp_error(void **state)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		struct flow f = outward(protos[i], OTHER, 5000, FAR), left = goes_out(&f), got;
		uint8_t quoted[FRAME_MAX];
		struct rte_mbuf *m;
		size_t len = frame_make(quoted, OUTSIDE, &left, 0, 10);

		m = buffer_of(frame,
			frame_error(frame, OUTSIDE, HOST_OUT, FW_OUT, quoted + 14, len - 14));
		harness_in(OUTSIDE, &m, 1);
		len = harness_out(INSIDE, frame);
		assert_true(len > 0);
		assert_true(frame_sums_ok(frame, len));
		got = frame_flow(frame, len);
		assert_true(ip_is(&got.dst.ip, OTHER));
		got = frame_flow(frame + 28, len - 28); // as if a frame began before the quotation
		assert_flow(&got, &f);
	}
}

static void test_pool(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left;
	struct flow spoofed = flow(PROTO_UDP, POOL, 1, MAPPED, 4000);
	struct rte_mbuf *m;
	struct ip_addr first;

	rules.nat[1].interface = false;
	rules.nat[1].pool = xlate_pool(POOL, "209.165.200.243");
	harness_apply(&rules);
	first = goes_out(&f).src.ip;
	assert_true(nat_pool_has(&rules.nat[1].pool, &first));
	for (uint16_t port = 5001; port < 5020; port++) { // REQ-2: paired
		f.src.port = port;
		left = goes_out(&f);
		assert_true(ip_eq(&left.src.ip, &first));
		comes_back(&left, &f);
	}
	harness_drops(OUTSIDE, &spoofed, 0, DROP_IP_SPOOFED);
	m = buffer_of(frame, frame_arp(frame, OUTSIDE, true, HOST_OUT, "209.165.200.243"));
	harness_in(OUTSIDE, &m, 1);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	assert_int_equal(counted(COUNT_ARP_ANSWERED), 1);
}

// nat (outside,inside) dynamic interface: off the path, strangers come from our own address.
static void test_outside_in(void **state)
{
	struct flow in = flow(PROTO_UDP, FAR, 3000, HOST_IN, 4000), got, back;
	size_t len;

	rules.nat[0] = xlate_rule(OUTSIDE, INSIDE, "0.0.0.0/0");
	rules.nat[0].interface = true;
	rules.r.n_nat = 1;
	harness_apply(&rules);
	harness_send(OUTSIDE, &in, 0);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0);
	got = frame_flow(frame, len);
	assert_true(ip_is(&got.src.ip, FW_IN));
	back = (struct flow){got.dst, got.src, PROTO_UDP};
	harness_send(INSIDE, &back, 0);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0);
	got = frame_flow(frame, len);
	back = (struct flow){in.dst, in.src, PROTO_UDP};
	assert_flow(&got, &back);
}

// Whoever would be answered by a translated address is refused, as the ASA does.
static void test_reverse_path(void **state)
{
	struct flow in = flow(PROTO_UDP, FAR, 3000, OTHER, 4000);

	rules.incoming[2].dst = net(OTHER);
	harness_apply(&rules);
	harness_drops(OUTSIDE, &in, 0, DROP_NAT_RPF);
}

// New rules: a session that they still give the same address goes on, others begin anew.
static void test_new_rules(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left = goes_out(&f), again;

	rules.incoming[2].dst = net(OTHER);
	harness_apply(&rules);
	again = goes_out(&f);
	assert_true(endpoint_eq(&again.src, &left.src));
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
	rules.nat[1].interface = false;
	rules.nat[1].pool = xlate_pool(POOL, POOL);
	harness_apply(&rules);
	again = goes_out(&f);
	assert_true(ip_is(&again.src.ip, POOL));
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 2);
	comes_back(&again, &f);
	harness_wait_s(121);
	harness_wait_s(31);
	assert_int_equal(mappings(), 0);
}

// A full table of sessions: what was mapped for a flow that found no room rests, and no more.
static void test_sessions_full(void **state)
{
	for (uint16_t i = 0; i < 200; i++) {
		struct flow f = outward(PROTO_UDP, OTHER, (uint16_t)(5000 + i), FAR);

		harness_send(INSIDE, &f, 0);
	}
	assert_int_equal(counted(DROP_SESSION_FULL), 200 - 64);
	assert_int_equal(counted(DROP_NAT_PORTS), 0);
	assert_int_equal(mappings(), 65);
	harness_wait_s(121);
	harness_wait_s(31);
	assert_int_equal(mappings(), 0);
}

// Sends from inside, and expects it to come back inside as `want`.
static void turns(const struct flow *f, uint8_t flags, const struct flow *want)
{
	struct flow got;
	size_t len;

	harness_send(INSIDE, f, flags);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, want);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
}

// RFC 4787 REQ-9a: who is called through his outer address sees the caller's outer address, and the
// list of the outside interface judges the call.
static void test_hairpin_static(void **state)
{
	struct flow call = flow(PROTO_TCP, OTHER, 40000, MAPPED, 5070), back;
	struct flow denied = flow(PROTO_TCP, OTHER, 40000, MAPPED, 6000);
	struct flow seen = flow(PROTO_TCP, FW_OUT, 40000, HOST_IN, 5070);
	struct flow seen_back = {seen.dst, seen.src, PROTO_TCP}, quoted_flow, got;
	uint8_t quoted[FRAME_MAX];
	struct rte_mbuf *m;
	size_t len;

	back = (struct flow){call.dst, call.src, PROTO_TCP};
	turns(&call, SYN, &seen);
	turns(&seen_back, SYN | ACK, &back);
	turns(&call, ACK, &seen);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 2);
	harness_drops(INSIDE, &denied, SYN, DROP_ACL_DENY);
	// An error goes the same way, whole.
	len = frame_make(quoted, INSIDE, &seen, ACK, 10);
	m = buffer_of(frame, frame_error(frame, INSIDE, HOST_IN, FW_OUT, quoted + 14, len - 14));
	harness_in(INSIDE, &m, 1);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_true(ip_is(&got.src.ip, MAPPED) && ip_is(&got.dst.ip, OTHER));
	quoted_flow = frame_flow(frame + 28, len - 28);
	assert_flow(&quoted_flow, &call);
	// From the wire, the same source is a lie.
	seen = flow(PROTO_TCP, FW_OUT, 40000, MAPPED, 5070);
	harness_drops(OUTSIDE, &seen, SYN, DROP_IP_SPOOFED);
}

// Where the address stands for nobody behind us any more, what turned round ends: its way is out.
static void test_hairpin_ends(void **state)
{
	struct flow call = flow(PROTO_TCP, OTHER, 40000, MAPPED, 5070);
	struct flow seen = flow(PROTO_TCP, FW_OUT, 40000, HOST_IN, 5070);

	turns(&call, SYN, &seen);
	rules.nat[0].mapped = net("209.165.200.227");
	harness_apply(&rules);
	harness_drops(INSIDE, &call, ACK, DROP_TCP_NOT_SYN);
}

// Two hosts behind one address, each of which speaks to the other's port: hole punching.
static void test_hairpin_dynamic(void **state)
{
	struct flow a = outward(PROTO_UDP, OTHER, 40000, FAR),
		    b = outward(PROTO_UDP, THIRD, 40002, FAR);
	struct flow ab = flow(PROTO_UDP, OTHER, 40000, FW_OUT, 40002);
	struct flow ba = flow(PROTO_UDP, THIRD, 40002, FW_OUT, 40000);
	struct flow seen_by_a = flow(PROTO_UDP, FW_OUT, 40002, OTHER, 40000);
	struct flow seen_by_b = flow(PROTO_UDP, FW_OUT, 40000, THIRD, 40002);
	struct flow self = flow(PROTO_UDP, OTHER, 40000, FW_OUT, 40000);
	struct flow seen_by_self = flow(PROTO_UDP, FW_OUT, 40000, OTHER, 40000);

	goes_out(&a);
	goes_out(&b);
	harness_drops(INSIDE, &ab, 0, DROP_NAT_UNMAPPED); // b has not spoken to a
	turns(&ba, 0, &seen_by_a);                        // a has
	turns(&ab, 0, &seen_by_b);
	turns(&self, 0, &seen_by_self);
	assert_int_equal(mappings(), 2);
}

// What is not translated on its way does not turn.
static void test_hairpin_none(void **state)
{
	struct flow f = flow(PROTO_TCP, OTHER, 40000, MAPPED, 5070);

	rules.r.n_nat = 1;
	harness_apply(&rules);
	harness_drops(INSIDE, &f, SYN, DROP_ROUTE_SAME_IFACE);
}

static size_t listed(struct dp_xlate *out, const struct nat_filter *f)
{
	uint32_t cursor = 0;
	size_t n = 0;
	bool done = false;

	while (!done) // in pieces, as a worker does
		n += xlate_export(h.w, f, &cursor, 2, out + n, 8 - n, &done);
	return n;
}

// What `show xlate` reads, `clear xlate` does, and `show nat` counts.
static void test_show_and_clear(void **state)
{
	struct flow a = outward(PROTO_UDP, OTHER, 40000, FAR),
		    b = outward(PROTO_TCP, THIRD, 40000, FAR);
	struct flow fixed = outward(PROTO_UDP, HOST_IN, 40000, FAR);
	struct nat_filter all = {.iface = NAT_IFACE_ANY}, third = {.iface = INSIDE};
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_XLATE_CLEAR};
	struct dp_xlate x[8];

	goes_out(&a);
	a.dst = ep(FAR2, 53);
	goes_out(&a);
	goes_out(&b);
	goes_out(&fixed);
	assert_int_equal(listed(x, &all), 2);
	assert_int_equal(x[0].sessions, 2);
	assert_true(endpoint_eq(&x[0].real, &a.src));
	assert_true(ip_is(&x[0].mapped.ip, FW_OUT));
	assert_int_equal(nat_hits_find(h.w->nat_hits, 2)->n[NAT_TRANSLATED], 3);
	assert_int_equal(nat_hits_find(h.w->nat_hits, 1)->n[NAT_TRANSLATED], 1);
	third.real = xlate_pool(THIRD, THIRD);
	assert_int_equal(listed(x, &third), 1);
	assert_int_equal(x[0].proto, PROTO_TCP);
	m.xlate = third;
	xlate_msg(h.w, &m);
	harness_wait_s(0);
	assert_int_equal(listed(x, &all), 1);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 3);
	m.xlate = all;
	xlate_msg(h.w, &m);
	harness_wait_s(0);
	assert_int_equal(listed(x, &all), 0);
	assert_int_equal(mappings(), 0);
	assert_int_equal(h.w->xlate->n_live, 0);
	assert_int_equal(h.w->xlate->most, 2);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 1); // the static one's
}

static void assert_hits(uint32_t id, uint64_t translated)
{
	uint64_t got, untranslated;

	dp_nat_hits(id, &got, &untranslated);
	assert_int_equal(got, translated);
	assert_int_equal(untranslated, 0);
}

// `clear nat counters`: from then on; workers count on.
static void test_hits_cleared(void **state)
{
	struct flow a = outward(PROTO_UDP, OTHER, 40000, FAR),
		    fixed = outward(PROTO_UDP, HOST_IN, 40000, FAR);

	dp_state.n_workers = 1;
	dp_state.worker[0] = h.w;
	goes_out(&a);
	goes_out(&fixed);
	assert_hits(1, 1);
	assert_hits(2, 1);
	dp_nat_hits_clear(2);
	dp_nat_hits_clear(3); // was never used
	assert_hits(1, 1);
	assert_hits(2, 0);
	assert_hits(3, 0);
	a.dst = ep(FAR2, 53);
	goes_out(&a);
	assert_hits(2, 1);
	dp_nat_hits_clear(2);
	assert_hits(2, 0);
	assert_int_equal(nat_hits_find(h.w->nat_hits, 2)->n[NAT_TRANSLATED], 2);
	dp_state = (struct dp_state){0};
}

// ---- Several workers ---------------------------------------------------------------------------

static bool out_of(uint16_t iface, struct flow *got)
{
	size_t len;

	for (unsigned int i = 0; i < 2 * h.n_workers;
		i++) // who was handed the packet, and once more
		worker_turn(h.all[i % h.n_workers], h.now_ns);
	len = harness_out(iface, frame);
	if (len > 0)
		*got = frame_flow(frame, len);
	return len > 0;
}

// Whichever worker a packet comes in on, both directions meet, and one host is one worker's.
static void test_workers(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(7);
	for (size_t c = 0; c < RTE_DIM(counts); c++) {
		uint64_t created = 0;

		xlate_up(counts[c], 1024);
		for (uint16_t i = 0; i < 300; i++) {
			struct flow f = outward(
				protos[i % 3], i % 2 ? OTHER : THIRD, (uint16_t)(30000 + i), FAR);
			struct flow left, got, want = {f.dst, f.src, f.proto}, back;

			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(INSIDE, &f, f.proto == PROTO_TCP ? SYN : 0);
			assert_true(out_of(OUTSIDE, &left));
			back = (struct flow){left.dst, left.src, left.proto};
			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(OUTSIDE, &back, f.proto == PROTO_TCP ? SYN | ACK : 1);
			assert_true(out_of(INSIDE, &got));
			assert_flow(&got, &want);
		}
		for (uint16_t i = 0; i < 100; i++) { // out, in again, and the answer as well
			struct flow f = flow(PROTO_TCP, OTHER, (uint16_t)(50000 + i), MAPPED, 5070);
			struct flow seen, back, got, want = {f.dst, f.src, f.proto};

			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(INSIDE, &f, SYN);
			assert_true(out_of(INSIDE, &seen));
			assert_true(ip_is(&seen.src.ip, FW_OUT) && ip_is(&seen.dst.ip, HOST_IN));
			back = (struct flow){seen.dst, seen.src, seen.proto};
			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(INSIDE, &back, SYN | ACK);
			assert_true(out_of(INSIDE, &got));
			assert_flow(&got, &want);
		}
		for (unsigned int i = 0; i < h.n_workers; i++)
			created += counter_get(h.all[i]->count, COUNT_SESSIONS_CREATED);
		assert_int_equal(created, 300 + 2 * 100);
		harness_down();
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, xlate_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_out_and_back),
		TEST(test_static_first),
		TEST(test_endpoint_independent),
		TEST(test_ports_kept),
		TEST(test_own_ports),
		TEST(test_rest),
		TEST(test_protocol),
		TEST(test_own_address),
		TEST(test_icmp_error),
		TEST(test_pool),
		TEST(test_outside_in),
		TEST(test_reverse_path),
		TEST(test_new_rules),
		TEST(test_sessions_full),
		TEST(test_show_and_clear),
		TEST(test_hits_cleared),
		TEST(test_hairpin_static),
		TEST(test_hairpin_ends),
		TEST(test_hairpin_dynamic),
		TEST(test_hairpin_none),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
