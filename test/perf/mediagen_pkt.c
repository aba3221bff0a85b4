// SPDX-License-Identifier: BSD-3-Clause
// See mediagen_pkt.h.
#include "test/perf/mediagen_pkt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "test/perf/bench.h"
#include "test/unit/srtp_oracle.h"

#define HEADERS (14 + 20 + 8)
#define RTP     12
#define TAG     10
#define TURNS   4096 // packets of one sender that may be under way
#define SSRC    0xca11ab1e
#define SAMPLE  8 // with a key per call, so many packets as one are opened

// What the phones of one call send in one direction.
struct talk {
	uint8_t headers[HEADERS];
	uint16_t from_port_be; // what the other phone sees as the sender
	uint32_t from_be;
	uint32_t sum;  // of the UDP checksum, without the payload
	uint32_t next; // turn that arrives next
} __rte_cache_aligned;

// The packets with one sequence number.
struct turn {
	uint32_t number;
	uint32_t sum[SIDES]; // of what is sent
	uint16_t len[SIDES];
	uint8_t sent[SIDES][RTP + GEN_PAYLOAD_MAX + TAG];
	uint8_t sealed_back[RTP + GEN_PAYLOAD_MAX + TAG]; // what arrives outside, key of the plan
};

struct cursor {
	uint32_t turn, at; // index in the order of calls
};

struct gen_stats gen_stats;

static struct {
	uint32_t calls, speakers;
	uint32_t *order; // in which they speak: neighbours in memory do not follow each other
	unsigned int payload;
	uint32_t made;            // turns
	struct talk *talk[SIDES]; // by side of the sender
	struct turn *turns;
	struct srtp_oracle seal, seal_back;
	struct srtp_oracle *open; // by call; NULL: all have the key of the plan
	struct cursor cursor[SIDES];
} g;

// ---- Set-up ------------------------------------------------------------------------------------

static void talk_init(struct talk *f, unsigned int side, struct endpoint from, struct endpoint to)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)f->headers;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint16_t len = (uint16_t)(RTP + g.payload + (side == OUTSIDE ? TAG : 0));

	eth->dst_addr = plan_relay_mac(side);
	eth->src_addr = plan_router_mac(side);
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	*ip = (struct rte_ipv4_hdr){.version_ihl = 0x45,
		.type_of_service = 0xb8,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*udp) + len)),
		.time_to_live = 60,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = ip_to_v4_be(&from.ip),
		.dst_addr = ip_to_v4_be(&to.ip)};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){.src_port = rte_cpu_to_be_16(from.port),
		.dst_port = rte_cpu_to_be_16(to.port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + len))};
	f->sum = rte_ipv4_phdr_cksum(ip, 0) + rte_raw_cksum(udp, sizeof(*udp));
}

// The relay's two endpoints of a call, and the key that it seals with.
static bool relay_read(FILE *f, struct endpoint local[SIDES], uint8_t key[DP_SRTP_KEY_LEN])
{
	char ip[SIDES][64], hex[2 * DP_SRTP_KEY_LEN + 1];
	unsigned int port[SIDES], octet;

	if (fscanf(f, "%63s %u %63s %u %92s", ip[0], &port[0], ip[1], &port[1], hex) != 5)
		return false;
	for (unsigned int i = 0; i < SIDES; i++) {
		if (!ip_parse(str_from(ip[i]), &local[i].ip))
			return false;
		local[i].port = (uint16_t)port[i];
	}
	memset(key, 0, DP_SRTP_KEY_LEN);
	for (unsigned int i = 0; i < strlen(hex) / 2; i++) {
		if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
			return false;
		key[i] = (uint8_t)octet;
	}
	return true;
}

static void call_init(uint32_t call, FILE *relay)
{
	struct endpoint local[SIDES] = {plan_local(OUTSIDE, call), plan_local(INSIDE, call)};
	uint8_t key[DP_SRTP_KEY_LEN];

	if (relay != NULL) {
		bench_need(relay_read(relay, local, key), "the relay's file lacks a call");
		srtp_oracle_init(&g.open[call], key, TAG);
	}
	for (unsigned int side = 0; side < SIDES; side++) {
		struct talk *f = &g.talk[side][call];

		talk_init(f, side, plan_remote(side, call), local[side]);
		f->from_be = ip_to_v4_be(&local[side ^ 1].ip);
		f->from_port_be = rte_cpu_to_be_16(local[side ^ 1].port);
	}
}

static void *zeroed(size_t n, size_t size)
{
	void *p = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(n * size, RTE_CACHE_LINE_SIZE));

	bench_need(p != NULL, "no memory for the generator");
	memset(p, 0, n * size);
	return p;
}

void gen_open(uint32_t calls, const char *relay, unsigned int payload)
{
	uint8_t key[DP_SRTP_KEY_LEN];
	FILE *f = NULL;

	bench_need(calls > 0 && calls <= PLAN_CALLS_MAX && payload <= GEN_PAYLOAD_MAX,
		"too many calls, or a payload too long");
	g.calls = calls;
	g.payload = payload;
	g.turns = zeroed(TURNS, sizeof(*g.turns));
	g.order = zeroed(calls, sizeof(*g.order));
	for (unsigned int side = 0; side < SIDES; side++)
		g.talk[side] = zeroed(calls, sizeof(struct talk));
	if (relay != NULL) {
		f = fopen(relay, "r");
		bench_need(f != NULL, relay);
		g.open = zeroed(calls, sizeof(*g.open));
	}
	for (uint32_t i = 0; i < calls; i++)
		call_init(i, f);
	if (f != NULL)
		fclose(f);
	plan_key(PLAN_SEED_RX, key);
	srtp_oracle_init(&g.seal, key, TAG);
	plan_key(PLAN_SEED_TX, key);
	srtp_oracle_init(&g.seal_back, key, TAG);
	gen_speakers(calls);
}

static void shuffle(uint32_t *v, uint32_t n)
{
	uint64_t x = 4711;

	for (uint32_t i = 0; i < n; i++)
		v[i] = i;
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t j, kept = v[i];

		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		j = (uint32_t)((x >> 32) % (i + 1));
		v[i] = v[j];
		v[j] = kept;
	}
}

void gen_speakers(uint32_t calls)
{
	bench_need(calls > 0 && calls <= g.calls, "more speakers than calls");
	g.speakers = calls;
	shuffle(g.order, calls);
	// A turn that some have begun is not finished: each has its next packet in a new one.
	for (unsigned int side = 0; side < SIDES; side++) {
		g.cursor[side] = (struct cursor){.turn = g.made};
		for (uint32_t i = 0; i < g.calls; i++)
			g.talk[side][i].next = g.made;
	}
}

const uint32_t *gen_order(void)
{
	return g.order;
}

// ---- Sending -----------------------------------------------------------------------------------

static void turn_make(uint32_t number)
{
	struct turn *t = &g.turns[number % TURNS];
	const uint32_t ts = number * 160, ssrc = SSRC;
	const uint8_t h[RTP] = {0x80, PLAN_PT, (uint8_t)(number >> 8), (uint8_t)number,
		(uint8_t)(ts >> 24), (uint8_t)(ts >> 16), (uint8_t)(ts >> 8), (uint8_t)ts,
		(uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc};
	uint8_t *plain = t->sent[INSIDE];
	size_t n = RTP + g.payload, sealed = n, back = n;

	memcpy(plain, h, RTP);
	for (unsigned int i = 0; i < g.payload; i++)
		plain[RTP + i] = (uint8_t)(number * 7 + i);
	memcpy(t->sent[OUTSIDE], plain, n);
	memcpy(t->sealed_back, plain, n);
	bench_need(srtp_oracle_seal(&g.seal, t->sent[OUTSIDE], &sealed) == ORACLE_OK &&
			srtp_oracle_seal(&g.seal_back, t->sealed_back, &back) == ORACLE_OK,
		"the oracle does not seal");
	t->len[OUTSIDE] = (uint16_t)sealed;
	t->len[INSIDE] = (uint16_t)n;
	for (unsigned int side = 0; side < SIDES; side++)
		t->sum[side] = rte_raw_cksum(t->sent[side], t->len[side]);
	t->number = number;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum >> 16) + (sum & UINT16_MAX);
	sum = (sum >> 16) + (sum & UINT16_MAX);
	sum = (uint16_t)~sum;
	return sum != 0 ? (uint16_t)sum : UINT16_MAX;
}

void gen_next(unsigned int side, struct rte_mbuf *m)
{
	struct cursor *c = &g.cursor[side];
	const struct talk *f;
	const struct turn *t;
	uint8_t *p;

	if (c->at == g.speakers) {
		c->turn++;
		c->at = 0;
	}
	if (c->turn == g.made)
		turn_make(g.made++);
	f = &g.talk[side][g.order[c->at++]];
	t = &g.turns[c->turn % TURNS];
	p = rte_pktmbuf_mtod(m, uint8_t *);
	m->data_len = (uint16_t)(HEADERS + t->len[side]);
	m->pkt_len = m->data_len;
	memcpy(p, f->headers, HEADERS);
	memcpy(p + HEADERS, t->sent[side], t->len[side]);
	*(uint16_t *)(p + HEADERS - 2) = fold((uint64_t)f->sum + t->sum[side]);
	rte_prefetch0(&g.talk[side][g.order[c->at % g.speakers]]);
}

// ---- Receiving ---------------------------------------------------------------------------------

static void bad(const char *why, uint32_t call, uint32_t seq, uint32_t expected)
{
	if (gen_stats.bad++ == 0)
		fprintf(stderr, "mediagen: call %u, packet %u: %s (expected packet %u)\n", call,
			seq, why, expected);
}

// `p` is the RTP or SRTP packet that came out at `side`.
static const char *content(
	unsigned int side, uint32_t call, const struct turn *t, const uint8_t *p, size_t n)
{
	uint8_t plain[RTP + GEN_PAYLOAD_MAX + TAG];

	if (n != t->len[side])
		return "wrong length";
	if (side == INSIDE || g.open == NULL) {
		gen_stats.verified++;
		return memcmp(p, side == INSIDE ? t->sent[INSIDE] : t->sealed_back, n) == 0
			? NULL
			: "wrong octets";
	}
	if (call % SAMPLE != 0)
		return NULL;
	gen_stats.verified++;
	memcpy(plain, p, n);
	if (srtp_oracle_open(&g.open[call], plain, &n) != ORACLE_OK)
		return "does not open";
	return memcmp(plain, t->sent[INSIDE], n) == 0 ? NULL : "wrong octets";
}

static bool udp_sum_ok(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp)
{
	uint32_t sum = (uint32_t)rte_ipv4_phdr_cksum(ip, 0) +
		rte_raw_cksum(udp, rte_be_to_cpu_16(udp->dgram_len));

	return udp->dgram_cksum == 0 || (sum >> 16) + (sum & UINT16_MAX) == UINT16_MAX;
}

// Whose phone a frame is for; UINT32_MAX: ARP and the like.
static uint32_t call_of(unsigned int side, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(p + 14);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	uint32_t call;

	if (m->data_len < HEADERS + RTP || p[12] != 8 || p[13] != 0 || ip->version_ihl != 0x45 ||
		ip->next_proto_id != IPPROTO_UDP)
		return UINT32_MAX;
	call = plan_call_of(side, rte_be_to_cpu_32(ip->dst_addr), rte_be_to_cpu_16(udp->dst_port));
	return call < g.calls ? call : UINT32_MAX;
}

void gen_expect(unsigned int side, const struct rte_mbuf *m)
{
	uint32_t call = call_of(side, m);

	if (call != UINT32_MAX)
		rte_prefetch0(&g.talk[side ^ 1][call]);
}

void gen_judge(unsigned int side, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(p + 14);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	uint32_t call = call_of(side, m), number;
	const char *why = NULL;
	const struct turn *t;
	struct talk *f;

	if (call == UINT32_MAX)
		return;
	gen_stats.received++;
	f = &g.talk[side ^ 1][call];
	number = f->next +
		(uint32_t)(int16_t)(uint16_t)((p[HEADERS + 2] << 8 | p[HEADERS + 3]) -
			(uint16_t)f->next);
	t = &g.turns[number % TURNS];
	if (ip->src_addr != f->from_be || udp->src_port != f->from_port_be)
		why = "from another address or port";
	else if (rte_raw_cksum(ip, sizeof(*ip)) != UINT16_MAX)
		why = "wrong IP checksum";
	else if (number % SAMPLE == 0 && !udp_sum_ok(ip, udp))
		why = "wrong UDP checksum";
	else if ((int32_t)(number - f->next) < 0)
		why = "twice, or out of order";
	else if (t->number == number)
		why = content(side, call, t, p + HEADERS,
			rte_be_to_cpu_16(udp->dgram_len) - sizeof(*udp));
	if (why != NULL) {
		bad(why, call, number, f->next);
		return;
	}
	gen_stats.gaps += number - f->next;
	f->next = number + 1;
}
