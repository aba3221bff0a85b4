// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Makes and unmakes workers; see dp/worker_ctl.h. Called by dp/dp.c and by tests.
#include "dp/worker_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>

#include "dp/acl_hits.h"
#include "dp/acl_log.h"
#include "dp/capture.h"
#include "dp/conn_limit.h"
#include "dp/frag.h"
#include "dp/icmp.h"
#include "dp/nat_hits.h"
#include "dp/owners.h"
#include "dp/punt.h"
#include "dp/route.h"
#include "dp/secret.h"
#include "dp/sess.h"
#include "dp/sess_table.h"
#include "dp/xlate.h"

#define MSG_RING     1024
#define PUNT_RING    1024
#define ACL_LOG_RING 512
#define HANDOFF_RING 1024
#define LARGE_PAGE   ((size_t)2 << 20)
// SPSC, and burst operations at both ends.
#define RING_FLAGS (RING_F_SP_ENQ | RING_F_SC_DEQ)

static struct rte_hash *hash_new(
	const char *what, unsigned int id, uint32_t entries, uint32_t key_len, uint32_t seed)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters p = {
		.name = name,
		.entries = RTE_MAX(entries, 8u), // rte_hash makes none smaller than a bucket
		.key_len = key_len,
		.hash_func = rte_jhash,
		.hash_func_init_val = seed,
		.socket_id = SOCKET_ID_ANY,
		// Else some of the last keys find both their buckets full.
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(name, sizeof(name), "%s%u", what, id);
	return rte_hash_create(&p);
}

static void sess_free(struct sess_table *t)
{
	if (t == NULL)
		return;
	rte_free(t->buckets);
	rte_free(t->slots);
	rte_free(t->carried);
	rte_free(t->free);
	rte_free(t);
}

// Sessions of the control plane that always have room, whatever else fills the table: for those that are
// half-open, a SYN flood as strong as the budgets of dp/punt.c let it be; and for those that are up.
static uint32_t spare_of(uint32_t sessions)
{
	return RTE_MIN(sessions / 4, 16384u);
}

// Zeros. Where there are no hugepages, EAL's memory is a file, which the kernel keeps in small pages; so what is read
// at random lies in memory of its own there, which it may keep in large ones (transparent_hugepage: madvise or
// always).
static void *table_new(const char *what, size_t size)
{
	uint8_t *t, *large;
	size_t whole;

	if (rte_eal_has_hugepages() || size < 2 * LARGE_PAGE)
		return rte_zmalloc(what, size, RTE_CACHE_LINE_SIZE);
	t = rte_malloc(what, size, LARGE_PAGE);
	if (t == NULL)
		return NULL;
	whole = RTE_ALIGN_FLOOR(size, LARGE_PAGE);
	// In the place of the file's, of which none has been touched.
	large = mmap(
		t, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (large == MAP_FAILED) {
		rte_free(t);
		return NULL;
	}
	madvise(large, whole, MADV_HUGEPAGE); // a wish
	memset(t + whole, 0, size - whole);
	return t;
}

static struct sess_table *sess_new(uint32_t sessions, const uint64_t secret[SESS_SECRETS])
{
	const uint32_t max = sessions + spare_of(sessions);
	const size_t buckets =
		sess_table_buckets(sessions); // the spare ones fit, with one key each
	struct sess_table *t = rte_zmalloc("sess", sizeof(*t), RTE_CACHE_LINE_SIZE);

	if (t == NULL)
		return NULL;
	t->max = t->n_free = max;
	t->spare = max - sessions;
	t->bucket_mask = (uint32_t)buckets - 1;
	t->buckets = table_new("sess", buckets * sizeof(*t->buckets));
	t->slots = table_new("sess", max * sizeof(*t->slots));
	t->carried = table_new("sess", max * sizeof(*t->carried));
	t->free = rte_malloc("sess", max * sizeof(*t->free), RTE_CACHE_LINE_SIZE);
	if (t->buckets == NULL || t->slots == NULL || t->carried == NULL || t->free == NULL) {
		sess_free(t);
		return NULL;
	}
	for (uint32_t i = 0; i < max; i++)
		t->free[i] = max - 1 - i;
	memcpy(t->secret, secret, sizeof(t->secret));
	return t;
}

static void neigh_free(struct neigh_table *t)
{
	if (t == NULL)
		return;
	for (unsigned int u = 0; u < NEIGH_URGENCIES; u++)
		for (unsigned int i = 0; i < t->holding[u].n; i++)
			rte_pktmbuf_free(t->holding[u].at[i].m);
	rte_hash_free(t->hash);
	rte_free(t->at);
	rte_free(t);
}

static struct neigh_table *neigh_new(unsigned int worker, uint32_t seed)
{
	struct neigh_table *t = rte_zmalloc("neigh", sizeof(*t), RTE_CACHE_LINE_SIZE);

	if (t == NULL)
		return NULL;
	t->seed = seed;
	t->hash = hash_new("neigh", worker, NEIGH_MAX, sizeof(struct neigh_key), seed);
	if (t->hash != NULL)
		t->n = RTE_MIN((uint32_t)rte_hash_max_key_id(t->hash) + 1, NEIGH_NUMBERS_MAX);
	t->at = rte_zmalloc("neigh", t->n * sizeof(*t->at), RTE_CACHE_LINE_SIZE);
	if (t->hash == NULL || t->at == NULL) {
		neigh_free(t);
		return NULL;
	}
	return t;
}

static size_t syn_again_size(unsigned int n_workers)
{
	return sizeof(struct syn_again) + syn_again_places(n_workers) * sizeof(uint32_t);
}

static void punt_free(struct punt_state *s)
{
	if (s != NULL)
		rte_free(s->again);
	rte_free(s);
}

static struct punt_state *punt_new(unsigned int n_workers, uint32_t seed)
{
	struct punt_state *s = rte_zmalloc("punt", sizeof(*s), RTE_CACHE_LINE_SIZE);

	if (s == NULL)
		return NULL;
	s->rate = punt_rates(n_workers);
	s->seed = seed;
	s->again = rte_zmalloc("syn_again", syn_again_size(n_workers), RTE_CACHE_LINE_SIZE);
	if (s->again == NULL) {
		punt_free(s);
		return NULL;
	}
	s->again->mask = syn_again_places(n_workers) - 1;
	return s;
}

static struct icmp_state *icmp_new(unsigned int n_workers, uint32_t seed)
{
	struct icmp_state *s = rte_zmalloc("icmp", sizeof(*s), RTE_CACHE_LINE_SIZE);

	if (s == NULL)
		return NULL;
	s->rate = icmp_rates(n_workers);
	s->seed = seed;
	return s;
}

static struct rte_ring *ring_new(const char *what, unsigned int a, unsigned int b, unsigned int n)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s%u_%u", what, a, b);
	return rte_ring_create(name, n, SOCKET_ID_ANY, RING_FLAGS);
}

static struct rte_ring *msg_ring_new(const char *what, unsigned int id)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s%u", what, id);
	return rte_ring_create_elem(
		name, sizeof(struct dp_msg), MSG_RING, SOCKET_ID_ANY, RING_FLAGS);
}

size_t worker_memory(unsigned int n_workers, uint32_t sessions)
{
	const uint32_t slots = sessions + spare_of(sessions);

	return (n_workers > 1 ? owners_size(sessions) : 0) +
		slots * (sizeof(struct sess) + sizeof(struct sess_carried) + sizeof(uint32_t)) +
		(size_t)sess_table_buckets(sessions) * sizeof(struct sess_bucket) +
		xlate_memory(sessions + 1) + sizeof(struct conn_limits) + syn_again_size(n_workers);
}

static struct acl_log *acl_log_new(unsigned int id, unsigned int n_workers)
{
	struct acl_log *l = rte_zmalloc("acl_log", sizeof(*l), RTE_CACHE_LINE_SIZE);
	char name[RTE_RING_NAMESIZE];

	if (l == NULL)
		return NULL;
	snprintf(name, sizeof(name), "acl_log%u", id);
	l->rate = acl_log_rate(n_workers);
	l->ring = rte_ring_create_elem(
		name, sizeof(struct dp_acl_log), ACL_LOG_RING, SOCKET_ID_ANY, RING_FLAGS);
	if (l->ring != NULL)
		return l;
	rte_free(l);
	return NULL;
}

static void acl_log_free(struct acl_log *l)
{
	if (l == NULL)
		return;
	rte_ring_free(l->ring);
	rte_free(l);
}

// Each table has a seed of its own: what collides in one need not in another.
struct seeds {
	uint64_t sess[SESS_SECRETS];
	uint64_t steer, neigh, punt, icmp, xlate, limits;
	uint64_t ipid[1 + IPID_TURNS * sizeof(uint16_t) / sizeof(uint64_t)];
};

static int seeds_make(struct seeds *s, uint64_t seed)
{
	const struct {
		enum secret what;
		uint64_t *out;
		size_t n;
	} all[] = {
		{SECRET_STEER, &s->steer, 1},
		{SECRET_SESS, s->sess, RTE_DIM(s->sess)},
		{SECRET_NEIGH, &s->neigh, 1},
		{SECRET_PUNT, &s->punt, 1},
		{SECRET_ICMP, &s->icmp, 1},
		{SECRET_XLATE, &s->xlate, 1},
		{SECRET_LIMITS, &s->limits, 1},
		{SECRET_IPID, s->ipid, RTE_DIM(s->ipid)},
	};
	int err = 0;

	for (size_t i = 0; i < RTE_DIM(all) && err == 0; i++)
		err = secret_words(seed, all[i].what, all[i].out, all[i].n);
	return err;
}

struct worker *worker_new(unsigned int id, unsigned int n_workers, uint32_t sessions, uint64_t seed)
{
	struct worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);
	struct seeds s;

	if (w == NULL)
		return NULL;
	if (seeds_make(&s, seed) != 0) {
		rte_free(w);
		return NULL;
	}
	w->id = id;
	w->n_workers = n_workers;
	w->steer = (struct handoff_key){.seed = (uint32_t)s.steer, .n_workers = n_workers};
	w->count = rte_zmalloc("count", sizeof(*w->count), RTE_CACHE_LINE_SIZE);
	w->hits = acl_hits_new(id);
	w->acl_log = acl_log_new(id, n_workers);
	w->ipid.seed = (uint32_t)s.ipid[0];
	memcpy(w->ipid.turn, &s.ipid[1], sizeof(w->ipid.turn));
	w->sess = sess_new(sessions, s.sess);
	w->neigh = neigh_new(id, (uint32_t)s.neigh);
	// One more than sessions: it is a session that a full table has no room for.
	w->xlate = xlate_new(id, n_workers, sessions + 1, (uint32_t)s.xlate);
	w->nat_hits =
		rte_zmalloc("nat_hits", NAT_HITS_SLOTS * sizeof(*w->nat_hits), RTE_CACHE_LINE_SIZE);
	w->conn_limits = rte_zmalloc("limits", sizeof(*w->conn_limits), RTE_CACHE_LINE_SIZE);
	if (w->conn_limits != NULL)
		w->conn_limits->seed = (uint32_t)s.limits;
	w->punt = punt_new(n_workers, (uint32_t)s.punt);
	w->icmp = icmp_new(n_workers, (uint32_t)s.icmp);
	w->msg_down = msg_ring_new("msg_down", id);
	w->msg_up = msg_ring_new("msg_up", id);
	w->punt_down = ring_new("punt_down", id, 0, PUNT_RING);
	w->punt_up = ring_new("punt_up", id, 0, PUNT_RING);
	if (w->count != NULL && w->hits != NULL && w->sess != NULL && w->neigh != NULL &&
		w->punt != NULL && w->icmp != NULL && w->xlate != NULL && w->nat_hits != NULL &&
		w->conn_limits != NULL && w->acl_log != NULL && w->msg_down != NULL &&
		w->msg_up != NULL && w->punt_down != NULL && w->punt_up != NULL)
		return w;
	worker_free(w);
	return NULL;
}

static struct owners *owners_new(uint32_t sessions)
{
	const size_t size = owners_size(sessions);
	struct owners *o = rte_zmalloc("owners", size, RTE_CACHE_LINE_SIZE);

	if (o != NULL)
		o->mask = (uint32_t)((size - sizeof(*o)) / sizeof(o->set[0])) - 1;
	return o;
}

int worker_mesh(struct worker *const w[], unsigned int n)
{
	for (unsigned int from = 0; from < n; from++) {
		if (n > 1)
			w[from]->owners = owners_new(w[from]->sess->max - w[from]->sess->spare);
		if (n > 1 && w[from]->owners == NULL)
			return -ENOMEM;
		for (unsigned int to = 0; to < n; to++) {
			struct rte_ring *r;

			if (from == to)
				continue;
			r = ring_new("handoff", from, to, HANDOFF_RING);
			if (r == NULL)
				return -ENOMEM;
			w[from]->handoff_out[to] = w[to]->handoff_in[from] = r;
		}
	}
	return 0;
}

static void ring_drain(struct rte_ring *r)
{
	void *m;

	while (r != NULL && rte_ring_sc_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(r);
}

void worker_free(struct worker *w)
{
	for (unsigned int from = 0; from < w->n_workers; from++)
		ring_drain(w->handoff_in[from]);
	ring_drain(w->punt_down);
	ring_drain(w->punt_up);
	capture_free(w);
	rte_ring_free(w->msg_down);
	rte_ring_free(w->msg_up);
	frag_free(w->frag);
	sess_free(w->sess);
	rte_free(w->owners);
	xlate_free(w->xlate);
	rte_free(w->nat_hits);
	rte_free(w->conn_limits);
	neigh_free(w->neigh);
	punt_free(w->punt);
	rte_free(w->icmp);
	acl_hits_free(w->id);
	acl_log_free(w->acl_log);
	rte_free(w->count);
	rte_free(w);
}
