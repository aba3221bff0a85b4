// SPDX-License-Identifier: BSD-3-Clause
// Dynamic translations: packets through all stages of a worker, and the choice of ports against a
// naive oracle. RFC 4787 REQ-1 to REQ-6, RFC 5508 REQ-1 and REQ-3.
#include "test/dp/harness.h"

#include "dp/nat_hits.h"
#include "dp/route.h"
#include "dp/xlate.h"

#define SYN   0x02
#define ACK   0x10
#define S     1000000000ull
#define OTHER "192.168.10.40" // has no static translation
#define THIRD "192.168.10.41"
#define FAR2  "198.51.100.8"
#define POOL  "209.165.200.240" // and three more

static uint8_t frame[FRAME_MAX];
static struct rules rules;

static void neighbour(uint16_t iface, const char *address)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_SET};

	m.neigh.iface = iface;
	m.neigh.ip = ip(address);
	memset(m.neigh.mac, 2, sizeof(m.neigh.mac));
	for (unsigned int i = 0; i < h.n_workers; i++)
		neigh_msg(h.all[i], &m);
}

static struct nat_rule dynamic(uint16_t real_if, uint16_t mapped_if, const char *real)
{
	return (struct nat_rule){.id = 2,
		.real_if = real_if,
		.mapped_if = mapped_if,
		.real = net(real),
		.kind = NAT_PAT};
}

static struct nat_pool pool(const char *first, const char *last)
{
	return (struct nat_pool){ip(first), ip(last)};
}

// The static rule of the harness, then everybody inside behind the outside interface.
static void up(unsigned int n_workers, uint32_t sessions)
{
	harness_up_many(n_workers, sessions);
	neighbour(INSIDE, OTHER);
	neighbour(INSIDE, THIRD);
	harness_rules(&rules);
	rules.nat[1] = dynamic(INSIDE, OUTSIDE, "192.168.10.0/24");
	rules.nat[1].interface = true;
	rules.r.n_nat = 2;
	harness_apply(&rules);
}

static int setup(void **state)
{
	up(1, 64);
	return 0;
}

// Sends from inside; returns the tuple that leaves.
static struct flow goes_out(const struct flow *f)
{
	struct flow got;
	size_t len;

	harness_send(INSIDE, f, f->proto == PROTO_TCP ? SYN : 0);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_int_equal(got.proto, f->proto);
	return got;
}

// The answer to what left comes in, and reaches the sender of `f`.
static void comes_back(const struct flow *left, const struct flow *f)
{
	struct flow back = {left->dst, left->src, left->proto}, want = {f->dst, f->src, f->proto};
	struct flow got;
	size_t len;

	harness_send(OUTSIDE, &back, f->proto == PROTO_TCP ? SYN | ACK : 1);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
}

static void drops(uint16_t in, const struct flow *f, uint8_t flags, enum dp_counter_id reason)
{
	uint64_t before = counted(reason);

	harness_send(in, f, flags);
	if (counted(reason) != before + 1)
		fail_msg("no %s", counter_infos[reason].name);
	assert_int_equal(harness_out(INSIDE, frame) + harness_out(OUTSIDE, frame), 0);
}

static void wait_s(uint64_t s)
{
	h.now_ns += s * S;
	for (unsigned int i = 0; i < 100; i++)
		worker_turn(h.w, h.now_ns += S / 100);
}

static uint32_t mappings(void)
{
	return h.w->xlate->max - h.w->xlate->n_free;
}

static const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};

static struct flow outward(uint8_t proto, const char *src, uint16_t port, const char *dst)
{
	return flow(proto, src, port, dst, proto == PROTO_ICMP ? port : 53);
}

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
	drops(OUTSIDE, &stranger, 0, DROP_NAT_UNMAPPED);
	stranger.proto = PROTO_TCP;
	drops(OUTSIDE, &stranger, SYN, DROP_NAT_UNMAPPED);
	drops(OUTSIDE, &stranger, ACK, DROP_NAT_UNMAPPED);
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

// A mapping outlives its session by pat-xlate, and is the same for who comes back in time.
static void test_rest(void **state)
{
	struct flow f = outward(PROTO_UDP, OTHER, 5000, FAR), left = goes_out(&f), again;

	wait_s(110);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 1);
	wait_s(11); // udp: 120 s
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 0);
	assert_int_equal(mappings(), 1);
	again = goes_out(&f);
	assert_true(endpoint_eq(&again.src, &left.src));
	wait_s(122);
	wait_s(27);
	assert_int_equal(mappings(), 1);
	wait_s(3);
	assert_int_equal(mappings(), 0);
}

// GRE has no ports to tell two hosts apart by.
static void test_protocol(void **state)
{
	struct flow f = flow(47, OTHER, 0, FAR, 0);

	drops(INSIDE, &f, 0, DROP_NAT_PROTOCOL);
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
	drops(OUTSIDE, &low, 0, DROP_PROTO_TO_SELF);
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
	rules.nat[1].pool = pool(POOL, "209.165.200.243");
	harness_apply(&rules);
	first = goes_out(&f).src.ip;
	assert_true(nat_pool_has(&rules.nat[1].pool, &first));
	for (uint16_t port = 5001; port < 5020; port++) { // REQ-2: paired
		f.src.port = port;
		left = goes_out(&f);
		assert_true(ip_eq(&left.src.ip, &first));
		comes_back(&left, &f);
	}
	drops(OUTSIDE, &spoofed, 0, DROP_IP_SPOOFED);
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

	rules.nat[0] = dynamic(OUTSIDE, INSIDE, "0.0.0.0/0");
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
	drops(OUTSIDE, &in, 0, DROP_NAT_RPF);
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
	rules.nat[1].pool = pool(POOL, POOL);
	harness_apply(&rules);
	again = goes_out(&f);
	assert_true(ip_is(&again.src.ip, POOL));
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 2);
	comes_back(&again, &f);
	wait_s(121);
	wait_s(31);
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
	wait_s(121);
	wait_s(31);
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
	drops(INSIDE, &denied, SYN, DROP_ACL_DENY);
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
	drops(OUTSIDE, &seen, SYN, DROP_IP_SPOOFED);
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
	drops(INSIDE, &ab, 0, DROP_NAT_UNMAPPED); // b has not spoken to a
	turns(&ba, 0, &seen_by_a);                // a has
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
	drops(INSIDE, &f, SYN, DROP_ROUTE_SAME_IFACE);
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
	third.real = pool(THIRD, THIRD);
	assert_int_equal(listed(x, &third), 1);
	assert_int_equal(x[0].proto, PROTO_TCP);
	m.xlate = third;
	xlate_msg(h.w, &m);
	wait_s(0);
	assert_int_equal(listed(x, &all), 1);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 3);
	m.xlate = all;
	xlate_msg(h.w, &m);
	wait_s(0);
	assert_int_equal(listed(x, &all), 0);
	assert_int_equal(mappings(), 0);
	assert_int_equal(h.w->xlate->n_live, 0);
	assert_int_equal(h.w->xlate->most, 2);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, 1); // the static one's
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

		up(counts[c], 1024);
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

// ---- The choice of ports -----------------------------------------------------------------------

#define HOSTS 6
#define PORTS 40
#define STEPS 60000

// Every pair of endpoint and protocol, and what the oracle knows of it.
static struct known {
	uint32_t xlate, refs;
	struct endpoint mapped;
} known[XLATE_PROTOS][HOSTS][PORTS];

static struct endpoint inside(unsigned int host, unsigned int port)
{
	struct endpoint e = {ip(OTHER), (uint16_t)(port % 2 ? 20000 + port : 1000 + port)};

	e.ip.b[15] = (uint8_t)(e.ip.b[15] + host);
	return e;
}

// That no two live ones share, by looking at all of them.
static void assert_alone(unsigned int proto, const struct known *k)
{
	for (unsigned int host = 0; host < HOSTS; host++)
		for (unsigned int port = 0; port < PORTS; port++) {
			const struct known *o = &known[proto][host][port];

			assert_true(o == k || o->refs == 0 || !endpoint_eq(&o->mapped, &k->mapped));
		}
}

static void oracle_take(unsigned int p, unsigned int host, unsigned int port)
{
	struct known *k = &known[p][host][port];
	struct endpoint real = inside(host, port);
	uint32_t x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, protos[p], &real);
	const struct endpoint *mapped;

	assert_int_not_equal(x, 0);
	mapped = &xlate_at(h.w, x)->mapped;
	assert_int_equal(xlate_at(h.w, x)->refs, k->refs + 1);
	if (k->refs > 0) {
		assert_int_equal(x, k->xlate);
		assert_true(endpoint_eq(mapped, &k->mapped));
	}
	*k = (struct known){x, k->refs + 1, *mapped};
	assert_true(nat_pool_has(&rules.nat[1].pool, &mapped->ip));
	assert_true(mapped->port >= NAT_PAT_PORT_MIN);
	assert_int_equal(steer_port_owner(mapped->port, h.n_workers), h.w->id);
	assert_int_equal(mapped->port % 2, real.port % 2);
	for (unsigned int i = 0; i < PORTS; i++) // paired
		for (unsigned int q = 0; q < XLATE_PROTOS; q++)
			assert_true(known[q][host][i].refs == 0 ||
				ip_eq(&known[q][host][i].mapped.ip, &mapped->ip));
	assert_alone(p, k);
}

static void test_oracle(void **state)
{
	const unsigned int counts[] = {1, 2, 4};

	srand(11);
	for (size_t c = 0; c < RTE_DIM(counts); c++) {
		up(counts[c], 2048);
		rules.nat[1].interface = false;
		rules.nat[1].pool = pool(POOL, "209.165.200.243");
		harness_apply(&rules);
		h.w = h.all[counts[c] - 1];
		worker_turn(h.w, h.now_ns);
		memset(known, 0, sizeof(known));
		for (unsigned int i = 0; i < STEPS; i++) {
			unsigned int p = (unsigned int)rand() % XLATE_PROTOS;
			unsigned int host = (unsigned int)rand() % HOSTS;
			unsigned int port = (unsigned int)rand() % PORTS;
			struct known *k = &known[p][host][port];

			if (rand() % 2 == 0 && k->refs < 3) {
				oracle_take(p, host, port);
			} else if (k->refs > 0) {
				xlate_put(h.w, k->xlate);
				k->refs--;
			}
			if (i % 500 == 0)
				worker_turn(h.w, h.now_ns += S);
		}
		for (unsigned int p = 0; p < XLATE_PROTOS; p++)
			for (unsigned int host = 0; host < HOSTS; host++)
				for (unsigned int port = 0; port < PORTS; port++)
					while (known[p][host][port].refs > 0) {
						xlate_put(h.w, known[p][host][port].xlate);
						known[p][host][port].refs--;
					}
		wait_s(31);
		assert_int_equal(mappings(), 0);
		for (unsigned int i = 0; i < h.w->xlate->n_addrs; i++)
			for (unsigned int p = 0; p < XLATE_PROTOS; p++)
				assert_int_equal(h.w->xlate->addr[i].free[p],
					(65536 - NAT_PAT_PORT_MIN) / counts[c]);
		harness_down();
	}
}

// All ports of one address: each once; then the new is refused and told, the old live, and what
// comes back can be used again.
static void test_used_up(void **state)
{
	const uint32_t all = 65536 - NAT_PAT_PORT_MIN;
	static bool taken[65536];
	struct endpoint real = {ip(OTHER), 1};
	struct flow f = outward(PROTO_UDP, THIRD, 1234, FAR);
	struct dp_msg m;
	uint32_t x = 0;

	harness_down();
	up(1, 65536 - NAT_PAT_PORT_MIN + 16);
	worker_turn(h.w, h.now_ns);
	for (uint32_t i = 0; i < all; i++) {
		real.ip.b[14] = (uint8_t)(i >> 14);
		real.port = (uint16_t)(i & 0x3fff);
		x = xlate_take(h.w, &rules.nat[1], INSIDE, OUTSIDE, PROTO_UDP, &real);
		assert_int_not_equal(x, 0);
		assert_false(taken[xlate_at(h.w, x)->mapped.port]);
		taken[xlate_at(h.w, x)->mapped.port] = true;
	}
	drops(INSIDE, &f, 0, DROP_NAT_PORTS);
	drops(INSIDE, &f, 0, DROP_NAT_PORTS);
	assert_int_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	assert_int_equal(m.type, DP_MSG_NAT_PORTS);
	assert_int_equal(m.nat.rule, 2);
	assert_int_not_equal(rte_ring_sc_dequeue_elem(h.w->msg_up, &m, sizeof(m)), 0);
	f.proto = PROTO_TCP; // has ports of its own
	goes_out(&f);
	f.proto = PROTO_UDP;
	xlate_put(h.w, x);
	drops(INSIDE, &f, 0, DROP_NAT_PORTS); // it rests
	wait_s(31);
	goes_out(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_out_and_back),
		TEST(test_static_first),
		TEST(test_endpoint_independent),
		TEST(test_ports_kept),
		TEST(test_rest),
		TEST(test_protocol),
		TEST(test_own_address),
		TEST(test_icmp_error),
		TEST(test_pool),
		TEST(test_outside_in),
		TEST(test_reverse_path),
		TEST(test_new_rules),
		TEST(test_sessions_full),
		TEST(test_used_up),
		TEST(test_show_and_clear),
		TEST(test_hairpin_static),
		TEST(test_hairpin_dynamic),
		TEST(test_hairpin_none),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_oracle),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
