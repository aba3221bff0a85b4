// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Packets that turn round inside the firewall; see dp/hairpin.h. Called by worker_process() after the
// nat stage, and when it is done.
#include "dp/hairpin.h"

#include "dp/handoff.h"
#include "dp/sess.h"

static bool loops(const struct worker *w, const struct pkt *p)
{
	const struct sess *s = &w->sess->slots[p->sess];

	return p->dir == 0 ? s->loops_out : s->loops_back;
}

// An error's flow is the quoted one, turned round: so this is right for it too.
static void turn_round(const struct worker *w, struct pkt *p)
{
	const struct sess_key *there = &w->sess->slots[p->sess].key[!p->dir];

	p->flow.src = there->dst;
	p->flow.dst = there->src;
	p->iface_in = p->iface_out;
	p->iface_out = PKT_NO_IFACE;
	p->looped = true;
}

void hairpin_stage(struct worker *w, struct pkts *v)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < v->n; i++) {
		struct pkt *p = pkt_of(v->m[i]);

		if (likely(!loops(w, p))) {
			v->m[n++] = v->m[i];
		} else if (p->looped) {
			pkt_drop(w, v->m[i], DROP_ROUTE_SAME_IFACE);
		} else {
			turn_round(w, p);
			pkts_add(&w->hairpin, v->m[i]);
		}
	}
	v->n = n;
}

void hairpin_turn(struct worker *w)
{
	struct pkts v;

	if (likely(w->hairpin.n == 0))
		return;
	v = w->hairpin;
	v.kinds = PKTS_ANY;
	w->hairpin.n = 0;
	handoff_stage(w, &v);
	worker_process(w, &v); // in which nothing turns round again
}
