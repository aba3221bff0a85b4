// SPDX-License-Identifier: BSD-3-Clause
// Static rules beyond one host for one host, through all stages of a worker: twice NAT, exemption, a port
// of the interface's own address, a subnet for a subnet.
#include "test/dp/xlate_steps.h"

#include "dp/nat_hits.h"

#define FAR2    "198.51.100.8"
#define PARTNER "192.168.10.200" // what FAR is called inside
#define OUTER   "209.165.200.235"

static uint8_t frame[FRAME_MAX];

// OTHER speaks to FAR as OUTER, and calls it PARTNER.
static struct nat_rule twice_rule(void)
{
	return (struct nat_rule){.id = 7,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(OTHER),
		.mapped = net(OUTER),
		.dst_mapped = net(PARTNER),
		.dst_real = net(FAR)};
}

static int setup(void **state)
{
	xlate_up(1, 64);
	rules.nat[1] = twice_rule();
	rules.incoming[2].dst = net(OTHER); // UDP 4000
	harness_apply(&rules);
	return 0;
}

static void assert_hits(uint32_t id, uint64_t translated, uint64_t untranslated)
{
	const struct nat_hit *hit = nat_hits_find(h.w->nat_hits, id);

	assert_int_equal(hit->n[NAT_TRANSLATED], translated);
	assert_int_equal(hit->n[NAT_UNTRANSLATED], untranslated);
}

static void test_twice_out(void **state)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		struct flow f = outward(protos[i], OTHER, 5000, PARTNER), left = goes_out(&f);
		struct flow direct = outward(protos[i], OTHER, 5001, FAR);

		assert_true(ip_is(&left.src.ip, OUTER) && ip_is(&left.dst.ip, FAR));
		assert_int_equal(left.src.port, 5000);
		comes_back(&left, &f);
		left = goes_out(&direct); // not by the name that the rule is about
		assert_true(ip_is(&left.src.ip, OTHER) && ip_is(&left.dst.ip, FAR));
	}
	assert_hits(7, 3, 0);
}

static void test_twice_in(void **state)
{
	struct flow in = flow(PROTO_UDP, FAR, 3000, OUTER, 4000), got, back;
	struct flow want = flow(PROTO_UDP, PARTNER, 3000, OTHER, 4000);
	struct flow stranger = flow(PROTO_UDP, FAR2, 3000, OUTER, 4000);
	size_t len;

	harness_send(OUTSIDE, &in, 0);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
	back = (struct flow){got.dst, got.src, PROTO_UDP};
	harness_send(INSIDE, &back, 0);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	back = (struct flow){in.dst, in.src, PROTO_UDP};
	assert_flow(&got, &back);
	assert_hits(7, 0, 1);
	harness_drops(OUTSIDE, &stranger, 0, DROP_ACL_DENY);
}

// The host that is not there: we answer ARP for it, and nobody else may speak for it.
static void test_twice_neighbour(void **state)
{
	struct flow spoofed = outward(PROTO_UDP, PARTNER, 1, FAR);
	struct rte_mbuf *m;

	m = buffer_of(frame, frame_arp(frame, INSIDE, true, OTHER, PARTNER));
	harness_in(INSIDE, &m, 1);
	assert_int_equal(counted(COUNT_ARP_ANSWERED), 1);
	assert_true(harness_out(INSIDE, frame) > 0);
	harness_drops(INSIDE, &spoofed, 0, DROP_IP_SPOOFED);
}

// To FAR2 as everybody is, to FAR as they are.
static void test_exemption(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left;

	rules.nat[0] = twice_rule();
	rules.nat[0].real = rules.nat[0].mapped = net("192.168.10.0/24");
	rules.nat[0].dst_real = rules.nat[0].dst_mapped = net(FAR);
	rules.nat[1] = xlate_rule(INSIDE, OUTSIDE, "0.0.0.0/0");
	rules.nat[1].interface = true;
	harness_apply(&rules);
	left = goes_out(&f);
	assert_flow(&left, &f);
	comes_back(&left, &f);
	assert_int_equal(mappings(), 0);
	f = outward(PROTO_UDP, OTHER, 5000, FAR2);
	left = goes_out(&f);
	assert_true(ip_is(&left.src.ip, FW_OUT));
	comes_back(&left, &f);
	f = flow(PROTO_UDP, FAR, 3000, OTHER, 4000); // whoever is exempt can be reached
	harness_send(OUTSIDE, &f, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	f = flow(PROTO_UDP, FAR2, 3000, OTHER, 4000);
	harness_drops(OUTSIDE, &f, 0, DROP_NAT_RPF);
}

static void test_elsewhere(void **state)
{
	struct flow in = flow(PROTO_UDP, FAR, 3000, OUTER, 4000);

	rules.nat[1].real_if = OUTSIDE;
	rules.nat[1].real = rules.nat[1].mapped = net(FAR);
	rules.nat[1].dst_mapped = net(OUTER);
	rules.nat[1].dst_real = net(OTHER); // behind INSIDE
	harness_apply(&rules);
	harness_drops(OUTSIDE, &in, 0, DROP_NAT_IFACE);
}

// Static and dynamic sources, of any number of workers: both directions meet.
static void test_workers(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(5);
	for (size_t c = 0; c < 2 * RTE_DIM(counts); c++) {
		xlate_up(counts[c / 2], 1024);
		rules.nat[1] = twice_rule();
		rules.nat[1].one_way = c % 2 == 0;
		if (c % 2) {
			rules.nat[1].kind = NAT_PAT;
			rules.nat[1].interface = true;
		}
		harness_apply(&rules);
		for (uint16_t i = 0; i < 200; i++) {
			struct flow f =
				outward(protos[i % 3], OTHER, (uint16_t)(3000 + i), PARTNER);
			struct flow left, got, want = {f.dst, f.src, f.proto}, back;

			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(INSIDE, &f, f.proto == PROTO_TCP ? SYN : 0);
			assert_true(harness_out_of_all(OUTSIDE, &left));
			assert_true(ip_is(&left.src.ip, c % 2 ? FW_OUT : OUTER));
			assert_true(ip_is(&left.dst.ip, FAR));
			back = (struct flow){left.dst, left.src, left.proto};
			h.w = h.all[(unsigned int)rand() % h.n_workers];
			harness_send(OUTSIDE, &back, f.proto == PROTO_TCP ? SYN | ACK : 1);
			assert_true(harness_out_of_all(INSIDE, &got));
			assert_flow(&got, &want);
		}
		harness_down();
	}
}

// A port of our own address serves OTHER, from outside and from behind us; the rest of it stays ours.
static void test_interface_port(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, FW_OUT, 8080), got, back;
	struct flow want = flow(PROTO_TCP, FAR, 3000, OTHER, 80);
	struct flow ours = flow(PROTO_TCP, FAR, 3000, FW_OUT, 8081);
	struct flow ping = flow(PROTO_ICMP, FAR, 8080, FW_OUT, 8080);
	struct flow near = flow(PROTO_TCP, HOST_IN, 3000, FW_OUT, 8080);
	uint16_t iface;
	size_t len;

	rules.nat[1] = (struct nat_rule){.id = 8,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(OTHER),
		.mapped = net(FW_OUT),
		.proto = PROTO_TCP,
		.interface = true,
		.real_port = 80,
		.mapped_port = 8080};
	rules.incoming[0].dst = net(OTHER);
	rules.incoming[0].dport = (struct port_range){80, 80};
	harness_apply(&rules);
	harness_send(OUTSIDE, &in, SYN);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
	back = (struct flow){want.dst, want.src, PROTO_TCP};
	harness_send(INSIDE, &back, SYN | ACK);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	back = (struct flow){in.dst, in.src, PROTO_TCP};
	assert_flow(&got, &back);
	harness_send(OUTSIDE, &ours, SYN);
	assert_true(harness_punted(frame, &iface) > 0);
	harness_send(OUTSIDE, &ping, 0);
	assert_true(harness_punted(frame, &iface) > 0);
	harness_send(INSIDE, &near, SYN);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0 && frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	want.src = ep(MAPPED, 3000);
	assert_flow(&got, &want);
}

// nat (outside,inside) source static any any destination static interface OTHER service 8080 80: the same, told
// from the other side, and with the source's address or without.
static void test_destination_interface(void **state)
{
	struct flow in = flow(PROTO_TCP, FAR, 3000, FW_OUT, 8080), got, back;
	struct flow want = flow(PROTO_TCP, FAR, 3000, OTHER, 80);
	struct flow ours = flow(PROTO_TCP, FAR, 3000, FW_OUT, 8081);
	struct flow near = flow(PROTO_TCP, HOST_IN, 3000, FW_OUT, 8080);
	struct flow udp = flow(PROTO_UDP, FAR, 3000, FW_OUT, 8080);
	uint16_t iface;

	rules.nat[1] = (struct nat_rule){.id = 8,
		.real_if = OUTSIDE,
		.mapped_if = INSIDE,
		.real = net("0.0.0.0/0"),
		.mapped = net("0.0.0.0/0"),
		.proto = PROTO_TCP,
		.dst_interface = true,
		.dst_mapped = net(FW_OUT),
		.dst_real = net(OTHER),
		.dst_mapped_port = 8080,
		.dst_real_port = 80};
	rules.incoming[0].dst = net(OTHER);
	rules.incoming[0].dport = (struct port_range){80, 80};
	for (unsigned int dynamic = 0; dynamic < 2; dynamic++) {
		harness_apply(&rules);
		harness_send(OUTSIDE, &in, SYN);
		got = frame_flow(frame, harness_out(INSIDE, frame));
		if (dynamic) {
			assert_true(ip_is(&got.src.ip, FW_IN) && got.src.port >= NAT_PAT_PORT_MIN);
			want.src = got.src;
		}
		assert_flow(&got, &want);
		back = (struct flow){want.dst, want.src, PROTO_TCP};
		harness_send(INSIDE, &back, SYN | ACK);
		got = frame_flow(frame, harness_out(OUTSIDE, frame));
		back = (struct flow){in.dst, in.src, PROTO_TCP};
		assert_flow(&got, &back);
		harness_send(OUTSIDE, &ours, SYN);
		assert_true(harness_punted(frame, &iface) > 0);
		harness_drops(OUTSIDE, &udp, 0, DROP_PROTO_TO_SELF);
		rules.nat[1].kind = NAT_PAT; // source dynamic any interface
		rules.nat[1].interface = true;
		in.src.port++;
	}
	assert_hits(8, 2, 0);
	rules.nat[1].kind = NAT_STATIC;
	rules.nat[1].interface = false;
	harness_apply(&rules);
	harness_send(INSIDE, &near, SYN); // from behind us it turns round, as seen from outside
	got = frame_flow(frame, harness_out(INSIDE, frame));
	want.src = ep(MAPPED, 3000);
	assert_flow(&got, &want);
}

// 192.168.10.`host` is known as 209.165.200.`mapped` outside, and reached by it.
static void stands_for(unsigned int host, unsigned int mapped)
{
	char inside[IP_TEXT_MAX], outside[IP_TEXT_MAX];
	struct flow f, left;

	snprintf(inside, sizeof(inside), "192.168.10.%u", host);
	snprintf(outside, sizeof(outside), "209.165.200.%u", mapped);
	neighbour(INSIDE, inside);
	f = outward(PROTO_UDP, inside, 5000, FAR);
	left = goes_out(&f);
	assert_true(ip_is(&left.src.ip, outside));
	comes_back(&left, &f);
	f = flow(PROTO_UDP, FAR, 9, outside, 4000);
	harness_send(OUTSIDE, &f, 0);
	f = frame_flow(frame, harness_out(INSIDE, frame));
	assert_true(ip_is(&f.dst.ip, inside));
}

// A range for a range, which begin at different places of a net; the host behind the last is not meant.
static void test_range(void **state)
{
	struct flow beside = outward(PROTO_UDP, "192.168.10.37", 5000, FAR), left;

	rules.nat[0] = (struct nat_rule){.id = 1,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real_range = xlate_pool("192.168.10.33", "192.168.10.36"),
		.pool = xlate_pool(POOL, "209.165.200.243")};
	rules.r.n_nat = 1;
	rules.incoming[2].dst = net("192.168.10.32/28");
	harness_apply(&rules);
	for (unsigned int host = 33; host < 37; host++)
		stands_for(host, host - 33 + 240);
	left = goes_out(&beside);
	assert_true(ip_is(&left.src.ip, "192.168.10.37"));
}

static void test_subnet(void **state)
{
	rules.nat[0] = twice_rule();
	rules.nat[0].dst_real.len = rules.nat[0].dst_mapped.len = 0;
	rules.nat[0].real = net("192.168.10.32/28");
	rules.nat[0].mapped = net("209.165.200.240/28");
	rules.r.n_nat = 1;
	rules.incoming[2].dst = net("192.168.10.32/28");
	harness_apply(&rules);
	for (unsigned int host = 33; host < 47; host++)
		stands_for(host, host - 32 + 240);
}

// A range of ports: each for its own, both ways, and the ones beside are nobody's.
static void test_port_range(void **state)
{
	struct flow in = flow(PROTO_UDP, FAR, 3000, OUTER, 14000), got, back, left;

	rules.nat[1] = (struct nat_rule){.id = 7,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(OTHER),
		.mapped = net(OUTER),
		.proto = PROTO_UDP,
		.real_port = 4000,
		.mapped_port = 14000,
		.more_ports = 99};
	rules.incoming[2].dport.hi = 4200;
	harness_apply(&rules);
	for (uint16_t i = 0; i < 100; i += 33) {
		in.dst.port = 14000 + i;
		harness_send(OUTSIDE, &in, 0);
		got = frame_flow(frame, harness_out(INSIDE, frame));
		assert_true(ip_is(&got.dst.ip, OTHER));
		assert_int_equal(got.dst.port, 4000 + i);
		back = (struct flow){got.dst, got.src, PROTO_UDP};
		harness_send(INSIDE, &back, 0);
		left = frame_flow(frame, harness_out(OUTSIDE, frame));
		assert_true(endpoint_eq(&left.src, &in.dst));
		back = outward(PROTO_UDP, OTHER, 4000 + i, FAR2); // what it begins, too
		left = goes_out(&back);
		assert_true(endpoint_eq(&left.src, &in.dst));
	}
	back = outward(PROTO_UDP, OTHER, 4100, FAR2);
	left = goes_out(&back);
	assert_true(ip_is(&left.src.ip, OTHER));
	in.dst.port = 14100;
	harness_send(OUTSIDE, &in, 0);
	assert_int_equal(harness_out(INSIDE, frame), 0);
}

// unidirectional: whoever is spoken to answers, nobody else begins; and who has begun before ends, when the
// rule gets the word under traffic.
static void test_unidirectional(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, PARTNER), left;
	struct flow in = flow(PROTO_UDP, FAR, 3000, OUTER, 4000), got;

	harness_send(OUTSIDE, &in, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	rules.nat[1].one_way = true;
	harness_apply(&rules);
	harness_drops(OUTSIDE, &in, 0, DROP_NAT_ONE_WAY);
	left = goes_out(&f);
	assert_true(ip_is(&left.src.ip, OUTER) && ip_is(&left.dst.ip, FAR));
	comes_back(&left, &f);
	// Without a destination, and to the address that the rule maps to.
	rules.nat[1].dst_mapped.len = rules.nat[1].dst_real.len = 0;
	harness_apply(&rules);
	harness_drops(OUTSIDE, &in, 0, DROP_NAT_ONE_WAY);
	f = outward(PROTO_TCP, OTHER, 5000, FAR);
	left = goes_out(&f);
	comes_back(&left, &f);
	// From behind us it is out and in again, and in is the wrong way.
	rules.nat[0] = rules.nat[1];
	rules.nat[1] = xlate_rule(INSIDE, OUTSIDE, "0.0.0.0/0");
	rules.nat[1].interface = true;
	harness_apply(&rules);
	f = flow(PROTO_UDP, THIRD, 5000, OUTER, 4000);
	harness_drops(INSIDE, &f, 0, DROP_NAT_ONE_WAY);
	rules.nat[0].one_way = false;
	harness_apply(&rules);
	harness_send(OUTSIDE, &in, 0);
	got = frame_flow(frame, harness_out(INSIDE, frame));
	assert_true(ip_is(&got.dst.ip, OTHER));
}

// no-proxy-arp: the network brings what is for the address, and nobody may come as from it.
static void test_no_proxy_arp(void **state)
{
	const struct flow spoofed = flow(PROTO_UDP, OUTER, 1, MAPPED, 4000);
	struct flow in = flow(PROTO_UDP, FAR, 3000, OUTER, 4000);
	struct rte_mbuf *m;

	for (unsigned int i = 0; i < 2; i++) {
		rules.nat[1].no_proxy_arp = i > 0;
		harness_apply(&rules);
		m = buffer_of(frame, frame_arp(frame, OUTSIDE, true, FAR, OUTER));
		harness_in(OUTSIDE, &m, 1);
		m = buffer_of(frame, frame_arp(frame, INSIDE, true, OTHER, PARTNER));
		harness_in(INSIDE, &m, 1);
		assert_int_equal(counted(COUNT_ARP_ANSWERED), 2);
	}
	while (harness_out(OUTSIDE, frame) + harness_out(INSIDE, frame) > 0)
		;
	harness_send(OUTSIDE, &in, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	harness_drops(OUTSIDE, &spoofed, 0, DROP_IP_SPOOFED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_twice_out),
		TEST(test_twice_in),
		TEST(test_twice_neighbour),
		TEST(test_exemption),
		TEST(test_elsewhere),
		TEST(test_interface_port),
		TEST(test_destination_interface),
		TEST(test_range),
		TEST(test_subnet),
		TEST(test_port_range),
		TEST(test_unidirectional),
		TEST(test_no_proxy_arp),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
