// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Packets that turn round inside the firewall; see dp/hairpin.h. Called by the route stage,
// and by worker_process() when it is done.
#include "dp/hairpin.h"

#include "dp/handoff.h"
#include "dp/sess.h"

// An error's flow is the quoted one, turned round: so this is right for it too.
static void turn_round(const struct worker *w, struct pkt *p)
{
	const struct pkt_ends *there = &w->sess->slots[p->sess].key[!p->dir].ends;

	p->flow.src = pkt_ends_dst(there);
	p->flow.dst = pkt_ends_src(there);
	p->iface_in = p->iface_out;
	p->iface_out = PKT_NO_IFACE;
	p->looped = true;
	p->plain = false;
}

void hairpin_take(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	if (p->looped)
		return pkt_drop(w, m, DROP_ROUTE_SAME_IFACE);
	turn_round(w, p);
	pkts_add(&w->hairpin, m);
}

void hairpin_turn(struct worker *w)
{
	struct pkts v;

	v = w->hairpin;
	v.kinds = PKTS_ANY;
	w->hairpin.n = 0;
	handoff_stage(w, &v);
	worker_process(w, &v); // in which nothing turns round again
}
