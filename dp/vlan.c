// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Tags; see dp/vlan.h. Called by the receive loop for ports that are shared, by parse for others, and
// before frames are sent.
#include "dp/vlan.h"

#define TCI_TAG 0xfff // the rest of it is priority

// What stood for an outer tag before 802.1ad had a number.
#define ETHER_TYPE_OLD_QINQ 0x9100

#define TAGGED_ONCE  (RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED)
#define TAGGED_TWICE (RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED)

bool vlan_is_tag(rte_be16_t type)
{
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
		type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ) ||
		type == rte_cpu_to_be_16(ETHER_TYPE_OLD_QINQ);
}

enum dp_counter_id vlan_read(const struct rte_mbuf *m, uint16_t *tag)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_vlan_hdr *vlan = (const struct rte_vlan_hdr *)(eth + 1);
	const bool taken = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED; // by the device
	const bool twice = m->ol_flags & TAGGED_TWICE;

	*tag = 0;
	if (rte_pktmbuf_data_len(m) < sizeof(*eth))
		return DROP_RX_SHORT;
	if (taken) {
		*tag = m->vlan_tci & TCI_TAG;
		return twice || vlan_is_tag(eth->ether_type) ? DROP_VLAN_QINQ : PASS;
	}
	if (!vlan_is_tag(eth->ether_type))
		return PASS;
	if (rte_pktmbuf_data_len(m) < sizeof(*eth) + sizeof(*vlan))
		return DROP_RX_SHORT;
	if (eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
		vlan_is_tag(vlan->eth_proto))
		return DROP_VLAN_QINQ;
	*tag = rte_be_to_cpu_16(vlan->vlan_tci) & TCI_TAG;
	return PASS;
}

void vlan_strip(struct rte_mbuf *m)
{
	if (pkt_eth(m)->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
		rte_vlan_strip(m);
	m->ol_flags &= ~TAGGED_ONCE;
}

static uint16_t iface_of(const struct worker *w, uint16_t port, uint16_t tag)
{
	for (uint16_t i = 0; i < w->n_ifaces; i++)
		if (w->port[i] == port && w->vlan[i] == tag)
			return i;
	return PKT_NO_IFACE;
}

static void count(struct vlan_count *c, uint64_t packets, uint64_t bytes)
{
	__atomic_store_n(&c->packets, c->packets + packets, __ATOMIC_RELAXED);
	__atomic_store_n(&c->bytes, c->bytes + bytes, __ATOMIC_RELAXED);
}

void vlan_stage(struct worker *w, struct pkts *v, uint16_t iface)
{
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		uint16_t tag, in = PKT_NO_IFACE;
		enum dp_counter_id bad = vlan_read(m, &tag);

		if (bad == PASS) {
			in = iface_of(w, w->port[iface], tag);
			if (in == PKT_NO_IFACE)
				bad = tag != 0 ? DROP_VLAN_UNKNOWN : DROP_VLAN_NONE;
		}
		if (bad == PASS) {
			vlan_strip(m);
			count(&w->vlan_rx[in], 1, m->pkt_len);
			pkts_add(&w->vlan_in[in], m);
		} else {
			pkt_of(m)->iface_in = iface; // for captures
			pkt_drop(w, m, bad);
		}
	}
	v->n = 0;
}

void vlan_tag(struct worker *w, struct pkts *v, uint16_t iface)
{
	uint64_t bytes = 0;
	uint16_t n = 0;

	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];

		bytes += m->pkt_len;
		m->vlan_tci = w->vlan[iface];
		// Without its tag it would leave as another interface's.
		if (unlikely(w->vlan[iface] != 0 && rte_vlan_insert(&m) != 0))
			pkt_drop(w, m, DROP_NO_BUFFER);
		else
			v->m[n++] = m;
	}
	count(&w->vlan_tx[iface], n, bytes);
	v->n = n;
}
