// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// What `show` reads of the data plane, dp/dp.h: counters, interfaces, usage, connections.
#include "dp/dp.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_version.h>

#include "dp/acl_hits.h"
#include "dp/conn_limit.h"
#include "dp/dp_state.h"
#include "dp/media_ctl.h"
#include "dp/nat_hits.h"
#include "dp/rtpsec.h"
#include "dp/sess.h"
#include "dp/xlate.h"

#define WAIT_MS     100
#define CONNS_PIECE 65536 // slots that one call of dp_conns() has looked at

// Sums at the last dp_limit_clear().
static struct conn_limit_class limits_cleared[CONN_LIMIT_CLASSES];

// Sums at the last dp_nat_hits_clear().
static struct nat_hit nat_cleared[NAT_HITS_SLOTS];

static uint64_t counter_sum(enum dp_counter_id id)
{
	const struct dp_state *d = &dp_state;
	uint64_t sum = counter_get(&d->count, id);

	for (unsigned int i = 0; i < d->n_workers; i++)
		sum += counter_get(d->worker[i]->count, id);
	return sum;
}

size_t dp_counters(struct dp_counter *out, size_t max)
{
	for (size_t i = 0; i < DP_COUNTERS && i < max; i++)
		out[i] = (struct dp_counter){
			.name = counter_infos[i].name,
			.help = counter_infos[i].help,
			.drop = counter_infos[i].drop,
			.value = counter_sum((enum dp_counter_id)i) - dp_state.cleared.n[i],
		};
	return DP_COUNTERS;
}

void dp_counters_clear(void)
{
	for (unsigned int i = 0; i < DP_COUNTERS; i++)
		dp_state.cleared.n[i] = counter_sum((enum dp_counter_id)i);
}

void dp_acl_hits(uint32_t id, struct dp_acl_hits *out)
{
	struct acl_hit sum;

	acl_hits_read(id, &sum);
	*out = (struct dp_acl_hits){sum.n, sum.last_ns};
}

void dp_acl_hits_clear(uint32_t id)
{
	acl_hits_clear(id);
}

static uint64_t rpf_sum(uint16_t iface)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < dp_state.n_workers; i++)
		sum += __atomic_load_n(
			&dp_state.worker[i]->spoof[iface].rpf_drops, __ATOMIC_RELAXED);
	return sum;
}

uint64_t dp_rpf_drops(uint16_t iface)
{
	return iface < DP_IFACES_MAX ? rpf_sum(iface) - dp_state.rpf_cleared[iface] : 0;
}

void dp_rpf_drops_clear(uint16_t iface)
{
	if (iface < DP_IFACES_MAX)
		dp_state.rpf_cleared[iface] = rpf_sum(iface);
}

static void count_add_to(const struct vlan_count *c, uint64_t *packets, uint64_t *bytes)
{
	*packets += __atomic_load_n(&c->packets, __ATOMIC_RELAXED);
	*bytes += __atomic_load_n(&c->bytes, __ATOMIC_RELAXED);
}

// Of one of the interfaces on the port, where the device counts for all of them.
static void count_tagged(uint16_t iface, struct rte_eth_stats *s)
{
	s->ipackets = s->ibytes = s->opackets = s->obytes = 0;
	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		const struct worker *w = dp_state.worker[i];

		count_add_to(&w->vlan_rx[iface], &s->ipackets, &s->ibytes);
		count_add_to(&w->vlan_tx[iface], &s->opackets, &s->obytes);
	}
}

int dp_iface_stats(uint16_t iface, struct dp_iface_stats *out)
{
	struct rte_eth_stats s;
	struct rte_eth_link link;
	int bad;

	if (iface >= dp_state.n_ports)
		return -ENODEV;
	bad = rte_eth_stats_get(dp_state.port[iface].id, &s);
	if (bad == 0)
		bad = rte_eth_link_get_nowait(dp_state.port[iface].id, &link);
	if (bad != 0)
		return bad;
	if (dp_state.port[iface].by_tag)
		count_tagged(iface, &s);
	*out = (struct dp_iface_stats){
		.rx_packets = s.ipackets,
		.rx_bytes = s.ibytes,
		.tx_packets = s.opackets,
		.tx_bytes = s.obytes,
		.rx_missed = s.imissed + s.rx_nombuf + s.ierrors,
		.tx_failed = s.oerrors,
		.link_up = link.link_status == RTE_ETH_LINK_UP,
	};
	return 0;
}

void dp_usage(struct dp_usage *out)
{
	const struct dp_state *d = &dp_state;

	*out = (struct dp_usage){
		.streams = media_ctl_streams(), .streams_max = media_ctl_streams_max()};
	for (unsigned int i = 0; i < d->n_workers; i++) {
		const struct sess_table *t = d->worker[i]->sess;

		out->sessions_max += t->max - t->spare;
		out->sessions_most += __atomic_load_n(&t->most, __ATOMIC_RELAXED);
		out->sessions += t->max - __atomic_load_n(&t->n_free, __ATOMIC_RELAXED);
		out->half_open += __atomic_load_n(&t->half_open, __ATOMIC_RELAXED);
		out->half_open += __atomic_load_n(&t->half_open_punts, __ATOMIC_RELAXED);
		out->punt_sessions += __atomic_load_n(&t->punts, __ATOMIC_RELAXED);
		out->xlates += __atomic_load_n(&d->worker[i]->xlate->n_live, __ATOMIC_RELAXED);
		out->xlates_most += __atomic_load_n(&d->worker[i]->xlate->most, __ATOMIC_RELAXED);
	}
	if (d->pool != NULL && d->datagrams != NULL) {
		out->buffers = d->pool->size + d->datagrams->size;
		out->buffers_in_use =
			rte_mempool_in_use_count(d->pool) + rte_mempool_in_use_count(d->datagrams);
	}
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t ask_deadline_ms(void)
{
	return clock_ms() + WAIT_MS;
}

// Takes the question back, unless the worker is writing an answer just now: that ends soon.
static bool withdraw(int *state)
{
	int asked = LISTING_ASKED;

	return __atomic_compare_exchange_n(
		state, &asked, LISTING_IDLE, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool ask_worker(int *state, uint64_t until_ms)
{
	static const struct timespec pause = {.tv_nsec = 100000};

	__atomic_store_n(state, LISTING_ASKED, __ATOMIC_RELEASE);
	while (__atomic_load_n(state, __ATOMIC_ACQUIRE) != LISTING_DONE) {
		if (clock_ms() >= until_ms && withdraw(state))
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

// The caller has filled in what is asked for.
static size_t listing_of(struct worker *w, size_t max, uint64_t until_ms)
{
	struct worker_listing *l = &w->listing;

	l->cursor = 0;
	l->max = max;
	l->n = 0;
	ask_worker(&l->state, until_ms); // or a part
	return l->n;
}

size_t dp_conns(const struct dp_conn_filter *f, enum dp_conns_do what, uint64_t *cursor,
	struct dp_conn *out, size_t max)
{
	const uint64_t until_ms = ask_deadline_ms();
	uint32_t slots = CONNS_PIECE;
	bool end = true;
	size_t n = 0;

	while (end && slots > 0 && *cursor >> 32 < dp_state.n_workers) {
		struct worker_listing *l = &dp_state.worker[*cursor >> 32]->listing;

		*l = (struct worker_listing){.cursor = (uint32_t)*cursor,
			.max = max - n,
			.conns = *f,
			.what = what,
			.out = what == DP_CONNS_LIST ? out + n : NULL,
			.slots = slots};
		ask_worker(&l->state, until_ms); // or a part
		n += l->n;
		slots = l->slots;
		end = l->end;
		*cursor = end ? ((*cursor >> 32) + 1) << 32 : (*cursor >> 32) << 32 | l->cursor;
	}
	if (*cursor >> 32 >= dp_state.n_workers)
		*cursor = DP_CONNS_THROUGH;
	return n;
}

size_t dp_xlates(const struct nat_filter *f, struct dp_xlate *out, size_t max)
{
	uint64_t until_ms = ask_deadline_ms();
	size_t n = 0;

	for (unsigned int i = 0; i < dp_state.n_workers && n < max; i++) {
		struct worker *w = dp_state.worker[i];

		w->listing.xlates = out + n;
		w->listing.filter = *f;
		n += listing_of(w, max - n, until_ms);
	}
	return n;
}

// Of all workers, since the start.
static struct nat_hit nat_sum(uint32_t id)
{
	struct nat_hit sum = {.id = id};

	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		const struct nat_hit *h = nat_hits_find(dp_state.worker[i]->nat_hits, id);

		if (h == NULL || __atomic_load_n(&h->id, __ATOMIC_ACQUIRE) != id)
			continue;
		for (unsigned int k = 0; k < NAT_HIT_KINDS; k++)
			sum.n[k] += __atomic_load_n(&h->n[k], __ATOMIC_RELAXED);
	}
	return sum;
}

void dp_nat_hits(uint32_t id, uint64_t *translated, uint64_t *untranslated)
{
	const struct nat_hit sum = nat_sum(id), *before = nat_hits_find(nat_cleared, id);
	const bool cleared = before != NULL && before->id == id;

	*translated = sum.n[NAT_TRANSLATED] - (cleared ? before->n[NAT_TRANSLATED] : 0);
	*untranslated = sum.n[NAT_UNTRANSLATED] - (cleared ? before->n[NAT_UNTRANSLATED] : 0);
}

void dp_nat_hits_clear(uint32_t id)
{
	const struct nat_hit sum = nat_sum(id);
	struct nat_hit *before = nat_hits_find(nat_cleared, id);

	if (before != NULL && (sum.n[NAT_TRANSLATED] > 0 || sum.n[NAT_UNTRANSLATED] > 0))
		*before = sum;
}

// Of all workers, since the start.
static struct dp_limit_stats limit_sum(uint32_t id)
{
	struct dp_limit_stats sum = {0};

	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		const struct conn_limit_class *c =
			conn_limit_class_of(dp_state.worker[i]->conn_limits->classes, id);

		if (c == NULL || __atomic_load_n(&c->id, __ATOMIC_ACQUIRE) != id)
			continue;
		sum.conns += __atomic_load_n(&c->conns, __ATOMIC_RELAXED);
		sum.embryonic += __atomic_load_n(&c->embryonic, __ATOMIC_RELAXED);
		for (unsigned int k = 0; k < DP_LIMITS_OF_CLASS; k++)
			sum.drops[k] += __atomic_load_n(&c->drops[k], __ATOMIC_RELAXED);
	}
	return sum;
}

void dp_limit_stats(uint32_t id, struct dp_limit_stats *out)
{
	const struct conn_limit_class *c = conn_limit_class_of(limits_cleared, id);

	*out = limit_sum(id);
	for (unsigned int k = 0; c != NULL && c->id == id && k < DP_LIMITS_OF_CLASS; k++)
		out->drops[k] -= c->drops[k];
}

void dp_limit_clear(uint32_t id)
{
	const struct dp_limit_stats sum = limit_sum(id);
	struct conn_limit_class *c = conn_limit_class_of(limits_cleared, id);

	if (c == NULL)
		return;
	c->id = id;
	memcpy(c->drops, sum.drops, sizeof(c->drops));
}

const char *dp_version(void)
{
	return rte_version();
}

const char *dp_srtp_engine(void)
{
	return rtpsec_engine_name();
}
