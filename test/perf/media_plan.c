// SPDX-License-Identifier: BSD-3-Clause
// See media_plan.h. Used by mediagen, mediadrive and bench_media_path.
#include "test/perf/media_plan.h"

#include <string.h>

#include "test/perf/bench.h"

#define PHONES 1000 // calls of one remote address
#define PORT   10000
#define LOCAL  1024

static uint32_t v4(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	return a << 24 | b << 16 | c << 8 | d;
}

static struct ip_addr ip(uint32_t host_order)
{
	return ip_from_v4_be(rte_cpu_to_be_32(host_order));
}

// 198.18.0.0 outside, 10.64.0.0 inside.
static uint32_t phones(unsigned int side)
{
	return side == OUTSIDE ? v4(198, 18, 0, 1) : v4(10, 64, 0, 1);
}

// callgate's network: 10.1.0.0/16 outside, 10.2.0.0/16 inside; its router is .0.9.
static uint32_t network(unsigned int side)
{
	return v4(10, 1 + side, 0, 0);
}

struct endpoint plan_remote(unsigned int side, uint32_t call)
{
	return (struct endpoint){.ip = ip(phones(side) + call / PHONES),
		.port = (uint16_t)(PORT + 2 * (call % PHONES))};
}

uint32_t plan_call_of(unsigned int side, uint32_t ip_host_order, uint16_t port)
{
	uint32_t host = ip_host_order - phones(side), n = (uint32_t)(port - PORT) / 2;

	if (host > PLAN_CALLS_MAX / PHONES || port < PORT || port % 2 != 0 || n >= PHONES)
		return UINT32_MAX;
	return host * PHONES + n;
}

static uint32_t media_ip(unsigned int side, uint32_t number)
{
	return network(side) + 256 + 1 + number;
}

struct endpoint plan_local(unsigned int side, uint32_t call)
{
	return (struct endpoint){.ip = ip(media_ip(side, call / PLAN_ADDR_PORTS)),
		.port = (uint16_t)(LOCAL + 2 * (call % PLAN_ADDR_PORTS))};
}

void plan_key(uint8_t seed, uint8_t key[DP_SRTP_KEY_LEN])
{
	memset(key, 0, DP_SRTP_KEY_LEN);
	for (unsigned int i = 0; i < 30; i++)
		key[i] = (uint8_t)(seed * 101 + i * 7);
}

struct rte_ether_addr plan_relay_mac(unsigned int side)
{
	return (struct rte_ether_addr){{2, 0, 0, 0, 1, (uint8_t)side}};
}

struct rte_ether_addr plan_router_mac(unsigned int side)
{
	return (struct rte_ether_addr){{2, 0, 0, 0, 2, (uint8_t)side}};
}

struct dp_msg plan_msg(uint32_t call)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};

	m.media.stream = call;
	m.media.clock_hz = 8000;
	m.media.pts[PLAN_PT / 64] = 1ull << (PLAN_PT % 64);
	for (unsigned int side = 0; side < SIDES; side++) {
		struct dp_media_leg *l = &m.media.leg[side];

		l->iface = (uint16_t)side;
		l->local = plan_local(side, call);
		l->remote = plan_remote(side, call);
		l->suite = side == OUTSIDE ? DP_SRTP_AES_CM_128_HMAC_SHA1_80 : DP_SRTP_NONE;
		l->rx_allowed = l->tx_allowed = true;
		plan_key(PLAN_SEED_RX, l->rx_key);
		plan_key(PLAN_SEED_TX, l->tx_key);
	}
	return m;
}

struct dp_msg plan_neigh(unsigned int side)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_SET};
	struct rte_ether_addr mac = plan_router_mac(side);

	m.neigh.iface = (uint16_t)side;
	m.neigh.ip = ip(network(side) + 9);
	memcpy(m.neigh.mac, mac.addr_bytes, sizeof(m.neigh.mac));
	return m;
}

static struct prefix subnet(uint32_t host_order, uint8_t len)
{
	return (struct prefix){.ip = ip(host_order), .len = (uint8_t)(96 + len)};
}

struct dp_rules plan_rules(uint32_t calls)
{
	static struct dp_iface ifaces[SIDES];
	static struct dp_route routes[2 * SIDES];
	static struct dp_media_addr media[SIDES * PLAN_ADDRS_MAX];
	struct dp_rules r = {.ifaces = ifaces,
		.acl_global = -1,
		.routes = routes,
		.n_routes = 2 * SIDES,
		.media = media,
		.timeouts = {3600, 30, 30, 120, 10, 3600, 30, 10800}};

	bench_need(calls <= PLAN_CALLS_MAX, "more calls than there are addresses");
	for (unsigned int side = 0; side < SIDES; side++) {
		ifaces[side] = (struct dp_iface){.ip = ip(network(side) + 1),
			.subnet = subnet(network(side), 16),
			.security_level = side == OUTSIDE ? 0 : 100,
			.acl_in = -1,
			.acl_out = -1};
		routes[2 * side] =
			(struct dp_route){.dst = ifaces[side].subnet, .iface = (uint16_t)side};
		routes[2 * side + 1] = (struct dp_route){
			.dst = side == OUTSIDE ? subnet(0, 0) : subnet(v4(10, 64, 0, 0), 10),
			.gateway = ip(network(side) + 9),
			.iface = (uint16_t)side};
		for (uint32_t i = 0; i * PLAN_ADDR_PORTS < calls; i++)
			media[r.n_media++] = (struct dp_media_addr){
				(uint16_t)side, ip(media_ip(side, i)), LOCAL, 65535};
	}
	return r;
}
