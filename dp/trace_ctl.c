// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// dp_trace() of dp/dp.h: makes the packet and asks the worker that would own it.
#include <errno.h>
#include <string.h>

#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/dp_state.h"
#include "dp/handoff.h"
#include "dp/parse.h"
#include "dp/trace.h"

#define WINDOW 64240
#define TTL    64

static void fill_tcp(struct rte_tcp_hdr *tcp, const struct flow *f, uint8_t flags)
{
	*tcp = (struct rte_tcp_hdr){
		.src_port = rte_cpu_to_be_16(f->src.port),
		.dst_port = rte_cpu_to_be_16(f->dst.port),
		.data_off = (sizeof(*tcp) / 4) << 4,
		.tcp_flags = flags != 0 ? flags : RTE_TCP_SYN_FLAG,
		.rx_win = rte_cpu_to_be_16(WINDOW),
	};
}

static void fill_udp(struct rte_udp_hdr *udp, const struct flow *f, uint16_t len)
{
	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(f->src.port),
		.dst_port = rte_cpu_to_be_16(f->dst.port),
		.dgram_len = rte_cpu_to_be_16(len),
	};
}

static void fill_icmp(struct rte_icmp_hdr *icmp, const struct dp_trace_ask *ask)
{
	*icmp = (struct rte_icmp_hdr){
		.icmp_type = ask->icmp_type,
		.icmp_code = ask->icmp_code,
		.icmp_ident = rte_cpu_to_be_16(ask->flow.src.port),
	};
}

// The transport header of a protocol that has none here is empty.
static uint16_t l4_len(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return sizeof(struct rte_tcp_hdr);
	case PROTO_UDP:
		return sizeof(struct rte_udp_hdr);
	case PROTO_ICMP:
		return sizeof(struct rte_icmp_hdr);
	}
	return 0;
}

// False: no frame has that size.
static bool frame_fill(struct rte_mbuf *m, const struct dp_trace_ask *ask)
{
	const struct flow *f = &ask->flow;
	const uint16_t least = (uint16_t)(sizeof(struct rte_ipv4_hdr) + l4_len(f->proto));
	const uint16_t size = ask->size != 0 ? ask->size : least;
	struct rte_ether_hdr *eth;
	struct rte_ipv4_hdr *ip;

	if (size < least || size > UINT16_MAX - sizeof(*eth))
		return false;
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*eth) + size));
	if (eth == NULL)
		return false;
	memset(eth, 0, sizeof(*eth) + size);
	ip = (struct rte_ipv4_hdr *)(eth + 1);
	*eth = (struct rte_ether_hdr){.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)};
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16(size),
		.fragment_offset = ask->df ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : 0,
		.time_to_live = ask->ttl != 0 ? ask->ttl : TTL,
		.next_proto_id = f->proto,
		.src_addr = ip_to_v4_be(&f->src.ip),
		.dst_addr = ip_to_v4_be(&f->dst.ip),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	if (f->proto == PROTO_TCP)
		fill_tcp((struct rte_tcp_hdr *)(ip + 1), f, ask->tcp_flags);
	else if (f->proto == PROTO_UDP)
		fill_udp((struct rte_udp_hdr *)(ip + 1), f, (uint16_t)(size - sizeof(*ip)));
	else if (f->proto == PROTO_ICMP)
		fill_icmp((struct rte_icmp_hdr *)(ip + 1), ask);
	return true;
}

// The answer is in *t, or the worker is too busy to give one.
static int ask(struct worker *w, struct rte_mbuf *m, struct dp_trace *t)
{
	w->trace.m = m;
	w->trace.out = t;
	return ask_worker(&w->trace.state, ask_deadline_ms()) ? 0 : -ETIMEDOUT;
}

// The owner of the packet as it is now, and whoever owns it if it turns round, which it does once at most.
static int ask_owners(struct rte_mbuf *m, struct dp_trace *t)
{
	struct dp_state *d = &dp_state;
	int e = 0;

	for (unsigned int pass = 0; pass < 2 && e == 0; pass++) {
		const struct pkt *p = pkt_of(m);

		if (pass > 0 && t->phase[t->n - 1].type != DP_TRACE_HAIRPIN)
			break;
		e = ask(d->worker[handoff_owner(
				&d->steer, snapshot_root.current, p->iface_in, &p->flow)],
			m, t);
	}
	return e;
}

int dp_trace(const struct dp_trace_ask *a, struct dp_trace *t)
{
	struct dp_state *d = &dp_state;
	struct rte_mbuf *m;
	enum dp_counter_id bad;
	bool fragmented;
	int e = 0;

	if (a->iface >= d->n_ports || !ip_is_v4(&a->flow.src.ip) || !ip_is_v4(&a->flow.dst.ip))
		return -EINVAL;
	fragmented = a->size > d->worker[0]->mtu[a->iface];
	m = rte_pktmbuf_alloc(fragmented ? d->datagrams : d->pool);
	if (m == NULL)
		return -ENOBUFS;
	*t = (struct dp_trace){.iface_out = DP_TRACE_NO_IFACE};
	if (!frame_fill(m, a)) {
		rte_pktmbuf_free(m);
		return -EMSGSIZE;
	}
	trace_phase(t, DP_TRACE_PACKET);
	bad = parse_frame(m, NULL); // which judges no L4 checksum
	if (bad != PASS) {
		trace_drop(t, DP_TRACE_PACKET, bad);
	} else {
		pkt_of(m)->iface_in = a->iface;
		if (fragmented) // and put together
			pkt_of(m)->fragment_size = d->worker[0]->mtu[a->iface];
		e = ask_owners(m, t);
	}
	rte_pktmbuf_free(m);
	return e;
}
