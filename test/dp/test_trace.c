// SPDX-License-Identifier: BSD-3-Clause
// The way of a packet that only asks, by a real worker with real rules: each outcome, and that nothing
// is left behind.
#include "test/dp/trace_steps.h"

#include <errno.h>
#include <stdio.h>

#include "dp/xlate.h"

static const char *const types[DP_TRACE_TYPES] = {
	[DP_TRACE_PACKET] = "packet",
	[DP_TRACE_FLOW] = "flow",
	[DP_TRACE_MEDIA] = "media",
	[DP_TRACE_SPOOFING] = "spoofing",
	[DP_TRACE_UN_NAT] = "un-nat",
	[DP_TRACE_ROUTE] = "route",
	[DP_TRACE_ACCESS_LIST] = "acl",
	[DP_TRACE_INSPECT] = "inspect",
	[DP_TRACE_RPF_CHECK] = "rpf",
	[DP_TRACE_LIMITS] = "limits",
	[DP_TRACE_NAT] = "nat",
	[DP_TRACE_CREATE] = "create",
	[DP_TRACE_ADJACENCY] = "adjacency",
	[DP_TRACE_PUNT] = "punt",
	[DP_TRACE_HAIRPIN] = "hairpin",
};

// "flow acl:0/2 adjacency!": list and rule of each phase, and where it ended.
static void phases_text(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < t.n; i++) {
		const struct dp_trace_phase *p = &t.phase[i];

		n += (size_t)snprintf(buf + n, size - n, "%s%s", i > 0 ? " " : "", types[p->type]);
		if (p->list >= 0)
			n += (size_t)snprintf(buf + n, size - n, ":%d", p->list);
		if (p->rule >= 0)
			n += (size_t)snprintf(buf + n, size - n, "/%d", p->rule);
		if (p->drop)
			n += (size_t)snprintf(buf + n, size - n, "!");
	}
}

static const struct dp_trace_phase *phase(enum dp_trace_type type)
{
	for (unsigned int i = 0; i < t.n; i++)
		if (t.phase[i].type == type)
			return &t.phase[i];
	fail_msg("no phase %s", types[type]);
	return NULL;
}

// A packet's way, and that no counter, session, buffer or frame tells of it.
static void expect_icmp(uint16_t iface, struct flow f, uint8_t type, enum dp_trace_fate fate,
	const char *reason, const char *phases)
{
	const struct dp_trace_ask a = {.iface = iface, .flow = f, .icmp_type = type};
	const struct counters before = *h.w->count;
	const uint32_t n_free = h.w->sess->n_free;
	const unsigned int buffers = rte_mempool_in_use_count(h.pool);
	uint8_t frame[FRAME_MAX];
	struct dp_msg m;
	uint16_t in;
	char got[512];

	assert_int_equal(trace_ask(&a), 0);
	phases_text(got, sizeof(got));
	assert_string_equal(got, phases);
	assert_int_equal(t.fate, fate);
	if (reason == NULL) {
		assert_null(t.reason);
	} else {
		assert_string_equal(t.reason, reason);
		assert_non_null(t.help);
	}
	assert_memory_equal(h.w->count, &before, sizeof(before));
	assert_int_equal(h.w->sess->n_free, n_free);
	assert_int_equal(rte_mempool_in_use_count(h.pool), buffers);
	for (uint16_t i = 0; i < HARNESS_IFACES; i++)
		assert_int_equal(harness_out(i, frame), 0);
	assert_int_equal(harness_punted(frame, &in), 0);
	assert_int_equal(dp_recv(&m), 0);
}

static void expect(uint16_t iface, struct flow f, enum dp_trace_fate fate, const char *reason,
	const char *phases)
{
	expect_icmp(iface, f, 8, fate, reason, phases);
}

static void test_in(void **state)
{
	const struct dp_trace_phase *p;

	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, MAPPED, 4000), DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/2 create adjacency");
	p = phase(DP_TRACE_UN_NAT);
	assert_true(ip_is(&p->from.ip, MAPPED) && ip_is(&p->to.ip, HOST_IN));
	p = phase(DP_TRACE_ADJACENCY);
	assert_true(ip_is(&p->to.ip, HOST_IN));
	assert_int_equal(p->iface, INSIDE);
	assert_memory_equal(p->mac, "\2\0\0\0\1\2", 6);
	assert_int_equal(t.iface_out, INSIDE);
	assert_false(t.session);
}

static void test_out(void **state)
{
	const struct dp_trace_phase *p;

	expect(INSIDE, flow(PROTO_TCP, HOST_IN, 7000, FAR, 443), DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 route/0 acl nat/0 create adjacency");
	p = phase(DP_TRACE_NAT);
	assert_true(ip_is(&p->from.ip, HOST_IN) && ip_is(&p->to.ip, MAPPED));
	assert_int_equal(p->from.port, 7000);
	assert_true(ip_is(&phase(DP_TRACE_ADJACENCY)->to.ip, HOST_OUT));
	assert_int_equal(t.iface_out, OUTSIDE);
	expect(INSIDE, flow(PROTO_ICMP, HOST_IN, 5, FAR, 5), DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 route/0 acl nat/0 create adjacency");
	expect(INSIDE, flow(50, HOST_IN, 0, FAR, 0), DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 route/0 acl nat/0 create adjacency");
}

static void test_denied(void **state)
{
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, MAPPED, 4001), DP_TRACE_DROP, "ACL_DENY",
		"packet flow spoofing/0 un-nat/0 route/2 acl:0!"); // the implicit deny
	rules.incoming[2].permit = false;
	harness_apply(&rules);
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, MAPPED, 4000), DP_TRACE_DROP, "ACL_DENY",
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/2!");
	rules.ifaces[OUTSIDE].acl_in = -1;
	harness_apply(&rules);
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, MAPPED, 4000), DP_TRACE_DROP, "SECURITY_LEVEL",
		"packet flow spoofing/0 un-nat/0 route/2 acl!");
	assert_int_equal(
		phase(DP_TRACE_ACCESS_LIST)->iface, INSIDE); // whose level it is measured by
	// Each list that was asked tells what it said.
	rules.ifaces[OUTSIDE].acl_in = 1;
	rules.ifaces[INSIDE].acl_out = 1;
	rules.r.acl_global = 0;
	rules.incoming[2].permit = true;
	harness_apply(&rules);
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, MAPPED, 4000), DP_TRACE_DROP, "ACL_OUT_DENY",
		"packet flow spoofing/0 un-nat/0 route/2 acl:1 acl:0/2 acl:1!");
}

static void test_control_plane(void **state)
{
	expect(OUTSIDE, flow(PROTO_TCP, FAR, 7000, MAPPED, 5080), DP_TRACE_TO_CONTROL, NULL,
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/1 inspect:1/0 punt");
	expect(OUTSIDE, flow(PROTO_ICMP, FAR, 5, FW_OUT, 5), DP_TRACE_TO_CONTROL, NULL,
		"packet flow spoofing/0 punt");
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 5, FW_OUT, 5), DP_TRACE_DROP, "PROTO_TO_SELF",
		"packet flow spoofing/0 punt!");
}

static void test_refused(void **state)
{
	expect(OUTSIDE, flow(PROTO_UDP, HOST_IN, 7000, MAPPED, 4000), DP_TRACE_DROP, "REVERSE_PATH",
		"packet flow spoofing/2!");
	expect(OUTSIDE, flow(PROTO_UDP, FW_OUT, 7000, MAPPED, 4000), DP_TRACE_DROP, "IP_SPOOFED",
		"packet flow spoofing!");
	expect(OUTSIDE, flow(PROTO_UDP, "169.254.1.1", 7000, MAPPED, 4000), DP_TRACE_DROP,
		"IP_BOGON", "packet flow spoofing!");
	expect(OUTSIDE, flow(PROTO_UDP, "127.0.0.1", 7000, MAPPED, 4000), DP_TRACE_DROP,
		"IP_SOURCE", "packet!");
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, "224.0.0.1", 4000), DP_TRACE_DROP,
		"IP_DESTINATION", "packet!");
	expect(INSIDE, flow(PROTO_UDP, HOST_IN, 7000, "209.165.200.255", 1), DP_TRACE_DROP,
		"IP_DESTINATION", "packet flow spoofing/2 packet!");
	expect(OUTSIDE, flow(PROTO_TCP, FAR, 0, MAPPED, 5070), DP_TRACE_DROP, "L4_HEADER",
		"packet!");
	expect_icmp(OUTSIDE, flow(PROTO_ICMP, FAR, 0, MAPPED, 0), 13, DP_TRACE_DROP,
		"ICMP_NO_SESSION", "packet flow spoofing/0 un-nat/0 route/2 acl:0/3 create!");
	expect_icmp(OUTSIDE, flow(PROTO_ICMP, FAR, 0, MAPPED, 0), 3, DP_TRACE_DROP, "L4_HEADER",
		"packet!"); // an error quotes a packet, and this one does not
}

static void test_ttl(void **state)
{
	struct dp_trace_ask a = {.iface = INSIDE, .flow = flow(PROTO_TCP, HOST_IN, 7000, FAR, 443)};

	for (a.ttl = 1; a.ttl <= 2; a.ttl++) {
		assert_int_equal(trace_ask(&a), 0);
		assert_int_equal(t.fate, a.ttl == 1 ? DP_TRACE_DROP : DP_TRACE_FORWARD);
		if (a.ttl == 1)
			assert_string_equal(t.reason, "IP_TTL");
	}
}

static void test_routes(void **state)
{
	expect(INSIDE, flow(PROTO_TCP, HOST_IN, 7000, "192.168.10.99", 443), DP_TRACE_DROP,
		"ROUTE_SAME_IFACE", "packet flow spoofing/2 route/2 acl route!");
	rules.ifaces[INSIDE].acl_in = 1;
	rules.inspected[0] = (struct ace){.permit = true, .sport = {0, 65535}, .dport = {0, 65535}};
	rules.r.n_inspect = 0;
	harness_apply(&rules);
	expect(INSIDE, flow(PROTO_TCP, HOST_IN, 7000, "192.168.10.99", 443), DP_TRACE_DROP,
		"ROUTE_SAME_IFACE", "packet flow spoofing/2 route/2 acl:1/0 route!");
	rules.routes[0] = rules.routes[2];
	rules.r.n_routes = 2;
	harness_apply(&rules);
	expect(INSIDE, flow(PROTO_TCP, HOST_IN, 7000, FAR, 443), DP_TRACE_DROP, "ROUTE_NONE",
		"packet flow spoofing/0 acl:1/0 route!");
}

static void test_dynamic(void **state)
{
	const struct flow out = flow(PROTO_UDP, "192.168.10.40", 20000, FAR, 53);
	struct endpoint first;
	uint8_t frame[FRAME_MAX];

	rules.nat[1] = (struct nat_rule){.id = 2,
		.kind = NAT_PAT,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("192.168.10.0/24"),
		.interface = true};
	rules.r.n_nat = 2;
	harness_apply(&rules);
	expect(INSIDE, out, DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 route/0 acl nat/1 create adjacency");
	first = phase(DP_TRACE_NAT)->to;
	assert_true(ip_is(&first.ip, FW_OUT));
	harness_send(INSIDE, &out, 0);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	assert_int_equal(frame_flow(frame, FRAME_MAX).src.port, first.port);
	// Another flow of the same endpoint gets the same.
	expect(INSIDE, flow(PROTO_UDP, "192.168.10.40", 20000, FAR, 54), DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 route/0 acl nat/1 create adjacency");
	assert_true(endpoint_eq(&phase(DP_TRACE_NAT)->to, &first));
	expect(INSIDE, flow(50, "192.168.10.40", 0, FAR, 0), DP_TRACE_DROP, "NAT_PROTOCOL",
		"packet flow spoofing/2 route/0 acl nat/1!");
	// Such a port is some host's, or nobody's; of another protocol, it is another one.
	for (unsigned int i = 0; i < 3; i++) {
		struct flow f = flow(PROTO_UDP, FAR, 54, FW_OUT, i == 0 ? first.port : 20002);

		f.proto = i == 2 ? PROTO_TCP : PROTO_UDP;
		expect(OUTSIDE, f, DP_TRACE_DROP, "NAT_UNMAPPED",
			"packet flow spoofing/0 un-nat/1!");
		assert_true(endpoint_eq(&phase(DP_TRACE_UN_NAT)->from, &f.dst));
		assert_int_equal(phase(DP_TRACE_UN_NAT)->iface, OUTSIDE);
		assert_int_equal(phase(DP_TRACE_UN_NAT)->session, i == 0);
	}
	h.w->xlate->n_free = h.w->xlate->rest[0].oldest = 0; // as if all were taken
	expect(INSIDE, flow(PROTO_UDP, "192.168.10.41", 20000, FAR, 53), DP_TRACE_DROP, "NAT_PORTS",
		"packet flow spoofing/2 route/0 acl nat/1!");
}

// An address of the pool leads to the host that has it, by the rule that gave it, and to nobody else.
static void test_held(void **state)
{
	const struct flow out = flow(PROTO_UDP, HOST_IN, 20000, FAR, 53);
	struct flow in = flow(PROTO_UDP, FAR, 54, MAPPED, 4000);
	uint8_t frame[FRAME_MAX];

	rules.nat[0] = (struct nat_rule){.id = 2,
		.kind = NAT_DYNAMIC,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("192.168.10.0/24"),
		.pool = {ip("209.165.200.240"), ip("209.165.200.241")}};
	harness_apply(&rules);
	in.dst.ip = rules.nat[0].pool.first;
	expect(OUTSIDE, in, DP_TRACE_DROP, "NAT_UNMAPPED", "packet flow spoofing/0 un-nat/0!");
	assert_false(phase(DP_TRACE_UN_NAT)->session);
	harness_send(INSIDE, &out, 0);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	in.dst.ip = frame_flow(frame, FRAME_MAX).src.ip;
	expect(OUTSIDE, in, DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/2 create adjacency");
	assert_true(ip_is(&phase(DP_TRACE_UN_NAT)->to.ip, HOST_IN));
	in.proto = PROTO_TCP; // a call
	in.dst.port = 5080;
	expect(OUTSIDE, in, DP_TRACE_DROP, "NAT_UNMAPPED",
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/1 inspect:1/0 un-nat/0!");
	assert_true(t.phase[t.n - 1].session);
	in.proto = PROTO_UDP;
	in.dst.port = 4001;
	expect(OUTSIDE, in, DP_TRACE_DROP, "ACL_DENY",
		"packet flow spoofing/0 un-nat/0 route/2 acl:0!");
}

// Twice NAT is told on both sides, by one rule.
static void test_twice(void **state)
{
	rules.nat[1] = (struct nat_rule){.id = 2,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("192.168.10.40"),
		.mapped = net("209.165.200.235"),
		.dst_mapped = net("192.168.10.200"),
		.dst_real = net(FAR)};
	rules.r.n_nat = 2;
	harness_apply(&rules);
	expect(INSIDE, flow(PROTO_UDP, "192.168.10.40", 20000, "192.168.10.200", 53),
		DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 un-nat/1 route/0 acl nat/1 create adjacency");
	assert_true(ip_is(&phase(DP_TRACE_UN_NAT)->to.ip, FAR));
	assert_true(ip_is(&phase(DP_TRACE_NAT)->to.ip, "209.165.200.235"));
	rules.nat[1].one_way = true;
	harness_apply(&rules);
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 53, "209.165.200.235", 4000), DP_TRACE_DROP,
		"NAT_ONE_WAY", "packet flow spoofing/0 un-nat/1!");
	assert_true(ip_is(&phase(DP_TRACE_UN_NAT)->from.ip, "209.165.200.235"));
}

// Out and in again, to the end: of a new flow, and of one that is known. The second pass is judged as from
// outside.
static void test_hairpin(void **state)
{
	const struct flow f = flow(PROTO_UDP, "192.168.10.40", 20000, MAPPED, 4000);
	const struct flow denied = flow(PROTO_UDP, "192.168.10.40", 20000, MAPPED, 4001);
	uint8_t frame[FRAME_MAX];

	rules.nat[1] = (struct nat_rule){.id = 2,
		.kind = NAT_PAT,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net("192.168.10.0/24"),
		.interface = true};
	rules.r.n_nat = 2;
	harness_apply(&rules);
	expect(INSIDE, f, DP_TRACE_FORWARD, NULL,
		"packet flow spoofing/2 route/1 acl nat/1 create hairpin flow spoofing un-nat/0 "
		"route/2 acl:0/2 create adjacency");
	assert_int_equal(t.iface_out, INSIDE);
	expect(INSIDE, denied, DP_TRACE_DROP, "ACL_DENY",
		"packet flow spoofing/2 route/1 acl nat/1 create hairpin flow spoofing un-nat/0 "
		"route/2 acl:0!");
	harness_send(INSIDE, &f, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	expect(INSIDE, f, DP_TRACE_FORWARD, NULL, "packet flow nat hairpin flow un-nat adjacency");
}

// To the real address, past the translation.
static void test_rpf(void **state)
{
	expect(OUTSIDE, flow(PROTO_TCP, FAR, 7000, HOST_IN, 5070), DP_TRACE_DROP, "NAT_RPF",
		"packet flow spoofing/0 route/2 acl:0/0 rpf/0!");
}

static void test_neighbour(void **state)
{
	expect(OUTSIDE, flow(PROTO_ICMP, FAR, 7, "192.168.10.99", 7), DP_TRACE_DROP,
		"NEIGH_UNRESOLVED", "packet flow spoofing/0 route/2 acl:0/3 create adjacency!");
	assert_true(ip_is(&phase(DP_TRACE_ADJACENCY)->to.ip, "192.168.10.99"));
}

static void test_session(void **state)
{
	const struct flow in = flow(PROTO_UDP, FAR, 7000, MAPPED, 4000),
			  back = flow(PROTO_UDP, HOST_IN, 4000, FAR, 7000);
	const struct sess *s = h.w->sess->slots;
	uint8_t frame[FRAME_MAX];
	struct sess before;

	harness_send(OUTSIDE, &in, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	h.now_ns += 5;
	before = *s;
	expect(OUTSIDE, in, DP_TRACE_FORWARD, NULL, "packet flow un-nat adjacency");
	assert_true(t.session);
	assert_int_equal(t.iface_out, INSIDE);
	expect(INSIDE, back, DP_TRACE_FORWARD, NULL, "packet flow nat adjacency");
	assert_true(ip_is(&phase(DP_TRACE_NAT)->to.ip, MAPPED));
	assert_int_equal(t.iface_out, OUTSIDE);
	assert_memory_equal(s, &before, sizeof(before));
	// Rules that no longer permit it: the next packet would end it, this one does not.
	rules.incoming[2].permit = false;
	harness_apply(&rules);
	expect(OUTSIDE, in, DP_TRACE_DROP, "ACL_DENY",
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/2!");
	assert_false(t.session);
	assert_memory_equal(s, &before, sizeof(before));
}

static void test_punt_session(void **state)
{
	const struct flow in = flow(PROTO_TCP, FAR, 7000, FW_OUT, 8080);
	struct pkt p = {.flow = in, .kind = PKT_FLOW, .iface_in = OUTSIDE, .tcp_flags = 2};

	worker_turn(h.w, h.now_ns);
	assert_int_equal(sess_punt(h.w, &p), PASS);
	expect(OUTSIDE, in, DP_TRACE_TO_CONTROL, NULL, "packet flow punt");
	assert_true(t.session);
}

static void test_full(void **state)
{
	uint8_t frame[FRAME_MAX];

	for (uint16_t i = 0; i < 8; i++) {
		harness_send(OUTSIDE,
			&(struct flow){ep(FAR, (uint16_t)(6000 + i)), ep(MAPPED, 4000), PROTO_UDP},
			0);
		assert_true(harness_out(INSIDE, frame) > 0);
	}
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, MAPPED, 4000), DP_TRACE_DROP, "SESSION_FULL",
		"packet flow spoofing/0 un-nat/0 route/2 acl:0/2 create!");
}

// Another session's replies look as this one's would.
static void test_same_tuple(void **state)
{
	uint8_t frame[FRAME_MAX];

	harness_send(OUTSIDE, &(struct flow){ep(FAR, 7000), ep(MAPPED, 4000), PROTO_UDP}, 0);
	assert_true(harness_out(INSIDE, frame) > 0);
	rules.nat[1] = rules.nat[0];
	rules.nat[0].mapped = net("209.165.200.227");
	harness_apply(&rules);
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 7000, "209.165.200.227", 4000), DP_TRACE_DROP,
		"NAT_PORTS", "packet flow spoofing/0 un-nat/0 route/2 acl:0/2 create/0!");
}

// ---- Media --------------------------------------------------------------------------------------

static void leg(struct dp_media_leg *l, uint16_t iface, const char *local, const char *remote)
{
	*l = (struct dp_media_leg){.iface = iface,
		.local = ep(local, 20000),
		.remote = ep(remote, 30000),
		.rx_allowed = true,
		.tx_allowed = true};
}

static void test_media(void **state)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};

	expect(OUTSIDE, flow(PROTO_UDP, FAR, 30000, "209.165.200.229", 20000), DP_TRACE_DROP,
		"MEDIA_NO_STREAM", "packet media!");
	m.media.stream = 1;
	m.media.pts[0] = 1;
	m.media.clock_hz = 8000;
	leg(&m.media.leg[0], OUTSIDE, "209.165.200.229", FAR);
	leg(&m.media.leg[1], INSIDE, "192.168.10.3", HOST_IN);
	assert_int_equal(dp_send(&m), 0);
	worker_turn(h.w, h.now_ns);
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 30000, "209.165.200.229", 20000), DP_TRACE_RELAY, NULL,
		"packet media");
	expect(INSIDE, flow(PROTO_UDP, HOST_IN, 30000, "192.168.10.3", 20000), DP_TRACE_RELAY, NULL,
		"packet media");
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 30002, "209.165.200.229", 20000), DP_TRACE_DROP,
		"MEDIA_SOURCE", "packet media!");
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 30001, "209.165.200.229", 20001), DP_TRACE_DROP,
		"MEDIA_RTCP", "packet media!");
	expect(OUTSIDE, flow(PROTO_UDP, FAR, 30000, "209.165.200.229", 20002), DP_TRACE_DROP,
		"MEDIA_NO_STREAM", "packet media!");
}

// ---- Asking -------------------------------------------------------------------------------------

static void test_owner(void **state)
{
	unsigned int seen = 0;

	for (uint16_t port = 6000; port < 6032; port++) {
		const struct dp_trace_ask a = {
			.iface = OUTSIDE, .flow = {ep(FAR, port), ep(MAPPED, 4000), PROTO_UDP}};

		assert_int_equal(trace_ask(&a), 0);
		assert_int_equal(phase(DP_TRACE_FLOW)->worker,
			handoff_owner(&h.w->steer, snapshot_root.current, OUTSIDE, &a.flow));
		seen |= 1u << phase(DP_TRACE_FLOW)->worker;
	}
	assert_int_equal(seen, 15); // each of the four
}

static int up_four(void **state)
{
	trace_up_with(4, 8);
	return 0;
}

static void test_no_answer(void **state)
{
	struct dp_trace_ask a = {
		.iface = OUTSIDE, .flow = flow(PROTO_UDP, FAR, 7000, MAPPED, 4000)};

	assert_int_equal(dp_trace(&a, &t), -ETIMEDOUT); // nobody turns
	worker_turn(h.w, h.now_ns);                     // too late: the question is gone
	assert_int_equal(rte_mempool_in_use_count(h.pool), 0);
	a.iface = HARNESS_IFACES;
	assert_int_equal(dp_trace(&a, &t), -EINVAL);
	a.iface = OUTSIDE;
	a.flow.src.ip = ip("2001:db8::1");
	assert_int_equal(dp_trace(&a, &t), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_out, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_denied, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_control_plane, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_refused, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_ttl, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_routes, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_dynamic, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_held, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_twice, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_hairpin, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_rpf, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_neighbour, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_session, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_punt_session, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_full, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_same_tuple, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_media, trace_up, trace_down),
		cmocka_unit_test_setup_teardown(test_owner, up_four, trace_down),
		cmocka_unit_test_setup_teardown(test_no_answer, trace_up, trace_down),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
