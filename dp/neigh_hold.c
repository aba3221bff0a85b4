// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// See dp/neigh_hold.h. Called by dp/route.c.
#include "dp/neigh_hold.h"

#include <string.h>

static bool is_key(const struct neigh_key *a, const struct neigh_key *b)
{
	return a->iface == b->iface && ip_eq(&a->ip, &b->ip);
}

bool neigh_hold(
	struct neigh_holding *q, struct rte_mbuf *m, const struct neigh_key *key, uint64_t now_ns)
{
	unsigned int same = 0;

	if (q->n == NEIGH_HELD)
		return false;
	for (unsigned int i = 0; i < q->n; i++)
		same += is_key(&q->at[i].key, key);
	if (same == NEIGH_HELD_EACH)
		return false;
	q->at[q->n++] = (struct neigh_held){.key = *key, .m = m, .at_ns = now_ns};
	return true;
}

void neigh_hold_take(struct neigh_holding *q, const struct neigh_key *key, struct pkts *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < q->n; i++) {
		if (is_key(&q->at[i].key, key))
			pkts_add(out, q->at[i].m);
		else
			q->at[n++] = q->at[i];
	}
	q->n = n;
}

void neigh_hold_expire(struct neigh_holding *q, uint64_t now_ns, struct pkts *out)
{
	unsigned int n = 0;

	while (n < q->n && now_ns - q->at[n].at_ns >= NEIGH_HOLD_NS)
		pkts_add(out, q->at[n++].m);
	if (n == 0)
		return;
	q->n -= n;
	memmove(q->at, q->at + n, q->n * sizeof(*q->at));
}
