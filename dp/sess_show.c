// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// Sessions as a person asks for them: `show conn` and `clear conn`, a piece per turn; see dp/sess.h.
#include "dp/sess.h"

#include <rte_prefetch.h>

#include "dp/snapshot.h"

#define WALK_AHEAD    8  // slots that are asked for ahead
#define WALK_ENDS_MAX 64 // sessions that one piece ends

// ---- Flags --------------------------------------------------------------------------------------

// Which side of the session is the inside: 0 the initiator's.
static unsigned int inside_of(const struct worker *w, const struct sess *s)
{
	const struct dp_iface *ifaces = w->snap->ifaces;

	if (s->punt)
		return 1;
	return ifaces[s->key[0].iface].security_level < ifaces[s->key[1].iface].security_level;
}

static uint16_t flag_if(bool yes, enum dp_conn_flag flag)
{
	return yes ? (uint16_t)flag : 0;
}

// What each side of a connection has sent, and whether the other knows.
struct facts {
	bool syn[2], syn_acked[2], fin[2], fin_acked[2], data[2];
	bool up;
};

static struct facts facts_of_tcp(const struct tcp_conn *c)
{
	const bool answered = c->state != TCP_SYN_SENT;
	struct facts f = {.up = answered && c->state != TCP_SYN_RCVD && c->state != TCP_CLOSED};

	f.syn_acked[0] = answered;
	f.syn_acked[1] = answered && c->state != TCP_SYN_RCVD;
	for (unsigned int i = 0; i < 2; i++) {
		f.syn[i] = c->side[i].flags & TCP_SIDE_SYN;
		f.fin[i] = c->side[i].flags & TCP_SIDE_FIN;
		f.fin_acked[i] = c->side[i].flags & TCP_SIDE_FIN_ACKED;
		f.data[i] = c->side[i].flags & TCP_SIDE_DATA;
	}
	return f;
}

// Of a punt session the acknowledgements are not watched: a SYN of the other side, or that the
// connection is up, says as much.
static struct facts facts_of_punt(const struct sess *s)
{
	struct facts f = {.up = s->state == SESS_UP};

	for (unsigned int i = 0; i < 2; i++) {
		f.syn[i] = f.up || (s->seen & SEEN_SYN(i));
		f.syn_acked[i] = f.up || (s->seen & SEEN_SYN(!i));
		f.fin[i] = s->seen & SEEN_FIN(i);
	}
	f.syn_acked[s->from_us ? 0 : 1] = f.up;
	return f;
}

static uint16_t tcp_flags(const struct sess *s, unsigned int in)
{
	const struct facts f = s->punt ? facts_of_punt(s) : facts_of_tcp(&s->tcp);
	const unsigned int out = !in;
	const bool opening = s->state == SESS_HALF_OPEN;

	return flag_if(opening && !f.syn[out], DP_CONN_AWAITS_SYN_OUTSIDE) |
		flag_if(opening && !f.syn[in], DP_CONN_AWAITS_SYN_INSIDE) |
		flag_if(opening && !f.syn_acked[in], DP_CONN_AWAITS_ACK_OUTSIDE) |
		flag_if(opening && !f.syn_acked[out], DP_CONN_AWAITS_ACK_INSIDE) |
		flag_if(opening, DP_CONN_EMBRYONIC) | flag_if(f.up, DP_CONN_UP) |
		flag_if(f.fin[in], DP_CONN_FIN_INSIDE) | flag_if(f.fin[out], DP_CONN_FIN_OUTSIDE) |
		flag_if(f.fin_acked[in], DP_CONN_ACKED_OUTSIDE) |
		flag_if(f.fin_acked[out], DP_CONN_ACKED_INSIDE) |
		flag_if(f.data[out], DP_CONN_DATA_IN) | flag_if(f.data[in], DP_CONN_DATA_OUT);
}

static uint16_t flags_of(const struct worker *w, const struct sess *s)
{
	const unsigned int in = inside_of(w, s);
	const unsigned int initiator = s->punt && s->from_us;
	uint16_t flags = flag_if(s->punt, DP_CONN_CONTROL);

	flags |= flag_if(initiator != in, DP_CONN_INBOUND);
	return s->key[0].proto == PROTO_TCP ? flags | tcp_flags(s, in) : flags;
}

// ---- Filters ------------------------------------------------------------------------------------

static bool is_own(const struct worker *w, rte_be32_t ip)
{
	for (uint16_t i = 0; i < w->snap->n_ifaces; i++)
		if (ip_to_v4_be(&w->snap->ifaces[i].ip) == ip)
			return true;
	return false;
}

static bool port_is_meant(const uint16_t ports[2], const struct endpoint *e)
{
	return e->port >= ports[0] && e->port <= ports[1];
}

static bool is_meant(const struct worker *w, const struct dp_conn_filter *f, const struct sess *s)
{
	const unsigned int keys = s->punt ? 1 : 2; // together they have every address of the flow
	const bool has_ports = proto_has_ports(s->key[0].proto);
	bool ip = ip_is_none(&f->ip.first), port = f->port[0] == 0 && f->port[1] == 0;

	if (s->state == SESS_FREE || (f->proto != PROTO_ANY && f->proto != s->key[0].proto) ||
		(!port && !has_ports))
		return false;
	for (unsigned int i = 0; i < keys; i++) {
		const struct endpoint src = pkt_ends_src(&s->key[i].ends);
		const struct endpoint dst = pkt_ends_dst(&s->key[i].ends);

		ip = ip || nat_pool_has(&f->ip, &src.ip) || nat_pool_has(&f->ip, &dst.ip);
		port = port || port_is_meant(f->port, &src) || port_is_meant(f->port, &dst);
	}
	return ip && port && (f->flags == 0 || (f->flags & flags_of(w, s))) &&
		(f->all || !s->punt || !is_own(w, s->key[0].ends.dst_ip));
}

// ---- The walk -----------------------------------------------------------------------------------

static void state_text(const struct sess *s, char *buf, size_t size)
{
	static const char *const names[] = {
		[SESS_HALF_OPEN] = "half-open", [SESS_UP] = "up", [SESS_CLOSING] = "closing"};
	const char *name = names[s->state];

	memcpy(buf, name, RTE_MIN(strlen(name) + 1, size));
}

static void describe(const struct worker *w, const struct sess *s, struct dp_conn *out)
{
	const struct sess_key *in = &s->key[0], *reply = &s->key[1];
	const struct endpoint src = pkt_ends_src(&in->ends), dst = pkt_ends_dst(&in->ends);
	const unsigned int first = s->from_us ? 1 : 0;

	*out = (struct dp_conn){
		.proto = in->proto,
		.iface_in = in->iface,
		.iface_out = s->punt ? in->iface : reply->iface,
		.src = src,
		.src_mapped = s->punt ? src : pkt_ends_dst(&reply->ends),
		.dst = s->punt ? dst : pkt_ends_src(&reply->ends),
		.dst_mapped = dst,
		.packets = {sess_packets(w->sess, s, first), sess_packets(w->sess, s, !first)},
		.bytes = {sess_bytes(w->sess, s, first), sess_bytes(w->sess, s, !first)},
		.idle_s = sess_idle_s(s, w->now_ns),
		.timeout_s = sess_timeout_s(&w->snap->timeouts, s),
		.uptime_s = sess_uptime_s(s, w->now_ns),
		.flags = flags_of(w, s),
		.punt = s->punt,
	};
	if (s->from_us) {
		out->src = out->src_mapped = dst;
		out->dst = out->dst_mapped = src;
	}
	state_text(s, out->state, sizeof(out->state));
}

static void prefetch(const struct sess *s)
{
	for (unsigned int i = 0; i < sizeof(*s); i += RTE_CACHE_LINE_MIN_SIZE)
		rte_prefetch1((const uint8_t *)s + i); // may lie behind the table: no harm
}

bool sess_walk(struct worker *w, struct worker_listing *l, uint32_t slots)
{
	const struct sess_table *t = w->sess;
	unsigned int ends = 0;

	for (; slots > 0 && l->slots > 0 && l->cursor < t->used; slots--, l->slots--) {
		struct sess *s = &t->slots[l->cursor];
		const bool meant = is_meant(w, &l->conns, s);

		if (l->what == DP_CONNS_LIST && meant) {
			if (l->n == l->max)
				return true;
			describe(w, s, &l->out[l->n]);
		}
		l->n += meant;
		l->cursor++;
		prefetch(s + WALK_AHEAD);
		if (l->what != DP_CONNS_END || !meant)
			continue;
		sess_end(w, s);
		if (++ends == WALK_ENDS_MAX)
			break;
	}
	l->end = l->cursor >= t->used;
	return l->end || l->slots == 0;
}
