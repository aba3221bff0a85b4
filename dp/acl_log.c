// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// See dp/acl_log.h. Called by dp/acl.c for the first packet of a flow.
#include "dp/acl_log.h"

#include "dp/acl_build.h"
#include "dp/snapshot.h"

// Records a second of the box, and saved up: what the control thread can take beside its calls.
#define RATE  2000
#define BURST 500

struct bucket_rate acl_log_rate(unsigned int n_workers)
{
	return bucket_rate(RATE / n_workers, BURST);
}

static void put(struct worker *w, const struct dp_acl_log *r)
{
	struct acl_log *l = w->acl_log;

	if (!bucket_take(&l->bucket, &l->rate, w->now_ns) ||
		rte_ring_sp_enqueue_elem(l->ring, (void *)(uintptr_t)r, sizeof(*r)) != 0)
		count_add(w, COUNT_ACL_LOG_LOST, 1);
}

// The list whose implicit deny it was, or -1.
static int implicit_deny(const struct acl_verdict *v)
{
	if (v->fate != ACL_DROP)
		return -1;
	if (v->reason == DROP_ACL_OUT_DENY)
		return v->found[ACL_OUT].ace < 0 ? v->found[ACL_OUT].acl : -1;
	if (v->reason != DROP_ACL_DENY || v->found[ACL_IN].ace >= 0 ||
		v->found[ACL_GLOBAL].ace >= 0)
		return -1;
	return v->found[ACL_GLOBAL].acl >= 0 ? v->found[ACL_GLOBAL].acl : v->found[ACL_IN].acl;
}

void acl_log_verdict(
	struct worker *w, uint16_t in, const struct acl_query *q, const struct acl_verdict *v)
{
	struct dp_acl_log r = {.iface_in = in,
		.iface_out = v->route >= 0 ? w->snap->routes[v->route].iface : DP_TRACE_NO_IFACE,
		.icmp_type = q->icmp_type,
		.icmp_code = q->icmp_code,
		.flow = {.src = q->flow.src, .dst = v->reply.src, .proto = q->flow.proto}};

	for (unsigned int i = 0; i < ACL_ROLES; i++) {
		const struct acl_found *f = &v->found[i];
		const struct ace *a;

		if (f->ace < 0)
			continue;
		a = &w->snap->acls[f->acl]->aces[f->ace];
		if (likely(a->log == ACE_LOG_DEFAULT && a->permit) || a->log == ACE_LOG_OFF)
			continue;
		r.list = f->acl;
		r.entry = (int32_t)a->entry;
		r.permit = a->permit;
		r.flows = a->log == ACE_LOG_FLOWS;
		put(w, &r);
	}
	r.list = implicit_deny(v);
	if (r.list < 0)
		return;
	r.entry = -1;
	r.permit = r.flows = false;
	put(w, &r);
}
