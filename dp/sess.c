// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The session stage; see dp/sess.h. Called after steering; dp/acl.c opens sessions here, dp/punt.c
// those of the control plane. How long they live is dp/sess_age.c's.
#include "dp/sess.h"

#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dp/conn_limit.h"
#include "dp/route_usual.h"
#include "dp/sess_table.h"
#include "dp/xlate.h"

// So many that hit are sent before the next ones are looked at, whose lines are on their way meanwhile.
#define SEND_TOGETHER 8

static uint32_t key_find(const struct sess_table *t, struct sess_key k)
{
	return sess_table_find(t, k, sess_key_hash(t, k));
}

static void key_add(struct sess_table *t, uint32_t slot, unsigned int dir)
{
	sess_table_add(t, sess_key_hash(t, t->slots[slot].key[dir]), sess_ref(slot, dir));
}

static void key_del(struct sess_table *t, uint32_t slot, unsigned int dir)
{
	sess_table_del(t, sess_key_hash(t, t->slots[slot].key[dir]), sess_ref(slot, dir));
}

static struct flow key_flow(const struct sess_key *k)
{
	return (struct flow){pkt_ends_src(&k->ends), pkt_ends_dst(&k->ends), k->proto};
}

static void count_set(uint32_t *count, uint32_t to)
{
	__atomic_store_n(count, to, __ATOMIC_RELAXED);
}

static void half_open_count(struct sess_table *t, const struct sess *s, int more)
{
	uint32_t *count = s->punt ? &t->half_open_punts : &t->half_open;

	count_set(count, *count + (uint32_t)more);
	if (!s->punt)
		t->half_open_in[s->key[0].iface] += (uint32_t)more;
}

static void state_set(struct worker *w, struct sess *s, uint8_t state)
{
	if (unlikely(s->state == SESS_HALF_OPEN) && state != SESS_HALF_OPEN) {
		half_open_count(w->sess, s, -1);
		if (s->limit.class != 0)
			conn_limit_up(w, &s->limit);
	}
	s->state = state;
}

static void punt_track(struct worker *w, struct sess *s, unsigned int dir, uint8_t flags)
{
	if (flags & RTE_TCP_SYN_FLAG)
		s->seen |= SEEN_SYN(dir);
	if (flags & RTE_TCP_FIN_FLAG)
		s->seen |= SEEN_FIN(dir);
	if (flags & RTE_TCP_RST_FLAG)
		s->seen |= SEEN_RST;
	if (s->seen & (SEEN_RST | SEEN_BOTH_FIN))
		state_set(w, s, SESS_CLOSING);
	else if ((s->seen & SEEN_BOTH_SYN) == SEEN_BOTH_SYN && !(flags & RTE_TCP_SYN_FLAG))
		state_set(w, s, SESS_UP);
}

static struct tcp_segment segment_of(struct pkt *p)
{
	return tcp_read(rte_pktmbuf_mtod_offset(pkt_mbuf(p), const struct rte_tcp_hdr *, p->l4),
		p->payload_len);
}

// Follows a forwarded connection: PASS, or why the packet cannot be of it.
static enum dp_counter_id follow(struct worker *w, struct sess *s, struct pkt *p, unsigned int dir)
{
	static const uint8_t states[] = {[TCP_SYN_SENT] = SESS_HALF_OPEN,
		[TCP_SYN_RCVD] = SESS_HALF_OPEN,
		[TCP_ESTABLISHED] = SESS_UP,
		[TCP_FIN_WAIT] = SESS_CLOSING,
		[TCP_LAST_ACK] = SESS_CLOSING,
		[TCP_TIME_WAIT] = SESS_CLOSING,
		[TCP_CLOSED] = SESS_CLOSING};
	const struct tcp_segment g = segment_of(p);
	enum dp_counter_id bad = tcp_track(&s->tcp, dir, &g);

	state_set(w, s, states[s->tcp.state]);
	return bad;
}

// A SYN on the tuple of a connection that is over begins a new one.
static inline bool begins_anew(const struct sess *s, const struct pkt *p)
{
	return s->state == SESS_CLOSING && (s->punt || tcp_is_over(&s->tcp)) && s->is_tcp &&
		p->kind == PKT_FLOW &&
		(p->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG;
}

static inline void count_packet(
	const struct worker *w, struct sess *s, unsigned int dir, uint16_t octets)
{
	struct sess_carried *carried;

	s->last_tick = sess_tick(w->now_ns);
	s->packets[dir]++;
	s->bytes[dir] += octets;
	if (likely(s->packets[dir] != 0 && s->bytes[dir] >= octets))
		return;
	carried = &w->sess->carried[s - w->sess->slots];
	carried->packets[dir] += s->packets[dir] == 0;
	carried->bytes[dir] += s->bytes[dir] < octets;
}

static inline void sess_touch(
	struct worker *w, struct sess *s, const struct pkt *p, unsigned int dir)
{
	count_packet(w, s, dir, (uint16_t)(p->payload + p->payload_len - p->l3));
	if (s->punt && p->flow.proto == PROTO_TCP)
		punt_track(w, s, dir, p->tcp_flags);
}

void sess_end(struct worker *w, struct sess *s)
{
	struct sess_table *t = w->sess;
	const uint32_t slot = (uint32_t)(s - t->slots);
	const bool half_open = s->state == SESS_HALF_OPEN;

	if (half_open)
		half_open_count(t, s, -1);
	if (s->limit.class != 0)
		conn_limit_put(w, &s->limit, half_open);
	for (unsigned int i = 0; i < RTE_DIM(s->xlate); i++)
		if (s->xlate[i] != 0)
			xlate_put(w, s->xlate[i]);
	key_del(t, slot, 0);
	if (!s->punt)
		key_del(t, slot, 1);
	else
		count_set(&t->punts, t->punts - 1);
	s->state = SESS_FREE;
	t->free[t->n_free] = slot;
	count_set(&t->n_free, t->n_free + 1);
}

// Whether the rules of today would have permitted the session as it is.
static __rte_noinline bool sess_permitted(const struct worker *w, const struct sess *s)
{
	const struct snapshot *snap = w->snap;
	// Only an echo request opens a session of ICMP.
	const struct acl_query first = {.flow = key_flow(&s->key[0]),
		.icmp_type = RTE_IP_ICMP_ECHO_REQUEST,
		.looped = s->loops_back,
		.held = s->xlate[1] != 0 ? xlate_at(w, s->xlate[1]) : NULL};
	struct endpoint mapped;
	struct acl_verdict v;

	acl_judge(snap, s->key[0].iface, &first, &v);
	if (v.fate == ACL_FORWARD && acl_is_dynamic(snap, &v)) {
		if (s->xlate[0] == 0 || !xlate_holds(w, s->xlate[0], &snap->nat[v.nat_source]))
			return false;
		mapped = xlate_mapped(w, s->xlate[0], &first.flow.src);
		acl_map(&v, s->xlate[0], &mapped);
	}
	if (s->punt)
		return v.fate == ACL_PUNT;
	return v.fate == ACL_FORWARD && v.loops == s->loops_out &&
		sess_key_eq(sess_key_make(&v.reply, v.iface_out), s->key[1]);
}

static inline bool sess_holds(const struct worker *w, const struct sess *s)
{
	return likely(s->gen == w->snap->gen) || s->from_us || sess_permitted(w, s);
}

// Whether the packet came by the wire, or turned round inside, as the session's others do. The source
// of one that does not is a lie.
static bool comes_right(const struct sess *s, const struct pkt *p, unsigned int dir)
{
	return p->looped == (dir == 0 ? s->loops_back : s->loops_out);
}

// Whether an ICMP error quotes what the session may have on its way: whoever makes one up has to guess a
// number that only the ends know. What our own kernel sent, it judges itself.
static bool is_about(const struct sess *s, struct pkt *p)
{
	const struct rte_tcp_hdr *quoted =
		rte_pktmbuf_mtod_offset(pkt_mbuf(p), const struct rte_tcp_hdr *, p->inner_l4);

	return !s->is_tcp || s->punt ||
		tcp_has_sent(&s->tcp, !p->dir, rte_be_to_cpu_32(quoted->sent_seq));
}

// Whoever pings is answered. A ping the other way, with the same id, is for the rules to judge; other messages,
// some of which steer a host, are nobody's. What is for our own kernel, it judges itself.
static bool is_of_ping(const struct worker *w, const struct sess *s, struct pkt *p)
{
	struct acl_query q;
	struct acl_verdict v;

	if (s->punt || p->icmp_type == RTE_IP_ICMP_ECHO_REPLY)
		return true;
	if (p->icmp_type != RTE_IP_ICMP_ECHO_REQUEST || p->dir == 0)
		return p->icmp_type == RTE_IP_ICMP_ECHO_REQUEST;
	q = acl_query_of(w, pkt_mbuf(p));
	acl_judge(w->snap, p->iface_in, &q, &v);
	return v.fate == ACL_FORWARD;
}

static inline enum sess_hit sess_hit(struct worker *w, struct pkt *p, uint32_t ref)
{
	struct sess *s = &w->sess->slots[sess_ref_slot(ref)];
	enum dp_counter_id bad = PASS;

	if (unlikely(!comes_right(s, p, sess_ref_dir(ref))))
		return SESS_MISS;
	if (unlikely(!sess_holds(w, s) || begins_anew(s, p))) {
		sess_end(w, s);
		return SESS_MISS;
	}
	if (unlikely(s->gen != w->snap->gen)) {
		s->gen = w->snap->gen;
		sess_hops_forget(s, s->hop_gen); // routes may be others, too
	}
	p->sess = sess_ref_slot(ref);
	p->dir = (uint8_t)sess_ref_dir(ref);
	if (p->kind == PKT_FLOW) { // an error proves nothing about the flow that it quotes
		if (p->flow.proto == PROTO_TCP && !s->punt)
			bad = follow(w, s, p, p->dir);
		else if (unlikely(s->is_icmp) && !is_of_ping(w, s, p))
			bad = DROP_ICMP_NO_SESSION;
		if (unlikely(bad != PASS)) {
			p->reason = bad;
			return SESS_DROP;
		}
		sess_touch(w, s, p, p->dir);
	} else if (!is_about(s, p)) {
		p->reason = DROP_ICMP_TCP_WINDOW;
		return SESS_DROP;
	}
	if (s->punt)
		return SESS_PUNT;
	p->iface_out = s->key[!p->dir].iface;
	return SESS_FORWARD;
}

enum sess_hit sess_find(struct worker *w, struct pkt *p)
{
	uint32_t ref = key_find(w->sess, sess_key_make(&p->flow, p->iface_in));

	return ref != 0 ? sess_hit(w, p, ref) : SESS_MISS;
}

const struct sess *sess_peek(const struct worker *w, const struct pkt *p, unsigned int *dir)
{
	const uint32_t ref = key_find(w->sess, sess_key_make(&p->flow, p->iface_in));
	const struct sess *s;

	if (ref == 0)
		return NULL;
	s = &w->sess->slots[sess_ref_slot(ref)];
	*dir = sess_ref_dir(ref);
	return comes_right(s, p, *dir) && sess_holds(w, s) && !begins_anew(s, p) ? s : NULL;
}

enum dp_counter_id sess_judge_peek(
	const struct worker *w, const struct sess *s, struct pkt *p, unsigned int dir)
{
	struct tcp_conn tcp = s->tcp;
	struct tcp_segment g;

	p->dir = (uint8_t)dir;
	if (s->is_tcp && !s->punt) {
		g = segment_of(p);
		return tcp_track(&tcp, dir, &g);
	}
	return s->is_icmp && !is_of_ping(w, s, p) ? DROP_ICMP_NO_SESSION : PASS;
}

enum dp_counter_id sess_create_peek(
	const struct worker *w, const struct pkt *p, const struct acl_verdict *verdict)
{
	const struct sess_key key = sess_key_make(&p->flow, p->iface_in),
			      reply = sess_key_make(&verdict->reply, verdict->iface_out);
	const uint32_t before = key_find(w->sess, key), other = key_find(w->sess, reply);

	// The one before, which the rules end, or this SYN, makes room.
	if (sess_key_eq(key, reply) ||
		(other != 0 && (before == 0 || sess_ref_slot(other) != sess_ref_slot(before))))
		return DROP_NAT_PORTS;
	return before == 0 && (w->sess->n_free == 0 || sess_is_full(w->sess)) ? DROP_SESSION_FULL
									      : PASS;
}

static void sess_prefetch(const struct sess *s, uint8_t proto)
{
	rte_prefetch1(s);
	if (proto == PROTO_TCP)
		rte_prefetch1(&s->tcp);
}

// Sends a packet of a session if nothing about either is unusual.
static inline bool sent_as_usual(
	struct worker *w, struct rte_mbuf *m, struct sess *s, unsigned int dir, uint64_t usual)
{
	const struct pkt *p = pkt_of(m);

	if (unlikely(!route_is_usual(p, s, dir, usual) || !route_usual_send(w, m, s, dir)))
		return false;
	count_packet(w, s, dir, (uint16_t)(p->payload_len + PLAIN_PAYLOAD - PLAIN_L3));
	return true;
}

void sess_stage(struct worker *w, struct pkts *v, struct pkts *fresh, struct pkts *punt)
{
	const struct sess_table *t = w->sess;
	const uint64_t usual = route_usual(w);
	struct sess_key key[PKTS_MAX];
	uint64_t hash[PKTS_MAX];
	uint32_t ref[PKTS_MAX];
	struct sess *s[PKTS_MAX];
	bool ended = false; // after that the references of the others may be stale
	struct pkts hits;

	hits.n = 0;
	for (uint16_t i = 0; i < v->n; i++) {
		key[i] = sess_pkt_key(v->m[i]);
		hash[i] = sess_key_hash(t, key[i]);
		sess_table_prefetch(t, hash[i]);
	}
	for (uint16_t i = 0; i < v->n; i++) {
		ref[i] = sess_table_guess(t, hash[i]);
		s[i] = &t->slots[sess_ref_slot(ref[i])];
		if (likely(ref[i] != 0))
			sess_prefetch(s[i], key[i].proto);
	}
	for (uint16_t i = 0; i < v->n; i++) {
		struct rte_mbuf *m = v->m[i];
		enum sess_hit hit = SESS_MISS;

		if (likely(!ended && ref[i] != 0 &&
			    sess_key_eq(s[i]->key[sess_ref_dir(ref[i])], key[i]))) {
			// Those before it may be of the same flow.
			if (likely(hits.n == 0) &&
				likely(sent_as_usual(w, m, s[i], sess_ref_dir(ref[i]), usual)))
				continue;
			hit = sess_hit(w, pkt_of(m), ref[i]);
			ended = hit == SESS_MISS;
		} else if (ref[i] != 0) {
			hit = sess_find(w, pkt_of(m));
		}
		if (likely(hit == SESS_FORWARD))
			pkts_add(&hits, m);
		else if (hit == SESS_DROP)
			pkt_drop(w, m, pkt_of(m)->reason);
		else
			pkts_add(hit == SESS_PUNT ? punt : fresh, m);
		if (hits.n == SEND_TOGETHER)
			route_sess_stage(w, &hits);
	}
	if (unlikely(hits.n > 0))
		route_sess_stage(w, &hits);
	v->n = 0;
}

bool sess_is_full(const struct sess_table *t)
{
	return t->max - t->n_free - t->punts >= t->max - t->spare;
}

static __rte_noinline void tell_full(struct worker *w)
{
	const struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_SESSION_FULL};

	worker_notify_seldom(w, &m, &w->sess->told_ns);
}

// A slot with its first key in the table, or NULL with the reason.
static struct sess *sess_open(
	struct worker *w, struct sess_key k, bool punt, enum dp_counter_id *bad)
{
	struct sess_table *t = w->sess;
	struct sess *s;
	uint32_t slot;

	*bad = DROP_SESSION_FULL;
	if (t->n_free == 0 || (!punt && sess_is_full(t))) {
		tell_full(w);
		return NULL;
	}
	slot = t->free[t->n_free - 1];
	count_set(&t->n_free, t->n_free - 1);
	t->used = RTE_MAX(t->used, slot + 1);
	count_set(&t->most, RTE_MAX(t->most, t->max - t->n_free));
	s = &t->slots[slot];
	t->carried[slot] = (struct sess_carried){0};
	*s = (struct sess){.key = {k},
		.gen = w->snap->gen,
		.state = SESS_UP,
		.punt = punt,
		.is_tcp = k.proto == PROTO_TCP,
		.is_icmp = k.proto == PROTO_ICMP,
		.born_tick = sess_tick(w->now_ns)};
	key_add(t, slot, 0);
	if (s->is_tcp) {
		s->state = SESS_HALF_OPEN;
		half_open_count(t, s, 1);
	}
	*bad = PASS;
	return s;
}

enum dp_counter_id sess_create(struct worker *w, struct pkt *p, struct acl_verdict *verdict)
{
	const struct sess_key key = sess_key_make(&p->flow, p->iface_in);
	const struct sess_key reply = sess_key_make(&verdict->reply, verdict->iface_out);
	struct sess_table *t = w->sess;
	struct sess *s;

	if (key_find(t, reply) != 0 || sess_key_eq(key, reply))
		return verdict->reason = DROP_NAT_PORTS;
	s = sess_open(w, key, false, &verdict->reason);
	if (s == NULL)
		return verdict->reason;
	memcpy(s->xlate, verdict->xlate, sizeof(s->xlate));
	s->dynamic = s->xlate[0] != 0 || s->xlate[1] != 0;
	s->limit = verdict->limit;
	if (s->limit.class != 0)
		conn_limit_take(w, &s->limit, s->is_tcp);
	s->loops_out = verdict->loops;
	s->loops_back = p->looped;
	s->translates = !endpoint_eq(&p->flow.src, &verdict->reply.dst) ||
		!endpoint_eq(&p->flow.dst, &verdict->reply.src);
	p->sess = (uint32_t)(s - t->slots);
	p->dir = 0;
	p->iface_out = verdict->iface_out;
	s->key[1] = reply;
	key_add(t, p->sess, 1);
	if (s->is_tcp) {
		const struct tcp_segment syn = segment_of(p);

		tcp_open(&s->tcp, &syn);
	}
	sess_touch(w, s, p, 0);
	count_add(w, COUNT_SESSIONS_CREATED, 1);
	return PASS;
}

// A frame of the control plane that no answer belongs to: a refusal, or an answer itself.
static bool expects_nothing(const struct pkt *p)
{
	if (p->flow.proto == PROTO_TCP)
		return p->tcp_flags & RTE_TCP_RST_FLAG;
	return p->flow.proto == PROTO_ICMP && p->icmp_type != RTE_IP_ICMP_ECHO_REQUEST;
}

// To a SYN of somebody who may not be where he says.
static bool is_answer(const struct pkt *p)
{
	const uint8_t both = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG;

	return p->flow.proto == PROTO_TCP && (p->tcp_flags & both) == both;
}

enum dp_counter_id sess_punt(struct worker *w, struct pkt *p)
{
	const struct sess_key key = sess_key_make(&p->flow, p->iface_in);
	uint32_t ref = key_find(w->sess, key);
	enum dp_counter_id bad;
	struct sess *s;

	if (ref != 0) {
		s = &w->sess->slots[sess_ref_slot(ref)];
		if (s->punt && !begins_anew(s, p)) {
			sess_touch(w, s, p, 1);
			return PASS;
		}
		// A flow that was forwarded before the rules gave it to the control plane.
		sess_end(w, s);
	}
	if (expects_nothing(p))
		return PASS;
	if (is_answer(p) && w->sess->half_open_punts >= w->sess->spare / 4 * 3)
		return DROP_PUNT_EMBRYONIC;
	s = sess_open(w, key, true, &bad);
	if (s == NULL)
		return bad;
	count_set(&w->sess->punts, w->sess->punts + 1);
	// Without a SYN the kernel goes on with a connection that this table has forgotten.
	if (!(p->tcp_flags & RTE_TCP_SYN_FLAG))
		s->seen = SEEN_BOTH_SYN;
	else if (p->tcp_flags & RTE_TCP_ACK_FLAG)
		s->seen = SEEN_SYN(0);
	s->from_us = (p->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG ||
		p->flow.proto != PROTO_TCP;
	sess_touch(w, s, p, 1);
	count_add(w, COUNT_SESSIONS_CREATED, 1);
	return PASS;
}
