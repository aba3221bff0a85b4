// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Copies packets for captures; see dp/capture.h. Called only while one runs.
#include "dp/capture.h"

void capture_msg(struct worker *w, const struct dp_msg *m)
{
	const uint32_t bit = 1u << m->capture.id;
	struct capture_ring *r = w->capture[m->capture.id];

	if (m->type == DP_MSG_CAPTURE_SET) {
		r->want = m->capture;
		w->captures |= bit;
		__atomic_store_n(&r->state, CAPTURE_RUNS, __ATOMIC_RELEASE);
	} else if (w->captures & bit) {
		w->captures &= ~bit;
		__atomic_store_n(&r->state, CAPTURE_OVER, __ATOMIC_RELEASE);
	}
}

static void count_more(uint64_t *count, uint64_t n)
{
	__atomic_store_n(count, *count + n, __ATOMIC_RELAXED);
}

// Either direction of the flow that the entry describes, as in the manual's `match`.
static bool is_match(const struct dp_msg_capture *want, struct rte_mbuf *m)
{
	struct flow f, back;

	if (!want->filtered)
		return true;
	if (!flow_read(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m), &f))
		return false;
	back = (struct flow){.src = f.dst, .dst = f.src, .proto = f.proto};
	if (f.proto == PROTO_ICMP) { // type and code are of no end
		back.src.port = f.src.port;
		back.dst.port = f.dst.port;
	}
	return acl_match(&want->match, 1, &f) == 0 || acl_match(&want->match, 1, &back) == 0;
}

static bool is_wanted(
	const struct dp_msg_capture *want, struct rte_mbuf *m, uint16_t iface, uint16_t reason)
{
	if (want->iface != DP_CAPTURE_ANY && want->iface != iface)
		return false;
	if (want->drops &&
		(reason == PASS || (want->reason != DP_CAPTURE_ANY && want->reason != reason)))
		return false;
	return is_match(want, m);
}

// The copy stands behind what is public.
static void stage(struct worker *w, struct capture_ring *r, struct rte_mbuf *m,
	const struct capture_record *head)
{
	const uint32_t used = r->head + r->staged - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
	struct capture_record *to;
	const void *from;

	if (used == r->slots) {
		count_more(&r->lost[head->iface], 1);
		return;
	}
	to = capture_slot(r, r->head + r->staged);
	*to = *head;
	to->time_ns = w->now_ns;
	to->len = rte_pktmbuf_pkt_len(m);
	to->kept = (uint16_t)RTE_MIN(to->len, r->want.size);
	from = rte_pktmbuf_read(m, 0, to->kept, to->data);
	if (from != to->data)
		memcpy(to->data, from, to->kept);
	r->staged++;
}

// Makes the first so many public.
static void publish(struct capture_ring *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		count_more(&r->taken[capture_slot(r, r->head + i)->iface], 1);
	r->staged = 0;
	__atomic_store_n(&r->head, r->head + n, __ATOMIC_RELEASE);
}

static uint16_t iface_of(const struct worker *w, struct rte_mbuf *m)
{
	const uint16_t iface = pkt_of(m)->iface_in;

	return iface < w->n_ifaces ? iface : 0;
}

// A vector for one capture, staged.
static void stage_all(struct worker *w, struct capture_ring *r, const struct pkts *v,
	uint16_t iface, enum capture_kind kind)
{
	for (uint16_t i = 0; i < v->n; i++) {
		struct capture_record head = {
			.iface = iface, .reason = PASS, .place = i, .kind = (uint8_t)kind};

		if (kind == CAPTURE_DROP) {
			head.iface = iface_of(w, v->m[i]);
			head.reason = w->dropped_why[i];
			if (head.reason == PASS)
				continue; // its octets go on
		}
		if (is_wanted(&r->want, v->m[i], head.iface, head.reason))
			stage(w, r, v->m[i], &head);
	}
}

// NULL: that one does not run.
static struct capture_ring *running(struct worker *w, unsigned int id)
{
	return w->captures & 1u << id ? w->capture[id] : NULL;
}

void capture_in(struct worker *w, const struct pkts *v, uint16_t iface)
{
	for (unsigned int id = 0; id < DP_CAPTURES_MAX; id++) {
		struct capture_ring *r = running(w, id);

		if (r == NULL)
			continue;
		stage_all(w, r, v, iface, CAPTURE_IN);
		publish(r, r->staged);
	}
}

void capture_out(struct worker *w, const struct pkts *v, uint16_t iface)
{
	for (unsigned int id = 0; id < DP_CAPTURES_MAX; id++)
		if (running(w, id) != NULL)
			stage_all(w, w->capture[id], v, iface, CAPTURE_OUT);
}

void capture_sent(struct worker *w, uint16_t sent)
{
	for (unsigned int id = 0; id < DP_CAPTURES_MAX; id++) {
		struct capture_ring *r = running(w, id);
		uint32_t n = 0;

		if (r == NULL)
			continue;
		while (n < r->staged && capture_slot(r, r->head + n)->place < sent)
			n++;
		publish(r, n);
	}
}

void capture_dropped(struct worker *w)
{
	for (unsigned int id = 0; id < DP_CAPTURES_MAX; id++) {
		struct capture_ring *r = running(w, id);

		if (r == NULL)
			continue;
		stage_all(w, r, &w->dropped, 0, CAPTURE_DROP);
		publish(r, r->staged);
	}
}
