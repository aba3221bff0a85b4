// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The loop of a worker and the order of its stages; see dp/worker.h.
#include "dp/worker.h"

#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "dp/acl.h"
#include "dp/arp.h"
#include "dp/capture.h"
#include "dp/frag.h"
#include "dp/hairpin.h"
#include "dp/handoff.h"
#include "dp/media.h"
#include "dp/parse.h"
#include "dp/punt.h"
#include "dp/route.h"
#include "dp/sess.h"
#include "dp/spoof.h"
#include "dp/trace.h"
#include "dp/vlan.h"
#include "dp/xlate.h"

// An idle worker spins so many turns, then naps, twice as long each time.
#define IDLE_TURNS 64
#define NAP_MIN_NS 50000ull
#define NAP_MAX_NS 1000000ull
#define MSGS_BURST 8
#define TELL_NS    NS_PER_S
#define LIST_SLOTS 256 // looked at per turn when sessions or translations are listed

static void pkts_append(struct pkts *to, const struct pkts *from)
{
	for (uint16_t i = 0; i < from->n; i++)
		pkts_add(to, from->m[i]);
}

static void media_split(struct pkts *v, struct pkts *media)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < v->n; i++) {
		if (pkt_of(v->m[i])->kind == PKT_MEDIA)
			pkts_add(media, v->m[i]);
		else
			v->m[n++] = v->m[i];
	}
	v->n = n;
}

void worker_process(struct worker *w, struct pkts *v)
{
	struct pkts media, fresh, punt;

	if (v->kinds == PKTS_OF(PKT_MEDIA)) { // the most there is, and the dearest
		media_stage(w, v);
		route_stage(w, v);
		return;
	}
	media.n = fresh.n = punt.n = 0;
	if (unlikely(v->kinds & PKTS_OF(PKT_MEDIA)))
		media_split(v, &media);
	sess_stage(w, v, &fresh, &punt); // hits are sent at once
	if (unlikely(fresh.n > 0)) {
		acl_stage(w, &fresh, &punt); // first packets: judged, and their sessions opened
		route_sess_stage(w, &fresh);
	}
	if (unlikely(media.n > 0)) {
		media_stage(w, &media);
		route_stage(w, &media);
	}
	if (unlikely(punt.n > 0))
		punt_stage(w, &punt);
	if (unlikely(w->hairpin.n > 0))
		hairpin_turn(w);
}

// A burst of one interface.
static inline void worker_take(struct worker *w, struct pkts *v, uint16_t iface)
{
	if (unlikely(w->captures != 0))
		capture_in(w, v, iface);
	parse_stage(w, v, iface);
	arp_stage(w, v);
	frag_stage(w, v);
	spoof_stage(w, v);
	handoff_stage(w, v);
	worker_process(w, v);
}

static __rte_noinline void worker_take_tagged(struct worker *w, struct pkts *v, uint16_t iface)
{
	vlan_stage(w, v, iface);
	for (uint16_t i = 0; i < w->n_ifaces; i++) {
		if (w->vlan_in[i].n == 0)
			continue;
		worker_take(w, &w->vlan_in[i], i);
		w->vlan_in[i].n = 0;
	}
}

static unsigned int worker_receive(struct worker *w)
{
	unsigned int total = 0;
	struct pkts v;

	for (unsigned int i = 0; i < w->n_rxq; i++) {
		uint16_t iface = w->rxq[i].iface;

		v.n = rte_eth_rx_burst(w->port[iface], w->rxq[i].queue, v.m, PKTS_BURST);
		if (v.n == 0)
			continue;
		total += v.n;
		count_add(w, COUNT_RX, v.n);
		if (unlikely(w->rxq[i].by_tag))
			worker_take_tagged(w, &v, iface);
		else
			worker_take(w, &v, iface);
		route_flush_full(w);
	}
	return total;
}

// Fragments that were handed over to be put together here. What is whole may be another's.
static void fragments_in(struct worker *w, struct pkts *v)
{
	struct pkts fragments;
	uint16_t n = 0;

	fragments.n = 0;
	fragments.kinds = PKTS_OF(PKT_FRAGMENT);
	for (uint16_t i = 0; i < v->n; i++) {
		if (unlikely(pkt_of(v->m[i])->kind == PKT_FRAGMENT))
			pkts_add(&fragments, v->m[i]);
		else
			v->m[n++] = v->m[i];
	}
	v->n = n;
	if (likely(fragments.n == 0))
		return;
	frag_stage(w, &fragments);
	spoof_stage(w, &fragments);
	handoff_stage(w, &fragments);
	pkts_append(v, &fragments);
}

static unsigned int worker_handed_over(struct worker *w)
{
	unsigned int total = 0;
	struct pkts v;

	for (unsigned int from = 0; from < w->n_workers; from++) {
		if (from == w->id)
			continue;
		handoff_recv(w, from, &v);
		if (v.n == 0)
			continue;
		total += v.n;
		fragments_in(w, &v);
		worker_process(w, &v);
	}
	return total;
}

static void worker_message(struct worker *w, const struct dp_msg *m)
{
	switch (m->type) {
	case DP_MSG_NEIGH_SET:
	case DP_MSG_NEIGH_DEL:
		neigh_msg(w, m);
		break;
	case DP_MSG_MEDIA_SET:
	case DP_MSG_MEDIA_DEL:
	case DP_MSG_MEDIA_TICK:
		media_msg(w, m);
		break;
	case DP_MSG_TRUST_SET:
	case DP_MSG_TRUST_DEL:
		punt_msg(w, m);
		break;
	case DP_MSG_CAPTURE_SET:
	case DP_MSG_CAPTURE_DEL:
		capture_msg(w, m);
		break;
	case DP_MSG_XLATE_CLEAR:
		xlate_msg(w, m);
		break;
	}
}

static unsigned int worker_messages(struct worker *w)
{
	struct dp_msg m;
	unsigned int n = 0;

	while (n < MSGS_BURST && rte_ring_sc_dequeue_elem(w->msg_down, &m, sizeof(m)) == 0) {
		worker_message(w, &m);
		n++;
	}
	return n;
}

bool worker_notify(struct worker *w, const struct dp_msg *m)
{
	return rte_ring_sp_enqueue_elem(w->msg_up, (void *)(uintptr_t)m, sizeof(*m)) == 0;
}

void worker_notify_seldom(struct worker *w, const struct dp_msg *m, uint64_t *told_ns)
{
	if ((*told_ns == 0 || w->now_ns - *told_ns >= TELL_NS) && worker_notify(w, m))
		*told_ns = w->now_ns;
}

// BUSY keeps the control thread from giving up, and taking its buffer away, in mid-copy.
static bool is_asked(int *state)
{
	int asked = LISTING_ASKED;

	if (likely(__atomic_load_n(state, __ATOMIC_RELAXED) != LISTING_ASKED))
		return false;
	return __atomic_compare_exchange_n(
		state, &asked, LISTING_BUSY, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static unsigned int worker_trace(struct worker *w)
{
	if (!is_asked(&w->trace.state))
		return 0;
	trace_run(w, w->trace.m, w->trace.out);
	__atomic_store_n(&w->trace.state, LISTING_DONE, __ATOMIC_RELEASE);
	return 1;
}

static unsigned int worker_list(struct worker *w)
{
	struct worker_listing *l = &w->listing;
	bool done;

	if (!is_asked(&l->state))
		return 0;
	if (l->xlates != NULL)
		l->n += xlate_export(w, &l->filter, &l->cursor, LIST_SLOTS, l->xlates + l->n,
			l->max - l->n, &done);
	else
		done = sess_walk(w, l, LIST_SLOTS);
	__atomic_store_n(&l->state, done ? LISTING_DONE : LISTING_ASKED, __ATOMIC_RELEASE);
	return 1;
}

unsigned int worker_turn(struct worker *w, uint64_t now_ns)
{
	unsigned int work;

	w->now_ns = now_ns;
	w->snap = snapshot_read();
	work = worker_messages(w);
	work += worker_receive(w);
	work += worker_handed_over(w);
	work += punt_down(w);
	media_turn(w);
	work += sess_age(w);
	xlate_turn(w);
	frag_age(w);
	neigh_turn(w);
	work += worker_list(w); // no nap between two pieces
	work += worker_trace(w);
	route_flush(w);
	return work;
}

// Offline, so that new rules need not wait for a sleeper.
static void worker_nap(struct worker *w)
{
	struct timespec t;

	if (++w->idle_turns < IDLE_TURNS)
		return;
	w->nap_ns = RTE_MAX(w->nap_ns * 2, NAP_MIN_NS);
	w->nap_ns = RTE_MIN(w->nap_ns, NAP_MAX_NS);
	t = (struct timespec){.tv_nsec = (long)w->nap_ns};
	rte_rcu_qsbr_thread_offline(snapshot_root.qsbr, w->id);
	nanosleep(&t, NULL);
	rte_rcu_qsbr_thread_online(snapshot_root.qsbr, w->id);
	count_add(w, COUNT_NAPS, 1);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

int worker_main(void *worker)
{
	struct worker *w = worker;
	int err = w->thread_start != NULL ? w->thread_start() : 0;

	__atomic_store_n(&w->running, err != 0 ? -abs(err) : 1, __ATOMIC_RELEASE);
	if (err != 0)
		return err;
	rte_rcu_qsbr_thread_online(snapshot_root.qsbr, w->id);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		if (worker_turn(w, clock_ns()) > 0)
			w->idle_turns = 0, w->nap_ns = 0;
		else if (w->poll_adaptive)
			worker_nap(w);
		rte_rcu_qsbr_quiescent(snapshot_root.qsbr, w->id);
	}
	rte_rcu_qsbr_thread_offline(snapshot_root.qsbr, w->id);
	return 0;
}
