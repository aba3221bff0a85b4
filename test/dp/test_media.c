// SPDX-License-Identifier: BSD-3-Clause
// The relay with real packets and real SRTP: bursts of mbufs through media_stage(), compared with
// the oracle. Both sides are run in turn by this one thread; the message ring is this file.
#include "test/unit/test.h"

#include <errno.h>
#include <malloc.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "dp/media.h"
#include "dp/media_ctl.h"
#include "dp/rtpsec.h"
#include "test/unit/srtp_oracle.h"

#define HEADERS    (14 + 20 + 8)
#define PAYLOAD    160
#define RTP_LEN    (12 + PAYLOAD)
#define SSRC       0xcafe0000u
#define OUTSIDE    0
#define INSIDE     1
#define FRAME_STEP 20000000 // ns

static struct worker w;
static struct counters counters;
static uint64_t counters_before[DP_COUNTERS];
static struct dp_msg up[8]; // messages of the worker
static unsigned int n_up;
static bool up_full;

bool worker_notify(struct worker *worker, const struct dp_msg *m)
{
	if (up_full || n_up == 8)
		return false;
	up[n_up++] = *m;
	return true;
}

// ---- Streams -----------------------------------------------------------------------------------

static struct endpoint ep(const char *ip, uint16_t port)
{
	struct endpoint e = {.port = port};

	assert_true(ip_parse(str_from(ip), &e.ip));
	return e;
}

static void key_fill(uint8_t key[DP_SRTP_KEY_LEN], uint8_t seed)
{
	for (unsigned int i = 0; i < DP_SRTP_KEY_LEN; i++)
		key[i] = (uint8_t)(seed * 31 + i * 7);
}

// Outside SRTP, inside RTP: what callgate is for.
static struct dp_msg stream_msg(uint32_t id)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};
	struct dp_media_leg *o = &m.media.leg[OUTSIDE], *i = &m.media.leg[INSIDE];

	m.media.stream = id;
	m.media.clock_hz = 8000;
	m.media.n_pts = 2;
	m.media.pts[0] = 0;
	m.media.pts[1] = 101;
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

static void send_ok(const struct dp_msg *m)
{
	struct dp_msg down;
	unsigned int owner = 99;

	assert_int_equal(media_ctl_send(m, &down, &owner), 0);
	assert_int_equal(owner, 0);
	media_msg(&w, &down);
}

static void del(uint32_t id)
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

static size_t rtp(uint8_t *p, uint32_t ssrc, uint16_t seq)
{
	const uint8_t h[12] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0,
		(uint8_t)(seq * 160u >> 8), (uint8_t)(seq * 160u), (uint8_t)(ssrc >> 24),
		(uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc};

	memcpy(p, h, 12);
	for (unsigned int i = 0; i < PAYLOAD; i++)
		p[12 + i] = (uint8_t)(seq + i);
	return RTP_LEN;
}

// As parse leaves it. DSCP EF; a trailer as of a padded Ethernet frame.
static struct rte_mbuf *frame(
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
		.payload_len = (uint16_t)n};
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
	return m;
}

// From the remote of `leg` to us.
static struct rte_mbuf *from(const struct dp_msg *s, unsigned int leg, const uint8_t *p, size_t n)
{
	const struct dp_media_leg *l = &s->media.leg[leg];

	return frame(l->iface, l->remote, l->local, p, n);
}

static struct rte_mbuf *rtp_from(const struct dp_msg *s, unsigned int leg, uint16_t seq)
{
	uint8_t p[256];

	return from(s, leg, p, rtp(p, SSRC + leg, seq));
}

static struct rte_mbuf *srtp_from(
	const struct dp_msg *s, unsigned int leg, struct srtp_oracle *o, uint16_t seq)
{
	uint8_t p[256];
	size_t n = rtp(p, SSRC + leg, seq);

	assert_int_equal(srtp_oracle_seal(o, p, &n), ORACLE_OK);
	return from(s, leg, p, n);
}

static void burst(struct pkts *v, struct rte_mbuf *m)
{
	pkts_add(v, m);
}

// One packet through the stage; true when it comes out.
static bool passes(struct rte_mbuf *m)
{
	struct pkts v = {.n = 1, .m = {m}};
	bool out;

	media_stage(&w, &v);
	out = v.n == 1;
	if (out)
		rte_pktmbuf_free(m);
	return out;
}

static void expect_drop(struct rte_mbuf *m, enum dp_counter_id reason)
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

// What goes on has our address, the remote of `leg`, right checksums and lengths.
static void check_out(const struct dp_msg *s, unsigned int leg, struct rte_mbuf *m, size_t payload)
{
	const struct dp_media_leg *l = &s->media.leg[leg];
	struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	struct rte_udp_hdr *udp = pkt_udp(m);

	assert_int_equal(m->pkt_len, HEADERS + payload);
	assert_int_equal(m->data_len, m->pkt_len);
	assert_int_equal(pkt_of(m)->payload_len, payload);
	assert_true(pkt_of(m)->ours);
	assert_true(endpoint_eq(&pkt_of(m)->flow.src, &l->local));
	assert_true(endpoint_eq(&pkt_of(m)->flow.dst, &l->remote));
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

// ---- Tests -------------------------------------------------------------------------------------

// RTP-2: what the phone hears is what the other phone said, header and all.
static void round_trip(struct dp_msg *s, unsigned int count, uint16_t seq)
{
	struct srtp_oracle remote, us;
	uint8_t want[256];

	srtp_oracle_init(&remote, s->media.leg[OUTSIDE].rx_key, 10);
	srtp_oracle_init(&us, s->media.leg[OUTSIDE].tx_key, 10);
	for (unsigned int i = 0; i < count; i++, seq++) {
		struct pkts v = {.n = 0};
		size_t n = RTP_LEN + 10;

		burst(&v, srtp_from(s, OUTSIDE, &remote, seq));
		burst(&v, rtp_from(s, INSIDE, seq));
		media_stage(&w, &v);
		assert_int_equal(v.n, 2);
		rtp(want, SSRC + OUTSIDE, seq);
		check_out(s, INSIDE, v.m[0], RTP_LEN);
		assert_memory_equal(pkt_payload(v.m[0]), want, RTP_LEN);
		rtp(want, SSRC + INSIDE, seq);
		check_out(s, OUTSIDE, v.m[1], RTP_LEN + 10);
		assert_memory_not_equal(pkt_payload(v.m[1]) + 12, want + 12, PAYLOAD);
		assert_int_equal(srtp_oracle_open(&us, pkt_payload(v.m[1]), &n), ORACLE_OK);
		assert_memory_equal(pkt_payload(v.m[1]), want, RTP_LEN);
		rte_pktmbuf_free_bulk(v.m, v.n);
	}
}

static void test_round_trip(void **state)
{
	struct dp_msg s = stream_msg(0);

	send_ok(&s);
	round_trip(&s, 10, 100);
	assert_int_equal(
		counter_get(&counters, COUNT_MEDIA_RELAYED) - counters_before[COUNT_MEDIA_RELAYED],
		20);
	assert_int_equal(
		counter_get(&counters, COUNT_MEDIA_OPENED) - counters_before[COUNT_MEDIA_OPENED],
		10);
	assert_int_equal(
		counter_get(&counters, COUNT_MEDIA_SEALED) - counters_before[COUNT_MEDIA_SEALED],
		10);
	del(0);
}

// Both rollover counters go from 0 to 1 and on to 2 under way.
static void test_roc_wrap(void **state)
{
	struct dp_msg s = stream_msg(0);

	send_ok(&s);
	round_trip(&s, 70000, 65530);
	del(0);
}

// SRTP on both sides, one of them with the short tag.
static void test_srtp_to_srtp(void **state)
{
	struct dp_msg s = stream_msg(5);
	struct srtp_oracle a, b;
	uint8_t want[256];

	s.media.leg[INSIDE].suite = DP_SRTP_AES_CM_128_HMAC_SHA1_32;
	send_ok(&s);
	srtp_oracle_init(&a, s.media.leg[OUTSIDE].rx_key, 10);
	srtp_oracle_init(&b, s.media.leg[INSIDE].tx_key, 4);
	for (uint16_t seq = 7; seq < 20; seq++) {
		struct pkts v = {.n = 1, .m = {srtp_from(&s, OUTSIDE, &a, seq)}};
		size_t n = RTP_LEN + 4;

		media_stage(&w, &v);
		assert_int_equal(v.n, 1);
		check_out(&s, INSIDE, v.m[0], n);
		assert_int_equal(srtp_oracle_open(&b, pkt_payload(v.m[0]), &n), ORACLE_OK);
		rtp(want, SSRC, seq);
		assert_memory_equal(pkt_payload(v.m[0]), want, n);
		rte_pktmbuf_free(v.m[0]);
	}
	del(5);
}

// RTP-1, RTP-3, RTP-4, RTP-5: each reason by its name, and never the neighbour's.
static void test_drops(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct endpoint o_local = s.media.leg[OUTSIDE].local, i_local = s.media.leg[INSIDE].local;
	struct endpoint o = s.media.leg[OUTSIDE].remote, i = s.media.leg[INSIDE].remote;
	struct endpoint elsewhere = ep("198.51.100.10", 20000), port = o;
	struct endpoint foreign = ep("203.0.113.2", o_local.port), rtcp = o_local, unused = o_local;
	struct srtp_oracle k;
	struct dp_media_stats stats;
	uint8_t p[256], sealed[256];
	size_t n = rtp(p, SSRC, 1), n_sealed;

	port.port++;
	rtcp.port++;
	unused.port += 100;
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_NO_STREAM);
	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	expect_drop(frame(0, o, unused, p, n), DROP_MEDIA_NO_STREAM);
	expect_drop(frame(0, o, foreign, p, n), DROP_MEDIA_NO_STREAM);
	expect_drop(frame(1, o, o_local, p, n), DROP_MEDIA_NO_STREAM); // wrong interface
	expect_drop(frame(0, elsewhere, o_local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, port, o_local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(frame(0, port, rtcp, p, n), DROP_MEDIA_RTCP);
	p[1] = 200;
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_RTCP);
	p[1] = 8;
	expect_drop(frame(1, i, i_local, p, n), DROP_MEDIA_PT);
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_PT);
	p[1] = 0;
	p[0] = 0x40;
	expect_drop(frame(1, i, i_local, p, n), DROP_MEDIA_MALFORMED);
	p[0] = 0x80;
	expect_drop(frame(1, i, i_local, p, 11), DROP_MEDIA_MALFORMED);
	expect_drop(frame(1, i, i_local, p, 0), DROP_MEDIA_MALFORMED);
	expect_drop(frame(0, o, o_local, p, 12), DROP_MEDIA_MALFORMED); // no room for a tag
	p[0] = 0xa0;
	p[n - 1] = 200;
	expect_drop(frame(1, i, i_local, p, n), DROP_MEDIA_MALFORMED); // padding
	n_sealed = rtp(sealed, SSRC, 1);
	sealed[0] = 0xa0;
	sealed[n_sealed - 1] = 0;
	assert_int_equal(srtp_oracle_seal(&k, sealed, &n_sealed), ORACLE_OK);
	expect_drop(frame(0, o, o_local, sealed, n_sealed), DROP_MEDIA_MALFORMED);
	n = rtp(p, SSRC, 2);
	expect_drop(frame(0, o, o_local, p, n), DROP_MEDIA_AUTH);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 4)));
	n_sealed = rtp(sealed, SSRC, 5);
	assert_int_equal(srtp_oracle_seal(&k, sealed, &n_sealed), ORACLE_OK);
	assert_true(passes(frame(0, o, o_local, sealed, n_sealed)));
	expect_drop(frame(0, o, o_local, sealed, n_sealed), DROP_MEDIA_REPLAY);
	assert_true(passes(rtp_from(&s, INSIDE, 9)));
	expect_drop(rtp_from(&s, INSIDE, 9), DROP_MEDIA_REPLAY); // would seal one index twice
	assert_int_equal(dp_media_stats(0, &stats), 0);
	assert_int_equal(stats.leg[OUTSIDE].rx_bad_source, 2);
	assert_int_equal(stats.leg[OUTSIDE].rx_rtcp, 2);
	assert_int_equal(stats.leg[OUTSIDE].rx_auth_failed, 1);
	assert_int_equal(stats.leg[OUTSIDE].rx_replayed, 1);
	assert_int_equal(stats.leg[OUTSIDE].rx_malformed, 2);
	assert_int_equal(stats.leg[INSIDE].rx_malformed, 4);
	del(0);
}

// A remote whose address is not known yet: nobody may speak, nothing is sent to it.
static void test_no_remote(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct endpoint o = s.media.leg[OUTSIDE].remote;
	uint8_t p[256];
	size_t n = rtp(p, SSRC, 1);

	s.media.leg[OUTSIDE].remote = (struct endpoint){.port = 0};
	send_ok(&s);
	expect_drop(frame(0, o, s.media.leg[OUTSIDE].local, p, n), DROP_MEDIA_SOURCE);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_DIRECTION);
	s.media.leg[OUTSIDE].remote = ep("198.51.100.9", 0);
	send_ok(&s);
	expect_drop(from(&s, OUTSIDE, p, n), DROP_MEDIA_SOURCE); // even from port 0
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_DIRECTION);
	s.media.leg[OUTSIDE].remote = ep("0.0.0.0", 4000); // hold as in RFC 2543
	send_ok(&s);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_DIRECTION);
	del(0);
}

// During a hold the rollover counter of the remote is followed, so that it is heard afterwards.
static void test_hold(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle k;

	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 60000)));
	s.media.leg[OUTSIDE].rx_allowed = false;
	send_ok(&s);
	for (uint32_t i = 60001; i < 60001 + 70000; i += 500)
		expect_drop(srtp_from(&s, OUTSIDE, &k, (uint16_t)i), DROP_MEDIA_DIRECTION);
	assert_true(passes(rtp_from(&s, INSIDE, 5)));
	s.media.leg[OUTSIDE].rx_allowed = true;
	s.media.leg[OUTSIDE].tx_allowed = false;
	send_ok(&s);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, (uint16_t)130001)));
	expect_drop(rtp_from(&s, INSIDE, 6), DROP_MEDIA_DIRECTION);
	assert_int_equal(k.newest >> 16, 1);
	del(0);
}

// SRTP-7: a changed key starts anew, with ROC 0 and an empty window.
static void test_new_key(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle old, new, us;
	struct pkts v = {.n = 1};
	size_t n = RTP_LEN + 10;

	send_ok(&s);
	srtp_oracle_init(&old, s.media.leg[OUTSIDE].rx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &old, 65000)));
	assert_true(passes(srtp_from(&s, OUTSIDE, &old, 100))); // ROC 1
	key_fill(s.media.leg[OUTSIDE].rx_key, 77);
	key_fill(s.media.leg[OUTSIDE].tx_key, 78);
	send_ok(&s);
	expect_drop(srtp_from(&s, OUTSIDE, &old, 101), DROP_MEDIA_AUTH);
	srtp_oracle_init(&new, s.media.leg[OUTSIDE].rx_key, 10);
	srtp_oracle_init(&us, s.media.leg[OUTSIDE].tx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &new, 100)));
	v.m[0] = rtp_from(&s, INSIDE, 3);
	media_stage(&w, &v);
	assert_int_equal(v.n, 1);
	assert_int_equal(srtp_oracle_open(&us, pkt_payload(v.m[0]), &n), ORACLE_OK);
	rte_pktmbuf_free(v.m[0]);
	del(0);
}

// SRTP-7: the same key keeps ROC and window, whatever else changes; so an old packet stays old.
static void test_same_key(void **state)
{
	struct dp_msg s = stream_msg(0), other = stream_msg(1);
	struct srtp_oracle k;
	uint8_t copy[256];
	size_t n = rtp(copy, SSRC, 101);

	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 65000)));
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 100)));
	assert_int_equal(srtp_oracle_seal(&k, copy, &n), ORACLE_OK);
	assert_true(passes(from(&s, OUTSIDE, copy, n)));
	s.media.leg[OUTSIDE].remote.port = 20002;
	s.media.leg[OUTSIDE].local.port += 200;
	key_fill(s.media.leg[OUTSIDE].tx_key, 78); // the other direction may change
	send_ok(&s);
	expect_drop(from(&s, OUTSIDE, copy, n), DROP_MEDIA_REPLAY);
	assert_true(passes(srtp_from(&s, OUTSIDE, &k, 102)));
	s.media.leg[OUTSIDE].local.port -= 200;
	expect_drop(from(&s, OUTSIDE, copy, n), DROP_MEDIA_NO_STREAM); // the port before
	other.media.leg[OUTSIDE].local = s.media.leg[OUTSIDE].local;   // is free for another stream
	send_ok(&other);
	del(1);
	del(0);
}

static void test_two_copies(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct pkts v = {.n = 0};
	struct srtp_oracle k;
	uint8_t p[256];
	size_t n = rtp(p, SSRC, 50);

	send_ok(&s);
	srtp_oracle_init(&k, s.media.leg[OUTSIDE].rx_key, 10);
	assert_int_equal(srtp_oracle_seal(&k, p, &n), ORACLE_OK);
	burst(&v, from(&s, OUTSIDE, p, n));
	burst(&v, srtp_from(&s, OUTSIDE, &k, 51));
	burst(&v, from(&s, OUTSIDE, p, n));
	p[20] ^= 1;
	burst(&v, from(&s, OUTSIDE, p, n));
	media_stage(&w, &v);
	assert_int_equal(v.n, 2);
	assert_int_equal(rte_be_to_cpu_16(*(uint16_t *)(pkt_payload(v.m[0]) + 2)), 50);
	assert_int_equal(rte_be_to_cpu_16(*(uint16_t *)(pkt_payload(v.m[1]) + 2)), 51);
	rte_pktmbuf_free_bulk(v.m, v.n);
	assert_int_equal(
		counter_get(&counters, DROP_MEDIA_REPLAY) - counters_before[DROP_MEDIA_REPLAY], 2);
	del(0);
}

// Four sources, also when more come in one burst; a known one goes on.
static void test_ssrcs(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct pkts v = {.n = 0};
	uint8_t p[256];

	send_ok(&s);
	for (uint32_t i = 0; i < 6; i++)
		burst(&v, from(&s, INSIDE, p, rtp(p, 100 + i, 1)));
	media_stage(&w, &v);
	assert_int_equal(v.n, 4);
	rte_pktmbuf_free_bulk(v.m, v.n);
	expect_drop(from(&s, INSIDE, p, rtp(p, 106, 1)), DROP_MEDIA_SSRCS);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 100, 2))));
	s.media.leg[INSIDE].remote.port += 2; // a new remote may have new sources
	send_ok(&s);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 106, 2))));
	for (uint32_t i = 0; i < 2 * RTPSEC_SSRCS_MAX; i++) { // but one key bears only so many
		s.media.leg[INSIDE].remote.port += 2;
		send_ok(&s);
		if (i + 5 < RTPSEC_SSRCS_MAX)
			assert_true(passes(from(&s, INSIDE, p, rtp(p, 200 + i, 2))));
		else
			expect_drop(from(&s, INSIDE, p, rtp(p, 200 + i, 2)), DROP_MEDIA_SEAL);
	}
	del(0);
}

// With four sources known, nothing of a fifth reaches the key.
static void test_ssrcs_srtp(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct srtp_oracle k[4];
	uint8_t p[256];
	size_t n;

	send_ok(&s);
	for (uint32_t i = 0; i < 4; i++) {
		srtp_oracle_init(&k[i], s.media.leg[OUTSIDE].rx_key, 10);
		n = rtp(p, 100 + i, 1);
		assert_int_equal(srtp_oracle_seal(&k[i], p, &n), ORACLE_OK);
		assert_true(passes(from(&s, OUTSIDE, p, n)));
	}
	n = rtp(p, 200, 1);
	expect_drop(from(&s, OUTSIDE, p, n), DROP_MEDIA_SSRCS);
	n = rtp(p, 100, 9);
	expect_drop(from(&s, OUTSIDE, p, n), DROP_MEDIA_AUTH);
	del(0);
}

// Packets that come while the stream goes, a full ring to the control thread, and the id anew.
static void test_delete(void **state)
{
	struct dp_msg s = stream_msg(3), down;
	struct dp_msg d = {
		.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_DEL, .media = {.stream = 3}};
	struct dp_media_stats stats;
	unsigned int owner;

	assert_int_equal(dp_media_stats(3, &stats), -ENOENT);
	send_ok(&s);
	assert_int_equal(media_ctl_streams(), 1);
	assert_true(passes(rtp_from(&s, INSIDE, 1)));
	assert_int_equal(media_ctl_send(&d, &down, &owner), 0);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_NO_STREAM); // before the worker knows
	assert_int_equal(media_ctl_send(&d, &down, &owner), -EBUSY);
	assert_int_equal(media_ctl_send(&s, &down, &owner), -EBUSY);
	up_full = true;
	media_msg(&w, &down);
	media_turn(&w);
	assert_int_equal(n_up, 0);
	expect_drop(rtp_from(&s, INSIDE, 2), DROP_MEDIA_NO_STREAM);
	up_full = false;
	media_turn(&w);
	media_turn(&w);
	assert_int_equal(n_up, 1);
	media_ctl_recv(&up[0]);
	n_up = 0;
	assert_int_equal(media_ctl_streams(), 0);
	assert_int_equal(media_ctl_send(&d, &down, &owner), -ENOENT);
	assert_int_equal(media_ctl_send(&s, &down, &owner), 0);
	expect_drop(rtp_from(&s, INSIDE, 1), DROP_MEDIA_NO_STREAM); // the old slot is gone
	media_msg(&w, &down);
	assert_int_equal(dp_media_stats(3, &stats), 0);
	assert_int_equal(stats.leg[INSIDE].rx_packets, 0); // nothing is left of the one before
	assert_true(passes(rtp_from(&s, INSIDE, 1)));      // not a replay
	del(3);
}

// Settings that overtake one another in the ring, until no slot is left; then all of it is freed.
static void test_many_settings(void **state)
{
	static struct dp_msg down[10000];
	struct dp_msg s = stream_msg(0);
	unsigned int owner, n = 0;
	int err = 0;

	send_ok(&s);
	for (; err == 0 && n < 10000; n++) {
		s.media.leg[OUTSIDE].remote.port++;
		err = media_ctl_send(&s, &down[n], &owner);
	}
	assert_int_equal(err, -ENOBUFS);
	n--;
	s.media.leg[OUTSIDE].remote.port--;
	for (unsigned int i = 0; i < n; i++)
		media_msg(&w, &down[i]);
	assert_true(passes(rtp_from(&s, INSIDE, 1)));
	for (unsigned int i = 0; i < 20000; i++)
		send_ok(&s);
	del(0);
}

// A thousand re-keyings leave no context behind.
static void test_no_leak(void **state)
{
	struct dp_msg s = stream_msg(0);
	size_t before = 0;

	for (uint32_t i = 0; i < 1200; i++) {
		memcpy(s.media.leg[OUTSIDE].rx_key, &i, sizeof(i));
		memcpy(s.media.leg[OUTSIDE].tx_key, &i, sizeof(i));
		send_ok(&s);
		assert_true(passes(rtp_from(&s, INSIDE, (uint16_t)i)));
		if (i == 200)
			before = mallinfo2().uordblks;
	}
	assert_in_range(mallinfo2().uordblks, 0, before + 100000);
	del(0);
}

// SRTP-4: the message to the worker has no key in it.
static void test_no_keys_in_message(void **state)
{
	struct dp_msg s = stream_msg(0), down;
	unsigned int owner;

	assert_int_equal(media_ctl_send(&s, &down, &owner), 0);
	for (unsigned int i = 0; i < 2; i++) {
		static const uint8_t none[DP_SRTP_KEY_LEN];

		assert_memory_equal(down.media.leg[i].rx_key, none, DP_SRTP_KEY_LEN);
		assert_memory_equal(down.media.leg[i].tx_key, none, DP_SRTP_KEY_LEN);
	}
	media_msg(&w, &down);
	del(0);
}

// RFC 3550 A.3, A.8: five lost of twenty, and a restart with another SSRC that is no loss.
static void test_stats(void **state)
{
	struct dp_msg s = stream_msg(0);
	struct dp_media_stats st;
	uint8_t p[256];

	send_ok(&s);
	w.now_ns = 1000 * UINT64_C(1000000000);
	for (uint16_t i = 0; i < 20; i++, w.now_ns += FRAME_STEP)
		if (i % 4 != 2)
			assert_true(passes(rtp_from(&s, INSIDE, i)));
	assert_int_equal(dp_media_stats(0, &st), 0);
	assert_int_equal(st.leg[INSIDE].rx_packets, 15);
	assert_int_equal(st.leg[OUTSIDE].tx_packets, 15);
	assert_int_equal(st.leg[INSIDE].tx_packets, 0);
	assert_int_equal(st.leg[INSIDE].rx_lost, 5);
	assert_int_equal(st.leg[INSIDE].jitter_us, 0);
	assert_int_equal(st.leg[INSIDE].last_rx_ns, w.now_ns - FRAME_STEP);
	assert_true(passes(from(&s, INSIDE, p, rtp(p, 4711, 500))));
	for (uint16_t i = 501; i < 700; i++) { // 20 ms apart, every other one 10 ms late
		w.now_ns += i % 2 != 0 ? 30000000 : 10000000;
		rtp(p, 4711, i);
		p[1] = 101;
		assert_true(passes(from(&s, INSIDE, p, RTP_LEN)));
	}
	assert_int_equal(dp_media_stats(0, &st), 0);
	assert_int_equal(st.leg[INSIDE].rx_lost, 5);
	assert_int_equal(st.leg[INSIDE].last_pt, 101);
	assert_in_range(st.leg[INSIDE].jitter_us, 9800, 10200);
	assert_int_equal(dp_media_stats(1, &st), -ENOENT);
	assert_int_equal(dp_media_stats(DP_STREAMS_MAX, &st), -ENOENT);
	del(0);
}

static void refuse(struct dp_msg m, int want)
{
	struct dp_msg down;
	unsigned int owner;

	assert_int_equal(media_ctl_send(&m, &down, &owner), want);
	assert_int_equal(media_ctl_streams(), 1);
}

// What dp_send() says about a MEDIA_SET; a refusal changes nothing. The fixture has two workers.
static void test_refused(void **state)
{
	struct dp_msg live = stream_msg(9), m;

	send_ok(&live);
	m = stream_msg(0);
	m.version++;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.stream = DP_STREAMS_MAX;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].local.port++;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].local.port = 0;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].iface = DP_IFACES_MAX;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].local.port += 256; // the other worker's
	refuse(m, -EINVAL);
	m = live;
	m.media.leg[0].local.port += 256;
	m.media.leg[1].local.port += 256; // both, but the stream is live
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].iface = m.media.leg[1].iface;
	m.media.leg[0].local.port = m.media.leg[1].local.port;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[0].mki_len = 129;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.n_pts = DP_MEDIA_PTS_MAX + 1;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.pts[1] = 128;
	refuse(m, -EINVAL);
	m = stream_msg(0);
	m.media.leg[1].suite = 3;
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[0].local = ep("2001:db8::1", 16384);
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[0].remote = ep("2001:db8::1", 16384);
	refuse(m, -ENOTSUP);
	m = stream_msg(0);
	m.media.leg[1].local.port = live.media.leg[1].local.port;
	refuse(m, -EADDRINUSE);
	assert_true(passes(rtp_from(&live, INSIDE, 1)));
	del(9);
}

// ---- Fixture -----------------------------------------------------------------------------------

static int setup(void **state)
{
	memcpy(counters_before, counters.n, sizeof(counters_before));
	n_up = 0;
	return 0;
}

// No packet is lost or freed twice, no stream is left.
static int teardown(void **state)
{
	rte_pktmbuf_free_bulk(w.dropped.m, w.dropped.n);
	w.dropped.n = 0;
	return rte_mempool_in_use_count(w.pool) == 0 && media_ctl_streams() == 0 ? 0 : -1;
}

static int start(void **state)
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
	if (w.pool == NULL || media_ctl_start(2, media) != 0)
		return -1;
	w.media = media[0];
	return 0;
}

static int stop(void **state)
{
	media_ctl_stop();
	return rte_eal_cleanup();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_roc_wrap),
		TEST(test_srtp_to_srtp),
		TEST(test_drops),
		TEST(test_no_remote),
		TEST(test_hold),
		TEST(test_new_key),
		TEST(test_same_key),
		TEST(test_two_copies),
		TEST(test_ssrcs),
		TEST(test_ssrcs_srtp),
		TEST(test_delete),
		TEST(test_many_settings),
		TEST(test_no_leak),
		TEST(test_no_keys_in_message),
		TEST(test_stats),
		TEST(test_refused),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
