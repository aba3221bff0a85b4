// SPDX-License-Identifier: BSD-3-Clause
// What packet-tracer says of a packet is what happens to it: each row is traced, then sent through the same
// worker under the same rules. Every drop reason of the data plane stands here: in a row, or with why no trace
// can end so.
#include "test/dp/trace_steps.h"

#include <stdio.h>

#include <rte_icmp.h>
#include <rte_tcp.h>

#define SYN RTE_TCP_SYN_FLAG
#define ACK RTE_TCP_ACK_FLAG
#define FIN RTE_TCP_FIN_FLAG
#define RST RTE_TCP_RST_FLAG

#define OTHER     "192.168.10.40" // has no static translation
#define POOL      "209.165.200.240"
#define MEDIA_OUT "209.165.200.229"

static uint8_t frame[FRAME_MAX];
static struct dp_limit_class class = {.id = 7, .acl = -1};

// ---- What is arranged before ----------------------------------------------------------------------

static void pass(uint16_t in, uint8_t proto, const char *src, uint16_t sport, const char *dst,
	uint16_t dport, uint8_t flags)
{
	const struct flow f = flow(proto, src, sport, dst, dport);

	harness_send(in, &f, flags);
	assert_true(harness_out(!in, frame) > 0);
}

static void denied(void)
{
	rules.incoming[2].permit = false;
}

static void no_list(void)
{
	rules.ifaces[OUTSIDE].acl_in = -1;
}

static void list_out(void)
{
	rules.ifaces[INSIDE].acl_out = 1;
}

static void same_level(void)
{
	rules.ifaces[OUTSIDE].security_level = 100;
}

static void no_default_route(void)
{
	rules.routes[0] = rules.routes[2];
	rules.r.n_routes = 2;
}

static void everything_in(void)
{
	rules.ifaces[INSIDE].acl_in = 1;
	rules.inspected[0] = (struct ace){.permit = true, .sport = {0, 65535}, .dport = {0, 65535}};
	rules.r.n_inspect = 0;
}

static struct nat_rule *second_rule(void)
{
	rules.r.n_nat = 2;
	rules.nat[1] = (struct nat_rule){
		.id = 2, .real_if = INSIDE, .mapped_if = OUTSIDE, .real = net("192.168.10.0/24")};
	return &rules.nat[1];
}

// One port for one host after the other.
static void pat(void)
{
	second_rule()->kind = NAT_PAT;
	rules.nat[1].interface = true;
}

static void pool_of_one(void)
{
	second_rule()->kind = NAT_DYNAMIC;
	rules.nat[1].pool = (struct nat_pool){ip(POOL), ip(POOL)};
	harness_apply(&rules);
	pass(INSIDE, PROTO_UDP, OTHER, 5000, FAR, 53, 0);
}

static void one_way(void)
{
	second_rule()->real = net(OTHER);
	rules.nat[1].mapped = net("209.165.200.235");
	rules.nat[1].one_way = true;
}

static void elsewhere(void)
{
	*second_rule() = (struct nat_rule){.id = 2,
		.real_if = OUTSIDE,
		.mapped_if = OUTSIDE,
		.real = net(FAR),
		.mapped = net(FAR),
		.dst_mapped = net("209.165.200.235"),
		.dst_real = net(OTHER)};
	rules.incoming[2].dst = net(OTHER);
}

static void same_tuple(void)
{
	harness_apply(&rules);
	pass(OUTSIDE, PROTO_UDP, FAR, 7000, MAPPED, 4000, 0);
	rules.nat[1] = rules.nat[0];
	rules.nat[0].mapped = net("209.165.200.227");
}

static void table_full(void)
{
	harness_apply(&rules);
	for (uint16_t i = 0; i < 8; i++)
		pass(OUTSIDE, PROTO_UDP, FAR, (uint16_t)(6000 + i), MAPPED, 4000, 0);
}

static void half_open(void)
{
	harness_apply(&rules);
	pass(OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 5070, SYN);
}

static void limited(struct dp_conn_limits max)
{
	class.max = max;
	rules.r.limits = &class;
	rules.r.n_limits = 1;
	half_open();
}

static void limit_conns(void)
{
	limited((struct dp_conn_limits){.conns = 1});
}

static void limit_client(void)
{
	limited((struct dp_conn_limits){.client_conns = 1});
}

static void limit_embryonic(void)
{
	limited((struct dp_conn_limits){.embryonic = 1});
}

static void limit_embryonic_client(void)
{
	limited((struct dp_conn_limits){.client_embryonic = 1});
}

static void limit_rate(void)
{
	limited((struct dp_conn_limits){.embryonic_rate = 1});
}

static void limit_all_embryonic(void)
{
	rules.r.half_open_max = 1;
	half_open();
}

static void established(void)
{
	half_open();
	pass(INSIDE, PROTO_TCP, HOST_IN, 5070, FAR, 7000, SYN | ACK);
	pass(OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 5070, ACK);
}

static void reset(void)
{
	established();
	pass(OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 5070, RST);
}

static void pinged(void)
{
	harness_apply(&rules);
	pass(OUTSIDE, PROTO_ICMP, FAR, 0, MAPPED, 0, 0);
}

static void no_longer_permitted(void)
{
	same_tuple();
	rules.nat[0] = rules.nat[1];
	rules.incoming[2].permit = false;
}

static void small_inside(void)
{
	h.w->mtu[INSIDE] = 1000;
}

static void small_both(void)
{
	h.w->mtu[OUTSIDE] = h.w->mtu[INSIDE] = 1000;
}

static void a_call(void)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};

	m.media.stream = 1;
	m.media.pts[0] = 1;
	m.media.clock_hz = 8000;
	m.media.leg[0] = (struct dp_media_leg){.iface = OUTSIDE,
		.local = ep(MEDIA_OUT, 20000),
		.remote = ep(FAR, 30000),
		.rx_allowed = true,
		.tx_allowed = true};
	m.media.leg[1] = (struct dp_media_leg){.iface = INSIDE,
		.local = ep("192.168.10.3", 20000),
		.remote = ep(HOST_IN, 30000),
		.rx_allowed = true,
		.tx_allowed = true};
	assert_int_equal(dp_send(&m), 0);
}

// ---- The rows ---------------------------------------------------------------------------------------

struct row {
	const char *what;
	void (*arrange)(void); // the rules, which are applied afterwards, and packets before
	uint16_t in;
	uint8_t proto;
	const char *src;
	uint16_t sport;
	const char *dst;
	uint16_t dport;
	enum dp_trace_fate fate;
	enum dp_counter_id reason;
	uint8_t flags, icmp_type, ttl;
	bool df;
	uint16_t size;
};

#define UDP_IN  OUTSIDE, PROTO_UDP, FAR, 7000, MAPPED, 4000
#define TCP_IN  OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 5070
#define TCP_OUT INSIDE, PROTO_TCP, HOST_IN, 5070, FAR, 7000
#define UDP_OUT INSIDE, PROTO_UDP, OTHER, 5000, FAR, 53

#define DROPS(why) .fate = DP_TRACE_DROP, .reason = DROP_##why

static const struct row rows[] = {
	{"in by static nat", NULL, UDP_IN, .fate = DP_TRACE_FORWARD},
	{"to our own address", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, FW_OUT, 443,
		.fate = DP_TRACE_TO_CONTROL},
	{"to our address on the other side", NULL, INSIDE, PROTO_TCP, HOST_IN, 7000, FW_OUT, 443,
		DROPS(PROTO_TO_SELF)},
	{"UDP to ourselves", NULL, OUTSIDE, PROTO_UDP, FAR, 7000, FW_OUT, 53, DROPS(PROTO_TO_SELF)},
	{"SIP that is inspected", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 5080,
		.fate = DP_TRACE_TO_CONTROL},
	{"a source that nobody has", NULL, OUTSIDE, PROTO_UDP, "127.0.0.1", 1, MAPPED, 4000,
		DROPS(IP_SOURCE)},
	{"a source that is ours", NULL, OUTSIDE, PROTO_UDP, FW_OUT, 1, MAPPED, 4000,
		DROPS(IP_SPOOFED)},
	{"a source that stands for a host", NULL, OUTSIDE, PROTO_UDP, MAPPED, 1, MAPPED, 4000,
		DROPS(IP_SPOOFED)},
	{"a bogon", NULL, OUTSIDE, PROTO_UDP, "169.254.1.1", 1, MAPPED, 4000, DROPS(IP_BOGON)},
	{"a source of the other side", NULL, OUTSIDE, PROTO_UDP, OTHER, 1, MAPPED, 4000,
		DROPS(REVERSE_PATH)},
	{"multicast", NULL, OUTSIDE, PROTO_UDP, FAR, 1, "224.0.0.5", 1, DROPS(IP_DESTINATION)},
	{"broadcast of a subnet", NULL, INSIDE, PROTO_UDP, HOST_IN, 1, "209.165.200.255", 1,
		DROPS(IP_DESTINATION)},
	{"the last hop", NULL, UDP_IN, DROPS(IP_TTL), .ttl = 1},
	{"port 0", NULL, OUTSIDE, PROTO_TCP, FAR, 0, MAPPED, 5070, DROPS(L4_HEADER)},
	{"SYN and FIN", NULL, TCP_IN, DROPS(TCP_FLAGS), .flags = SYN | FIN},
	{"an ACK of no connection", NULL, TCP_IN, DROPS(TCP_NOT_SYN), .flags = ACK},
	{"a RST of no connection", NULL, TCP_IN, DROPS(TCP_NOT_SYN), .flags = RST},
	{"an ACK that lists deny", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 22, DROPS(ACL_DENY),
		.flags = ACK},
	{"an ACK to ourselves", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, FW_OUT, 443,
		.fate = DP_TRACE_RESET, .flags = ACK},
	{"a RST to ourselves", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, FW_OUT, 443, DROPS(TCP_NOT_SYN),
		.flags = RST},
	{"an ACK of a call that is forgotten", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, MAPPED, 5080,
		.fate = DP_TRACE_RESET, .flags = ACK},
	{"its answer", NULL, INSIDE, PROTO_TCP, HOST_IN, 5080, FAR, 7000, .fate = DP_TRACE_RESET,
		.flags = SYN | ACK},
	{"data before the handshake", half_open, TCP_IN, DROPS(TCP_HANDSHAKE), .flags = ACK},
	{"a SYN again", half_open, TCP_IN, .fate = DP_TRACE_FORWARD},
	{"an answer", half_open, TCP_OUT, .fate = DP_TRACE_FORWARD, .flags = SYN | ACK},
	{"an ACK of a connection", established, TCP_IN, .fate = DP_TRACE_FORWARD, .flags = ACK},
	{"the other way", established, TCP_OUT, .fate = DP_TRACE_FORWARD, .flags = ACK},
	{"its end", established, TCP_OUT, .fate = DP_TRACE_FORWARD, .flags = FIN | ACK},
	{"its reset", established, TCP_OUT, .fate = DP_TRACE_FORWARD, .flags = RST},
	{"no flag at all", established, TCP_IN, DROPS(TCP_FLAGS), .flags = 0x20},
	{"anew on a tuple that is over", reset, TCP_IN, .fate = DP_TRACE_FORWARD},
	{"a list", denied, UDP_IN, DROPS(ACL_DENY)},
	{"a session that is no longer permitted", no_longer_permitted, UDP_IN, DROPS(ACL_DENY)},
	{"a list out", list_out, UDP_IN, DROPS(ACL_OUT_DENY)},
	{"levels", no_list, UDP_IN, DROPS(SECURITY_LEVEL)},
	{"one level", same_level, UDP_IN, DROPS(SAME_SECURITY)},
	{"an echo reply that nobody asked for", NULL, OUTSIDE, PROTO_ICMP, FAR, 5, MAPPED, 5,
		DROPS(ICMP_NO_SESSION), .icmp_type = 0},
	{"a ping", NULL, OUTSIDE, PROTO_ICMP, FAR, 5, MAPPED, 5, .fate = DP_TRACE_FORWARD,
		.icmp_type = 8},
	{"a timestamp of a ping's id", pinged, OUTSIDE, PROTO_ICMP, FAR, 0, MAPPED, 0,
		DROPS(ICMP_NO_SESSION), .icmp_type = 13},
	{"a port of an interface", pat, UDP_OUT, .fate = DP_TRACE_FORWARD},
	{"a tuple that another session has", same_tuple, OUTSIDE, PROTO_UDP, FAR, 7000,
		"209.165.200.227", 4000, DROPS(NAT_PORTS)},
	{"a pool that is used up", pool_of_one, INSIDE, PROTO_UDP, "192.168.10.41", 5000, FAR, 53,
		DROPS(NAT_POOL)},
	{"a protocol without ports", pat, INSIDE, 50, OTHER, 0, FAR, 0, DROPS(NAT_PROTOCOL)},
	{"a rule that leads elsewhere", elsewhere, OUTSIDE, PROTO_UDP, FAR, 7000, "209.165.200.235",
		4000, DROPS(NAT_IFACE)},
	{"a port that nobody has", pat, OUTSIDE, PROTO_UDP, FAR, 7000, FW_OUT, 20000,
		DROPS(NAT_UNMAPPED)},
	{"unidirectional", one_way, OUTSIDE, PROTO_UDP, FAR, 7000, "209.165.200.235", 4000,
		DROPS(NAT_ONE_WAY)},
	{"past a translation", NULL, OUTSIDE, PROTO_TCP, FAR, 7000, HOST_IN, 5070, DROPS(NAT_RPF)},
	{"no route", no_default_route, INSIDE, PROTO_UDP, HOST_IN, 7000, FAR, 53,
		DROPS(ROUTE_NONE)},
	{"back where it came from", everything_in, INSIDE, PROTO_UDP, HOST_IN, 7000,
		"192.168.10.99", 53, DROPS(ROUTE_SAME_IFACE)},
	{"no neighbour", NULL, OUTSIDE, PROTO_ICMP, FAR, 5, "192.168.10.99", 5,
		DROPS(NEIGH_UNRESOLVED), .icmp_type = 8},
	{"the table is full", table_full, UDP_IN, DROPS(SESSION_FULL)},
	{"conn-max", limit_conns, OUTSIDE, PROTO_UDP, FAR, 7000, MAPPED, 4000, DROPS(CONN_LIMIT)},
	{"per-client-max", limit_client, UDP_IN, DROPS(CONN_CLIENT)},
	{"embryonic-conn-max", limit_embryonic, OUTSIDE, PROTO_TCP, FAR, 7001, MAPPED, 5070,
		DROPS(EMBRYONIC_LIMIT)},
	{"per-client-embryonic-max", limit_embryonic_client, OUTSIDE, PROTO_TCP, FAR, 7001, MAPPED,
		5070, DROPS(EMBRYONIC_CLIENT)},
	{"embryonic-conn-rate", limit_rate, OUTSIDE, PROTO_TCP, FAR, 7001, MAPPED, 5070,
		DROPS(EMBRYONIC_RATE)},
	{"half-open connections of the box", limit_all_embryonic, OUTSIDE, PROTO_TCP, FAR, 7001,
		MAPPED, 5070, DROPS(EMBRYONIC_FULL)},
	{"larger than the way out", small_inside, UDP_IN, DROPS(MTU_EXCEEDED), .df = true,
		.size = 1200},
	{"larger, and may be cut", small_inside, UDP_IN, .fate = DP_TRACE_FORWARD, .size = 1200},
	{"as large as the way out", small_inside, UDP_IN, .fate = DP_TRACE_FORWARD, .df = true,
		.size = 1000},
	{"as large as two fragments", small_both, UDP_IN, .fate = DP_TRACE_FORWARD, .size = 1200},
	{"a media port without a call", NULL, OUTSIDE, PROTO_UDP, FAR, 30000, MEDIA_OUT, 20000,
		DROPS(MEDIA_NO_STREAM)},
	{"media from elsewhere", a_call, OUTSIDE, PROTO_UDP, FAR, 30002, MEDIA_OUT, 20000,
		DROPS(MEDIA_SOURCE)},
	{"RTCP that goes nowhere", a_call, OUTSIDE, PROTO_UDP, FAR, 30001, MEDIA_OUT, 20001,
		DROPS(MEDIA_RTCP)},
};

// ---- Those that no trace ends with ----------------------------------------------------------------------

static const struct {
	const char *why;
	enum dp_counter_id reasons[32]; // up to PASS
} never[] = {
	{"of the frame, which the tracer makes well",
		{DROP_RX_SHORT, DROP_L2_NOT_FOR_US, DROP_ETHERTYPE, DROP_VLAN_UNKNOWN,
			DROP_VLAN_NONE, DROP_VLAN_QINQ, DROP_IPV6_UNSUPPORTED, DROP_IP_HEADER,
			DROP_IP_CHECKSUM, DROP_IP_OPTIONS, DROP_L4_CHECKSUM, DROP_ARP_INVALID,
			DROP_ARP_FOREIGN, PASS}},
	{"of fragments: the tracer has the datagram that they make",
		{DROP_IP_FRAGMENT, DROP_FRAG_TINY, DROP_FRAG_OVERLAP, DROP_FRAG_DUPLICATE,
			DROP_FRAG_LONG, DROP_FRAG_CHAIN, DROP_FRAG_TIMEOUT, DROP_FRAG_FULL,
			DROP_FRAG_SOURCE, PASS}},
	{"of numbers, which the tracer takes from the connection",
		{DROP_TCP_WINDOW, DROP_TCP_ACK, DROP_TCP_RST_WINDOW, DROP_ICMP_TCP_WINDOW, PASS}},
	{"of rates, rings and buffers at that moment",
		{DROP_HANDOFF_FULL, DROP_PUNT_FULL, DROP_PUNT_RATE, DROP_PUNT_EMBRYONIC,
			DROP_PUNT_TOO_BIG, DROP_TX_FULL, DROP_NO_BUFFER, PASS}},
	{"of what is in the datagram (callgate show media)",
		{DROP_MEDIA_MALFORMED, DROP_MEDIA_PT, DROP_MEDIA_DIRECTION, DROP_MEDIA_WAITING,
			DROP_MEDIA_AUTH, DROP_MEDIA_REPLAY, DROP_MEDIA_LATE, DROP_MEDIA_SSRCS,
			DROP_MEDIA_KEY_USED_UP, PASS}},
};

static void test_every_reason(void **state)
{
	unsigned int seen[DP_COUNTERS] = {0};

	for (size_t i = 0; i < RTE_DIM(rows); i++)
		if (rows[i].fate == DP_TRACE_DROP)
			seen[rows[i].reason] = 1;
	for (size_t i = 0; i < RTE_DIM(never); i++)
		for (unsigned int j = 0; never[i].reasons[j] != PASS; j++)
			seen[never[i].reasons[j]] += 2;
	for (unsigned int i = 0; i < DP_COUNTERS; i++)
		if (counter_infos[i].drop && seen[i] != 1 && seen[i] != 2)
			fail_msg("%s: expected a row, or why there is none", counter_infos[i].name);
}

// ---- Traced, and sent -------------------------------------------------------------------------------

static struct dp_trace_ask ask_of(const struct row *r)
{
	return (struct dp_trace_ask){.iface = r->in,
		.flow = flow(r->proto, r->src, r->sport, r->dst, r->dport),
		.icmp_type = r->icmp_type,
		.ttl = r->ttl,
		.tcp_flags = r->flags,
		.size = r->size,
		.df = r->df};
}

// The numbers of a connection are those that it waits for, if there is one.
static void numbers_fit(struct rte_tcp_hdr *tcp, uint16_t in)
{
	const struct sess *s = h.w->sess->slots;
	const unsigned int dir = in == INSIDE;

	for (uint32_t i = 0; i < 8; i++)
		if (s[i].state != SESS_FREE && s[i].is_tcp && !(tcp->tcp_flags & SYN)) {
			tcp->sent_seq = rte_cpu_to_be_32(s[i].tcp.side[dir].end);
			tcp->recv_ack = rte_cpu_to_be_32(s[i].tcp.side[!dir].end);
		}
}

// The frame that a host would send for the question.
static size_t frame_of(const struct dp_trace_ask *a)
{
	const size_t head = sizeof(struct rte_ipv4_hdr) + (a->flow.proto == PROTO_TCP ? 20 : 8);
	const uint8_t flags = a->flow.proto == PROTO_ICMP ? a->icmp_type == 0
		: a->tcp_flags != 0                       ? a->tcp_flags
							  : SYN;
	size_t len =
		frame_make(frame, a->iface, &a->flow, flags, a->size != 0 ? a->size - head : 0);
	struct rte_ipv4_hdr *v4 = (void *)(frame + sizeof(struct rte_ether_hdr));

	v4->fragment_offset = a->df ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : 0;
	v4->time_to_live = a->ttl != 0 ? a->ttl : 64;
	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	if (a->flow.proto == PROTO_TCP) {
		struct rte_tcp_hdr *tcp = (void *)(v4 + 1);

		numbers_fit(tcp, a->iface);
		tcp->cksum = 0;
		tcp->cksum = rte_ipv4_udptcp_cksum(v4, tcp);
	}
	if (a->flow.proto == PROTO_ICMP) {
		struct rte_icmp_hdr *icmp = (void *)(v4 + 1);

		icmp->icmp_type = a->icmp_type;
		icmp->icmp_cksum = 0;
		icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, len - 34);
	}
	return len;
}

// The one drop reason that the packet has counted, PASS: none.
static enum dp_counter_id dropped_as(const struct counters *before)
{
	enum dp_counter_id found = PASS;

	for (unsigned int i = 0; i < DP_COUNTERS; i++) {
		if (!counter_infos[i].drop || h.w->count->n[i] == before->n[i])
			continue;
		assert_int_equal(found, PASS);
		assert_int_equal(h.w->count->n[i], before->n[i] + 1);
		found = (enum dp_counter_id)i;
	}
	return found;
}

static void expect_row(const struct row *r)
{
	const struct dp_trace_ask a = ask_of(r);
	const enum dp_counter_id reason = r->fate == DP_TRACE_DROP ? r->reason : PASS;
	enum dp_counter_id dropped;
	struct counters before;
	struct rte_mbuf *m;
	uint16_t in;

	if (r->arrange != NULL)
		r->arrange();
	harness_apply(&rules);
	assert_int_equal(trace_ask(&a), 0);
	if (t.fate != r->fate)
		fail_msg("%s: traced to fate %d, %s", r->what, t.fate, t.reason);
	if (r->fate == DP_TRACE_DROP)
		assert_string_equal(t.reason, counter_infos[r->reason].name);
	else
		assert_null(t.reason);
	before = *h.w->count;
	m = buffer_of(frame, frame_of(&a));
	harness_in(a.iface, &m, 1);
	harness_neigh_timeout();
	dropped = dropped_as(&before);
	if (dropped != reason)
		fail_msg("%s: was dropped as %s", r->what,
			dropped != PASS ? counter_infos[dropped].name : "nothing");
	if (r->fate == DP_TRACE_FORWARD)
		assert_true(harness_out(t.iface_out, frame) > 0);
	assert_int_equal(harness_punted(frame, &in) > 0, r->fate == DP_TRACE_TO_CONTROL);
	assert_int_equal(h.w->count->n[COUNT_TCP_RST_SENT] - before.n[COUNT_TCP_RST_SENT],
		r->fate == DP_TRACE_RESET);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		trace_up(NULL);
		expect_row(&rows[i]);
		trace_down(NULL);
	}
}

// The class that lets a flow in is told as well, and the rule that gives what is another's.
static void test_by_which(void **state)
{
	const struct dp_trace_ask a = {
		.iface = OUTSIDE, .flow = flow(PROTO_UDP, FAR, 7000, MAPPED, 4000)};

	trace_up(NULL);
	limited((struct dp_conn_limits){.conns = 2});
	assert_int_equal(trace_ask(&a), 0);
	assert_int_equal(t.fate, DP_TRACE_FORWARD);
	assert_int_equal(t.phase[6].type, DP_TRACE_LIMITS);
	assert_int_equal(t.phase[6].rule, 0);
	trace_down(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_by_which),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
