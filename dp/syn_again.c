// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
#include "dp/syn_again.h"

#include <rte_tcp.h>

#include "dp/sess_table.h"

#define TICK_SHIFT 27 // 134 ms
#define TICKS_MIN  4
#define TICKS_MAX  33

bool syn_again(const struct worker *w, struct syn_again *a, struct pkt *p)
{
	const struct rte_tcp_hdr *tcp =
		rte_pktmbuf_mtod_offset(pkt_mbuf(p), const struct rte_tcp_hdr *, p->l4);
	const struct sess_key key = sess_key_make(&p->flow, p->iface_in);
	const uint8_t tick = (uint8_t)(w->now_ns >> TICK_SHIFT);
	uint64_t hash = sess_key_hash(w->sess, key) + tcp->sent_seq * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t mark = (uint32_t)(hash >> 32) & ~0xffu;
	uint32_t *at = &a->mark[(uint32_t)hash & a->mask];
	uint8_t age = (uint8_t)(tick - *at);
	bool again = (*at & ~0xffu) == mark && age >= TICKS_MIN && age <= TICKS_MAX;

	*at = mark | tick;
	return again;
}
