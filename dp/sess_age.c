// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// How long a session may be silent, and the look at the table that each turn owes; see dp/sess.h. Called by
// dp/worker.c between packets.
#include "dp/sess.h"

#include <rte_prefetch.h>

#include "dp/conn_limit.h"
#include "dp/route.h"
#include "dp/snapshot.h"
#include "dp/xlate.h"

// One lap over the table, and the most that a turn spends on it: looks, and sessions that it ends.
#define AGE_LAP_NS    NS_PER_S
#define AGE_SLOTS_MAX 256
#define AGE_ENDS_MAX  64
#define AGE_AHEAD     8 // slots that are asked for ahead

// How long a connection that both ends have closed, or one has reset, is remembered, so that
// stragglers do not look like strangers; and one that waits for the last acknowledgement.
#define CLOSED_S   5
#define LAST_ACK_S 30u

// Where room gets scarce, how long the other side may take to say its first word: what floods bring
// never hears one.
#define HURRY_S 3u

static bool sess_is_closed(const struct sess *s)
{
	if (!s->punt)
		return s->is_tcp && tcp_is_over(&s->tcp);
	return (s->seen & SEEN_RST) || (s->seen & SEEN_BOTH_FIN) == SEEN_BOTH_FIN;
}

uint32_t sess_timeout_s(const struct dp_timeouts *t, const struct sess *s)
{
	if (s->is_icmp)
		return t->icmp_s;
	if (!s->is_tcp)
		return t->udp_s;
	switch (s->state) {
	case SESS_HALF_OPEN:
		return t->tcp_half_open_s;
	case SESS_CLOSING:
		if (sess_is_closed(s))
			return CLOSED_S;
		if (!s->punt && s->tcp.state == TCP_LAST_ACK)
			return RTE_MIN(LAST_ACK_S, t->tcp_closing_s);
		return t->tcp_closing_s;
	}
	return s->punt ? t->punt_s : t->tcp_s;
}

static uint64_t idle_ns(const struct sess *s, uint64_t now_ns)
{
	return (uint64_t)(sess_tick(now_ns) - s->last_tick) << SESS_TICK_SHIFT;
}

uint32_t sess_idle_s(const struct sess *s, uint64_t now_ns)
{
	return (uint32_t)(idle_ns(s, now_ns) / NS_PER_S);
}

uint32_t sess_uptime_s(const struct sess *s, uint64_t now_ns)
{
	return (uint32_t)(((uint64_t)(sess_tick(now_ns) - s->born_tick) << SESS_TICK_SHIFT) /
		NS_PER_S);
}

// Whether nobody has said a word yet but whoever began; and there are many like it.
static bool is_hurried(const struct worker *w, const struct sess *s)
{
	const struct sess_table *t = w->sess;

	if (s->punt)
		return s->state == SESS_HALF_OPEN && !s->from_us &&
			t->half_open_punts >= t->spare / 4;
	if (s->state == SESS_HALF_OPEN && conn_limit_is_crowded(w, s->key[0].iface, &s->limit))
		return true;
	return t->n_free < t->spare + (t->max - t->spare) / 4 &&
		(s->state == SESS_HALF_OPEN || !sess_has_sent(t, s, 1));
}

static bool is_over(const struct worker *w, const struct sess *s)
{
	uint32_t timeout_s;

	if (s->state == SESS_FREE)
		return false;
	timeout_s = sess_timeout_s(&w->snap->timeouts, s);
	if (unlikely(is_hurried(w, s)))
		timeout_s = RTE_MIN(timeout_s, HURRY_S);
	return idle_ns(s, w->now_ns) >= (uint64_t)timeout_s * NS_PER_S;
}

bool sess_age(struct worker *w)
{
	struct sess_table *t = w->sess;
	uint64_t passed_ns = RTE_MIN(w->now_ns - t->age_ns, (uint64_t)AGE_LAP_NS);
	uint64_t due = passed_ns * t->used / AGE_LAP_NS, done = 0;
	unsigned int ends = 0;

	if (due == 0)
		return false;
	for (; done < due && done < AGE_SLOTS_MAX && ends < AGE_ENDS_MAX; done++) {
		struct sess *s = &t->slots[t->age_next];

		rte_prefetch1(&(s + AGE_AHEAD)->last_tick); // may lie behind the table: no harm
		// In every lap, so that hop_gen cannot come round while a session sleeps.
		if (unlikely(s->hop_gen != w->neigh->gen))
			sess_hops_forget(s, w->neigh->gen);
		if (is_over(w, s)) {
			count_add(w,
				sess_is_closed(s) ? COUNT_SESSIONS_CLOSED : COUNT_SESSIONS_AGED, 1);
			sess_end(w, s);
			ends++;
		}
		t->age_next = t->age_next + 1 < t->used ? t->age_next + 1 : 0;
	}
	// What is left over is due the next time.
	t->age_ns = w->now_ns - passed_ns * (due - done) / due;
	return done < due;
}

static bool is_translated(const struct worker *w, const struct sess *s, const struct nat_filter *f)
{
	for (unsigned int i = 0; i < RTE_DIM(s->xlate); i++)
		if (s->xlate[i] != 0 && xlate_is_meant(w, s->xlate[i], f))
			return true;
	return false;
}

bool sess_end_translated(
	struct worker *w, const struct nat_filter *f, uint32_t *cursor, uint32_t slots)
{
	struct sess_table *t = w->sess;

	for (; slots > 0 && *cursor < t->used; slots--, (*cursor)++) {
		struct sess *s = &t->slots[*cursor];

		if (s->state != SESS_FREE && is_translated(w, s, f))
			sess_end(w, s);
	}
	return *cursor >= t->used;
}
