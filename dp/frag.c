// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The fragment stage; see dp/frag.h. Called between parse and steer, and for fragments that another
// worker handed over.
#include "dp/frag.h"

#include <rte_jhash.h>

#include "dp/parse.h"

// The most that a turn spends on what has waited too long, by interface.
#define AGE_ENTRIES_MAX 32

#define WORDS(type) (sizeof(type) / sizeof(uint32_t))

// What a verdict of lib/frag.h is to whoever reads the counters.
static const uint16_t reasons[] = {
	[FRAG_DUPLICATE] = DROP_FRAG_DUPLICATE,
	[FRAG_MALFORMED] = DROP_IP_FRAGMENT,
	[FRAG_TINY] = DROP_FRAG_TINY,
	[FRAG_LONG] = DROP_FRAG_LONG,
	[FRAG_OVERLAP] = DROP_FRAG_OVERLAP,
	[FRAG_ENDS] = DROP_FRAG_OVERLAP,
	[FRAG_MANY] = DROP_FRAG_CHAIN,
};

static struct frag_key key_of(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	return (struct frag_key){
		.src = p->flow.src.ip,
		.dst = p->flow.dst.ip,
		.id = pkt_ipv4(m)->packet_id,
		.iface = p->iface_in,
		.proto = p->flow.proto,
	};
}

static struct frag_piece piece_of(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const uint16_t bits = rte_be_to_cpu_16(pkt_ipv4(m)->fragment_offset);

	return (struct frag_piece){
		.offset = (uint16_t)((bits & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS),
		.len = (uint16_t)(rte_pktmbuf_data_len(m) - p->l4),
		.more = bits & RTE_IPV4_HDR_MF_FLAG,
		.proto = p->flow.proto,
	};
}

// ---- Entries -----------------------------------------------------------------------------------

static struct frag_entry *entry_find(struct frag_table *t, const struct frag_key *k, uint32_t hash)
{
	uint32_t at = t->bucket[hash % FRAG_BUCKETS];

	while (at != 0 && memcmp(&t->entry[at - 1].key, k, sizeof(*k)) != 0)
		at = t->entry[at - 1].next;
	return at != 0 ? &t->entry[at - 1] : NULL;
}

static uint32_t hash_of(const struct worker *w, const struct frag_key *k)
{
	return rte_jhash_32b((const uint32_t *)k, WORDS(*k), w->steer.seed);
}

static uint16_t source_of(const struct worker *w, const struct frag_key *k)
{
	return rte_jhash_32b((const uint32_t *)&k->src, WORDS(k->src), w->steer.seed) %
		FRAG_SOURCES;
}

static void entry_close(struct worker *w, struct frag_entry *e)
{
	struct frag_table *t = w->frag;
	struct frag_source *s = &t->source[e->key.iface][e->source];
	const uint32_t place = (uint32_t)(e - t->entry);
	uint32_t *at = &t->bucket[hash_of(w, &e->key) % FRAG_BUCKETS];

	while (*at != place + 1)
		at = &t->entry[*at - 1].next;
	*at = e->next;
	t->limit[e->key.iface].waiting--;
	TAILQ_REMOVE(&t->limit[e->key.iface].queue, e, by_iface);
	s->waiting--;
	TAILQ_REMOVE(&s->queue, e, by_source);
	e->m = NULL;
	t->free[t->n_free++] = place;
}

static void datagram_end(struct rte_mbuf *m, uint16_t octets)
{
	m->data_len = (uint16_t)(pkt_of(m)->l4 + octets);
	m->pkt_len = m->data_len;
}

// All that has come of a datagram goes nowhere: each fragment is one packet less.
static void datagram_drop(
	struct worker *w, struct rte_mbuf *m, const struct frag_chain *c, enum dp_counter_id reason)
{
	if (c->n == 0) {
		pkt_free(w, m, PASS);
		return;
	}
	datagram_end(m, c->end);
	count_add(w, reason, c->n - 1u);
	pkt_drop(w, m, reason);
}

static void entry_refuse(struct worker *w, struct frag_entry *e, enum dp_counter_id reason)
{
	datagram_drop(w, e->m, &e->chain, reason);
	e->m = NULL;
	e->refused = (uint16_t)reason;
}

static void entry_end(struct worker *w, struct frag_entry *e, enum dp_counter_id reason)
{
	if (e->refused == PASS)
		datagram_drop(w, e->m, &e->chain, reason);
	entry_close(w, e);
}

// A place for a datagram, if need be that of the one which has waited longest: of its own source, so that nobody
// pushes out others by being loud; or of all on the interface.
static struct frag_entry *entry_take(
	struct worker *w, const struct frag_limit *l, const struct frag_source *s)
{
	struct frag_table *t = w->frag;

	if (s->waiting >= l->share)
		entry_end(w, TAILQ_FIRST(&s->queue), DROP_FRAG_SOURCE);
	else if (l->waiting >= l->size)
		entry_end(w, TAILQ_FIRST(&l->queue), DROP_FRAG_FULL);
	return &t->entry[t->free[--t->n_free]]; // there are as many as all interfaces allow
}

// Those that gave way in this burst hold theirs until they are freed together.
static struct rte_mbuf *buffer_take(struct worker *w)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->frag->pool);

	if (likely(m != NULL))
		return m;
	worker_free_dropped(w);
	return rte_pktmbuf_alloc(w->frag->pool);
}

// NULL: no buffer.
static struct frag_entry *entry_open(struct worker *w, const struct frag_key *k, uint32_t hash)
{
	struct frag_table *t = w->frag;
	struct frag_limit *l = &t->limit[k->iface];
	const uint16_t source = source_of(w, k);
	struct frag_source *s = &t->source[k->iface][source];
	uint32_t *head = &t->bucket[hash % FRAG_BUCKETS];
	struct rte_mbuf *m = buffer_take(w);
	struct frag_entry *e;

	if (m == NULL)
		return NULL;
	e = entry_take(w, l, s);
	e->key = *k;
	e->m = m;
	e->since_ns = w->now_ns;
	e->next = *head;
	e->refused = PASS;
	e->source = source;
	e->size = 0;
	e->dont = false;
	e->chain.total = e->chain.have = e->chain.end = e->chain.n = 0;
	*head = (uint32_t)(e - t->entry) + 1;
	l->waiting++;
	TAILQ_INSERT_TAIL(&l->queue, e, by_iface);
	s->waiting++;
	TAILQ_INSERT_TAIL(&s->queue, e, by_source);
	return e;
}

// ---- Fragments ---------------------------------------------------------------------------------

// The header of the first fragment is the datagram's; until that comes, any will do.
static void head_copy(struct rte_mbuf *to, struct rte_mbuf *from)
{
	const struct pkt *p = pkt_of(from);

	to->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM + FRAG_HEAD - p->l4);
	memcpy(rte_pktmbuf_mtod(to, void *), rte_pktmbuf_mtod(from, void *), p->l4);
	*pkt_of(to) = *p;
}

static void piece_copy(struct frag_entry *e, struct rte_mbuf *m, const struct frag_piece *p)
{
	const uint8_t l3 = pkt_of(m)->l3, l4 = pkt_of(m)->l4;

	if (p->offset == 0 || e->chain.n == 1)
		head_copy(e->m, m);
	memcpy((uint8_t *)e->m->buf_addr + RTE_PKTMBUF_HEADROOM + FRAG_HEAD + p->offset,
		rte_pktmbuf_mtod_offset(m, void *, l4), p->len);
	e->size = RTE_MAX(e->size, (uint16_t)(rte_pktmbuf_data_len(m) - l3));
	e->dont |= (pkt_ipv4(m)->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0;
}

// The datagram as one packet, or NULL when no host would have sent it.
static struct rte_mbuf *entry_finish(struct worker *w, struct frag_entry *e)
{
	struct rte_mbuf *m = e->m;
	struct rte_ipv4_hdr *ip = pkt_ipv4(m);
	enum dp_counter_id bad;

	datagram_end(m, e->chain.total);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(rte_pktmbuf_data_len(m) - pkt_of(m)->l3));
	ip->fragment_offset = e->dont ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	pkt_of(m)->fragment_size = e->size;
	bad = parse_datagram(m);
	if (bad != PASS) {
		datagram_drop(w, m, &e->chain, bad);
		m = NULL;
	} else {
		count_add(w, COUNT_REASSEMBLED, 1);
	}
	entry_close(w, e);
	return m;
}

// Takes a fragment that this worker owns. The datagram, if that makes it whole.
static struct rte_mbuf *frag_take(
	struct worker *w, struct rte_mbuf *m, const struct frag_key *k, uint32_t hash)
{
	const struct frag_piece piece = piece_of(m);
	enum frag_verdict v = frag_judge(&piece);
	struct frag_entry *e = entry_find(w->frag, k, hash);
	enum dp_counter_id bad = PASS;

	if (e != NULL)
		bad = e->refused;
	else if (v != FRAG_HELD)
		bad = reasons[v];
	else if ((e = entry_open(w, k, hash)) == NULL)
		bad = DROP_NO_BUFFER;
	if (bad != PASS) {
		pkt_drop(w, m, bad);
		return NULL;
	}
	if (v == FRAG_HELD && (uint32_t)piece.offset + piece.len > w->frag->room)
		v = FRAG_LONG;
	if (v == FRAG_HELD)
		v = frag_add(&e->chain, &piece, w->frag->limit[k->iface].chain);
	if (v > FRAG_WHOLE) {
		pkt_drop(w, m, reasons[v]);
		if (v != FRAG_DUPLICATE)
			entry_refuse(w, e, reasons[v]);
		return NULL;
	}
	piece_copy(e, m, &piece);
	count_add(w, COUNT_FRAGMENTS, 1);
	pkt_free(w, m, PASS);
	return v == FRAG_WHOLE ? entry_finish(w, e) : NULL;
}

void frag_stage(struct worker *w, struct pkts *v)
{
	uint16_t n = 0;

	if (likely(!(v->kinds & PKTS_OF(PKT_FRAGMENT))))
		return;
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		struct pkt *p = pkt_of(m);
		struct frag_key key;
		uint32_t hash;

		if (p->kind == PKT_FRAGMENT) {
			key = key_of(m);
			hash = hash_of(w, &key);
			p->place = (uint32_t)(((uint64_t)hash * w->n_workers) >> 32);
			p->l4_checked = true; // not before it is whole
			if (p->place == w->id)
				m = frag_take(w, m, &key, hash);
		}
		if (m != NULL)
			v->m[n++] = m;
	}
	v->n = n;
}

void frag_age(struct worker *w)
{
	struct frag_table *t = w->frag;

	if (likely(t->n_free == t->max))
		return;
	for (unsigned int i = 0; i < w->n_ifaces; i++) {
		const struct frag_limit *l = &t->limit[i];
		struct frag_entry *e;

		for (unsigned int n = 0; n < AGE_ENTRIES_MAX; n++) {
			e = TAILQ_FIRST(&l->queue);
			if (e == NULL || w->now_ns - e->since_ns < l->timeout_ns)
				break;
			entry_end(w, e, DROP_FRAG_TIMEOUT);
		}
	}
}
