// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Anti-spoofing; see dp/spoof.h. Called by the acl stage, and for ICMP errors by the receive loop.
#include "dp/spoof.h"

#include "dp/route.h"

struct net4 {
	uint32_t net;
	uint8_t len;
};

// What parse does not refuse already (0/8, loopback, multicast and above), of RFC 6890. No router passes
// link-local addresses on (RFC 3927 7), and those of 192.0.0.0/24 are for protocols between neighbours.
static const struct net4 bogons[] = {
	{RTE_IPV4(169, 254, 0, 0), 16},
	{RTE_IPV4(192, 0, 0, 0), 24},
};

// Not on the Internet, but in a lab or behind a carrier.
static const struct net4 bogons_strict[] = {
	{RTE_IPV4(10, 0, 0, 0), 8},
	{RTE_IPV4(100, 64, 0, 0), 10},
	{RTE_IPV4(172, 16, 0, 0), 12},
	{RTE_IPV4(192, 0, 2, 0), 24},
	{RTE_IPV4(192, 168, 0, 0), 16},
	{RTE_IPV4(198, 18, 0, 0), 15},
	{RTE_IPV4(198, 51, 100, 0), 24},
	{RTE_IPV4(203, 0, 113, 0), 24},
};

static bool is_in(const struct net4 *nets, size_t n, uint32_t ip)
{
	for (size_t i = 0; i < n; i++)
		if ((ip ^ nets[i].net) >> (32 - nets[i].len) == 0)
			return true;
	return false;
}

// The interface's own subnet is whatever the operator says that it is.
static bool is_bogon(const struct dp_iface *f, const struct ip_addr *src)
{
	const uint32_t ip = rte_be_to_cpu_32(ip_to_v4_be(src));

	if (f->bogons == DP_BOGONS_OFF || prefix_has(&f->subnet, src))
		return false;
	return is_in(bogons, RTE_DIM(bogons), ip) ||
		(f->bogons == DP_BOGONS_STRICT && is_in(bogons_strict, RTE_DIM(bogons_strict), ip));
}

// An address of the firewall, or one that it stands in for on this interface.
static bool is_ours(const struct snapshot *s, uint16_t in, const struct ip_addr *src)
{
	return snapshot_is_own(s, src) || snapshot_is_media(s, src) ||
		nat_owns_mapped(s->nat, s->n_nat, in, src);
}

enum dp_counter_id spoof_judge(
	const struct snapshot *s, uint16_t in, const struct ip_addr *src, int *route)
{
	const struct dp_iface *f = &s->ifaces[in];
	const struct route *back;

	*route = -1;
	if (snapshot_is_broadcast(s, src))
		return DROP_IP_SOURCE;
	if (is_ours(s, in, src))
		return DROP_IP_SPOOFED;
	if (is_bogon(f, src))
		return DROP_IP_BOGON;
	if (!f->verify_reverse_path)
		return PASS;
	back = route_lookup(s, src);
	if (back == NULL)
		return DROP_REVERSE_PATH;
	*route = (int)(back - s->routes);
	return back->iface == in ? PASS : DROP_REVERSE_PATH;
}

static void tell(struct worker *w, struct rte_mbuf *m, enum dp_spoof what)
{
	const uint16_t in = pkt_of(m)->iface_in;
	const struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	const struct dp_msg msg = {.version = DP_MSG_VERSION,
		.type = DP_MSG_SPOOF,
		.spoof = {.what = (uint8_t)what,
			.iface = in,
			.proto = ip->next_proto_id,
			.src = ip_from_v4_be(ip->src_addr),
			.dst = ip_from_v4_be(ip->dst_addr)}};

	worker_notify_seldom(w, &msg, &w->spoof[in].told_ns[what]);
}

void spoof_drop(struct worker *w, struct rte_mbuf *m, enum dp_counter_id reason)
{
	uint64_t *drops = &w->spoof[pkt_of(m)->iface_in].rpf_drops;

	if (reason == DROP_REVERSE_PATH) {
		__atomic_store_n(drops, *drops + 1, __ATOMIC_RELAXED);
		tell(w, m, DP_SPOOF_REVERSE_PATH);
	} else if (reason == DROP_IP_SPOOFED) {
		tell(w, m, DP_SPOOF_OWN);
	}
	pkt_drop(w, m, reason);
}

void spoof_stage(struct worker *w, struct pkts *v)
{
	uint16_t n = 0;

	// Fragments may have become an error by now.
	if (likely(!(v->kinds & (PKTS_OF(PKT_ICMP_ERROR) | PKTS_OF(PKT_FRAGMENT)))))
		return;
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		enum dp_counter_id bad = PASS;

		if (pkt_of(m)->kind == PKT_ICMP_ERROR) {
			const struct ip_addr src = ip_from_v4_be(pkt_ipv4(m)->src_addr);
			int unused;

			bad = spoof_judge(w->snap, pkt_of(m)->iface_in, &src, &unused);
		}
		if (bad == PASS)
			v->m[n++] = m;
		else
			spoof_drop(w, m, bad);
	}
	v->n = n;
}
