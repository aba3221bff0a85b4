// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// The data plane's front door, dp/dp.h: start and stop, rules, messages, punted frames.
#include "dp/dp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "dp/acl_log.h"
#include "dp/dp_state.h"
#include "dp/eal.h"
#include "dp/frag.h"
#include "dp/handoff.h"
#include "dp/media_ctl.h"
#include "dp/parse.h"
#include "dp/snapshot.h"
#include "dp/worker_ctl.h"

#define SESSIONS_MIN 8 // per worker
#define ROOM_SPARE   8 // a part of what tables take more than is known

struct dp_state dp_state;

static int fail(int code, char *err, size_t err_size, const char *text)
{
	snprintf(err, err_size, "%s: %s", text, strerror(-code));
	return code;
}

// Of each worker.
static uint32_t sessions_of(const struct dp_options *o)
{
	return RTE_MAX(o->sessions_max / o->n_workers, (unsigned int)SESSIONS_MIN);
}

static int workers_make(const struct dp_options *o)
{
	uint32_t share = sessions_of(o);
	struct media_worker *media[WORKERS_MAX] = {NULL};
	struct dp_state *d = &dp_state;
	uint64_t seed;
	int bad;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -errno;
	for (unsigned int i = 0; i < o->n_workers; i++) {
		d->worker[i] = worker_new(i, o->n_workers, share, seed);
		if (d->worker[i] == NULL)
			return -ENOMEM;
		d->steer = d->worker[i]->steer;
		d->n_workers++;
		d->worker[i]->frag = frag_new(o->ifaces, o->n_ifaces, o->n_workers, d->datagrams);
		if (d->worker[i]->frag == NULL)
			return -ENOMEM;
	}
	bad = worker_mesh(d->worker, d->n_workers);
	if (bad == 0)
		bad = media_ctl_start(d->n_workers, o->streams_max,
			rtpsec_tier_of(o->srtp_engine != NULL ? o->srtp_engine : "auto"), media);
	if (bad != 0)
		return bad;
	d->media_up = true;
	for (unsigned int i = 0; i < d->n_workers; i++)
		d->worker[i]->media = media[i];
	return 0;
}

static void worker_plug(struct worker *w, const struct dp_options *o)
{
	const struct dp_state *d = &dp_state;

	w->pool = d->pool;
	w->poll_adaptive = o->poll_adaptive;
	w->thread_start = o->thread_start;
	w->n_ifaces = d->n_ports;
	for (unsigned int i = 0; i < d->n_ports; i++) {
		w->port[i] = d->port[i].id;
		w->mtu[i] = o->ifaces[i].mtu != 0 ? o->ifaces[i].mtu : RTE_ETHER_MTU;
		rte_eth_macaddr_get(d->port[i].id, &w->mac[i]);
		w->vlan[i] = o->ifaces[i].vlan;
		w->by_tag[i] = d->port[i].by_tag;
		w->judges_l4[i] = d->port[i].judges_l4;
		if (d->port[i].lent)
			continue;
		for (uint16_t q = 0; q < d->port[i].rx_queues; q++)
			if (q % d->port[i].pollers == w->id)
				w->rxq[w->n_rxq++] =
					(struct worker_rxq){(uint16_t)i, q, d->port[i].by_tag};
	}
}

// Until the thread runs, or has failed to shed its privileges.
static int worker_wait(const struct worker *w)
{
	int running;

	while ((running = __atomic_load_n(&w->running, __ATOMIC_ACQUIRE)) == 0)
		rte_delay_us_sleep(100);
	return running < 0 ? running : 0;
}

static int workers_launch(const struct dp_options *o)
{
	struct dp_state *d = &dp_state;

	for (unsigned int i = 0; i < d->n_workers; i++) {
		worker_plug(d->worker[i], o);
		if (rte_eal_remote_launch(worker_main, d->worker[i], eal_worker_lcore(i)) != 0)
			return -EBUSY;
		d->n_running++;
	}
	for (unsigned int i = 0; i < d->n_workers; i++) {
		int bad = worker_wait(d->worker[i]);

		if (bad != 0)
			return bad;
	}
	return 0;
}

// What to do about an error of workers_make(); those of rtpsec_init() have codes of their own.
static const char *why_no_workers(int bad)
{
	switch (bad) {
	case -EPERM:
		return "memory for SRTP keys cannot be locked (start with CAP_IPC_LOCK, raise "
		       "RLIMIT_MEMLOCK or lower media-streams-max)";
	case -ENOTSUP:
		return "this processor cannot do the configured srtp-engine (auto takes the best)";
	case -EIO:
		return "the SRTP engine calculates wrongly";
	default:
		return "workers do not start (raise memory-mb or lower sessions-max)";
	}
}

// Of memory-mb, octets that nobody has taken yet.
static size_t room_left(const struct dp_options *o)
{
	const size_t all = (size_t)o->memory_mb << 20;
	struct rte_malloc_socket_stats s;
	size_t taken = 0;

	for (unsigned int i = 0; i < rte_socket_count(); i++)
		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &s) == 0)
			taken += s.heap_allocsz_bytes;
	return all > taken ? all - taken : 0;
}

// Says what sessions-max takes, where that is more than the room that there was. False: it was not that.
static bool why_no_room(const struct dp_options *o, size_t room, char *err, size_t err_size)
{
	const size_t need = o->n_workers * worker_memory(o->n_workers, sessions_of(o));
	const size_t more = need + need / ROOM_SPARE;
	// However few sessions there are.
	const size_t least = RTE_MIN(o->n_workers * worker_memory(o->n_workers, 0), room);

	if (more <= room)
		return false;
	snprintf(err, err_size,
		"sessions-max: found %u, whose tables take about %zu MB; expected no more than the "
		"%zu MB that packet buffers leave of memory-mb %u: raise memory-mb to %zu, or "
		"lower "
		"sessions-max to %zu",
		o->sessions_max, need >> 20, room >> 20, o->memory_mb,
		o->memory_mb + ((more - room) >> 20) + 1,
		(size_t)((double)o->sessions_max * (double)(room - least) / (double)(more - least) /
			2));
	return true;
}

// One port, for the first interface that has the device and for those that share it.
static int port_open(const struct dp_options *o, unsigned int i, char *err, size_t err_size)
{
	const struct dp_iface_options all = eal_port_options(o, i);
	const unsigned int first = eal_port_first(o, i);
	struct eal_port *p = dp_state.port;

	if (first == i) {
		p[i].by_tag = all.vlan != 0;
		return eal_port_open(&p[i], &all, o->n_workers, dp_state.pool, err, err_size);
	}
	p[i] = p[first];
	p[i].lent = true;
	return 0;
}

int dp_start(const struct dp_options *o, char *err, size_t err_size)
{
	struct dp_state *d = &dp_state;
	size_t room;
	int bad = eal_open(o, err, err_size);

	if (bad != 0)
		return bad;
	d->up = true;
	d->pool = eal_pool(o, sizeof(struct pkt), err, err_size);
	if (d->pool == NULL) {
		bad = -ENOMEM;
		goto out;
	}
	d->datagrams = frag_pool(o->ifaces, o->n_ifaces, o->n_workers);
	if (d->datagrams == NULL) {
		bad = fail(-ENOMEM, err, err_size,
			"no room for datagrams in fragments (raise memory-mb or lower the size of "
			"fragment)");
		goto out;
	}
	for (unsigned int i = 0; i < o->n_ifaces; i++) {
		bad = port_open(o, i, err, err_size);
		if (bad != 0)
			goto out;
		d->n_ports++;
	}
	bad = snapshot_open(o->n_workers, o->n_ifaces);
	room = room_left(o);
	if (bad == 0)
		bad = workers_make(o);
	if (bad == 0)
		bad = workers_launch(o);
	if (bad == 0)
		return 0;
	if (bad != -ENOMEM || !why_no_room(o, room, err, err_size))
		fail(bad, err, err_size, why_no_workers(bad));
out:
	dp_stop();
	return bad;
}

void dp_stop(void)
{
	struct dp_state *d = &dp_state;

	for (unsigned int i = 0; i < d->n_running; i++)
		__atomic_store_n(&d->worker[i]->stop, 1, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < d->n_running; i++)
		rte_eal_wait_lcore(eal_worker_lcore(i));
	if (d->media_up)
		media_ctl_stop();
	for (unsigned int i = 0; i < d->n_workers; i++)
		worker_free(d->worker[i]);
	snapshot_close();
	for (unsigned int i = 0; i < d->n_ports; i++)
		if (!d->port[i].lent)
			eal_port_close(d->port[i].id);
	rte_mempool_free(d->datagrams);
	rte_mempool_free(d->pool);
	if (d->up)
		eal_close();
	*d = (struct dp_state){0};
}

int dp_iface_mac(uint16_t iface, uint8_t mac[6])
{
	struct rte_ether_addr a;
	int bad;

	if (iface >= dp_state.n_ports)
		return -ENODEV;
	bad = rte_eth_macaddr_get(dp_state.port[iface].id, &a);
	if (bad == 0)
		memcpy(mac, a.addr_bytes, sizeof(a.addr_bytes));
	return bad;
}

int dp_apply(const struct dp_rules *r, char *err, size_t err_size)
{
	return snapshot_apply(r, dp_state.n_ports, err, err_size);
}

// ---- Messages ----------------------------------------------------------------------------------

static int send_to_all(const struct dp_msg *m)
{
	struct dp_state *d = &dp_state;

	// This thread alone enqueues, so room that is there now stays.
	for (unsigned int i = 0; i < d->n_workers; i++)
		if (rte_ring_full(d->worker[i]->msg_down))
			return -ENOBUFS;
	for (unsigned int i = 0; i < d->n_workers; i++)
		rte_ring_sp_enqueue_elem(d->worker[i]->msg_down, (void *)(uintptr_t)m, sizeof(*m));
	return 0;
}

static int send_media(const struct dp_msg *m)
{
	struct dp_state *d = &dp_state;
	struct dp_msg without_keys = {.version = DP_MSG_VERSION};
	unsigned int owner = 0;
	int bad;

	// Any ring that is full may be the owner's.
	for (unsigned int i = 0; i < d->n_workers; i++)
		if (rte_ring_full(d->worker[i]->msg_down))
			return -ENOBUFS;
	bad = media_ctl_send(m, &without_keys, &owner);
	if (bad != 0)
		return bad;
	rte_ring_sp_enqueue_elem(d->worker[owner]->msg_down, &without_keys, sizeof(without_keys));
	return 0;
}

int dp_send(const struct dp_msg *m)
{
	if (m->version != DP_MSG_VERSION)
		return -EPROTO;
	switch (m->type) {
	case DP_MSG_NEIGH_SET:
	case DP_MSG_NEIGH_DEL:
		return m->neigh.iface < dp_state.n_ports ? send_to_all(m) : -EINVAL;
	case DP_MSG_TRUST_SET:
	case DP_MSG_TRUST_DEL:
		return m->trust.iface < dp_state.n_ports ? send_to_all(m) : -EINVAL;
	case DP_MSG_CAPTURE_SET:
	case DP_MSG_CAPTURE_DEL:
		return m->capture.id < DP_CAPTURES_MAX ? send_to_all(m) : -EINVAL;
	case DP_MSG_XLATE_CLEAR:
		return send_to_all(m);
	case DP_MSG_MEDIA_SET:
	case DP_MSG_MEDIA_DEL:
	case DP_MSG_MEDIA_TICK:
		return send_media(m);
	}
	return -EINVAL;
}

int dp_recv(struct dp_msg *m)
{
	struct dp_state *d = &dp_state;

	snapshot_reclaim();
	capture_reap();
	for (unsigned int i = 0; i < d->n_workers; i++) {
		struct worker *w = d->worker[d->recv_next++ % d->n_workers];

		if (rte_ring_sc_dequeue_elem(w->msg_up, m, sizeof(*m)) != 0)
			continue;
		if (m->type == DP_MSG_MEDIA_GONE)
			media_ctl_recv(m);
		return 1;
	}
	return 0;
}

int dp_acl_log_recv(struct dp_acl_log *out)
{
	const struct dp_state *d = &dp_state;

	for (unsigned int i = 0; i < d->n_workers; i++)
		if (rte_ring_sc_dequeue_elem(d->worker[i]->acl_log->ring, out, sizeof(*out)) == 0)
			return 1;
	return 0;
}

// ---- Punt --------------------------------------------------------------------------------------

static struct rte_mbuf *punt_next(void)
{
	struct dp_state *d = &dp_state;
	void *m;

	for (unsigned int i = 0; i < d->n_workers; i++) {
		struct worker *w = d->worker[d->punt_next % d->n_workers];

		if (rte_ring_sc_dequeue(w->punt_up, &m) == 0)
			return m;
		d->punt_next++;
	}
	return NULL;
}

size_t dp_punt_recv(void *buf, size_t size, uint16_t *iface)
{
	struct rte_mbuf *m;

	while ((m = punt_next()) != NULL) {
		size_t len = rte_pktmbuf_data_len(m);

		*iface = pkt_of(m)->iface_in;
		if (len <= size)
			memcpy(buf, rte_pktmbuf_mtod(m, void *), len);
		rte_pktmbuf_free(m);
		if (len <= size)
			return len;
		counter_add(&dp_state.count, DROP_PUNT_TOO_BIG, 1);
	}
	return 0;
}

static void flow_turn(struct flow *f)
{
	struct endpoint src = f->src;

	f->src = f->dst;
	f->dst = src;
}

int dp_punt_send(uint16_t iface, const void *frame, size_t len)
{
	struct dp_state *d = &dp_state;
	struct rte_mbuf *m;
	struct pkt *p;
	enum dp_counter_id bad;
	unsigned int owner;

	if (iface >= d->n_ports)
		return -ENODEV;
	m = rte_pktmbuf_alloc(d->pool);
	if (m == NULL || len > rte_pktmbuf_tailroom(m)) {
		counter_add(&d->count, m == NULL ? DROP_NO_BUFFER : DROP_PUNT_TOO_BIG, 1);
		rte_pktmbuf_free(m);
		return m == NULL ? -ENOBUFS : -EMSGSIZE;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	bad = parse_frame(m, NULL);
	if (bad != PASS) {
		counter_add(&d->count, bad, 1);
		rte_pktmbuf_free(m);
		return -EPROTONOSUPPORT;
	}
	p = pkt_of(m);
	p->iface_in = iface;
	// As its answer will arrive: both must meet in one worker. An error's is turned already.
	if (p->kind == PKT_FLOW)
		flow_turn(&p->flow);
	owner = handoff_owner(&d->steer, snapshot_root.current, iface, &p->flow);
	if (rte_ring_sp_enqueue(d->worker[owner]->punt_down, m) == 0)
		return 0;
	counter_add(&d->count, DROP_PUNT_FULL, 1);
	rte_pktmbuf_free(m);
	return -ENOBUFS;
}
