// SPDX-License-Identifier: BSD-3-Clause
// See media_env.h.
#include "test/dp/media_env.h"

#include <rte_eal.h>

#include "dp/media_addr.h"

struct worker w;
static struct counters counters;
static uint64_t counters_before[DP_COUNTERS];
struct dp_msg up[8];
unsigned int n_up;
bool up_full;
uint32_t streams_max;

bool worker_notify(struct worker *worker, const struct dp_msg *m)
{
	if (w.msg_up != NULL)
		return rte_ring_sp_enqueue_elem(w.msg_up, (void *)(uintptr_t)m, sizeof(*m)) == 0;
	if (up_full || n_up == 8)
		return false;
	up[n_up++] = *m;
	return true;
}

// ---- Streams -----------------------------------------------------------------------------------

void key_fill(uint8_t key[DP_SRTP_KEY_LEN], uint8_t seed)
{
	for (unsigned int i = 0; i < DP_SRTP_KEY_LEN; i++)
		key[i] = (uint8_t)(seed * 31 + i * 7);
}

struct dp_msg stream_msg(uint32_t id)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};
	struct dp_media_leg *o = &m.media.leg[OUTSIDE], *i = &m.media.leg[INSIDE];

	m.media.stream = id;
	m.media.clock_hz = 8000;
	m.media.pts[0] = 1;                  // 0
	m.media.pts[1] = 1ull << (101 - 64); // 101
	*o = (struct dp_media_leg){.iface = 0, .suite = DP_SRTP_AES_CM_128_HMAC_SHA1_80};
	*i = (struct dp_media_leg){.iface = 1, .suite = DP_SRTP_NONE};
	o->local = ep("203.0.113.1", (uint16_t)(16384 + 4 * id));
	o->remote = ep("198.51.100.9", 20000);
	i->local = ep("192.168.10.1", (uint16_t)(16386 + 4 * id));
	i->remote = ep("192.168.10.50", 30000);
	o->rx_allowed = o->tx_allowed = i->rx_allowed = i->tx_allowed = true;
	key_fill(o->rx_key, 1);
	key_fill(o->tx_key, 2);
	key_fill(i->rx_key, 3);
	key_fill(i->tx_key, 4);
	return m;
}

void send_ok(const struct dp_msg *m)
{
	struct dp_msg down;
	unsigned int owner = 99;

	assert_int_equal(media_ctl_send(m, &down, &owner), 0);
	assert_int_equal(owner, 0);
	media_msg(&w, &down);
}

void del(uint32_t id)
{
	const struct dp_msg m = {
		.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_DEL, .media = {.stream = id}};

	send_ok(&m);
	assert_int_equal(n_up, 1);
	assert_int_equal(up[0].type, DP_MSG_MEDIA_GONE);
	assert_int_equal(up[0].media.stream, id);
	media_ctl_recv(&up[0]);
	n_up = 0;
}

// ---- Packets -----------------------------------------------------------------------------------

size_t rtp(uint8_t *p, uint32_t ssrc, uint16_t seq)
{
	const uint32_t ts = seq * 160u;
	const uint8_t h[12] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(ts >> 24),
		(uint8_t)(ts >> 16), (uint8_t)(ts >> 8), (uint8_t)ts, (uint8_t)(ssrc >> 24),
		(uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc};

	memcpy(p, h, 12);
	for (unsigned int i = 0; i < PAYLOAD; i++)
		p[12 + i] = (uint8_t)(seq + i);
	return RTP_LEN;
}

struct rte_mbuf *frame(
	uint16_t iface, struct endpoint src, struct endpoint dst, const uint8_t *data, size_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w.pool);
	struct pkt *p;

	assert_non_null(m);
	assert_non_null(rte_pktmbuf_append(m, (uint16_t)(HEADERS + n + 3)));
	p = pkt_of(m);
	*p = (struct pkt){.kind = PKT_MEDIA,
		.iface_in = iface,
		.iface_out = PKT_NO_IFACE,
		.flow = {.src = src, .dst = dst, .proto = PROTO_UDP},
		.l3 = 14,
		.l4 = 34,
		.payload = HEADERS,
		.payload_len = (uint16_t)n,
		.place = media_place((unsigned int)media_addr_id(iface, &dst.ip), dst.port)};
	*pkt_ipv4(m) = (struct rte_ipv4_hdr){.version_ihl = 0x45,
		.type_of_service = 0xb8,
		.total_length = rte_cpu_to_be_16((uint16_t)(28 + n)),
		.time_to_live = 9,
		.next_proto_id = PROTO_UDP,
		.src_addr = ip_to_v4_be(&src.ip),
		.dst_addr = ip_to_v4_be(&dst.ip)};
	*pkt_udp(m) = (struct rte_udp_hdr){.src_port = rte_cpu_to_be_16(src.port),
		.dst_port = rte_cpu_to_be_16(dst.port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(8 + n))};
	memcpy(pkt_payload(m), data, n);
	pkt_udp(m)->dgram_cksum = rte_ipv4_udptcp_cksum(pkt_ipv4(m), pkt_udp(m));
	return m;
}

struct rte_mbuf *from(const struct dp_msg *s, unsigned int leg, const uint8_t *p, size_t n)
{
	const struct dp_media_leg *l = &s->media.leg[leg];

	return frame(l->iface, l->remote, l->local, p, n);
}

struct rte_mbuf *rtp_from(const struct dp_msg *s, unsigned int leg, uint16_t seq)
{
	uint8_t p[256];

	return from(s, leg, p, rtp(p, SSRC + leg, seq));
}

struct rte_mbuf *srtp_from(
	const struct dp_msg *s, unsigned int leg, struct srtp_oracle *o, uint16_t seq)
{
	uint8_t p[256];
	size_t n = rtp(p, SSRC + leg, seq);

	assert_int_equal(srtp_oracle_seal(o, p, &n), ORACLE_OK);
	return from(s, leg, p, n);
}

// ---- The remote --------------------------------------------------------------------------------

static struct rtpsec_engine *engine;

static struct rtpsec *context(const struct dp_media_leg *l, enum rtpsec_direction d)
{
	struct rtpsec_params p = {
		.direction = d, .suite = l->suite, .mki_len = d == RTPSEC_OPEN ? l->mki_len : 0};
	struct rtpsec *c = NULL;

	memcpy(p.key, d == RTPSEC_SEAL ? l->rx_key : l->tx_key, sizeof(p.key));
	assert_int_equal(rtpsec_new(&c, &p), 0);
	return c;
}

void peer_init(struct peer *p, const struct dp_msg *s, unsigned int leg)
{
	p->seal = context(&s->media.leg[leg], RTPSEC_SEAL);
	p->open = context(&s->media.leg[leg], RTPSEC_OPEN);
}

void peer_fini(struct peer *p)
{
	rtpsec_free(p->seal);
	rtpsec_free(p->open);
}

static void peer_job(struct rtpsec_job *j, size_t *n,
	void (*f)(struct rtpsec_engine *, struct rtpsec_job *, size_t))
{
	f(engine, j, 1);
	assert_int_equal(j->status, RTPSEC_OK);
	*n = j->len;
}

void peer_seal(struct peer *p, enum rtpsec_kind kind, uint8_t *pkt, size_t *n)
{
	struct rtpsec_job j = {.ctx = p->seal, .pkt = pkt, .len = (uint32_t)*n, .kind = kind};

	peer_job(&j, n, rtpsec_seal);
}

void peer_open(struct peer *p, enum rtpsec_kind kind, uint8_t *pkt, size_t *n)
{
	struct rtpsec_job j = {.ctx = p->open, .pkt = pkt, .len = (uint32_t)*n, .kind = kind};

	peer_job(&j, n, rtpsec_open);
}

size_t rtcp(uint8_t *p, uint32_t ssrc)
{
	static const uint8_t head[RTCP_LEN] = {[0] = 0x80, 200, 0, 6, [28] = 0x81, 202, 0, 2};

	memcpy(p, head, RTCP_LEN);
	for (unsigned int i = 0; i < 4; i++)
		p[4 + i] = p[32 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	for (unsigned int i = 8; i < 28; i++)
		p[i] = (uint8_t)(i * 7);
	memcpy(p + 36, "\x01\x00", 3);
	return RTCP_LEN;
}

// ---- Through the stage -------------------------------------------------------------------------

bool passes(struct rte_mbuf *m)
{
	struct pkts v = {.n = 1, .m = {m}};
	bool out;

	media_stage(&w, &v);
	out = v.n == 1;
	if (out)
		rte_pktmbuf_free(m);
	return out;
}

void expect_drop(struct rte_mbuf *m, enum dp_counter_id reason)
{
	uint64_t before = counter_get(&counters, reason);

	assert_false(passes(m));
	assert_int_equal(counter_get(&counters, reason), before + 1);
}

// RFC 1071 over `n` octets and `start`: 0xffff when the checksum among them is right.
static uint32_t sum16(const uint8_t *p, size_t n, size_t start)
{
	uint32_t sum = (uint32_t)start;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

void check_out(const struct dp_msg *s, unsigned int leg, struct rte_mbuf *m, size_t payload)
{
	const struct dp_media_leg *l = &s->media.leg[leg];
	struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	struct rte_udp_hdr *udp = pkt_udp(m);

	assert_int_equal(m->pkt_len, HEADERS + payload);
	assert_int_equal(m->data_len, m->pkt_len);
	assert_int_equal(pkt_of(m)->payload_len, payload);
	assert_true(pkt_of(m)->ours);
	assert_int_equal(pkt_of(m)->iface_out, l->iface);
	assert_int_equal(ip->src_addr, ip_to_v4_be(&l->local.ip));
	assert_int_equal(ip->dst_addr, ip_to_v4_be(&l->remote.ip));
	assert_int_equal(ip->time_to_live, 64);
	assert_int_equal(ip->type_of_service, 0xb8);
	assert_int_equal(rte_be_to_cpu_16(ip->total_length), 28 + payload);
	assert_int_equal(sum16((uint8_t *)ip, 20, 0), 0xffff);
	assert_int_not_equal(udp->dgram_cksum, 0);
	assert_int_equal(rte_be_to_cpu_16(udp->src_port), l->local.port);
	assert_int_equal(rte_be_to_cpu_16(udp->dst_port), l->remote.port);
	assert_int_equal(rte_be_to_cpu_16(udp->dgram_len), 8 + payload);
	assert_int_equal(
		sum16((uint8_t *)&ip->src_addr, 8 + 8 + payload, 17 + 8 + payload), 0xffff);
}

size_t relayed(struct rte_mbuf *m, struct endpoint local, struct endpoint remote, uint8_t *out)
{
	struct pkts v = {.n = 1, .m = {m}};
	struct dp_msg s = {.media = {.leg = {{.local = local, .remote = remote}}}};
	size_t n;

	media_stage(&w, &v);
	if (v.n == 0)
		return 0;
	n = pkt_of(m)->payload_len;
	s.media.leg[0].iface = pkt_of(m)->iface_out;
	check_out(&s, 0, m, n);
	memcpy(out, pkt_payload(m), n);
	rte_pktmbuf_free(m);
	return n;
}

struct dp_leg_stats leg_stats(uint32_t id, unsigned int leg)
{
	struct dp_media_stats st;

	assert_int_equal(dp_media_stats(id, &st), 0);
	return st.leg[leg];
}

uint64_t grown(enum dp_counter_id id)
{
	return counter_get(&counters, id) - counters_before[id];
}

// ---- Fixture -----------------------------------------------------------------------------------
int media_env_setup(void **state)
{
	memcpy(counters_before, counters.n, sizeof(counters_before));
	n_up = 0;
	return 0;
}

int media_env_teardown(void **state)
{
	rte_pktmbuf_free_bulk(w.dropped.m, w.dropped.n);
	w.dropped.n = 0;
	return rte_mempool_in_use_count(w.pool) == 0 && media_ctl_streams() == 0 ? 0 : -1;
}

int media_env_start(void **state)
{
	static char *argv[] = {"test_media", "--no-huge", "--no-pci", "--no-telemetry",
		"--no-shconf", "-m", "64", "-l", "0", "--log-level", "lib.eal:error"};
	struct media_worker *media[2];

	if (rte_eal_init(sizeof(argv) / sizeof(argv[0]), argv) < 0)
		return -1;
	w.pool = rte_pktmbuf_pool_create(
		"test", 255, 0, RTE_ALIGN(sizeof(struct pkt), RTE_MBUF_PRIV_ALIGN), 2048, 0);
	w.count = &counters;
	w.n_workers = 2;
	if (w.pool == NULL || media_ctl_start(2, streams_max, RTPSEC_AUTO, media) != 0)
		return -1;
	w.media = media[0];
	return rtpsec_engine_new(&engine);
}

int media_env_stop(void **state)
{
	rtpsec_engine_free(engine);
	media_ctl_stop();
	return rte_eal_cleanup();
}
