// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The fragment stage; see dp/frag.h. Called between parse and steer.
#include "dp/frag.h"

void frag_stage(struct worker *w, struct pkts *v)
{
	uint16_t n = 0;

	if (likely(!(v->kinds & PKTS_OF(PKT_FRAGMENT))))
		return;
	for (uint16_t i = 0; i < v->n; i++) {
		if (pkt_of(v->m[i])->kind != PKT_FRAGMENT)
			v->m[n++] = v->m[i];
		else
			pkt_drop(w, v->m[i], DROP_IP_FRAGMENT);
	}
	v->n = n;
}
