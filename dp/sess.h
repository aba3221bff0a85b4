// SPDX-License-Identifier: BSD-3-Clause
// The sessions of one worker: who talks with whom, translated how, until when. A session holds
// copies and indices, never a pointer into a snapshot; after new rules it is judged again when its
// next packet comes.
#pragma once

#include "dp/acl.h"
#include "dp/tcp.h"
#include "dp/worker.h"

// What names one direction of a session: a packet as it comes in from the wire. IPv4 alone (parse lets nothing
// else come this far), so that both directions fit into one cache line with all that a packet reads and writes:
// from 100 000 sessions on, a packet costs what its lines cost.
struct sess_key {
	union {
		struct {
			struct pkt_ends ends;
			uint8_t proto;
			uint8_t zero;
			uint16_t iface;
		};
		uint64_t word[2];
	};
};

_Static_assert(sizeof(struct sess_key) == 16, "two words, without padding");

enum sess_state {
	SESS_FREE,
	SESS_HALF_OPEN,
	SESS_UP,
	SESS_CLOSING,
};

// The TCP flags that each direction of a punt session has shown: nobody watches the windows of our own
// kernel. 0: what comes from the wire.
#define SEEN_SYN(dir) (1u << (dir))
#define SEEN_FIN(dir) (4u << (dir))
#define SEEN_RST      16u
#define SEEN_BOTH_SYN (SEEN_SYN(0) | SEEN_SYN(1))
#define SEEN_BOTH_FIN (SEEN_FIN(0) | SEEN_FIN(1))

// The time of a session's last packet, in 2^26 ns (67 ms): 32 bits of it last longer than any timeout.
#define SESS_TICK_SHIFT 26

static inline uint32_t sess_tick(uint64_t now_ns)
{
	return (uint32_t)(now_ns >> SESS_TICK_SHIFT);
}

// `key[1]` is what the responder's packets look like; direction 0 therefore leaves with source
// key[1].dst and destination key[1].src, and the other way round: translations need no more state.
// A punt session has one key, of what comes in from the wire; direction 1 comes from the TAP.
// What every packet reads and writes stands in the first cache line; what TCP does, in the second.
struct sess {
	struct sess_key key[2];
	// The lower halves of its counts; what they carry is in sess_table.carried.
	uint32_t packets[2], bytes[2];
	uint32_t last_tick;
	// Where each direction goes, of dp/route.c: the number of a neighbour and one, 0: not known.
	uint16_t hop[2];
	union {
		uint64_t standing; // all of it at once, for dp/route_usual.h
		struct {
			uint32_t gen;     // of the rules that permitted it
			uint16_t hop_gen; // the neigh_table.gen of `hop`
			uint8_t state;    // enum sess_state
			bool punt : 1;
			bool from_us : 1;    // punt: the control plane opened it
			bool translates : 1; // an address, a port or an id
			bool dynamic : 1;    // `xlate` says how
			// As key[0].proto says, in the line that ageing reads.
			bool is_tcp : 1, is_icmp : 1;
			// What goes that way does not leave, but comes back in where it would have
			// (dp/hairpin.h): of the initiator; and of the responder, because the
			// initiator's came in by such a way.
			bool loops_out : 1, loops_back : 1;
		};
	};
	union {
		struct tcp_conn tcp;
		uint8_t seen; // punt: SEEN_*
	};
	// Dynamic translations (dp/xlate.h) of the initiator and of the responder; 0: none.
	uint32_t xlate[2];
	uint32_t born_tick;
	struct conn_limit_places limit;
} __rte_cache_aligned;

_Static_assert(offsetof(struct sess, tcp) == RTE_CACHE_LINE_MIN_SIZE, "one line for all");
_Static_assert(sizeof(struct sess) == 2 * RTE_CACHE_LINE_MIN_SIZE, "and one for TCP");

// The upper halves of a session's counts: touched once in 2^32.
struct sess_carried {
	uint32_t packets[2], bytes[2];
};

static inline void sess_hops_forget(struct sess *s, uint16_t gen)
{
	s->hop[0] = s->hop[1] = 0;
	s->hop_gen = gen;
}

#define SESS_SECRETS 2

// Made by dp/worker_ctl.c. dp/sess_table.h says how keys are found.
struct sess_table {
	struct sess_bucket *buckets;
	uint32_t bucket_mask;
	uint64_t secret[SESS_SECRETS]; // so that nobody can make tuples that collide
	struct sess *slots;
	struct sess_carried *carried; // by slot
	uint32_t *free;               // stack of free slots
	uint32_t max, n_free;
	uint32_t
		spare; // of these, so many that flows which are forwarded leave to the control plane's
	uint32_t used;  // slots below have been in use, the others not even touched
	uint32_t most;  // live at once, ever
	uint32_t punts; // live punt sessions
	uint32_t half_open, half_open_punts;  // of flows that are forwarded, and of punt sessions
	uint32_t half_open_in[DP_IFACES_MAX]; // half_open, by where they came in
	uint32_t age_next;
	uint64_t age_ns;  // when the table was last looked at
	uint64_t told_ns; // when the control plane heard that it is full
};

enum sess_hit {
	SESS_MISS,
	SESS_FORWARD, // p->sess, p->dir and p->iface_out are set
	SESS_PUNT,
	SESS_DROP, // p->reason says why; the session goes on
};

// One packet. Touches the session that it finds (time, TCP state, counts), judges it again when
// the rules have changed, and ends it (a miss) when they no longer permit it.
enum sess_hit sess_find(struct worker *w, struct pkt *p);

// The session of a packet, and the direction that it has in it, as sess_find() would find it now; NULL: a
// miss. Changes nothing.
const struct sess *sess_peek(const struct worker *w, const struct pkt *p, unsigned int *dir);

// What sess_find() would say against a packet of the session that sess_peek() has found, or PASS. Changes nothing.
enum dp_counter_id sess_judge_peek(
	const struct worker *w, const struct sess *s, struct pkt *p, unsigned int dir);

// What sess_create() would return after a miss. Changes nothing.
enum dp_counter_id sess_create_peek(
	const struct worker *w, const struct pkt *p, const struct acl_verdict *verdict);

// A burst, of which nothing is left in `v`: hits are translated and sent (route_sess_stage()), misses go to
// `fresh`, the control plane's to `punt`. What TCP's windows forbid is dropped.
void sess_stage(struct worker *w, struct pkts *v, struct pkts *fresh, struct pkts *punt);

// Opens a session for a flow with verdict ACL_FORWARD; it gives back verdict->xlate at its end. PASS, or
// the reason not to (also left in verdict->reason): SESSION_FULL or NAT_PORTS.
enum dp_counter_id sess_create(struct worker *w, struct pkt *p, struct acl_verdict *verdict);

// A frame of the control plane leaves: its flow is remembered, so that answers are punted.
// `p` has the flow turned round, as an answer would arrive. PASS, SESSION_FULL or PUNT_EMBRYONIC.
enum dp_counter_id sess_punt(struct worker *w, struct pkt *p);

void sess_end(struct worker *w, struct sess *s);

// Whether no more flows that are forwarded may be opened.
bool sess_is_full(const struct sess_table *t);

// What it has counted since it began.
static inline uint64_t sess_packets(
	const struct sess_table *t, const struct sess *s, unsigned int dir)
{
	return (uint64_t)t->carried[s - t->slots].packets[dir] << 32 | s->packets[dir];
}

static inline uint64_t sess_bytes(
	const struct sess_table *t, const struct sess *s, unsigned int dir)
{
	return (uint64_t)t->carried[s - t->slots].bytes[dir] << 32 | s->bytes[dir];
}

// Whether that side has said anything. Looks beside the session only where it seems not to have.
static inline bool sess_has_sent(const struct sess_table *t, const struct sess *s, unsigned int dir)
{
	return s->packets[dir] != 0 || sess_packets(t, s, dir) != 0;
}

// ---- Ageing (dp/sess_age.c) ---------------------------------------------------------------------

// How long the session may be silent as it is now, where there is room; and how long it has been, and has lived.
uint32_t sess_timeout_s(const struct dp_timeouts *t, const struct sess *s);
uint32_t sess_idle_s(const struct sess *s, uint64_t now_ns);
uint32_t sess_uptime_s(const struct sess *s, uint64_t now_ns);

// Looks at the share of the table that is due at w->now_ns, a bounded piece per call, and ends what is
// over. True: more is due already, so the worker should not nap.
bool sess_age(struct worker *w);

// Ends the sessions whose dynamic translation `f` means, among `slots` slots from *cursor on, which it
// advances. True at the end of the table.
bool sess_end_translated(
	struct worker *w, const struct nat_filter *f, uint32_t *cursor, uint32_t slots);

// ---- Listing (dp/sess_show.c) -------------------------------------------------------------------

// Does what a listing asks for with the sessions from its cursor on, looking at `slots` slots at most.
// True: the worker has done its piece.
bool sess_walk(struct worker *w, struct worker_listing *l, uint32_t slots);
