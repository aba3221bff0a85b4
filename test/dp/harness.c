// SPDX-License-Identifier: BSD-3-Clause
// See test/dp/harness.h.
#include "test/dp/harness.h"

#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_icmp.h>
#include <rte_malloc.h>
#include <rte_tcp.h>

#include "dp/arp.h"
#include "dp/eal.h"
#include "dp/frag.h"
#include "dp/media_ctl.h"
#include "dp/parse.h"
#include "dp/route.h"
#include "dp/spoof.h"

#define BUFFERS 1024

struct harness h;

static struct dp_iface_options options[HARNESS_IFACES];
static struct eal_port ports[HARNESS_IFACES];
static const struct rte_ether_addr fw_mac[HARNESS_IFACES] = {
	{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};
static const struct rte_ether_addr host_mac[HARNESS_IFACES] = {
	{{2, 0, 0, 0, 1, 1}}, {{2, 0, 0, 0, 1, 2}}};

int harness_group_setup(void **state)
{
	static char *argv[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"-m", "96", "--lcores=(0-3)@0", "--log-level=error", NULL};
	char err[256];

	if (rte_eal_init(RTE_DIM(argv) - 1, argv) < 0)
		return -1;
	h.pool = rte_pktmbuf_pool_create(
		"test", BUFFERS, 0, sizeof(struct pkt), RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	for (unsigned int i = 0; i < HARNESS_IFACES; i++) {
		struct dp_iface_options *o = &options[i];

		*o = (struct dp_iface_options){.mtu = 1500, .descriptors = 64};
		snprintf(o->name, sizeof(o->name), "ring%u", i);
		snprintf(o->device, sizeof(o->device), "net_ring%u", i);
		if (eal_port_open(&ports[i], o, HARNESS_WORKERS, h.pool, err, sizeof(err)) != 0) {
			fprintf(stderr, "%s\n", err);
			return -1;
		}
	}
	h.datagrams = frag_pool(options, HARNESS_IFACES, HARNESS_WORKERS);
	return h.pool != NULL && h.datagrams != NULL ? 0 : -1;
}

bool ip_is(const struct ip_addr *a, const char *text)
{
	struct ip_addr b = ip(text);

	return ip_eq(a, &b);
}

struct flow flow(uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	return (struct flow){ep(src, sport), ep(dst, dport), proto};
}

// ---- Rules -------------------------------------------------------------------------------------

static struct ace permit(uint32_t id, uint8_t proto, const char *dst, uint16_t port)
{
	return (struct ace){
		.id = id,
		.permit = true,
		.proto = proto,
		.dst = net(dst),
		.sport = {0, 65535},
		.dport = {port, port != 0 ? port : 65535},
	};
}

void harness_rules(struct rules *r)
{
	memset(r, 0, sizeof(*r));
	r->ifaces[OUTSIDE] = (struct dp_iface){
		ip(FW_OUT), net("209.165.200.224/27"), 0, 0, -1, true, DP_BOGONS_ON, 0, 0};
	r->ifaces[INSIDE] = (struct dp_iface){
		ip(FW_IN), net("192.168.10.0/24"), 100, -1, -1, true, DP_BOGONS_ON, 0, 0};
	r->nat[0] = (struct nat_rule){
		.id = 1,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(HOST_IN),
		.mapped = net(MAPPED),
	};
	r->incoming[0] = permit(1, PROTO_TCP, HOST_IN, 5070);
	r->incoming[1] = permit(2, PROTO_TCP, HOST_IN, 5080);
	r->incoming[2] = permit(3, PROTO_UDP, HOST_IN, 4000);
	r->incoming[3] = permit(4, PROTO_ICMP, "0.0.0.0/0", 0);
	r->inspected[0] = permit(5, PROTO_TCP, HOST_IN, 5080);
	r->acls[0] = (struct dp_acl){r->incoming, 4};
	r->acls[1] = (struct dp_acl){r->inspected, 1};
	r->inspect[0] = 1;
	r->routes[0] = (struct dp_route){net("0.0.0.0/0"), ip(HOST_OUT), OUTSIDE};
	r->routes[1] = (struct dp_route){net("209.165.200.224/27"), {{0}}, OUTSIDE};
	r->routes[2] = (struct dp_route){net("192.168.10.0/24"), {{0}}, INSIDE};
	r->media[0] = (struct dp_media_addr){OUTSIDE, ip("209.165.200.229"), 16384, 32767};
	r->media[1] = (struct dp_media_addr){INSIDE, ip("192.168.10.3"), 16384, 32767};
	r->r = (struct dp_rules){
		.ifaces = r->ifaces,
		.nat = r->nat,
		.n_nat = 1,
		.acls = r->acls,
		.n_acls = 2,
		.acl_global = -1,
		.routes = r->routes,
		.n_routes = 3,
		.inspect = r->inspect,
		.n_inspect = 1,
		.media = r->media,
		.n_media = 2,
		.timeouts = {3600, 30, 600, 120, 2, 1800, 30, 10800},
	};
}

void harness_apply(const struct rules *r)
{
	char err[256] = "";

	assert_int_equal(snapshot_apply(&r->r, HARNESS_IFACES, err, sizeof(err)), 0);
	assert_string_equal(err, "");
}

// ---- The worker --------------------------------------------------------------------------------

static void neigh(uint16_t iface, const char *address)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_SET};

	m.neigh.iface = iface;
	m.neigh.ip = ip(address);
	memcpy(m.neigh.mac, &host_mac[iface], 6);
	neigh_msg(h.w, &m);
}

static struct worker *worker_up(unsigned int id, uint32_t sessions)
{
	struct worker *w = worker_new(id, h.n_workers, sessions, 12345);

	assert_non_null(w);
	w->pool = h.pool;
	w->frag = frag_new(options, HARNESS_IFACES, h.n_workers, h.datagrams);
	assert_non_null(w->frag);
	w->n_ifaces = HARNESS_IFACES;
	for (unsigned int i = 0; i < HARNESS_IFACES; i++) {
		w->port[i] = ports[i].id;
		w->mtu[i] = 1500;
		w->mac[i] = fw_mac[i];
	}
	return w;
}

void harness_up_many(unsigned int n_workers, uint32_t sessions)
{
	struct media_worker *media[HARNESS_WORKERS];
	struct rules r;

	h.now_ns = 1000000000000ull;
	h.n_workers = n_workers;
	assert_int_equal(snapshot_open(n_workers, HARNESS_IFACES), 0);
	assert_int_equal(media_ctl_start(n_workers, 0, RTPSEC_AUTO, media), 0);
	for (unsigned int i = 0; i < n_workers; i++) {
		h.w = h.all[i] = worker_up(i, sessions);
		h.w->media = media[i];
		neigh(OUTSIDE, HOST_OUT);
		neigh(INSIDE, HOST_IN);
	}
	assert_int_equal(worker_mesh(h.all, n_workers), 0);
	h.w = h.all[0];
	harness_rules(&r);
	harness_apply(&r);
}

void harness_up(uint32_t sessions)
{
	harness_up_many(1, sessions);
}

void harness_down(void)
{
	static uint8_t frame[FRAME_MAX];

	for (uint16_t i = 0; i < HARNESS_IFACES; i++)
		while (harness_out(i, frame) > 0)
			;
	media_ctl_stop();
	for (unsigned int i = 0; i < h.n_workers; i++)
		worker_free(h.all[i]);
	h.w = NULL;
	snapshot_close();
	assert_int_equal(rte_mempool_in_use_count(h.pool), 0);
	assert_int_equal(rte_mempool_in_use_count(h.datagrams), 0);
}

int harness_setup(void **state)
{
	harness_up(64);
	return 0;
}

int harness_setup_large(void **state)
{
	harness_up(256);
	return 0;
}

int harness_teardown(void **state)
{
	harness_down();
	return 0;
}

void harness_in(uint16_t iface, struct rte_mbuf **m, unsigned int n)
{
	struct pkts v = {.n = (uint16_t)n};

	memcpy(v.m, m, n * sizeof(*m));
	// An idle turn gives the worker this moment and these rules.
	worker_turn(h.w, h.now_ns);
	parse_stage(h.w, &v, iface);
	arp_stage(h.w, &v);
	frag_stage(h.w, &v);
	spoof_stage(h.w, &v);
	handoff_stage(h.w, &v);
	worker_process(h.w, &v);
	route_flush(h.w);
}

void harness_send(uint16_t iface, const struct flow *f, uint8_t flags)
{
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m = buffer_of(frame, frame_make(frame, iface, f, flags, 10));

	harness_in(iface, &m, 1);
}

size_t harness_out(uint16_t iface, uint8_t *frame)
{
	struct rte_mbuf *m;
	uint16_t queue = 0;
	size_t len;

	while (rte_eth_rx_burst(ports[iface].id, queue, &m, 1) == 0)
		if (++queue == HARNESS_WORKERS)
			return 0;
	// No checksum is left for a device to make (dp/eal.h).
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0);
	len = rte_pktmbuf_data_len(m);
	memcpy(frame, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	return len;
}

bool harness_out_of_all(uint16_t iface, struct flow *got)
{
	uint8_t frame[FRAME_MAX];
	size_t len;

	for (unsigned int i = 0; i < 2 * h.n_workers; i++)
		worker_turn(h.all[i % h.n_workers], h.now_ns);
	len = harness_out(iface, frame);
	if (len > 0)
		*got = frame_flow(frame, len);
	return len > 0;
}

void harness_drops(uint16_t iface, const struct flow *f, uint8_t flags, enum dp_counter_id reason)
{
	uint64_t before = counted(reason);
	uint8_t frame[FRAME_MAX];

	harness_send(iface, f, flags);
	if (reason == DROP_NEIGH_UNRESOLVED)
		harness_neigh_timeout();
	if (counted(reason) != before + 1)
		fail_msg("no %s", counter_infos[reason].name);
	assert_int_equal(harness_out(INSIDE, frame) + harness_out(OUTSIDE, frame), 0);
}

void harness_neigh_timeout(void)
{
	h.w->now_ns = h.now_ns + NEIGH_HOLD_NS;
	neigh_turn(h.w);
	route_flush(h.w);
	h.w->now_ns = h.now_ns;
}

void harness_wait_s(uint64_t s)
{
	h.now_ns += s * NS_PER_S;
	for (unsigned int i = 0; i < 100; i++)
		worker_turn(h.w, h.now_ns += NS_PER_S / 100);
}

size_t harness_punted(uint8_t *frame, uint16_t *iface)
{
	struct rte_mbuf *m;
	size_t len;

	if (rte_ring_sc_dequeue(h.w->punt_up, (void **)&m) != 0)
		return 0;
	*iface = pkt_of(m)->iface_in;
	len = rte_pktmbuf_data_len(m);
	memcpy(frame, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	return len;
}

uint64_t counted(enum dp_counter_id id)
{
	return counter_get(h.w->count, id);
}

// ---- Frames ------------------------------------------------------------------------------------

struct rte_mbuf *buffer_of(const uint8_t *frame, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	return m;
}

static void ether_make(uint8_t *out, uint16_t iface, uint16_t type)
{
	struct rte_ether_hdr *eth = (void *)out;

	eth->dst_addr = fw_mac[iface];
	eth->src_addr = host_mac[iface];
	eth->ether_type = rte_cpu_to_be_16(type);
}

static struct rte_ipv4_hdr *ipv4_make(uint8_t *out, uint8_t proto, const struct ip_addr *src,
	const struct ip_addr *dst, size_t len)
{
	struct rte_ipv4_hdr *v4 = (void *)(out + sizeof(struct rte_ether_hdr));

	*v4 = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*v4) + len)),
		.packet_id = rte_cpu_to_be_16(77),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = ip_to_v4_be(src),
		.dst_addr = ip_to_v4_be(dst),
	};
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	return v4;
}

static size_t l4_make(uint8_t *l4, const struct flow *f, uint8_t flags, size_t payload)
{
	struct rte_tcp_hdr *tcp = (void *)l4;
	struct rte_udp_hdr *udp = (void *)l4;
	struct rte_icmp_hdr *icmp = (void *)l4;

	switch (f->proto) {
	case PROTO_TCP:
		*tcp = (struct rte_tcp_hdr){
			.src_port = rte_cpu_to_be_16(f->src.port),
			.dst_port = rte_cpu_to_be_16(f->dst.port),
			.sent_seq = rte_cpu_to_be_32(flags & RTE_TCP_SYN_FLAG ? 1000 : 1001),
			.recv_ack = rte_cpu_to_be_32(flags & RTE_TCP_ACK_FLAG ? 1001 : 0),
			.data_off = 0x50,
			.tcp_flags = flags,
			.rx_win = rte_cpu_to_be_16(64000),
		};
		return sizeof(*tcp);
	case PROTO_UDP:
		*udp = (struct rte_udp_hdr){
			.src_port = rte_cpu_to_be_16(f->src.port),
			.dst_port = rte_cpu_to_be_16(f->dst.port),
			.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + payload)),
		};
		return sizeof(*udp);
	case PROTO_ICMP:
		*icmp = (struct rte_icmp_hdr){
			.icmp_type = flags == 1 ? 0 : 8,
			.icmp_ident = rte_cpu_to_be_16(f->src.port),
		};
		return sizeof(*icmp);
	}
	return 0;
}

static void l4_sum(struct rte_ipv4_hdr *v4, uint8_t *l4, size_t len)
{
	if (v4->next_proto_id == PROTO_TCP)
		((struct rte_tcp_hdr *)l4)->cksum = rte_ipv4_udptcp_cksum(v4, l4);
	else if (v4->next_proto_id == PROTO_UDP)
		((struct rte_udp_hdr *)l4)->dgram_cksum = rte_ipv4_udptcp_cksum(v4, l4);
	else if (v4->next_proto_id == PROTO_ICMP)
		((struct rte_icmp_hdr *)l4)->icmp_cksum = (uint16_t)~rte_raw_cksum(l4, len);
}

size_t frame_make(uint8_t *out, uint16_t iface, const struct flow *f, uint8_t flags, size_t payload)
{
	uint8_t *l4 = out + sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr);
	size_t head = l4_make(l4, f, flags, payload);

	for (size_t i = 0; i < payload; i++)
		l4[head + i] = (uint8_t)(i * 7 + 1);
	ether_make(out, iface, RTE_ETHER_TYPE_IPV4);
	l4_sum(ipv4_make(out, f->proto, &f->src.ip, &f->dst.ip, head + payload), l4,
		head + payload);
	return (size_t)(l4 - out) + head + payload;
}

size_t frame_tcp(uint8_t *out, uint16_t iface, const struct flow *f, uint8_t flags, uint32_t seq,
	uint32_t ack, size_t payload)
{
	size_t len = frame_make(out, iface, f, flags, payload);
	struct rte_ipv4_hdr *v4 = (void *)(out + sizeof(struct rte_ether_hdr));
	struct rte_tcp_hdr *tcp = (void *)(v4 + 1);

	tcp->sent_seq = rte_cpu_to_be_32(seq);
	tcp->recv_ack = rte_cpu_to_be_32(ack);
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(v4, tcp);
	return len;
}

size_t frame_error(uint8_t *out, uint16_t iface, const char *from, const char *to,
	const uint8_t *quoted, size_t len)
{
	uint8_t *l4 = out + sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr);
	struct rte_icmp_hdr *icmp = (void *)l4;
	struct ip_addr src = ip(from), dst = ip(to);

	*icmp = (struct rte_icmp_hdr){.icmp_type = 3, .icmp_code = 3};
	memcpy(l4 + sizeof(*icmp), quoted, len);
	ether_make(out, iface, RTE_ETHER_TYPE_IPV4);
	l4_sum(ipv4_make(out, PROTO_ICMP, &src, &dst, sizeof(*icmp) + len), l4,
		sizeof(*icmp) + len);
	return (size_t)(l4 - out) + sizeof(*icmp) + len;
}

size_t frame_arp(uint8_t *out, uint16_t iface, bool request, const char *sender, const char *target)
{
	struct rte_arp_hdr *arp = (void *)(out + sizeof(struct rte_ether_hdr));
	struct ip_addr s = ip(sender), t = ip(target);

	ether_make(out, iface, RTE_ETHER_TYPE_ARP);
	memset(out, 0xff, 6);
	*arp = (struct rte_arp_hdr){
		.arp_hardware = rte_cpu_to_be_16(1),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = 6,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(request ? 1 : 2),
	};
	arp->arp_data.arp_sha = host_mac[iface];
	arp->arp_data.arp_sip = ip_to_v4_be(&s);
	arp->arp_data.arp_tip = ip_to_v4_be(&t);
	return sizeof(struct rte_ether_hdr) + sizeof(*arp);
}

size_t frame_sums_set(uint8_t *frame, size_t len)
{
	static const uint8_t sum_at[256] = {[PROTO_TCP] = 16, [PROTO_UDP] = 6, [PROTO_ICMP] = 2};
	const size_t l3 = frame[12] == 0x81 ? 18 : 14;
	struct rte_ipv4_hdr *v4 = (void *)(frame + l3);
	const size_t there = len - l3, total = rte_be_to_cpu_16(v4->total_length);
	size_t header = RTE_MAX(rte_ipv4_hdr_len(v4), sizeof(*v4)), l4_len;
	const uint8_t proto = v4->next_proto_id;
	uint8_t *l4;
	uint32_t sum;

	header = RTE_MIN(header, there);
	l4 = frame + l3 + header;
	l4_len = RTE_MIN(total, there);
	l4_len = l4_len > header ? l4_len - header : 0;
	v4->hdr_checksum = 0;
	v4->hdr_checksum = (uint16_t)~rte_raw_cksum(v4, header);
	if (sum_at[proto] == 0 || l4_len < sum_at[proto] + 2u)
		return len;
	memset(l4 + sum_at[proto], 0, 2);
	sum = rte_raw_cksum(l4, l4_len);
	if (proto != PROTO_ICMP)
		sum += rte_ipv4_phdr_cksum(v4, 0);
	sum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	memcpy(l4 + sum_at[proto], &sum, 2);
	return len;
}

// The sum over an IPv4 packet's transport part, with what the packet says left in: all ones if it
// is right. Written out here, so that the code under test is not its own judge.
static uint32_t ones_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool ipv4_sums_ok(const uint8_t *v4, size_t len)
{
	const uint8_t *l4 = v4 + 20;
	size_t said = (size_t)(v4[2] << 8 | v4[3]);
	uint32_t pseudo = ones_sum(v4 + 12, 8, (uint32_t)(v4[9] + said - 20));

	if (ones_sum(v4, 20, 0) != 0xffff)
		return false;
	if (said != len)
		return true; // quoted, and cut short: nobody can check the rest
	if (v4[9] == PROTO_UDP && l4[6] == 0 && l4[7] == 0)
		return true;
	if (v4[9] == PROTO_TCP || v4[9] == PROTO_UDP)
		return ones_sum(l4, len - 20, pseudo) == 0xffff;
	if (v4[9] == PROTO_ICMP)
		return ones_sum(l4, len - 20, 0) == 0xffff;
	return true;
}

bool frame_sums_ok(const uint8_t *frame, size_t len)
{
	const uint8_t *v4 = frame + 14;

	if (!ipv4_sums_ok(v4, len - 14))
		return false;
	if (v4[9] == PROTO_ICMP && v4[20] == 3)
		return ipv4_sums_ok(v4 + 28, len - 14 - 28);
	return true;
}

struct flow frame_flow(const uint8_t *frame, size_t len)
{
	const uint8_t *v4 = frame + 14, *l4 = v4 + 20;
	struct flow f = {.proto = v4[9]};
	uint32_t a;

	assert_true(len >= 14 + 20 + 8);
	memcpy(&a, v4 + 12, 4);
	f.src.ip = ip_from_v4_be(a);
	memcpy(&a, v4 + 16, 4);
	f.dst.ip = ip_from_v4_be(a);
	if (f.proto == PROTO_ICMP) {
		f.src.port = f.dst.port = (uint16_t)(l4[4] << 8 | l4[5]);
		return f;
	}
	f.src.port = (uint16_t)(l4[0] << 8 | l4[1]);
	f.dst.port = (uint16_t)(l4[2] << 8 | l4[3]);
	return f;
}

void assert_flow(const struct flow *got, const struct flow *want)
{
	char a[4][ENDPOINT_TEXT_MAX], x[256], y[256];

	snprintf(x, sizeof(x), "%u %s > %s", got->proto, endpoint_format(&got->src, ':', a[0]),
		endpoint_format(&got->dst, ':', a[1]));
	snprintf(y, sizeof(y), "%u %s > %s", want->proto, endpoint_format(&want->src, ':', a[2]),
		endpoint_format(&want->dst, ':', a[3]));
	assert_string_equal(x, y);
}

size_t harness_conns(const struct dp_conn_filter *f, struct dp_conn *out, size_t max)
{
	struct worker_listing l = {
		.conns = *f, .what = DP_CONNS_LIST, .out = out, .max = max, .slots = UINT32_MAX};

	while (!sess_walk(h.w, &l, 16))
		;
	return l.n;
}
